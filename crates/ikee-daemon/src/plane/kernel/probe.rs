//! Whether the kernel can do what this plane needs, and what a daemon that was killed has left in it.

use core::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use netlink_packet_xfrm::constants::{IPPROTO_ESP, XFRM_MODE_TRANSPORT, XFRM_MSG_GETPOLICY};
use netlink_packet_xfrm::policy::{DelGetMessage, ModifyMessage};
use netlink_packet_xfrm::state::{GetDumpMessage, ModifyMessage as StateMessage};
use netlink_packet_xfrm::{
    Address, Alg, Id, LifetimeConfig, UserPolicyId, UserSaInfo, XfrmAttrs, XfrmMessage,
};
use rustix::io::Errno;

use super::netlink::{Keyed, Netlink, Refusal};
use super::reqids;
use super::selectors::family;
use super::states::StateId;
use super::{KernelError, states};

/// The SPI of the SA that is tried out: the last of those that IANA keeps (RFC 4303 §2.1).
const SPI: u32 = 255;

/// Adds an SA that nothing will ever use, and removes it again.
pub(super) fn probe(netlink: &Netlink, listen: &[IpAddr]) -> Result<(), KernelError> {
    let v4 = listen.iter().any(IpAddr::is_ipv4);
    let v6 = listen.iter().any(IpAddr::is_ipv6);
    let hosts = [
        v4.then_some(IpAddr::V4(Ipv4Addr::LOCALHOST)),
        v6.then_some(IpAddr::V6(Ipv6Addr::LOCALHOST)),
    ];
    for host in hosts.into_iter().flatten() {
        try_out(netlink, host).map_err(|error| {
            if error.is(Errno::PERM) {
                return KernelError::Rights;
            }
            let family = if host.is_ipv4() { "IPv4" } else { "IPv6" };
            KernelError::NoEsp { family, error }
        })?;
    }
    Ok(())
}

fn try_out(netlink: &Netlink, host: IpAddr) -> Result<(), Refusal> {
    let id = StateId {
        destination: host,
        spi: SPI,
        protocol: IPPROTO_ESP,
    };
    // one that a killed daemon has left behind
    drop(netlink.tell("an SA", &id.delete()));
    netlink.tell("adding an ESP SA", &null(host))?;
    netlink.tell("removing an ESP SA", &id.delete())
}

/// An SA without secrets and without ciphers, so that only ESP itself can be missing.
fn null(host: IpAddr) -> Keyed {
    let mut name = [0; 64];
    for (to, from) in name.iter_mut().zip(b"ecb(cipher_null)") {
        *to = *from;
    }
    let address = Address::from_ip(&host);
    Keyed(XfrmMessage::AddSa(StateMessage {
        user_sa_info: UserSaInfo {
            id: Id {
                daddr: address,
                spi: SPI,
                proto: IPPROTO_ESP,
            },
            saddr: address,
            family: family(host),
            mode: XFRM_MODE_TRANSPORT,
            reqid: reqids::FIRST,
            lifetime_cfg: LifetimeConfig::default(),
            ..UserSaInfo::default()
        },
        nlas: vec![XfrmAttrs::EncryptionAlg(Alg {
            alg_name: name,
            alg_key_len: 0,
            alg_key: Vec::new(),
        })],
    }))
}

/// Removes every SA and policy with a request ID of ours: what a daemon leaves when it is killed.
pub(super) fn sweep(netlink: &Netlink) -> Result<usize, Refusal> {
    let mut swept = 0;
    let states = XfrmMessage::GetDumpSa(GetDumpMessage::default());
    for state in netlink.dump("the list of SAs", states)? {
        if let XfrmMessage::AddSa(message) = &state.0
            && reqids::is_ours(message.user_sa_info.reqid)
        {
            let info = &message.user_sa_info;
            let id = StateId {
                destination: states::address(&info.id.daddr, info.family),
                spi: info.id.spi,
                protocol: info.id.proto,
            };
            swept += usize::from(netlink.tell("a left-over SA", &id.delete()).is_ok());
        }
    }
    let policies = XfrmMessage::Other((XFRM_MSG_GETPOLICY, Vec::new()));
    for policy in netlink.dump("the list of policies", policies)? {
        if let XfrmMessage::AddPolicy(message) = &policy.0
            && is_ours(message)
        {
            swept += usize::from(
                netlink
                    .tell("a left-over policy", &removal(message))
                    .is_ok(),
            );
        }
    }
    Ok(swept)
}

fn is_ours(policy: &ModifyMessage) -> bool {
    policy.nlas.iter().any(|attribute| match attribute {
        XfrmAttrs::Template(templates) => templates.iter().any(|it| reqids::is_ours(it.reqid)),
        _ => false,
    })
}

fn removal(policy: &ModifyMessage) -> Keyed {
    let kept =
        |attribute: &&XfrmAttrs| matches!(attribute, XfrmAttrs::Mark(_) | XfrmAttrs::IfId(_));
    Keyed(XfrmMessage::DeletePolicy(DelGetMessage {
        user_policy_id: UserPolicyId {
            selector: policy.user_policy_info.selector,
            index: 0,
            direction: policy.user_policy_info.direction,
        },
        nlas: policy.nlas.iter().filter(kept).cloned().collect(),
    }))
}
