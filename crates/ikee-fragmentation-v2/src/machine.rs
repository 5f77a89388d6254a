//! Splitting and joining, with no idea of SAs, timers or the core.

use alloc::collections::BTreeMap;
use alloc::vec::Vec;

use isakmp_wire::PayloadType;

use crate::queue::Queue;

/// One piece of a message: the plaintext of one Encrypted Fragment payload
/// ([MS-IKEE] §2.2.11.2).
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[expect(clippy::exhaustive_structs, reason = "the fields of the payload")]
pub struct Fragment<'a> {
    /// The payload's next payload field: the type of the message's first payload in fragment 1,
    /// zero in the others ([MS-IKEE] §2.2.11.2, §3.15.3).
    pub first: PayloadType,
    /// Which piece, from 1.
    pub number: u16,
    /// Of how many.
    pub total: u16,
    /// The piece, decrypted.
    pub data: &'a [u8],
}

/// Cuts the plaintext of a message into pieces of at most `room` octets.
///
/// Inner payloads are cut wherever it comes ([MS-IKEE] §3.15.5.3), and numbers begin at 1 with
/// each message (§3.15.3). `None` if `room` is zero or the pieces cannot be numbered.
///
/// ```
/// use ikee_fragmentation_v2::split;
/// use isakmp_wire::v2;
///
/// let pieces: Vec<_> = split(v2::kind::ID_I, b"twelve bytes", 5).unwrap().collect();
/// assert_eq!(pieces.len(), 3);
/// assert_eq!((pieces[2].number, pieces[2].total, pieces[2].data), (3, 3, &b"es"[..]));
/// ```
#[must_use]
pub fn split(
    first: PayloadType,
    data: &[u8],
    room: usize,
) -> Option<impl Iterator<Item = Fragment<'_>>> {
    if room == 0 {
        return None;
    }
    let total = u16::try_from(data.len().div_ceil(room).max(1)).ok()?;
    let pieces = (1..=total).scan(data, move |rest, number| {
        let (data, after) = rest.split_at_checked(room).unwrap_or((rest, &[]));
        *rest = after;
        let first = if number == 1 {
            first
        } else {
            PayloadType::NONE
        };
        Some(Fragment {
            first,
            number,
            total,
            data,
        })
    });
    Some(pieces)
}

/// Bounds on what is kept for one SA.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[expect(clippy::exhaustive_structs, reason = "settings, with a default")]
pub struct Limits {
    /// Pieces of one message ([MS-IKEE] §3.15.1 has a limit without a value). Default 64.
    pub fragments: u16,
    /// Octets of one message's plaintext ([MS-IKEE] §3.15.1). Default 65536.
    pub size: usize,
    /// Messages in pieces at one time. Default 4.
    pub messages: usize,
    /// Octets held for one SA, [`OVERHEAD`] for each piece included. Default 131072.
    pub held: usize,
}

impl Limits {
    /// The defaults.
    pub const DEFAULT: Self = Self {
        fragments: 64,
        size: 64 << 10,
        messages: 4,
        held: 128 << 10,
    };
}

impl Default for Limits {
    fn default() -> Self {
        Self::DEFAULT
    }
}

/// What each piece is reckoned to cost beside its data, in octets, so that empty ones are not free.
pub const OVERHEAD: usize = 64;

/// Which message a piece belongs to: its message ID, and whether it is a response, since both
/// sides count their requests from zero ([MS-IKEE] §3.15.1, RFC 7296 §2.2).
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
#[expect(
    clippy::exhaustive_structs,
    reason = "what tells messages of one SA apart"
)]
pub struct MessageKey {
    /// The message ID.
    pub id: u32,
    /// Whether it is a response.
    pub response: bool,
}

impl MessageKey {
    /// Before all others.
    pub const FIRST: Self = Self::new(0, false);
    /// After all others.
    pub const LAST: Self = Self::new(u32::MAX, true);

    /// The key of a message.
    #[must_use]
    pub const fn new(id: u32, response: bool) -> Self {
        Self { id, response }
    }
}

/// The fragment queues of one SA ([MS-IKEE] §3.15.1).
///
/// What is added must be decrypted and authentic. Work is linear in the octets received.
#[derive(Clone, Debug, Default)]
pub struct Reassembler {
    queues: BTreeMap<MessageKey, Queue>,
    held: usize,
}

impl Reassembler {
    /// Nothing queued.
    #[must_use]
    pub const fn new() -> Self {
        Self {
            queues: BTreeMap::new(),
            held: 0,
        }
    }

    /// Takes a piece.
    pub fn add(&mut self, limits: &Limits, key: MessageKey, piece: Fragment<'_>) -> Added {
        match self.judge(limits, key, &piece) {
            Judgement::Keep => {}
            Judgement::Supersede => self.drop_message(key),
            Judgement::Drop(why) => {
                if why.is_fatal() {
                    self.drop_message(key);
                }
                return Added::Dropped(why);
            }
        }
        self.held = self.held.saturating_add(cost(&piece));
        let queue = self
            .queues
            .entry(key)
            .or_insert_with(|| Queue::new(piece.total));
        if !queue.put(&piece) {
            return Added::Kept;
        }
        let Some(queue) = self.queues.remove(&key) else {
            return Added::Kept;
        };
        self.held = self.held.saturating_sub(queue.cost());
        Added::Whole {
            first: queue.first,
            data: queue.join(),
        }
    }

    /// Forgets a message, as its timer demands; whether anything was queued.
    pub fn expire(&mut self, key: MessageKey) -> bool {
        let known = self.queues.contains_key(&key);
        self.drop_message(key);
        known
    }

    /// Whether pieces of a message are queued.
    #[must_use]
    pub fn is_pending(&self, key: MessageKey) -> bool {
        self.queues.contains_key(&key)
    }

    /// Octets held, [`OVERHEAD`] included.
    #[must_use]
    pub const fn held(&self) -> usize {
        self.held
    }

    /// What is queued: message by message, number and total of pieces and their octets
    /// ([MS-IKEE] §3.15.1).
    pub fn queued(&self) -> impl Iterator<Item = Queued> {
        self.queues.iter().map(|(key, queue)| Queued {
            message: *key,
            received: queue.received,
            total: queue.total,
            octets: queue.size,
        })
    }

    /// Applies every rule for a piece that is received.
    fn judge(&self, limits: &Limits, key: MessageKey, piece: &Fragment<'_>) -> Judgement {
        use Judgement::{Drop, Keep, Supersede};
        // [MS-IKEE] §2.2.11.2: neither is ever zero, and the number is at most the total.
        if piece.number == 0 || piece.total == 0 || piece.number > piece.total {
            return Drop(Dropped::BadNumber);
        }
        let Some(queue) = self.queues.get(&key) else {
            return self.judge_first(limits, piece, 0);
        };
        // RFC 7383 §2.6: a smaller total is an older, coarser fragmentation of the message.
        if piece.total < queue.total {
            return Drop(Dropped::Stale);
        }
        // [MS-IKEE] §2.2.11.2: a larger one supersedes what is queued.
        if piece.total > queue.total {
            return match self.judge_first(limits, piece, queue.cost()) {
                Keep => Supersede,
                other => other,
            };
        }
        if queue.has(piece.number) {
            return Drop(Dropped::Duplicate);
        }
        // [MS-IKEE] §3.15.1: the reassembled message does not exceed the limit.
        if queue.size.saturating_add(piece.data.len()) > limits.size {
            return Drop(Dropped::TooLarge);
        }
        self.judge_room(limits, piece, 0)
    }

    /// For a piece that opens a queue; `freed` octets will go beforehand.
    fn judge_first(&self, limits: &Limits, piece: &Fragment<'_>, freed: usize) -> Judgement {
        // [MS-IKEE] §3.15.1: the number of fragments never exceeds the limit.
        if piece.total > limits.fragments {
            return Judgement::Drop(Dropped::TooMany);
        }
        if piece.data.len() > limits.size {
            return Judgement::Drop(Dropped::TooLarge);
        }
        if freed == 0 && self.queues.len() >= limits.messages {
            return Judgement::Drop(Dropped::NoRoom);
        }
        self.judge_room(limits, piece, freed)
    }

    fn judge_room(&self, limits: &Limits, piece: &Fragment<'_>, freed: usize) -> Judgement {
        let after = self.held.saturating_sub(freed).saturating_add(cost(piece));
        if after > limits.held {
            return Judgement::Drop(Dropped::NoRoom);
        }
        Judgement::Keep
    }

    fn drop_message(&mut self, key: MessageKey) {
        if let Some(queue) = self.queues.remove(&key) {
            self.held = self.held.saturating_sub(queue.cost());
        }
    }
}

/// The octets that a piece is reckoned to hold once queued.
#[must_use]
pub const fn cost(piece: &Fragment<'_>) -> usize {
    piece.data.len().saturating_add(OVERHEAD)
}

/// What became of a piece.
#[derive(Clone, Debug, Eq, PartialEq)]
#[expect(clippy::exhaustive_enums, reason = "whoever adds a piece handles each")]
pub enum Added {
    /// Not used.
    Dropped(Dropped),
    /// Kept; more is to come.
    Kept,
    /// It was the last one missing.
    Whole {
        /// The type of the message's first payload.
        first: PayloadType,
        /// The message's plaintext.
        data: Vec<u8>,
    },
}

/// Why a piece was dropped.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum Dropped {
    /// Number or total is zero, or the number is beyond the total.
    BadNumber,
    /// The piece is there already.
    Duplicate,
    /// What may be held for the SA is held.
    NoRoom,
    /// The message has been fragmented more finely since.
    Stale,
    /// The message would be too large; all of it was dropped.
    TooLarge,
    /// The message is in too many pieces; all of it was dropped.
    TooMany,
}

impl Dropped {
    /// The reason, for logs.
    #[must_use]
    pub const fn reason(self) -> &'static str {
        match self {
            Self::BadNumber => "fragment with an impossible number",
            Self::Duplicate => "fragment received before",
            Self::NoRoom => "fragments: nothing more is held for this SA",
            Self::Stale => "fragment of a coarser fragmentation",
            Self::TooLarge => "fragments add up to too large a message",
            Self::TooMany => "message in too many fragments",
        }
    }

    /// Whether the message can no longer be completed.
    const fn is_fatal(self) -> bool {
        matches!(self, Self::TooLarge | Self::TooMany)
    }
}

/// The state of one message in pieces.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub struct Queued {
    /// Which message.
    pub message: MessageKey,
    /// How many pieces are there.
    pub received: u16,
    /// How many there will be.
    pub total: u16,
    /// Octets of plaintext that are there.
    pub octets: usize,
}

enum Judgement {
    Drop(Dropped),
    Keep,
    Supersede,
}
