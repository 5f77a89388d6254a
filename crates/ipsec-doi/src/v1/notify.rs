//! What the notifications of IKEv1 mean (RFC 2408 §3.14.1, RFC 2407 §4.6.3, [MS-IKEE] §2.2.6).

use isakmp_wire::v1::NotifyType;

use crate::notify::Explanation;

/// What a notification says, for logs; something can be said of every number.
///
/// ```
/// use ipsec_doi::v1::notify;
/// use isakmp_wire::v1::NotifyType;
///
/// assert_eq!(notify::meaning(NotifyType::NO_PROPOSAL_CHOSEN), "no proposal is acceptable");
/// ```
#[must_use]
pub fn meaning(kind: NotifyType) -> &'static str {
    match explain(kind) {
        Some(it) => it.meaning,
        None if kind.is_error() => "an error this version does not know",
        None => "a status this version does not know",
    }
}

/// What a notification says and the usual cause; `None` for an unknown one.
#[must_use]
pub const fn explain(kind: NotifyType) -> Option<Explanation> {
    use NotifyType as N;
    let (meaning, cause) = match kind {
        N::INVALID_PAYLOAD_TYPE => (
            "a payload is not understood",
            "an extension that the peer lacks, or keys that differ",
        ),
        N::DOI_NOT_SUPPORTED => ("the DOI is not supported", "a peer that is not for IPsec"),
        N::SITUATION_NOT_SUPPORTED => (
            "the situation is not supported",
            "one side wants secrecy or integrity labels",
        ),
        N::INVALID_COOKIE => (
            "no SA with these cookies is known",
            "the peer was restarted, or has given the SA up",
        ),
        N::INVALID_MAJOR_VERSION | N::INVALID_MINOR_VERSION => (
            "this version of IKE is not spoken",
            "one side is configured for IKEv1, the other for IKEv2",
        ),
        N::INVALID_EXCHANGE_TYPE | N::UNSUPPORTED_EXCHANGE_TYPE => (
            "the exchange is not supported",
            "one side wants aggressive mode, the other main mode",
        ),
        N::NO_PROPOSAL_CHOSEN | N::ATTRIBUTES_NOT_SUPPORTED | N::BAD_PROPOSAL_SYNTAX => (
            "no proposal is acceptable",
            "the two sides have no common suite, mode or lifetime; compare their proposals",
        ),
        N::PAYLOAD_MALFORMED | N::UNEQUAL_PAYLOAD_LENGTHS => (
            "the message is malformed",
            "shared secrets that differ: the peer decrypted to garbage",
        ),
        N::INVALID_KEY_INFORMATION => (
            "the key exchange value is not acceptable",
            "the groups of the two sides differ",
        ),
        N::INVALID_ID_INFORMATION => (
            "the identity or the subnets are not acceptable",
            "in quick mode the subnets of the two sides differ; in phase 1 the identities do",
        ),
        N::INVALID_CERT_ENCODING | N::INVALID_CERTIFICATE | N::CERT_TYPE_UNSUPPORTED => (
            "the certificate is not acceptable",
            "expired, for another name or purpose, or in a form that the peer does not read",
        ),
        N::INVALID_CERT_AUTHORITY | N::CERTIFICATE_UNAVAILABLE => (
            "there is no certificate of a trusted authority",
            "the two sides trust different authorities",
        ),
        N::INVALID_HASH_INFORMATION | N::AUTHENTICATION_FAILED | N::INVALID_SIGNATURE => (
            "authentication failed",
            "a wrong shared secret or certificate",
        ),
        other => return rest(other),
    };
    Some(Explanation::error(meaning, cause))
}

const fn rest(kind: NotifyType) -> Option<Explanation> {
    use NotifyType as N;
    let meaning = match kind {
        N::INVALID_FLAGS => "the flags of a message are not right",
        N::INVALID_MESSAGE_ID => "the message ID is not right",
        N::INVALID_PROTOCOL_ID => "the protocol is not supported",
        N::INVALID_SPI => "the SPI is not known",
        N::INVALID_TRANSFORM_ID => "the transform is not supported",
        N::ADDRESS_NOTIFICATION => "an address is told",
        N::NOTIFY_SA_LIFETIME => "a lifetime is told",
        N::CONNECTED => "the SA can be used now",
        N::RESPONDER_LIFETIME => "the responder's lifetime is shorter",
        N::REPLAY_STATUS => "whether the responder detects replays",
        N::INITIAL_CONTACT => "the peer has no other SA with us; older ones are gone",
        N::R_U_THERE => "the peer asks whether we are alive",
        N::R_U_THERE_ACK => "the peer is alive",
        N::UNITY_LOAD_BALANCE => "the client is to use another gateway",
        N::NOTIFY_STATUS => "Windows reports a status code",
        N::NOTIFY_DOS_COOKIE => {
            "a cookie that must come back, so that the address is known to be real"
        }
        N::EXCHANGE_INFO => "flags of negotiation discovery",
        _ => return None,
    };
    Some(Explanation::status(meaning))
}
