//! Putting IP fragments together again (RFC 791 §3.2, RFC 8200 §4.5), in bounded memory.

use std::collections::VecDeque;
use std::net::IpAddr;
use std::time::Duration;

use super::ip::Packet;
use super::report::{Defect, Layer};

/// The datagrams of which some fragments have been seen.
#[derive(Debug, Default)]
pub(crate) struct Reassembly {
    /// The oldest first; the oldest is given up when there are too many.
    partial: VecDeque<Partial>,
}

/// A datagram under way, or one that came out.
#[derive(Debug)]
pub(crate) struct Partial {
    pub(crate) source: IpAddr,
    pub(crate) destination: IpAddr,
    pub(crate) protocol: u8,
    /// The frames its fragments came in.
    pub(crate) frames: Vec<u64>,
    pub(crate) time: Option<Duration>,
    pub(crate) defects: Vec<Defect>,
    id: u32,
    data: Vec<u8>,
    /// One mark per octet of `data` that has arrived.
    have: Vec<bool>,
    filled: usize,
    total: Option<usize>,
}

impl Reassembly {
    /// Takes in a fragment; gives back the datagram when it has become whole, or one that had to be given up.
    pub(crate) fn add(
        &mut self,
        packet: &Packet<'_>,
        frame: u64,
        time: Option<Duration>,
    ) -> Option<Partial> {
        let fragment = packet.fragment?;
        let index = self.partial.iter().position(|partial| {
            partial.id == fragment.id
                && partial.protocol == packet.protocol
                && partial.source == packet.source
                && partial.destination == packet.destination
        });
        let index = index.unwrap_or_else(|| {
            self.partial.push_back(Partial::new(packet, fragment.id));
            self.partial.len() - 1
        });
        let partial = self.partial.get_mut(index)?;
        partial.time = time;
        partial.insert(packet, frame, fragment.start, fragment.more);
        if partial.is_whole() {
            return self.partial.remove(index);
        }
        if self.partial.len() > MAX_PARTIAL {
            return self.give_up();
        }
        None
    }

    /// The oldest datagram that never became whole.
    pub(crate) fn give_up(&mut self) -> Option<Partial> {
        let mut partial = self.partial.pop_front()?;
        let have = partial.beginning().len();
        partial.defects.push(
            Defect::new(Layer::Ip, "IP fragments missing", have)
                .with_detail(format!("{} octets in all", partial.filled)),
        );
        Some(partial)
    }
}

impl Partial {
    fn new(packet: &Packet<'_>, id: u32) -> Self {
        Self {
            source: packet.source,
            destination: packet.destination,
            protocol: packet.protocol,
            frames: Vec::new(),
            time: None,
            defects: Vec::new(),
            id,
            data: Vec::new(),
            have: Vec::new(),
            filled: 0,
            total: None,
        }
    }

    /// What has arrived without a gap, from the first octet on.
    pub(crate) fn beginning(&self) -> &[u8] {
        let end = self
            .have
            .iter()
            .position(|have| !have)
            .unwrap_or(self.have.len());
        self.data.get(..end).unwrap_or_default()
    }

    fn is_whole(&self) -> bool {
        self.total == Some(self.filled)
    }

    fn insert(&mut self, packet: &Packet<'_>, frame: u64, start: usize, more: bool) {
        if self.frames.len() < MAX_FRAMES {
            self.frames.push(frame);
        }
        self.note_all(&packet.defects);
        let end = start.saturating_add(packet.payload.len());
        if end > usize::from(u16::MAX) {
            return self.note(
                Defect::new(Layer::Ip, "fragment beyond 65535", start),
                frame,
            );
        }
        if self
            .total
            .is_some_and(|total| end > total || (!more && end != total))
        {
            return self.note(
                Defect::new(Layer::Ip, "fragment beyond the last one", start),
                frame,
            );
        }
        if !more {
            if end < self.data.len() {
                return self.note(
                    Defect::new(Layer::Ip, "last fragment ends too early", end),
                    frame,
                );
            }
            self.total = Some(end);
        } else if !packet.payload.len().is_multiple_of(8) && packet.defects.is_empty() {
            self.note(
                Defect::new(Layer::Ip, "fragment length not a multiple of 8", start),
                frame,
            );
        }
        if end > self.data.len() {
            self.data.resize(end, 0);
            self.have.resize(end, false);
        }
        if self.fill(start, packet.payload) {
            self.note(
                Defect::new(Layer::Ip, "fragments overlap and differ", start),
                frame,
            );
        }
    }

    /// Writes where nothing is yet: what came first stays. Tells whether something else was there.
    fn fill(&mut self, start: usize, payload: &[u8]) -> bool {
        let places = self.data.iter_mut().zip(self.have.iter_mut()).skip(start);
        let mut differs = false;
        for ((place, have), octet) in places.zip(payload) {
            if *have {
                differs |= place != octet;
            } else {
                *place = *octet;
                *have = true;
                self.filled += 1;
            }
        }
        differs
    }

    fn note(&mut self, defect: Defect, frame: u64) {
        self.note_all(&[defect.in_frame(frame)]);
    }

    fn note_all(&mut self, defects: &[Defect]) {
        let room = MAX_DEFECTS.saturating_sub(self.defects.len());
        self.defects.extend(defects.iter().take(room).cloned());
    }
}

const MAX_PARTIAL: usize = 64;
const MAX_FRAMES: usize = 256;
const MAX_DEFECTS: usize = 16;

#[cfg(test)]
mod tests {
    use super::super::ip::Fragment;
    use super::*;

    fn fragment(start: usize, payload: &[u8], more: bool) -> Packet<'_> {
        Packet {
            source: [10, 0, 0, 1].into(),
            destination: [10, 0, 0, 2].into(),
            protocol: 17,
            payload,
            fragment: Some(Fragment { id: 1, start, more }),
            defects: Vec::new(),
        }
    }

    #[test]
    fn fragments_in_any_order_and_twice_become_the_datagram() {
        let mut reassembly = Reassembly::default();
        assert!(
            reassembly
                .add(&fragment(16, b"end", false), 1, None)
                .is_none()
        );
        assert!(
            reassembly
                .add(&fragment(0, b"12345678", true), 2, None)
                .is_none()
        );
        assert!(
            reassembly
                .add(&fragment(0, b"12345678", true), 3, None)
                .is_none()
        );
        let whole = reassembly
            .add(&fragment(8, b"abcdefgh", true), 4, None)
            .unwrap();
        assert_eq!(whole.beginning(), b"12345678abcdefghend");
        assert_eq!(whole.frames, [1, 2, 3, 4]);
        assert!(whole.defects.is_empty());
        assert!(reassembly.give_up().is_none());
    }

    #[test]
    fn overlaps_keep_what_came_first_and_are_named() {
        let mut reassembly = Reassembly::default();
        assert!(
            reassembly
                .add(&fragment(0, b"12345678abcdefgh", true), 1, None)
                .is_none()
        );
        let whole = reassembly
            .add(&fragment(8, b"ABCDEFGHxy", false), 2, None)
            .unwrap();
        assert_eq!(whole.beginning(), b"12345678abcdefghxy");
        assert_eq!(whole.defects[0].kind, "fragments overlap and differ");
    }

    #[test]
    fn what_never_becomes_whole_is_given_up_with_its_beginning() {
        let mut reassembly = Reassembly::default();
        assert!(
            reassembly
                .add(&fragment(0, b"12345678", true), 1, None)
                .is_none()
        );
        assert!(
            reassembly
                .add(&fragment(24, b"87654321", true), 2, None)
                .is_none()
        );
        let partial = reassembly.give_up().unwrap();
        assert_eq!(partial.beginning(), b"12345678");
        assert_eq!(partial.defects[0].offset, 8);
    }

    #[test]
    fn memory_is_bounded_by_giving_up_the_oldest() {
        let mut reassembly = Reassembly::default();
        let mut given_up = 0;
        for id in 0..1000 {
            let mut packet = fragment(0, b"12345678", true);
            packet.fragment = Some(Fragment {
                id,
                start: 65_520,
                more: true,
            });
            given_up += usize::from(reassembly.add(&packet, 1, None).is_some());
        }
        assert_eq!(given_up, 1000 - MAX_PARTIAL);
    }
}
