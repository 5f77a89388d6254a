//! Carrying out what the endpoint wants done.

use core::net::SocketAddr;
use std::io;

use ikee::ext::ChildId;
use ikee::{ikev1, ikev2};

use super::Daemon;
use super::cores::Output;
use super::notes::ChildNote;
use crate::child::ChildSa;
use crate::control::Topic;
use crate::keylog::Keys;
use crate::plane::{PlaneError, Setup};

impl Daemon {
    /// Carries out all that is in the outbox, then tells those who wait for a result.
    pub(super) async fn perform(&mut self) {
        for child in core::mem::take(&mut self.book.orphans) {
            self.remove_child(child).await;
        }
        for sa in core::mem::take(&mut self.book.lost) {
            self.forget(sa).await;
        }
        loop {
            let outputs = self.cores.drain();
            if outputs.is_empty() {
                break;
            }
            // an event may have been answered with another input
            self.carry_out(outputs).await;
        }
        self.answer_waiters();
    }

    async fn carry_out(&mut self, outputs: Vec<Output>) {
        // an assigned address must be there before a route can name it as its source
        let (addresses, others): (Vec<_>, Vec<_>) = outputs.into_iter().partition(is_address);
        for output in addresses.into_iter().chain(others) {
            match output {
                Output::V1(output) => self.carry_out_v1(output).await,
                Output::V2(output) => self.carry_out_v2(output).await,
            }
        }
    }

    async fn carry_out_v2(&mut self, output: ikev2::Output) {
        use ikev2::Output;
        match output {
            Output::Transmit(it) => self.transmit(it.local, it.remote, &it.bytes),
            Output::InstallChild(child) => self.install_child(&(*child).into()).await,
            Output::UseChild(child) => self.use_child(child),
            Output::UpdateChild(update) => self.update_child(update),
            Output::DeleteChild(child) => self.remove_child(child).await,
            Output::Event(event) => self.event(event).await,
        }
    }

    async fn carry_out_v1(&mut self, output: ikev1::Output) {
        use ikev1::Output;
        match output {
            Output::Transmit(it) => self.transmit(it.local, it.remote, &it.bytes),
            Output::InstallChild(child) => self.install_child(&(*child).into()).await,
            Output::UpdateChild(update) => self.update_child(update),
            Output::DeleteChild(child) => self.remove_child(child).await,
            Output::Event(event) => self.event_v1(event).await,
        }
    }

    fn transmit(&self, local: SocketAddr, remote: SocketAddr, bytes: &[u8]) {
        if let Err(error) = self.sockets.send(local, remote, bytes) {
            tracing::warn!("cannot send from {local} to {remote}: {error}");
        }
    }

    async fn install_child(&mut self, child: &ChildSa) {
        let connection = self.connection_name(child.policy).unwrap_or_default();
        let note = ChildNote::of(child, connection, self.clock.now());
        let id = child.id;
        if let Some(name) = self.connection_name(child.policy).map(str::to_owned) {
            self.book.failures.overcome(&name);
        }
        let span = self.span(child.sa);
        let text = format!("child {note}");
        span.in_scope(|| tracing::info!("{text}"));
        self.announce_sa(child.sa, Topic::ChildUp, Some(&note.name), text);
        self.book.children.insert(id, note);
        self.watch.opened(id, child.life.idle, self.clock.now());
        let sa = self.book.sas.get(&child.sa);
        let assigned = sa.map_or(&[][..], |sa| &sa.assigned);
        let setup = Setup {
            assigned,
            settings: self.kernel_settings(child.policy, &child.name),
            discovered: self.traits(child),
        };
        let installed = self.plane.install(child, setup).await;
        span.in_scope(|| match installed {
            Ok(()) => {}
            Err(error @ PlaneError::NoPackets(_)) => {
                tracing::warn!("child {}: {error}", child.name);
            }
            Err(error) => tracing::error!("child {}: {error}", child.name),
        });
    }

    async fn remove_child(&mut self, child: ChildId) {
        self.watch.closed(child);
        let (inbound, outbound) = self.traffic(child);
        if !self.plane.remove(child).await {
            tracing::debug!("child {child:?} was not installed");
        }
        let Some(note) = self.book.children.remove(&child) else {
            return;
        };
        let past = self.book.past.entry(note.connection).or_default();
        past.0.add(inbound);
        past.1.add(outbound);
        let text = format!("child {} is gone", note.name);
        self.span(note.sa).in_scope(|| tracing::info!("{text}"));
        self.announce_sa(note.sa, Topic::ChildDown, Some(&note.name), text);
    }

    /// Writes keys for Wireshark, as the configuration asked.
    pub(super) fn log_keys(&mut self, keys: Keys<'_>) {
        let written: io::Result<()> = self
            .book
            .key_tables
            .as_mut()
            .map_or(Ok(()), |tables| tables.write(keys));
        if let Err(error) = written {
            tracing::error!("cannot write key tables: {error}");
        }
    }
}

/// An address that is ours now.
const fn is_address(output: &Output) -> bool {
    matches!(
        output,
        Output::V1(ikev1::Output::Event(ikev1::Event::Configured { .. }))
            | Output::V2(ikev2::Output::Event(ikev2::Event::Configured { .. }))
    )
}
