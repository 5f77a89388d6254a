//! What an IKEv1 notification says (RFC 2408 §3.14.1, RFC 2407 §4.6.3).

crate::registry! {
    /// What a notification says (RFC 2408 §3.14.1): below 16384 an error, from there on a status.
    pub struct NotifyType(u16);
    {
        /// A payload type is not known.
        INVALID_PAYLOAD_TYPE = 1, "INVALID_PAYLOAD_TYPE";
        /// The domain of interpretation is not supported.
        DOI_NOT_SUPPORTED = 2, "DOI_NOT_SUPPORTED";
        /// The situation is not supported.
        SITUATION_NOT_SUPPORTED = 3, "SITUATION_NOT_SUPPORTED";
        /// A cookie is wrong.
        INVALID_COOKIE = 4, "INVALID_COOKIE";
        /// The major version is not spoken.
        INVALID_MAJOR_VERSION = 5, "INVALID_MAJOR_VERSION";
        /// The minor version is not spoken.
        INVALID_MINOR_VERSION = 6, "INVALID_MINOR_VERSION";
        /// The exchange type is not known.
        INVALID_EXCHANGE_TYPE = 7, "INVALID_EXCHANGE_TYPE";
        /// The flags are wrong.
        INVALID_FLAGS = 8, "INVALID_FLAGS";
        /// The message ID is wrong.
        INVALID_MESSAGE_ID = 9, "INVALID_MESSAGE_ID";
        /// A protocol is not known.
        INVALID_PROTOCOL_ID = 10, "INVALID_PROTOCOL_ID";
        /// An SPI is wrong.
        INVALID_SPI = 11, "INVALID_SPI";
        /// A transform is not known.
        INVALID_TRANSFORM_ID = 12, "INVALID_TRANSFORM_ID";
        /// An attribute is not supported.
        ATTRIBUTES_NOT_SUPPORTED = 13, "ATTRIBUTES_NOT_SUPPORTED";
        /// No proposal was acceptable.
        NO_PROPOSAL_CHOSEN = 14, "NO_PROPOSAL_CHOSEN";
        /// A proposal is malformed.
        BAD_PROPOSAL_SYNTAX = 15, "BAD_PROPOSAL_SYNTAX";
        /// A payload is malformed.
        PAYLOAD_MALFORMED = 16, "PAYLOAD_MALFORMED";
        /// The key exchange is wrong.
        INVALID_KEY_INFORMATION = 17, "INVALID_KEY_INFORMATION";
        /// The identity is not acceptable.
        INVALID_ID_INFORMATION = 18, "INVALID_ID_INFORMATION";
        /// A certificate encoding is not known.
        INVALID_CERT_ENCODING = 19, "INVALID_CERT_ENCODING";
        /// A certificate is not valid.
        INVALID_CERTIFICATE = 20, "INVALID_CERTIFICATE";
        /// A certificate type is not supported.
        CERT_TYPE_UNSUPPORTED = 21, "CERT_TYPE_UNSUPPORTED";
        /// A certification authority is not acceptable.
        INVALID_CERT_AUTHORITY = 22, "INVALID_CERT_AUTHORITY";
        /// The hash is wrong.
        INVALID_HASH_INFORMATION = 23, "INVALID_HASH_INFORMATION";
        /// The authentication failed.
        AUTHENTICATION_FAILED = 24, "AUTHENTICATION_FAILED";
        /// A signature is wrong.
        INVALID_SIGNATURE = 25, "INVALID_SIGNATURE";
        /// An address is notified.
        ADDRESS_NOTIFICATION = 26, "ADDRESS_NOTIFICATION";
        /// The lifetime of the SA is notified.
        NOTIFY_SA_LIFETIME = 27, "NOTIFY_SA_LIFETIME";
        /// A certificate is not available.
        CERTIFICATE_UNAVAILABLE = 28, "CERTIFICATE_UNAVAILABLE";
        /// The exchange type is not supported.
        UNSUPPORTED_EXCHANGE_TYPE = 29, "UNSUPPORTED_EXCHANGE_TYPE";
        /// Lengths of payloads do not add up.
        UNEQUAL_PAYLOAD_LENGTHS = 30, "UNEQUAL_PAYLOAD_LENGTHS";
        /// The SA may be used (RFC 2408 §3.1, commit bit).
        CONNECTED = 16384, "CONNECTED";
        /// The lifetime that the responder wants (RFC 2407 §4.6.3.1).
        RESPONDER_LIFETIME = 24576, "RESPONDER_LIFETIME";
        /// Whether replays are detected (RFC 2407 §4.6.3.2).
        REPLAY_STATUS = 24577, "REPLAY_STATUS";
        /// This is the first SA with the peer (RFC 2407 §4.6.3.3).
        INITIAL_CONTACT = 24578, "INITIAL_CONTACT";
        /// A liveness check (RFC 3706 §5.3).
        R_U_THERE = 36136, "R_U_THERE";
        /// The answer to a liveness check (RFC 3706 §5.3).
        R_U_THERE_ACK = 36137, "R_U_THERE_ACK";
        /// Another gateway is to be used (Cisco Unity).
        UNITY_LOAD_BALANCE = 40501, "UNITY_LOAD_BALANCE";
        /// A Windows error code ([MS-IKEE] §2.2.6).
        NOTIFY_STATUS = 0x9C43, "NOTIFY_STATUS";
        /// A cookie to be returned ([MS-IKEE] §2.2.6).
        NOTIFY_DOS_COOKIE = 0x9C44, "NOTIFY_DOS_COOKIE";
        /// Flags of negotiation discovery ([MS-IKEE] §2.2.6).
        EXCHANGE_INFO = 0x9C45, "EXCHANGE_INFO";
    }
}

impl NotifyType {
    /// Whether the number lies in the range of errors (RFC 2408 §3.14.1).
    #[inline]
    #[must_use]
    pub const fn is_error(self) -> bool {
        self.get() < 16_384
    }
}
