//! See `ikee_fuzz::certificate`.
#![cfg_attr(fuzzing, no_main)]
#[cfg(fuzzing)]
libfuzzer_sys::fuzz_target!(|data: &[u8]| ikee_fuzz::certificate(data));
#[cfg(not(fuzzing))]
fn main() {}
