//! What `reload` answers.

use core::fmt;

use serde::{Deserialize, Serialize};

/// What a new configuration changes: names of connections.
#[derive(Clone, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
#[non_exhaustive]
pub struct Plan {
    /// New ones.
    pub add: Vec<String>,
    /// Those that are otherwise than before; their SAs are taken down, and up again if they were up.
    pub change: Vec<String>,
    /// Those that are there no longer; their SAs are taken down.
    pub drop: Vec<String>,
    /// How many stay as they are, with their SAs.
    pub keep: usize,
    /// Keys outside of connections that have changed, but wait for a restart.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub restart: Vec<String>,
}

/// As a sentence without its verb: "add 2, change 0, drop 1; 3 stay; new: a, b; gone: c".
impl fmt::Display for Plan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "add {}, change {}, drop {}; {} stay",
            self.add.len(),
            self.change.len(),
            self.drop.len(),
            self.keep
        )?;
        for (what, names) in [
            ("new", &self.add),
            ("changed", &self.change),
            ("gone", &self.drop),
            ("after a restart", &self.restart),
        ] {
            if !names.is_empty() {
                write!(f, "; {what}: {}", names.join(", "))?;
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_plan_is_a_sentence() {
        let mut plan = Plan {
            keep: 3,
            ..Plan::default()
        };
        assert_eq!(plan.to_string(), "add 0, change 0, drop 0; 3 stay");
        plan.add = vec!["a".to_owned(), "b".to_owned()];
        plan.restart = vec!["listen".to_owned()];
        assert_eq!(
            plan.to_string(),
            "add 2, change 0, drop 0; 3 stay; new: a, b; after a restart: listen"
        );
    }
}
