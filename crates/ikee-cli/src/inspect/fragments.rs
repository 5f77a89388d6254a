//! Putting decrypted fragments together (RFC 7383 §2.6), in bounded memory.

use std::collections::{BTreeMap, VecDeque};

use isakmp_wire::v2::EncryptedFragment;
use isakmp_wire::{Flags, Header, PayloadType, RawPayload};

use super::report::{Defect, Layer};

/// The messages of which some fragments have been seen, the oldest first.
#[derive(Debug, Default)]
pub(crate) struct Fragments {
    sets: VecDeque<Set>,
}

/// A decrypted fragment.
#[derive(Debug)]
pub(crate) struct Fragment {
    key: Key,
    number: u16,
    first: PayloadType,
    data: Vec<u8>,
    frame: u64,
}

/// A plaintext put together.
#[derive(Debug)]
pub(crate) struct Whole {
    pub(crate) first: PayloadType,
    pub(crate) data: Vec<u8>,
    pub(crate) frames: Vec<u64>,
}

/// What the fragments of one message have in common. One sent again in other pieces has another total.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Key {
    spis: ([u8; 8], [u8; 8]),
    message_id: u32,
    flags: u8,
    total: u16,
}

#[derive(Debug)]
struct Set {
    key: Key,
    octets: usize,
    pieces: BTreeMap<u16, Fragment>,
}

impl Fragment {
    pub(crate) fn new(
        header: &Header,
        raw: RawPayload<'_>,
        data: Vec<u8>,
        frame: u64,
    ) -> Option<Self> {
        let payload = EncryptedFragment::parse(raw).ok()?;
        let direction = header.flags.get() & (Flags::INITIATOR | Flags::RESPONSE).get();
        Some(Self {
            key: Key {
                spis: (*header.initiator.as_bytes(), *header.responder.as_bytes()),
                message_id: header.message_id,
                flags: direction,
                total: payload.total,
            },
            number: payload.number,
            first: payload.next,
            data,
            frame,
        })
    }
}

impl Fragments {
    /// Takes in a fragment; gives back the whole when it was the last one missing.
    pub(crate) fn add(&mut self, fragment: Fragment, defects: &mut Vec<Defect>) -> Option<Whole> {
        let index = self.sets.iter().position(|set| set.key == fragment.key);
        let index = index.unwrap_or_else(|| {
            self.sets.push_back(Set {
                key: fragment.key.clone(),
                octets: 0,
                pieces: BTreeMap::new(),
            });
            self.sets.len() - 1
        });
        let set = self.sets.get_mut(index)?;
        set.octets += fragment.data.len();
        let total = usize::from(fragment.key.total);
        let number = fragment.number;
        let differs = set
            .pieces
            .get(&number)
            .is_some_and(|piece| piece.data != fragment.data);
        if differs {
            let text = "differs from an earlier fragment of the same number";
            defects.push(Defect::new(Layer::Ike, text, NUMBER_AT));
        }
        set.pieces.entry(number).or_insert(fragment);
        if set.pieces.len() == total {
            return self.sets.remove(index).map(Set::join);
        }
        let too_large = set.octets > MAX_OCTETS;
        if too_large {
            defects.push(Defect::new(Layer::Inner, "too many octets in fragments", 0));
            self.sets.remove(index);
        } else if self.sets.len() > MAX_SETS {
            self.sets.pop_front();
        }
        None
    }
}

impl Set {
    fn join(self) -> Whole {
        let first = self
            .pieces
            .get(&1)
            .map_or(PayloadType::NONE, |piece| piece.first);
        let frames = self.pieces.values().map(|piece| piece.frame).collect();
        let data = self
            .pieces
            .into_values()
            .flat_map(|piece| piece.data)
            .collect();
        Whole {
            first,
            data,
            frames,
        }
    }
}

/// Where the fragment number stands when the payload is alone in its message.
const NUMBER_AT: usize = 32;
const MAX_OCTETS: usize = 1 << 20;
const MAX_SETS: usize = 16;

#[cfg(test)]
mod tests {
    use super::*;

    fn fragment(message_id: u32, number: u16, total: u16, data: &[u8]) -> Fragment {
        Fragment {
            key: Key {
                spis: ([1; 8], [2; 8]),
                message_id,
                flags: 8,
                total,
            },
            number,
            first: PayloadType::new(if number == 1 { 35 } else { 0 }),
            data: data.to_vec(),
            frame: u64::from(number),
        }
    }

    #[test]
    fn fragments_in_any_order_become_the_plaintext() {
        let mut fragments = Fragments::default();
        let mut defects = Vec::new();
        assert!(
            fragments
                .add(fragment(1, 3, 3, b"c"), &mut defects)
                .is_none()
        );
        assert!(
            fragments
                .add(fragment(2, 1, 3, b"x"), &mut defects)
                .is_none()
        );
        assert!(
            fragments
                .add(fragment(1, 1, 3, b"a"), &mut defects)
                .is_none()
        );
        assert!(
            fragments
                .add(fragment(1, 1, 3, b"A"), &mut defects)
                .is_none()
        );
        let whole = fragments
            .add(fragment(1, 2, 3, b"b"), &mut defects)
            .unwrap();
        assert_eq!(
            (whole.data.as_slice(), whole.first.get()),
            (&b"abc"[..], 35)
        );
        assert_eq!(whole.frames, [1, 2, 3]);
        assert_eq!(defects.len(), 1);
    }

    #[test]
    fn sets_that_never_become_whole_are_few_and_small() {
        let mut fragments = Fragments::default();
        let mut defects = Vec::new();
        for id in 0..1000 {
            assert!(
                fragments
                    .add(fragment(id, 1, 2, &[0; 100]), &mut defects)
                    .is_none()
            );
        }
        assert_eq!(fragments.sets.len(), MAX_SETS);
        for number in 1..100 {
            let large = fragment(5000, number, 200, &[0; 30_000]);
            assert!(fragments.add(large, &mut defects).is_none());
        }
        let held: usize = fragments.sets.iter().map(|set| set.octets).sum();
        assert!(held <= MAX_OCTETS + MAX_SETS * 100, "{held}");
    }
}
