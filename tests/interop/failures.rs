//! What cannot work: one line on our side that says what each side had, and the right notify on the wire.

use crate::ikee::{Config, Ikee};
use crate::lab::{Family, Host, Lab};
use crate::peer::Peer;

/// Gives up within seconds.
const IMPATIENT: &str = "retransmit = { first = \"500ms\", longest = \"1s\", tries = 3 }";

/// We initiate and must fail; the line holds each of `said`, strongSwan's log `logged`.
fn refused(change: impl FnOnce(&mut Config), said: &[&str], logged: &str) {
    let Some(lab) = Lab::two() else { return };
    let peer = Peer::start(&lab, "v2-psk", Host::B, Family::V4, &[]);
    let mut config = Config::initiator(Family::V4);
    config.connection = IMPATIENT.into();
    change(&mut config);
    let ikee = Ikee::start(&lab, &config);
    let line = ikee.up_fails();
    for part in said {
        assert!(line.contains(part), "{part:?} in {line:?}");
    }
    peer.assert_logged(logged);
    // an IKE SA without the child is an IKE SA (RFC 7296 §1.3.1)
    for sa in ikee.sas() {
        assert_eq!(sa["children"], serde_json::json!([]), "{sa:#}");
    }
    ikee.stop();
}

/// strongSwan initiates and must fail; our log holds each of `said` in one line, strongSwan's `logged`.
fn refuses(change: impl FnOnce(&mut Config), said: &[&str], logged: &str) {
    let Some(lab) = Lab::two() else { return };
    let mut config = Config::responder();
    change(&mut config);
    let ikee = Ikee::start(&lab, &config);
    let peer = Peer::start(&lab, "v2-psk", Host::A, Family::V4, &[]);
    peer.up_fails();
    peer.assert_logged(logged);
    let log = ikee.log();
    assert!(
        log.lines()
            .any(|line| line.contains("WARN") && said.iter().all(|part| line.contains(part))),
        "a warning with {said:?} in\n{log}"
    );
    ikee.stop();
}

const OTHER_PSK: &str = "not-the-psk-of-the-lab";

#[test]
fn a_wrong_secret_of_ours_is_told_with_both_identities() {
    refused(
        |config| config.psk = OTHER_PSK.into(),
        &["AUTHENTICATION_FAILED", "a.lab", "b.lab"],
        "generating IKE_AUTH response 1 [ N(AUTH_FAILED) ]",
    );
}

#[test]
fn a_wrong_secret_of_the_peers_is_answered_with_authentication_failed() {
    refuses(
        |config| config.psk = OTHER_PSK.into(),
        &["a.lab"],
        "parsed IKE_AUTH response 1 [ N(AUTH_FAILED) ]",
    );
}

#[test]
fn an_identity_that_the_peer_does_not_know_is_told() {
    refused(
        |config| config.local_id = "stranger.lab".into(),
        &["AUTHENTICATION_FAILED", "stranger.lab"],
        "N(AUTH_FAILED)",
    );
}

#[test]
fn an_identity_that_we_do_not_know_is_answered_with_authentication_failed() {
    refuses(
        |config| config.remote_id = "stranger.lab".into(),
        &["a.lab", "stranger.lab"],
        "parsed IKE_AUTH response 1 [ N(AUTH_FAILED) ]",
    );
}

#[test]
fn no_common_ike_suite_is_told_with_our_offer() {
    refused(
        |config| config.proposals = "aes192-sha512-modp3072".into(),
        &["NO_PROPOSAL_CHOSEN", "aes192-sha512-modp3072"],
        "generating IKE_SA_INIT response 0 [ N(NO_PROP) ]",
    );
}

#[test]
fn no_common_ike_suite_is_answered_with_no_proposal_chosen() {
    refuses(
        |config| config.proposals = "aes192-sha512-modp3072".into(),
        &["aes192-sha512-modp3072", "aes256-sha256-modp2048"],
        "parsed IKE_SA_INIT response 0 [ N(NO_PROP) ]",
    );
}

#[test]
fn no_common_esp_suite_is_told_with_our_offer() {
    refused(
        |config| config.esp = "aes192-sha512".into(),
        &["NO_PROPOSAL_CHOSEN", "aes192-sha512"],
        "N(NO_PROP)",
    );
}

#[test]
fn no_common_esp_suite_is_answered_with_no_proposal_chosen() {
    refuses(
        |config| config.esp = "aes192-sha512".into(),
        &["aes192-sha512", "aes128gcm16"],
        "N(NO_PROP)",
    );
}

#[test]
fn no_common_selectors_are_told_with_ours() {
    refused(
        |config| config.remote_ts = Some(r#"["10.88.0.0/16"]"#.into()),
        &["no traffic selectors in common", "10.88.0.0/16"],
        "N(TS_UNACCEPT)",
    );
}

#[test]
fn no_common_selectors_are_answered_with_ts_unacceptable() {
    refuses(
        |config| config.local = Some(r#"["10.88.0.0/16"]"#.into()),
        &["10.88.0.0/16", "10.99.2.1"],
        "N(TS_UNACCEPT)",
    );
}

#[test]
fn a_silent_peer_is_told_as_one() {
    let Some(lab) = Lab::two() else { return };
    let mut config = Config::initiator(Family::V4);
    config.connection = IMPATIENT.into();
    let ikee = Ikee::start(&lab, &config);
    let line = ikee.up_fails();
    assert!(line.contains("10.99.0.2"), "{line}");
    assert!(ikee.sas().is_empty(), "{:#?}", ikee.sas());
    ikee.stop();
}
