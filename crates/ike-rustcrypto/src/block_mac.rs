//! AES-XCBC-MAC (RFC 3566) and AES-CMAC (RFC 4493): CBC-MAC with two keys to mask the last block, one for a whole and
//! one for a padded last block. They differ in where the keys come from.

use alloc::boxed::Box;

use aes::Aes128;
use aes::cipher::{Array, BlockCipherEncrypt, KeyInit};
use ike_crypto::{Error, Integrity, IntegrityKey, Prf, PrfKey};
use ipsec_doi::{IntegrityId, PrfId};
use subtle::ConstantTimeEq;
use zeroize::Zeroize;

const BLOCK: usize = 16;

/// Either MAC as a pseudo-random function with keys of any length.
#[derive(Debug)]
pub struct BlockPrf(PrfId, Kind);

impl BlockPrf {
    pub(crate) const fn xcbc() -> Self {
        Self(PrfId::AES128_XCBC, Kind::Xcbc)
    }

    pub(crate) const fn cmac() -> Self {
        Self(PrfId::AES128_CMAC, Kind::Cmac)
    }
}

impl Prf for BlockPrf {
    fn id(&self) -> PrfId {
        self.0
    }

    fn keyed(&self, key: &[u8]) -> Box<dyn PrfKey> {
        let mut fitted = self.1.fit(key);
        let mac = BlockMac::new(self.1, &fitted);
        fitted.zeroize();
        Box::new(mac)
    }
}

/// Either MAC, its first 96 bits, as an integrity transform.
#[derive(Debug)]
pub struct BlockIntegrity(IntegrityId, Kind);

impl BlockIntegrity {
    pub(crate) const fn xcbc() -> Self {
        Self(IntegrityId::AES_XCBC_96, Kind::Xcbc)
    }

    pub(crate) const fn cmac() -> Self {
        Self(IntegrityId::AES_CMAC_96, Kind::Cmac)
    }
}

impl Integrity for BlockIntegrity {
    fn id(&self) -> IntegrityId {
        self.0
    }

    fn keyed(&self, key: &[u8]) -> Result<Box<dyn IntegrityKey>, Error> {
        Ok(Box::new(BlockMac::new(self.1, key.try_into()?)))
    }
}

#[derive(Clone, Copy, Debug)]
enum Kind {
    Cmac,
    Xcbc,
}

impl Kind {
    /// Makes a PRF key of any length 16 octets long: RFC 4434 §2 for XCBC, RFC 4615 §3 for CMAC.
    fn fit(self, key: &[u8]) -> [u8; BLOCK] {
        if let Ok(key) = key.try_into() {
            return key;
        }
        if key.len() > BLOCK || matches!(self, Self::Cmac) {
            return BlockMac::new(self, &[0; BLOCK]).output(&[key]);
        }
        let mut padded = [0; BLOCK];
        for (to, from) in padded.iter_mut().zip(key) {
            *to = *from;
        }
        padded
    }
}

struct BlockMac {
    cipher: Aes128,
    /// Masks a whole last block.
    whole: [u8; BLOCK],
    /// Masks a padded last block.
    padded: [u8; BLOCK],
}

impl BlockMac {
    fn new(kind: Kind, key: &[u8; BLOCK]) -> Self {
        let cipher = Aes128::new(&Array(*key));
        match kind {
            // RFC 4493 §2.3.
            Kind::Cmac => {
                let whole = double(encrypt(&cipher, [0; BLOCK]));
                Self {
                    padded: double(whole),
                    whole,
                    cipher,
                }
            }
            // RFC 3566 §4.
            Kind::Xcbc => {
                let mut first = encrypt(&cipher, [1; BLOCK]);
                let mac = Self {
                    whole: encrypt(&cipher, [2; BLOCK]),
                    padded: encrypt(&cipher, [3; BLOCK]),
                    cipher: Aes128::new(&Array(first)),
                };
                first.zeroize();
                mac
            }
        }
    }

    fn output(&self, parts: &[&[u8]]) -> [u8; BLOCK] {
        let mut chain = Chain {
            cipher: &self.cipher,
            state: [0; BLOCK],
            filled: 0,
        };
        for part in parts {
            chain.absorb(part);
        }
        chain.finish(self)
    }
}

impl Drop for BlockMac {
    fn drop(&mut self) {
        self.whole.zeroize();
        self.padded.zeroize();
    }
}

impl PrfKey for BlockMac {
    fn mac(&self, parts: &[&[u8]], out: &mut [u8]) {
        let mut output = self.output(parts);
        for (to, from) in out.iter_mut().zip(&output) {
            *to = *from;
        }
        output.zeroize();
    }
}

impl IntegrityKey for BlockMac {
    fn sign(&self, parts: &[&[u8]], icv: &mut [u8]) {
        icv.fill(0);
        let output = self.output(parts);
        for (to, from) in icv.iter_mut().zip(output.iter().take(ICV)) {
            *to = *from;
        }
    }

    fn verify(&self, parts: &[&[u8]], icv: &[u8]) -> Result<(), Error> {
        let output = self.output(parts);
        let (expected, _) = output.split_first_chunk::<ICV>().ok_or(Error)?;
        if expected.ct_eq(icv).into() {
            Ok(())
        } else {
            Err(Error)
        }
    }
}

/// RFC 3566 §4.1, RFC 4494 §2.
const ICV: usize = 12;

/// The running CBC-MAC. A full block stays unencrypted until more follows, as the last one is treated differently.
struct Chain<'a> {
    cipher: &'a Aes128,
    /// The previous output, with the octets of the current block added.
    state: [u8; BLOCK],
    /// Octets of the current block so far.
    filled: usize,
}

impl Chain<'_> {
    fn absorb(&mut self, mut octets: &[u8]) {
        // Whole blocks, the usual case, at a time; anything else octet by octet.
        while let Some((block, rest)) = octets.split_first_chunk::<BLOCK>() {
            if !self.filled.is_multiple_of(BLOCK) {
                break;
            }
            if self.filled == BLOCK {
                self.encrypt();
            }
            self.state = add(self.state, *block);
            self.filled = BLOCK;
            octets = rest;
        }
        for octet in octets {
            if self.filled == BLOCK {
                self.encrypt();
            }
            if let Some(to) = self.state.get_mut(self.filled) {
                *to ^= *octet;
            }
            self.filled = self.filled.saturating_add(1);
        }
    }

    fn encrypt(&mut self) {
        self.state = encrypt(self.cipher, self.state);
        self.filled = 0;
    }

    fn finish(mut self, keys: &BlockMac) -> [u8; BLOCK] {
        let mask = match self.state.get_mut(self.filled) {
            Some(first_free) => {
                *first_free ^= 0x80;
                keys.padded
            }
            None => keys.whole,
        };
        encrypt(self.cipher, add(self.state, mask))
    }
}

fn encrypt(cipher: &Aes128, block: [u8; BLOCK]) -> [u8; BLOCK] {
    let mut block = Array(block);
    cipher.encrypt_block(&mut block);
    block.0
}

fn add(a: [u8; BLOCK], b: [u8; BLOCK]) -> [u8; BLOCK] {
    (u128::from_ne_bytes(a) ^ u128::from_ne_bytes(b)).to_ne_bytes()
}

/// Multiplication by x in GF(2^128), RFC 4493 §2.3, in constant time.
fn double(block: [u8; BLOCK]) -> [u8; BLOCK] {
    let value = u128::from_be_bytes(block);
    let carry = (value >> 127).wrapping_neg() & 0x87;
    ((value << 1) ^ carry).to_be_bytes()
}
