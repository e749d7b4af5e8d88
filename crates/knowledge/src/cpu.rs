//! Features that `GODEBUG=cpu.NAME=on|off` can name: src/internal/cpu/cpu_*.go of Go 1.21 to 1.27.

/// Architectures and their features. A feature is followed by the first release that has it, if that is later than Go 1.21.
const FEATURES: [(&str, &str); 8] = [
    (
        "amd64",
        "adx aes avx avx2 avx512bw:22 avx512cd:26 avx512dq:26 avx512f:22 avx512vl:22 bmi1 bmi2 erms fma fsrm:24 pclmulqdq popcnt rdtscp sha sse3 sse41 sse42 ssse3 vpclmulqdq:26",
    ),
    ("arm", "idiva v7atomics:22 vfpv4"),
    (
        "arm64",
        "aes atomics cpuid crc32 isNeoverse pmull sha1 sha2 sha3:25 sha512",
    ),
    (
        "loong64",
        "crc32:24 dbar_hints:27 lam_bh:24 lamcas:24 lasx:25 llacq_screl:27 lsx:24 scq:27",
    ),
    ("mips64", "msa"),
    ("ppc64", "darn power9 scv"),
    (
        "riscv64",
        "fastmisaligned:25 v:25 zbb:25 zbc:27 zvbb:27 zvbc:27 zvkg:27 zvkned:27 zvknha:27 zvknhb:27 zvksed:27 zvksh:27 zvkt:27",
    ),
    ("s390x", "dfp eimm etf3eh kdsa ldisp msa stfle vx vxe zarch"),
];

/// Whether a release can switch a feature on this architecture, or on any if none is given. `all` is not listed here: every
/// release understands it (src/internal/cpu/cpu.go processOptions).
pub fn is_feature(name: &str, arch: Option<&str>, minor: u32) -> bool {
    if name == "all" {
        return true;
    }
    let arch = arch.map(|a| match a {
        "386" => "amd64",
        "mips64le" => "mips64",
        "ppc64le" => "ppc64",
        other => other,
    });
    let rows = FEATURES
        .iter()
        .filter(|(a, _)| arch.is_none_or(|b| *a == b));
    rows.flat_map(|(_, features)| features.split(' '))
        .any(|feature| {
            let (known, since) = feature.split_once(':').unwrap_or((feature, "0"));
            known == name && since.parse().is_ok_and(|since: u32| minor >= since)
        })
}

/// Whether the table covers the architecture: some have no features to switch.
pub fn is_listed(arch: Option<&str>) -> bool {
    arch.is_none_or(|a| {
        matches!(a, "386" | "mips64le" | "ppc64le") || FEATURES.iter().any(|(known, _)| *known == a)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn features_belong_to_architectures_and_releases() {
        assert!(is_feature("avx2", None, 21) && is_feature("avx2", Some("amd64"), 27));
        assert!(!is_feature("avx2", Some("arm64"), 27) && !is_feature("sse2", None, 27));
        assert!(!is_feature("avx512f", None, 21) && is_feature("avx512f", Some("386"), 22));
        assert!(is_feature("all", Some("arm64"), 25));
        assert!(is_listed(Some("ppc64le")) && !is_listed(Some("wasm")));
    }
}
