//! IKEv1 over IPv6: hosts whose addresses are their keys, and traffic that begins in clear.

use core::net::{IpAddr, Ipv6Addr};
use core::time::Duration;

use ikee::cga::{Cga, Identity, METHOD, Parameters, Sec};
use ikee::coexistence::{Coexistence, Outcome};
use ikee::crypto::{Provider, Random as _, SigningKey};
use ikee::discovery::{
    Direction, Discovery, FlowKey, FlowTable, Found, Letter, Limits, Matching, Packet, Rule, Way,
};
use ikee::endpoint::Transmit;
use ikee::ext::{Extensions, FlowId, Hint};
use ikee::failover::{Failover, Side};
use ikee::ikev1::{Authentication, Config, Remote};
use ikee::rustcrypto::SystemRandom;
use ikee::rustcrypto::signature::generate_rsa;
use ikee::wire::v1::AuthMethod;
use ikee::wire::{ExchangeType, Flags, Header, MessageWriter, PayloadType, Spi, Version};
use ikee::x509::SelfSigned;
use ikee_daemon::clock::since_1970;

use super::super::endpoint::Core;
use super::super::world::DemoError;
use super::line::Act;
use super::plain;
use super::stage::{B, POLICY, Stage};

const SECOND: Duration = Duration::from_secs(1);
/// 2001:db8::/64, for documentation.
const PREFIX: [u8; 8] = [0x20, 1, 0x0d, 0xb8, 0, 0, 0, 0];
const BITS: usize = 2048;

/// A key, and the address that it makes.
struct Own {
    key: Box<dyn SigningKey>,
    identity: Identity,
}

fn failed(why: impl ToString) -> DemoError {
    DemoError::Failed(why.to_string())
}

fn own(provider: &'static Provider) -> Result<Own, DemoError> {
    let mut random = SystemRandom::new();
    let der = generate_rsa(BITS, &mut random).map_err(|_| DemoError::Crypto)?;
    let key = ikee::x509::private_key(der.as_slice(), provider).map_err(failed)?;
    let mut modifier = [0; 16];
    random.fill(&mut modifier).map_err(|_| DemoError::Crypto)?;
    let parameters = Parameters {
        modifier,
        prefix: PREFIX,
        collisions: 0,
        public_key: key.public_key().to_vec(),
        extensions: Vec::new(),
    };
    let address = parameters.address(Sec::ZERO);
    let now = since_1970();
    let template = SelfSigned {
        name: &address.to_string(),
        address: IpAddr::V6(address),
        validity: now..=now + 86_400 * SECOND,
    };
    let certificate = template.certificate(&*key, &mut random).map_err(failed)?;
    let identity = Identity::new(address, parameters, certificate.der());
    let identity = identity.map_err(|it| failed(it.reason()))?;
    Ok(Own { key, identity })
}

/// Both at once: making an RSA key takes its time.
fn both(provider: &'static Provider) -> Result<[Own; 2], DemoError> {
    std::thread::scope(|scope| {
        let other = scope.spawn(|| own(provider));
        let ours = own(provider)?;
        let theirs = other
            .join()
            .map_err(|_| failed("the making of a key broke off"))??;
        Ok([ours, theirs])
    })
}

fn extensions(client: bool, identity: Identity) -> Extensions {
    let side = if client { Side::Client } else { Side::Cluster };
    let rule = Rule::DISCOVER.with_boundary(!client);
    Extensions::none()
        .with(Cga::new().with(identity))
        .with(Discovery::new().with_rule(POLICY, 0, rule))
        .with(Failover::new(side))
        .with(Coexistence::new().with_module(true))
}

fn stage(provider: &'static Provider) -> Result<Stage, DemoError> {
    let [ours, theirs] = both(provider)?;
    let addresses = [ours.identity.address(), theirs.identity.address()];
    let side = |client: bool, own: Own, peer: Ipv6Addr| -> Result<_, DemoError> {
        let address = IpAddr::V6(own.identity.address());
        let mut connection = plain::connection(client, 1)?;
        let local = ikee::doi::Identity::address(address);
        connection.authentication = Authentication::brought(METHOD, own.key, local, None);
        connection.remote = Some(Remote::new(peer.into()));
        let mut config = Config::new(vec![connection]);
        config.trace = true;
        let core = Core::v1(config, provider, extensions(client, own.identity))?;
        Ok((core, address))
    };
    let [a, b] = addresses;
    Ok(Stage::new([side(true, ours, b)?, side(false, theirs, a)?]))
}

pub(super) fn play(provider: &'static Provider) -> Result<Act, DemoError> {
    let mut act = Act::new(
        "IKEv1",
        "over IPv6, a client and a cluster's node whose addresses are their keys",
    );
    let mut stage = stage(provider)?;
    let mut traffic = Traffic::begin(&mut stage)?;
    stage.initiate()?;
    stage.run(10 * SECOND);
    cga(&mut act, &stage)?;
    coexistence(&mut act, &mut stage)?;
    traffic.moves(&stage)?;
    failover(&mut act, &mut stage)?;
    traffic.stays(&mut act, &stage);
    Ok(act)
}

fn cga(act: &mut Act, stage: &Stage) -> Result<(), DemoError> {
    let [a, b] = &stage.actors;
    let proved = |here: &super::stage::Actor, there: &super::stage::Actor| {
        let address = ikee::doi::Identity::address(there.address);
        here.established
            .last()
            .is_some_and(|it| it.method == Some(METHOD) && it.remote_id == address)
    };
    let sent = stage.sent(B, ExchangeType::MAIN_MODE).count();
    a.sa()?;
    let method = a.established.last().and_then(|it| it.method);
    act.tell(
        "cga",
        proved(a, b) && proved(b, a) && sent == 3,
        format!(
            "each proved to own its address, by method {:#06x}, the responder {}",
            method.map_or(0, AuthMethod::get),
            a.established
                .last()
                .map_or_else(String::new, |it| it.remote_id.to_string())
        ),
    );
    Ok(())
}

/// Both have announced a module, IKE won, and a first message of AuthIP is known for what it is.
fn coexistence(act: &mut Act, stage: &mut Stage) -> Result<(), DemoError> {
    let (sa_a, sa_b) = (stage.a().sa()?, stage.b().sa()?);
    let knows = stage.b().extension::<Coexistence>()?.peer_has_authip(sa_b);
    let outcome = stage.a().extension::<Coexistence>()?.outcome(sa_a);
    let mut bytes = Vec::new();
    let header = Header {
        initiator: Spi::new([0xA1; 8]),
        responder: Spi::new([0; 8]),
        next: PayloadType::NONE,
        version: Version::V1,
        exchange: ExchangeType::AUTHIP_MAIN_MODE,
        flags: Flags::NONE,
        message_id: 0,
        length: 0,
    };
    MessageWriter::begin(&mut bytes, &header).finish();
    let ends = stage.actors.each_ref().map(|it| (it.address, 500).into());
    let [local, remote] = ends;
    let before = stage.b().dropped.len();
    stage.deliver(&Transmit {
        local,
        remote,
        bytes,
    });
    let why = stage.b().dropped.get(before).cloned().unwrap_or_default();
    act.tell(
        "coexistence",
        knows && outcome == Outcome::Ike && why.contains("AuthIP"),
        format!(
            "the first message said that there is AuthIP; IKE answered first: {outcome:?}; a message 0xF3: \"{why}\""
        ),
    );
    Ok(())
}

fn failover(act: &mut Act, stage: &mut Stage) -> Result<(), DemoError> {
    let (sa_a, sa_b) = (stage.a().sa()?, stage.b().sa()?);
    let cluster = stage.a().extension::<Failover>()?.is_cluster(sa_a);
    let may_move = stage.b().extension::<Failover>()?.may_move(sa_b);
    let (child, idle) = {
        let child = stage.a().child()?;
        (child.id, child.life.idle)
    };
    stage.run(idle.unwrap_or_default());
    stage.hint(child, Hint::Idle);
    stage.run(SECOND);
    let gone = stage.actors.iter().all(|it| it.children.is_empty());
    let stands = stage.a().core.has(sa_a);
    act.tell(
        "failover",
        cluster && may_move && idle == Some(60 * SECOND) && gone && stands,
        format!(
            "the client said that it is new, the node that it is one; idle for {} s, the quick mode SA went at both ends",
            idle.unwrap_or_default().as_secs()
        ),
    );
    Ok(())
}

/// One TCP connection, through the flow table of a data plane.
struct Traffic {
    flows: FlowTable,
    key: FlowKey,
    rule: Rule,
    begun: bool,
    moved: bool,
}

impl Traffic {
    /// A SYN, which goes in clear while a negotiation begins.
    fn begin(stage: &mut Stage) -> Result<Self, DemoError> {
        let [a, b] = stage.actors.each_ref().map(|it| it.address);
        let syn = Packet {
            source: a,
            destination: b,
            protocol: 6,
            detail: (40_000, 80),
        };
        let key = FlowKey::of(Direction::Outbound, &syn);
        let mut flows = FlowTable::new(Limits::DEFAULT, Letter::default(), [7; 16]);
        let rule = Rule::DISCOVER;
        let now = stage.now.as_duration();
        let verdict = flows.outbound(now, &key, rule, Matching::default());
        let wanted = verdict.negotiate.map(FlowId::new);
        if let Some(flow) = wanted {
            stage
                .a()
                .extension_mut::<Discovery>()?
                .want(POLICY, 0, verdict.guaranteed, flow);
        }
        Ok(Self {
            flows,
            key,
            rule,
            begun: verdict.way == Way::Clear && wanted.is_some(),
            moved: false,
        })
    }

    /// The next packet goes over the SA.
    fn moves(&mut self, stage: &Stage) -> Result<(), DemoError> {
        let [a, _] = &stage.actors;
        let child = a.child()?;
        let flags = a.extension::<Discovery>()?.child(child.id);
        if let Some(flow) = flags.flow {
            self.flows.answered(flow.get());
        }
        let sas = Matching {
            plain: Some(Found {
                boundary: flags.boundary,
                udp: child.udp_encapsulation,
            }),
            guaranteed: None,
        };
        let now = stage.now.as_duration();
        let verdict = self.flows.outbound(now, &self.key, self.rule, sas);
        self.moved = verdict.way == Way::Protect && flags.boundary && flags.flow.is_some();
        Ok(())
    }

    /// Without an SA it does not fall back.
    fn stays(&mut self, act: &mut Act, stage: &Stage) {
        let now = stage.now.as_duration();
        let verdict = self
            .flows
            .outbound(now, &self.key, self.rule, Matching::default());
        let flags = self.flows.flags(now, &self.key).unwrap_or_default();
        let held = verdict.way == Way::Hold && flags.secure;
        let counters = self.flows.counters();
        act.tell(
            "discovery",
            self.begun && self.moved && held,
            format!(
                "a SYN went in clear ({} packet), the next over the SA, whose peer said boundary; without the SA it is held ({})",
                counters.clear, counters.held
            ),
        );
    }
}
