//! From an agreement to a pair of SAs in the data plane.

use alloc::boxed::Box;
use core::net::IpAddr;
use core::time::Duration;

use ike_crypto::SecretVec;
use ike_ext::{ChildId, Instant, Lifecycle};
use ipsec_doi::v1::Lifetimes;
use ipsec_doi::{EncryptionId, Life, TrafficSelector};

use crate::config::Selector;
use crate::context::Cx;
use crate::failure::Failure;
use crate::output::{ChildLimits, ChildSa, ChildSuite, Event, KeyLog, Output};
use crate::quick_mode::Agreed;
use crate::sa::{ChildEntry, Sa, State};

/// How long a child that has a successor stays, for packets on their way.
const AFTERLIFE: Duration = Duration::from_secs(5);

/// An SPI for ESP or AH: random, and outside the reserved range (RFC 4303 §2.1).
pub(crate) fn fresh_spi(cx: &mut Cx<'_>) -> Result<u32, Failure> {
    for _ in 0..8 {
        let spi = u32::from_be_bytes(cx.core.fresh()?);
        if spi > 255 {
            return Ok(spi);
        }
    }
    Err(Failure::Bug("the random source repeats itself"))
}

/// What lies behind us, and behind the peer, with dynamic selectors filled in.
pub(crate) fn selectors(
    sa: &Sa,
    (local, remote): (Selector, Selector),
    client: bool,
) -> (TrafficSelector, TrafficSelector) {
    let path = sa.facts.path;
    let family = |address: &&IpAddr| address.is_ipv4();
    let assigned = sa
        .assigned
        .iter()
        .find(family)
        .or_else(|| sa.assigned.first());
    let ours = assigned.filter(|_| client).copied();
    let theirs = assigned.filter(|_| !client).copied();
    let fill = |selector, address: Option<IpAddr>, outer: IpAddr| match selector {
        Selector::Fixed(it) => it,
        Selector::Dynamic => TrafficSelector::host(address.unwrap_or(outer)),
    };
    (
        fill(local, ours, path.local.ip()),
        fill(remote, theirs, path.remote.ip()),
    )
}

/// The sooner end of what was agreed, what we want and what the responder said (RFC 2407 §4.5.4).
fn limits(wanted: crate::ChildLifetime, agreed: &Agreed) -> (Duration, Option<u64>) {
    let mut time = wanted.time;
    let mut kilobytes = wanted.kilobytes;
    let default = match Life::DEFAULT {
        Life::Seconds(it) | Life::Kilobytes(it) => it,
    };
    let offered = agreed.suite.lifetimes;
    let said = Lifetimes {
        seconds: offered.seconds.or(Some(default)),
        kilobytes: offered.kilobytes,
    };
    for it in [Some(said), agreed.shorter].into_iter().flatten() {
        if let Some(seconds) = it.seconds {
            time = time.min(Duration::from_secs(seconds.into()));
        }
        kilobytes = match (kilobytes, it.kilobytes) {
            (Some(a), Some(b)) => Some(a.min(b)),
            (a, b) => a.or(b),
        };
    }
    let octets = kilobytes.and_then(|it| Life::Kilobytes(it).octets());
    (time, octets)
}

/// Derives the keys and hands the pair of SAs to the data plane; the predecessor stays for a moment.
pub(crate) fn install(cx: &mut Cx<'_>, sa: &mut Sa, agreed: Agreed) -> Result<(), Failure> {
    let secure = sa.secure.as_ref().ok_or(Failure::Bug("no keys"))?;
    let suite = suite(&agreed);
    let nonces = (agreed.nonces.0.as_slice(), agreed.nonces.1.as_slice());
    let keys = |spi| {
        let shared = agreed.shared.as_ref();
        let keys = &secure.keys;
        keys.child(cx.core.provider, suite, spi, nonces, shared)
    };
    let (inbound, outbound) = (keys(agreed.spi_in)?, keys(agreed.spi_out)?);
    let connection = cx.core.connection_of(sa)?;
    let child = connection
        .children
        .get(agreed.index)
        .ok_or(Failure::Bug("the child is gone"))?;
    let (name, policy, lifetime) = (child.name.clone(), connection.policy, child.lifetime);
    let path = sa.facts.path;
    let selectors = agreed
        .identities
        .0
        .selector(path.local.ip())
        .zip(agreed.identities.1.selector(path.remote.ip()))
        .ok_or(Failure::Bug("an agreement without selectors"))?;
    let (time, octets) = limits(lifetime, &agreed);
    let soft = cx.core.soft(time, lifetime.margin, agreed.began);
    if let State::Established(state) = &mut sa.state {
        state.quick_modes = state.quick_modes.saturating_add(1);
    }
    let id = cx.core.next_child();
    let (encapsulation, original) = (agreed.encapsulation, agreed.original);
    let (replaces, began) = (agreed.replaces, agreed.began);
    sa.children
        .push(entry(id, agreed, cx.now + soft, cx.now + time));
    let child = Box::new(ChildSa {
        id,
        sa: sa.facts.id,
        policy,
        name,
        suite,
        encapsulation,
        inbound,
        outbound,
        selectors,
        ends: (path.local, path.remote),
        original,
        replaces,
        limits: ChildLimits {
            time,
            octets: octets.map(|it| (it.saturating_sub(it / 8), it)),
            idle: cx.extensions.idle_limit(sa.facts.id),
        },
    });
    log_keys(cx, &child);
    cx.out.push(Output::InstallChild(child));
    cx.lifecycle(sa, Lifecycle::ChildOpened(id));
    if let Some(old) = replaces {
        succeed(cx, sa, old, id, began);
    }
    Ok(())
}

fn suite(agreed: &Agreed) -> ChildSuite {
    ChildSuite {
        protocol: agreed.protocol,
        encryption: agreed.suite.encryption,
        integrity: agreed.suite.integrity,
        group: agreed.suite.group,
        esn: agreed.suite.esn,
    }
}

const fn is_null(id: EncryptionId) -> bool {
    matches!(id, EncryptionId::NULL | EncryptionId::NULL_AES_GMAC)
}

/// What the SA remembers of a child.
fn entry(id: ChildId, agreed: Agreed, rekey: Instant, expires: Instant) -> ChildEntry {
    ChildEntry {
        id,
        message_id: agreed.message_id,
        encrypts: agreed.suite.encryption.is_some_and(|it| !is_null(it.id)),
        index: agreed.index,
        protocol: agreed.protocol,
        spi_in: agreed.spi_in,
        spi_out: agreed.spi_out,
        identities: (agreed.identities.0.body, agreed.identities.1.body),
        rekey: Some(rekey),
        expires,
    }
}

/// A child has a successor. Who began deletes it; the other side hears of it, and has the lifetime to fall back on.
fn succeed(cx: &mut Cx<'_>, sa: &mut Sa, old: ChildId, new: ChildId, began: bool) {
    let end = began.then_some(cx.now + AFTERLIFE);
    let mark = |all: &mut [ChildEntry]| {
        let found = all.iter_mut().find(|it| it.id == old);
        found.map(|entry| {
            entry.rekey = None;
            entry.expires = end.unwrap_or(entry.expires);
        })
    };
    if mark(&mut sa.children).is_none() {
        // it may be beside the SA that negotiated it
        let Some(other) = cx.sa_of(old) else { return };
        cx.with(other, |_, it| {
            mark(&mut it.children);
            Ok(())
        });
    }
    cx.out.event(Event::ChildRekeyed {
        sa: sa.facts.id,
        old,
        new,
    });
}

fn log_keys(cx: &mut Cx<'_>, child: &ChildSa) {
    if !cx.core.config.key_log {
        return;
    }
    let (local, remote) = (child.ends.0.ip(), child.ends.1.ip());
    let directions = [
        (local, remote, &child.outbound),
        (remote, local, &child.inbound),
    ];
    for (from, to, keys) in directions {
        cx.out.event(Event::KeyLog(Box::new(KeyLog::Child {
            from,
            to,
            spi: keys.spi,
            suite: child.suite,
            encryption: SecretVec::from(keys.encryption.as_slice()),
            integrity: SecretVec::from(keys.integrity.as_slice()),
        })));
    }
}
