//! What the notifications of IKEv2 mean, in plain English (RFC 7296 §3.10.1 and the RFCs that add
//! to it). Those of IKEv1 are in [`v1::notify`](crate::v1::notify).

use isakmp_wire::v2::NotifyType;

/// What a notification says, and what usually lies behind it.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub struct Explanation {
    /// What it says: a clause without a full stop.
    pub meaning: &'static str,
    /// The usual cause and what helps, for errors; empty for a status that has nothing to mend.
    pub cause: &'static str,
}

impl Explanation {
    pub(crate) const fn error(meaning: &'static str, cause: &'static str) -> Self {
        Self { meaning, cause }
    }

    pub(crate) const fn status(meaning: &'static str) -> Self {
        Self { meaning, cause: "" }
    }
}

/// Whether the notification reports an error rather than a status: types below 16384
/// (RFC 7296 §3.10.1).
#[must_use]
pub const fn is_error(kind: NotifyType) -> bool {
    kind.get() < 16_384
}

/// What a notification says, for logs; something can be said of every number.
///
/// ```
/// use ipsec_doi::notify;
/// use isakmp_wire::v2::NotifyType;
///
/// assert_eq!(
///     notify::meaning(NotifyType::TS_UNACCEPTABLE),
///     "none of the traffic selectors is acceptable",
/// );
/// assert_eq!(notify::meaning(NotifyType::new(9999)), "an error this version does not know");
/// ```
#[must_use]
pub fn meaning(kind: NotifyType) -> &'static str {
    match explain(kind) {
        Some(it) => it.meaning,
        None if is_error(kind) => "an error this version does not know",
        None => "a status this version does not know",
    }
}

/// What a notification says and the usual cause; `None` for an unknown one.
#[must_use]
pub const fn explain(kind: NotifyType) -> Option<Explanation> {
    if is_error(kind) {
        error(kind)
    } else {
        status(kind)
    }
}

const fn error(kind: NotifyType) -> Option<Explanation> {
    use NotifyType as N;
    let (meaning, cause) = match kind {
        N::UNSUPPORTED_CRITICAL_PAYLOAD => (
            "a payload marked critical is not understood",
            "an extension that one side insists on and the other lacks",
        ),
        N::INVALID_IKE_SPI => (
            "no IKE SA with these SPIs is known",
            "the peer was restarted, or has given the SA up; it goes away by liveness checks",
        ),
        N::INVALID_MAJOR_VERSION => (
            "this version of IKE is not spoken",
            "one side is configured for IKEv1, the other for IKEv2",
        ),
        N::INVALID_SYNTAX => (
            "the message is malformed, or breaks a rule",
            "a fault of one implementation, or keys that differ because the shared secrets do",
        ),
        N::INVALID_MESSAGE_ID => (
            "the message ID is outside the window",
            "messages lost or replayed beyond repair",
        ),
        N::INVALID_SPI => (
            "an ESP or AH packet came for an unknown SPI",
            "the peer was restarted, or the child SA was deleted on one side only",
        ),
        N::NO_PROPOSAL_CHOSEN => (
            "no proposal is acceptable",
            "the two sides have no common cipher suite; compare their proposals, the group for a \
             child too",
        ),
        N::INVALID_KE_PAYLOAD => (
            "another key exchange group is wanted",
            "the first guess at the group was wrong; the exchange is repeated with the one named",
        ),
        N::AUTHENTICATION_FAILED => (
            "authentication failed",
            "a wrong shared secret or certificate, or an identity that the peer does not expect",
        ),
        N::SINGLE_PAIR_REQUIRED => (
            "only a single pair of addresses is acceptable",
            "the peer makes one child SA for each pair of hosts; offer narrower selectors",
        ),
        N::NO_ADDITIONAL_SAS => (
            "no more child SAs are accepted on this IKE SA",
            "the peer supports one child SA only, or its limit is reached",
        ),
        N::INTERNAL_ADDRESS_FAILURE => (
            "no internal address can be assigned",
            "the address pool is empty, or has none of the family that was asked for",
        ),
        other => return later_error(other),
    };
    Some(Explanation::error(meaning, cause))
}

/// Errors about what a child SA is for, and those that came after RFC 4306.
const fn later_error(kind: NotifyType) -> Option<Explanation> {
    use NotifyType as N;
    let (meaning, cause) = match kind {
        N::FAILED_CP_REQUIRED => (
            "a configuration request was expected",
            "the server gives out addresses, and the client did not ask for one",
        ),
        N::TS_UNACCEPTABLE => (
            "none of the traffic selectors is acceptable",
            "the subnets of the two sides do not overlap; compare local and remote of each",
        ),
        N::INVALID_SELECTORS => (
            "a packet did not match the selectors of its SA",
            "the peer sends traffic into an SA that was not negotiated for it",
        ),
        N::UNACCEPTABLE_ADDRESSES => (
            "the new addresses are not acceptable",
            "MOBIKE moved to an address that policy forbids",
        ),
        N::UNEXPECTED_NAT_DETECTED => (
            "a NAT is on the path although none was to be",
            "a NAT in front of one side, with MOBIKE told to forbid it",
        ),
        N::USE_ASSIGNED_HOA => (
            "the assigned home address must be used",
            "a Mobile IPv6 node asked for another address than its own",
        ),
        N::TEMPORARY_FAILURE => (
            "the request cannot be served at the moment",
            "both sides rekey at once; it is tried again later",
        ),
        N::CHILD_SA_NOT_FOUND => (
            "the child SA to rekey does not exist",
            "it was deleted on one side already; it is created anew",
        ),
        N::INVALID_GROUP_ID => ("the group is not known", "group and key server disagree"),
        N::AUTHORIZATION_FAILED => (
            "the peer is known, but not allowed this",
            "the policy of the peer or of its key server",
        ),
        N::STATE_NOT_FOUND => (
            "the state that was referred to does not exist",
            "an IKE_INTERMEDIATE or follow-up exchange came too late",
        ),
        N::TS_MAX_QUEUE => (
            "no more child SAs are accepted for these selectors",
            "the peer's number of per-resource child SAs is reached",
        ),
        N::REGISTRATION_FAILED => (
            "the group registration failed",
            "the policy of the key server",
        ),
        N::MS_STATUS => (
            "Windows reports a status code",
            "the number in it, one of Windows' errors, says why",
        ),
        _ => return None,
    };
    Some(Explanation::error(meaning, cause))
}

const fn status(kind: NotifyType) -> Option<Explanation> {
    use NotifyType as N;
    Some(Explanation::status(match kind {
        N::INITIAL_CONTACT => "the peer has no other IKE SA with us; older ones are gone",
        N::SET_WINDOW_SIZE => "how many requests may be outstanding",
        N::ADDITIONAL_TS_POSSIBLE => "narrower selectors were chosen; others would be possible",
        N::IPCOMP_SUPPORTED => "IP compression is offered",
        N::NAT_DETECTION_SOURCE_IP => "a hash of the sender's address, to find a NAT",
        N::NAT_DETECTION_DESTINATION_IP => "a hash of the receiver's address, to find a NAT",
        N::COOKIE => "a cookie that must come back, so that the address is known to be real",
        N::USE_TRANSPORT_MODE => "transport mode is wanted",
        N::HTTP_CERT_LOOKUP_SUPPORTED => "certificates may be given as a URL",
        N::REKEY_SA => "the SA that this exchange replaces",
        N::ESP_TFC_PADDING_NOT_SUPPORTED => "padding for traffic confidentiality is not accepted",
        N::NON_FIRST_FRAGMENTS_ALSO => "fragments without ports may use the SA, too",
        N::MOBIKE_SUPPORTED => "the peer may change its addresses (MOBIKE)",
        N::ADDITIONAL_IP4_ADDRESS => "another IPv4 address of the peer",
        N::ADDITIONAL_IP6_ADDRESS => "another IPv6 address of the peer",
        N::NO_ADDITIONAL_ADDRESSES => "the peer has no other address",
        N::UPDATE_SA_ADDRESSES => "the peer's address has changed",
        N::COOKIE2 => "a check that the peer can be reached at an address",
        N::NO_NATS_ALLOWED => "the addresses must not have been changed on the way",
        N::AUTH_LIFETIME => "after how many seconds the peer must authenticate again",
        N::MULTIPLE_AUTH_SUPPORTED => "several authentications are possible",
        N::ANOTHER_AUTH_FOLLOWS => "another authentication follows this one",
        N::REDIRECT_SUPPORTED => "the client can be sent to another gateway",
        N::REDIRECT => "the client is to use another gateway",
        N::REDIRECTED_FROM => "the gateway that the client comes from",
        other => return later_status(other),
    }))
}

/// Statuses that came later.
const fn later_status(kind: NotifyType) -> Option<Explanation> {
    use NotifyType as N;
    Some(Explanation::status(match kind {
        N::TICKET_LT_OPAQUE => "a ticket for resumption, and how long it lives",
        N::TICKET_REQUEST => "a ticket for resumption is wanted",
        N::TICKET_ACK => "a ticket will be given",
        N::TICKET_NACK => "no ticket will be given, or it is not accepted",
        N::TICKET_OPAQUE => "a ticket to resume a session with",
        N::EAP_ONLY_AUTHENTICATION => "EAP alone may authenticate both sides",
        N::CHILDLESS_IKEV2_SUPPORTED => "an IKE SA may be set up without a child SA",
        N::QUICK_CRASH_DETECTION => "a token that proves later that the peer lost its state",
        N::IKEV2_FRAGMENTATION_SUPPORTED => "large messages may be sent in fragments",
        N::SIGNATURE_HASH_ALGORITHMS => "the hash functions that signatures may use",
        N::CLONE_IKE_SA_SUPPORTED => "the IKE SA can be cloned",
        N::CLONE_IKE_SA => "the IKE SA is to be cloned",
        N::PUZZLE => "a puzzle that must be solved, against denial of service",
        N::USE_PPK => "a post-quantum shared key is offered",
        N::PPK_IDENTITY => "which post-quantum shared key is used",
        N::NO_PPK_AUTH => "the authentication that counts if the shared key is unknown",
        N::INTERMEDIATE_EXCHANGE_SUPPORTED => "IKE_INTERMEDIATE exchanges are possible",
        N::IP4_ALLOWED => "IPv4 addresses are given out",
        N::IP6_ALLOWED => "IPv6 addresses are given out",
        N::ADDITIONAL_KEY_EXCHANGE => "ties follow-up key exchanges together",
        N::USE_AGGFRAG => "aggregation and fragmentation of packets is offered",
        N::SUPPORTED_AUTH_METHODS => "the authentication methods that are supported",
        N::SA_RESOURCE_INFO => "what the per-resource child SA is for",
        N::USE_PPK_INT => "a post-quantum shared key is offered in IKE_INTERMEDIATE",
        N::PPK_IDENTITY_KEY => "a post-quantum shared key's name, and a proof of it",
        _ => return None,
    }))
}
