//! RFC 7296 §2.21: errors, and who is told what.

use ikee_tests::{Setup, Side};
use isakmp_wire::v2::{NotifyType, kind};

use super::{answer_to, ask, connected, first_request, informational, notify, rewrite};

/// RFC 7296 §2.21.1: a first request that cannot be read is refused or dropped, and leaves nothing.
#[test]
fn a_first_request_without_its_payloads_is_refused() {
    for missing in [kind::SA, kind::KE, kind::NONCE] {
        let mut pair = Setup::new().build();
        let request = first_request(&mut pair);
        let without = rewrite(&request, |it| it.retain(|it| it.kind != missing));
        let twice = rewrite(&request, |payloads| {
            let again = payloads.iter().find(|it| it.kind == missing).cloned();
            payloads.extend(again);
        });
        for bytes in [without, twice] {
            let answer = answer_to(&mut pair, bytes).expect("an answer");
            assert_eq!(answer.notifies(), [(NotifyType::INVALID_SYNTAX, vec![])]);
            assert_eq!(pair.b.endpoint.sas().count(), 0);
        }
    }
}

/// RFC 7296 §2.21.1: an error that nobody protects is a hint; the negotiation goes on.
#[test]
fn unprotected_errors_end_no_negotiation() {
    for what in [
        NotifyType::NO_PROPOSAL_CHOSEN,
        NotifyType::INVALID_SYNTAX,
        NotifyType::AUTHENTICATION_FAILED,
        NotifyType::INVALID_MAJOR_VERSION,
        NotifyType::UNSUPPORTED_CRITICAL_PAYLOAD,
        NotifyType::new(9000),
    ] {
        let mut pair = Setup::new().build();
        let request = first_request(&mut pair);
        pair.deliver(&request);
        let genuine = pair.link.clear().remove(0);
        let mut forged = genuine.clone();
        forged.bytes = rewrite(&genuine, |it| *it = vec![notify(what, &[])]);
        pair.deliver(&forged);
        assert_eq!(pair.a.hints().collect::<Vec<_>>(), [what]);
        pair.deliver(&genuine);
        pair.settle();
        assert!(pair.a.is_established() && pair.b.is_established());
    }
}

/// RFC 7296 §2.21.3: a protected request that cannot be read is told INVALID_SYNTAX.
#[test]
fn a_protected_request_that_cannot_be_read_is_refused_under_protection() {
    let mut pair = connected();
    // a delete whose count does not fit its length
    let bytes = pair.forge_raw(
        Side::A,
        &informational(2),
        kind::DELETE,
        &[0, 0, 0, 8, 3, 4, 0, 9],
    );
    let answer = answer_to(&mut pair, bytes).expect("an answer");
    assert!(answer.protected);
    assert_eq!(answer.notifies(), [(NotifyType::INVALID_SYNTAX, vec![])]);
    // a payload that is longer than the message
    let bytes = pair.forge_raw(Side::A, &informational(3), kind::NOTIFY, &[0, 0, 0, 80]);
    let answer = answer_to(&mut pair, bytes).expect("an answer");
    assert_eq!(answer.notifies(), [(NotifyType::INVALID_SYNTAX, vec![])]);
    assert!(pair.b.is_established());
    assert!(ask(&mut pair, informational(4), &[]).is_some());
}

/// RFC 7296 §2.21.4, §3.10.1: a notify that we do not know, error or status, on an SA that stands does nothing.
#[test]
fn unknown_notifies_on_an_sa_are_ignored() {
    let mut pair = connected();
    for (id, what) in (2..).zip([9000, 16_000, 40_001, 65_535]) {
        let unknown = notify(NotifyType::new(what), b"news");
        let answer = ask(&mut pair, informational(id), &[unknown]).expect("an answer");
        assert!(answer.payloads.is_empty());
    }
    assert!(pair.b.is_established());
    assert_eq!(pair.b.children.len(), 1);
}

/// RFC 7296 §3.10.1: an answer to IKE_AUTH with a status notify that we do not know is as good as without.
#[test]
fn an_initiator_ignores_status_notifies_that_it_does_not_know() {
    let mut pair = Setup::new().build();
    let request = first_request(&mut pair);
    let bytes = rewrite(&request, |it| it.push(notify(NotifyType::new(16_999), &[])));
    let answer = answer_to(&mut pair, bytes).expect("an answer");
    assert!(answer.kinds().contains(&kind::SA));
}

/// RFC 7296 §2.21.2: whatever fails in IKE_AUTH is told under protection, once.
#[test]
fn a_failure_of_authentication_is_told_under_protection() {
    let mut setup = Setup::new();
    setup.a.connection().authentication.local_id = ipsec_doi::Identity::fqdn("x.example");
    let mut pair = setup.build();
    pair.connect();
    let last = pair.last_sent_by(Side::B);
    assert!(last.protected);
    assert_eq!(
        last.notifies(),
        [(NotifyType::AUTHENTICATION_FAILED, vec![])]
    );
    // and again, should the answer have been lost
    let request = pair.link.crossed[2].packet.bytes.clone();
    assert_eq!(answer_to(&mut pair, request), Some(last));
}
