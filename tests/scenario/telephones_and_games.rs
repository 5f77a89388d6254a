//! [MS-IKEE] §3.13 and §3.16 on the real core: Xbox negotiations, and addresses of P-CSCFs.

use std::net::IpAddr;

use ikee_pcscf::{Addresses, Families, Pcscf};
use ikee_tests::Setup;
use ikee_tests::setup::ip;
use ikee_xbox::{Negotiation, Xbox};
use ikev2::{Event, Failure};

/// [MS-IKEE] §3.13.6: silence, one IKE_SA_INIT, and the end at the first time-out; without a type it is repeated.
#[test]
fn an_xboxs_first_message_is_sent_once() {
    for xbox in [true, false] {
        let mut setup = Setup::new();
        if xbox {
            setup.a.extend(Xbox::new().announcing(Negotiation::One));
        }
        let mut pair = setup.build();
        pair.link.conditions.loss = [u16::MAX; 2];
        pair.connect();
        let sent = pair.link.crossed.len();
        assert!(sent > 0 && (sent == 1) == xbox, "{sent}");
        let failed = |it: &Event| {
            matches!(
                it,
                Event::Failed {
                    failure: Failure::Timeout(_),
                    ..
                }
            )
        };
        assert_eq!(pair.a.events.iter().filter(|it| failed(&it.1)).count(), 1);
        pair.assert_empty();
    }
}

/// [MS-IKEE] §3.13.5.2: the responder has the type, counts while it negotiates, and refuses what is too much.
#[test]
fn a_responder_counts_xboxes_and_refuses_too_many() {
    for (limit, stands) in [(1, true), (0, false)] {
        let mut setup = Setup::new();
        setup.a.extend(Xbox::new().announcing(Negotiation::One));
        setup.b.extend(Xbox::new().with_limit(1, limit));
        let mut pair = setup.build();
        pair.connect();
        assert_eq!(pair.b.established().count(), usize::from(stands));
        let types: Vec<_> = pair.b.established().map(|it| it.sa).collect();
        let xbox = pair.b.endpoint.extensions().get::<Xbox>().expect("it");
        assert!(types.iter().all(|it| xbox.negotiation_type(*it) == Some(1)));
        assert_eq!(xbox.running(1), 0);
        pair.shut_down();
        pair.assert_empty();
        let xbox = pair.b.endpoint.extensions().get::<Xbox>().expect("it");
        assert!(xbox.is_idle());
    }
}

/// [MS-IKEE] §3.16, RFC 7651: asked in the CFG_REQUEST of IKE_AUTH, answered in the CFG_REPLY, in the server's order.
#[test]
fn a_client_learns_the_proxies_that_the_server_names() {
    let proxies: [IpAddr; 4] = ["10.0.0.2", "fd00::2", "10.0.0.1", "fd00::1"].map(ip);
    for families in [Families::V4, Families::V6, Families::Both] {
        let mut setup = Setup::new();
        setup.a.extend(Pcscf::new().asking(families));
        setup
            .b
            .extend(Pcscf::new().answering(Addresses::new(proxies)));
        let mut pair = setup.build();
        pair.connect();
        pair.assert_children_match();
        let sa = pair.a.established().next().expect("an SA").sa;
        let client = pair.a.endpoint.extensions().get::<Pcscf>().expect("it");
        let (v4, v6): (Vec<_>, Vec<_>) = proxies.iter().copied().partition(IpAddr::is_ipv4);
        let wanted = match families {
            Families::V4 => v4,
            Families::V6 => v6,
            Families::Both => [v4, v6].concat(),
        };
        assert_eq!(client.addresses(sa), wanted);
        let nudged = |it: &Event| matches!(it, Event::Nudge(_));
        assert!(pair.a.events.iter().any(|it| nudged(&it.1)));
        pair.shut_down();
        pair.assert_empty();
    }
}
