//! [MS-IKEE] §2.2.6, §2.2.7: one test for each requirement, by its number in the ledger.

use ike_ext::kit::{Rig, Stock};
use ike_ext::{Action, Blame, Lifecycle, Role, SaId, Stage, Verdict};
use ikee_status::{Report, Status, StatusCode, Told, code_for_v1, code_for_v2, read_v1, write_v1};
use isakmp_wire::v1::{Doi, Notification, NotifyType, ProtocolId};
use isakmp_wire::{Encode, ExchangeType, OwnedPayload, RawPayload, Version, v1, v2, vendor_id};

const INFORM: Stage = Stage::new(ExchangeType::V1_INFORMATIONAL, 1);
const AUTH: Stage = Stage::response(ExchangeType::IKE_AUTH);

/// A rig whose peer is Microsoft's, or is not.
fn rig(version: Version, extension: Status, microsoft: bool) -> Rig {
    let mut rig = Rig::of(version, extension, Role::Responder);
    if microsoft {
        let mut id = vendor_id::MS_NT5_ISAKMPOAKLEY.to_vec();
        id.extend([0, 0, 0, 9]);
        rig.host.sas.get_mut(&Rig::SA).unwrap().1.push(id);
    }
    rig
}

fn windows(version: Version) -> Rig {
    rig(version, Status::new(), true)
}

/// A notification of the core's about a failure.
fn error_v1(kind: NotifyType) -> OwnedPayload {
    let mut body = Vec::new();
    Notification {
        doi: Doi::IPSEC,
        protocol: ProtocolId::ISAKMP,
        spi: &[],
        kind,
        data: &[],
    }
    .encode(&mut body);
    OwnedPayload::new(v1::kind::NOTIFY, body)
}

fn notify_v2(kind: v2::NotifyType, data: &[u8]) -> OwnedPayload {
    let mut body = Vec::new();
    v2::Notify::new(kind, data).encode(&mut body);
    OwnedPayload::new(v2::kind::NOTIFY, body)
}

/// A NOTIFY_STATUS payload with these octets after the type.
fn raw(spi_size: u8, tail: &[u8]) -> OwnedPayload {
    let mut body = vec![0, 0, 0, 1, 1, spi_size, 0x9c, 0x43];
    body.extend_from_slice(tail);
    OwnedPayload::new(v1::kind::NOTIFY, body)
}

fn reports(rig: &mut Rig) -> Vec<Report> {
    rig.set.get_mut::<Status>().unwrap().take_reports()
}

/// What the peer of an IKEv1 SA is heard to say.
fn heard(payload: OwnedPayload) -> Vec<(Option<u32>, Option<u32>)> {
    let mut rig = windows(Version::V1);
    assert_eq!(rig.incoming(INFORM, &[payload]), Verdict::Continue);
    let all = reports(&mut rig);
    let nudges = rig
        .actions
        .iter()
        .filter(|it| **it == Action::Nudge(Rig::SA));
    assert_eq!(nudges.count(), all.len());
    all.iter()
        .map(|it| (it.message_id, it.code.map(StatusCode::get)))
        .collect()
}

/// What goes out beside an error of a quick mode, or of phase 1.
fn told(rig: &mut Rig, quick_mode: Option<u32>) -> OwnedPayload {
    let what = match quick_mode {
        Some(id) => Lifecycle::QuickModeFailing(id, Blame::Incompatible),
        None => Lifecycle::Failing(Blame::Incompatible),
    };
    rig.lifecycle(what);
    let error = error_v1(NotifyType::NO_PROPOSAL_CHOSEN);
    let mut sent = rig.outgoing(INFORM, vec![error.clone()]);
    assert_eq!(sent.len(), 2, "{sent:?}");
    assert_eq!(sent[0], error);
    sent.remove(1)
}

/// [MS-IKEE] §2.2.6 (2.2.6/1, 2.2.6/2)
#[test]
fn a_plain_parser_reads_the_notification() {
    let payload = told(&mut windows(Version::V1), None);
    let plain = Notification::parse(payload.as_raw()).unwrap();
    assert_eq!(plain.protocol, ProtocolId::ISAKMP);
    assert_eq!(plain.spi, []);
    assert_eq!(plain.data, 13_868_u32.to_be_bytes());
    let cookies = [[7; 16].as_slice(), &13_801_u32.to_be_bytes()].concat();
    assert_eq!(heard(raw(16, &cookies)), [(None, Some(13_801))]);
}

/// [MS-IKEE] §2.2.6 (2.2.6/3, 2.2.6/4)
#[test]
fn domain_and_type_are_those_of_the_specification() {
    let body = told(&mut windows(Version::V1), None).body;
    assert_eq!(body[..4], [0, 0, 0, 1]);
    assert_eq!(body[6..8], [0x9c, 0x43]);
    let mut other = raw(0, &[0; 4]);
    other.body[3] = 0;
    assert_eq!(heard(other), []);
}

/// [MS-IKEE] §2.2.6 (2.2.6/5)
#[test]
fn other_private_types_are_ignored() {
    for low in [0x44, 0x45, 0x46] {
        let mut other = raw(0, &[0; 4]);
        other.body[7] = low;
        assert_eq!(heard(other), []);
    }
}

/// [MS-IKEE] §2.2.6 (2.2.6/6): sent with an SPI size of 8, and read whatever stands there.
#[test]
fn the_spi_size_is_8_beside_a_message_id() {
    let body = told(&mut windows(Version::V1), Some(0x0102_0304)).body;
    assert_eq!(body[5], 8);
    let (id, code) = ([1, 2, 3, 4], 13_868_u32.to_be_bytes());
    let both = [id, code].concat();
    let after_spi = [[9; 8].as_slice(), &both].concat();
    let wanted = [(Some(0x0102_0304), Some(13_868))];
    assert_eq!(heard(raw(8, &both)), wanted);
    assert_eq!(heard(raw(0, &both)), wanted);
    assert_eq!(heard(raw(8, &after_spi)), wanted);
    assert_eq!(heard(raw(8, &code)), [(None, Some(13_868))]);
}

/// [MS-IKEE] §2.2.6 (2.2.6/7)
#[test]
fn the_message_id_comes_first_for_a_peer_of_microsofts() {
    let body = told(&mut windows(Version::V1), Some(0x0102_0304)).body;
    assert_eq!(body[8..12], [1, 2, 3, 4]);
    assert_eq!(body[12..], 13_868_u32.to_be_bytes());
    let mut plain = rig(Version::V1, Status::new().with_everybody(true), false);
    let body = told(&mut plain, Some(0x0102_0304)).body;
    assert_eq!(
        (body[5], &body[8..]),
        (0, 13_868_u32.to_be_bytes().as_slice())
    );
}

/// [MS-IKEE] §2.2.6 (2.2.6/10)
#[test]
fn a_failure_of_main_mode_has_no_message_id() {
    let mut rig = windows(Version::V1);
    assert_eq!(told(&mut rig, None).body.len(), 12);
    // one that a quick mode has left behind is not that of main mode
    rig.lifecycle(Lifecycle::QuickModeFailing(7, Blame::Incompatible));
    assert_eq!(told(&mut rig, None).body.len(), 12);
    // and a quick mode's is used once
    assert_eq!(told(&mut rig, Some(7)).body.len(), 16);
    let sent = rig.outgoing(INFORM, vec![error_v1(NotifyType::AUTHENTICATION_FAILED)]);
    assert_eq!(sent[1].body.len(), 12);
}

/// [MS-IKEE] §2.2.6 (2.2.6/11)
#[test]
fn data_of_another_size_are_ignored() {
    for length in [0, 1, 3, 5, 7, 9, 15, 40] {
        assert_eq!(heard(raw(0, &vec![0; length])), []);
    }
    for cut in 0..8 {
        let mut short = raw(0, &[]);
        short.body.truncate(cut);
        assert_eq!(read_v1(short.as_raw()), None);
    }
}

/// [MS-IKEE] §2.2.6 (2.2.6/12): what one side tells is what the other side's application hears.
#[test]
fn the_peer_hears_the_same_number() {
    let payload = told(&mut windows(Version::V1), Some(0xdead_beef));
    assert_eq!(heard(payload), [(Some(0xdead_beef), Some(13_868))]);
    let any = Told {
        message_id: None,
        code: StatusCode::new(0x8009_2013),
    };
    assert_eq!(read_v1(write_v1(any).as_raw()), Some(any));
}

/// [MS-IKEE] §2.2.6: what is not protected says nothing for sure, and moves nothing.
#[test]
fn a_report_says_whether_it_was_protected() {
    let mut rig = windows(Version::V1);
    rig.incoming(Stage::main_mode(4), &[raw(0, &13_801_u32.to_be_bytes())]);
    rig.incoming(INFORM, &[raw(0, &13_801_u32.to_be_bytes())]);
    let protected: Vec<_> = reports(&mut rig).iter().map(|it| it.protected).collect();
    assert_eq!(protected, [false, true]);
    let nudge = Action::Nudge(Rig::SA);
    let refused = Action::QuickModeRefused {
        sa: Rig::SA,
        message_id: None,
        why: StatusCode::IKE_AUTH_FAIL.name().unwrap(),
    };
    assert_eq!(rig.actions, [nudge.clone(), refused, nudge]);
}

/// [MS-IKEE] §2.2.6: what anybody can send is kept in bounds.
#[test]
fn reports_that_nobody_takes_are_forgotten() {
    let mut rig = windows(Version::V1);
    for code in 0..1000_u32 {
        rig.incoming(Stage::main_mode(4), &[raw(0, &code.to_be_bytes())]);
    }
    let all = reports(&mut rig);
    assert_eq!(all.len(), 64);
    assert_eq!(all[63].code, Some(StatusCode::new(999)));
}

/// [MS-IKEE] §2.2.6: peers that have no use for it get none, unless everybody shall.
#[test]
fn codes_go_to_peers_of_microsofts_unless_told_otherwise() {
    for (version, stage, error) in [
        (
            Version::V1,
            INFORM,
            error_v1(NotifyType::NO_PROPOSAL_CHOSEN),
        ),
        (
            Version::V2,
            AUTH,
            notify_v2(v2::NotifyType::NO_PROPOSAL_CHOSEN, &[]),
        ),
    ] {
        for (everybody, microsoft) in [(false, false), (false, true), (true, false)] {
            let extension = Status::new().with_everybody(everybody);
            let mut rig = rig(version, extension, microsoft);
            let sent = rig.outgoing(stage, vec![error.clone()]);
            assert_eq!(sent.len() == 2, everybody || microsoft);
        }
    }
}

/// [MS-IKEE] §2.2.7 (2.2.7/1, 2.2.7/2)
#[test]
fn in_ikev2_it_is_a_notify_about_the_ike_sa() {
    let mut rig = windows(Version::V2);
    let error = notify_v2(v2::NotifyType::AUTHENTICATION_FAILED, &[]);
    let sent = rig.outgoing(AUTH, vec![error]);
    assert_eq!(sent[1].body, [0, 0, 0x30, 0x39, 0, 0, 0x35, 0xe9]);
}

/// [MS-IKEE] §2.2.7 (2.2.7/3): it is of the range of errors, so that the core counts the exchange as failed; and no
/// error leads to it that asks for another try.
#[test]
fn the_type_is_an_error() {
    assert!(v2::NotifyType::MS_STATUS.is_error());
    assert_eq!(v2::NotifyType::MS_STATUS.get(), 12_345);
    for kind in [
        v2::NotifyType::INVALID_KE_PAYLOAD,
        v2::NotifyType::TEMPORARY_FAILURE,
        v2::NotifyType::COOKIE,
        v2::NotifyType::INITIAL_CONTACT,
    ] {
        let mut rig = windows(Version::V2);
        assert_eq!(rig.outgoing(AUTH, vec![notify_v2(kind, &[])]).len(), 1);
    }
}

/// [MS-IKEE] §2.2.7 (2.2.7/4)
#[test]
fn in_ikev2_data_of_another_size_are_an_unknown_status() {
    for length in [0, 3, 5, 8] {
        let mut rig = windows(Version::V2);
        let payload = notify_v2(v2::NotifyType::MS_STATUS, &vec![1; length]);
        assert_eq!(rig.incoming(AUTH, &[payload]), Verdict::Continue);
        assert_eq!(reports(&mut rig)[0].code, None);
    }
}

/// [MS-IKEE] §2.2.7 (2.2.7/5)
#[test]
fn in_ikev2_the_peer_hears_the_same_number() {
    let mut rig = windows(Version::V2);
    let payload = notify_v2(v2::NotifyType::MS_STATUS, &13_801_u32.to_be_bytes());
    rig.incoming(AUTH, &[payload]);
    let all = reports(&mut rig);
    assert_eq!(all[0].code, Some(StatusCode::IKE_AUTH_FAIL));
    assert_eq!((all[0].sa, all[0].message_id), (SaId::new(1), None));
    assert_eq!(reports(&mut rig), []);
}

/// [MS-IKEE] note 8 (note 8/1)
#[test]
fn known_codes_have_a_name_and_others_a_number() {
    let shown = |code| StatusCode::new(code).to_string();
    let auth = "ERROR_IPSEC_IKE_AUTH_FAIL (13801): the credentials are not acceptable";
    assert_eq!(shown(13_801), auth);
    assert_eq!(shown(4_711), "4711");
    // 13000 to 13023 and 13800 to 13932, but for the gap at 13919 to 13924
    for code in 12_990..14_000 {
        let known = matches!(code, 13_000..=13_023 | 13_800..=13_918 | 13_925..=13_932);
        assert_eq!(StatusCode::new(code).name().is_some(), known, "{code}");
        assert_eq!(StatusCode::new(code).meaning().is_some(), known, "{code}");
        assert!(known || StatusCode::new(code).advice().is_none());
    }
}

/// [MS-IKEE] note 8 (note 8/1): every code that we send can be looked up.
#[test]
fn what_is_sent_has_a_name_and_most_an_advice() {
    let v1 = (0..=u16::MAX).filter_map(|it| code_for_v1(NotifyType::new(it)));
    let v2 = (0..=u16::MAX).filter_map(|it| code_for_v2(v2::NotifyType::new(it)));
    assert!(v1.chain(v2).all(|it| it.name().is_some()));
    let advice = StatusCode::IKE_POLICY_MATCH.advice().unwrap();
    assert!(advice.cause.contains("cipher") && advice.remedy.contains("proposals"));
}

/// [MS-IKEE] §1.7: the implementation vendor ID and the number behind it, in both IKEs.
#[test]
fn the_release_is_announced_and_recognised() {
    let first = [
        (Version::V1, Stage::main_mode(2), Stage::main_mode(1)),
        (
            Version::V2,
            Stage::response(ExchangeType::IKE_SA_INIT),
            Stage::request(ExchangeType::IKE_SA_INIT),
        ),
    ];
    for (version, own, theirs) in first {
        let mut rig = rig(version, Status::new().with_release(7), false);
        let sent = rig.outgoing(own, Vec::new());
        assert_eq!(sent[0].body[..16], vendor_id::MS_NT5_ISAKMPOAKLEY);
        assert_eq!(sent[0].body[16..], [0, 0, 0, 7]);
        rig.incoming(theirs, &sent);
        let successor = SaId::new(2);
        rig.lifecycle(Lifecycle::Succeeded(successor));
        let status = rig.set.get::<Status>().unwrap();
        assert_eq!(status.peer_release(Rig::SA), Some(7));
        assert_eq!(status.peer_release(successor), Some(7));
        assert_eq!(rig.outgoing(INFORM, Vec::new()), []);
    }
}

fn stock(version: Version) -> Stock<Status> {
    let mut id = vendor_id::MS_NT5_ISAKMPOAKLEY.to_vec();
    id.extend([0, 0, 0, 9]);
    let status = match version {
        Version::V1 => raw(8, &[0, 0, 0, 1, 0, 0, 0, 2]),
        _ => notify_v2(v2::NotifyType::MS_STATUS, &[0, 0, 0, 1]),
    };
    let (kind, stages) = match version {
        Version::V1 => (v1::kind::VENDOR_ID, [1, 2].map(Stage::main_mode)),
        _ => {
            let exchange = ExchangeType::IKE_SA_INIT;
            let both = [Stage::request(exchange), Stage::response(exchange)];
            (v2::kind::VENDOR_ID, both)
        }
    };
    let message = vec![OwnedPayload::new(kind, id), status];
    Stock {
        version,
        on: Status::new,
        off: || Status::new().with_enabled(false).with_release(9),
        idle: Status::is_idle,
        peer: stages.map(|stage| (stage, message.clone())).to_vec(),
    }
}

const BOTH: [Version; 2] = [Version::V1, Version::V2];

#[test]
fn it_is_silent_when_off() {
    BOTH.into_iter().for_each(|it| stock(it).silent_when_off());
}

#[test]
fn it_is_harmless_to_a_plain_peer() {
    BOTH.into_iter()
        .for_each(|it| stock(it).harmless_to_a_plain_peer());
}

#[test]
fn it_leaves_no_row_and_no_timer() {
    BOTH.into_iter()
        .for_each(|it| stock(it).leaves_no_row_and_no_timer());
}

#[test]
fn it_survives_truncation() {
    BOTH.into_iter()
        .for_each(|it| stock(it).survives_truncation());
}

/// A payload that is none of ours is left alone, however it looks.
#[test]
fn a_payload_of_another_type_is_not_a_status() {
    let body = raw(0, &[0; 4]).body;
    assert_eq!(read_v1(RawPayload::new(v1::kind::DELETE, &body)), None);
}
