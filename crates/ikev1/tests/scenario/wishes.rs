//! What extensions ask of a live endpoint, and what they answer when it asks them.

use std::time::Duration;

use ike_ext::{
    Action, Attributes, Blame, Conclusion, Context, Draft, Extension, Extensions, Host, Inbound,
    Lifecycle, Place, Policy, PolicyId, SaId, Stage, Verdict,
};
use ikev1::{Event, Failure};
use ipsec_doi::EspProposal;
use isakmp_wire::v1::{Doi, Notification, NotifyType, ProtocolId, kind};
use isakmp_wire::v2::{CfgAttribute, OwnedCfgAttr};
use isakmp_wire::{Encode, ExchangeType, OwnedPayload, vendor_id};

use crate::pair::{A, B, Pair, config};

/// Does what it is told, and remembers what it hears.
#[derive(Debug, Default)]
struct Wish {
    heard: Vec<Lifecycle>,
    /// Message IDs and data of notifications under the SA's keys.
    notified: Vec<(u32, NotifyType, Vec<u8>)>,
    asks: Option<fn(SaId) -> Action>,
    retries: Option<(Stage, u8)>,
    idle: Option<Duration>,
    refused: Option<PolicyId>,
    declines: bool,
    microsoft: bool,
    /// Composes the third message of main mode anew when the fourth comes for the first time.
    again: bool,
    learned: Vec<(CfgAttribute, Vec<u8>)>,
}

impl Extension for Wish {
    fn name(&self) -> &'static str {
        "wish"
    }

    fn on_outgoing(&mut self, _: &mut Context<'_>, _: SaId, draft: &mut Draft<'_>) {
        if self.microsoft
            && draft.has(kind::SA)
            && draft.stage().exchange == ExchangeType::MAIN_MODE
        {
            draft.vendor_id(&[&vendor_id::MS_NT5_ISAKMPOAKLEY[..], &[0, 0, 0, 9]].concat());
        }
        if draft.stage() == Stage::main_mode(3) && !self.again {
            draft.insert(
                Place::Last,
                OwnedPayload::new(kind::VENDOR_ID, *b"once more"),
            );
        }
    }

    fn on_incoming(&mut self, cx: &mut Context<'_>, sa: SaId, msg: &Inbound<'_>) -> Verdict {
        if msg.stage == Stage::main_mode(4) && self.again {
            self.again = false;
            cx.push(Action::Recompose(sa));
            return Verdict::Consume;
        }
        if msg.protected
            && let Some(raw) = msg.payloads().first(kind::NOTIFY)
        {
            let it = Notification::parse(raw).unwrap();
            let id = msg.header.message_id;
            self.notified.push((id, it.kind, it.data.to_vec()));
        }
        Verdict::Continue
    }

    fn on_lifecycle(&mut self, cx: &mut Context<'_>, sa: SaId, what: Lifecycle) {
        self.heard.push(what);
        if what == Lifecycle::Established
            && let Some(asks) = self.asks.take()
        {
            cx.push(asks(sa));
        }
    }

    fn policy(&self) -> Option<&dyn Policy> {
        Some(self)
    }

    fn attributes(&mut self) -> Option<&mut dyn Attributes> {
        Some(self)
    }
}

impl Policy for Wish {
    fn permits(&self, _: SaId, candidate: PolicyId) -> bool {
        self.refused != Some(candidate)
    }

    fn retry_limit(&self, _: SaId, stage: Stage) -> Option<u8> {
        self.retries.filter(|it| it.0 == stage).map(|it| it.1)
    }

    fn idle_limit(&self, _: SaId) -> Option<Duration> {
        self.idle
    }

    fn conclusion(&self, _: SaId) -> Conclusion {
        if self.declines {
            Conclusion::Decline(notification(NotifyType::new(0x9c43), &[0; 4]))
        } else {
            Conclusion::Accept
        }
    }
}

const ASKED: CfgAttribute = CfgAttribute::new(0x5ba0);

impl Attributes for Wish {
    fn request(&mut self, _: &dyn Host, _: SaId, out: &mut Vec<OwnedCfgAttr>) {
        out.push(OwnedCfgAttr::new(ASKED, []));
    }

    fn reply(&mut self, _: &dyn Host, _: SaId, asked: CfgAttribute, out: &mut Vec<OwnedCfgAttr>) {
        if asked == ASKED {
            out.push(OwnedCfgAttr::new(ASKED, [10, 0, 0, 1]));
            out.push(OwnedCfgAttr::new(ASKED, [10, 0, 0, 2]));
        }
    }

    fn learned(&mut self, _: &mut Context<'_>, _: SaId, kind: CfgAttribute, value: &[u8]) {
        self.learned.push((kind, value.to_vec()));
    }
}

fn notification(kind: NotifyType, data: &[u8]) -> OwnedPayload {
    let mut body = Vec::new();
    Notification {
        doi: Doi::IPSEC,
        protocol: ProtocolId::ISAKMP,
        spi: &[],
        kind,
        data,
    }
    .encode(&mut body);
    OwnedPayload::new(kind::NOTIFY, body)
}

fn pair() -> Pair {
    Pair::extended(config(A), config(B), || {
        Extensions::none().with(Wish::default())
    })
}

fn wish(pair: &mut Pair, side: usize) -> &mut Wish {
    let extensions = pair.hosts[side].endpoint.extensions_mut();
    extensions.get_mut().unwrap()
}

fn hears(pair: &mut Pair, side: usize, wanted: impl Fn(&Lifecycle) -> bool) -> usize {
    wish(pair, side)
        .heard
        .iter()
        .filter(|it| wanted(it))
        .count()
}

#[test]
fn the_third_message_is_composed_anew() {
    let mut pair = pair();
    wish(&mut pair, A).again = true;
    pair.initiate(A);
    // the fourth comes again because the third does
    pair.run(Duration::from_secs(30));
    pair.assert_joined(1);
    let has = |bytes: &[u8]| bytes.windows(9).any(|it| it == b"once more");
    let thirds: Vec<_> = pair
        .crossed
        .iter()
        .filter(|it| it.bytes[16] == kind::KE.get() && it.local.ip() == crate::pair::address(A))
        .map(|it| has(&it.bytes))
        .collect();
    assert!(thirds.len() >= 2 && !thirds[0] && thirds[1], "{thirds:?}");
}

/// A message of an extension's own, in an exchange that the core chooses.
#[test]
fn an_extension_sends_a_message_of_its_own() {
    let mut pair = pair();
    wish(&mut pair, A).asks = Some(|sa| Action::Inform {
        sa,
        message_id: 0,
        prefix: Vec::new(),
        payloads: vec![notification(NotifyType::new(0x9c45), &[1, 2, 3, 4])],
    });
    pair.connect();
    let found = wish(&mut pair, B).notified.clone();
    let found = found.iter().find(|it| it.1 == NotifyType::new(0x9c45));
    let found = found.expect("it arrives");
    assert!(found.0 != 0 && found.2 == [1, 2, 3, 4]);
}

#[test]
fn an_extension_sends_octets_as_they_are() {
    let mut pair = pair();
    wish(&mut pair, A).asks = Some(|sa| Action::Raw(sa, vec![0xff]));
    pair.connect();
    assert_eq!(
        pair.crossed.iter().filter(|it| it.bytes == [0xff]).count(),
        1
    );
}

#[test]
fn an_extension_has_the_sa_rekeyed() {
    let mut pair = pair();
    wish(&mut pair, A).asks = Some(Action::RekeySa);
    pair.connect();
    assert_eq!(
        hears(&mut pair, A, |it| matches!(it, Lifecycle::Succeeded(_))),
        1
    );
    assert_eq!(pair.hosts[A].established().len(), 1);
    pair.assert_joined(1);
}

#[test]
fn an_extension_has_a_child_rekeyed_and_hears_when_that_fails() {
    let mut pair = pair();
    let sa = pair.connect();
    let child = *pair.hosts[A].children.keys().next().unwrap();
    pair.link.loss = 1000;
    wish(&mut pair, A).asks = None;
    pair.call(A, |it, now, out| it.rekey_child(now, child, out))
        .unwrap();
    pair.run(Duration::from_secs(25));
    pair.call(A, |it, now, out| it.rekey(now, sa, out)).unwrap();
    pair.run(Duration::from_secs(400));
    let child_failed = |it: &Lifecycle| *it == Lifecycle::RekeyChildFailed(child);
    assert_eq!(hears(&mut pair, A, child_failed), 1);
    assert!(hears(&mut pair, A, |it| *it == Lifecycle::RekeyFailed) >= 1);
}

/// [MS-IKEE] §3.12: no more repetitions of a stage than the extension allows.
#[test]
fn an_extension_limits_repetitions_of_a_stage() {
    let mut pair = pair();
    wish(&mut pair, A).retries = Some((Stage::main_mode(1), 2));
    pair.link.loss = 1000;
    pair.initiate(A);
    pair.run(Duration::from_secs(600));
    assert_eq!(pair.from(A), 3);
    assert_eq!(pair.hosts[A].failures(), [Failure::Timeout(None)]);
}

/// [MS-IKEE] §3.5: the data plane is told how long a child may be idle.
#[test]
fn an_extension_limits_how_long_a_child_may_be_idle() {
    let mut pair = pair();
    wish(&mut pair, A).idle = Some(Duration::from_secs(60));
    pair.connect();
    let idle = |side: usize| {
        pair.hosts[side]
            .children
            .values()
            .next()
            .unwrap()
            .limits
            .idle
    };
    assert_eq!((idle(A), idle(B)), (Some(Duration::from_secs(60)), None));
}

#[test]
fn an_extension_forbids_a_connection() {
    let mut pair = pair();
    wish(&mut pair, B).refused = Some(PolicyId::new(1));
    pair.connect();
    assert_eq!(pair.hosts[B].established(), []);
    assert!(!pair.hosts[B].failures().is_empty());
}

/// [MS-IKEE] §3.10 is of IKEv2; the answer holds for both.
#[test]
fn a_negotiation_that_succeeds_may_be_declined() {
    let mut pair = pair();
    wish(&mut pair, B).declines = true;
    pair.connect();
    let up = |it: &Event| matches!(it, Event::Established(_));
    assert_eq!(pair.hosts[B].count(up), 0);
    let status = NotifyType::new(0x9c43);
    assert!(wish(&mut pair, A).notified.iter().any(|it| it.1 == status));
    assert!(pair.hosts[B].children.is_empty());
    assert_eq!(hears(&mut pair, B, |it| *it == Lifecycle::Closed), 1);
}

/// [MS-IKEE] §2.2.6: a refusal of a quick mode has its message ID first in the data, for a peer of Microsoft's.
#[test]
fn the_refusal_of_a_quick_mode_says_which_one() {
    for microsoft in [false, true] {
        let [a, mut b] = [config(A), config(B)];
        let other = EspProposal::parse("aes256gcm16").unwrap();
        b.connections[0].children[0].suites = ikev1::Suites::Esp(vec![other]);
        let mut pair = Pair::extended(a, b, || Extensions::none().with(Wish::default()));
        wish(&mut pair, A).microsoft = microsoft;
        pair.connect();
        let mut ids = Vec::new();
        for it in &wish(&mut pair, B).heard {
            if let Lifecycle::QuickModeFailing(id, blame) = it {
                assert_eq!(*blame, Blame::Incompatible);
                ids.push(*id);
            }
        }
        assert_eq!(ids.len(), 1);
        let said = &wish(&mut pair, A).notified[0];
        assert_eq!(said.1, NotifyType::NO_PROPOSAL_CHOSEN);
        let expected = if microsoft {
            ids[0].to_be_bytes().to_vec()
        } else {
            Vec::new()
        };
        assert_eq!(said.2, expected);
        assert_eq!(pair.hosts[A].failures().len(), 1);
        assert_eq!(pair.hosts[A].established().len(), 1);
    }
}

/// [MS-IKEE] §3.11, by mode config: attributes beyond the core's own.
#[test]
fn extensions_have_attributes_of_their_own() {
    let [mut a, mut b] = [config(A), config(B)];
    a.connections[0].addressing.request_v4 = true;
    b.connections[0].addressing.assign.addresses = vec![([10, 9, 0, 1].into(), 32)];
    let mut pair = Pair::extended(a, b, || Extensions::none().with(Wish::default()));
    pair.connect();
    let learned = &wish(&mut pair, A).learned;
    let own: Vec<_> = learned
        .iter()
        .filter(|it| it.0 == ASKED)
        .map(|it| it.1[3])
        .collect();
    assert_eq!(own, [1, 2]);
    assert!(wish(&mut pair, B).learned.is_empty());
}
