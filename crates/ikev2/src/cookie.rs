//! Stateless cookies (RFC 7296 §2.6).

use alloc::boxed::Box;
use core::net::{IpAddr, SocketAddr};
use core::time::Duration;

use ike_crypto::{Error, PrfKey, Provider, Random};
use ike_ext::Instant;
use ipsec_doi::PrfId;
use isakmp_wire::Spi;

/// Octets of a cookie: an epoch and a MAC.
pub(crate) const LEN: usize = 1 + MAC;
const MAC: usize = 16;

/// Makes and checks cookies without keeping anything per peer.
pub(crate) struct CookieJar {
    naming: Box<dyn PrfKey>,
    current: Box<dyn PrfKey>,
    previous: Option<Box<dyn PrfKey>>,
    epoch: u8,
    since: Instant,
}

impl core::fmt::Debug for CookieJar {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("CookieJar")
            .field("epoch", &self.epoch)
            .finish_non_exhaustive()
    }
}

fn fresh(provider: &Provider, random: &mut dyn Random) -> Result<Box<dyn PrfKey>, Error> {
    let prf = provider.prf(PrfId::HMAC_SHA2_256).ok_or(Error)?;
    let mut secret = [0; 32];
    random.fill(&mut secret)?;
    Ok(prf.keyed(&secret))
}

impl CookieJar {
    /// A jar with a fresh secret.
    pub(crate) fn new(provider: &Provider, random: &mut dyn Random) -> Result<Self, Error> {
        Ok(Self {
            naming: fresh(provider, random)?,
            current: fresh(provider, random)?,
            previous: None,
            epoch: 0,
            since: Instant::EPOCH,
        })
    }

    /// Takes a new secret when the current one is older than `lifetime`.
    pub(crate) fn turn(
        &mut self,
        now: Instant,
        lifetime: Duration,
        provider: &Provider,
        random: &mut dyn Random,
    ) {
        if now.since(self.since) < lifetime {
            return;
        }
        let Ok(next) = fresh(provider, random) else {
            return;
        };
        let stale = now.since(self.since) >= lifetime.saturating_mul(2);
        let last = core::mem::replace(&mut self.current, next);
        self.previous = (!stale).then_some(last);
        self.epoch = self.epoch.wrapping_add(1);
        self.since = now;
    }

    /// The cookie for a first message.
    pub(crate) fn make(&self, nonce: &[u8], from: SocketAddr, spi: Spi) -> [u8; LEN] {
        let mut cookie = [0; LEN];
        if let Some((epoch, mac)) = cookie.split_first_mut() {
            *epoch = self.epoch;
            with_parts(nonce, from, spi, |parts| self.current.mac(parts, mac));
        }
        cookie
    }

    /// Whether `cookie` is one that we made for this message under this or the previous secret.
    pub(crate) fn check(&self, cookie: &[u8], nonce: &[u8], from: SocketAddr, spi: Spi) -> bool {
        let Some((epoch, mac)) = cookie.split_first() else {
            return false;
        };
        let key = if *epoch == self.epoch {
            &self.current
        } else if *epoch == self.epoch.wrapping_sub(1) {
            let Some(previous) = &self.previous else {
                return false;
            };
            previous
        } else {
            return false;
        };
        mac.len() == MAC && with_parts(nonce, from, spi, |parts| key.verify(parts, mac).is_ok())
    }

    /// A short name for a first message, to know it again when it is repeated.
    pub(crate) fn digest(&self, message: &[u8]) -> [u8; 8] {
        let mut out = [0; 8];
        self.naming.mac(&[message], &mut out);
        out
    }
}

/// What a cookie is a MAC of (RFC 7296 §2.6).
fn with_parts<R>(nonce: &[u8], from: SocketAddr, spi: Spi, then: impl FnOnce(&[&[u8]]) -> R) -> R {
    let port = from.port().to_be_bytes();
    match from.ip() {
        IpAddr::V4(ip) => then(&[nonce, &ip.octets(), &port, spi.as_bytes()]),
        IpAddr::V6(ip) => then(&[nonce, &ip.octets(), &port, spi.as_bytes()]),
    }
}
