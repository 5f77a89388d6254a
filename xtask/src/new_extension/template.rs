//! The files of a new extension crate. All extension crates have the same shape.

/// Path below the crate's directory, and text.
pub(super) fn files(name: &str, section: &str) -> Vec<(&'static str, String)> {
    let fill = |text: &str| {
        let text = text
            .replace("@MODULE@", &name.replace('-', "_"))
            .replace("@TYPE@", &type_name(name));
        text.replace("@NAME@", name).replace("@SECTION@", section)
    };
    TEMPLATES
        .into_iter()
        .map(|(path, text)| (path, fill(text)))
        .collect()
}

/// `server-address` is `ServerAddress`.
fn type_name(name: &str) -> String {
    let capital = |word: &str| {
        word.chars()
            .take(1)
            .flat_map(char::to_uppercase)
            .chain(word.chars().skip(1))
            .collect()
    };
    name.split('-')
        .map(capital)
        .collect::<Vec<String>>()
        .concat()
}

const TEMPLATES: [(&str, &str); 8] = [
    ("Cargo.toml", MANIFEST),
    ("README.md", README),
    ("CHANGELOG.md", CHANGELOG),
    ("src/lib.rs", LIBRARY),
    ("src/wire.rs", WIRE),
    ("src/machine.rs", MACHINE),
    ("src/hook.rs", HOOK),
    ("tests/sections.rs", SECTIONS),
];

const MANIFEST: &str = r#"[package]
name = "ikee-@NAME@"
description = "[MS-IKEE] §@SECTION@ as an extension of the IKE cores"
version.workspace = true
edition.workspace = true
rust-version.workspace = true
license.workspace = true
publish.workspace = true
readme = "README.md"

[dependencies]
isakmp-wire = { workspace = true }
ipsec-doi = { workspace = true }
ike-ext = { workspace = true }

[lints]
workspace = true
"#;

const README: &str = r#"# ikee-@NAME@

[MS-IKEE] §@SECTION@ as an extension of the IKE cores.

```rust
use ike_ext::Extensions;
use ikee_@MODULE@::@TYPE@;

let extensions = Extensions::none().with(@TYPE@::new());
assert!(extensions.names().any(|name| name == "@NAME@"));
```
"#;

const CHANGELOG: &str = "# Changelog\n\n## Unreleased\n\n### Added\n\n- The crate.\n";

const LIBRARY: &str = r#"#![no_std]
#![forbid(unsafe_code)]
#![doc = include_str!("../README.md")]
#![cfg_attr(
    not(test),
    warn(
        clippy::arithmetic_side_effects,
        clippy::as_conversions,
        clippy::expect_used,
        clippy::indexing_slicing,
        clippy::panic,
        clippy::unwrap_used,
    )
)]
#![warn(
    clippy::alloc_instead_of_core,
    clippy::std_instead_of_alloc,
    clippy::std_instead_of_core
)]

mod hook;
pub mod machine;
pub mod wire;

pub use hook::@TYPE@;
"#;

const WIRE: &str = "//! Payloads, notifies and vendor IDs of [MS-IKEE] §@SECTION@.\n";

const MACHINE: &str =
    "//! The protocol of [MS-IKEE] §@SECTION@, pure: it knows no SA, no endpoint and no seam.\n";

const HOOK: &str = r#"//! Where the extension meets the cores; the only file that knows the seam.

use ike_ext::Extension;

/// The extension of [MS-IKEE] §@SECTION@. Enabled by handing it to an endpoint.
#[derive(Debug, Default)]
#[non_exhaustive]
pub struct @TYPE@ {}

impl @TYPE@ {
    /// With the document's defaults.
    #[must_use]
    pub const fn new() -> Self {
        Self {}
    }
}

impl Extension for @TYPE@ {
    fn name(&self) -> &'static str {
        "@NAME@"
    }
}
"#;

const SECTIONS: &str = r#"//! One test for each requirement of [MS-IKEE] §@SECTION@, named after what it says.

use ike_ext::Extension as _;
use ike_ext::kit::Stock;
use ikee_@MODULE@::@TYPE@;
use isakmp_wire::Version;

/// For an IKEv1 extension, `Version::V1`; `off` and `idle` follow what it keeps and how it is switched off.
fn stock() -> Stock<@TYPE@> {
    Stock {
        version: Version::V2,
        on: @TYPE@::new,
        off: @TYPE@::new,
        idle: |_| true,
        peer: Vec::new(),
    }
}

/// [MS-IKEE] §@SECTION@
#[test]
fn the_extension_has_its_name() {
    assert_eq!(@TYPE@::new().name(), "@NAME@");
}

#[test]
fn it_is_silent_when_off() {
    stock().silent_when_off();
}

#[test]
fn it_is_harmless_to_a_plain_peer() {
    stock().harmless_to_a_plain_peer();
}

#[test]
fn it_leaves_no_row_and_no_timer() {
    stock().leaves_no_row_and_no_timer();
}

#[test]
fn it_survives_truncation() {
    stock().survives_truncation();
}
"#;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_file_is_filled_in() {
        for (path, text) in files("server-name", "3.17") {
            assert!(!text.contains('@'), "{path}: {text}");
        }
        assert_eq!(type_name("fragmentation-v2"), "FragmentationV2");
    }

    #[test]
    fn the_manifest_is_read_as_such() {
        let manifest: toml::Table = files("realm", "3.14")[0].1.parse().unwrap();
        assert_eq!(manifest["package"]["name"].as_str(), Some("ikee-realm"));
    }
}
