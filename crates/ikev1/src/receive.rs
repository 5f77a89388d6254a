//! From a datagram to the step of an exchange that it is for.

use alloc::boxed::Box;
use alloc::vec::Vec;
use core::net::SocketAddr;

use ike_endpoint::{ChildUpdate, Datagram, Path, Phase};
use ike_ext::{Foreign, Inbound, Join, Role, Stage, Verdict};
use isakmp_wire::v1::kind;
use isakmp_wire::{ExchangeType, Flags, Header, Message, Version};

use crate::context::Cx;
use crate::failure::{Dropped, Failure};
use crate::output::{self, Event, Output};
use crate::payload::notifications;
use crate::sa::{Sa, State};
use crate::{admission, aggressive, main_mode};

impl Cx<'_> {
    /// Reads as much as it takes to know whom a datagram is for.
    pub(crate) fn receive(&mut self, datagram: &Datagram<'_>) {
        let cleared;
        let message = match Header::parse(datagram.bytes) {
            Ok(header) if header.version.major != Version::V1.major => {
                return self.dropped(datagram.remote, Dropped::Version);
            }
            Ok(header) if header.exchange.is_authip() => return self.foreign(datagram, header),
            Ok(header) if header.next == kind::FRAGMENT => {
                // [MS-IKEE] §3.3.6.1 clears the flag, since a fragment is in clear; not everybody does
                cleared = in_clear(datagram.bytes);
                Message::parse(&cleared)
            }
            Ok(_) => Message::parse(datagram.bytes),
            Err(error) => Err(error),
        };
        let message = match message {
            Ok(message) => message,
            Err(error) => return self.dropped(datagram.remote, Dropped::Malformed(error)),
        };
        let header = message.header;
        if header.initiator.is_zero() {
            return self.dropped(datagram.remote, Dropped::UnknownSpi);
        }
        let known = !header.responder.is_zero() && self.core.table.find(header.responder).is_some();
        if admission::begins(&message) && !known && !self.is_ours(&header) {
            return match header.exchange {
                ExchangeType::MAIN_MODE => main_mode::responder::on_first(self, datagram, &message),
                _ => aggressive::responder::on_first(self, datagram, &message),
            };
        }
        if header.responder.is_zero() && header.exchange != ExchangeType::V1_INFORMATIONAL {
            return self.dropped(datagram.remote, Dropped::Unexpected);
        }
        self.deliver(datagram, &message);
    }

    /// [MS-IKEE] §1.3.8: AuthIP's header looks like ours, and what follows is none of our business.
    fn foreign(&mut self, datagram: &Datagram<'_>, header: Header) {
        let from = datagram.remote;
        let foreign = Foreign { from, header };
        self.ask(None, |extensions, cx| extensions.foreign(cx, &foreign));
        self.dropped(from, Dropped::AuthIp);
    }

    /// Whether we began the negotiation that a message is for.
    fn is_ours(&self, header: &Header) -> bool {
        !header.responder.is_zero() && self.core.table.find(header.initiator).is_some()
    }

    /// The SA of a message: ours is one of its cookies, and the other is the peer's.
    fn lend(&mut self, header: &Header) -> Option<Box<Sa>> {
        let ends = [
            (header.responder, Role::Responder),
            (header.initiator, Role::Initiator),
        ];
        for (own, role) in ends {
            let Some(id) = self.core.table.find(own) else {
                continue;
            };
            let fits = self.core.table.get(id).is_some_and(|sa| {
                let known = sa.facts.spis == (header.initiator, header.responder);
                // RFC 2408 §2.5.3: the responder's cookie comes with its first message
                let fresh = sa.facts.spis.1.is_zero() && sa.facts.spis.0 == header.initiator;
                let refusal = header.responder.is_zero() && sa.facts.spis.0 == header.initiator;
                sa.facts.role == role && (known || fresh || refusal)
            });
            if fits {
                return self.core.table.take(id);
            }
        }
        None
    }

    /// Hands a message to its SA.
    fn deliver(&mut self, datagram: &Datagram<'_>, message: &Message<'_>) {
        let Some(mut sa) = self.lend(&message.header) else {
            return self.dropped(datagram.remote, Dropped::UnknownSpi);
        };
        self.asked_from = Some(datagram.into());
        if message.payloads.first(kind::FRAGMENT).is_some() {
            return self.fragment(sa, datagram, message);
        }
        let digest = self.core.digest(message.bytes);
        let header = message.header;
        let plain = !header.flags.contains(Flags::ENCRYPTED);
        if header.exchange == ExchangeType::V1_INFORMATIONAL && plain {
            self.hint(&mut sa, datagram, message);
            return self.keep(sa);
        }
        if header.message_id != 0 {
            let done = self.second_phase(&mut sa, datagram, message, digest);
            return self.conclude(sa, done);
        }
        if sa.first.last_in == Some(digest) {
            // RFC 2408 §5.1: the same answer again; one each, so that nothing is amplified
            let again = sa.first.repeat.as_ref();
            match again.and_then(|it| it.answer_to(digest)) {
                Some(sent) => self.reply(&sa, &sent),
                None => self.dropped(datagram.remote, Dropped::Replay),
            }
            return self.keep(sa);
        }
        let done = self.first_phase(&mut sa, datagram, message, digest);
        self.conclude(sa, done);
    }

    /// Lets an extension put pieces together ([MS-IKEE] §3.3).
    fn fragment(&mut self, sa: Box<Sa>, datagram: &Datagram<'_>, message: &Message<'_>) {
        let stage = Stage::new(message.header.exchange, 0);
        let inbound = Inbound::new(
            stage,
            datagram.remote,
            message.header,
            false,
            message.payloads,
        );
        // messages 5 and 6 of main mode are encrypted, whatever the pieces say of it
        let encrypted = message.header.exchange == ExchangeType::MAIN_MODE && sa.secure.is_some();
        let joined = self.ask(Some(&sa), |extensions, cx| {
            extensions.join(cx, sa.facts.id, &inbound)
        });
        self.keep(sa);
        match joined {
            Join::Whole(mut bytes) => {
                let identity = Header::parse(&bytes).is_ok_and(|it| it.next == kind::ID);
                if encrypted && identity {
                    set_flag(&mut bytes);
                }
                let whole = Datagram {
                    bytes: &bytes,
                    ..*datagram
                };
                match Message::parse(&bytes) {
                    Ok(message) if message.payloads.first(kind::FRAGMENT).is_none() => {
                        self.deliver(&whole, &message);
                    }
                    Ok(_) => self.dropped(datagram.remote, Dropped::Unexpected),
                    Err(error) => self.dropped(datagram.remote, Dropped::Malformed(error)),
                }
            }
            Join::Pending => {}
            Join::Discard => self.dropped(datagram.remote, Dropped::Extension("fragment")),
            Join::NotMine => self.dropped(datagram.remote, Dropped::Unexpected),
        }
    }

    /// A notification that anybody may have sent: extensions may know better, for us it is a hint (RFC 2408 §5.14).
    fn hint(&mut self, sa: &mut Sa, datagram: &Datagram<'_>, message: &Message<'_>) {
        let stage = Stage::new(ExchangeType::V1_INFORMATIONAL, 1);
        let from = datagram.remote;
        let inbound = Inbound::new(stage, from, message.header, false, message.payloads);
        match self.incoming(sa, &inbound) {
            Verdict::Continue => {}
            Verdict::Consume => return,
            // whoever sent it cannot end anything
            Verdict::Abort(reason) | Verdict::Discard(reason) => {
                return self.dropped(from, Dropped::Extension(reason));
            }
        }
        let Some(notify) = notifications(message.payloads).next() else {
            return self.dropped(from, Dropped::Unexpected);
        };
        if sa.facts.phase != Phase::Established && notify.kind.is_error() {
            sa.first.hint = Some(notify.kind);
        }
        self.out.event(Event::Hint {
            sa: sa.facts.id,
            notify: notify.kind,
        });
    }

    fn first_phase(
        &mut self,
        sa: &mut Sa,
        datagram: &Datagram<'_>,
        message: &Message<'_>,
        digest: [u8; 8],
    ) -> Result<(), Failure> {
        match core::mem::replace(&mut sa.state, State::Closed) {
            State::Main(state) => main_mode::handle(self, sa, state, (datagram, message), digest),
            State::Aggressive(state) => {
                aggressive::handle(self, sa, state, (datagram, message), digest)
            }
            other @ (State::AwaitXauth(_)
            | State::Established(_)
            | State::Lingering(_)
            | State::Closing
            | State::Closed) => {
                sa.state = other;
                self.dropped(datagram.remote, Dropped::Unexpected);
                Ok(())
            }
        }
    }

    /// RFC 3947 §4: a peer behind a NAT is where its latest authentic message came from.
    pub(crate) fn follow(&mut self, sa: &mut Sa, datagram: &Datagram<'_>) {
        let path = Path::from(datagram);
        let before = sa.facts.path;
        let nat = path.marker && path.local.ip() == before.local.ip();
        if path == before || !nat {
            return;
        }
        sa.facts.path = path;
        if before.remote != path.remote && matches!(sa.state, State::Established(_)) {
            self.out.event(Event::Moved {
                sa: sa.facts.id,
                remote: path.remote,
            });
            for child in &sa.children {
                self.out.push(Output::UpdateChild(ChildUpdate {
                    child: child.id,
                    local: path.local,
                    remote: path.remote,
                }));
            }
        }
    }

    /// Reports a message where the configuration asks for a trace.
    pub(crate) fn traced(&mut self, sa: &Sa, message: &Inbound<'_>, octets: usize) {
        if self.core.config.trace {
            self.out.event(Event::Message(output::Message {
                sa: sa.facts.id,
                outbound: false,
                exchange: message.header.exchange,
                number: message.stage.message,
                message_id: message.header.message_id,
                payloads: message.payloads().iter().map(|it| it.kind).collect(),
                octets,
            }));
        }
    }

    pub(crate) fn dropped(&mut self, from: SocketAddr, reason: Dropped) {
        self.out.event(Event::Dropped { from, reason });
    }
}

/// Where the flags are in a header.
const FLAGS_AT: usize = 19;

/// The message without the flag that says that it is encrypted.
fn in_clear(bytes: &[u8]) -> Vec<u8> {
    let mut out = bytes.to_vec();
    if let Some(flags) = out.get_mut(FLAGS_AT) {
        *flags &= !Flags::ENCRYPTED.get();
    }
    out
}

/// Says that a message is encrypted.
fn set_flag(bytes: &mut [u8]) {
    if let Some(flags) = bytes.get_mut(FLAGS_AT) {
        *flags |= Flags::ENCRYPTED.get();
    }
}
