//! The seam between the IKE cores and their extensions.
