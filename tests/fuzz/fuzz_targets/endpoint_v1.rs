//! See `ikee_fuzz::endpoint_v1`.
#![cfg_attr(fuzzing, no_main)]
#[cfg(fuzzing)]
libfuzzer_sys::fuzz_target!(|data: &[u8]| ikee_fuzz::endpoint_v1(data));
#[cfg(not(fuzzing))]
fn main() {}
