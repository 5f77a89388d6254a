//! What quick mode offers, and what of it is chosen (RFC 2407 §4.4, §4.5).

use alloc::vec::Vec;

use ike_crypto::Provider;
use ipsec_doi::encapsulation::{Encapsulation, NatRevision};
use ipsec_doi::v1::{Lifetimes, Phase2};
use ipsec_doi::{EncryptionId, GroupId, IntegrityId};
use isakmp_wire::v1::{Proposal, ProtocolId, SaBuilder, SecurityAssociation, Transform};

use crate::config::{Child, Suites};
use crate::failure::{Failure, Incompatibility, Misbehaviour};
use crate::select::is_legacy_group;

/// The protocol of a child.
pub(crate) const fn protocol(child: &Child) -> ProtocolId {
    match child.suites {
        Suites::Ah(_) => ProtocolId::AH,
        Suites::Esp(_) => ProtocolId::ESP,
    }
}

/// What may be offered or accepted for a child: what it lists, strong enough unless `legacy`, best first.
pub(crate) fn offers(
    child: &Child,
    provider: &Provider,
    legacy: bool,
    udp: Option<NatRevision>,
) -> Vec<Phase2> {
    let seconds = u32::try_from(child.lifetime.time.as_secs()).unwrap_or(u32::MAX);
    let base = Phase2 {
        encryption: None,
        integrity: None,
        group: None,
        encapsulation: Some(Encapsulation {
            mode: child.mode,
            udp,
        }),
        esn: false,
        lifetimes: Lifetimes {
            seconds: Some(seconds),
            kilobytes: child.lifetime.kilobytes,
        },
    };
    let allowed = |it: &Phase2| {
        let weak = it.encryption.is_some_and(|it| {
            matches!(
                it.id,
                EncryptionId::DES | EncryptionId::NULL | EncryptionId::NULL_AES_GMAC
            )
        }) || it.integrity == Some(IntegrityId::HMAC_MD5_96)
            || it.group.is_some_and(is_legacy_group);
        (legacy || !weak) && it.group.is_none_or(|id| provider.group(id).is_some())
    };
    let mut all: Vec<Phase2> = match &child.suites {
        Suites::Esp(list) => list.iter().flat_map(|it| esp(it, base)).collect(),
        Suites::Ah(list) => list
            .iter()
            .flat_map(|proposal| {
                groups(&proposal.groups).flat_map(move |group| {
                    proposal.integrity.iter().map(move |it| Phase2 {
                        integrity: Some(*it),
                        group,
                        ..base
                    })
                })
            })
            .collect(),
    };
    all.retain(allowed);
    all.truncate(usize::from(u8::MAX));
    all
}

/// The combinations of one ESP proposal.
fn esp(proposal: &ipsec_doi::EspProposal, base: Phase2) -> impl Iterator<Item = Phase2> {
    groups(&proposal.groups).flat_map(move |group| {
        proposal.encryption.iter().flat_map(move |encryption| {
            let integrity: Vec<Option<IntegrityId>> = if encryption.is_aead() {
                alloc::vec![None]
            } else {
                proposal.integrity.iter().copied().map(Some).collect()
            };
            integrity.into_iter().flat_map(move |integrity| {
                proposal.esn.iter().map(move |esn| Phase2 {
                    encryption: Some(*encryption),
                    integrity,
                    group,
                    esn: *esn,
                    ..base
                })
            })
        })
    })
}

/// The groups of a key exchange of its own, or none.
fn groups(listed: &[GroupId]) -> impl Iterator<Item = Option<GroupId>> {
    let none = listed.is_empty().then_some(None);
    let some = listed
        .iter()
        .map(|it| Some(*it).filter(|it| *it != GroupId::NONE));
    none.into_iter().chain(some)
}

/// The body of an SA payload that offers these for one protocol.
pub(crate) fn write(offers: &[Phase2], protocol: ProtocolId, spi: u32) -> Vec<u8> {
    let mut body = Vec::new();
    let mut builder = SaBuilder::new(&mut body);
    builder.proposal(1, protocol, &spi.to_be_bytes());
    for (number, offer) in (1..=u8::MAX).zip(offers) {
        let (id, attributes) = if protocol == ProtocolId::AH {
            let Some((id, attributes)) = offer.ah_attributes() else {
                continue;
            };
            (id.get(), attributes)
        } else {
            let Some((id, attributes)) = offer.attributes() else {
                continue;
            };
            (id.get(), attributes)
        };
        builder.transform(number, id);
        for it in &attributes {
            builder.attribute(it.as_attribute());
        }
    }
    builder.finish();
    body
}

/// What a responder chose, or an initiator was answered.
#[derive(Debug)]
pub(crate) struct Chosen<'a> {
    pub(crate) proposal: Proposal<'a>,
    pub(crate) transform: Transform<'a>,
    pub(crate) suite: Phase2,
    pub(crate) spi: u32,
}

/// Whether a transform of the peer is this offer of ours, but for the lifetimes; a mode that is not said is ours to
/// choose.
fn same(ours: &Phase2, theirs: &Phase2) -> bool {
    ours.encryption == theirs.encryption
        && ours.integrity == theirs.integrity
        && ours.group == theirs.group
        && ours.esn == theirs.esn
        && (theirs.encapsulation.is_none() || ours.encapsulation == theirs.encapsulation)
}

/// The responder's choice. Bundles of several protocols, and compression, are passed over.
pub(crate) fn choose<'a>(
    ours: &[Phase2],
    wanted: ProtocolId,
    theirs: &SecurityAssociation<'a>,
) -> Option<Chosen<'a>> {
    ours.iter().find_map(|own| {
        transforms(theirs, wanted).find_map(|(proposal, transform)| {
            let suite = Phase2::read(wanted, transform.id, transform.attributes()).ok()?;
            let spi = spi(proposal.spi)?;
            same(own, &suite).then_some(Chosen {
                proposal,
                transform,
                suite,
                spi,
            })
        })
    })
}

/// The initiator's check: one proposal, one transform, and that is one of ours.
pub(crate) fn accept<'a>(
    ours: &[Phase2],
    wanted: ProtocolId,
    theirs: &SecurityAssociation<'a>,
) -> Result<Chosen<'a>, Failure> {
    let mut all = transforms(theirs, wanted);
    let one = (all.next(), all.next(), theirs.proposals().count());
    let (Some((proposal, transform)), None, 1) = one else {
        return Err(Misbehaviour::ChoseUnoffered.into());
    };
    let suite = Phase2::read(wanted, transform.id, transform.attributes())
        .map_err(|_| Misbehaviour::ChoseUnoffered)?;
    let spi = spi(proposal.spi).ok_or(Misbehaviour::ChoseUnoffered)?;
    if !ours.iter().any(|it| same(it, &suite)) {
        return Err(Misbehaviour::ChoseUnoffered.into());
    }
    Ok(Chosen {
        proposal,
        transform,
        suite,
        spi,
    })
}

/// Transforms of proposals that stand alone: what has the same number belongs together (RFC 2408 §4.2).
fn transforms<'a>(
    theirs: &SecurityAssociation<'a>,
    wanted: ProtocolId,
) -> impl Iterator<Item = (Proposal<'a>, Transform<'a>)> + use<'a> {
    let all = *theirs;
    all.proposals()
        .filter(move |it| {
            let alone = all
                .proposals()
                .filter(|other| other.number == it.number)
                .count()
                == 1;
            alone && it.protocol == wanted
        })
        .flat_map(|proposal| proposal.transforms().map(move |it| (proposal, it)))
}

/// An SPI outside the reserved range (RFC 4303 §2.1).
fn spi(octets: &[u8]) -> Option<u32> {
    let octets = octets.try_into().ok()?;
    Some(u32::from_be_bytes(octets)).filter(|it| *it > 255)
}

/// No child suits: what the peer offers, to tell an operator.
pub(crate) fn refusal(
    child: &Child,
    wanted: ProtocolId,
    theirs: &SecurityAssociation<'_>,
) -> Failure {
    let theirs = transforms(theirs, wanted)
        .filter_map(|(_, it)| Phase2::read(wanted, it.id, it.attributes()).ok())
        .collect();
    Incompatibility::Child {
        child: child.name.clone(),
        theirs,
    }
    .into()
}
