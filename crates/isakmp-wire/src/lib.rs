#![no_std]
#![forbid(unsafe_code)]
#![doc = include_str!("../README.md")]
#![cfg_attr(
    not(test),
    warn(
        clippy::arithmetic_side_effects,
        clippy::as_conversions,
        clippy::expect_used,
        clippy::indexing_slicing,
        clippy::panic,
        clippy::unwrap_used,
    )
)]
#![warn(
    clippy::alloc_instead_of_core,
    clippy::std_instead_of_alloc,
    clippy::std_instead_of_core
)]
#![expect(
    clippy::exhaustive_structs,
    reason = "the fields of a wire structure are fixed by its specification, and users build these values literally"
)]

extern crate alloc;

mod attribute;
mod certificate;
mod certificate_request;
mod chain;
mod error;
mod header;
pub mod marker;
mod message;
mod nonce;
mod opaque;
mod payload;
mod reader;
mod registry;
mod spis;
mod substructure;
pub mod v1;
pub mod v2;
pub mod vendor_id;
mod writer;

pub use attribute::{Attribute, AttributeIter, AttributeValue, Attributes, OwnedAttribute};
pub use chain::{PayloadChain, PayloadIter};
pub use error::{ErrorKind, ParseError};
pub use header::{Flags, Header, Spi, Version};
pub use message::Message;
pub use nonce::Nonce;
pub use opaque::Opaque;
pub use payload::{OwnedPayload, RawPayload};
pub use registry::{ExchangeType, PayloadType};
pub use writer::{ChainWriter, Encode, MessageWriter};
