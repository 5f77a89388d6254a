//! `tidy`: the rules of the house that no compiler checks.
//!
//! Each finding names the file, the line and what mends it.

mod packages;
mod rust;
mod text;

use crate::shell::{Outcome, Result};
use crate::source::Source;
use crate::tree::Tree;

/// What was found; one line each.
type Findings = Vec<String>;

/// Lines of a file that are not tests: the limit.
const FILE_LIMIT: usize = 500;
/// Lines of a file that are not tests: what a file should stay below.
const FILE_GOAL: usize = 400;

/// Runs every check.
pub(crate) fn run(tree: &Tree) -> Result<Outcome> {
    let mut findings = Findings::new();
    let mut near = Vec::new();
    let files = tree.rust_files()?;
    let mut lines = 0;
    for (path, text) in &files {
        let source = Source::new(path, text);
        let count = source.code_lines();
        lines += count;
        if count > FILE_LIMIT {
            findings.push(format!(
                "{path}: {count} lines that are not tests; split it, {FILE_LIMIT} is the limit"
            ));
        } else if count > FILE_GOAL {
            near.push(format!("{path} ({count})"));
        }
        rust::check(&source, &mut findings);
    }
    for path in tree.files()?.iter().filter(|path| text::is_text(path)) {
        text::check(path, &tree.read(path)?, &mut findings);
    }
    let packages = tree.packages()?;
    packages::check(tree, &packages, &mut findings)?;
    packages::sizes(&packages, &files, &mut findings);

    println!(
        "{} packages, {} Rust files, {lines} lines that are not tests",
        packages.len(),
        files.len()
    );
    if !near.is_empty() {
        println!(
            "over {FILE_GOAL} lines, the limit is {FILE_LIMIT}: {}",
            near.join(", ")
        );
    }
    if findings.is_empty() {
        return Ok(Outcome::Done);
    }
    for finding in &findings {
        println!("{finding}");
    }
    Err(format!("tidy: {} findings", findings.len()))
}
