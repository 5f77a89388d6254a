//! SAs that end because we want it, and another configuration under those that stay.

use alloc::boxed::Box;
use alloc::vec::Vec;

use ike_ext::SaId;

use crate::config::{Config, Connection};
use crate::context::Cx;
use crate::informational;
use crate::output::CloseReason;
use crate::sa::{Sa, State};

impl Cx<'_> {
    /// Deletes an SA and its children; one that is not established yet is just forgotten.
    pub(crate) fn delete(&mut self, mut sa: Box<Sa>) {
        match sa.state {
            State::Established(_) => {
                while let Some(child) = sa.children.first().map(|it| it.id) {
                    informational::delete_child(self, &mut sa, child);
                }
                informational::delete_sa(self, &mut sa);
                self.end(&mut sa, CloseReason::Local);
            }
            State::Lingering(_) => {
                while let Some(child) = sa.children.first().map(|it| it.id) {
                    informational::delete_child(self, &mut sa, child);
                }
            }
            State::Closing => {}
            State::Main(_) | State::Aggressive(_) | State::AwaitXauth(_) | State::Closed => {
                sa.state = State::Closed;
            }
        }
        self.keep(sa);
    }

    /// Finds each SA's connection again by its handle; an SA that has none any more is deleted ([MS-IKEE] §3.8.7).
    pub(crate) fn reconfigure(&mut self, mut config: Config) {
        config.first_handle = self.core.config.first_handle;
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
            let Some(new) = self.core.connection(sa.connection) else {
                self.delete(sa);
                continue;
            };
            let gone = find_children(&mut sa, old, new);
            for child in gone {
                informational::delete_child(self, &mut sa, child);
            }
            self.keep(sa);
        }
    }
}

/// Finds the children again by their names; those that are there no longer come out.
fn find_children(sa: &mut Sa, old: &Connection, new: &Connection) -> Vec<ike_ext::ChildId> {
    let mut gone = Vec::new();
    for child in &mut sa.children {
        let name = old.children.get(child.index).map(|it| &it.name);
        let mut all = new.children.iter();
        match name.and_then(|name| all.position(|it| it.name == *name)) {
            Some(index) => child.index = index,
            None => gone.push(child.id),
        }
    }
    gone
}
