//! Which extensions were in use, by what came of them.

use ikee::doi::encapsulation::NatRevision;
use ikee::fragmentation_v2::FragmentationV2;
use ikee::server_address::ServerAddress;
use ikee::wire::vendor_id;

use super::report::{ExtensionUse, MessageLine};
use super::side::Side;

/// What the vendor IDs of IKEv1 say that both sides have.
const ANNOUNCED: [([u8; 16], &str, &str); 3] = [
    (
        vendor_id::FRAGMENTATION,
        "fragmentation",
        "both sides can; a large message that is not answered goes in pieces",
    ),
    (
        vendor_id::NEGOTIATION_DISCOVERY,
        "discovery",
        "both sides know it; no rule wants it",
    ),
    (
        vendor_id::VID_INITIAL_CONTACT,
        "failover",
        "the initiator said that it is new",
    ),
];

/// While the SA stands.
pub(super) fn of(initiator: &Side, responder: &Side) -> Vec<ExtensionUse> {
    let mut all = Vec::new();
    let mut add = |name, detail: String| all.push(ExtensionUse { name, detail });
    let fragments = initiator.with::<FragmentationV2>();
    if fragments.is_some_and(|(extension, sa)| extension.is_negotiated(sa)) {
        let detail = "both sides can; IKE messages in larger packets than 576 octets go in pieces";
        add("fragmentation-v2", detail.to_owned());
    }
    let server = initiator.with::<ServerAddress>();
    let server = server.and_then(|(extension, sa)| extension.addresses(sa));
    if let Some(server) = server.and_then(|it| it.v4) {
        let detail = format!("the responder told its address inside the tunnel, {server}");
        add("server-address", detail);
    }
    if let Some(revision) = initiator.nat_t() {
        let name = match revision {
            NatRevision::Rfc3947 => "RFC 3947",
            NatRevision::Draft => "draft-ietf-ipsec-nat-t-ike-02",
        };
        let udp = initiator.child.as_ref().is_some_and(|it| it.udp);
        let detail = format!(
            "{name}; {}",
            if udp {
                "forced, so ESP travels in UDP"
            } else {
                "no translator"
            }
        );
        add("nat-t", detail);
    }
    let told = |side: &Side| {
        side.sa()
            .map_or_else(Vec::new, |sa| side.core.peer_vendor_ids(sa))
    };
    for (id, name, detail) in ANNOUNCED {
        let responder_heard = told(responder).iter().any(|it| it.starts_with(&id));
        let initiator_heard = told(initiator).iter().any(|it| it.starts_with(&id));
        // the initiator alone is ever new
        if responder_heard && (initiator_heard || name == "failover") {
            add(name, detail.to_owned());
        }
    }
    all
}

/// After it was deleted: the initiator's deletes that the responder has acknowledged under their message IDs.
pub(super) fn deletes(messages: &[MessageLine]) -> Option<ExtensionUse> {
    let of = |side: &'static str| {
        let all = messages.iter();
        all.filter(move |it| it.from == side && it.exchange == INFORMATIONAL && it.number.is_some())
    };
    let sent = of("initiator").count();
    let acknowledged = of("responder")
        .filter(|answer| of("initiator").any(|it| it.message_id == answer.message_id))
        .count();
    (acknowledged > 0).then(|| ExtensionUse {
        name: "reliable-delete",
        detail: format!("{acknowledged} of {sent} deletes were acknowledged"),
    })
}

/// The exchange's name in IKEv1.
const INFORMATIONAL: &str = "INFORMATIONAL";
