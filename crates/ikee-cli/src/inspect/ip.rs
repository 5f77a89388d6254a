//! IPv4 and IPv6 headers (RFC 791 §3.1, RFC 8200 §3 and §4), read as far as the octets go.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use super::report::{Defect, Layer};

/// What an IP packet carries.
#[derive(Debug, Clone)]
pub(crate) struct Packet<'a> {
    pub(crate) source: IpAddr,
    pub(crate) destination: IpAddr,
    /// The number of the protocol above.
    pub(crate) protocol: u8,
    pub(crate) payload: &'a [u8],
    pub(crate) fragment: Option<Fragment>,
    /// What was wrong without keeping the packet from being read.
    pub(crate) defects: Vec<Defect>,
}

/// A packet's place in the datagram that it is a fragment of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Fragment {
    pub(crate) id: u32,
    /// In octets.
    pub(crate) start: usize,
    pub(crate) more: bool,
}

/// Parses an IP packet; octets beyond the length that its header states are not part of it (Ethernet padding).
///
/// # Errors
/// When the headers are cut or make no sense. Offsets count from the first octet of the packet.
pub(crate) fn parse(octets: &[u8]) -> Result<Packet<'_>, Defect> {
    match octets.first().map(|first| first >> 4) {
        Some(4) => v4(octets),
        Some(6) => v6(octets),
        Some(_) => Err(defect("neither IPv4 nor IPv6", 0)),
        None => Err(defect("no IP header", 0)),
    }
}

fn v4(octets: &[u8]) -> Result<Packet<'_>, Defect> {
    let header = octets.first_chunk::<20>().ok_or_else(|| cut(octets))?;
    let header_length = usize::from(header[0] & 0x0f) * 4;
    if header_length < 20 {
        return Err(defect("IPv4 header length below 20", 0));
    }
    if octets.len() < header_length {
        return Err(cut(octets));
    }
    let mut defects = Vec::new();
    let total = usize::from(u16::from_be_bytes([header[2], header[3]]));
    // a length of zero is what segmentation offload leaves in a capture taken before the card
    let end = if total == 0 { octets.len() } else { total };
    let payload = within(octets, header_length, end, 2, &mut defects);
    let place = u16::from_be_bytes([header[6], header[7]]);
    let start = usize::from(place & 0x1fff) * 8;
    let more = place & 0x2000 != 0;
    let address = |at: usize| -> IpAddr {
        let mut address = [0; 4];
        address.copy_from_slice(&header[at..at + 4]);
        Ipv4Addr::from(address).into()
    };
    Ok(Packet {
        source: address(12),
        destination: address(16),
        protocol: header[9],
        payload,
        fragment: (more || start != 0).then(|| Fragment {
            id: u32::from(u16::from_be_bytes([header[4], header[5]])),
            start,
            more,
        }),
        defects,
    })
}

fn v6(octets: &[u8]) -> Result<Packet<'_>, Defect> {
    let header = octets.first_chunk::<40>().ok_or_else(|| cut(octets))?;
    let length = usize::from(u16::from_be_bytes([header[4], header[5]]));
    let mut defects = Vec::new();
    let end = if length == 0 {
        octets.len()
    } else {
        40 + length
    };
    within(octets, 40, end, 4, &mut defects);
    let end = end.min(octets.len());
    let mut next = header[6];
    let mut at = 40;
    let mut fragment = None;
    for _ in 0..MAX_EXTENSIONS {
        let rest = octets.get(at..end).unwrap_or_default();
        let size = match next {
            // hop-by-hop, routing, destination options, mobility
            0 | 43 | 60 | 135 => (usize::from(*rest.get(1).ok_or_else(|| cut(octets))?) + 1) * 8,
            44 if fragment.is_none() => {
                let header = rest.first_chunk::<8>().ok_or_else(|| cut(octets))?;
                let place = u16::from_be_bytes([header[2], header[3]]);
                fragment = Some(Fragment {
                    id: u32::from_be_bytes([header[4], header[5], header[6], header[7]]),
                    start: usize::from(place & 0xfff8),
                    more: place & 1 != 0,
                });
                8
            }
            _ => break,
        };
        next = *rest.first().ok_or_else(|| cut(octets))?;
        at += size;
        if at > end {
            return Err(cut(octets));
        }
        if fragment.is_some_and(|fragment| fragment.start != 0) {
            break;
        }
    }
    let address = |from: usize| -> IpAddr {
        let mut address = [0; 16];
        address.copy_from_slice(&header[from..from + 16]);
        Ipv6Addr::from(address).into()
    };
    Ok(Packet {
        source: address(8),
        destination: address(24),
        protocol: next,
        payload: octets.get(at..end).unwrap_or_default(),
        // an atomic fragment is a whole datagram (RFC 6946)
        fragment: fragment.filter(|fragment| fragment.more || fragment.start != 0),
        defects,
    })
}

/// `octets[from..end]`, less what the capture lacks; `field` is where the length stands that says `end`.
fn within<'a>(
    octets: &'a [u8],
    from: usize,
    end: usize,
    field: usize,
    defects: &mut Vec<Defect>,
) -> &'a [u8] {
    if end < from {
        defects.push(defect("IP length below its own header", field));
        return octets.get(from..).unwrap_or_default();
    }
    if end > octets.len() {
        defects.push(
            defect("packet not captured whole", octets.len())
                .with_detail(format!("{end} octets stated, {} captured", octets.len())),
        );
    }
    octets.get(from..end.min(octets.len())).unwrap_or_default()
}

fn cut(octets: &[u8]) -> Defect {
    defect("packet ends inside its IP headers", octets.len())
}

fn defect(kind: &'static str, offset: usize) -> Defect {
    Defect::new(Layer::Ip, kind, offset)
}

/// Whether the octets are one IPv4 or IPv6 packet and nothing else: lengths agree and, for IPv4, the header checksum.
pub(crate) fn is_exactly_one_packet(octets: &[u8]) -> bool {
    let length = |at: usize| -> Option<usize> {
        let pair = octets.get(at..)?.first_chunk::<2>()?;
        Some(usize::from(u16::from_be_bytes(*pair)))
    };
    match octets.first() {
        Some(0x45) => length(2) == Some(octets.len()) && octets.get(..20).is_some_and(sums_up),
        Some(first) if first >> 4 == 6 => {
            length(4).is_some_and(|length| length + 40 == octets.len())
                && octets
                    .get(6)
                    .is_some_and(|next| matches!(next, 0 | 17 | 43 | 44 | 50 | 51 | 60))
        }
        _ => false,
    }
}

/// The Internet checksum over a header that includes it (RFC 1071).
fn sums_up(header: &[u8]) -> bool {
    let mut sum = 0_u32;
    for pair in header.chunks(2) {
        let word = match *pair {
            [high, low] => u16::from_be_bytes([high, low]),
            _ => return false,
        };
        sum += u32::from(word);
    }
    while sum > 0xffff {
        sum = (sum & 0xffff) + (sum >> 16);
    }
    sum == 0xffff
}

const MAX_EXTENSIONS: usize = 16;

#[cfg(test)]
mod tests {
    use super::*;

    fn v4_packet(place: u16, payload: &[u8]) -> Vec<u8> {
        let total = u16::try_from(20 + payload.len()).unwrap().to_be_bytes();
        let place = place.to_be_bytes();
        let mut packet = vec![0x45, 0, total[0], total[1], 0, 7, place[0], place[1]];
        packet.extend([64, 17, 0, 0, 10, 0, 0, 1, 10, 0, 0, 2]);
        packet.extend(payload);
        packet
    }

    #[test]
    fn padding_behind_the_stated_length_is_not_payload() {
        let mut octets = v4_packet(0x4000, b"abc");
        octets.extend([0; 23]);
        let packet = parse(&octets).unwrap();
        assert_eq!(packet.payload, b"abc");
        assert_eq!(packet.fragment, None);
        assert!(packet.defects.is_empty());
    }

    #[test]
    fn a_packet_cut_by_the_capture_is_read_and_flagged() {
        let octets = v4_packet(0x2001, &[1; 40]);
        let packet = parse(&octets[..50]).unwrap();
        assert_eq!(packet.payload.len(), 30);
        assert_eq!(packet.defects[0].offset, 50);
        let fragment = packet.fragment.unwrap();
        assert_eq!((fragment.start, fragment.more), (8, true));
    }

    #[test]
    fn ipv6_extension_headers_lead_to_the_fragment() {
        let mut octets = vec![0x60, 0, 0, 0, 0, 20, 0, 64];
        octets.extend([1; 16]);
        octets.extend([2; 16]);
        octets.extend([44, 0, 0, 0, 0, 0, 0, 0]); // hop by hop
        octets.extend([17, 0, 0, 9, 0, 0, 0, 5]); // fragment at 8, more
        octets.extend(b"data");
        let packet = parse(&octets).unwrap();
        assert_eq!(packet.protocol, 17);
        assert_eq!(packet.payload, b"data");
        let fragment = packet.fragment.unwrap();
        assert_eq!((fragment.id, fragment.start, fragment.more), (5, 8, true));
        for end in 0..octets.len() {
            drop(parse(&octets[..end]));
        }
    }
}
