//! The operating systems and architectures that Go knows: src/internal/syslist/syslist.go of Go 1.27, which keeps the names of
//! ports that are planned, removed, or only those of gccgo.

/// Values of GOOS.
pub const SYSTEMS: [&str; 18] = [
    "aix",
    "android",
    "darwin",
    "dragonfly",
    "freebsd",
    "hurd",
    "illumos",
    "ios",
    "js",
    "linux",
    "nacl",
    "netbsd",
    "openbsd",
    "plan9",
    "solaris",
    "wasip1",
    "windows",
    "zos",
];

/// Values of GOARCH.
const ARCHITECTURES: [&str; 25] = [
    "386",
    "amd64",
    "amd64p32",
    "arm",
    "armbe",
    "arm64",
    "arm64be",
    "loong64",
    "mips",
    "mipsle",
    "mips64",
    "mips64le",
    "mips64p32",
    "mips64p32le",
    "ppc",
    "ppc64",
    "ppc64le",
    "riscv",
    "riscv64",
    "s390",
    "s390x",
    "sparc",
    "sparc64",
    "wasm",
    "alpha",
];

/// Systems that also build the files of another one (`matchTag` in src/go/build/build.go, Go 1.16 to 1.27), each with that system.
const ALSO_BUILD: [(&str, &str); 3] = [
    ("android", "linux"),
    ("illumos", "solaris"),
    ("ios", "darwin"),
];

/// The system whose files `system` builds besides its own.
pub fn also_builds(system: &str) -> Option<&'static str> {
    let mut rows = ALSO_BUILD.iter();
    rows.find(|(own, _)| *own == system)
        .map(|(_, other)| *other)
}

/// Every pair of a system and an architecture as `os/arch`, whether Go has that port or not.
pub fn pairs() -> impl Iterator<Item = String> {
    SYSTEMS.into_iter().flat_map(|system| {
        ARCHITECTURES
            .into_iter()
            .map(move |architecture| format!("{system}/{architecture}"))
    })
}

/// What to write instead of `port`, which is not a pair: the part that is unknown and the nearest known name. `None` when both
/// parts are known.
pub fn correction(port: &str) -> Option<String> {
    let Some((system, architecture)) = port.split_once('/') else {
        return Some("write `os/arch`, such as `linux/amd64`".to_owned());
    };
    let near = |name: &str, known: &[&'static str]| {
        if known.contains(&name) {
            return Some(name.to_owned());
        }
        crate::nearest(name, known.iter().copied()).map(str::to_owned)
    };
    match (near(system, &SYSTEMS), near(architecture, &ARCHITECTURES)) {
        (Some(s), Some(a)) if s == system && a == architecture => None,
        (Some(s), Some(a)) => Some(format!("did you mean `{s}/{a}`?")),
        _ => Some("`go tool dist list` prints all ports".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn mistyped_ports_are_corrected() {
        assert_eq!(correction("linux/amd64"), None);
        for (typed, want) in [
            ("linux/amd46", "did you mean `linux/amd64`?"),
            ("windwos/arm64", "did you mean `windows/arm64`?"),
            ("linux", "write `os/arch`, such as `linux/amd64`"),
            ("beos/cray", "`go tool dist list` prints all ports"),
        ] {
            assert_eq!(correction(typed).as_deref(), Some(want), "{typed}");
        }
        assert_eq!(pairs().count(), SYSTEMS.len() * ARCHITECTURES.len());
        for (own, other) in ALSO_BUILD {
            assert!(SYSTEMS.contains(&own) && SYSTEMS.contains(&other));
        }
    }
}
