//! libreswan in IKEv1, which has no data path in the lab; and what it calls our vendor IDs.

use std::net::UdpSocket;
use std::time::Duration;

use isakmp_wire::vendor_id as id;

use crate::certificates::with_certificate;
use crate::ikee::{Config, Ikee};
use crate::ikev1::assert_stands;
use crate::lab::{Family, Host, Lab};
use crate::peer::{Kind, Peer};

const DEBUG: [(&str, &str); 1] = [("DEBUG", "all")];

fn both_roles(scenario: &str, ours: fn(&Lab, Config) -> Config) {
    let Some(lab) = Lab::with(Kind::Libreswan) else {
        return;
    };
    let peer = Peer::start(&lab, scenario, Host::B, Family::V4, &[]);
    let ikee = Ikee::start(&lab, &ours(&lab, Config::initiator(Family::V4).v1()));
    ikee.up();
    peer.assert_up();
    assert_stands(&ikee, "main");
    assert_eq!(ikee.sa()["remote_id"], "b.lab");
    ikee.stop();
    drop(peer);
    drop(lab);
    let Some(lab) = Lab::with(Kind::Libreswan) else {
        return;
    };
    let ikee = Ikee::start(&lab, &ours(&lab, Config::responder().v1()));
    let peer = Peer::start(&lab, scenario, Host::A, Family::V4, &[]);
    peer.up();
    assert_stands(&ikee, "main");
    assert_eq!(ikee.sa()["remote_id"], "a.lab");
    ikee.stop();
}

#[test]
fn libreswan_and_we_do_main_mode_with_a_secret_in_both_roles() {
    both_roles("v1-psk", |_, config| config);
}

#[test]
fn libreswan_and_we_do_main_mode_with_rsa_in_both_roles() {
    both_roles("v1-rsa", |lab, config| {
        with_certificate(lab, config, ("rsa", "rsa-ca"))
    });
}

/// True when it says that it knows a vendor ID by this name, and whether it makes use of it.
fn names(log: &str, name: &str) -> bool {
    // this one with its octets
    let name = match name {
        "FRAGMENTATION" => "FRAGMENTATION 40 48 b7 d5  6e bc e8 85  25 e7 de 7f  00 d6 c2 d3",
        name => name,
    };
    let payload = format!("Vendor ID payload [{name}]");
    log.lines()
        .any(|line| line.contains(&payload) && !line.contains("unknown"))
}

#[test]
fn libreswan_names_every_vendor_id_of_our_own_negotiations() {
    let Some(lab) = Lab::with(Kind::Libreswan) else {
        return;
    };
    let peer = Peer::start(&lab, "v1-psk", Host::B, Family::V4, &DEBUG);
    let ikee = Ikee::start(&lab, &Config::initiator(Family::V4).v1());
    ikee.up();
    let log = peer.log();
    for name in [
        "RFC 3947",
        "draft-ietf-ipsec-nat-t-ike-02_n",
        "FRAGMENTATION",
    ] {
        assert!(names(&log, name), "{name} in\n{log}");
    }
    assert!(!log.contains("ignoring unknown Vendor ID"), "{log}");
    ikee.stop();
}

/// Every vendor ID of Microsoft's, and what libreswan calls it.
fn microsofts() -> Vec<(Vec<u8>, &'static str)> {
    let plain = [
        (id::GSSAPI, "GSSAPI"),
        (id::VID_INITIAL_CONTACT, "Vid-Initial-Contact"),
        (id::NLBS_PRESENT, "NLB/MSCS fast failover supported"),
        (id::FRAGMENTATION, "FRAGMENTATION"),
        (id::NAT_T_DRAFT_02, "draft-ietf-ipsec-nat-t-ike-02_n"),
        (id::NAT_T_RFC_3947, "RFC 3947"),
        (id::MS_MAMIE_EXISTS, "AuthIP supported"),
        (id::IKE_CGA, "CGA supported"),
        (id::NEGOTIATION_DISCOVERY, "Negotiation discovery supported"),
        (id::XBOX_ONE_2013, "Microsoft Xbox One 2013"),
        (id::XBOX_NEGOTIATION, "Xbox IKEv2 Negotiation"),
        (id::SECURITY_REALM, "MSFT IPsec Security Realm Id"),
    ];
    let releases = [
        (2, "Windows 2000"),
        (3, "Windows XP"),
        (4, "Windows Server 2003"),
        (5, "Windows Vista"),
        (6, "Windows Server 2008"),
        (7, "Windows 7"),
        (8, "Windows Server 2008 R2"),
        (9, "Windows 8, 8.1, 10, Server 2012 R2, Server 2016"),
    ];
    let modules = [
        (0, "Windows KEY_MODS (IKE)"),
        (1, "Windows KEY_MODS (AUTHIP)"),
        (2, "Windows KEY_MODS (IKEv2)"),
    ];
    // its 6 is ECP-521, where [MS-IKEE] note 6 has group 24
    let groups = [
        (0, "AUTHIP INIT KE DH NONE"),
        (1, "AUTHIP INIT KE DH1"),
        (2, "AUTHIP INIT KE DH2"),
        (3, "AUTHIP INIT KE DH14"),
        (4, "AUTHIP INIT KE DH19(ECP 256)"),
        (5, "AUTHIP INIT KE DH20(ECP 384)"),
        (7, "AUTHIP INIT KE DH MAX"),
    ];
    let mut all: Vec<_> = plain
        .into_iter()
        .map(|(id, name)| (id.to_vec(), name))
        .collect();
    let numbered: [(_, &[(u32, &'static str)]); 3] = [
        (id::MS_NT5_ISAKMPOAKLEY, &releases),
        (id::KEY_MODS, &modules),
        (id::AUTHIP_INIT_KE_DH_GROUP, &groups),
    ];
    for (id, numbers) in numbered {
        for (number, name) in numbers {
            all.push(([&id[..], &number.to_be_bytes()].concat(), *name));
        }
    }
    all
}

/// Main mode's first message (RFC 2409 §5): AES-256, SHA2-256, a shared key, group 14; and these vendor IDs.
fn first_message(cookie: u8, vendor_ids: &[Vec<u8>]) -> Vec<u8> {
    const SA: [u8; 44] = [
        0, 0, 0, 1, 0, 0, 0, 1, // the IPsec DOI, SIT_IDENTITY_ONLY
        0, 0, 0, 36, 1, 1, 0, 1, // proposal 1, ISAKMP, one transform
        0, 0, 0, 28, 1, 1, 0, 0, // transform 1, KEY_IKE
        0x80, 1, 0, 7, 0x80, 14, 1, 0, // AES, 256 bits
        0x80, 2, 0, 4, 0x80, 3, 0, 1, // SHA2-256, a shared key
        0x80, 4, 0, 14, // group 14
    ];
    const VENDOR_ID: u8 = 13;
    let mut bodies = vec![&SA[..]];
    bodies.extend(vendor_ids.iter().map(Vec::as_slice));
    let mut payloads = Vec::new();
    for (at, body) in bodies.iter().enumerate() {
        let last = at + 1 == bodies.len();
        let length = u16::try_from(body.len() + 4).expect("a payload");
        payloads.extend([if last { 0 } else { VENDOR_ID }, 0]);
        payloads.extend(length.to_be_bytes());
        payloads.extend(*body);
    }
    let length = u32::try_from(payloads.len() + 28).expect("a message");
    let mut message = vec![cookie; 8];
    message.extend([0; 8]);
    message.extend([1, 0x10, 2, 0, 0, 0, 0, 0]);
    message.extend(length.to_be_bytes());
    message.extend(payloads);
    message
}

/// An independent check of our table of vendor IDs ([MS-IKEE] note 6): each goes alone, so that its name is no other's.
#[test]
fn libreswan_names_every_vendor_id_of_microsofts_that_our_table_has() {
    let Some(lab) = Lab::with(Kind::Libreswan) else {
        return;
    };
    let peer = Peer::start(&lab, "v1-psk", Host::B, Family::V4, &DEBUG);
    let all = microsofts();
    // Microsoft's stand first
    let ours = id::KNOWN.iter();
    for known in ours.take_while(|it| *it.prefix != id::NAT_T_DRAFT_02_PLAIN) {
        let tried = all
            .iter()
            .any(|(octets, _)| octets.starts_with(known.prefix));
        assert!(tried, "{} is not tried", known.name);
    }
    for (at, (octets, name)) in all.iter().enumerate() {
        let before = peer.log().len();
        let cookie = u8::try_from(at + 1).expect("few");
        let message = first_message(cookie, std::slice::from_ref(octets));
        let talk = lab.within(Host::A, move || {
            let socket = UdpSocket::bind(("10.99.0.1", 500)).expect("a socket");
            let patience = Some(Duration::from_secs(5));
            socket.set_read_timeout(patience).expect("a time-out");
            socket.send_to(&message, ("10.99.0.2", 500)).expect("sent");
            socket.recv(&mut [0; 2048]).expect("an answer")
        });
        talk.join().expect("libreswan answers");
        let log = peer.log().split_off(before);
        assert!(names(&log, name), "{octets:02x?} is not {name} in\n{log}");
    }
}
