//! Citations in source text, in the form of the house: `RFC 7296 §2.6`, `[MS-IKEE] §3.9.5.1`, `[MS-IKEE] note 24`.
//!
//! Several places of one document may follow one another (`RFC 7296 §1.2, §2.6 and §2.23`), a run of sections may be
//! written with a dash (`§2.1–2.3`), and the number of a requirement may follow its section (`§3.3.5.3/4`). A
//! citation may go on in the next line of a comment.

/// A place in a document, cited somewhere.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Citation {
    /// `MS-IKEE` or `RFC 7296`.
    pub(crate) document: String,
    /// `3.9.5.1` or `note 24`.
    pub(crate) place: String,
    /// Where in the text the document is named, in octets.
    pub(crate) offset: usize,
}

/// All citations of a text.
pub(crate) fn find(text: &str) -> Vec<Citation> {
    let joined = Joined::new(text);
    let mut found = Vec::new();
    for (at, document, behind) in documents(&joined.text) {
        for place in places(joined.text.get(behind..).unwrap_or_default()) {
            found.push(Citation {
                document: document.clone(),
                place,
                offset: joined.offset(at),
            });
        }
    }
    found
}

/// Citations that no tool would see, because they are not in the form of the house: offset and what to write.
pub(crate) fn malformed(text: &str) -> Vec<(usize, String)> {
    let joined = Joined::new(text);
    let mut found = Vec::new();
    for (at, document, behind) in documents(&joined.text) {
        let rest = joined.text.get(behind..).unwrap_or_default();
        let rest = rest.trim_start_matches([',', ' ', '(']);
        let word = rest.split([' ', '.']).next().unwrap_or_default();
        let number = match word {
            "section" | "Section" | "sec" | "sections" | "Sections" => {
                rest.get(word.len()..).unwrap_or_default()
            }
            _ if document == "MS-IKEE" => rest,
            _ => continue,
        };
        let number = number.trim_start_matches([' ', '.']);
        if number.starts_with(|c: char| c.is_ascii_digit()) {
            let name = if document == "MS-IKEE" {
                "[MS-IKEE]".to_owned()
            } else {
                document
            };
            let section = section(number).map_or("x.y", |(section, _)| section);
            found.push((
                joined.offset(at),
                format!("cite as {name} §{section}, so that the ledger sees it"),
            ));
        }
    }
    found
}

/// Text with the line ends of comments taken out, and the way back.
struct Joined {
    text: String,
    /// For the start of each line: offset in `text`, offset in the original.
    lines: Vec<(usize, usize)>,
}

impl Joined {
    fn new(original: &str) -> Self {
        let mut joined = Self {
            text: String::with_capacity(original.len()),
            lines: Vec::new(),
        };
        let mut start = 0;
        for line in original.split_inclusive('\n') {
            let content = line.trim_start();
            let content = ["///", "//!", "//"]
                .iter()
                .find_map(|marker| content.strip_prefix(marker))
                .unwrap_or(content);
            let content = content.trim_start();
            joined
                .lines
                .push((joined.text.len(), start + (line.len() - content.len())));
            joined.text.push_str(content.trim_end());
            joined.text.push(' ');
            start += line.len();
        }
        joined
    }

    fn offset(&self, at: usize) -> usize {
        let line = self.lines.iter().rev().find(|(start, _)| *start <= at);
        line.map_or(0, |(start, original)| original + (at - start))
    }
}

/// Names of documents: offset, name, offset behind it.
fn documents(text: &str) -> Vec<(usize, String, usize)> {
    let ours = "[MS-IKEE]";
    let mut found: Vec<_> = text
        .match_indices(ours)
        .map(|(at, _)| (at, "MS-IKEE".to_owned(), at + ours.len()))
        .collect();
    for (at, name) in text.match_indices("RFC ") {
        let digits: String = text
            .get(at + name.len()..)
            .unwrap_or_default()
            .chars()
            .take_while(char::is_ascii_digit)
            .collect();
        if !digits.is_empty() {
            found.push((at, format!("RFC {digits}"), at + name.len() + digits.len()));
        }
    }
    found
}

/// The places that follow a document's name.
fn places(text: &str) -> Vec<String> {
    let mut found = Vec::new();
    let mut rest = text;
    let mut word = None;
    loop {
        rest = rest.trim_start_matches(['`', '*']);
        let list = found.is_empty();
        rest = match separator(rest, list) {
            Some(rest) => rest,
            None => break,
        };
        let number;
        if let Some(behind) = rest.strip_prefix("§§").or_else(|| rest.strip_prefix('§')) {
            (word, number) = (Some(""), behind.trim_start());
        } else if let Some(behind) = rest
            .strip_prefix("notes ")
            .or_else(|| rest.strip_prefix("note "))
        {
            (word, number) = (Some("note "), behind);
        } else {
            number = rest;
        }
        let (Some(prefix), Some((first, behind))) = (word, section(number)) else {
            break;
        };
        // a bare number goes on with the list only if it cannot be anything else
        if number.len() == rest.len() && !(first.contains('.') || prefix == "note ") {
            break;
        }
        rest = skip_item(behind);
        let (run, behind) = run(first, rest);
        rest = behind;
        found.extend(run.into_iter().map(|place| format!("{prefix}{place}")));
    }
    found
}

/// What stands between two places, or between the document and the first.
fn separator(text: &str, first: bool) -> Option<&str> {
    if first {
        let text = text.strip_prefix(',').unwrap_or(text);
        return Some(text.trim_start());
    }
    let separators = [", and ", ", ", "; ", " and ", " or ", " with ", "/", " "];
    separators
        .iter()
        .find_map(|separator| text.strip_prefix(separator))
        .map(str::trim_start)
}

/// The section number that the text begins with, and what follows.
fn section(text: &str) -> Option<(&str, &str)> {
    let mut end = 0;
    for (index, part) in text.split('.').enumerate() {
        let digits = part.bytes().take_while(u8::is_ascii_digit).count();
        let letter = usize::from(index == 0 && part.starts_with(|c: char| c.is_ascii_uppercase()));
        if digits == 0
            && (letter == 0
                || part
                    .get(1..)
                    .is_some_and(|rest| rest.starts_with(|c: char| c.is_alphanumeric())))
        {
            break;
        }
        end += usize::from(index > 0) + digits.max(letter);
        if digits.max(letter) < part.len() {
            break;
        }
    }
    (end > 0).then(|| text.split_at(end))
}

/// Skips `/4`, the number of the requirement in its section.
fn skip_item(text: &str) -> &str {
    let behind = text
        .strip_prefix('/')
        .map(|item| item.trim_start_matches(|c: char| c.is_ascii_digit()));
    behind
        .filter(|behind| behind.len() + 1 < text.len())
        .unwrap_or(text)
}

/// A run such as `2.1–2.3` or `3.5–6`.
fn run<'a>(first: &str, rest: &'a str) -> (Vec<String>, &'a str) {
    let single = (vec![first.to_owned()], rest);
    let Some(behind) = rest.strip_prefix('–').or_else(|| rest.strip_prefix('-')) else {
        return single;
    };
    let Some((last, behind)) = section(behind.trim_start_matches('§')) else {
        return single;
    };
    let (head, from) = first
        .rsplit_once('.')
        .map_or(("", first), |(head, from)| (head, from));
    let (last_head, to) = last
        .rsplit_once('.')
        .map_or((head, last), |(head, to)| (head, to));
    match (from.parse::<u16>(), to.parse::<u16>()) {
        (Ok(from), Ok(to)) if head == last_head && from <= to && to - from < 50 => {
            let dot = if head.is_empty() { "" } else { "." };
            (
                (from..=to)
                    .map(|number| format!("{head}{dot}{number}"))
                    .collect(),
                behind,
            )
        }
        _ => single,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cited(text: &str) -> Vec<String> {
        find(text)
            .into_iter()
            .map(|citation| format!("{} {}", citation.document, citation.place))
            .collect()
    }

    #[test]
    fn the_three_forms_of_the_house_are_found() {
        assert_eq!(cited("// RFC 7296 §2.6."), ["RFC 7296 2.6"]);
        assert_eq!(
            cited("/// obeys [MS-IKEE] §3.9.5.1, and so on"),
            ["MS-IKEE 3.9.5.1"]
        );
        assert_eq!(cited("x(); // ([MS-IKEE] note 24)"), ["MS-IKEE note 24"]);
    }

    #[test]
    fn several_places_of_one_document_follow_its_name() {
        assert_eq!(
            cited("RFC 7296 §1.2, §2.6 and §2.23"),
            ["RFC 7296 1.2", "RFC 7296 2.6", "RFC 7296 2.23"]
        );
        assert_eq!(
            cited("[MS-IKEE] §3.3, notes 16 and 17"),
            ["MS-IKEE 3.3", "MS-IKEE note 16", "MS-IKEE note 17"]
        );
        assert_eq!(
            cited("RFC 2408 §3.1, RFC 7296 §3.1"),
            ["RFC 2408 3.1", "RFC 7296 3.1"]
        );
        assert_eq!(
            cited("RFC 7296 §§2.1, 2.2"),
            ["RFC 7296 2.1", "RFC 7296 2.2"]
        );
    }

    #[test]
    fn numbers_that_are_no_sections_end_the_list() {
        assert_eq!(cited("RFC 7296 §2.4, 3 times"), ["RFC 7296 2.4"]);
        assert!(cited("RFC 7296 has 142 pages").is_empty());
        assert!(cited("the RFC says so").is_empty());
    }

    #[test]
    fn runs_and_requirement_numbers_are_read() {
        assert_eq!(
            cited("RFC 7296 §2.1–2.3"),
            ["RFC 7296 2.1", "RFC 7296 2.2", "RFC 7296 2.3"]
        );
        assert_eq!(cited("[MS-IKEE] §3.5-6"), ["MS-IKEE 3.5", "MS-IKEE 3.6"]);
        assert_eq!(cited("[MS-IKEE] §3.3.5.3/4"), ["MS-IKEE 3.3.5.3"]);
        assert_eq!(cited("RFC 2409 §A.1"), ["RFC 2409 A.1"]);
    }

    #[test]
    fn a_citation_may_go_on_in_the_next_line() {
        let text = "/// as [MS-IKEE]\n    /// §3.15.5.1 says\n";
        assert_eq!(
            find(text),
            [Citation {
                document: "MS-IKEE".into(),
                place: "3.15.5.1".into(),
                offset: 7
            }]
        );
    }

    #[test]
    fn a_citation_in_another_form_is_told_the_right_one() {
        let found = malformed(
            "a\n// [MS-IKEE] 3.11 and RFC 7296, section 2.6\n// RFC 7296 §2.6, [MS-IKEE] note 3",
        );
        let texts: Vec<_> = found.iter().map(|(_, text)| text.as_str()).collect();
        assert_eq!(found.len(), 2, "{texts:?}");
        assert!(
            texts[0].contains("[MS-IKEE] §3.11") && texts[1].contains("RFC 7296 §2.6"),
            "{texts:?}"
        );
    }
}
