//! Opening what is encrypted: the SK and SKF payloads of IKEv2 (RFC 7296 §3.14, RFC 5282, RFC 7383 §2.5) and ESP.
//!
//! A daemon must not look at a plaintext whose integrity check failed. Here it is shown, and flagged.

use ike_crypto::Provider;
use ipsec_doi::{Encryption, EncryptionId};

use super::keys::Side;
use super::suites::{Check, Suite};

/// What came out.
#[derive(Debug)]
pub(crate) struct Clear {
    /// The plaintext with its padding.
    pub(crate) octets: Vec<u8>,
    /// Whether the integrity check value is right; `None` when it was not to be checked.
    pub(crate) valid: Option<bool>,
}

/// Opens `packet`, of which everything before `at` is in clear and the IV begins at `at`; the integrity check covers
/// both.
///
/// # Errors
/// When the lengths do not fit the algorithms, or there is no such algorithm.
pub(crate) fn open(
    provider: &Provider,
    suite: &Suite,
    side: &Side,
    packet: &[u8],
    at: usize,
) -> Result<Clear, &'static str> {
    let icv_at = packet
        .len()
        .checked_sub(suite.icv_octets())
        .ok_or("too short for its ICV")?;
    let data_at = at.saturating_add(suite.encryption.iv_len());
    let (Some(aad), Some(iv), Some(data), Some(icv)) = (
        packet.get(..at),
        packet.get(at..data_at),
        packet.get(data_at..icv_at),
        packet.get(icv_at..),
    ) else {
        return Err("too short for its IV and ICV");
    };
    let valid = match suite.check {
        Check::Mac(..) => Some(mac(provider, suite, side, packet, icv_at)?),
        Check::Combined | Check::Skip(_) => None,
    };
    let block = suite.encryption.block_len().max(1);
    if !data.len().is_multiple_of(block) {
        return Err("ciphertext is not a multiple of the block length");
    }
    let mut octets = data.to_vec();
    let combined = suite.check == Check::Combined;
    let tag = if combined { icv } else { &[] };
    let cipher = provider
        .cipher(suite.encryption)
        .ok_or("cipher not available")?;
    let key = cipher
        .keyed(&side.encryption)
        .map_err(|_| "encryption key of the wrong length")?;
    match key.open(iv, aad, &mut octets, tag) {
        Ok(()) if combined => Ok(Clear {
            octets,
            valid: Some(true),
        }),
        Ok(()) => Ok(Clear { octets, valid }),
        Err(_) if combined => {
            let octets = unchecked(provider, suite.encryption, &side.encryption, iv, data)
                .ok_or("ICV is wrong, and this cipher yields nothing without it")?;
            Ok(Clear {
                octets,
                valid: Some(false),
            })
        }
        Err(_) => Err("decryption failed"),
    }
}

fn mac(
    provider: &Provider,
    suite: &Suite,
    side: &Side,
    packet: &[u8],
    icv_at: usize,
) -> Result<bool, &'static str> {
    let Check::Mac(id, _) = suite.check else {
        return Ok(true);
    };
    let algorithm = provider
        .integrity(id)
        .ok_or("integrity algorithm not available")?;
    let key = algorithm
        .keyed(&side.integrity)
        .map_err(|_| "integrity key of the wrong length")?;
    let (covered, icv) = packet.split_at_checked(icv_at).unwrap_or_default();
    let mut computed = vec![0; id.icv_len()];
    key.sign(&[covered], &mut computed);
    // no secret is at stake in a comparison with a captured packet
    Ok(computed.starts_with(icv))
}

/// GCM and CCM without the check: both are AES in counter mode, and their counter blocks are laid out as RFC 3686's
/// but for the first octets. GCM counts its data from 2 (NIST SP 800-38D §7.2), CCM from 1 behind an octet that
/// states the size of the counter (NIST SP 800-38C App. A.3).
fn unchecked(
    provider: &Provider,
    encryption: Encryption,
    key: &[u8],
    iv: &[u8],
    data: &[u8],
) -> Option<Vec<u8>> {
    let (key, salt) = key.split_at_checked(encryption.key_len())?;
    let (nonce, skip) = match encryption.id {
        EncryptionId::AES_GCM_8 | EncryptionId::AES_GCM_12 | EncryptionId::AES_GCM_16 => {
            (salt.to_vec(), 16)
        }
        EncryptionId::AES_CCM_8 | EncryptionId::AES_CCM_12 | EncryptionId::AES_CCM_16 => {
            ([&[3], salt].concat(), 0)
        }
        _ => return None,
    };
    let counter = Encryption::new(EncryptionId::AES_CTR, encryption.key_bits);
    let counter = provider.cipher(counter)?;
    let key = counter.keyed(&[key, &nonce].concat()).ok()?;
    let mut octets = vec![0; skip];
    octets.extend_from_slice(data);
    key.open(iv, &[], &mut octets, &[]).ok()?;
    Some(octets.split_off(skip))
}

#[cfg(test)]
mod tests {
    use ipsec_doi::IntegrityId;

    use super::*;

    fn suite(encryption: Encryption, check: Check) -> Suite {
        Suite::new(encryption, check, String::new())
    }

    /// A packet of 8 octets in clear, IV, ciphertext and ICV.
    fn seal(suite: &Suite, side: &Side, plaintext: &[u8]) -> Vec<u8> {
        let provider = ike_rustcrypto::provider();
        let cipher = provider.cipher(suite.encryption).unwrap();
        let key = cipher.keyed(&side.encryption).unwrap();
        let mut packet = vec![9; 8 + suite.encryption.iv_len()];
        let (aad, iv) = packet.split_at(8);
        let mut data = plaintext.to_vec();
        let mut icv = vec![0; suite.encryption.icv_len()];
        key.seal(iv, aad, &mut data, &mut icv).unwrap();
        packet.extend(data);
        if let Check::Mac(id, octets) = suite.check {
            let mac = provider.integrity(id).unwrap();
            icv = vec![0; id.icv_len()];
            mac.keyed(&side.integrity)
                .unwrap()
                .sign(&[&packet], &mut icv);
            icv.truncate(octets);
        }
        packet.extend(icv);
        packet
    }

    #[test]
    fn what_is_sealed_opens_and_a_wrong_icv_is_told_beside_the_plaintext() {
        use EncryptionId as Id;
        let provider = ike_rustcrypto::provider();
        let mac = Check::Mac(IntegrityId::HMAC_SHA2_256_128, 12);
        for (id, check) in [
            (Id::AES_CBC, mac),
            (Id::AES_CTR, mac),
            (Id::AES_GCM_8, Check::Combined),
            (Id::AES_GCM_12, Check::Combined),
            (Id::AES_GCM_16, Check::Combined),
            (Id::AES_CCM_8, Check::Combined),
            (Id::AES_CCM_12, Check::Combined),
            (Id::AES_CCM_16, Check::Combined),
        ] {
            for bits in [128, 192, 256] {
                let suite = suite(Encryption::new(id, bits), check);
                let key_octets = suite.encryption.key_len() + suite.encryption.salt_len();
                let side = Side {
                    encryption: (0..).take(key_octets).collect(),
                    integrity: vec![7; 32],
                };
                let plaintext: Vec<u8> = (0..48).collect();
                let mut packet = seal(&suite, &side, &plaintext);
                let clear = open(provider, &suite, &side, &packet, 8).unwrap();
                assert_eq!(
                    (clear.valid, &clear.octets),
                    (Some(true), &plaintext),
                    "{id}"
                );
                *packet.last_mut().unwrap() ^= 1;
                let clear = open(provider, &suite, &side, &packet, 8).unwrap();
                assert_eq!(
                    (clear.valid, &clear.octets),
                    (Some(false), &plaintext),
                    "{id}"
                );
            }
        }
    }

    #[test]
    fn lengths_that_cannot_be_are_refused() {
        let suite = suite(Encryption::AES_CBC_128, Check::Skip(12));
        let side = Side {
            encryption: vec![1; 16],
            integrity: Vec::new(),
        };
        let provider = ike_rustcrypto::provider();
        for length in 0..8 + 16 + 12 {
            assert!(open(provider, &suite, &side, &vec![0; length], 8).is_err());
        }
        let clear = open(provider, &suite, &side, &[0; 8 + 16 + 16 + 12], 8).unwrap();
        assert_eq!(clear.valid, None);
        assert!(open(provider, &suite, &side, &[0; 8 + 16 + 17 + 12], 8).is_err());
    }
}
