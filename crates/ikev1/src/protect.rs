//! Encryption of whole messages (RFC 2408 §3.1, RFC 2409 App. B). Nothing here authenticates: HASH does.

use alloc::boxed::Box;
use alloc::vec::Vec;

use ike_crypto::{CipherKey, Error, Provider};
use ipsec_doi::Encryption;
use isakmp_wire::{ChainWriter, Flags, Header, OwnedPayload};

use crate::keys::Keys;

/// The cipher of an IKE SA; both directions have one key.
pub(crate) struct Protection {
    encryption: Encryption,
    key: Box<dyn CipherKey>,
}

impl core::fmt::Debug for Protection {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("Protection")
            .field("encryption", &self.encryption)
            .finish_non_exhaustive()
    }
}

impl Protection {
    pub(crate) fn new(provider: &Provider, keys: &Keys) -> Result<Self, Error> {
        let encryption = keys.suite().encryption;
        let cipher = provider.cipher(encryption).ok_or(Error)?;
        let key = keys.encryption_key(provider)?;
        Ok(Self {
            encryption,
            key: cipher.keyed(key.as_slice())?,
        })
    }

    /// The message, encrypted under `iv`, which becomes that of the next one.
    pub(crate) fn seal(
        &self,
        iv: &mut Vec<u8>,
        header: &Header,
        payloads: &[OwnedPayload],
    ) -> Result<Vec<u8>, Error> {
        // in one piece: what grows leaves copies of passwords behind
        let octets = |it: &OwnedPayload| it.body.len().saturating_add(4);
        let room: usize = payloads.iter().map(octets).sum();
        let mut inner = Vec::with_capacity(room.saturating_add(self.encryption.block_len()));
        let mut chain = ChainWriter::begin(&mut inner);
        for it in payloads {
            chain.owned(it);
        }
        let next = chain.finish();
        let block = self.encryption.block_len().max(1);
        inner.resize(inner.len().next_multiple_of(block), 0);
        self.key.seal(iv, &[], &mut inner, &mut [])?;
        *iv = last_block(&inner, block)?;
        let len = Header::LEN.saturating_add(inner.len());
        let mut out = Vec::with_capacity(len);
        Header {
            next,
            flags: header.flags | Flags::ENCRYPTED,
            length: u32::try_from(len).map_err(|_| Error)?,
            ..*header
        }
        .encode(&mut out);
        out.extend_from_slice(&inner);
        Ok(out)
    }

    /// The plaintext of a message, padding included, and the IV of the next one.
    pub(crate) fn open(&self, iv: &[u8], body: &[u8]) -> Result<(Vec<u8>, Vec<u8>), Error> {
        let block = self.encryption.block_len().max(1);
        if body.is_empty() || !body.len().is_multiple_of(block) {
            return Err(Error);
        }
        let next = last_block(body, block)?;
        let mut plain = body.to_vec();
        self.key.open(iv, &[], &mut plain, &[])?;
        Ok((plain, next))
    }
}

fn last_block(sealed: &[u8], block: usize) -> Result<Vec<u8>, Error> {
    let at = sealed.len().checked_sub(block).ok_or(Error)?;
    Ok(sealed.get(at..).ok_or(Error)?.to_vec())
}
