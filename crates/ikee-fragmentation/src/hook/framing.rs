//! The way of a message into fragments and out of them.

use alloc::vec::Vec;
use core::time::Duration;

use ike_ext::{Context, Framing, Host, Inbound, Join, SaId, Sent};
use isakmp_wire::Header;
use isakmp_wire::v1::{Fragment, kind};

use super::{Fragmentation, supports};
use crate::machine::{Added, MessageKey, cost, cut};
use crate::sender::{Name, sum};
use crate::wire::{Carrier, encode};

/// Port 4500, where messages have a marker (RFC 3947 §4).
const NAT_T: u16 = 4500;

impl Framing for Fragmentation {
    fn split(&mut self, cx: &mut Context<'_>, sa: SaId, sent: &Sent<'_>, out: &mut Vec<Vec<u8>>) {
        let (true, Ok(header)) = (self.enabled, Header::parse(sent.bytes)) else {
            return;
        };
        let name = Name {
            exchange: sent.stage.exchange,
            message_id: header.message_id,
            message: sent.stage.message,
        };
        let supported = supports(cx.host(), sa);
        let delay = self.rule.starts(name).then_some(self.delay);
        if delay.is_none() && !supported {
            return;
        }
        let row = self.sas.row(sa);
        let called_for = row.sender.sends(cx.now().as_duration(), name, delay);
        if called_for && supported {
            row.sender.activate();
        }
        self.arm(sa);
        // [MS-IKEE] §3.3.6.1: only messages with an ID payload
        let may = supported && sent.kinds.contains(&kind::ID);
        let (true, Some(carrier)) = (may && (called_for || self.eager), carrier(cx.host(), sa))
        else {
            return;
        };
        if sent.bytes.len() <= carrier.message() {
            return;
        }
        let cut_so = (name, carrier.room(), sum(sent.bytes));
        let id = self.sas.row(sa).sender.id_of(cut_so, &mut self.counter);
        if let Some(all) = cut(id, sent.bytes, carrier.room()) {
            out.extend(all.map(|it| encode(&header, &it)));
            self.counters.fragmented = self.counters.fragmented.saturating_add(1);
        }
    }

    fn join(&mut self, cx: &mut Context<'_>, sa: SaId, msg: &Inbound<'_>) -> Join {
        let raw = msg.payloads().first(kind::FRAGMENT);
        let Some(raw) = raw.filter(|_| self.enabled) else {
            return Join::NotMine;
        };
        self.counters.count(raw.body.len());
        // [MS-IKEE] §3.3.5.3: alone, or not at all
        let alone = msg.payloads().iter().count() == 1;
        let (Ok(fragment), true) = (Fragment::parse(raw), alone) else {
            self.counters.dropped = self.counters.dropped.saturating_add(1);
            return Join::Discard;
        };
        // [MS-IKEE] §3.3.5.3, note 18: who sends fragments needs them
        if supports(cx.host(), sa) {
            self.sas.row(sa).sender.activate();
        }
        let key = MessageKey {
            fragment_id: fragment.id,
            message_id: msg.header.message_id,
        };
        self.collect(cx.now().as_duration(), sa, key, &fragment)
    }
}

impl Fragmentation {
    /// Takes one fragment for an SA.
    fn collect(&mut self, now: Duration, sa: SaId, key: MessageKey, it: &Fragment<'_>) -> Join {
        let row = self.sas.row(sa);
        if !self.memory.take(row, cost(it)) {
            self.counters.dropped = self.counters.dropped.saturating_add(1);
            return Join::Discard;
        }
        let before = row.reassembler.held().saturating_add(cost(it));
        let added = row.reassembler.add(&self.limits, now, key, it);
        let freed = before.saturating_sub(row.reassembler.held());
        self.memory.give(row, freed);
        self.arm(sa);
        match added {
            Added::Dropped(_) => {
                self.counters.dropped = self.counters.dropped.saturating_add(1);
                Join::Discard
            }
            Added::Kept => Join::Pending,
            Added::Whole(message) => {
                self.counters.joined = self.counters.joined.saturating_add(1);
                let header = Header::parse(&message).ok();
                self.sas.row(sa).joined = header.filter(|_| self.identity_only);
                Join::Whole(message)
            }
        }
    }
}

fn carrier(host: &dyn Host, sa: SaId) -> Option<Carrier> {
    let facts = host.facts(sa)?;
    Some(Carrier {
        v6: facts.peer.ip().to_canonical().is_ipv6(),
        marker: facts.local.port() == NAT_T || facts.peer.port() == NAT_T,
    })
}
