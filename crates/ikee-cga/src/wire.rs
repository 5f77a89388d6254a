//! The CGA parameters (RFC 3972 §3), the ID payload that carries a part of them ([MS-IKEE] §2.2.5), the number of the
//! method ([MS-IKEE] §2.2.4).

use alloc::vec::Vec;
use core::fmt;

use isakmp_wire::OwnedPayload;
use isakmp_wire::v1::{AuthMethod, IdType, kind};

/// The value of the authentication method attribute, 0xFDED ([MS-IKEE] §2.2.4). With other peers it means XAUTH.
pub const METHOD: AuthMethod = AuthMethod::CGA;

/// X.509 certificate - signature (RFC 2408 §3.9).
const X509_SIGNATURE: u8 = 4;

/// The CGA parameters data structure (RFC 3972 §3): everything that an address is made of.
///
/// ```
/// use ikee_cga::Parameters;
///
/// // modifier, subnet prefix, collision count, a key (not a real one), an extension field
/// let octets = [&[7; 16][..], &[0xfe, 0x80, 0, 0, 0, 0, 0, 0, 1, 0x30, 2, 5, 0], &[0xff, 0xff, 0, 0]].concat();
/// let parameters = Parameters::parse(&octets)?;
/// assert_eq!(parameters.collisions, 1);
/// assert_eq!(parameters.public_key, [0x30, 2, 5, 0]);
/// assert_eq!(parameters.extensions, [0xff, 0xff, 0, 0]);
/// assert_eq!(parameters.to_octets(), octets);
/// # Ok::<(), ikee_cga::Malformed>(())
/// ```
#[derive(Clone, Debug, Eq, Hash, PartialEq)]
#[expect(
    clippy::exhaustive_structs,
    reason = "the structure has these five fields"
)]
pub struct Parameters {
    /// A random number, changed until Hash2 fits.
    pub modifier: [u8; 16],
    /// The leftmost 64 bits of the address.
    pub prefix: [u8; 8],
    /// How often an address was in use already: 0, 1 or 2.
    pub collisions: u8,
    /// The SubjectPublicKeyInfo, DER.
    pub public_key: Vec<u8>,
    /// The extension fields: hashed, and not interpreted (RFC 3972 §3).
    pub extensions: Vec<u8>,
}

impl Parameters {
    /// Reads the structure; the public key ends where its DER does, and what follows are extension fields.
    ///
    /// # Errors
    ///
    /// [`Malformed`] where a field is not there whole, or the key does not begin as a SubjectPublicKeyInfo does.
    pub fn parse(octets: &[u8]) -> Result<Self, Malformed> {
        let (modifier, rest) = octets.split_first_chunk().ok_or(Malformed::Truncated)?;
        let (prefix, rest) = rest.split_first_chunk().ok_or(Malformed::Truncated)?;
        let (&collisions, rest) = rest.split_first().ok_or(Malformed::Truncated)?;
        let (public_key, extensions) = rest
            .split_at_checked(sequence_len(rest)?)
            .ok_or(Malformed::Truncated)?;
        Ok(Self {
            modifier: *modifier,
            prefix: *prefix,
            collisions,
            public_key: public_key.to_vec(),
            extensions: extensions.to_vec(),
        })
    }

    /// The structure as octets, the input of Hash1 (RFC 3972 §3).
    #[must_use]
    pub fn to_octets(&self) -> Vec<u8> {
        self.parts().concat()
    }

    /// The fields in order.
    pub(crate) fn parts(&self) -> [&[u8]; 5] {
        [
            &self.modifier,
            &self.prefix,
            core::slice::from_ref(&self.collisions),
            &self.public_key,
            &self.extensions,
        ]
    }
}

/// What an ID payload of type ID_IPV6_CGA says ([MS-IKEE] §2.2.5): the CGA parameters without the prefix, which is the
/// address's, and the key, which is the certificate's.
#[derive(Clone, Debug, Eq, Hash, PartialEq)]
#[expect(
    clippy::exhaustive_structs,
    reason = "an ID payload has these three fields"
)]
pub struct Claim {
    /// The modifier.
    pub modifier: [u8; 16],
    /// The collision count.
    pub collisions: u8,
    /// The extension fields.
    pub extensions: Vec<u8>,
}

impl Claim {
    /// The longest extension fields that fit into a payload: 65,535 octets less the payload's 25 others.
    pub const LONGEST_EXTENSIONS: usize = 65_510;

    /// Reads the body of an ID payload. Protocol and port are ignored ([MS-IKEE] §2.2.5).
    ///
    /// # Errors
    ///
    /// [`Malformed::Kind`] for an identity of another type, [`Malformed::Truncated`] where a field is not there whole.
    pub fn parse(body: &[u8]) -> Result<Self, Malformed> {
        let (&[kind, _, _, _], rest) = body.split_first_chunk().ok_or(Malformed::Truncated)?;
        if kind != IdType::IPV6_CGA.get() {
            return Err(Malformed::Kind);
        }
        let (modifier, rest) = rest.split_first_chunk().ok_or(Malformed::Truncated)?;
        let (&collisions, extensions) = rest.split_first().ok_or(Malformed::Truncated)?;
        Ok(Self {
            modifier: *modifier,
            collisions,
            extensions: extensions.to_vec(),
        })
    }

    /// The ID payload: protocol and port are zero ([MS-IKEE] §2.2.5).
    #[must_use]
    pub fn payload(&self) -> OwnedPayload {
        let head = [IdType::IPV6_CGA.get(), 0, 0, 0];
        let parts: [&[u8]; 4] = [
            &head,
            &self.modifier,
            core::slice::from_ref(&self.collisions),
            &self.extensions,
        ];
        OwnedPayload::new(kind::ID, parts.concat())
    }

    /// The CGA parameters, with a prefix and a key.
    #[must_use]
    pub fn complete(self, prefix: [u8; 8], public_key: &[u8]) -> Parameters {
        Parameters {
            modifier: self.modifier,
            prefix,
            collisions: self.collisions,
            public_key: public_key.to_vec(),
            extensions: self.extensions,
        }
    }
}

impl From<&Parameters> for Claim {
    fn from(parameters: &Parameters) -> Self {
        Self {
            modifier: parameters.modifier,
            collisions: parameters.collisions,
            extensions: parameters.extensions.clone(),
        }
    }
}

/// The CERT payload of a self-signed certificate ([MS-IKEE] §3.4.5.4).
pub(crate) fn certificate(der: &[u8]) -> OwnedPayload {
    OwnedPayload::new(kind::CERT, [&[X509_SIGNATURE], der].concat())
}

/// The length of the DER value that begins `octets`, a SEQUENCE, with tag and length (X.690 §8.1, §10.1).
fn sequence_len(octets: &[u8]) -> Result<usize, Malformed> {
    const SEQUENCE: u8 = 0x30;
    let (&[tag, first], rest) = octets.split_first_chunk().ok_or(Malformed::Truncated)?;
    if tag != SEQUENCE {
        return Err(Malformed::Key);
    }
    let (head, len) = match (first, rest) {
        (0..=0x7f, _) => (2, usize::from(first)),
        // the shortest form of a length is the only one
        (0x81, [len @ 0x80..=0xff, ..]) => (3, usize::from(*len)),
        (0x82, [high @ 1..=0xff, low, ..]) => (4, usize::from(u16::from_be_bytes([*high, *low]))),
        (0x81, []) | (0x82, [] | [_]) => return Err(Malformed::Truncated),
        _ => return Err(Malformed::Key),
    };
    Ok(len.saturating_add(head))
}

/// Why octets are not what they should be.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum Malformed {
    /// What stands where the public key should be is not DER of one.
    Key,
    /// An identity of another type.
    Kind,
    /// They end before a field does.
    Truncated,
}

impl Malformed {
    /// In words.
    #[must_use]
    pub const fn reason(self) -> &'static str {
        match self {
            Self::Key => "the public key of the CGA parameters is not a DER SubjectPublicKeyInfo",
            Self::Kind => "the identity is not of type ID_IPV6_CGA",
            Self::Truncated => "the CGA parameters end too early",
        }
    }
}

impl fmt::Display for Malformed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.reason())
    }
}

impl core::error::Error for Malformed {}
