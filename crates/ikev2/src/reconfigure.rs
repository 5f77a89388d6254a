//! SAs that end because we want it, and another configuration under those that stay.

use alloc::boxed::Box;
use alloc::vec::Vec;

use ike_ext::SaId;

use crate::config::Config;
use crate::context::Cx;
use crate::output::CloseReason;
use crate::sa::{Sa, State, Task};
use crate::tasks::next_task;

impl Cx<'_> {
    /// Finds each SA's connection again by its handle; an SA that has none any more is deleted.
    pub(crate) fn reconfigure(&mut self, config: Config) {
        let before = core::mem::replace(&mut self.core.config, config);
        let ids: Vec<SaId> = self.core.table.iter().map(|it| it.facts.id).collect();
        for id in ids {
            let Some(mut sa) = self.core.table.take(id) else {
                continue;
            };
            let Some(old) = sa.connection.and_then(|it| before.connections.get(it)) else {
                self.keep(sa);
                continue;
            };
            let mut all = self.core.config.connections.iter();
            sa.connection = all.position(|it| it.policy == old.policy);
            let new = self.core.connection(sa.connection);
            if let Some(new) = new {
                sa.find_children(old, new);
                self.keep(sa);
            } else {
                self.delete(sa);
            }
        }
    }

    /// Deletes in the way that the SA's state asks for.
    pub(crate) fn delete(&mut self, mut sa: Box<Sa>) {
        if let State::Established(state) = &mut sa.state {
            state.enqueue_first(Task::Delete(CloseReason::Local));
            let sent = next_task(self, &mut sa);
            return self.conclude(sa, sent);
        }
        match sa.state {
            State::Closing(_) | State::Prepared(_) | State::Replaced(_) | State::Lingering(_) => {
                self.keep(sa);
            }
            State::AwaitInitResponse(_)
            | State::AwaitAuthRequest(_)
            | State::AwaitAuthResponse(_)
            | State::AwaitTrust(_)
            | State::Established(_)
            | State::Closed => self.close(sa),
        }
    }
}
