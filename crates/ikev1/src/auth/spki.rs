//! The public key in a certificate (RFC 5280 §4.1). It is found, and nothing else is looked at.

/// DER tags.
const SEQUENCE: u8 = 0x30;
const VERSION: u8 = 0xa0;

/// The SubjectPublicKeyInfo, DER, of a certificate, DER; `None` if it cannot be found.
pub(super) fn of_certificate(certificate: &[u8]) -> Option<&[u8]> {
    let (outer, rest) = element(certificate)?;
    let signed = element(outer.content(SEQUENCE)?)?.0.content(SEQUENCE)?;
    let after_version = match element(signed)? {
        (first, after) if first.tag == VERSION => after,
        _ => signed,
    };
    // serial number, signature algorithm, issuer, validity, subject
    let mut at = after_version;
    for _ in 0..5 {
        at = element(at)?.1;
    }
    let key = element(at)?.0;
    (rest.is_empty() && key.tag == SEQUENCE).then_some(key.whole)
}

struct Element<'a> {
    tag: u8,
    content: &'a [u8],
    whole: &'a [u8],
}

impl<'a> Element<'a> {
    fn content(&self, tag: u8) -> Option<&'a [u8]> {
        (self.tag == tag).then_some(self.content)
    }
}

/// The first element, and what follows it. Lengths are definite, of at most three octets.
fn element(input: &[u8]) -> Option<(Element<'_>, &[u8])> {
    let (&tag, after) = input.split_first()?;
    let (&first, after) = after.split_first()?;
    let (len, after) = match first {
        0..=0x7f => (usize::from(first), after),
        0x81..=0x83 => {
            let (octets, after) = after.split_at_checked(usize::from(first & 0x7f))?;
            let len = octets
                .iter()
                .fold(0_usize, |sum, it| (sum << 8) | usize::from(*it));
            (len, after)
        }
        _ => return None,
    };
    let (content, rest) = after.split_at_checked(len)?;
    let whole = input.get(..input.len().checked_sub(rest.len())?)?;
    Some((
        Element {
            tag,
            content,
            whole,
        },
        rest,
    ))
}

#[cfg(test)]
mod tests {
    use alloc::vec::Vec;

    use super::*;

    fn der(tag: u8, content: &[u8]) -> Vec<u8> {
        let len = u16::try_from(content.len()).unwrap().to_be_bytes();
        [&[tag, 0x82], &len[..], content].concat()
    }

    fn certificate(version: &[u8], key: &[u8]) -> Vec<u8> {
        let fields = [
            der(2, &[1]),
            der(0x30, &[]),
            der(0x30, &[]),
            der(0x30, &[]),
            der(0x30, &[]),
        ];
        let signed = [version, &fields.concat(), key].concat();
        let all = [der(0x30, &signed), der(0x30, &[]), der(3, &[0])].concat();
        der(0x30, &all)
    }

    /// RFC 5280 §4.1: after version, serial number, algorithm, issuer, validity and subject.
    #[test]
    fn the_key_is_found_with_and_without_a_version() {
        let key = der(0x30, &[5; 300]);
        for version in [der(0xa0, &[2, 1, 2]), Vec::new()] {
            let certificate = certificate(&version, &key);
            assert_eq!(of_certificate(&certificate), Some(&*key));
        }
    }

    /// B9: whatever breaks off, or goes on, has no key.
    #[test]
    fn a_certificate_that_breaks_off_or_goes_on_has_no_key() {
        let whole = certificate(&[], &der(0x30, &[5; 30]));
        for at in 0..whole.len() {
            assert_eq!(of_certificate(&whole[..at]), None);
        }
        assert_eq!(of_certificate(&[&whole[..], &[0]].concat()), None);
        for tag in 0..=255 {
            let found = certificate(&[], &der(tag, &[5; 30]));
            assert_eq!(of_certificate(&found).is_some(), tag == 0x30);
        }
    }
}
