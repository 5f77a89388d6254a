//! A fixed-base comb: the generator is always the same, so its powers are computed once and a private value is put
//! together from them (Lim and Lee, CRYPTO '94).

use alloc::vec::Vec;

use crypto_bigint::modular::{FixedMontyForm, FixedMontyParams};
use crypto_bigint::{Uint, Word};
use subtle::ConstantTimeEq;
use zeroize::Zeroize;

/// Rows into which the exponent is cut; one table has 2^ROWS entries.
const ROWS: u32 = 6;
/// Blocks into which each row is cut; one table for each.
const BLOCKS: u32 = 4;

/// Powers of a generator. The exponent's bits stand in a matrix of `ROWS` rows, each row in `BLOCKS` blocks of `width`
/// bits. For every block there is a table that has, for each choice of rows, the product of the generator raised to the
/// weights of that block's lowest bits in those rows.
pub(super) struct Comb<const LIMBS: usize> {
    tables: Vec<Vec<Uint<LIMBS>>>,
    width: u32,
}

impl<const LIMBS: usize> Comb<LIMBS> {
    pub(super) fn new(
        params: &FixedMontyParams<LIMBS>,
        generator: &Uint<LIMBS>,
        exponent_bits: u32,
    ) -> Self {
        let width = exponent_bits.div_ceil(ROWS.saturating_mul(BLOCKS));
        let mut weights = Vec::new();
        let mut power = FixedMontyForm::new(generator, params);
        for _ in 0..ROWS.saturating_mul(BLOCKS) {
            weights.push(power);
            power = power.square_repeat_vartime(width);
        }
        let tables = (0..BLOCKS)
            .map(|block| {
                let rows = weights
                    .iter()
                    .skip(usize::try_from(block).unwrap_or(usize::MAX))
                    .step_by(usize::try_from(BLOCKS).unwrap_or(usize::MAX));
                table(params, rows)
            })
            .collect();
        Self { tables, width }
    }

    /// Raises the generator to `exponent`, in time and with accesses to memory that do not depend on it.
    pub(super) fn raise(
        &self,
        params: &FixedMontyParams<LIMBS>,
        exponent: &Uint<LIMBS>,
    ) -> FixedMontyForm<LIMBS> {
        let mut result = FixedMontyForm::one(params);
        for column in (0..self.width).rev() {
            result = result.square();
            for (table, block) in self.tables.iter().zip(0..BLOCKS) {
                let mut choice = self.rows(exponent, block, column);
                let mut entry = select(table, choice);
                result = result.mul(&FixedMontyForm::from_montgomery(entry, params));
                entry.zeroize();
                choice.zeroize();
            }
        }
        result
    }

    /// The bits of one column, one from each row.
    fn rows(&self, exponent: &Uint<LIMBS>, block: u32, column: u32) -> u32 {
        (0..ROWS).fold(0, |choice, row| {
            let weight = row.saturating_mul(BLOCKS).saturating_add(block);
            let index = weight.saturating_mul(self.width).saturating_add(column);
            choice | bit(exponent, index).wrapping_shl(row)
        })
    }
}

/// One bit, 0 beyond the end; only which one is asked for shows in the time.
fn bit<const LIMBS: usize>(value: &Uint<LIMBS>, index: u32) -> u32 {
    let word = usize::try_from(index.wrapping_div(Word::BITS)).ok();
    let word = word.and_then(|word| value.as_words().get(word));
    let shifted = word.copied().unwrap_or(0).wrapping_shr(index);
    u32::try_from(shifted & 1).unwrap_or(0)
}

/// All products of the weights, indexed by which of them take part.
fn table<'a, const LIMBS: usize>(
    params: &FixedMontyParams<LIMBS>,
    weights: impl Iterator<Item = &'a FixedMontyForm<LIMBS>>,
) -> Vec<Uint<LIMBS>> {
    let mut products = Vec::from([FixedMontyForm::one(params)]);
    for weight in weights {
        let with: Vec<_> = products.iter().map(|product| product.mul(weight)).collect();
        products.extend(with);
    }
    products.iter().map(FixedMontyForm::to_montgomery).collect()
}

/// The entry with the index `choice`, found by reading all of them.
fn select<const LIMBS: usize>(table: &[Uint<LIMBS>], choice: u32) -> Uint<LIMBS> {
    let mut selected = Uint::ZERO;
    for (entry, index) in table.iter().zip(0u32..) {
        let mask = Word::from(index.ct_eq(&choice).unwrap_u8()).wrapping_neg();
        for (to, from) in selected.as_mut_words().iter_mut().zip(entry.as_words()) {
            *to |= from & mask;
        }
    }
    selected
}
