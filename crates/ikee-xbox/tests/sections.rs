//! [MS-IKEE] §3.13: one test for each requirement, by its number in the ledger.

use ike_ext::kit::{Rig, Stock};
use ike_ext::{Lifecycle, PolicyId, Role, SaFacts, SaId, Stage, Verdict};
use ikee_xbox::{Negotiation, Xbox};
use isakmp_wire::v2::kind;
use isakmp_wire::{ExchangeType, OwnedPayload, Version, vendor_id};
use md5::{Digest as _, Md5};

const FIRST: Stage = Stage::request(ExchangeType::IKE_SA_INIT);
const ANSWER: Stage = Stage::response(ExchangeType::IKE_SA_INIT);

/// The vendor ID with a type, or with whatever else follows the hash.
fn typed(rest: &[u8]) -> OwnedPayload {
    let id = [vendor_id::XBOX_NEGOTIATION.as_slice(), rest].concat();
    OwnedPayload::new(kind::VENDOR_ID, id)
}

fn of(number: u32) -> OwnedPayload {
    typed(&number.to_be_bytes())
}

fn mark() -> OwnedPayload {
    OwnedPayload::new(kind::VENDOR_ID, vendor_id::XBOX_ONE_2013)
}

fn responder(extension: Xbox) -> Rig {
    Rig::new(extension, Role::Responder)
}

fn xbox(rig: &Rig) -> &Xbox {
    rig.set.get().unwrap()
}

/// A negotiation begins on an SA of its own.
fn begin(rig: &mut Rig, sa: u64, number: u32) -> Verdict {
    let (facts, _) = rig.host.sas[&Rig::SA];
    let facts: SaFacts<'static> = facts;
    rig.host.sas.insert(SaId::new(sa), (facts, Vec::new()));
    let mut bytes = Vec::new();
    let mut writer = isakmp_wire::ChainWriter::begin(&mut bytes);
    writer.owned(&of(number));
    let first = writer.finish();
    let chain = isakmp_wire::PayloadChain::parse(first, &bytes, 28).unwrap();
    let header = isakmp_wire::Header {
        initiator: isakmp_wire::Spi::new([1; 8]),
        responder: isakmp_wire::Spi::ZERO,
        next: first,
        version: Version::V2,
        exchange: ExchangeType::IKE_SA_INIT,
        flags: isakmp_wire::Flags::NONE,
        message_id: 0,
        length: 0,
    };
    let msg = ike_ext::Inbound::new(FIRST, facts.peer, header, false, chain);
    rig.call(|set, cx| set.incoming(cx, SaId::new(sa), &msg))
}

fn happened(rig: &mut Rig, sa: u64, what: Lifecycle) {
    rig.call(|set, cx| set.lifecycle(cx, SaId::new(sa), what));
}

/// [MS-IKEE] §3.13.1 (3.13.1/1)
#[test]
fn an_sa_has_the_type_of_the_vendor_id() {
    let mut rig = responder(Xbox::new().listening());
    rig.incoming(FIRST, &[mark(), of(0x0102_0304)]);
    assert_eq!(xbox(&rig).negotiation_type(Rig::SA), Some(0x0102_0304));
    rig.lifecycle(Lifecycle::Succeeded(SaId::new(2)));
    assert_eq!(xbox(&rig).negotiation_type(SaId::new(2)), Some(0x0102_0304));
    // without a number there is no type
    for rest in [&[][..], &[1], &[0, 0, 0, 1, 0]] {
        let mut rig = responder(Xbox::new().listening());
        assert_eq!(rig.incoming(FIRST, &[typed(rest)]), Verdict::Continue);
        assert_eq!(xbox(&rig).negotiation_type(Rig::SA), None);
    }
}

/// [MS-IKEE] §3.13.3 (3.13.3/1)
#[test]
fn without_a_setting_there_is_no_limit() {
    let mut rig = responder(Xbox::new().listening());
    for sa in 10..1010 {
        assert_eq!(begin(&mut rig, sa, 1), Verdict::Continue);
    }
    assert_eq!(xbox(&rig).running(1), 1000);
}

/// [MS-IKEE] §3.13.5 (3.13.5/1)
#[test]
fn an_initiator_sends_both_vendor_ids_in_ike_sa_init() {
    for (negotiation, number) in [(Negotiation::Zero, 0), (Negotiation::One, 1)] {
        let extension = Xbox::new().announcing(negotiation);
        let mut rig = Rig::new(extension, Role::Initiator);
        assert_eq!(rig.outgoing(FIRST, Vec::new()), [mark(), of(number)]);
        assert_eq!(rig.outgoing(ANSWER, Vec::new()), []);
        let later = Stage::request(ExchangeType::IKE_AUTH);
        assert_eq!(rig.outgoing(later, Vec::new()), []);
    }
}

/// [MS-IKEE] §3.13.5.1 (3.13.5.1/1)
#[test]
fn the_mark_alone_changes_nothing() {
    let mut rig = responder(Xbox::new().with_limit(0, 0).with_limit(1, 0));
    assert_eq!(rig.incoming(FIRST, &[mark()]), Verdict::Continue);
    assert_eq!(xbox(&rig).negotiation_type(Rig::SA), None);
    assert!(xbox(&rig).is_idle());
}

/// [MS-IKEE] §3.13.5.2 (3.13.5.2/1): known types and others are stored.
#[test]
fn a_type_that_is_not_known_is_stored_and_the_negotiation_goes_on() {
    for number in [0, 1, 2, u32::MAX] {
        let mut rig = responder(Xbox::new().listening());
        assert_eq!(rig.incoming(FIRST, &[of(number)]), Verdict::Continue);
        assert_eq!(xbox(&rig).negotiation_type(Rig::SA), Some(number));
    }
}

/// [MS-IKEE] §3.13.5.2 (3.13.5.2/2): up when one begins, down when it ends, well or badly, and once only.
#[test]
fn negotiations_in_progress_are_counted() {
    let mut rig = responder(Xbox::new().listening());
    for sa in [10, 11, 12] {
        begin(&mut rig, sa, 1);
    }
    assert_eq!((xbox(&rig).running(1), xbox(&rig).running(0)), (3, 0));
    happened(&mut rig, 10, Lifecycle::Established);
    assert_eq!(xbox(&rig).running(1), 2);
    happened(&mut rig, 10, Lifecycle::Closed);
    assert_eq!(xbox(&rig).running(1), 2);
    happened(&mut rig, 11, Lifecycle::Closed);
    assert_eq!(xbox(&rig).running(1), 1);
    // the same message again is the same negotiation
    begin(&mut rig, 12, 1);
    assert_eq!(xbox(&rig).running(1), 1);
}

/// [MS-IKEE] §3.13.5.2 (3.13.5.2/3)
#[test]
fn a_negotiation_over_the_limit_of_its_type_fails() {
    let mut rig = responder(Xbox::new().with_limit(1, 2));
    let refused = Verdict::Abort("too many Xbox negotiations of this type run already");
    assert_eq!(begin(&mut rig, 10, 1), Verdict::Continue);
    assert_eq!(begin(&mut rig, 11, 1), Verdict::Continue);
    assert_eq!(begin(&mut rig, 12, 1), refused);
    happened(&mut rig, 12, Lifecycle::Closed);
    assert_eq!(xbox(&rig).running(1), 2);
    assert_eq!(begin(&mut rig, 13, 0), Verdict::Continue);
    happened(&mut rig, 10, Lifecycle::Established);
    assert_eq!(begin(&mut rig, 14, 1), Verdict::Continue);
}

/// [MS-IKEE] §3.13.6 (3.13.6/1)
#[test]
fn ike_sa_init_is_not_repeated() {
    let extension = Xbox::new().announcing(Negotiation::One);
    let mut rig = Rig::new(extension, Role::Initiator);
    assert_eq!(rig.set.retry_limit(Rig::SA, FIRST), None);
    rig.outgoing(FIRST, Vec::new());
    assert_eq!(rig.set.retry_limit(Rig::SA, FIRST), Some(0));
    let later = Stage::request(ExchangeType::IKE_AUTH);
    assert_eq!(rig.set.retry_limit(Rig::SA, later), None);
}

/// [MS-IKEE] note 6 (note 6/5): the capital B decides.
#[test]
fn the_vendor_id_is_the_hash_of_the_spelling_with_a_capital_b() {
    let hash = |text: &str| Md5::digest(text.as_bytes()).to_vec();
    assert_eq!(hash("XBox IKEv2 Negotiation"), vendor_id::XBOX_NEGOTIATION);
    assert_ne!(hash("Xbox IKEv2 Negotiation"), vendor_id::XBOX_NEGOTIATION);
    assert_eq!(hash("Microsoft Xbox One 2013"), vendor_id::XBOX_ONE_2013);
}

/// [MS-IKEE] note 35 (note 35/1): other releases have none of it.
#[test]
fn unless_told_it_neither_announces_nor_listens() {
    let mut rig = Rig::new(Xbox::new(), Role::Initiator);
    assert_eq!(rig.outgoing(FIRST, Vec::new()), []);
    rig.incoming(FIRST, &[mark(), of(1)]);
    assert!(xbox(&rig).is_idle());
}

/// [MS-IKEE] note 36 (note 36/1): sent are 0 and 1, taken is any.
#[test]
fn an_initiator_can_send_the_two_types_only() {
    let numbers = [Negotiation::Zero, Negotiation::One].map(Negotiation::number);
    assert_eq!(numbers, [0, 1]);
    let mut rig = responder(Xbox::new().listening());
    assert_eq!(begin(&mut rig, 10, 77), Verdict::Continue);
    assert_eq!(xbox(&rig).running(77), 1);
}

fn stock() -> Stock<Xbox> {
    Stock {
        version: Version::V2,
        on: || Xbox::new().announcing(Negotiation::One).with_limit(1, 5),
        off: Xbox::new,
        idle: Xbox::is_idle,
        peer: vec![(FIRST, vec![mark(), of(1)])],
    }
}

#[test]
fn it_is_silent_when_off() {
    stock().silent_when_off();
}

#[test]
fn it_is_harmless_to_a_plain_peer() {
    stock().harmless_to_a_plain_peer();
}

#[test]
fn it_leaves_no_row_and_no_timer() {
    stock().leaves_no_row_and_no_timer();
}

#[test]
fn it_survives_truncation() {
    stock().survives_truncation();
}

/// [MS-IKEE] §3.13.5: an application with several policies says under which one it is an Xbox
#[test]
fn negotiations_can_be_announced_under_some_policies_only() {
    let (game, work) = (PolicyId::new(1), PolicyId::new(2));
    let mut xbox = Xbox::new();
    xbox.set_policies([(game, Negotiation::One)]);
    let mut rig = Rig::new(xbox, Role::Initiator);
    for (policy, wanted) in [(Some(work), 0), (None, 0), (Some(game), 2)] {
        rig.host.sas.get_mut(&Rig::SA).unwrap().0.policy = policy;
        assert_eq!(rig.outgoing(FIRST, Vec::new()).len(), wanted, "{policy:?}");
    }
}
