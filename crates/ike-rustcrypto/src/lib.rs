//! The default crypto provider, on RustCrypto.
