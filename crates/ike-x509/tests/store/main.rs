//! Certificates made for the occasion, and what is said of them.

mod chain;
mod crl;
mod files;
mod hostile;
mod identity;
mod pki;
mod self_signed;
