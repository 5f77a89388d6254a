//! [MS-IKEE] §1.3.8 and note 3: what co-existence with AuthIP asks of IKE.

use std::net::SocketAddr;
use std::time::Duration;

use ike_ext::kit::{Rig, Stock};
use ike_ext::{Action, Foreign, Lifecycle, Role, Stage, Verdict};
use ikee_coexistence::{Coexistence, KeyingModule, Outcome};
use isakmp_wire::v1::kind;
use isakmp_wire::{
    ExchangeType, Flags, Header, OwnedPayload, PayloadType, Spi, Version, vendor_id,
};

const FIRST: Stage = Stage::main_mode(1);
const GRACE: Duration = Duration::from_secs(3);

fn rig(extension: Coexistence, role: Role) -> Rig {
    Rig::of(Version::V1, extension, role)
}

fn with_module() -> Coexistence {
    Coexistence::new().with_module(true)
}

fn mamie() -> Vec<OwnedPayload> {
    let sa = OwnedPayload::new(kind::SA, [0; 8]);
    let id = OwnedPayload::new(kind::VENDOR_ID, vendor_id::MS_MAMIE_EXISTS);
    vec![sa, id]
}

fn key_mods(number: u8) -> Vec<u8> {
    [vendor_id::KEY_MODS.as_slice(), &[0, 0, 0, number]].concat()
}

fn outcome(rig: &Rig) -> Outcome {
    rig.set.get::<Coexistence>().unwrap().outcome(Rig::SA)
}

/// A message of AuthIP from the kit's peer, or another.
fn authip(rig: &mut Rig, exchange: ExchangeType, responder: Spi, host: u8) {
    let foreign = Foreign {
        from: SocketAddr::from(([192, 0, 2, host], 500)),
        header: Header {
            initiator: Spi::new([5; 8]),
            responder,
            next: PayloadType::AUTHIP_CRYPTO,
            version: Version::V1,
            exchange,
            flags: Flags::NONE,
            message_id: 0,
            length: 100,
        },
    };
    rig.call(|set, cx| set.foreign(cx, &foreign));
}

fn answer(rig: &mut Rig) {
    authip(rig, ExchangeType::AUTHIP_MAIN_MODE, Spi::new([6; 8]), 2);
}

fn nudged(rig: &mut Rig) -> usize {
    let all = std::mem::take(&mut rig.actions);
    assert!(
        all.iter().all(|it| *it == Action::Nudge(Rig::SA)),
        "{all:?}"
    );
    all.len()
}

/// [MS-IKEE] §1.3.8: message 1, and no other, says that AuthIP is here, too.
#[test]
fn message_1_says_that_there_is_an_authip_module() {
    let mut rig = rig(with_module(), Role::Initiator);
    let sent = rig.outgoing(FIRST, Vec::new());
    let id = OwnedPayload::new(kind::VENDOR_ID, vendor_id::MS_MAMIE_EXISTS);
    assert_eq!(sent, [id]);
    for number in 2..=6 {
        assert_eq!(rig.outgoing(Stage::main_mode(number), Vec::new()), []);
    }
}

/// [MS-IKEE] §1.3.8: both first messages go out; a repeated composition is no second start.
#[test]
fn the_module_starts_with_message_1() {
    let mut rig = rig(with_module(), Role::Initiator);
    rig.outgoing(FIRST, Vec::new());
    assert_eq!(nudged(&mut rig), 1);
    assert_eq!(outcome(&rig), Outcome::Undecided);
    rig.outgoing(FIRST, Vec::new());
    assert_eq!(nudged(&mut rig), 0);
}

/// [MS-IKEE] §1.3.8
#[test]
fn an_answer_of_authip_selects_authip() {
    let mut rig = rig(with_module(), Role::Initiator);
    rig.outgoing(FIRST, Vec::new());
    nudged(&mut rig);
    answer(&mut rig);
    assert_eq!((nudged(&mut rig), outcome(&rig)), (1, Outcome::AuthIp));
    // what comes later changes nothing
    rig.incoming(Stage::main_mode(2), &[]);
    answer(&mut rig);
    assert_eq!((nudged(&mut rig), outcome(&rig)), (0, Outcome::AuthIp));
}

/// [MS-IKEE] §1.3.8
#[test]
fn an_answer_of_ike_stops_authip() {
    let mut rig = rig(with_module(), Role::Initiator);
    rig.outgoing(FIRST, Vec::new());
    nudged(&mut rig);
    rig.incoming(Stage::main_mode(2), &[]);
    assert_eq!((nudged(&mut rig), outcome(&rig)), (1, Outcome::Ike));
    answer(&mut rig);
    assert_eq!((nudged(&mut rig), outcome(&rig)), (0, Outcome::Ike));
}

/// [MS-IKEE] §1.3.8: it is an answer if it is main mode, has a responder's cookie, and is the peer's.
#[test]
fn other_messages_of_authip_are_no_answer() {
    let mut rig = rig(with_module(), Role::Initiator);
    rig.outgoing(FIRST, Vec::new());
    nudged(&mut rig);
    let cookie = Spi::new([6; 8]);
    authip(&mut rig, ExchangeType::AUTHIP_NOTIFY, cookie, 2);
    authip(&mut rig, ExchangeType::AUTHIP_MAIN_MODE, Spi::ZERO, 2);
    authip(&mut rig, ExchangeType::AUTHIP_MAIN_MODE, cookie, 77);
    assert_eq!((nudged(&mut rig), outcome(&rig)), (0, Outcome::Undecided));
}

/// [MS-IKEE] §1.3.8: nobody's word is taken that can be forged; all that follows is a nudge.
#[test]
fn a_forged_answer_moves_no_sa() {
    let mut rig = rig(with_module(), Role::Initiator);
    rig.outgoing(FIRST, Vec::new());
    answer(&mut rig);
    assert!(!rig.actions.iter().any(Action::needs_protection));
}

/// [MS-IKEE] §1.3.8
#[test]
fn without_a_module_it_is_always_ike() {
    let mut rig = rig(Coexistence::new(), Role::Initiator);
    assert_eq!(rig.outgoing(FIRST, Vec::new()), []);
    answer(&mut rig);
    assert_eq!((nudged(&mut rig), outcome(&rig)), (0, Outcome::Ike));
    let mut rig = self::rig(Coexistence::new().with_preference(GRACE), Role::Responder);
    assert_eq!(rig.incoming(FIRST, &mamie()), Verdict::Continue);
    assert_eq!((nudged(&mut rig), outcome(&rig)), (0, Outcome::Ike));
}

/// [MS-IKEE] §1.3.8: the responder knows that AuthIP's first message is due.
#[test]
fn a_responder_sees_that_the_peer_has_authip() {
    let mut rig = rig(with_module(), Role::Responder);
    assert_eq!(rig.incoming(FIRST, &mamie()), Verdict::Continue);
    assert_eq!(nudged(&mut rig), 1);
    assert!(
        rig.set
            .get::<Coexistence>()
            .unwrap()
            .peer_has_authip(Rig::SA)
    );
    let mut plain = self::rig(with_module(), Role::Responder);
    plain.incoming(FIRST, &mamie()[..1]);
    assert!(
        !plain
            .set
            .get::<Coexistence>()
            .unwrap()
            .peer_has_authip(Rig::SA)
    );
}

/// [MS-IKEE] §1.3.8: and may prefer it; a peer whose AuthIP does not come is let in after all.
#[test]
fn a_responder_may_put_ike_off_for_a_while() {
    let mut rig = rig(with_module().with_preference(GRACE), Role::Responder);
    let discarded = Verdict::Discard("AuthIP is preferred, and the peer has it");
    assert_eq!(rig.incoming(FIRST, &mamie()), discarded);
    rig.lifecycle(Lifecycle::Closed);
    rig.advance(Duration::from_secs(1));
    assert_eq!(rig.incoming(FIRST, &mamie()), discarded);
    rig.lifecycle(Lifecycle::Closed);
    // a peer without AuthIP waits for nothing
    assert_eq!(rig.incoming(FIRST, &mamie()[..1]), Verdict::Continue);
    rig.advance(Duration::from_secs(2));
    assert_eq!(rig.incoming(FIRST, &mamie()), Verdict::Continue);
    rig.lifecycle(Lifecycle::Closed);
    assert!(!rig.set.get::<Coexistence>().unwrap().is_idle());
    rig.advance(Duration::from_secs(100));
    assert!(rig.set.get::<Coexistence>().unwrap().is_idle());
}

/// [MS-IKEE] §1.3.8: the peer is forgotten as soon as it stands.
#[test]
fn a_peer_that_got_in_is_not_remembered() {
    let mut rig = rig(with_module().with_preference(GRACE), Role::Responder);
    rig.incoming(FIRST, &mamie());
    rig.advance(GRACE);
    rig.incoming(FIRST, &mamie());
    rig.lifecycle(Lifecycle::Established);
    rig.lifecycle(Lifecycle::Closed);
    assert!(rig.set.get::<Coexistence>().unwrap().is_idle());
}

/// [MS-IKEE] §1.7, note 6: the vendor ID of keying modules, with a number behind it.
#[test]
fn keying_modules_are_told_and_recognised() {
    use KeyingModule::{AuthIp, Ike, IkeV2};
    let extension = Coexistence::new().with_keying_modules([AuthIp, IkeV2]);
    let mut rig = rig(extension, Role::Initiator);
    let sent = rig.outgoing(FIRST, Vec::new());
    let wanted = [1, 2].map(|it| OwnedPayload::new(kind::VENDOR_ID, key_mods(it)));
    assert_eq!(sent, wanted);
    let mut rig = self::rig(Coexistence::new(), Role::Responder);
    let mut message: Vec<_> = [2, 0, 1, 9]
        .map(|it| OwnedPayload::new(kind::VENDOR_ID, key_mods(it)))
        .to_vec();
    message.push(OwnedPayload::new(kind::VENDOR_ID, vendor_id::KEY_MODS));
    rig.incoming(FIRST, &message);
    let it = rig.set.get::<Coexistence>().unwrap();
    assert!(it.peer_modules(Rig::SA).eq([Ike, AuthIp, IkeV2]));
    assert!(it.peer_has_authip(Rig::SA));
}

/// [MS-IKEE] note 3: 2000, XP and Server 2003 send no MS-MamieExists; later releases do.
#[test]
fn a_release_announces_it_or_not() {
    for (announces, wanted) in [(false, 0), (true, 1)] {
        let extension = Coexistence::new().with_announcement(announces);
        let mut rig = rig(extension, Role::Initiator);
        assert_eq!(rig.outgoing(FIRST, Vec::new()).len(), wanted);
        assert_eq!((nudged(&mut rig), outcome(&rig)), (0, Outcome::Ike));
    }
}

/// [MS-IKEE] §1.3.8: the exchange types of AuthIP, and nobody else's.
#[test]
fn exchange_types_f3_to_f6_are_authips() {
    let all = (0..=u8::MAX).filter(|it| ExchangeType::new(*it).is_authip());
    assert!(all.eq(0xf3..=0xf6));
}

fn stock() -> Stock<Coexistence> {
    let message = || {
        let mut all = mamie();
        all.push(OwnedPayload::new(kind::VENDOR_ID, key_mods(1)));
        all
    };
    Stock {
        version: Version::V1,
        on: with_module,
        off: || with_module().with_preference(GRACE).with_enabled(false),
        idle: Coexistence::is_idle,
        peer: vec![(FIRST, message()), (Stage::main_mode(2), message())],
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
