//! Cutting and joining, with no idea of SAs, timers or the core.

use alloc::collections::BTreeMap;
use alloc::vec::Vec;
use core::time::Duration;

use isakmp_wire::v1::Fragment;

use crate::queue::Queue;

/// Cuts a message, header included, into fragments with at most `room` octets of data
/// ([MS-IKEE] §3.3.6.1).
///
/// `None` if `room` is zero or the fragments cannot be numbered.
///
/// ```
/// let cut = ikee_fragmentation::cut(7, b"twelve bytes", 5).unwrap();
/// let all: Vec<_> = cut.collect();
/// assert_eq!(all.len(), 3);
/// assert_eq!((all[2].id, all[2].number, all[2].last), (7, 3, true));
/// assert_eq!(all[2].data, b"es");
/// ```
#[must_use]
pub fn cut(id: u16, message: &[u8], room: usize) -> Option<impl Iterator<Item = Fragment<'_>>> {
    if room == 0 {
        return None;
    }
    // [MS-IKEE] §2.2.3.1: never more than the number can count
    let total = u8::try_from(message.len().div_ceil(room).max(1)).ok()?;
    let fragments = (1..=total).scan(message, move |rest, number| {
        let (data, after) = rest.split_at_checked(room).unwrap_or((rest, &[]));
        *rest = after;
        Some(Fragment {
            id,
            number,
            last: number == total,
            data,
        })
    });
    Some(fragments)
}

/// Bounds on what is kept for one SA.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[expect(clippy::exhaustive_structs, reason = "settings, with a default")]
pub struct Limits {
    /// Octets of one message. Default 65536.
    pub size: usize,
    /// Messages in fragments at one time; the oldest goes for a new one. Default 8.
    pub messages: usize,
    /// Octets held for one SA, [`OVERHEAD`] for each fragment included; the oldest message goes
    /// for more. Default 131072.
    pub held: usize,
    /// How long the fragments of a message wait for the others. Default 70 s ([MS-IKEE] note 17).
    pub time: Duration,
}

impl Limits {
    /// The longest that fragments wait ([MS-IKEE] §3.3.2).
    pub const LONGEST: Duration = Duration::from_secs(90);

    /// The defaults.
    pub const DEFAULT: Self = Self {
        size: 64 << 10,
        messages: 8,
        held: 128 << 10,
        time: Duration::from_secs(70),
    };
}

impl Default for Limits {
    fn default() -> Self {
        Self::DEFAULT
    }
}

/// What each fragment is reckoned to cost beside its data, in octets, so that empty ones are not
/// free.
pub const OVERHEAD: usize = 64;

/// Which message a fragment belongs to.
///
/// The fragment ID alone would do between peers that count as [MS-IKEE] §3.3.1 has it; some always
/// use the same ID. All fragments have the message's own header (§3.3.6.1), so its message ID is
/// known.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
#[expect(
    clippy::exhaustive_structs,
    reason = "what tells messages of one SA apart"
)]
pub struct MessageKey {
    /// The fragment ID.
    pub fragment_id: u16,
    /// The message ID in the header.
    pub message_id: u32,
}

/// The fragment queue of one SA ([MS-IKEE] §3.3.1).
///
/// Work is linear in the octets received, in whatever order they come.
#[derive(Clone, Debug, Default)]
pub struct Reassembler {
    queues: BTreeMap<MessageKey, Queue>,
    held: usize,
    begun: u64,
}

impl Reassembler {
    /// Nothing queued.
    #[must_use]
    pub const fn new() -> Self {
        Self {
            queues: BTreeMap::new(),
            held: 0,
            begun: 0,
        }
    }

    /// Takes a fragment that comes at `now`, reckoned from any point.
    pub fn add(
        &mut self,
        limits: &Limits,
        now: Duration,
        key: MessageKey,
        fragment: &Fragment<'_>,
    ) -> Added {
        if let Some(why) = self.judge(limits, key, fragment) {
            if why.is_fatal() {
                self.forget(key);
            }
            return Added::Dropped(why);
        }
        if !self.make_room(limits, key, cost(fragment)) {
            return Added::Dropped(Dropped::NoRoom);
        }
        self.held = self.held.saturating_add(cost(fragment));
        let begun = self.begun;
        let queue = self.queues.entry(key).or_insert_with(|| {
            // [MS-IKEE] §3.3.2: the time runs from the first fragment on
            Queue::new(begun, now.saturating_add(limits.time.min(Limits::LONGEST)))
        });
        if queue.begun == begun {
            self.begun = begun.saturating_add(1);
        }
        if !queue.put(fragment) {
            return Added::Kept;
        }
        let Some(queue) = self.queues.remove(&key) else {
            return Added::Kept;
        };
        self.held = self.held.saturating_sub(queue.cost());
        Added::Whole(queue.join())
    }

    /// Forgets the messages whose time is up; how many.
    pub fn expire(&mut self, now: Duration) -> usize {
        let due: Vec<_> = self
            .queues
            .iter()
            .filter(|(_, queue)| queue.deadline <= now)
            .map(|(key, _)| *key)
            .collect();
        for key in &due {
            self.forget(*key);
        }
        due.len()
    }

    /// When the next message's time is up.
    #[must_use]
    pub fn deadline(&self) -> Option<Duration> {
        self.queues.values().map(|it| it.deadline).min()
    }

    /// Octets held, [`OVERHEAD`] included.
    #[must_use]
    pub const fn held(&self) -> usize {
        self.held
    }

    /// What is queued, message by message.
    pub fn queued(&self) -> impl Iterator<Item = Queued> {
        self.queues.iter().map(|(key, queue)| Queued {
            message: *key,
            received: queue.received(),
            last: queue.last,
            octets: queue.size,
        })
    }

    /// Why a fragment is not to be kept, by the rules of [MS-IKEE] §3.3.5.3.
    fn judge(&self, limits: &Limits, key: MessageKey, fragment: &Fragment<'_>) -> Option<Dropped> {
        // [MS-IKEE] §2.2.3.1: numbers begin at 1
        if fragment.number == 0 {
            return Some(Dropped::BadNumber);
        }
        let Some(queue) = self.queues.get(&key) else {
            return (fragment.data.len() > limits.size).then_some(Dropped::TooLarge);
        };
        if queue.has(fragment.number) {
            return Some(Dropped::Duplicate);
        }
        // [MS-IKEE] §3.3.5.3: one last fragment, and none behind it, whichever comes first
        let beyond = queue.last.is_some_and(|it| it < fragment.number);
        if fragment.last && queue.last.is_some() {
            return Some(Dropped::TwoLast);
        }
        if beyond || (fragment.last && queue.highest() > fragment.number) {
            return Some(Dropped::BeyondLast);
        }
        let size = queue.size.saturating_add(fragment.data.len());
        (size > limits.size).then_some(Dropped::TooLarge)
    }

    /// Drops the oldest messages until there is room for `octets` more of one; whether there is.
    fn make_room(&mut self, limits: &Limits, key: MessageKey, octets: usize) -> bool {
        if octets > limits.held || limits.messages == 0 {
            return false;
        }
        loop {
            let known = self.queues.contains_key(&key);
            let full = !known && self.queues.len() >= limits.messages;
            if !full && self.held.saturating_add(octets) <= limits.held {
                return true;
            }
            let others = self.queues.iter().filter(|(it, _)| **it != key);
            let Some(oldest) = others.min_by_key(|(_, it)| it.begun).map(|it| *it.0) else {
                return false;
            };
            self.forget(oldest);
        }
    }

    fn forget(&mut self, key: MessageKey) {
        if let Some(queue) = self.queues.remove(&key) {
            self.held = self.held.saturating_sub(queue.cost());
        }
    }
}

/// The octets that a fragment is reckoned to hold once queued.
#[must_use]
pub const fn cost(fragment: &Fragment<'_>) -> usize {
    fragment.data.len().saturating_add(OVERHEAD)
}

/// What became of a fragment.
#[derive(Clone, Debug, Eq, PartialEq)]
#[expect(clippy::exhaustive_enums, reason = "whoever adds one handles each")]
pub enum Added {
    /// Not used.
    Dropped(Dropped),
    /// Kept; more is to come.
    Kept,
    /// It was the last one missing of this message, header included.
    Whole(Vec<u8>),
}

/// Why a fragment was dropped.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum Dropped {
    /// Its number is zero.
    BadNumber,
    /// Its number is beyond that of the last fragment; all of the message was dropped.
    BeyondLast,
    /// It is there already.
    Duplicate,
    /// What may be held for the SA is held.
    NoRoom,
    /// The message would be too large; all of it was dropped.
    TooLarge,
    /// A second one claims to be the last; all of the message was dropped.
    TwoLast,
}

impl Dropped {
    /// Whether the message can no longer be completed.
    const fn is_fatal(self) -> bool {
        matches!(self, Self::BeyondLast | Self::TooLarge | Self::TwoLast)
    }
}

/// The state of one message in fragments.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub struct Queued {
    /// Which message.
    pub message: MessageKey,
    /// How many fragments are there.
    pub received: usize,
    /// The number of the last one, once it is there.
    pub last: Option<u8>,
    /// Octets of the message that are there.
    pub octets: usize,
}
