//! Choosing a phase 1 suite, and checking the peer's choice (RFC 2409 §5, [MS-IKEE] §3.1.5).

use alloc::vec::Vec;
use core::net::SocketAddr;

use ike_crypto::Provider;
use ike_ext::Role;
use ipsec_doi::auth_method::Proof;
use ipsec_doi::v1::{IkeProposal, IkeSuite, Lifetimes, Phase1};
use ipsec_doi::{EncryptionId, GroupId, HashId};
use isakmp_wire::v1::{Proposal, ProtocolId, SaBuilder, SecurityAssociation, Transform};

use crate::config::Connection;
use crate::failure::{Failure, Incompatibility, Misbehaviour};

/// The one transform of a phase 1 proposal (RFC 2407 §4.4.2).
const KEY_IKE: u8 = 1;

/// Whether a connection may serve a peer at these addresses ([MS-IKEE] §3.1.1).
pub(crate) fn is_for(connection: &Connection, local: SocketAddr, remote: SocketAddr) -> bool {
    connection.local.is_none_or(|it| it == local.ip())
        && connection.remote.is_none_or(|it| it.address == remote.ip())
}

/// Whether a group is one that only a legacy connection may use.
pub(crate) const fn is_legacy_group(group: GroupId) -> bool {
    group.is_weak() && !matches!(group, GroupId::MODP_1536)
}

/// What the connection offers or accepts in this role: what it lists, the provider has, and is strong enough.
pub(crate) fn offers(connection: &Connection, provider: &Provider, role: Role) -> Vec<Phase1> {
    let Some(auth) = connection.authentication.method(role) else {
        return Vec::new();
    };
    let seconds = u32::try_from(connection.lifetime.time.as_secs()).unwrap_or(u32::MAX);
    let legacy = connection.options.legacy;
    let allowed = |suite: &IkeSuite| {
        let weak = suite.encryption.id == EncryptionId::DES
            || suite.hash == HashId::MD5
            || is_legacy_group(suite.group);
        (legacy || !weak)
            && provider.cipher(suite.encryption).is_some()
            && provider.hash(suite.hash).is_some()
            && suite.prf().and_then(|it| provider.prf(it)).is_some()
            && provider.group(suite.group).is_some()
    };
    let suites = connection.proposals.iter().flat_map(IkeProposal::suites);
    let mut out: Vec<Phase1> = Vec::new();
    for suite in suites.filter(allowed) {
        let offer = Phase1 {
            suite,
            auth,
            lifetimes: Lifetimes {
                seconds: Some(seconds),
                kilobytes: None,
            },
        };
        if out.len() < usize::from(u8::MAX) && !out.contains(&offer) {
            out.push(offer);
        }
    }
    out
}

/// The body of an SA payload that offers these.
pub(crate) fn write(offers: &[Phase1]) -> Vec<u8> {
    let mut body = Vec::new();
    let mut builder = SaBuilder::new(&mut body);
    builder.proposal(1, ProtocolId::ISAKMP, &[]);
    for (number, offer) in (1..=u8::MAX).zip(offers) {
        let Some(attributes) = offer.attributes() else {
            continue;
        };
        builder.transform(number, KEY_IKE);
        for it in &attributes {
            builder.attribute(it.as_attribute());
        }
    }
    builder.finish();
    body
}

/// The body of an SA payload with the one proposal and transform chosen, as the peer wrote them: the responder must not
/// change an attribute (RFC 2409 §5).
pub(crate) fn write_choice(
    proposal: &Proposal<'_>,
    transform: &Transform<'_>,
    spi: &[u8],
) -> Vec<u8> {
    let mut body = Vec::new();
    let mut builder = SaBuilder::new(&mut body);
    builder.proposal(proposal.number, proposal.protocol, spi);
    builder.transform(transform.number, transform.id);
    for it in transform.attributes() {
        builder.attribute(it);
    }
    builder.finish();
    body
}

/// What a responder has chosen.
#[derive(Debug)]
pub(crate) struct Chosen {
    /// Which connection it comes from.
    pub(crate) connection: usize,
    pub(crate) offer: Phase1,
    /// The body of the answer.
    pub(crate) answer: Vec<u8>,
}

/// The responder's choice: the first suite of the first connection that the peer offers, too. Transforms that cannot be
/// understood are passed over ([MS-IKEE] §3.1.5).
pub(crate) fn choose<'a>(
    candidates: impl Iterator<Item = (usize, &'a Connection)> + Clone,
    provider: &Provider,
    theirs: &SecurityAssociation<'_>,
) -> Result<Chosen, Failure> {
    let theirs: Vec<_> = transforms(theirs)
        .filter_map(|(proposal, transform)| {
            let offer = Phase1::read(transform.attributes()).ok()?;
            Some((proposal, transform, offer))
        })
        .collect();
    let mut methods = Vec::new();
    // anybody may ask: what many connections have in common is looked for once
    let mut missed = Vec::new();
    for (index, connection) in candidates.clone() {
        for own in offers(connection, provider, Role::Responder) {
            let wanted = (own.suite, own.auth);
            if missed.contains(&wanted) {
                continue;
            }
            if let Some((proposal, transform, offer)) =
                theirs.iter().find(|(.., it)| (it.suite, it.auth) == wanted)
            {
                return Ok(Chosen {
                    connection: index,
                    offer: *offer,
                    answer: write_choice(proposal, transform, proposal.spi),
                });
            }
            missed.push(wanted);
            if !methods.contains(&own.auth) {
                methods.push(own.auth);
            }
        }
    }
    let theirs: Vec<Phase1> = theirs.into_iter().map(|(.., offer)| offer).collect();
    if methods.is_empty() && candidates.clone().next().is_none() {
        return Err(Incompatibility::NoConnection.into());
    }
    let encryption = theirs
        .iter()
        .find(|it| Proof::of_v1(it.auth) == Some(Proof::Decryption));
    // RFC 2409 §5.2, §5.3: refused by name, if that is all the peer offers
    if let Some(it) = encryption
        && theirs
            .iter()
            .all(|it| Proof::of_v1(it.auth) == Some(Proof::Decryption))
    {
        return Err(Incompatibility::PublicKeyEncryption(it.auth).into());
    }
    let ours = candidates.flat_map(|(_, it)| it.proposals.iter().cloned());
    Err(Incompatibility::Ike {
        ours: ours.collect(),
        methods,
        theirs,
    }
    .into())
}

/// The initiator's check: one proposal, one transform, and that is one of ours.
pub(crate) fn accept(
    offers: &[Phase1],
    theirs: &SecurityAssociation<'_>,
) -> Result<Phase1, Failure> {
    let mut all = transforms(theirs);
    let (Some((_, transform)), None) = (all.next(), all.next()) else {
        return Err(Misbehaviour::ChoseUnoffered.into());
    };
    let chosen = Phase1::read(transform.attributes()).map_err(|_| Misbehaviour::ChoseUnoffered)?;
    let known = offers
        .iter()
        .any(|it| it.suite == chosen.suite && it.auth == chosen.auth);
    if known {
        Ok(chosen)
    } else {
        Err(Misbehaviour::ChoseUnoffered.into())
    }
}

fn transforms<'a>(
    theirs: &SecurityAssociation<'a>,
) -> impl Iterator<Item = (Proposal<'a>, Transform<'a>)> + use<'a> {
    theirs
        .proposals()
        .filter(|it| it.protocol == ProtocolId::ISAKMP)
        .flat_map(|proposal| {
            proposal
                .transforms()
                .filter(|it| it.id == KEY_IKE)
                .map(move |it| (proposal, it))
        })
}
