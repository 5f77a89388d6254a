use alloc::vec::Vec;

/// Longer vendor IDs are not remembered, octets.
const LONGEST: usize = 64;

/// Adds vendor IDs to those that are known of a peer: each once, none longer than 64 octets, no more than `limit`.
pub fn remember<'a>(known: &mut Vec<Vec<u8>>, ids: impl Iterator<Item = &'a [u8]>, limit: usize) {
    for id in ids {
        if known.len() >= limit {
            return;
        }
        if id.len() <= LONGEST && !known.iter().any(|it| it == id) {
            known.push(id.to_vec());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_is_remembered_once_and_neither_long_ones_nor_too_many() {
        let mut known = Vec::new();
        let long = [7; LONGEST + 1];
        let ids: [&[u8]; 5] = [b"a", &long, b"a", b"b", b"c"];
        remember(&mut known, ids.into_iter(), 2);
        assert_eq!(known, [b"a", b"b"]);
    }
}
