//! Answers to requests that have to wait for what SAs do.

use ikee::ext::{ChildId, SaId};
use tokio::sync::oneshot;

use super::Daemon;
use super::cores::is_v1;
use super::requests::answer;
use super::sas::SaStatus;
use crate::control::server::Answer;
use crate::control::{Code, Response};

/// Somebody who waits for an SA to stand, to be renewed, or to be gone.
#[derive(Debug)]
pub(super) struct Waiter {
    name: String,
    wanted: Wanted,
    reply: oneshot::Sender<Answer>,
    /// Why it will not come about.
    failure: Option<String>,
}

/// What somebody waits for.
#[derive(Debug)]
pub(super) enum Wanted {
    /// The SA with its children.
    Up(SaId),
    /// None of these SAs.
    Down(Vec<SaId>),
    /// Successors of these children of the SA.
    Children(SaId, Vec<ChildId>),
    /// A successor of the SA, with its children.
    Ike(SaId),
    /// A successor of the SA, with fresh proofs.
    Reauthenticated(SaId),
    /// Nothing any more: it has come.
    Done(&'static str),
}

impl Wanted {
    /// The SA that it hangs on.
    fn sa(&mut self) -> Option<&mut SaId> {
        match self {
            Self::Up(sa) | Self::Children(sa, _) | Self::Ike(sa) | Self::Reauthenticated(sa) => {
                Some(sa)
            }
            Self::Down(_) | Self::Done(_) => None,
        }
    }
}

impl Daemon {
    pub(super) fn wait_for(
        &mut self,
        name: String,
        wanted: Wanted,
        reply: oneshot::Sender<Answer>,
    ) {
        self.control.waiters.push(Waiter {
            name,
            wanted,
            reply,
            failure: None,
        });
    }

    /// Notes why something on an SA has failed, for those who wait for it.
    pub(super) fn failed_text(&mut self, sa: SaId, why: String) {
        let connection = self.book.sas.get(&sa);
        let connection = connection.and_then(|note| note.connection.as_deref());
        for waiter in &mut self.control.waiters {
            // fresh proofs are given on a new SA; in IKEv1 new keys are, too
            let anew = match waiter.wanted {
                Wanted::Reauthenticated(_) => true,
                Wanted::Ike(_) => is_v1(sa),
                _ => false,
            };
            let anew = anew && connection == Some(waiter.name.as_str());
            if anew || waiter.wanted.sa() == Some(&mut sa.clone()) {
                // what was known first is the reason of all that follows
                waiter.failure.get_or_insert_with(|| why.clone());
            }
        }
    }

    /// The negotiation of an SA has proved what it was for.
    pub(super) fn correlated(&mut self, sa: SaId) {
        for waiter in &mut self.control.waiters {
            if matches!(waiter.wanted, Wanted::Up(it) if it == sa) {
                waiter.wanted = Wanted::Done("has proved that both SAs have the same peer");
            }
        }
    }

    /// A child has a successor.
    pub(super) fn child_replaced(&mut self, old: ChildId) {
        for waiter in &mut self.control.waiters {
            if let Wanted::Children(_, children) = &mut waiter.wanted {
                children.retain(|child| *child != old);
            }
        }
    }

    /// An SA has a successor with the same children.
    pub(super) fn sa_replaced(&mut self, old: SaId, new: SaId) {
        for waiter in &mut self.control.waiters {
            if matches!(waiter.wanted, Wanted::Ike(sa) if sa == old) {
                waiter.wanted = Wanted::Done("has new keys");
            }
            if let Some(sa) = waiter.wanted.sa().filter(|sa| **sa == old) {
                *sa = new;
            }
            if let Wanted::Down(sas) = &mut waiter.wanted {
                sas.iter_mut()
                    .filter(|sa| **sa == old)
                    .for_each(|sa| *sa = new);
            }
        }
    }

    /// An SA has a successor with fresh proofs.
    pub(super) fn reauthenticated(&mut self, old: SaId) {
        for waiter in &mut self.control.waiters {
            if matches!(waiter.wanted, Wanted::Reauthenticated(sa) if sa == old) {
                waiter.wanted = Wanted::Done("has new keys and fresh proofs");
            }
        }
    }

    /// Answers those whose SA stands, or never will, or is gone.
    pub(super) fn answer_waiters(&mut self) {
        let waiters = core::mem::take(&mut self.control.waiters);
        for waiter in waiters {
            match self.result(&waiter) {
                Some(response) => answer(waiter.reply, response),
                None => self.control.waiters.push(waiter),
            }
        }
    }

    fn result(&self, waiter: &Waiter) -> Option<Response> {
        let name = &waiter.name;
        let failed = |what: &str, why: &str| {
            Some(Response::refused(
                Code::Failed,
                format!("{name} {what}: {why}"),
            ))
        };
        let find = |wanted: SaId| self.cores.sas().find(|it| it.sa() == wanted);
        match &waiter.wanted {
            Wanted::Done(what) => Some(Response::done(format!("{name} {what}"))),
            Wanted::Down(sas) => {
                let gone = self.cores.sas().all(|sa| !sas.contains(&sa.sa()));
                gone.then(|| Response::done(format!("{name} is down")))
            }
            Wanted::Up(sa) => match (&waiter.failure, find(*sa)) {
                (Some(why), _) => failed("is not up", why),
                (None, None) => failed("is not up", "its SA is gone"),
                (None, Some(status)) => self.stands(name, &status),
            },
            Wanted::Children(sa, children) => match (&waiter.failure, find(*sa)) {
                (Some(why), _) => failed("has its old keys", why),
                (None, _) if children.is_empty() => {
                    Some(Response::done(format!("{name} has new keys")))
                }
                (None, None) => failed("has no new keys", "its SA is gone"),
                (None, Some(_)) => None,
            },
            Wanted::Ike(sa) | Wanted::Reauthenticated(sa) => match (&waiter.failure, find(*sa)) {
                (Some(why), _) => failed("has its old keys", why),
                (None, None) => failed("has no new keys", "its SA is gone"),
                (None, Some(_)) => None,
            },
        }
    }

    /// What is told of an SA that stands with all its children.
    fn stands(&self, name: &str, status: &SaStatus<'_>) -> Option<Response> {
        let connection = status.policy().and_then(|it| self.outline(it));
        let wanted = connection.map_or(1, |it| it.children.len().max(1));
        let children: Vec<String> = status
            .children()
            .iter()
            .filter_map(|child| self.book.children.get(&child.child))
            .map(ToString::to_string)
            .collect();
        let peer = status.remote_id().filter(|_| children.len() >= wanted)?;
        let suite = status.suite().unwrap_or_default();
        Some(Response::done(format!(
            "{name} is up with '{peer}' at {}, {suite}; {}",
            status.remote(),
            children.join("; ")
        )))
    }
}
