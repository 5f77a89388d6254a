//! A peer that does not answer: where on the way the messages may be lost.

use ikee::ext::Role;
use ikee::wire::ExchangeType;
use ikee::wire::v2::NotifyType;

use super::Circumstances;
use crate::control::{Advice, Side};

/// Octets of an IKE message that fit into an IP packet of 1280 octets on the way, whatever the
/// address family: that much every path carries in one piece.
const ONE_PIECE: usize = 1280 - 40 - 8;

/// What helps against silence in this exchange.
pub(super) fn advice(about: &Circumstances<'_>, hint: Option<NotifyType>) -> Vec<Advice> {
    let mut out = Vec::new();
    if let Some(hint) = hint {
        out.push(Advice {
            side: Side::There,
            text: format!(
                "an answer that nobody authenticated said {hint}: look into the peer's log for the reason"
            ),
            command: None,
        });
    }
    match (about.exchange, about.role) {
        (ExchangeType::IKE_SA_INIT, _) => first(about, &mut out),
        (ExchangeType::IKE_AUTH, Role::Initiator) => second(about, &mut out),
        (ExchangeType::IKE_AUTH, Role::Responder) => out.push(Advice {
            side: Side::There,
            text: "the peer began and did not go on: it lost interest, refused our answer, or its IKE_AUTH \
                   (often long, with certificates) is lost on the way as IP fragments: Windows calls that error 809"
                .to_owned(),
            command: Some(FRAGMENTATION.to_owned()),
        }),
        _ => out.push(Advice {
            side: Side::Between,
            text: "the peer answered before and stopped: it is down, or the way to it is".to_owned(),
            command: None,
        }),
    }
    out
}

const FRAGMENTATION: &str = "[extensions.fragmentation-v2]";

/// Nothing came back at all.
fn first(about: &Circumstances<'_>, out: &mut Vec<Advice>) {
    let (address, port) = (about.remote.ip(), about.remote.port());
    out.push(Advice {
        side: Side::There,
        text: format!(
            "nothing came back from UDP {port}: is {address} the right address, and does an IKE daemon listen there?"
        ),
        command: Some(format!("ikee probe {address} --ikev2")),
    });
    out.push(Advice {
        side: Side::Between,
        text: format!(
            "UDP {port} must pass in both directions: look at firewalls on both hosts and between"
        ),
        command: None,
    });
    if port == 500 {
        out.push(Advice {
            side: Side::Here,
            text: "where UDP 500 is blocked but UDP 4500 is not, begin there".to_owned(),
            command: Some("remote_ports.nat_t_first = true".to_owned()),
        });
    }
}

/// IKE_SA_INIT was answered, IKE_AUTH was not.
fn second(about: &Circumstances<'_>, out: &mut Vec<Advice>) {
    let port = about.remote.port();
    if about.longest > ONE_PIECE {
        out.push(Advice {
            side: Side::Here,
            text: format!(
                "IKE_AUTH went out in {} octets, more than one packet carries everywhere, and IP fragments get lost \
                 on many ways (Windows calls that error 809): let IKE cut its messages itself",
                about.longest
            ),
            command: (!about.fragmentation).then(|| FRAGMENTATION.to_owned()),
        });
    }
    if port != 500 {
        out.push(Advice {
            side: Side::Between,
            text: format!(
                "IKE_SA_INIT was answered, IKE_AUTH to UDP {port} was not: UDP {port} is blocked in one direction, \
                 most likely (Windows calls that error 809)"
            ),
            command: None,
        });
    } else {
        out.push(Advice {
            side: Side::There,
            text:
                "IKE_SA_INIT was answered, IKE_AUTH was not, on the same port: the peer drops it; \
                   its log says why"
                    .to_owned(),
            command: None,
        });
    }
    if about.fragmentation {
        out.push(Advice {
            side: Side::There,
            text: "the peer's own answer may be too long for one packet: switch IKEv2 fragmentation on there too \
                   (Windows has it since release 1803)"
                .to_owned(),
            command: None,
        });
    } else if about.longest <= ONE_PIECE {
        out.push(Advice {
            side: Side::Here,
            text: "the peer's answer may be too long for one packet, with certificates it often is: offer \
                   fragmentation"
                .to_owned(),
            command: Some(FRAGMENTATION.to_owned()),
        });
    }
}
