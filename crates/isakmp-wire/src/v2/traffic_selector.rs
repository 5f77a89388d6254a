//! Traffic selectors (RFC 7296 §3.13).
//!
//! ```text
//! +---------------+---------------+---------------+---------------+
//! |    number     |                   reserved                    |
//! +---------------+---------------+---------------+---------------+
//! |     type      |   protocol    |  length, from the type on     |
//! +---------------+---------------+---------------+---------------+
//! |          start port           |           end port            |
//! +---------------+---------------+---------------+---------------+
//! |                 start address, end address                    |
//! ```

use alloc::vec::Vec;
use core::fmt;
use core::iter::FusedIterator;
use core::net::IpAddr;

use crate::error::{ErrorKind, ParseError};
use crate::payload::RawPayload;
use crate::reader::Reader;
use crate::v2::TsType;
use crate::writer::{Encode, patch};

/// The octets of a selector before what depends on its type.
const SELECTOR_HEAD: usize = 4;

/// What traffic may go through a child SA, on one side (RFC 7296 §3.13).
///
/// Selectors of a type other than the two address ranges (security labels, Fibre Channel) are skipped by
/// [`iter`](Self::iter); [`raw`](Self::raw) shows all. That a selector was skipped narrows what is offered, except for
/// labels, which restrict (RFC 9478 §2.1): who supports them not must refuse them, see
/// [`has_unknown`](Self::has_unknown).
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct TrafficSelectors<'a> {
    selectors: &'a [u8],
    count: u8,
}

impl<'a> TrafficSelectors<'a> {
    /// Reads the payload: at most 255 selectors, whose number agrees with the count, and whose addresses have the
    /// length of their family. Whether start and end are in order is not looked at.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Truncated`], [`ErrorKind::SelectorLength`] at a length field, [`ErrorKind::SelectorCount`] at the
    /// number.
    #[inline]
    pub fn parse(raw: RawPayload<'a>) -> Result<Self, ParseError> {
        let mut reader = raw.reader();
        let [count, _, _, _] = reader.array()?;
        let selectors = { reader }.rest();
        let mut found: usize = 0;
        while !reader.is_empty() {
            step(&mut reader)?;
            found = found.saturating_add(1);
        }
        if found == usize::from(count) {
            Ok(Self { selectors, count })
        } else {
            Err(ParseError::new(ErrorKind::SelectorCount, raw.body_offset()))
        }
    }

    /// The address ranges, in order; other selectors are skipped.
    #[inline]
    pub fn iter(&self) -> impl Iterator<Item = Selector> + use<'a> {
        self.raw().filter_map(|raw| raw.selector())
    }

    /// All selectors, in order.
    #[inline]
    #[must_use]
    pub const fn raw(&self) -> RawSelectorIter<'a> {
        RawSelectorIter {
            reader: Reader::new(self.selectors, 0),
        }
    }

    /// How many selectors there are, of whatever type.
    #[inline]
    #[must_use]
    pub fn count(&self) -> usize {
        usize::from(self.count)
    }

    /// Whether there are selectors that [`iter`](Self::iter) skips.
    #[must_use]
    pub fn has_unknown(&self) -> bool {
        self.raw().any(|raw| raw.selector().is_none())
    }

    /// Appends a body with these selectors to `out`. A selector whose addresses are of two families, and what comes
    /// after the 255th, is left out.
    pub fn write(selectors: &[Selector], out: &mut Vec<u8>) {
        let start = out.len();
        out.extend_from_slice(&[0; 4]);
        let mut count: u8 = 0;
        for selector in selectors {
            let Some(next) = count.checked_add(1) else {
                break;
            };
            if selector.start.is_ipv4() == selector.end.is_ipv4() {
                selector.encode(out);
                count = next;
            }
        }
        patch(out, start, &[count]);
    }
}

impl fmt::Debug for TrafficSelectors<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.raw()).finish()
    }
}

impl Encode for TrafficSelectors<'_> {
    #[inline]
    fn encoded_len(&self) -> usize {
        self.selectors.len().saturating_add(4)
    }

    #[inline]
    fn encode(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(&[self.count, 0, 0, 0]);
        out.extend_from_slice(self.selectors);
    }
}

/// A range of addresses, a range of ports, a protocol (RFC 7296 §3.13.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Selector {
    /// The type; written as the family of the addresses says.
    pub kind: TsType,
    /// The IP protocol; 0 for any.
    pub protocol: u8,
    /// The first port; for ICMP, type and code.
    pub start_port: u16,
    /// The last port.
    pub end_port: u16,
    /// The first address.
    pub start: IpAddr,
    /// The last address, of the same family.
    pub end: IpAddr,
}

impl Encode for Selector {
    #[inline]
    fn encoded_len(&self) -> usize {
        if self.start.is_ipv4() { 16 } else { 40 }
    }

    /// Both addresses are of the family of the first; the end of another family reads as the first again.
    fn encode(&self, out: &mut Vec<u8>) {
        let kind = match self.start {
            IpAddr::V4(_) => TsType::IPV4_ADDR_RANGE,
            IpAddr::V6(_) => TsType::IPV6_ADDR_RANGE,
        };
        let length = if self.start.is_ipv4() { 16 } else { 40 };
        out.extend_from_slice(&[kind.get(), self.protocol, 0, length]);
        out.extend_from_slice(&self.start_port.to_be_bytes());
        out.extend_from_slice(&self.end_port.to_be_bytes());
        match (self.start, self.end) {
            (IpAddr::V4(start), IpAddr::V4(end)) => {
                out.extend_from_slice(&start.octets());
                out.extend_from_slice(&end.octets());
            }
            (IpAddr::V6(start), IpAddr::V6(end)) => {
                out.extend_from_slice(&start.octets());
                out.extend_from_slice(&end.octets());
            }
            (IpAddr::V4(start), IpAddr::V6(_)) => {
                out.extend_from_slice(&start.octets());
                out.extend_from_slice(&start.octets());
            }
            (IpAddr::V6(start), IpAddr::V4(_)) => {
                out.extend_from_slice(&start.octets());
                out.extend_from_slice(&start.octets());
            }
        }
    }
}

/// A selector of any type, as it lies in the message.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct RawSelector<'a> {
    /// What it is.
    pub kind: TsType,
    /// The octet behind the type: for address ranges the IP protocol.
    pub protocol: u8,
    /// What follows type, protocol and length.
    pub body: &'a [u8],
}

impl RawSelector<'_> {
    /// The address range, if that is what it is.
    #[inline]
    #[must_use]
    pub fn selector(&self) -> Option<Selector> {
        let (start, end) = match self.kind {
            TsType::IPV4_ADDR_RANGE => range::<4>(self.body)?,
            TsType::IPV6_ADDR_RANGE => range::<16>(self.body)?,
            _ => return None,
        };
        let &[s1, s2, e1, e2] = self.body.first_chunk()?;
        Some(Selector {
            kind: self.kind,
            protocol: self.protocol,
            start_port: u16::from_be_bytes([s1, s2]),
            end_port: u16::from_be_bytes([e1, e2]),
            start,
            end,
        })
    }
}

/// The addresses behind the ports, `N` octets each.
#[inline]
fn range<const N: usize>(body: &[u8]) -> Option<(IpAddr, IpAddr)>
where
    IpAddr: From<[u8; N]>,
{
    let (start, end) = body.get(4..)?.split_first_chunk::<N>()?;
    let end: [u8; N] = end.try_into().ok()?;
    Some((IpAddr::from(*start), IpAddr::from(end)))
}

/// The selectors of a payload, in order.
#[derive(Clone, Debug)]
pub struct RawSelectorIter<'a> {
    reader: Reader<'a>,
}

impl<'a> Iterator for RawSelectorIter<'a> {
    type Item = RawSelector<'a>;

    #[inline]
    fn next(&mut self) -> Option<RawSelector<'a>> {
        step(&mut self.reader).ok()
    }
}

impl FusedIterator for RawSelectorIter<'_> {}

/// The one place where a selector is read; used to check, and to iterate what is checked.
#[inline]
fn step<'a>(reader: &mut Reader<'a>) -> Result<RawSelector<'a>, ParseError> {
    let length_at = reader.offset().saturating_add(2);
    let [kind, protocol, high, low] = reader.array::<SELECTOR_HEAD>()?;
    let kind = TsType::new(kind);
    let length = usize::from(u16::from_be_bytes([high, low]));
    let fits = match kind {
        TsType::IPV4_ADDR_RANGE => length == 16,
        TsType::IPV6_ADDR_RANGE => length == 40,
        _ => true,
    };
    let body = length
        .checked_sub(SELECTOR_HEAD)
        .filter(|_| fits)
        .and_then(|length| reader.take(length).ok());
    match body {
        Some(body) => Ok(RawSelector {
            kind,
            protocol,
            body,
        }),
        None => Err(ParseError::new(ErrorKind::SelectorLength, length_at)),
    }
}

#[cfg(test)]
mod tests {
    use core::net::Ipv6Addr;

    use hex_literal::hex;

    use super::*;
    use crate::PayloadType;

    const BODY: [u8; 32] = hex!(
        "02 000000"
        "0a 00 000c 0102030405060708"
        "07 06 0010 0050 0051 c0000200 c00002ff"
    );

    fn parse(body: &[u8]) -> Result<TrafficSelectors<'_>, ParseError> {
        TrafficSelectors::parse(RawPayload::new(PayloadType::V2_TS_I, body))
    }

    #[test]
    fn unknown_types_are_skipped_but_visible() {
        let selectors = parse(&BODY).unwrap();
        assert_eq!((selectors.count(), selectors.raw().count()), (2, 2));
        assert!(selectors.has_unknown());
        let known: Vec<_> = selectors.iter().collect();
        assert_eq!(known.len(), 1);
        assert_eq!((known[0].start_port, known[0].end_port), (80, 81));
        assert_eq!(known[0].end, IpAddr::from([192, 0, 2, 255]));
        let mut out = Vec::new();
        selectors.encode(&mut out);
        assert_eq!(out, BODY);
    }

    #[test]
    fn both_families_survive_the_round_trip_and_mixed_ranges_are_left_out() {
        let v6 = Selector {
            kind: TsType::IPV6_ADDR_RANGE,
            protocol: 0,
            start_port: 0,
            end_port: 65_535,
            start: IpAddr::V6(Ipv6Addr::UNSPECIFIED),
            end: IpAddr::V6(Ipv6Addr::from([0xff; 16])),
        };
        let v4 = parse(&BODY).unwrap().iter().next().unwrap();
        let mixed = Selector { end: v4.end, ..v6 };
        let mut body = Vec::new();
        TrafficSelectors::write(&[v6, mixed, v4], &mut body);
        assert_eq!(body.len(), 4 + v6.encoded_len() + v4.encoded_len());
        let read: Vec<_> = parse(&body).unwrap().iter().collect();
        assert_eq!(read, [v6, v4]);
    }

    #[test]
    fn counts_and_lengths_must_agree() {
        let mut body = BODY;
        body[0] = 3;
        let error = |kind, offset| Err(ParseError::new(kind, offset));
        assert_eq!(parse(&body), error(ErrorKind::SelectorCount, 4));
        body = BODY;
        body[19] = 40;
        assert_eq!(parse(&body), error(ErrorKind::SelectorLength, 22));
        body[19] = 15;
        assert_eq!(parse(&body), error(ErrorKind::SelectorLength, 22));
        body = BODY;
        body[16] = 8;
        assert_eq!(parse(&body), error(ErrorKind::SelectorLength, 22));
        assert_eq!(parse(&BODY[..18]), error(ErrorKind::Truncated, 20));
    }
}
