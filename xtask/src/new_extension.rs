//! `new-extension`: the skeleton of an extension crate, wired into the workspace and the facade.
//!
//! Adding an extension touches its own directory, one line of the workspace's manifest, and the facade: two lines of its
//! manifest and one re-export; and one line each of the two documents that name every crate. No core and no other extension
//! changes.

mod skeleton;
mod template;

pub(crate) use skeleton::check;

use crate::shell::{Outcome, Result};
use crate::tree::Tree;

const WORKSPACE: &str = "Cargo.toml";
const FACADE: &str = "crates/ikee/Cargo.toml";
const REEXPORTS: &str = "crates/ikee/src/lib.rs";
const README: &str = "README.md";
const ARCHITECTURE: &str = "ARCHITECTURE.md";

/// Writes the crate and wires it.
pub(crate) fn run(tree: &Tree, name: &str, section: &str) -> Result<Outcome> {
    let name = name.strip_prefix("ikee-").unwrap_or(name);
    if name.is_empty()
        || !name
            .bytes()
            .all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == b'-')
    {
        return Err(format!(
            "`{name}`: a name has lower-case letters, digits and hyphens, such as `realm`"
        ));
    }
    let section = section.trim_start_matches('§');
    if !section.split('.').all(|part| part.parse::<u8>().is_ok()) {
        return Err(format!(
            "`{section}`: a section of [MS-IKEE] has numbers and dots, such as `3.14`"
        ));
    }
    let workspace = wire_workspace(&tree.read(WORKSPACE)?, name)?;
    let facade = wire_facade(&tree.read(FACADE)?, name)?;
    let reexports = wire_reexports(&tree.read(REEXPORTS)?, name);
    let readme = wire_readme(&tree.read(README)?, name, section)?;
    let architecture = wire_architecture(&tree.read(ARCHITECTURE)?, name)?;

    let directory = format!("crates/ikee-{name}");
    for (file, text) in template::files(name, section) {
        let path = format!("{directory}/{file}");
        tree.create(&path, &text)?;
        println!("written: {path}");
    }
    for (path, text) in [
        (WORKSPACE, workspace),
        (FACADE, facade),
        (REEXPORTS, reexports),
        (README, readme),
        (ARCHITECTURE, architecture),
    ] {
        tree.write(path, &text)?;
        println!("wired:   {path}");
    }
    println!(
        "next: its requirements in tests/conformance/ledger/, machine.rs, hook.rs, tests/sections.rs;"
    );
    println!(
        "      then what it is in the tables of README.md and crates/ikee/README.md, and the profiles that it belongs to"
    );
    Ok(Outcome::Done)
}

/// One line among the shared dependencies, before the facade's own.
fn wire_workspace(manifest: &str, name: &str) -> Result<String> {
    let line = format!("ikee-{name} = {{ path = \"crates/ikee-{name}\", version = \"0.1.0\" }}\n");
    insert(manifest, "\nikee = ", 1, &line)
        .ok_or_else(|| format!("{WORKSPACE}: no line `ikee = …` to put it before"))
}

/// A feature, and an optional dependency that it switches on; each after its likes.
fn wire_facade(manifest: &str, name: &str) -> Result<String> {
    let feature = format!("{name} = [\"dep:ikee-{name}\"]\n");
    let dependency = format!("ikee-{name} = {{ workspace = true, optional = true }}\n");
    let features = after_likes(manifest, "[features]", "[\"dep:ikee-");
    let with_feature = features.map(|at| put(manifest, at, &feature));
    with_feature
        .and_then(|text| {
            after_likes(&text, "[dependencies]", "ikee-").map(|at| put(&text, at, &dependency))
        })
        .ok_or_else(|| format!("{FACADE}: [features] and [dependencies] are both needed"))
}

/// A re-export among the others of its kind, in the order of their names as rustfmt has it, or at the end.
fn wire_reexports(source: &str, name: &str) -> String {
    const LIKE: &str = "\npub use ikee_";
    let module = name.replace('-', "_");
    let line = format!("#[cfg(feature = \"{name}\")]\npub use ikee_{module} as {module};\n");
    let mut at = source.len();
    for (found, _) in source.match_indices(LIKE) {
        let rest = source.get(found + LIKE.len()..).unwrap_or_default();
        let other = rest.split(' ').next().unwrap_or_default();
        if other > module.as_str() {
            // the feature stands in the line before
            at = source
                .get(..found)
                .and_then(|it| it.rfind('\n'))
                .map_or(0, |it| it + 1);
            break;
        }
        let end = rest.find('\n').map_or(rest.len(), |end| end + 1);
        at = found + LIKE.len() + end;
    }
    put(source, at, &line)
}

/// A row of the crate table, before the facade's.
fn wire_readme(text: &str, name: &str, section: &str) -> Result<String> {
    let row = format!("| [ikee-{name}](crates/ikee-{name}) | [MS-IKEE] §{section} | no |\n");
    insert(text, "\n| [ikee](", 1, &row)
        .ok_or_else(|| format!("{README}: no row of the facade to put it before"))
}

/// A line among the extensions of the layers, which stand before the crypto providers.
fn wire_architecture(text: &str, name: &str) -> Result<String> {
    let line = format!("          ikee-{name}\n");
    insert(text, "\n          ike-rustcrypto", 1, &line)
        .ok_or_else(|| format!("{ARCHITECTURE}: no line of the crypto providers to put it before"))
}

/// Puts `line` `skip` octets behind where `before` begins.
fn insert(text: &str, before: &str, skip: usize, line: &str) -> Option<String> {
    text.find(before).map(|at| put(text, at + skip, line))
}

fn put(text: &str, at: usize, line: &str) -> String {
    let (head, tail) = text.split_at(at);
    format!("{head}{line}{tail}")
}

/// Behind the last line of a table that has `like` in it, or else behind its last line that says something.
fn after_likes(text: &str, header: &str, like: &str) -> Option<usize> {
    let start = text.find(header)? + header.len();
    let rest = text.get(start..)?;
    let body = rest.get(..rest.find("\n[").unwrap_or(rest.len()))?;
    let last = body.rfind(like).unwrap_or_else(|| body.trim_end().len());
    let end = body
        .get(last..)?
        .find('\n')
        .map_or(body.len(), |end| last + end + 1);
    Some(start + end)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_workspace_gets_one_line() {
        let text = wire_workspace(
            "[workspace.dependencies]\nnom = \"8\"\nikee = { path = \"crates/ikee\" }\n",
            "realm",
        )
        .unwrap();
        let expected = "nom = \"8\"\nikee-realm = { path = \"crates/ikee-realm\", version = \"0.1.0\" }\nikee = {";
        assert!(text.contains(expected), "{text}");
    }

    #[test]
    fn the_facade_gets_a_feature_and_an_optional_dependency() {
        let text = "[features]\na = [\"dep:ikee-a\"]\nall = [\"a\"]\n\n[dependencies]\nike-ext = { workspace = true }\n\n[lints]\nworkspace = true\n";
        let wired = wire_facade(text, "realm").unwrap();
        assert!(
            wired.contains("-a\"]\nrealm = [\"dep:ikee-realm\"]\nall"),
            "{wired}"
        );
        assert!(
            wired.contains("}\nikee-realm = { workspace = true, optional = true }\n\n[lints]"),
            "{wired}"
        );
        assert!(wired.parse::<toml::Table>().is_ok(), "{wired}");
    }

    #[test]
    fn the_re_export_comes_among_its_likes() {
        let text = "//! Facade.\n\n#[cfg(feature = \"cga\")]\npub use ikee_cga as cga;\n\
                    #[cfg(feature = \"dos\")]\npub use ikee_dos as dos;\n\npub mod profile;\n";
        for (name, expected) in [
            (
                "server-name",
                "as dos;\n#[cfg(feature = \"server-name\")]\npub use ikee_server_name as server_name;\n\npub mod",
            ),
            (
                "dns",
                "as cga;\n#[cfg(feature = \"dns\")]\npub use ikee_dns as dns;\n#[cfg(feature = \"dos\")]",
            ),
            (
                "aaa",
                "Facade.\n\n#[cfg(feature = \"aaa\")]\npub use ikee_aaa as aaa;\n#[cfg(feature = \"cga\")]",
            ),
        ] {
            let wired = wire_reexports(text, name);
            assert!(wired.contains(expected), "{wired}");
        }
    }

    #[test]
    fn the_documents_name_the_crate_among_its_likes() {
        let readme = wire_readme(
            "| [ikee-a](x) | a | no |\n| [ikee](y) | all | no |\n",
            "b",
            "3.17",
        );
        let expected = "no |\n| [ikee-b](crates/ikee-b) | [MS-IKEE] §3.17 | no |\n| [ikee](y)";
        assert!(readme.unwrap().contains(expected));
        let layers = "layer 4   ikev1\n          ikee-a\n          ike-rustcrypto\n";
        let expected = "ikee-a\n          ikee-b\n          ike-rustcrypto";
        assert!(wire_architecture(layers, "b").unwrap().contains(expected));
        assert!(wire_readme("", "b", "3.17").is_err() && wire_architecture("", "b").is_err());
    }

    /// Every place to put something at is still in the files of this workspace.
    #[test]
    fn this_workspace_can_take_another_extension() {
        let tree = Tree::find().unwrap();
        let read = |path: &str| tree.read(path).unwrap();
        assert!(wire_workspace(&read(WORKSPACE), "another").is_ok());
        assert!(wire_facade(&read(FACADE), "another").is_ok());
        assert!(wire_reexports(&read(REEXPORTS), "another").contains("as another;"));
        assert!(wire_readme(&read(README), "another", "3.17").is_ok());
        assert!(wire_architecture(&read(ARCHITECTURE), "another").is_ok());
    }

    #[test]
    fn names_and_sections_that_are_none_are_refused() {
        let tree = Tree::at(std::path::Path::new("."));
        assert!(run(&tree, "No Name", "3.14").is_err_and(|message| message.contains("lower-case")));
        assert!(run(&tree, "realm", "III").is_err_and(|message| message.contains("section")));
    }
}
