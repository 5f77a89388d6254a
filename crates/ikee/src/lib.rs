#![no_std]
#![forbid(unsafe_code)]
#![doc = include_str!("../README.md")]
#![cfg_attr(docsrs, feature(doc_cfg))]

extern crate alloc;

pub use ike_crypto as crypto;
pub use ike_endpoint as endpoint;
pub use ike_ext as ext;
pub use ipsec_doi as doi;
pub use isakmp_wire as wire;

#[cfg(feature = "ikev1")]
pub use ikev1;
#[cfg(feature = "ikev2")]
pub use ikev2;

#[cfg(feature = "esp")]
pub use ipsec_esp as esp;

#[cfg(feature = "x509")]
pub use ike_x509 as x509;

#[cfg(feature = "graviola")]
pub use ike_graviola as graviola;
#[cfg(feature = "rustcrypto")]
pub use ike_rustcrypto as rustcrypto;

#[cfg(feature = "cga")]
pub use ikee_cga as cga;
#[cfg(feature = "coexistence")]
pub use ikee_coexistence as coexistence;
#[cfg(feature = "correlation")]
pub use ikee_correlation as correlation;
#[cfg(feature = "discovery")]
pub use ikee_discovery as discovery;
#[cfg(feature = "dos")]
pub use ikee_dos as dos;
#[cfg(feature = "dpd")]
pub use ikee_dpd as dpd;
#[cfg(feature = "failover")]
pub use ikee_failover as failover;
#[cfg(feature = "fragmentation")]
pub use ikee_fragmentation as fragmentation;
#[cfg(feature = "fragmentation-v2")]
pub use ikee_fragmentation_v2 as fragmentation_v2;
#[cfg(feature = "nat-t")]
pub use ikee_nat_t as nat_t;
#[cfg(feature = "pcscf")]
pub use ikee_pcscf as pcscf;
#[cfg(feature = "realm")]
pub use ikee_realm as realm;
#[cfg(feature = "reliable-delete")]
pub use ikee_reliable_delete as reliable_delete;
#[cfg(feature = "server-address")]
pub use ikee_server_address as server_address;
#[cfg(feature = "status")]
pub use ikee_status as status;
#[cfg(feature = "xbox")]
pub use ikee_xbox as xbox;

pub mod manual;
pub mod profile;
