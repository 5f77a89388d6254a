//! Child SAs: what is offered, what is agreed, and how it reaches the data plane.

use alloc::vec::Vec;
use core::net::IpAddr;

use ike_crypto::Random;
use ipsec_doi::encapsulation::Mode;
use ipsec_doi::{EspSuite, TrafficSelector};
use isakmp_wire::v2::{NotifyType, SecurityAssociation, TrafficSelectors, kind};
use isakmp_wire::{OwnedPayload, PayloadChain};

use crate::config::{Child, Connection, Selectors};
use crate::context::Cx;
use crate::failure::{Failure, Incompatibility, Misbehaviour};
use crate::init::{notifies, one};
use crate::narrow;
use crate::output::OriginalAddresses;
use crate::sa::{ChildEntry, Sa};
use crate::select::{self, Place};
use crate::send::notify;
use crate::transport::{self, Seen};

mod install;

pub(crate) use install::{Origin, install};

/// What we offered as initiator.
#[derive(Debug)]
pub(crate) struct ChildOffer {
    /// Which of the connection's children.
    pub(crate) index: usize,
    pub(crate) spi: u32,
    pub(crate) mode: Mode,
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
    pub(crate) mode: Mode,
    pub(crate) local: Vec<TrafficSelector>,
    pub(crate) remote: Vec<TrafficSelector>,
    pub(crate) original: Option<OriginalAddresses>,
}

impl Agreed {
    /// Says that it is in transport mode, where it is.
    pub(crate) fn write_mode(&self, payloads: &mut Vec<OwnedPayload>) {
        if self.mode == Mode::Transport {
            payloads.push(notify(NotifyType::USE_TRANSPORT_MODE, &[]));
        }
    }

    /// The responder's selectors, with the addresses that the initiator knows (RFC 7296 §2.23.1).
    pub(crate) fn write_selectors(&self, payloads: &mut Vec<OwnedPayload>) {
        let (local, remote) = match self.original {
            Some(it) => (
                transport::with_address(&self.local, it.local),
                transport::with_address(&self.remote, it.remote),
            ),
            None => (self.local.clone(), self.remote.clone()),
        };
        payloads.push(OwnedPayload::new(kind::TS_I, narrow::write(&remote)));
        payloads.push(OwnedPayload::new(kind::TS_R, narrow::write(&local)));
    }
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

/// The child payloads of a message.
#[derive(Clone, Copy, Debug)]
pub(crate) struct ChildPayloads<'a> {
    pub(crate) sa: SecurityAssociation<'a>,
    /// TSi and TSr.
    pub(crate) selectors: (TrafficSelectors<'a>, TrafficSelectors<'a>),
    /// Whether USE_TRANSPORT_MODE is there (RFC 7296 §1.3.1).
    pub(crate) transport: bool,
}

impl<'a> ChildPayloads<'a> {
    /// Reads them; `None` when none of them is there.
    ///
    /// ESP_TFC_PADDING_NOT_SUPPORTED and NON_FIRST_FRAGMENTS_ALSO change nothing for us: we add no
    /// such padding and take fragments as they come. IPCOMP_SUPPORTED is an offer that we do not
    /// take up (RFC 7296 §1.3.1, §2.22).
    pub(crate) fn read(payloads: PayloadChain<'a>) -> Result<Option<Self>, Failure> {
        let kinds = [kind::SA, kind::TS_I, kind::TS_R];
        if kinds.iter().all(|it| payloads.first(*it).is_none()) {
            return Ok(None);
        }
        Ok(Some(Self {
            sa: SecurityAssociation::parse(one(payloads, kind::SA)?)?,
            selectors: (
                TrafficSelectors::parse(one(payloads, kind::TS_I)?)?,
                TrafficSelectors::parse(one(payloads, kind::TS_R)?)?,
            ),
            transport: notifies(payloads).any(|it| it.kind == NotifyType::USE_TRANSPORT_MODE),
        }))
    }
}

/// The addresses behind [`Selectors::Dynamic`] on an established SA.
pub(crate) fn ends(sa: &mut Sa) -> Ends {
    let path = sa.facts.path;
    let given = sa.established().and_then(|it| it.ends.as_deref().cloned());
    given.unwrap_or_else(|| Ends {
        local: Vec::from([path.local.ip()]),
        remote: Vec::from([path.remote.ip()]),
    })
}

/// As responder, finds the child that the peer's request fits: in transport mode if the peer asks
/// for it and a child of ours is, as a tunnel otherwise.
pub(crate) fn choose(
    cx: &mut Cx<'_>,
    sa: &Sa,
    connection: usize,
    ends: &Ends,
    asked: &ChildPayloads<'_>,
    place: Place,
) -> Result<Agreed, Failure> {
    let spi_in = fresh_spi(&mut cx.core.random)?;
    let order = cx.core.config.profile.suite_choice;
    let connection = cx.core.connection(Some(connection));
    let connection = connection.ok_or(Failure::Bug("the connection is gone"))?;
    let (mut suites_missed, mut mode_missed) = (None, None);
    let modes = [Mode::Transport, Mode::Tunnel];
    for mode in modes {
        let seen = see(sa, mode, asked);
        let children = connection.children.iter().enumerate();
        for (index, child) in children.filter(|it| it.1.mode == mode) {
            let local = resolve(&child.local, &ends.local);
            let remote = resolve(&child.remote, &ends.remote);
            let Some((local, remote)) = narrowed(mode, (&local, &remote), &seen) else {
                continue;
            };
            if mode == Mode::Transport && !asked.transport {
                mode_missed = Some(mode);
                continue;
            }
            let Some(chosen) = select::choose(&child.proposals, &asked.sa, order, place) else {
                suites_missed = suites_missed.or(Some(child));
                continue;
            };
            return Ok(Agreed {
                index,
                number: chosen.number,
                suite: chosen.suite,
                spi_in,
                spi_out: read_spi(chosen.spi)?,
                mode,
                local,
                remote,
                original: seen.original,
            });
        }
    }
    let seen = see(sa, Mode::Tunnel, asked);
    Err(match (suites_missed, mode_missed) {
        (Some(child), _) => Incompatibility::Esp {
            ours: child.proposals.clone(),
            theirs: select::read_esp(&asked.sa),
        },
        (None, Some(ours)) => Incompatibility::Mode { ours },
        (None, None) => Incompatibility::Selectors {
            ours: all_selectors(connection, ends),
            theirs: (seen.local, seen.remote),
        },
    }
    .into())
}

/// As responder, gives a child new keys. Its selectors stay as they were narrowed, even if the peer
/// offers more now (RFC 7296 §2.9.2), as Windows does.
pub(crate) fn choose_again(
    cx: &Cx<'_>,
    sa: &Sa,
    old: &ChildEntry,
    spi_in: u32,
    asked: &ChildPayloads<'_>,
) -> Result<Agreed, Failure> {
    let order = cx.core.config.profile.suite_choice;
    let connection = cx.core.connection(sa.connection);
    let child = connection.and_then(|it| it.children.get(old.index));
    let child = child.ok_or(Failure::Bug("the child is gone"))?;
    if old.mode == Mode::Transport && !asked.transport {
        return Err(Incompatibility::Mode { ours: old.mode }.into());
    }
    let seen = see(sa, old.mode, asked);
    let both = narrowed(old.mode, (&old.local, &old.remote), &seen);
    let (local, remote) = both.ok_or_else(|| Incompatibility::Selectors {
        ours: (old.local.clone(), old.remote.clone()),
        theirs: (seen.local.clone(), seen.remote.clone()),
    })?;
    let chosen = select::choose(&child.proposals, &asked.sa, order, Place::Create);
    let chosen = chosen.ok_or_else(|| Incompatibility::Esp {
        ours: child.proposals.clone(),
        theirs: select::read_esp(&asked.sa),
    })?;
    Ok(Agreed {
        index: old.index,
        number: chosen.number,
        suite: chosen.suite,
        spi_in,
        spi_out: read_spi(chosen.spi)?,
        mode: old.mode,
        local,
        remote,
        original: seen.original,
    })
}

/// The initiator's selectors as they are meant in this mode.
fn see(sa: &Sa, mode: Mode, asked: &ChildPayloads<'_>) -> Seen {
    let remote = narrow::read(&asked.selectors.0);
    let local = narrow::read(&asked.selectors.1);
    match mode {
        Mode::Transport => transport::substitute(sa, local, remote),
        Mode::Tunnel => Seen {
            local,
            remote,
            original: None,
        },
    }
}

type Sides = (Vec<TrafficSelector>, Vec<TrafficSelector>);

/// What both sides allow, if it is anything, and in transport mode one address each.
fn narrowed(
    mode: Mode,
    ours: (&[TrafficSelector], &[TrafficSelector]),
    seen: &Seen,
) -> Option<Sides> {
    let local = narrow::intersect(ours.0, &seen.local);
    let remote = narrow::intersect(ours.1, &seen.remote);
    let fits = match mode {
        Mode::Transport => {
            transport::single(&local).is_some() && transport::single(&remote).is_some()
        }
        Mode::Tunnel => !local.is_empty() && !remote.is_empty(),
    };
    fits.then_some((local, remote))
}

fn all_selectors(connection: &Connection, ends: &Ends) -> Sides {
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
    sa: &Sa,
    child: &Child,
    offer: &ChildOffer,
    answer: &ChildPayloads<'_>,
    place: Place,
) -> Result<Agreed, Failure> {
    let chosen =
        select::accept(&child.proposals, &answer.sa, place).ok_or(Misbehaviour::ChoseUnoffered)?;
    match (offer.mode, answer.transport) {
        (Mode::Transport, true) | (Mode::Tunnel, false) => {}
        // RFC 7296 §1.3.1: the peer may prefer a tunnel; we then do without
        (Mode::Transport, false) => {
            return Err(Incompatibility::Mode { ours: offer.mode }.into());
        }
        (Mode::Tunnel, true) => return Err(Misbehaviour::ChoseUnoffered.into()),
    }
    let mut local = narrow::read(&answer.selectors.0);
    let mut remote = narrow::read(&answer.selectors.1);
    if offer.mode == Mode::Transport {
        // RFC 7296 §2.23.1: the responder may name the addresses that it sees
        let seen = transport::substitute(sa, local, remote);
        (local, remote) = (seen.local, seen.remote);
    }
    if !narrow::is_subset(&local, &offer.local) || !narrow::is_subset(&remote, &offer.remote) {
        return Err(Misbehaviour::WidenedSelectors.into());
    }
    Ok(Agreed {
        index: offer.index,
        number: chosen.number,
        suite: chosen.suite,
        spi_in: offer.spi,
        spi_out: read_spi(chosen.spi)?,
        mode: offer.mode,
        local,
        remote,
        original: None,
    })
}
