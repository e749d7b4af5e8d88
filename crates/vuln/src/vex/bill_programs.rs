//! The programs of a bill: which of them a run has judged, and what the others use.

use super::components::components;
use super::products;
use super::purl::Pattern;
use crate::finding::Program;
use serde_json::Value;
use std::collections::{BTreeSet, HashMap};

/// What a bill says of a program. Whatever is missing fits any.
#[derive(Clone, Debug)]
struct BillProgram {
    reference: String,
    /// What a person knows it by.
    name: String,
    /// Hex SHA-256 in lower case.
    sha256: Vec<String>,
    purl: Option<Pattern>,
    main_package: Option<String>,
    os: Option<String>,
    arch: Option<String>,
    /// Last elements of the paths where it lies.
    files: Vec<String>,
}

/// The programs of a bill, and what each component uses.
#[derive(Clone, Debug, Default)]
pub(super) struct BillPrograms {
    programs: Vec<BillProgram>,
    /// References by the reference of the component that uses them.
    uses: HashMap<String, Vec<String>>,
}

impl BillPrograms {
    /// Reads them: components that use libraries, and are none, or on which nothing depends, as main modules are in bills without files. Images and layers
    /// only contain programs. What the bill as a whole is about counts only if there is nothing else.
    pub fn of(document: &Value) -> Self {
        let metadata = document.get("metadata");
        let subject = metadata.and_then(|metadata| metadata.get("component"));
        let subject_reference = subject.and_then(|subject| text(subject, "bom-ref"));
        let uses = uses(document);
        let of_others = uses
            .iter()
            .filter(|(user, _)| Some(user.as_str()) != subject_reference);
        let used: BTreeSet<&str> = of_others
            .flat_map(|(_, used)| used)
            .map(String::as_str)
            .collect();
        let all = components(document);
        let others = all.iter().filter(|component| !is_library(component));
        let others: BTreeSet<&str> = others.filter_map(|c| text(c, "bom-ref")).collect();
        let uses_library = |reference: &str| {
            let list = uses.get(reference).into_iter().flatten();
            list.map(String::as_str).any(|used| !others.contains(used))
        };
        let is_program = |component: &&Value| {
            let reference = text(component, "bom-ref").unwrap_or_default();
            Some(reference) != subject_reference
                && match is_library(component) {
                    true => uses.contains_key(reference) && !used.contains(reference),
                    false => uses_library(reference),
                }
        };
        let all = all.into_iter().filter(is_program);
        let mut programs: Vec<BillProgram> = all.filter_map(BillProgram::of).collect();
        if programs.is_empty() {
            programs.extend(subject.and_then(BillProgram::of));
        }
        Self { programs, uses }
    }

    /// References of the components that a program uses which is none of these, with the name of one such program.
    pub fn used_by_others(&self, judged: &[Program]) -> HashMap<&str, &str> {
        let mut used: HashMap<&str, &str> = HashMap::new();
        for program in self.others(judged) {
            let mut pending = vec![program.reference.as_str()];
            while let Some(reference) = pending.pop() {
                if used.contains_key(reference) {
                    continue;
                }
                used.insert(reference, &program.name);
                let below = self.uses.get(reference);
                pending.extend(below.into_iter().flatten().map(String::as_str));
            }
        }
        used
    }

    /// The programs that are none of these. Each of these can be only one program of the bill.
    fn others(&self, judged: &[Program]) -> Vec<&BillProgram> {
        let mut by_key: HashMap<String, Vec<usize>> = HashMap::new();
        for (index, program) in judged.iter().enumerate() {
            let sum = program.sha256.as_ref().map(|sum| sum.to_lowercase());
            let file = last(&program.path).to_owned();
            for key in sum.into_iter().chain([file, String::new()]) {
                by_key.entry(key).or_default().push(index);
            }
        }
        let mut is_taken = vec![false; judged.len()];
        let mut take = |program: &BillProgram| {
            let keys = program.keys().into_iter();
            let mut candidates = keys.filter_map(|key| by_key.get(key)).flatten();
            let index = candidates.find(|index| {
                let is_open = is_taken.get(**index) == Some(&false);
                is_open && judged.get(**index).is_some_and(|j| program.may_be(j))
            });
            let place = index.and_then(|index| is_taken.get_mut(*index));
            place.map(|is_taken| *is_taken = true).is_some()
        };
        let (with_sum, without): (Vec<&BillProgram>, Vec<&BillProgram>) = self
            .programs
            .iter()
            .partition(|program| !program.sha256.is_empty());
        let all = with_sum.into_iter().chain(without);
        all.filter(|program| !take(program)).collect()
    }
}

impl BillProgram {
    /// Reads a component; `None`: it has no reference, so nothing says what it uses.
    fn of(component: &Value) -> Option<Self> {
        let sums = rows(component, "hashes").filter(|hash| text(hash, "alg") == Some("SHA-256"));
        let sums = sums.filter_map(|hash| text(hash, "content"));
        let property = |name: &str| {
            let mut properties = rows(component, "properties");
            let row = properties.find(|row| text(row, "name") == Some(name));
            row.and_then(|row| text(row, "value")).map(str::to_owned)
        };
        let evidence = component.get("evidence");
        let places = evidence.into_iter().flat_map(|e| rows(e, "occurrences"));
        let mut places: Vec<&str> = places.filter_map(|row| text(row, "location")).collect();
        let purl = text(component, "purl").and_then(Pattern::parse);
        let main_package = property("gospect:main_package");
        let name = text(component, "name").unwrap_or_default();
        // Trivy names a program by its path.
        if places.is_empty() && purl.is_none() && main_package.is_none() {
            places.push(name);
        }
        Some(Self {
            reference: text(component, "bom-ref")?.to_owned(),
            name: places.first().unwrap_or(&name).to_string(),
            sha256: sums.map(str::to_lowercase).collect(),
            purl,
            main_package,
            os: property("gospect:os"),
            arch: property("gospect:arch"),
            files: places.iter().map(|path| last(path).to_owned()).collect(),
        })
    }

    /// What to look for it by: digests, else file names, else nothing.
    fn keys(&self) -> Vec<&str> {
        let sums = self.sha256.iter().map(String::as_str);
        let files = self.files.iter().map(String::as_str);
        let mut keys: Vec<&str> = sums.chain(files).collect();
        if keys.is_empty() {
            keys.push("");
        }
        keys
    }

    /// Whether this may be that program.
    fn may_be(&self, program: &Program) -> bool {
        // Programs of old records have no digest.
        if let (Some(sum), false) = (&program.sha256, self.sha256.is_empty()) {
            return self.sha256.contains(&sum.to_lowercase());
        }
        let fits = |said: &Option<String>, of_program: Option<&str>| match (said, of_program) {
            (Some(said), Some(of_program)) => said == of_program,
            _ => true,
        };
        let port = program.port.as_deref().unwrap_or_default();
        let (os, arch) = port.split_once('/').unzip();
        let is_named_so = |purl: &Pattern| {
            let names = products(program);
            let mut names = names.iter().filter_map(|name| Pattern::parse(name));
            names.any(|name| purl.is_same_package(&name))
        };
        // The bill of a program without a recorded main module names it by the beginning of its main package.
        let has_same_main =
            self.main_package.is_some() && self.main_package == program.main_package;
        fits(&self.main_package, program.main_package.as_deref())
            && fits(&self.os, os)
            && fits(&self.arch, arch)
            && (has_same_main || self.purl.as_ref().is_none_or(is_named_so))
            && (self.files.is_empty() || self.files.iter().any(|f| f == last(&program.path)))
    }
}

/// What each component uses: its dependencies, and the components inside it.
fn uses(document: &Value) -> HashMap<String, Vec<String>> {
    let mut uses: HashMap<String, Vec<String>> = HashMap::new();
    for row in rows(document, "dependencies") {
        let used = rows(row, "dependsOn").filter_map(Value::as_str);
        if let Some(user) = text(row, "ref") {
            let all = uses.entry(user.to_owned()).or_default();
            all.extend(used.map(str::to_owned));
        }
    }
    for component in components(document) {
        let inside = rows(component, "components").filter_map(|inner| text(inner, "bom-ref"));
        if let Some(outer) = text(component, "bom-ref") {
            let all = uses.entry(outer.to_owned()).or_default();
            all.extend(inside.map(str::to_owned));
        }
    }
    uses.retain(|_, used| !used.is_empty());
    uses
}

fn is_library(component: &Value) -> bool {
    matches!(text(component, "type"), Some("library" | "framework"))
}

fn text<'v>(value: &'v Value, key: &str) -> Option<&'v str> {
    value.get(key)?.as_str()
}

fn rows<'v>(value: &'v Value, key: &str) -> impl Iterator<Item = &'v Value> {
    let list = value.get(key).and_then(Value::as_array);
    list.into_iter().flatten()
}

/// The last element of a path, also of one inside an archive.
fn last(path: &str) -> &str {
    path.rsplit(['/', '\\', '!']).next().unwrap_or(path)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn program(path: &str, main_package: &str) -> Program {
        Program {
            path: path.to_owned(),
            port: Some("linux/amd64".to_owned()),
            main_package: Some(main_package.to_owned()),
            main_module: Some("example.com/app".to_owned()),
            version: Some("v1.0.0".to_owned()),
            scanner_version: Some("v1.0.0".to_owned()),
            ..Program::default()
        }
    }

    /// References of what others use, sorted.
    fn used<'b>(bill: &'b BillPrograms, judged: &[Program]) -> Vec<&'b str> {
        let mut all: Vec<&str> = bill.used_by_others(judged).into_keys().collect();
        all.sort_unstable();
        all
    }

    /// As gospect writes it: a module is once in the bill, whatever programs use it.
    #[test]
    fn two_commands_of_a_module_are_two_programs() {
        let command = |name: &str| {
            json!({
                "bom-ref": name, "type": "application", "purl": "pkg:golang/example.com/app@v1.0.0",
                "evidence": { "occurrences": [{ "location": format!("dist/{name}") }] },
                "properties": [
                    { "name": "gospect:main_package", "value": format!("example.com/app/cmd/{name}") },
                    { "name": "gospect:os", "value": "linux" },
                ],
            })
        };
        let document = json!({
            "metadata": { "component": { "bom-ref": "subject", "type": "file", "name": "dist" } },
            "components": [command("one"), command("two"), { "bom-ref": "net", "type": "library" }, { "bom-ref": "text", "type": "library" }],
            "dependencies": [
                { "ref": "subject", "dependsOn": ["one", "two"] },
                { "ref": "one", "dependsOn": ["net"] }, { "ref": "two", "dependsOn": ["net", "text"] },
            ],
        });
        let bill = BillPrograms::of(&document);
        let one = || program("out/one", "example.com/app/cmd/one");
        let two = || program("out/two", "example.com/app/cmd/two");
        let none: [&str; 0] = [];
        assert_eq!(used(&bill, &[one(), two()]), none);
        assert_eq!(used(&bill, &[one()]), ["net", "text", "two"]);
        assert_eq!(used(&bill, &[two()]), ["net", "one"]);
        assert_eq!(bill.used_by_others(&[two()])["net"], "dist/one");
        assert_eq!(used(&bill, &[two(), two()]), ["net", "one"]);
        let mut other_system = one();
        other_system.port = Some("windows/amd64".to_owned());
        assert_eq!(used(&bill, &[other_system, two()]), ["net", "one"]);
    }

    /// As gospect writes the bill of an image.
    #[test]
    fn images_and_layers_are_no_programs() {
        let command = json!({
            "bom-ref": "one", "type": "application", "purl": "pkg:golang/example.com/app@v1.0.0",
            "evidence": { "occurrences": [{ "location": "/usr/bin/one" }] },
        });
        let document = json!({
            "metadata": { "component": { "bom-ref": "subject", "type": "container", "name": "shop" } },
            "components": [
                { "bom-ref": "image", "type": "container", "components": [
                    { "bom-ref": "layer", "type": "file", "components": [command] },
                ] },
                { "bom-ref": "net", "type": "library" },
            ],
            "dependencies": [{ "ref": "subject", "dependsOn": ["one"] }, { "ref": "one", "dependsOn": ["net"] }],
        });
        let bill = BillPrograms::of(&document);
        let none: [&str; 0] = [];
        assert_eq!(
            used(&bill, &[program("/usr/bin/one", "example.com/app")]),
            none
        );
        assert_eq!(
            used(&bill, &[program("/usr/bin/two", "example.com/app")]),
            ["net", "one"]
        );
    }

    /// Built in GOPATH mode: the bill has the beginning of the main package where the record has no main module.
    #[test]
    fn a_program_without_a_main_module_is_found_by_its_main_package() {
        let document = json!({
            "components": [
                {
                    "bom-ref": "kubectl", "type": "application", "purl": "pkg:golang/example.com/app",
                    "evidence": { "occurrences": [{ "location": "usr/bin/kubectl" }] },
                    "properties": [{ "name": "gospect:main_package", "value": "example.com/app/cmd/kubectl" }],
                },
                { "bom-ref": "net", "type": "library" },
            ],
            "dependencies": [{ "ref": "kubectl", "dependsOn": ["net"] }],
        });
        let bill = BillPrograms::of(&document);
        let without_module = |main_package: &str| Program {
            main_module: None,
            version: None,
            ..program("/usr/bin/kubectl", main_package)
        };
        let none: [&str; 0] = [];
        assert_eq!(
            used(&bill, &[without_module("example.com/app/cmd/kubectl")]),
            none
        );
        let other = without_module("example.com/other/cmd/kubectl");
        assert_eq!(used(&bill, &[other]), ["kubectl", "net"]);
    }

    /// As trivy writes it: the program by its path, with the main module below it.
    #[test]
    fn programs_named_by_their_paths_use_what_their_modules_use() {
        let document = json!({
            "metadata": { "component": { "bom-ref": "root", "type": "application", "name": "dist" } },
            "components": [
                { "bom-ref": "1", "type": "application", "name": "usr/bin/one" },
                { "bom-ref": "2", "type": "application", "name": "usr/bin/two" },
                { "bom-ref": "app", "type": "library", "purl": "pkg:golang/example.com/app@v1.0.0" },
                { "bom-ref": "net", "type": "library" },
            ],
            "dependencies": [
                { "ref": "root", "dependsOn": ["1", "2"] }, { "ref": "1", "dependsOn": ["app"] },
                { "ref": "2", "dependsOn": ["app"] }, { "ref": "app", "dependsOn": ["net", "app"] },
            ],
        });
        let bill = BillPrograms::of(&document);
        let [one, two] =
            ["/usr/bin/one", "app.tar!usr/bin/two"].map(|path| program(path, "example.com/app"));
        let none: [&str; 0] = [];
        assert_eq!(used(&bill, std::slice::from_ref(&one)), ["2", "app", "net"]);
        assert_eq!(used(&bill, &[one, two]), none);
    }

    /// As syft writes it: files apart, and main modules as libraries.
    #[test]
    fn main_modules_stand_for_programs_where_files_use_nothing() {
        let document = json!({
            "components": [
                { "bom-ref": "f", "type": "file", "hashes": [{ "alg": "SHA-256", "content": "AB" }] },
                { "bom-ref": "a", "type": "library", "purl": "pkg:golang/example.com/app@v1.0.0" },
                { "bom-ref": "b", "type": "library", "purl": "pkg:golang/example.com/b@v1.0.0" },
                { "bom-ref": "net", "type": "library" }, { "bom-ref": "text", "type": "library" },
            ],
            "dependencies": [
                { "ref": "a", "dependsOn": ["text"] }, { "ref": "b", "dependsOn": ["net"] },
            ],
        });
        let bill = BillPrograms::of(&document);
        let app = program("one", "example.com/app");
        assert_eq!(used(&bill, &[app]), ["b", "net"]);
    }

    #[test]
    fn a_digest_says_which_program_it_is() {
        let document = json!({
            "metadata": { "component": { "bom-ref": "root", "type": "application", "hashes": [{ "alg": "SHA-256", "content": "AB" }] } },
            "components": [{ "bom-ref": "net", "type": "library" }],
            "dependencies": [{ "ref": "root", "dependsOn": ["net"] }],
        });
        let bill = BillPrograms::of(&document);
        for (sum, wanted) in [(Some("ab"), vec![]), (Some("cd"), vec!["net", "root"])] {
            let judged = Program {
                sha256: sum.map(str::to_owned),
                ..program("renamed", "example.com/app")
            };
            assert_eq!(used(&bill, &[judged]), wanted);
        }
    }
}
