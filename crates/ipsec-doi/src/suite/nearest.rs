//! "Did you mean": the known word that takes the fewest edits.

use alloc::vec::Vec;

use super::keyword;

/// The word that `typo` probably stands for, if any is close: at most a third of it wrong.
pub(crate) fn nearest(typo: &str) -> Option<&'static str> {
    const LONGEST: usize = 32;
    if typo.len() > LONGEST {
        return None;
    }
    // Separators are the likeliest slip: "aes-256-gcm" falls apart at the dashes, "SHA_256" not.
    let bare: Vec<u8> = typo
        .bytes()
        .filter(|c| *c != b'_' && *c != b'.')
        .map(|c| c.to_ascii_lowercase())
        .collect();
    keyword::all()
        .map(|word| (distance(&bare, word.as_bytes()), word))
        .min_by_key(|(edits, _)| *edits)
        .filter(|(edits, _)| edits.saturating_mul(3) <= bare.len())
        .map(|(_, word)| word)
}

/// Levenshtein distance, one row at a time.
fn distance(a: &[u8], b: &[u8]) -> usize {
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, x) in a.iter().enumerate() {
        let mut diagonal = i;
        let mut left = i.saturating_add(1);
        let mut next = Vec::with_capacity(row.len());
        next.push(left);
        for (y, above) in b.iter().zip(row.iter().skip(1)) {
            let change = diagonal.saturating_add(usize::from(x != y));
            left = change
                .min(left.saturating_add(1))
                .min(above.saturating_add(1));
            diagonal = *above;
            next.push(left);
        }
        row = next;
    }
    row.last().copied().unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slip_of_the_finger_finds_the_word() {
        assert_eq!(nearest("sha_256"), Some("sha256"));
        assert_eq!(nearest("AES256"), Some("aes256"));
        assert_eq!(nearest("moddp2048"), Some("modp2048"));
        assert_eq!(nearest("x22519"), Some("x25519"));
        assert_eq!(nearest("chacha20"), None);
        assert_eq!(nearest("serpent"), None);
        assert_eq!(nearest(""), None);
    }
}
