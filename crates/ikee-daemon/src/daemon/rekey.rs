//! New keys: when somebody asks for them, and when the endpoint tells of them.

use ikee::doi::IkeSuite;
use ikee::ext::{ChildId, SaId};
use ikee::ikev2::{CloseReason, Event, Failure};
use ikee::wire::Spi;
use tokio::sync::oneshot;

use super::Daemon;
use super::requests::answer;
use super::waiters::Wanted;
use crate::control::server::Answer;
use crate::control::{Code, Keys, Response, Topic};

impl Daemon {
    pub(super) fn rekey(&mut self, name: String, what: Keys, reply: oneshot::Sender<Answer>) {
        match self.begin_rekey(&name, what) {
            Ok(wanted) => self.wait_for(name, wanted, reply),
            Err((code, why)) => answer(reply, Response::refused(code, why)),
        }
    }

    fn begin_rekey(&mut self, name: &str, what: Keys) -> Result<Wanted, (Code, String)> {
        let policy = self.policy(name)?;
        let mut sas = self.cores.sas();
        let sa = sas.find(|sa| sa.policy() == Some(policy) && sa.state() == "established");
        let down = || {
            let why = format!("{name} is not up; bring it up with: ikee up {name}");
            (Code::Failed, why)
        };
        let status = sa.ok_or_else(down)?;
        let sa = status.sa();
        let children = status.children();
        // in IKEv1 a child that has a successor may stay until its end
        let replaced =
            |child: ChildId| self.book.children.get(&child).is_some_and(|it| it.replaced);
        let children = children.iter().map(|child| child.child);
        let children: Vec<ChildId> = children.filter(|it| !replaced(*it)).collect();
        drop(sas);
        let asked = self.core(|cores, now| match what {
            Keys::Children => children
                .iter()
                .try_for_each(|&child| cores.rekey_child(now, child)),
            Keys::Ike => cores.rekey(now, sa),
            Keys::Reauthenticate => cores.reauthenticate(now, sa),
        });
        match asked {
            Some(Ok(())) => Ok(match what {
                Keys::Children => Wanted::Children(sa, children),
                Keys::Ike => Wanted::Ike(sa),
                Keys::Reauthenticate => Wanted::Reauthenticated(sa),
            }),
            Some(Err(error)) => Err((Code::Failed, format!("{name}: {error}"))),
            None => Err((Code::Failed, "internal error; see the log".to_owned())),
        }
    }

    /// News of SAs that are replaced or go alone.
    pub(super) fn renewed(&mut self, event: Event) {
        match event {
            Event::ChildRekeyed { sa, old, new } => self.child_rekeyed(sa, old, new),
            Event::ChildClosed { sa, child, reason } => self.child_closed(sa, child, &reason),
            Event::Rekeyed {
                old,
                new,
                spis,
                suite,
            } => self.ike_rekeyed(old, new, spis, &suite),
            Event::RekeyFailed { sa, failure } => self.ike_not_rekeyed(sa, &failure),
            // what a later core may tell, nobody asked for yet
            _ => {}
        }
    }

    /// A child has a successor.
    pub(super) fn child_rekeyed(&mut self, sa: SaId, old: ChildId, new: ChildId) {
        self.metrics.rekeyed("child");
        let name = self
            .book
            .children
            .get(&new)
            .or_else(|| self.book.children.get(&old));
        let name = name.map(|note| note.name.clone()).unwrap_or_default();
        let text = format!("child {name} has new keys");
        self.span(sa).in_scope(|| tracing::info!("{text}"));
        self.announce_sa(sa, Topic::ChildRekeyed, Some(&name), text);
        if let Some(note) = self.book.children.get_mut(&old) {
            note.replaced = true;
        }
        self.child_replaced(old);
    }

    /// A child is gone, and the IKE SA stands.
    fn child_closed(&mut self, sa: SaId, child: ChildId, reason: &CloseReason) {
        let name = self.book.children.get(&child);
        let name = name.map(|note| note.name.clone()).unwrap_or_default();
        let text = format!("child {name} closed: {reason}");
        self.span(sa).in_scope(|| match reason {
            CloseReason::Local | CloseReason::Peer => tracing::info!("{text}"),
            _ => tracing::warn!("{text}"),
        });
        self.failed_text(sa, text);
    }

    /// An IKE SA stays as it is, until its hard limit.
    fn ike_not_rekeyed(&mut self, sa: SaId, failure: &Failure) {
        let why = format!("no new keys for the IKE SA: {failure}");
        self.span(sa).in_scope(|| tracing::warn!("{why}"));
        self.announce_sa(sa, Topic::Failed, None, why.clone());
        self.failed_text(sa, why);
    }

    /// An IKE SA has a successor, which inherits its children.
    fn ike_rekeyed(&mut self, old: SaId, new: SaId, spis: (Spi, Spi), suite: &IkeSuite) {
        self.metrics.rekeyed("ike");
        let now = self.clock.now();
        if let Some(mut note) = self.book.sas.remove(&old) {
            note.continues_as(new, (spis.0.to_string(), spis.1.to_string()));
            note.since = Some(now);
            self.book.sas.insert(new, note);
        }
        for child in self.book.children.values_mut().filter(|it| it.sa == old) {
            child.sa = new;
        }
        let text = format!("IKE SA has new keys, {suite}, SPIs {} {}", spis.0, spis.1);
        self.span(new).in_scope(|| tracing::info!("{text}"));
        self.announce_sa(new, Topic::Rekeyed, None, text);
        self.sa_replaced(old, new);
    }
}
