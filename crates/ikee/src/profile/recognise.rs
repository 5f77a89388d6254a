//! Which release of Windows a peer is, by what it has sent.

use alloc::vec::Vec;
use core::fmt;

use ike_ext::Role;
use isakmp_wire::vendor_id as id;

use super::{Release, Windows, windows};

/// What a peer has sent in its first messages.
#[derive(Clone, Copy, Debug, Default)]
#[non_exhaustive]
pub struct Seen<'a> {
    /// Its vendor IDs, in order.
    pub vendor_ids: &'a [&'a [u8]],
    /// Whether it spoke IKEv2.
    pub ikev2: bool,
    /// Whether its IKE_SA_INIT announced fragments (RFC 7383 §2.3); `None` where that is not known or says nothing, as of a server,
    /// which has them switched off by default.
    pub fragmentation: Option<bool>,
    /// Whether it asked for the configuration attributes 23456 and 23457 ([MS-IKEE] §2.2.8).
    pub server_address: bool,
}

impl<'a> Seen<'a> {
    /// Vendor IDs in a message of IKEv1.
    #[must_use]
    pub const fn ikev1(vendor_ids: &'a [&'a [u8]]) -> Self {
        Self {
            vendor_ids,
            ikev2: false,
            fragmentation: None,
            server_address: false,
        }
    }

    /// Vendor IDs in a message of IKEv2, and whether it announced fragments.
    #[must_use]
    pub const fn ikev2(vendor_ids: &'a [&'a [u8]], fragmentation: Option<bool>) -> Self {
        Self {
            vendor_ids,
            ikev2: true,
            fragmentation,
            server_address: false,
        }
    }

    /// And it asked for the configuration attributes 23456 and 23457.
    #[must_use]
    pub const fn with_server_address(mut self) -> Self {
        self.server_address = true;
        self
    }
}

/// What a peer is taken for. It may only pretend.
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub struct Recognition {
    /// The releases that it can be, the oldest first; empty when its number is of none that is known.
    pub releases: Vec<Release>,
    /// By what, in the order in which it was looked at.
    pub reasons: Vec<Reason>,
    /// Whether the vendor IDs came as one of the releases sends them, none missing, none more, in its order.
    pub exact: bool,
}

/// What speaks for it.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum Reason {
    /// It asked for the server's internal addresses, 23456 and 23457, as Windows clients do.
    Attributes,
    /// It announced fragments of IKEv2 messages, or did not.
    Fragmentation(bool),
    /// It spoke IKEv2.
    Ikev2,
    /// The number behind `MS NT5 ISAKMPOAKLEY`.
    Number(u32),
    /// That number is known to be sent by the client release of the same time as well.
    SharedNumber,
    /// It announced Xbox negotiations or a security realm.
    XboxOrRealm,
}

/// Recognises a release of Windows; `None` if nothing speaks for Windows ([MS-IKEE] note 6, §2.2.8).
#[must_use]
pub fn recognise(seen: &Seen<'_>) -> Option<Recognition> {
    let number = seen.vendor_ids.iter().find_map(|it| number(it));
    if number.is_none() && !seen.server_address {
        return None;
    }
    let mut found = Recognition {
        releases: Release::ALL.to_vec(),
        reasons: Vec::new(),
        exact: false,
    };
    if let Some(number) = number {
        found.keep(Reason::Number(number), |it| says(it, number));
        if matches!(number, 4 | 8) {
            found.reasons.push(Reason::SharedNumber);
        }
    }
    if seen.ikev2 {
        found.keep(Reason::Ikev2, |it| windows(it).ikev2.is_some());
        if let (Some(9), Some(announced)) = (number, seen.fragmentation) {
            // Windows 10 stands for its builds from 1803 on, and earlier ones announce none
            found.keep(Reason::Fragmentation(announced), |it| {
                let has = windows(it)
                    .ikev2
                    .as_ref()
                    .is_some_and(|it| it.fragmentation);
                has == announced || it == Release::Windows10
            });
        }
    }
    if seen.server_address {
        found.keep(Reason::Attributes, |it| {
            windows(it).has(super::Extension::ServerAddress)
        });
    }
    if seen.vendor_ids.iter().any(|it| is_xbox_or_realm(it)) {
        found.keep(Reason::XboxOrRealm, |it| {
            windows(it).has(super::Extension::Xbox)
        });
    }
    found.exact = found.releases.iter().any(|it| sends(windows(*it), seen));
    Some(found)
}

impl Recognition {
    fn keep(&mut self, reason: Reason, fits: impl Fn(Release) -> bool) {
        self.releases.retain(|it| fits(*it));
        self.reasons.push(reason);
    }
}

/// The number behind Microsoft's vendor ID.
fn number(octets: &[u8]) -> Option<u32> {
    let rest = octets.strip_prefix(&id::MS_NT5_ISAKMPOAKLEY)?;
    rest.try_into().ok().map(u32::from_be_bytes)
}

fn is_xbox_or_realm(octets: &[u8]) -> bool {
    [id::XBOX_ONE_2013, id::XBOX_NEGOTIATION, id::SECURITY_REALM]
        .iter()
        .any(|it| octets.starts_with(it))
}

/// Whether a release has this number. A client whose service pack brought it to the state of a server says the
/// server's: Windows XP SP2 and Windows 7 were seen so.
fn says(release: Release, number: u32) -> bool {
    let own = windows(release).vendor_ids.iter();
    let own = own
        .filter(|it| it.id == id::MS_NT5_ISAKMPOAKLEY)
        .any(|it| it.value == Some(number));
    own || matches!(
        (release, number),
        (Release::WindowsXpSp2, 3 | 4) | (Release::Windows7, 8)
    )
}

/// Whether these are the vendor IDs of an ordinary first message of that release, or of its answer, over IPv4 or IPv6; with or
/// without first contact; the release number counted as any.
fn sends(windows: &Windows, seen: &Seen<'_>) -> bool {
    let all = match (&windows.ikev2, seen.ikev2) {
        (Some(ikev2), true) => ikev2.vendor_ids,
        (None, true) => return false,
        (_, false) => windows.vendor_ids,
    };
    let usual = |role, ipv6, contact| {
        let own = all.iter().filter(move |it: &&super::Announcement| {
            it.is_usual(role, ipv6) && (contact || it.when != super::When::FirstContact)
        });
        own.map(|it| it.id).eq(seen
            .vendor_ids
            .iter()
            .filter_map(|it| it.first_chunk().copied()))
    };
    let roles = [Role::Initiator, Role::Responder];
    roles.iter().any(|role| {
        [true, false]
            .iter()
            .any(|ipv6| usual(*role, *ipv6, true) || usual(*role, *ipv6, false))
    })
}

impl fmt::Display for Recognition {
    /// The releases, the last ones as "or later".
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Some((last, before)) = self.releases.split_last() else {
            return f.write_str("an unknown release of Windows");
        };
        let run = Release::ALL
            .len()
            .checked_sub(self.releases.len())
            .and_then(|at| Release::ALL.get(at..));
        if run == Some(self.releases.as_slice())
            && let [first, second, _, ..] = self.releases.as_slice()
        {
            return match second.is_server() {
                true => write!(f, "{first}, {second} or later"),
                false => write!(f, "{first} or later"),
            };
        }
        let Some((first, between)) = before.split_first() else {
            return write!(f, "{last}");
        };
        write!(f, "{first}")?;
        for it in between {
            write!(f, ", {it}")?;
        }
        write!(f, " or {last}")
    }
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Attributes => f.write_str("it asks for the attributes 23456 and 23457"),
            Self::Fragmentation(true) => f.write_str("it announces fragments of IKEv2"),
            Self::Fragmentation(false) => f.write_str("it does not announce fragments of IKEv2"),
            Self::Ikev2 => f.write_str("it speaks IKEv2"),
            Self::Number(number) => write!(f, "its vendor ID says {number}"),
            Self::SharedNumber => {
                f.write_str("clients of that time were seen with the number of the server")
            }
            Self::XboxOrRealm => f.write_str("it announces an Xbox or a security realm"),
        }
    }
}
