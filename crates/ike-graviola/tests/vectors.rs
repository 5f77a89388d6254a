//! The provider suite of `ike-crypto` over this provider, and agreement with the other one.

#![expect(clippy::print_stdout, reason = "a test says what it skipped")]

use ike_crypto::{Provider, suite};

fn provider() -> Option<&'static Provider> {
    let provider = ike_graviola::provider();
    if provider.is_none() {
        println!("skipped: this processor lacks what graviola needs");
    }
    provider
}

#[test]
fn the_provider_passes_the_suite() {
    if let Some(provider) = provider() {
        let report = suite::run(provider, &suite::data_dir());
        println!("{report}");
        report.assert();
    }
}

#[test]
fn the_providers_understand_each_other() {
    if let Some(provider) = provider() {
        suite::agree(provider, ike_rustcrypto::provider()).assert();
    }
}

#[test]
fn the_providers_have_the_same_tables() {
    let Some(graviola) = provider() else { return };
    let other = ike_rustcrypto::provider();
    let ciphers = |provider: &Provider| {
        let tables = [provider.ciphers, provider.legacy.ciphers];
        tables.map(|table| {
            table
                .iter()
                .map(|entry| entry.encryption())
                .collect::<Vec<_>>()
        })
    };
    let groups = |provider: &Provider| {
        let tables = [provider.groups, provider.legacy.groups];
        tables.map(|table| table.iter().map(|entry| entry.id()).collect::<Vec<_>>())
    };
    let verifiers = |provider: &Provider| {
        let tables = [provider.verifiers, provider.legacy.verifiers];
        tables.map(|table| table.iter().map(|entry| entry.scheme()).collect::<Vec<_>>())
    };
    assert_eq!(ciphers(graviola), ciphers(other));
    assert_eq!(groups(graviola), groups(other));
    assert_eq!(verifiers(graviola), verifiers(other));
    assert_eq!(graviola.prfs.len(), other.prfs.len());
    assert_eq!(graviola.integrities.len(), other.integrities.len());
    assert_eq!(graviola.hashes.len(), other.hashes.len());
}
