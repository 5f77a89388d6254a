//! Child SAs: what is offered, what is agreed, and how it reaches the data plane.

use alloc::boxed::Box;
use alloc::vec::Vec;
use core::net::IpAddr;

use ike_crypto::{Random, SecretVec};
use ike_ext::{Lifecycle, Role};
use ipsec_doi::encapsulation::Mode;
use ipsec_doi::{EspSuite, TrafficSelector};
use isakmp_wire::v2::{SecurityAssociation, TrafficSelectors};

use crate::config::{Child, Connection, Selectors};
use crate::context::Cx;
use crate::failure::{Failure, Incompatibility, Misbehaviour};
use crate::narrow;
use crate::output::{ChildSa, Event, KeyLog, Output, TrafficLimits};
use crate::profile::SuiteChoice;
use crate::sa::{ChildEntry, Sa};
use crate::select;

/// What we offered as initiator.
#[derive(Debug)]
pub(crate) struct ChildOffer {
    /// Which of the connection's children.
    pub(crate) index: usize,
    pub(crate) spi: u32,
    pub(crate) local: Vec<TrafficSelector>,
    pub(crate) remote: Vec<TrafficSelector>,
}

/// What both sides want.
#[derive(Debug)]
pub(crate) struct Agreed {
    pub(crate) index: usize,
    /// The peer's number for the proposal.
    pub(crate) number: u8,
    pub(crate) suite: EspSuite,
    pub(crate) spi_in: u32,
    pub(crate) spi_out: u32,
    pub(crate) local: Vec<TrafficSelector>,
    pub(crate) remote: Vec<TrafficSelector>,
}

/// The addresses behind [`Selectors::Dynamic`] on both sides.
#[derive(Clone, Debug)]
pub(crate) struct Ends {
    pub(crate) local: Vec<IpAddr>,
    pub(crate) remote: Vec<IpAddr>,
}

/// A child's selectors, with the dynamic ones filled in.
pub(crate) fn resolve(selectors: &Selectors, dynamic: &[IpAddr]) -> Vec<TrafficSelector> {
    match selectors {
        Selectors::Fixed(list) => list.clone(),
        Selectors::Dynamic => dynamic
            .iter()
            .map(|it| TrafficSelector::host(*it))
            .collect(),
    }
}

/// An SPI for ESP: random, and outside the reserved range (RFC 4303 §2.1).
pub(crate) fn fresh_spi(random: &mut dyn Random) -> Result<u32, Failure> {
    let mut octets = [0; 4];
    for _ in 0..8 {
        random.fill(&mut octets)?;
        let spi = u32::from_be_bytes(octets);
        if spi > 255 {
            return Ok(spi);
        }
    }
    Err(Failure::Bug("the random source repeats itself"))
}

fn read_spi(octets: &[u8]) -> Result<u32, Failure> {
    let spi = octets
        .try_into()
        .map(u32::from_be_bytes)
        .ok()
        .filter(|it| *it > 255);
    spi.ok_or(Failure::Misbehaved(Misbehaviour::ChoseUnoffered))
}

/// The child payloads of an IKE_AUTH.
#[derive(Clone, Copy, Debug)]
pub(crate) struct ChildPayloads<'a> {
    pub(crate) sa: SecurityAssociation<'a>,
    /// TSi and TSr.
    pub(crate) selectors: (TrafficSelectors<'a>, TrafficSelectors<'a>),
}

/// As responder, finds the child that the peer's request fits.
pub(crate) fn choose(
    cx: &mut Cx<'_>,
    connection: usize,
    ends: &Ends,
    asked: &ChildPayloads<'_>,
) -> Result<Agreed, Failure> {
    let order = cx.core.config.profile.suite_choice;
    let spi_in = fresh_spi(&mut cx.core.random)?;
    let connection = cx.core.connection(Some(connection));
    let connection = connection.ok_or(Failure::Bug("the connection is gone"))?;
    let their_remote = narrow::read(&asked.selectors.0);
    let their_local = narrow::read(&asked.selectors.1);
    let mut suites_missed = None;
    for (index, child) in connection.children.iter().enumerate() {
        let local = narrow::intersect(&resolve(&child.local, &ends.local), &their_local);
        let remote = narrow::intersect(&resolve(&child.remote, &ends.remote), &their_remote);
        if local.is_empty() || remote.is_empty() {
            continue;
        }
        match agree(child, asked, order) {
            Some((number, suite, spi)) => {
                return Ok(Agreed {
                    index,
                    number,
                    suite,
                    spi_in,
                    spi_out: read_spi(spi)?,
                    local,
                    remote,
                });
            }
            None => suites_missed = suites_missed.or(Some(child)),
        }
    }
    Err(match suites_missed {
        Some(child) => Incompatibility::Esp {
            ours: child.proposals.clone(),
            theirs: select::read_esp(&asked.sa),
        },
        None => Incompatibility::Selectors {
            ours: all_selectors(connection, ends),
            theirs: (their_local, their_remote),
        },
    }
    .into())
}

fn agree<'a>(
    child: &Child,
    asked: &ChildPayloads<'a>,
    order: SuiteChoice,
) -> Option<(u8, EspSuite, &'a [u8])> {
    select::choose(&child.proposals, &asked.sa, order).map(|it| (it.number, it.suite, it.spi))
}

fn all_selectors(
    connection: &Connection,
    ends: &Ends,
) -> (Vec<TrafficSelector>, Vec<TrafficSelector>) {
    let side = |pick: fn(&Child) -> &Selectors, dynamic: &[IpAddr]| {
        connection
            .children
            .iter()
            .flat_map(|it| resolve(pick(it), dynamic))
            .collect()
    };
    (
        side(|it| &it.local, &ends.local),
        side(|it| &it.remote, &ends.remote),
    )
}

/// As initiator, checks the peer's answer against our offer.
pub(crate) fn accept(
    child: &Child,
    offer: &ChildOffer,
    answer: &ChildPayloads<'_>,
) -> Result<Agreed, Failure> {
    let chosen =
        select::accept(&child.proposals, &answer.sa).ok_or(Misbehaviour::ChoseUnoffered)?;
    let local = narrow::read(&answer.selectors.0);
    let remote = narrow::read(&answer.selectors.1);
    if !narrow::is_subset(&local, &offer.local) || !narrow::is_subset(&remote, &offer.remote) {
        return Err(Misbehaviour::WidenedSelectors.into());
    }
    Ok(Agreed {
        index: offer.index,
        number: chosen.number,
        suite: chosen.suite,
        spi_in: offer.spi,
        spi_out: read_spi(chosen.spi)?,
        local,
        remote,
    })
}

/// Derives the keys and hands the pair of SAs to the data plane.
pub(crate) fn install(
    cx: &mut Cx<'_>,
    sa: &mut Sa,
    agreed: Agreed,
    nonces: (&[u8], &[u8]),
) -> Result<(), Failure> {
    let secure = sa
        .secure
        .as_ref()
        .ok_or(Failure::Bug("a child without keys"))?;
    let [first, second] = secure.keys.child(cx.core.provider, agreed.suite, nonces)?;
    let (outbound, inbound) = match sa.facts.role {
        Role::Initiator => (first, second),
        Role::Responder => (second, first),
    };
    let connection = cx
        .core
        .connection(sa.connection)
        .ok_or(Failure::Bug("the connection is gone"))?;
    let child = connection
        .children
        .get(agreed.index)
        .ok_or(Failure::Bug("the child is gone"))?;
    let (name, policy) = (child.name.clone(), connection.policy);
    let encapsulate = sa.nat.any() || connection.force_encapsulation;
    let id = cx.core.next_child();
    sa.children.push(ChildEntry {
        id,
        index: agreed.index,
        spi_in: agreed.spi_in,
        spi_out: agreed.spi_out,
    });
    let child = Box::new(ChildSa {
        id,
        sa: sa.facts.id,
        policy,
        name,
        suite: agreed.suite,
        mode: Mode::Tunnel,
        inbound: inbound.with_spi(agreed.spi_in),
        outbound: outbound.with_spi(agreed.spi_out),
        local_selectors: agreed.local,
        remote_selectors: agreed.remote,
        local: sa.facts.path.local,
        remote: sa.facts.path.remote,
        udp_encapsulation: encapsulate,
        role: sa.facts.role,
        replaces: None,
        sends: true,
        limits: TrafficLimits::default(),
        original: None,
    });
    if cx.core.config.key_log {
        log_keys(cx, &child);
    }
    cx.out.push(Output::InstallChild(child));
    cx.lifecycle(sa, Lifecycle::ChildOpened(id));
    Ok(())
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
