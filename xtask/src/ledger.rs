//! `ledger`: every requirement against the code and the tests that cite it.
//!
//! A ledger in `tests/conformance/ledger/` has one entry for each rule of a document. An entry that is `done` stands in a
//! section which some code below `crates/` cites, and some test too. The ledger of [MS-IKEE] is compared with that of
//! the specification, where this is at hand (`IKEE_SPEC`, or `../shared/spec/ledger.toml`).

pub(crate) mod citation;
mod file;
mod table;

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use self::file::{Ledger, Requirement, Status};
use crate::shell::{Outcome, Result};
use crate::source::Source;
use crate::tree::Tree;

const DIRECTORY: &str = "tests/conformance/ledger/";

/// How often code and tests cite a place: `(document, place)` to both counts.
type Cited = BTreeMap<(String, String), (usize, usize)>;

/// Checks the ledgers and prints the counts; with `report`, a table of all sections, and the one by crate that
/// ARCHITECTURE.md has; with `write`, puts that there.
pub(crate) fn run(tree: &Tree, report: bool, write: bool) -> Result<Outcome> {
    let mut findings = Vec::new();
    let mut ledgers = Vec::new();
    for path in tree
        .files()?
        .iter()
        .filter(|path| path.starts_with(DIRECTORY) && path.ends_with(".toml"))
    {
        ledgers.push(file::read(path, &tree.toml(path)?, &mut findings));
    }
    if ledgers.is_empty() {
        return Err(format!("{DIRECTORY} has no ledger"));
    }
    let cited = citations(&tree.rust_files()?);
    let crates: BTreeSet<String> = tree
        .packages()?
        .into_iter()
        .map(|package| package.name)
        .collect();
    for ledger in &ledgers {
        compare(tree, ledger, &mut findings)?;
        findings.extend(uncited(ledger, &cited));
        findings.extend(unowned(ledger, &crates));
        let by_crate = ledger.document == "MS-IKEE";
        if by_crate {
            findings.extend(table::check(tree, ledger, write)?);
        }
        if report {
            sections(ledger, &cited);
        }
        if report && by_crate {
            println!("{}", table::of(ledger));
        }
        counts(ledger);
    }
    if findings.is_empty() {
        return Ok(Outcome::Done);
    }
    for finding in &findings {
        println!("{finding}");
    }
    Err(format!("ledger: {} findings", findings.len()))
}

/// Counts the citations below `crates/` and `tests/`.
fn citations(files: &[(String, String)]) -> Cited {
    let mut cited = Cited::new();
    for (path, text) in files
        .iter()
        .filter(|(path, _)| path.starts_with("crates/") || path.starts_with("tests/"))
    {
        let source = Source::new(path, text);
        for found in citation::find(text) {
            let (code, test) = cited.entry((found.document, found.place)).or_default();
            *(if source.is_test(found.offset) {
                test
            } else {
                code
            }) += 1;
        }
    }
    cited
}

/// Entries that the specification's ledger has and ours lacks.
fn compare(tree: &Tree, ledger: &Ledger, findings: &mut Vec<String>) -> Result<()> {
    if ledger.document != "MS-IKEE" {
        return Ok(());
    }
    let given = std::env::var_os("IKEE_SPEC").map(PathBuf::from);
    let place = given.unwrap_or_else(|| tree.path("../shared/spec"));
    let place = if place.is_dir() {
        place.join("ledger.toml")
    } else {
        place
    };
    if !place.is_file() {
        println!(
            "skipped: no ledger of the specification at {} (IKEE_SPEC names it)",
            place.display()
        );
        return Ok(());
    }
    let text =
        std::fs::read_to_string(&place).map_err(|error| format!("{}: {error}", place.display()))?;
    let table = text
        .parse()
        .map_err(|error| format!("{}: {error}", place.display()))?;
    let ours: BTreeMap<&str, &str> = ledger
        .requirements
        .iter()
        .map(|requirement| (requirement.id.as_str(), requirement.level.as_str()))
        .collect();
    for (id, level) in file::identifiers(&table) {
        match ours.get(id.as_str()) {
            None => findings.push(format!(
                "{}: {id} is missing; take it over from the specification's ledger",
                ledger.path
            )),
            Some(own) if *own != level => {
                findings.push(format!(
                    "{}: {id}: level {own}, the specification has {level}",
                    ledger.path
                ));
            }
            Some(_) => {}
        }
    }
    Ok(())
}

/// Entries that are done although no code, or no test, cites their section.
fn uncited(ledger: &Ledger, cited: &Cited) -> Vec<String> {
    let name = if ledger.document == "MS-IKEE" {
        "[MS-IKEE]"
    } else {
        &ledger.document
    };
    let mut findings = Vec::new();
    for requirement in ledger
        .requirements
        .iter()
        .filter(|requirement| requirement.status == Status::Done)
    {
        let place = requirement.place();
        let (code, test) = cited
            .get(&(ledger.document.clone(), place.to_owned()))
            .copied()
            .unwrap_or_default();
        let mark = if place.starts_with("note") { "" } else { "§" };
        for (count, what) in [(code, "no code under crates/"), (test, "no test")] {
            if count == 0 {
                let Requirement { id, .. } = requirement;
                findings.push(format!(
                    "{}: {id} is done, but {what} cites {name} {mark}{place}",
                    ledger.path
                ));
            }
        }
    }
    findings
}

/// Entries that are done in a crate which is not there.
fn unowned(ledger: &Ledger, crates: &BTreeSet<String>) -> Vec<String> {
    let done = ledger
        .requirements
        .iter()
        .filter(|requirement| requirement.status == Status::Done);
    done.filter(|requirement| !crates.contains(&requirement.owner))
        .map(|Requirement { id, owner, .. }| {
            format!(
                "{}: {id} is done in {owner}, which is no crate of ours",
                ledger.path
            )
        })
        .collect()
}

/// Prints how many entries of each crate are done, exempt and open.
fn counts(ledger: &Ledger) {
    let mut rows: BTreeMap<&str, [usize; 3]> = BTreeMap::new();
    let mut total = [0; 3];
    for requirement in &ledger.requirements {
        let row = rows.entry(&requirement.owner).or_default();
        for count in [row, &mut total] {
            count[requirement.status as usize] += 1;
        }
    }
    let [done, exempt, todo] = total;
    println!(
        "{}: {} entries, {done} done, {exempt} exempt, {todo} todo",
        ledger.path,
        ledger.requirements.len()
    );
    println!(
        "  {:<24} {:>5} {:>7} {:>5}",
        "crate", "done", "exempt", "todo"
    );
    for (owner, [done, exempt, todo]) in rows {
        println!("  {owner:<24} {done:>5} {exempt:>7} {todo:>5}");
    }
}

/// Prints one line for each section.
fn sections(ledger: &Ledger, cited: &Cited) {
    println!("{}: citations", ledger.document);
    println!(
        "  {:<12} {:>7} {:>5} {:>7} {:>5} {:>5} {:>5}",
        "section", "entries", "done", "exempt", "todo", "code", "tests"
    );
    let mut rows: Vec<(&str, [usize; 3])> = Vec::new();
    for requirement in &ledger.requirements {
        if rows
            .last()
            .is_none_or(|(place, _)| *place != requirement.place())
        {
            rows.push((requirement.place(), [0; 3]));
        }
        if let Some((_, row)) = rows.last_mut() {
            row[requirement.status as usize] += 1;
        }
    }
    for (place, row) in rows {
        let [done, exempt, todo] = row;
        let (code, test) = cited
            .get(&(ledger.document.clone(), place.to_owned()))
            .copied()
            .unwrap_or_default();
        let entries: usize = row.iter().sum();
        println!("  {place:<12} {entries:>7} {done:>5} {exempt:>7} {todo:>5} {code:>5} {test:>5}");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ledger(status: &str) -> Ledger {
        let text = format!(
            "[[requirement]]\nid = \"3.15.1/2\"\nlevel = \"MUST\"\ncrate = \"ikev2\"\ngist = \"a rule\"\nstatus = \"{status}\"\n"
        );
        file::read("ms-ikee.toml", &text.parse().unwrap(), &mut Vec::new())
    }

    #[test]
    fn a_done_entry_needs_code_and_a_test_that_cite_its_section() {
        let code = (
            "crates/x/src/a.rs".to_owned(),
            "// [MS-IKEE] §3.15.1".to_owned(),
        );
        let test = (
            "crates/x/tests/a.rs".to_owned(),
            "// [MS-IKEE] §3.15.1".to_owned(),
        );
        let elsewhere = (
            "xtask/src/a.rs".to_owned(),
            "// [MS-IKEE] §3.15.1".to_owned(),
        );
        assert_eq!(
            uncited(
                &ledger("done"),
                &citations(std::slice::from_ref(&elsewhere))
            )
            .len(),
            2
        );
        assert_eq!(
            uncited(&ledger("done"), &citations(std::slice::from_ref(&code))).len(),
            1
        );
        assert!(uncited(&ledger("done"), &citations(&[code, test])).is_empty());
        assert!(uncited(&ledger("todo"), &citations(&[elsewhere])).is_empty());
    }

    #[test]
    fn a_citation_in_a_test_module_is_one_by_a_test() {
        let text = "// [MS-IKEE] §3.1\n#[cfg(test)]\nmod tests {\n    // [MS-IKEE] §3.1\n}\n";
        let cited = citations(&[("crates/x/src/a.rs".to_owned(), text.to_owned())]);
        assert_eq!(
            cited.get(&("MS-IKEE".to_owned(), "3.1".to_owned())),
            Some(&(1, 1))
        );
    }

    #[test]
    fn done_in_a_crate_that_is_not_there_is_found() {
        assert_eq!(unowned(&ledger("done"), &BTreeSet::new()).len(), 1);
        assert!(unowned(&ledger("done"), &BTreeSet::from(["ikev2".to_owned()])).is_empty());
    }
}
