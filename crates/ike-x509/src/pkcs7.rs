use core::fmt;

use x509_parser::asn1_rs::{Any, Class, FromDer, Tag};

use crate::store::{MAX_CERTIFICATES, MAX_CRLS};

/// What a PKCS #7 wrapper has in it: certificates and revocation lists in DER, which nobody has looked at.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[expect(clippy::exhaustive_structs, reason = "a wrapper has nothing else")]
pub struct Unwrapped {
    /// The certificates, that of the peer itself first as far as can be told: DER sorts them by their octets.
    pub certificates: Vec<Vec<u8>>,
    /// The revocation lists.
    pub crls: Vec<Vec<u8>>,
}

/// Why a PKCS #7 wrapper cannot be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum WrapperError {
    /// Not the DER of SignedData without content (RFC 2315 §9.1), or something after its end.
    Encoding,
    /// It signs something, instead of merely holding certificates.
    Signs,
    /// More certificates or lists than a peer may send.
    TooMany,
    /// Larger than a payload can be.
    Size,
}

impl fmt::Display for WrapperError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Encoding => "not the DER of certificates in PKCS #7",
            Self::Signs => "its PKCS #7 signs something, and is not for certificates alone",
            Self::TooMany => "more certificates or CRLs in PKCS #7 than a peer may send",
            Self::Size => "larger than 64 KiB",
        })
    }
}

impl core::error::Error for WrapperError {}

/// Largest wrapper, in octets: what a CERT payload can hold.
const LARGEST: usize = 65_535;
/// pkcs7-signedData, 1.2.840.113549.1.7.2.
const SIGNED_DATA: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x07, 0x02];
/// pkcs7-data, 1.2.840.113549.1.7.1.
const DATA: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x07, 0x01];

/// Takes certificates out of a PKCS #7 wrapper, as a CERT payload of encoding 1 has it (RFC 2408 §3.9) and old Windows
/// releases send for a chain: SignedData that signs nothing (RFC 2315 §9.1).
///
/// # Errors
///
/// When `der` is something else, or has more in it than a peer may send.
pub fn unwrap_pkcs7(der: &[u8]) -> Result<Unwrapped, WrapperError> {
    if der.len() > LARGEST {
        return Err(WrapperError::Size);
    }
    let mut outside = Walk(der);
    let mut info = Walk(outside.universal(Tag::Sequence)?);
    outside.end()?;
    if info.universal(Tag::Oid)? != SIGNED_DATA {
        return Err(WrapperError::Encoding);
    }
    let mut content = Walk(info.tagged(0)?.ok_or(WrapperError::Encoding)?);
    info.end()?;
    let mut signed = Walk(content.universal(Tag::Sequence)?);
    content.end()?;
    signed.universal(Tag::Integer)?;
    signed.universal(Tag::Set)?;
    let mut inner = Walk(signed.universal(Tag::Sequence)?);
    if inner.universal(Tag::Oid)? != DATA {
        return Err(WrapperError::Encoding);
    }
    if !inner.0.is_empty() {
        return Err(WrapperError::Signs);
    }
    let certificates = signed.tagged(0)?.unwrap_or_default();
    let crls = signed.tagged(1)?.unwrap_or_default();
    let signers = signed.universal(Tag::Set)?;
    signed.end()?;
    if !signers.is_empty() {
        return Err(WrapperError::Signs);
    }
    Ok(Unwrapped {
        certificates: own_first(all(certificates, MAX_CERTIFICATES)?),
        crls: all(crls, MAX_CRLS)?,
    })
}

/// Every SEQUENCE in a set, with its header.
fn all(set: &[u8], most: usize) -> Result<Vec<Vec<u8>>, WrapperError> {
    let mut rest = Walk(set);
    let mut found = Vec::new();
    while !rest.0.is_empty() {
        if found.len() == most {
            return Err(WrapperError::TooMany);
        }
        let before = rest.0;
        rest.universal(Tag::Sequence)?;
        let length = before.len().saturating_sub(rest.0.len());
        found.push(before.get(..length).unwrap_or_default().to_vec());
    }
    Ok(found)
}

/// Puts the first one in front that is no CA's and has issued none of the others.
fn own_first(mut all: Vec<Vec<u8>>) -> Vec<Vec<u8>> {
    let read = all
        .iter()
        .map(|der| crate::Certificate::from_der(der.as_slice()).ok());
    let read: Vec<_> = read.collect();
    let own = read.iter().position(|it| {
        it.as_ref().is_some_and(|it| {
            let mut others = read.iter().flatten().filter(|other| *other != it);
            !it.is_authority() && others.all(|other| other.issuer() != it.subject())
        })
    });
    if let Some(front) = own.and_then(|own| all.get_mut(..=own)) {
        front.rotate_right(1);
    }
    all
}

/// What is left of an encoding.
struct Walk<'a>(&'a [u8]);

impl<'a> Walk<'a> {
    fn next(&mut self) -> Result<Any<'a>, WrapperError> {
        let (rest, any) = Any::from_der(self.0).map_err(|_| WrapperError::Encoding)?;
        self.0 = rest;
        Ok(any)
    }

    /// The content of what comes next, which has this tag.
    fn universal(&mut self, tag: Tag) -> Result<&'a [u8], WrapperError> {
        let any = self.next()?;
        if any.class() == Class::Universal && any.tag() == tag {
            Ok(any.data)
        } else {
            Err(WrapperError::Encoding)
        }
    }

    /// The content of what comes next, if it has this tag of the context.
    fn tagged(&mut self, number: u32) -> Result<Option<&'a [u8]>, WrapperError> {
        if self.0.is_empty() {
            return Ok(None);
        }
        let before = self.0;
        let any = self.next()?;
        if any.class() == Class::ContextSpecific && any.tag() == Tag(number) {
            return Ok(Some(any.data));
        }
        self.0 = before;
        Ok(None)
    }

    fn end(&self) -> Result<(), WrapperError> {
        if self.0.is_empty() {
            Ok(())
        } else {
            Err(WrapperError::Encoding)
        }
    }
}

#[cfg(test)]
mod tests;
