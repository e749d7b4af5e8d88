//! Compares a provenance document with the record of a program.

use super::slsa::Claims;
use super::{Content, Document, Subject, claims};
use crate::check::{Aspect, Check, Provenance, Signature, SignatureState, Verdict, verdict};
use gospect_record::{Binary, BuildInfo};

/// Most digests of other files that an explanation lists.
const LISTED: usize = 3;

/// A digest of a program, or of an archive or image that contains it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Digest {
    /// The thing with this digest, for people: `the program`, `the file dist/app.tar.gz`, `the image`.
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

/// The digests of a program and of everything that contains it.
pub type Digests = [Digest];

/// The digest that a document names as its subject, with the subject.
fn matched<'d, 's>(
    document: &'s Document,
    digests: &'d Digests,
) -> Option<(&'d Digest, &'s Subject)> {
    digests.iter().find_map(|digest| {
        let mut subjects = document.subjects().iter();
        let subject = subjects.find(|s| states(s, digest) == Some(true))?;
        Some((digest, subject))
    })
}

/// Whether a subject states this digest; `None`: it states none by that algorithm.
fn states(subject: &Subject, digest: &Digest) -> Option<bool> {
    let stated = subject.digest.get(digest.algorithm)?;
    Some(stated.eq_ignore_ascii_case(&digest.value))
}

/// The first of the other digests of the same file that a subject states otherwise.
fn contradicted<'d>(
    subject: &Subject,
    digest: &Digest,
    digests: &'d Digests,
) -> Option<&'d Digest> {
    let same_file = digests.iter().filter(|other| other.of == digest.of);
    same_file
        .into_iter()
        .find(|other| states(subject, other) == Some(false))
}

/// Whether a document says how its subject was built, or signs the file itself. Other statements, such as the result of a scan, do not.
pub fn is_about_the_build(document: &Document) -> bool {
    match &document.content {
        Content::Statement(statement) => claims(statement).is_provenance,
        Content::FileSignature(_) => true,
    }
}

/// Whether a document is about a program, or about an archive or image that contains it.
pub fn concerns(document: &Document, digests: &Digests) -> bool {
    matched(document, digests).is_some()
}

/// Compares a document with the record. An invalid signature makes the verdict `different`.
pub fn judge(
    document: &Document,
    name: &str,
    signature: Signature,
    binary: &Binary,
    digests: &Digests,
) -> Provenance {
    let mut checks = vec![subject(document, &signature, digests)];
    if matches!(
        signature.state,
        SignatureState::Invalid | SignatureState::OtherSigner
    ) {
        checks.push(
            Check::of(Aspect::Signature, None, None)
                .judged(Verdict::Different)
                .because(signature.done.clone()),
        );
    }
    let statement = match &document.content {
        Content::Statement(statement) => Some(statement),
        Content::FileSignature(_) => None,
    };
    if let Some(claims) = statement.map(claims).filter(|claims| claims.is_provenance) {
        let info = binary.build_info.as_ref();
        checks.extend(revision(&claims, info));
        checks.extend(repository(&claims, info));
        checks.extend(tag(&claims, binary));
        checks.extend(module(&claims, info));
        checks.extend(go_version(&claims, binary));
        let builder = claims.builder.as_deref();
        checks.extend(builder.map(|builder| Check::of(Aspect::Builder, None, Some(builder))));
    }
    let of = document.number.map_or(String::new(), |n| format!(":{n}"));
    Provenance {
        document: format!("{name}{of}"),
        predicate: statement.map(|statement| statement.predicate_type.clone()),
        signature,
        verdict: verdict(&checks),
        checks,
    }
}

fn subject(document: &Document, signature: &Signature, digests: &Digests) -> Check {
    if let Some((digest, subject)) = matched(document, digests) {
        let text = digest.text();
        if let Some(other) = contradicted(subject, digest, digests) {
            let stated = subject.digest.get(other.algorithm).map(String::as_str);
            let stated = format!("{}:{}", other.algorithm, stated.unwrap_or_default());
            return Check::of(Aspect::Subject, Some(&other.text()), Some(&stated)).because(
                format!(
                    "{} has the {} of the subject, and another {}",
                    digest.of, digest.algorithm, other.algorithm
                ),
            );
        }
        if !is_about_the_build(document) {
            return Check::of(Aspect::Subject, Some(&text), Some(&text))
                .judged(Verdict::Unknown)
                .because(format!(
                    "{}, but the document is not a known form of provenance",
                    digest.of
                ));
        }
        // A bundle of a signed file holds nothing besides the signature: what it says of the file is worth nothing without.
        let is_confirmed = matches!(
            signature.state,
            SignatureState::Valid | SignatureState::OtherSigner
        );
        if document.file_signature().is_some() && !is_confirmed {
            return Check::of(Aspect::Subject, Some(&text), Some(&text))
                .judged(Verdict::Unknown)
                .because(format!(
                    "{}, by a digest that only a signature that holds confirms",
                    digest.of
                ));
        }
        let name = match subject.name.is_empty() {
            true => String::new(),
            false => format!(", named {}", subject.name),
        };
        return Check::of(Aspect::Subject, Some(&text), Some(&text))
            .because(format!("{}{name}", digest.of));
    }
    not_matched(document.subjects().iter(), digests)
}

/// The result for the subject when all documents are about other files.
fn not_matched<'s>(subjects: impl Iterator<Item = &'s Subject>, digests: &Digests) -> Check {
    let mut listed: Vec<String> = Vec::new();
    let mut count = 0usize;
    for subject in subjects {
        count += 1;
        let known = ["sha256", "sha512"].into_iter();
        let mut known = known.filter_map(|a| Some(format!("{a}:{}", subject.digest.get(a)?)));
        if listed.len() < LISTED {
            listed.extend(known.next());
        }
    }
    let own = digests.first().map(Digest::text);
    let check = Check::of(Aspect::Subject, own.as_deref(), None);
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

/// The result for a program when none of the documents is about it.
pub fn about_others(names: &str, documents: &[&Document], digests: &Digests) -> Provenance {
    let subjects = documents.iter().flat_map(|document| document.subjects());
    let checks = vec![not_matched(subjects, digests)];
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
    let check = Check::of(Aspect::Revision, recorded, Some(stated));
    // Without a stamp, a pseudo-version still has the first twelve digits of the commit.
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

/// Compares the repository with the path of the main module, which usually begins with it. Otherwise the result is unknown: it may be a vanity path or a fork.
fn repository(claims: &Claims, info: Option<&BuildInfo>) -> Option<Check> {
    let stated = claims.repository.as_deref()?;
    let module = info.map(|info| info.main.path.as_str());
    let module = module.filter(|path| !path.is_empty());
    let check = Check::of(Aspect::Repository, module, Some(stated));
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

/// Compares the tag with every version that the program claims.
fn tag(claims: &Claims, binary: &Binary) -> Option<Check> {
    let stated = claims.tag.as_deref()?;
    // The tag of a module in a subfolder begins with the folder.
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
        return Some(Check::of(Aspect::Version, Some(same), Some(same)));
    }
    let check = Check::of(Aspect::Version, main, Some(version));
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
    Some(Check::of(Aspect::Module, recorded, Some(stated)))
}

fn go_version(claims: &Claims, binary: &Binary) -> Option<Check> {
    let stated = claims.go_version.as_deref()?;
    let recorded = binary.go_version.as_deref();
    let check = Check::of(Aspect::GoVersion, recorded, Some(stated));
    // `1.26` or `1.26.x` in a workflow means the newest patch release.
    let wide = stated.trim_end_matches(".x");
    let is_minor = wide.split('.').count() == 2;
    let fits = recorded.is_some_and(|r| r == wide || r.starts_with(&format!("{wide}.")));
    Some(match is_minor && fits {
        true => check.judged(Verdict::Equal),
        false => check,
    })
}
