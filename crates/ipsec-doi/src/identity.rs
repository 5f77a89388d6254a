//! Identities as operators write them (RFC 7296 §3.5, RFC 2407 §4.6.2).

use alloc::vec::Vec;
use core::fmt;
use core::net::IpAddr;

use isakmp_wire::v2::IdType;

use crate::id_type::Readable;

/// Who somebody says to be: the type and data of an ID payload.
#[derive(Clone, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
#[expect(
    clippy::exhaustive_structs,
    reason = "an ID payload has these two fields"
)]
pub struct Identity {
    /// How the data is to be read.
    pub kind: IdType,
    /// The octets on the wire.
    pub data: Vec<u8>,
}

/// Text that is no identity.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum IdentityError {
    /// There is nothing.
    Empty,
    /// What follows `#` is not an even number of hexadecimal digits.
    Hex,
    /// A distinguished name must be given as `asn1dn:#` and its DER in hexadecimal.
    Name,
}

impl fmt::Display for IdentityError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Empty => "an identity must not be empty",
            Self::Hex => "an even number of hexadecimal digits must follow '#'",
            Self::Name => "a distinguished name is written as asn1dn:# and its DER in hexadecimal",
        })
    }
}

impl core::error::Error for IdentityError {}

impl Identity {
    /// From the fields of an ID payload.
    #[must_use]
    pub const fn new(kind: IdType, data: Vec<u8>) -> Self {
        Self { kind, data }
    }

    /// A fully qualified domain name.
    #[must_use]
    pub fn fqdn(name: &str) -> Self {
        Self::new(IdType::FQDN, name.as_bytes().to_vec())
    }

    /// Nobody: who stays anonymous (RFC 7619 §2.2).
    #[must_use]
    pub const fn nobody() -> Self {
        Self::new(IdType::NULL, Vec::new())
    }

    /// An address.
    #[must_use]
    pub fn address(address: IpAddr) -> Self {
        match address {
            IpAddr::V4(ip) => Self::new(IdType::IPV4_ADDR, ip.octets().to_vec()),
            IpAddr::V6(ip) => Self::new(IdType::IPV6_ADDR, ip.octets().to_vec()),
        }
    }

    /// Reads what an operator wrote.
    ///
    /// An address stands for itself, text with an `@` inside for an e-mail address, any other text
    /// for a domain name. A prefix decides otherwise: `fqdn:`, `email:`, `keyid:`, `asn1dn:`; and
    /// after it, or after a leading `@`, `#` begins hexadecimal octets.
    ///
    /// # Errors
    ///
    /// When there is nothing, or `#` is not followed by octets, or a distinguished name is not
    /// given as octets.
    ///
    /// ```
    /// use ipsec_doi::Identity;
    /// use isakmp_wire::v2::IdType;
    ///
    /// assert_eq!(Identity::parse("10.0.0.1")?.kind, IdType::IPV4_ADDR);
    /// assert_eq!(Identity::parse("carol@example.org")?.kind, IdType::RFC822_ADDR);
    /// assert_eq!(Identity::parse("gw.example.org")?.to_string(), "gw.example.org");
    /// # Ok::<(), ipsec_doi::IdentityError>(())
    /// ```
    pub fn parse(text: &str) -> Result<Self, IdentityError> {
        const PREFIXES: [(&str, IdType); 5] = [
            ("fqdn:", IdType::FQDN),
            ("email:", IdType::RFC822_ADDR),
            ("keyid:", IdType::KEY_ID),
            ("asn1dn:", IdType::DER_ASN1_DN),
            ("@", IdType::FQDN),
        ];
        for (prefix, kind) in PREFIXES {
            if let Some(rest) = text.strip_prefix(prefix) {
                let kind = if prefix == "@" && rest.starts_with('#') {
                    IdType::KEY_ID
                } else {
                    kind
                };
                return Self::explicit(kind, rest);
            }
        }
        if let Ok(address) = text.parse() {
            return Ok(Self::address(address));
        }
        if text.is_empty() {
            return Err(IdentityError::Empty);
        }
        let kind = if text.contains('@') {
            IdType::RFC822_ADDR
        } else {
            IdType::FQDN
        };
        Ok(Self::new(kind, text.as_bytes().to_vec()))
    }

    fn explicit(kind: IdType, text: &str) -> Result<Self, IdentityError> {
        let data = match text.strip_prefix('#') {
            Some(digits) => hex(digits).ok_or(IdentityError::Hex)?,
            None if kind == IdType::DER_ASN1_DN => return Err(IdentityError::Name),
            None => text.as_bytes().to_vec(),
        };
        if data.is_empty() {
            Err(IdentityError::Empty)
        } else {
            Ok(Self::new(kind, data))
        }
    }
}

fn hex(digits: &str) -> Option<Vec<u8>> {
    let (pairs, []) = digits.as_bytes().as_chunks::<2>() else {
        return None;
    };
    let digit = |it: u8| {
        char::from(it)
            .to_digit(16)
            .and_then(|it| u8::try_from(it).ok())
    };
    pairs
        .iter()
        .map(|[high, low]| Some((digit(*high)? << 4) | digit(*low)?))
        .collect()
}

impl fmt::Display for Identity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        Readable::new(self.kind, &self.data).fmt(f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_way_of_writing_gives_its_type() {
        let kinds = [
            ("10.0.0.1", IdType::IPV4_ADDR),
            ("fd00::1", IdType::IPV6_ADDR),
            ("a.lab", IdType::FQDN),
            ("@a.lab", IdType::FQDN),
            ("fqdn:10.0.0.1", IdType::FQDN),
            ("a@lab", IdType::RFC822_ADDR),
            ("email:a@lab", IdType::RFC822_ADDR),
            ("keyid:group", IdType::KEY_ID),
            ("keyid:#00ff", IdType::KEY_ID),
            ("@#00ff", IdType::KEY_ID),
            ("asn1dn:#3000", IdType::DER_ASN1_DN),
        ];
        for (text, kind) in kinds {
            assert_eq!(Identity::parse(text).map(|it| it.kind), Ok(kind), "{text}");
        }
        assert_eq!(Identity::parse("keyid:#00ff").unwrap().data, [0, 0xff]);
    }

    #[test]
    fn what_is_no_identity_says_why() {
        assert_eq!(Identity::parse(""), Err(IdentityError::Empty));
        assert_eq!(Identity::parse("keyid:"), Err(IdentityError::Empty));
        assert_eq!(Identity::parse("keyid:#0"), Err(IdentityError::Hex));
        assert_eq!(Identity::parse("keyid:#zz"), Err(IdentityError::Hex));
        assert_eq!(Identity::parse("asn1dn:CN=a"), Err(IdentityError::Name));
    }
}
