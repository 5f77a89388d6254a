//! From an open message to the step of its exchange: extensions first, then what the SA awaits.

use alloc::vec::Vec;
use core::net::SocketAddr;

use ike_ext::{Inbound, Stage, Verdict};
use isakmp_wire::v2::NotifyType;
use isakmp_wire::{ExchangeType, Flags, Header, Message, PayloadChain, PayloadType};

use crate::auth_exchange;
use crate::context::Cx;
use crate::create_child;
use crate::failure::{Dropped, Failure, Misbehaviour};
use crate::informational;
use crate::init::unknown_critical;
use crate::rekey;
use crate::sa::{Sa, State};
use crate::send::notify;
use crate::tasks::{self, next_task};

impl Cx<'_> {
    /// Takes a decrypted message: extensions first, then the exchange.
    pub(crate) fn inner(
        &mut self,
        sa: &mut Sa,
        from: SocketAddr,
        message: &Message<'_>,
        first: PayloadType,
        plain: &[u8],
    ) -> Result<(), Failure> {
        let header = message.header;
        let response = header.flags.contains(Flags::RESPONSE);
        let stage = if response {
            Stage::response(header.exchange)
        } else {
            Stage::request(header.exchange)
        };
        let payloads = match PayloadChain::parse(first, plain, 0) {
            Ok(payloads) => payloads,
            Err(error) => return self.malformed(sa, &header, response, error.into()),
        };
        let inbound = Inbound::new(stage, from, header, true, payloads);
        self.traced(sa, &inbound, message.bytes.len(), 1);
        match self.incoming(sa, &inbound) {
            Verdict::Continue if response => self.response(sa, &inbound),
            Verdict::Continue => self.request_in(sa, &inbound),
            Verdict::Abort(reason) => Err(Failure::Refused(reason)),
            Verdict::Discard(reason) => {
                self.dropped(from, Dropped::Extension(reason));
                Ok(())
            }
            Verdict::Consume if response => {
                sa.window.complete();
                Ok(())
            }
            Verdict::Consume => self.respond(sa, header.exchange, header.message_id, Vec::new()),
        }
    }

    /// RFC 7296 §2.21.3: an authentic message that cannot be read ends a negotiation, and is
    /// refused on an established SA.
    fn malformed(
        &mut self,
        sa: &mut Sa,
        header: &Header,
        response: bool,
        failure: Failure,
    ) -> Result<(), Failure> {
        match (&sa.state, response) {
            (State::Established(_) | State::Closing(_) | State::Replaced(_), false) => {
                let refusal = alloc::vec![notify(NotifyType::INVALID_SYNTAX, &[])];
                self.respond(sa, header.exchange, header.message_id, refusal)
            }
            _ => Err(failure),
        }
    }

    fn response(&mut self, sa: &mut Sa, message: &Inbound<'_>) -> Result<(), Failure> {
        let expected = sa.window.pending().map(|it| it.exchange);
        if expected != Some(message.header.exchange) {
            self.dropped(message.from, Dropped::Unexpected);
            return Ok(());
        }
        sa.window.complete();
        match core::mem::replace(&mut sa.state, State::Closed) {
            State::AwaitAuthResponse(state) => {
                auth_exchange::on_response(self, sa, *state, message)?;
            }
            state @ (State::Established(_) | State::Closing(_)) => {
                sa.state = state;
                tasks::on_response(self, sa, message)?;
            }
            other @ (State::AwaitInitResponse(_)
            | State::AwaitAuthRequest(_)
            | State::AwaitTrust(_)
            | State::Prepared(_)
            | State::Replaced(_)
            | State::Lingering(_)
            | State::Closed) => sa.state = other,
        }
        next_task(self, sa)
    }

    fn request_in(&mut self, sa: &mut Sa, message: &Inbound<'_>) -> Result<(), Failure> {
        let (exchange, message_id) = (message.header.exchange, message.header.message_id);
        match core::mem::replace(&mut sa.state, State::Closed) {
            State::AwaitAuthRequest(state) => {
                if exchange != ExchangeType::IKE_AUTH {
                    sa.state = State::AwaitAuthRequest(state);
                    self.dropped(message.from, Dropped::Unexpected);
                    return Ok(());
                }
                let critical = unknown_critical(message.payloads());
                let done = match critical {
                    Some(kind) => Err(Misbehaviour::UnknownCritical(kind).into()),
                    None => auth_exchange::on_request(self, sa, *state, message),
                };
                done.or_else(|failure| self.refuse_auth(sa, message_id, failure))
            }
            state @ (State::Established(_) | State::Closing(_) | State::Replaced(_)) => {
                sa.state = state;
                if !informational::ends(message.payloads()) {
                    rekey::yield_to(self, sa);
                }
                if exchange == ExchangeType::INFORMATIONAL {
                    return informational::on_request(self, sa, message);
                }
                if exchange == ExchangeType::CREATE_CHILD_SA {
                    return create_child::on_request(self, sa, message);
                }
                let refusal = alloc::vec![notify(NotifyType::INVALID_SYNTAX, &[])];
                self.respond(sa, exchange, message_id, refusal)
            }
            other @ (State::AwaitInitResponse(_)
            | State::AwaitAuthResponse(_)
            | State::Prepared(_)
            | State::AwaitTrust(_)
            | State::Lingering(_)
            | State::Closed) => {
                sa.state = other;
                self.dropped(message.from, Dropped::Unexpected);
                Ok(())
            }
        }
    }

    /// Answers a failed IKE_AUTH under the SA's keys, and keeps that answer for a while.
    pub(crate) fn refuse_auth(
        &mut self,
        sa: &mut Sa,
        message_id: u32,
        failure: Failure,
    ) -> Result<(), Failure> {
        if matches!(sa.state, State::Established(_)) {
            return Err(failure);
        }
        let Some(what) = failure.notify() else {
            return Err(failure);
        };
        let refusal = alloc::vec![notify(what, &failure.notify_data())];
        self.respond(sa, ExchangeType::IKE_AUTH, message_id, refusal)?;
        self.failed(sa, failure);
        self.linger(sa, None);
        Ok(())
    }
}
