//! What informational messages say of quick modes of ours.

use alloc::vec::Vec;

use crate::context::Cx;
use crate::failure::Failure;
use crate::quick_mode::initiator::{confirmed, over};
use crate::sa::{Sa, Step};

/// CONNECTED in an informational exchange: some responders confirm that way.
pub(crate) fn connected(cx: &mut Cx<'_>, sa: &mut Sa, spi: &[u8]) -> Result<(), Failure> {
    let waiting = sa.exchanges.iter().find(|it| match &it.step {
        Step::Connected(state) => state.agreed.spi_out.to_be_bytes().as_slice() == spi,
        Step::Answer(_) | Step::Proof(_) | Step::Transaction(_) | Step::Held | Step::Done => false,
    });
    match waiting.map(|it| it.message_id) {
        Some(id) => confirmed(cx, sa, id),
        None => Ok(()),
    }
}

/// An authentic error that may be about a quick mode of ours: by its message ID, by its SPI, or because it is the only
/// one under way. Whether it was.
pub(crate) fn refused(
    cx: &mut Cx<'_>,
    sa: &mut Sa,
    message_id: Option<u32>,
    spi: &[u8],
    failure: Failure,
) -> bool {
    let open: Vec<(u32, u32)> = sa
        .exchanges
        .iter()
        .filter_map(|it| match &it.step {
            Step::Answer(state) => Some((it.message_id, state.spi)),
            Step::Proof(_)
            | Step::Connected(_)
            | Step::Transaction(_)
            | Step::Held
            | Step::Done => None,
        })
        .collect();
    let named = open
        .iter()
        .find(|(id, own)| Some(*id) == message_id || own.to_be_bytes().as_slice() == spi);
    let only = match open.as_slice() {
        [one] => Some(one),
        _ => None,
    };
    let Some((id, _)) = named.or(only).copied() else {
        return false;
    };
    let Some(exchange) = sa.take_exchange(id) else {
        return false;
    };
    sa.retire(id);
    let replaces = match &exchange.step {
        Step::Answer(state) => state.replaces,
        Step::Proof(_) | Step::Connected(_) | Step::Transaction(_) | Step::Held | Step::Done => {
            None
        }
    };
    over(cx, sa, replaces, failure);
    true
}
