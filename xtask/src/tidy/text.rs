//! Rules for every text file: nothing left over, nothing that only one machine has.

use super::Findings;

/// Markers of unfinished work. Split, so that this file does not find itself.
const LEFT_OVERS: [&str; 3] = [
    concat!("TO", "DO"),
    concat!("FIX", "ME"),
    concat!("XX", "X"),
];
/// Paths that only one machine has.
const MACHINE_PATHS: [&str; 4] = [
    concat!("/wo", "rk/"),
    concat!("/ho", "me/"),
    concat!("/ro", "ot/"),
    concat!("/Us", "ers/"),
];

/// Files that are read as text.
pub(super) fn is_text(path: &str) -> bool {
    let name = path.rsplit('/').next().unwrap_or(path);
    let extension = name.rsplit_once('.').map_or("", |(_, extension)| extension);
    name != "Cargo.lock"
        && (matches!(extension, "rs" | "md" | "toml" | "sh" | "csv" | "") || path == ".ci/run")
}

/// Checks a file's text.
pub(super) fn check(path: &str, text: &str, findings: &mut Findings) {
    for (number, line) in text.lines().enumerate() {
        let number = number + 1;
        for word in LEFT_OVERS.into_iter().filter(|word| has_word(line, word)) {
            findings.push(format!(
                "{path}:{number}: {word} belongs into an issue, not into the tree"
            ));
        }
        for place in MACHINE_PATHS
            .into_iter()
            .filter(|place| line.contains(place))
        {
            findings.push(format!("{path}:{number}: {place} is a path of one machine"));
        }
    }
}

/// True when the word stands there by itself.
fn has_word(line: &str, word: &str) -> bool {
    line.match_indices(word).any(|(at, _)| {
        let before = line.get(..at).and_then(|before| before.chars().next_back());
        let after = line
            .get(at + word.len()..)
            .and_then(|after| after.chars().next());
        ![before, after]
            .into_iter()
            .flatten()
            .any(char::is_alphanumeric)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn left_overs_and_machine_paths_are_found_with_their_line() {
        let mut found = Vec::new();
        check(
            "README.md",
            &format!(
                "fine\n// {}: later\n{}me/x",
                LEFT_OVERS[0], MACHINE_PATHS[1]
            ),
            &mut found,
        );
        assert_eq!(found.len(), 2, "{found:?}");
        assert!(
            found[0].starts_with("README.md:2:") && found[1].starts_with("README.md:3:"),
            "{found:?}"
        );
    }

    #[test]
    fn a_marker_inside_a_longer_word_is_none() {
        let mut found = Vec::new();
        check(
            "a.rs",
            &format!("const MASTO{}N: u8; XX{}", "DO", "XX"),
            &mut found,
        );
        assert!(found.is_empty(), "{found:?}");
    }

    #[test]
    fn captures_and_the_lock_file_are_not_text() {
        assert!(is_text("LICENSE-MIT") && is_text(".ci/run") && is_text("crates/x/README.md"));
        assert!(!is_text("Cargo.lock") && !is_text("a/b.pcap"));
    }
}
