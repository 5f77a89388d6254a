//! See `ikee_fuzz::each_payload`.
#![cfg_attr(fuzzing, no_main)]
#[cfg(fuzzing)]
libfuzzer_sys::fuzz_target!(|data: &[u8]| ikee_fuzz::each_payload(data));
#[cfg(not(fuzzing))]
fn main() {}
