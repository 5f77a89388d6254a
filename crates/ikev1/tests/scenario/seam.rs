//! What extensions may do to a live endpoint: a small one of each kind.

use std::collections::BTreeMap;
use std::time::Duration;

use ike_ext::{
    Action, Context, Draft, Extension, Extensions, Framing, Inbound, Instant, Join, Lifecycle,
    Place, Policy, SaId, Sent, Stage, Verdict,
};
use ikev1::Event;
use ipsec_doi::encapsulation::{Mode, NatRevision};
use isakmp_wire::v1::{Fragment, kind};
use isakmp_wire::{Flags, Header, Message, MessageWriter, OwnedPayload, PayloadType};

use crate::pair::{A, B, Pair, address, config};

/// Finds a NAT wherever it looks.
#[derive(Debug)]
struct Translator(NatRevision);

const VENDOR: &[u8] = b"a vendor of translators";

impl Extension for Translator {
    fn name(&self) -> &'static str {
        "translator"
    }

    fn on_outgoing(&mut self, _: &mut Context<'_>, _: SaId, draft: &mut Draft<'_>) {
        if matches!(draft.stage().message, 1 | 2)
            && draft.stage() == Stage::main_mode(draft.stage().message)
        {
            draft.vendor_id(VENDOR);
        }
        if matches!(draft.stage(), it if it == Stage::main_mode(3) || it == Stage::main_mode(4)) {
            draft.insert(Place::Last, OwnedPayload::new(kind::NAT_D, [7; 20]));
        }
    }

    fn on_incoming(&mut self, cx: &mut Context<'_>, sa: SaId, msg: &Inbound<'_>) -> Verdict {
        if msg.stage == Stage::main_mode(4) && msg.has(kind::NAT_D) && cx.peer_sent(sa, VENDOR) {
            cx.push(Action::FloatPorts(sa));
        }
        Verdict::Continue
    }

    fn policy(&self) -> Option<&dyn Policy> {
        Some(self)
    }
}

impl Policy for Translator {
    fn encapsulation(&self, _: SaId) -> Option<NatRevision> {
        Some(self.0)
    }
}

/// RFC 3947 §4, §5.1: from the fifth message on port 4500, and the child in UDP, by the numbers of either revision.
#[test]
fn an_extension_floats_the_ports_and_encapsulates_children() {
    for revision in [NatRevision::Draft, NatRevision::Rfc3947] {
        for mode in [Mode::Tunnel, Mode::Transport] {
            let extensions = || Extensions::none().with(Translator(revision));
            let [a, b] = [A, B].map(|side| {
                let mut it = config(side);
                it.connections[0].children[0].mode = mode;
                it
            });
            let mut pair = Pair::extended(a, b, extensions);
            pair.connect();
            pair.assert_joined(1);
            let ports: Vec<_> = pair.crossed.iter().map(|it| it.remote.port()).collect();
            assert_eq!(ports[..4], [500; 4]);
            assert!(ports[4..].iter().all(|it| *it == 4500));
            let child = pair.hosts[B].children.values().next().unwrap();
            assert_eq!(child.encapsulation.udp, Some(revision));
            assert_eq!(child.ends.1, std::net::SocketAddr::new(address(A), 4500));
        }
    }
}

/// Cuts whatever has an identity in it into pieces.
#[derive(Debug, Default)]
struct Cutter {
    count: u16,
    queue: BTreeMap<u16, Vec<Option<Vec<u8>>>>,
}

impl Extension for Cutter {
    fn name(&self) -> &'static str {
        "cutter"
    }

    fn framing(&mut self) -> Option<&mut dyn Framing> {
        Some(self)
    }
}

impl Framing for Cutter {
    fn split(&mut self, _: &mut Context<'_>, _: SaId, sent: &Sent<'_>, out: &mut Vec<Vec<u8>>) {
        if !sent.kinds.contains(&kind::ID) {
            return;
        }
        self.count += 1;
        let header = Header::parse(sent.bytes).unwrap();
        let pieces: Vec<_> = sent.bytes.chunks(60).collect();
        for (at, data) in pieces.iter().enumerate() {
            let piece = Fragment {
                id: self.count,
                number: u8::try_from(at + 1).unwrap(),
                last: at + 1 == pieces.len(),
                data,
            };
            let flags = Flags::new(header.flags.get() & !Flags::ENCRYPTED.get());
            let mut bytes = Vec::new();
            let next = PayloadType::NONE;
            let mut writer = MessageWriter::begin(
                &mut bytes,
                &Header {
                    next,
                    flags,
                    ..header
                },
            );
            writer.encode(kind::FRAGMENT, &piece);
            writer.finish();
            out.push(bytes);
        }
    }

    fn join(&mut self, _: &mut Context<'_>, _: SaId, msg: &Inbound<'_>) -> Join {
        let Some(raw) = msg.payloads().first(kind::FRAGMENT) else {
            return Join::NotMine;
        };
        let Ok(piece) = Fragment::parse(raw) else {
            return Join::Discard;
        };
        let queue = self.queue.entry(piece.id).or_default();
        let at = usize::from(piece.number) - 1;
        if queue.len() <= at {
            queue.resize(at + 1, None);
        }
        queue[at] = Some(piece.data.to_vec());
        let whole: Option<Vec<Vec<u8>>> = queue.iter().cloned().collect();
        match whole.map(|it| it.concat()) {
            Some(bytes) if Message::parse(&bytes).is_ok() => {
                self.queue.remove(&piece.id);
                Join::Whole(bytes)
            }
            _ => Join::Pending,
        }
    }
}

/// [MS-IKEE] §2.2.3: pieces in clear, whole messages inside.
#[test]
fn an_extension_cuts_messages_and_joins_them() {
    let mut pair = Pair::extended(config(A), config(B), || {
        Extensions::none().with(Cutter::default())
    });
    pair.connect();
    pair.assert_joined(1);
    let pieces = pair.crossed.iter().filter(|it| it.bytes[16] == 132).count();
    assert!(pieces > 8, "{pieces}");
}

/// Keeps a deletion until its time has come, and repeats it once.
#[derive(Debug, Default)]
struct Keeper {
    due: Option<(Instant, SaId, u8)>,
    ids: Vec<u32>,
    closed: usize,
}

impl Extension for Keeper {
    fn name(&self) -> &'static str {
        "keeper"
    }

    fn on_outgoing(&mut self, cx: &mut Context<'_>, sa: SaId, draft: &mut Draft<'_>) {
        if draft.has(kind::DELETE) {
            draft.hold();
            self.ids.push(draft.message_id());
            self.due = Some((cx.now() + Duration::from_secs(1), sa, 0));
        }
    }

    fn on_lifecycle(&mut self, _: &mut Context<'_>, _: SaId, what: Lifecycle) {
        self.closed += usize::from(what == Lifecycle::Closed);
    }

    fn on_timeout(&mut self, cx: &mut Context<'_>) {
        if let Some((at, sa, count)) = self.due.take() {
            if count == 0 {
                for id in &self.ids {
                    cx.push(Action::Resend(sa, *id));
                }
                self.due = Some((at + Duration::from_secs(1), sa, 1));
            } else {
                cx.push(Action::Close(sa));
            }
        }
    }

    fn next_timeout(&self) -> Option<Instant> {
        self.due.map(|it| it.0)
    }
}

#[test]
fn an_extension_holds_an_sa_until_its_deletion_is_through() {
    let mut pair = Pair::extended(config(A), config(B), || {
        Extensions::none().with(Keeper::default())
    });
    let sa = pair.connect();
    let before = pair.from(A);
    pair.call(A, |it, now, out| it.delete(now, sa, out))
        .unwrap();
    pair.run(Duration::from_millis(500));
    let keeper = |pair: &Pair| {
        pair.hosts[A]
            .endpoint
            .extensions()
            .get::<Keeper>()
            .map(|it| it.closed)
    };
    assert_eq!(keeper(&pair), Some(0));
    pair.run(Duration::from_secs(5));
    // two deletes, and both again
    assert_eq!(pair.from(A), before + 4);
    assert_eq!(keeper(&pair), Some(1));
    assert_eq!(
        pair.hosts[B].count(|it| matches!(it, Event::Closed { .. })),
        1
    );
    pair.assert_empty();
}
