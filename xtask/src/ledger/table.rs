//! The ledger of [MS-IKEE] by crate, as ARCHITECTURE.md has it.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use super::file::{Ledger, Status};
use crate::shell::Result;
use crate::tree::Tree;

const FILE: &str = "ARCHITECTURE.md";
const BEGIN: &str = "<!-- written by `cargo xtask ledger --write` -->\n";
const END: &str = "<!-- end -->\n";

/// What stands in the file for one crate.
#[derive(Debug, Default)]
struct Row<'a> {
    sections: BTreeSet<&'a str>,
    counts: [usize; 3],
    todo: Vec<&'a str>,
}

/// The table: a line for each crate, and what is left to do.
pub(super) fn of(ledger: &Ledger) -> String {
    let mut rows: BTreeMap<&str, Row<'_>> = BTreeMap::new();
    for requirement in &ledger.requirements {
        let row = rows.entry(&requirement.owner).or_default();
        row.sections.insert(chapter(requirement.place()));
        row.counts[requirement.status as usize] += 1;
        if requirement.status == Status::Todo {
            row.todo.push(&requirement.id);
        }
    }
    let mut text =
        String::from("| crate | sections | done | exempt | todo |\n|---|---|---:|---:|---:|\n");
    for (owner, row) in &rows {
        let sections: Vec<&str> = row.sections.iter().copied().collect();
        let [done, exempt, todo] = row.counts;
        // a String takes everything
        writeln!(
            text,
            "| {owner} | {} | {done} | {exempt} | {todo} |",
            sections.join(", ")
        )
        .unwrap_or_default();
    }
    let extensions = rows.iter().filter(|(owner, _)| owner.starts_with("ikee-"));
    let open: Vec<String> = extensions
        .filter(|(_, row)| !row.todo.is_empty())
        .map(|(owner, row)| format!("{owner} {}", row.todo.join(", ")))
        .collect();
    let said = match open.as_slice() {
        [] => "Every entry of every extension is done, or exempt with a reason.".to_owned(),
        _ => format!(
            "Every other entry of every extension is done, or exempt with a reason. To do: {}.",
            open.join("; ")
        ),
    };
    writeln!(text, "\n{said}").unwrap_or_default();
    text
}

/// The chapter of a section, `3.15` of `3.15.5.1`, or that it is a note.
fn chapter(place: &str) -> &str {
    if place.starts_with("note") {
        return "notes";
    }
    let mut dots = place.match_indices('.');
    // in chapter 2 a third number tells the payloads apart
    let wanted = if place.starts_with("2.") { 2 } else { 1 };
    let end = dots.nth(wanted).map_or(place.len(), |(at, _)| at);
    place.get(..end).unwrap_or(place)
}

/// Compares the file with the table, or writes it there.
///
/// # Errors
/// The file cannot be read or written, or has no place for the table.
pub(super) fn check(tree: &Tree, ledger: &Ledger, write: bool) -> Result<Option<String>> {
    let text = tree.read(FILE)?;
    let (before, rest) = text
        .split_once(BEGIN)
        .ok_or_else(|| format!("{FILE} has no line {}", BEGIN.trim_end()))?;
    let (stands, after) = rest
        .split_once(END)
        .ok_or_else(|| format!("{FILE} has no line {}", END.trim_end()))?;
    let table = of(ledger);
    if stands.trim() == table.trim() {
        return Ok(None);
    }
    if write {
        tree.write(FILE, &format!("{before}{BEGIN}\n{table}\n{END}{after}"))?;
        return Ok(None);
    }
    Ok(Some(format!(
        "{FILE}: its table of the ledger is stale; run `cargo xtask ledger --write`"
    )))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ledger::file;

    fn ledger(status: &str) -> Ledger {
        let entry = |id: &str, status: &str| {
            format!(
                "[[requirement]]\nid = \"{id}\"\nlevel = \"MUST\"\ncrate = \"ikee-x\"\ngist = \"a rule\"\nstatus = \"{status}\"\n"
            )
        };
        let text = ["2.2.1/1", "3.15.5.1/2", "note 3/1"]
            .map(|id| entry(id, "done"))
            .concat();
        let text = text + &entry("3.15.6/1", status);
        file::read("ms-ikee.toml", &text.parse().unwrap(), &mut Vec::new())
    }

    #[test]
    fn a_crate_has_its_chapters_and_its_counts() {
        let table = of(&ledger("done"));
        assert!(
            table.contains("| ikee-x | 2.2.1, 3.15, notes | 4 | 0 | 0 |"),
            "{table}"
        );
        assert!(
            table.ends_with("\nEvery entry of every extension is done, or exempt with a reason.\n")
        );
    }

    #[test]
    fn what_is_to_do_is_named() {
        let table = of(&ledger("todo"));
        assert!(table.ends_with("To do: ikee-x 3.15.6/1.\n"), "{table}");
    }
}
