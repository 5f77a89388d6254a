//! The vendor IDs of each release, in the order in which they were seen, or else in the order of note 6.
//!
//! Seen were, in IKEv1: an L2TP client of Windows XP (which says 4, Server 2003's number), one of Windows 7 (which says
//! 8, Server 2008 R2's number, and leaves the keying modules out), one of Windows 10, and Windows 10 as a responder;
//! in IKEv2: clients of Windows 8 and 10.

use isakmp_wire::vendor_id as id;

use super::joined::joined;
use super::{Announcement, When};

type List = &'static [Announcement];

const fn release(number: u32) -> Announcement {
    Announcement::numbered(id::MS_NT5_ISAKMPOAKLEY, number, When::Always)
}

/// Which keying modules there are; not in answers.
const fn modules(number: u32) -> Announcement {
    Announcement::numbered(id::KEY_MODS, number, When::Initiator)
}

const KERBEROS: Announcement = Announcement::new(id::GSSAPI, When::Kerberos);
const FRAGMENTATION: Announcement = Announcement::new(id::FRAGMENTATION, When::Always);
/// [MS-IKEE] note 15: no NAT traversal over IPv6.
const DRAFT: Announcement = Announcement::new(id::NAT_T_DRAFT_02, When::Ipv4);
const RFC_3947: Announcement = Announcement::new(id::NAT_T_RFC_3947, When::Ipv4);
const DISCOVERY: Announcement = Announcement::new(id::NEGOTIATION_DISCOVERY, When::Always);
const FIRST_CONTACT: Announcement = Announcement::new(id::VID_INITIAL_CONTACT, When::FirstContact);
const CLUSTER: Announcement = Announcement::new(id::NLBS_PRESENT, When::Cluster);
const CGA: Announcement = Announcement::new(id::IKE_CGA, When::Always);
const AUTHIP: Announcement = Announcement::new(id::MS_MAMIE_EXISTS, When::Authip);
const AUTHIP_GROUP: Announcement =
    Announcement::numbered(id::AUTHIP_INIT_KE_DH_GROUP, 2, When::Authip);
const XBOX: Announcement = Announcement::new(id::XBOX_ONE_2013, When::Xbox);
const XBOX_TYPE: Announcement = Announcement::numbered(id::XBOX_NEGOTIATION, 0, When::Xbox);
const REALM: Announcement = Announcement::new(id::SECURITY_REALM, When::Realm);

pub(super) const WINDOWS_2000: List = &[release(2), KERBEROS];
pub(super) const WINDOWS_2000_SP4: List = &[release(2), KERBEROS, FRAGMENTATION, DRAFT];
pub(super) const WINDOWS_XP: List = &[release(3), KERBEROS];
pub(super) const SERVER_2003: List = &[
    release(4),
    KERBEROS,
    FRAGMENTATION,
    DRAFT,
    FIRST_CONTACT,
    CLUSTER,
];
pub(super) const VISTA: List = &vista(5);
pub(super) const SERVER_2008: List = &vista(6);
pub(super) const SEVEN: List = &vista(7);
pub(super) const SERVER_2008_R2: List = &vista(8);
pub(super) const EIGHT: List =
    &joined::<_, 12>(&[modules(1)], &joined::<_, 11>(&vista(9), &[AUTHIP_GROUP]));

pub(super) const SEVEN_IKEV2: List = &ikev2(7);
pub(super) const SERVER_2008_R2_IKEV2: List = &ikev2(8);
pub(super) const EIGHT_IKEV2: List = &ikev2(9);
pub(super) const TEN_IKEV2: List = &joined::<_, 7>(&ikev2(9), &[XBOX, XBOX_TYPE, REALM]);

/// Vista and all that came after it say the same but for their number.
const fn vista(number: u32) -> [Announcement; 10] {
    [
        release(number),
        KERBEROS,
        RFC_3947,
        DRAFT,
        FRAGMENTATION,
        DISCOVERY,
        FIRST_CONTACT,
        CLUSTER,
        CGA,
        AUTHIP,
    ]
}

/// The same for IKEv2.
const fn ikev2(number: u32) -> [Announcement; 4] {
    [release(number), DISCOVERY, FIRST_CONTACT, modules(2)]
}
