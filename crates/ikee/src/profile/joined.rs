//! Lists that say only what they add to others.

/// Two lists as one, when the program is compiled. `N` is the length of both together, or it does not compile.
pub(super) const fn joined<T: Copy, const N: usize>(first: &[T], then: &[T]) -> [T; N] {
    assert!(
        first.len() + then.len() == N,
        "N is the length of both together"
    );
    let mut out = [first[0]; N];
    let mut at = 0;
    while at < N {
        out[at] = if at < first.len() {
            first[at]
        } else {
            then[at - first.len()]
        };
        at += 1;
    }
    out
}
