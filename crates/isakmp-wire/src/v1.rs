//! The payloads of IKEv1 (RFC 2408 §3, RFC 2407 §4.6, RFC 3947, [MS-IKEE] §2.2.3).
//!
//! Every type reads a [`RawPayload`](crate::RawPayload) whose type the caller has looked at: `parse` does not ask what
//! kind of payload it is given, so that the numbers of drafts can share a layout.

mod attribute_class;
mod configuration;
mod delete;
mod fragment;
mod identification;
mod nat_original_address;
mod notification;
mod notify_type;
mod proposal;
mod registry;
mod sa;
mod transform;

pub use crate::certificate::{CertEncoding, Certificate};
pub use crate::certificate_request::CertificateRequest;
pub use crate::vendor_id::VendorId;
pub use attribute_class::{
    AuthMethod, ConfigAttribute, EncapsulationMode, Phase1Attribute, Phase2Attribute,
};
pub use configuration::Configuration;
pub use delete::Delete;
pub use fragment::Fragment;
pub use identification::Identification;
pub use nat_original_address::NatOriginalAddress;
pub use notification::Notification;
pub use notify_type::NotifyType;
pub use proposal::{Proposal, ProposalIter};
pub use registry::{ConfigType, Doi, IdType, ProtocolId};
pub use sa::{SaBuilder, SecurityAssociation};
pub use transform::{Transform, TransformIter};

/// A hash or keyed hash over what the exchange says (RFC 2408 §3.11); its length is that of the negotiated algorithm.
pub type Hash<'a> = crate::Opaque<'a>;

/// A public value of the negotiated group (RFC 2408 §3.7).
pub type KeyExchange<'a> = crate::Opaque<'a>;

/// A hash of cookies, address and port, to find address translation (RFC 3947 §3.2); its length is that of the negotiated
/// algorithm.
pub type NatDetection<'a> = crate::Opaque<'a>;

/// Random octets that make an exchange fresh: 8 to 256 of them (RFC 2409 §5, RFC 2408 §3.13).
pub type Nonce<'a> = crate::Nonce<'a, 8>;

/// A signature over what the exchange says (RFC 2408 §3.12).
pub type Signature<'a> = crate::Opaque<'a>;

/// The payload types of IKEv1.
pub mod kind {
    use crate::PayloadType;

    /// Security association (RFC 2408 §3.4).
    pub const SA: PayloadType = PayloadType::V1_SA;
    /// Key exchange (RFC 2408 §3.7).
    pub const KE: PayloadType = PayloadType::V1_KE;
    /// Identification (RFC 2408 §3.8).
    pub const ID: PayloadType = PayloadType::V1_ID;
    /// Certificate (RFC 2408 §3.9).
    pub const CERT: PayloadType = PayloadType::V1_CERT;
    /// Certificate request (RFC 2408 §3.10).
    pub const CERTREQ: PayloadType = PayloadType::V1_CERTREQ;
    /// Hash (RFC 2408 §3.11).
    pub const HASH: PayloadType = PayloadType::V1_HASH;
    /// Signature (RFC 2408 §3.12).
    pub const SIGNATURE: PayloadType = PayloadType::V1_SIGNATURE;
    /// Nonce (RFC 2408 §3.13).
    pub const NONCE: PayloadType = PayloadType::V1_NONCE;
    /// Notification (RFC 2408 §3.14).
    pub const NOTIFY: PayloadType = PayloadType::V1_NOTIFY;
    /// Delete (RFC 2408 §3.15).
    pub const DELETE: PayloadType = PayloadType::V1_DELETE;
    /// Vendor ID (RFC 2408 §3.16).
    pub const VENDOR_ID: PayloadType = PayloadType::V1_VENDOR_ID;
    /// Attributes: mode config and XAUTH (draft-dukes-ike-mode-cfg-02 §3.2).
    pub const ATTRIBUTES: PayloadType = PayloadType::V1_ATTRIBUTES;
    /// NAT detection as early drafts numbered it.
    pub const NAT_D_EARLY: PayloadType = PayloadType::V1_NAT_D_EARLY;
    /// NAT original address as early drafts numbered it.
    pub const NAT_OA_EARLY: PayloadType = PayloadType::V1_NAT_OA_EARLY;
    /// NAT detection (RFC 3947 §3.2).
    pub const NAT_D: PayloadType = PayloadType::V1_NAT_D;
    /// NAT original address (RFC 3947 §5.2).
    pub const NAT_OA: PayloadType = PayloadType::V1_NAT_OA;
    /// NAT detection, draft revision ([MS-IKEE] §2.2.1).
    pub const NAT_D_DRAFT: PayloadType = PayloadType::V1_NAT_D_DRAFT;
    /// NAT original address, draft revision ([MS-IKEE] §2.2.1).
    pub const NAT_OA_DRAFT: PayloadType = PayloadType::V1_NAT_OA_DRAFT;
    /// Message fragment ([MS-IKEE] §2.2.3).
    pub const FRAGMENT: PayloadType = PayloadType::V1_FRAGMENT;
}
