//! How it is built, which extensions to choose, how to write one.
