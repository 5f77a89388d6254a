//! The fragments of one message, as they come in.

use alloc::collections::BTreeMap;
use alloc::vec::Vec;
use core::time::Duration;

use isakmp_wire::v1::Fragment;

use crate::machine::OVERHEAD;

/// The fragments of one message.
#[derive(Clone, Debug)]
pub(crate) struct Queue {
    /// Counts messages, so that the oldest is known.
    pub(crate) begun: u64,
    pub(crate) deadline: Duration,
    pub(crate) last: Option<u8>,
    pub(crate) size: usize,
    pieces: BTreeMap<u8, Vec<u8>>,
}

impl Queue {
    pub(crate) const fn new(begun: u64, deadline: Duration) -> Self {
        Self {
            begun,
            deadline,
            last: None,
            size: 0,
            pieces: BTreeMap::new(),
        }
    }

    pub(crate) fn has(&self, number: u8) -> bool {
        self.pieces.contains_key(&number)
    }

    pub(crate) fn highest(&self) -> u8 {
        self.pieces.last_key_value().map_or(0, |it| *it.0)
    }

    pub(crate) fn received(&self) -> usize {
        self.pieces.len()
    }

    /// Keeps a fragment that is not there yet; whether all are there now ([MS-IKEE] §3.3.5.3).
    pub(crate) fn put(&mut self, fragment: &Fragment<'_>) -> bool {
        self.pieces.insert(fragment.number, fragment.data.to_vec());
        self.size = self.size.saturating_add(fragment.data.len());
        if fragment.last {
            self.last = Some(fragment.number);
        }
        // none is beyond the last, so their count says whether all are there
        self.last
            .is_some_and(|last| usize::from(last) == self.pieces.len())
    }

    pub(crate) fn cost(&self) -> usize {
        let pieces = self.pieces.len().saturating_mul(OVERHEAD);
        self.size.saturating_add(pieces)
    }

    pub(crate) fn join(self) -> Vec<u8> {
        let mut data = Vec::with_capacity(self.size);
        for piece in self.pieces.into_values() {
            data.extend_from_slice(&piece);
        }
        data
    }
}
