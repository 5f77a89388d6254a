//! Children that the first packet opens.

use core::net::IpAddr;

use ikee::doi::TrafficSelector;
use ikee::ext::PolicyId;

use super::Daemon;
use crate::config::{ChildOutline, KernelSettings, Outline};
use crate::plane::Trap;
use crate::udp;

impl Daemon {
    /// What the kernel's plane is told about a child.
    pub(super) fn kernel_settings(&self, policy: PolicyId, child: &str) -> KernelSettings {
        let name = self.connection_name(policy);
        let key = name.map(|name| (name.to_owned(), child.to_owned()));
        let settings = key.and_then(|key| self.runtime.kernel.get(&key));
        settings.copied().unwrap_or_default()
    }

    /// Sets a trap for each child that wants one, and no others.
    pub(super) async fn set_traps(&mut self) {
        self.set_discovery();
        self.plane.untrap().await;
        let mark = self.runtime.mark();
        let connections = &self.configuration.connections;
        for (connection, (number, child)) in connections
            .iter()
            .flat_map(|it| it.children.iter().enumerate().map(move |child| (it, child)))
        {
            if !child.trap {
                continue;
            }
            let settings = self.kernel_settings(connection.policy, &child.name);
            let set = match trap(connection, number, child, mark, settings) {
                Ok(trap) => self
                    .plane
                    .trap(&trap)
                    .await
                    .map_err(|error| error.to_string()),
                Err(why) => Err(why),
            };
            let (name, child) = (&connection.name, &child.name);
            match set {
                Ok(()) => tracing::info!("{name}: waits for packets for child {child}"),
                Err(why) => tracing::error!("{name}: no trap for child {child}: {why}"),
            }
        }
    }

    /// Opens the child that a packet waits for, unless that is under way.
    pub(super) fn wanted(&mut self, policy: PolicyId, child: usize) {
        let mut sas = self.cores.sas();
        let sa = sas.find(|sa| sa.policy() == Some(policy) && sa.state() != "closing");
        let standing = sa.map(|sa| (sa.sa(), sa.state() == "established"));
        drop(sas);
        match standing {
            Some((sa, true)) => {
                let opened = self.core(|cores, now| cores.open_child(now, sa, child));
                if let Some(Err(error)) = opened {
                    tracing::debug!("a packet waits for a child: {error}");
                }
            }
            // the first child comes with the SA; another one's packet will spring its trap again
            Some((_, false)) => {}
            None => {
                if let Err((_, why)) = self.initiate(policy) {
                    tracing::warn!("a packet waits for a child: {why}");
                }
            }
        }
    }
}

/// What a child's packets look like before anything is negotiated.
fn trap(
    connection: &Outline,
    number: usize,
    child: &ChildOutline,
    mark: Option<u32>,
    settings: KernelSettings,
) -> Result<Trap, String> {
    let remote = connection.remote.map(|remote| remote.ip());
    let remote = remote.ok_or("the connection has no remote address")?;
    let local = match connection.local {
        Some(local) => local,
        None => udp::source_address(remote, mark)
            .map_err(|error| format!("there is no way to {remote}: {error}"))?,
    };
    let selectors = |selectors: &Option<Vec<TrafficSelector>>, host: IpAddr| {
        let fixed = selectors.clone();
        fixed.unwrap_or_else(|| vec![TrafficSelector::host(host)])
    };
    Ok(Trap {
        policy: connection.policy,
        child: number,
        mode: child.mode,
        settings,
        local,
        remote,
        local_selectors: selectors(&child.local, local),
        remote_selectors: selectors(&child.remote, remote),
    })
}
