//! Rules of the specifications, by their sections.
