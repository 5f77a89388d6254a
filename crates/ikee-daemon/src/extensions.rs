//! From settings to each core's list of extensions: one function for each version, one statement for each extension.

use core::net::IpAddr;

use ikee::cga::Cga;
use ikee::coexistence::{Coexistence, KeyingModule};
use ikee::correlation::Correlation;
use ikee::discovery::Discovery;
use ikee::dos::{Construction, Dos};
use ikee::dpd::Dpd;
use ikee::ext::Extensions;
use ikee::failover::{Failover, IdleLimits, Side};
use ikee::fragmentation::{Fragmentation, TimerRule};
use ikee::fragmentation_v2::FragmentationV2;
use ikee::nat_t::{NatT, Revisions};
use ikee::pcscf::{self, Pcscf};
use ikee::profile::{self, Release};
use ikee::realm::SecurityRealm;
use ikee::reliable_delete::{Nonces, ReliableDelete, Schedule};
use ikee::server_address::{Addresses, Families, ServerAddress};
use ikee::status::Status;
use ikee::xbox::Xbox;

use crate::config::tables::{self, Ask, on};
use crate::config::{ExtensionSettings, Outline};

/// Those of IKEv2 that a configuration switches on.
#[must_use]
pub fn ikev2(settings: &ExtensionSettings, connections: &[Outline]) -> Extensions {
    let tables = &settings.tables;
    let mut all = match settings.release {
        Some(release) => profile::windows_ikev2(release),
        None => Extensions::none(),
    };
    let free = settings.release.is_none();
    if let Some(told) = on(&tables.fragmentation_v2, free) {
        all = all.with(fragmentation_v2(&told));
    }
    if let Some(told) = on(&tables.server_address, false) {
        all = all.with(server_address(&told));
    }
    if let Some(told) = on(&tables.status, false) {
        all = all.with(status(&told));
    }
    if let Some(told) = on(&tables.dpd, false).filter(|it| it.ikev2 != Some(false)) {
        all = all.with(dpd(&told).without_ikev1());
    }
    if let Some(told) = on(&tables.correlation, false) {
        all = all.with(Correlation::new().with_success(told.success));
    }
    if on(&tables.realm, settings.realms).is_some() {
        all = all.with(SecurityRealm::new());
    }
    if let Some(told) = on(&tables.xbox, settings.xbox) {
        all = all.with(xbox(&told));
    }
    if let Some(told) = on(&tables.pcscf, false) {
        all = all.with(pcscf(&told));
    }
    adopt(&mut all, connections);
    all
}

/// Those of IKEv1.
#[must_use]
pub fn ikev1(settings: &ExtensionSettings) -> Extensions {
    let tables = &settings.tables;
    let mut all = match settings.release {
        Some(release) => like_v1(release, settings.bare_esp),
        None => Extensions::none(),
    };
    let free = settings.release.is_none();
    if let Some(told) = on(&tables.nat_t, free) {
        all = all.with(nat_t(&told, settings.bare_esp));
    }
    if let Some(told) = on(&tables.fragmentation, free) {
        all = all.with(fragmentation(&told));
    }
    if !settings.cga.is_empty() {
        let known = settings.cga.iter().cloned();
        all = all.with(known.fold(Cga::new(), Cga::with));
    }
    if settings.discovery.is_some() {
        all = all.with(Discovery::new());
    }
    if let Some(told) = on(&tables.reliable_delete, free) {
        all = all.with(reliable_delete(&told));
    }
    if let Some(told) = on(&tables.status, free) {
        all = all.with(status(&told));
    }
    if let Some(told) = on(&tables.coexistence, false) {
        all = all.with(coexistence(&told));
    }
    if let Some(told) = on(&tables.failover, false) {
        all = all.with(failover(&told));
    }
    if let Some((told, protection)) = on(&tables.dos, false).zip(settings.dos) {
        let construction = match told.cookie {
            tables::Cookie::Sha256 => Construction::Sha256,
            tables::Cookie::Windows => Construction::Windows,
        };
        let dos = Dos::new().with_protection(protection);
        all = all.with(dos.with_construction(construction));
    }
    if let Some(told) = on(&tables.dpd, false).filter(|it| it.ikev1 != Some(false)) {
        all = all.with(dpd(&told).without_ikev2());
    }
    if let Some(told) = on(&tables.server_address, false) {
        all = all.with(server_address(&told));
    }
    all
}

/// Tells extensions of IKEv2 what is so of each connection, in place of what they were told before.
pub(crate) fn adopt(all: &mut Extensions, connections: &[Outline]) {
    if let Some(realms) = all.get_mut::<SecurityRealm>() {
        let of = connections
            .iter()
            .filter_map(|it| Some((it.policy, it.special.realm?)));
        realms.set_policies(of);
    }
    if let Some(xbox) = all.get_mut::<Xbox>() {
        let of = connections
            .iter()
            .filter_map(|it| Some((it.policy, it.special.xbox?)));
        xbox.set_policies(of);
    }
}

/// What a release does in IKEv1; the userspace plane has its ESP always go in UDP.
fn like_v1(release: Release, bare_esp: bool) -> Extensions {
    let all = profile::windows_ikev1(release);
    match &profile::windows(release).nat_t {
        Some(own) if !bare_esp => {
            let rfc = own
                .revisions
                .contains(&ikee::doi::encapsulation::NatRevision::Rfc3947);
            let revisions = if rfc {
                Revisions::BOTH
            } else {
                Revisions::DRAFT
            };
            let nat_t = NatT::new().with_revisions(revisions);
            all.with(nat_t.with_keepalive(own.keep_alive).with_forced(true))
        }
        _ => all,
    }
}

fn nat_t(told: &tables::NatT, bare_esp: bool) -> NatT {
    let revisions = match told.revisions {
        tables::Revisions::Both => Revisions::BOTH,
        tables::Revisions::Draft => Revisions::DRAFT,
        tables::Revisions::Rfc3947 => Revisions::RFC_3947,
    };
    let nat_t = NatT::new()
        .with_forced(told.forced || !bare_esp)
        .with_revisions(revisions)
        .with_ipv6(told.ipv6.unwrap_or(true));
    match told.keepalive {
        Some(interval) => nat_t.with_keepalive((!interval.0.is_zero()).then_some(interval.0)),
        None => nat_t,
    }
}

fn fragmentation(told: &tables::Fragmentation) -> Fragmentation {
    let rule = match told.timer {
        tables::Timer::Every => TimerRule::Every,
        tables::Timer::Initiator => TimerRule::Initiator,
        tables::Timer::SecondRoundTrip => TimerRule::SecondRoundTrip,
    };
    let mut fragmentation = Fragmentation::new()
        .with_timer_rule(rule)
        .with_eager(told.eager)
        .with_identity_only(told.identity_only);
    if let Some(delay) = told.delay {
        fragmentation = fragmentation.with_delay(delay.0);
    }
    if let Some(octets) = told.memory {
        fragmentation = fragmentation.with_memory(octets);
    }
    fragmentation
}

fn reliable_delete(told: &tables::ReliableDelete) -> ReliableDelete {
    let nonces = if told.everybody {
        Nonces::Always
    } else {
        Nonces::Microsoft
    };
    let schedule = match told.schedule {
        tables::Schedule::Text => Schedule::TEXT,
        tables::Schedule::Windows => Schedule::WINDOWS,
    };
    ReliableDelete::new()
        .with_nonces(nonces)
        .with_schedule(schedule)
}

fn status(told: &tables::Status) -> Status {
    let status = Status::new().with_everybody(told.everybody);
    match &told.release {
        Some(number) => status.with_release(*number.get_ref()),
        None => status,
    }
}

fn coexistence(told: &tables::Coexistence) -> Coexistence {
    let modules = told.keying_modules.iter().map(|it| match it {
        tables::KeyingModule::Ikev1 => KeyingModule::Ike,
        tables::KeyingModule::Authip => KeyingModule::AuthIp,
        tables::KeyingModule::Ikev2 => KeyingModule::IkeV2,
    });
    let coexistence = Coexistence::new()
        .with_module(told.module)
        .with_announcement(told.announce || told.module)
        .with_keying_modules(modules);
    match &told.prefer_authip {
        Some(grace) => coexistence.with_preference(grace.get_ref().0),
        None => coexistence,
    }
}

fn failover(told: &tables::Failover) -> Failover {
    let side = match told.side {
        tables::Side::Client => Side::Client,
        tables::Side::Cluster => Side::Cluster,
        tables::Side::Both => Side::Both,
    };
    let usual = IdleLimits::default();
    let failover = Failover::new(side).with_idle_limits(IdleLimits {
        cluster: told.idle_cluster.map_or(usual.cluster, |it| it.0),
        other: told.idle.map_or(usual.other, |it| it.0),
    });
    match told.moves {
        Some(false) => failover.never_moving(),
        _ => failover,
    }
}

/// In both IKEs.
fn dpd(told: &tables::Dpd) -> Dpd {
    let mut dpd = Dpd::new();
    if let Some(patience) = told.patience {
        dpd = dpd.with_patience(patience.0);
    }
    if told.clusters_only {
        dpd = dpd.clusters_only();
    }
    match told.restart {
        Some(false) => dpd.without_restart(),
        _ => dpd,
    }
}

fn fragmentation_v2(told: &tables::FragmentationV2) -> FragmentationV2 {
    let v4 = usize::from(told.packet_size_ipv4.unwrap_or(0));
    let v6 = usize::from(told.packet_size_ipv6.unwrap_or(0));
    // smaller sizes than the standard's are raised to them
    let mut fragmentation = FragmentationV2::new().with_packet_sizes(v4, v6);
    if let Some(timeout) = told.timeout {
        fragmentation = fragmentation.with_timeout(timeout.0);
    }
    if let Some(octets) = told.memory {
        fragmentation = fragmentation.with_memory(octets);
    }
    fragmentation
}

fn server_address(told: &tables::ServerAddress) -> ServerAddress {
    let mut own = Addresses::default();
    own.v4 = told.ipv4.as_ref().map(|it| it.0);
    own.v6 = told.ipv6.as_ref().map(|it| it.0);
    let extension = ServerAddress::new().answering(own);
    match told.ask {
        Ask::Both => extension.asking(Families::Both),
        Ask::Ipv4 => extension.asking(Families::V4),
        Ask::Ipv6 => extension.asking(Families::V6),
        Ask::None => extension,
    }
}

fn pcscf(told: &tables::Pcscf) -> Pcscf {
    let list = told.addresses.iter().flat_map(toml::Spanned::get_ref);
    let own: Vec<IpAddr> = list.map(|it| it.0).collect();
    let extension = Pcscf::new().answering(pcscf::Addresses::new(own));
    match told.ask {
        Ask::Both => extension.asking(pcscf::Families::Both),
        Ask::Ipv4 => extension.asking(pcscf::Families::V4),
        Ask::Ipv6 => extension.asking(pcscf::Families::V6),
        Ask::None => extension,
    }
}

fn xbox(told: &tables::Xbox) -> Xbox {
    let limits = told.limits.0.iter();
    let limits = limits.filter_map(|(kind, limit)| Some((kind.get_ref().parse().ok()?, *limit)));
    limits.fold(Xbox::new().listening(), |it, (kind, limit)| {
        it.with_limit(kind, limit)
    })
}
