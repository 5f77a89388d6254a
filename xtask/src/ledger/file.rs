//! A ledger file: `[[requirement]]` entries of one document.

use std::collections::BTreeSet;

use toml::{Table, Value};

/// How far a requirement is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Status {
    /// Obeyed, cited and tested.
    Done,
    /// Not ours to obey; the entry says why.
    Exempt,
    /// Not yet.
    Todo,
}

/// One rule of a document.
#[derive(Debug)]
pub(crate) struct Requirement {
    /// `3.3.5.3/4` or `note 16/1`.
    pub(crate) id: String,
    pub(crate) level: String,
    /// The crate that is responsible.
    pub(crate) owner: String,
    pub(crate) status: Status,
}

impl Requirement {
    /// The section, or the note, that the rule stands in.
    pub(crate) fn place(&self) -> &str {
        self.id
            .rsplit_once('/')
            .map_or(&self.id, |(place, _)| place)
    }
}

/// A ledger, and what is wrong with it.
#[derive(Debug)]
pub(crate) struct Ledger {
    /// Path below the root.
    pub(crate) path: String,
    /// `MS-IKEE` or `RFC 7296`.
    pub(crate) document: String,
    pub(crate) requirements: Vec<Requirement>,
}

const LEVELS: [&str; 6] = ["MUST", "MUST NOT", "SHOULD", "SHOULD NOT", "MAY", "NOTE"];

/// Reads a ledger; what is wrong with an entry goes to `findings`.
pub(crate) fn read(path: &str, table: &Table, findings: &mut Vec<String>) -> Ledger {
    let mut requirements: Vec<Requirement> = Vec::new();
    let mut seen = BTreeSet::new();
    let entries = table
        .get("requirement")
        .and_then(Value::as_array)
        .map(Vec::as_slice)
        .unwrap_or_default();
    for (index, entry) in entries.iter().enumerate() {
        match requirement(entry) {
            Ok(requirement) if seen.insert(requirement.id.clone()) => {
                requirements.push(requirement);
            }
            Ok(requirement) => {
                findings.push(format!("{path}: {} stands there twice", requirement.id));
            }
            Err(what) => {
                let id =
                    text(entry, "id").map_or_else(|| format!("entry {}", index + 1), str::to_owned);
                findings.push(format!("{path}: {id}: {what}"));
            }
        }
    }
    if entries.is_empty() {
        findings.push(format!("{path}: no [[requirement]]"));
    }
    Ledger {
        path: path.to_owned(),
        document: document(path),
        requirements,
    }
}

/// Identifiers and levels of the specification's own ledger, which has no status.
pub(crate) fn identifiers(table: &Table) -> Vec<(String, String)> {
    let entries = table
        .get("requirement")
        .and_then(Value::as_array)
        .map(Vec::as_slice)
        .unwrap_or_default();
    entries
        .iter()
        .filter_map(|entry| {
            Some((
                text(entry, "id")?.to_owned(),
                text(entry, "level")?.to_owned(),
            ))
        })
        .collect()
}

fn requirement(entry: &Value) -> Result<Requirement, String> {
    let need = |key: &str| {
        text(entry, key)
            .map(str::to_owned)
            .ok_or_else(|| format!("`{key}` is missing"))
    };
    let id = need("id")?;
    if id
        .rsplit_once('/')
        .is_none_or(|(place, number)| place.is_empty() || number.parse::<u16>().is_err())
    {
        return Err("an id is a section, a slash and a number".into());
    }
    let level = need("level")?;
    if !LEVELS.contains(&level.as_str()) {
        return Err(format!("level `{level}` is none of {}", LEVELS.join(", ")));
    }
    need("gist")?;
    let status = match need("status")?.as_str() {
        "done" => Status::Done,
        "todo" => Status::Todo,
        "exempt" => {
            need("reason").map_err(|_| "an exempt entry says why, as `reason`")?;
            Status::Exempt
        }
        other => return Err(format!("status `{other}` is none of done, exempt, todo")),
    };
    Ok(Requirement {
        id,
        level,
        owner: need("crate")?,
        status,
    })
}

fn text<'a>(entry: &'a Value, key: &str) -> Option<&'a str> {
    entry
        .get(key)
        .and_then(Value::as_str)
        .filter(|text| !text.trim().is_empty())
}

/// The document of `…/ms-ikee.toml` or `…/rfc7296.toml`, as citations name it.
fn document(path: &str) -> String {
    let stem = path
        .rsplit('/')
        .next()
        .unwrap_or(path)
        .trim_end_matches(".toml");
    match stem.strip_prefix("rfc") {
        Some(number) => format!("RFC {number}"),
        None => stem.to_ascii_uppercase(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(more: &str) -> String {
        format!(
            "[[requirement]]\nid = \"3.15.1/2\"\nlevel = \"MUST\"\ncrate = \"ikev2\"\ngist = \"a rule\"\n{more}\n"
        )
    }

    #[test]
    fn a_good_entry_knows_its_section_and_its_document() {
        let mut findings = Vec::new();
        let ledger = read(
            "tests/conformance/ledger/rfc7296.toml",
            &entry("status = \"done\"").parse().unwrap(),
            &mut findings,
        );
        assert!(findings.is_empty(), "{findings:?}");
        assert_eq!(ledger.document, "RFC 7296");
        assert_eq!(ledger.requirements[0].place(), "3.15.1");
        assert_eq!(document("x/ms-ikee.toml"), "MS-IKEE");
    }

    #[test]
    fn a_bad_entry_is_named_with_what_is_wrong() {
        let cases = [
            ("", "`status` is missing"),
            ("status = \"later\"", "none of done, exempt, todo"),
            ("status = \"exempt\"", "says why"),
        ];
        for (more, expected) in cases {
            let mut findings = Vec::new();
            read("a.toml", &entry(more).parse().unwrap(), &mut findings);
            assert!(
                findings.len() == 1 && findings[0].contains(expected),
                "{findings:?}"
            );
        }
    }

    #[test]
    fn an_id_stands_there_once() {
        let text = entry("status = \"todo\"").repeat(2);
        let mut findings = Vec::new();
        read("a.toml", &text.parse().unwrap(), &mut findings);
        assert!(
            findings.len() == 1 && findings[0].contains("twice"),
            "{findings:?}"
        );
    }
}
