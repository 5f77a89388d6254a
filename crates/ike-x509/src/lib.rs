#![forbid(unsafe_code)]
#![cfg_attr(docsrs, feature(doc_cfg))]
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

mod algorithm;
mod blame;
mod certificate;
mod crl;
mod identity;
mod key;
mod load;
mod name;
mod path;
mod pkcs7;
mod policy;
mod refusal;
mod self_signed;
mod store;

pub use certificate::{Certificate, Malformed};
pub use crl::Crl;
pub use key::{KeyError, own_chain, private_key};
pub use load::{
    LARGEST_CERTIFICATE_FILE, LARGEST_CRL_FILE, LoadError, certificates, certificates_from, crls,
    crls_from,
};
pub use pkcs7::{Unwrapped, WrapperError, unwrap_pkcs7};
pub use policy::{Policy, Purpose, Revocation};
pub use refusal::{Reason, Refusal};
pub use self_signed::{IssueError, SelfSigned, self_signed_key};
pub use store::{MAX_CERTIFICATES, MAX_CRLS, Presented, Store, VerifiedKey, authority_hashes};
