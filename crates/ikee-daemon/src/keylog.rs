//! Key tables as Wireshark reads them from its configuration folder.
//!
//! Point `WIRESHARK_CONFIG_DIR` at the folder and switch ESP decryption on:
//! `tshark -r FILE -o esp.enable_encryption_decode:TRUE`. The names of the algorithms are those
//! of Wireshark 4.0; suites that it cannot decrypt become a comment line.

use core::fmt::Write as _;
use core::net::IpAddr;
use std::fs::{self, File, OpenOptions, Permissions};
use std::io::{self, Write};
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};

use ikee::doi::{Encryption, EncryptionId, EspSuite, IkeSuite, IntegrityId};
use ikee::ikev1;
use ikee::ikev2::KeyLog;
use ikee::wire::Spi;
use zeroize::Zeroizing;

use crate::child::Suite;

/// A folder of key tables.
#[derive(Debug)]
pub struct KeyTables {
    folder: PathBuf,
    ike_v1: File,
    ike: File,
    esp: File,
}

impl KeyTables {
    /// Makes the folder and empty tables in it; each file has mode 0600.
    ///
    /// # Errors
    /// What the system says.
    pub fn create(folder: &Path) -> io::Result<Self> {
        fs::create_dir_all(folder)?;
        let open = |name: &str| {
            let path = folder.join(name);
            let file = OpenOptions::new()
                .write(true)
                .create(true)
                .truncate(true)
                .mode(0o600)
                .open(&path)?;
            // an older file may be open to others
            file.set_permissions(Permissions::from_mode(0o600))?;
            Ok::<_, io::Error>(file)
        };
        Ok(Self {
            folder: folder.to_owned(),
            ike_v1: open("ikev1_decryption_table")?,
            ike: open("ikev2_decryption_table")?,
            esp: open("esp_sa")?,
        })
    }

    /// The folder.
    #[must_use]
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// Adds a row.
    ///
    /// # Errors
    /// What the system says.
    pub fn write(&mut self, keys: Keys<'_>) -> io::Result<()> {
        match keys {
            Keys::V1(keys) => self.write_v1(keys),
            Keys::V2(keys) => self.write_v2(keys),
        }
    }

    fn write_v2(&mut self, keys: &KeyLog) -> io::Result<()> {
        match keys {
            KeyLog::Ike {
                spis,
                suite,
                encryption,
                integrity,
            } => {
                let encryption = (encryption.0.as_slice(), encryption.1.as_slice());
                let integrity = (integrity.0.as_slice(), integrity.1.as_slice());
                self.ike
                    .write_all(ike_row(*spis, suite, encryption, integrity).as_bytes())
            }
            KeyLog::Esp {
                from,
                to,
                spi,
                suite,
                encryption,
                integrity,
            } => {
                let keys = (encryption.as_slice(), integrity.as_slice());
                let row = esp_row(*from, *to, *spi, suite, keys.0, keys.1);
                self.esp.write_all(row.as_bytes())
            }
            _ => Ok(()),
        }
    }

    fn write_v1(&mut self, keys: &ikev1::KeyLog) -> io::Result<()> {
        match keys {
            ikev1::KeyLog::Ike {
                spis, encryption, ..
            } => {
                let row = ike_v1_row(spis.0, encryption.as_slice());
                self.ike_v1.write_all(row.as_bytes())
            }
            ikev1::KeyLog::Child {
                from,
                to,
                spi,
                suite,
                encryption,
                integrity,
            } => {
                let Suite::Esp(suite) = Suite::from(*suite) else {
                    // nothing of AH is secret
                    return Ok(());
                };
                let keys = (encryption.as_slice(), integrity.as_slice());
                let row = esp_row(*from, *to, *spi, &suite, keys.0, keys.1);
                self.esp.write_all(row.as_bytes())
            }
            _ => Ok(()),
        }
    }
}

/// Keys that a core tells.
#[derive(Clone, Copy, Debug)]
#[expect(clippy::exhaustive_enums, reason = "IKE has these two versions")]
pub enum Keys<'a> {
    /// Of IKEv1.
    V1(&'a ikev1::KeyLog),
    /// Of IKEv2.
    V2(&'a KeyLog),
}

/// A line of `ikev1_decryption_table`: Wireshark knows the rest from the capture.
fn ike_v1_row(initiator: Spi, key: &[u8]) -> Zeroizing<String> {
    let mut row = Zeroizing::new(String::new());
    text(&mut row, format_args!("{initiator},"));
    hex(&mut row, key);
    row.push('\n');
    row
}

/// A line of `ikev2_decryption_table`.
fn ike_row(
    spis: (Spi, Spi),
    suite: &IkeSuite,
    encryption: (&[u8], &[u8]),
    integrity: (&[u8], &[u8]),
) -> Zeroizing<String> {
    let mut row = Zeroizing::new(String::new());
    let names = ike_cipher(suite.encryption).zip(
        suite
            .integrity
            .map_or(Some("NONE [RFC4306]"), ike_integrity),
    );
    let Some((cipher, mac)) = names else {
        return unknown(
            row,
            &format_args!("{} {}: Wireshark does not know {suite}", spis.0, spis.1),
        );
    };
    text(&mut row, format_args!("{},{},", spis.0, spis.1));
    hex(&mut row, encryption.0);
    row.push(',');
    hex(&mut row, encryption.1);
    text(&mut row, format_args!(",\"{cipher}\","));
    hex(&mut row, integrity.0);
    row.push(',');
    hex(&mut row, integrity.1);
    text(&mut row, format_args!(",\"{mac}\"\n"));
    row
}

/// A line of `esp_sa`.
fn esp_row(
    from: IpAddr,
    to: IpAddr,
    spi: u32,
    suite: &EspSuite,
    encryption: &[u8],
    integrity: &[u8],
) -> Zeroizing<String> {
    let mut row = Zeroizing::new(String::new());
    let names =
        esp_cipher(suite.encryption).zip(suite.integrity.map_or(Some("NULL"), esp_integrity));
    let Some((cipher, mac)) = names else {
        return unknown(
            row,
            &format_args!("0x{spi:08x}: Wireshark does not know {suite}"),
        );
    };
    let family = if from.is_ipv4() { "IPv4" } else { "IPv6" };
    text(
        &mut row,
        format_args!("\"{family}\",\"{from}\",\"{to}\",\"0x{spi:08x}\",\"{cipher}\",\"0x"),
    );
    hex(&mut row, encryption);
    text(&mut row, format_args!("\",\"{mac}\",\""));
    if !integrity.is_empty() {
        row.push_str("0x");
        hex(&mut row, integrity);
    }
    row.push_str("\"\n");
    row
}

fn unknown(mut row: Zeroizing<String>, what: &core::fmt::Arguments<'_>) -> Zeroizing<String> {
    text(&mut row, format_args!("# {what}\n"));
    row
}

fn text(row: &mut String, what: core::fmt::Arguments<'_>) {
    // a String takes everything
    row.write_fmt(what).unwrap_or_default();
}

fn hex(row: &mut String, bytes: &[u8]) {
    for byte in bytes {
        text(row, format_args!("{byte:02x}"));
    }
}

fn ike_cipher(encryption: Encryption) -> Option<String> {
    let bits = encryption.key_bits;
    Some(match encryption.id {
        EncryptionId::TDES => "3DES [RFC2451]".to_owned(),
        EncryptionId::AES_CBC => format!("AES-CBC-{bits} [RFC3602]"),
        EncryptionId::AES_CCM_8 => format!("AES-CCM-{bits} with 8 octet ICV [RFC5282]"),
        EncryptionId::AES_CCM_12 => format!("AES-CCM-{bits} with 12 octet ICV [RFC5282]"),
        EncryptionId::AES_CCM_16 => format!("AES-CCM-{bits} with 16 octet ICV [RFC5282]"),
        EncryptionId::AES_GCM_8 => format!("AES-GCM-{bits} with 8 octet ICV [RFC5282]"),
        EncryptionId::AES_GCM_12 => format!("AES-GCM-{bits} with 12 octet ICV [RFC5282]"),
        EncryptionId::AES_GCM_16 => format!("AES-GCM-{bits} with 16 octet ICV [RFC5282]"),
        EncryptionId::AES_CTR => format!("AES-CTR-{bits} [RFC5930]"),
        _ => return None,
    })
}

fn ike_integrity(id: IntegrityId) -> Option<&'static str> {
    Some(match id {
        IntegrityId::NONE => "NONE [RFC4306]",
        IntegrityId::HMAC_MD5_96 => "HMAC_MD5_96 [RFC2403]",
        IntegrityId::HMAC_SHA1_96 => "HMAC_SHA1_96 [RFC2404]",
        IntegrityId::HMAC_SHA2_256_128 => "HMAC_SHA2_256_128 [RFC4868]",
        IntegrityId::HMAC_SHA2_384_192 => "HMAC_SHA2_384_192 [RFC4868]",
        IntegrityId::HMAC_SHA2_512_256 => "HMAC_SHA2_512_256 [RFC4868]",
        _ => return None,
    })
}

fn esp_cipher(encryption: Encryption) -> Option<&'static str> {
    Some(match encryption.id {
        EncryptionId::NULL => "NULL",
        EncryptionId::DES => "DES-CBC [RFC2405]",
        EncryptionId::TDES => "TripleDES-CBC [RFC2451]",
        EncryptionId::AES_CBC => "AES-CBC [RFC3602]",
        EncryptionId::AES_CTR => "AES-CTR [RFC3686]",
        EncryptionId::AES_GCM_8 => "AES-GCM with 8 octet ICV [RFC4106]",
        EncryptionId::AES_GCM_12 => "AES-GCM with 12 octet ICV [RFC4106]",
        EncryptionId::AES_GCM_16 => "AES-GCM with 16 octet ICV [RFC4106]",
        _ => return None,
    })
}

fn esp_integrity(id: IntegrityId) -> Option<&'static str> {
    Some(match id {
        IntegrityId::NONE => "NULL",
        IntegrityId::HMAC_MD5_96 => "HMAC-MD5-96 [RFC2403]",
        IntegrityId::HMAC_SHA1_96 => "HMAC-SHA-1-96 [RFC2404]",
        IntegrityId::HMAC_SHA2_256_128 => "HMAC-SHA-256-128 [RFC4868]",
        IntegrityId::HMAC_SHA2_384_192 => "HMAC-SHA-384-192 [RFC4868]",
        IntegrityId::HMAC_SHA2_512_256 => "HMAC-SHA-512-256 [RFC4868]",
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_aead_row_holds_keys_with_salts_and_no_integrity() {
        let suite = IkeSuite {
            encryption: Encryption::AES_GCM_16_256,
            integrity: None,
            prf: ikee::doi::PrfId::HMAC_SHA2_256,
            group: ikee::doi::GroupId::ECP_256,
        };
        let row = ike_row(
            (Spi::new([1; 8]), Spi::new([2; 8])),
            &suite,
            (&[0xAA; 36], &[0xBB; 36]),
            (&[], &[]),
        );
        let expected = format!(
            "0101010101010101,0202020202020202,{},{},\"AES-GCM-256 with 16 octet ICV [RFC5282]\",,,\"NONE [RFC4306]\"\n",
            "aa".repeat(36),
            "bb".repeat(36)
        );
        assert_eq!(*row, expected);
    }

    #[test]
    fn an_ikev1_row_holds_the_cookie_and_the_key() {
        let row = ike_v1_row(Spi::new([0x1f; 8]), &[0xAB; 16]);
        let expected = format!("{},{}\n", "1f".repeat(8), "ab".repeat(16));
        assert_eq!(*row, expected);
    }

    #[test]
    fn an_esp_row_names_the_icv_length() {
        let suite = EspSuite {
            encryption: Encryption::AES_GCM_16_128,
            integrity: None,
            group: None,
            esn: false,
        };
        let (from, to) = ("10.0.0.1".parse().unwrap(), "10.0.0.2".parse().unwrap());
        assert_eq!(
            *esp_row(from, to, 0x48f_1f5b, &suite, &[0x24; 20], &[]),
            format!(
                "\"IPv4\",\"10.0.0.1\",\"10.0.0.2\",\"0x048f1f5b\",\"AES-GCM with 16 octet ICV [RFC4106]\",\"0x{}\",\"NULL\",\"\"\n",
                "24".repeat(20)
            )
        );
    }

    #[test]
    fn an_esp_row_with_cbc_and_hmac_has_both_keys() {
        let suite = EspSuite {
            encryption: Encryption::new(EncryptionId::AES_CBC, 128),
            integrity: Some(IntegrityId::HMAC_SHA2_256_128),
            group: None,
            esn: false,
        };
        let (from, to) = ("fd99::1".parse().unwrap(), "fd99::2".parse().unwrap());
        assert_eq!(
            *esp_row(from, to, 1, &suite, &[1; 16], &[2; 32]),
            format!(
                "\"IPv6\",\"fd99::1\",\"fd99::2\",\"0x00000001\",\"AES-CBC [RFC3602]\",\"0x{}\",\"HMAC-SHA-256-128 [RFC4868]\",\"0x{}\"\n",
                "01".repeat(16),
                "02".repeat(32)
            )
        );
    }

    #[test]
    fn a_suite_unknown_to_wireshark_becomes_a_comment_without_keys() {
        let suite = EspSuite {
            encryption: Encryption::new(EncryptionId::CHACHA20_POLY1305, 0),
            integrity: None,
            group: None,
            esn: false,
        };
        let (from, to) = ("10.0.0.1".parse().unwrap(), "10.0.0.2".parse().unwrap());
        let row = esp_row(from, to, 1, &suite, &[0xEE; 36], &[]);
        assert!(
            row.starts_with("# 0x00000001:") && !row.contains("eeee"),
            "{}",
            *row
        );
    }
}
