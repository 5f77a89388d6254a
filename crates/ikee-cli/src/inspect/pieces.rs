//! Putting the fragments of IKEv1 messages together ([MS-IKEE] §2.2.3 and §3.3.5.3), in bounded memory.

use std::collections::{BTreeMap, VecDeque};

use isakmp_wire::v1::Fragment;
use isakmp_wire::{Header, RawPayload};

use super::report::{Defect, Layer};

/// The messages of which some fragments have been seen, the oldest first.
#[derive(Debug, Default)]
pub(crate) struct Pieces {
    sets: VecDeque<Set>,
}

#[derive(Debug)]
struct Set {
    key: ([u8; 8], [u8; 8], u16),
    last: Option<u8>,
    pieces: BTreeMap<u8, (Vec<u8>, u64)>,
}

impl Pieces {
    /// Takes in a fragment; gives back the whole message and its frames when it was the last one missing.
    pub(crate) fn add(
        &mut self,
        header: &Header,
        raw: RawPayload<'_>,
        frame: u64,
        defects: &mut Vec<Defect>,
    ) -> Option<(Vec<u8>, Vec<u64>)> {
        let fragment = Fragment::parse(raw).ok()?;
        let spis = (*header.initiator.as_bytes(), *header.responder.as_bytes());
        let key = (spis.0, spis.1, fragment.id);
        let known = self.sets.iter().position(|set| set.key == key);
        let index = known.unwrap_or_else(|| {
            if self.sets.len() >= MAX_SETS {
                self.sets.pop_front();
            }
            self.sets.push_back(Set {
                key,
                last: None,
                pieces: BTreeMap::new(),
            });
            self.sets.len() - 1
        });
        let set = self.sets.get_mut(index)?;
        let mut wrong = |text| defects.push(Defect::new(Layer::Ike, text, raw.offset));
        if set
            .pieces
            .get(&fragment.number)
            .is_some_and(|it| it.0 != fragment.data)
        {
            wrong("differs from an earlier fragment of the same number");
        }
        if fragment.last {
            if set.last.is_some_and(|it| it != fragment.number) {
                wrong("another fragment was the last one");
            }
            set.last = Some(fragment.number);
        }
        let data = fragment.data.to_vec();
        set.pieces.entry(fragment.number).or_insert((data, frame));
        let last = set.last?;
        if set.pieces.keys().any(|it| *it > last) {
            wrong("a fragment is beyond the last one");
            self.sets.remove(index);
            return None;
        }
        let whole = (1..=last).all(|it| set.pieces.contains_key(&it));
        if !whole {
            return None;
        }
        let set = self.sets.remove(index)?;
        let frames = set.pieces.values().map(|(_, frame)| *frame).collect();
        let octets = set
            .pieces
            .into_values()
            .flat_map(|(data, _)| data)
            .collect();
        Some((octets, frames))
    }
}

/// Each holds at most 255 fragments, each of one datagram.
const MAX_SETS: usize = 16;
