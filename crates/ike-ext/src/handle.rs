/// Which side of the IKE SA we are.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
#[expect(clippy::exhaustive_enums, reason = "there are two sides")]
pub enum Role {
    /// We sent the first message.
    Initiator,
    /// We received the first message.
    Responder,
}

macro_rules! handle {
    ($($(#[$meta:meta])* $name:ident,)+) => {$(
        $(#[$meta])*
        #[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
        pub struct $name(u64);

        impl $name {
            /// Wraps a number the core allots; numbers are never reused.
            #[must_use]
            pub const fn new(id: u64) -> Self {
                Self(id)
            }

            /// The number.
            #[must_use]
            pub const fn get(self) -> u64 {
                self.0
            }
        }
    )+};
}

handle! {
    /// Names one IKE SA for as long as the endpoint lives.
    SaId,
    /// Names one pair of child (quick mode) SAs.
    ChildId,
    /// Names one policy entry; an extension keys its own policy flags by it.
    PolicyId,
    /// Names one flow of packets, as the data plane tells flows apart.
    FlowId,
}
