//! The pieces of one message, as they come in.

use alloc::collections::BTreeMap;
use alloc::vec::Vec;

use isakmp_wire::PayloadType;

use crate::machine::{Fragment, OVERHEAD};

/// The pieces of one message.
#[derive(Clone, Debug)]
pub(crate) struct Queue {
    pub(crate) first: PayloadType,
    pub(crate) total: u16,
    pub(crate) received: u16,
    pub(crate) size: usize,
    pieces: BTreeMap<u16, Vec<u8>>,
}

impl Queue {
    pub(crate) const fn new(total: u16) -> Self {
        Self {
            first: PayloadType::NONE,
            total,
            received: 0,
            size: 0,
            pieces: BTreeMap::new(),
        }
    }

    pub(crate) fn has(&self, number: u16) -> bool {
        self.pieces.contains_key(&number)
    }

    /// Keeps a piece that is not there yet; whether all are there now.
    pub(crate) fn put(&mut self, piece: &Fragment<'_>) -> bool {
        self.pieces.insert(piece.number, piece.data.to_vec());
        self.received = self.received.saturating_add(1);
        self.size = self.size.saturating_add(piece.data.len());
        // [MS-IKEE] §2.2.11.2: only fragment 1 says what the first payload is.
        if piece.number == 1 {
            self.first = piece.first;
        }
        self.received == self.total
    }

    pub(crate) fn cost(&self) -> usize {
        let pieces = usize::from(self.received).saturating_mul(OVERHEAD);
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
