//! `ikee inspect` on what Windows sends: captures, the orders of payloads that others logged, fragments, AuthIP.

#![expect(
    clippy::print_stderr,
    reason = "a test that cannot run says so in one line"
)]

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use isakmp_wire::{Header, Message, MessageWriter, PayloadChain, PayloadType, vendor_id};
use serde_json::Value;

fn data() -> Option<PathBuf> {
    let path = std::env::var_os("IKEE_TEST_DATA").map_or_else(
        || Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/data"),
        PathBuf::from,
    );
    if path.is_dir() {
        return Some(path);
    }
    eprintln!("skipped: no {}", path.display());
    None
}

fn inspect(file: &Path, json: bool) -> String {
    let mut command = Command::new(env!("CARGO_BIN_EXE_ikee"));
    command.arg("inspect").arg(file);
    if json {
        command.arg("--json");
    }
    let output = command.output().unwrap();
    assert!(output.status.success(), "{output:?}");
    String::from_utf8(output.stdout).unwrap()
}

fn document(file: &Path) -> Value {
    serde_json::from_str(&inspect(file, true)).unwrap()
}

/// A capture of datagrams, as IP packets without a link layer (LINKTYPE_RAW).
fn capture(name: &str, datagrams: &[Vec<u8>]) -> PathBuf {
    let mut file = Vec::new();
    for word in [0xa1b2_c3d4_u32, 0x0002_0004, 0, 0, 65535, 101] {
        match word {
            0x0002_0004 => file.extend([2, 0, 4, 0]),
            word => file.extend(word.to_le_bytes()),
        }
    }
    for (index, payload) in datagrams.iter().enumerate() {
        let udp = u16::try_from(payload.len() + 8).unwrap();
        let mut packet = vec![0x45, 0];
        packet.extend((udp + 20).to_be_bytes());
        packet.extend([0, 0, 0, 0, 64, 17, 0, 0, 192, 0, 2, 1, 192, 0, 2, 2]);
        packet.extend([1, 244, 1, 244]);
        packet.extend(udp.to_be_bytes());
        packet.extend([0, 0]);
        packet.extend(payload);
        let length = u32::try_from(packet.len()).unwrap();
        for word in [u32::try_from(index).unwrap(), 0, length, length] {
            file.extend(word.to_le_bytes());
        }
        file.extend(packet);
    }
    let path = std::env::temp_dir().join(format!("ikee-{name}-{}.pcap", std::process::id()));
    fs::write(&path, file).unwrap();
    path
}

fn header(first: PayloadType, exchange: u8, length: usize) -> Vec<u8> {
    let mut out = vec![7; 8];
    out.extend([0; 8]);
    out.extend([first.get(), 0x10, exchange, 0, 0, 0, 0, 0]);
    out.extend(u32::try_from(length + Header::LEN).unwrap().to_be_bytes());
    out
}

/// A first message of main mode with these vendor IDs behind an SA payload.
fn main_mode(sa: &[u8], vendor_ids: &[Vec<u8>]) -> Vec<u8> {
    let mut body = Vec::new();
    let all = std::iter::once(sa).chain(vendor_ids.iter().map(Vec::as_slice));
    for (index, octets) in all.enumerate() {
        let more = index < vendor_ids.len();
        body.extend([if more { 13 } else { 0 }, 0]);
        body.extend(u16::try_from(octets.len() + 4).unwrap().to_be_bytes());
        body.extend(octets);
    }
    let mut out = header(PayloadType::V1_SA, 2, body.len());
    out.extend(body);
    out
}

fn release(number: u32) -> Vec<u8> {
    let mut out = vendor_id::MS_NT5_ISAKMPOAKLEY.to_vec();
    out.extend(number.to_be_bytes());
    out
}

fn words(message: &Value) -> Vec<&str> {
    let releases = message["recognised"]["releases"].as_array();
    let releases = releases.into_iter().flatten();
    releases.filter_map(Value::as_str).collect()
}

/// [MS-IKEE] note 6.
#[test]
fn captured_windows_hosts_are_recognised() {
    let Some(data) = data() else { return };
    let folder = data.join("captures/windows");
    let ten = document(&folder.join("win10-l2tp-ikev1-mm1.pcap"));
    let message = &ten["messages"][0];
    assert!(words(message).contains(&"windows-10"), "{message}");
    assert!(!words(message).contains(&"server-2008-r2"), "{message}");
    assert_eq!(message["recognised"]["exact"], true);
    let eight = document(&folder.join("win-ikev2-client-ipsec_client.pcap"));
    let message = &eight["messages"][0];
    assert!(words(message).contains(&"windows-8.1"), "{message}");
    assert!(!words(message).contains(&"windows-11"), "{message}");
    assert_eq!(message["recognised"]["exact"], true);
    let text = inspect(&folder.join("win10-l2tp-ikev1-mm1.pcap"), false);
    let line = "sent by Windows 8, Windows Server 2012 or later: its vendor ID says 9";
    assert!(text.contains(line), "{text}");
}

#[test]
fn captured_windows_messages_are_the_same_octets_when_written_again() {
    let Some(data) = data() else { return };
    let seeds = data.join("corpora/seeds");
    let mut count = 0;
    for entry in fs::read_dir(seeds).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        if !name.starts_with("windows_") {
            continue;
        }
        let octets = fs::read(&path).unwrap();
        let message = Message::parse(&octets).unwrap();
        let mut again = Vec::new();
        let mut writer = MessageWriter::begin(&mut again, &message.header);
        for raw in message.iter() {
            writer.raw(&raw);
            // what an encrypted payload names is inside of it
            if raw.kind.ends_chain() {
                writer.finish_with(raw.next);
            }
        }
        writer.finish();
        assert_eq!(again, octets, "{name}");
        count += 1;
    }
    assert!(count >= 3, "{count}");
}

/// The orders that logs of other implementations have; see `corpora/windows-logs`.
#[test]
fn logged_orders_of_vendor_ids_are_recognised() {
    let Some(data) = data() else { return };
    let octets =
        fs::read(data.join("corpora/seeds/windows_win10_l2tp_ikev1_mm1_pcap-1.bin")).unwrap();
    let chain =
        PayloadChain::parse(PayloadType::V1_SA, &octets[Header::LEN..], Header::LEN).unwrap();
    let sa = chain.iter().next().unwrap().body;
    let plain = |ids: &[[u8; 16]]| ids.iter().map(|it| it.to_vec()).collect::<Vec<_>>();
    let new = [
        vendor_id::NAT_T_RFC_3947,
        vendor_id::NAT_T_DRAFT_02,
        vendor_id::FRAGMENTATION,
        vendor_id::NEGOTIATION_DISCOVERY,
        vendor_id::VID_INITIAL_CONTACT,
        vendor_id::IKE_CGA,
    ];
    let answer: Vec<_> = new
        .into_iter()
        .filter(|it| *it != vendor_id::VID_INITIAL_CONTACT)
        .collect();
    let old = [vendor_id::FRAGMENTATION, vendor_id::NAT_T_DRAFT_02];
    for (name, number, rest, wanted) in [
        ("seven", 8, plain(&new), "windows-7"),
        ("xp", 4, plain(&old), "windows-xp-sp2"),
        ("ten as responder", 9, plain(&answer), "windows-10"),
    ] {
        let mut ids = vec![release(number)];
        ids.extend(rest);
        let path = capture("order", &[main_mode(sa, &ids)]);
        let found = document(&path);
        let message = &found["messages"][0];
        assert!(words(message).contains(&wanted), "{name}: {message}");
        assert_eq!(message["recognised"]["exact"], true, "{name}: {message}");
        assert_eq!(message["defects"], serde_json::json!([]), "{name}");
        fs::remove_file(path).unwrap();
    }
}

/// [MS-IKEE] §2.2.3, §3.3.5.3: fragments in any order, one of them twice.
#[test]
fn fragments_of_ikev1_become_the_message_that_they_were() {
    let whole = main_mode(
        &[0, 0, 0, 1, 0, 0, 0, 1],
        &[release(7), vendor_id::FRAGMENTATION.to_vec()],
    );
    let pieces: Vec<Vec<u8>> = whole
        .chunks(40)
        .enumerate()
        .map(|(index, data)| {
            let last = (index + 1) * 40 >= whole.len();
            let mut out = header(PayloadType::V1_FRAGMENT, 2, data.len() + 8);
            out.extend([0, 0]);
            out.extend(u16::try_from(data.len() + 8).unwrap().to_be_bytes());
            out.extend([0, 1, u8::try_from(index + 1).unwrap(), u8::from(last)]);
            out.extend(data);
            out
        })
        .collect();
    let [first, second, third] = &pieces[..] else {
        panic!("{} pieces", pieces.len());
    };
    let all = [third, first, first, second].map(Clone::clone);
    let path = capture("pieces", &all);
    let found = document(&path);
    let message = &found["messages"][3];
    assert_eq!(
        message["whole"]["reassembled_from"],
        serde_json::json!([2, 4, 1])
    );
    assert_eq!(message["whole"]["length"], whole.len());
    assert_eq!(words(&message["whole"]), ["windows-7"]);
    assert!(found["messages"][2].get("whole").is_none());
    let text = inspect(&path, false);
    assert!(
        text.contains("put together from the fragments of frames 2 4 1"),
        "{text}"
    );
    fs::remove_file(path).unwrap();
}

/// [MS-IKEE] §1.3.8: an AuthIP first message is none of IKEv1 with a defect.
#[test]
fn a_first_message_of_authip_is_named() {
    let mut body = vec![135, 0, 0, 12];
    body.extend([9; 8]);
    body.extend([0, 0, 0, 8, 1, 2, 3, 4]);
    let mut octets = header(PayloadType::AUTHIP_CRYPTO, 0xF3, body.len());
    octets.extend(body);
    let path = capture("authip", &[octets]);
    let found = document(&path);
    let message = &found["messages"][0];
    assert_eq!(message["exchange_name"], "AUTHIP_MAIN_MODE");
    assert_eq!(message["payloads"][0]["name"], "CRYPTO");
    assert_eq!(message["payloads"][1]["name"], "AUTHIP AUTH");
    assert_eq!(message["defects"], serde_json::json!([]));
    fs::remove_file(path).unwrap();
}

/// [MS-IKEE] §2.2.1: the draft's numbers beside the standard's; [MS-IKEE] §2.2.6: Windows' status codes by name.
#[test]
fn numbers_of_both_nat_revisions_and_status_codes_have_names() {
    let mut body = vec![130, 0, 0, 24];
    body.extend([1; 20]);
    body.extend([11, 0, 0, 24]);
    body.extend([2; 20]);
    body.extend([0, 0, 0, 16, 0, 0, 0, 1, 1, 0, 0x9C, 0x43]);
    body.extend(13_868_u32.to_be_bytes());
    let mut octets = header(PayloadType::V1_NAT_D, 2, body.len());
    octets.extend(body);
    let path = capture("nat", &[octets]);
    let found = document(&path);
    let payloads = &found["messages"][0]["payloads"];
    assert_eq!(payloads[0]["name"], "NAT-D");
    assert_eq!(payloads[1]["name"], "NAT-D (draft)");
    let meaning = payloads[2]["fields"]["meaning"].as_str().unwrap();
    assert!(
        meaning.starts_with("ERROR_IPSEC_IKE_POLICY_MATCH"),
        "{meaning}"
    );
    fs::remove_file(path).unwrap();
}
