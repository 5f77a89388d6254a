//! Authentication methods: what kind of proof each one is.

use isakmp_wire::{v1, v2};

/// What a peer proves its identity with.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
#[non_exhaustive]
pub enum Proof {
    /// Nothing: the peer stays anonymous (RFC 7619).
    Null,
    /// It decrypts what was encrypted to its public key (RFC 2409 §5.2, §5.3).
    Decryption,
    /// A secret that both sides know.
    SharedKey,
    /// A signature.
    Signature,
}

impl Proof {
    /// The proof of an IKEv2 method (RFC 7296 §3.8); `None` for an unknown one.
    ///
    /// ```
    /// use ipsec_doi::auth_method::Proof;
    /// use isakmp_wire::v2::AuthMethod;
    ///
    /// assert_eq!(Proof::of_v2(AuthMethod::new(2)), Some(Proof::SharedKey));
    /// assert_eq!(Proof::of_v2(AuthMethod::new(14)), Some(Proof::Signature));
    /// ```
    #[must_use]
    pub const fn of_v2(method: v2::AuthMethod) -> Option<Self> {
        Some(match method.get() {
            // RSA, DSS, the ECDSA methods of RFC 4754, and the digital signature of RFC 7427.
            1 | 3 | 9..=11 | 14 => Self::Signature,
            // Shared key, and the generic secure password method of RFC 6467.
            2 | 12 => Self::SharedKey,
            13 => Self::Null,
            _ => return None,
        })
    }

    /// The proof of an IKEv1 method (RFC 2409 App. A), XAUTH aside; `None` for an unknown one.
    #[must_use]
    pub const fn of_v1(method: v1::AuthMethod) -> Option<Self> {
        Some(match method.get() {
            1 | 65001 | 65002 => Self::SharedKey,
            // Hybrid authentication has only one side sign. 65005 is also [MS-IKEE] §2.2.4's.
            2 | 3 | 9..=11 | 64221 | 64222 | 65003..=65006 => Self::Signature,
            4 | 5 | 65007..=65010 => Self::Decryption,
            _ => return None,
        })
    }
}

/// Whether an XAUTH exchange follows phase 1, if the method is one of XAUTH's numbers
/// (draft-beaulieu-ike-xauth-02 §7.2).
///
/// Two of them have another meaning with Microsoft's peers: 65001 is Kerberos by GSS-API, 65005
/// is authentication by CGA ([MS-IKEE] §2.2.4). The peer's vendor IDs tell.
#[must_use]
pub const fn wants_xauth(method: v1::AuthMethod) -> bool {
    matches!(method.get(), 64221 | 64222 | 65001..=65010)
}
