//! Users with passwords after phase 1: XAUTH as client and server, and hybrid authentication, where the user alone proves itself so.

use std::fs;
use std::os::unix::fs::OpenOptionsExt as _;

use crate::certificates::authority;
use crate::certificates::with_certificate;
use crate::ikee::{Config, Ikee, PSK};
use crate::ikev1::{assert_pings, assert_stands};
use crate::lab::{Family, Host, Lab};
use crate::peer::Peer;

/// The user that the lab knows.
const USER: &str = "user";

/// Our client, as this user with this password.
pub(crate) fn client(mut config: Config, password: &str) -> Config {
    config.connection += &format!("xauth = {{ user = \"{USER}\", password = \"{password}\" }}\n");
    config
}

/// Our server, which knows the lab's user.
pub(crate) fn server(lab: &Lab, mut config: Config) -> Config {
    let file = lab.run.join("users");
    let mut options = fs::OpenOptions::new();
    options.write(true).create(true).truncate(true).mode(0o600);
    let mut users = options.open(&file).expect("the users");
    std::io::Write::write_all(&mut users, format!("{USER}:{PSK}\n").as_bytes()).expect("the users");
    config.connection += &format!("xauth = {{ users_file = {file:?} }}\n");
    config
}

fn assert_user(ikee: &Ikee<'_>) {
    let log = ikee.log();
    assert!(log.contains("(user 'user')"), "{log}");
}

#[test]
fn our_client_says_its_password_to_strongswan_and_packets_pass() {
    let Some(lab) = Lab::two() else { return };
    let peer = Peer::start(&lab, "v1-xauth", Host::B, Family::V4, &[]);
    let ikee = Ikee::start(&lab, &client(Config::initiator(Family::V4).v1(), PSK));
    ikee.up();
    peer.assert_up();
    peer.assert_logged("XAuth authentication of 'user' successful");
    assert_pings(&lab);
    assert_stands(&ikee, "main");
    ikee.stop();
}

#[test]
fn our_server_asks_strongswan_for_a_password_and_packets_pass() {
    let Some(lab) = Lab::two() else { return };
    let ikee = Ikee::start(&lab, &server(&lab, Config::responder().v1()));
    let peer = Peer::start(&lab, "v1-xauth", Host::A, Family::V4, &[]);
    peer.up();
    peer.assert_logged("XAuth authentication of 'user' (myself) successful");
    assert_pings(&lab);
    assert_stands(&ikee, "main");
    assert_user(&ikee);
    ikee.stop();
}

#[test]
fn a_wrong_password_is_refused_on_both_sides() {
    let Some(lab) = Lab::two() else { return };
    {
        let peer = Peer::start(&lab, "v1-xauth", Host::B, Family::V4, &[]);
        let config = client(Config::initiator(Family::V4).v1(), "not the password");
        let ikee = Ikee::start(&lab, &config);
        ikee.up_fails();
        peer.assert_logged("XAuth authentication of 'user' failed");
        assert!(ikee.sas().is_empty(), "{:#?}", ikee.sas());
        ikee.stop();
    }
    let config = server(&lab, Config::responder().v1());
    fs::write(lab.run.join("users"), "user:not the password\n").expect("the users");
    let ikee = Ikee::start(&lab, &config);
    let peer = Peer::start(&lab, "v1-xauth", Host::A, Family::V4, &[]);
    peer.up_fails();
    peer.assert_logged("XAuth authentication of 'user' (myself) failed");
    assert!(ikee.sas().is_empty(), "{:#?}", ikee.sas());
    ikee.stop();
}

/// The lab has no scenario for hybrid authentication: the one with certificates, altered.
fn make_hybrid(peer: &Peer<'_>, lab: &Lab, host: Host) {
    let folder = lab.run.join(format!("ss-{}/swanctl", host.name()));
    let file = folder.join("swanctl.conf");
    let text = fs::read_to_string(&file).expect("its configuration");
    let certificate = match host {
        Host::A => "auth = pubkey\n      certs = rsa-a.pem",
        Host::B => "auth = pubkey\n      cacerts = rsa-ca.pem",
    };
    let user = match host {
        Host::A => format!("auth = xauth\n      xauth_id = {USER}"),
        Host::B => "auth = xauth".to_owned(),
    };
    let secret = format!("secrets {{ xauth-lab {{ id = {USER}\n      secret = \"{PSK}\" }}\n    ");
    let altered = text.replacen(certificate, &user, 1);
    assert_ne!(altered, text, "no certificates in {text}");
    let altered = altered.replacen("secrets { ", &secret, 1);
    fs::write(&file, altered).expect("its configuration");
    peer.command("load");
}

/// draft-ietf-ipsec-isakmp-hybrid-auth-05 §3.2.
#[test]
fn our_client_trusts_strongswans_certificate_and_is_a_user_alone() {
    let Some(lab) = Lab::two() else { return };
    let peer = Peer::start(&lab, "v1-rsa", Host::B, Family::V4, &[]);
    make_hybrid(&peer, &lab, Host::B);
    let mut config = client(Config::initiator(Family::V4).v1(), PSK);
    config.psk.clear();
    config.connection += &format!(
        "auth.local = \"null\"\nauth.remote = [\"cert\"]\nauth.authorities = [{:?}]\n",
        authority(&lab, "rsa-ca")
    );
    let ikee = Ikee::start(&lab, &config);
    ikee.up();
    peer.assert_up();
    peer.assert_logged("XAuth authentication of 'user' successful");
    assert_pings(&lab);
    assert_stands(&ikee, "main");
    assert!(ikee.log().contains("HYBRID"), "{}", ikee.log());
    ikee.stop();
}

/// draft-ietf-ipsec-isakmp-hybrid-auth-05 §3.2.
#[test]
fn our_server_shows_a_certificate_to_strongswan_which_is_a_user_alone() {
    let Some(lab) = Lab::two() else { return };
    let peer = Peer::start(&lab, "v1-rsa", Host::A, Family::V4, &[]);
    make_hybrid(&peer, &lab, Host::A);
    let config = with_certificate(&lab, Config::responder().v1(), ("rsa", "rsa-ca"));
    let mut config = server(&lab, config);
    let own = config.connection.lines();
    let own = own.filter(|line| !line.starts_with("auth.authorities"));
    config.connection = own.map(|line| format!("{line}\n")).collect();
    config.connection += "auth.local = \"cert\"\nauth.remote = [\"null\"]\n";
    let ikee = Ikee::start(&lab, &config);
    peer.up();
    peer.assert_logged("XAuth authentication of 'user' (myself) successful");
    assert_pings(&lab);
    assert_stands(&ikee, "main");
    assert_user(&ikee);
    ikee.stop();
}
