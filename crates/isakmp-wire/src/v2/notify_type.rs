//! What an IKEv2 notification says (RFC 7296 §3.10.1).

crate::registry! {
    /// What a notification says (RFC 7296 §3.10.1): below 16384 an error, from there on a status.
    pub struct NotifyType(u16);
    {
        /// A critical payload was not understood (RFC 7296 §2.5).
        UNSUPPORTED_CRITICAL_PAYLOAD = 1, "UNSUPPORTED_CRITICAL_PAYLOAD";
        /// The IKE SPIs are not known (RFC 7296 §2.21).
        INVALID_IKE_SPI = 4, "INVALID_IKE_SPI";
        /// The major version is not spoken (RFC 7296 §2.5).
        INVALID_MAJOR_VERSION = 5, "INVALID_MAJOR_VERSION";
        /// The message is malformed (RFC 7296 §2.21).
        INVALID_SYNTAX = 7, "INVALID_SYNTAX";
        /// The message ID lies outside the window (RFC 7296 §2.3).
        INVALID_MESSAGE_ID = 9, "INVALID_MESSAGE_ID";
        /// An ESP or AH packet had an unknown SPI (RFC 7296 §1.5).
        INVALID_SPI = 11, "INVALID_SPI";
        /// No proposal was acceptable (RFC 7296 §2.7).
        NO_PROPOSAL_CHOSEN = 14, "NO_PROPOSAL_CHOSEN";
        /// Another key exchange method is wanted; the data names it (RFC 7296 §1.2).
        INVALID_KE_PAYLOAD = 17, "INVALID_KE_PAYLOAD";
        /// The authentication failed (RFC 7296 §2.21.2).
        AUTHENTICATION_FAILED = 24, "AUTHENTICATION_FAILED";
        /// One pair of addresses at a time (RFC 7296 §2.9).
        SINGLE_PAIR_REQUIRED = 34, "SINGLE_PAIR_REQUIRED";
        /// No more SAs are accepted (RFC 7296 §1.3).
        NO_ADDITIONAL_SAS = 35, "NO_ADDITIONAL_SAS";
        /// No internal address could be assigned (RFC 7296 §3.15.4).
        INTERNAL_ADDRESS_FAILURE = 36, "INTERNAL_ADDRESS_FAILURE";
        /// A configuration request is required (RFC 7296 §2.19).
        FAILED_CP_REQUIRED = 37, "FAILED_CP_REQUIRED";
        /// No traffic selector was acceptable (RFC 7296 §2.9).
        TS_UNACCEPTABLE = 38, "TS_UNACCEPTABLE";
        /// A packet did not match the selectors of its SA (RFC 7296 §3.10.1).
        INVALID_SELECTORS = 39, "INVALID_SELECTORS";
        /// The addresses were not acceptable (RFC 4555 §3.5).
        UNACCEPTABLE_ADDRESSES = 40, "UNACCEPTABLE_ADDRESSES";
        /// A NAT was found where none is allowed (RFC 4555 §3.9).
        UNEXPECTED_NAT_DETECTED = 41, "UNEXPECTED_NAT_DETECTED";
        /// The assigned home address must be used (RFC 5026).
        USE_ASSIGNED_HOA = 42, "USE_ASSIGNED_HoA";
        /// Not now, later (RFC 7296 §2.25).
        TEMPORARY_FAILURE = 43, "TEMPORARY_FAILURE";
        /// The child SA does not exist (RFC 7296 §2.25).
        CHILD_SA_NOT_FOUND = 44, "CHILD_SA_NOT_FOUND";
        /// The group is not known (RFC 9838).
        INVALID_GROUP_ID = 45, "INVALID_GROUP_ID";
        /// The authorization failed (RFC 9838).
        AUTHORIZATION_FAILED = 46, "AUTHORIZATION_FAILED";
        /// No state for a further key exchange (RFC 9370 §2.2.4).
        STATE_NOT_FOUND = 47, "STATE_NOT_FOUND";
        /// Too many per-resource child SAs (RFC 9611).
        TS_MAX_QUEUE = 48, "TS_MAX_QUEUE";
        /// The registration in a group failed (RFC 9838).
        REGISTRATION_FAILED = 49, "REGISTRATION_FAILED";
        /// A Windows error code, 4 octets ([MS-IKEE] §2.2.7).
        MS_STATUS = 12345, "NOTIFY_STATUS";
        /// This is the only SA between the identities (RFC 7296 §2.4).
        INITIAL_CONTACT = 16384, "INITIAL_CONTACT";
        /// So many requests may be outstanding (RFC 7296 §2.3).
        SET_WINDOW_SIZE = 16385, "SET_WINDOW_SIZE";
        /// Further selectors would be accepted in another SA (RFC 7296 §2.9).
        ADDITIONAL_TS_POSSIBLE = 16386, "ADDITIONAL_TS_POSSIBLE";
        /// IP compression is offered or accepted (RFC 7296 §2.22).
        IPCOMP_SUPPORTED = 16387, "IPCOMP_SUPPORTED";
        /// Hash of SPIs and source address and port (RFC 7296 §2.23).
        NAT_DETECTION_SOURCE_IP = 16388, "NAT_DETECTION_SOURCE_IP";
        /// Hash of SPIs and destination address and port (RFC 7296 §2.23).
        NAT_DETECTION_DESTINATION_IP = 16389, "NAT_DETECTION_DESTINATION_IP";
        /// A cookie to be returned (RFC 7296 §2.6).
        COOKIE = 16390, "COOKIE";
        /// Transport mode is wanted or accepted (RFC 7296 §1.3.1).
        USE_TRANSPORT_MODE = 16391, "USE_TRANSPORT_MODE";
        /// Certificates may be sent as hash and URL (RFC 7296 §3.6).
        HTTP_CERT_LOOKUP_SUPPORTED = 16392, "HTTP_CERT_LOOKUP_SUPPORTED";
        /// The child SA that is replaced (RFC 7296 §1.3.3).
        REKEY_SA = 16393, "REKEY_SA";
        /// No traffic-flow padding (RFC 7296 §1.3.1).
        ESP_TFC_PADDING_NOT_SUPPORTED = 16394, "ESP_TFC_PADDING_NOT_SUPPORTED";
        /// Fragments go through the same SA (RFC 7296 §1.3.1).
        NON_FIRST_FRAGMENTS_ALSO = 16395, "NON_FIRST_FRAGMENTS_ALSO";
        /// MOBIKE is spoken (RFC 4555 §3.1).
        MOBIKE_SUPPORTED = 16396, "MOBIKE_SUPPORTED";
        /// Another IPv4 address of the sender (RFC 4555 §3.3).
        ADDITIONAL_IP4_ADDRESS = 16397, "ADDITIONAL_IP4_ADDRESS";
        /// Another IPv6 address of the sender (RFC 4555 §3.3).
        ADDITIONAL_IP6_ADDRESS = 16398, "ADDITIONAL_IP6_ADDRESS";
        /// The sender has no other address (RFC 4555 §3.3).
        NO_ADDITIONAL_ADDRESSES = 16399, "NO_ADDITIONAL_ADDRESSES";
        /// The addresses of the SAs are to be updated (RFC 4555 §3.5).
        UPDATE_SA_ADDRESSES = 16400, "UPDATE_SA_ADDRESSES";
        /// Return routability check (RFC 4555 §3.7).
        COOKIE2 = 16401, "COOKIE2";
        /// There must be no NAT; the data has the addresses (RFC 4555 §3.9).
        NO_NATS_ALLOWED = 16402, "NO_NATS_ALLOWED";
        /// Seconds until re-authentication (RFC 4478 §3).
        AUTH_LIFETIME = 16403, "AUTH_LIFETIME";
        /// Several authentications are understood (RFC 4739 §2.1).
        MULTIPLE_AUTH_SUPPORTED = 16404, "MULTIPLE_AUTH_SUPPORTED";
        /// A further authentication follows (RFC 4739 §2.2).
        ANOTHER_AUTH_FOLLOWS = 16405, "ANOTHER_AUTH_FOLLOWS";
        /// Redirection is understood (RFC 5685 §3).
        REDIRECT_SUPPORTED = 16406, "REDIRECT_SUPPORTED";
        /// Another gateway is to be used (RFC 5685 §3).
        REDIRECT = 16407, "REDIRECT";
        /// The gateway that redirected here (RFC 5685 §3).
        REDIRECTED_FROM = 16408, "REDIRECTED_FROM";
        /// A resumption ticket with its lifetime (RFC 5723 §7.2).
        TICKET_LT_OPAQUE = 16409, "TICKET_LT_OPAQUE";
        /// A resumption ticket is wanted (RFC 5723 §7.3).
        TICKET_REQUEST = 16410, "TICKET_REQUEST";
        /// A resumption ticket comes later (RFC 5723 §7.4).
        TICKET_ACK = 16411, "TICKET_ACK";
        /// No resumption ticket (RFC 5723 §7.5).
        TICKET_NACK = 16412, "TICKET_NACK";
        /// A resumption ticket presented (RFC 5723 §7.6).
        TICKET_OPAQUE = 16413, "TICKET_OPAQUE";
        /// Identifier of a virtual link (RFC 5739).
        LINK_ID = 16414, "LINK_ID";
        /// Wrapped ESP (RFC 5840).
        USE_WESP_MODE = 16415, "USE_WESP_MODE";
        /// Header compression (RFC 5857).
        ROHC_SUPPORTED = 16416, "ROHC_SUPPORTED";
        /// The responder may authenticate by EAP alone (RFC 5998 §3).
        EAP_ONLY_AUTHENTICATION = 16417, "EAP_ONLY_AUTHENTICATION";
        /// An IKE SA may be made without a child (RFC 6023 §3).
        CHILDLESS_IKEV2_SUPPORTED = 16418, "CHILDLESS_IKEV2_SUPPORTED";
        /// A token for quick crash detection (RFC 6290 §4.1).
        QUICK_CRASH_DETECTION = 16419, "QUICK_CRASH_DETECTION";
        /// Message IDs can be synchronised in a cluster (RFC 6311 §8.1).
        IKEV2_MESSAGE_ID_SYNC_SUPPORTED = 16420, "IKEV2_MESSAGE_ID_SYNC_SUPPORTED";
        /// Replay counters can be synchronised in a cluster (RFC 6311 §8.2).
        IPSEC_REPLAY_COUNTER_SYNC_SUPPORTED = 16421, "IPSEC_REPLAY_COUNTER_SYNC_SUPPORTED";
        /// New message IDs (RFC 6311 §8.3).
        IKEV2_MESSAGE_ID_SYNC = 16422, "IKEV2_MESSAGE_ID_SYNC";
        /// New replay counters (RFC 6311 §8.4).
        IPSEC_REPLAY_COUNTER_SYNC = 16423, "IPSEC_REPLAY_COUNTER_SYNC";
        /// Secure password methods (RFC 6467 §4).
        SECURE_PASSWORD_METHODS = 16424, "SECURE_PASSWORD_METHODS";
        /// The secret may be kept (RFC 6631).
        PSK_PERSIST = 16425, "PSK_PERSIST";
        /// The secret is kept (RFC 6631).
        PSK_CONFIRM = 16426, "PSK_CONFIRM";
        /// EAP re-authentication (RFC 6867).
        ERX_SUPPORTED = 16427, "ERX_SUPPORTED";
        /// IP flow mobility (3GPP TS 24.303).
        IFOM_CAPABILITY = 16428, "IFOM_CAPABILITY";
        /// The sender will send to the group (RFC 9838).
        GROUP_SENDER = 16429, "GROUP_SENDER";
        /// Encrypted fragments are understood (RFC 7383 §2.3).
        IKEV2_FRAGMENTATION_SUPPORTED = 16430, "IKEV2_FRAGMENTATION_SUPPORTED";
        /// Hash algorithms for digital signatures (RFC 7427 §4).
        SIGNATURE_HASH_ALGORITHMS = 16431, "SIGNATURE_HASH_ALGORITHMS";
        /// An IKE SA can be cloned (RFC 7791).
        CLONE_IKE_SA_SUPPORTED = 16432, "CLONE_IKE_SA_SUPPORTED";
        /// A clone of the IKE SA is wanted (RFC 7791).
        CLONE_IKE_SA = 16433, "CLONE_IKE_SA";
        /// A puzzle to be solved (RFC 8019 §8.1).
        PUZZLE = 16434, "PUZZLE";
        /// A post-quantum preshared key can be mixed in (RFC 8784 §3).
        USE_PPK = 16435, "USE_PPK";
        /// Which post-quantum preshared key (RFC 8784 §3).
        PPK_IDENTITY = 16436, "PPK_IDENTITY";
        /// Authentication without it (RFC 8784 §3).
        NO_PPK_AUTH = 16437, "NO_PPK_AUTH";
        /// Intermediate exchanges are understood (RFC 9242 §3.1).
        INTERMEDIATE_EXCHANGE_SUPPORTED = 16438, "INTERMEDIATE_EXCHANGE_SUPPORTED";
        /// An IPv4 address can be assigned (RFC 8983).
        IP4_ALLOWED = 16439, "IP4_ALLOWED";
        /// An IPv6 address can be assigned (RFC 8983).
        IP6_ALLOWED = 16440, "IP6_ALLOWED";
        /// Links a further key exchange to its state (RFC 9370 §2.2.4).
        ADDITIONAL_KEY_EXCHANGE = 16441, "ADDITIONAL_KEY_EXCHANGE";
        /// Aggregation and fragmentation of packets (RFC 9347 §5.1).
        USE_AGGFRAG = 16442, "USE_AGGFRAG";
        /// Authentication methods that are accepted (RFC 9593 §3).
        SUPPORTED_AUTH_METHODS = 16443, "SUPPORTED_AUTH_METHODS";
        /// The resource that a child SA is for (RFC 9611).
        SA_RESOURCE_INFO = 16444, "SA_RESOURCE_INFO";
        /// A post-quantum preshared key in the intermediate exchange (RFC 9867).
        USE_PPK_INT = 16445, "USE_PPK_INT";
        /// Which one, with a proof of its key (RFC 9867).
        PPK_IDENTITY_KEY = 16446, "PPK_IDENTITY_KEY";
    }
}

impl NotifyType {
    /// Whether the number lies in the range of errors (RFC 7296 §3.10.1). The private status of
    /// [MS-IKEE] §2.2.7, 12345, lies there too.
    #[inline]
    #[must_use]
    pub const fn is_error(self) -> bool {
        self.get() < 16_384
    }
}
