//! Vendor IDs.
