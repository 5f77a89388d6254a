//! See `ikee_fuzz::reassembly`.
#![cfg_attr(fuzzing, no_main)]
#[cfg(fuzzing)]
libfuzzer_sys::fuzz_target!(|data: &[u8]| ikee_fuzz::reassembly(data));
#[cfg(not(fuzzing))]
fn main() {}
