//! Algorithms by the names that Wireshark's and tcpdump's tables use.

use ipsec_doi::{Encryption, EncryptionId, IntegrityId};

/// How a body is protected.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Suite {
    pub(crate) encryption: Encryption,
    pub(crate) check: Check,
    /// Both algorithms in words.
    pub(crate) name: String,
}

/// How integrity is checked beside the cipher.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Check {
    /// By the cipher itself.
    Combined,
    /// By a MAC of which so many octets are sent.
    Mac(IntegrityId, usize),
    /// Not at all: that many octets are skipped.
    Skip(usize),
}

impl Suite {
    /// How many octets of integrity check value end a packet.
    pub(crate) fn icv_octets(&self) -> usize {
        match self.check {
            Check::Combined => self.encryption.icv_len(),
            Check::Mac(_, octets) | Check::Skip(octets) => octets,
        }
    }

    /// A cipher that checks integrity itself has no use for another check.
    pub(crate) fn new(encryption: Encryption, check: Check, name: String) -> Self {
        let combined = encryption.is_aead();
        Self {
            encryption,
            check: if combined { Check::Combined } else { check },
            name,
        }
    }
}

/// The names in Wireshark's list, less the specification in brackets.
pub(crate) fn ike_cipher(name: &str) -> Option<Encryption> {
    let name = bare(name);
    match name {
        "3DES" => return Some(Encryption::new(EncryptionId::TDES, 0)),
        "NULL" => return Some(Encryption::new(EncryptionId::NULL, 0)),
        "ChaCha20-Poly1305" | "ENCR_CHACHA20_POLY1305" => {
            return Some(Encryption::new(EncryptionId::CHACHA20_POLY1305, 0));
        }
        _ => {}
    }
    let rest = name.strip_prefix("AES-")?;
    let (mode, rest) = rest.split_once('-')?;
    let (bits, rest) = rest.split_at_checked(3)?;
    let bits = match bits {
        "128" => 128,
        "192" => 192,
        "256" => 256,
        _ => return None,
    };
    let id = match (mode, rest.trim()) {
        ("CBC", "") => EncryptionId::AES_CBC,
        ("CTR", "") => EncryptionId::AES_CTR,
        ("CCM", "with 8 octet ICV") => EncryptionId::AES_CCM_8,
        ("CCM", "with 12 octet ICV") => EncryptionId::AES_CCM_12,
        ("CCM", "with 16 octet ICV") => EncryptionId::AES_CCM_16,
        ("GCM", "with 8 octet ICV") => EncryptionId::AES_GCM_8,
        ("GCM", "with 12 octet ICV") => EncryptionId::AES_GCM_12,
        ("GCM", "with 16 octet ICV") => EncryptionId::AES_GCM_16,
        _ => return None,
    };
    Some(Encryption::new(id, bits))
}

pub(crate) fn ike_integrity(name: &str) -> Option<Check> {
    let name = bare(name);
    let (id, octets) = match name {
        "NONE" => return Some(Check::Skip(0)),
        "HMAC_MD5_96" => (IntegrityId::HMAC_MD5_96, 12),
        "HMAC_MD5_128" => (IntegrityId::HMAC_MD5_128, 16),
        "HMAC_SHA1_96" => (IntegrityId::HMAC_SHA1_96, 12),
        "HMAC_SHA1_160" => (IntegrityId::HMAC_SHA1_160, 20),
        "HMAC_SHA2_256_96" => (IntegrityId::HMAC_SHA2_256_128, 12),
        "HMAC_SHA2_256_128" => (IntegrityId::HMAC_SHA2_256_128, 16),
        "HMAC_SHA2_384_192" => (IntegrityId::HMAC_SHA2_384_192, 24),
        "HMAC_SHA2_512_256" => (IntegrityId::HMAC_SHA2_512_256, 32),
        // not in Wireshark's list
        "AES_XCBC_96" => (IntegrityId::AES_XCBC_96, 12),
        "AES_CMAC_96" => (IntegrityId::AES_CMAC_96, 12),
        _ => return unchecked(name),
    };
    Some(Check::Mac(id, octets))
}

pub(crate) fn esp_cipher(name: &str, key_octets: usize) -> Option<Encryption> {
    let aes = |id, salt: usize| {
        let bits = u16::try_from(key_octets.checked_sub(salt)?.checked_mul(8)?).ok()?;
        matches!(bits, 128 | 192 | 256).then(|| Encryption::new(id, bits))
    };
    match bare(name) {
        "NULL" => Some(Encryption::new(EncryptionId::NULL, 0)),
        "TripleDES-CBC" => Some(Encryption::new(EncryptionId::TDES, 0)),
        "DES-CBC" => Some(Encryption::new(EncryptionId::DES, 0)),
        "AES-CBC" => aes(EncryptionId::AES_CBC, 0),
        "AES-CTR" => aes(EncryptionId::AES_CTR, 4),
        // the plain name means that the ICV is a matter of its own, and is read as 16 octets here
        "AES-GCM" | "AES-GCM with 16 octet ICV" => aes(EncryptionId::AES_GCM_16, 4),
        "AES-GCM with 12 octet ICV" => aes(EncryptionId::AES_GCM_12, 4),
        "AES-GCM with 8 octet ICV" => aes(EncryptionId::AES_GCM_8, 4),
        "ChaCha20 with Poly1305" => Some(Encryption::new(EncryptionId::CHACHA20_POLY1305, 0)),
        _ => None,
    }
}

pub(crate) fn esp_integrity(name: &str) -> Option<Check> {
    let name = bare(name);
    let (id, octets) = match name {
        "NULL" => return Some(Check::Skip(0)),
        "HMAC-MD5-96" => (IntegrityId::HMAC_MD5_96, 12),
        "HMAC-SHA-1-96" => (IntegrityId::HMAC_SHA1_96, 12),
        "HMAC-SHA-256-96" => (IntegrityId::HMAC_SHA2_256_128, 12),
        "HMAC-SHA-256-128" => (IntegrityId::HMAC_SHA2_256_128, 16),
        "HMAC-SHA-384-192" => (IntegrityId::HMAC_SHA2_384_192, 24),
        "HMAC-SHA-512-256" => (IntegrityId::HMAC_SHA2_512_256, 32),
        "MAC-RIPEMD-160-96" => return Some(Check::Skip(12)),
        _ => return unchecked(name),
    };
    Some(Check::Mac(id, octets))
}

/// `ANY 96-bits of Authentication [No Checking]`, in the spelling of either table.
fn unchecked(name: &str) -> Option<Check> {
    let rest = name.strip_prefix("ANY ")?;
    let end = rest.find(|digit: char| !digit.is_ascii_digit())?;
    let bits: usize = rest.get(..end)?.parse().ok()?;
    (bits <= 512).then_some(Check::Skip(bits / 8))
}

/// OpenSSL's names, which tcpdump uses.
pub(crate) fn tcpdump_cipher(name: &str) -> Option<Encryption> {
    let (id, bits) = match name.to_ascii_lowercase().as_str() {
        "aes128" | "aes-128-cbc" => (EncryptionId::AES_CBC, 128),
        "aes192" | "aes-192-cbc" => (EncryptionId::AES_CBC, 192),
        "aes256" | "aes-256-cbc" => (EncryptionId::AES_CBC, 256),
        "3des" | "des3" | "des-ede3-cbc" | "3des-cbc" => (EncryptionId::TDES, 0),
        "none" => (EncryptionId::NULL, 0),
        _ => return None,
    };
    Some(Encryption::new(id, bits))
}

pub(crate) fn tcpdump_integrity(name: &str) -> Option<Check> {
    ike_integrity(match name.to_ascii_lowercase().as_str() {
        "md5" => "HMAC_MD5_96",
        "sha1" => "HMAC_SHA1_96",
        "sha256" => "HMAC_SHA2_256_128",
        "sha384" => "HMAC_SHA2_384_192",
        "sha512" => "HMAC_SHA2_512_256",
        _ => return None,
    })
}

/// A name without the specification that follows it in brackets.
pub(crate) fn bare(name: &str) -> &str {
    name.split_once('[').map_or(name, |(name, _)| name).trim()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_name_of_wiresharks_list_is_known() {
        for name in [
            "3DES [RFC2451]",
            "AES-CBC-128 [RFC3602]",
            "AES-CBC-192 [RFC3602]",
            "AES-CBC-256 [RFC3602]",
            "NULL [RFC2410]",
            "AES-CTR-128 [RFC5930]",
            "AES-CTR-192 [RFC5930]",
            "AES-CTR-256 [RFC5930]",
        ] {
            assert!(ike_cipher(name).is_some(), "{name}");
        }
        for mode in ["GCM", "CCM"] {
            for bits in [128, 192, 256] {
                for octets in [8, 12, 16] {
                    let name = format!("AES-{mode}-{bits} with {octets} octet ICV [RFC5282]");
                    let cipher = ike_cipher(&name).unwrap();
                    assert_eq!(
                        (cipher.key_bits, cipher.icv_len()),
                        (bits, octets),
                        "{name}"
                    );
                }
            }
        }
        for (name, octets) in [
            ("HMAC_MD5_96 [RFC2403]", 12),
            ("HMAC_SHA1_96 [RFC2404]", 12),
            ("HMAC_MD5_128 [RFC4595]", 16),
            ("HMAC_SHA1_160 [RFC4595]", 20),
            ("HMAC_SHA2_256_96 [draft-ietf-ipsec-ciph-sha-256-00]", 12),
            ("HMAC_SHA2_256_128 [RFC4868]", 16),
            ("HMAC_SHA2_384_192 [RFC4868]", 24),
            ("HMAC_SHA2_512_256 [RFC4868]", 32),
        ] {
            assert!(
                matches!(ike_integrity(name), Some(Check::Mac(_, n)) if n == octets),
                "{name}"
            );
        }
        assert_eq!(ike_integrity("NONE [RFC4306]"), Some(Check::Skip(0)));
        assert_eq!(
            ike_integrity("ANY 160-bits of Authentication [No Checking]"),
            Some(Check::Skip(20))
        );
        assert_eq!(
            esp_integrity("ANY 96 bit authentication [no checking]"),
            Some(Check::Skip(12))
        );
        assert_eq!(ike_cipher("AES-GCM-512 with 8 octet ICV"), None);
    }
}
