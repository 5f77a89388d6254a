//! IKEv1 over IPv4: what every peer meets first.

use core::time::Duration;
use std::collections::BTreeSet;

use ikee::crypto::Provider;
use ikee::doi::v1::IkeProposal;
use ikee::doi::{EspProposal, Identity, TrafficSelector};
use ikee::ext::Extensions;
use ikee::fragmentation::{Fragmentation, TimerRule};
use ikee::ikev1::{Authentication, Child, Config, Connection, Remote, Selector};
use ikee::nat_t::{Nat, NatT};
use ikee::reliable_delete::ReliableDelete;
use ikee::status::{Status, StatusCode};
use ikee::wire::ExchangeType;
use ikee::wire::v1::kind;
use ikee::wire::v2::IdType;

use super::super::endpoint::Core;
use super::super::world::DemoError;
use super::line::Act;
use super::stage::{A, B, POLICY, Stage};

/// The UDP payload of an IPv4 packet of 576 octets; this network loses what is larger.
const SMALL: usize = 548;
/// Octets of an identity: it does not fit into such a packet.
const LONG: usize = 700;
const SECOND: Duration = Duration::from_secs(1);

/// A connection of two peers that know a secret.
pub(super) fn connection(client: bool, name: usize) -> Result<Connection, DemoError> {
    let identity = |letter: u8| Identity::new(IdType::KEY_ID, vec![letter; name]);
    let (local, remote) = if client { (b'a', b'b') } else { (b'b', b'a') };
    let secret = b"what both sides know".to_vec().into();
    let authentication = Authentication::psk(identity(local), Some(identity(remote)), secret);
    let mut it = Connection::new(POLICY, "demo", authentication);
    it.proposals = vec![IkeProposal::parse("aes128-sha256-ecp256")?];
    it.children = vec![Child::new(
        "net",
        vec![EspProposal::parse("aes128-sha256")?],
    )];
    Ok(it)
}

/// A child that the two sides will not agree on.
fn quarrel(client: bool) -> Result<Child, DemoError> {
    let suite = if client {
        "aes128-sha1"
    } else {
        "aes256-sha512"
    };
    let mut it = Child::new("quarrel", vec![EspProposal::parse(suite)?]);
    let fixed = |last| Selector::Fixed(TrafficSelector::host([10, 0, 0, last].into()));
    let (local, remote) = if client { (1, 2) } else { (2, 1) };
    (it.local, it.remote) = (fixed(local), fixed(remote));
    it.start = false;
    Ok(it)
}

fn stage(provider: &'static Provider) -> Result<Stage, DemoError> {
    let side = |client: bool| -> Result<_, DemoError> {
        let (own, peer) = if client { (1, 2) } else { (2, 1) };
        let mut connection = connection(client, LONG)?;
        connection.remote = Some(Remote::new([192, 0, 2, peer].into()));
        connection.children.push(quarrel(client)?);
        let fragmentation = Fragmentation::new()
            .with_timer_rule(TimerRule::Initiator)
            .with_delay(SECOND);
        let extensions = Extensions::none()
            .with(Status::new().with_release(9))
            .with(NatT::new().with_forced(true))
            .with(fragmentation)
            .with(ReliableDelete::new());
        let mut config = Config::new(vec![connection]);
        config.trace = true;
        let core = Core::v1(config, provider, extensions)?;
        Ok((core, [192, 0, 2, own].into()))
    };
    Ok(Stage::new([side(true)?, side(false)?]))
}

pub(super) fn play(provider: &'static Provider) -> Result<Act, DemoError> {
    let mut act = Act::new(
        "IKEv1",
        "main mode with long identities, through a network that loses IP fragments and a delete",
    );
    let mut stage = stage(provider)?;
    stage.loses = Box::new(|it| it.transmit.bytes.len() > SMALL);
    stage.initiate()?;
    stage.run(10 * SECOND);
    nat_t(&mut act, &stage)?;
    fragmentation(&mut act, &stage)?;
    status(&mut act, &mut stage)?;
    reliable_delete(&mut act, &mut stage)?;
    Ok(act)
}

fn nat_t(act: &mut Act, stage: &Stage) -> Result<(), DemoError> {
    let [a, b] = &stage.actors;
    let revision = a.extension::<NatT>()?.revision(a.sa()?);
    let nat = a.extension::<NatT>()?.nat(a.sa()?);
    let same = revision == b.extension::<NatT>()?.revision(b.sa()?);
    let of_a = || stage.crossed.iter().filter(|it| it.from == A);
    let on = |port| of_a().filter(|it| it.transmit.local.port() == port).count();
    let udp = a.child()?.udp_encapsulation && b.child()?.udp_encapsulation;
    let found = revision.is_some() && same && nat.is_some_and(Nat::any);
    act.tell(
        "nat-t",
        found && udp && on(500) > 0 && on(4500) > 0,
        format!(
            "{} agreed on, a translator feigned and found; {} datagrams from port 500, then {} from 4500; ESP in UDP",
            revision.map_or("nothing", |it| match it {
                ikee::doi::encapsulation::NatRevision::Rfc3947 => "RFC 3947",
                ikee::doi::encapsulation::NatRevision::Draft => "the draft",
            }),
            on(500),
            on(4500)
        ),
    );
    Ok(())
}

fn fragmentation(act: &mut Act, stage: &Stage) -> Result<(), DemoError> {
    let lost = stage.crossed.iter().filter(|it| it.lost).count();
    let pieces = stage.crossed.iter().filter(|it| {
        !it.lost
            && it
                .header
                .is_some_and(|header| header.next == kind::FRAGMENT)
    });
    let pieces = pieces.count();
    let [a, b] = &stage.actors;
    let joined = |index| -> Result<u64, DemoError> {
        let actor = if index == A { a } else { b };
        Ok(actor.extension::<Fragmentation>()?.counters().joined)
    };
    let (at_a, at_b) = (joined(A)?, joined(B)?);
    act.tell(
        "fragmentation",
        lost > 0 && pieces > 1 && at_a > 0 && at_b > 0,
        format!(
            "{lost} large datagrams lost; {pieces} pieces came, of which the responder made {at_b} message{}, the initiator {at_a}",
            if at_b == 1 { "" } else { "s" }
        ),
    );
    Ok(())
}

fn status(act: &mut Act, stage: &mut Stage) -> Result<(), DemoError> {
    let sa = stage.a().sa()?;
    stage.open(sa, 1)?;
    stage.run(SECOND);
    let failures = stage.a().failures.len();
    let reports = stage.a().extension_mut::<Status>()?.take_reports();
    let told = reports.iter().find(|it| it.protected && it.sa == sa);
    let code = told.and_then(|it| it.code);
    let release = stage.a().extension::<Status>()?.peer_release(sa);
    act.tell(
        "status",
        failures > 0 && code.is_some_and(|it| it.name().is_some()) && release.is_some(),
        format!(
            "a child refused, and why: {} ({}), about message ID {:08x}; the peer's release number is {}",
            code.map_or(0, StatusCode::get),
            code.and_then(StatusCode::name).unwrap_or("nothing"),
            told.and_then(|it| it.message_id).unwrap_or(0),
            release.unwrap_or(0)
        ),
    );
    Ok(())
}

/// The network loses the second delete, that of the SA; it is sent again, and both are acknowledged.
fn reliable_delete(act: &mut Act, stage: &mut Stage) -> Result<(), DemoError> {
    let before = stage.crossed.len();
    let mut sent = 0;
    stage.loses = Box::new(move |it| {
        sent += usize::from(it.from == A);
        it.from == A && sent == 2
    });
    stage.shut_down();
    let done = |it: &Stage| {
        let [a, _] = &it.actors;
        let extension = a.extension::<ReliableDelete>();
        extension.is_ok_and(ReliableDelete::is_idle) && it.actors.iter().all(|it| it.core.is_idle())
    };
    let took = stage.until(30 * SECOND, done);
    let of = |from| {
        let all = stage.crossed.iter().skip(before);
        all.filter_map(|it| Some((it, it.header?)))
            .filter(move |(it, header)| {
                it.from == from && header.exchange == ExchangeType::V1_INFORMATIONAL
            })
            .map(|(it, header)| (header.message_id, it.lost))
    };
    let deletes: BTreeSet<u32> = of(A).map(|it| it.0).collect();
    let lost = of(A).find(|it| it.1).map(|it| it.0);
    let again = of(A).filter(|it| Some(it.0) == lost && !it.1).count();
    let acknowledged: BTreeSet<u32> = of(B).map(|it| it.0).collect();
    let empty = stage.actors.iter().all(|it| it.children.is_empty());
    act.tell(
        "reliable-delete",
        deletes.len() == 2 && deletes == acknowledged && again == 1 && empty && done(stage),
        format!(
            "{} deletes, one lost and sent again, {} acknowledged under their message IDs; after {:.1} s nothing is left on either side",
            deletes.len(),
            acknowledged.len(),
            took.as_secs_f64()
        ),
    );
    Ok(())
}
