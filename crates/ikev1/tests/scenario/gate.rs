//! A gate that challenges, and a peer that answers ([MS-IKEE] §3.9): what the core does for both.

use std::time::Duration;

use ike_ext::{
    Action, Admission, Context, Draft, Extension, Extensions, Gate, Inbound, SaId, Stage, Verdict,
};
use ikev1::{Dropped, Event, Transmit};
use isakmp_wire::v1::{Doi, Notification, NotifyType, ProtocolId, kind};
use isakmp_wire::{Encode, ExchangeType, Flags, Header, MessageWriter, OwnedPayload, PayloadType};
use isakmp_wire::{Message, Spi, Version};

use crate::pair::{A, B, BAD, Pair, address, config};

const COOKIE: [u8; 8] = *b"a cookie";

/// Knows one cookie for everybody.
#[derive(Debug, Default)]
struct Guard {
    open: bool,
    learned: Option<Spi>,
}

fn challenge(data: &[u8]) -> OwnedPayload {
    let mut body = Vec::new();
    Notification {
        doi: Doi::IPSEC,
        protocol: ProtocolId::ISAKMP,
        spi: &[],
        kind: NotifyType::new(0x9c44),
        data,
    }
    .encode(&mut body);
    OwnedPayload::new(kind::NOTIFY, body)
}

impl Extension for Guard {
    fn name(&self) -> &'static str {
        "guard"
    }

    fn on_outgoing(&mut self, _: &mut Context<'_>, _: SaId, draft: &mut Draft<'_>) {
        let first = [Stage::main_mode(1), Stage::new(ExchangeType::AGGRESSIVE, 1)];
        if let Some(it) = self.learned.filter(|_| first.contains(&draft.stage())) {
            draft.set_responder(it);
        }
    }

    fn on_incoming(&mut self, cx: &mut Context<'_>, sa: SaId, msg: &Inbound<'_>) -> Verdict {
        let Some(raw) = msg
            .payloads()
            .first(kind::NOTIFY)
            .filter(|_| !msg.protected)
        else {
            return Verdict::Continue;
        };
        let notify = Notification::parse(raw).unwrap();
        match <[u8; 8]>::try_from(notify.data) {
            Ok(cookie) if notify.kind == NotifyType::new(0x9c44) => {
                self.learned = Some(Spi::new(cookie));
                cx.push(Action::Recompose(sa));
                Verdict::Consume
            }
            _ => Verdict::Continue,
        }
    }

    fn gate(&mut self) -> Option<&mut dyn Gate> {
        Some(self)
    }
}

impl Gate for Guard {
    fn admit(&mut self, _: &mut Context<'_>, first: &Inbound<'_>) -> Admission {
        if self.open {
            Admission::Admit
        } else if first.header.responder == Spi::new(COOKIE) {
            Admission::Proven
        } else {
            Admission::Challenge(challenge(&COOKIE))
        }
    }
}

fn guarded(aggressive: bool) -> Pair {
    let [a, b] = [A, B].map(|side| {
        let mut it = config(side);
        it.connections[0].options.aggressive = aggressive;
        it
    });
    let mut pair = Pair::extended(a, b, || Extensions::none().with(Guard::default()));
    let initiator = pair.hosts[A].endpoint.extensions_mut();
    initiator.get_mut::<Guard>().unwrap().open = true;
    pair
}

fn headers(pair: &Pair) -> Vec<Header> {
    let all = pair.crossed.iter();
    all.map(|it| Header::parse(&it.bytes).unwrap()).collect()
}

/// [MS-IKEE] §3.9.5.1 to §3.9.5.3: four messages, of which the second leaves nothing behind, and the cookie is the
/// responder's from then on.
#[test]
fn a_challenge_is_answered_and_its_cookie_is_the_responders() {
    for aggressive in [false, true] {
        let mut pair = guarded(aggressive);
        pair.initiate(A);
        pair.run(Duration::from_millis(15));
        assert_eq!(pair.hosts[B].endpoint.sas().count(), 0);
        assert!(pair.hosts[B].endpoint.next_timeout().is_none());
        pair.run(Duration::from_secs(5));
        pair.assert_joined(1);
        let all = headers(&pair);
        assert!(all[0].responder.is_zero());
        assert_eq!(all[1].exchange, ExchangeType::V1_INFORMATIONAL);
        assert!(!all[1].flags.contains(Flags::ENCRYPTED) && all[1].message_id != 0);
        assert_eq!(all[1].initiator, all[0].initiator);
        assert!(all[2..].iter().all(|it| it.responder == Spi::new(COOKIE)));
        assert_eq!(all[2].exchange, all[0].exchange);
        // the same but for the cookie
        let (first, third) = (&pair.crossed[0].bytes, &pair.crossed[2].bytes);
        assert_eq!((&first[..8], &first[16..]), (&third[..8], &third[16..]));
    }
}

#[test]
fn loss_and_duplicates_do_no_harm() {
    for seed in 0..30 {
        let mut pair = guarded(seed % 2 == 0).seeded(seed);
        pair.link = BAD;
        pair.initiate(A);
        pair.run(Duration::from_secs(110));
        pair.assert_joined(1);
    }
}

/// [MS-IKEE] §3.9.5.3: a cookie that is not right makes the message a first one.
#[test]
fn a_wrong_cookie_is_challenged_and_leaves_nothing() {
    let mut pair = guarded(false);
    pair.initiate(A);
    let mut first = pair.crossed[0].clone();
    first.bytes[8..16].copy_from_slice(b"no, this");
    pair.hosts[A].events.clear();
    pair.deliver(&first);
    assert_eq!(pair.hosts[B].endpoint.sas().count(), 0);
    assert_eq!(
        headers(&pair).last().unwrap().exchange,
        ExchangeType::V1_INFORMATIONAL
    );
}

/// [MS-IKEE] §3.9.5.3: without a gate nobody has given out cookies.
#[test]
fn without_a_gate_no_cookie_is_taken() {
    let mut pair = Pair::new(config(A), config(B));
    pair.initiate(A);
    let mut first = pair.crossed[0].clone();
    first.bytes[8..16].copy_from_slice(&COOKIE);
    pair.deliver(&first);
    assert_eq!(pair.hosts[B].endpoint.sas().count(), 0);
    let unknown = |it: &Event| {
        matches!(
            it,
            Event::Dropped {
                reason: Dropped::UnknownSpi,
                ..
            }
        )
    };
    assert_eq!(pair.hosts[B].count(unknown), 1);
    assert_eq!(pair.crossed.len(), 1);
}

/// B13, B16: two negotiations cannot have one cookie, and what has it is gone with its SA.
#[test]
fn a_cookie_serves_one_negotiation_at_a_time() {
    let mut pair = guarded(false);
    pair.connect();
    let mut other = pair.crossed[2].clone();
    other.bytes[0] ^= 0xff;
    let before = pair.crossed.len();
    pair.deliver(&other);
    assert_eq!(pair.crossed.len(), before);
    assert_eq!(pair.hosts[B].endpoint.sas().count(), 1);
    let sa = pair.hosts[B].established()[0];
    pair.call(B, |it, now, out| it.delete(now, sa, out))
        .unwrap();
    pair.run(Duration::from_secs(1));
    pair.deliver(&other);
    assert_eq!(pair.hosts[B].endpoint.sas().count(), 1);
    pair.run(Duration::from_secs(600));
    pair.assert_empty();
}

/// [MS-IKEE] §3.9.5.2, our rule: whoever can forge a datagram makes an initiator begin anew a few times, and no more.
#[test]
fn forged_challenges_do_not_go_on_for_ever() {
    let mut pair = guarded(false);
    pair.initiate(A);
    let initiator = headers(&pair)[0].initiator;
    for _ in 0..20 {
        let mut bytes = Vec::new();
        let header = Header {
            initiator,
            responder: Spi::ZERO,
            next: PayloadType::NONE,
            version: Version::V1,
            exchange: ExchangeType::V1_INFORMATIONAL,
            flags: Flags::NONE,
            message_id: 7,
            length: 0,
        };
        let mut writer = MessageWriter::begin(&mut bytes, &header);
        writer.owned(&challenge(b"whatever"));
        writer.finish();
        let forged = Transmit {
            local: (address(B), 500).into(),
            remote: (address(A), 500).into(),
            bytes,
        };
        pair.deliver(&forged);
    }
    assert_eq!(pair.from(A), 1 + usize::from(Extensions::RECOMPOSE_LIMIT));
    assert!(
        pair.crossed
            .iter()
            .all(|it| Message::parse(&it.bytes).is_ok())
    );
}
