//! Fuzz targets: each is a plain function of octets that must not panic.
//!
//! `cargo fuzz run --fuzz-dir tests/fuzz TARGET` runs one under libFuzzer. As tests on stable, all of them replay their
//! own seeds, those below `IKEE_TEST_DATA`, and a fixed number of mutations of both.

mod certificate;
mod cga;
mod endpoint;
mod endpoint_v1;
mod esp;
mod input;
mod payloads;
mod reassembly;
#[cfg(test)]
mod replay;

pub use certificate::certificate;
pub use cga::cga;
pub use endpoint::endpoint_v2;
pub use endpoint_v1::endpoint_v1;
pub use esp::esp_open;
pub use payloads::{each_payload, v1_message, v2_message};
pub use reassembly::reassembly;
