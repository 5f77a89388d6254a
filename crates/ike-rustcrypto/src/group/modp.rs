use alloc::boxed::Box;
use alloc::vec::Vec;
use core::fmt;
#[cfg(feature = "std")]
use std::sync::OnceLock;

use crypto_bigint::modular::{FixedMontyForm, FixedMontyParams};
use crypto_bigint::{Odd, Uint, Word};
use ike_crypto::{Error, Group, KeyExchange, Random, SecretVec};
use ipsec_doi::GroupId;
use zeroize::{Zeroize, Zeroizing};

#[cfg(feature = "std")]
use super::comb::Comb;
use super::primes::Subgroup;

/// A MODP group: integers modulo a prime, RFC 7296 §3.4 and Appendix B, RFC 3526, RFC 5114.
pub struct Modp<const LIMBS: usize> {
    pub(super) group: &'static Parameters<LIMBS>,
}

/// What defines a group, and powers of its generator.
pub(super) struct Parameters<const LIMBS: usize> {
    id: GroupId,
    params: FixedMontyParams<LIMBS>,
    generator: Uint<LIMBS>,
    /// The order of the subgroup, for primes that are not safe.
    order: Option<Uint<LIMBS>>,
    /// Bits of a private value.
    exponent_bits: u32,
    #[cfg(feature = "std")]
    comb: OnceLock<Comb<LIMBS>>,
}

impl<const LIMBS: usize> Parameters<LIMBS> {
    /// A safe prime p with the generator 2: private values of `exponent_bits`, about twice the strength that RFC 3526 §8
    /// gives the group, and only a range check of what the peer sends (RFC 6989 §2.1).
    pub(super) const fn safe_prime(
        id: GroupId,
        prime: Odd<Uint<LIMBS>>,
        exponent_bits: u32,
    ) -> Self {
        Self {
            id,
            params: FixedMontyParams::new_vartime(prime),
            generator: Uint::from_u8(2),
            order: None,
            exponent_bits,
            #[cfg(feature = "std")]
            comb: OnceLock::new(),
        }
    }

    /// A prime with a generator of a small subgroup: private values below its order, and what the peer sends must be in
    /// it (RFC 6989 §2.2).
    pub(super) const fn subgroup(id: GroupId, group: Subgroup<LIMBS>, order_bits: u32) -> Self {
        Self {
            id,
            params: FixedMontyParams::new_vartime(group.prime),
            generator: group.generator,
            order: Some(group.order),
            exponent_bits: order_bits,
            #[cfg(feature = "std")]
            comb: OnceLock::new(),
        }
    }

    /// Draws a private value: at least 2, so that the public value is neither 1 nor the generator, and below the order
    /// of the subgroup.
    fn draw(&self, random: &mut dyn Random) -> Result<Zeroizing<Uint<LIMBS>>, Error> {
        let mut drawn = SecretVec::new_zeroed(self.len());
        let exponent_len = usize::try_from(self.exponent_bits.div_ceil(8)).map_err(|_| Error)?;
        let start = self.len().checked_sub(exponent_len).ok_or(Error)?;
        for _ in 0..TRIES {
            random.fill(drawn.as_mut_slice().get_mut(start..).ok_or(Error)?)?;
            let exponent = Zeroizing::new(Uint::from_be_slice(drawn.as_slice()));
            let below = self.order.is_none_or(|order| *exponent < order);
            if *exponent > Uint::ONE && below {
                return Ok(exponent);
            }
        }
        Err(Error)
    }

    /// The generator raised to a private value.
    fn raise_generator(&self, exponent: &Uint<LIMBS>) -> FixedMontyForm<LIMBS> {
        #[cfg(feature = "std")]
        if self.order.is_none() {
            return self
                .comb
                .get_or_init(|| Comb::new(&self.params, &self.generator, self.exponent_bits))
                .raise(&self.params, exponent);
        }
        FixedMontyForm::new(&self.generator, &self.params)
            .pow_amm_bounded_exp(exponent, self.exponent_bits)
    }

    /// Reads a public value of the peer and checks it.
    fn peer(&self, octets: &[u8]) -> Result<FixedMontyForm<LIMBS>, Error> {
        if octets.len() != self.len() {
            return Err(Error);
        }
        let value = Uint::from_be_slice(octets);
        let largest = self.params.modulus().as_ref().wrapping_sub(&Uint::ONE);
        if value <= Uint::ONE || value >= largest {
            return Err(Error);
        }
        let value = FixedMontyForm::new(&value, &self.params);
        if let Some(order) = &self.order {
            let one = FixedMontyForm::one(&self.params);
            if value.pow_amm_bounded_exp(order, self.exponent_bits) != one {
                return Err(Error);
            }
        }
        Ok(value)
    }

    /// Octets of the prime, of public values and of the shared secret.
    const fn len(&self) -> usize {
        LIMBS.saturating_mul(size_of::<Word>())
    }
}

const TRIES: u32 = 64;

impl<const LIMBS: usize> Group for Modp<LIMBS> {
    fn id(&self) -> GroupId {
        self.group.id
    }

    fn start(&self, random: &mut dyn Random) -> Result<Box<dyn KeyExchange>, Error> {
        let exponent = self.group.draw(random)?;
        let public = self.group.raise_generator(&exponent);
        Ok(Box::new(Exchange {
            group: self.group,
            exponent,
            public: octets(&public.retrieve()).collect(),
        }))
    }
}

impl<const LIMBS: usize> fmt::Debug for Modp<LIMBS> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.group.id)
    }
}

struct Exchange<const LIMBS: usize> {
    group: &'static Parameters<LIMBS>,
    exponent: Zeroizing<Uint<LIMBS>>,
    public: Vec<u8>,
}

impl<const LIMBS: usize> KeyExchange for Exchange<LIMBS> {
    fn public(&self) -> &[u8] {
        &self.public
    }

    fn complete(self: Box<Self>, peer: &[u8]) -> Result<SecretVec, Error> {
        let peer = self.group.peer(peer)?;
        let mut power = peer.pow_amm_bounded_exp(&self.exponent, self.group.exponent_bits);
        let mut value = power.retrieve();
        let mut shared = SecretVec::new_zeroed(self.public.len());
        for (to, from) in shared.as_mut_slice().iter_mut().zip(octets(&value)) {
            *to = from;
        }
        value.zeroize();
        power.as_montgomery_mut().zeroize();
        Ok(shared)
    }
}

/// Big-endian octets.
fn octets<const LIMBS: usize>(value: &Uint<LIMBS>) -> impl Iterator<Item = u8> {
    let words = value.as_words().iter().rev();
    words.flat_map(|word| word.to_be_bytes())
}

#[cfg(test)]
mod tests {
    use ike_crypto::random::SeededRandom;

    use super::super::{MODP_1024_160, MODP_2048, MODP_2048_224, MODP_2048_256, MODP_4096};
    use super::*;

    fn padded(value: u8, len: usize) -> Vec<u8> {
        let mut octets = alloc::vec![0; len];
        octets[len - 1] = value;
        octets
    }

    /// RFC 6989 §2.2: what is in range but outside the subgroup would give away bits of the private value.
    #[test]
    fn a_value_outside_the_subgroup_is_refused() {
        let mut random = SeededRandom::new([1; 32]);
        for (group, len) in [
            (&MODP_1024_160 as &dyn Group, 128),
            (&MODP_2048_224, 256),
            (&MODP_2048_256, 256),
        ] {
            let ours = group.start(&mut random).unwrap();
            assert!(ours.complete(&padded(2, len)).is_err(), "{group:?}");
        }
        let safe = MODP_2048.start(&mut random).unwrap();
        assert!(safe.complete(&padded(2, 256)).is_ok());
    }

    /// RFC 5114 §2: the generator has the order that is given for it.
    #[test]
    fn the_generators_are_in_their_subgroups() {
        fn check<const LIMBS: usize>(modp: &Modp<LIMBS>) {
            let group = modp.group;
            let generator = FixedMontyForm::new(&group.generator, &group.params);
            let order = group.order.unwrap();
            let one = FixedMontyForm::one(&group.params);
            assert_eq!(generator.pow(&order), one);
            assert_ne!(generator, one);
        }
        check(&MODP_1024_160);
        check(&MODP_2048_224);
        check(&MODP_2048_256);
    }

    #[test]
    fn a_private_value_beyond_the_order_is_drawn_again() {
        struct Then(u8);
        impl Random for Then {
            fn fill(&mut self, out: &mut [u8]) -> Result<(), Error> {
                out.fill(self.0);
                self.0 = 7;
                Ok(())
            }
        }
        for first in [0x00, 0xFF] {
            let drawn = MODP_2048_256.group.draw(&mut Then(first)).unwrap();
            assert_eq!(drawn.as_words()[0] & 0xFF, 7);
        }
    }

    #[cfg(feature = "std")]
    #[test]
    fn the_comb_raises_as_the_plain_power_does() {
        fn check<const LIMBS: usize>(modp: &Modp<LIMBS>) {
            let group = modp.group;
            let mut random = SeededRandom::new([2; 32]);
            let generator = FixedMontyForm::new(&group.generator, &group.params);
            for _ in 0..20 {
                let exponent = group.draw(&mut random).unwrap();
                assert_eq!(group.raise_generator(&exponent), generator.pow(&exponent));
            }
            let most = Uint::MAX.shr(Uint::<LIMBS>::BITS - group.exponent_bits);
            assert_eq!(group.raise_generator(&most), generator.pow(&most));
        }
        check(&MODP_2048);
        check(&MODP_4096);
    }
}
