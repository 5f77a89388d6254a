//! The rules of the set, with extensions that do what the test says.

use std::time::Duration;

use ike_ext::kit::Rig;
use ike_ext::{
    Action, Admission, Attributes, ChildId, Chunk, Chunking, Conclusion, Context, Draft, Extension,
    Extensions, Framing, Gate, Gather, Host, Inbound, Instant, Join, Lifecycle, Place, Policy,
    PolicyId, Role, SaId, Sent, Stage, Verdict,
};
use isakmp_wire::v2::{CfgAttribute, NotifyType, OwnedCfgAttr, kind};
use isakmp_wire::{
    ExchangeType, Flags, Header, OwnedPayload, PayloadChain, PayloadType, Spi, Version, v1,
};

const INIT: Stage = Stage::request(ExchangeType::IKE_SA_INIT);
const AUTH: Stage = Stage::request(ExchangeType::IKE_AUTH);

/// An extension whose answers are its fields.
#[derive(Debug)]
struct Puppet {
    name: &'static str,
    verdict: Verdict,
    admission: Admission,
    join: Join,
    pieces: usize,
    limit: Option<usize>,
    retries: Option<u8>,
    permits: bool,
    conclusion: Conclusion,
    prefix: Option<Vec<u8>>,
    due: Option<Instant>,
    asks: Vec<Action>,
    seen: Vec<&'static str>,
}

impl Puppet {
    fn new(name: &'static str) -> Self {
        Self {
            name,
            verdict: Verdict::Continue,
            admission: Admission::Admit,
            join: Join::NotMine,
            pieces: 0,
            limit: None,
            retries: None,
            permits: true,
            conclusion: Conclusion::Accept,
            prefix: None,
            due: None,
            asks: Vec::new(),
            seen: Vec::new(),
        }
    }
}

impl Extension for Puppet {
    fn name(&self) -> &'static str {
        self.name
    }
    fn on_outgoing(&mut self, _: &mut Context<'_>, _: SaId, draft: &mut Draft<'_>) {
        draft.vendor_id(b"same");
        draft.vendor_id(self.name.as_bytes());
    }
    fn on_incoming(&mut self, cx: &mut Context<'_>, _: SaId, _: &Inbound<'_>) -> Verdict {
        self.seen.push("incoming");
        self.asks.iter().for_each(|it| cx.push(it.clone()));
        self.verdict
    }
    fn on_lifecycle(&mut self, _: &mut Context<'_>, _: SaId, _: Lifecycle) {
        self.seen.push("lifecycle");
    }
    fn on_timeout(&mut self, _: &mut Context<'_>) {
        self.seen.push("timeout");
        self.due = None;
    }
    fn next_timeout(&self) -> Option<Instant> {
        self.due
    }
    fn gate(&mut self) -> Option<&mut dyn Gate> {
        Some(self)
    }
    fn framing(&mut self) -> Option<&mut dyn Framing> {
        Some(self)
    }
    fn policy(&self) -> Option<&dyn Policy> {
        Some(self)
    }
    fn chunking(&mut self) -> Option<&mut dyn Chunking> {
        Some(self)
    }
    fn attributes(&mut self) -> Option<&mut dyn Attributes> {
        Some(self)
    }
}

impl Gate for Puppet {
    fn admit(&mut self, cx: &mut Context<'_>, _: &Inbound<'_>) -> Admission {
        self.asks.iter().for_each(|it| cx.push(it.clone()));
        self.admission.clone()
    }
}

impl Framing for Puppet {
    fn split(&mut self, _: &mut Context<'_>, _: SaId, sent: &Sent<'_>, out: &mut Vec<Vec<u8>>) {
        out.extend((0..self.pieces).map(|_| sent.bytes.to_vec()));
    }
    fn join(&mut self, cx: &mut Context<'_>, _: SaId, _: &Inbound<'_>) -> Join {
        self.asks.iter().for_each(|it| cx.push(it.clone()));
        self.join.clone()
    }
}

impl Chunking for Puppet {
    fn limit(&self, _: &dyn Host, _: SaId) -> Option<usize> {
        self.limit
    }
    fn collect(&mut self, _: &mut Context<'_>, _: SaId, _: &Chunk<'_>) -> Gather {
        Gather::Discard(self.name)
    }
}

impl Policy for Puppet {
    fn permits(&self, _: SaId, _: PolicyId) -> bool {
        self.permits
    }
    fn grants(&self, _: &dyn Host, _: SaId) -> bool {
        self.permits
    }
    fn retry_limit(&self, _: SaId, _: Stage) -> Option<u8> {
        self.retries
    }
    fn idle_limit(&self, _: SaId) -> Option<Duration> {
        self.retries.map(|it| Duration::from_secs(it.into()))
    }
    fn hash_prefix(&self, _: SaId, _: u32) -> Option<&[u8]> {
        self.prefix.as_deref()
    }
    fn conclusion(&self, _: SaId) -> Conclusion {
        self.conclusion.clone()
    }
}

impl Attributes for Puppet {
    fn request(&mut self, _: &dyn Host, _: SaId, out: &mut Vec<OwnedCfgAttr>) {
        out.push(OwnedCfgAttr::new(
            CfgAttribute::new(1),
            self.name.as_bytes(),
        ));
    }
    fn reply(&mut self, _: &dyn Host, _: SaId, asked: CfgAttribute, out: &mut Vec<OwnedCfgAttr>) {
        out.push(OwnedCfgAttr::new(asked, self.name.as_bytes()));
    }
    fn learned(&mut self, _: &mut Context<'_>, _: SaId, _: CfgAttribute, _: &[u8]) {
        self.seen.push("learned");
    }
}

/// A rig with two of them.
fn rig(first: Puppet, second: Puppet) -> Rig {
    let mut rig = Rig::new(first, Role::Initiator);
    rig.set = std::mem::take(&mut rig.set).with(second);
    rig
}

fn sa_payload() -> Vec<OwnedPayload> {
    vec![OwnedPayload::new(kind::SA, [0; 4])]
}

#[test]
fn order_is_that_of_registration_and_a_name_comes_once() {
    let set = Extensions::none()
        .with(Puppet::new("a"))
        .with(Puppet::new("b"))
        .with(Puppet {
            limit: Some(7),
            ..Puppet::new("a")
        });
    assert_eq!(set.names().collect::<Vec<_>>(), ["a", "b"]);
    assert_eq!(set.get::<Puppet>().unwrap().limit, Some(7));
    assert_eq!(Extensions::none().names().count(), 0);
}

#[test]
fn everyone_contributes_and_equal_vendor_ids_collapse() {
    let mut rig = rig(Puppet::new("a"), Puppet::new("b"));
    let sent = rig.outgoing(INIT, sa_payload());
    let bodies: Vec<_> = sent[1..].iter().map(|it| it.body.as_slice()).collect();
    assert_eq!(bodies, [&b"same"[..], b"a", b"b"]);
    assert!(sent[1..].iter().all(|it| it.kind == kind::VENDOR_ID));
}

#[test]
fn a_draft_knows_its_version_and_refuses_a_place_that_is_not_there() {
    let (mut payloads, mut spi) = (sa_payload(), Spi::ZERO);
    let mut draft = Draft::new(Version::V1, Stage::main_mode(1), 0, &mut payloads, &mut spi);
    let other = || OwnedPayload::new(kind::CORRELATION, []);
    assert!(!draft.insert(Place::Before(kind::AUTH), other()));
    assert!(draft.insert(Place::Before(kind::SA), other()));
    assert!(draft.insert(Place::Last, other()));
    draft.vendor_id(b"x");
    assert!(
        !draft.notify(NotifyType::COOKIE, &[]),
        "IKEv1 has another notification"
    );
    draft.set_responder(Spi::new([1; 8]));
    assert!(!draft.is_held());
    draft.hold();
    assert!(draft.is_held());
    let kinds: Vec<_> = payloads.iter().map(|it| it.kind).collect();
    let expected = [
        kind::CORRELATION,
        kind::SA,
        kind::CORRELATION,
        v1::kind::VENDOR_ID,
    ];
    assert_eq!(kinds, expected);
    assert_eq!(spi, Spi::new([1; 8]));
}

#[test]
fn the_first_verdict_but_continue_ends_it() {
    let refusing = Puppet {
        verdict: Verdict::Abort("no"),
        ..Puppet::new("a")
    };
    let mut both = rig(
        refusing,
        Puppet {
            verdict: Verdict::Consume,
            ..Puppet::new("b")
        },
    );
    assert_eq!(both.incoming(AUTH, &sa_payload()), Verdict::Abort("no"));
    let mut both = rig(
        Puppet::new("a"),
        Puppet {
            verdict: Verdict::Consume,
            ..Puppet::new("b")
        },
    );
    assert_eq!(both.incoming(AUTH, &sa_payload()), Verdict::Consume);
    assert_eq!(
        rig(Puppet::new("a"), Puppet::new("b")).incoming(AUTH, &[]),
        Verdict::Continue
    );
}

#[test]
fn the_first_answer_of_gates_and_framings_wins() {
    let mut rig = rig(
        Puppet {
            join: Join::Pending,
            ..Puppet::new("a")
        },
        Puppet {
            admission: Admission::Refuse,
            join: Join::Discard,
            pieces: 2,
            ..Puppet::new("b")
        },
    );
    let sent = Sent {
        stage: AUTH,
        kinds: &[],
        bytes: b"m",
    };
    let pieces = rig.call(|set, cx| set.split(cx, Rig::SA, &sent));
    assert_eq!(pieces, [b"m", b"m"]);
    let (admission, join) = show(&mut rig);
    assert_eq!((admission, join), (Admission::Refuse, Join::Pending));
}

/// A first message, empty.
fn first_message() -> Inbound<'static> {
    let chain = PayloadChain::parse(PayloadType::NONE, &[], Header::LEN).unwrap();
    let header = Header {
        initiator: Spi::ZERO,
        responder: Spi::ZERO,
        next: PayloadType::NONE,
        version: Version::V2,
        exchange: ExchangeType::IKE_SA_INIT,
        flags: Flags::INITIATOR,
        message_id: 0,
        length: 28,
    };
    let from = "192.0.2.2:500".parse().unwrap();
    Inbound::new(INIT, from, header, false, chain)
}

/// Shows a first message to the gates and the framings.
fn show(rig: &mut Rig) -> (Admission, Join) {
    let msg = first_message();
    rig.call(|set, cx| (set.admit(cx, &msg), set.join(cx, Rig::SA, &msg)))
}

#[test]
fn limits_are_the_smallest_and_permission_is_unanimous() {
    let mut rig = rig(
        Puppet {
            limit: Some(1280),
            retries: None,
            ..Puppet::new("a")
        },
        Puppet {
            limit: Some(576),
            retries: Some(2),
            permits: false,
            ..Puppet::new("b")
        },
    );
    assert_eq!(rig.set.chunk_limit(&rig.host, Rig::SA), Some(576));
    assert_eq!(rig.set.retry_limit(Rig::SA, INIT), Some(2));
    assert_eq!(rig.set.idle_limit(Rig::SA), Some(Duration::from_secs(2)));
    assert!(!rig.set.permits(Rig::SA, PolicyId::new(1)));
    assert!(!rig.set.grants(&rig.host, Rig::SA));
    assert!(Extensions::none().grants(&rig.host, Rig::SA));
    assert!(Extensions::none().permits(Rig::SA, PolicyId::new(1)));
}

#[test]
fn the_first_prefix_and_the_first_that_declines_win() {
    let decline = Conclusion::Decline(OwnedPayload::new(kind::NOTIFY, [0; 4]));
    let rig = rig(
        Puppet::new("a"),
        Puppet {
            prefix: Some(vec![1]),
            conclusion: decline.clone(),
            ..Puppet::new("b")
        },
    );
    assert_eq!(rig.set.hash_prefix(Rig::SA, 0), [1]);
    assert_eq!(rig.set.conclusion(Rig::SA), decline);
    assert_eq!(Extensions::none().conclusion(Rig::SA), Conclusion::Accept);
    assert_eq!(Extensions::none().hash_prefix(Rig::SA, 0), []);
}

#[test]
fn the_first_that_chunks_collects_and_without_one_nobody_does() {
    let chunk = Chunk {
        message_id: 1,
        response: false,
        first: kind::ID_I,
        number: 1,
        total: 2,
        data: &[],
    };
    let mut rig = rig(Puppet::new("a"), Puppet::new("b"));
    let gather = rig.call(|set, cx| set.collect(cx, Rig::SA, &chunk));
    assert_eq!(gather, Some(Gather::Discard("a")));
    rig.set = Extensions::none();
    assert_eq!(rig.call(|set, cx| set.collect(cx, Rig::SA, &chunk)), None);
}

#[test]
fn everyone_has_attributes_and_hears_of_them() {
    let mut rig = rig(Puppet::new("a"), Puppet::new("b"));
    let mut out = Vec::new();
    rig.call(|set, cx| {
        set.request_attributes(cx.host(), Rig::SA, &mut out);
        set.reply_attributes(cx.host(), Rig::SA, CfgAttribute::new(2), &mut out);
        set.learned_attribute(cx, Rig::SA, CfgAttribute::new(2), &[]);
    });
    let values: Vec<_> = out.iter().map(|it| it.value.as_slice()).collect();
    assert_eq!(values, [b"a", b"b", b"a", b"b"]);
    assert_eq!(rig.set.get::<Puppet>().unwrap().seen, ["learned"]);
}

#[test]
fn only_those_who_are_due_are_woken() {
    let at = |seconds| Some(Instant::from_duration(Duration::from_secs(seconds)));
    let mut rig = rig(
        Puppet {
            due: at(5),
            ..Puppet::new("a")
        },
        Puppet {
            due: at(3),
            ..Puppet::new("b")
        },
    );
    assert_eq!(rig.set.next_timeout(), at(3));
    rig.advance(Duration::from_secs(4));
    assert_eq!(rig.set.get::<Puppet>().unwrap().seen.len(), 0);
    assert_eq!(rig.set.next_timeout(), at(5));
    rig.advance(Duration::from_secs(4));
    assert_eq!(rig.set.next_timeout(), None);
}

fn every_action() -> Vec<Action> {
    let sa = Rig::SA;
    let (message_id, prefix, payloads) = (0, Vec::new(), Vec::new());
    vec![
        Action::Close(sa),
        Action::DeleteChild(ChildId::new(1)),
        Action::Inform {
            sa,
            message_id,
            prefix,
            payloads,
        },
        Action::Raw(sa, vec![0xff]),
        Action::RekeyChild(ChildId::new(1)),
        Action::RekeySa(sa),
        Action::Release(sa, 7),
        Action::Resend(sa, 7),
        Action::FloatPorts(sa),
        Action::Nudge(sa),
        Action::Recompose(sa),
    ]
}

fn harmless() -> [Action; 3] {
    let sa = Rig::SA;
    [
        Action::FloatPorts(sa),
        Action::Nudge(sa),
        Action::Recompose(sa),
    ]
}

#[test]
fn an_unprotected_message_leads_to_harmless_actions_only() {
    let eager = || Puppet {
        asks: every_action(),
        ..Puppet::new("a")
    };
    let mut rig = Rig::new(eager(), Role::Responder);
    rig.incoming(INIT, &sa_payload());
    assert_eq!(rig.actions, harmless());
    let mut rig = Rig::new(eager(), Role::Responder);
    rig.incoming(AUTH, &sa_payload());
    assert_eq!(rig.actions, every_action());
    let mut rig = Rig::new(eager(), Role::Responder);
    rig.actions.push(Action::Close(Rig::SA));
    show(&mut rig);
    let [close, rest @ ..] = rig.actions.as_slice() else {
        panic!("what was asked for before is gone");
    };
    assert_eq!(
        *close,
        Action::Close(Rig::SA),
        "what was asked for before stays"
    );
    assert_eq!(*rest, [harmless(), harmless()].concat());
}

#[test]
fn what_was_refused_is_counted() {
    let eager = Puppet {
        asks: every_action(),
        ..Puppet::new("a")
    };
    let mut rig = Rig::new(eager, Role::Responder);
    let refused = rig.call(|set, cx| {
        set.incoming(cx, Rig::SA, &first_message());
        cx.refused()
    });
    assert_eq!(refused, 8);
}

#[test]
fn an_unprotected_message_recomposes_a_bounded_number_of_times() {
    let eager = Puppet {
        asks: vec![Action::Recompose(Rig::SA)],
        ..Puppet::new("a")
    };
    let mut rig = Rig::new(eager, Role::Initiator);
    for _ in 0..20 {
        rig.incoming(INIT, &sa_payload());
    }
    let limit = usize::from(Extensions::RECOMPOSE_LIMIT);
    assert_eq!(rig.actions.len(), limit);
    rig.lifecycle(Lifecycle::Closed);
    rig.incoming(INIT, &sa_payload());
    assert_eq!(rig.actions.len(), limit + 1, "a new SA begins anew");
}
