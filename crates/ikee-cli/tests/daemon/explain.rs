//! `ikee explain`, for each way in which a negotiation fails.

use std::net::UdpSocket;

use isakmp_wire::v2::{KeyExchange, Nonce, SaBuilder, TransformType, kind};
use isakmp_wire::{
    ExchangeType, Flags, Header, MessageWriter, PayloadType, Spi, Version, vendor_id,
};
use serde_json::Value;

use super::{Daemon, Place, SECRET, configuration, text};

const NAMES: [&str; 2] = ["a.example", "b.example"];

/// Further keys of the connection and of its child, and changes to what is there.
#[derive(Clone, Copy, Default)]
struct Change {
    connection: &'static str,
    child: &'static str,
    replace: (&'static str, &'static str),
}

fn changed(text: &str, change: Change) -> String {
    let (from, to) = change.replace;
    let text = if from.is_empty() {
        text.to_owned()
    } else {
        assert!(text.contains(from), "{from} in {text}");
        text.replace(from, to)
    };
    let children = "[connections.peer.children.net]";
    text.replace(
        children,
        &format!("{}\n{children}\n{}", change.connection, change.child),
    )
}

/// Two daemons whose configurations do not fit, after `ikee up peer` on the first has failed.
fn fails(test: &str, changes: [Change; 2]) -> [Daemon; 2] {
    let (a, b) = (Place::free("127.0.0.1"), Place::free("127.0.0.1"));
    let pair = [
        Daemon::start(
            test,
            "a",
            &changed(&configuration(a, b, NAMES, SECRET), changes[0]),
        ),
        Daemon::start(
            test,
            "b",
            &changed(
                &configuration(b, a, [NAMES[1], NAMES[0]], SECRET),
                changes[1],
            ),
        ),
    ];
    let up = pair[0].control(&["up", "peer"]);
    assert_eq!(up.status.code(), Some(1), "{}", pair[0].log());
    pair
}

/// What `ikee explain peer` prints; it must hold each of these.
fn explained(daemon: &Daemon, parts: &[&str]) -> String {
    let output = daemon.control(&["explain", "peer"]);
    assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
    let said = text(&output.stdout);
    for part in parts {
        assert!(said.contains(part), "{part:?} in\n{said}");
    }
    assert!(!said.contains(SECRET), "no secrets in\n{said}");
    said
}

/// The first failure as JSON.
fn json(daemon: &Daemon) -> Value {
    let output = daemon.control(&["explain", "peer", "--json"]);
    let mut failures: Value = serde_json::from_slice(&output.stdout).unwrap();
    failures[0].take()
}

/// The command that is for our side.
fn remedy(failure: &Value) -> String {
    let advice = failure["advice"].as_array().unwrap();
    let here = advice
        .iter()
        .find(|it| it["side"] == "here" && it["command"].is_string());
    here.unwrap_or_else(|| panic!("something for here in {failure:#}"))["command"]
        .as_str()
        .unwrap()
        .to_owned()
}

#[test]
fn nothing_has_failed_yet_and_an_unknown_name_is_refused() {
    let [a, _b] = Daemon::pair("explain-none", [SECRET; 2]);
    explained(
        &a,
        &["peer: no negotiation has failed since the daemon started"],
    );
    let output = a.control(&["explain", "pear"]);
    assert_eq!(output.status.code(), Some(2));
    assert!(text(&output.stderr).contains("there is peer"));
    let output = a.control(&["explain"]);
    assert!(text(&output.stdout).contains("no stranger's negotiation has failed"));
}

#[test]
fn a_wrong_group_is_named_and_the_remedy_that_is_told_works() {
    let proposals = |connection| Change {
        connection,
        ..Change::default()
    };
    let [a, b] = fails(
        "explain-group",
        [
            proposals("proposals = [\"aes256-sha256-modp2048\"]"),
            proposals("proposals = [\"aes256-aes128-sha256-modp3072\"]"),
        ],
    );
    explained(
        &a,
        &[
            "NO_PROPOSAL_CHOSEN",
            "group",
            "ours: modp2048   theirs: not told",
            "ikee probe 127.0.0.1 --ikev2",
        ],
    );
    explained(
        &b,
        &[
            "encryption  ours: aes256, aes128   theirs: aes256   common: aes256",
            "group       ours: modp3072   theirs: modp2048   common: none",
            "at the peer: let the peer take group modp3072",
            "[connections.peer]",
        ],
    );
    assert_eq!(json(&b)["class"], "ike-suite");
    let remedy = remedy(&json(&b));
    let (section, key) = remedy.split_once('\n').unwrap();
    assert_eq!(section, "[connections.peer]");
    let configuration = std::fs::read_to_string(b.folder.join("ikee.toml"))
        .unwrap()
        .replace("proposals = [\"aes256-aes128-sha256-modp3072\"]", key);
    assert!(configuration.contains(key));
    b.end();
    let _b = Daemon::start("explain-group", "c", &configuration);
    let up = a.control(&["up", "peer"]);
    assert_eq!(up.status.code(), Some(0), "{}", text(&up.stderr));
    explained(&a, &["It has come up since."]);
}

#[test]
fn a_wrong_esp_suite_is_told_on_both_sides() {
    let child = |child| Change {
        child,
        ..Change::default()
    };
    let [a, b] = fails(
        "explain-esp",
        [
            child("proposals = [\"aes256gcm16\"]"),
            child("proposals = [\"aes128-sha256\"]"),
        ],
    );
    explained(&a, &["ours: aes256gcm16   theirs: not told", "for ESP"]);
    explained(
        &b,
        &[
            "encryption        ours: aes128   theirs: aes256gcm16   common: none",
            "[connections.peer.children.net]",
            "proposals = [\"aes128-sha256\", \"aes256gcm16",
        ],
    );
    assert_eq!(json(&b)["class"], "esp-suite");
    assert_eq!(json(&a)["class"], "esp-suite");
}

#[test]
fn a_wrong_secret_is_told_on_both_sides() {
    let [a, b] = fails(
        "explain-psk",
        [
            Change {
                replace: (SECRET, "another"),
                ..Change::default()
            },
            Change::default(),
        ],
    );
    explained(&a, &["'a.example' (our local_id)", "octet by octet"]);
    explained(&b, &["for 'a.example'", "octet by octet"]);
    assert_eq!(json(&a)["class"], "secret");
    assert_eq!(json(&b)["class"], "secret");
}

#[test]
fn an_identity_that_nobody_expects_is_told_with_the_one_that_is() {
    let [a, b] = fails(
        "explain-id",
        [
            Change::default(),
            Change {
                replace: ("remote_id = \"a.example\"", "remote_id = \"c.example\""),
                ..Change::default()
            },
        ],
    );
    explained(&a, &["AUTHENTICATION_FAILED", "a.example"]);
    explained(
        &b,
        &[
            "identity of the peer  ours: c.example   theirs: a.example   common: none",
            "remote_id = \"a.example\"",
        ],
    );
    assert_eq!(json(&b)["class"], "identity");
}

#[test]
fn an_identity_that_we_are_not_is_told() {
    let [_, b] = fails(
        "explain-us",
        [
            Change {
                replace: ("remote_id = \"b.example\"", "remote_id = \"d.example\""),
                ..Change::default()
            },
            Change::default(),
        ],
    );
    explained(
        &b,
        &[
            "our identity          ours: b.example   theirs: d.example   common: none",
            "local_id = \"d.example\"",
        ],
    );
}

#[test]
fn selectors_without_anything_in_common_are_told_with_both_sides() {
    let child = |child| Change {
        child,
        ..Change::default()
    };
    let [a, b] = fails(
        "explain-ts",
        [
            child("local = [\"10.1.0.0/16\"]\nremote = [\"10.2.0.0/16\"]"),
            child("local = [\"10.3.0.0/16\"]\nremote = [\"10.1.0.0/16\"]"),
        ],
    );
    explained(
        &a,
        &[
            "no traffic selectors in common",
            "theirs: not told",
            "10.2.0.0/16",
        ],
    );
    explained(
        &b,
        &[
            "behind us        ours: 10.3.0.0/16   theirs: 10.2.0.0/16   common: none",
            "behind the peer  ours: 10.1.0.0/16   theirs: 10.1.0.0/16   common: 10.1.0.0/16",
            "local = [\"10.2.0.0/16\"]",
        ],
    );
    assert_eq!(json(&b)["class"], "selectors");
}

#[test]
fn a_server_without_addresses_is_told() {
    let [a, b] = fails(
        "explain-cp",
        [
            Change {
                connection: "addresses.request = [\"ipv4\"]",
                ..Change::default()
            },
            Change {
                connection: "addresses.assign_ipv6 = \"fd00::2/64\"",
                ..Change::default()
            },
        ],
    );
    explained(&b, &["address", "assign_ipv4"]);
    assert_eq!(json(&b)["class"], "addresses");
    assert_eq!(json(&a)["class"], "addresses", "{:#}", json(&a));
}

#[test]
fn a_peer_that_never_answers_is_told_with_where_to_look() {
    let (here, nobody) = (Place::free("127.0.0.1"), Place::free("127.0.0.1"));
    let a = Daemon::start(
        "explain-silent",
        "a",
        &configuration(here, nobody, NAMES, SECRET),
    );
    a.control(&["up", "peer"]);
    explained(
        &a,
        &[
            &format!("nothing came back from UDP {}", nobody.ports[0]),
            "ikee probe 127.0.0.1 --ikev2",
            "on the way",
        ],
    );
    assert_eq!(json(&a)["class"], "silent");
}

#[test]
fn a_blocked_second_port_is_told_from_a_silent_peer() {
    let (here, there) = (Place::free("127.0.0.1"), Place::free("127.0.0.1"));
    let b = Daemon::start(
        "explain-4500",
        "b",
        &changed(
            &configuration(there, here, [NAMES[1], NAMES[0]], SECRET),
            Change::default(),
        ),
    );
    // it passes the first port on and changes addresses as a NAT does; nothing listens on the second
    let relay = UdpSocket::bind("127.0.0.1:0").unwrap();
    let port = relay.local_addr().unwrap().port();
    let nobody = Place::free("127.0.0.1").ports[1];
    std::thread::spawn(move || {
        let mut bytes = [0; 2000];
        while let Ok((length, from)) = relay.recv_from(&mut bytes) {
            let from_b = from.port() == there.ports[0];
            let to = if from_b { here } else { there };
            relay
                .send_to(&bytes[..length], (to.address, to.ports[0]))
                .unwrap();
        }
    });
    let through = Place {
        ports: [port, nobody],
        ..there
    };
    let a = Daemon::start(
        "explain-4500",
        "a",
        &configuration(here, through, NAMES, SECRET),
    );
    a.control(&["up", "peer"]);
    explained(
        &a,
        &[
            "IKE_AUTH",
            &format!("IKE_AUTH to UDP {nobody} was not"),
            "809",
        ],
    );
    assert_eq!(json(&a)["exchange"], "IKE_AUTH");
    b.end();
}

/// An IKE_SA_INIT request as an old Windows client sends it: 3DES, SHA-1, MODP-1024.
fn weak_windows() -> Vec<u8> {
    let header = Header {
        initiator: Spi::new(*b"windows!"),
        responder: Spi::ZERO,
        next: PayloadType::NONE,
        version: Version::V2,
        exchange: ExchangeType::IKE_SA_INIT,
        flags: Flags::INITIATOR,
        message_id: 0,
        length: 0,
    };
    let mut release = vendor_id::MS_NT5_ISAKMPOAKLEY.to_vec();
    release.extend(9_u32.to_be_bytes());
    let mut bytes = Vec::new();
    MessageWriter::begin(&mut bytes, &header)
        .payload_with(kind::SA, false, |body| {
            SaBuilder::new(body)
                .proposal(1, isakmp_wire::v2::ProtocolId::IKE, &[])
                .transform(TransformType::ENCR, 3, None)
                .transform(TransformType::INTEG, 2, None)
                .transform(TransformType::PRF, 2, None)
                .transform(TransformType::KE, 2, None)
                .finish();
        })
        .encode(
            kind::KE,
            &KeyExchange {
                group: 2,
                data: &[7; 128],
            },
        )
        .encode(kind::NONCE, &Nonce { data: &[7; 48] })
        .payload(kind::VENDOR_ID, false, &release)
        .finish();
    bytes
}

#[test]
fn a_weak_windows_client_is_told_as_a_stranger_with_the_line_for_powershell() {
    let (here, there) = (Place::free("127.0.0.1"), Place::free("127.0.0.1"));
    let for_anybody = configuration(here, there, NAMES, SECRET)
        .lines()
        .filter(|line| !line.starts_with("remote = ") && !line.starts_with("remote_ports"))
        .collect::<Vec<_>>()
        .join("\n");
    let change = Change {
        connection: "proposals = [\"aes256-sha256-modp2048\"]",
        child: "proposals = [\"aes256gcm16\"]",
        ..Change::default()
    };
    let a = Daemon::start("explain-windows", "a", &changed(&for_anybody, change));
    let client = UdpSocket::bind("127.0.0.1:0").unwrap();
    client
        .send_to(&weak_windows(), (here.address, here.ports[0]))
        .unwrap();
    let mut answer = [0; 100];
    client.recv(&mut answer).unwrap();
    let said = explained(
        &a,
        &[
            "a stranger: ",
            "The peer is Windows 8, Windows Server 2012 or later.",
            "Meant for one of these, perhaps: peer.",
            "group       ours: modp2048   theirs: modp1024   common: none",
            "error 13868",
            "Set-VpnConnectionIPsecConfiguration -ConnectionName NAME -AuthenticationTransformConstants GCMAES256 \
             -CipherTransformConstants GCMAES256 -DHGroup Group14 -EncryptionMethod AES256 -IntegrityCheckMethod \
             SHA256 -PfsGroup None -PassThru -Force",
            "NegotiateDH2048_AES256",
            "group modp1024 is weak or unknown here",
        ],
    );
    assert!(
        !said.contains("one more proposal"),
        "nobody is told to accept weak algorithms:\n{said}"
    );
    // without a name: the same
    let strangers = text(&a.control(&["explain"]).stdout);
    assert!(strangers.contains("modp1024"), "{strangers}");
    // many of the same are one entry
    for _ in 0..3 {
        client
            .send_to(&weak_windows(), (here.address, here.ports[0]))
            .unwrap();
        client.recv(&mut answer).unwrap();
    }
    let strangers = text(&a.control(&["explain"]).stdout);
    assert!(strangers.contains("4 times"), "{strangers}");
    assert_eq!(strangers.matches("a stranger: ").count(), 1, "{strangers}");
}
