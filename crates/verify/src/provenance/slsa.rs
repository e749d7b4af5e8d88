//! Reads SLSA provenance v0.2 and v1, as GitHub, goreleaser, ko and others write it, into one form.

use super::Statement;
use serde_json::Value;

/// The claims of a predicate about a build.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Claims {
    /// Whether the predicate is SLSA provenance of a known version.
    pub is_provenance: bool,
    /// Commit, in hex.
    pub revision: Option<String>,
    /// Address of the repository, from its host on.
    pub repository: Option<String>,
    /// The tag it was built from.
    pub tag: Option<String>,
    /// Release of Go, `go1.26.5`.
    pub go_version: Option<String>,
    /// Path of the main module.
    pub module: Option<String>,
    /// The builder.
    pub builder: Option<String>,
}

const V02: &str = "https://slsa.dev/provenance/v0.2";
const V1: &str = "https://slsa.dev/provenance/v1";

/// The claims of a statement; none for other predicates.
pub fn claims(statement: &Statement) -> Claims {
    let predicate = &statement.predicate;
    let mut claims = match statement.predicate_type.trim_end_matches('/') {
        V02 => v02(predicate),
        kind if kind == V1 || kind.starts_with("https://slsa.dev/provenance/v1.") => v1(predicate),
        _ => return Claims::default(),
    };
    claims.is_provenance = true;
    claims.revision = claims.revision.map(|r| r.to_ascii_lowercase());
    claims
}

fn text<'v>(value: &'v Value, pointer: &str) -> Option<&'v str> {
    let found = value.pointer(pointer)?.as_str()?;
    (!found.is_empty()).then_some(found)
}

/// SLSA v0.2: the source is `invocation.configSource`, inputs are `materials`.
fn v02(predicate: &Value) -> Claims {
    let source = predicate.pointer("/invocation/configSource");
    let mut claims = Claims {
        builder: text(predicate, "/builder/id").map(str::to_owned),
        ..Claims::default()
    };
    if let Some(source) = source {
        add_source(&mut claims, source);
    }
    for material in list(predicate, "/materials") {
        add_source(&mut claims, material);
    }
    add_go(&mut claims, predicate);
    claims
}

/// SLSA v1: the source is among `buildDefinition.resolvedDependencies`, its reference in `externalParameters`.
fn v1(predicate: &Value) -> Claims {
    let mut claims = Claims {
        builder: text(predicate, "/runDetails/builder/id").map(str::to_owned),
        ..Claims::default()
    };
    let parameters = "/buildDefinition/externalParameters";
    if let Some(workflow) = predicate.pointer(&format!("{parameters}/workflow")) {
        let address = text(workflow, "/repository");
        claims.repository = address.map(|address| repository(address).0);
        claims.tag = text(workflow, "/ref").and_then(tag);
    }
    for key in ["source", "configSource"] {
        match predicate.pointer(&format!("{parameters}/{key}")) {
            Some(Value::String(address)) => add_address(&mut claims, address),
            Some(source) => add_source(&mut claims, source),
            None => {}
        }
    }
    for dependency in list(predicate, "/buildDefinition/resolvedDependencies") {
        add_source(&mut claims, dependency);
    }
    add_go(&mut claims, predicate);
    claims
}

fn list<'v>(value: &'v Value, pointer: &str) -> &'v [Value] {
    let found = value.pointer(pointer).and_then(Value::as_array);
    found.map(Vec::as_slice).unwrap_or_default()
}

/// Adds the `uri` and `digest` of a source or material: the first repository counts, and the toolchain if it is one.
fn add_source(claims: &mut Claims, source: &Value) {
    let uri = text(source, "/uri").unwrap_or_default();
    if let Some(version) = toolchain(uri).or_else(|| toolchain(text(source, "/name")?)) {
        claims.go_version.get_or_insert(version);
        return;
    }
    let commit = ["/digest/gitCommit", "/digest/sha1", "/digest/git_commit"];
    let commit = commit.iter().find_map(|pointer| text(source, pointer));
    let is_git = uri.starts_with("git+") || uri.ends_with(".git") || uri.contains("://github.com/");
    if !is_git && commit.is_none() {
        return;
    }
    let (address, _) = repository(uri);
    if claims
        .repository
        .as_ref()
        .is_some_and(|known| *known != address && !uri.is_empty())
    {
        // An action or another repository that the build used.
        return;
    }
    if let Some(commit) = commit {
        claims.revision.get_or_insert_with(|| commit.to_owned());
    }
    add_address(claims, uri);
}

fn add_address(claims: &mut Claims, uri: &str) {
    if uri.is_empty() {
        return;
    }
    let (address, reference) = repository(uri);
    claims.repository.get_or_insert(address);
    if let Some(found) = reference.and_then(|reference| tag(&reference)) {
        claims.tag.get_or_insert(found);
    }
}

/// Splits `git+https://github.com/o/r@refs/tags/v1.2.3` into `github.com/o/r` and `refs/tags/v1.2.3`.
fn repository(uri: &str) -> (String, Option<String>) {
    let uri = uri.strip_prefix("git+").unwrap_or(uri);
    let rest = uri.split_once("://").map_or(uri, |(_, rest)| rest);
    let rest = rest.split(['?', '#']).next().unwrap_or_default();
    let slash = rest.find('/').unwrap_or(0);
    // A user may stand in front of the host, a reference after the path.
    let (host, path) = rest.split_at_checked(slash).unwrap_or((rest, ""));
    let host = host.rsplit_once('@').map_or(host, |(_, host)| host);
    let (path, reference) = match path.split_once('@') {
        Some((path, reference)) => (path, Some(reference.to_owned())),
        None => (path, None),
    };
    let path = path.trim_end_matches('/').trim_end_matches(".git");
    (format!("{}{path}", host.to_ascii_lowercase()), reference)
}

/// The tag of `refs/tags/v1.2.3`.
fn tag(reference: &str) -> Option<String> {
    reference.strip_prefix("refs/tags/").map(str::to_owned)
}

/// `go1.26.5` out of `https://go.dev/dl/go1.26.5.linux-amd64.tar.gz` and `pkg:generic/go@1.26.5`.
fn toolchain(uri: &str) -> Option<String> {
    let name = uri.rsplit('/').next()?;
    let version = name
        .strip_prefix("go@")
        .or_else(|| name.strip_prefix("golang@"))
        .or_else(|| name.strip_prefix("go"))?;
    let version = version.trim_start_matches("go");
    let end = version.find(|c: char| !c.is_ascii_digit() && c != '.');
    let number = end.and_then(|end| version.get(..end)).unwrap_or(version);
    let number = number.trim_end_matches('.');
    let is_release = number.starts_with("1.") && number.split('.').all(|part| !part.is_empty());
    is_release.then(|| format!("go{number}"))
}

/// Adds the release of Go and the module, which some builders record under names of their own.
fn add_go(claims: &mut Claims, predicate: &Value) {
    let places = [
        "/buildDefinition/internalParameters/go_version",
        "/buildDefinition/internalParameters/goVersion",
        "/buildDefinition/externalParameters/goVersion",
        "/buildDefinition/externalParameters/go-version",
        "/buildDefinition/externalParameters/inputs/go-version",
        "/invocation/environment/go_version",
        "/invocation/environment/goVersion",
        "/invocation/parameters/goVersion",
        "/invocation/parameters/go-version",
        "/buildConfig/goVersion",
    ];
    if let Some(found) = places.iter().find_map(|place| text(predicate, place)) {
        let number = found.trim_start_matches("go");
        claims.go_version.get_or_insert(format!("go{number}"));
    }
    let modules = [
        "/buildDefinition/externalParameters/module",
        "/buildDefinition/internalParameters/module",
        "/buildConfig/module",
    ];
    claims.module = modules
        .iter()
        .find_map(|place| text(predicate, place))
        .map(str::to_owned);
}
