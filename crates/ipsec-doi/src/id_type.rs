//! Identities: how the data of an ID payload is read (RFC 7296 §3.5, RFC 2407 §4.6.2).

use core::fmt;
use core::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use isakmp_wire::v2::IdType;

/// An identity in readable form, for logs; never fails, whatever the peer sent.
///
/// ```
/// use ipsec_doi::id_type::Readable;
/// use isakmp_wire::v2::IdType;
///
/// assert_eq!(Readable::new(IdType::IPV4_ADDR, &[192, 0, 2, 1]).to_string(), "192.0.2.1");
/// assert_eq!(Readable::new(IdType::FQDN, b"vpn.example").to_string(), "vpn.example");
/// assert_eq!(Readable::new(IdType::KEY_ID, &[0, 7]).to_string(), "ID_KEY_ID:0007");
/// ```
#[derive(Clone, Copy, Debug)]
pub struct Readable<'a> {
    kind: IdType,
    data: &'a [u8],
}

impl<'a> Readable<'a> {
    /// The identity with this type and data.
    #[must_use]
    pub const fn new(kind: IdType, data: &'a [u8]) -> Self {
        Self { kind, data }
    }
}

impl fmt::Display for Readable<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(address) = address(self.kind, self.data) {
            return address.fmt(f);
        }
        let text = match self.kind {
            IdType::FQDN | IdType::RFC822_ADDR => printable(self.data),
            IdType::KEY_ID => printable(self.data).filter(|text| !text.is_empty()),
            IdType::NULL if self.data.is_empty() => Some("nobody"),
            _ => None,
        };
        if let Some(text) = text {
            return f.write_str(text);
        }
        write!(f, "{}:", self.kind)?;
        self.data
            .iter()
            .try_for_each(|octet| write!(f, "{octet:02x}"))
    }
}

/// The address of an address identity; `None` for another type or a wrong length.
#[must_use]
pub fn address(kind: IdType, data: &[u8]) -> Option<IpAddr> {
    match kind {
        IdType::IPV4_ADDR => <[u8; 4]>::try_from(data)
            .ok()
            .map(|it| Ipv4Addr::from(it).into()),
        IdType::IPV6_ADDR => <[u8; 16]>::try_from(data)
            .ok()
            .map(|it| Ipv6Addr::from(it).into()),
        _ => None,
    }
}

/// Whether the data has the form that its type asks for: an address of the right length, a
/// non-empty name without control characters.
#[must_use]
pub fn is_well_formed(kind: IdType, data: &[u8]) -> bool {
    match kind {
        IdType::IPV4_ADDR | IdType::IPV6_ADDR => address(kind, data).is_some(),
        IdType::FQDN | IdType::RFC822_ADDR => printable(data).is_some_and(|it| !it.is_empty()),
        _ => !data.is_empty(),
    }
}

/// Text that can go to a terminal as it is: nothing in it can move the cursor or forge a line.
fn printable(data: &[u8]) -> Option<&str> {
    core::str::from_utf8(data)
        .ok()
        .filter(|text| !text.chars().any(char::is_control))
}
