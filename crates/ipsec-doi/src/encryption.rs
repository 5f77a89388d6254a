use core::fmt;

use crate::suite::keyword;
use crate::transform::EncryptionId;

/// An encryption algorithm with its key length: what a transform of type 1 says
/// (RFC 7296 §3.3.2, §3.3.5).
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
#[expect(
    clippy::exhaustive_structs,
    reason = "a transform has an id and at most a key length"
)]
pub struct Encryption {
    /// The algorithm.
    pub id: EncryptionId,
    /// The Key Length attribute in bits; 0 when the algorithm has one key length only and sends
    /// no attribute (RFC 7296 §3.3.5).
    pub key_bits: u16,
}

impl Encryption {
    /// AES-CBC, 128 bits.
    pub const AES_CBC_128: Self = Self::new(EncryptionId::AES_CBC, 128);
    /// AES-CBC, 192 bits.
    pub const AES_CBC_192: Self = Self::new(EncryptionId::AES_CBC, 192);
    /// AES-CBC, 256 bits.
    pub const AES_CBC_256: Self = Self::new(EncryptionId::AES_CBC, 256);
    /// AES-CTR, 128 bits.
    pub const AES_CTR_128: Self = Self::new(EncryptionId::AES_CTR, 128);
    /// AES-CTR, 192 bits.
    pub const AES_CTR_192: Self = Self::new(EncryptionId::AES_CTR, 192);
    /// AES-CTR, 256 bits.
    pub const AES_CTR_256: Self = Self::new(EncryptionId::AES_CTR, 256);
    /// AES-CCM, 128 bits, 16-octet ICV.
    pub const AES_CCM_16_128: Self = Self::new(EncryptionId::AES_CCM_16, 128);
    /// AES-CCM, 192 bits, 16-octet ICV.
    pub const AES_CCM_16_192: Self = Self::new(EncryptionId::AES_CCM_16, 192);
    /// AES-CCM, 256 bits, 16-octet ICV.
    pub const AES_CCM_16_256: Self = Self::new(EncryptionId::AES_CCM_16, 256);
    /// AES-GCM, 128 bits, 16-octet ICV.
    pub const AES_GCM_16_128: Self = Self::new(EncryptionId::AES_GCM_16, 128);
    /// AES-GCM, 192 bits, 16-octet ICV.
    pub const AES_GCM_16_192: Self = Self::new(EncryptionId::AES_GCM_16, 192);
    /// AES-GCM, 256 bits, 16-octet ICV.
    pub const AES_GCM_16_256: Self = Self::new(EncryptionId::AES_GCM_16, 256);
    /// ChaCha20-Poly1305; its key always has 256 bits.
    pub const CHACHA20_POLY1305: Self = Self::new(EncryptionId::CHACHA20_POLY1305, 0);
    /// Triple DES.
    pub const TDES: Self = Self::new(EncryptionId::TDES, 0);
    /// DES.
    pub const DES: Self = Self::new(EncryptionId::DES, 0);
    /// No encryption.
    pub const NULL: Self = Self::new(EncryptionId::NULL, 0);

    /// An algorithm with a key of `key_bits` bits, or 0 for the only length it has.
    #[must_use]
    pub const fn new(id: EncryptionId, key_bits: u16) -> Self {
        Self { id, key_bits }
    }

    /// The algorithm of a received transform; `None` if its Key Length attribute is missing,
    /// superfluous or not one of the algorithm's lengths (RFC 7296 §3.3.5, §3.3.6).
    ///
    /// ```
    /// use ipsec_doi::{Encryption, EncryptionId};
    ///
    /// let aes = Encryption::from_transform(EncryptionId::AES_CBC, Some(256));
    /// assert_eq!(aes, Some(Encryption::AES_CBC_256));
    /// assert_eq!(Encryption::from_transform(EncryptionId::AES_CBC, None), None);
    /// ```
    #[must_use]
    pub const fn from_transform(id: EncryptionId, key_length: Option<u16>) -> Option<Self> {
        let bits = match key_length {
            Some(0) => return None,
            Some(bits) => bits,
            None => 0,
        };
        let it = Self::new(id, bits);
        if it.is_valid() { Some(it) } else { None }
    }

    /// Whether this crate knows the algorithm and the key length is one it has.
    #[must_use]
    pub const fn is_valid(self) -> bool {
        match self.shape().key {
            Key::Unknown => false,
            Key::Fixed(_) => self.key_bits == 0,
            Key::Variable => matches!(self.key_bits, 128 | 192 | 256),
        }
    }

    /// Whether it protects integrity by itself, so that no integrity transform goes with it.
    #[must_use]
    pub const fn is_aead(self) -> bool {
        self.shape().icv != 0
    }

    /// The key length in octets, without the salt that some modes take from the key material.
    #[must_use]
    pub const fn key_len(self) -> usize {
        match self.shape().key {
            Key::Unknown => 0,
            Key::Fixed(octets) => octets,
            Key::Variable => match self.key_bits {
                128 => 16,
                192 => 24,
                256 => 32,
                _ => 0,
            },
        }
    }

    /// The length in octets of the salt that follows the key in the key material (RFC 5282 §7.1,
    /// RFC 3686 §5.1).
    #[must_use]
    pub const fn salt_len(self) -> usize {
        self.shape().salt
    }

    /// The length in octets of the IV that travels with each message.
    #[must_use]
    pub const fn iv_len(self) -> usize {
        self.shape().iv
    }

    /// The cipher's block length in octets, to which plaintext is padded; 1 for stream modes.
    #[must_use]
    pub const fn block_len(self) -> usize {
        self.shape().block
    }

    /// The length in octets of an AEAD's tag; 0 for anything else.
    #[must_use]
    pub const fn icv_len(self) -> usize {
        self.shape().icv
    }

    /// The Key Length attribute to send, in bits.
    #[must_use]
    pub const fn key_length_attribute(self) -> Option<u16> {
        if self.key_bits == 0 {
            None
        } else {
            Some(self.key_bits)
        }
    }

    /// Whether it hides nothing or is breakable in practice (RFC 8247 §2.1, RFC 8221 §5).
    #[must_use]
    pub const fn is_weak(self) -> bool {
        matches!(
            self.id,
            EncryptionId::DES_IV64
                | EncryptionId::DES
                | EncryptionId::TDES
                | EncryptionId::NULL
                | EncryptionId::NULL_AES_GMAC
        )
    }

    const fn shape(self) -> Shape {
        use EncryptionId as Id;
        let (key, salt, iv, block, icv) = match self.id {
            Id::DES => (Key::Fixed(8), 0, 8, 8, 0),
            Id::TDES => (Key::Fixed(24), 0, 8, 8, 0),
            Id::NULL => (Key::Fixed(0), 0, 0, 1, 0),
            Id::AES_CBC | Id::CAMELLIA_CBC => (Key::Variable, 0, 16, 16, 0),
            Id::AES_CTR | Id::CAMELLIA_CTR => (Key::Variable, 4, 8, 1, 0),
            Id::AES_CCM_8 | Id::CAMELLIA_CCM_8 => (Key::Variable, 3, 8, 1, 8),
            Id::AES_CCM_12 | Id::CAMELLIA_CCM_12 => (Key::Variable, 3, 8, 1, 12),
            Id::AES_CCM_16 | Id::CAMELLIA_CCM_16 => (Key::Variable, 3, 8, 1, 16),
            Id::AES_GCM_8 => (Key::Variable, 4, 8, 1, 8),
            Id::AES_GCM_12 => (Key::Variable, 4, 8, 1, 12),
            Id::AES_GCM_16 | Id::NULL_AES_GMAC => (Key::Variable, 4, 8, 1, 16),
            Id::CHACHA20_POLY1305 => (Key::Fixed(32), 4, 8, 1, 16),
            _ => (Key::Unknown, 0, 0, 1, 0),
        };
        Shape {
            key,
            salt,
            iv,
            block,
            icv,
        }
    }
}

/// As users type it (`aes256gcm16`); otherwise the registry's name and the key length.
impl fmt::Display for Encryption {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if keyword::write_encryption(*self, f)? {
            return Ok(());
        }
        match self.key_length_attribute() {
            Some(bits) => write!(f, "{}/{bits}", self.id),
            None => write!(f, "{}", self.id),
        }
    }
}

/// The lengths that an algorithm works with.
struct Shape {
    key: Key,
    salt: usize,
    iv: usize,
    block: usize,
    icv: usize,
}

enum Key {
    /// An algorithm known by number only.
    Unknown,
    /// One key length, in octets; no attribute.
    Fixed(usize),
    /// 128, 192 or 256 bits, told by the attribute.
    Variable,
}
