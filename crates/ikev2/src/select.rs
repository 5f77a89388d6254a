//! Choosing a suite, and checking the peer's choice (RFC 7296 §2.7, §3.3.6, [MS-IKEE] §3.1.5).

use alloc::vec::Vec;

use ipsec_doi::{
    Encryption, EncryptionId, EspProposal, EspSuite, GroupId, IkeProposal, IkeSuite, IntegrityId,
    PrfId,
};
use isakmp_wire::v2::{
    Proposal, ProtocolId, SaBuilder, SecurityAssociation, Transform, TransformType,
};

use crate::profile::SuiteChoice;

/// Where a proposal stands; CREATE_CHILD_SA has an SPI for IKE, too, and groups for ESP
/// (RFC 7296 §1.3).
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Place {
    /// IKE_SA_INIT, or IKE_AUTH.
    Initial,
    /// CREATE_CHILD_SA.
    Create,
}

/// One of our proposals, for IKE or for ESP.
pub(crate) trait Offer {
    type Suite: Copy;
    /// What both this entry and `theirs` allow, best of ours first.
    fn meet(&self, theirs: &Proposal<'_>, place: Place) -> Option<Self::Suite>;
    /// How many transforms a proposal has that chooses `suite`.
    fn chosen_len(suite: Self::Suite) -> usize;
}

/// The result: which proposal of the peer, and what of it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Chosen<'a, S> {
    pub(crate) number: u8,
    pub(crate) spi: &'a [u8],
    pub(crate) suite: S,
}

/// The responder's choice.
pub(crate) fn choose<'a, O: Offer>(
    ours: &[O],
    theirs: &SecurityAssociation<'a>,
    order: SuiteChoice,
    place: Place,
) -> Option<Chosen<'a, O::Suite>> {
    let meet = |own: &O, proposal: &Proposal<'a>| {
        own.meet(proposal, place).map(|suite| Chosen {
            number: proposal.number,
            spi: proposal.spi,
            suite,
        })
    };
    match order {
        SuiteChoice::OwnOrder => ours
            .iter()
            .find_map(|own| theirs.proposals().find_map(|it| meet(own, &it))),
        SuiteChoice::PeerOrder => theirs
            .proposals()
            .find_map(|it| ours.iter().find_map(|own| meet(own, &it))),
    }
}

/// The initiator's check: one proposal, numbered as one of ours, one transform of each kind, all
/// of them offered there.
pub(crate) fn accept<'a, O: Offer>(
    ours: &[O],
    theirs: &SecurityAssociation<'a>,
    place: Place,
) -> Option<Chosen<'a, O::Suite>> {
    let mut proposals = theirs.proposals();
    let (Some(answer), None) = (proposals.next(), proposals.next()) else {
        return None;
    };
    let own = ours.get(usize::from(answer.number).checked_sub(1)?)?;
    let suite = own.meet(&answer, place)?;
    let single = answer.transforms().filter(|it| !is_none(it)).count() == O::chosen_len(suite);
    single.then_some(Chosen {
        number: answer.number,
        spi: answer.spi,
        suite,
    })
}

/// A transform that stands for its own absence (RFC 7296 §3.3.3).
fn is_none(transform: &Transform<'_>) -> bool {
    matches!(transform.kind, TransformType::INTEG | TransformType::KE) && transform.id == 0
}

fn ids<'a>(proposal: &Proposal<'a>, kind: TransformType) -> impl Iterator<Item = Transform<'a>> {
    proposal.transforms().filter(move |it| it.kind == kind)
}

/// The first of `ours` that the proposal has among its transforms of this kind.
fn first<T: Copy>(
    ours: &[T],
    theirs: &Proposal<'_>,
    kind: TransformType,
    number: impl Fn(T) -> u16,
) -> Option<T> {
    ours.iter()
        .copied()
        .find(|own| ids(theirs, kind).any(|it| it.id == number(*own)))
}

fn encryption(ours: &[Encryption], theirs: &Proposal<'_>) -> Option<Encryption> {
    ours.iter().copied().find(|own| {
        ids(theirs, TransformType::ENCR)
            .any(|it| it.id == own.id.get() && it.key_length() == own.key_length_attribute())
    })
}

/// Integrity beside `encryption`: none beside an AEAD (RFC 5282 §8), one otherwise.
#[expect(
    clippy::option_option,
    reason = "not acceptable, or acceptable with or without integrity"
)]
fn integrity(
    encryption: Encryption,
    ours: &[IntegrityId],
    theirs: &Proposal<'_>,
) -> Option<Option<IntegrityId>> {
    if encryption.is_aead() {
        return ids(theirs, TransformType::INTEG)
            .all(|it| it.id == 0)
            .then_some(None);
    }
    first(ours, theirs, TransformType::INTEG, IntegrityId::get).map(Some)
}

/// Whether the proposal has only transforms of these kinds; one with others must be passed over
/// (RFC 7296 §3.3.6).
fn only(theirs: &Proposal<'_>, kinds: &[TransformType]) -> bool {
    theirs.transforms().all(|it| kinds.contains(&it.kind))
}

impl Offer for IkeProposal {
    type Suite = IkeSuite;

    fn meet(&self, theirs: &Proposal<'_>, place: Place) -> Option<IkeSuite> {
        use TransformType as T;
        let spi_len = if place == Place::Create { 8 } else { 0 };
        let ike = theirs.protocol == ProtocolId::IKE && theirs.spi.len() == spi_len;
        if !ike || !only(theirs, &[T::ENCR, T::PRF, T::INTEG, T::KE]) {
            return None;
        }
        let encryption = encryption(&self.encryption, theirs)?;
        Some(IkeSuite {
            encryption,
            integrity: integrity(encryption, &self.integrity, theirs)?,
            prf: first(&self.prf, theirs, T::PRF, PrfId::get)?,
            group: first(&self.groups, theirs, T::KE, GroupId::get)?,
        })
    }

    fn chosen_len(suite: IkeSuite) -> usize {
        if suite.integrity.is_some() { 4 } else { 3 }
    }
}

impl Offer for EspProposal {
    type Suite = EspSuite;

    /// A key exchange group in the proposal of an IKE_AUTH has no effect (RFC 7296 §1.2).
    fn meet(&self, theirs: &Proposal<'_>, place: Place) -> Option<EspSuite> {
        use TransformType as T;
        let esp = theirs.protocol == ProtocolId::ESP && theirs.spi.len() == 4;
        if !esp || !only(theirs, &[T::ENCR, T::INTEG, T::KE, T::ESN]) {
            return None;
        }
        let encryption = encryption(&self.encryption, theirs)?;
        let silent = ids(theirs, T::ESN).next().is_none();
        let esn = self.esn.iter().copied().find(|own| {
            (silent && !own) || ids(theirs, T::ESN).any(|it| it.id == u16::from(*own))
        })?;
        Some(EspSuite {
            encryption,
            integrity: integrity(encryption, &self.integrity, theirs)?,
            group: match place {
                Place::Initial => None,
                Place::Create => fresh_group(&self.groups, theirs)?,
            },
            esn,
        })
    }

    fn chosen_len(suite: EspSuite) -> usize {
        let integrity = usize::from(suite.integrity.is_some());
        let group = usize::from(suite.group.is_some());
        integrity.saturating_add(group).saturating_add(2)
    }
}

/// The group of a child's own key exchange, or none where both sides do without.
#[expect(
    clippy::option_option,
    reason = "not acceptable, or acceptable with or without a group"
)]
fn fresh_group(ours: &[GroupId], theirs: &Proposal<'_>) -> Option<Option<GroupId>> {
    let offers = |id: GroupId| ids(theirs, TransformType::KE).any(|it| it.id == id.get());
    let optional = ids(theirs, TransformType::KE).next().is_none() || offers(GroupId::NONE);
    if ours.is_empty() {
        return optional.then_some(None);
    }
    ours.iter().find_map(|own| match *own {
        GroupId::NONE => optional.then_some(None),
        own => offers(own).then_some(Some(own)),
    })
}

/// Writes all our IKE proposals; an SPI stands only in those of CREATE_CHILD_SA.
pub(crate) fn write_ike(ours: &[IkeProposal], spi: &[u8]) -> Vec<u8> {
    let mut body = Vec::new();
    let mut builder = SaBuilder::new(&mut body);
    for (number, own) in (1..=u8::MAX).zip(ours) {
        builder.proposal(number, ProtocolId::IKE, spi);
        for it in &own.encryption {
            builder.transform(TransformType::ENCR, it.id.get(), it.key_length_attribute());
        }
        for it in &own.prf {
            builder.transform(TransformType::PRF, it.get(), None);
        }
        for it in &own.integrity {
            builder.transform(TransformType::INTEG, it.get(), None);
        }
        for it in &own.groups {
            builder.transform(TransformType::KE, it.get(), None);
        }
    }
    builder.finish();
    body
}

/// Writes the IKE proposal that was chosen, under the number that the peer gave it.
pub(crate) fn write_ike_choice(number: u8, suite: IkeSuite, spi: &[u8]) -> Vec<u8> {
    let mut body = Vec::new();
    let mut builder = SaBuilder::new(&mut body);
    builder.proposal(number, ProtocolId::IKE, spi);
    builder.transform(
        TransformType::ENCR,
        suite.encryption.id.get(),
        suite.encryption.key_length_attribute(),
    );
    builder.transform(TransformType::PRF, suite.prf.get(), None);
    if let Some(integrity) = suite.integrity {
        builder.transform(TransformType::INTEG, integrity.get(), None);
    }
    builder.transform(TransformType::KE, suite.group.get(), None);
    builder.finish();
    body
}

/// Writes all our ESP proposals, each with ESP alone ([MS-IKEE] note 2); without groups in IKE_AUTH
/// (RFC 7296 §1.2).
pub(crate) fn write_esp(ours: &[EspProposal], spi: u32, place: Place) -> Vec<u8> {
    let mut body = Vec::new();
    let mut builder = SaBuilder::new(&mut body);
    for (number, own) in (1..=u8::MAX).zip(ours) {
        builder.proposal(number, ProtocolId::ESP, &spi.to_be_bytes());
        for it in &own.encryption {
            builder.transform(TransformType::ENCR, it.id.get(), it.key_length_attribute());
        }
        for it in &own.integrity {
            builder.transform(TransformType::INTEG, it.get(), None);
        }
        for it in own.groups.iter().filter(|_| place == Place::Create) {
            builder.transform(TransformType::KE, it.get(), None);
        }
        for it in &own.esn {
            builder.transform(TransformType::ESN, u16::from(*it), None);
        }
    }
    builder.finish();
    body
}

/// Writes the ESP proposal that was chosen, with our own SPI.
pub(crate) fn write_esp_choice(number: u8, suite: EspSuite, spi: u32) -> Vec<u8> {
    let mut body = Vec::new();
    let mut builder = SaBuilder::new(&mut body);
    builder.proposal(number, ProtocolId::ESP, &spi.to_be_bytes());
    builder.transform(
        TransformType::ENCR,
        suite.encryption.id.get(),
        suite.encryption.key_length_attribute(),
    );
    if let Some(integrity) = suite.integrity {
        builder.transform(TransformType::INTEG, integrity.get(), None);
    }
    if let Some(group) = suite.group {
        builder.transform(TransformType::KE, group.get(), None);
    }
    builder.transform(TransformType::ESN, u16::from(suite.esn), None);
    builder.finish();
    body
}

fn encryptions(proposal: &Proposal<'_>) -> Vec<Encryption> {
    ids(proposal, TransformType::ENCR)
        .map(|it| Encryption::new(EncryptionId::new(it.id), it.key_length().unwrap_or(0)))
        .collect()
}

fn numbers<T>(proposal: &Proposal<'_>, kind: TransformType, new: impl Fn(u16) -> T) -> Vec<T> {
    ids(proposal, kind).map(|it| new(it.id)).collect()
}

/// What the peer offers for IKE, to tell an operator.
pub(crate) fn read_ike(theirs: &SecurityAssociation<'_>) -> Vec<IkeProposal> {
    let read = |it: Proposal<'_>| IkeProposal {
        encryption: encryptions(&it),
        integrity: numbers(&it, TransformType::INTEG, IntegrityId::new),
        prf: numbers(&it, TransformType::PRF, PrfId::new),
        groups: numbers(&it, TransformType::KE, GroupId::new),
    };
    theirs.proposals().map(read).collect()
}

/// What the peer offers for ESP, to tell an operator.
pub(crate) fn read_esp(theirs: &SecurityAssociation<'_>) -> Vec<EspProposal> {
    let read = |it: Proposal<'_>| EspProposal {
        encryption: encryptions(&it),
        integrity: numbers(&it, TransformType::INTEG, IntegrityId::new),
        groups: numbers(&it, TransformType::KE, GroupId::new),
        esn: numbers(&it, TransformType::ESN, |id| id == 1),
    };
    theirs.proposals().map(read).collect()
}
