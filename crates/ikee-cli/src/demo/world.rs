//! Both sides, what goes between them, and the play in three acts.

use core::net::SocketAddr;
use core::time::Duration;
use std::io;
use std::path::PathBuf;

use ikee::crypto::Provider;
use ikee::doi::{Identity, SuiteError};
use ikee::endpoint::Transmit;
use ikee::ext::PolicyId;
use ikee::profile::{Seen, recognise};
use ikee::rustcrypto::SystemRandom;
use ikee_daemon::clock::Clock;
use ikee_daemon::dataplane::{Dataplane, Options, Outbound};
use ikee_daemon::provider::{Unsupported, provider, seed};
use ikee_daemon::udp::{Batch, BindError};

use super::cast::Offer;
use super::inner::{ping, sequence};
use super::making::Making;
use super::records::Records;
use super::report::{self, MessageLine, Packets, Report, WindowsLine};
use super::side::{Ends, News, Side, bind};
use super::uses;
use crate::args::DemoArgs;

/// Where the sides are, unless the ports are taken.
const INITIATOR: core::net::Ipv4Addr = core::net::Ipv4Addr::new(127, 0, 0, 1);
const RESPONDER: core::net::Ipv4Addr = core::net::Ipv4Addr::new(127, 0, 0, 2);
const IKE: u16 = 500;
const NAT_T: u16 = 4500;
/// Pings, each with its reply: as many packets again.
const PINGS: u16 = 500;
/// Pings on their way at a time: they fit into any socket's buffer.
const WINDOW: u16 = 16;
/// The whole play takes a fraction of a second.
const PATIENCE: Duration = Duration::from_secs(30);

/// Why the demo has failed.
#[derive(Debug, thiserror::Error)]
pub(crate) enum DemoError {
    #[error("--suite: {0}")]
    Suite(#[from] SuiteError),
    #[error(transparent)]
    Provider(#[from] Unsupported),
    #[error(transparent)]
    Bind(#[from] BindError),
    #[error("the cryptographic provider failed")]
    Crypto,
    #[error("cannot begin: {0}")]
    Initiate(String),
    #[error("cannot write {}: {error}", path.display())]
    File { path: PathBuf, error: io::Error },
    #[error("the negotiation failed; {0}")]
    Failed(String),
    #[error("{0} did not happen in time")]
    Late(&'static str),
    #[error("a packet did not go through: {0}")]
    Packet(String),
    #[error("socket: {0}")]
    Io(#[from] io::Error),
}

struct World {
    sides: [Side; 2],
    clock: Clock,
    /// What IKEv1 offers; `None` for IKEv2.
    offer: Option<Offer>,
    timeline: Vec<MessageLine>,
    news: Vec<News>,
    /// An inner packet with room around it.
    buffer: Vec<u8>,
    records: Records,
}

pub(super) async fn play(arguments: &DemoArgs) -> Result<Report, DemoError> {
    let provider = provider(arguments.provider.into())?;
    let mut world = World::new(arguments, provider)?;
    world.start()?;
    world
        .until("the negotiation", |sides| {
            sides.iter().all(|side| side.child.is_some())
        })
        .await?;
    let handshake = world.clock.now().as_duration();
    let mut report = world.report(provider.name)?;
    report.handshake_ms = milliseconds(handshake);
    report.packets = world.traffic().await?;
    world.hang_up().await?;
    report.deleted = true;
    report.messages = core::mem::take(&mut world.timeline);
    report.extensions.extend(uses::deletes(&report.messages));
    report.total_ms = milliseconds(world.clock.now().as_duration());
    world.records.finish()?;
    Ok(report)
}

impl World {
    fn new(arguments: &DemoArgs, provider: &'static Provider) -> Result<Self, DemoError> {
        let offer = arguments
            .ikev1
            .then(|| Offer::new(arguments.suite.as_deref(), arguments.release));
        let offer = offer.transpose()?;
        let ike = offer.as_ref().map(|_| IKE);
        let (our_socket, ours) = bind(INITIATOR, ike, NAT_T)?;
        let (their_socket, theirs) = bind(RESPONDER, ike, NAT_T)?;
        let making = Making {
            arguments,
            provider,
            psk: seed().map_err(|_| DemoError::Crypto)?,
            ends: [ours, theirs],
        };
        let side = |client: bool, sockets| -> Result<Side, DemoError> {
            let core = match &offer {
                Some(offer) => making.v1(client, offer)?,
                None => making.v2(client)?,
            };
            Ok(Side {
                role: if client { "initiator" } else { "responder" },
                ports: making.of(client).0,
                core,
                sockets,
                batch: Batch::default(),
                plane: Dataplane::new(provider, Box::new(SystemRandom::new()), Options::default()),
                established: None,
                child: None,
                failure: None,
            })
        };
        Ok(Self {
            sides: [side(true, our_socket)?, side(false, their_socket)?],
            records: Records::open(arguments)?,
            clock: Clock::start(),
            offer,
            timeline: Vec::new(),
            news: Vec::new(),
            buffer: Vec::new(),
        })
    }

    fn start(&mut self) -> Result<(), DemoError> {
        let now = self.clock.now();
        let [initiator, _] = &mut self.sides;
        initiator
            .core
            .initiate(now, PolicyId::new(1), INITIATOR.into())?;
        self.settle(0).map(drop)
    }

    /// Steps until it is so.
    async fn until(
        &mut self,
        what: &'static str,
        so: impl Fn(&[Side; 2]) -> bool,
    ) -> Result<(), DemoError> {
        while !so(&self.sides) {
            self.step(what).await?;
        }
        Ok(())
    }

    /// Waits for one thing to happen and does what follows; inner packets come out.
    async fn step(&mut self, what: &'static str) -> Result<Vec<(usize, Vec<u8>)>, DemoError> {
        let deadlines = self
            .sides
            .iter()
            .filter_map(|side| side.core.next_timeout());
        let next = deadlines.map(|at| self.clock.at(at)).min();
        let over = self.clock.at(ikee::ext::Instant::from_duration(PATIENCE));
        let [initiator, responder] = &mut self.sides;
        let happened = tokio::select! {
            received = initiator.sockets.receive(&mut initiator.batch) => received.map(|()| Some(0))?,
            received = responder.sockets.receive(&mut responder.batch) => received.map(|()| Some(1))?,
            () = tokio::time::sleep_until(next.unwrap_or(over).min(over)) => None,
        };
        let now = self.clock.now();
        if now.as_duration() >= PATIENCE {
            return Err(DemoError::Late(what));
        }
        match happened {
            Some(index) => {
                if let Some(side) = self.sides.get_mut(index) {
                    side.receive(now, &mut self.news);
                }
                self.settle(index)
            }
            None => {
                let mut packets = Vec::new();
                for index in 0..self.sides.len() {
                    if let Some(side) = self.sides.get_mut(index) {
                        side.core.time_out(now);
                    }
                    packets.extend(self.settle(index)?);
                }
                Ok(packets)
            }
        }
    }

    /// Sends, records and tells apart what a side has produced.
    fn settle(&mut self, index: usize) -> Result<Vec<(usize, Vec<u8>)>, DemoError> {
        let Some(side) = self.sides.get_mut(index) else {
            return Ok(Vec::new());
        };
        side.perform(&mut self.news);
        if let Some(why) = &side.failure {
            return Err(DemoError::Failed(why.clone()));
        }
        let at = self.clock.now().as_duration();
        let mut packets = Vec::new();
        for item in self.news.drain(..) {
            match item {
                News::Transmit(transmit) => {
                    let Transmit {
                        local,
                        remote,
                        bytes,
                    } = transmit;
                    self.records.datagram(at, local, remote, &bytes)?;
                    side.send(local, remote, &bytes)?;
                }
                News::Keys(keys) => self.records.keys(&keys)?,
                News::Packet(packet) => packets.push((index, packet)),
                News::Sent(message) => self.timeline.push(MessageLine {
                    ms: milliseconds(at),
                    from: side.role,
                    exchange: message.exchange,
                    kind: message.kind,
                    number: message.number,
                    message_id: message.message_id,
                    payloads: message.payloads,
                    octets: message.octets,
                    datagrams: message.datagrams,
                }),
            }
        }
        Ok(packets)
    }

    /// The second act, if there can be one.
    async fn traffic(&mut self) -> Result<Packets, DemoError> {
        let udp = |it: &Side| it.child.as_ref().is_some_and(|child| child.udp);
        if self.sides.iter().all(udp) {
            return self.pings().await;
        }
        let why =
            "without NAT traversal ESP is an IP protocol of its own, for the kernel's data plane";
        Ok(Packets {
            none_because: Some(why.to_owned()),
            ..Packets::default()
        })
    }

    /// Pings through ESP, each octet checked on both ways.
    async fn pings(&mut self) -> Result<Packets, DemoError> {
        let start = self.clock.now();
        let mut packets = Packets::default();
        for number in 1..=WINDOW {
            self.send_inner(0, &ping(number, false), &mut packets)?;
        }
        let mut answered = 0;
        while answered < PINGS {
            for (index, packet) in self.step("a ping").await? {
                let reply = index == 0;
                let number = sequence(&packet).unwrap_or(0);
                if packet != ping(number, reply) {
                    return Err(DemoError::Packet(format!("number {number} was altered")));
                }
                packets.intact += 1;
                if !reply {
                    self.send_inner(1, &ping(number, true), &mut packets)?;
                    continue;
                }
                answered += 1;
                if number + WINDOW <= PINGS {
                    self.send_inner(0, &ping(number + WINDOW, false), &mut packets)?;
                }
            }
        }
        packets.ms = milliseconds(self.clock.now().since(start));
        Ok(packets)
    }

    fn send_inner(
        &mut self,
        index: usize,
        packet: &[u8],
        packets: &mut Packets,
    ) -> Result<(), DemoError> {
        let Some(side) = self.sides.get_mut(index) else {
            return Ok(());
        };
        let sealed = match side.plane.encapsulate_copy(packet, &mut self.buffer) {
            Outbound::Send(sealed) => sealed,
            Outbound::Drop(reason) => return Err(DemoError::Packet(reason.to_string())),
            Outbound::Answer(_) => return Err(DemoError::Packet("it is too big".to_owned())),
        };
        packets.sent += 1;
        packets.octets += packet.len() as u64;
        let bytes = self.buffer.get(sealed.datagram).unwrap_or_default();
        self.records.datagram(
            self.clock.now().as_duration(),
            sealed.local,
            sealed.remote,
            bytes,
        )?;
        Ok(side.sockets.send(sealed.local, sealed.remote, bytes)?)
    }

    /// The last act: the initiator deletes everything.
    async fn hang_up(&mut self) -> Result<(), DemoError> {
        let now = self.clock.now();
        let [initiator, _] = &mut self.sides;
        initiator.core.shutdown(now);
        self.settle(0)?;
        self.until("the deletion", |sides| {
            sides
                .iter()
                .all(|side| side.core.is_idle() && side.child.is_none())
        })
        .await
    }

    /// What the responder takes the initiator for, by its vendor IDs.
    fn recognised(&self) -> Option<WindowsLine> {
        let release = self.offer.as_ref()?.release?;
        let [_, responder] = &self.sides;
        let told = responder.core.peer_vendor_ids(responder.sa()?);
        let told: Vec<&[u8]> = told.iter().map(Vec::as_slice).collect();
        let known = recognise(&Seen::ikev1(&told));
        let reasons = known.iter().flat_map(|it| &it.reasons);
        Some(WindowsLine {
            release: release.word(),
            name: release.name(),
            reasons: reasons.map(ToString::to_string).collect(),
            right: known
                .as_ref()
                .is_some_and(|it| it.releases.contains(&release)),
            recognised: known.map_or_else(|| "nothing of Windows".to_owned(), |it| it.to_string()),
        })
    }

    fn report(&self, provider: &'static str) -> Result<Report, DemoError> {
        let [initiator, responder] = &self.sides;
        let missing = || DemoError::Failed("no SA".to_owned());
        let sa = initiator.established.as_ref().ok_or_else(missing)?;
        let (ours, theirs) = initiator
            .child
            .as_ref()
            .zip(responder.child.as_ref())
            .ok_or_else(missing)?;
        let party = |side: &Side, identity: &Identity| report::Party {
            address: side.ports.nat_t.to_string(),
            began_at: began_at(side.ports).map(|it| it.to_string()),
            identity: identity.to_string(),
        };
        let peer = responder.established.as_ref().ok_or_else(missing)?;
        Ok(Report {
            version: 1,
            ike: if self.offer.is_some() { 1 } else { 2 },
            provider,
            initiator: party(initiator, &peer.remote_id),
            responder: party(responder, &sa.remote_id),
            suite: sa.suite.clone(),
            spis: report::Spis {
                initiator: sa.spis.0.clone(),
                responder: sa.spis.1.clone(),
            },
            windows: self.recognised(),
            child: report::Child {
                suite: ours.suite.clone(),
                spis: report::Spis {
                    initiator: format!("{:08x}", ours.spi_in),
                    responder: format!("{:08x}", theirs.spi_in),
                },
                initiator: ours.local.clone(),
                responder: ours.remote.clone(),
            },
            extensions: uses::of(initiator, responder),
            messages: Vec::new(),
            packets: Packets::default(),
            handshake_ms: 0.0,
            total_ms: 0.0,
            deleted: false,
        })
    }
}

/// Where the first messages come from, if not from where the rest do.
fn began_at(ends: Ends) -> Option<SocketAddr> {
    (ends.ike != ends.nat_t).then_some(ends.ike)
}

fn milliseconds(time: Duration) -> f64 {
    // tenths of a microsecond mean nothing here
    (time.as_secs_f64() * 1e6).round() / 1e3
}
