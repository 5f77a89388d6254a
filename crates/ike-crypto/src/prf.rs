use alloc::boxed::Box;
use alloc::vec::Vec;
use core::fmt;

use ipsec_doi::PrfId;
use subtle::ConstantTimeEq;
use zeroize::Zeroize;

use crate::Error;

/// A pseudo-random function.
pub trait Prf: Send + Sync + fmt::Debug {
    /// Which one this is. The preferred key length and the output length follow from it.
    fn id(&self) -> PrfId;

    /// Prepares a key of any length: a PRF of IKE takes what it is given, by its own rule where the underlying MAC has
    /// a fixed key (RFC 4434 §2, RFC 4615 §3).
    fn keyed(&self, key: &[u8]) -> Box<dyn PrfKey>;
}

/// A pseudo-random function with its key.
pub trait PrfKey: Send + Sync {
    /// Computes the function over the concatenated `parts` and writes as much of its output as `out` takes. Octets of
    /// `out` beyond the output's length stay as they are.
    fn mac(&self, parts: &[&[u8]], out: &mut [u8]);

    /// Compares the output over the concatenated `parts` with `expected`, in constant time. For the AUTH payload of a
    /// pre-shared key, IKEv1's HASH payloads, cookies.
    ///
    /// # Errors
    ///
    /// When they differ, or `expected` is empty or longer than 64 octets. `expected` is compared in its own length:
    /// that it is the whole output of the function is for the caller to require.
    fn verify(&self, parts: &[&[u8]], expected: &[u8]) -> Result<(), Error> {
        let mut output = [0; MAX_OUTPUT];
        let computed = output.get_mut(..expected.len()).ok_or(Error)?;
        self.mac(parts, computed);
        let equal = bool::from(computed.ct_eq(expected)) && !expected.is_empty();
        output.zeroize();
        if equal { Ok(()) } else { Err(Error) }
    }
}

impl fmt::Debug for dyn PrfKey + '_ {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PrfKey")
    }
}

/// The longest output of any PRF, in octets.
const MAX_OUTPUT: usize = 64;

/// Fills `out` with prf+(K, S), RFC 7296 §2.13: T1 | T2 | … with Tn = prf(K, T(n-1) | S | n).
///
/// `key` is K, `seed` the parts of S, `output_len` the output length of the PRF in octets.
///
/// # Errors
///
/// When `out` needs more than 255 blocks, or `output_len` is 0 or above 64.
pub fn prf_plus(
    key: &dyn PrfKey,
    output_len: usize,
    seed: &[&[u8]],
    out: &mut [u8],
) -> Result<(), Error> {
    if output_len == 0 || output_len > MAX_OUTPUT || out.len().div_ceil(output_len) > 255 {
        return Err(Error);
    }
    let mut previous = [0; MAX_OUTPUT];
    let mut previous_len = 0;
    for (block, number) in out.chunks_mut(output_len).zip(1..=u8::MAX) {
        let number = [number];
        let mut parts: Vec<&[u8]> = Vec::with_capacity(seed.len().saturating_add(2));
        parts.push(previous.get(..previous_len).ok_or(Error)?);
        parts.extend_from_slice(seed);
        parts.push(&number);
        key.mac(&parts, block);
        // Only the last block can be short, and nothing follows it.
        previous_len = block.len();
        previous
            .get_mut(..previous_len)
            .ok_or(Error)?
            .copy_from_slice(block);
    }
    previous.zeroize();
    Ok(())
}

#[cfg(test)]
mod tests {
    use alloc::vec;

    use super::*;

    /// Output: 8 octets, the number of octets of input and then the last one.
    struct Toy;

    impl PrfKey for Toy {
        fn mac(&self, parts: &[&[u8]], out: &mut [u8]) {
            let octets = parts.concat();
            let output = [
                octets.len() as u8,
                *octets.last().unwrap(),
                0,
                0,
                0,
                0,
                0,
                9,
            ];
            let n = out.len().min(output.len());
            out[..n].copy_from_slice(&output[..n]);
        }
    }

    #[test]
    fn each_block_feeds_the_next_and_counts_from_one() {
        let mut out = [0; 20];
        prf_plus(&Toy, 8, &[b"abc", b"d"], &mut out).unwrap();
        assert_eq!(
            out,
            [5, 1, 0, 0, 0, 0, 0, 9, 13, 2, 0, 0, 0, 0, 0, 9, 13, 3, 0, 0]
        );
    }

    /// RFC 7296 §2.13: the counter is one octet.
    #[test]
    fn two_hundred_and_fifty_five_blocks_are_the_limit() {
        let mut out = vec![0; 8 * 255];
        assert_eq!(prf_plus(&Toy, 8, &[b"s"], &mut out), Ok(()));
        assert_eq!(out[8 * 254 + 1], 255);
        let mut out = vec![0; 8 * 255 + 1];
        assert_eq!(prf_plus(&Toy, 8, &[b"s"], &mut out), Err(Error));
    }

    #[test]
    fn an_impossible_output_length_is_an_error() {
        assert_eq!(prf_plus(&Toy, 0, &[], &mut [0]), Err(Error));
        assert_eq!(prf_plus(&Toy, 65, &[], &mut [0]), Err(Error));
    }

    #[test]
    fn nothing_equals_the_output_but_itself() {
        let mut right = [0; 8];
        Toy.mac(&[b"x"], &mut right);
        assert_eq!(Toy.verify(&[b"x"], &right), Ok(()));
        for i in 0..8 {
            let mut wrong = right;
            wrong[i] ^= 1;
            assert_eq!(Toy.verify(&[b"x"], &wrong), Err(Error));
        }
        assert_eq!(Toy.verify(&[b"x"], &[]), Err(Error));
        assert_eq!(Toy.verify(&[b"x"], &[0; 65]), Err(Error));
    }
}
