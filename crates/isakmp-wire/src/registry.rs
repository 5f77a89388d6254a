//! Open registries: newtypes over a number with named constants, and the two that both versions share.

/// Declares an open registry: a newtype over an unsigned integer whose known values have names.
///
/// Every number is a legal value, so that what is unknown survives a round trip.
#[doc(hidden)]
#[macro_export]
macro_rules! registry {
    (
        $(#[$meta:meta])* $vis:vis struct $name:ident($int:ty);
        { $( $(#[$const_meta:meta])* $constant:ident = $value:literal, $text:literal; )* }
    ) => {
        $(#[$meta])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        $vis struct $name($int);

        impl $name {
            $( $(#[$const_meta])* pub const $constant: Self = Self($value); )*

            /// The value with this number, known or not.
            #[inline] #[must_use]
            pub const fn new(number: $int) -> Self { Self(number) }

            /// The number.
            #[inline] #[must_use]
            pub const fn get(self) -> $int { self.0 }

            /// The name in its registry, if the number is known.
            #[must_use]
            pub const fn name(self) -> Option<&'static str> {
                match self.0 { $( $value => Some($text), )* _ => None }
            }
        }

        impl core::fmt::Display for $name {
            fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
                match self.name() { Some(name) => f.pad(name), None => self.0.fmt(f) }
            }
        }

        impl core::fmt::Debug for $name {
            fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
                write!(f, concat!(stringify!($name), "({})"), self)
            }
        }
    };
}

registry! {
    /// What a payload is, for both versions: their assigned numbers do not overlap.
    ///
    /// The names by version are in [`v1::kind`](crate::v1::kind) and [`v2::kind`](crate::v2::kind).
    pub struct PayloadType(u8);
    {
        /// No next payload: the end of a chain.
        NONE = 0, "none";
        /// IKEv1 security association (RFC 2408 §3.4).
        V1_SA = 1, "SA";
        /// IKEv1 proposal, inside a security association (RFC 2408 §3.5).
        V1_PROPOSAL = 2, "P";
        /// IKEv1 transform, inside a proposal (RFC 2408 §3.6).
        V1_TRANSFORM = 3, "T";
        /// IKEv1 key exchange (RFC 2408 §3.7).
        V1_KE = 4, "KE";
        /// IKEv1 identification (RFC 2408 §3.8).
        V1_ID = 5, "ID";
        /// IKEv1 certificate (RFC 2408 §3.9).
        V1_CERT = 6, "CERT";
        /// IKEv1 certificate request (RFC 2408 §3.10).
        V1_CERTREQ = 7, "CERTREQ";
        /// IKEv1 hash (RFC 2408 §3.11).
        V1_HASH = 8, "HASH";
        /// IKEv1 signature (RFC 2408 §3.12).
        V1_SIGNATURE = 9, "SIG";
        /// IKEv1 nonce (RFC 2408 §3.13).
        V1_NONCE = 10, "NONCE";
        /// IKEv1 notification (RFC 2408 §3.14).
        V1_NOTIFY = 11, "N";
        /// IKEv1 delete (RFC 2408 §3.15).
        V1_DELETE = 12, "D";
        /// IKEv1 vendor ID (RFC 2408 §3.16).
        V1_VENDOR_ID = 13, "VID";
        /// IKEv1 attributes: mode config and XAUTH (draft-dukes-ike-mode-cfg-02 §3.2).
        V1_ATTRIBUTES = 14, "ATTRIBUTES";
        /// NAT detection by early drafts of NAT traversal; the number was given to another use (SA KEK, RFC 6407) later.
        V1_NAT_D_EARLY = 15, "NAT-D (early draft)";
        /// NAT original address by early drafts of NAT traversal; the number was given to another use (SA TEK, RFC 6407) later.
        V1_NAT_OA_EARLY = 16, "NAT-OA (early draft)";
        /// Group key download (RFC 6407 §5.6).
        V1_KEY_DOWNLOAD = 17, "KD";
        /// Group sequence number (RFC 6407 §5.7).
        V1_SEQUENCE = 18, "SEQ";
        /// Group proof of possession (RFC 3547 §5.7).
        V1_PROOF_OF_POSSESSION = 19, "POP";
        /// NAT detection (RFC 3947 §3.2).
        V1_NAT_D = 20, "NAT-D";
        /// NAT original address (RFC 3947 §5.2).
        V1_NAT_OA = 21, "NAT-OA";
        /// Group associated policy (RFC 6407 §5.5).
        V1_GAP = 22, "GAP";
        /// IKEv2 security association (RFC 7296 §3.3).
        V2_SA = 33, "SA";
        /// IKEv2 key exchange (RFC 7296 §3.4).
        V2_KE = 34, "KE";
        /// IKEv2 identification of the initiator (RFC 7296 §3.5).
        V2_ID_I = 35, "IDi";
        /// IKEv2 identification of the responder (RFC 7296 §3.5).
        V2_ID_R = 36, "IDr";
        /// IKEv2 certificate (RFC 7296 §3.6).
        V2_CERT = 37, "CERT";
        /// IKEv2 certificate request (RFC 7296 §3.7).
        V2_CERTREQ = 38, "CERTREQ";
        /// IKEv2 authentication (RFC 7296 §3.8).
        V2_AUTH = 39, "AUTH";
        /// IKEv2 nonce (RFC 7296 §3.9).
        V2_NONCE = 40, "NONCE";
        /// IKEv2 notify (RFC 7296 §3.10).
        V2_NOTIFY = 41, "N";
        /// IKEv2 delete (RFC 7296 §3.11).
        V2_DELETE = 42, "D";
        /// IKEv2 vendor ID (RFC 7296 §3.12).
        V2_VENDOR_ID = 43, "V";
        /// IKEv2 traffic selectors of the initiator (RFC 7296 §3.13).
        V2_TS_I = 44, "TSi";
        /// IKEv2 traffic selectors of the responder (RFC 7296 §3.13).
        V2_TS_R = 45, "TSr";
        /// IKEv2 encrypted and authenticated (RFC 7296 §3.14).
        V2_ENCRYPTED = 46, "SK";
        /// IKEv2 configuration (RFC 7296 §3.15).
        V2_CONFIGURATION = 47, "CP";
        /// IKEv2 extensible authentication (RFC 7296 §3.16).
        V2_EAP = 48, "EAP";
        /// Generic secure password method (RFC 6467 §5).
        V2_GSPM = 49, "GSPM";
        /// Group identification (RFC 9838).
        V2_ID_G = 50, "IDg";
        /// Group security association (RFC 9838).
        V2_GROUP_SA = 51, "GSA";
        /// Group key download (RFC 9838).
        V2_KEY_DOWNLOAD = 52, "KD";
        /// IKEv2 encrypted and authenticated fragment (RFC 7383 §2.5).
        V2_ENCRYPTED_FRAGMENT = 53, "SKF";
        /// Puzzle solution (RFC 8019 §8.2).
        V2_PUZZLE_SOLUTION = 54, "PS";
        /// AuthIP GSS-API ([MS-AIPS] §2.2.1).
        AUTHIP_GSS_API = 129, "GSS-API";
        /// NAT detection, draft revision ([MS-IKEE] §2.2.1).
        V1_NAT_D_DRAFT = 130, "NAT-D (draft)";
        /// NAT original address, draft revision ([MS-IKEE] §2.2.1).
        V1_NAT_OA_DRAFT = 131, "NAT-OA (draft)";
        /// IKEv1 message fragment ([MS-IKEE] §2.2.3).
        V1_FRAGMENT = 132, "FRAGMENT";
        /// AuthIP crypto ([MS-AIPS] §2.2.1).
        AUTHIP_CRYPTO = 133, "CRYPTO";
        /// AuthIP GSS identity ([MS-AIPS] §2.2.1).
        AUTHIP_GSS_ID = 134, "GSS ID";
        /// AuthIP authentication ([MS-AIPS] §2.2.1).
        AUTHIP_AUTH = 135, "AUTHIP AUTH";
        /// AuthIP key dictation ([MS-AIPS] §2.2.1).
        AUTHIP_KEY_DICTATION = 136, "KEY DICTATION";
        /// AuthIP key dictation weight ([MS-AIPS] §2.2.1).
        AUTHIP_KEY_DICTATION_WEIGHT = 137, "KEY DICTATION WEIGHT";
        /// IKE SA correlation ([MS-IKEE] §2.2.9).
        V2_CORRELATION = 200, "CORRELATION";
    }
}

impl PayloadType {
    /// Whether a payload of this type ends the chain although it names a next one: the first payload inside
    /// it, once decrypted (RFC 7296 §3.14, RFC 7383 §2.5).
    #[inline]
    #[must_use]
    pub const fn ends_chain(self) -> bool {
        matches!(self, Self::V2_ENCRYPTED | Self::V2_ENCRYPTED_FRAGMENT)
    }
}

registry! {
    /// What a message belongs to, for both versions: their assigned numbers do not overlap.
    pub struct ExchangeType(u8);
    {
        /// No exchange (RFC 2408 §3.1).
        NONE = 0, "NONE";
        /// IKEv1 base exchange (RFC 2408 §4.4).
        BASE = 1, "BASE";
        /// IKEv1 main mode, ISAKMP's identity protection (RFC 2409 §5).
        MAIN_MODE = 2, "MAIN_MODE";
        /// IKEv1 authentication only (RFC 2408 §4.6).
        AUTHENTICATION_ONLY = 3, "AUTHENTICATION_ONLY";
        /// IKEv1 aggressive mode (RFC 2409 §5).
        AGGRESSIVE = 4, "AGGRESSIVE";
        /// IKEv1 informational exchange (RFC 2409 §5.7).
        V1_INFORMATIONAL = 5, "INFORMATIONAL (v1)";
        /// IKEv1 transaction exchange: mode config and XAUTH (draft-dukes-ike-mode-cfg-02 §3.1).
        TRANSACTION = 6, "TRANSACTION";
        /// IKEv1 quick mode (RFC 2409 §5.5).
        QUICK_MODE = 32, "QUICK_MODE";
        /// IKEv1 new group mode (RFC 2409 §5.6).
        NEW_GROUP_MODE = 33, "NEW_GROUP_MODE";
        /// IKEv2 first exchange (RFC 7296 §1.2).
        IKE_SA_INIT = 34, "IKE_SA_INIT";
        /// IKEv2 authentication exchange (RFC 7296 §1.2).
        IKE_AUTH = 35, "IKE_AUTH";
        /// IKEv2 creation and rekeying of SAs (RFC 7296 §1.3).
        CREATE_CHILD_SA = 36, "CREATE_CHILD_SA";
        /// IKEv2 informational exchange (RFC 7296 §1.4).
        INFORMATIONAL = 37, "INFORMATIONAL";
        /// IKEv2 session resumption (RFC 5723 §4.3).
        IKE_SESSION_RESUME = 38, "IKE_SESSION_RESUME";
        /// Group key registration (RFC 9838).
        GSA_AUTH = 39, "GSA_AUTH";
        /// Group key registration in an existing SA (RFC 9838).
        GSA_REGISTRATION = 40, "GSA_REGISTRATION";
        /// Group rekey (RFC 9838).
        GSA_REKEY = 41, "GSA_REKEY";
        /// IKEv2 intermediate exchange (RFC 9242 §3).
        IKE_INTERMEDIATE = 43, "IKE_INTERMEDIATE";
        /// IKEv2 additional key exchanges after CREATE_CHILD_SA (RFC 9370 §2.2.4).
        IKE_FOLLOWUP_KE = 44, "IKE_FOLLOWUP_KE";
        /// AuthIP main mode ([MS-AIPS] §2.2.1).
        AUTHIP_MAIN_MODE = 0xF3, "AUTHIP_MAIN_MODE";
        /// AuthIP quick mode ([MS-AIPS] §2.2.1).
        AUTHIP_QUICK_MODE = 0xF4, "AUTHIP_QUICK_MODE";
        /// AuthIP extended mode ([MS-AIPS] §2.2.1).
        AUTHIP_EXTENDED_MODE = 0xF5, "AUTHIP_EXTENDED_MODE";
        /// AuthIP notify ([MS-AIPS] §2.2.1).
        AUTHIP_NOTIFY = 0xF6, "AUTHIP_NOTIFY";
    }
}

impl ExchangeType {
    /// Whether it is one of AuthIP, which shares ports and header with IKEv1
    /// ([MS-IKEE] §1.3.8, [MS-AIPS] §2.2.1).
    #[inline]
    #[must_use]
    pub const fn is_authip(self) -> bool {
        matches!(
            self,
            Self::AUTHIP_MAIN_MODE
                | Self::AUTHIP_QUICK_MODE
                | Self::AUTHIP_EXTENDED_MODE
                | Self::AUTHIP_NOTIFY
        )
    }
}

#[cfg(test)]
mod tests {
    use alloc::format;

    use super::*;

    #[test]
    fn a_known_number_shows_its_name_and_an_unknown_one_its_number() {
        assert_eq!(format!("{}", PayloadType::V2_SA), "SA");
        assert_eq!(format!("{:?}", PayloadType::V2_SA), "PayloadType(SA)");
        assert_eq!(format!("{:>4}", PayloadType::V2_KE), "  KE");
        assert_eq!(format!("{}", PayloadType::new(99)), "99");
        assert_eq!(ExchangeType::new(0xF3).name(), Some("AUTHIP_MAIN_MODE"));
        assert_eq!(ExchangeType::new(250).name(), None);
    }
}
