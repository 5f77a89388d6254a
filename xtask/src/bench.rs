//! `bench`: the benchmarks, by criterion.

use crate::shell::{Outcome, Result, cargo, run as call};
use crate::tree::Tree;

/// Runs them with the given arguments, for example `--bench wire` or `-- --quick`.
pub(crate) fn run(tree: &Tree, arguments: &[String]) -> Result<Outcome> {
    call(
        cargo(tree)
            .args(["bench", "--package", "ikee-benches"])
            .args(arguments),
    )?;
    Ok(Outcome::Done)
}
