//! Our requests on an established SA: one at a time (RFC 7296 §2.3), and what follows from each answer.

use alloc::vec::Vec;

use ike_ext::Inbound;
use isakmp_wire::{ExchangeType, OwnedPayload};

use crate::contact;
use crate::context::Cx;
use crate::create_child::{self, Purpose};
use crate::failure::Failure;
use crate::informational::{self, delete_esp, delete_ike};
use crate::rekey;
use crate::sa::{Exchange, Queued, Sa, State, Task};

/// Sends the next request that waits for the window.
pub(crate) fn next_task(cx: &mut Cx<'_>, sa: &mut Sa) -> Result<(), Failure> {
    while !sa.window.is_busy() {
        let Some(state) = sa.established() else {
            return Ok(());
        };
        let Some(queued) = state.tasks.pop_front() else {
            if contact::complete(cx, sa) {
                continue;
            }
            return Ok(());
        };
        begin(cx, sa, queued)?;
    }
    Ok(())
}

/// Begins what is still to be done of a task.
fn begin(cx: &mut Cx<'_>, sa: &mut Sa, Queued { task, tries }: Queued) -> Result<(), Failure> {
    match task {
        Task::Probe => inform(cx, sa, Exchange::Plain, Vec::new()),
        Task::Inform(payloads) => inform(cx, sa, Exchange::Plain, payloads),
        Task::Delete(reason) => {
            sa.state = State::Closing(Some(reason));
            let payloads = alloc::vec![delete_ike()];
            cx.request(sa, ExchangeType::INFORMATIONAL, payloads)
        }
        Task::DeleteChild(id, reason) => match sa.child(id) {
            Some(child) => {
                let payloads = alloc::vec![delete_esp(&[child.spi_in])];
                inform(cx, sa, Exchange::DeleteChild(id, reason), payloads)
            }
            None => Ok(()),
        },
        Task::Discard(spi) => inform(cx, sa, Exchange::Plain, alloc::vec![delete_esp(&[spi])]),
        Task::CreateChild(index) => create_child::start(cx, sa, Purpose::New(index), tries),
        Task::RekeyChild(child) => create_child::start(cx, sa, Purpose::Rekey(child), tries),
        Task::Rekey => rekey::start(cx, sa, tries),
        Task::Reauthenticate => {
            contact::reauthenticate(cx, sa, tries);
            Ok(())
        }
    }
}

fn inform(
    cx: &mut Cx<'_>,
    sa: &mut Sa,
    exchange: Exchange,
    payloads: Vec<OwnedPayload>,
) -> Result<(), Failure> {
    if let Some(state) = sa.established() {
        state.exchange = exchange;
    }
    cx.request(sa, ExchangeType::INFORMATIONAL, payloads)
}

/// Takes the answer to whatever we asked last. Nothing that an INFORMATIONAL says leads to another
/// message (RFC 7296 §2.21.4).
pub(crate) fn on_response(
    cx: &mut Cx<'_>,
    sa: &mut Sa,
    message: &Inbound<'_>,
) -> Result<(), Failure> {
    match &mut sa.state {
        State::Established(state) => match core::mem::take(&mut state.exchange) {
            Exchange::Plain => {}
            Exchange::DeleteChild(child, reason) => informational::retire(cx, sa, child, reason),
            Exchange::Child(state) => return create_child::on_response(cx, sa, *state, message),
            Exchange::Ike(state) => return rekey::on_response(cx, sa, *state, message),
        },
        State::Closing(reason) => {
            let reason = reason.take();
            cx.end(sa, reason);
        }
        State::AwaitInitResponse(_)
        | State::AwaitAuthRequest(_)
        | State::AwaitAuthResponse(_)
        | State::AwaitTrust(_)
        | State::Prepared(_)
        | State::Replaced(_)
        | State::Lingering(_)
        | State::Closed => {}
    }
    Ok(())
}
