//! Where flows are kept: a table of fixed size, without an allocation after it was made.
//!
//! Rows lie in one vector. A bucket holds the number of a row, which leads to the next of the same bucket. Two lists
//! order the rows by when they were last used: flows in clear, and secured ones. Every operation takes constant time; the
//! hash has a key, so nobody can choose flows that share a bucket.

use alloc::vec::Vec;
use core::mem::size_of;
use core::time::Duration;

use siphasher::sip::SipHasher13;

use crate::machine::key::FlowKey;

/// How many flows are kept, and for how long.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[expect(clippy::exhaustive_structs, reason = "every bound there is")]
pub struct Limits {
    /// The most flows. One more takes the place of the flow in clear that was used least recently; a secured one never
    /// gives way, so when there are only those, the new flow is refused.
    pub flows: u32,
    /// How long a flow in clear may be silent before it is forgotten.
    pub clear: Duration,
    /// How long a secured one may. Then its next packet is that of a new flow, which may be in clear.
    pub secure: Duration,
    /// How long after a negotiation was asked for a flow may ask again, if nothing came of it.
    pub hold_off: Duration,
}

impl Limits {
    /// 65,536 flows, some 4 MiB; two hours in clear, a day secured, half a minute between negotiations.
    pub const DEFAULT: Self = Self {
        flows: 65_536,
        clear: Duration::from_secs(2 * 3600),
        secure: Duration::from_secs(24 * 3600),
        hold_off: Duration::from_secs(30),
    };
}

impl Default for Limits {
    fn default() -> Self {
        Self::DEFAULT
    }
}

/// No row.
const NONE: u32 = u32::MAX;

/// The flags of a flow ([MS-IKEE] §3.7.1), and when it was last used, in seconds.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Row {
    key: FlowKey,
    pub(crate) secure: bool,
    pub(crate) guaranteed: bool,
    pub(crate) acquire: bool,
    /// When the acquire flag was set.
    pub(crate) acquired: u32,
    used: u32,
    next: u32,
    older: u32,
    newer: u32,
}

/// The ends of a list of rows.
#[derive(Clone, Copy, Debug)]
struct List {
    oldest: u32,
    newest: u32,
}

impl List {
    const EMPTY: Self = Self {
        oldest: NONE,
        newest: NONE,
    };
}

#[derive(Debug)]
pub(crate) struct Store {
    limits: Limits,
    seed: [u8; 16],
    /// The first row of each bucket, and one more: 0 for none.
    buckets: Vec<u32>,
    rows: Vec<Row>,
    /// The first of the rows that are not in use, chained by `next`.
    free: u32,
    len: usize,
    clear: List,
    secure: List,
}

impl Store {
    pub(crate) fn new(limits: Limits, seed: [u8; 16]) -> Self {
        let limits = Limits {
            flows: limits.flows.clamp(1, 1 << 30),
            ..limits
        };
        let flows = usize::try_from(limits.flows).unwrap_or(usize::MAX);
        Self {
            limits,
            seed,
            buckets: alloc::vec![0; flows.next_power_of_two()],
            rows: Vec::with_capacity(flows),
            free: NONE,
            len: 0,
            clear: List::EMPTY,
            secure: List::EMPTY,
        }
    }

    pub(crate) const fn limits(&self) -> &Limits {
        &self.limits
    }

    pub(crate) const fn len(&self) -> usize {
        self.len
    }

    /// Octets that the table takes up, full or not.
    pub(crate) const fn octets(&self) -> usize {
        let rows = self.rows.capacity().saturating_mul(size_of::<Row>());
        rows.saturating_add(self.buckets.capacity().saturating_mul(size_of::<u32>()))
    }

    /// The keyed hash of a flow.
    pub(crate) fn hash(&self, key: &FlowKey) -> u64 {
        SipHasher13::new_with_key(&self.seed).hash(&key.octets())
    }

    /// A row, by its number.
    pub(crate) fn row(&mut self, at: u32) -> Option<&mut Row> {
        self.rows.get_mut(index(at))
    }

    /// The row of a flow that has not been silent for too long; it counts as used.
    pub(crate) fn find(&mut self, now: u32, hash: u64, key: &FlowKey) -> Option<u32> {
        let at = self.search(hash, |row| row.key == *key)?;
        if self.is_stale(now, at) {
            self.remove(at);
            return None;
        }
        let row = self.rows.get_mut(index(at))?;
        if row.used != now {
            row.used = now;
            let secure = row.secure;
            self.unlink(at, secure);
            self.link(at, secure);
        }
        Some(at)
    }

    /// The row of the flow with this hash, without a look at the time.
    pub(crate) fn by_hash(&self, hash: u64) -> Option<u32> {
        self.search(hash, |row| self.hash(&row.key) == hash)
    }

    /// A fresh row for a flow that has none; `None` if there is no place for it.
    pub(crate) fn insert(&mut self, now: u32, hash: u64, key: FlowKey) -> Option<u32> {
        for oldest in [self.clear.oldest, self.secure.oldest] {
            if oldest != NONE && self.is_stale(now, oldest) {
                self.remove(oldest);
            }
        }
        let at = self.place()?;
        let bucket = bucket(hash, self.buckets.len());
        let bucket = self.buckets.get_mut(bucket)?;
        let row = Row {
            key,
            secure: false,
            guaranteed: false,
            acquire: false,
            acquired: 0,
            used: now,
            next: bucket.checked_sub(1).unwrap_or(NONE),
            older: NONE,
            newer: NONE,
        };
        *bucket = at.saturating_add(1);
        match self.rows.get_mut(index(at)) {
            Some(old) => *old = row,
            None => self.rows.push(row),
        }
        self.len = self.len.saturating_add(1);
        self.link(at, false);
        Some(at)
    }

    /// Marks a flow as secured: it leaves the list of those that give way.
    pub(crate) fn secure(&mut self, at: u32) {
        let Some(row) = self.row(at).filter(|row| !row.secure) else {
            return;
        };
        row.secure = true;
        self.unlink(at, false);
        self.link(at, true);
    }

    fn search(&self, hash: u64, is: impl Fn(&Row) -> bool) -> Option<u32> {
        let first = self.buckets.get(bucket(hash, self.buckets.len()))?;
        let mut at = first.checked_sub(1)?;
        loop {
            let row = self.rows.get(index(at))?;
            if is(row) {
                return Some(at);
            }
            at = row.next;
        }
    }

    fn is_stale(&self, now: u32, at: u32) -> bool {
        self.rows.get(index(at)).is_some_and(|row| {
            let limit = if row.secure {
                self.limits.secure
            } else {
                self.limits.clear
            };
            u64::from(now.saturating_sub(row.used)) >= limit.as_secs().max(1)
        })
    }

    /// The number of a row that is not in use.
    fn place(&mut self) -> Option<u32> {
        if self.free == NONE && self.rows.len() >= index(self.limits.flows) {
            if self.clear.oldest == NONE {
                return None;
            }
            self.remove(self.clear.oldest);
        }
        if let Some(row) = self.rows.get(index(self.free)) {
            let at = self.free;
            self.free = row.next;
            return Some(at);
        }
        u32::try_from(self.rows.len()).ok()
    }

    /// Takes a row out of its bucket and its list.
    fn remove(&mut self, at: u32) {
        let Some(row) = self.rows.get(index(at)).copied() else {
            return;
        };
        self.unlink(at, row.secure);
        let bucket = bucket(self.hash(&row.key), self.buckets.len());
        let mut before = self
            .buckets
            .get(bucket)
            .map_or(NONE, |it| it.wrapping_sub(1));
        if before == at {
            if let Some(first) = self.buckets.get_mut(bucket) {
                *first = row.next.wrapping_add(1);
            }
        } else {
            while let Some(it) = self.rows.get_mut(index(before)) {
                if it.next == at {
                    it.next = row.next;
                    break;
                }
                before = it.next;
            }
        }
        if let Some(it) = self.rows.get_mut(index(at)) {
            it.next = self.free;
            self.free = at;
            self.len = self.len.saturating_sub(1);
        }
    }

    const fn list(&mut self, secure: bool) -> &mut List {
        if secure {
            &mut self.secure
        } else {
            &mut self.clear
        }
    }

    /// Puts a row at the new end of its list.
    fn link(&mut self, at: u32, secure: bool) {
        let list = self.list(secure);
        let newest = core::mem::replace(&mut list.newest, at);
        if list.oldest == NONE {
            list.oldest = at;
        }
        if let Some(row) = self.rows.get_mut(index(newest)) {
            row.newer = at;
        }
        if let Some(row) = self.rows.get_mut(index(at)) {
            (row.older, row.newer) = (newest, NONE);
        }
    }

    /// Takes a row out of its list.
    fn unlink(&mut self, at: u32, secure: bool) {
        let Some(row) = self.rows.get(index(at)) else {
            return;
        };
        let (older, newer) = (row.older, row.newer);
        match self.rows.get_mut(index(older)) {
            Some(it) => it.newer = newer,
            None => self.list(secure).oldest = newer,
        }
        match self.rows.get_mut(index(newer)) {
            Some(it) => it.older = older,
            None => self.list(secure).newest = older,
        }
    }
}

/// A row's place; that of no row is past every end.
fn index(at: u32) -> usize {
    usize::try_from(at).unwrap_or(usize::MAX)
}

/// The bucket of a hash among a power of two of them.
fn bucket(hash: u64, count: usize) -> usize {
    let mask = u64::try_from(count.saturating_sub(1)).unwrap_or(u64::MAX);
    usize::try_from(hash & mask).unwrap_or_default()
}
