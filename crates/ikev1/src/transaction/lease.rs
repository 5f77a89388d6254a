//! As server of mode config: addresses that the driver gives, to each peer its own.

use alloc::boxed::Box;
use alloc::string::String;
use alloc::vec::Vec;
use core::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use isakmp_wire::AttributeValue;
use isakmp_wire::v1::{ConfigAttribute as Kind, ConfigType, Configuration};

use super::configuration::{everything, reply};
use super::{What, ask as ask_peer};
use crate::config::Assign;
use crate::context::Cx;
use crate::failure::Failure;
use crate::output::{AddressesWanted, Event};
use crate::sa::{Sa, State};

/// What waits for addresses.
#[derive(Clone, Debug)]
pub(crate) struct Leasing {
    /// The message ID of a question, or nothing: then they are pushed.
    asked: Option<u32>,
    /// The identifier in the question, and all that it asks for.
    question: (u16, Vec<Kind>),
    v4: Option<Option<Ipv4Addr>>,
    v6: Option<Option<Ipv6Addr>>,
}

/// The question of a client.
pub(super) fn pulled(message_id: u32, config: &Configuration<'_>, kinds: Vec<Kind>) -> Leasing {
    let wish = |kind: Kind| match config.attributes.first(kind.get())?.value {
        AttributeValue::Long(octets) => Some(octets),
        AttributeValue::Short(_) => Some(&[][..]),
    };
    let v4 = wish(Kind::INTERNAL_IP4_ADDRESS);
    let v6 = wish(Kind::INTERNAL_IP6_ADDRESS);
    Leasing {
        asked: Some(message_id),
        question: (config.identifier, kinds),
        v4: v4.map(|it| <[u8; 4]>::try_from(it).ok().map(Ipv4Addr::from)),
        v6: v6.map(|it| it.first_chunk::<16>().copied().map(Ipv6Addr::from)),
    }
}

/// Nobody has asked: the peer gets what there is.
pub(super) const fn to_push() -> Leasing {
    Leasing {
        asked: None,
        question: (0, Vec::new()),
        v4: Some(None),
        v6: Some(None),
    }
}

/// Asks the driver.
pub(super) fn ask(cx: &mut Cx<'_>, sa: &mut Sa, leasing: Leasing) {
    let (State::Established(state), Some(policy)) = (&mut sa.state, sa.facts.policy) else {
        return;
    };
    cx.out
        .event(Event::AddressesWanted(Box::new(AddressesWanted {
            sa: sa.facts.id,
            policy,
            identity: state.peer.identity().clone(),
            user: state.peer.user().map(String::from),
            v4: leasing.v4,
            v6: leasing.v6,
        })));
    state.leasing = Some(leasing);
}

/// Whether the question with this message ID waits for the driver.
pub(super) fn waits(sa: &Sa, message_id: u32) -> bool {
    let State::Established(state) = &sa.state else {
        return false;
    };
    let asked = state.leasing.as_ref().and_then(|it| it.asked);
    asked == Some(message_id)
}

/// The driver's answer: it goes to the peer, and the addresses are the peer's from now on.
pub(crate) fn assign(
    cx: &mut Cx<'_>,
    sa: &mut Sa,
    addresses: &[(IpAddr, u8)],
) -> Result<(), Failure> {
    let leasing = match &mut sa.state {
        State::Established(state) => state.leasing.take(),
        State::Main(_)
        | State::Aggressive(_)
        | State::AwaitXauth(_)
        | State::Lingering(_)
        | State::Closing
        | State::Closed => None,
    };
    let leasing = leasing.ok_or(Failure::Bug("nobody waits for addresses"))?;
    let connection = cx.core.connection_of(sa)?;
    let given = Assign {
        addresses: addresses.to_vec(),
        ..connection.addressing.assign.clone()
    };
    if !addresses.is_empty() {
        sa.assigned = addresses.iter().map(|it| it.0).collect();
    }
    let Some(message_id) = leasing.asked else {
        let all = everything(&given);
        return ask_peer(cx, sa, ConfigType::SET, &all, What::Pushed);
    };
    let Some(mut exchange) = sa.take_exchange(message_id) else {
        return Ok(());
    };
    let done = reply(cx, sa, &mut exchange, &leasing.question, &given);
    sa.exchanges.push(exchange);
    done
}
