//! A document held against the record of a program.

use super::slsa::Claims;
use super::{Document, Statement, claims};
use crate::check::{Check, Provenance, Signature, SignatureState, Verdict, What, verdict};
use gospect_record::{Binary, BuildInfo};

/// Most digests of other files to name.
const LISTED: usize = 3;

/// A digest by which a program, or what holds it, is known.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Digest {
    /// What has it: `the program`, `the file dist/app.tar.gz`, `the image`.
    pub of: String,
    /// `sha256` or `sha512`.
    pub algorithm: &'static str,
    /// In hex.
    pub value: String,
}

impl Digest {
    fn text(&self) -> String {
        format!("{}:{}", self.algorithm, self.value)
    }
}

/// All digests of a program.
pub type Digests = [Digest];

/// What a statement is about, if it is the program or something that holds it.
fn matched<'d>(statement: &Statement, digests: &'d Digests) -> Option<(&'d Digest, String)> {
    digests.iter().find_map(|digest| {
        let is_same = |stated: &String| stated.eq_ignore_ascii_case(&digest.value);
        let mut subjects = statement.subject.iter();
        let subject = subjects.find(|s| s.digest.get(digest.algorithm).is_some_and(is_same))?;
        Some((digest, subject.name.clone()))
    })
}

/// Whether a document is about a program, or about something that holds it.
pub fn concerns(document: &Document, digests: &Digests) -> bool {
    matched(&document.statement, digests).is_some()
}

/// Compares what a document says with the record. A signature that does not hold makes the verdict `different`.
pub fn judge(
    document: &Document,
    name: &str,
    signature: Signature,
    binary: &Binary,
    digests: &Digests,
) -> Provenance {
    let statement = &document.statement;
    let mut checks = vec![subject(statement, digests)];
    if signature.state == SignatureState::Invalid {
        checks.push(
            Check::of(What::Signature, None, None)
                .judged(Verdict::Different)
                .because(signature.done.clone()),
        );
    }
    let claims = claims(statement);
    if claims.is_provenance {
        let info = binary.build_info.as_ref();
        checks.extend(revision(&claims, info));
        checks.extend(repository(&claims, info));
        checks.extend(tag(&claims, binary));
        checks.extend(module(&claims, info));
        checks.extend(go_version(&claims, binary));
        let builder = claims.builder.as_deref();
        checks.extend(builder.map(|builder| Check::of(What::Builder, None, Some(builder))));
    }
    let of = document.number.map_or(String::new(), |n| format!(":{n}"));
    Provenance {
        document: format!("{name}{of}"),
        predicate: Some(statement.predicate_type.clone()),
        signature,
        verdict: verdict(&checks),
        checks,
    }
}

fn subject(statement: &Statement, digests: &Digests) -> Check {
    if let Some((digest, name)) = matched(statement, digests) {
        let text = digest.text();
        let name = match name.is_empty() {
            true => String::new(),
            false => format!(", named {name}"),
        };
        return Check::of(What::Subject, Some(&text), Some(&text))
            .because(format!("{}{name}", digest.of));
    }
    not_matched([statement].into_iter(), digests)
}

/// The comparison of a program with documents that are about other files.
fn not_matched<'s>(statements: impl Iterator<Item = &'s Statement>, digests: &Digests) -> Check {
    let mut listed: Vec<String> = Vec::new();
    let mut count = 0usize;
    for subject in statements.flat_map(|statement| &statement.subject) {
        count += 1;
        let known = ["sha256", "sha512"].into_iter();
        let mut known = known.filter_map(|a| Some(format!("{a}:{}", subject.digest.get(a)?)));
        if listed.len() < LISTED {
            listed.extend(known.next());
        }
    }
    let own = digests.first().map(Digest::text);
    let check = Check::of(What::Subject, own.as_deref(), None);
    if listed.is_empty() {
        return check.because("no digest of a subject is one that is known here");
    }
    let verdict = match own.is_some() {
        true => Verdict::Different,
        false => Verdict::Unknown,
    };
    Check {
        expected: Some(listed.join(", ")),
        ..check
    }
    .judged(verdict)
    .because(match count {
        1 => "it is about another file".to_owned(),
        count => format!("it is about {count} other files"),
    })
}

/// What is said of a program that none of the documents is about.
pub fn about_others(names: &str, documents: &[&Document], digests: &Digests) -> Provenance {
    let statements = documents.iter().map(|document| &document.statement);
    let checks = vec![not_matched(statements, digests)];
    Provenance {
        document: names.to_owned(),
        predicate: None,
        signature: Signature {
            state: SignatureState::NotChecked,
            done: "no document is about this program".to_owned(),
            by: None,
        },
        verdict: verdict(&checks),
        checks,
    }
}

fn revision(claims: &Claims, info: Option<&BuildInfo>) -> Option<Check> {
    let stated = claims.revision.as_deref()?;
    let recorded = info.and_then(|info| info.setting("vcs.revision"));
    let check = Check::of(What::Revision, recorded, Some(stated));
    // Without a stamp, the version of the module has the first twelve digits.
    let pseudo = info.and_then(|info| commit_of(&info.main.version));
    Some(match (recorded, pseudo) {
        (None, Some(short)) => Check {
            recorded: Some(short.to_owned()),
            ..check
        }
        .judged(match stated.starts_with(short) {
            true => Verdict::Equal,
            false => Verdict::Different,
        })
        .because("by the version of the main module"),
        _ => check,
    })
}

/// The commit of a pseudo-version.
fn commit_of(version: &str) -> Option<&str> {
    let version = gospect_knowledge::semver::Semver::parse(version)?;
    version.pseudo().map(|pseudo| pseudo.revision)
}

/// The repository against the path of the main module, which usually begins with it. Vanity paths and forks are not known to be wrong.
fn repository(claims: &Claims, info: Option<&BuildInfo>) -> Option<Check> {
    let stated = claims.repository.as_deref()?;
    let module = info.map(|info| info.main.path.as_str());
    let module = module.filter(|path| !path.is_empty());
    let check = Check::of(What::Repository, module, Some(stated));
    let is_below = module.is_some_and(|path| {
        let path = path.to_ascii_lowercase();
        let stated = stated.to_ascii_lowercase();
        path == stated || path.starts_with(&format!("{stated}/"))
    });
    let known = [
        "github.com/",
        "gitlab.com/",
        "bitbucket.org/",
        "codeberg.org/",
    ];
    let names_host = |path: &str| known.iter().any(|host| path.starts_with(host));
    let is_other = module.is_some_and(|path| names_host(path) && names_host(stated));
    Some(match (is_below, is_other) {
        (true, _) => check.judged(Verdict::Equal),
        (false, true) => check
            .judged(Verdict::Unknown)
            .because("a fork keeps the module path of its origin"),
        (false, false) => check.judged(Verdict::Unknown),
    })
}

/// The tag against every version that the program claims.
fn tag(claims: &Claims, binary: &Binary) -> Option<Check> {
    let stated = claims.tag.as_deref()?;
    // Tags of modules in a folder have the folder in front.
    let version = stated.rsplit('/').next().unwrap_or(stated);
    let plain = |text: &str| text.strip_prefix('v').unwrap_or(text).to_owned();
    let claimed: Vec<&str> = binary
        .versions
        .iter()
        .flatten()
        .map(|claim| claim.value.as_str())
        .collect();
    let main = binary.build_info.as_ref().map(|i| i.main.version.as_str());
    let is_release = |text: &&str| gospect_knowledge::semver::Semver::parse(text).is_some();
    let main = main.filter(is_release);
    let mut all = claimed.iter().copied().chain(main);
    if let Some(same) = all.find(|claim| plain(claim) == plain(version)) {
        return Some(Check::of(What::Version, Some(same), Some(same)));
    }
    let check = Check::of(What::Version, main, Some(version));
    Some(match main {
        Some(main) => {
            let without_build = main.split('+').next().unwrap_or(main);
            let is_same = plain(without_build) == plain(version);
            let verdict = match is_same {
                true => Verdict::Equal,
                false => Verdict::Different,
            };
            check.judged(verdict)
        }
        None => check,
    })
}

fn module(claims: &Claims, info: Option<&BuildInfo>) -> Option<Check> {
    let stated = claims.module.as_deref()?;
    let recorded = info.map(|i| i.main.path.as_str());
    let recorded = recorded.filter(|path| !path.is_empty());
    Some(Check::of(What::Module, recorded, Some(stated)))
}

fn go_version(claims: &Claims, binary: &Binary) -> Option<Check> {
    let stated = claims.go_version.as_deref()?;
    let recorded = binary.go_version.as_deref();
    let check = Check::of(What::GoVersion, recorded, Some(stated));
    // `1.26` or `1.26.x` of a workflow means its newest patch.
    let wide = stated.trim_end_matches(".x");
    let is_minor = wide.split('.').count() == 2;
    let fits = recorded.is_some_and(|r| r == wide || r.starts_with(&format!("{wide}.")));
    Some(match is_minor && fits {
        true => check.judged(Verdict::Equal),
        false => check,
    })
}
