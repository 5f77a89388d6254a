//! Every way to prove who one is, between two endpoints with real cryptography, and what must not pass for a proof.

mod certificates;
mod forgeries;
mod methods;
mod pair;
mod waiting;
