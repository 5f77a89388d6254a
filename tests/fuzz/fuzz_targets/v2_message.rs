//! See `ikee_fuzz::v2_message`.
#![cfg_attr(fuzzing, no_main)]
#[cfg(fuzzing)]
libfuzzer_sys::fuzz_target!(|data: &[u8]| ikee_fuzz::v2_message(data));
#[cfg(not(fuzzing))]
fn main() {}
