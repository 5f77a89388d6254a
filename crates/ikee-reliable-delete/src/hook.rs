use alloc::collections::BTreeMap;
use alloc::vec;

use ike_ext::{
    Action, Context, Draft, Extension, Inbound, Instant, Lifecycle, Place, Policy, SaId, SaTable,
    Stage, Timers, Verdict,
};
use isakmp_wire::v1::{Delete, ProtocolId, kind};
use isakmp_wire::{ExchangeType, OwnedPayload};

use crate::machine::{Fired, Pending, Schedule};
use crate::wire::{MICROSOFT, NONCE_LEN, Reliable};

/// The delete.
const DELETE: Stage = Stage::new(ExchangeType::V1_INFORMATIONAL, 1);
/// Its acknowledgement.
const ACKNOWLEDGEMENT: Stage = Stage::new(ExchangeType::V1_INFORMATIONAL, 2);

/// Which peers' deletes get a nonce, to be acknowledged.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
#[non_exhaustive]
pub enum Nonces {
    /// Everybody's: the text of [MS-IKEE] §3.8.4.1. Only Microsoft's peers acknowledge it.
    Always,
    /// Those of peers with Microsoft's vendor ID; others get a plain delete.
    #[default]
    Microsoft,
    /// Nobody's, and nothing is repeated: Windows 2000 ([MS-IKEE] notes 23 and 24).
    Never,
}

/// Repeats deletes until they are acknowledged, and acknowledges the peer's.
///
/// Adding it to an endpoint enables it.
#[derive(Debug)]
pub struct ReliableDelete {
    enabled: bool,
    nonces: Nonces,
    schedule: Schedule,
    shutdown: Schedule,
    ending: bool,
    sas: SaTable<BTreeMap<u32, Entry>>,
    /// One for each SA that goes ([MS-IKEE] §3.8.2).
    timers: Timers<Timer>,
}

/// Of two that are due at the same time, that of a child comes first: the end of the SA may take away what its delete
/// is read with.
type Timer = (SaId, Subject, u32);

/// What a message ID is about.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
enum Subject {
    /// Children.
    Children,
    /// The IKE SA.
    Sa,
}

/// What is held under a message ID.
#[derive(Debug)]
enum Entry {
    /// Our delete, and of what.
    Sent(Subject, Pending),
    /// Our acknowledgement of the end of the IKE SA, in case the peer asks again.
    Acknowledged,
}

impl Entry {
    const fn subject(&self) -> Subject {
        match self {
            Self::Sent(subject, _) => *subject,
            Self::Acknowledged => Subject::Sa,
        }
    }
}

/// What a delete of ours is about.
fn subject(draft: &Draft<'_>) -> Subject {
    let all = draft.payloads().iter();
    let mut deletes = all.filter_map(|it| Delete::parse(it.as_raw()).ok());
    if deletes.any(|it| it.protocol == ProtocolId::ISAKMP) {
        Subject::Sa
    } else {
        Subject::Children
    }
}

impl ReliableDelete {
    /// With the schedule of the text.
    #[must_use]
    pub const fn new() -> Self {
        Self {
            enabled: true,
            nonces: Nonces::Microsoft,
            schedule: Schedule::TEXT,
            shutdown: Schedule::SHUTDOWN,
            ending: false,
            sas: SaTable::new(),
            timers: Timers::new(),
        }
    }

    /// Switches it on or off; off, deletes are plain and not acknowledged.
    #[must_use]
    pub const fn with_enabled(mut self, enabled: bool) -> Self {
        self.enabled = enabled;
        self
    }

    /// Sets whose deletes get a nonce.
    #[must_use]
    pub const fn with_nonces(mut self, nonces: Nonces) -> Self {
        self.nonces = nonces;
        self
    }

    /// Sets when deletes are repeated. A core may forget what takes more than two minutes.
    #[must_use]
    pub const fn with_schedule(mut self, schedule: Schedule) -> Self {
        self.schedule = schedule;
        self
    }

    /// Sets the schedule after [`shut_down`](Self::shut_down); Windows up to Server 2003 keeps to
    /// [`Schedule::WINDOWS`] ([MS-IKEE] note 25).
    #[must_use]
    pub const fn with_shutdown(mut self, schedule: Schedule) -> Self {
        self.shutdown = schedule;
        self
    }

    /// What is deleted from now on, is so because the endpoint comes to its end
    /// ([MS-IKEE] §3.8.7.1). To be called before the SAs are deleted.
    pub const fn shut_down(&mut self) {
        self.ending = true;
    }

    /// How many deletes of an SA are not acknowledged.
    #[must_use]
    pub fn unacknowledged(&self, sa: SaId) -> usize {
        let all = self.sas.get(sa).into_iter().flat_map(BTreeMap::values);
        all.filter(|it| matches!(it, Entry::Sent(..))).count()
    }

    /// Whether no SA and no timer is left over.
    #[must_use]
    pub fn is_idle(&self) -> bool {
        self.sas.is_empty() && self.timers.is_empty()
    }

    /// Puts the nonce before a delete ([MS-IKEE] §3.8.4.1).
    fn delete(&mut self, cx: &mut Context<'_>, sa: SaId, draft: &mut Draft<'_>) {
        let microsoft = cx.peer_sent(sa, &MICROSOFT);
        let wanted = match self.nonces {
            Nonces::Always => true,
            Nonces::Microsoft => microsoft,
            Nonces::Never => false,
        };
        if !wanted || draft.has(kind::NONCE) {
            return;
        }
        let mut nonce = [0; NONCE_LEN];
        cx.fill_random(&mut nonce);
        let payload = OwnedPayload::new(kind::NONCE, nonce);
        if !draft.insert(Place::Before(kind::DELETE), payload) || !microsoft {
            return;
        }
        let schedule = if self.ending {
            self.shutdown
        } else {
            self.schedule
        };
        draft.hold();
        let pending = Pending::new(cx.now().as_duration(), schedule, &nonce);
        let (subject, id) = (subject(draft), draft.message_id());
        let due = Instant::from_duration(pending.due());
        self.timers.set((sa, subject, id), due);
        self.sas.row(sa).insert(id, Entry::Sent(subject, pending));
    }

    /// Message 2, whose hash the core has checked with our nonce ([MS-IKEE] §3.8.5.2).
    fn acknowledged(
        &mut self,
        cx: &mut Context<'_>,
        (sa, id): (SaId, u32),
        msg: &Inbound<'_>,
    ) -> Verdict {
        if Reliable::read(msg.payloads()).is_none() {
            return Verdict::Discard("no acknowledgement of a delete");
        }
        self.drop_entry(sa, id);
        cx.push(Action::Release(sa, id));
        Verdict::Consume
    }

    /// Message 1 ([MS-IKEE] §3.8.5.1): the core deletes, we acknowledge.
    fn acknowledge(
        &mut self,
        cx: &mut Context<'_>,
        sa: SaId,
        id: u32,
        it: Reliable<'_>,
    ) -> Verdict {
        let cookies = cx.host().facts(sa).map(|it| it.spis);
        let ends = cookies.is_some_and(|cookies| it.names_sa(cookies));
        let known = |spi| cx.host().child_to(sa, spi).is_some();
        if !ends && !it.children().any(known) {
            return Verdict::Discard("delete of an SA that is not there");
        }
        let mut nonce = [0; NONCE_LEN];
        cx.fill_random(&mut nonce);
        if ends {
            // it is held for as long as the peer may go on asking
            let until = cx.now() + Schedule::WINDOWS.total();
            self.sas.row(sa).insert(id, Entry::Acknowledged);
            self.timers.set((sa, Subject::Sa, id), until);
        }
        cx.push(Action::Inform {
            sa,
            message_id: id,
            prefix: it.nonce.to_vec(),
            payloads: vec![
                OwnedPayload::new(kind::NONCE, nonce),
                OwnedPayload::new(kind::DELETE, it.raw.body),
            ],
        });
        Verdict::Continue
    }

    fn drop_entry(&mut self, sa: SaId, id: u32) {
        let Some(row) = self.sas.get_mut(sa) else {
            return;
        };
        if let Some(entry) = row.remove(&id) {
            self.timers.stop((sa, entry.subject(), id));
        }
        if row.is_empty() {
            self.sas.remove(sa);
        }
    }

    fn entry(&mut self, sa: SaId, id: u32) -> Option<&mut Entry> {
        self.sas.get_mut(sa)?.get_mut(&id)
    }
}

impl Default for ReliableDelete {
    fn default() -> Self {
        Self::new()
    }
}

impl Extension for ReliableDelete {
    fn name(&self) -> &'static str {
        "reliable-delete"
    }

    fn on_outgoing(&mut self, cx: &mut Context<'_>, sa: SaId, draft: &mut Draft<'_>) {
        if !self.enabled || !draft.has(kind::DELETE) {
            return;
        }
        let id = draft.message_id();
        if draft.stage() == DELETE {
            self.delete(cx, sa, draft);
        } else if draft.stage() == ACKNOWLEDGEMENT
            && matches!(self.entry(sa, id), Some(Entry::Acknowledged))
        {
            draft.hold();
        }
    }

    fn on_incoming(&mut self, cx: &mut Context<'_>, sa: SaId, msg: &Inbound<'_>) -> Verdict {
        let informational = msg.stage.exchange == ExchangeType::V1_INFORMATIONAL;
        if !self.enabled || !informational || !msg.protected {
            return Verdict::Continue;
        }
        let id = msg.header.message_id;
        if matches!(self.entry(sa, id), Some(Entry::Sent(..))) {
            return self.acknowledged(cx, (sa, id), msg);
        }
        match Reliable::read(msg.payloads()) {
            Some(it) => self.acknowledge(cx, sa, id, it),
            None => Verdict::Continue,
        }
    }

    fn on_lifecycle(&mut self, _: &mut Context<'_>, sa: SaId, what: Lifecycle) {
        if what == Lifecycle::Closed {
            self.sas.remove(sa);
            let all = (sa, Subject::Children, 0)..=(sa, Subject::Sa, u32::MAX);
            self.timers.stop_range(all);
        }
    }

    fn on_timeout(&mut self, cx: &mut Context<'_>) {
        while let Some(timer) = self.timers.pop_due(cx.now()) {
            let (sa, _, id) = timer;
            let fired = match self.entry(sa, id) {
                Some(Entry::Sent(_, pending)) => pending.fires(),
                Some(Entry::Acknowledged) | None => Fired::Over,
            };
            if fired != Fired::Over {
                cx.push(Action::Resend(sa, id));
            }
            match self.entry(sa, id) {
                Some(Entry::Sent(_, pending)) if fired == Fired::Again => {
                    let due = Instant::from_duration(pending.due());
                    self.timers.set(timer, due);
                }
                _ => {
                    self.drop_entry(sa, id);
                    cx.push(Action::Release(sa, id));
                }
            }
        }
    }

    fn next_timeout(&self) -> Option<Instant> {
        self.timers.next()
    }

    fn policy(&self) -> Option<&dyn Policy> {
        Some(self)
    }
}

impl Policy for ReliableDelete {
    fn hash_prefix(&self, sa: SaId, message_id: u32) -> Option<&[u8]> {
        match self.sas.get(sa)?.get(&message_id)? {
            Entry::Sent(_, pending) => Some(pending.nonce()),
            Entry::Acknowledged => None,
        }
    }
}
