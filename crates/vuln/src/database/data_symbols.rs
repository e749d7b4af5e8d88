//! Symbols of the database that are variables. Its entries list functions and variables alike, and nothing in a program tells whether a variable is used, so
//! these count as if the entry named the package alone. `scripts/vulndb.py --kinds` finds them.

/// Path of the package and name of the variable, sorted.
const VARIABLES: [(&str, &str); 1] = [(
    "github.com/docker/cli/cli-plugins/manager",
    "defaultSystemPluginDirs",
)];

/// Whether any symbol of a package is known to be a variable.
pub fn has_variables(package: &str) -> bool {
    VARIABLES.iter().any(|(path, _)| *path == package)
}

/// Whether the symbol of a package is known to be a variable.
pub fn is_variable(package: &str, symbol: &str) -> bool {
    VARIABLES.binary_search(&(package, symbol)).is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::database::Database;

    #[test]
    fn each_variable_is_in_an_entry() {
        assert!(VARIABLES.is_sorted());
        let database = Database::builtin().unwrap();
        for (path, name) in VARIABLES {
            assert!(has_variables(path) && is_variable(path, name));
            let blocks = database.all().flat_map(Result::unwrap);
            let mut packages = blocks.flat_map(|block| block.packages);
            let has = packages.any(|p| p.path == path && p.symbols().unwrap().contains(&name));
            assert!(has, "no entry names {path}.{name}");
        }
        assert!(!is_variable("net/http", "Serve"));
    }
}
