//! Rules for one Rust file.

use super::Findings;
use crate::ledger::citation;
use crate::source::Source;

/// Fields of a struct: the limit.
const FIELD_LIMIT: usize = 15;
/// Words in the name of a test: a sentence has at least so many.
const TEST_NAME_WORDS: usize = 3;
/// The macros of the house, with the crate of each.
const MACROS: [(&str, &str); 2] = [
    ("registry", "crates/isakmp-wire/"),
    ("handle", "crates/ike-ext/"),
];

/// Checks a file; its length is checked by the caller.
pub(super) fn check(source: &Source<'_>, findings: &mut Findings) {
    let mut found = Vec::new();
    shape(source, &mut found);
    macros(source, &mut found);
    places(source, &mut found);
    if ["crates/", "tests/"]
        .iter()
        .any(|place| source.path.starts_with(place))
    {
        found.extend(citation::malformed(source.text));
    }
    found.sort();
    findings.extend(
        found
            .into_iter()
            .map(|(at, what)| format!("{}:{}: {what}", source.path, source.line(at))),
    );
}

/// Sizes and names.
fn shape(source: &Source<'_>, found: &mut Vec<(usize, String)>) {
    if source.path.ends_with("/mod.rs") {
        found.push((0, "no mod.rs: a module is foo.rs beside foo/".into()));
    }
    for (at, name, fields) in source.structs() {
        if fields > FIELD_LIMIT {
            found.push((
                at,
                format!("struct {name} has {fields} fields, {FIELD_LIMIT} is the limit: it is more than one thing"),
            ));
        }
    }
    for (at, name) in source.test_names() {
        if name.split('_').filter(|word| !word.is_empty()).count() < TEST_NAME_WORDS {
            found.push((
                at,
                format!("test `{name}`: name it by what it shows, as a sentence of {TEST_NAME_WORDS} words or more"),
            ));
        }
    }
}

/// Attributes and macros that have no place here.
fn macros(source: &Source<'_>, found: &mut Vec<(usize, String)>) {
    for marker in ["#[allow(", "#![allow("] {
        for (at, _) in source.code.match_indices(marker) {
            found.push((
                at,
                "no #[allow]: #[expect(…, reason = \"…\")] tells when it is no longer needed"
                    .into(),
            ));
        }
    }
    // concat!, so that no search finds the list itself
    for marker in [
        concat!("to", "do!("),
        concat!("un", "implemented!("),
        concat!("d", "bg!("),
    ] {
        for (at, _) in source.code.match_indices(marker) {
            found.push((at, format!("a left-over {marker}…)")));
        }
    }
    for (at, marker) in source.code.match_indices("macro_rules!") {
        let name = source
            .code
            .get(at + marker.len()..)
            .unwrap_or_default()
            .trim_start();
        let known = MACROS
            .iter()
            .any(|(own, place)| name.starts_with(own) && source.path.starts_with(place));
        if source.path.starts_with("crates/") && !source.is_test(at) && !known {
            found.push((
                at,
                "the house has two macros, registry! and handle!: a function or a trait does it too".into(),
            ));
        }
    }
}

/// What a file may name.
fn places(source: &Source<'_>, found: &mut Vec<(usize, String)>) {
    if source.path.ends_with("/src/machine.rs") {
        for (at, _) in source.code.match_indices("ike_ext") {
            found.push((
                at,
                "machine.rs is the pure protocol; only hook.rs knows ike_ext".into(),
            ));
        }
    }
    for (at, _) in source.text.match_indices(concat!("\"/t", "mp/")) {
        if !source.is_test(at) {
            found.push((
                at,
                "a path of one machine; std::env::temp_dir() is portable".into(),
            ));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn findings(path: &str, text: &str) -> Vec<String> {
        let mut found = Vec::new();
        check(&Source::new(path, text), &mut found);
        found
    }

    #[test]
    fn a_clean_file_has_no_finding() {
        assert!(
            findings(
                "crates/x/src/a.rs",
                "//! Obeys RFC 7296 §2.6.\nstruct A { b: u8 }\n"
            )
            .is_empty()
        );
    }

    #[test]
    fn each_rule_finds_its_breach_with_the_line() {
        let fields: String = (0..16).map(|n| format!("f{n}: u8, ")).collect();
        let cases = [
            (
                "crates/x/src/a.rs",
                format!("\nstruct A {{ {fields} }}"),
                ":2: struct A has 16 fields",
            ),
            ("crates/x/src/a/mod.rs", String::new(), "no mod.rs"),
            (
                "crates/x/tests/a.rs",
                "#[test]\nfn works() {}".into(),
                ":2: test `works`",
            ),
            (
                "crates/x/src/a.rs",
                format!("#[{}(dead_code)] fn a() {{}}", "allow"),
                "no #[allow]",
            ),
            (
                "crates/x/src/a.rs",
                "macro_rules! registry { }".into(),
                "two macros",
            ),
            (
                "crates/x/src/machine.rs",
                "use ike_ext::SaId;".into(),
                "only hook.rs",
            ),
            (
                "crates/x/src/a.rs",
                format!("fn a() {{ {}) }}", concat!("to", "do!(")),
                "left-over",
            ),
        ];
        for (path, text, expected) in cases {
            let found = findings(path, &text);
            assert!(
                found.len() == 1 && found[0].contains(expected),
                "{expected}: {found:?}"
            );
        }
    }

    #[test]
    fn the_macros_of_the_house_may_stay_where_they_are() {
        assert!(
            findings(
                "crates/isakmp-wire/src/registry.rs",
                "macro_rules! registry { }"
            )
            .is_empty()
        );
        assert!(findings("tests/src/a.rs", "macro_rules! other { }").is_empty());
    }
}
