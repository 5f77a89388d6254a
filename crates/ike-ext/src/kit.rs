//! Test kit; written after the vocabulary.
