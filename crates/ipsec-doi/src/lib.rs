//! What the numbers of IKE and IPsec mean: transforms, suites, selectors, names.
