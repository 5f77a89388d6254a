//! From a frame to the IP packet inside: link types that carry IP.

use super::capture::Link;
use super::report::{Defect, Layer};

/// Where the IP packet begins in the frame; `None` when the frame carries something else.
///
/// # Errors
/// When the frame ends inside its link header, or the link type is not one of those read here.
pub(crate) fn ip_offset(link: u16, frame: &[u8]) -> Result<Option<usize>, Defect> {
    match link {
        // LINKTYPE_NULL and LINKTYPE_LOOP: an address family in four octets, of either byte order
        0 | 108 => Ok(family(frame)?.then_some(4)),
        1 => ethernet(frame),
        // several numbers in use for raw IP
        12 | 14 | 101 | 228 | 229 => Ok(Some(0)),
        // Linux cooked capture, versions 1 and 2
        113 => ethertype(frame, 14, 16),
        276 => ethertype(frame, 0, 20),
        _ => Err(Defect::new(Layer::Link, "link type not supported", 0)
            .with_detail(format!("link type {link}"))),
    }
}

/// The link type that a frame is of, when it is a number.
pub(crate) fn number(link: Link) -> Option<u16> {
    match link {
        Link::Type(number) => Some(number),
        Link::Payload => None,
    }
}

fn ethernet(frame: &[u8]) -> Result<Option<usize>, Defect> {
    ethertype(frame, 12, 14)
}

/// Reads the type at `at`; the content begins at `content`, further on when there are VLAN tags.
fn ethertype(frame: &[u8], mut at: usize, mut content: usize) -> Result<Option<usize>, Defect> {
    for _ in 0..=MAX_TAGS {
        let kind = word(frame, at)?;
        match kind {
            IPV4 | IPV6 => return Ok(Some(content)),
            VLAN | SERVICE_VLAN | OLD_SERVICE_VLAN => {
                at = content + 2;
                content += 4;
            }
            _ => return Ok(None),
        }
    }
    Ok(None)
}

fn family(frame: &[u8]) -> Result<bool, Defect> {
    let octets = frame.first_chunk::<4>().ok_or_else(|| short(frame.len()))?;
    let little = u32::from_le_bytes(*octets);
    let big = u32::from_be_bytes(*octets);
    // AF_INET is 2 everywhere; AF_INET6 has a number of its own on each of the BSDs, Darwin and Linux
    Ok([little, big]
        .iter()
        .any(|family| matches!(family, 2 | 10 | 23 | 24 | 26 | 28 | 30)))
}

fn word(frame: &[u8], at: usize) -> Result<u16, Defect> {
    frame
        .get(at..)
        .and_then(|rest| rest.first_chunk::<2>())
        .map(|octets| u16::from_be_bytes(*octets))
        .ok_or_else(|| short(frame.len()))
}

fn short(length: usize) -> Defect {
    Defect::new(Layer::Link, "frame ends inside its link header", length)
}

const MAX_TAGS: usize = 4;
const IPV4: u16 = 0x0800;
const IPV6: u16 = 0x86dd;
const VLAN: u16 = 0x8100;
const SERVICE_VLAN: u16 = 0x88a8;
const OLD_SERVICE_VLAN: u16 = 0x9100;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_vlan_tags_are_skipped() {
        let mut frame = vec![0; 12];
        frame.extend([0x88, 0xa8, 0, 1, 0x81, 0x00, 0, 2, 0x08, 0x00, 0x45]);
        assert_eq!(ip_offset(1, &frame).unwrap(), Some(22));
    }

    #[test]
    fn a_frame_that_ends_in_its_link_header_says_where() {
        let defect = ip_offset(1, &[0; 13]).unwrap_err();
        assert_eq!((defect.layer, defect.offset), (Layer::Link, 13));
        let defect = ip_offset(276, &[8]).unwrap_err();
        assert_eq!((defect.layer, defect.offset), (Layer::Link, 1));
    }

    #[test]
    fn address_families_are_known_in_either_byte_order() {
        assert_eq!(ip_offset(0, &[2, 0, 0, 0, 0x45]).unwrap(), Some(4));
        assert_eq!(ip_offset(108, &[0, 0, 0, 24, 0x60]).unwrap(), Some(4));
        assert_eq!(ip_offset(0, &[16, 0, 0, 0]).unwrap(), None);
    }

    #[test]
    fn other_protocols_than_ip_are_not_ours() {
        let mut arp = vec![0; 12];
        arp.extend([0x08, 0x06]);
        assert_eq!(ip_offset(1, &arp).unwrap(), None);
        assert!(ip_offset(105, &arp).is_err());
    }
}
