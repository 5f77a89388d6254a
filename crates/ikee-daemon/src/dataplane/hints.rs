//! What the TCP segments of a child tell about its peer ([MS-IKEE] §3.12.4.1, note 20): a small table, one look for each
//! packet, no clock.

use std::hash::{BuildHasher, RandomState};
use std::net::IpAddr;

use ike_ext::Hint;
use ipsec_esp::ip::Header;

const TCP: u8 = 6;
const FIN: u8 = 1;
const SYN: u8 = 2;
const RST: u8 = 4;
const ACK: u8 = 16;

/// Connections that are remembered of a child; others take turns.
const SLOTS: usize = 64;

/// The TCP connections of one child.
#[derive(Debug)]
pub(super) struct Segments {
    slots: Box<[Option<Slot>; SLOTS]>,
    /// Connections in the table that stand.
    open: usize,
    /// Something was told that nobody has heard of yet.
    told: bool,
    hasher: RandomState,
}

/// One connection.
#[derive(Clone, Copy, Debug)]
struct Slot {
    key: u64,
    /// The first segment of ours that has had no answer: its sequence number and length.
    waiting: Option<(u32, usize)>,
    /// The peer has answered, and nobody has ended it.
    open: bool,
}

/// A TCP segment, as far as this goes.
struct Segment {
    sequence: u32,
    length: usize,
    flags: u8,
    /// Ours and the peer's address and port.
    ends: ((IpAddr, u16), (IpAddr, u16)),
}

impl Segment {
    /// Reads one; ours, if `outbound`. None of what is no first fragment of TCP.
    fn read(header: &Header, packet: &[u8], outbound: bool) -> Option<Self> {
        if header.protocol != TCP || header.fragment_offset != 0 {
            return None;
        }
        let segment = packet.get(header.payload..header.total)?;
        let fixed: &[u8; 14] = segment.first_chunk()?;
        let [s0, s1, d0, d1, q0, q1, q2, q3, _, _, _, _, offset, flags] = *fixed;
        let source = (header.source, u16::from_be_bytes([s0, s1]));
        let destination = (header.destination, u16::from_be_bytes([d0, d1]));
        let data = usize::from(offset >> 4) * 4;
        Some(Self {
            sequence: u32::from_be_bytes([q0, q1, q2, q3]),
            length: segment.len().checked_sub(data)?,
            flags,
            ends: if outbound {
                (source, destination)
            } else {
                (destination, source)
            },
        })
    }

    /// Whether the peer has to answer it.
    const fn wants_answer(&self) -> bool {
        self.flags & RST == 0 && (self.length > 0 || self.flags & (SYN | FIN) != 0)
    }
}

impl Segments {
    pub(super) fn new() -> Self {
        Self {
            slots: Box::new([None; SLOTS]),
            open: 0,
            told: false,
            hasher: RandomState::new(),
        }
    }

    /// Whether news may be told: not while others are on their way.
    pub(super) const fn tell(&mut self) -> bool {
        !core::mem::replace(&mut self.told, true)
    }

    /// What was told has been heard.
    pub(super) const fn heard(&mut self) {
        self.told = false;
    }

    /// Looks at a packet that is about to be sent.
    pub(super) fn outbound(&mut self, header: &Header, packet: &[u8]) -> Option<Hint> {
        let segment = Segment::read(header, packet, true)?;
        let (at, mut slot) = self.slot(&segment);
        let first = (segment.sequence, segment.length);
        let again = segment.wants_answer() && slot.waiting == Some(first);
        if segment.wants_answer() && slot.waiting.is_none() {
            slot.waiting = Some(first);
        }
        slot.open &= segment.flags & (RST | FIN) == 0;
        self.put(at, slot);
        let connecting = segment.flags & (SYN | ACK) == SYN;
        match again {
            true if connecting && self.open == 0 => Some(Hint::Unconnected),
            true => Some(Hint::Retransmission),
            false => None,
        }
    }

    /// Looks at a packet that has come: it answers everything, as the peer lives.
    pub(super) fn inbound(&mut self, header: &Header, packet: &[u8]) {
        let Some(segment) = Segment::read(header, packet, false) else {
            return;
        };
        let (at, mut slot) = self.slot(&segment);
        slot.waiting = None;
        slot.open = segment.flags & (RST | FIN) == 0;
        self.put(at, slot);
    }

    /// The connection of a segment, and its place; a fresh one where another one was.
    fn slot(&self, segment: &Segment) -> (usize, Slot) {
        let key = self.hasher.hash_one(segment.ends);
        let at = usize::try_from(key % SLOTS as u64).unwrap_or(0);
        let fresh = Slot {
            key,
            waiting: None,
            open: false,
        };
        let known = self.slots.get(at).copied().flatten();
        (at, known.filter(|it| it.key == key).unwrap_or(fresh))
    }

    fn put(&mut self, at: usize, slot: Slot) {
        if let Some(place) = self.slots.get_mut(at) {
            let was = place.is_some_and(|it| it.open);
            self.open = self.open + usize::from(slot.open) - usize::from(was);
            *place = Some(slot);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A TCP segment from 10.0.0.1 to 10.0.0.2, or back.
    fn packet(out: bool, port: u16, sequence: u32, flags: u8, data: usize) -> Vec<u8> {
        let total = u8::try_from(40 + data).unwrap();
        let mut it = vec![0x45, 0, 0, total, 0, 0, 0, 0, 64, TCP, 0, 0];
        let ends = if out { [1, 2] } else { [2, 1] };
        for host in ends {
            it.extend([10, 0, 0, host]);
        }
        let ports = if out { [port, 80] } else { [80, port] };
        for port in ports {
            it.extend(port.to_be_bytes());
        }
        it.extend(sequence.to_be_bytes());
        it.extend([0, 0, 0, 0, 0x50, flags, 0, 0, 0, 0, 0, 0]);
        it.resize(40 + data, 0);
        it
    }

    fn sends(
        table: &mut Segments,
        port: u16,
        sequence: u32,
        flags: u8,
        data: usize,
    ) -> Option<Hint> {
        let bytes = packet(true, port, sequence, flags, data);
        table.outbound(&Header::parse(&bytes).unwrap(), &bytes)
    }

    fn hears(table: &mut Segments, port: u16, flags: u8, data: usize) {
        let bytes = packet(false, port, 9, flags, data);
        table.inbound(&Header::parse(&bytes).unwrap(), &bytes);
    }

    /// [MS-IKEE] §3.12.4.1
    #[test]
    fn a_segment_that_goes_out_again_without_an_answer_is_noticed() {
        let mut table = Segments::new();
        assert_eq!(sends(&mut table, 1000, 1, ACK, 10), None);
        assert_eq!(sends(&mut table, 1000, 11, ACK, 10), None);
        assert_eq!(
            sends(&mut table, 1000, 1, ACK, 10),
            Some(Hint::Retransmission)
        );
        hears(&mut table, 1000, ACK, 0);
        assert_eq!(sends(&mut table, 1000, 1, ACK, 10), None);
    }

    #[test]
    fn new_segments_and_bare_acknowledgements_are_not() {
        let mut table = Segments::new();
        for n in 0..100 {
            assert_eq!(sends(&mut table, 1000, n * 10, ACK, 10), None);
            assert_eq!(sends(&mut table, 1001, 7, ACK, 0), None);
        }
        // the same number, more octets
        assert_eq!(sends(&mut table, 1000, 0, ACK, 20), None);
    }

    /// [MS-IKEE] note 20
    #[test]
    fn a_syn_that_goes_out_again_means_something_else_if_nothing_is_connected() {
        let mut table = Segments::new();
        assert_eq!(sends(&mut table, 1000, 1, SYN, 0), None);
        assert_eq!(sends(&mut table, 1000, 1, SYN, 0), Some(Hint::Unconnected));
        hears(&mut table, 1001, SYN | ACK, 0);
        assert_eq!(
            sends(&mut table, 1000, 1, SYN, 0),
            Some(Hint::Retransmission)
        );
        hears(&mut table, 1001, RST, 0);
        assert_eq!(sends(&mut table, 1000, 1, SYN, 0), Some(Hint::Unconnected));
    }

    #[test]
    fn any_number_of_connections_costs_the_same() {
        let mut table = Segments::new();
        for port in 1..=u16::MAX {
            hears(&mut table, port, ACK, 1);
            sends(&mut table, port, 1, ACK, 1);
        }
        assert!(table.open <= SLOTS);
        for port in 1..=u16::MAX {
            hears(&mut table, port, RST, 0);
        }
        assert!(table.open <= SLOTS);
        assert_eq!(
            table.slots.iter().flatten().filter(|it| it.open).count(),
            table.open
        );
    }

    #[test]
    fn what_is_no_whole_tcp_header_is_passed_over() {
        for length in 20..33 {
            let mut short = packet(true, 1000, 1, SYN, 0);
            short.truncate(length);
            short[3] = u8::try_from(length).unwrap();
            let mut table = Segments::new();
            for _ in 0..2 {
                let header = Header::parse(&short).unwrap();
                assert_eq!(table.outbound(&header, &short), None);
            }
        }
    }
}
