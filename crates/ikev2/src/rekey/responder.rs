//! The half of whoever is asked for new keys for the IKE SA.

use ike_ext::{Role, SaId};
use isakmp_wire::OwnedPayload;
use isakmp_wire::v2::{SecurityAssociation, kind};

use super::initiator::read_spi;
use super::{Contest, succeed};
use crate::context::Cx;
use crate::create_child::{Half, Other, Refusal, Reply, Rival, busy};
use crate::failure::{Failure, Incompatibility};
use crate::keys::Exchanged;
use crate::sa::{Exchange, Sa};
use crate::select::{self, Place};

/// Makes the SA that takes the place of `sa`, and the answer that says so.
pub(crate) fn serve(
    cx: &mut Cx<'_>,
    sa: &mut Sa,
    offered: &SecurityAssociation<'_>,
    other: Other<'_>,
) -> Result<Reply, Refusal> {
    let Some(state) = sa.established() else {
        return Err(busy());
    };
    let collides = match &state.exchange {
        Exchange::Plain => false,
        // RFC 7296 §2.25.2: not while one of its children is coming or going
        Exchange::Child(_) | Exchange::DeleteChild(..) => return Err(busy()),
        Exchange::Ike(ours) if ours.rival.is_some() => return Err(busy()),
        Exchange::Ike(_) => true,
    };
    let order = cx.core.config.profile.suite_choice;
    let connection = cx.core.connection(sa.connection);
    let connection = connection.ok_or(Failure::Bug("the connection is gone"))?;
    let chosen = select::choose(&connection.proposals, offered, order, Place::Create);
    let chosen = chosen.ok_or_else(|| Incompatibility::Ike {
        ours: connection.proposals.clone(),
        theirs: select::read_ike(offered),
    })?;
    let theirs = read_spi(chosen.spi)?;
    let wanted = chosen.suite.group;
    let ke = other.ke.filter(|it| it.group == wanted.get());
    let ke = ke.ok_or(Incompatibility::Group { wanted })?;
    let mut half = Half::new(cx, Some(wanted))?;
    let mut payloads = alloc::vec::Vec::new();
    half.write(&mut payloads);
    let (_, kex) = half.kex.take().ok_or(Failure::Crypto)?;
    let shared = kex.complete(ke.data)?;
    let core = &mut *cx.core;
    let secure = sa.secure.as_ref().ok_or(Failure::Bug("no keys"))?;
    let (id, own) = core.table.reserve(&mut core.random, None)?;
    let (spis, nonces) = ((theirs, own), (other.nonce, half.nonce.as_slice()));
    let exchanged = Exchanged {
        spis,
        nonces,
        shared: &shared,
    };
    let made = secure.keys.rekey(core.provider, chosen.suite, exchanged);
    let made = made.map_err(Failure::from);
    if let Err(failure) = made.and_then(|keys| succeed(cx, sa, id, (Role::Responder, spis), keys)) {
        cx.core.table.remove(id);
        return Err(failure.into());
    }
    let body = select::write_ike_choice(chosen.number, chosen.suite, own.as_bytes());
    payloads.insert(0, OwnedPayload::new(kind::SA, body));
    if collides {
        note_rival(cx, sa, id, nonces);
        return Ok(Reply {
            payloads,
            heir: None,
        });
    }
    Ok(Reply {
        payloads,
        heir: Some(id),
    })
}

/// Which of both stays is decided when ours is answered (RFC 7296 §2.8.2).
fn note_rival(cx: &mut Cx<'_>, sa: &mut Sa, id: SaId, nonces: (&[u8], &[u8])) {
    if let Some(state) = sa.established()
        && let Exchange::Ike(ours) = &mut state.exchange
    {
        ours.rival = Some(Rival::new(id, nonces));
    }
    if let Some(mut new) = cx.core.table.take(id) {
        new.kin().contends = Some(Contest::With(sa.facts.id));
        cx.keep(new);
    }
}
