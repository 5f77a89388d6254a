//! Distinguished names and the text of names.

use x509_parser::asn1_rs::{FromDer, Tag};
use x509_parser::x509::{AttributeTypeAndValue, RelativeDistinguishedName, X509Name};

/// Longest text of a name in a message, in characters.
const LONGEST: usize = 160;

/// A name as text for a log: control characters escaped, cut when too long.
pub(crate) fn text(name: &X509Name<'_>) -> String {
    let text = name.to_string();
    if text.is_empty() {
        return "(no subject)".to_owned();
    }
    clean(&text)
}

/// Text of a stranger for a log.
pub(crate) fn clean(text: &str) -> String {
    let mut clean = String::new();
    for (count, c) in text.chars().enumerate() {
        if count == LONGEST {
            clean.push('…');
            break;
        }
        if c.is_control() {
            clean.extend(c.escape_default());
        } else {
            clean.push(c);
        }
    }
    clean
}

/// Reads a distinguished name that fills `der` and is not empty.
pub(crate) fn parse(der: &[u8]) -> Option<X509Name<'_>> {
    match X509Name::from_der(der) {
        Ok(([], name)) if name.iter().next().is_some() => Some(name),
        _ => None,
    }
}

/// Whether two names are the same: as many RDNs in the same order, each with the same attributes in any order, text
/// compared without regard to case, string type and repeated white space (RFC 5280 §7.1, RFC 4945 §3.1.5).
pub(crate) fn same(one: &X509Name<'_>, other: &X509Name<'_>) -> bool {
    one.iter().count() == other.iter().count()
        && one.iter().zip(other.iter()).all(|(a, b)| same_rdn(a, b))
}

fn same_rdn(one: &RelativeDistinguishedName<'_>, other: &RelativeDistinguishedName<'_>) -> bool {
    let within = |a: &RelativeDistinguishedName<'_>, b: &RelativeDistinguishedName<'_>| {
        a.iter()
            .all(|it| b.iter().any(|that| same_attribute(it, that)))
    };
    one.iter().count() == other.iter().count() && within(one, other) && within(other, one)
}

fn same_attribute(one: &AttributeTypeAndValue<'_>, other: &AttributeTypeAndValue<'_>) -> bool {
    if one.attr_type() != other.attr_type() {
        return false;
    }
    match (string(one), string(other)) {
        (Some(a), Some(b)) => fold(a) == fold(b),
        _ => {
            one.attr_value().tag() == other.attr_value().tag() && one.as_slice() == other.as_slice()
        }
    }
}

/// The text of an attribute whose string type is one octet a character, or UTF-8.
fn string<'a>(attribute: &'a AttributeTypeAndValue<'_>) -> Option<&'a str> {
    let tag = attribute.attr_value().tag();
    [
        Tag::Utf8String,
        Tag::PrintableString,
        Tag::Ia5String,
        Tag::VisibleString,
    ]
    .contains(&tag)
    .then(|| core::str::from_utf8(attribute.as_slice()).ok())?
}

fn fold(text: &str) -> String {
    let words: Vec<String> = text.split_whitespace().map(str::to_lowercase).collect();
    words.join(" ")
}

/// Whether a text attribute of the name holds a control character, NUL above all: made to look like another name to
/// whoever stops reading there.
pub(crate) fn has_control(name: &X509Name<'_>) -> bool {
    name.iter_attributes()
        .any(|attribute| string(attribute).is_some_and(|text| text.chars().any(char::is_control)))
}
