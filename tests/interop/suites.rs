//! Suites, each in both roles.

use crate::ikee::{Config, Ikee};
use crate::lab::{Family, Host, Lab};
use crate::peer::Peer;

fn agree(ike: &str, esp: &str) {
    let Some(lab) = Lab::two() else { return };
    let env = [("PROPOSALS", ike), ("ESP", esp)];
    let with = |mut config: Config| {
        config.proposals = ike.into();
        config.esp = esp.into();
        config
    };
    {
        let peer = Peer::start(&lab, "v2-psk", Host::B, Family::V4, &env);
        let ikee = Ikee::start(&lab, &with(Config::initiator(Family::V4)));
        ikee.up();
        peer.assert_up();
        lab.assert_pings();
        assert_suite(&ikee, ike, esp);
        ikee.stop();
    }
    let ikee = Ikee::start(&lab, &with(Config::responder()));
    let peer = Peer::start(&lab, "v2-psk", Host::A, Family::V6, &env);
    peer.up();
    lab.assert_pings();
    assert_suite(&ikee, ike, esp);
    ikee.stop();
}

fn assert_suite(ikee: &Ikee<'_>, ike: &str, esp: &str) {
    let sa = ikee.sa();
    assert_eq!(sa["suite"], ike, "{sa:#}");
    assert_eq!(sa["children"][0]["suite"], esp, "{sa:#}");
}

#[test]
fn aes_cbc_with_sha256_and_a_modp_group() {
    agree("aes128-sha256-modp2048", "aes128-sha256");
}

#[test]
fn aes_cbc_with_sha384_and_curve_p384() {
    agree("aes256-sha384-ecp384", "aes256-sha384");
}

#[test]
fn aes_gcm_with_curve_p256() {
    agree("aes256gcm16-prfsha256-ecp256", "aes256gcm16");
}

#[test]
fn chacha20_poly1305_with_x25519() {
    agree("chacha20poly1305-prfsha256-x25519", "chacha20poly1305");
}
