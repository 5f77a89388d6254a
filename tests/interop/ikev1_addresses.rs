//! Addresses that one side asks for, or the other one sets: mode config in both directions.

use crate::addresses::lists;
use crate::ikee::{Config, Ikee};
use crate::ikev1::assert_stands;
use crate::lab::{Family, Host, Lab};
use crate::peer::Peer;

/// The address that the lab gives, and ours too.
const GIVEN: &str = "10.99.3.1";
const PUSH: &str = "mode_config = \"push\"\n";

/// As strongSwan's server in the lab.
pub(crate) fn server() -> Config {
    let mut config = Config::responder().v1();
    config.connection += "addresses = { assign_ipv4 = \"10.99.3.1\", assign_ipv6 = \"fd99:3::1/120\", \
         dns = [\"10.99.2.53\", \"fd99:2::53\"] }\n";
    config.sections =
        "[extensions.server-address]\nipv4 = \"10.99.2.1\"\nipv6 = \"fd99:2::1\"".into();
    config.remote_ts = None;
    config
}

fn client() -> Config {
    let mut config = Config::initiator(Family::V4).v1();
    config.connection += "addresses.request = [\"ipv4\", \"ipv6\"]\n";
    config.sections = "[extensions.server-address]".into();
    config.local = None;
    config
}

fn assert_passes(lab: &Lab) {
    let target = Host::B.inner(Family::V4);
    assert!(lab.ping(GIVEN, target), "no echo from {target} to {GIVEN}");
}

/// The first so many lists of what a server gives.
fn assert_told(ikee: &Ikee<'_>, count: usize) {
    let sa = ikee.sa();
    let told = [
        ("assigned", [GIVEN, "fd99:3::1"]),
        ("dns", ["10.99.2.53", "fd99:2::53"]),
        ("servers", ["10.99.2.1", "fd99:2::1"]),
    ];
    for (key, values) in told.into_iter().take(count) {
        assert!(lists(&sa[key], &values), "{key} has {values:?}: {sa:#}");
    }
}

#[test]
fn our_ikev1_client_asks_strongswan_for_addresses_and_packets_pass() {
    let Some(lab) = Lab::two() else { return };
    let peer = Peer::start(&lab, "v1-vip", Host::B, Family::V4, &[]);
    let ikee = Ikee::start(&lab, &client());
    ikee.up();
    peer.assert_up();
    assert_passes(&lab);
    assert_stands(&ikee, "main");
    assert_told(&ikee, 3);
    ikee.stop();
}

#[test]
fn our_ikev1_client_takes_the_addresses_that_strongswan_sets_and_packets_pass() {
    let Some(lab) = Lab::two() else { return };
    let peer = Peer::start(&lab, "v1-vip-push", Host::B, Family::V4, &[]);
    let mut config = client();
    config.connection += PUSH;
    let ikee = Ikee::start(&lab, &config);
    ikee.up();
    peer.assert_up();
    peer.assert_logged("CPS(ADDR ADDR6 DNS SRV DNS6 SRV6)");
    assert_passes(&lab);
    // the servers are for those who have asked
    assert_told(&ikee, 2);
    ikee.stop();
}

#[test]
fn our_ikev1_server_answers_strongswan_with_addresses_and_packets_pass() {
    let Some(lab) = Lab::two() else { return };
    let ikee = Ikee::start(&lab, &server());
    let peer = Peer::start(&lab, "v1-vip", Host::A, Family::V4, &[]);
    peer.up();
    peer.assert_logged("installing new virtual IP 10.99.3.1");
    peer.assert_logged("installing new virtual IP fd99:3::1");
    assert_passes(&lab);
    assert_stands(&ikee, "main");
    ikee.stop();
}

#[test]
fn our_ikev1_server_sets_strongswans_addresses_and_packets_pass() {
    let Some(lab) = Lab::two() else { return };
    let mut config = server();
    config.connection += PUSH;
    let ikee = Ikee::start(&lab, &config);
    let peer = Peer::start(&lab, "v1-vip-push", Host::A, Family::V4, &[]);
    peer.up();
    peer.assert_logged("installing new virtual IP 10.99.3.1");
    assert_passes(&lab);
    ikee.stop();
}

#[test]
fn two_ikees_agree_on_addresses_in_both_directions_of_mode_config() {
    for push in ["", PUSH] {
        let Some(lab) = Lab::two() else { return };
        let (mut server, mut client) = (server(), client());
        server.connection += push;
        client.connection += push;
        let responder = Ikee::start(&lab, &server);
        let initiator = Ikee::start(&lab, &client);
        initiator.up();
        assert_passes(&lab);
        let sa = initiator.sa();
        let given = lists(&sa["assigned"], &[GIVEN, "fd99:3::1"]);
        assert!(given, "{sa:#}");
        initiator.stop();
        responder.stop();
    }
}
