//! See `ikee_fuzz::esp_open`.
#![cfg_attr(fuzzing, no_main)]
#[cfg(fuzzing)]
libfuzzer_sys::fuzz_target!(|data: &[u8]| ikee_fuzz::esp_open(data));
#[cfg(not(fuzzing))]
fn main() {}
