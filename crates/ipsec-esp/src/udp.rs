//! ESP in UDP (RFC 3948): where in a datagram or a packet ESP begins.

use core::ops::Range;

use crate::ip::{self, Defect, Header};

/// The port of IKE and ESP in UDP.
pub const PORT: u16 = 4500;
/// Octets of a UDP header.
pub const HEADER_LEN: usize = 8;
/// The keepalive's only octet (RFC 3948 §2.3).
const KEEPALIVE: u8 = 0xFF;

/// What the payload of a UDP datagram on port 4500 is (RFC 3948 §2).
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[expect(clippy::exhaustive_enums, reason = "RFC 3948 §2 knows these three")]
pub enum Content {
    /// An ESP packet, from its first octet on.
    Esp,
    /// An IKE message behind four octets of zero.
    Ike,
    /// A keepalive, to be ignored.
    Keepalive,
    /// Too short for any of them.
    Short,
}

/// Tells what a UDP payload is.
#[must_use]
pub const fn classify(datagram: &[u8]) -> Content {
    match datagram {
        [KEEPALIVE] => Content::Keepalive,
        [0, 0, 0, 0, ..] => Content::Ike,
        [_, _, _, _, _, _, _, _, ..] => Content::Esp,
        _ => Content::Short,
    }
}

/// Where ESP lies in an IP packet, be it directly behind the IP headers or in UDP on port 4500; none if the
/// packet holds something else.
///
/// # Errors
/// [`Defect`] if the headers cannot be read.
pub fn locate(packet: &[u8]) -> Result<Option<Range<usize>>, Defect> {
    let header = Header::parse(packet)?;
    let range = header.payload..header.total;
    let payload = packet.get(range.clone()).ok_or(Defect::Truncated)?;
    if header.is_fragment() {
        return Ok(None);
    }
    if header.protocol == ip::ESP {
        return Ok(Some(range));
    }
    if header.protocol != ip::UDP {
        return Ok(None);
    }
    let (&[a, b, c, d, l0, l1, _, _], _) = payload
        .split_first_chunk::<HEADER_LEN>()
        .ok_or(Defect::Truncated)?;
    let ports = [u16::from_be_bytes([a, b]), u16::from_be_bytes([c, d])];
    let length = usize::from(u16::from_be_bytes([l0, l1]));
    let datagram = payload.get(HEADER_LEN..length).ok_or(Defect::Length)?;
    if !ports.contains(&PORT) || classify(datagram) != Content::Esp {
        return Ok(None);
    }
    let start = header.payload.saturating_add(HEADER_LEN);
    Ok(Some(start..start.saturating_add(datagram.len())))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_kind_of_datagram_is_told_apart() {
        assert_eq!(classify(&[0xFF]), Content::Keepalive);
        assert_eq!(classify(&[0, 0, 0, 0, 1]), Content::Ike);
        assert_eq!(classify(&[0, 0, 1, 0, 0, 0, 0, 1]), Content::Esp);
        assert_eq!(classify(&[0, 0, 1]), Content::Short);
        assert_eq!(classify(&[]), Content::Short);
        assert_eq!(classify(&[0xFF, 0xFF]), Content::Short);
    }
}
