//! `dag`: the layering of the crates, read from their manifests.
//!
//! An edge goes to a strictly lower layer. Extensions know the wire, the meaning of the numbers and the seam, and no core
//! and no other extension; no core knows an extension. A fast crypto provider may fall back on the complete one.
//! For tests (`dev-dependencies`) a crate of layer 4 may also use a crypto provider.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use crate::shell::{Outcome, Result};
use crate::tree::{Package, Tree};

/// What a package is, which decides its layer and what it may lean on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// Layers 0 to 3: wire, numbers, seam, crypto traits, what both IKE cores have.
    Base,
    /// Layer 4: a state machine, packets or certificates.
    Core,
    /// Layer 4: an implementation of the crypto traits.
    Provider,
    /// Layer 4: one section of [MS-IKEE] §3.
    Extension,
    /// Layer 5: the re-exports.
    Facade,
    /// Layer 6: what meets the operating system.
    Runtime,
    /// Layer 7 and above: programs, tests and benches; the fuzz targets use the harness of the tests.
    Top,
    /// Outside: uses none of the crates.
    Tool,
}

/// Every package but the extensions: name, layer, kind.
const PACKAGES: [(&str, u8, Kind); 19] = [
    ("isakmp-wire", 0, Kind::Base),
    ("ipsec-doi", 1, Kind::Base),
    ("ike-ext", 2, Kind::Base),
    ("ike-crypto", 2, Kind::Base),
    ("ike-endpoint", 3, Kind::Base),
    ("ikev1", 4, Kind::Core),
    ("ikev2", 4, Kind::Core),
    ("ike-x509", 4, Kind::Core),
    ("ipsec-esp", 4, Kind::Core),
    ("ike-rustcrypto", 4, Kind::Provider),
    ("ike-graviola", 4, Kind::Provider),
    ("ike-aws-lc", 4, Kind::Provider),
    ("ikee", 5, Kind::Facade),
    ("ikee-daemon", 6, Kind::Runtime),
    ("ikee-cli", 7, Kind::Top),
    ("ikee-tests", 7, Kind::Top),
    ("ikee-benches", 7, Kind::Top),
    ("ikee-fuzz", 8, Kind::Top),
    ("xtask", 7, Kind::Tool),
];

/// Crates of layer 4 that lean on std, because what they wrap does.
const NEED_STD: [&str; 3] = ["ike-graviola", "ike-aws-lc", "ike-x509"];
/// What an extension may use of ours. Primitives reach it through the seam, hence no `ike-crypto`.
const EXTENSION_USES: [&str; 3] = ["isakmp-wire", "ipsec-doi", "ike-ext"];
/// What an extension that is useful by itself may use of others.
const EXTENSION_FOREIGN: [&str; 9] = [
    "sha1",
    "sha2",
    "md-5",
    "hmac",
    "siphasher",
    "arrayvec",
    "thiserror",
    // for one that has a secret of its own
    "subtle",
    "zeroize",
];

/// The provider that has everything: another one hands out its primitives where it has none of its own.
const FALL_BACK: &str = "ike-rustcrypto";

/// Kind of a package; every other `ikee-…` is an extension, which has the strictest rules.
pub(crate) fn kind(name: &str) -> Option<Kind> {
    place(name).map(|(_, kind)| kind)
}

/// True for a crate that promises to need no more than `core` and `alloc`.
pub(crate) fn is_no_std(name: &str) -> bool {
    let below = matches!(
        kind(name),
        Some(Kind::Base | Kind::Core | Kind::Extension | Kind::Provider)
    );
    below && !NEED_STD.contains(&name)
}

fn place(name: &str) -> Option<(u8, Kind)> {
    let known = PACKAGES
        .iter()
        .find(|(known, ..)| *known == name)
        .map(|&(_, layer, kind)| (layer, kind));
    known.or_else(|| name.starts_with("ikee-").then_some((4, Kind::Extension)))
}

/// A dependency of one package on another.
#[derive(Debug)]
struct Edge {
    from: String,
    to: String,
    manifest: String,
    dev: bool,
}

/// Checks the layering, or prints the graph.
pub(crate) fn run(tree: &Tree, dot: bool) -> Result<Outcome> {
    let packages = tree.packages()?;
    let (own, foreign) = edges(&packages);
    if dot {
        print!("{}", draw(&packages, &own));
        return Ok(Outcome::Done);
    }
    let mut wrong: Vec<String> = packages.iter().filter_map(unplaced).collect();
    wrong.extend(own.iter().filter_map(judge));
    wrong.extend(foreign.iter().filter_map(judge_foreign));
    for (layer, names) in layers(&packages) {
        println!("layer {layer}   {}", names.join("  "));
    }
    println!(
        "{} packages, {} edges among them",
        packages.len(),
        own.iter().filter(|edge| !edge.dev).count()
    );
    if wrong.is_empty() {
        return Ok(Outcome::Done);
    }
    for line in &wrong {
        println!("{line}");
    }
    Err(format!(
        "dag: {} findings; the layers stand in ARCHITECTURE.md",
        wrong.len()
    ))
}

/// The edges among our packages, and those to other people's.
fn edges(packages: &[Package]) -> (Vec<Edge>, Vec<Edge>) {
    let ours =
        |name: &str| packages.iter().any(|package| package.name == name) || place(name).is_some();
    let mut all = Vec::new();
    for package in packages {
        for kind in ["dependencies", "build-dependencies", "dev-dependencies"] {
            all.extend(package.dependencies(kind).into_keys().map(|to| Edge {
                from: package.name.clone(),
                to,
                manifest: format!("{}/Cargo.toml", package.dir),
                dev: kind == "dev-dependencies",
            }));
        }
    }
    all.into_iter().partition(|edge| ours(&edge.to))
}

fn unplaced(package: &Package) -> Option<String> {
    place(&package.name).is_none().then(|| {
        format!("{}/Cargo.toml: {} has no layer; give it one in xtask/src/dag.rs and in ARCHITECTURE.md", package.dir, package.name)
    })
}

fn judge(edge: &Edge) -> Option<String> {
    let Edge {
        from,
        to,
        manifest,
        dev,
    } = edge;
    let (from_layer, from_kind) = place(from)?;
    let (to_layer, to_kind) = place(to)?;
    let fault = match from_kind {
        Kind::Tool => "the tool uses none of the crates that it looks after".to_owned(),
        Kind::Extension if EXTENSION_USES.contains(&to.as_str()) => return None,
        Kind::Extension => format!(
            "an extension uses {} and nothing else of ours",
            EXTENSION_USES.join(", ")
        ),
        Kind::Core | Kind::Provider if *dev && to_kind == Kind::Provider => return None,
        Kind::Provider if to == FALL_BACK => return None,
        _ if to_layer < from_layer => return None,
        _ => format!("layer {from_layer} must not use layer {to_layer}"),
    };
    Some(format!("{manifest}: {from} -> {to}: {fault}"))
}

fn judge_foreign(edge: &Edge) -> Option<String> {
    let Edge {
        from,
        to,
        manifest,
        dev,
    } = edge;
    let (_, kind) = place(from)?;
    let allowed = *dev || kind != Kind::Extension || EXTENSION_FOREIGN.contains(&to.as_str());
    (!allowed).then(|| {
        format!(
            "{manifest}: {from} -> {to}: of others an extension uses {} at most",
            EXTENSION_FOREIGN.join(", ")
        )
    })
}

fn layers(packages: &[Package]) -> BTreeMap<u8, Vec<&str>> {
    let mut layers: BTreeMap<u8, Vec<&str>> = BTreeMap::new();
    for package in packages {
        if let Some((layer, _)) = place(&package.name) {
            layers.entry(layer).or_default().push(&package.name);
        }
    }
    layers
}

fn draw(packages: &[Package], edges: &[Edge]) -> String {
    let mut out = String::from("digraph ikee {\n    rankdir = BT; node [shape = box];\n");
    for names in layers(packages).values() {
        let quoted: Vec<String> = names.iter().map(|name| format!("\"{name}\"")).collect();
        let _ = writeln!(out, "    {{ rank = same; {}; }}", quoted.join("; "));
    }
    for edge in edges {
        let style = if edge.dev { " [style = dashed]" } else { "" };
        let _ = writeln!(out, "    \"{}\" -> \"{}\"{style};", edge.from, edge.to);
    }
    out.push_str("}\n");
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn edge(from: &str, to: &str, dev: bool) -> Edge {
        Edge {
            from: from.into(),
            to: to.into(),
            manifest: "Cargo.toml".into(),
            dev,
        }
    }

    #[test]
    fn edges_go_to_a_strictly_lower_layer() {
        assert!(judge(&edge("ikev2", "ike-ext", false)).is_none());
        assert!(judge(&edge("ike-ext", "ikev2", false)).is_some());
        assert!(judge(&edge("ike-ext", "ike-crypto", false)).is_some());
        assert!(judge(&edge("ikev2", "ike-endpoint", false)).is_none());
        assert!(judge(&edge("ike-endpoint", "ikev2", false)).is_some());
        assert!(judge(&edge("ikev2", "ikev1", false)).is_some());
        assert!(judge(&edge("ikev2", "ike-rustcrypto", false)).is_some());
    }

    #[test]
    fn tests_of_a_core_may_use_a_provider_but_no_extension() {
        assert!(judge(&edge("ikev2", "ike-rustcrypto", true)).is_none());
        assert!(judge(&edge("ikev2", "ikee-realm", true)).is_some());
    }

    #[test]
    fn a_fast_provider_falls_back_on_the_complete_one() {
        assert!(judge(&edge("ike-graviola", "ike-rustcrypto", false)).is_none());
        assert!(judge(&edge("ike-rustcrypto", "ike-graviola", false)).is_some());
        assert!(judge(&edge("ikev2", "ike-graviola", false)).is_some());
    }

    #[test]
    fn an_extension_sees_the_wire_the_numbers_and_the_seam() {
        assert!(judge(&edge("ikee-realm", "ike-ext", false)).is_none());
        for to in ["ike-crypto", "ikev2", "ikee-dos"] {
            assert!(judge(&edge("ikee-realm", to, true)).is_some(), "{to}");
        }
        assert!(judge_foreign(&edge("ikee-realm", "hmac", false)).is_none());
        assert!(judge_foreign(&edge("ikee-realm", "tokio", false)).is_some());
        assert!(judge_foreign(&edge("ikee-realm", "proptest", true)).is_none());
    }

    #[test]
    fn the_tool_stands_outside() {
        assert!(judge(&edge("xtask", "isakmp-wire", true)).is_some());
        assert!(judge_foreign(&edge("xtask", "clap", false)).is_none());
    }

    #[test]
    fn an_unknown_crate_is_told_to_find_its_layer() {
        let package = Package {
            name: "stranger".into(),
            dir: "crates/stranger".into(),
            manifest: toml::Table::new(),
        };
        assert!(unplaced(&package).unwrap().contains("has no layer"));
    }

    #[test]
    fn the_drawing_names_every_package_and_edge() {
        let text = "[package]\nname = \"ikev2\"\n[dependencies]\nike-ext = { workspace = true }\n";
        let package = Package {
            name: "ikev2".into(),
            dir: "crates/ikev2".into(),
            manifest: text.parse().unwrap(),
        };
        let (own, _) = edges(std::slice::from_ref(&package));
        let drawing = draw(&[package], &own);
        assert!(drawing.contains("\"ikev2\" -> \"ike-ext\";"), "{drawing}");
    }
}
