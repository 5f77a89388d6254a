//! What the numbers of IKEv1 mean (RFC 2407, RFC 2409): its own numbers for algorithms, the
//! attributes of both phases, suites, and notifications.
//!
//! Algorithms have the same types here as in IKEv2, so that whatever implements or configures
//! them need not know which version asks.

mod algorithm;
pub mod notify;
mod phase1;
mod phase2;
mod suite;

pub use algorithm::{
    AhTransform, EspTransform, HashAlgorithm, IntegrityAlgorithm, Phase1Encryption,
};
pub use phase1::Phase1;
pub use phase2::Phase2;
pub use suite::{IkeProposal, IkeSuite};

use core::fmt;

use isakmp_wire::Attribute;

use crate::life::Life;

/// The lifetimes that one transform offers; the sooner ends the SA.
#[derive(Clone, Copy, Debug, Default, Eq, Hash, PartialEq)]
#[expect(clippy::exhaustive_structs, reason = "the two life types of RFC 2407")]
pub struct Lifetimes {
    /// In seconds.
    pub seconds: Option<u32>,
    /// In kilobytes of 1024 octets.
    pub kilobytes: Option<u32>,
}

impl Lifetimes {
    pub(crate) const fn add(&mut self, life: Life) {
        match life {
            Life::Seconds(count) => self.seconds = Some(count),
            Life::Kilobytes(count) => self.kilobytes = Some(count),
        }
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = Life> {
        let seconds = self.seconds.map(Life::Seconds);
        seconds
            .into_iter()
            .chain(self.kilobytes.map(Life::Kilobytes))
    }
}

/// Why a transform is not eligible.
///
/// It never ends the negotiation: RFC 2407 §4.5.2 and §4.5.3 would have an attribute that is
/// unknown, or has an unsupported value, abort the set-up; [MS-IKEE] §3.1.5 does not, and only
/// passes over the transform that has it. So do we.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum Unfit {
    /// The attribute of this class contradicts an earlier one.
    Conflict(u16),
    /// The attribute of this class is needed and missing.
    Missing(u16),
    /// The attribute of this class is not known.
    Unknown(u16),
    /// The attribute of this class has a value that is not supported.
    Value(u16),
    /// The transform itself is not supported.
    Transform(u8),
}

impl fmt::Display for Unfit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Conflict(class) => write!(f, "attribute {class} contradicts an earlier one"),
            Self::Missing(class) => write!(f, "attribute {class} is missing"),
            Self::Unknown(class) => write!(f, "attribute {class} is unknown"),
            Self::Value(class) => write!(f, "attribute {class} has an unsupported value"),
            Self::Transform(id) => write!(f, "transform {id} is not supported"),
        }
    }
}

impl core::error::Error for Unfit {}

/// The value of an attribute that has 16 bits, in either form.
fn short(attribute: &Attribute<'_>) -> Result<u16, Unfit> {
    attribute
        .number()
        .and_then(|number| u16::try_from(number).ok())
        .ok_or(Unfit::Value(attribute.kind))
}

/// The lifetime that a duration makes of the type that came before it.
fn life(kind: Option<u16>, duration: &Attribute<'_>) -> Result<Life, Unfit> {
    let class = duration.kind;
    // RFC 2407 §4.5: the duration always follows its type.
    let kind = kind.ok_or_else(|| Unfit::Missing(class.saturating_sub(1)))?;
    let octets = duration.number().ok_or(Unfit::Value(class))?.to_be_bytes();
    Life::from_v1(kind, &octets).ok_or(Unfit::Value(class))
}

/// Keeps a value; an attribute that comes again must say the same (RFC 2407 §4.5.2).
fn once<T: PartialEq>(place: &mut Option<T>, value: T, class: u16) -> Result<(), Unfit> {
    if place.as_ref().is_some_and(|earlier| *earlier != value) {
        return Err(Unfit::Conflict(class));
    }
    *place = Some(value);
    Ok(())
}
