//! IKEv2: a console that is a telephone as well, in a realm, with a long name.

use core::net::IpAddr;
use core::time::Duration;

use ikee::correlation::{Correlation, Outcome};
use ikee::crypto::Provider;
use ikee::doi::{EspProposal, Identity, IkeProposal, TrafficSelector};
use ikee::ext::{Extensions, PolicyId, SaId};
use ikee::fragmentation_v2::FragmentationV2;
use ikee::ikev2::{Authentication, Child, Config, Connection, Remote, Selectors};
use ikee::pcscf::{self, Pcscf};
use ikee::realm::{RealmId, SecurityRealm};
use ikee::server_address::{self, ServerAddress};
use ikee::status::{Status, StatusCode};
use ikee::wire::ExchangeType;
use ikee::wire::v2::IdType;
use ikee::xbox::{Negotiation, Xbox};

use super::super::endpoint::Core;
use super::super::world::DemoError;
use super::line::Act;
use super::stage::{A, B, POLICY, Stage};

const SECOND: Duration = Duration::from_secs(1);
/// A policy of the responder's for another realm, which stands first.
const OTHER: PolicyId = PolicyId::new(2);
const LONG: usize = 700;
/// What the responder has inside the tunnel.
const SERVER: [u8; 4] = [10, 77, 0, 1];
const CLIENT: [u8; 4] = [10, 77, 0, 2];

/// A connection of two peers that know a secret; its suite has the integrity key that correlation wants.
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
    let fixed = |last| Selectors::Fixed(vec![TrafficSelector::host([10, 0, 0, last].into())]);
    let (local, remote) = if client { (1, 2) } else { (2, 1) };
    (it.local, it.remote) = (fixed(local), fixed(remote));
    Ok(it)
}

fn proxies() -> [IpAddr; 2] {
    [[10, 77, 0, 21], [10, 77, 0, 20]].map(IpAddr::from)
}

fn extensions(client: bool) -> Extensions {
    let own = server_address::Addresses::default().with_v4(SERVER.into());
    let realms = SecurityRealm::new().with(POLICY, RealmId::from_name("game"));
    let fragmentation = FragmentationV2::new();
    let status = Status::new().with_release(9);
    let correlation = Correlation::new();
    let all = Extensions::none()
        .with(fragmentation)
        .with(status)
        .with(correlation);
    if client {
        all.with(ServerAddress::new().asking(server_address::Families::V4))
            .with(Pcscf::new().asking(pcscf::Families::V4))
            .with(realms)
            .with(Xbox::new().announcing(Negotiation::One))
    } else {
        all.with(ServerAddress::new().answering(own))
            .with(Pcscf::new().answering(pcscf::Addresses::new(proxies())))
            .with(realms.with(OTHER, RealmId::from_name("lobby")))
            .with(Xbox::new().with_limit(1, 16))
    }
}

fn stage(provider: &'static Provider) -> Result<Stage, DemoError> {
    let side = |client: bool| -> Result<_, DemoError> {
        let (own, peer) = if client { (1, 2) } else { (2, 1) };
        let remote = Remote::new([192, 0, 2, peer].into());
        let make = |policy| -> Result<Connection, DemoError> {
            let mut it = connection(client, LONG)?;
            it.policy = policy;
            it.remote = Some(remote);
            it.children.push(quarrel(client)?);
            if client {
                it.addressing.request_v4 = true;
            } else {
                it.addressing.assign_v4 = Some(CLIENT.into());
            }
            Ok(it)
        };
        let connections = if client {
            vec![make(POLICY)?]
        } else {
            vec![make(OTHER)?, make(POLICY)?]
        };
        let mut config = Config::new(connections);
        config.trace = true;
        let core = Core::v2(config, provider, extensions(client))?;
        Ok((core, [192, 0, 2, own].into()))
    };
    Ok(Stage::new([side(true)?, side(false)?]))
}

pub(super) fn play(provider: &'static Provider) -> Result<Act, DemoError> {
    let mut act = Act::new(
        "IKEv2",
        "a console with a long name, in a realm, that asks for addresses",
    );
    let mut stage = stage(provider)?;
    let sa = stage.initiate()?;
    // the responder counts while it negotiates
    stage.until(SECOND, |it| it.actors[B].core.count() > 0);
    let running = stage.b().extension::<Xbox>()?.running(1);
    stage.run(5 * SECOND);
    fragmentation(&mut act, &stage)?;
    addresses(&mut act, &stage)?;
    realm(&mut act, &stage)?;
    xbox(&mut act, &stage, running, provider)?;
    status(&mut act, &mut stage)?;
    correlation(&mut act, &mut stage, sa)?;
    Ok(act)
}

fn fragmentation(act: &mut Act, stage: &Stage) -> Result<(), DemoError> {
    let [a, _] = &stage.actors;
    let agreed = a.extension::<FragmentationV2>()?.is_negotiated(a.sa()?);
    let of = |index: usize| {
        let actor = stage.actors.get(index);
        let sent = actor.into_iter().flat_map(|it| &it.sent);
        let mut auth = sent.filter(|it| it.exchange == "IKE_AUTH");
        auth.next().map_or((0, 0), |it| (it.octets, it.datagrams))
    };
    let (request, response) = (of(A), of(B));
    let largest = stage.crossed.iter().map(|it| it.transmit.bytes.len());
    let largest = largest.max().unwrap_or(0);
    act.tell(
        "fragmentation-v2",
        agreed && request.1 > 1 && response.1 > 1 && largest <= 548,
        format!(
            "IKE_AUTH in {} pieces, the answer in {}; no datagram had more than {largest} octets",
            request.1, response.1
        ),
    );
    Ok(())
}

fn addresses(act: &mut Act, stage: &Stage) -> Result<(), DemoError> {
    let [a, _] = &stage.actors;
    let sa = a.sa()?;
    let learned = a.extension::<ServerAddress>()?.addresses(sa);
    let learned = learned.and_then(|it| it.v4);
    act.tell(
        "server-address",
        learned == Some(SERVER.into()),
        format!(
            "asked for in the CFG_REQUEST; the server inside the tunnel is {}",
            learned.map_or_else(|| "unknown".to_owned(), |it| it.to_string())
        ),
    );
    let learned = a.extension::<Pcscf>()?.addresses(sa);
    let list: Vec<_> = learned.iter().map(ToString::to_string).collect();
    act.tell(
        "pcscf",
        learned == proxies(),
        format!(
            "two proxies learned, in the server's order: {}",
            list.join(", ")
        ),
    );
    Ok(())
}

fn realm(act: &mut Act, stage: &Stage) -> Result<(), DemoError> {
    let [_, b] = &stage.actors;
    let told = b.extension::<SecurityRealm>()?.asked(b.sa()?);
    let chosen = b.established.last().map(|it| it.policy);
    act.tell(
        "realm",
        told == Some(RealmId::from_name("game")) && chosen == Some(POLICY),
        format!(
            "the responder was told realm {}, and passed over its first policy, which is another realm's",
            told.map_or_else(String::new, |it| {
                let octets = it.as_bytes().iter().take(4);
                octets.map(|it| format!("{it:02x}")).collect::<String>() + "…"
            })
        ),
    );
    Ok(())
}

fn xbox(
    act: &mut Act,
    stage: &Stage,
    running: usize,
    provider: &'static Provider,
) -> Result<(), DemoError> {
    let [_, b] = &stage.actors;
    let xbox = b.extension::<Xbox>()?;
    let number = xbox.negotiation_type(b.sa()?);
    let over = xbox.running(1);
    let mut lonely = self::stage(provider)?;
    lonely.b().cut_off = true;
    lonely.initiate()?;
    lonely.run(300 * SECOND);
    let sent = lonely.sent(A, ExchangeType::IKE_SA_INIT).count();
    act.tell(
        "xbox",
        number == Some(1) && running == 1 && over == 0 && sent == 1,
        format!(
            "the responder read type {}, and counted {running} while it negotiated, {over} after; to nobody, IKE_SA_INIT is sent {sent} time",
            number.unwrap_or(0)
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
    act.tell(
        "status",
        failures > 0 && code.is_some_and(|it| it.name().is_some()),
        format!(
            "a child refused, and why, by notify 12345: {} ({})",
            code.map_or(0, StatusCode::get),
            code.and_then(StatusCode::name).unwrap_or("nothing")
        ),
    );
    Ok(())
}

fn correlation(act: &mut Act, stage: &mut Stage, original: SaId) -> Result<(), DemoError> {
    let current = stage.initiate()?;
    stage
        .a()
        .extension_mut::<Correlation>()?
        .correlate(current, original);
    stage.run(5 * SECOND);
    let mut outcomes = Vec::new();
    for actor in &mut stage.actors {
        outcomes.extend(actor.extension_mut::<Correlation>()?.take_reports());
    }
    let good = |it: &ikee::correlation::Report| it.outcome == Outcome::Correlated;
    let both = outcomes.len() == 2 && outcomes.iter().all(good);
    let gone = !stage.a().core.has(current) && stage.a().core.has(original);
    let left = stage.actors.each_ref().map(|it| it.core.count());
    let said = outcomes.first().map(|it| it.outcome.to_string());
    act.tell(
        "correlation",
        both && gone && left == [1, 1],
        format!(
            "a second SA, by a hash under the first one's key: {}; the second is gone, the first stands",
            said.unwrap_or_else(|| "nothing came of it".to_owned())
        ),
    );
    Ok(())
}
