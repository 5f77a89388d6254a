//! [MS-IKEE] §2.2.10, §3.14: one test for each requirement, by its number in the ledger.

use ike_ext::kit::{Rig, Stock};
use ike_ext::{Draft, Lifecycle, PolicyId, Role, SaId, Stage, Verdict};
use ikee_realm::{RealmId, SecurityRealm};
use isakmp_wire::v2::kind;
use isakmp_wire::{ExchangeType, OwnedPayload, Spi, Version};

const INIT: Stage = Stage::request(ExchangeType::IKE_SA_INIT);
const AUTH: Stage = Stage::request(ExchangeType::IKE_AUTH);
const CREATE: Stage = Stage::request(ExchangeType::CREATE_CHILD_SA);

/// Two realms' policies, and one of none.
const R: PolicyId = PolicyId::new(1);
const S: PolicyId = PolicyId::new(2);
const PLAIN: PolicyId = PolicyId::new(3);

const HASH: [u8; 16] = [
    0x68, 0x6a, 0x8c, 0xbd, 0xfe, 0x63, 0x4b, 0x40, 0x51, 0x46, 0xfb, 0x2b, 0xaf, 0x33, 0xe9, 0xe8,
];

fn r() -> RealmId {
    RealmId::new([b'r'; 16])
}

fn s() -> RealmId {
    RealmId::new([b's'; 16])
}

fn realms() -> SecurityRealm {
    SecurityRealm::new().with(R, r()).with(S, s())
}

fn vendor_id(realm: RealmId) -> OwnedPayload {
    OwnedPayload::new(kind::VENDOR_ID, [HASH, *realm.as_bytes()].concat())
}

/// An SA under a policy, if one is chosen.
fn under(role: Role, policy: impl Into<Option<PolicyId>>) -> Rig {
    let mut rig = Rig::new(realms(), role);
    choose(&mut rig, policy.into());
    rig
}

fn choose(rig: &mut Rig, policy: Option<PolicyId>) {
    rig.host.sas.get_mut(&Rig::SA).unwrap().0.policy = policy;
}

/// A responder that was told a realm in IKE_SA_INIT, or none.
fn told(realm: Option<RealmId>) -> Rig {
    let mut rig = under(Role::Responder, None);
    show(&mut rig, INIT, realm);
    rig
}

fn show(rig: &mut Rig, stage: Stage, realm: Option<RealmId>) {
    let message: Vec<_> = realm.map(vendor_id).into_iter().collect();
    assert_eq!(rig.incoming(stage, &message), Verdict::Continue);
}

fn sent(rig: &mut Rig, stage: Stage) -> Vec<OwnedPayload> {
    rig.outgoing(stage, Vec::new())
}

fn permits(rig: &Rig, policy: PolicyId) -> bool {
    rig.set.permits(Rig::SA, policy)
}

fn grants(rig: &Rig) -> bool {
    rig.set.grants(&rig.host, Rig::SA)
}

fn asked(rig: &Rig, sa: SaId) -> Option<RealmId> {
    rig.set.get::<SecurityRealm>().unwrap().asked(sa)
}

/// [MS-IKEE] §2.2.10/1
#[test]
fn the_realm_travels_in_an_ordinary_vendor_id() {
    let sent = sent(&mut under(Role::Initiator, R), INIT);
    assert_eq!(sent.len(), 1);
    assert_eq!(sent[0].kind.get(), 43);
}

/// [MS-IKEE] §2.2.10/2
#[test]
fn the_vendor_id_begins_with_the_hash_of_its_name() {
    let sent = sent(&mut under(Role::Initiator, R), INIT);
    assert_eq!(sent[0].body[..16], HASH);
}

/// [MS-IKEE] §2.2.10/3
#[test]
fn what_follows_the_hash_is_the_id_and_comes_back() {
    let sent = sent(&mut under(Role::Initiator, S), INIT);
    assert_eq!(sent[0].body[16..], [b's'; 16]);
    let mut rig = under(Role::Responder, None);
    rig.incoming(INIT, &sent);
    assert_eq!(asked(&rig, Rig::SA), Some(s()));
}

/// [MS-IKEE] §3.14.1/1
#[test]
fn the_realm_of_a_policy_can_be_read() {
    assert_eq!(realms().realm(R), Some(r()));
    assert_eq!(realms().realm(PLAIN), None);
    let mut changed = realms();
    changed.set_policies([(PLAIN, r())]);
    assert_eq!((changed.realm(R), changed.realm(PLAIN)), (None, Some(r())));
}

/// [MS-IKEE] §3.14.1/2, [MS-IKEE] note 11/2
#[test]
fn the_id_of_a_name_is_its_hmac_md5() {
    let contoso = [
        0xad, 0xc5, 0x25, 0x53, 0xd5, 0x66, 0xfd, 0x37, 0x26, 0x97, 0xe7, 0x7c, 0xb7, 0xdf, 0xd9,
        0x7f,
    ];
    assert_eq!(RealmId::from_name("contoso"), RealmId::new(contoso));
    let wide = [
        0x71, 0x98, 0xbd, 0xef, 0x0a, 0x81, 0x5a, 0xf1, 0x9c, 0x7f, 0xe6, 0xfc, 0x79, 0x7d, 0x91,
        0xb2,
    ];
    assert_eq!(RealmId::from_name_utf16("contoso"), RealmId::new(wide));
}

/// [MS-IKEE] note 11/1
#[test]
fn the_vendor_id_has_32_octets_and_another_length_is_none() {
    let sent = sent(&mut under(Role::Initiator, R), INIT);
    assert_eq!(sent[0].body.len(), 32);
    for len in [16, 31, 33] {
        let mut body = vendor_id(r()).body;
        body.resize(len, 0);
        let mut rig = under(Role::Responder, None);
        rig.incoming(INIT, &[OwnedPayload::new(kind::VENDOR_ID, body)]);
        assert!(!permits(&rig, R), "{len}");
    }
}

/// [MS-IKEE] §3.14.5/1
#[test]
fn ike_sa_init_and_ike_auth_have_the_vendor_id_under_a_realm_policy_only() {
    for stage in [INIT, AUTH] {
        let with = sent(&mut under(Role::Initiator, R), stage);
        assert_eq!(with, [vendor_id(r())]);
        assert_eq!(sent(&mut under(Role::Initiator, PLAIN), stage), []);
        assert_eq!(sent(&mut under(Role::Initiator, None), stage), []);
    }
}

/// [MS-IKEE] §3.14.5/2
#[test]
fn create_child_sa_has_it_from_either_side_of_such_an_sa() {
    for role in [Role::Initiator, Role::Responder] {
        assert_eq!(sent(&mut under(role, R), CREATE), [vendor_id(r())]);
        assert_eq!(sent(&mut under(role, PLAIN), CREATE), []);
        let answer = Stage::response(ExchangeType::CREATE_CHILD_SA);
        assert_eq!(sent(&mut under(role, R), answer), []);
    }
    let other = Stage::request(ExchangeType::INFORMATIONAL);
    assert_eq!(sent(&mut under(Role::Initiator, R), other), []);
}

/// [MS-IKEE] §3.14.5.1/1
#[test]
fn the_id_is_that_of_the_policy() {
    for (policy, id) in [(R, b'r'), (S, b's')] {
        let sent = sent(&mut under(Role::Initiator, policy), INIT);
        assert_eq!(sent[0].body, [HASH, [id; 16]].concat());
    }
}

/// [MS-IKEE] §3.14.5.1/2
#[test]
fn the_id_that_is_told_selects_the_policy() {
    let rig = told(Some(r()));
    assert!(permits(&rig, R));
    assert!(!permits(&rig, S));
}

/// [MS-IKEE] §3.14.5.1/3
#[test]
fn a_policy_of_no_realm_is_for_those_who_tell_one_too() {
    assert!(permits(&told(Some(r())), PLAIN));
    assert!(permits(&told(None), PLAIN));
}

/// [MS-IKEE] §3.14.5.1/4
#[test]
fn an_id_that_differs_in_one_bit_selects_nothing() {
    let mut near = *r().as_bytes();
    near[15] ^= 1;
    assert!(!permits(&told(Some(RealmId::new(near))), R));
    assert!(!permits(&told(Some(s())), R));
}

/// [MS-IKEE] §3.14.5.1/5, [MS-IKEE] note 39/1
#[test]
fn without_the_vendor_id_all_realm_policies_are_passed_over() {
    let rig = told(None);
    assert!(!permits(&rig, R) && !permits(&rig, S));
    assert!(rig.set.get::<SecurityRealm>().unwrap().is_idle());
}

/// [MS-IKEE] §3.14.5.2/1
#[test]
fn a_request_under_keys_has_the_vendor_id_among_its_payloads() {
    let before = OwnedPayload::new(kind::SA, [0; 4]);
    let mut rig = under(Role::Initiator, R);
    let sent = rig.outgoing(AUTH, vec![before.clone()]);
    assert_eq!(sent, [before, vendor_id(r())]);
}

/// [MS-IKEE] §3.14.5.2/2
#[test]
fn all_messages_of_an_sa_have_the_same_id() {
    let mut rig = under(Role::Initiator, R);
    for stage in [INIT, AUTH, CREATE, CREATE] {
        assert_eq!(sent(&mut rig, stage), [vendor_id(r())]);
    }
}

/// [MS-IKEE] §3.14.5.2/3
#[test]
fn the_child_of_ike_auth_is_granted_to_those_who_tell_the_realm_again() {
    let mut rig = told(Some(r()));
    choose(&mut rig, Some(R));
    show(&mut rig, AUTH, Some(r()));
    assert!(permits(&rig, R) && grants(&rig));
    choose(&mut rig, Some(PLAIN));
    assert!(grants(&rig));
}

/// [MS-IKEE] §3.14.5.2/4
#[test]
fn a_child_of_another_realm_than_the_sas_is_not_granted() {
    let mut rig = told(Some(r()));
    choose(&mut rig, Some(R));
    show(&mut rig, AUTH, Some(s()));
    assert!(!grants(&rig));
    show(&mut rig, CREATE, Some(s()));
    assert!(!grants(&rig));
    show(&mut rig, CREATE, Some(r()));
    assert!(grants(&rig));
}

/// [MS-IKEE] §3.14.5.2/5
#[test]
fn a_child_request_without_the_vendor_id_under_a_realm_is_not_granted() {
    for role in [Role::Initiator, Role::Responder] {
        let mut rig = under(role, R);
        show(&mut rig, CREATE, None);
        assert!(!grants(&rig));
        choose(&mut rig, Some(PLAIN));
        assert!(grants(&rig));
    }
    let mut rig = told(Some(r()));
    choose(&mut rig, Some(R));
    show(&mut rig, AUTH, None);
    assert!(permits(&rig, R) && !grants(&rig));
}

/// [MS-IKEE] §3.14.5.2/6
#[test]
fn the_successor_of_an_sa_tells_the_same_realm() {
    let mut rig = told(Some(r()));
    choose(&mut rig, Some(R));
    let (heir, facts) = (SaId::new(2), rig.host.sas[&Rig::SA].clone());
    rig.host.sas.insert(heir, facts);
    rig.lifecycle(Lifecycle::Succeeded(heir));
    rig.lifecycle(Lifecycle::Closed);
    assert_eq!((asked(&rig, Rig::SA), asked(&rig, heir)), (None, Some(r())));
    rig.host.sas.remove(&Rig::SA);
    let (mut payloads, mut spi) = (Vec::new(), Spi::ZERO);
    let mut draft = Draft::new(Version::V2, CREATE, 0, &mut payloads, &mut spi);
    rig.call(|set, cx| set.outgoing(cx, heir, &mut draft));
    assert_eq!(payloads, [vendor_id(r())]);
}

/// [MS-IKEE] note 39/2
#[test]
fn a_responder_that_was_told_a_realm_asks_for_no_certificates() {
    let answer = Stage::response(ExchangeType::IKE_SA_INIT);
    let draft = vec![
        OwnedPayload::new(kind::SA, [0; 4]),
        OwnedPayload::new(kind::CERTREQ, [4; 21]),
        OwnedPayload::new(kind::NOTIFY, [0; 4]),
    ];
    let kinds = |rig: &mut Rig| -> Vec<_> {
        let sent = rig.outgoing(answer, draft.clone());
        sent.into_iter().map(|it| it.kind).collect()
    };
    assert_eq!(kinds(&mut told(Some(r()))), [kind::SA, kind::NOTIFY]);
    let all = [kind::SA, kind::CERTREQ, kind::NOTIFY];
    assert_eq!(kinds(&mut told(None)), all);
}

fn stock() -> Stock<SecurityRealm> {
    let message = vec![OwnedPayload::new(kind::SA, [0; 4]), vendor_id(r())];
    let peer = [INIT, AUTH, CREATE].map(|stage| (stage, message.clone()));
    Stock {
        version: Version::V2,
        on: realms,
        off: SecurityRealm::new,
        idle: SecurityRealm::is_idle,
        peer: peer.to_vec(),
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
fn it_survives_truncation_at_every_octet() {
    stock().survives_truncation();
}
