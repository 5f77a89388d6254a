//! An SA after authentication: what it has to do, when, and what its request under way is for.

use alloc::boxed::Box;
use alloc::collections::VecDeque;
use alloc::vec::Vec;

use ike_ext::{ChildId, Instant};
use ipsec_doi::Identity;
use isakmp_wire::OwnedPayload;

use crate::auth::Verified;
use crate::child::Ends;
use crate::create_child::AwaitChild;
use crate::lifetime::Deadlines;
use crate::output::CloseReason;
use crate::rekey::AwaitRekey;

/// An authenticated SA. Only [`Verified`] leads here.
#[derive(Debug)]
pub(crate) struct Established {
    pub(crate) peer: Verified,
    /// When both sides had proved who they are.
    pub(crate) since: Instant,
    pub(crate) tasks: VecDeque<Queued>,
    /// What waits for its time.
    pub(crate) later: Vec<Later>,
    /// What our request under way is for.
    pub(crate) exchange: Exchange,
    pub(crate) deadlines: Deadlines,
    /// The addresses of both sides, where the configuration payload gave some.
    pub(crate) ends: Option<Box<Ends>>,
}

/// What our request on an established SA is for.
#[derive(Debug, Default)]
pub(crate) enum Exchange {
    /// Nothing follows from its answer.
    #[default]
    Plain,
    /// The end of a child.
    DeleteChild(ChildId, CloseReason),
    /// A child, or new keys for one.
    Child(Box<AwaitChild>),
    /// New keys for the IKE SA.
    Ike(Box<AwaitRekey>),
}

/// No more than these wait for the window, or for their time.
const MAX_TASKS: usize = 256;

impl Established {
    pub(crate) const fn new(since: Instant, peer: Verified, deadlines: Deadlines) -> Self {
        Self {
            peer,
            since,
            tasks: VecDeque::new(),
            later: Vec::new(),
            exchange: Exchange::Plain,
            deadlines,
            ends: None,
        }
    }

    /// Has a request wait for the window; whether it waits now.
    pub(crate) fn enqueue(&mut self, task: Task) -> bool {
        self.enqueue_again(task, 0)
    }

    /// As [`enqueue`](Self::enqueue), for a request that was refused so many times.
    pub(crate) fn enqueue_again(&mut self, task: Task, tries: u8) -> bool {
        if self.tasks.iter().any(|it| it.task.is_like(&task)) {
            return true;
        }
        let room = self.tasks.len() < MAX_TASKS;
        if room {
            self.tasks.push_back(Queued { task, tries });
        }
        room
    }

    /// As [`enqueue`](Self::enqueue), before all others.
    pub(crate) fn enqueue_first(&mut self, task: Task) {
        self.tasks.retain(|it| !it.task.is_like(&task));
        self.tasks.push_front(Queued { task, tries: 0 });
    }

    /// Has a request wait for its time.
    pub(crate) fn postpone(&mut self, at: Instant, task: Task, tries: u8) {
        if self.later.len() < MAX_TASKS {
            self.later.push(Later { at, task, tries });
        }
    }

    /// Whether our delete of a child is under way, or is about to be.
    pub(crate) fn is_deleting(&self, child: ChildId) -> bool {
        let queued = self.tasks.iter();
        let mut queued =
            queued.filter(|it| matches!(it.task, Task::DeleteChild(id, _) if id == child));
        self.deletes(child) || queued.next().is_some()
    }

    /// Whether our delete of a child is under way.
    pub(crate) fn deletes(&self, child: ChildId) -> bool {
        matches!(self.exchange, Exchange::DeleteChild(id, _) if id == child)
    }

    /// When the next of what waits for its time is due.
    pub(super) fn next_due(&self) -> Option<(Instant, &'static str)> {
        let later = self.later.iter().map(|it| it.at).min();
        let later = later.map(|at| (at, "another try"));
        [later, self.deadlines.next()]
            .into_iter()
            .flatten()
            .min_by_key(|it| it.0)
    }

    pub(crate) const fn remote_id(&self) -> &Identity {
        self.peer.identity()
    }
}

/// A request of ours that waits for the window.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) enum Task {
    /// Delete the IKE SA.
    Delete(CloseReason),
    /// Delete one child.
    DeleteChild(ChildId, CloseReason),
    /// Delete a child that only the peer has, by the SPI that we chose for it.
    Discard(u32),
    /// Send these payloads for an extension.
    Inform(Vec<OwnedPayload>),
    /// Ask whether the peer lives.
    Probe,
    /// Open the connection's child of this index.
    CreateChild(usize),
    /// Give a child new keys.
    RekeyChild(ChildId),
    /// Give the IKE SA new keys.
    Rekey,
    /// Replace the IKE SA by one with new proofs.
    Reauthenticate,
}

impl Task {
    /// Whether one of both is enough.
    fn is_like(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Delete(_), Self::Delete(_)) => true,
            (Self::DeleteChild(a, _), Self::DeleteChild(b, _)) => a == b,
            // an operator may well want the same child twice
            (Self::Inform(_), Self::Inform(_)) | (Self::CreateChild(_), Self::CreateChild(_)) => {
                false
            }
            (a, b) => a == b,
        }
    }
}

/// A request that waits for the window.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct Queued {
    pub(crate) task: Task,
    /// How often the peer has refused it for the moment.
    pub(crate) tries: u8,
}

/// A request that waits for its time.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct Later {
    pub(crate) at: Instant,
    pub(crate) task: Task,
    pub(crate) tries: u8,
}
