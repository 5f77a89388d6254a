//! The kernel's SAs: one for each direction of a child.

use core::net::{IpAddr, SocketAddr};

use ikee::doi::encapsulation::Mode;
use ipsec_esp::WINDOW_DEFAULT;
use netlink_packet_xfrm::constants::{
    AF_INET, IPPROTO_AH, IPPROTO_ESP, UDP_ENCAP_ESPINUDP, XFRM_INF, XFRM_MODE_TRANSPORT,
    XFRM_MODE_TUNNEL, XFRM_STATE_AF_UNSPEC, XFRM_STATE_ESN,
};
use netlink_packet_xfrm::state::{DelGetMessage, ModifyMessage};
use netlink_packet_xfrm::{
    Address, EncapTmpl, Id, LifetimeConfig, ReplayEsn, UserSaId, UserSaInfo, XfrmAttrs, XfrmMessage,
};

use crate::child::{ChildKeys, ChildSa, Suite, TrafficLimits};

use super::algorithm;
use super::netlink::Keyed;
use super::selectors::family;

/// Packets that an inbound SA's replay window spans; the kernel takes up to 4096.
const WINDOW: u32 = {
    assert!(WINDOW_DEFAULT <= 4096, "the kernel's limit");
    #[expect(clippy::cast_possible_truncation, reason = "checked above")]
    {
        WINDOW_DEFAULT as u32
    }
};
/// Sequence numbers left out when an SA moves, for the packets that pass meanwhile.
const LEAP: u32 = 1 << 12;

/// One direction of an SA, as the kernel knows it.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub(super) struct StateId {
    pub(super) destination: IpAddr,
    pub(super) spi: u32,
    /// IPPROTO_ESP or IPPROTO_AH.
    pub(super) protocol: u8,
}

impl StateId {
    fn message(self) -> DelGetMessage {
        DelGetMessage {
            user_sa_id: UserSaId {
                daddr: Address::from_ip(&self.destination),
                spi: self.spi,
                family: family(self.destination),
                proto: self.protocol,
            },
            nlas: Vec::new(),
        }
    }

    pub(super) fn get(self) -> XfrmMessage {
        XfrmMessage::GetSa(self.message())
    }

    pub(super) fn delete(self) -> Keyed {
        Keyed(XfrmMessage::DeleteSa(self.message()))
    }
}

/// What both directions of a child have in common.
#[derive(Clone, Copy, Debug)]
pub(super) struct Common {
    pub(super) suite: Suite,
    pub(super) mode: Mode,
    pub(super) udp: bool,
    pub(super) limits: TrafficLimits,
    pub(super) reqid: u32,
    pub(super) if_id: Option<u32>,
}

impl Common {
    pub(super) const fn of(child: &ChildSa, reqid: u32, if_id: Option<u32>) -> Self {
        Self {
            suite: child.suite,
            mode: child.mode,
            udp: child.udp_encapsulation,
            limits: child.life.limits,
            reqid,
            if_id,
        }
    }

    /// The SA from the peer to us; `None` for a suite that no kernel has.
    pub(super) fn inbound(
        &self,
        keys: &ChildKeys,
        local: SocketAddr,
        remote: SocketAddr,
    ) -> Option<Keyed> {
        let window = replay_state(WINDOW);
        self.state(keys, remote, local, Some(window))
    }

    /// The SA from us to the peer.
    pub(super) fn outbound(
        &self,
        keys: &ChildKeys,
        local: SocketAddr,
        remote: SocketAddr,
    ) -> Option<Keyed> {
        // nothing comes in here, but extended sequence numbers exist in this form only
        let window = self.has_esn().then(|| replay_state(32));
        self.state(keys, local, remote, window)
    }

    /// Whether sequence numbers have 64 bits.
    const fn has_esn(&self) -> bool {
        matches!(self.suite, Suite::Esp(suite) if suite.esn)
    }

    fn state(
        &self,
        keys: &ChildKeys,
        from: SocketAddr,
        to: SocketAddr,
        window: Option<ReplayEsn>,
    ) -> Option<Keyed> {
        let mut nlas = algorithm::attributes(self.suite, keys)?;
        nlas.extend(window.map(XfrmAttrs::ReplayStateEsn));
        nlas.extend(self.udp.then(|| encapsulation(from, to)));
        nlas.extend(self.if_id.map(XfrmAttrs::IfId));
        let esn = if self.has_esn() { XFRM_STATE_ESN } else { 0 };
        let inner = match self.mode {
            // packets of both families may be inside
            Mode::Tunnel => XFRM_STATE_AF_UNSPEC,
            Mode::Transport => 0,
        };
        let user_sa_info = UserSaInfo {
            id: Id {
                daddr: Address::from_ip(&to.ip()),
                spi: keys.spi,
                proto: protocol(self.suite),
            },
            saddr: Address::from_ip(&from.ip()),
            family: family(to.ip()),
            mode: mode(self.mode),
            reqid: self.reqid,
            lifetime_cfg: limits(self.limits),
            flags: esn | inner,
            ..UserSaInfo::default()
        };
        Some(Keyed(XfrmMessage::AddSa(ModifyMessage {
            user_sa_info,
            nlas,
        })))
    }
}

/// An installed SA with other outer addresses and ports; its keys, counters and sequence numbers stay.
pub(super) fn moved(mut state: Keyed, from: SocketAddr, to: SocketAddr) -> Option<Keyed> {
    let XfrmMessage::AddSa(message) = &mut state.0 else {
        return None;
    };
    let info = &mut message.user_sa_info;
    info.saddr = Address::from_ip(&from.ip());
    info.id.daddr = Address::from_ip(&to.ip());
    info.family = family(to.ip());
    info.stats = netlink_packet_xfrm::Stats::default();
    let lived = info.lifetime_cur;
    message.nlas.retain(|attribute| {
        !matches!(
            attribute,
            XfrmAttrs::LastUsed(_) | XfrmAttrs::LifetimeBytes(_)
        )
    });
    for attribute in &mut message.nlas {
        match attribute {
            XfrmAttrs::EncapsulationTemplate(_) => *attribute = encapsulation(from, to),
            XfrmAttrs::ReplayState(replay) if replay.oseq > 0 => {
                replay.oseq = replay.oseq.saturating_add(LEAP);
            }
            XfrmAttrs::ReplayStateEsn(replay) if replay.oseq > 0 || replay.oseq_hi > 0 => {
                let (low, carry) = replay.oseq.overflowing_add(LEAP);
                replay.oseq = low;
                replay.oseq_hi = replay.oseq_hi.saturating_add(carry.into());
            }
            _ => {}
        }
    }
    message.nlas.push(XfrmAttrs::LifetimeBytes(lived));
    Some(state)
}

/// The number of a suite's protocol in an IP header.
pub(super) const fn protocol(suite: Suite) -> u8 {
    match suite {
        Suite::Ah(_) => IPPROTO_AH,
        Suite::Esp(_) => IPPROTO_ESP,
    }
}

pub(super) const fn mode(mode: Mode) -> u8 {
    match mode {
        Mode::Tunnel => XFRM_MODE_TUNNEL,
        Mode::Transport => XFRM_MODE_TRANSPORT,
    }
}

fn encapsulation(from: SocketAddr, to: SocketAddr) -> XfrmAttrs {
    XfrmAttrs::EncapsulationTemplate(EncapTmpl {
        encap_type: UDP_ENCAP_ESPINUDP,
        encap_sport: from.port(),
        encap_dport: to.port(),
        // the kernel does not check sums over addresses that a NAT has changed, so it need not know them
        encap_oa: Address::default(),
    })
}

fn replay_state(window: u32) -> ReplayEsn {
    let words = window.div_ceil(32);
    ReplayEsn {
        bmp_len: words,
        replay_window: window,
        bmp: vec![0; usize::try_from(words).unwrap_or(0)],
        ..ReplayEsn::default()
    }
}

/// Octets and packets only: time is kept by the endpoint.
fn limits(limits: TrafficLimits) -> LifetimeConfig {
    LifetimeConfig {
        soft_byte_limit: limits.soft_bytes.unwrap_or(XFRM_INF),
        hard_byte_limit: limits.hard_bytes.unwrap_or(XFRM_INF),
        soft_packet_limit: limits.soft_packets.unwrap_or(XFRM_INF),
        hard_packet_limit: limits.hard_packets.unwrap_or(XFRM_INF),
        ..LifetimeConfig::default()
    }
}

/// An address of the kernel's, which does not say of which family it is.
pub(super) fn address(address: &Address, family: u16) -> IpAddr {
    if family == AF_INET {
        IpAddr::V4(address.to_ipv4())
    } else {
        IpAddr::V6(address.to_ipv6())
    }
}
