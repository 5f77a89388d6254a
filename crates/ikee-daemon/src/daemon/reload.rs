//! A new configuration: what it changes, and how that is carried out.

use std::collections::BTreeMap;
use std::path::PathBuf;

use ikee::ext::{PolicyId, Role, SaId};
use ikee::ikev1;
use ikee::profile::Release;

use super::certificates::Vetting;
use super::{Daemon, start, system};
use crate::config::{self, ExtensionSettings, Fingerprint, Outline, Runtime, Settings};
use crate::control::{Code, LogLevel, Plan, Response, Topic};
use crate::{extensions, provider};

/// The configuration that is in force.
#[derive(Debug)]
pub(super) struct Configuration {
    file: PathBuf,
    extensions: ExtensionSettings,
    /// By name: what each connection is.
    known: BTreeMap<String, (PolicyId, Fingerprint)>,
    /// Handles below this one have been given out.
    next: u64,
    /// All connections, in the order of the file.
    pub(super) connections: Vec<Outline>,
    /// Names of the connections to bring up at once.
    pub(super) start: Vec<String>,
}

impl Configuration {
    /// What settings say, before they are taken apart.
    pub(super) fn of(settings: &Settings) -> Self {
        let connections = settings.connections.iter();
        let known: BTreeMap<_, _> = connections
            .zip(&settings.fingerprints)
            .map(|(it, print)| (it.name.clone(), (it.policy, *print)))
            .collect();
        let last = known.values().map(|(policy, _)| policy.get()).max();
        Self {
            file: settings.file.clone(),
            extensions: settings.extensions.clone(),
            next: last.unwrap_or_default() + 1,
            known,
            start: settings.start.clone(),
            connections: settings.connections.clone(),
        }
    }

    /// The release of Windows that we are like.
    pub(super) const fn release(&self) -> Option<Release> {
        self.extensions.release()
    }

    /// Warns when a reload would come to nothing, after the process has become another user.
    pub(super) fn look(&self) {
        if let Err(error) = std::fs::File::open(&self.file) {
            let file = self.file.display();
            tracing::warn!(
                "{file} cannot be read any more ({error}): reload will fail until the daemon's user can read it"
            );
        }
    }

    /// Compares with a new one. Connections that are as before keep their handles, others get new ones.
    fn plan(&mut self, new: &mut Settings, runtime: &Runtime) -> Plan {
        let mut plan = Plan {
            restart: restart(runtime, &new.runtime),
            ..Plan::default()
        };
        if self.extensions != new.extensions {
            plan.restart.push("extensions".to_owned());
        }
        let mut handles = BTreeMap::new();
        for (connection, print) in new.connections.iter_mut().zip(&new.fingerprints) {
            match self.known.get(&connection.name) {
                Some((policy, known)) if known == print => {
                    handles.insert(connection.policy, *policy);
                    connection.policy = *policy;
                    plan.keep += 1;
                    continue;
                }
                Some(_) => plan.change.push(connection.name.clone()),
                None => plan.add.push(connection.name.clone()),
            }
            let policy = PolicyId::new(self.next);
            handles.insert(connection.policy, policy);
            connection.policy = policy;
            self.next += 1;
        }
        let again = |policy: &mut PolicyId| {
            *policy = handles.get(policy).copied().unwrap_or(*policy);
        };
        new.endpoint
            .connections
            .iter_mut()
            .for_each(|it| again(&mut it.policy));
        new.ikev1
            .connections
            .iter_mut()
            .for_each(|it| again(&mut it.policy));
        let there = |name: &String| new.connections.iter().any(|it| it.name == *name);
        plan.drop = self.known.keys().filter(|it| !there(it)).cloned().collect();
        plan
    }
}

/// Keys of the section `[daemon]` that differ.
fn restart(old: &Runtime, new: &Runtime) -> Vec<String> {
    [
        ("listen", old.listen != new.listen),
        ("control", old.control != new.control),
        ("data_plane", old.data_plane != new.data_plane),
        ("tun", old.tun != new.tun),
        ("mtu", old.mtu != new.mtu),
        ("route_table", old.route_table != new.route_table),
        ("provider", old.provider != new.provider),
        (
            "key_log_dir",
            !old.key_log_forced && old.key_log_dir != new.key_log_dir,
        ),
        ("user", old.user != new.user),
        ("control_group", old.control_group != new.control_group),
        ("metrics", old.metrics != new.metrics),
    ]
    .into_iter()
    .filter(|(_, differs)| *differs)
    .map(|(key, _)| key.to_owned())
    .collect()
}

impl Daemon {
    /// Reads the configuration again and carries out what has changed, or only says what that is.
    pub(super) async fn reload(&mut self, check: bool) -> Response {
        let mut new = match config::load(&self.configuration.file) {
            Ok(new) => new,
            Err(error) => {
                self.metrics.reloaded("refused");
                let why = format!("the old configuration stays: {error}");
                tracing::error!("{why}");
                return Response::refused(Code::BadConfiguration, why);
            }
        };
        let mut plan = self.configuration.plan(&mut new, &self.runtime);
        let (old, ports) = (self.cores.v2.config().ports, new.endpoint.ports);
        if old != ports {
            plan.restart.push("port".to_owned());
        }
        if check {
            return Response::plan(format!("will {plan}"), plan);
        }
        system::reloading();
        for warning in &new.warnings {
            tracing::warn!("{warning}");
        }
        new.endpoint.ports = old;
        new.ikev1.ports = old;
        self.adopt(new, &plan).await;
        let text = format!("reloaded: {plan}");
        tracing::info!("{text}");
        self.metrics.reloaded("done");
        self.announce(Topic::Reloaded, text.clone());
        system::ready(self.configuration.connections.len());
        Response::plan(text, plan)
    }

    async fn adopt(&mut self, new: Settings, plan: &Plan) {
        let started: Vec<&String> = plan.add.iter().chain(&plan.change).collect();
        let mut up: Vec<String> = new.start.clone();
        up.retain(|name| started.contains(&name));
        for name in plan.drop.iter().chain(&plan.change) {
            if self.take_down(name) && plan.change.contains(name) && !up.contains(name) {
                up.push(name.clone());
            }
        }
        // the deletes go out while their connections are still known
        self.perform().await;
        let next = self.configuration.next;
        self.configuration = Configuration::of(&new);
        self.configuration.next = next;
        self.vetting = Vetting::new(new.trust);
        let mut endpoint = new.endpoint;
        endpoint.key_log = self.book.key_tables.is_some();
        endpoint.trace = self.log.level >= LogLevel::Debug;
        self.runtime.kernel = new.runtime.kernel;
        let mut ikev1 = new.ikev1;
        (ikev1.key_log, ikev1.trace) = (endpoint.key_log, endpoint.trace);
        self.start_v1(&ikev1, &new.extensions);
        extensions::adopt(
            self.cores.v2.extensions_mut(),
            &self.configuration.connections,
        );
        self.core(|cores, now| cores.reconfigure(now, endpoint, ikev1));
        self.perform().await;
        self.set_traps().await;
        for name in up {
            self.start_connection(&name).await;
        }
    }

    /// Deletes the SAs of a connection; whether we had brought it up.
    fn take_down(&mut self, name: &str) -> bool {
        let Ok(policy) = self.policy(name) else {
            return false;
        };
        let sas: Vec<(SaId, bool)> = self
            .cores
            .sas()
            .filter(|sa| sa.policy() == Some(policy) && sa.state() != "closing")
            .map(|sa| (sa.sa(), sa.role() == Role::Initiator))
            .collect();
        for (sa, _) in &sas {
            self.delete(*sa);
        }
        sas.iter().any(|(_, ours)| *ours)
    }

    /// The core of IKEv1, as soon as a connection speaks it.
    fn start_v1(&mut self, config: &ikev1::Config, settings: &ExtensionSettings) {
        if self.cores.v1.is_some() || config.connections.is_empty() {
            return;
        }
        let mut first = ikev1::Config::new(Vec::new());
        first.ports = config.ports;
        let started = provider::provider(self.runtime.provider)
            .map_err(|error| error.to_string())
            .and_then(|provider| start::ikev1(first, provider, extensions::ikev1(settings)));
        match started {
            Ok(endpoint) => self.cores.v1 = Some(endpoint),
            Err(why) => tracing::error!("IKEv1 stays off: {why}"),
        }
    }
}
