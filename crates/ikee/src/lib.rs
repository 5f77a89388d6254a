//! IKE with Microsoft's extensions: the facade.
