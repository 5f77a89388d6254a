//! How long SAs live, from the file's words.

use core::num::NonZeroU32;
use core::time::Duration;

use ikee::ikev1;
use ikee::ikev2::{ChildLifetime, IkeLifetime};
use toml::Spanned;

use super::build::Checked;
use super::error::Source;
use super::schema;
use super::text::Time;

/// Percent that may be taken off a child's limits at random.
const MOST_JITTER: u8 = 50;

/// Nothing stands for the default, zero for never.
fn limit(given: Option<Time>, otherwise: Option<Duration>) -> Option<Duration> {
    given.map_or(otherwise, |time| {
        (time.0 > Duration::ZERO).then_some(time.0)
    })
}

/// Likewise for what is counted.
fn count(given: Option<u64>, otherwise: Option<u64>) -> Option<u64> {
    given.map_or(otherwise, |count| (count > 0).then_some(count))
}

/// A value without its place.
fn plain<T: Copy>(given: &Option<Spanned<T>>) -> Option<T> {
    given.as_ref().map(|it| *it.get_ref())
}

pub(super) fn ike(given: &schema::Lifetime) -> IkeLifetime {
    let usual = IkeLifetime::default();
    let rekey = limit(plain(&given.rekey), usual.rekey);
    let reauthenticate = limit(plain(&given.reauthenticate), usual.reauthenticate);
    // a short life is not all jitter
    let shortest = rekey.into_iter().chain(reauthenticate).min();
    let jitter = shortest.map_or(usual.jitter, |it| usual.jitter.min(it / 4));
    IkeLifetime {
        rekey,
        reauthenticate,
        jitter: plain(&given.jitter).map_or(jitter, |time| time.0),
        hard: plain(&given.hard).map_or(usual.hard, |time| time.0),
    }
}

pub(super) fn child(source: Source<'_>, given: &schema::ChildLifetime) -> Checked<ChildLifetime> {
    let usual = ChildLifetime::default();
    let jitter = match &given.jitter {
        Some(jitter) if *jitter.get_ref() > MOST_JITTER => {
            return Err(source.error(
                jitter.span(),
                format!(
                    "jitter = {} percent leaves too little; write 0 to {MOST_JITTER}",
                    jitter.get_ref()
                ),
            ));
        }
        Some(jitter) => *jitter.get_ref(),
        None => usual.jitter_percent,
    };
    Ok(ChildLifetime {
        time: limit(given.time, usual.time),
        bytes: count(plain(&given.bytes), usual.bytes),
        packets: count(plain(&given.packets), usual.packets),
        jitter_percent: jitter,
    })
}

/// A phase 1 SA's.
pub(super) fn ike_v1(given: &schema::Lifetime) -> ikev1::IkeLifetime {
    let mut lifetime = ikev1::IkeLifetime::default();
    lifetime.time = plain(&given.time).map_or(lifetime.time, |time| time.0);
    lifetime.margin = plain(&given.margin).map_or(lifetime.margin, |time| time.0);
    lifetime.quick_modes = plain(&given.quick_modes).and_then(NonZeroU32::new);
    lifetime
}

/// An IKEv1 child's.
pub(super) fn child_v1(given: &schema::ChildLifetime) -> ikev1::ChildLifetime {
    let mut lifetime = ikev1::ChildLifetime::default();
    lifetime.time = limit(given.time, None).unwrap_or(lifetime.time);
    lifetime.margin = plain(&given.margin).map_or(lifetime.margin, |time| time.0);
    lifetime.kilobytes = plain(&given.kilobytes).filter(|it| *it > 0);
    lifetime
}
