//! The provider suite of `ike-crypto` over this provider.

#![expect(clippy::print_stdout, reason = "a test says what it skipped")]

use ike_crypto::suite;

#[test]
fn the_provider_passes_the_suite() {
    let report = suite::run(ike_rustcrypto::provider(), &suite::data_dir());
    println!("{report}");
    report.assert();
}
