//! Deviations from the RFCs, as data.

/// How a responder picks a suite (RFC 7296 §2.7, [MS-IKEE] §3.1.5).
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[expect(
    clippy::exhaustive_enums,
    reason = "there are two ways to walk two lists"
)]
pub enum SuiteChoice {
    /// Our own entries in our order; the first that any proposal of the peer meets.
    OwnOrder,
    /// The peer's proposals in its order; the first that any of our entries meets.
    PeerOrder,
}

/// Where the core departs from the letter of the RFCs, by name.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub struct Profile {
    /// How a responder picks a suite.
    pub suite_choice: SuiteChoice,
}

impl Profile {
    /// The RFCs to the letter.
    pub const RFC: Self = Self {
        suite_choice: SuiteChoice::PeerOrder,
    };
    /// What Windows does ([MS-IKEE] §3.1.5); our default.
    pub const MICROSOFT: Self = Self {
        suite_choice: SuiteChoice::OwnOrder,
    };
}

impl Default for Profile {
    fn default() -> Self {
        Self::MICROSOFT
    }
}
