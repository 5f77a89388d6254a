//! Where Windows departs from the RFCs ([MS-IKEE] §3.1.5), and where it does not.

use std::time::Duration;

use ike_ext::{Context, Draft, Extension, Extensions, SaId, Stage};
use ikev1::{AuthenticationFailure, Event, Failure, KeyLog, Profile};
use ipsec_doi::v1::IkeProposal;
use ipsec_doi::{Encryption, EncryptionId, HashId};
use isakmp_wire::v1::{NotifyType, kind};
use isakmp_wire::vendor_id::MS_NT5_ISAKMPOAKLEY;
use isakmp_wire::{ExchangeType, Flags, Message, PayloadType};

use crate::pair::{A, B, Pair, config};
use crate::signatures;

fn with(profile: Profile) -> Pair {
    let [a, b] = [A, B].map(|side| {
        let mut it = config(side);
        it.profile = profile;
        it
    });
    Pair::new(a, b)
}

/// [MS-IKEE] §3.1.5: before there are keys a refusal goes out in clear, without HASH.
#[test]
fn an_early_refusal_is_a_notification_in_clear() {
    let mut pair = Pair::changed(|side, it| {
        if side == A {
            it.proposals = vec![IkeProposal::parse("aes256-sha512-modp2048").unwrap()];
        }
    });
    pair.connect();
    let answer = pair
        .crossed
        .iter()
        .find(|it| it.local.ip() == crate::pair::address(B));
    let message = Message::parse(&answer.unwrap().bytes).unwrap();
    assert_eq!(message.header.exchange, ExchangeType::V1_INFORMATIONAL);
    assert!(!message.header.flags.contains(Flags::ENCRYPTED));
    let kinds: Vec<_> = message.iter().map(|it| it.kind).collect();
    assert_eq!(kinds, [kind::NOTIFY]);
}

/// [MS-IKEE] §3.1.5, against RFC 2408 §5.1: only who began an exchange repeats by itself.
#[test]
fn the_responder_repeats_by_itself_only_under_the_rfc() {
    for (profile, repeats) in [(Profile::RFC, true), (Profile::MICROSOFT, false)] {
        let mut pair = with(profile);
        let mut first = true;
        // the initiator dies after its first message
        pair.meddler = Some(Box::new(move |packet| {
            let passes = core::mem::take(&mut first);
            if passes { vec![packet] } else { Vec::new() }
        }));
        pair.initiate(A);
        pair.run(Duration::from_millis(100));
        let sa = pair.hosts[A].endpoint.sas().next().unwrap().sa;
        pair.call(A, |it, now, out| it.delete(now, sa, out))
            .unwrap();
        let before = pair.from(B);
        pair.run(Duration::from_secs(20));
        assert_eq!(pair.from(B) > before, repeats);
        pair.run(Duration::from_secs(100));
        pair.assert_empty();
    }
}

/// [MS-IKEE] §3.1.5: neither a notification nor a delete is repeated.
#[test]
fn a_notification_is_sent_once() {
    let mut pair = with(Profile::RFC);
    let sa = pair.connect();
    let before = pair.from(A);
    pair.link.loss = 1000;
    pair.call(A, |it, now, out| it.delete(now, sa, out))
        .unwrap();
    pair.run(Duration::from_secs(600));
    // one for the child, one for the SA
    assert_eq!(pair.from(A), before + 2);
    pair.assert_empty();
}

/// [MS-IKEE] §3.1.5, against RFC 2408 §3.9: aggressive mode's third message has certificates, but no identity.
#[test]
fn a_certificate_counts_only_beside_an_identity() {
    for (profile, counts) in [(Profile::RFC, true), (Profile::MICROSOFT, false)] {
        let mut pair = signatures::aggressive(profile);
        pair.connect();
        let missing = |it: &Failure| {
            matches!(
                it,
                Failure::Authentication(AuthenticationFailure::NoCertificate { .. })
            )
        };
        assert_eq!(pair.hosts[B].established().len(), usize::from(counts));
        assert_eq!(pair.hosts[B].failures().iter().any(missing), !counts);
    }
    // main mode's fifth and sixth have both
    let mut pair = signatures::main_mode(Profile::MICROSOFT);
    pair.connect();
    pair.assert_joined(1);
}

/// Says that it is a release of Windows.
#[derive(Debug)]
struct Claims(u8);

impl Extension for Claims {
    fn name(&self) -> &'static str {
        "claims"
    }

    fn on_outgoing(&mut self, _: &mut Context<'_>, _: SaId, draft: &mut Draft<'_>) {
        if self.0 != 0 && draft.stage() == Stage::main_mode(1) {
            draft.vendor_id(&[&MS_NT5_ISAKMPOAKLEY[..], &[0, 0, 0, self.0]].concat());
        }
    }
}

/// The body of a payload in clear.
fn body_of(bytes: &[u8], kind: PayloadType) -> Vec<u8> {
    let message = Message::parse(bytes).unwrap();
    message.payloads.first(kind).unwrap().body.to_vec()
}

/// The IV under which a message decrypts to a chain that begins with HASH.
fn decrypts(key: &[u8], iv: &[u8], bytes: &[u8]) -> bool {
    let provider = ike_rustcrypto::provider();
    let cipher = Encryption::new(EncryptionId::AES_CBC, 128);
    let key = provider.cipher(cipher).unwrap().keyed(key).unwrap();
    let message = Message::parse(bytes).unwrap();
    let mut plain = message.encrypted_body().unwrap().to_vec();
    key.open(iv, &[], &mut plain, &[]).unwrap();
    // the notification behind HASH: its next payload, a reserved octet and the length of a SHA-256 HASH
    plain[..4] == [kind::NOTIFY.get(), 0, 0, 36]
}

/// [MS-IKEE] note 12: to releases 2 to 5 a protected notification in the third round trip goes on from the last block that
/// we sent, to all others from the last one that we took. Without the deviation it has a chain of its own. The peer
/// reads each.
#[test]
fn an_early_notification_goes_on_with_the_chain_that_the_peers_release_wants() {
    for (profile, release) in [
        (Profile::MICROSOFT, 0),
        (Profile::MICROSOFT, 2),
        (Profile::MICROSOFT, 5),
        (Profile::MICROSOFT, 6),
        (Profile::MICROSOFT, 9),
        (Profile::RFC, 5),
    ] {
        let [mut a, mut b] = [config(A), config(B)];
        b.profile = profile;
        a.key_log = true;
        a.connections[0].authentication.local_id = ipsec_doi::Identity::fqdn("c.example");
        let mut pair = Pair::extended(a, b, || Extensions::none().with(Claims(release)));
        pair.connect();
        let refused = Failure::PeerError(NotifyType::INVALID_ID_INFORMATION);
        assert_eq!(pair.hosts[A].failures(), [refused]);
        let key = pair.hosts[A].events.iter().find_map(|it| match it {
            Event::KeyLog(it) => match &**it {
                KeyLog::Ike { encryption, .. } => Some(encryption.as_slice().to_vec()),
                _ => None,
            },
            _ => None,
        });
        let key = key.unwrap();
        let [third, fourth, fifth, notify] = [2, 3, 4, 5].map(|at| pair.crossed[at].bytes.clone());
        let hash = ike_rustcrypto::provider().hash(HashId::SHA2_256).unwrap();
        let digest = |parts: &[&[u8]]| {
            let mut out = [0; 32];
            hash.digest(parts, &mut out);
            out[..16].to_vec()
        };
        let beginning = digest(&[&body_of(&third, kind::KE), &body_of(&fourth, kind::KE)]);
        let taken = fifth[fifth.len() - 16..].to_vec();
        let own = digest(&[&taken, &notify[20..24]]);
        let expected = match (profile.chained_notify, release) {
            (false, _) => &own,
            (true, 2..=5) => &beginning,
            (true, _) => &taken,
        };
        for iv in [&beginning, &taken, &own] {
            assert_eq!(decrypts(&key, iv, &notify), iv == expected, "{release}");
        }
    }
}

/// [MS-IKEE] note 12, the initiator: what it sent last is message 5, what it took last message 6.
#[test]
fn an_initiators_early_notification_is_read_as_well() {
    for release in [0, 3, 9] {
        let [mut a, mut b] = [config(A), config(B)];
        a.profile = Profile::MICROSOFT;
        b.connections[0].authentication.local_id = ipsec_doi::Identity::fqdn("c.example");
        let mut pair = Pair::extended(a, b, || Extensions::none().with(Claims(release)));
        pair.connect();
        let heard = |it: &Event| {
            matches!(
                it,
                Event::Hint {
                    notify: NotifyType::INVALID_ID_INFORMATION,
                    ..
                }
            )
        };
        // the responder stands already
        assert_eq!(pair.hosts[B].count(heard), 1);
        assert!(pair.hosts[A].established().is_empty());
    }
}
