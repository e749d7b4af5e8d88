//! Compares a checkout with the record of a program: what cmd/go stamps from git (cmd/go/internal/vcs, `gitStatus`), and go.mod and go.sum.

use super::check::{Aspect, Check, SourceMatch, Verdict, verdict};
use super::go_sum::{self, GoSum};
use super::sums::SumVerdict;
use gospect_knowledge::GoVersion;
use gospect_knowledge::semver::Semver;
use gospect_record::{Binary, BuildInfo};

/// Most changed files that an explanation lists.
const NAMED: usize = 3;

/// The facts of a checkout.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Checkout {
    /// The folder.
    pub folder: String,
    /// The commit that is checked out, in hex; `None`: there is none yet.
    pub revision: Option<String>,
    /// The tags of that commit.
    pub tags: Vec<String>,
    /// Changed and untracked files, as `git status --porcelain` lists them; `None`: unknown.
    pub changes: Option<Vec<String>>,
    /// The text of go.mod; `None`: there is no such file.
    pub go_mod: Option<String>,
    /// go.sum and go.work.sum, with their names.
    pub sums: Vec<(String, GoSum)>,
}

/// The lines of a go.mod file that are compared (<https://go.dev/ref/mod#go-mod-file>).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct GoMod {
    /// Path of the module.
    pub module: Option<String>,
    /// The `go` line.
    pub go: Option<String>,
    /// The `toolchain` line.
    pub toolchain: Option<String>,
}

impl GoMod {
    /// Reads these lines and ignores all others.
    pub fn parse(text: &str) -> Self {
        let mut found = Self::default();
        let mut in_block = false;
        for line in text.lines() {
            let line = line.split("//").next().unwrap_or_default();
            let words: Vec<&str> = line.split_whitespace().collect();
            match words.as_slice() {
                [")"] => in_block = false,
                [.., "("] => in_block = true,
                ["module", path] if !in_block => {
                    let path = path.trim_matches(['"', '`']);
                    found.module.get_or_insert_with(|| path.to_owned());
                }
                ["go", version] if !in_block => {
                    found.go.get_or_insert_with(|| (*version).to_owned());
                }
                ["toolchain", name] if !in_block => {
                    found.toolchain.get_or_insert_with(|| (*name).to_owned());
                }
                _ => {}
            }
        }
        found
    }
}

/// Compares a checkout with the record of a program.
pub fn judge(checkout: &Checkout, binary: &Binary) -> SourceMatch {
    let info = binary.build_info.as_ref();
    let go_mod = checkout.go_mod.as_deref().map(GoMod::parse);
    let mut checks = vec![revision(checkout, info), modified(checkout, info)];
    checks.extend(version(checkout, info));
    if let Some(go_mod) = &go_mod {
        let main = info.map(|i| i.main.path.as_str()).filter(|p| !p.is_empty());
        checks.push(Check::of(Aspect::Module, main, go_mod.module.as_deref()));
        checks.extend(go_line(go_mod, binary));
        checks.extend(toolchain(go_mod, binary));
    }
    let sums = sums(checkout, binary);
    let sentence = sentence(checkout, has_changes(info), &checks, sums.as_ref());
    checks.extend(sums.map(|(check, _)| check));
    SourceMatch {
        folder: checkout.folder.clone(),
        sentence,
        verdict: match verdict(&checks) {
            Verdict::Equal if !is_identified(&checks) || has_changes(info) => Verdict::Unknown,
            verdict => verdict,
        },
        checks,
    }
}

/// Whether commit or version show that the program is of this checkout. Module path and go.mod lines are those of every commit.
fn is_identified(checks: &[Check]) -> bool {
    let equal = checks
        .iter()
        .filter(|check| check.verdict == Verdict::Equal);
    equal
        .into_iter()
        .any(|check| matches!(check.what, Aspect::Revision | Aspect::Version))
}

/// Whether the program was built from a work tree with changes, which no commit has.
fn has_changes(info: Option<&BuildInfo>) -> bool {
    info.is_some_and(|info| {
        info.setting("vcs.modified") == Some("true") || info.main.version.ends_with("+dirty")
    })
}

fn revision(checkout: &Checkout, info: Option<&BuildInfo>) -> Check {
    let recorded = info.and_then(|i| i.setting("vcs.revision"));
    let there = checkout.revision.as_deref();
    let check = Check::of(Aspect::Revision, recorded, there);
    let pseudo = info.and_then(|i| Semver::parse(&i.main.version)?.pseudo());
    match (recorded, pseudo, there) {
        (None, Some(pseudo), Some(there)) => Check {
            recorded: Some(pseudo.revision.to_owned()),
            ..check
        }
        .judged(match there.starts_with(pseudo.revision) {
            true => Verdict::Equal,
            false => Verdict::Different,
        })
        .because("by the version of the main module"),
        (_, _, None) => check.because("nothing is committed in the checkout"),
        _ => check,
    }
}

fn modified(checkout: &Checkout, info: Option<&BuildInfo>) -> Check {
    let recorded = info.and_then(|i| i.setting("vcs.modified"));
    let there = checkout
        .changes
        .as_ref()
        .map(|changes| match changes.is_empty() {
            true => "false",
            false => "true",
        });
    let check = Check::of(Aspect::Modified, recorded, there);
    let changes = checkout.changes.as_deref().unwrap_or_default();
    let named = changes.get(..NAMED.min(changes.len())).unwrap_or_default();
    match (has_changes(info), there) {
        (true, _) => check
            .judged(Verdict::Unknown)
            .because("it was built with changes that no commit has"),
        (_, Some("true")) => check.judged(Verdict::Unknown).because(format!(
            "the checkout has changes now: {}",
            named.join(", ")
        )),
        _ => check,
    }
}

/// Compares the version of the main module, if it is a release, with the tags of the commit.
fn version(checkout: &Checkout, info: Option<&BuildInfo>) -> Option<Check> {
    let main = info.map(|i| i.main.version.as_str())?;
    let plain = main.split('+').next().unwrap_or(main);
    let parsed = Semver::parse(plain)?;
    if parsed.pseudo().is_some() {
        return None;
    }
    let check = Check::of(Aspect::Version, Some(main), None);
    let is_same = |tag: &&String| **tag == plain || tag.ends_with(&format!("/{plain}"));
    Some(
        match (checkout.tags.iter().find(is_same), checkout.tags.is_empty()) {
            (Some(tag), _) => Check {
                expected: Some(tag.clone()),
                ..check
            }
            .judged(Verdict::Equal),
            (None, true) => check.because("the commit has no tag in this checkout"),
            (None, false) => Check {
                expected: Some(checkout.tags.join(", ")),
                ..check
            }
            .judged(Verdict::Different),
        },
    )
}

/// A toolchain older than the `go` line refuses to build (<https://go.dev/doc/toolchain>).
fn go_line(go_mod: &GoMod, binary: &Binary) -> Option<Check> {
    let line = go_mod.go.as_deref()?;
    let recorded = binary.go_version.as_deref();
    let check = Check::of(Aspect::GoLine, recorded, Some(line));
    let order = recorded
        .and_then(GoVersion::parse)
        .zip(GoVersion::parse(&format!("go{line}")))
        .map(|(built, wanted)| built.compare(&wanted));
    // Before Go 1.21 the line was not a minimum.
    let is_minimum = recorded
        .and_then(GoVersion::parse)
        .and_then(|v| v.minor())
        .is_some_and(|minor| minor >= 21);
    Some(match order {
        Some(order) if order.is_ge() => check.judged(Verdict::Equal),
        Some(_) if is_minimum => check
            .judged(Verdict::Different)
            .because("an older toolchain than the go line refuses to build"),
        _ => check.judged(Verdict::Unknown),
    })
}

/// The `go` command uses the toolchain of this line or a newer one, unless GOTOOLCHAIN says otherwise.
fn toolchain(go_mod: &GoMod, binary: &Binary) -> Option<Check> {
    let line = go_mod
        .toolchain
        .as_deref()
        .filter(|line| *line != "default")?;
    let recorded = binary.go_version.as_deref();
    let check = Check::of(Aspect::Toolchain, recorded, Some(line));
    let order = recorded
        .and_then(GoVersion::parse)
        .zip(GoVersion::parse(line))
        .map(|(built, wanted)| built.compare(&wanted));
    Some(match order {
        Some(order) if order.is_ge() => check.judged(Verdict::Equal),
        Some(_) => check
            .judged(Verdict::Unknown)
            .because("GOTOOLCHAIN chose an older one than the toolchain line"),
        None => check.judged(Verdict::Unknown),
    })
}

/// Compares the recorded checksums with go.sum, and gives the phrase for the sentence.
fn sums(checkout: &Checkout, binary: &Binary) -> Option<(Check, String)> {
    if checkout.sums.is_empty() {
        return None;
    }
    let rows = go_sum::judge(binary, &checkout.sums);
    let count = |verdict: SumVerdict| {
        let has = rows.iter().filter(|row| row.verdict == verdict);
        has.count()
    };
    let (equal, different, missing) = (
        count(SumVerdict::Equal),
        count(SumVerdict::Different),
        count(SumVerdict::Unknown),
    );
    let names = |verdict: SumVerdict| {
        let of = rows.iter().filter(|row| row.verdict == verdict);
        let names: Vec<String> = of
            .take(NAMED)
            .map(|row| format!("{} {}", row.module, row.version))
            .collect();
        names.join(", ")
    };
    let phrase = match (different, missing) {
        (0, 0) => format!("all {equal} of its sums are those of that go.sum"),
        (0, missing) => format!("{missing} of its modules are not in that go.sum"),
        (different, 0) => format!("{different} of its sums are not those of that go.sum"),
        (different, missing) => format!(
            "{different} of its sums are not those of that go.sum, {missing} of its modules are not in it"
        ),
    };
    let check = Check::of(Aspect::GoSum, None, None);
    let check = match (different, missing, equal) {
        (0, 0, 0) => check.because("no sum is recorded"),
        (0, 0, _) => check.judged(Verdict::Equal),
        (0, ..) => check.because(names(SumVerdict::Unknown)),
        _ => check
            .judged(Verdict::Different)
            .because(names(SumVerdict::Different)),
    };
    Some((check, phrase))
}

/// `the program is commit 0123456789ab, which is tag v1.2.3, clean; 3 of its modules are not in that go.sum`.
fn sentence(
    checkout: &Checkout,
    has_changes: bool,
    checks: &[Check],
    sums: Option<&(Check, String)>,
) -> String {
    let short = |revision: &str| revision.get(..12).unwrap_or(revision).to_owned();
    let revision = checks.iter().find(|check| check.what == Aspect::Revision);
    let recorded = revision.and_then(|check| check.recorded.as_deref());
    let there = checkout.revision.as_deref();
    let mut text = match (revision.map(|check| check.verdict), recorded, there) {
        (Some(Verdict::Equal), _, Some(there)) => {
            let tags = match checkout.tags.as_slice() {
                [] => String::new(),
                [tag] => format!(", which is tag {tag}"),
                tags => format!(", which is tags {}", tags.join(", ")),
            };
            format!("the program is commit {}{tags}", short(there))
        }
        (Some(Verdict::Different), Some(recorded), Some(there)) => format!(
            "the program is commit {}, the checkout is at {}",
            short(recorded),
            short(there)
        ),
        (_, None, Some(there)) => format!(
            "the program records no commit, the checkout is at {}",
            short(there)
        ),
        _ => "the checkout has no commit".to_owned(),
    };
    let modified = checks.iter().find(|check| check.what == Aspect::Modified);
    let modified = modified.map(|check| (check.recorded.as_deref(), check.expected.as_deref()));
    text.push_str(match modified {
        _ if has_changes => ", built with changes that no commit has",
        Some((Some("false"), Some("false"))) => ", clean",
        Some((_, Some("true"))) => "; the checkout has changes",
        _ => "",
    });
    if let Some((_, phrase)) = sums {
        text.push_str("; ");
        text.push_str(phrase);
    }
    text
}

#[cfg(test)]
mod tests;
