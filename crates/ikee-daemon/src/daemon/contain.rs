//! A bug in one SA must not end the process.

use std::panic::{AssertUnwindSafe, catch_unwind};

/// Runs `work`; a panic in it is counted and logged, and `None` comes out.
pub(super) fn contain<T>(what: &str, work: impl FnOnce() -> T) -> Option<T> {
    // what a panic leaves half done is taken back by the caller's sweep
    catch_unwind(AssertUnwindSafe(work))
        .inspect_err(|_| {
            tracing::error!("internal error in the {what}: contained; please report it");
        })
        .ok()
}

#[cfg(test)]
mod tests {
    use super::contain;

    #[test]
    fn a_panic_is_contained() {
        assert_eq!(contain("test", || panic!("on purpose")), None::<()>);
        assert_eq!(contain("test", || 1), Some(1));
    }
}
