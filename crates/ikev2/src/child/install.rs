//! From what was agreed to the data plane.

use alloc::boxed::Box;

use ike_crypto::SecretVec;
use ike_ext::{ChildId, Lifecycle, Role};

use super::Agreed;
use crate::context::Cx;
use crate::failure::Failure;
use crate::keys::Material;
use crate::lifetime::{self, ChildDeadlines};
use crate::output::{ChildLife, ChildSa, Event, KeyLog, Output};
use crate::sa::{ChildEntry, Sa};

/// The exchange that a child comes from.
#[derive(Clone, Copy)]
pub(crate) struct Origin<'a> {
    /// Our part in it.
    pub(crate) role: Role,
    /// Its nonces, the initiator's first.
    pub(crate) nonces: (&'a [u8], &'a [u8]),
    /// What its own key exchange gave.
    pub(crate) shared: Option<&'a SecretVec>,
    pub(crate) replaces: Option<ChildId>,
    /// Whether the peer takes its packets already.
    pub(crate) sends: bool,
}

impl<'a> Origin<'a> {
    /// IKE_AUTH.
    pub(crate) const fn initial(role: Role, nonces: (&'a [u8], &'a [u8])) -> Self {
        Self {
            role,
            nonces,
            shared: None,
            replaces: None,
            sends: true,
        }
    }
}

/// Derives the keys and hands the pair of SAs to the data plane.
pub(crate) fn install(
    cx: &mut Cx<'_>,
    sa: &mut Sa,
    agreed: Agreed,
    origin: &Origin<'_>,
) -> Result<ChildId, Failure> {
    let (inbound, outbound) = derive(cx, sa, &agreed, origin)?;
    let connection = cx
        .core
        .connection(sa.connection)
        .ok_or(Failure::Bug("the connection is gone"))?;
    let child = connection
        .children
        .get(agreed.index)
        .ok_or(Failure::Bug("the child is gone"))?;
    let (name, policy, lifetime) = (child.name.clone(), connection.policy, child.lifetime);
    let encapsulate = sa.nat.any() || connection.force_encapsulation;
    let id = cx.core.next_child();
    let random = &mut cx.core.random;
    let limits = lifetime::traffic(&lifetime, random);
    sa.children.push(ChildEntry {
        id,
        index: agreed.index,
        spi_in: agreed.spi_in,
        spi_out: agreed.spi_out,
        mode: agreed.mode,
        local: agreed.local.clone(),
        remote: agreed.remote.clone(),
        deadlines: ChildDeadlines::new(cx.now, &lifetime, random),
        sends: origin.sends,
        successor: None,
    });
    let child = Box::new(ChildSa {
        id,
        sa: sa.facts.id,
        policy,
        name,
        suite: agreed.suite,
        mode: agreed.mode,
        inbound: inbound.with_spi(agreed.spi_in),
        outbound: outbound.with_spi(agreed.spi_out),
        local_selectors: agreed.local,
        remote_selectors: agreed.remote,
        local: sa.facts.path.local,
        remote: sa.facts.path.remote,
        udp_encapsulation: encapsulate,
        life: ChildLife {
            role: origin.role,
            replaces: origin.replaces,
            sends: origin.sends,
            limits,
            idle: cx.extensions.idle_limit(sa.facts.id),
        },
        original: agreed.original,
    });
    if cx.core.config.key_log {
        log_keys(cx, &child);
    }
    cx.out.push(Output::InstallChild(child));
    cx.lifecycle(sa, Lifecycle::ChildOpened(id));
    Ok(id)
}

/// The keys of both directions, what we receive first.
fn derive(
    cx: &Cx<'_>,
    sa: &Sa,
    agreed: &Agreed,
    origin: &Origin<'_>,
) -> Result<(Material, Material), Failure> {
    let secure = sa
        .secure
        .as_ref()
        .ok_or(Failure::Bug("a child without keys"))?;
    let (provider, shared) = (cx.core.provider, origin.shared);
    let [first, second] = secure
        .keys
        .child(provider, agreed.suite, origin.nonces, shared)?;
    Ok(match origin.role {
        Role::Initiator => (second, first),
        Role::Responder => (first, second),
    })
}

fn log_keys(cx: &mut Cx<'_>, child: &ChildSa) {
    let (local, remote) = (child.local.ip(), child.remote.ip());
    let directions = [
        (local, remote, &child.outbound),
        (remote, local, &child.inbound),
    ];
    for (from, to, keys) in directions {
        cx.out.event(Event::KeyLog(Box::new(KeyLog::Esp {
            from,
            to,
            spi: keys.spi,
            suite: child.suite,
            encryption: SecretVec::from(keys.encryption.as_slice()),
            integrity: SecretVec::from(keys.integrity.as_slice()),
        })));
    }
}
