//! Which files of a folder or zip are the documents of a database.
//!
//! - `data/osv/*.json`: the module golang.org/x/vulndb, below its root or below `golang.org/x/vulndb@VERSION/` in its zip;
//! - `ID/*.json` with `index/db.json` and `index/vulns.json`: <https://go.dev/doc/security/vuln/database#api>, and its zip;
//! - `*.json` at the top: a copy of either folder, or an export of OSV (<https://google.github.io/osv.dev/data/>).

/// Files that are lists, not documents.
const LISTS: [&str; 4] = ["index.json", "db.json", "modules.json", "vulns.json"];
/// The module's name in front of its version.
const MODULE: &str = "vulndb@";

/// The files to read.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Plan {
    /// Documents, in the order of their names.
    pub(super) documents: Vec<String>,
    /// `index/db.json`, with the date of the database.
    pub(super) index_db: Option<String>,
    /// `index/vulns.json`, with the list of entries.
    pub(super) list: Option<String>,
}

fn split(name: &str) -> (&str, &str) {
    name.rsplit_once('/').unwrap_or(("", name))
}

/// Selects files by their names, which have `/` between their parts.
pub(super) fn plan(names: &[String]) -> Plan {
    let is_document = |file: &str| file.ends_with(".json") && !LISTS.contains(&file);
    let documents_in = |wanted: &str| {
        let is_wanted = |folder: &str| folder == wanted || folder.ends_with(&format!("/{wanted}"));
        let documents = names.iter().filter(|name| {
            let (folder, file) = split(name);
            is_wanted(folder) && is_document(file)
        });
        documents.cloned().collect::<Vec<String>>()
    };
    let mut plan = Plan::default();
    for folder in ["data/osv", "ID"] {
        plan.documents = documents_in(folder);
        if !plan.documents.is_empty() {
            break;
        }
    }
    if let Some(first) = plan.documents.first() {
        let root = split(first).0;
        let root = root.strip_suffix("ID").unwrap_or(root);
        let find = |file: &str| {
            let name = format!("{root}index/{file}");
            names.iter().find(|n| **n == name).cloned()
        };
        plan.index_db = find("db.json");
        plan.list = find("vulns.json");
    } else {
        let top = names.iter().filter(|n| !n.contains('/') && is_document(n));
        plan.documents = top.cloned().collect();
    }
    plan.documents.sort_unstable();
    plan
}

/// The ID that a document must have by its name.
pub(super) fn stem(name: &str) -> &str {
    let file = split(name).1;
    file.strip_suffix(".json").unwrap_or(file)
}

/// When the module was published, from the version in a path: `…/golang.org/x/vulndb@v0.0.0-20261105234957-e22db6528018/…`.
pub(super) fn module_date(path: &str) -> Option<String> {
    let version = path
        .split(['/', '\\'])
        .find_map(|p| p.strip_prefix(MODULE))?;
    version_date(version)
}

/// The time in a pseudo-version, as RFC 3339.
pub(crate) fn version_date(version: &str) -> Option<String> {
    let version = version.strip_suffix(".zip").unwrap_or(version);
    let text = format!("v{}", version.trim_start_matches('v'));
    let time = crate::knowledge::semver::Semver::parse(&text)?
        .pseudo()?
        .time;
    let part = |from: usize, to: usize| time.get(from..to);
    Some(format!(
        "{}-{}-{}T{}:{}:{}Z",
        part(0, 4)?,
        part(4, 6)?,
        part(6, 8)?,
        part(8, 10)?,
        part(10, 12)?,
        part(12, 14)?
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn planned(names: &[&str]) -> Plan {
        plan(&names.iter().map(|n| (*n).to_owned()).collect::<Vec<_>>())
    }

    #[test]
    fn every_layout_is_known() {
        let root = "golang.org/x/vulndb@v0.0.0-20261105234957-e22db6528018/";
        let module = planned(&[
            &format!("{root}data/osv/GO-2.json"),
            &format!("{root}data/osv/GO-1.json"),
            &format!("{root}data/cve/v5/GO-1.json"),
            &format!("{root}internal/ID/GO-9.json"),
        ]);
        assert_eq!(module.documents.len(), 2);
        assert!(module.documents[0].ends_with("data/osv/GO-1.json"));
        assert_eq!((module.index_db, module.list), (None, None));
        let served = planned(&[
            "ID/GO-1.json",
            "ID/index.json",
            "index/db.json",
            "index/vulns.json",
            "index/modules.json",
        ]);
        assert_eq!(served.documents, ["ID/GO-1.json"]);
        assert_eq!(served.index_db.as_deref(), Some("index/db.json"));
        assert_eq!(served.list.as_deref(), Some("index/vulns.json"));
        let flat = planned(&[
            "GO-1.json",
            "GHSA-2222-2222-2222.json",
            "README.md",
            "x/GO-3.json",
        ]);
        assert_eq!(flat.documents, ["GHSA-2222-2222-2222.json", "GO-1.json"]);
        assert_eq!(planned(&["README.md", "a/b.json"]), Plan::default());
    }

    #[test]
    fn the_module_is_dated_by_its_version() {
        assert_eq!(
            module_date("/m/golang.org/x/vulndb@v0.0.0-20261105234957-e22db6528018/data/osv")
                .as_deref(),
            Some("2026-11-05T23:49:57Z")
        );
        assert_eq!(module_date("/m/golang.org/x/vulndb@v1.0.0/data/osv"), None);
        assert_eq!(module_date("/m/vulndb/data/osv"), None);
    }
}
