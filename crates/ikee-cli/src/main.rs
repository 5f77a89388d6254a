//! The `ikee` command line.
fn main() {}
