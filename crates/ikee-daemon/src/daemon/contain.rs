//! A bug in one SA must not end the process.

use std::panic::{AssertUnwindSafe, catch_unwind};

use ikee::ext::{ChildId, SaId};

use super::Daemon;
use crate::control::Topic;

const _: () = assert!(
    cfg!(panic = "unwind"),
    "a panic that aborts cannot be contained: build with panic = \"unwind\""
);

/// Runs `work`; a panic in it is logged, and `None` comes out.
pub(super) fn contain<T>(what: &str, work: impl FnOnce() -> T) -> Option<T> {
    // what a panic leaves half done is taken back by the caller's sweep
    catch_unwind(AssertUnwindSafe(work))
        .inspect_err(|_| {
            tracing::error!("internal error in the {what}: contained; please report it");
        })
        .ok()
}

impl Daemon {
    /// After a contained panic: counts it, and removes what is left of the SA that it has cost.
    pub(super) fn sweep(&mut self) {
        self.metrics.bugs.inc();
        let now = self.clock.now();
        let cores = &mut self.cores;
        // the same bug may be met again on the way out
        contain("endpoint", || cores.recover(now));
        let mut alive = Vec::new();
        let mut children: Vec<ChildId> = Vec::new();
        for sa in self.cores.sas() {
            alive.push(sa.sa());
            children.extend(sa.children().iter().map(|child| child.child));
        }
        let lost: Vec<SaId> = self.book.sas.keys().copied().collect();
        for sa in lost.into_iter().filter(|sa| !alive.contains(sa)) {
            let text = "IKE SA lost to an internal error".to_owned();
            self.span(sa).in_scope(|| tracing::error!("{text}"));
            self.announce_sa(sa, Topic::Contained, None, text.clone());
            self.failed_text(sa, text);
            self.book.lost.push(sa);
        }
        let orphans = self.book.children.keys().copied();
        let orphans: Vec<ChildId> = orphans.filter(|it| !children.contains(it)).collect();
        self.book.orphans.extend(orphans);
    }
}

#[cfg(test)]
mod tests {
    use super::contain;

    #[test]
    fn a_panic_is_contained() {
        assert_eq!(contain("test", || panic!("on purpose")), None::<()>);
        assert_eq!(contain("test", || 1), Some(1));
    }
}
