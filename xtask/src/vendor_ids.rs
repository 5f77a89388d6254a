//! `vendor-ids`: the vendor-ID table of isakmp-wire, printed or recomputed.

use crate::shell::{Outcome, Result, cargo, run as call};
use crate::tree::Tree;

/// The example that prints the table.
const EXAMPLE: &str = "vendor_ids";

/// Prints the table, or runs the tests that recompute the MD5 of every preimage in it.
pub(crate) fn run(tree: &Tree, check: bool) -> Result<Outcome> {
    if check {
        call(cargo(tree).args(["test", "--package", "isakmp-wire", "--lib", "vendor_id"]))?;
        return Ok(Outcome::Done);
    }
    let example = [
        "run",
        "--quiet",
        "--package",
        "isakmp-wire",
        "--example",
        EXAMPLE,
    ];
    call(cargo(tree).args(example))?;
    Ok(Outcome::Done)
}
