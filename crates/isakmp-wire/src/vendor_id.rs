//! Well-known vendor IDs: what a peer announces about itself, by name ([MS-IKEE] §1.7 and note 6, RFC 2408 §3.16).
//!
//! Most are the MD5 hash of a string, sometimes cut short, sometimes followed by a value. What counts is the octets on
//! the wire: two of Microsoft's are not the hash of the string that the specification prints, and a third is the
//! hash of another spelling.

mod table;

pub use table::KNOWN;

/// What a side announces about itself, the same payload in both versions (RFC 2408 §3.16, RFC 7296 §3.12); [`lookup`] knows some.
pub type VendorId<'a> = crate::Opaque<'a>;

/// Microsoft's implementation, followed by its [release](windows_release).
pub const MS_NT5_ISAKMPOAKLEY: [u8; 16] = octets(0x1e2b_5169_0599_1c7d_7c96_fcbf_b587_e461);
/// Keying modules that Microsoft's implementation has, followed by the [one in use](keying_module).
pub const KEY_MODS: [u8; 16] = octets(0x0152_8bbb_c006_9612_1849_ab9a_1c5b_2a51);
/// Kerberos authentication.
pub const GSSAPI: [u8; 16] = octets(0x621b_04bb_0988_2ac1_e159_35fe_fa24_aeee);
/// Fast failover, client ([MS-IKEE] §3.5).
pub const VID_INITIAL_CONTACT: [u8; 16] = octets(0x2624_4d38_eddb_61b3_172a_36e3_d0cf_b819);
/// Fast failover, cluster ([MS-IKEE] §3.6).
pub const NLBS_PRESENT: [u8; 16] = octets(0x7287_2b95_fcda_2eb7_08ef_e322_119b_4971);
/// IKEv1 fragmentation ([MS-IKEE] §3.3); Cisco appends 4 octets of flags.
pub const FRAGMENTATION: [u8; 16] = octets(0x4048_b7d5_6ebc_e885_25e7_de7f_00d6_c2d3);
/// NAT traversal, draft revision ([MS-IKEE] §3.2): the hash of the draft's name and a line feed.
pub const NAT_T_DRAFT_02: [u8; 16] = octets(0x90cb_8091_3ebb_696e_0863_81b5_ec42_7b1f);
/// NAT traversal, draft revision, as most others than Microsoft spell it: without the line feed.
pub const NAT_T_DRAFT_02_PLAIN: [u8; 16] = octets(0xcd60_4643_35df_21f8_7cfd_b2fc_68b6_a448);
/// NAT traversal, RFC revision (RFC 3947 §3.1).
pub const NAT_T_RFC_3947: [u8; 16] = octets(0x4a13_1c81_0703_5845_5c57_28f2_0e95_452f);
/// AuthIP ([MS-IKEE] §1.3.8).
pub const MS_MAMIE_EXISTS: [u8; 16] = octets(0x214c_a4fa_ffa7_f32d_6748_e530_3395_ae83);
/// Authentication by cryptographically generated addresses ([MS-IKEE] §3.4).
pub const IKE_CGA: [u8; 16] = octets(0xe3a5_966a_7637_9fe7_0722_8231_e5ce_8652);
/// Negotiation discovery ([MS-IKEE] §3.7).
pub const NEGOTIATION_DISCOVERY: [u8; 16] = octets(0xfb1d_e3cd_f341_b7ea_16b7_e5be_0855_f120);
/// The group in AuthIP's key exchange, followed by [which](authip_group).
pub const AUTHIP_INIT_KE_DH_GROUP: [u8; 16] = octets(0x7bb9_3867_d76c_8d80_df0f_40fa_e8fc_3b19);
/// Xbox One ([MS-IKEE] §3.13).
pub const XBOX_ONE_2013: [u8; 16] = octets(0x8aa3_94cf_8a55_77dc_3110_c113_b027_a4f2);
/// Xbox negotiation, followed by its type, 4 octets ([MS-IKEE] §3.13).
pub const XBOX_NEGOTIATION: [u8; 16] = octets(0x6608_22b3_a73a_2441_4957_8d62_e0eb_46a0);
/// Security realm, followed by its 16 octets ([MS-IKEE] §3.14).
pub const SECURITY_REALM: [u8; 16] = octets(0x686a_8cbd_fe63_4b40_5146_fb2b_af33_e9e8);
/// Dead peer detection, version 1.0 (RFC 3706 §5.1).
pub const DEAD_PEER_DETECTION: [u8; 16] = octets(0xafca_d713_68a1_f1c9_6b86_96fc_7757_0100);
/// Extended authentication (draft-beaulieu-ike-xauth-02 §2): 8 octets.
pub const XAUTH: [u8; 8] = 0x0900_2689_dfd6_b712_u64.to_be_bytes();
/// Cisco Unity, version 1.0.
pub const CISCO_UNITY: [u8; 16] = octets(0x12f5_f28c_4571_68a9_702d_9fe2_74cc_0100);

const fn octets(number: u128) -> [u8; 16] {
    number.to_be_bytes()
}

/// A vendor ID whose meaning is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct KnownVendorId {
    /// What it says, for people.
    pub name: &'static str,
    /// The string whose MD5 hash begins with the prefix, if there is one.
    pub preimage: Option<&'static str>,
    /// What the vendor ID begins with.
    pub prefix: &'static [u8],
    /// What follows.
    pub trailer: Trailer,
}

/// What follows the part of a vendor ID by which it is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Trailer {
    /// Nothing.
    Nothing,
    /// A number of 4 octets, in network order.
    Number,
    /// Nothing, or a number of 4 octets.
    OptionalNumber,
    /// A major and a minor version, one octet each.
    Version,
    /// So many octets.
    Octets(usize),
    /// Text, or whatever else, of any length.
    Anything,
}

impl Trailer {
    /// Whether so many octets may follow.
    const fn fits(self, length: usize) -> bool {
        match self {
            Self::Nothing => length == 0,
            Self::Number => length == 4,
            Self::OptionalNumber => matches!(length, 0 | 4),
            Self::Version => length == 2,
            Self::Octets(octets) => length == octets,
            Self::Anything => true,
        }
    }
}

/// What is known about this vendor ID, and what follows the part by which it is known. Of several that fit, the one with
/// the longest prefix; if none fits exactly, one with the right prefix and an unexpected trailer.
#[must_use]
pub fn lookup(id: &[u8]) -> Option<(&'static KnownVendorId, &[u8])> {
    let mut best: Option<(&KnownVendorId, &[u8])> = None;
    for known in KNOWN {
        let Some(rest) = id.strip_prefix(known.prefix) else {
            continue;
        };
        let rank = |known: &KnownVendorId, rest: &[u8]| {
            (known.trailer.fits(rest.len()), known.prefix.len())
        };
        if best.is_none_or(|(other, tail)| rank(known, rest) > rank(other, tail)) {
            best = Some((known, rest));
        }
    }
    // Two octets prove nothing unless the length is right too.
    best.filter(|(known, rest)| known.prefix.len() >= 8 || known.trailer.fits(rest.len()))
}

/// What the number behind [`MS_NT5_ISAKMPOAKLEY`] stands for ([MS-IKEE] note 6).
#[must_use]
pub const fn windows_release(number: u32) -> Option<&'static str> {
    match number {
        2 => Some("Windows 2000"),
        3 => Some("Windows XP"),
        4 => Some("Windows Server 2003"),
        5 => Some("Windows Vista"),
        6 => Some("Windows Server 2008"),
        7 => Some("Windows 7"),
        8 => Some("Windows Server 2008 R2"),
        9 => Some("Windows 8, Windows Server 2012 or later"),
        _ => None,
    }
}

/// What the number behind [`KEY_MODS`] stands for ([MS-IKEE] note 6).
#[must_use]
pub const fn keying_module(number: u32) -> Option<&'static str> {
    match number {
        0 => Some("IKE"),
        1 => Some("AuthIP"),
        2 => Some("IKEv2"),
        _ => None,
    }
}

/// What the number behind [`AUTHIP_INIT_KE_DH_GROUP`] stands for ([MS-IKEE] note 6).
#[must_use]
pub const fn authip_group(number: u32) -> Option<&'static str> {
    match number {
        0 => Some("none"),
        1 => Some("group 1"),
        2 => Some("group 2"),
        3 => Some("group 14"),
        4 => Some("ECP-256"),
        5 => Some("ECP-384"),
        6 => Some("group 24"),
        7 => Some("maximum"),
        _ => None,
    }
}

#[cfg(test)]
mod tests;
