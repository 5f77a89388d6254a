use super::*;

fn sample() -> Status {
    serde_json::from_value(serde_json::json!({
        "program": "0.1.0", "uptime": 3723, "provider": "graviola", "extensions": ["fragmentation-v2"],
        "listen": ["0.0.0.0:500", "0.0.0.0:4500"], "tun": "ikee0", "dropped": 3,
        "sas": [{
            "connection": "office", "state": "established", "role": "initiator",
            "local": "192.0.2.1:4500", "remote": "198.51.100.7:4500",
            "local_id": "gw.example", "remote_id": "office.example",
            "spis": ["0102030405060708", "1112131415161718"], "suite": "aes256gcm16-prfsha384-ecp384",
            "nat": [false, true], "age": 65, "rekey_in": 14_000, "assigned": ["10.1.9.2/32"], "dns": ["10.1.0.53"],
            "children": [{
                "name": "net", "suite": "aes256gcm16", "age": 64, "rekey_in": 3000, "spis": ["c0ffee01", "c0ffee02"],
                "local": ["10.1.0.0/16"], "remote": ["10.2.0.0/16", "fd00:2::/64"],
                "inbound": {"packets": 12, "octets": 1000}, "outbound": {"packets": 7, "octets": 10_485_760}
            }]
        }]
    }))
    .unwrap()
}

#[test]
fn the_table_is_aligned_and_complete() {
    let expected = "\
ikee 0.1.0, up 1 h 2 min, provider graviola, extensions: fragmentation-v2
listens on 0.0.0.0:500, 0.0.0.0:4500; packets through ikee0

office  established for 1 min 5 s, initiator
  local     192.0.2.1:4500  'gw.example'
  remote    198.51.100.7:4500  'office.example'  behind NAT
  suite     aes256gcm16-prfsha384-ecp384, new keys in 3 h 53 min
  SPIs      0102030405060708 (initiator)  1112131415161718 (responder)
  assigned  10.1.9.2/32
  DNS       10.1.0.53
  net  10.1.0.0/16 === 10.2.0.0/16, fd00:2::/64
    suite   aes256gcm16, 1 min 4 s old, new keys in 50 min 0 s
    in      c0ffee01          12 packets      1000 B
    out     c0ffee02           7 packets    10.0 MiB
";
    assert_eq!(table(&sample(), Style::plain()), expected);
}

#[test]
fn a_daemon_without_sas_says_so() {
    let mut status = sample();
    status.sas.clear();
    status.bugs = 2;
    let text = table(&status, Style::plain());
    assert!(
        text.ends_with("see the log, and report them\n\nno SAs\n"),
        "{text}"
    );
}

#[test]
fn octets_are_told_in_units_of_1024() {
    let told = [0, 1023, 1024, 1_048_575, 1_048_576, 5 << 40].map(octets);
    assert_eq!(
        told,
        [
            "0 B",
            "1023 B",
            "1.0 KiB",
            "1023.9 KiB",
            "1.0 MiB",
            "5.0 TiB"
        ]
    );
}
