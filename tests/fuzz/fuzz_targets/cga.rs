//! See `ikee_fuzz::cga`.
#![cfg_attr(fuzzing, no_main)]
#[cfg(fuzzing)]
libfuzzer_sys::fuzz_target!(|data: &[u8]| ikee_fuzz::cga(data));
#[cfg(not(fuzzing))]
fn main() {}
