//! The workspace on disk: its root, its files, its packages.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use toml::{Table, Value};

use crate::shell::Result;

/// The workspace.
pub(crate) struct Tree {
    root: PathBuf,
}

/// A package of the workspace.
pub(crate) struct Package {
    pub(crate) name: String,
    /// Directory below the root, with `/`.
    pub(crate) dir: String,
    pub(crate) manifest: Table,
}

impl Tree {
    /// The workspace that the current directory, or this tool's manifest, belongs to.
    pub(crate) fn find() -> Result<Self> {
        let start = match std::env::var_os("CARGO_MANIFEST_DIR") {
            Some(directory) => PathBuf::from(directory),
            None => {
                std::env::current_dir().map_err(|error| format!("no current directory: {error}"))?
            }
        };
        let root = start
            .ancestors()
            .find(|directory| directory.join("xtask/Cargo.toml").is_file());
        root.map(Self::at)
            .ok_or_else(|| format!("{} is not inside the workspace", start.display()))
    }

    /// The workspace with this root.
    pub(crate) fn at(root: &Path) -> Self {
        Self {
            root: root.to_owned(),
        }
    }

    /// The root directory.
    pub(crate) fn root(&self) -> &Path {
        &self.root
    }

    /// A path below the root.
    pub(crate) fn path(&self, relative: &str) -> PathBuf {
        self.root.join(relative)
    }

    /// Where cargo builds.
    pub(crate) fn target(&self) -> PathBuf {
        let given = std::env::var_os("CARGO_TARGET_DIR").map(PathBuf::from);
        self.root.join(given.unwrap_or_else(|| "target".into()))
    }

    /// The text of a file; octets that are not UTF-8 are replaced.
    pub(crate) fn read(&self, relative: &str) -> Result<String> {
        fs::read(self.path(relative))
            .map(|bytes| String::from_utf8_lossy(&bytes).into_owned())
            .map_err(|error| format!("{relative}: {error}"))
    }

    /// Writes a file that must not exist yet, with the directories above it.
    pub(crate) fn create(&self, relative: &str, text: &str) -> Result<()> {
        let path = self.path(relative);
        if path.exists() {
            return Err(format!("{relative} exists already"));
        }
        let parent = path.parent().unwrap_or(&self.root);
        fs::create_dir_all(parent).map_err(|error| format!("{relative}: {error}"))?;
        fs::write(&path, text).map_err(|error| format!("{relative}: {error}"))
    }

    /// Replaces a file's text.
    pub(crate) fn write(&self, relative: &str, text: &str) -> Result<()> {
        fs::write(self.path(relative), text).map_err(|error| format!("{relative}: {error}"))
    }

    /// A TOML file.
    pub(crate) fn toml(&self, relative: &str) -> Result<Table> {
        self.read(relative)?
            .parse()
            .map_err(|error| format!("{relative}: {error}"))
    }

    /// All files, sorted, as paths below the root with `/`. Build directories, the version control's own
    /// files and what fuzzing leaves behind are not part of the tree.
    pub(crate) fn files(&self) -> Result<Vec<String>> {
        let mut found = Vec::new();
        let mut directories = vec![String::new()];
        while let Some(directory) = directories.pop() {
            let entries = fs::read_dir(self.path(&directory))
                .map_err(|error| format!("{directory}: {error}"))?;
            for entry in entries {
                let entry = entry.map_err(|error| format!("{directory}: {error}"))?;
                let name = entry.file_name().to_string_lossy().into_owned();
                let path = if directory.is_empty() {
                    name.clone()
                } else {
                    format!("{directory}/{name}")
                };
                match entry.file_type() {
                    Ok(kind) if kind.is_dir() && !skipped(&name, &entry.path()) => {
                        directories.push(path);
                    }
                    Ok(kind) if kind.is_file() => found.push(path),
                    _ => {}
                }
            }
        }
        found.sort();
        Ok(found)
    }

    /// All Rust files with their text.
    pub(crate) fn rust_files(&self) -> Result<Vec<(String, String)>> {
        let files = self
            .files()?
            .into_iter()
            .filter(|file| file.ends_with(".rs"));
        files
            .map(|file| self.read(&file).map(|text| (file, text)))
            .collect()
    }

    /// The packages of the workspace.
    pub(crate) fn packages(&self) -> Result<Vec<Package>> {
        let mut packages = Vec::new();
        for file in self
            .files()?
            .iter()
            .filter(|file| file.ends_with("/Cargo.toml"))
        {
            let manifest = self.toml(file)?;
            let name = manifest
                .get("package")
                .and_then(|package| package.get("name"))
                .and_then(Value::as_str);
            let name = name
                .ok_or_else(|| format!("{file}: no package name"))?
                .to_owned();
            let dir = file.trim_end_matches("/Cargo.toml").to_owned();
            packages.push(Package {
                name,
                dir,
                manifest,
            });
        }
        Ok(packages)
    }
}

impl Package {
    /// True for a crate that is published: one below `crates/`.
    pub(crate) fn is_published(&self) -> bool {
        self.dir.starts_with("crates/")
    }

    /// Names of the dependencies, by kind of table (`dependencies`, `build-dependencies`, `dev-dependencies`),
    /// those for one target only included.
    pub(crate) fn dependencies(&self, kind: &str) -> BTreeMap<String, Value> {
        let targets = self.manifest.get("target").and_then(Value::as_table);
        let tables = targets.into_iter().flat_map(|targets| targets.values());
        let tables = tables
            .filter_map(|target| target.get(kind))
            .chain(self.manifest.get(kind));
        let entries = tables.filter_map(Value::as_table).flatten();
        entries
            .map(|(key, value)| {
                let renamed = value.get("package").and_then(Value::as_str);
                (renamed.unwrap_or(key).to_owned(), value.clone())
            })
            .collect()
    }
}

/// Directories that are not part of the tree.
fn skipped(name: &str, path: &Path) -> bool {
    matches!(name, ".git" | "target" | "artifacts" | "corpus") || path.join("CACHEDIR.TAG").exists()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dependencies_of_every_kind_of_table_are_found_under_their_real_name() {
        let manifest = r#"
            [package]
            name = "example"
            [dependencies]
            nom = "8"
            md = { package = "md-5", version = "1" }
            [target.'cfg(unix)'.dependencies]
            libc = "0.2"
            [dev-dependencies]
            proptest = "1"
        "#;
        let package = Package {
            name: "example".into(),
            dir: "crates/example".into(),
            manifest: manifest.parse().unwrap(),
        };
        assert_eq!(
            package
                .dependencies("dependencies")
                .into_keys()
                .collect::<Vec<_>>(),
            ["libc", "md-5", "nom"]
        );
        assert_eq!(
            package
                .dependencies("dev-dependencies")
                .into_keys()
                .collect::<Vec<_>>(),
            ["proptest"]
        );
        assert!(package.dependencies("build-dependencies").is_empty());
    }

    #[test]
    fn this_workspace_is_found_with_its_own_tool_in_it() {
        let tree = Tree::find().unwrap();
        assert!(
            tree.packages()
                .unwrap()
                .iter()
                .any(|package| package.name == "xtask")
        );
        assert!(
            tree.files()
                .unwrap()
                .contains(&"xtask/src/tree.rs".to_owned())
        );
    }
}
