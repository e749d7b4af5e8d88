//! The environment of a program: what it changes in the record, and variables in it that have no effect.

use crate::godebug;
use crate::{Binary, Crypto, FipsMode, Word};
use gospect_knowledge::go_version::GoVersion;

/// Where an environment comes from; notes name it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EnvironmentSource {
    /// Given by the user.
    Given,
    /// `ENV` of a container image.
    Image,
    /// `ENV` of a container image, with what its `ENTRYPOINT` or `CMD` changes before it starts the program.
    Start,
    /// From a running process.
    Process,
}

impl EnvironmentSource {
    fn name(self) -> &'static str {
        match self {
            Self::Given => "the given environment",
            Self::Image => "the image's ENV",
            Self::Start => "the image's ENV or ENTRYPOINT",
            Self::Process => "the process's environment",
        }
    }
}

/// Variables of the Go build that a program does not read at run time (src/runtime and src/cmd/go, Go 1.19 to 1.27).
const BUILD_ONLY: [&str; 4] = ["GOEXPERIMENT", "GOROOT_FINAL", "GOFLAGS", "GOFIPS140"];

/// Variables that the runtime of every program reads at start (src/runtime, Go 1.19 to 1.27).
const RUNTIME: [&str; 4] = ["GOMEMLIMIT", "GOGC", "GOMAXPROCS", "GOTRACEBACK"];

/// Updates the record for an environment: the effective GODEBUG, and notes on variables that matter or have no effect. A later
/// variable of the same name replaces an earlier one.
pub fn assume(binary: &mut Binary, variables: &[(String, String)], place: EnvironmentSource) {
    let value = |name: &str| {
        variables
            .iter()
            .rev()
            .find(|v| v.0 == name)
            .map(|v| v.1.as_str())
    };
    for name in BUILD_ONLY {
        if let Some(text) = value(name).filter(|v| !v.is_empty()) {
            note(
                binary,
                format!(
                    "{} sets {name}={text}, which does nothing at run time",
                    place.name()
                ),
            );
        }
    }
    let asks = binary
        .goroot
        .as_ref()
        .is_some_and(|g| g.linked == Some(true));
    if let Some(root) = value("GOROOT").filter(|v| !v.is_empty() && asks) {
        note(
            binary,
            format!(
                "{} sets GOROOT={root}, and runtime.GOROOT() answers that",
                place.name()
            ),
        );
        keep(binary, "GOROOT", root);
    }
    for name in RUNTIME {
        if let Some(text) = value(name) {
            keep(binary, name, text);
        }
    }
    let Some(godebug) = value("GODEBUG") else {
        return;
    };
    // Without facts beyond the build info there is nothing to update.
    if binary.goroot.is_none() || binary.godebug.environment.as_deref() == Some(godebug) {
        return;
    }
    let Some(version) = binary.go_version_raw.as_deref().and_then(GoVersion::parse) else {
        return;
    };
    let info = binary.build_info.as_ref();
    let setting = |key: &str| info.and_then(|b| b.setting(key));
    let goos = setting("GOOS").or(binary.executable.os.as_deref());
    let goarch = setting("GOARCH").or(binary.executable.arch.as_deref());
    let linked = binary.linked.as_ref();
    let facts = godebug::Facts {
        version: &version,
        recorded: binary.godebug.recorded.as_deref(),
        baked: binary.godebug.baked.as_deref(),
        environment: Some(godebug),
        has_settings: info.is_some_and(|b| !b.settings.is_empty()),
        main_package: binary.main_package.as_deref(),
        goos,
        goarch,
        crypto_linked: linked.filter(|l| l.functions > 0).map(|l| l.crypto),
        unfit_for_fips: godebug::unfit_for_fips(setting),
    };
    let assessed = godebug::assess(&facts);
    let mode = assessed
        .effective
        .iter()
        .flatten()
        .find(|e| e.key == "fips140")
        .and_then(|e| Word::<FipsMode>::from(e.value.as_str()).known());
    binary.godebug = assessed;
    if let (Some(fips), Some(mode)) = (&mut binary.fips, mode)
        && fips.crypto == Some(Crypto::Go.into())
    {
        fips.mode = Some(mode.into());
    }
}

/// Keeps a variable in the record, in place of an earlier one of the same name.
fn keep(binary: &mut Binary, name: &str, text: &str) {
    let all = binary.environment.get_or_insert_default();
    all.retain(|(n, _)| n != name);
    all.push((name.to_owned(), text.to_owned()));
}

fn note(binary: &mut Binary, text: String) {
    if !binary.notes.contains(&text) {
        binary.notes.push(text);
    }
}
