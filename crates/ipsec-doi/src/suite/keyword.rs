//! The words of which users make suites, both ways.

use core::fmt;

use crate::encryption::Encryption;
use crate::group::GroupId;
use crate::transform::{EncryptionId, IntegrityId, PrfId};

/// What one word of a suite means.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Keyword {
    Encryption(Encryption),
    Esn(bool),
    Group(GroupId),
    Integrity(IntegrityId),
    Prf(PrfId),
}

/// Reads one word; every spelling that strongSwan has for an algorithm of ours.
pub(crate) fn parse(word: &str) -> Option<Keyword> {
    match word {
        "esn" => Some(Keyword::Esn(true)),
        "noesn" => Some(Keyword::Esn(false)),
        _ => encryption(word)
            .map(Keyword::Encryption)
            .or_else(|| find(INTEGRITIES, word).map(Keyword::Integrity))
            .or_else(|| find(PRFS, word).map(Keyword::Prf))
            .or_else(|| find(GROUPS, word).map(Keyword::Group)),
    }
}

/// Writes the word for an encryption algorithm; `false`, and nothing written, if it has none.
pub(crate) fn write_encryption(
    it: Encryption,
    f: &mut fmt::Formatter<'_>,
) -> Result<bool, fmt::Error> {
    if !it.is_valid() {
        return Ok(false);
    }
    if let Some(word) = name(CIPHERS, it) {
        f.write_str(word)?;
        return Ok(true);
    }
    let Some(&(family, mode, _)) = MODES.iter().find(|(_, _, id)| *id == it.id) else {
        return Ok(false);
    };
    write!(f, "{family}{}{mode}", it.key_bits)?;
    Ok(true)
}

/// The word for an integrity algorithm.
pub(crate) fn integrity(it: IntegrityId) -> Option<&'static str> {
    name(INTEGRITIES, it)
}

/// The word for a pseudo-random function.
pub(crate) fn prf(it: PrfId) -> Option<&'static str> {
    name(PRFS, it)
}

/// The word for a group.
pub(crate) fn group(it: GroupId) -> Option<&'static str> {
    name(GROUPS, it)
}

/// The words that [`nearest`](super::nearest::nearest) may propose.
pub(crate) fn all() -> impl Iterator<Item = &'static str> {
    let ciphers = CIPHERS.iter().map(|(word, _)| *word);
    let integrities = INTEGRITIES.iter().map(|(word, _)| *word);
    let prfs = PRFS.iter().map(|(word, _)| *word);
    let groups = GROUPS.iter().map(|(word, _)| *word);
    AES_WORDS
        .iter()
        .copied()
        .chain(ciphers)
        .chain(integrities)
        .chain(prfs)
        .chain(groups)
        .chain(["esn", "noesn"])
}

fn encryption(word: &str) -> Option<Encryption> {
    if let Some(it) = find(CIPHERS, word) {
        return Some(it);
    }
    let (family, rest) = ["aes", "camellia"]
        .into_iter()
        .find_map(|family| Some((family, word.strip_prefix(family)?)))?;
    if rest.is_empty() {
        return encryption(if family == "aes" {
            "aes128"
        } else {
            "camellia128"
        });
    }
    let (bits, mode) = [(128, "128"), (192, "192"), (256, "256")]
        .into_iter()
        .find_map(|(bits, text)| Some((bits, rest.strip_prefix(text)?)))?;
    let mode = match mode {
        "ccm64" => "ccm8",
        "ccm96" => "ccm12",
        "ccm" | "ccm128" => "ccm16",
        "gcm64" => "gcm8",
        "gcm96" => "gcm12",
        "gcm" | "gcm128" => "gcm16",
        other => other,
    };
    let (_, _, id) = MODES.iter().find(|(f, m, _)| *f == family && *m == mode)?;
    Some(Encryption::new(*id, bits))
}

fn find<T: Copy>(table: &[(&str, T)], word: &str) -> Option<T> {
    table.iter().find(|(w, _)| *w == word).map(|(_, it)| *it)
}

/// The first word for a thing is the one it is written with.
fn name<T: Copy + PartialEq>(table: &[(&'static str, T)], it: T) -> Option<&'static str> {
    table.iter().find(|(_, i)| *i == it).map(|(word, _)| *word)
}

const CIPHERS: &[(&str, Encryption)] = &[
    ("null", Encryption::NULL),
    ("des", Encryption::DES),
    ("3des", Encryption::TDES),
    ("chacha20poly1305", Encryption::CHACHA20_POLY1305),
];

/// Family, mode with the ICV's length in octets, and the algorithm; the key length goes between.
const MODES: &[(&str, &str, EncryptionId)] = &[
    ("aes", "", EncryptionId::AES_CBC),
    ("aes", "ctr", EncryptionId::AES_CTR),
    ("aes", "ccm8", EncryptionId::AES_CCM_8),
    ("aes", "ccm12", EncryptionId::AES_CCM_12),
    ("aes", "ccm16", EncryptionId::AES_CCM_16),
    ("aes", "gcm8", EncryptionId::AES_GCM_8),
    ("aes", "gcm12", EncryptionId::AES_GCM_12),
    ("aes", "gcm16", EncryptionId::AES_GCM_16),
    ("aes", "gmac", EncryptionId::NULL_AES_GMAC),
    ("camellia", "", EncryptionId::CAMELLIA_CBC),
    ("camellia", "ctr", EncryptionId::CAMELLIA_CTR),
    ("camellia", "ccm8", EncryptionId::CAMELLIA_CCM_8),
    ("camellia", "ccm12", EncryptionId::CAMELLIA_CCM_12),
    ("camellia", "ccm16", EncryptionId::CAMELLIA_CCM_16),
];

/// Proposals for a mistyped word; the families have many more spellings.
const AES_WORDS: &[&str] = &[
    "aes128",
    "aes192",
    "aes256",
    "aes128ctr",
    "aes192ctr",
    "aes256ctr",
    "aes128ccm16",
    "aes192ccm16",
    "aes256ccm16",
    "aes128gcm16",
    "aes192gcm16",
    "aes256gcm16",
    "aes128gmac",
    "aes256gmac",
];

const INTEGRITIES: &[(&str, IntegrityId)] = &[
    ("md5", IntegrityId::HMAC_MD5_96),
    ("md5_128", IntegrityId::HMAC_MD5_128),
    ("sha1", IntegrityId::HMAC_SHA1_96),
    ("sha", IntegrityId::HMAC_SHA1_96),
    ("sha1_160", IntegrityId::HMAC_SHA1_160),
    ("sha256", IntegrityId::HMAC_SHA2_256_128),
    ("sha2_256", IntegrityId::HMAC_SHA2_256_128),
    ("sha384", IntegrityId::HMAC_SHA2_384_192),
    ("sha2_384", IntegrityId::HMAC_SHA2_384_192),
    ("sha512", IntegrityId::HMAC_SHA2_512_256),
    ("sha2_512", IntegrityId::HMAC_SHA2_512_256),
    ("aesxcbc", IntegrityId::AES_XCBC_96),
    ("aescmac", IntegrityId::AES_CMAC_96),
];

const PRFS: &[(&str, PrfId)] = &[
    ("prfmd5", PrfId::HMAC_MD5),
    ("prfsha1", PrfId::HMAC_SHA1),
    ("prfsha256", PrfId::HMAC_SHA2_256),
    ("prfsha384", PrfId::HMAC_SHA2_384),
    ("prfsha512", PrfId::HMAC_SHA2_512),
    ("prfaesxcbc", PrfId::AES128_XCBC),
    ("prfaescmac", PrfId::AES128_CMAC),
];

const GROUPS: &[(&str, GroupId)] = &[
    ("none", GroupId::NONE),
    ("modpnone", GroupId::NONE),
    ("modp768", GroupId::MODP_768),
    ("modp1024", GroupId::MODP_1024),
    ("modp1536", GroupId::MODP_1536),
    ("modp2048", GroupId::MODP_2048),
    ("modp3072", GroupId::MODP_3072),
    ("modp4096", GroupId::MODP_4096),
    ("modp6144", GroupId::MODP_6144),
    ("modp8192", GroupId::MODP_8192),
    ("modp1024s160", GroupId::MODP_1024_160),
    ("modp2048s224", GroupId::MODP_2048_224),
    ("modp2048s256", GroupId::MODP_2048_256),
    ("ecp192", GroupId::ECP_192),
    ("ecp224", GroupId::ECP_224),
    ("ecp256", GroupId::ECP_256),
    ("ecp384", GroupId::ECP_384),
    ("ecp521", GroupId::ECP_521),
    ("ecp224bp", GroupId::BRAINPOOL_224),
    ("ecp256bp", GroupId::BRAINPOOL_256),
    ("ecp384bp", GroupId::BRAINPOOL_384),
    ("ecp512bp", GroupId::BRAINPOOL_512),
    ("x25519", GroupId::CURVE25519),
    ("curve25519", GroupId::CURVE25519),
    ("x448", GroupId::CURVE448),
    ("curve448", GroupId::CURVE448),
    ("mlkem512", GroupId::ML_KEM_512),
    ("mlkem768", GroupId::ML_KEM_768),
    ("mlkem1024", GroupId::ML_KEM_1024),
];
