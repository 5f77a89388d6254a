//! Daemons that speak IKEv1 with each other.

use std::net::UdpSocket;

use super::{House, configuration, ports};
use crate::control::{Class, Command, Keys};

/// `a` and `b`, with these further keys of their connections.
fn pair(test: &str, [a, b]: [&str; 2]) -> House {
    let [at_a, at_b, _] = ports();
    let text = |name, ports, peer, peers, keys: &str| {
        let text = configuration(name, ports, &[(peer, peers)]);
        let section = format!("[connections.{peer}]\n");
        text.replacen(&section, &format!("{section}{keys}\n"), 1)
    };
    House::of(
        test,
        vec![text("a", at_a, "b", at_b, a), text("b", at_b, "a", at_a, b)],
    )
}

/// Asks again and again, which takes a while each time.
fn wait_for(what: &str, mut holds: impl FnMut() -> bool) {
    let came = (0..20_000).any(|_| holds());
    assert!(came, "{what} did not come");
}

const V1: &str = "version = \"ikev1\"";

fn up(peer: &str) -> Command {
    Command::Up { name: peer.into() }
}

#[test]
fn a_connection_of_ikev1_comes_up_is_renewed_and_goes() {
    let house = pair("v1", [V1, V1]);
    let said = house.ask("a", up("b"));
    assert!(said.ok, "{said:?}");
    let sa = house.status("a").sas.remove(0);
    let negotiated = (sa.negotiated.version, sa.negotiated.mode.as_deref());
    assert_eq!(negotiated, (1, Some("main")));
    // what cannot carry bare ESP pretends to a NAT, and both know
    assert!(sa.nat.0 || sa.nat.1, "{sa:?}");
    for what in [Keys::Children, Keys::Ike, Keys::Reauthenticate] {
        let name = "b".to_owned();
        let said = house.ask("a", Command::Rekey { name, what });
        assert!(said.ok, "{said:?}");
    }
    let again = house.status("a").sas.remove(0);
    assert_ne!(again.spis, sa.spis);
    assert!(!again.children.is_empty());
    assert!(house.ask("b", Command::Down { name: "a".into() }).ok);
    for who in ["a", "b"] {
        wait_for("its end", || house.status(who).sas.is_empty());
    }
}

#[test]
fn users_are_asked_for_and_the_wrong_password_is_explained() {
    let server = "version = \"ikev1\"\nxauth = { users_file = \"users\" }";
    let users = std::env::temp_dir().join(format!("ikee-xauth-{}", std::process::id()));
    std::fs::create_dir_all(&users).unwrap();
    let file = users.join("users");
    std::fs::write(&file, "alice:right\n").unwrap();
    let mode = std::os::unix::fs::PermissionsExt::from_mode(0o600);
    std::fs::set_permissions(&file, mode).unwrap();
    let client = |password: &str| {
        format!("version = \"ikev1\"\nxauth = {{ user = \"alice\", password = \"{password}\" }}")
    };
    {
        let house = pair("xauth", [&client("wrong"), server]);
        let said = house.ask("a", up("b"));
        assert!(!said.ok, "{said:?}");
        for (who, peer) in [("a", "b"), ("b", "a")] {
            let name = Some(peer.to_owned());
            let failures = house.ask(who, Command::Explain { name }).failures.unwrap();
            assert_eq!(failures[0].class, Class::User, "{failures:?}");
        }
    }
    std::fs::create_dir_all(&users).unwrap();
    std::fs::write(&file, "alice:right\n").unwrap();
    let mode = std::os::unix::fs::PermissionsExt::from_mode(0o600);
    std::fs::set_permissions(&file, mode).unwrap();
    let house = pair("xauth", [&client("right"), server]);
    let said = house.ask("a", up("b"));
    assert!(said.ok, "{said:?}");
    let sa = house.status("b").sas.remove(0);
    assert_eq!(sa.negotiated.user.as_deref(), Some("alice"));
}

#[test]
fn either_version_reaches_a_connection_of_both_and_it_begins_with_ikev2() {
    let both = "version = \"both\"";
    let house = pair("both", [V1, both]);
    assert!(house.ask("a", up("b")).ok);
    assert_eq!(house.status("b").sas[0].negotiated.version, 1);
    drop(house);
    let house = pair("both", [both, both]);
    assert!(house.ask("a", up("b")).ok);
    assert_eq!(house.status("b").sas[0].negotiated.version, 2);
    let listed = house.ask("a", Command::List).connections.unwrap();
    assert_eq!(listed.len(), 1);
    assert_eq!(listed[0].versions, "1+2");
}

#[test]
fn messages_of_ikev1_are_counted_and_dropped_where_nothing_speaks_it() {
    let [at_a, at_b, _] = ports();
    let text = configuration("a", at_a, &[("b", at_b)]);
    let house = House::of("off", vec![text]);
    let before = house.status("a").dropped;
    let stranger = UdpSocket::bind("127.0.0.1:0").unwrap();
    let mut message = [7; 28];
    message[17] = 0x10;
    stranger.send_to(&message, ("127.0.0.1", at_a[0])).unwrap();
    wait_for("a count", || house.status("a").dropped > before);
}
