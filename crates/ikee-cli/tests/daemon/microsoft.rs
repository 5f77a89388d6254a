//! Peers that speak as Windows does, octet by octet, before the daemon: one that also has AuthIP, one that says why it refuses.

use std::net::{SocketAddr, UdpSocket};
use std::thread;
use std::time::Duration;

use super::{Daemon, Place, SECRET, configuration, text};

const NAMES: [&str; 2] = ["a.example", "b.example"];
const MAIN_MODE: u8 = 2;
const INFORMATIONAL: u8 = 5;
/// AuthIP's main mode ([MS-IKEE] §1.3.8, [MS-AIPS] §2.2.2).
const AUTHIP: u8 = 0xf3;
/// Where the exchange type is in a header, and where the cookies end.
const EXCHANGE: usize = 18;
const COOKIES: usize = 16;

/// A configuration of IKEv1 with this section.
fn ikev1(here: Place, peer: Place, names: [&str; 2], section: &str) -> String {
    configuration(here, peer, names, SECRET)
        .replace("[extensions.fragmentation-v2]\n", section)
        .replace(
            "[connections.peer]\n",
            "[connections.peer]\nversion = \"ikev1\"\n",
        )
}

/// A message of version 1.0 in clear: both cookies, the exchange, and payloads by their types and bodies.
fn message(cookies: [[u8; 8]; 2], exchange: u8, payloads: &[(u8, &[u8])]) -> Vec<u8> {
    let mut body = Vec::new();
    for (at, (_, octets)) in payloads.iter().enumerate() {
        let next = payloads.get(at + 1).map_or(0, |it| it.0);
        let length = u16::try_from(octets.len() + 4).unwrap();
        body.extend([next, 0]);
        body.extend(length.to_be_bytes());
        body.extend(*octets);
    }
    let mut out = cookies.concat();
    out.extend([payloads[0].0, 0x10, exchange, 0, 0, 0, 0, 0]);
    out.extend(u32::try_from(body.len() + 28).unwrap().to_be_bytes());
    out.extend(body);
    out
}

/// AuthIP's messages have payloads of their own numbers, here CRYPTO (0x85) and AUTH (0x87).
fn authip(cookies: [[u8; 8]; 2]) -> Vec<u8> {
    message(cookies, AUTHIP, &[(0x85, &[1; 40]), (0x87, &[2; 60])])
}

/// Somebody at the place of a daemon's peer.
struct Raw {
    socket: UdpSocket,
    daemon: SocketAddr,
}

impl Raw {
    /// With the first message of the daemon.
    fn meets(place: Place) -> (Self, Vec<u8>) {
        let socket = UdpSocket::bind((place.address, place.ports[0])).unwrap();
        let patience = Some(Duration::from_secs(10));
        socket.set_read_timeout(patience).unwrap();
        let mut octets = [0; 2000];
        let (count, daemon) = socket.recv_from(&mut octets).unwrap();
        (Self { socket, daemon }, octets[..count].to_vec())
    }

    fn says(&self, octets: &[u8]) {
        self.socket.send_to(octets, self.daemon).unwrap();
    }

    fn hears(&self) -> Vec<u8> {
        let mut octets = [0; 2000];
        let count = self.socket.recv(&mut octets).unwrap();
        octets[..count].to_vec()
    }
}

fn initiator(first: &[u8]) -> [u8; 8] {
    first[..8].try_into().unwrap()
}

/// [MS-IKEE] §1.3.8: as responder. AuthIP's first message is named, and not answered; IKEv1 serves the same peer.
#[test]
fn a_first_message_of_authip_is_named_and_left_alone_and_ikev1_goes_on() {
    let (a, b) = (Place::free("127.0.0.1"), Place::free("127.0.0.1"));
    let both =
        "[extensions.coexistence]\nannounce = true\nkeying_modules = [\"ikev1\", \"authip\"]\n";
    let own = ikev1(b, a, [NAMES[1], NAMES[0]], "[extensions.coexistence]\n");
    let server = Daemon::start("authip", "b", &own);
    let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
    let patience = Some(Duration::from_millis(500));
    socket.set_read_timeout(patience).unwrap();
    let first = authip([[7; 8], [0; 8]]);
    // cut anywhere behind the header it is the same
    for length in [first.len(), first.len() - 1, 60, 28] {
        let to = (b.address, b.ports[0]);
        socket.send_to(&first[..length], to).unwrap();
    }
    assert!(socket.recv(&mut [0; 100]).is_err(), "no answer");
    server.logs("a message of AuthIP, which is not spoken here");
    assert_eq!(server.status()["dropped"], 4, "{}", server.log());
    let log = server.log();
    assert_eq!(log.matches("a message of AuthIP").count(), 4, "{log}");

    let client = Daemon::start("authip", "a", &ikev1(a, b, NAMES, both));
    let up = client.control(&["up", "peer"]);
    assert_eq!(up.status.code(), Some(0), "{}", text(&up.stderr));
    let told = server.status()["sas"][0]["extensions"]["coexistence"].clone();
    assert_eq!(told, "the peer has AuthIP, too; IKEv1 serves it");
}

/// [MS-IKEE] §1.3.8: as initiator. Both first messages are out, and AuthIP is answered first; as anybody can forge that, IKEv1
/// repeats its own.
#[test]
fn an_answer_of_authip_is_told_of_and_ends_nothing() {
    let (a, b) = (Place::free("127.0.0.1"), Place::free("127.0.0.1"));
    let script = thread::spawn(move || {
        let (peer, first) = Raw::meets(b);
        let mamie = isakmp_wire::vendor_id::MS_MAMIE_EXISTS;
        assert!(first.windows(16).any(|it| it == mamie), "it says so");
        peer.says(&authip([initiator(&first), [9; 8]]));
        [peer.hears(), peer.hears()].map(|it| it == first)
    });
    let module = "[extensions.coexistence]\nmodule = true\n";
    let client = Daemon::start("authip-first", "a", &ikev1(a, b, NAMES, module));
    let up = client.control(&["up", "peer"]);
    assert_eq!(up.status.code(), Some(1), "nobody speaks IKEv1 there");
    assert_eq!(script.join().unwrap(), [true, true], "octet for octet");
    let log = client.log();
    for told in [
        "coexistence: neither IKEv1 nor AuthIP was answered yet",
        "coexistence: AuthIP was answered first, and serves this peer",
    ] {
        assert!(log.contains(told), "{told}\n{log}");
    }
}

/// [MS-IKEE] §2.2.6, §2.2.7: a refusal with NOTIFY_STATUS; code, cause and remedy reach the operator.
#[test]
fn a_refusal_of_windows_is_explained_with_code_cause_and_remedy() {
    let (a, b) = (Place::free("127.0.0.1"), Place::free("127.0.0.1"));
    let script = thread::spawn(move || {
        let (peer, first) = Raw::meets(b);
        assert_eq!(first[EXCHANGE], MAIN_MODE);
        assert_eq!(first[8..COOKIES], [0; 8]);
        let notify = |number: u16, data: &[u8]| {
            let mut body = vec![0, 0, 0, 1, 1, 0];
            body.extend(number.to_be_bytes());
            body.extend(data);
            body
        };
        // NO_PROPOSAL_CHOSEN, and NOTIFY_STATUS with ERROR_IPSEC_IKE_POLICY_MATCH
        let refusal = notify(14, &[]);
        let status = notify(0x9c43, &13_868_u32.to_be_bytes());
        let cookies = [initiator(&first), [9; 8]];
        let payloads = [(11, &refusal[..]), (11, &status[..])];
        peer.says(&message(cookies, INFORMATIONAL, &payloads));
        // anybody could have said it: the daemon tries on
        peer.hears() == first
    });
    let client = Daemon::start("refusal", "a", &ikev1(a, b, NAMES, ""));
    let up = client.control(&["up", "peer"]);
    assert_eq!(up.status.code(), Some(1));
    assert!(script.join().unwrap(), "it tries on");
    let why = text(&up.stderr);
    assert!(why.contains("NO_PROPOSAL_CHOSEN"), "{why}");
    client.logs("gives the reason 13868 (IKE_POLICY_MATCH)");
    let said = text(&client.control(&["explain", "peer"]).stdout);
    for part in [
        "13868 (IKE_POLICY_MATCH)",
        "no common cipher, hash, group or authentication method",
        "compare the proposals: Get-NetIPsecMainModeCryptoSet",
    ] {
        assert!(said.contains(part), "{part:?} in\n{said}");
    }
}
