//! The table, release by release: what stands for several is said once, and every release says what it has otherwise.
//!
//! Where logs and captures of real hosts contradict the notes of [MS-IKEE], the data follows what was seen, and says so.

use core::time::Duration;

use ipsec_doi::GroupId;
use ipsec_doi::encapsulation::NatRevision;

use super::algorithms::{FIRST_ALGORITHMS, SEVEN_ALGORITHMS, VISTA_ALGORITHMS};
use super::announcements as ids;
use super::joined::joined;
use super::{
    Algorithms, Delete, Dos, Extension, Fragmentation, Idle, Ikev2, NatT, Release, Windows,
};

/// Follows from [MS-IKEE] note 5.
const FIRST_PHASE_1: &[&str] = &[
    "3des-sha1-modp1024",
    "3des-md5-modp1024",
    "des-sha1-modp768",
    "des-md5-modp768",
];
/// As seen of an L2TP client of Windows 10.
const VISTA_PHASE_1: &[&str] = &[
    "aes256-sha1-ecp384",
    "aes128-sha1-ecp256",
    "aes256-sha1-modp2048",
    "3des-sha1-modp2048",
    "3des-sha1-modp1024",
];
const FIRST_PHASE_2: &[&str] = &["3des-sha1", "3des-md5", "des-sha1", "des-md5"];
const VISTA_PHASE_2: &[&str] = &["aes256-sha1", "aes128-sha1", "3des-sha1", "des-sha1"];

/// [MS-IKEE] note 13, [MS-IKEE] note 14.
const NAT_T_DRAFT: NatT = NatT {
    revisions: &[NatRevision::Draft],
    keep_alive: Some(Duration::from_secs(20)),
};
const NAT_T: NatT = NatT {
    revisions: &[NatRevision::Rfc3947, NatRevision::Draft],
    keep_alive: Some(Duration::from_secs(20)),
};
/// [MS-IKEE] note 14: Vista and Server 2008 before their service packs 2.
const NAT_T_SILENT: NatT = NatT {
    keep_alive: None,
    ..NAT_T
};

/// [MS-IKEE] note 16, [MS-IKEE] note 17, [MS-IKEE] note 18, [MS-IKEE] note 19.
const FRAGMENTS_OF_BOTH: Fragmentation = Fragmentation {
    after: Duration::from_secs(3),
    initiator_only: false,
    from_message: 3,
    reassembly: Duration::from_secs(70),
    at_once: true,
};
const FRAGMENTS_OF_INITIATOR: Fragmentation = Fragmentation {
    initiator_only: true,
    from_message: 1,
    ..FRAGMENTS_OF_BOTH
};
/// [MS-IKEE] note 19 is about releases up to 7 and Server 2008 R2.
const FRAGMENTS_BY_TIMER: Fragmentation = Fragmentation {
    at_once: false,
    ..FRAGMENTS_OF_INITIATOR
};

/// [MS-IKEE] note 23, [MS-IKEE] note 24: no nonce, no timer.
const PLAIN_DELETE: Delete = Delete {
    nonce: false,
    retransmissions: 0,
    first: Duration::from_secs(1),
    longest: Duration::from_secs(16),
    shutdown_as_usual: true,
};
/// [MS-IKEE] note 24, [MS-IKEE] note 25.
const XP_DELETE: Delete = Delete {
    nonce: true,
    retransmissions: 6,
    ..PLAIN_DELETE
};
const VISTA_DELETE: Delete = Delete {
    shutdown_as_usual: false,
    ..XP_DELETE
};

/// [MS-IKEE] note 29; what later releases do is not said, and taken to be the same.
const THRESHOLDS: Dos = Dos::Thresholds {
    on: 500,
    off: 100,
    per_address: 35,
};

/// [MS-IKEE] note 21.
const IDLE: Idle = Idle {
    usual: Duration::from_secs(300),
    failover: Duration::from_secs(60),
};

const WINDOWS_2000: Windows = Windows {
    release: Release::Windows2000,
    extensions: &[Extension::Status],
    algorithms: FIRST_ALGORITHMS,
    phase_1: FIRST_PHASE_1,
    phase_2: FIRST_PHASE_2,
    vendor_ids: ids::WINDOWS_2000,
    nat_t: None,
    fragmentation: None,
    delete: PLAIN_DELETE,
    dos: Dos::Always,
    idle: IDLE,
    ikev2: None,
};
const WINDOWS_2000_SP4: Windows = Windows {
    release: Release::Windows2000Sp4,
    extensions: &[
        Extension::Fragmentation,
        Extension::NatT,
        Extension::ReliableDelete,
        Extension::Status,
    ],
    vendor_ids: ids::WINDOWS_2000_SP4,
    nat_t: Some(NAT_T_DRAFT),
    fragmentation: Some(FRAGMENTS_OF_BOTH),
    ..WINDOWS_2000
};
const WINDOWS_XP: Windows = Windows {
    release: Release::WindowsXp,
    extensions: &[Extension::ReliableDelete, Extension::Dos, Extension::Status],
    vendor_ids: ids::WINDOWS_XP,
    delete: XP_DELETE,
    ..WINDOWS_2000
};
const WINDOWS_XP_SP2: Windows = Windows {
    release: Release::WindowsXpSp2,
    extensions: &[
        Extension::Fragmentation,
        Extension::NatT,
        Extension::Failover,
        Extension::ReliableDelete,
        Extension::Dos,
        Extension::Status,
    ],
    vendor_ids: ids::SERVER_2003,
    nat_t: Some(NAT_T_DRAFT),
    fragmentation: Some(FRAGMENTS_OF_BOTH),
    ..WINDOWS_XP
};
/// [MS-IKEE] note 5: group 14 from here on.
const SERVER_2003: Windows = Windows {
    release: Release::Server2003,
    algorithms: Algorithms {
        groups: &[GroupId::MODP_2048, GroupId::MODP_1024, GroupId::MODP_768],
        ..FIRST_ALGORITHMS
    },
    phase_1: &[
        "3des-sha1-modp2048",
        "3des-sha1-modp1024",
        "3des-md5-modp1024",
        "des-sha1-modp768",
        "des-md5-modp768",
    ],
    ..WINDOWS_XP_SP2
};

/// [MS-IKEE] note 2, [MS-IKEE] note 3.
const VISTA_EXTENSIONS: &[Extension] = &[
    Extension::NatT,
    Extension::Fragmentation,
    Extension::Discovery,
    Extension::Failover,
    Extension::Cga,
    Extension::Coexistence,
    Extension::ReliableDelete,
    Extension::Dos,
    Extension::Status,
];
const VISTA: Windows = Windows {
    release: Release::WindowsVista,
    extensions: VISTA_EXTENSIONS,
    algorithms: VISTA_ALGORITHMS,
    phase_1: VISTA_PHASE_1,
    phase_2: VISTA_PHASE_2,
    vendor_ids: ids::VISTA,
    nat_t: Some(NAT_T_SILENT),
    fragmentation: Some(FRAGMENTS_OF_INITIATOR),
    delete: VISTA_DELETE,
    dos: THRESHOLDS,
    ..WINDOWS_2000
};
const VISTA_SP2: Windows = Windows {
    release: Release::WindowsVistaSp2,
    nat_t: Some(NAT_T),
    ..VISTA
};
const SERVER_2008: Windows = Windows {
    release: Release::Server2008,
    vendor_ids: ids::SERVER_2008,
    ..VISTA
};
const SERVER_2008_SP2: Windows = Windows {
    release: Release::Server2008Sp2,
    nat_t: Some(NAT_T),
    ..SERVER_2008
};

/// [MS-IKEE] note 2, [MS-IKEE] note 30: IKEv2 begins here, and what it has.
const SEVEN_EXTENSIONS: &[Extension] = &joined::<_, 11>(
    VISTA_EXTENSIONS,
    &[Extension::Correlation, Extension::ServerAddress],
);
/// [MS-IKEE] note 33: dead peers are looked for by servers only, and in IKEv2 only.
const SERVER_2012_EXTENSIONS: &[Extension] = &joined::<_, 12>(SEVEN_EXTENSIONS, &[Extension::Dpd]);
/// Fragments of IKEv2, as logs show them.
const ELEVEN_EXTENSIONS: &[Extension] =
    &joined::<_, 12>(SEVEN_EXTENSIONS, &[Extension::FragmentationV2]);
const SERVER_2022_EXTENSIONS: &[Extension] = &joined::<_, 13>(ELEVEN_EXTENSIONS, &[Extension::Dpd]);
/// [MS-IKEE] note 2, [MS-IKEE] note 10, [MS-IKEE] note 35: of Windows 10 and the servers of its time. [MS-IKEE] note 6 names no
/// release after Server 2019 that has their vendor IDs.
const XBOX_AND_REALM: &[Extension] = &[Extension::Xbox, Extension::Realm];
const TEN_EXTENSIONS: &[Extension] = &joined::<_, 14>(ELEVEN_EXTENSIONS, XBOX_AND_REALM);
const SERVER_2016_EXTENSIONS: &[Extension] =
    &joined::<_, 14>(SERVER_2012_EXTENSIONS, XBOX_AND_REALM);
const SERVER_2019_EXTENSIONS: &[Extension] =
    &joined::<_, 15>(SERVER_2022_EXTENSIONS, XBOX_AND_REALM);

/// [MS-IKEE] note 2 on proposals; the offers as seen in a capture of Windows 8.
const SEVEN_IKEV2: Ikev2 = Ikev2 {
    vendor_ids: ids::SEVEN_IKEV2,
    ike: &[
        "3des-sha1-modp1024",
        "3des-sha256-modp1024",
        "3des-sha384-modp1024",
        "aes128-sha1-modp1024",
        "aes128-sha256-modp1024",
        "aes128-sha384-modp1024",
        "aes192-sha1-modp1024",
        "aes192-sha256-modp1024",
        "aes192-sha384-modp1024",
        "aes256-sha1-modp1024",
        "aes256-sha256-modp1024",
        "aes256-sha384-modp1024",
    ],
    esp: VISTA_PHASE_2,
    fragmentation: false,
    combined_proposals: false,
};
const SEVEN: Windows = Windows {
    release: Release::Windows7,
    extensions: SEVEN_EXTENSIONS,
    algorithms: SEVEN_ALGORITHMS,
    vendor_ids: ids::SEVEN,
    ikev2: Some(SEVEN_IKEV2),
    ..VISTA_SP2
};
const SERVER_2008_R2: Windows = Windows {
    release: Release::Server2008R2,
    vendor_ids: ids::SERVER_2008_R2,
    ikev2: Some(Ikev2 {
        vendor_ids: ids::SERVER_2008_R2_IKEV2,
        ..SEVEN_IKEV2
    }),
    ..SEVEN
};
const EIGHT_IKEV2: Ikev2 = Ikev2 {
    vendor_ids: ids::EIGHT_IKEV2,
    combined_proposals: true,
    ..SEVEN_IKEV2
};
const EIGHT: Windows = Windows {
    release: Release::Windows8,
    vendor_ids: ids::EIGHT,
    fragmentation: Some(FRAGMENTS_BY_TIMER),
    ikev2: Some(EIGHT_IKEV2),
    ..SEVEN
};
const SERVER_2012: Windows = Windows {
    release: Release::Server2012,
    extensions: SERVER_2012_EXTENSIONS,
    ..EIGHT
};
const WINDOWS_8_1: Windows = Windows {
    release: Release::Windows81,
    ..EIGHT
};
const SERVER_2012_R2: Windows = Windows {
    release: Release::Server2012R2,
    ..SERVER_2012
};

const TEN_IKEV2: Ikev2 = Ikev2 {
    vendor_ids: ids::TEN_IKEV2,
    fragmentation: true,
    ..EIGHT_IKEV2
};
const TEN: Windows = Windows {
    release: Release::Windows10,
    extensions: TEN_EXTENSIONS,
    ikev2: Some(TEN_IKEV2),
    ..EIGHT
};
const SERVER_2016: Windows = Windows {
    release: Release::Server2016,
    extensions: SERVER_2016_EXTENSIONS,
    ikev2: Some(Ikev2 {
        fragmentation: false,
        ..TEN_IKEV2
    }),
    ..TEN
};
const SERVER_2019: Windows = Windows {
    release: Release::Server2019,
    extensions: SERVER_2019_EXTENSIONS,
    ikev2: Some(TEN_IKEV2),
    ..SERVER_2016
};
const SERVER_2022: Windows = Windows {
    release: Release::Server2022,
    extensions: SERVER_2022_EXTENSIONS,
    ikev2: Some(ELEVEN_IKEV2),
    ..SERVER_2019
};
const ELEVEN_IKEV2: Ikev2 = Ikev2 {
    vendor_ids: ids::EIGHT_IKEV2,
    ..TEN_IKEV2
};
const ELEVEN: Windows = Windows {
    release: Release::Windows11,
    extensions: ELEVEN_EXTENSIONS,
    ikev2: Some(ELEVEN_IKEV2),
    ..TEN
};
const SERVER_2025: Windows = Windows {
    release: Release::Server2025,
    ..SERVER_2022
};

/// The profile of a release.
pub(super) const fn of(release: Release) -> &'static Windows {
    match release {
        Release::Windows2000 => &WINDOWS_2000,
        Release::Windows2000Sp4 => &WINDOWS_2000_SP4,
        Release::WindowsXp => &WINDOWS_XP,
        Release::WindowsXpSp2 => &WINDOWS_XP_SP2,
        Release::Server2003 => &SERVER_2003,
        Release::WindowsVista => &VISTA,
        Release::WindowsVistaSp2 => &VISTA_SP2,
        Release::Server2008 => &SERVER_2008,
        Release::Server2008Sp2 => &SERVER_2008_SP2,
        Release::Windows7 => &SEVEN,
        Release::Server2008R2 => &SERVER_2008_R2,
        Release::Windows8 => &EIGHT,
        Release::Server2012 => &SERVER_2012,
        Release::Windows81 => &WINDOWS_8_1,
        Release::Server2012R2 => &SERVER_2012_R2,
        Release::Windows10 => &TEN,
        Release::Server2016 => &SERVER_2016,
        Release::Server2019 => &SERVER_2019,
        Release::Server2022 => &SERVER_2022,
        Release::Windows11 => &ELEVEN,
        Release::Server2025 => &SERVER_2025,
    }
}
