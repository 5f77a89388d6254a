use ipsec_doi::HashId;

use crate::SignatureScheme;

impl SignatureScheme {
    /// The DER AlgorithmIdentifier of the scheme, as the AUTH payload of method 14 begins with (RFC 7427 §3 and
    /// Appendix A, RFC 8420 §2). `None` for the schemes that method cannot name, those of IKEv1 and RFC 4754.
    #[must_use]
    pub fn algorithm_identifier(self) -> Option<&'static [u8]> {
        IDENTIFIERS
            .iter()
            .find(|(scheme, _)| *scheme == self)
            .map(|(_, der)| *der)
    }

    /// The scheme that a DER AlgorithmIdentifier names. Beside what
    /// [`algorithm_identifier`](Self::algorithm_identifier) writes, the parameters of RSA and PSS are understood in the
    /// variants of RFC 4055 §2.1 and §3.1: NULL or absent after a hash, defaults left out or spelled out.
    ///
    /// `None` for everything else, among it PSS with mixed hashes or a salt not as long as the hash, PSS without
    /// parameters, and octets after the end.
    #[must_use]
    pub fn from_algorithm_identifier(der: &[u8]) -> Option<Self> {
        let mut identifier = Reader::whole(der)?;
        let oid = identifier.take(OID)?;
        if oid == PSS {
            return pss(identifier).map(Self::RsaPss);
        }
        let (scheme, _) = IDENTIFIERS
            .iter()
            .find(|(scheme, known)| *scheme != Self::RsaPss(HashId::SHA1) && names(known, oid))?;
        match scheme {
            Self::RsaPkcs1(_) => identifier.null_or_end()?,
            _ => identifier.end()?,
        }
        Some(*scheme)
    }
}

/// Whether the AlgorithmIdentifier `der` has the object identifier `oid`.
fn names(der: &[u8], oid: &[u8]) -> bool {
    Reader::whole(der).and_then(|mut reader| reader.take(OID)) == Some(oid)
}

/// RSASSA-PSS-params, RFC 4055 §3.1.
fn pss(mut identifier: Reader<'_>) -> Option<HashId> {
    let mut fields = Reader(identifier.take(SEQUENCE)?);
    identifier.end()?;
    let hash = match fields.optional(0xA0) {
        Some(field) => hash(Reader::whole(field)?)?,
        None => HashId::SHA1,
    };
    let mask_hash = match fields.optional(0xA1) {
        Some(field) => {
            let mut mask = Reader::whole(field)?;
            if mask.take(OID)? != MGF1 {
                return None;
            }
            let parameters = Reader(mask.take(SEQUENCE)?);
            mask.end()?;
            self::hash(parameters)?
        }
        None => HashId::SHA1,
    };
    let salt = small_integer(fields.optional(0xA2), 20)?;
    let trailer = small_integer(fields.optional(0xA3), 1)?;
    fields.end()?;
    (mask_hash == hash && trailer == 1 && Some(salt) == digest_len(hash)).then_some(hash)
}

/// The content of a hash's AlgorithmIdentifier.
fn hash(mut identifier: Reader<'_>) -> Option<HashId> {
    let oid = identifier.take(OID)?;
    identifier.null_or_end()?;
    HASHES
        .iter()
        .find(|(_, known)| *known == oid)
        .map(|(hash, _)| *hash)
}

fn digest_len(hash: HashId) -> Option<u8> {
    match hash {
        HashId::SHA1 => Some(20),
        HashId::SHA2_256 => Some(32),
        HashId::SHA2_384 => Some(48),
        HashId::SHA2_512 => Some(64),
        _ => None,
    }
}

/// The value of an explicitly tagged INTEGER between 0 and 127, or `default` without one.
fn small_integer(field: Option<&[u8]>, default: u8) -> Option<u8> {
    match field {
        None => Some(default),
        Some([INTEGER, 1, value @ 0..=0x7F]) => Some(*value),
        Some(_) => None,
    }
}

/// The content of a constructed DER value, read element by element. Lengths up to 127 octets, the short form, are all
/// that these identifiers need.
struct Reader<'a>(&'a [u8]);

impl<'a> Reader<'a> {
    /// Opens a SEQUENCE that fills `der`.
    fn whole(der: &'a [u8]) -> Option<Self> {
        let mut outer = Self(der);
        let content = outer.take(SEQUENCE)?;
        outer.end()?;
        Some(Self(content))
    }

    fn take(&mut self, tag: u8) -> Option<&'a [u8]> {
        let (&[first, length @ 0..=0x7F], rest) = self.0.split_first_chunk()? else {
            return None;
        };
        let (content, rest) = rest.split_at_checked(length.into())?;
        if first != tag {
            return None;
        }
        self.0 = rest;
        Some(content)
    }

    /// As `take`, where the element may be missing. A malformed one is left for `end` to refuse.
    fn optional(&mut self, tag: u8) -> Option<&'a [u8]> {
        self.take(tag)
    }

    fn end(&self) -> Option<()> {
        self.0.is_empty().then_some(())
    }

    fn null_or_end(&self) -> Option<()> {
        matches!(self.0, [] | [0x05, 0x00]).then_some(())
    }
}

const INTEGER: u8 = 0x02;
const OID: u8 = 0x06;
const SEQUENCE: u8 = 0x30;

/// id-RSASSA-PSS, RFC 4055 §3.1.
const PSS: &[u8] = b"\x2a\x86\x48\x86\xf7\x0d\x01\x01\x0a";
/// id-mgf1, RFC 4055 §2.2.
const MGF1: &[u8] = b"\x2a\x86\x48\x86\xf7\x0d\x01\x01\x08";

/// RFC 4055 §2.1.
const HASHES: [(HashId, &[u8]); 4] = [
    (HashId::SHA1, b"\x2b\x0e\x03\x02\x1a"),
    (HashId::SHA2_256, b"\x60\x86\x48\x01\x65\x03\x04\x02\x01"),
    (HashId::SHA2_384, b"\x60\x86\x48\x01\x65\x03\x04\x02\x02"),
    (HashId::SHA2_512, b"\x60\x86\x48\x01\x65\x03\x04\x02\x03"),
];

/// What we write, RFC 7427 Appendix A and RFC 8420 Appendix A.
const IDENTIFIERS: [(SignatureScheme, &[u8]); 13] = [
    (
        SignatureScheme::EcdsaDer(HashId::SHA1),
        b"\x30\x09\x06\x07\x2a\x86\x48\xce\x3d\x04\x01",
    ),
    (
        SignatureScheme::EcdsaDer(HashId::SHA2_256),
        b"\x30\x0a\x06\x08\x2a\x86\x48\xce\x3d\x04\x03\x02",
    ),
    (
        SignatureScheme::EcdsaDer(HashId::SHA2_384),
        b"\x30\x0a\x06\x08\x2a\x86\x48\xce\x3d\x04\x03\x03",
    ),
    (
        SignatureScheme::EcdsaDer(HashId::SHA2_512),
        b"\x30\x0a\x06\x08\x2a\x86\x48\xce\x3d\x04\x03\x04",
    ),
    (SignatureScheme::Ed25519, b"\x30\x05\x06\x03\x2b\x65\x70"),
    (
        SignatureScheme::RsaPkcs1(HashId::SHA1),
        b"\x30\x0d\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x01\x05\x05\x00",
    ),
    (
        SignatureScheme::RsaPkcs1(HashId::SHA2_256),
        b"\x30\x0d\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x01\x0b\x05\x00",
    ),
    (
        SignatureScheme::RsaPkcs1(HashId::SHA2_384),
        b"\x30\x0d\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x01\x0c\x05\x00",
    ),
    (
        SignatureScheme::RsaPkcs1(HashId::SHA2_512),
        b"\x30\x0d\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x01\x0d\x05\x00",
    ),
    (
        SignatureScheme::RsaPss(HashId::SHA1),
        b"\x30\x0d\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x01\x0a\x30\x00",
    ),
    (
        SignatureScheme::RsaPss(HashId::SHA2_256),
        b"\x30\x41\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x01\x0a\x30\x34\
          \xa0\x0f\x30\x0d\x06\x09\x60\x86\x48\x01\x65\x03\x04\x02\x01\x05\x00\
          \xa1\x1c\x30\x1a\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x01\x08\
          \x30\x0d\x06\x09\x60\x86\x48\x01\x65\x03\x04\x02\x01\x05\x00\xa2\x03\x02\x01\x20",
    ),
    (
        SignatureScheme::RsaPss(HashId::SHA2_384),
        b"\x30\x41\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x01\x0a\x30\x34\
          \xa0\x0f\x30\x0d\x06\x09\x60\x86\x48\x01\x65\x03\x04\x02\x02\x05\x00\
          \xa1\x1c\x30\x1a\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x01\x08\
          \x30\x0d\x06\x09\x60\x86\x48\x01\x65\x03\x04\x02\x02\x05\x00\xa2\x03\x02\x01\x30",
    ),
    (
        SignatureScheme::RsaPss(HashId::SHA2_512),
        b"\x30\x41\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x01\x0a\x30\x34\
          \xa0\x0f\x30\x0d\x06\x09\x60\x86\x48\x01\x65\x03\x04\x02\x03\x05\x00\
          \xa1\x1c\x30\x1a\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x01\x08\
          \x30\x0d\x06\x09\x60\x86\x48\x01\x65\x03\x04\x02\x03\x05\x00\xa2\x03\x02\x01\x40",
    ),
];

#[cfg(test)]
mod tests {
    use hex_literal::hex;

    use super::*;

    #[test]
    fn what_is_written_is_understood() {
        for (scheme, der) in IDENTIFIERS {
            assert_eq!(scheme.algorithm_identifier(), Some(der));
            assert_eq!(
                SignatureScheme::from_algorithm_identifier(der),
                Some(scheme)
            );
        }
    }

    /// RFC 7427 §3: what the older methods mean has no identifier.
    #[test]
    fn the_schemes_of_older_methods_have_no_identifier() {
        for scheme in [
            SignatureScheme::RsaBare,
            SignatureScheme::EcdsaFixed(HashId::SHA2_256),
        ] {
            assert_eq!(scheme.algorithm_identifier(), None);
        }
    }

    /// RFC 4055 §3.1: with the default trailer field spelled out, and without NULL after the hashes.
    #[test]
    fn pss_is_understood_in_its_variants() {
        let spelled_out = hex!(
            "3046 06092a864886f70d01010a 3039 a00f300d06096086480165030402010500"
            "a11c301a06092a864886f70d010108300d06096086480165030402010500 a203020120 a303020101"
        );
        let without_null = hex!(
            "303d 06092a864886f70d01010a 3030 a00d300b0609608648016503040201"
            "a11a301806092a864886f70d010108300b0609608648016503040201 a203020120"
        );
        for der in [&spelled_out[..], &without_null] {
            assert_eq!(
                SignatureScheme::from_algorithm_identifier(der),
                Some(SignatureScheme::RsaPss(HashId::SHA2_256))
            );
        }
    }

    /// B9: huge salt, absent parameters.
    #[test]
    fn surprising_pss_parameters_are_refused() {
        let salt_127 = hex!(
            "3041 06092a864886f70d01010a 3034 a00f300d06096086480165030402010500"
            "a11c301a06092a864886f70d010108300d06096086480165030402010500 a20302017f"
        );
        let mixed_hashes = hex!(
            "3041 06092a864886f70d01010a 3034 a00f300d06096086480165030402010500"
            "a11c301a06092a864886f70d010108300d06096086480165030402020500 a203020120"
        );
        let absent = hex!("300b 06092a864886f70d01010a");
        for der in [&salt_127[..], &mixed_hashes, &absent] {
            assert_eq!(SignatureScheme::from_algorithm_identifier(der), None);
        }
    }

    #[test]
    fn damaged_identifiers_are_refused_and_never_panic() {
        for (scheme, der) in IDENTIFIERS {
            for end in 0..der.len() {
                assert_eq!(
                    SignatureScheme::from_algorithm_identifier(&der[..end]),
                    None
                );
            }
            let longer = [der, &[0]].concat();
            assert_eq!(SignatureScheme::from_algorithm_identifier(&longer), None);
            for position in 0..der.len() {
                for octet in 0..=255 {
                    let mut damaged = der.to_vec();
                    damaged[position] = octet;
                    let read = SignatureScheme::from_algorithm_identifier(&damaged);
                    assert!(damaged == der || read != Some(scheme), "{damaged:02x?}");
                }
            }
        }
    }
}
