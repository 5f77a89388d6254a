//! The payloads of IKEv2 (RFC 7296 §3 and the RFCs that add to it).
//!
//! Every type reads a [`RawPayload`](crate::RawPayload) whose type the caller has looked at: `parse` does not ask what
//! kind of payload it is given, so that private numbers can share a layout.

mod auth;
mod configuration;
mod delete;
mod eap;
mod encrypted;
mod encrypted_fragment;
mod identification;
mod key_exchange;
mod notify;
mod notify_type;
mod proposal;
mod registry;
mod sa;
mod traffic_selector;
mod transform;

pub use crate::certificate::{CertEncoding, Certificate};
pub use crate::certificate_request::CertificateRequest;
pub use crate::vendor_id::VendorId;
pub use auth::{Authentication, DigitalSignature};
pub use configuration::{CfgAttr, CfgAttrIter, Configuration, OwnedCfgAttr};
pub use delete::Delete;
pub use eap::Eap;
pub use encrypted::Encrypted;
pub use encrypted_fragment::EncryptedFragment;
pub use identification::Identification;
pub use key_exchange::KeyExchange;
pub use notify::Notify;
pub use notify_type::NotifyType;
pub use proposal::{Proposal, ProposalIter};
pub use registry::{
    AuthMethod, CfgAttribute, CfgType, EapCode, EapMethod, IdType, ProtocolId, TransformType,
    TsType,
};
pub use sa::{SaBuilder, SecurityAssociation};
pub use traffic_selector::{RawSelector, RawSelectorIter, Selector, TrafficSelectors};
pub use transform::{Transform, TransformIter};

/// Random octets that make an exchange fresh: 16 to 256 of them (RFC 7296 §2.10, §3.9).
pub type Nonce<'a> = crate::Nonce<'a, 16>;

/// The payload types of IKEv2.
pub mod kind {
    use crate::PayloadType;

    /// Security association (RFC 7296 §3.3).
    pub const SA: PayloadType = PayloadType::V2_SA;
    /// Key exchange (RFC 7296 §3.4).
    pub const KE: PayloadType = PayloadType::V2_KE;
    /// Identification of the initiator (RFC 7296 §3.5).
    pub const ID_I: PayloadType = PayloadType::V2_ID_I;
    /// Identification of the responder (RFC 7296 §3.5).
    pub const ID_R: PayloadType = PayloadType::V2_ID_R;
    /// Certificate (RFC 7296 §3.6).
    pub const CERT: PayloadType = PayloadType::V2_CERT;
    /// Certificate request (RFC 7296 §3.7).
    pub const CERTREQ: PayloadType = PayloadType::V2_CERTREQ;
    /// Authentication (RFC 7296 §3.8).
    pub const AUTH: PayloadType = PayloadType::V2_AUTH;
    /// Nonce (RFC 7296 §3.9).
    pub const NONCE: PayloadType = PayloadType::V2_NONCE;
    /// Notify (RFC 7296 §3.10).
    pub const NOTIFY: PayloadType = PayloadType::V2_NOTIFY;
    /// Delete (RFC 7296 §3.11).
    pub const DELETE: PayloadType = PayloadType::V2_DELETE;
    /// Vendor ID (RFC 7296 §3.12).
    pub const VENDOR_ID: PayloadType = PayloadType::V2_VENDOR_ID;
    /// Traffic selectors of the initiator (RFC 7296 §3.13).
    pub const TS_I: PayloadType = PayloadType::V2_TS_I;
    /// Traffic selectors of the responder (RFC 7296 §3.13).
    pub const TS_R: PayloadType = PayloadType::V2_TS_R;
    /// Encrypted and authenticated (RFC 7296 §3.14).
    pub const ENCRYPTED: PayloadType = PayloadType::V2_ENCRYPTED;
    /// Configuration (RFC 7296 §3.15).
    pub const CONFIGURATION: PayloadType = PayloadType::V2_CONFIGURATION;
    /// Extensible authentication (RFC 7296 §3.16).
    pub const EAP: PayloadType = PayloadType::V2_EAP;
    /// Generic secure password method (RFC 6467 §5).
    pub const GSPM: PayloadType = PayloadType::V2_GSPM;
    /// Group identification (RFC 9838).
    pub const ID_G: PayloadType = PayloadType::V2_ID_G;
    /// Group security association (RFC 9838).
    pub const GROUP_SA: PayloadType = PayloadType::V2_GROUP_SA;
    /// Group key download (RFC 9838).
    pub const KEY_DOWNLOAD: PayloadType = PayloadType::V2_KEY_DOWNLOAD;
    /// Encrypted and authenticated fragment (RFC 7383 §2.5).
    pub const ENCRYPTED_FRAGMENT: PayloadType = PayloadType::V2_ENCRYPTED_FRAGMENT;
    /// Puzzle solution (RFC 8019 §8.2).
    pub const PUZZLE_SOLUTION: PayloadType = PayloadType::V2_PUZZLE_SOLUTION;
    /// IKE SA correlation ([MS-IKEE] §2.2.9).
    pub const CORRELATION: PayloadType = PayloadType::V2_CORRELATION;

    /// Whether RFC 7296 or RFC 7383 defines the type. The critical bit of such a payload is ignored; any other
    /// critical payload is for its extension to understand, or to be refused (RFC 7296 §2.5, §3.2).
    #[must_use]
    pub const fn is_known(kind: PayloadType) -> bool {
        matches!(kind.get(), 33..=48 | 53)
    }
}
