//! Virtual addresses, and the servers that an extension tells.

use std::fs;

use serde_json::{Value, json};

use crate::ikee::{Config, Ikee};
use crate::lab::{Family, Host, Lab};
use crate::peer::Peer;
use crate::scripted;

/// What our server does, as strongSwan's in the lab does it.
fn server() -> Config {
    let mut config = Config::responder();
    config.sections = "[extensions.server-address]\nipv4 = \"10.99.2.1\"\nipv6 = \"fd99:2::1\"\n\
        [connections.lab.addresses]\nassign_ipv4 = \"10.99.3.1\"\nassign_ipv6 = \"fd99:3::1/120\"\n\
        dns = [\"10.99.2.53\", \"fd99:2::53\"]"
        .into();
    config.remote_ts = None;
    config
}

fn client(family: Family) -> Config {
    let mut config = Config::initiator(family);
    config.sections = "[extensions.server-address]".into();
    config.connection = "addresses.request = [\"ipv4\", \"ipv6\"]".into();
    config.local = None;
    config
}

fn assert_pings(lab: &Lab) {
    for (source, target) in [("10.99.3.1", "10.99.2.1"), ("fd99:3::1", "fd99:2::1")] {
        assert!(lab.ping(source, target), "{source} to {target}");
    }
}

/// True when the list in the report has these texts, whatever stands beside them.
pub(crate) fn lists(report: &Value, parts: &[&str]) -> bool {
    let text = report.to_string();
    parts.iter().all(|part| text.contains(part))
}

#[test]
fn strongswan_gives_our_client_addresses_and_tells_its_servers() {
    for family in Family::BOTH {
        let Some(lab) = Lab::two() else { return };
        let peer = Peer::start(&lab, "v2-vip", Host::B, family, &[]);
        let ikee = Ikee::start(&lab, &client(family));
        ikee.up();
        peer.assert_up();
        assert_pings(&lab);
        let sa = ikee.sa();
        for (key, values) in [
            ("assigned", ["10.99.3.1", "fd99:3::1"]),
            ("dns", ["10.99.2.53", "fd99:2::53"]),
            ("servers", ["10.99.2.1", "fd99:2::1"]),
        ] {
            assert!(lists(&sa[key], &values), "{key} has {values:?}: {sa:#}");
        }
        ikee.stop();
    }
}

#[test]
fn our_server_gives_strongswan_addresses_and_tells_no_servers_unasked() {
    for family in Family::BOTH {
        let Some(lab) = Lab::two() else { return };
        let ikee = Ikee::start(&lab, &server());
        let peer = Peer::start(&lab, "v2-vip", Host::A, family, &[]);
        peer.up();
        peer.assert_logged("installing new virtual IP 10.99.3.1");
        peer.assert_logged("installing new virtual IP fd99:3::1");
        assert_pings(&lab);
        let log = peer.log();
        assert!(!log.contains("SRV"), "server attributes in\n{log}");
        ikee.stop();
    }
}

#[test]
fn our_server_tells_its_servers_to_our_client_which_asks() {
    let Some(lab) = Lab::two() else { return };
    let responder = Ikee::start(&lab, &server());
    let initiator = Ikee::start(&lab, &client(Family::V4));
    initiator.up();
    assert_pings(&lab);
    let sa = initiator.sa();
    assert!(lists(&sa["servers"], &["10.99.2.1", "fd99:2::1"]), "{sa:#}");
    assert_ne!(sa["assigned"], json!([]), "{sa:#}");
    initiator.stop();
    responder.stop();
}

/// [MS-IKEE] §3.11.5.1: a client that asks is told both servers, whatever value its question has.
#[test]
fn our_server_tells_its_servers_to_a_scripted_client() {
    const INTERNAL_IP4_SERVER: u16 = 23456;
    const INTERNAL_IP6_SERVER: u16 = 23457;
    const UNKNOWN: u16 = 23458;
    let Some(lab) = Lab::two() else { return };
    let ikee = Ikee::start(&lab, &server());
    let asks = vec![
        (UNKNOWN, vec![1, 2, 3]),
        (INTERNAL_IP4_SERVER, vec![]),
        (INTERNAL_IP6_SERVER, vec![0; 16]),
    ];
    let told = lab.within(Host::A, move || scripted::ask(asks));
    let told = told.join().expect("the client");
    let v6: std::net::Ipv6Addr = "fd99:2::1".parse().expect("an address");
    let expected = [
        (INTERNAL_IP4_SERVER, vec![10, 99, 2, 1]),
        (INTERNAL_IP6_SERVER, v6.octets().to_vec()),
    ];
    for server in &expected {
        assert!(told.contains(server), "{server:?} in {told:?}");
    }
    assert!(!told.iter().any(|it| it.0 == UNKNOWN), "{told:?}");
    ikee.stop();
}

/// [MS-IKEE] §3.16, RFC 7651: numeric attributes of strongSwan's pools.
#[test]
fn strongswan_tells_our_client_its_proxies() {
    let Some(lab) = Lab::two() else { return };
    let peer = Peer::start(&lab, "v2-vip", Host::B, Family::V4, &[]);
    let path = lab.run.join("ss-b/swanctl/swanctl.conf");
    let mut pools = fs::read_to_string(&path).expect("the peer's configuration");
    for (server, proxies) in [
        ("server = 10.99.2.1", "20 = 10.99.2.20, 10.99.2.21"),
        ("server = fd99:2::1", "21 = fd99:2::20, fd99:2::21"),
    ] {
        assert!(pools.contains(server), "{pools}");
        pools = pools.replace(server, &format!("{server}\n{proxies}"));
    }
    fs::write(&path, pools).expect("a file");
    lab.script("strongswan-ctl.sh", &["b", "load"], &[]);
    let mut config = client(Family::V4);
    config.sections = "[extensions.pcscf]".into();
    let ikee = Ikee::start(&lab, &config);
    ikee.up();
    peer.assert_up();
    let sa = ikee.sa();
    let proxies = json!(["10.99.2.20", "10.99.2.21", "fd99:2::20", "fd99:2::21"]);
    assert_eq!(sa["proxies"], proxies, "{sa:#}");
    ikee.stop();
}

/// [MS-IKEE] §3.16, RFC 7651: a client that asks is told, in our order, and strongSwan's, which does not, is not.
#[test]
fn our_server_tells_its_proxies_to_those_who_ask() {
    const P_CSCF_IP4_ADDRESS: u16 = 20;
    const P_CSCF_IP6_ADDRESS: u16 = 21;
    let Some(lab) = Lab::two() else { return };
    let mut config = server();
    config.sections +=
        "\n[extensions.pcscf]\naddresses = [\"10.99.2.9\", \"fd99:2::9\", \"10.99.2.8\"]";
    let ikee = Ikee::start(&lab, &config);
    let asks = vec![(P_CSCF_IP4_ADDRESS, vec![]), (P_CSCF_IP6_ADDRESS, vec![])];
    let told = lab.within(Host::A, move || scripted::ask(asks));
    let told = told.join().expect("the client");
    let v6: std::net::Ipv6Addr = "fd99:2::9".parse().expect("an address");
    let expected = [
        (P_CSCF_IP4_ADDRESS, vec![10, 99, 2, 9]),
        (P_CSCF_IP4_ADDRESS, vec![10, 99, 2, 8]),
        (P_CSCF_IP6_ADDRESS, v6.octets().to_vec()),
    ];
    assert_eq!(told, expected);
    let peer = Peer::start(&lab, "v2-vip", Host::A, Family::V4, &[]);
    peer.up();
    assert_pings(&lab);
    assert!(!peer.log().contains("P_CSCF"), "{}", peer.log());
    ikee.stop();
}
