//! The numbers of the two revisions ([MS-IKEE] §2.2.1, §2.2.2).

use alloc::vec::Vec;
use core::net::IpAddr;

use ipsec_doi::encapsulation::{Encapsulation, Mode, NatRevision};
use isakmp_wire::v1::{
    EncapsulationMode, NatOriginalAddress, Phase2Attribute, SecurityAssociation, kind,
};
use isakmp_wire::{Encode, OwnedPayload, PayloadType, vendor_id};

/// The vendor ID that announces a revision ([MS-IKEE] §3.2.4.1).
pub(crate) const fn vendor_id(revision: NatRevision) -> &'static [u8] {
    match revision {
        NatRevision::Draft => &vendor_id::NAT_T_DRAFT_02,
        NatRevision::Rfc3947 => &vendor_id::NAT_T_RFC_3947,
    }
}

/// The type of the NAT-D payload: 130 or 20.
pub(crate) const fn nat_d(revision: NatRevision) -> PayloadType {
    match revision {
        NatRevision::Draft => kind::NAT_D_DRAFT,
        NatRevision::Rfc3947 => kind::NAT_D,
    }
}

/// The type of the NAT-OA payload: 131 or 21.
pub(crate) const fn nat_oa(revision: NatRevision) -> PayloadType {
    match revision {
        NatRevision::Draft => kind::NAT_OA_DRAFT,
        NatRevision::Rfc3947 => kind::NAT_OA,
    }
}

/// A NAT-OA payload (RFC 3947 §5.2).
pub(crate) fn original(revision: NatRevision, address: IpAddr) -> OwnedPayload {
    let mut body = Vec::new();
    NatOriginalAddress { address }.encode(&mut body);
    OwnedPayload::new(nat_oa(revision), body)
}

/// Whether an SA payload of quick mode has transport mode inside UDP, in the numbers of a
/// revision ([MS-IKEE] §2.2.2: 61444 or 4).
pub(crate) fn is_udp_transport(revision: NatRevision, sa: &OwnedPayload) -> bool {
    let wanted = Encapsulation {
        mode: Mode::Transport,
        udp: Some(revision),
    };
    let Ok(sa) = SecurityAssociation::parse(sa.as_raw()) else {
        return false;
    };
    let mut transforms = sa.proposals().flat_map(|it| it.transforms());
    transforms.any(|it| {
        let mode = it
            .attributes()
            .first(Phase2Attribute::ENCAPSULATION_MODE.get());
        let number = mode.and_then(|it| it.number());
        number
            .and_then(|it| u16::try_from(it).ok())
            .and_then(|it| Encapsulation::from_v1(EncapsulationMode::new(it)))
            == Some(wanted)
    })
}
