//! One installed child: a pair of SAs and what they are for.

use std::net::SocketAddr;
use std::ops::Range;

use ike_crypto::{Provider, Random};
use ike_ext::{ChildId, Hint};
use ipsec_doi::encapsulation::Mode;
use ipsec_doi::{EspSuite, TrafficSelector};
use ipsec_esp::{Age, InboundSa, Lifetime, OutboundSa, Parameters, SetupError, ip, transport, udp};

use crate::child::{ChildKeys, ChildSa};

use super::counters::{Counters, DropReason};
use super::flow::Flow;
use super::hints::Segments;

/// What a child is made of: [`ChildSa`] without what a data plane does not care for.
#[derive(Clone, Copy, Debug)]
#[expect(clippy::exhaustive_structs, reason = "callers build it by hand")]
pub struct ChildSpec<'a> {
    /// Its handle.
    pub id: ChildId,
    /// From the peer to us.
    pub inbound: Parameters<'a>,
    /// From us to the peer.
    pub outbound: Parameters<'a>,
    /// What lies behind us.
    pub local_selectors: &'a [TrafficSelector],
    /// What lies behind the peer.
    pub remote_selectors: &'a [TrafficSelector],
    /// Our outer address and port.
    pub local: SocketAddr,
    /// The peer's outer address and port.
    pub remote: SocketAddr,
    /// Whether ESP travels in UDP.
    pub udp_encapsulation: bool,
}

impl<'a> ChildSpec<'a> {
    /// A child with these ESP ciphers, which are its own.
    pub(super) fn of(child: &'a ChildSa, suite: EspSuite) -> Self {
        let direction = |keys: &'a ChildKeys| Parameters {
            suite,
            spi: keys.spi,
            mode: child.mode,
            encryption: keys.encryption.as_slice(),
            integrity: keys.integrity.as_slice(),
        };
        Self {
            id: child.id,
            inbound: direction(&child.inbound),
            outbound: direction(&child.outbound),
            local_selectors: &child.selectors.0,
            remote_selectors: &child.selectors.1,
            local: child.local,
            remote: child.remote,
            udp_encapsulation: child.udp_encapsulation,
        }
    }
}

/// An installed child.
#[derive(Debug)]
pub(super) struct Child {
    pub(super) id: ChildId,
    inbound: InboundSa,
    outbound: OutboundSa,
    pub(super) local_selectors: Box<[TrafficSelector]>,
    pub(super) remote_selectors: Box<[TrafficSelector]>,
    pub(super) local: SocketAddr,
    pub(super) remote: SocketAddr,
    pub(super) suite: EspSuite,
    pub(super) mode: Mode,
    pub(super) udp: bool,
    /// Whether packets leave through it; one that was rekeyed only receives.
    pub(super) sends: bool,
    /// The child whose packets it takes over when it sends.
    pub(super) replaces: Option<ChildId>,
    pub(super) counters: Counters,
    /// The age that was told last.
    told: Age,
    /// Its TCP connections, where somebody wants to know.
    pub(super) segments: Option<Segments>,
}

impl Child {
    pub(super) fn new(
        provider: &Provider,
        random: &mut dyn Random,
        window: usize,
        lifetime: Lifetime,
        spec: &ChildSpec<'_>,
    ) -> Result<Self, SetupError> {
        let outbound = OutboundSa::new(provider, &spec.outbound, random)?;
        let inbound = InboundSa::new(provider, &spec.inbound)?;
        Ok(Self {
            id: spec.id,
            inbound: inbound.with_window(window)?.with_lifetime(lifetime),
            outbound: outbound.with_lifetime(lifetime),
            local_selectors: spec.local_selectors.into(),
            remote_selectors: spec.remote_selectors.into(),
            local: spec.local,
            remote: spec.remote,
            suite: spec.outbound.suite,
            mode: spec.outbound.mode,
            udp: spec.udp_encapsulation,
            sends: true,
            replaces: None,
            counters: Counters::default(),
            told: Age::Fresh,
            segments: None,
        })
    }

    pub(super) const fn spi(&self) -> u32 {
        self.inbound.spi()
    }

    /// The older of the two directions. Sequence numbers running out are a reason for a successor, too.
    pub(super) fn age(&self) -> Age {
        let sequence = if self.outbound.remaining() < SEQUENCE_RESERVE {
            Age::Old
        } else {
            Age::Fresh
        };
        self.inbound.age().max(self.outbound.age()).max(sequence)
    }

    /// The age, if it is another than when it was last asked.
    pub(super) fn aged(&mut self) -> Option<Age> {
        let age = self.age();
        (core::mem::replace(&mut self.told, age) != age).then_some(age)
    }

    /// Whether the packet may leave through this child.
    pub(super) fn wants(&self, flow: &Flow) -> bool {
        self.sends && flow.goes_to(&self.remote_selectors) && flow.comes_from(&self.local_selectors)
    }

    /// The longest inner packet that fits a path of this many octets.
    pub(super) fn inner_mtu(&self, path: usize) -> usize {
        let header = if self.remote.is_ipv4() {
            ip::V4_LEN
        } else {
            ip::V6_LEN
        };
        let outer = header + if self.udp { udp::HEADER_LEN } else { 0 };
        let kept = match self.mode {
            Mode::Tunnel => 0,
            Mode::Transport => header,
        };
        self.outbound.payload_within(path.saturating_sub(outer)) + kept
    }

    /// What an inner packet that is about to leave tells about the peer, if nothing is on its way to be heard.
    pub(super) fn notice(&mut self, header: &ip::Header, packet: &[u8]) -> Option<(ChildId, Hint)> {
        let segments = self.segments.as_mut()?;
        let hint = segments.outbound(header, packet)?;
        segments.tell().then_some((self.id, hint))
    }

    pub(super) fn seal(
        &mut self,
        buffer: &mut [u8],
        packet: Range<usize>,
    ) -> Result<Range<usize>, DropReason> {
        let octets = packet.len();
        let inner = buffer.get(packet.clone()).ok_or(DropReason::Room)?;
        let (payload, protocol) = match self.mode {
            Mode::Tunnel if inner.first().is_some_and(|first| first >> 4 == 6) => (packet, ip::V6),
            Mode::Tunnel => (packet, ip::V4),
            Mode::Transport => {
                let split = transport::split(inner).map_err(|defect| match defect {
                    ip::Defect::Fragment => DropReason::Fragment,
                    _ => DropReason::Malformed,
                })?;
                let start = packet.start + split.payload.start;
                (start..packet.start + split.payload.end, split.protocol)
            }
        };
        let sealed = self.outbound.seal(buffer, payload, protocol)?;
        self.counters.packets_out += 1;
        self.counters.octets_out += octets as u64;
        Ok(sealed)
    }

    /// Opens the ESP packet that `esp` delimits, and makes sure that the inner packet is one that this child
    /// may deliver.
    pub(super) fn open(
        &mut self,
        buffer: &mut [u8],
        esp: Range<usize>,
        from: SocketAddr,
        to: SocketAddr,
    ) -> Result<Range<usize>, DropReason> {
        let packet = buffer.get_mut(esp.clone()).ok_or(DropReason::Room)?;
        let opened = self.inbound.open(packet)?;
        let payload = esp.start + opened.payload.start..esp.start + opened.payload.end;
        let inner = match self.mode {
            Mode::Tunnel => payload,
            Mode::Transport => self.restore(buffer, payload, opened.next_header, from, to)?,
        };
        let packet = buffer.get(inner.clone()).ok_or(DropReason::Room)?;
        let header = ip::Header::parse(packet).map_err(|_| DropReason::Malformed)?;
        let version = if header.source.is_ipv4() {
            ip::V4
        } else {
            ip::V6
        };
        if self.mode == Mode::Tunnel && opened.next_header != version {
            return Err(DropReason::Malformed);
        }
        let flow = Flow::of(&header, packet);
        if !flow.comes_from(&self.remote_selectors) || !flow.goes_to(&self.local_selectors) {
            return Err(DropReason::Selectors);
        }
        if let Some(segments) = &mut self.segments {
            segments.inbound(&header, packet);
        }
        self.counters.packets_in += 1;
        self.counters.octets_in += header.total as u64;
        // what lies behind the packet's own length is padding against traffic analysis (RFC 4303 §2.7)
        Ok(inner.start..inner.start + header.total)
    }

    /// Puts a header of the outer addresses in front of a transport mode payload: a UDP socket does not show
    /// the one that was there. A NAT may have changed the addresses since the sender summed them (RFC 3948 §3.1.2).
    fn restore(
        &self,
        buffer: &mut [u8],
        payload: Range<usize>,
        protocol: u8,
        from: SocketAddr,
        to: SocketAddr,
    ) -> Result<Range<usize>, DropReason> {
        let (source, destination) = (from.ip(), to.ip());
        let length = if source.is_ipv4() {
            ip::V4_LEN
        } else {
            ip::V6_LEN
        };
        let start = payload.start.checked_sub(length).ok_or(DropReason::Room)?;
        let packet = buffer.get_mut(start..payload.end).ok_or(DropReason::Room)?;
        ip::write_header(packet, source, destination, protocol, payload.len())
            .map_err(|_| DropReason::Malformed)?;
        if self.udp
            && let Some(at) = checksum_at(protocol)
            && let Some(body) = packet.get_mut(length..)
            && let Some(field) = body.get(at..at + 2)
            && (protocol != ip::UDP || field != [0, 0])
        {
            body[at..at + 2].fill(0);
            let sum = ip::pseudo_checksum(source, destination, protocol, body);
            let sum = if sum == 0 && protocol == ip::UDP {
                u16::MAX
            } else {
                sum
            };
            body[at..at + 2].copy_from_slice(&sum.to_be_bytes());
        }
        Ok(start..payload.end)
    }
}

/// Packets before the last sequence number at which a successor is due: two seconds at 10 Gbit/s.
const SEQUENCE_RESERVE: u64 = 1 << 21;

/// Where the checksum that covers the addresses lies.
const fn checksum_at(protocol: u8) -> Option<usize> {
    match protocol {
        6 => Some(16),
        ip::UDP => Some(6),
        58 => Some(2),
        _ => None,
    }
}
