//! What Windows really does in IKEv1, by a peer whose octets are written from the documents.

use std::net::SocketAddr;
use std::time::Duration;

use ike_ext::{Context, Extension, Extensions, Instant, Policy, Role, SaId};
use ikee_fragmentation::Fragmentation;
use ikee_status::{Status, StatusCode, Told, write_v1};
use ikee_tests::v1::pair::{POLICY, address, config};
use ikee_tests::v1::peer::{Cover, body, id, notify, only, payload, phase_2};
use ikee_tests::v1::{Host, Peer};
use ikee_tests::{Packet, Side};
use ikev1::{Config, Endpoint, Event, Failure};
use ipsec_doi::encapsulation::{Mode, NatRevision};
use isakmp_wire::v1::{Fragment, NotifyType, kind};
use isakmp_wire::{ExchangeType, Flags, Header, MessageWriter, PayloadType, vendor_id};

const NOW: Instant = Instant::EPOCH;

/// An endpoint at 192.0.2.2 that has `extensions`.
fn host(config: Config, extensions: Extensions) -> Host {
    let provider = ike_rustcrypto::provider();
    let endpoint = Endpoint::new(config, provider, extensions, [9; 32]).expect("an endpoint");
    Host::new(endpoint, address(Side::B))
}

fn socket(side: Side) -> SocketAddr {
    (address(side), 500).into()
}

fn windows(role: Role) -> Peer {
    let mut peer = Peer::new(
        role,
        socket(Side::A),
        socket(Side::B),
        ike_rustcrypto::provider(),
    );
    let release = [&vendor_id::MS_NT5_ISAKMPOAKLEY[..], &[0, 0, 0, 9]].concat();
    peer.vendor_ids = vec![release, vendor_id::FRAGMENTATION.to_vec()];
    peer
}

/// An endpoint that begins, and its first message.
fn begin(config: Config, extensions: Extensions) -> (Host, Packet) {
    let mut host = host(config, extensions);
    let (begun, packets) = host.call(NOW, |endpoint, out| {
        endpoint.initiate(NOW, POLICY, address(Side::B), out)
    });
    begun.expect("a negotiation");
    (host, only(packets))
}

/// Quirk 1: Windows 7 and 8 take fragments only where they expect a certificate. With a shared key there is none, and
/// nothing is so large that it goes out in pieces, however often it is repeated.
#[test]
fn without_a_certificate_nothing_goes_out_in_pieces() {
    let extensions = Extensions::none().with(Fragmentation::new());
    let (mut host, first) = begin(config(Side::B), extensions);
    let mut peer = windows(Role::Responder);
    let (header, payloads) = peer.open(&first);
    peer.spis.0 = header.initiator;
    assert!(payloads.iter().any(|it| it.kind == kind::VENDOR_ID));
    let second = peer.first();
    let third = only(host.receive(NOW, &second));
    assert!(third.bytes.len() < 576);
    let fourth = peer.half();
    let mut sent = host.receive(NOW, &fourth);
    let mut now = NOW;
    while let Some(at) = host
        .deadline()
        .filter(|_| now < NOW + Duration::from_secs(300))
    {
        now = at;
        sent.extend(host.wake(now));
    }
    assert!(sent.len() > 3);
    for it in sent {
        let header = Header::parse(&it.bytes).expect("a header");
        assert_ne!(header.next, kind::FRAGMENT);
    }
}

/// Quirk 2: a Windows server with the commit bit ends quick mode with a fourth message, CONNECTED or INITIAL-CONTACT; the
/// child is there after it and not before (RFC 2408 §3.1). The keys are those of RFC 2409 §5.5.
#[test]
fn a_fourth_message_of_quick_mode_confirms() {
    for last in [NotifyType::CONNECTED, NotifyType::INITIAL_CONTACT] {
        let (mut host, first) = begin(config(Side::B), Extensions::none());
        let mut peer = windows(Role::Responder);
        let asked = only(peer.serve(&mut host, NOW, &first, "a.example"));
        let (asked, payloads) = peer.open(&asked);
        assert_eq!(asked.exchange, ExchangeType::QUICK_MODE);
        let nonce = body(&payloads, kind::NONCE);
        let header = Header {
            flags: Flags::COMMIT,
            ..peer.header(ExchangeType::QUICK_MODE, asked.message_id)
        };
        let ids = payloads.iter().filter(|it| it.kind == kind::ID).cloned();
        let own = vec![0x77; 16];
        let mut answer = vec![phase_2(0x1000, 1)];
        answer.push(isakmp_wire::OwnedPayload::new(kind::NONCE, own.clone()));
        answer.extend(ids);
        let cover = Cover {
            after: &nonce,
            ..Cover::default()
        };
        let second = peer.hashed(&header, cover, &answer);
        let third = only(host.receive(NOW, &second));
        let (third, payloads) = peer.open(&third);
        assert!(third.flags.contains(Flags::COMMIT));
        let id = asked.message_id.to_be_bytes();
        let proof = peer.hash(&[&[0], &id, &nonce, &own]);
        assert_eq!(body(&payloads, kind::HASH), proof);
        assert!(host.children.is_empty());
        let fourth = peer.hashed(&header, Cover::default(), &[notify(last, &[])]);
        assert!(host.receive(NOW, &fourth).is_empty());
        let child = host.children.values().next().expect("a child");
        let keymat = peer.keymat(0x1000, (&nonce, &own));
        assert_eq!(child.outbound.encryption.as_slice(), &keymat[..16]);
        assert_eq!(child.outbound.integrity.as_slice(), &keymat[16..48]);
        // INITIAL-CONTACT says nothing here
        assert_eq!(host.established().count(), 1);
    }
}

/// Sees a NAT wherever it looks.
#[derive(Debug)]
struct Translated(NatRevision);

impl Extension for Translated {
    fn name(&self) -> &'static str {
        "translated"
    }

    fn policy(&self) -> Option<&dyn Policy> {
        Some(self)
    }

    fn on_outgoing(&mut self, _: &mut Context<'_>, _: SaId, _: &mut ike_ext::Draft<'_>) {}
}

impl Policy for Translated {
    fn encapsulation(&self, _: SaId) -> Option<NatRevision> {
        Some(self.0)
    }
}

/// Quirk 3: behind a NAT a Windows client (L2TP in transport mode) may say its name in quick mode, with NAT-OA; several
/// of them come from one address. Each has a child of its own, to its own port.
#[test]
fn clients_behind_one_nat_name_themselves_in_quick_mode() {
    for (revision, mode, oa) in [
        (NatRevision::Rfc3947, 4, kind::NAT_OA),
        (NatRevision::Draft, 0xf004, kind::NAT_OA_DRAFT),
    ] {
        let mut config = config(Side::B);
        let connection = &mut config.connections[0];
        connection.remote = None;
        connection.authentication.remote_id = None;
        connection.children[0].mode = Mode::Transport;
        let mut host = host(config, Extensions::none().with(Translated(revision)));
        for (n, port) in [4500, 61_000, 61_001].into_iter().enumerate() {
            let name = format!("pc{n}");
            let nat = SocketAddr::from(([198, 51, 100, 7], port));
            let server = SocketAddr::from((address(Side::B), 4500));
            let mut peer = Peer::new(Role::Initiator, nat, server, ike_rustcrypto::provider());
            peer.spis.0 = isakmp_wire::Spi::new([u8::try_from(n).expect("few") + 1; 8]);
            peer.connect(&mut host, NOW, &name);
            let inside = [192, 168, 0, u8::try_from(n).expect("few") + 10];
            let original = |address: [u8; 4]| {
                let octets = [&[1, 0, 0, 0], &address[..]].concat();
                isakmp_wire::OwnedPayload::new(oa, octets)
            };
            let more = [
                id(2, 17, 1701, name.as_bytes()),
                id(1, 17, 1701, &[192, 0, 2, 2]),
                original(inside),
                original([192, 0, 2, 2]),
            ];
            let (asked, nonce) = peer.ask(7, phase_2(0x2000, mode), &more);
            let answer = only(host.receive(NOW, &asked));
            let (_, payloads) = peer.open(&answer);
            // the identities go back as they came
            assert!(payloads.iter().any(|it| *it == more[0]));
            let theirs = body(&payloads, kind::NONCE);
            let third = peer.confirm(7, (&nonce, &theirs));
            host.receive(NOW, &third);
            assert_eq!(host.children.len(), n + 1);
            let child = host.children.values().next_back().expect("a child");
            assert_eq!(child.ends.1, nat);
            assert_eq!(child.original.1, Some(inside.into()));
            assert_eq!(child.encapsulation.mode, Mode::Transport);
            assert_eq!(child.encapsulation.udp, Some(revision));
            assert_eq!(
                format!("{}", child.selectors.1),
                "198.51.100.7/32[udp/1701]"
            );
        }
        assert_eq!(host.established().count(), 3);
    }
}

/// A message in pieces of this size; the headers of the pieces, and of the message inside, have these flags.
fn pieces(message: &Packet, size: usize, outer: Flags, inner: Option<Flags>) -> Vec<Packet> {
    let mut bytes = message.bytes.clone();
    let header = Header::parse(&bytes).expect("a header");
    if let Some(flags) = inner {
        bytes[19] = flags.get();
    }
    let count = bytes.chunks(size).count();
    let all = bytes.chunks(size).enumerate();
    all.map(|(at, data)| {
        let piece = Fragment {
            id: 1,
            number: u8::try_from(at + 1).expect("few"),
            last: at + 1 == count,
            data,
        };
        let mut out = Vec::new();
        let header = Header {
            next: PayloadType::NONE,
            flags: Flags::NONE,
            ..header
        };
        let mut writer = MessageWriter::begin(&mut out, &header);
        writer.owned(&payload(kind::FRAGMENT, &piece));
        writer.finish();
        out[19] = outer.get();
        Packet {
            bytes: out,
            ..message.clone()
        }
    })
    .collect()
}

/// Quirk 4: the flag that says that a message is encrypted stands on the pieces, or is missing in the message inside.
#[test]
fn pieces_are_read_whatever_their_flags_say() {
    for outer in [Flags::NONE, Flags::ENCRYPTED] {
        for inner in [None, Some(Flags::NONE)] {
            let extensions = Extensions::none().with(Fragmentation::new());
            let mut host = host(config(Side::B), extensions);
            let mut peer = windows(Role::Initiator);
            peer.begin(&mut host, NOW);
            let fifth = peer.identify("a.example", &[]);
            let mut answer = Vec::new();
            for it in pieces(&fifth, 40, outer, inner) {
                assert_eq!(answer, []);
                answer = host.receive(NOW, &it);
            }
            assert_eq!(host.established().count(), 1, "{outer:?} {inner:?}");
            assert!(!answer.is_empty());
        }
    }
}

/// [MS-IKEE] §3.3.6.1: who takes joined messages only if they have an ID payload, as Windows sends no others in pieces,
/// drops message 3 in pieces and takes it whole; message 5 in pieces is welcome to it.
#[test]
fn on_request_only_messages_with_an_identity_are_taken_in_pieces() {
    for strict in [false, true] {
        let extension = Fragmentation::new().with_identity_only(strict);
        let mut host = host(config(Side::B), Extensions::none().with(extension));
        let mut peer = windows(Role::Initiator);
        let first = peer.first();
        let second = only(host.receive(NOW, &first));
        peer.spis.1 = Header::parse(&second.bytes).expect("a header").responder;
        let third = peer.half();
        let mut answer = Vec::new();
        for it in pieces(&third, 60, Flags::NONE, None) {
            answer.extend(host.receive(NOW, &it));
        }
        if strict {
            assert_eq!(answer, []);
            let why = |it: &Event| match it {
                Event::Dropped { reason, .. } => Some(reason.to_string()),
                _ => None,
            };
            let reasons: Vec<_> = host.events.iter().filter_map(|it| why(&it.1)).collect();
            assert!(reasons[0].ends_with("without an ID payload"), "{reasons:?}");
            answer = host.receive(NOW, &third);
        }
        let (_, payloads) = peer.open(&only(answer));
        peer.take_half(&payloads);
        let fifth = peer.identify("a.example", &[]);
        for it in pieces(&fifth, 40, Flags::NONE, None) {
            host.receive(NOW, &it);
        }
        assert_eq!(host.established().count(), 1, "{strict}");
    }
}

/// [MS-IKEE] §2.2.6: a Windows that does not want a quick mode of ours may say so by NOTIFY_STATUS alone, about its message
/// ID. It is over at once, with that reason, and the SA stands; what is not protected ends nothing.
#[test]
fn a_status_alone_ends_our_quick_mode_with_its_reason() {
    for named in [true, false] {
        let (mut host, first) = begin(config(Side::B), Extensions::none().with(Status::new()));
        let mut peer = windows(Role::Responder);
        let asked = only(peer.serve(&mut host, NOW, &first, "a.example"));
        let (asked, _) = peer.open(&asked);
        assert_eq!(asked.exchange, ExchangeType::QUICK_MODE);
        let status = write_v1(Told {
            message_id: named.then_some(asked.message_id),
            code: StatusCode::IKE_POLICY_MATCH,
        });
        let header = peer.header(ExchangeType::V1_INFORMATIONAL, 0x98);
        let forged = peer.clear(&header, std::slice::from_ref(&status));
        host.receive(NOW, &forged);
        assert_eq!(host.failures().count(), 0);
        // of another one, or of none at all
        for (id, message_id, code) in [
            (0x9a, Some(!asked.message_id), StatusCode::IKE_POLICY_MATCH),
            (0x9b, named.then_some(asked.message_id), StatusCode::SUCCESS),
        ] {
            let other = write_v1(Told { message_id, code });
            let packet = peer.inform(id, &[other]);
            host.receive(NOW, &packet);
            assert_eq!(host.failures().count(), 0, "{id:x}");
        }
        let packet = peer.inform(0x99, &[status]);
        host.receive(NOW, &packet);
        let failures: Vec<_> = host.failures().cloned().collect();
        assert_eq!(failures, [Failure::PeerSays("IKE_POLICY_MATCH")]);
        assert_eq!(host.established().count(), 1);
        // nothing of it is repeated
        assert!(
            host.deadline()
                .is_none_or(|at| at > NOW + Duration::from_secs(20))
        );
    }
}

/// Quirk 5, [MS-IKEE] note 12: a protected refusal in the third round trip has the IV that the sender's idea of our
/// release makes; whichever that is, it is understood.
#[test]
fn an_early_refusal_is_understood_by_each_of_its_ivs() {
    for which in 0..3 {
        let (mut host, first) = begin(config(Side::B), Extensions::none());
        let mut peer = windows(Role::Responder);
        let (header, payloads) = peer.open(&first);
        peer.spis.0 = header.initiator;
        drop(payloads);
        let second = peer.first();
        let third = only(host.receive(NOW, &second));
        let (_, payloads) = peer.open(&third);
        let fourth = peer.half();
        peer.take_half(&payloads);
        let fifth = only(host.receive(NOW, &fourth));
        peer.open(&fifth);
        let ivs = [peer.last.0.clone(), peer.last.1.clone(), peer.iv_of(0x99)];
        peer.set_iv(0x99, ivs[which].clone());
        let refusal = peer.inform(0x99, &[notify(NotifyType::INVALID_ID_INFORMATION, &[])]);
        host.receive(NOW, &refusal);
        let failures: Vec<_> = host.failures().cloned().collect();
        let refused = Failure::PeerError(NotifyType::INVALID_ID_INFORMATION);
        assert_eq!(failures, [refused], "{which}");
    }
}

/// Quirk 6, [MS-IKEE] §3.1.5: before the SA stands a refusal comes in clear. It is a hint, and ends nothing by itself: the
/// true answer may come after it, or nothing, and then it is what the operator reads.
#[test]
fn a_refusal_in_clear_is_a_hint() {
    let refusal = |peer: &Peer| {
        let header = peer.header(ExchangeType::V1_INFORMATIONAL, 0x55);
        peer.clear(&header, &[notify(NotifyType::NO_PROPOSAL_CHOSEN, &[])])
    };
    let (mut lonely, first) = begin(config(Side::B), Extensions::none());
    let mut peer = windows(Role::Responder);
    let (header, _) = peer.open(&first);
    peer.spis.0 = header.initiator;
    lonely.receive(NOW, &refusal(&peer));
    assert_eq!(lonely.failures().count(), 0);
    while let Some(at) = lonely.deadline() {
        lonely.wake(at);
    }
    let failures: Vec<_> = lonely.failures().cloned().collect();
    assert_eq!(
        failures,
        [Failure::Timeout(Some(NotifyType::NO_PROPOSAL_CHOSEN))]
    );

    let (mut host, first) = begin(config(Side::B), Extensions::none());
    let mut peer = windows(Role::Responder);
    let (header, _) = peer.open(&first);
    peer.spis.0 = header.initiator;
    host.receive(NOW, &refusal(&peer));
    peer.serve(&mut host, NOW, &first, "a.example");
    assert_eq!(host.established().count(), 1);
    let hints = host.events.iter();
    let hints = hints.filter(|it| matches!(it.1, Event::Hint { .. }));
    assert_eq!(hints.count(), 1);
}
