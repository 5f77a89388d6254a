//! SKEYSEED and its descendants (RFC 7296 §2.14, §2.17).

use alloc::boxed::Box;

use ike_crypto::{Error, PrfKey, Provider, SecretVec, prf_plus};
use ike_endpoint::ChildKeys;
use ike_ext::Role;
use ipsec_doi::{EspSuite, IkeSuite, IntegrityId, PrfId};
use isakmp_wire::Spi;

use crate::output::KeyLog;
use crate::protect::{Direction, Protection};

/// The seven keys of an IKE SA.
#[derive(Debug)]
pub(crate) struct Keys {
    suite: IkeSuite,
    octets: SecretVec,
}

/// What both sides know after IKE_SA_INIT.
#[derive(Clone, Copy)]
pub(crate) struct Exchanged<'a> {
    pub(crate) spis: (Spi, Spi),
    pub(crate) nonces: (&'a [u8], &'a [u8]),
    pub(crate) shared: &'a SecretVec,
}

impl Keys {
    /// Derives all keys of an IKE SA.
    pub(crate) fn derive(
        provider: &Provider,
        suite: IkeSuite,
        exchanged: Exchanged<'_>,
    ) -> Result<Self, Error> {
        let prf = provider.prf(suite.prf).ok_or(Error)?;
        let (ni, nr) = exchanged.nonces;
        let mut seed_key = skeyseed_nonce(suite.prf, ni).to_vec();
        seed_key.extend_from_slice(skeyseed_nonce(suite.prf, nr));
        let mut skeyseed = SecretVec::new_zeroed(suite.prf.output_len());
        prf.keyed(&seed_key)
            .mac(&[exchanged.shared.as_slice()], skeyseed.as_mut_slice());
        Self::expand(provider, suite, &skeyseed, exchanged)
    }

    /// Derives the keys of the SA that takes this one's place: SKEYSEED with the old PRF, the rest
    /// with the new one (RFC 7296 §2.18).
    pub(crate) fn rekey(
        &self,
        provider: &Provider,
        suite: IkeSuite,
        exchanged: Exchanged<'_>,
    ) -> Result<Self, Error> {
        let prf = provider.prf(self.suite.prf).ok_or(Error)?;
        let (ni, nr) = exchanged.nonces;
        let mut skeyseed = SecretVec::new_zeroed(self.suite.prf.output_len());
        prf.keyed(self.nth(0)).mac(
            &[exchanged.shared.as_slice(), ni, nr],
            skeyseed.as_mut_slice(),
        );
        Self::expand(provider, suite, &skeyseed, exchanged)
    }

    fn expand(
        provider: &Provider,
        suite: IkeSuite,
        skeyseed: &SecretVec,
        exchanged: Exchanged<'_>,
    ) -> Result<Self, Error> {
        let prf = provider.prf(suite.prf).ok_or(Error)?;
        let (ni, nr) = exchanged.nonces;
        let (spi_i, spi_r) = exchanged.spis;
        let seed: [&[u8]; 4] = [ni, nr, spi_i.as_bytes(), spi_r.as_bytes()];
        let mut octets = SecretVec::new_zeroed(layout(suite).iter().sum());
        prf_plus(
            &*prf.keyed(skeyseed.as_slice()),
            suite.prf.output_len(),
            &seed,
            octets.as_mut_slice(),
        )?;
        Ok(Self { suite, octets })
    }

    /// The `n`th of SK_d, SK_ai, SK_ar, SK_ei, SK_er, SK_pi, SK_pr.
    fn nth(&self, n: usize) -> &[u8] {
        let mut rest = self.octets.as_slice();
        for (i, len) in layout(self.suite).into_iter().enumerate() {
            let (head, tail) = rest.split_at_checked(len).unwrap_or((rest, &[]));
            if i == n {
                return head;
            }
            rest = tail;
        }
        &[]
    }

    /// SK_pi or SK_pr: the key over the identity of the side with `role`.
    pub(crate) fn identity_key(
        &self,
        provider: &Provider,
        role: Role,
    ) -> Result<Box<dyn PrfKey>, Error> {
        let key = self.proof_key(role);
        Ok(provider.prf(self.suite.prf).ok_or(Error)?.keyed(key))
    }

    /// SK_pi or SK_pr.
    pub(crate) fn proof_key(&self, role: Role) -> &[u8] {
        self.nth(if role == Role::Initiator { 5 } else { 6 })
    }

    /// SK_ai or SK_ar, or nothing under an AEAD.
    pub(crate) fn integrity_key(&self, role: Role) -> &[u8] {
        self.nth(if role == Role::Initiator { 1 } else { 2 })
    }

    /// The protection of messages, as the side with `role` applies it.
    pub(crate) fn protection(&self, provider: &Provider, role: Role) -> Result<Protection, Error> {
        let cipher = provider.cipher(self.suite.encryption).ok_or(Error)?;
        let integrity = match self.suite.integrity {
            Some(id) => Some(provider.integrity(id).ok_or(Error)?),
            None => None,
        };
        let initiator = Direction::new(cipher, integrity, self.nth(3), self.nth(1))?;
        let responder = Direction::new(cipher, integrity, self.nth(4), self.nth(2))?;
        let icv_len = self.suite.integrity.map_or(0, IntegrityId::icv_len);
        let (outbound, inbound) = match role {
            Role::Initiator => (initiator, responder),
            Role::Responder => (responder, initiator),
        };
        Ok(Protection::new(
            self.suite.encryption,
            icv_len,
            outbound,
            inbound,
        ))
    }

    /// Both directions of a child SA: the exchange's initiator's sending keys first. What a key
    /// exchange of its own gave goes before the nonces (RFC 7296 §2.17).
    pub(crate) fn child(
        &self,
        provider: &Provider,
        suite: EspSuite,
        nonces: (&[u8], &[u8]),
        shared: Option<&SecretVec>,
    ) -> Result<[Material; 2], Error> {
        let prf = provider.prf(self.suite.prf).ok_or(Error)?;
        let encryption = suite
            .encryption
            .key_len()
            .saturating_add(suite.encryption.salt_len());
        let integrity = suite.integrity.map_or(0, IntegrityId::key_len);
        let one = encryption.saturating_add(integrity);
        let mut keymat = SecretVec::new_zeroed(one.saturating_mul(2));
        prf_plus(
            &*prf.keyed(self.nth(0)),
            self.suite.prf.output_len(),
            &[shared.map_or(&[], SecretVec::as_slice), nonces.0, nonces.1],
            keymat.as_mut_slice(),
        )?;
        let (first, second) = keymat.as_slice().split_at_checked(one).ok_or(Error)?;
        Ok([
            Material::split(first, encryption)?,
            Material::split(second, encryption)?,
        ])
    }

    /// Everything that a capture's reader needs.
    pub(crate) fn log(&self, spis: (Spi, Spi)) -> KeyLog {
        let copy = |n| SecretVec::from(self.nth(n).to_vec());
        KeyLog::Ike {
            spis,
            suite: self.suite,
            encryption: (copy(3), copy(4)),
            integrity: (copy(1), copy(2)),
        }
    }

    pub(crate) const fn suite(&self) -> IkeSuite {
        self.suite
    }
}

/// Encryption and integrity key of one direction of a child SA.
#[derive(Debug)]
pub(crate) struct Material {
    encryption: SecretVec,
    integrity: SecretVec,
}

impl Material {
    fn split(octets: &[u8], encryption: usize) -> Result<Self, Error> {
        let (encryption, integrity) = octets.split_at_checked(encryption).ok_or(Error)?;
        Ok(Self {
            encryption: SecretVec::from(encryption.to_vec()),
            integrity: SecretVec::from(integrity.to_vec()),
        })
    }

    pub(crate) fn with_spi(self, spi: u32) -> ChildKeys {
        ChildKeys {
            spi,
            encryption: self.encryption,
            integrity: self.integrity,
        }
    }
}

/// Lengths of the seven keys in the order of RFC 7296 §2.14.
fn layout(suite: IkeSuite) -> [usize; 7] {
    let prf = suite.prf.key_len();
    let integrity = suite.integrity.map_or(0, IntegrityId::key_len);
    let encryption = suite
        .encryption
        .key_len()
        .saturating_add(suite.encryption.salt_len());
    [prf, integrity, integrity, encryption, encryption, prf, prf]
}

/// The part of a nonce that goes into SKEYSEED: 64 bits for the two AES-based PRFs (RFC 7296 §2.14).
fn skeyseed_nonce(prf: PrfId, nonce: &[u8]) -> &[u8] {
    if prf == PrfId::AES128_XCBC || prf == PrfId::AES128_CMAC {
        nonce.get(..8).unwrap_or(nonce)
    } else {
        nonce
    }
}

/// What each side signs or authenticates: its first message, the other's nonce, its identity
/// under its own key (RFC 7296 §2.15).
#[derive(Clone, Copy)]
pub(crate) struct Signed<'a> {
    pub(crate) first_message: &'a [u8],
    pub(crate) other_nonce: &'a [u8],
    pub(crate) identity: &'a [u8],
}

impl Signed<'_> {
    /// Uses what a proof of the side with `role` covers, in parts.
    pub(crate) fn covered<R>(
        &self,
        provider: &Provider,
        keys: &Keys,
        role: Role,
        then: impl FnOnce(&[&[u8]]) -> R,
    ) -> Result<R, Error> {
        let mut identity = alloc::vec![0; keys.suite().prf.output_len()];
        keys.identity_key(provider, role)?
            .mac(&[self.identity], &mut identity);
        Ok(then(&[self.first_message, self.other_nonce, &identity]))
    }

    /// Uses the MAC of the shared-key method for the side with `role`: its key, and what it covers.
    pub(crate) fn with_psk<R>(
        &self,
        provider: &Provider,
        keys: &Keys,
        role: Role,
        psk: &[u8],
        then: impl FnOnce(&dyn PrfKey, &[&[u8]]) -> R,
    ) -> Result<R, Error> {
        let suite = keys.suite();
        let prf = provider.prf(suite.prf).ok_or(Error)?;
        let mut padded = SecretVec::new_zeroed(suite.prf.output_len());
        prf.keyed(psk).mac(&[KEY_PAD], padded.as_mut_slice());
        let key = prf.keyed(padded.as_slice());
        self.covered(provider, keys, role, |parts| then(&*key, parts))
    }
}

/// RFC 7296 §2.15; 17 octets without a terminating zero.
const KEY_PAD: &[u8] = b"Key Pad for IKEv2";
