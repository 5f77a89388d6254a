//! `ikee probe` against scripted responders and our own daemon, on loopback.

use std::net::UdpSocket;
use std::process::{Command, Output};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use isakmp_wire::v1::{Phase1Attribute, SecurityAssociation as V1Sa};
use isakmp_wire::v2::{
    KeyExchange, Nonce, Notify, NotifyType, ProtocolId, SaBuilder, SecurityAssociation,
    TransformType, kind,
};
use isakmp_wire::{ExchangeType, Flags, Header, Message, MessageWriter, Spi, v1, vendor_id};
use serde_json::{Value, json};

use super::{Daemon, Place, SECRET, configuration, text};

fn probe(port: u16, arguments: &[&str]) -> Output {
    let port = port.to_string();
    Command::new(env!("CARGO_BIN_EXE_ikee"))
        .args(["probe", "127.0.0.1", "--interval", "250", "--port", &port])
        .args(arguments)
        .output()
        .unwrap()
}

fn report(port: u16, arguments: &[&str]) -> Value {
    let output = probe(port, &[arguments, &["--json"]].concat());
    assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
    serde_json::from_slice(&output.stdout).unwrap()
}

/// A responder that takes one suite and keeps count of what it keeps.
struct Scripted {
    port: u16,
    half_open: Arc<AtomicU32>,
    asked: Arc<AtomicU32>,
}

/// How it differs from a usual one.
#[derive(Clone, Copy, Default)]
struct Manners {
    cookies: bool,
    /// It does not answer proposals of DES as it should.
    strict: bool,
}

/// Cipher, key length, PRF, integrity, groups.
const TAKES: (u16, u16, u16, u16, [u16; 2]) = (12, 256, 5, 12, [14, 19]);

impl Scripted {
    fn ikev2(manners: Manners) -> Self {
        let (half_open, asked) = <(Arc<AtomicU32>, Arc<AtomicU32>)>::default();
        let counts = (Arc::clone(&half_open), Arc::clone(&asked));
        Self {
            port: serve(move |message| {
                counts.1.fetch_add(1, Ordering::SeqCst);
                let (answer, kept) = init(message, manners);
                counts.0.fetch_add(u32::from(kept), Ordering::SeqCst);
                answer
            }),
            half_open,
            asked,
        }
    }

    fn ikev1() -> Self {
        let (half_open, asked) = <(Arc<AtomicU32>, Arc<AtomicU32>)>::default();
        let counts = (Arc::clone(&half_open), Arc::clone(&asked));
        Self {
            port: serve(move |message| {
                counts.1.fetch_add(1, Ordering::SeqCst);
                let (answer, kept) = main_mode(message);
                counts.0.fetch_add(u32::from(kept), Ordering::SeqCst);
                answer
            }),
            half_open,
            asked,
        }
    }
}

fn serve(answer: impl Fn(&Message<'_>) -> Vec<u8> + Send + 'static) -> u16 {
    let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
    let port = socket.local_addr().unwrap().port();
    std::thread::spawn(move || {
        let mut bytes = [0; 4000];
        while let Ok((length, from)) = socket.recv_from(&mut bytes) {
            let message = Message::parse(&bytes[..length]).expect("a message");
            assert!(length < 1280, "one packet carries it everywhere: {length}");
            socket.send_to(&answer(&message), from).unwrap();
        }
    });
    port
}

fn response(request: &Header) -> Header {
    Header {
        responder: Spi::new(*b"scripted"),
        flags: Flags::RESPONSE,
        ..*request
    }
}

fn notify(kind: NotifyType, data: &[u8]) -> Notify<'_> {
    Notify {
        protocol: ProtocolId::NONE,
        spi: &[],
        kind,
        data,
    }
}

fn init(message: &Message<'_>, manners: Manners) -> (Vec<u8>, bool) {
    let sa = SecurityAssociation::parse(message.payloads.first(kind::SA).unwrap()).unwrap();
    let ke = KeyExchange::parse(message.payloads.first(kind::KE).unwrap()).unwrap();
    let mut bytes = Vec::new();
    let header = response(&message.header);
    let mut writer = MessageWriter::begin(&mut bytes, &header);
    let cookie = message
        .payloads
        .iter()
        .filter(|it| it.kind == kind::NOTIFY)
        .filter_map(|it| Notify::parse(it).ok())
        .any(|it| it.kind == NotifyType::COOKIE && it.data == b"cookie");
    if manners.cookies && !cookie {
        writer.encode(kind::NOTIFY, &notify(NotifyType::COOKIE, b"cookie"));
        writer.finish();
        return (bytes, false);
    }
    let all = || sa.proposals().flat_map(|it| it.transforms());
    let offered = sa.proposals().find_map(|proposal| {
        let has = |kind, id, bits: Option<u16>| {
            let mut transforms = proposal.transforms();
            transforms.any(|it| it.kind == kind && it.id == id && it.key_length() == bits)
        };
        let rest = has(TransformType::ENCR, TAKES.0, Some(TAKES.1))
            && has(TransformType::PRF, TAKES.2, None)
            && has(TransformType::INTEG, TAKES.3, None);
        let mut groups = TAKES.4.into_iter();
        let group = groups.find(|&it| has(TransformType::KE, it, None));
        group.filter(|_| rest).map(|group| (proposal.number, group))
    });
    let des = all().any(|it| it.kind == TransformType::ENCR && it.id == 2);
    match offered {
        _ if manners.strict && des => {
            writer.encode(kind::NOTIFY, &notify(NotifyType::INVALID_SYNTAX, &[]));
        }
        None => {
            writer.encode(kind::NOTIFY, &notify(NotifyType::NO_PROPOSAL_CHOSEN, &[]));
        }
        Some((_, group)) if ke.group != group => {
            let data = group.to_be_bytes();
            writer.encode(kind::NOTIFY, &notify(NotifyType::INVALID_KE_PAYLOAD, &data));
        }
        Some((number, group)) => {
            taken(&mut writer, number, group);
            writer.finish();
            return (bytes, true);
        }
    }
    writer.finish();
    (bytes, false)
}

fn taken(writer: &mut MessageWriter<'_>, number: u8, group: u16) {
    let release = [&vendor_id::MS_NT5_ISAKMPOAKLEY[..], &9_u32.to_be_bytes()].concat();
    let hashes = [0, 2, 0, 4];
    writer
        .payload_with(kind::SA, false, |body| {
            SaBuilder::new(body)
                .proposal(number, ProtocolId::IKE, &[])
                .transform(TransformType::ENCR, TAKES.0, Some(TAKES.1))
                .transform(TransformType::PRF, TAKES.2, None)
                .transform(TransformType::INTEG, TAKES.3, None)
                .transform(TransformType::KE, group, None)
                .finish();
        })
        .encode(
            kind::KE,
            &KeyExchange {
                group,
                data: &[7; 64],
            },
        )
        .encode(kind::NONCE, &Nonce { data: &[7; 32] })
        // hashes of other addresses than ours: NATs on both sides
        .encode(
            kind::NOTIFY,
            &notify(NotifyType::NAT_DETECTION_SOURCE_IP, &[1; 20]),
        )
        .encode(
            kind::NOTIFY,
            &notify(NotifyType::NAT_DETECTION_DESTINATION_IP, &[2; 20]),
        )
        .encode(
            kind::NOTIFY,
            &notify(NotifyType::IKEV2_FRAGMENTATION_SUPPORTED, &[]),
        )
        .encode(
            kind::NOTIFY,
            &notify(NotifyType::SIGNATURE_HASH_ALGORITHMS, &hashes),
        )
        .payload(kind::CERTREQ, false, &[&[4_u8][..], &[9; 40]].concat())
        .payload(kind::VENDOR_ID, false, &release);
}

fn assert_one_suite(findings: &Value) {
    assert_eq!(findings["chosen"], "aes256-sha256-modp2048", "{findings:#}");
    assert_eq!(
        findings["accepts"],
        json!({
            "encryption": ["aes256"],
            "integrity": ["sha256"],
            "prf": ["prfsha256"],
            "groups": ["modp2048", "ecp256"],
        })
    );
    assert_eq!(findings["complete"], true, "{findings:#}");
    assert_eq!(findings["weak"], json!([]));
}

#[test]
fn a_responder_is_found_out_and_left_with_one_half_open_sa() {
    let peer = Scripted::ikev2(Manners::default());
    let report = report(peer.port, &["--ikev2"]);
    let findings = &report["ikev2"];
    assert_one_suite(findings);
    assert_eq!(report["half_open"], 1);
    assert_eq!(peer.half_open.load(Ordering::SeqCst), 1, "{report:#}");
    assert_eq!(report["datagrams"], peer.asked.load(Ordering::SeqCst));
    assert!(report["ikev1"].is_null());
    let hints = &findings["hints"];
    assert_eq!(hints["cookies"], false);
    assert_eq!(hints["fragmentation"], true);
    assert_eq!(hints["nat"], json!([true, true]));
    assert_eq!(
        hints["signature_hashes"].as_array().unwrap().len(),
        2,
        "{hints:#}"
    );
    assert!(
        hints["certificate_requests"][0]
            .as_str()
            .unwrap()
            .ends_with("of 2 authorities"),
        "{hints:#}"
    );
    // it announces fragments, which releases before Windows 10 and Server 2019 do not
    assert_eq!(
        findings["windows"],
        "Windows 10, Windows Server 2019, Windows Server 2022, Windows 11 or Windows Server 2025"
    );
    assert_eq!(
        findings["windows_reasons"][0], "its vendor ID says 9",
        "{findings:#}"
    );
    assert_eq!(
        findings["vendor_ids"][0]["name"],
        "Microsoft IKE implementation"
    );
}

#[test]
fn cookies_are_returned_and_told() {
    let peer = Scripted::ikev2(Manners {
        cookies: true,
        ..Manners::default()
    });
    let report = report(peer.port, &["--ikev2", "--datagrams", "100"]);
    assert_one_suite(&report["ikev2"]);
    assert_eq!(report["ikev2"]["hints"]["cookies"], true);
    assert_eq!(peer.half_open.load(Ordering::SeqCst), 1);
}

#[test]
fn a_peer_that_wants_no_odd_questions_is_asked_plainly_within_the_limit() {
    let peer = Scripted::ikev2(Manners {
        strict: true,
        ..Manners::default()
    });
    let report = report(peer.port, &["--ikev2", "--half-open", "3"]);
    assert_one_suite(&report["ikev2"]);
    let kept = peer.half_open.load(Ordering::SeqCst);
    assert_eq!(report["half_open"], kept);
    assert!(kept <= 3, "{report:#}");
}

#[test]
fn limits_end_the_questions_and_say_so() {
    let peer = Scripted::ikev2(Manners::default());
    let report = report(peer.port, &["--ikev2", "--datagrams", "3"]);
    assert_eq!(peer.asked.load(Ordering::SeqCst), 3);
    assert_eq!(report["ikev2"]["complete"], false);
    assert!(
        report["ikev2"]["notes"][0]
            .as_str()
            .unwrap()
            .contains("the limit of datagrams"),
        "{report:#}"
    );
}

#[test]
fn limits_that_would_be_impolite_are_refused() {
    for arguments in [
        ["--interval", "10"],
        ["--half-open", "13"],
        ["--datagrams", "1000"],
        ["--time", "100000"],
    ] {
        let output = Command::new(env!("CARGO_BIN_EXE_ikee"))
            .args(["probe", "127.0.0.1"])
            .args(arguments)
            .output()
            .unwrap();
        assert_eq!(output.status.code(), Some(2), "{arguments:?}");
    }
}

#[test]
fn a_closed_port_is_told_at_once() {
    let port = Place::free("127.0.0.1").ports[0];
    let output = probe(port, &["--ikev2"]);
    assert_eq!(output.status.code(), Some(1));
    let said = text(&output.stdout);
    assert!(said.contains("not reachable: Connection refused"), "{said}");
}

/// Main mode's second message: AES-128, SHA-1, MODP-2048 with a shared key, or MODP-1024 as well.
fn main_mode(message: &Message<'_>) -> (Vec<u8>, bool) {
    let sa = V1Sa::parse(message.payloads.first(v1::kind::SA).unwrap()).unwrap();
    let proposal = sa.proposals().next().unwrap();
    let takes = |transform: &v1::Transform<'_>| {
        let value = |class: Phase1Attribute| {
            let attributes = transform.attributes();
            attributes.first(class.get()).and_then(|it| it.number())
        };
        value(Phase1Attribute::ENCRYPTION) == Some(7)
            && value(Phase1Attribute::KEY_LENGTH) == Some(128)
            && value(Phase1Attribute::HASH) == Some(2)
            && value(Phase1Attribute::AUTHENTICATION) == Some(1)
            && matches!(value(Phase1Attribute::GROUP_DESCRIPTION), Some(14 | 2))
    };
    let mut bytes = Vec::new();
    let chosen = proposal.transforms().find(takes);
    let mut header = Header {
        responder: Spi::new(*b"scripted"),
        ..message.header
    };
    if chosen.is_none() {
        header.exchange = ExchangeType::V1_INFORMATIONAL;
    }
    let mut writer = MessageWriter::begin(&mut bytes, &header);
    match &chosen {
        None => {
            let refusal = v1::Notification {
                doi: v1::Doi::IPSEC,
                protocol: v1::ProtocolId::ISAKMP,
                spi: &[],
                kind: v1::NotifyType::NO_PROPOSAL_CHOSEN,
                data: &[],
            };
            writer.encode(v1::kind::NOTIFY, &refusal);
        }
        Some(transform) => {
            writer.payload_with(v1::kind::SA, false, |body| {
                let mut sa = v1::SaBuilder::new(body);
                sa.proposal(1, v1::ProtocolId::ISAKMP, &[]);
                sa.transform(transform.number, transform.id);
                for attribute in transform.attributes() {
                    sa.attribute(attribute);
                }
                sa.finish();
            });
            let fragments = [&vendor_id::FRAGMENTATION[..], &[0x80, 0, 0, 0]].concat();
            writer.payload(v1::kind::VENDOR_ID, false, &vendor_id::DEAD_PEER_DETECTION);
            writer.payload(v1::kind::VENDOR_ID, false, &fragments);
        }
    }
    writer.finish();
    (bytes, chosen.is_some())
}

#[test]
fn main_mode_tells_the_suite_and_each_part_that_can_be_exchanged() {
    let peer = Scripted::ikev1();
    let report = report(peer.port, &["--ikev1"]);
    let findings = &report["ikev1"];
    assert_eq!(findings["complete"], true, "{findings:#}");
    assert_eq!(
        findings["accepts"],
        json!({
            "encryption": ["aes128"],
            "integrity": ["sha1"],
            "groups": ["modp2048", "modp1024"],
            "authentication": ["PRE_SHARED_KEY"],
        })
    );
    assert!(
        findings["weak"].to_string().contains("modp1024"),
        "{findings:#}"
    );
    assert_eq!(findings["hints"]["fragmentation"], true);
    assert_eq!(
        report["half_open"], 2,
        "one for each thing learnt: {report:#}"
    );
    assert_eq!(peer.half_open.load(Ordering::SeqCst), 2);
}

#[test]
fn our_own_daemon_is_found_out_and_keeps_nothing() {
    let (here, nobody) = (Place::free("127.0.0.1"), Place::free("127.0.0.1"));
    let text = configuration(here, nobody, ["a.example", "b.example"], SECRET).replace(
        "[connections.peer.children.net]",
        "proposals = [\"aes256gcm16-prfsha384-ecp384-x25519\", \"aes128-sha256-ecp384\"]\n\
         [connections.peer.children.net]",
    );
    let daemon = Daemon::start("probe", "a", &text);
    let report = report(here.ports[0], &["--ikev2"]);
    let accepts = &report["ikev2"]["accepts"];
    let sorted = |list: &Value| {
        let mut words: Vec<String> = serde_json::from_value(list.clone()).unwrap();
        words.sort();
        words.join(" ")
    };
    assert_eq!(
        sorted(&accepts["encryption"]),
        "aes128 aes256gcm16",
        "{report:#}"
    );
    assert_eq!(sorted(&accepts["prf"]), "prfsha256 prfsha384", "{report:#}");
    assert_eq!(sorted(&accepts["groups"]), "ecp384 x25519", "{report:#}");
    assert_eq!(sorted(&accepts["integrity"]), "sha256", "{report:#}");
    assert_eq!(report["half_open"], 1, "{report:#}");
    assert!(!daemon.end().contains("internal error"));
}
