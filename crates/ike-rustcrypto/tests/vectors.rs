//! The provider suite of `ike-crypto` over this provider.
