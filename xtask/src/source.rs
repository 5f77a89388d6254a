//! Just enough reading of Rust to count, without parsing it: which octets are comments and literals, which lines are
//! tests, what a struct's fields and a test's name are.

use std::ops::Range;

/// A Rust file, seen three ways.
pub(crate) struct Source<'a> {
    /// Path below the root.
    pub(crate) path: &'a str,
    /// As it stands.
    pub(crate) text: &'a str,
    /// Same length, comments and literals blanked out, line ends kept.
    pub(crate) code: String,
    tests: Vec<Range<usize>>,
}

impl<'a> Source<'a> {
    /// Reads a file's text.
    pub(crate) fn new(path: &'a str, text: &'a str) -> Self {
        let code = mask(text);
        let tests = if is_test_path(path) || code.contains("#![cfg(test)]") {
            vec![Range {
                start: 0,
                end: text.len(),
            }]
        } else {
            test_regions(&code)
        };
        Self {
            path,
            text,
            code,
            tests,
        }
    }

    /// True when the octet belongs to a test.
    pub(crate) fn is_test(&self, offset: usize) -> bool {
        self.tests.iter().any(|region| region.contains(&offset))
    }

    /// Line number of an octet, from 1.
    pub(crate) fn line(&self, offset: usize) -> usize {
        let before = self.text.as_bytes().get(..offset).unwrap_or_default();
        1 + before.iter().filter(|&&octet| octet == b'\n').count()
    }

    /// Number of lines that are not tests.
    pub(crate) fn code_lines(&self) -> usize {
        let mut start = 0;
        let mut count = 0;
        for line in self.text.split_inclusive('\n') {
            count += usize::from(!self.is_test(start));
            start += line.len();
        }
        count
    }

    /// Number of lines with code on them, comments and tests aside.
    pub(crate) fn statement_lines(&self) -> usize {
        let mut start = 0;
        let mut count = 0;
        for line in self.code.split_inclusive('\n') {
            count += usize::from(!line.trim().is_empty() && !self.is_test(start));
            start += line.len();
        }
        count
    }

    /// Structs with named fields: offset, name, number of fields.
    pub(crate) fn structs(&self) -> Vec<(usize, &str, usize)> {
        words(&self.code, "struct")
            .filter_map(|at| self.fields(at))
            .collect()
    }

    /// Functions marked as tests: offset and name.
    pub(crate) fn test_names(&self) -> Vec<(usize, &str)> {
        let mut found = Vec::new();
        for marker in ["#[test]", "#[tokio::test"] {
            for (at, _) in self.code.match_indices(marker) {
                let after = words(self.code.get(at..).unwrap_or_default(), "fn").next();
                if let Some(offset) = after {
                    found.push((at + offset, identifier(&self.code, at + offset + 2)));
                }
            }
        }
        found
    }

    fn fields(&self, at: usize) -> Option<(usize, &str, usize)> {
        let name = identifier(&self.code, at + "struct".len());
        let mut angles = 0_i32;
        for (offset, c) in self.code.get(at..)?.char_indices() {
            match c {
                '<' => angles += 1,
                '>' => angles -= 1,
                '(' | ';' if angles == 0 => return None,
                '{' => {
                    let body = block(&self.code, at + offset);
                    return Some((at, name, count_fields(self.code.get(body)?)));
                }
                _ => {}
            }
        }
        None
    }
}

/// True for files that hold only tests.
fn is_test_path(path: &str) -> bool {
    path.starts_with("tests/")
        || path.contains("/tests/")
        || path.ends_with("/tests.rs")
        || path.ends_with("_tests.rs")
}

/// The text with comments and literals blanked out; octet for octet as long as before.
pub(crate) fn mask(text: &str) -> String {
    let octets = text.as_bytes();
    let mut out = octets.to_vec();
    let mut at = 0;
    while at < octets.len() {
        match literal_end(octets, at) {
            Some(end) => {
                for octet in out.get_mut(at..end).unwrap_or_default() {
                    if *octet != b'\n' {
                        *octet = b' ';
                    }
                }
                at = end;
            }
            None => at += 1,
        }
    }
    // whole characters were blanked, never a part of one
    String::from_utf8_lossy(&out).into_owned()
}

/// End of the comment or literal that begins here, if one does.
fn literal_end(octets: &[u8], at: usize) -> Option<usize> {
    let get = |offset: usize| octets.get(at + offset).copied().unwrap_or(0);
    let inside_word = at > 0 && is_word(octets[at - 1]);
    match get(0) {
        b'/' if get(1) == b'/' => Some(find(octets, at, b"\n").unwrap_or(octets.len())),
        b'/' if get(1) == b'*' => Some(block_comment_end(octets, at)),
        b'"' => Some(string_end(octets, at + 1)),
        b'r' if !inside_word => raw_string_end(octets, at + 1),
        b'b' | b'c' if !inside_word && get(1) == b'r' => raw_string_end(octets, at + 2),
        b'\'' => char_end(octets, at),
        _ => None,
    }
}

fn block_comment_end(octets: &[u8], at: usize) -> usize {
    let mut depth = 0_usize;
    let mut end = at;
    while let Some(pair) = octets.get(end..end + 2) {
        match pair {
            b"/*" => depth += 1,
            b"*/" => depth -= 1,
            _ => {
                end += 1;
                continue;
            }
        }
        end += 2;
        if depth == 0 {
            return end;
        }
    }
    octets.len()
}

fn string_end(octets: &[u8], mut at: usize) -> usize {
    while let Some(octet) = octets.get(at) {
        match octet {
            b'\\' => at += 2,
            b'"' => return at + 1,
            _ => at += 1,
        }
    }
    octets.len()
}

/// `at` is behind the `r`.
fn raw_string_end(octets: &[u8], at: usize) -> Option<usize> {
    let hashes = octets
        .get(at..)?
        .iter()
        .take_while(|&&octet| octet == b'#')
        .count();
    let open = at + hashes;
    if octets.get(open) != Some(&b'"') {
        return None;
    }
    let mut close = vec![b'"'];
    close.resize(1 + hashes, b'#');
    Some(find(octets, open + 1, &close).map_or(octets.len(), |end| end + close.len()))
}

/// A character literal; a lifetime is none.
fn char_end(octets: &[u8], at: usize) -> Option<usize> {
    let first = *octets.get(at + 1)?;
    if first == b'\\' {
        return find(octets, at + 3, b"'").map(|end| end + 1);
    }
    let width = match first {
        0..=0x7f => 1,
        0x80..=0xdf => 2,
        0xe0..=0xef => 3,
        _ => 4,
    };
    (octets.get(at + 1 + width) == Some(&b'\'')).then_some(at + 2 + width)
}

fn find(octets: &[u8], from: usize, what: &[u8]) -> Option<usize> {
    octets
        .get(from..)?
        .windows(what.len())
        .position(|window| window == what)
        .map(|position| from + position)
}

/// What `#[cfg(test)]` stands before, attribute included.
fn test_regions(code: &str) -> Vec<Range<usize>> {
    let mut regions: Vec<Range<usize>> = Vec::new();
    for (at, marker) in code.match_indices("#[cfg(test)]") {
        let rest = code.get(at + marker.len()..).unwrap_or_default();
        let Some(stop) = rest.find(['{', ';']).map(|stop| at + marker.len() + stop) else {
            continue;
        };
        let end = if code.as_bytes().get(stop) == Some(&b'{') {
            block(code, stop).end + 1
        } else {
            stop + 1
        };
        regions.push(at..end);
    }
    regions
}

/// What is between the brace at `open` and the one that closes it.
fn block(code: &str, open: usize) -> Range<usize> {
    let mut depth = 0_usize;
    for (offset, octet) in code.bytes().enumerate().skip(open) {
        match octet {
            b'{' => depth += 1,
            b'}' => depth -= 1,
            _ => continue,
        }
        if depth == 0 {
            return open + 1..offset;
        }
    }
    open + 1..code.len()
}

/// Number of comma-separated fields in a struct's body.
fn count_fields(body: &str) -> usize {
    let mut depth = 0_i32;
    let mut count = 0;
    let mut pending = false;
    let mut previous = ' ';
    for c in body.chars() {
        match c {
            '(' | '[' | '{' | '<' => depth += 1,
            '>' if previous == '-' || previous == '=' => {}
            ')' | ']' | '}' | '>' => depth -= 1,
            ',' if depth == 0 => {
                count += usize::from(pending);
                pending = false;
            }
            ':' if depth == 0 => pending = true,
            _ => {}
        }
        previous = c;
    }
    count + usize::from(pending)
}

/// Offsets of a keyword.
fn words<'a>(code: &'a str, word: &'a str) -> impl Iterator<Item = usize> + 'a {
    let octets = code.as_bytes();
    let free = move |at: Option<usize>| {
        at.and_then(|at| octets.get(at))
            .is_none_or(|&octet| !is_word(octet))
    };
    code.match_indices(word)
        .map(|(at, _)| at)
        .filter(move |&at| free(at.checked_sub(1)) && free(Some(at + word.len())))
}

/// The identifier that follows.
fn identifier(code: &str, at: usize) -> &str {
    let rest = code.get(at..).unwrap_or_default().trim_start();
    let end = rest
        .bytes()
        .position(|octet| !is_word(octet))
        .unwrap_or(rest.len());
    rest.get(..end).unwrap_or_default()
}

fn is_word(octet: u8) -> bool {
    octet.is_ascii_alphanumeric() || octet == b'_'
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn comments_and_literals_are_blanked_and_nothing_else() {
        let text =
            "let a = \"x{\\\"\"; // {\nlet b = '{'; let c: &'a str = r#\"}\"# /* /* } */ */;";
        let code = mask(text);
        assert_eq!(code.len(), text.len());
        assert_eq!(
            code.split_whitespace().collect::<Vec<_>>().join(" "),
            "let a = ; let b = ; let c: &'a str = ;"
        );
    }

    #[test]
    fn characters_and_byte_strings_do_not_confuse_the_mask() {
        let code = mask("f(b'\\'', b\"{\", br\"{\", '\\u{7b}', '§', 'a, r#type)");
        assert!(!code.contains('{'), "{code}");
        assert!(code.contains("'a, r#type"), "{code}");
    }

    #[test]
    fn lines_of_the_tests_do_not_count() {
        let text = "fn a() {}\n\n#[cfg(test)]\nmod tests {\n    fn b() { \"}\"; }\n}\nfn c() {}\n";
        let source = Source::new("crates/x/src/a.rs", text);
        assert_eq!(source.code_lines(), 3);
        assert_eq!(source.statement_lines(), 2);
        assert!(source.is_test(text.find("fn b").unwrap()));
        assert!(!source.is_test(text.find("fn c").unwrap()));
        assert_eq!(source.line(text.find("fn c").unwrap()), 7);
    }

    #[test]
    fn a_test_file_is_a_test_from_end_to_end() {
        for path in [
            "crates/x/tests/captures.rs",
            "tests/src/pair.rs",
            "crates/x/src/foo/tests.rs",
        ] {
            assert_eq!(Source::new(path, "fn a() {}\n").code_lines(), 0, "{path}");
        }
    }

    #[test]
    fn fields_are_counted_through_generics_and_attributes() {
        let text = "pub struct A<T> where T: Ord { #[x(a, b)] pub a: Vec<(u8, u8)>, b: fn(u8, u8) -> u8, c: [u8; 3] }\n\
                    struct B(u8, u8); struct C; struct D { a: u8, }";
        let source = Source::new("crates/x/src/a.rs", text);
        let found: Vec<_> = source
            .structs()
            .into_iter()
            .map(|(_, name, fields)| (name, fields))
            .collect();
        assert_eq!(found, [("A", 3), ("D", 1)]);
    }

    #[test]
    fn test_names_are_found_behind_other_attributes() {
        let text = "#[test]\n#[should_panic]\nfn one_two_three() {}\n#[tokio::test(flavor = \"x\")]\nasync fn four_five_six() {}";
        let source = Source::new("crates/x/tests/a.rs", text);
        let names: Vec<_> = source
            .test_names()
            .into_iter()
            .map(|(_, name)| name)
            .collect();
        assert_eq!(names, ["one_two_three", "four_five_six"]);
    }
}
