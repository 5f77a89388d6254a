//! Harness for the tests across the crates.
