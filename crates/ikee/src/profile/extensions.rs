//! The extensions of a release in IKEv1, made from its profile.

use alloc::vec::Vec;

use ike_ext::{Extensions, Role};
use ipsec_doi::encapsulation::NatRevision;

use super::{Delete, Extension, Release, When, Windows, windows};
use crate::cga::Cga;
use crate::coexistence::{Coexistence, KeyingModule};
use crate::discovery::Discovery;
use crate::failover::{Failover, IdleLimits, Side};
use crate::fragmentation::{Fragmentation, Limits, TimerRule};
use crate::nat_t::{NatT, Revisions};
use crate::reliable_delete::{Nonces, ReliableDelete, Schedule};
use crate::status::Status;

/// What a release of Windows does in IKEv1, of what wants no settings of its own: its number, NAT traversal, fragments,
/// negotiation discovery without a rule, fast failover as a client, and deletes, each with the release's revisions and timers.
/// Its first message has the vendor IDs of an ordinary negotiation ([`Windows::usual_vendor_ids`]), in the release's order.
///
/// CGA wants an identity to prove, the defence against floods thresholds, a cluster its other nodes: they are the caller's to
/// add.
#[must_use]
pub fn windows_ikev1(release: Release) -> Extensions {
    let profile = windows(release);
    let mut all = Extensions::none();
    // on the wire keying modules come first, where they are told, then the release's number
    let modules = modules(profile);
    if !modules.is_empty() {
        all = all.with(Coexistence::new().with_keying_modules(modules));
    }
    all = all.with(status(profile));
    for extension in profile.extensions {
        all = match extension {
            Extension::NatT => all.with(nat_t(profile)),
            Extension::Fragmentation => all.with(fragmentation(profile)),
            Extension::Discovery => all.with(Discovery::new()),
            Extension::Failover => all.with(failover(profile)),
            Extension::Cga => all.with(Cga::new().with_announcement(true)),
            Extension::ReliableDelete => all.with(delete(&profile.delete)),
            _ => all,
        };
    }
    all
}

fn modules(profile: &Windows) -> Vec<KeyingModule> {
    let told = profile.usual_vendor_ids(Role::Initiator, false);
    told.filter_map(|it| KeyingModule::told(&it.octets()))
        .collect()
}

fn status(profile: &Windows) -> Status {
    let number = profile
        .vendor_ids
        .iter()
        .find(|it| it.when == When::Always && it.id == crate::wire::vendor_id::MS_NT5_ISAKMPOAKLEY);
    match number.and_then(|it| it.value) {
        Some(number) => Status::new().with_release(number),
        None => Status::new(),
    }
}

/// [MS-IKEE] note 13, [MS-IKEE] note 14.
fn nat_t(profile: &Windows) -> NatT {
    let Some(own) = &profile.nat_t else {
        return NatT::new().with_revisions(Revisions::NONE);
    };
    let revisions = match own.revisions.contains(&NatRevision::Rfc3947) {
        true => Revisions::BOTH,
        false => Revisions::DRAFT,
    };
    NatT::new()
        .with_revisions(revisions)
        .with_keepalive(own.keep_alive)
}

/// [MS-IKEE] note 16, [MS-IKEE] note 17.
fn fragmentation(profile: &Windows) -> Fragmentation {
    let Some(own) = profile.fragmentation else {
        return Fragmentation::new().with_enabled(false);
    };
    let rule = match own.initiator_only {
        true => TimerRule::Initiator,
        false => TimerRule::SecondRoundTrip,
    };
    let mut limits = Limits::DEFAULT;
    limits.time = own.reassembly;
    Fragmentation::new()
        .with_timer_rule(rule)
        .with_delay(own.after)
        .with_limits(limits)
        .with_identity_only(true)
}

/// [MS-IKEE] note 21.
fn failover(profile: &Windows) -> Failover {
    let limits = IdleLimits {
        cluster: profile.idle.failover,
        other: profile.idle.usual,
    };
    Failover::new(Side::Client).with_idle_limits(limits)
}

/// [MS-IKEE] note 23, [MS-IKEE] note 24, [MS-IKEE] note 25. Windows 2000 has reliable delete in the table of note 2, and
/// neither nonces nor timers in these.
fn delete(own: &Delete) -> ReliableDelete {
    let schedule = Schedule {
        first: own.first,
        longest: own.longest,
        repetitions: own.retransmissions,
        waits: true,
    };
    let nonces = if own.nonce {
        Nonces::Microsoft
    } else {
        Nonces::Never
    };
    let shutdown = if own.shutdown_as_usual {
        schedule
    } else {
        Schedule::SHUTDOWN
    };
    ReliableDelete::new()
        .with_nonces(nonces)
        .with_schedule(schedule)
        .with_shutdown(shutdown)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_release_gets_its_extensions_in_the_order_of_its_vendor_ids() {
        let names = |release| windows_ikev1(release).names().collect::<Vec<_>>();
        assert_eq!(names(Release::Windows2000), ["status"]);
        assert_eq!(
            names(Release::Server2003),
            [
                "status",
                "fragmentation",
                "nat-t",
                "failover",
                "reliable-delete"
            ]
        );
        assert_eq!(
            names(Release::Windows7),
            [
                "status",
                "nat-t",
                "fragmentation",
                "discovery",
                "failover",
                "cga",
                "reliable-delete"
            ]
        );
        assert_eq!(names(Release::Windows8)[..2], ["coexistence", "status"]);
    }
}
