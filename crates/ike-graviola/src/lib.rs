//! A fast crypto provider, on graviola.
