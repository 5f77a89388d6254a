//! SKEYID and its descendants (RFC 2409 §5, §5.5, App. B).

use alloc::vec::Vec;

use ike_crypto::{Error, PrfKey, Provider, SecretVec};
use ike_endpoint::ChildKeys;
use ipsec_doi::v1::IkeSuite;
use ipsec_doi::{HashId, IntegrityId, PrfId};
use isakmp_wire::Spi;
use isakmp_wire::v1::ProtocolId;

use crate::output::{ChildSuite, KeyLog};

/// What SKEYID is made from, which depends on the authentication method.
#[derive(Clone, Copy)]
pub(crate) enum Basis<'a> {
    /// A pre-shared key.
    Psk(&'a SecretVec),
    /// Signatures, of one side or of both.
    Signature,
}

/// What both sides know once key exchange values and nonces have crossed.
#[derive(Clone, Copy)]
pub(crate) struct Exchanged<'a> {
    pub(crate) spis: (Spi, Spi),
    pub(crate) nonces: (&'a [u8], &'a [u8]),
    pub(crate) shared: &'a SecretVec,
}

/// SKEYID, SKEYID_d, SKEYID_a and SKEYID_e of an IKE SA.
#[derive(Debug)]
pub(crate) struct Keys {
    suite: IkeSuite,
    prf: PrfId,
    skeyid: SecretVec,
    derive: SecretVec,
    authenticate: SecretVec,
    encrypt: SecretVec,
}

impl Keys {
    /// Derives all keys of an IKE SA.
    pub(crate) fn derive(
        provider: &Provider,
        suite: IkeSuite,
        basis: Basis<'_>,
        exchanged: Exchanged<'_>,
    ) -> Result<Self, Error> {
        let id = suite.prf().ok_or(Error)?;
        let prf = provider.prf(id).ok_or(Error)?;
        let (ni, nr) = exchanged.nonces;
        let shared = exchanged.shared.as_slice();
        let skeyid = match basis {
            Basis::Psk(psk) => mac(&*prf.keyed(psk.as_slice()), id, &[ni, nr]),
            Basis::Signature => {
                let mut nonces = ni.to_vec();
                nonces.extend_from_slice(nr);
                mac(&*prf.keyed(&nonces), id, &[shared])
            }
        };
        let key = prf.keyed(skeyid.as_slice());
        let (cky_i, cky_r) = (exchanged.spis.0.as_bytes(), exchanged.spis.1.as_bytes());
        let next =
            |before: &[u8], number: u8| mac(&*key, id, &[before, shared, cky_i, cky_r, &[number]]);
        let derive = next(&[], 0);
        let authenticate = next(derive.as_slice(), 1);
        let encrypt = next(authenticate.as_slice(), 2);
        Ok(Self {
            suite,
            prf: id,
            skeyid,
            derive,
            authenticate,
            encrypt,
        })
    }

    pub(crate) const fn suite(&self) -> IkeSuite {
        self.suite
    }

    pub(crate) const fn prf(&self) -> PrfId {
        self.prf
    }

    /// The function under SKEYID_a.
    pub(crate) fn authenticator(
        &self,
        provider: &Provider,
    ) -> Result<alloc::boxed::Box<dyn PrfKey>, Error> {
        let prf = provider.prf(self.prf).ok_or(Error)?;
        Ok(prf.keyed(self.authenticate.as_slice()))
    }

    /// HASH of a phase 2 message (RFC 2409 §5.5, §5.7).
    pub(crate) fn hash(&self, provider: &Provider, parts: &[&[u8]]) -> Result<Vec<u8>, Error> {
        let mut out = alloc::vec![0; self.prf.output_len()];
        self.authenticator(provider)?.mac(parts, &mut out);
        Ok(out)
    }

    /// Whether `hash` is that of these parts.
    pub(crate) fn verify(
        &self,
        provider: &Provider,
        parts: &[&[u8]],
        hash: &[u8],
    ) -> Result<(), Error> {
        if hash.len() != self.prf.output_len() {
            return Err(Error);
        }
        self.authenticator(provider)?.verify(parts, hash)
    }

    /// Uses the function under SKEYID that HASH_I and HASH_R are made with: the negotiated one, or HMAC with another
    /// hash (RFC 4754 §3).
    pub(crate) fn proof<R>(
        &self,
        provider: &Provider,
        hash: Option<HashId>,
        then: impl FnOnce(&dyn PrfKey, usize) -> R,
    ) -> Result<R, Error> {
        let id = match hash {
            Some(hash) => hash.hmac().ok_or(Error)?,
            None => self.prf,
        };
        let prf = provider.prf(id).ok_or(Error)?;
        Ok(then(&*prf.keyed(self.skeyid.as_slice()), id.output_len()))
    }

    /// The encryption key: SKEYID_e, or what it expands to where that is too short (RFC 2409 App. B).
    pub(crate) fn encryption_key(&self, provider: &Provider) -> Result<SecretVec, Error> {
        let len = self.suite.encryption.key_len();
        let mut out = SecretVec::new_zeroed(len);
        if len <= self.encrypt.len() {
            let from = self.encrypt.as_slice().get(..len).ok_or(Error)?;
            out.as_mut_slice().copy_from_slice(from);
            return Ok(out);
        }
        let key = provider
            .prf(self.prf)
            .ok_or(Error)?
            .keyed(self.encrypt.as_slice());
        expand(&*key, self.prf, &[&[0]], &[], out.as_mut_slice());
        Ok(out)
    }

    /// The keys of one direction of a child: those for packets to whoever chose `spi`.
    pub(crate) fn child(
        &self,
        provider: &Provider,
        suite: ChildSuite,
        spi: u32,
        nonces: (&[u8], &[u8]),
        shared: Option<&SecretVec>,
    ) -> Result<ChildKeys, Error> {
        let encryption = suite
            .encryption
            .map_or(0, |it| it.key_len().saturating_add(it.salt_len()));
        let integrity = suite.integrity.map_or(0, IntegrityId::key_len);
        let mut keymat = SecretVec::new_zeroed(encryption.saturating_add(integrity));
        self.keymat(
            provider,
            (suite.protocol, spi),
            nonces,
            shared,
            keymat.as_mut_slice(),
        )?;
        let (first, second) = keymat
            .as_slice()
            .split_at_checked(encryption)
            .ok_or(Error)?;
        Ok(ChildKeys {
            spi,
            encryption: SecretVec::from(first),
            integrity: SecretVec::from(second),
        })
    }

    /// KEYMAT (RFC 2409 §5.5).
    fn keymat(
        &self,
        provider: &Provider,
        (protocol, spi): (ProtocolId, u32),
        nonces: (&[u8], &[u8]),
        shared: Option<&SecretVec>,
        out: &mut [u8],
    ) -> Result<(), Error> {
        let key = provider
            .prf(self.prf)
            .ok_or(Error)?
            .keyed(self.derive.as_slice());
        let (protocol, spi) = ([protocol.get()], spi.to_be_bytes());
        let seed: [&[u8]; 5] = [
            shared.map_or(&[], SecretVec::as_slice),
            &protocol,
            &spi,
            nonces.0,
            nonces.1,
        ];
        expand(&*key, self.prf, &seed, &seed, out);
        Ok(())
    }

    /// Everything that a capture's reader needs.
    pub(crate) fn log(&self, provider: &Provider, spis: (Spi, Spi)) -> Result<KeyLog, Error> {
        Ok(KeyLog::Ike {
            spis,
            suite: self.suite,
            encryption: self.encryption_key(provider)?,
        })
    }
}

/// The function's whole output.
fn mac(key: &dyn PrfKey, id: PrfId, parts: &[&[u8]]) -> SecretVec {
    let mut out = SecretVec::new_zeroed(id.output_len());
    key.mac(parts, out.as_mut_slice());
    out
}

/// Fills `out` with K1 = prf(K, `first`), Kn = prf(K, Kn-1 | `rest`).
fn expand(key: &dyn PrfKey, id: PrfId, first: &[&[u8]], rest: &[&[u8]], out: &mut [u8]) {
    let mut block = mac(key, id, first);
    for chunk in out.chunks_mut(id.output_len().max(1)) {
        for (to, from) in chunk.iter_mut().zip(block.as_slice()) {
            *to = *from;
        }
        let mut parts: Vec<&[u8]> = Vec::with_capacity(rest.len().saturating_add(1));
        parts.push(block.as_slice());
        parts.extend_from_slice(rest);
        block = mac(key, id, &parts);
    }
}

#[cfg(test)]
mod tests;
