//! RFC 7296 §2.5 and §2.6: versions, forward compatibility; SPIs and cookies are in the scenarios.

use ikee_tests::{Packet, Setup, Side};
use isakmp_wire::PayloadType;
use isakmp_wire::v2::{NotifyType, kind};

use super::{answer_to, ask, connected, first_request, informational, payload, rewrite};

const UNKNOWN: PayloadType = PayloadType::new(127);

/// RFC 7296 §2.5: a higher minor version is no reason to refuse, nor are flags and reserved bits that we do not know.
#[test]
fn minor_versions_reserved_bits_and_unknown_flags_are_ignored() {
    let changes: [fn(&mut Vec<u8>); 4] = [
        |bytes| bytes[17] |= 0x05,
        |bytes| bytes[19] |= 0x10,
        |bytes| bytes[19] |= 0x47,
        |bytes| bytes[29] |= 0x7f,
    ];
    for change in changes {
        let mut pair = Setup::new().build();
        let mut request = first_request(&mut pair);
        change(&mut request.bytes);
        let answer = answer_to(&mut pair, request.bytes).expect("an answer");
        assert!(answer.kinds().contains(&kind::SA));
        assert_eq!(answer.header.version, isakmp_wire::Version::V2);
    }
}

/// RFC 7296 §2.5: a higher major version is refused with the highest that we speak; a lower one is not for us.
#[test]
fn another_major_version_is_told_ours_or_nothing() {
    let mut pair = Setup::new().build();
    let mut request = first_request(&mut pair);
    request.bytes[17] = 0x30;
    let answer = answer_to(&mut pair, request.bytes.clone()).expect("an answer");
    assert_eq!(
        answer.notifies(),
        [(NotifyType::INVALID_MAJOR_VERSION, vec![])]
    );
    assert_eq!(answer.header.version.major, 2);
    assert_eq!(answer.header.message_id, 0);
    request.bytes[17] = 0x10;
    assert_eq!(answer_to(&mut pair, request.bytes.clone()), None);
    // a response is never answered
    request.bytes[17] = 0x30;
    request.bytes[19] = 0x20;
    assert_eq!(answer_to(&mut pair, request.bytes), None);
}

/// RFC 7296 §2.5, §3.2: an unknown payload is passed over, unless it is critical.
#[test]
fn unknown_payloads_are_passed_over_unless_critical() {
    for critical in [false, true] {
        let mut pair = Setup::new().build();
        let request = first_request(&mut pair);
        let bytes = rewrite(&request, |payloads| {
            payloads.push(payload(UNKNOWN, critical, b"what is this"));
        });
        let answer = answer_to(&mut pair, bytes).expect("an answer");
        if critical {
            let refusal = (
                NotifyType::UNSUPPORTED_CRITICAL_PAYLOAD,
                vec![UNKNOWN.get()],
            );
            assert_eq!(answer.notifies(), [refusal]);
            assert_eq!(pair.b.endpoint.sas().count(), 0);
        } else {
            assert!(answer.kinds().contains(&kind::SA));
        }
    }
}

/// RFC 7296 §2.5: the critical bit of payloads that we know means nothing.
#[test]
fn the_critical_bit_of_a_known_payload_is_ignored() {
    let mut pair = Setup::new().build();
    let request = first_request(&mut pair);
    let bytes = rewrite(&request, |payloads| {
        for it in payloads {
            it.critical = true;
        }
    });
    let answer = answer_to(&mut pair, bytes).expect("an answer");
    assert!(answer.kinds().contains(&kind::SA));
}

/// RFC 7296 §2.5: on an SA that stands, an unknown critical payload costs its message only.
#[test]
fn an_unknown_critical_payload_on_an_sa_is_refused_and_the_sa_stands() {
    let mut pair = connected();
    let unknown = payload(UNKNOWN, true, b"");
    let answer = ask(&mut pair, informational(2), &[unknown]).expect("an answer");
    let refusal = (
        NotifyType::UNSUPPORTED_CRITICAL_PAYLOAD,
        vec![UNKNOWN.get()],
    );
    assert!(answer.protected);
    assert_eq!(answer.notifies(), [refusal]);
    assert!(pair.b.is_established());
    let harmless = payload(UNKNOWN, false, b"");
    let answer = ask(&mut pair, informational(3), &[harmless]).expect("an answer");
    assert!(answer.payloads.is_empty());
}

/// RFC 7296 §2.5: payloads come in any order.
#[test]
fn payloads_may_come_in_any_order() {
    let mut pair = Setup::new().build();
    let request = first_request(&mut pair);
    let bytes = rewrite(&request, |payloads| payloads.reverse());
    let answer = answer_to(&mut pair, bytes).expect("an answer");
    assert!(answer.kinds().contains(&kind::SA));
}

/// RFC 7296 §2.6: an initiator chooses an SPI that is not zero; a first request without one is none.
#[test]
fn a_first_request_without_spi_or_with_a_responders_spi_is_ignored() {
    let changes: [fn(&mut Packet); 5] = [
        |it| it.bytes[..8].fill(0),
        |it| it.bytes[8] = 1,
        |it| it.bytes[19] &= !0x08,
        |it| it.bytes[23] = 1,
        |it| it.bytes[19] |= 0x20,
    ];
    for change in changes {
        let mut pair = Setup::new().build();
        let mut request = first_request(&mut pair);
        change(&mut request);
        assert_eq!(answer_to(&mut pair, request.bytes), None);
        assert_eq!(pair.b.endpoint.sas().count(), 0);
    }
}

/// RFC 7296 §2.6: a cookie has 1 to 64 octets; another one is not sent back.
#[test]
fn a_cookie_of_a_wrong_length_is_not_returned() {
    for (len, taken) in [(0, false), (1, true), (64, true), (65, false)] {
        let mut setup = Setup::new();
        setup.b.config.limits.protection.mode = ike_ext::Protect::Always;
        let mut pair = setup.build();
        let request = first_request(&mut pair);
        pair.deliver(&request);
        let mut challenge = pair.link.clear().remove(0);
        challenge.bytes = rewrite(&challenge, |payloads| {
            *payloads = vec![super::notify(NotifyType::COOKIE, &vec![7; len])];
        });
        let before = pair.sent_by(Side::A).len();
        pair.deliver(&challenge);
        assert_eq!(
            pair.sent_by(Side::A).len() - before,
            usize::from(taken),
            "{len}"
        );
    }
}
