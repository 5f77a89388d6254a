//! Cryptography for IKE and IPsec as tables of traits.
