//! Authentication methods of IKEv1 (RFC 2409 App. A); IKEv2's are
//! [`v2::AuthMethod`](isakmp_wire::v2::AuthMethod).

use isakmp_wire::registry;

registry! {
    /// Values of the authentication method attribute, phase 1 class 3 (RFC 2409 App. A).
    pub struct AuthMethod(u16);
    {
        /// Pre-shared key.
        PSK = 1, "pre-shared key";
        /// DSS signatures.
        DSS_SIGNATURE = 2, "DSS signatures";
        /// RSA signatures.
        RSA_SIGNATURE = 3, "RSA signatures";
        /// Encryption with RSA.
        RSA_ENCRYPTION = 4, "encryption with RSA";
        /// Revised encryption with RSA.
        RSA_REVISED_ENCRYPTION = 5, "revised encryption with RSA";
        /// ECDSA with SHA-256 on P-256 (RFC 4754).
        ECDSA_256 = 9, "ECDSA with SHA-256 on P-256";
        /// ECDSA with SHA-384 on P-384 (RFC 4754).
        ECDSA_384 = 10, "ECDSA with SHA-384 on P-384";
        /// ECDSA with SHA-512 on P-521 (RFC 4754).
        ECDSA_521 = 11, "ECDSA with SHA-512 on P-521";
        /// Kerberos by GSS-API, as Windows does it ([MS-IKEE] note 6).
        GSS_API = 65001, "Kerberos (GSS-API), or XAUTH of the initiator with pre-shared key";
        /// XAUTH after a pre-shared key; the responder is asked.
        XAUTH_RESPONDER_PSK = 65002, "XAUTH of the responder with pre-shared key";
        /// XAUTH after RSA signatures; the initiator is asked. Also [`CGA`](Self::CGA).
        XAUTH_INITIATOR_RSA = 65005, "XAUTH of the initiator with RSA signatures, or CGA";
        /// XAUTH after RSA signatures; the responder is asked.
        XAUTH_RESPONDER_RSA = 65006, "XAUTH of the responder with RSA signatures";
        /// Hybrid authentication: only the responder signs; the initiator is asked.
        HYBRID_INITIATOR_RSA = 64221, "hybrid, initiator by XAUTH, with RSA signatures";
        /// Hybrid authentication: only the initiator signs; the responder is asked.
        HYBRID_RESPONDER_RSA = 64222, "hybrid, responder by XAUTH, with RSA signatures";
    }
}

impl AuthMethod {
    /// XAUTH after a pre-shared key; the initiator is asked. Windows has given the same number to
    /// Kerberos ([`GSS_API`](Self::GSS_API)): the vendor IDs tell.
    pub const XAUTH_INITIATOR_PSK: Self = Self::GSS_API;

    /// Cryptographically generated addresses, 0xFDED ([MS-IKEE] §2.2.4). The same number as
    /// [`XAUTH_INITIATOR_RSA`](Self::XAUTH_INITIATOR_RSA): the vendor IDs tell.
    pub const CGA: Self = Self::XAUTH_INITIATOR_RSA;

    /// Whether the method proves identity by a signature over the exchange's hash.
    #[must_use]
    pub const fn is_signature(self) -> bool {
        matches!(
            self,
            Self::DSS_SIGNATURE
                | Self::RSA_SIGNATURE
                | Self::ECDSA_256
                | Self::ECDSA_384
                | Self::ECDSA_521
                | Self::XAUTH_INITIATOR_RSA
                | Self::XAUTH_RESPONDER_RSA
                | Self::HYBRID_INITIATOR_RSA
                | Self::HYBRID_RESPONDER_RSA
        )
    }

    /// Whether an XAUTH exchange follows phase 1.
    #[must_use]
    pub const fn wants_xauth(self) -> bool {
        matches!(
            self,
            Self::XAUTH_INITIATOR_PSK
                | Self::XAUTH_RESPONDER_PSK
                | Self::XAUTH_INITIATOR_RSA
                | Self::XAUTH_RESPONDER_RSA
                | Self::HYBRID_INITIATOR_RSA
                | Self::HYBRID_RESPONDER_RSA
        )
    }
}
