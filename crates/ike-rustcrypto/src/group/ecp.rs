use alloc::boxed::Box;
use alloc::vec::Vec;
use core::fmt;
use core::marker::PhantomData;

use crypto_bigint::BitOps;
use ike_crypto::{Error, Group, KeyExchange, Random, SecretVec};
use ipsec_doi::GroupId;
use p256::elliptic_curve::sec1::{FromSec1Point, ModulusSize, ToSec1Point};
use p256::elliptic_curve::{
    AffinePoint, Curve, CurveArithmetic, FieldBytes, FieldBytesSize, PublicKey, SecretKey,
};
use zeroize::Zeroizing;

/// A NIST curve, RFC 5903: public values are x||y, the shared secret is x.
pub struct Ecp<C> {
    id: GroupId,
    curve: PhantomData<fn() -> C>,
}

impl<C> Ecp<C> {
    pub(super) const fn new(id: GroupId) -> Self {
        Self {
            id,
            curve: PhantomData,
        }
    }
}

impl<C> fmt::Debug for Ecp<C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.id)
    }
}

impl<C> Group for Ecp<C>
where
    C: Curve + CurveArithmetic,
    FieldBytesSize<C>: ModulusSize,
    AffinePoint<C>: FromSec1Point<C> + ToSec1Point<C>,
{
    fn id(&self) -> GroupId {
        self.id
    }

    fn start(&self, random: &mut dyn Random) -> Result<Box<dyn KeyExchange>, Error> {
        let secret = draw::<C>(random)?;
        let point = secret.public_key().to_sec1_point(false);
        let public = point.as_bytes().get(1..).ok_or(Error)?.to_vec();
        Ok(Box::new(Exchange { secret, public }))
    }
}

/// Draws a scalar: octets until they are one. The order of each curve is so close to a power of two that the first try
/// succeeds but for once in 2^32.
fn draw<C: CurveArithmetic>(random: &mut dyn Random) -> Result<SecretKey<C>, Error> {
    let surplus = scalar_surplus_bits::<C>();
    for _ in 0..TRIES {
        let mut octets = Zeroizing::new(FieldBytes::<C>::default());
        random.fill(octets.as_mut_slice())?;
        if let Some(first) = octets.first_mut() {
            *first &= u8::MAX >> surplus;
        }
        if let Ok(secret) = SecretKey::from_bytes(&octets) {
            return Ok(secret);
        }
    }
    Err(Error)
}

const TRIES: u32 = 64;

/// Bits in which the octets of a scalar exceed the order: 7 for P-521, else none.
fn scalar_surplus_bits<C: Curve>() -> u32 {
    let order = C::ORDER.as_ref().bits_vartime();
    order.next_multiple_of(8).saturating_sub(order)
}

/// The secret is zeroized by its own crate.
struct Exchange<C: Curve> {
    secret: SecretKey<C>,
    public: Vec<u8>,
}

impl<C> KeyExchange for Exchange<C>
where
    C: Curve + CurveArithmetic,
    FieldBytesSize<C>: ModulusSize,
    AffinePoint<C>: FromSec1Point<C> + ToSec1Point<C>,
{
    fn public(&self) -> &[u8] {
        &self.public
    }

    fn complete(self: Box<Self>, peer: &[u8]) -> Result<SecretVec, Error> {
        if peer.len() != self.public.len() {
            return Err(Error);
        }
        let mut encoded = Vec::with_capacity(peer.len().saturating_add(1));
        encoded.push(UNCOMPRESSED);
        encoded.extend_from_slice(peer);
        // RFC 6989 §2.3: both coordinates below the prime, the point on the curve.
        let peer = PublicKey::<C>::from_sec1_bytes(&encoded).map_err(|_| Error)?;
        let shared = self.secret.diffie_hellman(&peer);
        Ok(shared.raw_secret_bytes().as_slice().into())
    }
}

/// SEC 1 §2.3.3.
const UNCOMPRESSED: u8 = 4;
