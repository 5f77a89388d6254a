//! ESP suites in the kernel's words.
//!
//! The names are those of its crypto API, as `ip xfrm` shows them. IVs are made by the kernel as the
//! cipher wants (a counter or `echainiv`), so they have no name here.

use ikee::doi::{Encryption, EncryptionId, EspSuite, IntegrityId};
use netlink_packet_xfrm::{Alg, AlgAead, AlgAuth, XfrmAttrs};

use crate::child::{ChildKeys, Suite};

/// Octets of a name, with its end.
const NAME: usize = 64;

/// The attributes of one direction: its ciphers and their keys; `None` for a suite that no kernel has.
pub(super) fn attributes(suite: Suite, keys: &ChildKeys) -> Option<Vec<XfrmAttrs>> {
    match suite {
        Suite::Ah(id) => Some(vec![authentication(id, keys)?]),
        Suite::Esp(suite) => esp(suite, keys),
    }
}

fn authentication(id: IntegrityId, keys: &ChildKeys) -> Option<XfrmAttrs> {
    let key = keys.integrity.as_slice();
    Some(XfrmAttrs::AuthenticationAlgTrunc(AlgAuth {
        alg_name: padded(integrity(id)?),
        alg_key_len: bits(key.len()),
        alg_trunc_len: bits(id.icv_len()),
        alg_key: key.to_vec(),
    }))
}

fn esp(suite: EspSuite, keys: &ChildKeys) -> Option<Vec<XfrmAttrs>> {
    let key = keys.encryption.as_slice();
    if let Some(name) = aead(suite.encryption) {
        return Some(vec![XfrmAttrs::EncryptionAlgAead(AlgAead {
            alg_name: padded(name),
            alg_key_len: bits(key.len()),
            alg_icv_len: bits(suite.encryption.icv_len()),
            alg_key: key.to_vec(),
        })]);
    }
    let mut attributes = Vec::new();
    if let Some(id) = suite.integrity {
        attributes.push(authentication(id, keys)?);
    }
    attributes.push(XfrmAttrs::EncryptionAlg(Alg {
        alg_name: padded(cipher(suite.encryption)?),
        alg_key_len: bits(key.len()),
        alg_key: key.to_vec(),
    }));
    Some(attributes)
}

const fn aead(encryption: Encryption) -> Option<&'static str> {
    Some(match encryption.id {
        EncryptionId::AES_GCM_8 | EncryptionId::AES_GCM_12 | EncryptionId::AES_GCM_16 => {
            "rfc4106(gcm(aes))"
        }
        EncryptionId::AES_CCM_8 | EncryptionId::AES_CCM_12 | EncryptionId::AES_CCM_16 => {
            "rfc4309(ccm(aes))"
        }
        EncryptionId::NULL_AES_GMAC => "rfc4543(gcm(aes))",
        EncryptionId::CHACHA20_POLY1305 => "rfc7539esp(chacha20,poly1305)",
        _ => return None,
    })
}

const fn cipher(encryption: Encryption) -> Option<&'static str> {
    Some(match encryption.id {
        EncryptionId::AES_CBC => "cbc(aes)",
        EncryptionId::AES_CTR => "rfc3686(ctr(aes))",
        EncryptionId::TDES => "cbc(des3_ede)",
        EncryptionId::DES => "cbc(des)",
        EncryptionId::NULL => "ecb(cipher_null)",
        _ => return None,
    })
}

const fn integrity(id: IntegrityId) -> Option<&'static str> {
    Some(match id {
        IntegrityId::HMAC_MD5_96 | IntegrityId::HMAC_MD5_128 => "hmac(md5)",
        IntegrityId::HMAC_SHA1_96 | IntegrityId::HMAC_SHA1_160 => "hmac(sha1)",
        // with its 128 bits as an attribute: without one the kernel cuts it to 96
        IntegrityId::HMAC_SHA2_256_128 => "hmac(sha256)",
        IntegrityId::HMAC_SHA2_384_192 => "hmac(sha384)",
        IntegrityId::HMAC_SHA2_512_256 => "hmac(sha512)",
        IntegrityId::AES_XCBC_96 => "xcbc(aes)",
        IntegrityId::AES_CMAC_96 => "cmac(aes)",
        _ => return None,
    })
}

fn padded(name: &str) -> [u8; NAME] {
    let mut padded = [0; NAME];
    for (to, from) in padded.iter_mut().zip(name.bytes()) {
        *to = from;
    }
    padded
}

fn bits(octets: usize) -> u32 {
    u32::try_from(octets.saturating_mul(8)).unwrap_or(u32::MAX)
}
