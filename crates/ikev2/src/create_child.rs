//! CREATE_CHILD_SA for children: further ones, and new keys for those that are there
//! (RFC 7296 §1.3.1, §1.3.3, §2.8).

use alloc::boxed::Box;
use alloc::vec::Vec;

use ike_crypto::{KeyExchange, Random};
use ike_ext::ChildId;
use ipsec_doi::GroupId;
use isakmp_wire::v2::{self, Nonce, kind};
use isakmp_wire::{OwnedPayload, PayloadChain};

use crate::child::ChildOffer;
use crate::context::Cx;
use crate::failure::{Failure, Misbehaviour};
use crate::init::{NONCE, key_exchange, maybe, one};
use crate::sa::Sa;

mod initiator;
mod responder;

pub(crate) use initiator::{on_response, start};
pub(crate) use responder::{Refusal, Reply, busy, on_request};

/// What a request for a child is for.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Purpose {
    /// The connection's child of this index.
    New(usize),
    /// New keys for this child.
    Rekey(ChildId),
}

/// Our request for a child is out.
#[derive(Debug)]
pub(crate) struct AwaitChild {
    pub(crate) purpose: Purpose,
    pub(crate) offer: ChildOffer,
    half: Half,
    /// How often the peer has refused it for the moment.
    tries: u8,
    /// What the peer has made of the same child at the same time.
    pub(crate) rival: Option<Rival<ChildId>>,
    /// What the peer has deleted meanwhile under SPIs that we do not know: its answer may name one,
    /// should it come late.
    pub(crate) gone: Vec<u32>,
}

/// No more than this is remembered.
const MAX_GONE: usize = 8;

impl AwaitChild {
    /// The peer deletes what we do not know.
    pub(crate) fn note_gone(&mut self, spi: u32) {
        if self.gone.len() < MAX_GONE {
            self.gone.push(spi);
        }
    }
}

/// The other side's rekeying of the same SA (RFC 7296 §2.8.1, §2.8.2).
#[derive(Debug)]
pub(crate) struct Rival<T> {
    /// What it made.
    pub(crate) successor: T,
    /// The lower of its two nonces.
    pub(crate) lowest: Vec<u8>,
}

impl<T> Rival<T> {
    pub(crate) fn new(successor: T, nonces: (&[u8], &[u8])) -> Self {
        Self {
            successor,
            lowest: lowest(nonces).to_vec(),
        }
    }

    /// Whether what the exchange with these nonces has made is redundant: the lowest of the four
    /// nonces is among them.
    pub(crate) fn beats(&self, nonces: (&[u8], &[u8])) -> bool {
        lowest(nonces) < self.lowest.as_slice()
    }
}

/// Octet by octet; of two that begin alike, the shorter one (RFC 7296 §2.8.1).
fn lowest<'a>(nonces: (&'a [u8], &'a [u8])) -> &'a [u8] {
    nonces.0.min(nonces.1)
}

/// Our half of an exchange: a nonce, and a key exchange where there is one.
pub(crate) struct Half {
    pub(crate) nonce: Vec<u8>,
    pub(crate) kex: Option<(GroupId, Box<dyn KeyExchange>)>,
    /// The groups that were tried, to end INVALID_KE_PAYLOAD some time.
    pub(crate) tried: Vec<GroupId>,
}

impl core::fmt::Debug for Half {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("Half")
            .field("tried", &self.tried)
            .finish_non_exhaustive()
    }
}

impl Half {
    /// A fresh one.
    pub(crate) fn new(cx: &mut Cx<'_>, group: Option<GroupId>) -> Result<Self, Failure> {
        let core = &mut *cx.core;
        let mut nonce = alloc::vec![0; NONCE];
        core.random.fill(&mut nonce)?;
        let mut half = Self {
            nonce,
            kex: None,
            tried: Vec::new(),
        };
        if let Some(group) = group {
            half.restart(cx, group)?;
        }
        Ok(half)
    }

    /// Begins again in another group.
    pub(crate) fn restart(&mut self, cx: &mut Cx<'_>, group: GroupId) -> Result<(), Failure> {
        let core = &mut *cx.core;
        let made = core.provider.group(group).ok_or(Failure::Crypto)?;
        self.kex = Some((group, made.start(&mut core.random)?));
        self.tried.push(group);
        Ok(())
    }

    /// The nonce and KE payloads.
    pub(crate) fn write(&self, payloads: &mut Vec<OwnedPayload>) {
        payloads.push(OwnedPayload::new(kind::NONCE, self.nonce.as_slice()));
        if let Some((group, kex)) = &self.kex {
            payloads.push(key_exchange(*group, kex.public()));
        }
    }
}

/// The other side's half.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Other<'a> {
    pub(crate) nonce: &'a [u8],
    pub(crate) ke: Option<v2::KeyExchange<'a>>,
}

impl<'a> Other<'a> {
    /// Reads it; the nonce must be long enough for the PRF of the IKE SA (RFC 7296 §2.10).
    pub(crate) fn read(sa: &Sa, payloads: PayloadChain<'a>) -> Result<Self, Failure> {
        let nonce = Nonce::parse(one(payloads, kind::NONCE)?)?.data;
        let suite = sa.secure.as_ref().map(|it| it.keys.suite());
        let half = suite.and_then(|it| it.prf.key_len().checked_div(2));
        if nonce.len() < half.unwrap_or(0) {
            return Err(Misbehaviour::ShortNonce.into());
        }
        let ke = match maybe(payloads, kind::KE)? {
            Some(raw) => Some(v2::KeyExchange::parse(raw)?),
            None => None,
        };
        Ok(Self { nonce, ke })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_lowest_of_four_nonces_decides_and_a_shorter_one_is_lower() {
        let rival = Rival::new((), (&[5, 5], &[3, 9]));
        assert!(rival.beats((&[9], &[3, 8])));
        assert!(rival.beats((&[3], &[9])));
        assert!(!rival.beats((&[3, 9, 0], &[9])));
        assert!(!rival.beats((&[4], &[4])));
    }
}
