//! Policies for the members of a realm ([MS-IKEE] §3.14), on the real core.

use std::cell::Cell;
use std::rc::Rc;
use std::time::Duration;

use ike_ext::PolicyId;
use ikee_realm::{RealmId, SecurityRealm};
use ikee_tests::setup::POLICY;
use ikee_tests::wire::Clear;
use ikee_tests::{Pair, Setup, Side};
use ikev2::{Event, Failure, RemoteProof, Trust};
use isakmp_wire::v2::{NotifyType, kind};
use isakmp_wire::{ExchangeType, Flags, Message, OwnedPayload, PayloadChain, vendor_id};

/// The second party's policies.
const FOR_R: PolicyId = PolicyId::new(11);
const FOR_S: PolicyId = PolicyId::new(12);
const FOR_ALL: PolicyId = PolicyId::new(13);
/// The first party's second policy.
const ALSO: PolicyId = PolicyId::new(2);

fn r() -> RealmId {
    RealmId::from_name("r")
}

fn s() -> RealmId {
    RealmId::from_name("s")
}

/// A first party of realm r, if any, and a second with these policies in order.
fn setup(realm: Option<RealmId>, policies: &[PolicyId]) -> Setup {
    let mut setup = Setup::new();
    let mut ours = SecurityRealm::new().with(ALSO, s());
    if let Some(realm) = realm {
        ours = ours.with(POLICY, realm);
    }
    setup.a.extend(ours);
    setup
        .b
        .extend(SecurityRealm::new().with(FOR_R, r()).with(FOR_S, s()));
    let fresh = || Setup::new().b.config.connections.remove(0);
    let connections = policies.iter().map(|policy| {
        let mut it = fresh();
        it.policy = *policy;
        it
    });
    setup.b.config.connections = connections.collect();
    setup
}

fn connected(setup: Setup) -> Pair {
    let mut pair = setup.build();
    pair.connect();
    pair
}

/// The policies that the second party's SAs are under.
fn chosen(pair: &Pair) -> Vec<PolicyId> {
    let mut all: Vec<_> = pair.b.established().filter_map(|it| it.policy).collect();
    all.sort_unstable();
    all
}

fn realm_of(message: &Clear) -> Option<&[u8]> {
    let mut vendor_ids = message
        .payloads
        .iter()
        .filter(|it| it.kind == kind::VENDOR_ID);
    vendor_ids.find_map(|it| it.body.strip_prefix(&vendor_id::SECURITY_REALM))
}

/// Has somebody who knows the keys take the vendor ID out of requests of an exchange; how often.
fn strip(pair: &mut Pair, exchange: ExchangeType) -> Rc<Cell<usize>> {
    let count = Rc::new(Cell::new(0));
    let counted = Rc::clone(&count);
    pair.intruder = Some(Box::new(move |keys, _, mut packet| {
        let message = Message::parse(packet.message()).expect("a message");
        let header = message.header;
        if header.exchange == exchange && !header.flags.contains(Flags::RESPONSE) {
            let opened = keys.open(&message).expect("keys");
            let chain = PayloadChain::parse(opened.first, &opened.plain, 0).expect("payloads");
            let all = chain.iter().filter(|it| it.kind != kind::VENDOR_ID);
            let rest: Vec<OwnedPayload> = all.map(|it| it.to_owned()).collect();
            counted.set(counted.get() + chain.iter().count() - rest.len());
            packet.bytes = keys.seal_payloads(header, &rest).expect("keys");
        }
        vec![packet]
    }));
    count
}

/// [MS-IKEE] §3.14.5.1/2, /4
#[test]
fn the_realm_that_is_told_chooses_the_policy() {
    for (realm, policy) in [(r(), FOR_R), (s(), FOR_S)] {
        let pair = connected(setup(Some(realm), &[FOR_R, FOR_S]));
        assert!(pair.a.is_established());
        assert_eq!(chosen(&pair), [policy]);
    }
}

/// [MS-IKEE] §3.14.5.1/3
#[test]
fn the_order_of_policies_is_their_priority() {
    let plain_first = connected(setup(Some(r()), &[FOR_ALL, FOR_R]));
    assert_eq!(chosen(&plain_first), [FOR_ALL]);
    let realm_first = connected(setup(Some(r()), &[FOR_R, FOR_ALL]));
    assert_eq!(chosen(&realm_first), [FOR_R]);
    let no_member = connected(setup(None, &[FOR_R, FOR_ALL]));
    assert_eq!(chosen(&no_member), [FOR_ALL]);
}

/// [MS-IKEE] §3.14.5.1/5, [MS-IKEE] note 39/1
#[test]
fn who_tells_no_realm_or_another_one_is_refused_where_all_policies_have_one() {
    let stranger = RealmId::from_name("R");
    for realm in [None, Some(stranger)] {
        let mut pair = setup(realm, &[FOR_R, FOR_S]).build();
        pair.connect();
        assert_eq!(pair.b.endpoint.sas().count(), 0);
        assert_eq!(chosen(&pair), []);
        let answer = pair.last_sent_by(Side::B);
        assert!(answer.has_notify(NotifyType::NO_PROPOSAL_CHOSEN));
        let failure = pair.a.failure();
        assert!(matches!(failure, Failure::Incompatible(_)), "{failure:?}");
    }
}

/// [MS-IKEE] §3.14.5/1, /2, [MS-IKEE] §3.14.5.2/1, /2, /6
#[test]
fn every_request_that_makes_an_sa_tells_the_realm_whoever_begins() {
    let mut pair = connected(setup(Some(r()), &[FOR_R]));
    for side in [Side::A, Side::B] {
        let child = pair.host(side).live().next().expect("a child").id;
        pair.rekey_child(side, child);
        pair.settle();
        let sa = pair.host(side).established().next().unwrap().sa;
        pair.rekey_sa(side, sa);
        pair.settle();
        pair.run(Duration::from_secs(6));
        let sa = pair.host(side).established().next().unwrap().sa;
        pair.create_child(side, sa, 0);
        pair.settle();
    }
    assert_eq!(pair.a.live().count(), 3);
    pair.assert_agreed();
    let mut told = 0;
    for message in [Side::A, Side::B].iter().flat_map(|it| pair.sent_by(*it)) {
        let makes = message.header.exchange != ExchangeType::INFORMATIONAL;
        let expected = r();
        let expected = (makes && !message.is_response()).then_some(&expected.as_bytes()[..]);
        assert_eq!(realm_of(&message), expected, "{message:?}");
        told += usize::from(expected.is_some());
    }
    assert_eq!(told, 2 + 6);
    pair.shut_down();
    pair.assert_empty();
    for side in [Side::A, Side::B] {
        assert!(pair.host(side).extension::<SecurityRealm>().is_idle());
    }
}

/// [MS-IKEE] §3.14.5.2/2: another realm is another SA
#[test]
fn a_child_of_another_realm_has_an_ike_sa_of_its_own() {
    let mut setup = setup(Some(r()), &[FOR_R, FOR_S]);
    let mut also = Setup::new().a.config.connections.remove(0);
    also.policy = ALSO;
    setup.a.config.connections.push(also);
    let mut pair = connected(setup);
    let (now, address) = (pair.now, pair.a.address);
    let (begun, packets) = pair.a.call(now, |endpoint, out| {
        endpoint.initiate(now, ALSO, address, out)
    });
    begun.expect("a negotiation");
    pair.send(Side::A, packets);
    pair.settle();
    assert_eq!(chosen(&pair), [FOR_R, FOR_S]);
    assert_eq!(pair.a.established().count(), 2);
    pair.assert_agreed();
}

/// [MS-IKEE] §3.14.5.2/3, /5: in IKE_AUTH the child fails, and the IKE SA stands
#[test]
fn an_ike_auth_that_does_not_tell_the_realm_again_has_no_child() {
    let mut pair = setup(Some(r()), &[FOR_R]).build();
    let stripped = strip(&mut pair, ExchangeType::IKE_AUTH);
    pair.connect();
    assert_eq!(stripped.get(), 1);
    assert_eq!(chosen(&pair), [FOR_R]);
    assert_eq!(pair.errors_of(Side::B), [NotifyType::NO_PROPOSAL_CHOSEN]);
    for host in [&pair.a, &pair.b] {
        assert!(host.is_established() && host.children.is_empty());
    }
}

/// [MS-IKEE] §3.14.5.2/5, /6
#[test]
fn a_later_request_that_does_not_tell_the_realm_gets_nothing_and_the_sa_lives() {
    for side in [Side::A, Side::B] {
        let mut pair = connected(setup(Some(r()), &[FOR_R]));
        let sa = pair.host(side).sa();
        let child = pair.host(side).child().id;
        let stripped = strip(&mut pair, ExchangeType::CREATE_CHILD_SA);
        pair.create_child(side, sa, 0);
        pair.settle();
        pair.rekey_child(side, child);
        pair.settle();
        pair.rekey_sa(side, sa);
        pair.settle();
        assert_eq!(stripped.get(), 3);
        let refused = vec![NotifyType::NO_PROPOSAL_CHOSEN; 3];
        assert_eq!(pair.errors_of(side.peer()), refused);
        assert_eq!(pair.host(side).sa(), sa);
        assert_eq!(pair.host(side).child().id, child);
        let failed = |it: &&(ike_ext::Instant, Event)| matches!(it.1, Event::RekeyFailed { .. });
        let events = pair.host(side).events.iter();
        assert_eq!(events.filter(failed).count(), 1);
        // told again, it is granted again
        pair.intruder = None;
        pair.rekey_sa(side, sa);
        pair.settle();
        pair.rekey_child(side, child);
        pair.settle();
        pair.run(Duration::from_secs(6));
        assert_ne!(pair.host(side).child().id, child);
        pair.assert_agreed();
    }
}

/// [MS-IKEE] note 39/2
#[test]
fn the_answer_to_a_member_asks_for_no_certificates() {
    for (realm, asks) in [(Some(r()), false), (None, true)] {
        let mut setup = setup(realm, &[FOR_R, FOR_ALL]);
        for connection in &mut setup.b.config.connections {
            let trust = Trust::new(vec![[7; 20]]);
            let remote = &mut connection.authentication.remote;
            remote.push(RemoteProof::Signature(trust));
        }
        let pair = connected(setup);
        assert!(pair.a.is_established());
        let answer = pair.sent_by(Side::B).remove(0);
        assert_eq!(answer.kinds().contains(&kind::CERTREQ), asks);
    }
}
