//! As much of IPv4 and IPv6 as protecting a packet needs: where the headers end, and what follows them.

use core::fmt;
use core::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// Protocol number of IPv4 in IP: the next header of an IPv4 tunnel.
pub const V4: u8 = 4;
/// Protocol number of IPv6 in IP: the next header of an IPv6 tunnel.
pub const V6: u8 = 41;
/// Protocol number of UDP.
pub const UDP: u8 = 17;
/// Protocol number of ESP.
pub const ESP: u8 = 50;
/// Protocol number of AH.
pub const AH: u8 = 51;

/// An IPv4 header without options.
pub const V4_LEN: usize = 20;
/// An IPv6 header without extension headers.
pub const V6_LEN: usize = 40;

pub(crate) const HOP_BY_HOP: u8 = 0;
pub(crate) const ROUTING: u8 = 43;
const FRAGMENT: u8 = 44;
pub(crate) const DESTINATION: u8 = 60;
/// Extension headers that one packet may have; RFC 8200 §4.1 finds use for fewer.
const EXTENSIONS_MAX: usize = 8;
/// The hop limit of headers made here.
const HOPS: u8 = 64;

/// What is wrong with an IP packet.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
#[non_exhaustive]
pub enum Defect {
    /// More extension headers than anybody needs, or more octets of header than are supported.
    Chain,
    /// A fragment, where a whole packet is needed.
    Fragment,
    /// A length field that contradicts another, or the packet.
    Length,
    /// A source route that is not yet at its end, which would have to be predicted (RFC 4302 §3.3.3.1).
    SourceRoute,
    /// Fewer octets than the headers need.
    Truncated,
    /// Neither IPv4 nor IPv6.
    Version,
}

impl fmt::Display for Defect {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Chain => "too many extension headers",
            Self::Fragment => "a fragment",
            Self::Length => "contradictory lengths",
            Self::SourceRoute => "an unfinished source route",
            Self::Truncated => "truncated",
            Self::Version => "neither IPv4 nor IPv6",
        })
    }
}

impl core::error::Error for Defect {}

/// What the headers of an IP packet say, as far as selectors care (RFC 4301 §4.4.1.1).
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub struct Header {
    /// Who sends.
    pub source: IpAddr,
    /// Who receives.
    pub destination: IpAddr,
    /// The protocol behind IPv6's extension headers; AH counts as such a protocol, not as a header.
    pub protocol: u8,
    /// Where that protocol's octets begin.
    pub payload: usize,
    /// The packet's length by its own account; what follows is padding (RFC 4303 §2.7).
    pub total: usize,
    /// Where in the original packet a fragment belongs, in units of 8 octets.
    pub fragment_offset: u16,
    /// Whether more fragments follow.
    pub more_fragments: bool,
    /// Whether routers may not fragment it: a flag of IPv4, always so for IPv6.
    pub dont_fragment: bool,
}

impl Header {
    /// Reads the headers of a packet, and checks their lengths but no checksum.
    ///
    /// # Errors
    /// [`Defect`] if they cannot be read.
    pub fn parse(packet: &[u8]) -> Result<Self, Defect> {
        match packet.first().map(|first| first >> 4) {
            Some(4) => Self::parse_v4(packet),
            Some(6) => Self::parse_v6(packet),
            Some(_) => Err(Defect::Version),
            None => Err(Defect::Truncated),
        }
    }

    /// Whether it is a part of a packet and not the whole.
    #[must_use]
    pub const fn is_fragment(&self) -> bool {
        self.more_fragments || self.fragment_offset != 0
    }

    fn parse_v4(packet: &[u8]) -> Result<Self, Defect> {
        let (&head, _) = packet
            .split_first_chunk::<V4_LEN>()
            .ok_or(Defect::Truncated)?;
        let [
            first,
            _,
            t0,
            t1,
            _,
            _,
            f0,
            f1,
            _,
            protocol,
            _,
            _,
            s0,
            s1,
            s2,
            s3,
            d0,
            d1,
            d2,
            d3,
        ] = head;
        let payload = usize::from(first & 0x0F).saturating_mul(4);
        let total = usize::from(u16::from_be_bytes([t0, t1]));
        if payload < V4_LEN || total < payload {
            return Err(Defect::Length);
        }
        if packet.len() < total {
            return Err(Defect::Truncated);
        }
        let fragment = u16::from_be_bytes([f0, f1]);
        Ok(Self {
            source: IpAddr::V4(Ipv4Addr::new(s0, s1, s2, s3)),
            destination: IpAddr::V4(Ipv4Addr::new(d0, d1, d2, d3)),
            protocol,
            payload,
            total,
            fragment_offset: fragment & 0x1FFF,
            more_fragments: fragment & 0x2000 != 0,
            dont_fragment: fragment & 0x4000 != 0,
        })
    }

    fn parse_v6(packet: &[u8]) -> Result<Self, Defect> {
        let (source, destination, total) = fixed_v6(packet)?;
        let packet = packet.get(..total).ok_or(Defect::Truncated)?;
        let (mut fragment_offset, mut more_fragments) = (0, false);
        let mut place = Place::first_v6(packet)?;
        for _ in 0..=EXTENSIONS_MAX {
            if place.kind == FRAGMENT {
                let field = word(packet, place.at.saturating_add(2))?;
                (fragment_offset, more_fragments) = (field >> 3, field & 1 != 0);
            }
            let next = place.next(packet)?;
            // behind a later fragment's header there is no header, only octets
            if next.is_none() || fragment_offset != 0 {
                let last = next.unwrap_or(place);
                return Ok(Self {
                    source: IpAddr::V6(source),
                    destination: IpAddr::V6(destination),
                    protocol: last.kind,
                    payload: last.at,
                    total,
                    fragment_offset,
                    more_fragments,
                    dont_fragment: true,
                });
            }
            place = next.unwrap_or(place);
        }
        Err(Defect::Chain)
    }
}

/// Where a header begins, what it is, and which octet says so.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) struct Place {
    /// Its protocol number.
    pub(crate) kind: u8,
    /// The offset of the octet that holds this number.
    pub(crate) named_at: usize,
    /// The offset of the header itself.
    pub(crate) at: usize,
}

impl Place {
    /// Where ESP or AH goes in, or already stands: after IPv4's header; after IPv6's hop-by-hop and routing
    /// headers and the destination options before a routing header (RFC 4303 §3.1.1, RFC 4302 §3.1.1).
    /// Returns the packet's length by its own account, too.
    pub(crate) fn insertion(packet: &[u8]) -> Result<(Self, usize), Defect> {
        let header = Header::parse(packet)?;
        if header.is_fragment() {
            return Err(Defect::Fragment);
        }
        if header.source.is_ipv4() {
            let place = Self {
                kind: header.protocol,
                named_at: 9,
                at: header.payload,
            };
            return Ok((place, header.total));
        }
        let mut place = Self::first_v6(packet)?;
        let mut insertion = None;
        for _ in 0..=EXTENSIONS_MAX {
            match place.kind {
                HOP_BY_HOP | ROUTING => insertion = None,
                DESTINATION => insertion = insertion.or(Some(place)),
                _ => return Ok((insertion.unwrap_or(place), header.total)),
            }
            place = place.next(packet)?.ok_or(Defect::Chain)?;
        }
        Err(Defect::Chain)
    }

    pub(crate) fn first_v6(packet: &[u8]) -> Result<Self, Defect> {
        let kind = octet(packet, 6)?;
        Ok(Self {
            kind,
            named_at: 6,
            at: V6_LEN,
        })
    }

    /// The header behind this one; none if this is no extension header.
    pub(crate) fn next(self, packet: &[u8]) -> Result<Option<Self>, Defect> {
        let length = match self.kind {
            HOP_BY_HOP | ROUTING | DESTINATION => {
                let units = usize::from(octet(packet, self.at.saturating_add(1))?);
                units.saturating_add(1).saturating_mul(8)
            }
            FRAGMENT => 8,
            _ => return Ok(None),
        };
        let at = self.at.saturating_add(length);
        if at > packet.len() {
            return Err(Defect::Truncated);
        }
        Ok(Some(Self {
            kind: octet(packet, self.at)?,
            named_at: self.at,
            at,
        }))
    }
}

/// Makes the header that ends before `place` say that `protocol` follows it and that the packet, all of
/// `packet`, has its length; renews IPv4's checksum.
pub(crate) fn rewrite(packet: &mut [u8], place: Place, protocol: u8) -> Result<(), Defect> {
    *packet.get_mut(place.named_at).ok_or(Defect::Truncated)? = protocol;
    let v4 = octet(packet, 0)? >> 4 == 4;
    let (at, length) = if v4 {
        (2, packet.len())
    } else {
        (4, packet.len().saturating_sub(V6_LEN))
    };
    let length = u16::try_from(length).map_err(|_| Defect::Length)?;
    put(packet, at, &length.to_be_bytes())?;
    if v4 {
        put(packet, 10, &[0, 0])?;
        let sum = checksum(packet.get(..place.at).ok_or(Defect::Truncated)?);
        put(packet, 10, &sum.to_be_bytes())?;
    }
    Ok(())
}

/// Writes an IP header without options or extensions for a packet of `payload` octets behind it into the
/// beginning of `room`; returns its length.
///
/// # Errors
/// [`Defect::Version`] if the addresses are of different families, [`Defect::Truncated`] if there is no room,
/// [`Defect::Length`] if the packet would exceed what its length field holds.
pub fn write_header(
    room: &mut [u8],
    source: IpAddr,
    destination: IpAddr,
    protocol: u8,
    payload: usize,
) -> Result<usize, Defect> {
    match (source, destination) {
        (IpAddr::V4(source), IpAddr::V4(destination)) => {
            let total =
                u16::try_from(payload.saturating_add(V4_LEN)).map_err(|_| Defect::Length)?;
            let head = room.get_mut(..V4_LEN).ok_or(Defect::Truncated)?;
            let [t0, t1] = total.to_be_bytes();
            put(
                head,
                0,
                &[0x45, 0, t0, t1, 0, 0, 0, 0, HOPS, protocol, 0, 0],
            )?;
            put(head, 12, &source.octets())?;
            put(head, 16, &destination.octets())?;
            let sum = checksum(head);
            put(head, 10, &sum.to_be_bytes())?;
            Ok(V4_LEN)
        }
        (IpAddr::V6(source), IpAddr::V6(destination)) => {
            let [l0, l1] = u16::try_from(payload)
                .map_err(|_| Defect::Length)?
                .to_be_bytes();
            let head = room.get_mut(..V6_LEN).ok_or(Defect::Truncated)?;
            put(head, 0, &[0x60, 0, 0, 0, l0, l1, protocol, HOPS])?;
            put(head, 8, &source.octets())?;
            put(head, 24, &destination.octets())?;
            Ok(V6_LEN)
        }
        _ => Err(Defect::Version),
    }
}

/// The Internet checksum of some octets (RFC 1071).
#[must_use]
pub fn checksum(octets: &[u8]) -> u16 {
    !fold(sum(0, octets))
}

/// The checksum of an upper-layer packet with its pseudo-header (RFC 9293 §3.1, RFC 8200 §8.1).
#[must_use]
pub fn pseudo_checksum(source: IpAddr, destination: IpAddr, protocol: u8, payload: &[u8]) -> u16 {
    let mut total = match source {
        IpAddr::V4(address) => sum(0, &address.octets()),
        IpAddr::V6(address) => sum(0, &address.octets()),
    };
    total = match destination {
        IpAddr::V4(address) => sum(total, &address.octets()),
        IpAddr::V6(address) => sum(total, &address.octets()),
    };
    let length = u64::try_from(payload.len()).unwrap_or(u64::MAX);
    total = total
        .saturating_add(length)
        .saturating_add(u64::from(protocol));
    !fold(sum(total, payload))
}

fn sum(start: u64, octets: &[u8]) -> u64 {
    let (pairs, rest) = octets.as_chunks::<2>();
    let total = pairs.iter().fold(start, |total, &pair| {
        total.saturating_add(u64::from(u16::from_be_bytes(pair)))
    });
    rest.first().map_or(total, |&last| {
        total.saturating_add(u64::from(u16::from_be_bytes([last, 0])))
    })
}

fn fold(mut total: u64) -> u16 {
    while total > 0xFFFF {
        total = (total >> 16).saturating_add(total & 0xFFFF);
    }
    u16::try_from(total).unwrap_or(u16::MAX)
}

fn fixed_v6(packet: &[u8]) -> Result<(Ipv6Addr, Ipv6Addr, usize), Defect> {
    let (head, _) = packet
        .split_first_chunk::<V6_LEN>()
        .ok_or(Defect::Truncated)?;
    let total = usize::from(word(head, 4)?).saturating_add(V6_LEN);
    if packet.len() < total {
        return Err(Defect::Truncated);
    }
    Ok((address_v6(head, 8)?, address_v6(head, 24)?, total))
}

fn address_v6(packet: &[u8], at: usize) -> Result<Ipv6Addr, Defect> {
    let octets = packet.get(at..).and_then(<[u8]>::first_chunk::<16>);
    octets
        .map(|&octets| Ipv6Addr::from(octets))
        .ok_or(Defect::Truncated)
}

pub(crate) fn octet(packet: &[u8], at: usize) -> Result<u8, Defect> {
    packet.get(at).copied().ok_or(Defect::Truncated)
}

fn word(packet: &[u8], at: usize) -> Result<u16, Defect> {
    let octets = packet.get(at..).and_then(<[u8]>::first_chunk::<2>);
    octets
        .map(|&octets| u16::from_be_bytes(octets))
        .ok_or(Defect::Truncated)
}

pub(crate) fn put(packet: &mut [u8], at: usize, octets: &[u8]) -> Result<(), Defect> {
    let end = at.saturating_add(octets.len());
    packet
        .get_mut(at..end)
        .ok_or(Defect::Truncated)?
        .copy_from_slice(octets);
    Ok(())
}

#[cfg(test)]
mod tests;
