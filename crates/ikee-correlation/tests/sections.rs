//! [MS-IKEE] §2.2.9, §3.10: one test for each requirement, by its number in the ledger.

use ike_ext::kit::{Rig, Stock};
use ike_ext::{Action, Conclusion, Host, Key, Lifecycle, Prf, Role, SaId, Stage, Verdict};
use ikee_correlation::{Correlation, Outcome, Refusal, Report};
use ipsec_doi::Identity;
use ipsec_doi::auth_method::Proof;
use isakmp_wire::v2::{Notify, NotifyType, kind};
use isakmp_wire::{Encode, ExchangeType, OwnedPayload, Spi, Version};

const AUTH: Stage = Stage::request(ExchangeType::IKE_AUTH);
const ANSWER: Stage = Stage::response(ExchangeType::IKE_AUTH);
const INIT_ANSWER: Stage = Stage::response(ExchangeType::IKE_SA_INIT);

const CURRENT: SaId = Rig::SA;
const ORIGINAL: SaId = SaId::new(9);
const SPIS: (Spi, Spi) = (Spi::new([3; 8]), Spi::new([4; 8]));
/// What the kit's PRF gives.
const PRF: usize = 20;

fn name(name: &str) -> &'static Identity {
    Box::leak(Box::new(Identity::fqdn(name)))
}

fn prove(rig: &mut Rig, sa: SaId, proven: Option<(&'static Identity, Proof)>) {
    let facts = rig.host.sas.get_mut(&sa).unwrap();
    facts.0.proven = proven;
}

/// The current SA, and an original whose peer has proved who it is.
fn rig(role: Role) -> Rig {
    let mut rig = Rig::new(Correlation::new(), role);
    let facts = rig.host.sas[&CURRENT].0;
    let original = facts.with_spis(SPIS).with_protected(true);
    rig.host.sas.insert(ORIGINAL, (original, Vec::new()));
    prove(&mut rig, ORIGINAL, Some((name("peer"), Proof::SharedKey)));
    rig
}

/// What we do when the application wants a correlation.
fn initiator() -> Rig {
    let mut rig = rig(Role::Initiator);
    correlation(&mut rig).correlate(CURRENT, ORIGINAL);
    rig
}

fn correlation(rig: &mut Rig) -> &mut Correlation {
    rig.set.get_mut().unwrap()
}

fn request() -> Vec<OwnedPayload> {
    let kinds = [kind::ID_I, kind::AUTH, kind::SA, kind::TS_I, kind::TS_R];
    kinds.map(|kind| OwnedPayload::new(kind, [0; 4])).to_vec()
}

/// The hash of an original SA's key.
fn hash(rig: &Rig, owner: SaId, key: Role) -> Vec<u8> {
    let mut out = [0; 64];
    let ours = rig.host.sas[&CURRENT].0.spis;
    let parts: [&[u8]; 4] = [
        ours.0.as_bytes(),
        ours.1.as_bytes(),
        SPIS.0.as_bytes(),
        SPIS.1.as_bytes(),
    ];
    let ask = Prf {
        function: CURRENT,
        owner,
        key: Key::Integrity(key),
        parts: &parts,
    };
    let len = rig.host.prf(ask, &mut out).unwrap();
    out[..len].to_vec()
}

/// A good payload.
fn payload(rig: &Rig) -> OwnedPayload {
    let hash = hash(rig, ORIGINAL, Role::Initiator);
    let body = [&[3; 8][..], &[4; 8], &hash].concat();
    OwnedPayload::new(kind::CORRELATION, body)
}

fn with(payload: OwnedPayload) -> Vec<OwnedPayload> {
    let mut all = request();
    all.insert(2, payload);
    all
}

/// Shows a request to a responder, whose core finds that the peer is who it says.
fn judge(rig: &mut Rig, message: &[OwnedPayload]) -> (Conclusion, Vec<Report>) {
    assert_eq!(rig.incoming(AUTH, message), Verdict::Continue);
    prove(rig, CURRENT, Some((name("peer"), Proof::SharedKey)));
    rig.lifecycle(Lifecycle::Proven);
    let conclusion = rig.set.conclusion(CURRENT);
    (conclusion, correlation(rig).take_reports())
}

fn status(code: u32) -> OwnedPayload {
    let mut body = Vec::new();
    let data = code.to_be_bytes();
    Notify::new(NotifyType::MS_STATUS, &data).encode(&mut body);
    OwnedPayload::new(kind::NOTIFY, body)
}

fn assert_refused(rig: &mut Rig, message: &[OwnedPayload], why: Refusal) {
    let (conclusion, reports) = judge(rig, message);
    assert_eq!(conclusion, Conclusion::Decline(status(why.status())));
    assert_ne!(why.status(), 0);
    assert_eq!(reports.len(), 1);
    assert_eq!(reports[0].outcome, Outcome::Refused(why));
    for sa in [CURRENT, ORIGINAL] {
        assert_eq!(correlation(rig).partner(sa), None);
    }
    // nothing is asked of the core for the original but a word to the application
    let harmless = |it: &Action| matches!(it, Action::Nudge(_));
    assert!(rig.actions.iter().all(harmless), "{:?}", rig.actions);
}

/// [MS-IKEE] §2.2.9/1
#[test]
fn the_payload_has_type_200_and_counts_under_encryption_only() {
    let sent = initiator().outgoing(AUTH, request());
    assert_eq!(sent[2].kind.get(), 200);
    let mut rig = rig(Role::Responder);
    let message = with(payload(&rig));
    // the kit has IKE_SA_INIT in clear
    let init = Stage::request(ExchangeType::IKE_SA_INIT);
    assert_eq!(rig.incoming(init, &message), Verdict::Continue);
    rig.lifecycle(Lifecycle::Proven);
    assert_eq!(rig.set.conclusion(CURRENT), Conclusion::Accept);
}

/// [MS-IKEE] §2.2.9/2
#[test]
fn the_payload_has_the_length_of_the_hash_and_20_octets_and_is_not_critical() {
    let sent = initiator().outgoing(AUTH, request());
    assert_eq!(sent[2].body.len() + 4, 20 + PRF);
    assert!(!sent[2].critical);
}

/// [MS-IKEE] §2.2.9/3
#[test]
fn the_initiators_spi_of_the_original_comes_first() {
    let sent = initiator().outgoing(AUTH, request());
    assert_eq!(sent[2].body[..8], [3; 8]);
}

/// [MS-IKEE] §2.2.9/4
#[test]
fn the_responders_spi_of_the_original_comes_second() {
    let sent = initiator().outgoing(AUTH, request());
    assert_eq!(sent[2].body[8..16], [4; 8]);
}

/// [MS-IKEE] §2.2.9/5
#[test]
fn the_hash_is_under_the_key_of_the_originals_initiator_whoever_we_were_there() {
    for role in [Role::Initiator, Role::Responder] {
        let mut rig = initiator();
        rig.host.sas.get_mut(&ORIGINAL).unwrap().0.role = role;
        let sent = rig.outgoing(AUTH, request());
        assert_eq!(sent[2].body[16..], hash(&rig, ORIGINAL, Role::Initiator));
        assert_ne!(sent[2].body[16..], hash(&rig, ORIGINAL, Role::Responder));
        assert_ne!(sent[2].body[16..], hash(&rig, CURRENT, Role::Initiator));
    }
}

/// [MS-IKEE] §2.2.9/5
#[test]
fn an_original_with_an_aead_is_refused_on_both_sides() {
    let mut ours = initiator();
    ours.host.keyless.insert(ORIGINAL);
    assert!(matches!(ours.incoming(INIT_ANSWER, &[]), Verdict::Abort(_)));
    let reports = correlation(&mut ours).take_reports();
    assert_eq!(reports[0].outcome, Outcome::Unable(Refusal::Keyless));
    let mut theirs = rig(Role::Responder);
    let message = with(payload(&theirs));
    theirs.host.keyless.insert(ORIGINAL);
    assert_refused(&mut theirs, &message, Refusal::Keyless);
}

/// [MS-IKEE] §3.10/1
#[test]
fn the_payload_stands_immediately_before_sa() {
    let sent = initiator().outgoing(AUTH, request());
    let kinds: Vec<_> = sent.iter().map(|it| it.kind).collect();
    let expected = [
        kind::ID_I,
        kind::AUTH,
        kind::CORRELATION,
        kind::SA,
        kind::TS_I,
        kind::TS_R,
    ];
    assert_eq!(kinds, expected);
    // and in no other message, nor in that of another SA
    let other = Stage::request(ExchangeType::CREATE_CHILD_SA);
    assert_eq!(initiator().outgoing(other, request()), request());
    assert_eq!(rig(Role::Initiator).outgoing(AUTH, request()), request());
}

/// [MS-IKEE] §3.10/2
#[test]
fn another_method_than_in_the_original_is_refused() {
    for before in [Proof::Signature, Proof::Null] {
        let mut rig = rig(Role::Responder);
        prove(&mut rig, ORIGINAL, Some((name("peer"), before)));
        let message = with(payload(&rig));
        assert_refused(&mut rig, &message, Refusal::OtherMethod);
    }
}

/// [MS-IKEE] §3.10/4
#[test]
fn certificates_in_both_are_accepted() {
    let mut rig = rig(Role::Responder);
    let proven = Some((name("peer"), Proof::Signature));
    prove(&mut rig, ORIGINAL, proven);
    let message = with(payload(&rig));
    rig.incoming(AUTH, &message);
    prove(&mut rig, CURRENT, proven);
    rig.lifecycle(Lifecycle::Proven);
    let conclusion = rig.set.conclusion(CURRENT);
    assert_eq!(conclusion, Conclusion::Decline(status(0)));
}

/// [MS-IKEE] §3.10.1/1
#[test]
fn each_sa_names_the_other_after_a_good_correlation() {
    let mut rig = rig(Role::Responder);
    let good = with(payload(&rig));
    assert_eq!(correlation(&mut rig).partner(ORIGINAL), None);
    judge(&mut rig, &good);
    assert_eq!(correlation(&mut rig).partner(ORIGINAL), Some(CURRENT));
    assert_eq!(correlation(&mut rig).partner(CURRENT), Some(ORIGINAL));
    // the original's successor inherits it
    let heir = SaId::new(10);
    rig.call(|set, cx| {
        set.lifecycle(cx, ORIGINAL, Lifecycle::Succeeded(heir));
        set.lifecycle(cx, ORIGINAL, Lifecycle::Closed);
    });
    assert_eq!(correlation(&mut rig).partner(heir), Some(CURRENT));
    assert_eq!(correlation(&mut rig).partner(CURRENT), Some(heir));
}

/// [MS-IKEE] §3.10.5.1/1
#[test]
fn nothing_is_judged_before_the_peer_has_proved_who_it_is() {
    let mut rig = rig(Role::Responder);
    let message = with(payload(&rig));
    assert_eq!(rig.incoming(AUTH, &message), Verdict::Continue);
    assert_eq!(rig.set.conclusion(CURRENT), Conclusion::Accept);
    rig.lifecycle(Lifecycle::Closed);
    assert_eq!(correlation(&mut rig).take_reports(), []);
    assert!(correlation(&mut rig).is_idle());
}

/// [MS-IKEE] §3.10.5.1/2
#[test]
fn a_payload_of_another_length_than_20_and_the_hash_is_refused() {
    for len in [0, 15, 16, 16 + PRF - 1, 16 + PRF + 1, 16 + 65, 500] {
        let mut rig = rig(Role::Responder);
        let mut broken = payload(&rig);
        broken.body.resize(len, 0);
        assert_refused(&mut rig, &with(broken), Refusal::Malformed);
    }
    let mut rig = rig(Role::Responder);
    let mut twice = with(payload(&rig));
    twice.push(payload(&rig));
    assert_refused(&mut rig, &twice, Refusal::Malformed);
}

/// [MS-IKEE] §3.10.5.1/3
#[test]
fn an_original_that_is_not_there_not_proven_or_the_new_sa_itself_is_refused() {
    let mut gone = rig(Role::Responder);
    let message = with(payload(&gone));
    gone.host.sas.remove(&ORIGINAL);
    assert_refused(&mut gone, &message, Refusal::Unknown);
    let mut half_open = rig(Role::Responder);
    prove(&mut half_open, ORIGINAL, None);
    assert_refused(&mut half_open, &message, Refusal::Unknown);
    let mut itself = rig(Role::Responder);
    let mut own = payload(&itself);
    own.body[..16].copy_from_slice(&[[1; 8], [2; 8]].concat());
    assert_refused(&mut itself, &with(own), Refusal::Unknown);
}

/// [MS-IKEE] §3.10.5.1/4
#[test]
fn a_hash_with_any_bit_flipped_is_refused_and_the_whole_one_is_not() {
    for bit in 0..PRF * 8 {
        let mut rig = rig(Role::Responder);
        let mut near = payload(&rig);
        near.body[16 + bit / 8] ^= 1 << (bit % 8);
        assert_refused(&mut rig, &with(near), Refusal::WrongHash);
    }
    let mut rig = rig(Role::Responder);
    let good = with(payload(&rig));
    let (_, reports) = judge(&mut rig, &good);
    assert_eq!(reports[0].outcome, Outcome::Correlated);
    assert_eq!(reports[0].original, Some(ORIGINAL));
}

/// [MS-IKEE] §3.10.5.1/4
#[test]
fn another_identity_than_in_the_original_is_refused() {
    let mut rig = rig(Role::Responder);
    prove(&mut rig, ORIGINAL, Some((name("other"), Proof::SharedKey)));
    let message = with(payload(&rig));
    assert_refused(&mut rig, &message, Refusal::OtherPeer);
}

/// [MS-IKEE] §3.10.5.1/5
#[test]
fn our_own_failures_leave_the_original_alone_too() {
    for proven in [None, Some((name("peer"), Proof::SharedKey))] {
        let mut rig = initiator();
        prove(&mut rig, ORIGINAL, proven);
        if proven.is_some() {
            rig.outgoing(AUTH, request());
            rig.incoming(ANSWER, &[status(13_870)]);
        } else {
            rig.incoming(INIT_ANSWER, &[]);
        }
        rig.lifecycle(Lifecycle::Closed);
        assert_eq!(rig.actions, [Action::Nudge(ORIGINAL)]);
        assert_eq!(correlation(&mut rig).take_reports().len(), 1);
        assert_eq!(correlation(&mut rig).partner(ORIGINAL), None);
    }
}

/// [MS-IKEE] §3.10.5.2/2
#[test]
fn a_good_correlation_ends_with_notify_12345() {
    let mut rig = rig(Role::Responder);
    let good = with(payload(&rig));
    let (conclusion, _) = judge(&mut rig, &good);
    let Conclusion::Decline(notify) = conclusion else {
        panic!("{conclusion:?}");
    };
    assert_eq!(notify.body, [0, 0, 0x30, 0x39, 0, 0, 0, 0]);
    rig.set = std::mem::take(&mut rig.set).with(Correlation::new().with_success(7));
    let (conclusion, _) = judge(&mut rig, &good);
    assert_eq!(conclusion, Conclusion::Decline(status(7)));
}

/// [MS-IKEE] §3.10.5.3/1, [MS-IKEE] §3.10.5.3/2
#[test]
fn the_notify_ends_our_exchange_and_the_original_names_the_new_sa() {
    let mut rig = initiator();
    rig.outgoing(AUTH, request());
    assert_eq!(rig.incoming(ANSWER, &[status(0)]), Verdict::Continue);
    let reports = correlation(&mut rig).take_reports();
    assert_eq!(reports[0].outcome, Outcome::Correlated);
    assert_eq!(correlation(&mut rig).partner(CURRENT), Some(ORIGINAL));
    rig.lifecycle(Lifecycle::Closed);
    assert_eq!(correlation(&mut rig).partner(CURRENT), None);
    assert_eq!(correlation(&mut rig).partner(ORIGINAL), Some(CURRENT));
    assert_eq!(rig.actions, [Action::Nudge(ORIGINAL)]);
}

/// [MS-IKEE] §3.10.5.3/3
#[test]
fn the_status_in_the_notify_is_reported() {
    let mut rig = initiator();
    rig.incoming(ANSWER, &[status(13_800)]);
    let reports = correlation(&mut rig).take_reports();
    assert_eq!(reports[0].outcome, Outcome::Denied(Some(13_800)));
    assert_eq!(
        reports[0].outcome.to_string(),
        "the peer refuses, with status 13800"
    );
}

/// [MS-IKEE] §3.10.5.3/3
#[test]
fn a_refusal_without_a_status_or_beside_another_is_one() {
    let mut body = Vec::new();
    Notify::new(NotifyType::AUTHENTICATION_FAILED, &[]).encode(&mut body);
    let failed = OwnedPayload::new(kind::NOTIFY, body);
    for (answer, told) in [
        (vec![failed.clone()], None),
        (vec![status(0), failed], Some(0)),
        (
            vec![OwnedPayload::new(kind::NOTIFY, [0, 0, 0x30, 0x39, 0])],
            None,
        ),
    ] {
        let mut rig = initiator();
        rig.incoming(ANSWER, &answer);
        let reports = correlation(&mut rig).take_reports();
        assert_eq!(reports[0].outcome, Outcome::Denied(told));
        assert_eq!(correlation(&mut rig).partner(ORIGINAL), None);
    }
}

/// [MS-IKEE] §3.10.5.2/2
#[test]
fn a_peer_that_makes_an_ordinary_sa_is_told_to_delete_it() {
    let mut rig = initiator();
    rig.outgoing(AUTH, request());
    rig.incoming(ANSWER, &request());
    prove(&mut rig, CURRENT, Some((name("peer"), Proof::SharedKey)));
    rig.lifecycle(Lifecycle::Proven);
    let Conclusion::Decline(payload) = rig.set.conclusion(CURRENT) else {
        panic!("the SA came to stand");
    };
    assert_eq!(
        (payload.kind, &payload.body[..]),
        (kind::DELETE, &[1, 0, 0, 0][..])
    );
    let reports = correlation(&mut rig).take_reports();
    assert_eq!(reports[0].outcome, Outcome::Ignored);
}

fn stock() -> Stock<Correlation> {
    let message = vec![
        OwnedPayload::new(kind::CORRELATION, [5; 36]),
        OwnedPayload::new(kind::SA, [0; 4]),
        status(0),
    ];
    Stock {
        version: Version::V2,
        on: Correlation::new,
        off: || Correlation::new().with_enabled(false),
        idle: Correlation::is_idle,
        peer: vec![(AUTH, message.clone()), (ANSWER, message)],
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
