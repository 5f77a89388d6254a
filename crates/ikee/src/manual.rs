//! How it is built, how to drive it, which extensions to choose, how to write one.

#[doc = include_str!("manual/architecture.md")]
pub mod architecture {}

#[doc = include_str!("manual/driving.md")]
pub mod driving {}

#[doc = include_str!("manual/choosing.md")]
pub mod choosing {}

#[doc = include_str!("manual/writing.md")]
pub mod writing {}
