//! What is changed in an environment.

/// A change that a wrapper makes to the environment of what it starts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum EnvironmentChange {
    /// It begins empty (`env -i`).
    Clear,
    /// A variable is taken out (`env -u NAME`).
    Unset(String),
    /// A variable gets a value (`env NAME=VALUE`).
    Set(String, String),
}

impl EnvironmentChange {
    /// Makes the change in a list of names with their values.
    pub fn apply(&self, variables: &mut Vec<(String, String)>) {
        match self {
            Self::Clear => variables.clear(),
            Self::Unset(name) => variables.retain(|(known, _)| known != name),
            Self::Set(name, value) => {
                variables.retain(|(known, _)| known != name);
                variables.push((name.clone(), value.clone()));
            }
        }
    }

    /// Makes the change in a list of `NAME=VALUE`.
    pub(super) fn apply_to_pairs(&self, pairs: &mut Vec<String>) {
        let is_of = |pair: &str, name: &str| {
            let rest = pair.strip_prefix(name);
            rest.is_some_and(|rest| rest.starts_with('='))
        };
        match self {
            Self::Clear => pairs.clear(),
            Self::Unset(name) => pairs.retain(|pair| !is_of(pair, name)),
            Self::Set(name, value) => {
                pairs.retain(|pair| !is_of(pair, name));
                pairs.push(format!("{name}={value}"));
            }
        }
    }
}
