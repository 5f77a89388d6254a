//! What `status` and `list` tell.

use ikee::endpoint::ChildStatus;
use ikee::ext::{Instant, Role, SaId};

use super::Daemon;
use super::sas::SaStatus;
use crate::control::{ChildReport, ConnectionReport, Learned, Negotiated, SaReport, Status, Times};

impl Daemon {
    pub(super) fn status(&self) -> Status {
        Status {
            program: env!("CARGO_PKG_VERSION").to_owned(),
            uptime: self.clock.now().as_duration().as_secs(),
            provider: self.book.provider.to_owned(),
            extensions: texts(self.cores.extension_names()),
            listen: texts(self.sockets.local_addresses()),
            release: self.configuration.release().map(|it| it.word().to_owned()),
            protecting: self.cores.protects(),
            tun: self.plane.device().map(str::to_owned),
            discovery: self.discovery_report(),
            dropped: self.book.dropped,
            bugs: self.metrics.bugs.get(),
            log_level: self.log.level,
            sas: self.cores.sas().map(|sa| self.sa(&sa)).collect(),
        }
    }

    fn sa(&self, sa: &SaStatus<'_>) -> SaReport {
        let connection = sa.policy().and_then(|it| self.outline(it));
        let note = self.book.sas.get(&sa.sa());
        let (local, remote, spis) = (sa.local(), sa.remote(), sa.spis());
        let since = note.and_then(|note| note.since);
        SaReport {
            connection: connection.map(|it| it.name.clone()),
            negotiated: Negotiated {
                version: sa.version(),
                mode: sa.mode().map(str::to_owned),
                suite: sa.suite(),
                user: sa.user().map(str::to_owned),
            },
            state: sa.state().to_owned(),
            role: match sa.role() {
                Role::Initiator => "initiator",
                Role::Responder => "responder",
            }
            .to_owned(),
            local: local.to_string(),
            remote: remote.to_string(),
            local_id: connection.map(|it| it.local_id.clone()),
            remote_id: sa.remote_id().map(ToString::to_string),
            spis: (spis.0.to_string(), spis.1.to_string()),
            nat: self.cores.nat(sa),
            times: self.times(since, sa.renewal()),
            assigned: texts(note.iter().flat_map(|note| &note.assigned)),
            dns: texts(note.iter().flat_map(|note| &note.dns)),
            learned: self.learned(sa.sa()),
            children: sa
                .children()
                .iter()
                .filter_map(|child| self.child(child))
                .collect(),
        }
    }

    fn learned(&self, sa: SaId) -> Learned {
        let all = self.cores.learned(sa, false).into_iter();
        Learned {
            servers: texts(self.cores.servers(sa)),
            proxies: texts(self.cores.proxies(sa)),
            extensions: all.map(|(name, text)| (name.to_owned(), text)).collect(),
        }
    }

    fn times(&self, since: Option<Instant>, rekey: Option<Instant>) -> Times {
        let now = self.clock.now();
        Times {
            age: since.map(|since| now.since(since).as_secs()),
            rekey_in: rekey.map(|at| at.since(now).as_secs()),
        }
    }

    fn child(&self, child: &ChildStatus<'_>) -> Option<ChildReport> {
        let note = self.book.children.get(&child.child)?;
        let (inbound, outbound) = self.traffic(child.child);
        Some(ChildReport {
            name: note.name.clone(),
            suite: note.suite.clone(),
            spis: (
                format!("{:08x}", note.spis.0),
                format!("{:08x}", note.spis.1),
            ),
            times: self.times(Some(note.since), child.renewal),
            local: texts(&note.local),
            remote: texts(&note.remote),
            inbound,
            outbound,
        })
    }

    pub(super) fn connections(&self) -> Vec<ConnectionReport> {
        let connections = self.configuration.connections.iter();
        connections
            .map(|connection| ConnectionReport {
                name: connection.name.clone(),
                state: self
                    .cores
                    .sas()
                    .filter(|sa| sa.policy() == Some(connection.policy))
                    .map(|sa| sa.state())
                    // the one that stands, if there is one
                    .max_by_key(|state| *state == "established")
                    .map(str::to_owned),
                versions: connection.versions.name().to_owned(),
                local_id: connection.local_id.clone(),
                remote_id: connection.remote_id.clone(),
                remote: connection.remote.map(|remote| remote.ip().to_string()),
                children: connection
                    .children
                    .iter()
                    .map(|child| child.name.clone())
                    .collect(),
            })
            .collect()
    }
}

fn texts<T: ToString>(items: impl IntoIterator<Item = T>) -> Vec<String> {
    items.into_iter().map(|item| item.to_string()).collect()
}
