//! `ikee inspect` against the facts that stand beside the captures, and against what tshark made of the lab's.

#![expect(
    clippy::print_stderr,
    reason = "a test that cannot run says so in one line"
)]

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;
use std::io::Read as _;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;
use sha2::{Digest as _, Sha256};

fn inspect(file: &Path, keys: Option<&Path>) -> Value {
    let mut command = Command::new(env!("CARGO_BIN_EXE_ikee"));
    command.arg("inspect").arg(file).arg("--json");
    if let Some(keys) = keys {
        command.arg("--keys").arg(keys);
    }
    let output = command.output().unwrap();
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{}: {stderr}", file.display());
    serde_json::from_slice(&output.stdout).unwrap()
}

/// A folder beside the repository, or one line on why not.
fn folder(variable: &str, default: &str) -> Option<PathBuf> {
    let path = std::env::var_os(variable).map_or_else(
        || {
            Path::new(env!("CARGO_MANIFEST_DIR"))
                .join("../..")
                .join(default)
        },
        PathBuf::from,
    );
    if path.is_dir() {
        return Some(path);
    }
    eprintln!("skipped: no {}", path.display());
    None
}

fn captures() -> Option<PathBuf> {
    Some(folder("IKEE_TEST_DATA", "../shared/data")?.join("captures"))
}

fn json(path: &Path) -> Value {
    serde_json::from_slice(&fs::read(path).unwrap()).unwrap()
}

fn facts(captures: &Path) -> Vec<Value> {
    let mut paths: Vec<PathBuf> = fs::read_dir(captures.join("facts"))
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    paths.sort();
    let single = |path: &PathBuf| {
        !["openswan.json", "nat-detection.json"]
            .iter()
            .any(|name| path.ends_with(name))
    };
    let facts: Vec<Value> = paths
        .iter()
        .filter(|path| single(path))
        .map(|path| json(path))
        .collect();
    assert!(facts.len() >= 40, "{} facts files", facts.len());
    facts
}

fn list(value: &Value) -> &[Value] {
    value.as_array().map_or(&[], Vec::as_slice)
}

fn sha256(hex: &Value) -> String {
    let digits = hex.as_str().unwrap_or_default();
    let octets: Vec<u8> = (0..digits.len() / 2)
        .map(|at| u8::from_str_radix(&digits[at * 2..at * 2 + 2], 16).unwrap())
        .collect();
    Sha256::digest(octets)
        .iter()
        .fold(String::new(), |mut text, octet| {
            write!(text, "{octet:02x}").unwrap();
            text
        })
}

/// The differences between a message and what is known of it.
#[derive(Default)]
struct Differences(Vec<String>);

impl Differences {
    fn same(&mut self, what: &str, fact: &Value, found: &Value) {
        if fact != found {
            self.0.push(format!("{what}: {fact} is {found}"));
        }
    }

    fn message(&mut self, fact: &Value, found: &Value) {
        for name in [
            "spi_i",
            "spi_r",
            "first_payload",
            "version",
            "exchange",
            "flags",
            "message_id",
            "length",
            "non_esp_marker",
            "src",
            "sport",
            "dport",
            "udp_octets",
            "icv_valid",
            "pad_length",
        ] {
            if let Some(known) = fact.get(name) {
                self.same(name, known, &found[name]);
            }
        }
        if let Some(known) = fact.get("payloads") {
            self.payloads("payloads", known, &found["payloads"]);
        }
        if let Some(known) = fact.get("encrypted") {
            self.same("encrypted", known, &found["encrypted"]);
        }
        for name in ["iv", "pad_octets"] {
            if let Some(known) = fact.get(name) {
                let place = if name == "iv" { "iv" } else { "pad_length" };
                self.same(name, known, &found[place]);
            }
        }
        if let Some(known) = fact.get("inner") {
            self.payloads("inner", known, &found["inner"]);
            let plaintext = Value::String(sha256(&found["plaintext"]));
            self.same("plaintext", &fact["plaintext_sha256"], &plaintext);
        }
    }

    fn payloads(&mut self, what: &str, facts: &Value, found: &Value) {
        let kinds = |payloads: &Value| -> Vec<Value> {
            list(payloads)
                .iter()
                .map(|payload| payload["type"].clone())
                .collect()
        };
        self.same(what, &kinds(facts).into(), &kinds(found).into());
        for (fact, payload) in list(facts).iter().zip(list(found)) {
            self.same("octets", &fact["octets"], &payload["octets"]);
            for (name, known) in fact.as_object().unwrap() {
                if name != "type" && name != "octets" {
                    self.field(name, known, &payload["fields"]);
                }
            }
        }
    }

    fn field(&mut self, name: &str, known: &Value, fields: &Value) {
        match name {
            "proposals" => self.same(name, known, &proposals(&fields["proposals"])),
            "ke_sha256" | "cert_sha256" => {
                self.same(name, known, &Value::String(sha256(&fields["data"])));
            }
            "ts" => self.same(name, known, &selectors(&fields["ts"])),
            "spis" => {
                let spis: String = list(&fields["spis"])
                    .iter()
                    .filter_map(Value::as_str)
                    .collect();
                self.same(name, known, &spis.into());
            }
            "vid_name" => self.vendor(known.as_str().unwrap(), fields),
            "attrs" => {}
            _ => self.same(name, known, &fields[name]),
        }
    }

    /// The facts append a value in hexadecimal to the name.
    fn vendor(&mut self, known: &str, fields: &Value) {
        let known = match known {
            "DPD RFC 3706" => "dead peer detection",
            known => known,
        };
        let (name, value) = known.split_once(" +").unwrap_or((known, ""));
        let names = [&fields["vid_name"], &fields["vid_meaning"]];
        if !names.iter().any(|text| *text == name) {
            self.0.push(format!("vendor ID {name} is {fields}"));
        }
        if let Ok(value) = u32::from_str_radix(value, 16) {
            self.same("vid_value", &value.into(), &fields["vid_value"]);
        }
    }
}

/// In the form of the facts: transforms of IKEv2 as lists, those of IKEv1 as objects.
fn proposals(found: &Value) -> Value {
    let attributes = |transform: &Value| -> Vec<Value> {
        list(&transform["attributes"])
            .iter()
            .map(|attribute| {
                let long = attribute.get("octets");
                let value = long.unwrap_or_else(|| &attribute["value"]);
                Value::from(vec![attribute["type"].clone(), value.clone()])
            })
            .collect()
    };
    let transform = |transform: &Value| -> Value {
        let attributes = attributes(transform);
        if transform.get("type").is_some() {
            let mut parts = vec![transform["type"].clone(), transform["id"].clone()];
            parts.extend(attributes);
            return parts.into();
        }
        serde_json::json!({ "num": transform["num"], "id": transform["id"], "attrs": attributes })
    };
    list(found)
        .iter()
        .map(|proposal| {
            let transforms: Vec<Value> = list(&proposal["transforms"])
                .iter()
                .map(transform)
                .collect();
            serde_json::json!({
                "num": proposal["num"],
                "proto": proposal["proto"],
                "spi": proposal["spi"],
                "transforms": transforms,
            })
        })
        .collect()
}

fn selectors(found: &Value) -> Value {
    let octets = |address: &Value| -> String {
        let address: std::net::IpAddr = address.as_str().unwrap().parse().unwrap();
        match address {
            std::net::IpAddr::V4(address) => format!("{:08x}", address.to_bits()),
            std::net::IpAddr::V6(address) => format!("{:032x}", address.to_bits()),
        }
    };
    list(found)
        .iter()
        .map(|selector| {
            serde_json::json!({
                "type": selector["type"],
                "proto": selector["proto"],
                "ports": selector["ports"],
                "start": octets(&selector["start"]),
                "end": octets(&selector["end"]),
            })
        })
        .collect()
}

fn message_of_frame<'a>(document: &'a Value, frame: &Value) -> Option<&'a Value> {
    list(&document["messages"])
        .iter()
        .find(|message| message["frame"] == *frame)
}

/// The facts about these two are a reading of what is no IKE message, or none although there is one.
const OTHERWISE: [&str; 2] = [
    "ancwrd1-isakmp/ip-udp-esp.bin",
    "tcpdump/isakmp-pointer-loop.pcap",
];

#[test]
fn every_capture_decodes_to_the_facts_beside_it() {
    let Some(captures) = captures() else { return };
    let keys = captures.join("keys-visible");
    let mut wrong = Vec::new();
    let mut compared = 0;
    let mut opened = 0;
    for facts in facts(&captures) {
        let bare = facts.get("file").is_some();
        let name = facts[if bare { "file" } else { "capture" }]
            .as_str()
            .unwrap();
        if OTHERWISE.contains(&name) {
            continue;
        }
        let document = inspect(&captures.join(name), Some(&keys));
        let known: Vec<Value> = if bare {
            vec![facts.clone()]
        } else {
            list(&facts["messages"]).to_vec()
        };
        // of one capture the facts hold a selection
        let complete = name != "ndpi/ipsec_isakmp_esp.pcap";
        if complete && known.len() != list(&document["messages"]).len() {
            wrong.push(format!("{name}: another number of messages"));
        }
        for fact in &known {
            let frame = fact.get("frame").cloned().unwrap_or_else(|| 1.into());
            let mut differences = Differences::default();
            match message_of_frame(&document, &frame) {
                Some(message) => differences.message(fact, message),
                None => differences.0.push("missing".into()),
            }
            compared += 1;
            opened += usize::from(fact["version"] == "1.0" && fact.get("inner").is_some());
            wrong.extend(
                differences
                    .0
                    .iter()
                    .map(|text| format!("{name} {frame}: {text}")),
            );
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(compared >= 220, "{compared}");
    assert!(opened >= 25, "{opened} of IKEv1");
}

/// RFC 2409 §5: what both sides know is enough, and tells whether the hashes are right.
#[test]
fn a_shared_key_and_the_secret_of_the_key_exchange_open_ikev1() {
    let Some(captures) = captures() else { return };
    let folder = std::env::temp_dir().join(format!("ikee-secrets-{}", std::process::id()));
    fs::create_dir_all(&folder).unwrap();
    let sessions = json(&captures.join("rub-nds/ikev1-sessions.json"));
    for (name, capture, opened) in [
        ("aggressive-psk", "ikev1-aggressive-psk.pcap", 3),
        ("main-psk", "ikev1-main-psk.pcap", 5),
    ] {
        let session = &sessions[name];
        let field = |name: &str| session[name].as_str().unwrap();
        let line = format!(
            "ikev1 {} psk:{} dh:0x{}\n",
            field("icookie"),
            field("psk"),
            field("gxy")
        );
        fs::write(folder.join("ikev1_secrets"), line).unwrap();
        let document = inspect(&captures.join("rub-nds").join(capture), Some(&folder));
        let inside = list(&document["messages"])
            .iter()
            .filter(|message| message["encrypted"] == true);
        let mut count = 0;
        for message in inside {
            assert_eq!(message["hash_valid"], true, "{name}: {message}");
            assert_eq!(message["defects"], serde_json::json!([]), "{name}");
            count += 1;
        }
        assert_eq!(count, opened, "{name}");
        // the same with another password: no payloads come out, and that is said
        let wrong = format!("ikev1 {} psk:no dh:0x{}\n", field("icookie"), field("gxy"));
        fs::write(folder.join("ikev1_secrets"), wrong).unwrap();
        let document = inspect(&captures.join("rub-nds").join(capture), Some(&folder));
        assert!(
            document
                .to_string()
                .contains("the key or the IV is another")
        );
    }
    fs::remove_dir_all(folder).unwrap();
}

#[test]
fn configuration_and_delete_and_dead_peers_have_names() {
    let Some(captures) = captures() else { return };
    let document = inspect(&captures.join("scapy/ikev2_notify_redirect.pcap"), None);
    let text = document.to_string();
    assert!(text.contains("\"notify_name\":\"REDIRECT\""), "{text}");
    let document = inspect(&captures.join("ndpi/ipsec_isakmp_esp.pcap"), None);
    assert_eq!(list(&document["messages"]).len(), 519);
    assert_eq!(document["counts"]["esp_in_udp"], 315);
}

/// Wireshark's names, made from those of the facts.
fn table_row(message: &Value, opposite: Option<&Value>) -> String {
    let text = |message: &Value, name: &str| message[name].as_str().unwrap_or_default().to_owned();
    let encryption = text(message, "encr").replace('_', "-");
    let integrity = text(message, "integ");
    let both = |name: &str| {
        let this = text(message, name);
        let that = opposite.map_or_else(|| this.clone(), |message| text(message, name));
        if message["sk_keys_of"] == "original initiator" {
            format!("{this},{that}")
        } else {
            format!("{that},{this}")
        }
    };
    format!(
        "{},{},{},\"{encryption} [RFC3602]\",{},\"{integrity} [RFC4868]\"\n",
        text(message, "spi_i"),
        text(message, "spi_r"),
        both("SK_e"),
        both("SK_a"),
    )
}

#[test]
fn the_messages_of_openswan_open_with_the_keys_of_their_facts() {
    let Some(captures) = captures() else { return };
    let facts = json(&captures.join("facts/openswan.json"));
    let table = std::env::temp_dir().join(format!("ikee-inspect-{}", std::process::id()));
    let mut opened = 0;
    for (name, file) in facts["files"].as_object().unwrap() {
        let path = captures.join("openswan").join(name);
        for fact in list(&file["messages"]) {
            let keyed = fact.get("SK_e").is_some();
            fs::write(
                &table,
                if keyed {
                    table_row(fact, None)
                } else {
                    String::new()
                },
            )
            .unwrap();
            let document = inspect(&path, Some(&table));
            let message = message_of_frame(&document, &fact["frame"]).unwrap();
            let place = format!("{name} {}", fact["frame"]);
            for field in [
                "spi_i",
                "spi_r",
                "exchange",
                "flags",
                "message_id",
                "length",
            ] {
                assert_eq!(fact[field], message[field], "{place} {field}");
            }
            assert_eq!(fact["udp_payload_octets"], message["udp_octets"], "{place}");
            assert_eq!(fact["non_esp_marker"], message["non_esp_marker"], "{place}");
            let kinds = |payloads: &Value| -> Vec<Value> {
                list(payloads)
                    .iter()
                    .map(|payload| payload["type"].clone())
                    .collect()
            };
            assert_eq!(
                list(&fact["payloads"]),
                kinds(&message["payloads"]),
                "{place}"
            );
            if keyed {
                opened += 1;
                openswan_inner(&place, fact, message);
                assert_eq!(
                    list(&fact["inner_payloads"]),
                    kinds(&message["inner"]),
                    "{place}"
                );
            }
        }
    }
    fs::remove_file(&table).unwrap();
    assert_eq!(opened, 12);
}

fn openswan_inner(place: &str, fact: &Value, message: &Value) {
    assert_eq!(fact["icv_valid"], message["icv_valid"], "{place}");
    assert_eq!(fact["pad_length"], message["pad_length"], "{place}");
    assert_eq!(
        fact["plaintext_sha256"],
        sha256(&message["plaintext"]),
        "{place}"
    );
    for payload in list(&message["inner"]) {
        let fields = &payload["fields"];
        match payload["type"].as_u64().unwrap() {
            35 | 36 if fact.get("id").is_some() => {
                assert_eq!(fact["id_type"], fields["id_type"], "{place}");
                let ids = [&fields["id"], &fields["text"]];
                assert!(ids.contains(&&fact["id"]), "{place}: {ids:?}");
            }
            34 => assert_eq!(fact["ke_group"], fields["group"], "{place}"),
            37 => assert_eq!(fact["cert_encoding"], fields["encoding"], "{place}"),
            39 => {
                assert_eq!(fact["auth_method"], fields["method"], "{place}");
                let octets = fields["data"].as_str().unwrap().len() / 2;
                assert_eq!(fact["auth_data_octets"], octets, "{place}");
            }
            42 => assert_eq!(fact["delete"]["spis"], fields["spis"][0], "{place}"),
            _ => {}
        }
    }
}

#[test]
fn nat_detection_hashes_are_recomputed() {
    let Some(captures) = captures() else { return };
    let facts = json(&captures.join("facts/nat-detection.json"));
    let mut documents: BTreeMap<&str, Value> = BTreeMap::new();
    for fact in list(&facts) {
        let name = fact["capture"].as_str().unwrap();
        let document = documents
            .entry(name)
            .or_insert_with(|| inspect(&captures.join(name), None));
        let message = message_of_frame(document, &fact["frame"]).unwrap();
        let payload = list(&message["payloads"]).iter().find(|payload| {
            let fields = &payload["fields"];
            let number = if fact["which"] == "source" {
                16388
            } else {
                16389
            };
            fields["natd"] == fact["received"]
                || (fields["data"] == fact["received"] && fields["notify"] == number)
        });
        let matches = payload.map(|payload| &payload["fields"]["matches"]);
        assert_eq!(matches, Some(&fact["match"]), "{fact}");
    }
    assert!(list(&facts).len() >= 100);
}

/// Layer, kind and offset of a defect.
type Place = (&'static str, &'static str, u64);

/// What is wrong with each malformed capture, and where.
const MALFORMED: [(&str, &[Place]); 11] = [
    (
        "tcpdump/ikev1_id_ipv6_addr_subnet-oobr.pcap",
        &[
            ("ip", "packet not captured whole", 93),
            ("ike", "message length differs from the datagram", 24),
            ("ike", "wrong address length", 36),
            ("ike", "payload length does not fit", 62),
        ],
    ),
    (
        "tcpdump/ikev2-id-normal.pcap",
        &[
            ("ike", "wrong address length", 36),
            ("ike", "octets left over", 37),
        ],
    ),
    (
        "tcpdump/ikev2pI2.pcap",
        &[("ike", "integrity check value is wrong", 272)],
    ),
    (
        "tcpdump/isakmp-3948-oobr-2.pcap",
        &[("udp", "too short for IKE or ESP", 8)],
    ),
    (
        "tcpdump/isakmp-delete-segfault.pcap",
        &[
            ("ike", "message length differs from the datagram", 24),
            ("ike", "unknown major version", 17),
            ("ike", "payload length does not fit", 30),
        ],
    ),
    (
        "tcpdump/isakmp-ikev1_n_print-oobr.pcap",
        &[
            ("ike", "message length differs from the datagram", 24),
            ("ike", "truncated", 32),
            ("ike", "payload length does not fit", 35),
        ],
    ),
    (
        "tcpdump/isakmp-no-none-np.pcapng",
        &[
            ("ike", "message length differs from the datagram", 24),
            ("ike", "payloads go on behind the message length", 84),
            ("ike", "payload length does not fit", 2158),
        ],
    ),
    (
        "tcpdump/isakmp-pointer-loop.pcap",
        &[
            ("ike", "message length differs from the datagram", 24),
            ("ike", "truncated", 30),
        ],
    ),
    (
        "tcpdump/isakmp-rfc3948-oobr.pcap",
        &[("udp", "too short for IKE or ESP", 8)],
    ),
    (
        "tcpdump/isakmpv1-attr-oobr.pcap",
        &[
            ("ike", "message length differs from the datagram", 24),
            ("ike", "octets left over", 44),
        ],
    ),
    (
        "openswan/libpluto_lp08-parentR1_parentR1notify.pcap",
        &[("ike", "octets left over", 38)],
    ),
];

#[test]
fn malformed_captures_have_their_defects_named_with_their_places() {
    let Some(captures) = captures() else { return };
    for (name, expected) in MALFORMED {
        let document = inspect(&captures.join(name), Some(&captures.join("keys-visible")));
        let messages = list(&document["messages"]).iter();
        let defects: Vec<&Value> = messages
            .flat_map(|message| list(&message["defects"]))
            .chain(list(&document["defects"]))
            .collect();
        for (layer, kind, offset) in expected {
            let found = defects.iter().any(|defect| {
                defect["layer"] == *layer && defect["kind"] == *kind && defect["offset"] == *offset
            });
            assert!(found, "{name}: {kind} at {offset} in {defects:?}");
        }
    }
}

#[test]
fn sound_captures_have_no_defects() {
    let Some(captures) = captures() else { return };
    let mut checked = 0;
    for facts in facts(&captures) {
        let Some(name) = facts["capture"].as_str() else {
            continue;
        };
        if MALFORMED.iter().any(|(malformed, _)| *malformed == name)
            || name.starts_with("ndpi/ipsec")
        {
            continue;
        }
        let document = inspect(&captures.join(name), Some(&captures.join("keys-visible")));
        for message in list(&document["messages"]) {
            assert_eq!(list(&message["defects"]), [] as [Value; 0], "{name}");
        }
        assert_eq!(list(&document["defects"]), [] as [Value; 0], "{name}");
        checked += 1;
    }
    assert!(checked >= 25, "{checked}");
}

#[test]
fn a_packet_in_a_bare_file_is_seen_as_what_it_is() {
    let Some(captures) = captures() else { return };
    let document = inspect(&captures.join("ancwrd1-isakmp/ip-udp-esp.bin"), None);
    assert_eq!(list(&document["messages"]).len(), 0);
    assert_eq!(document["counts"]["esp_in_udp"], 1);
}

#[test]
fn a_wrong_icv_is_flagged_and_the_plaintext_shown_also_with_the_secrets_of_tcpdump() {
    let Some(captures) = captures() else { return };
    let file = captures.join("tcpdump/ikev2pI2.pcap");
    for keys in ["keys-visible", "tcpdump/ikev2pI2-secrets.txt"] {
        let document = inspect(&file, Some(&captures.join(keys)));
        let message = &document["messages"][1];
        assert_eq!(message["icv_valid"], false, "{keys}");
        assert_eq!(message["inner"][0]["fields"]["text"], "west", "{keys}");
    }
}

#[test]
fn esp_is_opened_and_told_by_what_is_inside() {
    let Some(captures) = captures() else { return };
    let file = captures.join("wireshark/esp-bug-12671.pcapng.gz");
    let document = inspect(&file, Some(&captures.join("keys-visible")));
    let inside: Vec<&Value> = list(&document["streams"])
        .iter()
        .map(|it| &it["inside"])
        .collect();
    assert_eq!(inside.len(), 2);
    assert_eq!(inside[0]["echo reply 10.1.0.10 -> 10.1.1.1"], 3);
    assert_eq!(inside[1]["echo request 10.1.1.1 -> 10.1.0.10"], 3);
}

/// The payload types of each frame in tshark's full text, proposals and transforms left out; and the notify types.
fn tshark(path: &Path) -> BTreeMap<u64, (Vec<u64>, Vec<u64>)> {
    let mut text = String::new();
    flate2::read::GzDecoder::new(fs::File::open(path).unwrap())
        .read_to_string(&mut text)
        .unwrap();
    let number = |line: &str| -> Option<u64> {
        let (_, rest) = line.split_once('(')?;
        rest.split_once(')')?.0.parse().ok()
    };
    let mut frames: BTreeMap<u64, (Vec<u64>, Vec<u64>)> = BTreeMap::new();
    let mut frame = 0;
    for line in text.lines() {
        if let Some(rest) = line.strip_prefix("Frame ") {
            frame = rest.split(':').next().unwrap().parse().unwrap();
        }
        let line = line.trim_start();
        let entry = frames.entry(frame).or_default();
        if line.starts_with("Payload: ") {
            entry
                .0
                .extend(number(line).filter(|kind| !matches!(kind, 2 | 3)));
        } else if line.starts_with("Notify Message Type: ") {
            entry.1.extend(number(line));
        }
    }
    frames.retain(|_, (payloads, _)| !payloads.is_empty());
    frames
}

#[test]
fn the_lab_decrypts_as_tshark_decrypts_it() {
    let Some(lab) = folder("IKEE_LAB", "../shared/lab") else {
        return;
    };
    for scenario in ["v2-psk", "v2-frag", "v2-vip"] {
        let folder = lab.join("known-answers").join(scenario);
        let document = inspect(&folder.join("lab.pcap"), Some(&folder.join("profile")));
        let expected = tshark(&folder.join("decoded.txt.gz"));
        assert_eq!(
            list(&document["messages"]).len(),
            expected.len(),
            "{scenario}"
        );
        for (frame, (payloads, notifies)) in expected {
            let message = message_of_frame(&document, &frame.into()).unwrap();
            let all = || {
                list(&message["payloads"])
                    .iter()
                    .chain(list(&message["inner"]))
            };
            let found: Vec<u64> = all().filter_map(|it| it["type"].as_u64()).collect();
            assert_eq!(found, payloads, "{scenario} frame {frame}");
            let found: Vec<u64> = all()
                .filter_map(|it| it["fields"]["notify"].as_u64())
                .collect();
            assert_eq!(found, notifies, "{scenario} frame {frame}");
            assert_eq!(
                list(&message["defects"]),
                [] as [Value; 0],
                "{scenario} {frame}"
            );
            if matches!(payloads[0], 46 | 53) {
                assert_eq!(message["icv_valid"], true, "{scenario} frame {frame}");
            }
        }
        let echoes: u64 = list(&document["streams"])
            .iter()
            .flat_map(|stream| stream["inside"].as_object().unwrap())
            .filter(|(what, _)| what.starts_with("echo"))
            .map(|(_, count)| count.as_u64().unwrap())
            .sum();
        assert_eq!(echoes, 4, "{scenario}");
    }
}

#[test]
fn the_lab_shows_virtual_addresses_and_what_came_in_fragments() {
    let Some(lab) = folder("IKEE_LAB", "../shared/lab") else {
        return;
    };
    let lab = lab.join("known-answers");
    let vip = inspect(
        &lab.join("v2-vip/lab.pcap"),
        Some(&lab.join("v2-vip/profile")),
    );
    let text = vip.to_string();
    assert!(text.contains(r#""name":"INTERNAL_IP4_SERVER","value":"0a630201","text":"10.99.2.1""#));
    let frag = inspect(
        &lab.join("v2-frag/lab.pcap"),
        Some(&lab.join("v2-frag/profile")),
    );
    let whole = message_of_frame(&frag, &13.into()).unwrap();
    assert_eq!(list(&whole["reassembled_from"]).len(), 11);
    assert_eq!(whole["inner"][1]["name"], "CERT");
    let microsoft = inspect(&lab.join("ms.pcap"), None).to_string();
    for name in [
        "MS NT5 ISAKMPOAKLEY",
        "KEY_MODS",
        "NLBS_PRESENT",
        "MS-MamieExists",
        "XBox IKEv2 Negotiation",
        "MSFT IPsec Security Realm Id",
        "ERROR_IPSEC_IKE_AUTH_FAIL (13801)",
        "ID_IPV6_CGA",
        "CORRELATION",
        "EXCHANGE_INFO",
    ] {
        assert!(microsoft.contains(name), "{name}");
    }
}

#[test]
fn what_cannot_be_read_is_one_line_and_exit_code_1() {
    let output = Command::new(env!("CARGO_BIN_EXE_ikee"))
        .args(["inspect", "/nonexistent/capture.pcap"])
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(1));
    assert_eq!(String::from_utf8_lossy(&output.stderr).lines().count(), 1);
}
