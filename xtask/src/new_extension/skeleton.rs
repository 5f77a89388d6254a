//! Whether the skeleton is fit to begin with: in a workspace of its own, on this one's seam, it has to be formatted, to have no
//! warning and to pass its tests.

use std::fs;
use std::path::Path;

use toml::{Table, Value};

use super::template;
use crate::shell::{Outcome, Result, cargo, run};
use crate::tree::Tree;

/// What the crate is called here.
const NAME: &str = "an-example";
const SECTION: &str = "3.17";
/// What a workspace must have besides a manifest for its crates to be judged as ours are.
const RULES: [&str; 3] = [".clippy.toml", ".rustfmt.toml", "Cargo.lock"];

/// Writes the skeleton below the target directory, and checks it.
pub(crate) fn check(tree: &Tree) -> Result<Outcome> {
    let target = tree.target().join("skeleton");
    let root = target.join("workspace");
    if root.exists() {
        fs::remove_dir_all(&root).map_err(|error| format!("{}: {error}", root.display()))?;
    }
    let scratch = Tree::at(&root);
    for (file, text) in template::files(NAME, SECTION) {
        scratch.create(&format!("crates/ikee-{NAME}/{file}"), &text)?;
    }
    let manifest = manifest(tree.toml("Cargo.toml")?, tree.root())?;
    scratch.create("Cargo.toml", &manifest.to_string())?;
    for file in RULES {
        scratch.create(file, &tree.read(file)?)?;
    }
    for arguments in [
        &["fmt", "--check"][..],
        &["clippy", "--quiet", "--all-targets", "--", "-D", "warnings"],
        &["test", "--quiet"],
    ] {
        let mut command = cargo(&scratch);
        run(command.args(arguments).env("CARGO_TARGET_DIR", &target))?;
    }
    Ok(Outcome::Done)
}

/// This workspace's manifest for the skeleton alone, with the seam and what is below it where it is.
fn manifest(mut table: Table, root: &Path) -> Result<Table> {
    table.retain(|key, _| key == "workspace");
    let workspace = table.get_mut("workspace").and_then(Value::as_table_mut);
    let workspace = workspace.ok_or("Cargo.toml: no [workspace]")?;
    workspace.remove("exclude");
    let member = format!("crates/ikee-{NAME}");
    workspace.insert("members".into(), Value::Array(vec![member.into()]));
    let dependencies = workspace.get_mut("dependencies");
    for (_, entry) in dependencies
        .and_then(Value::as_table_mut)
        .into_iter()
        .flatten()
    {
        if let Some(path) = entry.get_mut("path") {
            let place = path.as_str().map(|path| root.join(path));
            let place = place.ok_or("Cargo.toml: a path that is no text")?;
            *path = place.display().to_string().into();
        }
    }
    Ok(table)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_scratch_workspace_has_the_skeleton_alone_and_ours_by_their_places() {
        let text = "[workspace]\nmembers = [\"crates/*\"]\nexclude = [\"x\"]\n[workspace.dependencies]\nnom = \"8\"\n\
                    ike-ext = { path = \"crates/ike-ext\" }\n[profile.dev]\nopt-level = 1\n";
        let table = manifest(text.parse().unwrap(), Path::new("/tree")).unwrap();
        let text = table.to_string();
        assert!(text.contains("\"/tree/crates/ike-ext\""), "{text}");
        assert!(
            text.contains("members = [\"crates/ikee-an-example\"]"),
            "{text}"
        );
        assert!(
            !text.contains("exclude") && !text.contains("profile"),
            "{text}"
        );
    }
}
