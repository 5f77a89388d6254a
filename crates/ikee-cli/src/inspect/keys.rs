//! Key tables: those that Wireshark keeps in its profile (`ikev2_decryption_table`, `esp_sa`), and the secrets file
//! that tcpdump's `-E file` takes. For IKEv1, Wireshark's `ikev1_decryption_table`, or secrets in lines of our own.

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::path::Path;
use std::{fs, io};

use super::report::{Defect, Layer};
use super::suites::{
    Suite, bare, esp_cipher, esp_integrity, ike_cipher, ike_integrity, tcpdump_cipher,
    tcpdump_integrity,
};

/// Everything that the tables hold.
#[derive(Default)]
pub(crate) struct Keys {
    ike: BTreeMap<SpiPair, IkeKeys>,
    ikev1: BTreeMap<[u8; 8], Secret>,
    esp: Vec<EspKeys>,
    /// Lines that could not be used.
    pub(crate) defects: Vec<Defect>,
}

type SpiPair = ([u8; 8], [u8; 8]);

/// The keys of an IKE SA, RFC 7296 §2.14.
pub(crate) struct IkeKeys {
    pub(crate) suite: Suite,
    /// SK_ei and SK_ai.
    pub(crate) initiator: Side,
    /// SK_er and SK_ar.
    pub(crate) responder: Side,
}

/// What the encryption key of an ISAKMP SA follows from (RFC 2409 §5).
pub(crate) enum Secret {
    /// It is this.
    Key(Vec<u8>),
    /// A pre-shared key, and what the key exchange came to.
    Psk { psk: Vec<u8>, shared: Vec<u8> },
    /// What the key exchange came to; signatures need no more.
    Signature { shared: Vec<u8> },
}

/// The keys of one direction.
#[derive(Default)]
pub(crate) struct Side {
    /// SK_e, the salt of a combined-mode cipher at its end.
    pub(crate) encryption: Vec<u8>,
    /// SK_a.
    pub(crate) integrity: Vec<u8>,
}

/// The keys of an ESP SA.
pub(crate) struct EspKeys {
    src: Option<IpAddr>,
    dst: Option<IpAddr>,
    spi: Option<u32>,
    pub(crate) suite: Suite,
    pub(crate) side: Side,
}

impl Keys {
    /// Reads the tables of a directory, or one file.
    ///
    /// # Errors
    /// When a file cannot be read, or a directory holds none of the tables.
    pub(crate) fn read(path: &Path) -> io::Result<Self> {
        let mut keys = Self::default();
        if !path.is_dir() {
            let name = path.file_name().and_then(|name| name.to_str());
            keys.table(name.unwrap_or_default(), &read_table(path)?);
            return Ok(keys);
        }
        let mut found = false;
        for name in [IKE_TABLE, ESP_TABLE, IKEV1_TABLE, SECRETS] {
            match read_table(&path.join(name)) {
                Ok(text) => {
                    found = true;
                    keys.table(name, &text);
                }
                Err(error) if error.kind() == io::ErrorKind::NotFound => {}
                Err(error) => return Err(error),
            }
        }
        if found {
            return Ok(keys);
        }
        let message = format!("no {IKE_TABLE}, {IKEV1_TABLE}, {SECRETS}, {ESP_TABLE} in it");
        Err(io::Error::new(io::ErrorKind::NotFound, message))
    }

    /// The keys of the IKE SA with these SPIs.
    pub(crate) fn ike(&self, initiator: &[u8; 8], responder: &[u8; 8]) -> Option<&IkeKeys> {
        self.ike.get(&(*initiator, *responder))
    }

    /// What is known of the ISAKMP SA with this initiator's cookie.
    pub(crate) fn ikev1(&self, initiator: &[u8; 8]) -> Option<&Secret> {
        self.ikev1.get(initiator)
    }

    /// The keys of an ESP SA.
    pub(crate) fn esp(&self, src: IpAddr, dst: IpAddr, spi: u32) -> Option<&EspKeys> {
        self.esp.iter().find(|keys| {
            keys.src.is_none_or(|wanted| wanted == src)
                && keys.dst.is_none_or(|wanted| wanted == dst)
                && keys.spi.is_none_or(|wanted| wanted == spi)
        })
    }

    fn table(&mut self, name: &str, text: &str) {
        for (index, line) in text.lines().enumerate() {
            let line = line.trim();
            if line.is_empty() || line.starts_with('#') {
                continue;
            }
            let outcome = if line.starts_with("ikev2 ") {
                self.tcpdump_line(line)
            } else if name == ESP_TABLE {
                esp_line(line).map(|keys| self.esp.push(keys))
            } else if line.starts_with("ikev1 ") {
                secret_line(line).map(|(cookie, it)| drop(self.ikev1.insert(cookie, it)))
            } else if name == IKEV1_TABLE {
                key_line(line).map(|(cookie, it)| drop(self.ikev1.insert(cookie, it)))
            } else {
                ike_line(line).map(|(spis, keys)| drop(self.ike.insert(spis, keys)))
            };
            if let Err(reason) = outcome
                && self.defects.len() < MAX_DEFECTS
            {
                let kind = format!("{name}: {reason}");
                self.defects.push(Defect::new(Layer::Keys, kind, index + 1));
            }
        }
    }

    /// `ikev2 I|R 0xSPIi 0xSPIr integrity:0xkey cipher:0xkey`, one direction a line.
    fn tcpdump_line(&mut self, line: &str) -> Result<(), &'static str> {
        let words: Vec<&str> = line.split_ascii_whitespace().collect();
        let [_, side, initiator, responder, integrity, cipher] = words[..] else {
            return Err("six words expected");
        };
        let spis = (spi(initiator)?, spi(responder)?);
        let (integrity, integrity_key) = integrity.split_once(':').ok_or("no colon")?;
        let (cipher, cipher_key) = cipher.split_once(':').ok_or("no colon")?;
        let key = Side {
            encryption: unhex(cipher_key).ok_or("key is not hexadecimal")?,
            integrity: unhex(integrity_key).ok_or("key is not hexadecimal")?,
        };
        let suite = Suite::new(
            tcpdump_cipher(cipher).ok_or("unknown cipher")?,
            tcpdump_integrity(integrity).ok_or("unknown integrity algorithm")?,
            format!("{cipher} {integrity}"),
        );
        let keys = self.ike.entry(spis).or_insert_with(|| IkeKeys {
            suite: suite.clone(),
            initiator: Side::default(),
            responder: Side::default(),
        });
        keys.suite = suite;
        match side {
            "I" => keys.initiator = key,
            "R" => keys.responder = key,
            _ => return Err("I or R expected"),
        }
        Ok(())
    }
}

/// Wireshark's: the initiator's cookie and the encryption key.
fn key_line(line: &str) -> Result<([u8; 8], Secret), &'static str> {
    let columns = columns(line);
    let [cookie, key] = &columns[..] else {
        return Err("two columns expected");
    };
    let key = unhex(key).ok_or("key is not hexadecimal")?;
    Ok((spi(cookie)?, Secret::Key(key)))
}

/// `ikev1 COOKIE psk:TEXT dh:0xSECRET`, or `signature` for the pre-shared key; `psk:0x…` is hexadecimal.
fn secret_line(line: &str) -> Result<([u8; 8], Secret), &'static str> {
    let words: Vec<&str> = line.split_ascii_whitespace().collect();
    let [_, cookie, method, shared] = words[..] else {
        return Err("four words expected: ikev1 COOKIE psk:TEXT dh:0xSECRET");
    };
    let shared = shared.strip_prefix("dh:").ok_or("dh: expected")?;
    let shared = unhex(shared).ok_or("the shared secret is not hexadecimal")?;
    let secret = match method.strip_prefix("psk:") {
        Some(psk) if psk.starts_with("0x") => {
            let psk = unhex(psk).ok_or("the pre-shared key is not hexadecimal")?;
            Secret::Psk { psk, shared }
        }
        Some(psk) => Secret::Psk {
            psk: psk.as_bytes().to_vec(),
            shared,
        },
        None if method == "signature" => Secret::Signature { shared },
        None => return Err("psk:TEXT or signature expected"),
    };
    Ok((spi(cookie)?, secret))
}

fn ike_line(line: &str) -> Result<(SpiPair, IkeKeys), &'static str> {
    let columns = columns(line);
    let [spi_i, spi_r, ei, er, cipher, ai, ar, integrity] = &columns[..] else {
        return Err("eight columns expected");
    };
    let key = |encryption, integrity| -> Result<Side, &'static str> {
        Ok(Side {
            encryption: unhex(encryption).ok_or("SK_e is not hexadecimal")?,
            integrity: unhex(integrity).ok_or("SK_a is not hexadecimal")?,
        })
    };
    let suite = Suite::new(
        ike_cipher(cipher).ok_or("unknown encryption algorithm")?,
        ike_integrity(integrity).ok_or("unknown integrity algorithm")?,
        [bare(cipher), bare(integrity)].join(" "),
    );
    let keys = IkeKeys {
        suite,
        initiator: key(ei, ai)?,
        responder: key(er, ar)?,
    };
    Ok(((spi(spi_i)?, spi(spi_r)?), keys))
}

fn esp_line(line: &str) -> Result<EspKeys, &'static str> {
    let columns = columns(line);
    let [_, src, dst, spi, cipher, key, integrity, integrity_key, ..] = &columns[..] else {
        return Err("eight columns expected");
    };
    let address = |text: &str| match text {
        "*" | "" => Ok(None),
        text => text.parse().map(Some).map_err(|_| "not an address"),
    };
    let encryption = unhex(key).ok_or("key is not hexadecimal")?;
    let cipher_id = esp_cipher(cipher, encryption.len()).ok_or("unknown encryption algorithm")?;
    let check = esp_integrity(integrity).ok_or("unknown integrity algorithm")?;
    Ok(EspKeys {
        src: address(src)?,
        dst: address(dst)?,
        spi: match spi.as_str() {
            "*" | "" => None,
            text => Some(esp_spi(text)?),
        },
        suite: Suite::new(cipher_id, check, [bare(cipher), bare(integrity)].join(" ")),
        side: Side {
            encryption,
            integrity: unhex(integrity_key).ok_or("key is not hexadecimal")?,
        },
    })
}

fn esp_spi(text: &str) -> Result<u32, &'static str> {
    match text.strip_prefix("0x").or_else(|| text.strip_prefix("0X")) {
        Some(digits) => u32::from_str_radix(digits, 16),
        None => text.parse(),
    }
    .map_err(|_| "not an SPI")
}

/// The columns of a line, quotes removed.
fn columns(line: &str) -> Vec<String> {
    let mut columns = vec![String::new()];
    let mut quoted = false;
    for letter in line.chars() {
        match letter {
            '"' => quoted = !quoted,
            ',' if !quoted => columns.push(String::new()),
            letter => {
                if let Some(column) = columns.last_mut() {
                    column.push(letter);
                }
            }
        }
    }
    columns
}

fn spi(text: &str) -> Result<[u8; 8], &'static str> {
    unhex(text)
        .and_then(|octets| octets.try_into().ok())
        .ok_or("an SPI is 16 hexadecimal digits")
}

pub(crate) fn unhex(text: &str) -> Option<Vec<u8>> {
    let digits = text.strip_prefix("0x").unwrap_or(text).as_bytes();
    let nibble = |digit: u8| char::from(digit).to_digit(16);
    digits
        .chunks(2)
        .map(|pair| match *pair {
            [high, low] => u8::try_from(nibble(high)? * 16 + nibble(low)?).ok(),
            _ => None,
        })
        .collect()
}

fn read_table(path: &Path) -> io::Result<String> {
    let octets = fs::read(path)?;
    Ok(String::from_utf8_lossy(&octets).into_owned())
}

const IKE_TABLE: &str = "ikev2_decryption_table";
const ESP_TABLE: &str = "esp_sa";
const IKEV1_TABLE: &str = "ikev1_decryption_table";
/// Lines that begin with `ikev1`.
const SECRETS: &str = "ikev1_secrets";
const MAX_DEFECTS: usize = 100;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::inspect::suites::Check;

    #[test]
    fn a_line_that_cannot_be_used_is_named_and_the_others_are() {
        let mut keys = Keys::default();
        let table = "# comment\n\
            0001020304050607,08090a0b0c0d0e0f,00,11,\"NULL [RFC2410]\",22,33,\"HMAC_SHA1_96 [RFC2404]\"\n\
            0001020304050607,08090a0b0c0d0e0f,00,11,\"ROT13\",22,33,\"HMAC_SHA1_96 [RFC2404]\"\n\
            too,few\n";
        keys.table(IKE_TABLE, table);
        assert!(
            keys.ike(&[0, 1, 2, 3, 4, 5, 6, 7], &[8, 9, 10, 11, 12, 13, 14, 15])
                .is_some()
        );
        let lines: Vec<usize> = keys.defects.iter().map(|defect| defect.offset).collect();
        assert_eq!(lines, [3, 4]);
        assert_eq!(
            keys.defects[0].to_string(),
            "ikev2_decryption_table: unknown encryption algorithm (key table line 3)"
        );
    }

    #[test]
    fn esp_keys_are_found_by_addresses_and_spi_with_wildcards() {
        let mut keys = Keys::default();
        let key = "0x000102030405060708090a0b0c0d0e0f10111213";
        let table = format!(
            "\"IPv4\",\"10.0.0.1\",\"*\",\"0x01020304\",\"AES-GCM with 16 octet ICV [RFC4106]\",\"{key}\",\"NULL\",\"\"\n"
        );
        keys.table(ESP_TABLE, &table);
        assert_eq!(keys.defects, []);
        let (a, b) = ([10, 0, 0, 1].into(), [10, 0, 0, 2].into());
        let found = keys.esp(a, b, 0x0102_0304).unwrap();
        assert_eq!(found.suite.check, Check::Combined);
        assert_eq!(found.suite.encryption.key_bits, 128);
        assert!(keys.esp(b, a, 0x0102_0304).is_none());
        assert!(keys.esp(a, b, 1).is_none());
    }
}
