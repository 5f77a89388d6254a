//! Telling IKE, ESP in UDP and keep-alives apart, on the well-known ports and on those a NAT has chosen.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::net::{IpAddr, SocketAddr};

use super::report::{Counts, Defect, Layer, Stream, hex};

/// A UDP datagram that was captured whole or in part.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Udp<'a> {
    pub(crate) sport: u16,
    pub(crate) dport: u16,
    pub(crate) payload: &'a [u8],
}

/// What a UDP payload is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind<'a> {
    /// An IKE message, `marked` when it stood behind the non-ESP marker.
    Ike {
        marked: bool,
        octets: &'a [u8],
    },
    Esp(&'a [u8]),
    Keepalive,
    Other,
}

/// Takes a UDP datagram apart (RFC 768).
///
/// # Errors
/// When not even its header is there.
pub(crate) fn udp<'a>(octets: &'a [u8], defects: &mut Vec<Defect>) -> Result<Udp<'a>, Defect> {
    let Some((header, rest)) = octets.split_first_chunk::<8>() else {
        return Err(Defect::new(
            Layer::Udp,
            "datagram ends inside its header",
            octets.len(),
        ));
    };
    let [s0, s1, d0, d1, l0, l1, _, _] = *header;
    let length = usize::from(u16::from_be_bytes([l0, l1]));
    let payload = match length.checked_sub(8) {
        Some(length) => rest.get(..length),
        // zero stands for a length that the field cannot hold (RFC 2675 §4)
        None if length == 0 => Some(rest),
        None => None,
    };
    if payload.is_none() {
        defects.push(
            Defect::new(Layer::Udp, "UDP length disagrees with the packet", 4)
                .with_detail(format!("{length} stated, {} there", octets.len())),
        );
    }
    Ok(Udp {
        sport: u16::from_be_bytes([s0, s1]),
        dport: u16::from_be_bytes([d0, d1]),
        payload: payload.unwrap_or(rest),
    })
}

/// What has been seen, and between which ports NAT traversal goes on.
#[derive(Debug, Default)]
pub(crate) struct Traffic {
    pub(crate) counts: Counts,
    streams: BTreeMap<Key, Stream>,
    natted: BTreeSet<(SocketAddr, SocketAddr)>,
    natted_order: VecDeque<(SocketAddr, SocketAddr)>,
}

type Key = (Option<IpAddr>, Option<IpAddr>, u32, bool);

impl Traffic {
    /// Tells what the payload of a datagram is, and remembers ports on which a marked message was seen.
    pub(crate) fn classify<'a>(
        &mut self,
        source: IpAddr,
        destination: IpAddr,
        udp: &Udp<'a>,
    ) -> Kind<'a> {
        let from = SocketAddr::new(source, udp.sport);
        let to = SocketAddr::new(destination, udp.dport);
        let ports = [udp.sport, udp.dport];
        let natted = ports.contains(&4500)
            || self.natted.contains(&(from, to))
            || self.natted.contains(&(to, from));
        let kind = classify(ports.contains(&500), natted, udp.payload);
        if matches!(kind, Kind::Ike { marked: true, .. }) && !natted {
            self.remember(from, to);
        }
        kind
    }

    fn remember(&mut self, from: SocketAddr, to: SocketAddr) {
        if self.natted.insert((from, to)) {
            self.natted_order.push_back((from, to));
        }
        if self.natted_order.len() > MAX_NATTED
            && let Some(oldest) = self.natted_order.pop_front()
        {
            self.natted.remove(&oldest);
        }
    }

    /// Counts a packet of ESP (`protocol` 50) or AH (51), and returns its stream for more to be noted.
    pub(crate) fn secured(
        &mut self,
        protocol: u8,
        addresses: [Option<IpAddr>; 2],
        in_udp: bool,
        octets: &[u8],
    ) -> Option<&mut Stream> {
        let (name, at) = if protocol == 51 {
            ("AH", 4)
        } else {
            ("ESP", 0)
        };
        let count = match (protocol, in_udp) {
            (51, _) => &mut self.counts.ah,
            (_, true) => &mut self.counts.esp_in_udp,
            (_, false) => &mut self.counts.esp,
        };
        *count += 1;
        let spi = octets.get(at..)?.first_chunk::<4>()?;
        let key = (
            addresses[0],
            addresses[1],
            u32::from_be_bytes(*spi),
            protocol == 51,
        );
        if self.streams.len() >= MAX_STREAMS && !self.streams.contains_key(&key) {
            return None;
        }
        let stream = self.streams.entry(key).or_insert_with(|| Stream {
            protocol: name,
            src: addresses[0],
            dst: addresses[1],
            spi: hex(spi),
            in_udp,
            packets: 0,
            octets: 0,
            inside: BTreeMap::new(),
        });
        stream.packets += 1;
        stream.octets += u64::try_from(octets.len()).unwrap_or(0);
        Some(stream)
    }

    /// The streams of ESP and AH, by address and SPI.
    pub(crate) fn streams(&self) -> impl Iterator<Item = &Stream> {
        self.streams.values()
    }
}

fn classify(on_500: bool, natted: bool, payload: &[u8]) -> Kind<'_> {
    let plain = Kind::Ike {
        marked: false,
        octets: payload,
    };
    let behind_marker = payload.strip_prefix(&MARKER).map(|octets| Kind::Ike {
        marked: true,
        octets,
    });
    let sure = |octets: &[u8]| looks_like_ike(octets);
    if natted {
        return match behind_marker {
            _ if payload == KEEPALIVE => Kind::Keepalive,
            Some(_) if sure(payload) => plain,
            Some(marked) => marked,
            None if sure(payload) || (on_500 && payload.len() < 8) => plain,
            None if on_500 && plausible_version(payload) => plain,
            None => Kind::Esp(payload),
        };
    }
    match behind_marker {
        _ if on_500 && payload == KEEPALIVE => Kind::Keepalive,
        Some(marked @ Kind::Ike { octets, .. }) if sure(octets) && !sure(payload) => marked,
        _ if on_500 || sure(payload) => plain,
        _ => Kind::Other,
    }
}

/// Whether octets are an IKE message beyond reasonable doubt: version, length and numbers all fit.
pub(crate) fn looks_like_ike(octets: &[u8]) -> bool {
    let Some(header) = octets.first_chunk::<28>() else {
        return false;
    };
    let length = u32::from_be_bytes([header[24], header[25], header[26], header[27]]);
    let length_fits = usize::try_from(length).is_ok_and(|length| length == octets.len());
    let spi_fits = header[..8] != [0; 8];
    let exchange_fits = match header[17] {
        0x10 => matches!(header[18], 1..=6 | 32..=33 | 0xf3..=0xf6),
        0x20 => matches!(header[18], 34..=45),
        _ => false,
    };
    length_fits && spi_fits && exchange_fits
}

fn plausible_version(octets: &[u8]) -> bool {
    octets
        .get(17)
        .is_some_and(|version| matches!(version, 0x10 | 0x20))
}

const MARKER: [u8; 4] = [0; 4];
const KEEPALIVE: [u8; 1] = [0xff];
const MAX_STREAMS: usize = 4096;
const MAX_NATTED: usize = 4096;

#[cfg(test)]
mod tests {
    use super::*;

    fn message() -> Vec<u8> {
        let mut octets = vec![7; 16];
        octets.extend([0, 0x20, 37, 8, 0, 0, 0, 1, 0, 0, 0, 28]);
        octets
    }

    #[test]
    fn on_odd_ports_only_what_is_surely_ike_is_taken() {
        let message = message();
        assert!(matches!(
            classify(false, false, &message),
            Kind::Ike { marked: false, .. }
        ));
        let marked = [&MARKER, &message[..]].concat();
        assert!(matches!(
            classify(false, false, &marked),
            Kind::Ike { marked: true, .. }
        ));
        assert_eq!(classify(false, false, &message[..27]), Kind::Other);
        assert_eq!(classify(false, false, &KEEPALIVE), Kind::Other);
    }

    #[test]
    fn esp_and_keepalives_are_told_from_ike_on_4500() {
        assert_eq!(classify(false, true, &KEEPALIVE), Kind::Keepalive);
        assert!(matches!(classify(false, true, &[1; 40]), Kind::Esp(_)));
        assert!(matches!(
            classify(false, true, &[0; 40]),
            Kind::Ike { marked: true, .. }
        ));
    }

    #[test]
    fn ports_that_a_nat_chose_are_remembered() {
        let mut traffic = Traffic::default();
        let (a, b): (IpAddr, IpAddr) = ([10, 0, 0, 1].into(), [10, 0, 0, 2].into());
        let marked = [&MARKER, &message()[..]].concat();
        let udp = Udp {
            sport: 1024,
            dport: 2048,
            payload: &marked,
        };
        assert!(matches!(
            traffic.classify(a, b, &udp),
            Kind::Ike { marked: true, .. }
        ));
        let udp = Udp {
            sport: 2048,
            dport: 1024,
            payload: &[1; 40],
        };
        assert!(matches!(traffic.classify(b, a, &udp), Kind::Esp(_)));
        assert_eq!(traffic.classify(a, a, &udp), Kind::Other);
    }

    #[test]
    fn a_wrong_udp_length_is_named_and_the_rest_taken() {
        let mut defects = Vec::new();
        let octets = [1, 244, 1, 244, 0, 99, 0, 0, 5, 6];
        let udp = udp(&octets, &mut defects).unwrap();
        assert_eq!(udp.payload, [5, 6]);
        assert_eq!((defects[0].layer, defects[0].offset), (Layer::Udp, 4));
    }
}
