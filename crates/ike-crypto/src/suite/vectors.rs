use alloc::format;
use std::fs;
use std::path::Path;

use serde_json::Value;

use super::{Case, Report};

/// The folder of vector files.
pub(super) struct Folder<'a>(&'a Path);

impl<'a> Folder<'a> {
    pub(super) fn new(path: &'a Path) -> Self {
        Self(path)
    }

    pub(super) fn is_there(&self) -> bool {
        self.0.is_dir()
    }

    pub(super) fn has(&self, file: &str) -> bool {
        self.0.join(file).is_file()
    }

    /// Gives the content of one file to `use_it`; a file that is missing is noted.
    pub(super) fn with(
        &self,
        file: &str,
        report: &mut Report,
        use_it: impl FnOnce(Case<'_>, &mut Report),
    ) {
        let Ok(text) = fs::read(self.0.join(file)) else {
            report.skip(format!("{file} is missing"));
            return;
        };
        match serde_json::from_slice::<Value>(&text) {
            Ok(value) => {
                let before = report.checks;
                let value = &value;
                use_it(Case { file, value }, report);
                if report.checks == before {
                    report.skip(format!("{file}: no algorithm for it"));
                }
            }
            Err(error) => report.check(false, format_args!("{file}: {error}")),
        }
    }
}
