//! Encapsulation modes, and the numbers that IKEv1 gives them
//! (RFC 2407 §4.5, RFC 3947 §5.1, [MS-IKEE] §2.2.2).

use core::fmt;

use isakmp_wire::v1::EncapsulationMode;

/// How a child SA wraps packets (RFC 4301 §3.2).
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
#[expect(clippy::exhaustive_enums, reason = "IPsec has these two")]
pub enum Mode {
    /// The packet's own header stays outside.
    Transport,
    /// The whole packet goes inside another.
    Tunnel,
}

impl fmt::Display for Mode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Transport => "transport",
            Self::Tunnel => "tunnel",
        })
    }
}

/// The two revisions of IKEv1 NAT traversal, which differ in their numbers only.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
#[expect(clippy::exhaustive_enums, reason = "[MS-IKEE] §2.2.1 has these two")]
pub enum NatRevision {
    /// draft-ietf-ipsec-nat-t-ike-02: private numbers.
    Draft,
    /// RFC 3947: assigned numbers.
    Rfc3947,
}

/// An encapsulation mode as IKEv1 negotiates it: the mode, and whether UDP goes around it.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
#[expect(clippy::exhaustive_structs, reason = "what the attribute can say")]
pub struct Encapsulation {
    /// The mode.
    pub mode: Mode,
    /// The NAT traversal revision whose UDP encapsulation is used; `None` for plain IP.
    pub udp: Option<NatRevision>,
}

impl Encapsulation {
    /// The meaning of an encapsulation mode attribute (phase 2, class 4).
    ///
    /// ```
    /// use ipsec_doi::encapsulation::{Encapsulation, Mode, NatRevision};
    /// use isakmp_wire::v1::EncapsulationMode;
    ///
    /// let it = Encapsulation::from_v1(EncapsulationMode::new(0xF003)).unwrap();
    /// assert_eq!((it.mode, it.udp), (Mode::Tunnel, Some(NatRevision::Draft)));
    /// assert_eq!(it.to_v1().get(), 0xF003);
    /// ```
    #[must_use]
    pub const fn from_v1(value: EncapsulationMode) -> Option<Self> {
        use EncapsulationMode as Value;
        let (mode, udp) = match value {
            Value::TUNNEL => (Mode::Tunnel, None),
            Value::TRANSPORT => (Mode::Transport, None),
            Value::UDP_TUNNEL => (Mode::Tunnel, Some(NatRevision::Rfc3947)),
            Value::UDP_TRANSPORT => (Mode::Transport, Some(NatRevision::Rfc3947)),
            Value::UDP_TUNNEL_DRAFT => (Mode::Tunnel, Some(NatRevision::Draft)),
            Value::UDP_TRANSPORT_DRAFT => (Mode::Transport, Some(NatRevision::Draft)),
            _ => return None,
        };
        Some(Self { mode, udp })
    }

    /// The attribute's value.
    #[must_use]
    pub const fn to_v1(self) -> EncapsulationMode {
        match (self.mode, self.udp) {
            (Mode::Tunnel, None) => EncapsulationMode::TUNNEL,
            (Mode::Transport, None) => EncapsulationMode::TRANSPORT,
            (Mode::Tunnel, Some(NatRevision::Rfc3947)) => EncapsulationMode::UDP_TUNNEL,
            (Mode::Transport, Some(NatRevision::Rfc3947)) => EncapsulationMode::UDP_TRANSPORT,
            (Mode::Tunnel, Some(NatRevision::Draft)) => EncapsulationMode::UDP_TUNNEL_DRAFT,
            (Mode::Transport, Some(NatRevision::Draft)) => EncapsulationMode::UDP_TRANSPORT_DRAFT,
        }
    }
}
