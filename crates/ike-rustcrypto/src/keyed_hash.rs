//! MACs of RustCrypto as PRF and as integrity transform: the key is prepared once, each use starts from a copy of the
//! prepared state.

use alloc::boxed::Box;
use core::fmt;
use core::marker::PhantomData;

use hmac::digest::{Digest, FixedOutput, Key, Output, Update};
use hmac::{EagerHash, Hmac, KeyInit};
use ike_crypto::{Error, Integrity, IntegrityKey, Prf, PrfKey};
use ipsec_doi::{IntegrityId, PrfId};
use subtle::ConstantTimeEq;
use zeroize::Zeroize;

/// What is needed of HMAC with any hash.
pub trait AnyKeyMac: Update + FixedOutput + Clone + Send + Sync + 'static {
    /// Prepares a key of any length (RFC 2104 §2).
    fn of_any_key(key: &[u8]) -> Self;
}

impl<D: EagerHash + Digest> AnyKeyMac for Hmac<D>
where
    Self: Update + FixedOutput + KeyInit + Clone + Send + Sync + 'static,
{
    fn of_any_key(key: &[u8]) -> Self {
        Self::new_from_slice(key).unwrap_or_else(|_| {
            // Not reached, as HMAC takes any length; and if it were, this is what RFC 2104 §2 does with long keys.
            let mut hashed = D::digest(key);
            let mut block = Key::<Self>::default();
            for (to, from) in block.iter_mut().zip(&hashed) {
                *to = *from;
            }
            hashed.as_mut_slice().zeroize();
            Self::new(&block)
        })
    }
}

/// HMAC as a pseudo-random function, RFC 7296 §2.13.
pub struct HmacPrf<M> {
    id: PrfId,
    mac: PhantomData<fn() -> M>,
}

impl<M> HmacPrf<M> {
    pub(crate) const fn new(id: PrfId) -> Self {
        Self {
            id,
            mac: PhantomData,
        }
    }
}

impl<M: AnyKeyMac> Prf for HmacPrf<M> {
    fn id(&self) -> PrfId {
        self.id
    }

    fn keyed(&self, key: &[u8]) -> Box<dyn PrfKey> {
        Box::new(Keyed {
            mac: M::of_any_key(key),
            len: self.id.output_len(),
        })
    }
}

impl<M> fmt::Debug for HmacPrf<M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.id)
    }
}

/// HMAC, truncated, as an integrity transform, RFC 2403, RFC 2404, RFC 4868.
pub struct HmacIntegrity<M> {
    id: IntegrityId,
    mac: PhantomData<fn() -> M>,
}

impl<M> HmacIntegrity<M> {
    pub(crate) const fn new(id: IntegrityId) -> Self {
        Self {
            id,
            mac: PhantomData,
        }
    }
}

impl<M: AnyKeyMac> Integrity for HmacIntegrity<M> {
    fn id(&self) -> IntegrityId {
        self.id
    }

    fn keyed(&self, key: &[u8]) -> Result<Box<dyn IntegrityKey>, Error> {
        if key.len() != self.id.key_len() {
            return Err(Error);
        }
        Ok(Box::new(Keyed {
            mac: M::of_any_key(key),
            len: self.id.icv_len(),
        }))
    }
}

impl<M> fmt::Debug for HmacIntegrity<M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.id)
    }
}

struct Keyed<M> {
    mac: M,
    /// Octets of the output that are used.
    len: usize,
}

impl<M: AnyKeyMac> Keyed<M> {
    fn output(&self, parts: &[&[u8]]) -> Output<M> {
        let mut mac = self.mac.clone();
        for part in parts {
            mac.update(part);
        }
        mac.finalize_fixed()
    }
}

impl<M: AnyKeyMac> PrfKey for Keyed<M> {
    fn mac(&self, parts: &[&[u8]], out: &mut [u8]) {
        let mut output = self.output(parts);
        for (to, from) in out.iter_mut().zip(&output) {
            *to = *from;
        }
        output.as_mut_slice().zeroize();
    }
}

impl<M: AnyKeyMac> IntegrityKey for Keyed<M> {
    fn sign(&self, parts: &[&[u8]], icv: &mut [u8]) {
        icv.fill(0);
        let output = self.output(parts);
        for (to, from) in icv.iter_mut().take(self.len).zip(&output) {
            *to = *from;
        }
    }

    fn verify(&self, parts: &[&[u8]], icv: &[u8]) -> Result<(), Error> {
        let output = self.output(parts);
        let expected = output.get(..self.len).ok_or(Error)?;
        if expected.ct_eq(icv).into() {
            Ok(())
        } else {
            Err(Error)
        }
    }
}
