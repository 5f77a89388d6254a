//! Values that are typed as text, and maps that keep the order of the file.

use core::fmt;
use core::marker::PhantomData;
use core::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use core::time::Duration;

use serde::de::{Deserialize, Deserializer, Error, MapAccess, Visitor};
use toml::Spanned;
use zeroize::Zeroizing;

use ikee::doi::selector::TrafficSelector;
use ikee::doi::{EspProposal, Identity, IkeProposal, v1};
use ikee::ikev1::AhProposal;
use ikee::ikev2::{Pool, PoolError};
use ikee::profile::Release;
use ikee::realm::RealmId;
use ikee::x509::Purpose;

/// What can be read from a string of the configuration.
pub(crate) trait FromText: Sized {
    /// "an IP address such as \"192.0.2.1\"".
    const WHAT: &'static str;

    /// # Errors
    /// What is wrong and what would be right.
    fn from_text(text: &str) -> Result<Self, String>;
}

/// A value typed as text; serde attaches the place of its errors.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Text<T>(pub(crate) T);

impl<'de, T: FromText> Deserialize<'de> for Text<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer
            .deserialize_str(TextVisitor(PhantomData))
            .map(Text)
    }
}

struct TextVisitor<T>(PhantomData<T>);

impl<T: FromText> Visitor<'_> for TextVisitor<T> {
    type Value = T;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(T::WHAT)
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<T, E> {
        T::from_text(text).map_err(E::custom)
    }
}

impl FromText for IpAddr {
    const WHAT: &'static str = "an IP address such as \"192.0.2.1\" or \"2001:db8::1\"";

    fn from_text(text: &str) -> Result<Self, String> {
        text.parse()
            .map_err(|_| format!("{text:?} is not an IP address; write {}", Self::WHAT))
    }
}

impl FromText for SocketAddr {
    const WHAT: &'static str = "an address and port such as \"127.0.0.1:9321\" or \"[::1]:9321\"";

    fn from_text(text: &str) -> Result<Self, String> {
        text.parse()
            .map_err(|_| format!("{text:?} is not an address and port; write {}", Self::WHAT))
    }
}

impl FromText for Pool {
    const WHAT: &'static str =
        "a range of addresses such as \"10.1.9.10-10.1.9.99\" or \"fd00:1:9::/112\"";

    fn from_text(text: &str) -> Result<Self, String> {
        text.parse()
            .map_err(|error: PoolError| format!("{text:?}: {error}; write {}", Self::WHAT))
    }
}

impl FromText for Ipv4Addr {
    const WHAT: &'static str = "an IPv4 address such as \"192.0.2.1\"";

    fn from_text(text: &str) -> Result<Self, String> {
        text.parse()
            .map_err(|_| format!("{text:?} is not an IPv4 address; write {}", Self::WHAT))
    }
}

impl FromText for Ipv6Addr {
    const WHAT: &'static str = "an IPv6 address such as \"2001:db8::1\"";

    fn from_text(text: &str) -> Result<Self, String> {
        text.parse()
            .map_err(|_| format!("{text:?} is not an IPv6 address; write {}", Self::WHAT))
    }
}

/// An IPv6 address with a prefix length, 128 when not given.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Prefixed6(pub(crate) Ipv6Addr, pub(crate) u8);

impl FromText for Prefixed6 {
    const WHAT: &'static str = "an IPv6 address with its prefix, such as \"2001:db8::1/64\"";

    fn from_text(text: &str) -> Result<Self, String> {
        let wrong = || format!("{text:?} is not an IPv6 address; write {}", Self::WHAT);
        let (address, length) = text.split_once('/').unwrap_or((text, "128"));
        let length: u8 = length.parse().map_err(|_| wrong())?;
        if length > 128 {
            return Err(wrong());
        }
        Ok(Self(address.parse().map_err(|_| wrong())?, length))
    }
}

impl FromText for Identity {
    const WHAT: &'static str =
        "an identity such as \"gw.example\", \"user@example\", \"192.0.2.1\" or \"keyid:name\"";

    fn from_text(text: &str) -> Result<Self, String> {
        Self::parse(text)
            .map_err(|error| format!("{text:?} is not an identity: {error}; write {}", Self::WHAT))
    }
}

/// An identity that a peer must prove, or anybody's.
#[derive(Clone, Debug)]
pub(crate) struct Anyone(pub(crate) Option<Identity>);

impl FromText for Anyone {
    const WHAT: &'static str = "\"any\" or an identity such as \"gw.example\" or \"192.0.2.1\"";

    fn from_text(text: &str) -> Result<Self, String> {
        if text == "any" {
            Ok(Self(None))
        } else {
            Identity::from_text(text).map(|id| Self(Some(id)))
        }
    }
}

impl FromText for IkeProposal {
    const WHAT: &'static str = "an IKE proposal such as \"aes256gcm16-prfsha384-ecp384\"";

    fn from_text(text: &str) -> Result<Self, String> {
        Self::parse(text).map_err(|error| format!("IKE proposal {text:?}: {error}"))
    }
}

impl FromText for v1::IkeProposal {
    const WHAT: &'static str = "an IKEv1 proposal such as \"aes256-sha256-modp2048\"";

    fn from_text(text: &str) -> Result<Self, String> {
        Self::parse(text).map_err(|error| format!("IKEv1 proposal {text:?}: {error}"))
    }
}

impl FromText for AhProposal {
    const WHAT: &'static str = "an AH proposal such as \"sha256\" or \"sha256-modp2048\"";

    fn from_text(text: &str) -> Result<Self, String> {
        // AH is ESP's integrity without its encryption
        let parsed = EspProposal::parse(&format!("null-{text}"))
            .map_err(|error| format!("AH proposal {text:?}: {error}"))?;
        if parsed.encryption.len() > 1 || parsed.integrity.is_empty() {
            return Err(format!(
                "AH proposal {text:?}: AH does not encrypt; write {}",
                Self::WHAT
            ));
        }
        Ok(Self {
            integrity: parsed.integrity,
            groups: parsed.groups,
        })
    }
}

impl FromText for EspProposal {
    const WHAT: &'static str = "an ESP proposal such as \"aes256gcm16\" or \"aes256-sha256\"";

    fn from_text(text: &str) -> Result<Self, String> {
        Self::parse(text).map_err(|error| format!("ESP proposal {text:?}: {error}"))
    }
}

impl FromText for Release {
    const WHAT: &'static str = "a release of Windows such as \"windows-7\"";

    fn from_text(text: &str) -> Result<Self, String> {
        Self::parse(text).ok_or_else(|| {
            let words: Vec<&str> = Self::ALL.iter().map(|it| it.word()).collect();
            format!(
                "{text:?} is no release of Windows; write one of {}",
                words.join(", ")
            )
        })
    }
}

impl FromText for RealmId {
    const WHAT: &'static str = "a realm: its name, or its id as \"hex:\" and 32 digits";

    fn from_text(text: &str) -> Result<Self, String> {
        let Some(digits) = text.strip_prefix("hex:") else {
            return match text {
                "" => Err(format!("the realm is empty; write {}", Self::WHAT)),
                name => Ok(Self::from_name(name)),
            };
        };
        let fine = digits.len() == 2 * Self::LEN && digits.bytes().all(|it| it.is_ascii_hexdigit());
        let number = u128::from_str_radix(digits, 16).ok().filter(|_| fine);
        number
            .map(|number| Self::new(number.to_be_bytes()))
            .ok_or_else(|| format!("{text:?} is no id of a realm; write \"hex:\" and 32 digits"))
    }
}

impl FromText for Purpose {
    const WHAT: &'static str =
        "\"ipsecIKE\", \"serverAuth\", \"clientAuth\" or \"iKEIntermediate\"";

    fn from_text(text: &str) -> Result<Self, String> {
        Self::from_name(text).ok_or_else(|| {
            format!(
                "{text:?} is not a purpose of a certificate; write {}",
                Self::WHAT
            )
        })
    }
}

/// A secret typed into the file.
#[derive(Clone)]
pub(crate) struct Secret(pub(crate) Zeroizing<Vec<u8>>);

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(…)")
    }
}

impl FromText for Secret {
    const WHAT: &'static str = "a secret as text";

    fn from_text(text: &str) -> Result<Self, String> {
        if text.is_empty() {
            return Err("the secret is empty; write what both sides know".to_owned());
        }
        Ok(Self(Zeroizing::new(text.as_bytes().to_vec())))
    }
}

/// One item of a selector list.
#[derive(Clone, Debug)]
pub(crate) enum SelectorItem {
    /// The address of that side, whatever it turns out to be.
    Dynamic,
    /// This one.
    Fixed(TrafficSelector),
}

impl FromText for SelectorItem {
    const WHAT: &'static str =
        "\"dynamic\" or a selector such as \"10.1.0.0/16\" or \"10.1.0.1/32[tcp/80]\"";

    fn from_text(text: &str) -> Result<Self, String> {
        if text == "dynamic" {
            return Ok(Self::Dynamic);
        }
        TrafficSelector::parse(text)
            .map(Self::Fixed)
            .map_err(|error| {
                format!(
                    "{text:?} is not a traffic selector: {error}; write {}",
                    Self::WHAT
                )
            })
    }
}

/// A duration: a number of seconds, or text with a unit.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Time(pub(crate) Duration);

const TIME: &str = "a duration such as \"30s\", \"500ms\", \"2m\" or 30 (seconds)";

impl<'de> Deserialize<'de> for Time {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(TimeVisitor).map(Time)
    }
}

struct TimeVisitor;

impl Visitor<'_> for TimeVisitor {
    type Value = Duration;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(TIME)
    }

    fn visit_i64<E: Error>(self, seconds: i64) -> Result<Duration, E> {
        u32::try_from(seconds)
            .map(|seconds| Duration::from_secs(seconds.into()))
            .map_err(|_| E::custom(format!("{seconds} seconds are out of range; write {TIME}")))
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Duration, E> {
        let digits = text
            .find(|c: char| !c.is_ascii_digit())
            .unwrap_or(text.len());
        let (number, unit) = text.split_at(digits);
        let milliseconds = match unit.trim() {
            "ms" => 1,
            "s" => 1_000,
            "m" => 60_000,
            "h" => 3_600_000,
            _ => 0_u64,
        };
        match number.parse::<u32>() {
            Ok(number) if milliseconds > 0 => {
                Ok(Duration::from_millis(u64::from(number) * milliseconds))
            }
            _ => Err(E::custom(format!(
                "{text:?} is not a duration; write {TIME}"
            ))),
        }
    }
}

/// A table whose entries keep the order of the file: connections are tried in it.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Ordered<T>(pub(crate) Vec<(Spanned<String>, T)>);

impl<T> Default for Ordered<T> {
    fn default() -> Self {
        Self(Vec::new())
    }
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Ordered<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer
            .deserialize_map(OrderedVisitor(PhantomData))
            .map(Ordered)
    }
}

struct OrderedVisitor<T>(PhantomData<T>);

impl<'de, T: Deserialize<'de>> Visitor<'de> for OrderedVisitor<T> {
    type Value = Vec<(Spanned<String>, T)>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a table of named entries")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut entries = Vec::new();
        while let Some(entry) = map.next_entry()? {
            entries.push(entry);
        }
        Ok(entries)
    }
}
