//! Requests from the control socket, and answers that have to wait.

use ikee::correlation::Correlation;
use ikee::ext::{PolicyId, SaId};
use tokio::sync::oneshot;

use super::Daemon;
use super::events::list;
use super::waiters::Wanted;
use crate::control::server::Answer;
use crate::control::{Code, Command, LogLevel, Response};
use crate::udp;

impl Daemon {
    pub(super) async fn request(&mut self, command: Command, reply: oneshot::Sender<Answer>) {
        match command {
            Command::Status => answer(reply, Response::status(self.status())),
            Command::List => answer(reply, Response::connections(self.connections())),
            Command::Explain { name } => answer(reply, self.explain(name.as_deref())),
            Command::Up { name } => self.up(name, reply),
            Command::Down { name } => self.down(name, reply),
            Command::Rekey { name, what } => self.rekey(name, what, reply),
            Command::Reload { check } => {
                let response = self.reload(check).await;
                answer(reply, response);
            }
            Command::LogLevel { level } => {
                let response = self.log_level(level);
                answer(reply, response);
            }
            Command::Events => {
                let events = self.control.listeners.join();
                answer(reply, events);
            }
        }
    }

    /// Brings a connection up without anybody waiting for it.
    pub(super) async fn start_connection(&mut self, name: &str) {
        if let Err(why) = self.policy(name).and_then(|policy| self.initiate(policy)) {
            tracing::error!("cannot bring {name} up: {}", why.1);
        }
        self.perform().await;
    }

    fn up(&mut self, name: String, reply: oneshot::Sender<Answer>) {
        let sa = self
            .policy(&name)
            .and_then(|policy| match self.current(policy) {
                Some(sa) => Ok(sa),
                None => self.initiate(policy),
            });
        match sa {
            Ok(sa) => {
                self.open_children(sa, 0);
                self.wait_for(name, Wanted::Up(sa), reply);
            }
            Err((code, why)) => answer(reply, Response::refused(code, why)),
        }
    }

    fn down(&mut self, name: String, reply: oneshot::Sender<Answer>) {
        let policy = match self.policy(&name) {
            Ok(policy) => policy,
            Err((code, why)) => return answer(reply, Response::refused(code, why)),
        };
        let sas: Vec<SaId> = self
            .cores
            .sas()
            .filter(|sa| sa.policy() == Some(policy))
            .map(|sa| sa.sa())
            .collect();
        if sas.is_empty() {
            return answer(reply, Response::done(format!("{name} was not up")));
        }
        for &sa in &sas {
            self.delete(sa);
        }
        self.wait_for(name, Wanted::Down(sas), reply);
    }

    /// Deletes an IKE SA.
    pub(super) fn delete(&mut self, sa: SaId) {
        let done = self.core(|cores, now| cores.delete(now, sa));
        if let Some(Err(error)) = done {
            tracing::debug!("delete: {error}");
        }
    }

    /// Changes how much is logged, or only tells.
    fn log_level(&mut self, wanted: Option<LogLevel>) -> Response {
        let was = self.log.level;
        let Some(level) = wanted else {
            return Response::done(was.to_string());
        };
        let Some(set) = &mut self.log.set else {
            return Response::refused(Code::Failed, "this program's log level is fixed");
        };
        set(level);
        self.log.level = level;
        self.cores.set_trace(level >= LogLevel::Debug);
        tracing::info!("log level {level}, was {was}");
        Response::done(level.to_string())
    }

    pub(super) fn policy(&self, name: &str) -> Result<PolicyId, (Code, String)> {
        let connections = &self.configuration.connections;
        let found = connections
            .iter()
            .find(|connection| connection.name == name);
        found.map(|connection| connection.policy).ok_or_else(|| {
            let names: Vec<&str> = connections
                .iter()
                .map(|connection| connection.name.as_str())
                .collect();
            (
                Code::UnknownConnection,
                format!("there is no connection {name:?}; there is {}", list(&names)),
            )
        })
    }

    /// The SA of a connection that stands or is on its way, if there is one.
    pub(super) fn current(&self, policy: PolicyId) -> Option<SaId> {
        let mut sas = self.cores.sas();
        let sa = sas.find(|sa| {
            sa.policy() == Some(policy) && !matches!(sa.state(), "closing" | "replaced")
        })?;
        Some(sa.sa())
    }

    /// Opens those children of an established SA's connection that it lacks, from a number on.
    pub(super) fn open_children(&mut self, sa: SaId, from: usize) {
        let status = self.cores.sas().find(|it| it.sa() == sa);
        let Some(status) = status.filter(|it| it.state() == "established") else {
            return;
        };
        let there = status.children();
        let connection = status.policy().and_then(|it| self.outline(it));
        let children = connection
            .iter()
            .flat_map(|it| it.children.iter().enumerate());
        let missing: Vec<usize> = children
            .skip(from)
            .filter(|(_, child)| there.iter().all(|it| it.name != child.name))
            .map(|(index, _)| index)
            .collect();
        for index in missing {
            let asked = self.core(|cores, now| cores.open_child(now, sa, index));
            if let Some(Err(error)) = asked {
                tracing::debug!("child {index}: {error}");
            }
        }
    }

    /// The SA whose peer a connection is to prove ours to be (\[MS-IKEE\] §3.10).
    fn original(&self, policy: PolicyId) -> Result<Option<SaId>, (Code, String)> {
        let connection = self.outline(policy);
        let Some(name) = connection.and_then(|it| it.special.correlate_with.as_deref()) else {
            return Ok(None);
        };
        let other = self.policy(name)?;
        let mut sas = self.cores.sas().filter(|it| it.policy() == Some(other));
        let stands = sas.find(|it| it.state() == "established");
        let sa = stands.map(|it| it.sa()).ok_or_else(|| {
            let why =
                format!("{name} is not up, and this is about its SA; run `ikee up {name}` first");
            (Code::Failed, why)
        });
        sa.map(Some)
    }

    pub(super) fn initiate(&mut self, policy: PolicyId) -> Result<SaId, (Code, String)> {
        let failed = |why: String| (Code::Failed, why);
        let connection = self.outline(policy);
        let known = connection.and_then(|it| Some((it.remote?, it.versions)));
        let (remote, versions) =
            known.ok_or_else(|| failed("the connection has no remote address".to_owned()))?;
        let original = self.original(policy)?;
        let mark = self.runtime.mark();
        let local = udp::source_address(remote.ip(), mark)
            .map_err(|error| failed(format!("there is no way to {}: {error}", remote.ip())))?;
        let sa = self.core(|cores, now| cores.initiate(now, versions, policy, local));
        let sa = sa.ok_or_else(|| failed("internal error; see the log".to_owned()))?;
        let sa = sa.map_err(failed)?;
        if let Some(original) = original
            && let Some(extension) = self.cores.v2.extensions_mut().get_mut::<Correlation>()
        {
            extension.correlate(sa, original);
        }
        let note = self.note(sa, Some(policy));
        note.role = "initiator";
        note.is_at(remote);
        Ok(sa)
    }
}

pub(super) fn refuse_ending(reply: oneshot::Sender<Answer>) {
    answer(
        reply,
        Response::refused(Code::Ending, "the daemon is ending"),
    );
}

pub(super) fn answer(reply: oneshot::Sender<Answer>, with: impl Into<Answer>) {
    if reply.send(with.into()).is_err() {
        tracing::debug!("a control client left before its answer");
    }
}
