//! The two halves of a suite, keyed, over a packet laid out as RFC 4303 §2 has it.

use alloc::boxed::Box;
use core::fmt;

use ike_crypto::{CipherKey, Error, IntegrityKey, Provider, Random, SecretVec};
use ipsec_doi::{Encryption, EncryptionId};

use crate::replay::halves;
use crate::{HEADER_LEN, Parameters, SetupError};

/// The longest IV: a block of AES.
const IV_MAX: usize = 16;
/// The most that stands before the ciphertext.
const FRONT_MAX: usize = HEADER_LEN + 4;

/// Cipher and integrity algorithm with their keys, and where they put things.
pub(crate) struct Transform {
    cipher: Option<Box<dyn CipherKey>>,
    integrity: Option<Box<dyn IntegrityKey>>,
    shape: Shape,
}

/// The lengths in a packet.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Shape {
    /// Octets of IV after the header.
    pub(crate) iv: usize,
    /// The unit that payload and trailer fill: a block, or 4 (RFC 4303 §2.4).
    pub(crate) alignment: usize,
    /// Octets of integrity check value at the end.
    pub(crate) icv: usize,
    extended: bool,
}

impl Transform {
    pub(crate) fn new(
        provider: &Provider,
        parameters: &Parameters<'_>,
    ) -> Result<Self, SetupError> {
        let suite = parameters.suite;
        let mut icv = suite.encryption.icv_len();
        let integrity = match suite.integrity {
            None => None,
            Some(id) => {
                let (expected, actual) = (id.key_len(), parameters.integrity.len());
                if expected != actual {
                    return Err(SetupError::IntegrityKey { expected, actual });
                }
                let found = provider.integrity(id).ok_or(SetupError::Integrity(id))?;
                icv = id.icv_len();
                Some(
                    found
                        .keyed(parameters.integrity)
                        .map_err(|_| SetupError::Integrity(id))?,
                )
            }
        };
        let shape = Shape {
            iv: suite.encryption.iv_len(),
            alignment: alignment(suite.encryption),
            icv,
            extended: suite.esn,
        };
        let cipher = cipher(provider, suite.encryption, parameters.encryption)?;
        Ok(Self {
            cipher,
            integrity,
            shape,
        })
    }

    pub(crate) const fn shape(&self) -> Shape {
        self.shape
    }

    /// Encrypts and signs a whole packet, in which all but the ciphertext's octets and the ICV stand.
    pub(crate) fn protect(&self, packet: &mut [u8], sequence: u64) -> Result<(), Error> {
        let (covered, icv) = self.split(packet)?;
        let (front, body) = covered
            .split_at_mut_checked(self.front_len())
            .ok_or(Error)?;
        let (head, iv) = front.split_first_chunk::<HEADER_LEN>().ok_or(Error)?;
        let [high, _] = halves(sequence);
        match (&self.cipher, &self.integrity) {
            (Some(cipher), None) => {
                let (aad, len) = self.associated(head, high);
                return cipher.seal(iv, aad.get(..len).ok_or(Error)?, body, icv);
            }
            (Some(cipher), Some(_)) => cipher.seal(iv, &[], body, &mut [])?,
            (None, _) => {}
        }
        let integrity = self.integrity.as_ref().ok_or(Error)?;
        if self.shape.extended {
            integrity.sign(&[covered, &high.to_be_bytes()], icv);
        } else {
            integrity.sign(&[covered], icv);
        }
        Ok(())
    }

    /// Verifies a whole packet and decrypts it in place.
    pub(crate) fn unprotect(&self, packet: &mut [u8], sequence: u64) -> Result<(), Error> {
        let (covered, icv) = self.split(packet)?;
        let [high, _] = halves(sequence);
        match &self.integrity {
            Some(integrity) if self.shape.extended => {
                integrity.verify(&[covered, &high.to_be_bytes()], icv)?;
            }
            Some(integrity) => integrity.verify(&[covered], icv)?,
            None => {}
        }
        let (front, body) = covered
            .split_at_mut_checked(self.front_len())
            .ok_or(Error)?;
        let (head, iv) = front.split_first_chunk::<HEADER_LEN>().ok_or(Error)?;
        match (&self.cipher, &self.integrity) {
            (Some(cipher), None) => {
                let (aad, len) = self.associated(head, high);
                cipher.open(iv, aad.get(..len).ok_or(Error)?, body, icv)
            }
            (Some(cipher), Some(_)) => cipher.open(iv, &[], body, &[]),
            (None, Some(_)) => Ok(()),
            (None, None) => Err(Error),
        }
    }

    /// Octets before the ciphertext.
    pub(crate) const fn front_len(&self) -> usize {
        HEADER_LEN.saturating_add(self.shape.iv)
    }

    fn split<'p>(&self, packet: &'p mut [u8]) -> Result<(&'p mut [u8], &'p mut [u8]), Error> {
        let covered = packet.len().checked_sub(self.shape.icv).ok_or(Error)?;
        packet.split_at_mut_checked(covered).ok_or(Error)
    }

    /// What an AEAD authenticates beside the ciphertext: SPI and sequence number, whole if it is extended
    /// (RFC 4106 §5, RFC 4309 §5, RFC 7634 §2.1).
    fn associated(&self, head: &[u8; HEADER_LEN], high: u32) -> ([u8; FRONT_MAX], usize) {
        let [a, b, c, d, e, f, g, h] = *head;
        if self.shape.extended {
            let [i, j, k, l] = high.to_be_bytes();
            ([a, b, c, d, i, j, k, l, e, f, g, h], FRONT_MAX)
        } else {
            ([a, b, c, d, e, f, g, h, 0, 0, 0, 0], HEADER_LEN)
        }
    }
}

impl fmt::Debug for Transform {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Transform")
            .field("shape", &self.shape)
            .finish_non_exhaustive()
    }
}

/// Where the IV of each packet comes from.
pub(crate) enum IvSource {
    /// NULL has none.
    None,
    /// Ciphers that need a fresh one: the sequence number, which never repeats (RFC 4106 §3.1, RFC 3686 §4).
    Sequence,
    /// CBC, which needs an unpredictable one (RFC 3602 §3): the sequence number encrypted under a random key
    /// of its own (NIST SP 800-38A appendix C).
    Encrypted(Box<dyn CipherKey>),
}

impl IvSource {
    pub(crate) fn new(
        provider: &Provider,
        encryption: Encryption,
        random: &mut dyn Random,
    ) -> Result<Self, SetupError> {
        if encryption.id == EncryptionId::NULL {
            return Ok(Self::None);
        }
        if !is_cbc(encryption) {
            return Ok(Self::Sequence);
        }
        let mut key = SecretVec::new_zeroed(encryption.key_len());
        random
            .fill(key.as_mut_slice())
            .map_err(|_| SetupError::Random)?;
        let keyed = cipher(provider, encryption, key.as_slice())?;
        Ok(keyed.map_or(Self::None, Self::Encrypted))
    }

    pub(crate) fn write(&self, sequence: u64, iv: &mut [u8]) -> Result<(), Error> {
        let number = sequence.to_be_bytes();
        let (zero, tail) = iv
            .len()
            .checked_sub(number.len())
            .map_or((&mut [][..], &mut [][..]), |at| iv.split_at_mut(at));
        zero.fill(0);
        match self {
            Self::None => Ok(()),
            Self::Sequence | Self::Encrypted(_) if tail.is_empty() => Err(Error),
            Self::Sequence => {
                tail.copy_from_slice(&number);
                Ok(())
            }
            Self::Encrypted(key) => {
                tail.copy_from_slice(&number);
                key.seal([0; IV_MAX].get(..iv.len()).ok_or(Error)?, &[], iv, &mut [])
            }
        }
    }
}

impl fmt::Debug for IvSource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::None => "None",
            Self::Sequence => "Sequence",
            Self::Encrypted(_) => "Encrypted",
        })
    }
}

fn cipher(
    provider: &Provider,
    encryption: Encryption,
    key: &[u8],
) -> Result<Option<Box<dyn CipherKey>>, SetupError> {
    let expected = encryption.key_len().saturating_add(encryption.salt_len());
    let actual = key.len();
    if expected != actual {
        return Err(SetupError::EncryptionKey { expected, actual });
    }
    if encryption.id == EncryptionId::NULL {
        return Ok(None);
    }
    let refused = SetupError::Encryption(encryption);
    if encryption.id == EncryptionId::NULL_AES_GMAC || encryption.iv_len() > IV_MAX {
        return Err(refused);
    }
    let found = provider.cipher(encryption).ok_or(refused)?;
    found.keyed(key).map(Some).map_err(|_| refused)
}

/// Whether the cipher works on whole blocks, chained.
fn is_cbc(encryption: Encryption) -> bool {
    !encryption.is_aead()
        && encryption.id != EncryptionId::AES_CTR
        && encryption.id != EncryptionId::NULL
}

fn alignment(encryption: Encryption) -> usize {
    if is_cbc(encryption) {
        encryption.block_len().max(4)
    } else {
        4
    }
}
