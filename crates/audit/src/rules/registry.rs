//! The table of all rules, in the order of their codes.

use super::{
    Check, Rule, capabilities, completeness, deployment, experiments, fleet, godebug, goroot,
    image, integrity, linkage, policy, settings, source, toolchain, vulnerabilities,
};

/// A row: when the rule runs, and its file.
macro_rules! row {
    (Engine $family:ident $rule:ident) => {
        Rule {
            family: $family::FAMILY,
            meta: &$family::$rule::META,
            check: Check::Engine,
        }
    };
    ($kind:ident $family:ident $rule:ident) => {
        Rule {
            family: $family::FAMILY,
            meta: &$family::$rule::META,
            check: Check::$kind($family::$rule::check),
        }
    };
}

/// All rules, sorted by code.
pub static RULES: &[Rule] = &[
    row!(Binary toolchain unsupported_toolchain),
    row!(Binary toolchain below_toolchain_floor),
    row!(Binary toolchain prerelease_toolchain),
    row!(Binary toolchain development_toolchain),
    row!(Binary toolchain vendor_toolchain),
    row!(Binary toolchain downgraded_toolchain),
    row!(Binary toolchain outdated_patch_release),
    row!(Binary toolchain unknown_toolchain),
    row!(Binary toolchain alternative_compiler),
    row!(Binary goroot goroot_not_allowed),
    row!(Binary goroot goroot_in_private_directory),
    row!(Binary goroot goroot_sources_disagree),
    row!(Binary goroot goroot_overridden),
    row!(Binary goroot untrimmed_paths),
    row!(Binary goroot build_paths_leaked),
    row!(Binary goroot ineffective_x_flag),
    row!(Binary goroot goroot_release_mismatch),
    row!(Binary experiments experiment_not_allowed),
    row!(Binary experiments unknown_experiment),
    row!(Binary experiments experiment_records_disagree),
    row!(Binary experiments per_loop_variables),
    row!(Binary godebug godebug_fatal),
    row!(Binary godebug godebug_insecure),
    row!(Binary godebug godebug_unknown),
    row!(Binary godebug godebug_removed),
    row!(Binary godebug godebug_no_effect),
    row!(Binary godebug godebug_diagnostic),
    row!(Binary godebug godebug_legacy_defaults),
    row!(Binary godebug godebug_record_differs),
    row!(Binary godebug godebug_environment_override),
    row!(Image godebug inert_environment),
    row!(Binary godebug goroot_environment),
    row!(Binary godebug memory_limit_malformed),
    row!(Binary godebug environment_value_ignored),
    row!(Binary godebug godebug_repeated),
    row!(Binary godebug godebug_malformed),
    row!(Binary settings race_detector),
    row!(Binary settings sanitizer),
    row!(Binary settings coverage_instrumented),
    row!(Binary settings optimizations_disabled),
    row!(Binary settings cgo_enabled),
    row!(Binary settings build_mode_not_allowed),
    row!(Binary settings build_tag_policy),
    row!(Binary settings cpu_level_too_high),
    row!(Binary settings fips_off),
    row!(Binary settings fips_module_not_allowed),
    row!(Binary settings credential_in_flags),
    row!(Binary settings secret_variable),
    row!(Binary settings symbols_policy),
    row!(Binary source missing_vcs_stamp),
    row!(Binary source dirty_tree),
    row!(Binary source unversioned_main),
    row!(Binary source versions_disagree),
    row!(Binary source local_replace),
    row!(Binary source replaced_module),
    row!(Binary source missing_sum),
    row!(Binary source denied_module),
    row!(Binary source module_below_floor),
    row!(Run source module_sum_conflict),
    row!(Binary source unversioned_dependency),
    row!(Binary source built_from_files),
    row!(Binary source modules_unknown),
    row!(Binary source module_sum_mismatch),
    row!(Binary source module_sum_unknown),
    row!(Binary integrity contradicted_claim),
    row!(Binary integrity missing_build_info),
    row!(Binary integrity hidden_build_info),
    row!(Binary integrity packed_executable),
    row!(Binary integrity fips_checksum_invalid),
    row!(Binary integrity module_not_linked),
    row!(Binary integrity package_not_recorded),
    row!(Binary linkage not_pie),
    row!(Binary linkage dynamic_linkage),
    row!(Binary linkage glibc_too_new),
    row!(Binary linkage unsafe_rpath),
    row!(Binary linkage unsigned_binary),
    row!(Binary linkage unsigned_apple_silicon),
    row!(Binary linkage executable_stack),
    row!(Binary linkage setuid_binary),
    row!(Binary image missing_loader),
    row!(Binary image missing_library),
    row!(Binary image platform_mismatch),
    row!(Image image entrypoint_missing),
    row!(Image image entrypoint_not_executable),
    row!(Image image entrypoint_not_go),
    row!(Binary image missing_ca_bundle),
    row!(Binary image missing_zoneinfo),
    row!(Binary image shadowed_copy),
    row!(Binary image runs_as_root),
    row!(Run completeness missing_port),
    row!(Run completeness missing_path),
    row!(Binary completeness unmet_expectation),
    row!(Run completeness unexamined_file),
    row!(Engine completeness findings_left_out),
    row!(Run fleet mixed_toolchains),
    row!(Run fleet mixed_settings),
    row!(Run fleet mixed_experiments),
    row!(Run fleet mixed_revisions),
    row!(Run fleet mixed_dependencies),
    row!(Engine policy expired_waiver),
    row!(Engine policy unused_waiver),
    row!(Engine policy unused_override),
    row!(Deployment deployment deployed_godebug_fatal),
    row!(Deployment deployment deployed_godebug_insecure),
    row!(Deployment deployment deployed_godebug_unknown),
    row!(Deployment deployment deployed_godebug_removed),
    row!(Deployment deployment deployed_godebug_no_effect),
    row!(Deployment deployment deployed_godebug_diagnostic),
    row!(Deployment deployment deployed_godebug_repeated),
    row!(Deployment deployment deployed_godebug_malformed),
    row!(Deployment deployment godebug_build_only),
    row!(Deployment deployment inert_variable),
    row!(Deployment deployment goroot_variable),
    row!(Deployment deployment goroot_final_ignored),
    row!(Deployment deployment goroot_final_read),
    row!(Deployment deployment refused_go_env_write),
    row!(Deployment deployment refused_go_run_flag),
    row!(Deployment deployment refused_experiment),
    row!(Deployment deployment inert_x_flag),
    row!(Deployment deployment build_without_trimpath),
    row!(Deployment deployment needless_experiment),
    row!(Deployment deployment malformed_memory_limit),
    row!(Deployment deployment ignored_runtime_value),
    row!(Deployment deployment split_environment),
    row!(Binary vulnerabilities vulnerable_symbol),
    row!(Binary vulnerabilities vulnerable_package),
    row!(Binary vulnerabilities vulnerable_module),
    row!(Binary vulnerabilities vulnerabilities_unjudged),
    row!(Run vulnerabilities stale_vulnerability_database),
    row!(Run vulnerabilities vulnerable_fleet),
    row!(Binary capabilities capability_gained),
    row!(Binary capabilities capability_not_allowed),
    row!(Engine policy custom_rule),
];

/// The rule with this id or code.
pub fn find(name: &str) -> Option<&'static Rule> {
    RULES
        .iter()
        .find(|r| r.meta.id == name || r.meta.code.eq_ignore_ascii_case(name))
}

/// The row of the rule with this code.
pub fn position(code: &str) -> Option<usize> {
    RULES.binary_search_by(|r| r.meta.code.cmp(code)).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::options::Default;
    use crate::rules::meta::HEADINGS;
    use std::collections::BTreeSet;

    #[test]
    fn codes_are_sorted_unique_and_well_formed() {
        assert!(RULES.is_sorted_by(|a, b| a.meta.code < b.meta.code));
        for r in RULES {
            assert!(
                r.meta.code.len() == 5
                    && r.meta.code.starts_with("GS")
                    && r.meta.code[2..].bytes().all(|b| b.is_ascii_digit()),
                "{}",
                r.meta.code
            );
            assert_eq!(
                position(r.meta.code).map(|i| RULES[i].meta.id),
                Some(r.meta.id)
            );
        }
    }

    #[test]
    fn ids_are_unique_kebab_nouns() {
        let ids: BTreeSet<&str> = RULES.iter().map(|r| r.meta.id).collect();
        assert_eq!(ids.len(), RULES.len());
        for id in ids {
            let fine = id.split('-').all(|w| {
                !w.is_empty()
                    && w.bytes()
                        .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit())
            });
            assert!(fine && !id.starts_with("no-"), "{id}");
        }
    }

    #[test]
    fn every_rule_is_documented() {
        for r in RULES {
            let m = r.meta;
            let headings: Vec<&str> = m
                .page
                .split("## ")
                .filter_map(|s| s.lines().next())
                .collect();
            assert_eq!(headings, HEADINGS, "{}", m.id);
            for heading in HEADINGS {
                let text = m.section(heading);
                assert!(
                    text.len() > 10 && text.ends_with(['.', '`', '…', ')']),
                    "{}: the text under `## {heading}` is too short or ends without a full stop: {text}",
                    m.id
                );
            }
            assert!(
                !m.summary.ends_with('.') && !m.summary.is_empty(),
                "{}",
                m.id
            );
            for o in m.options {
                assert!(
                    o.doc.ends_with('.')
                        && o.name.bytes().all(|b| b.is_ascii_lowercase() || b == b'-')
                        && o.name != "level",
                    "{}: {}",
                    m.id,
                    o.name
                );
                let ok = |t: &str| o.kind.check(t).is_ok();
                let fits = match o.default {
                    Default::Unset => true,
                    Default::Flag(_) => o.kind == crate::options::ValueKind::Flag,
                    Default::Text(t) => !o.kind.is_list() && ok(t),
                    Default::List(l) => o.kind.is_list() && l.iter().all(|t| ok(t)),
                };
                assert!(fits, "{}: default of {}", m.id, o.name);
            }
        }
    }

    /// A change of a code or id breaks policies and baselines, so it must show in this list in review.
    #[test]
    fn the_set_of_codes_is_stable() {
        let set: Vec<String> = RULES
            .iter()
            .map(|r| format!("{} {}", r.meta.code, r.meta.id))
            .collect();
        let known: Vec<&str> = include_str!("codes.txt").lines().collect();
        assert_eq!(set, known);
    }

    /// The table of families in CONTRIBUTING.md says where the codes of each begin; a family ends where the next one begins.
    #[test]
    fn the_ranges_of_codes_are_those_of_the_guide() {
        let guide = concat!(env!("CARGO_MANIFEST_DIR"), "/../../CONTRIBUTING.md");
        let guide = std::fs::read_to_string(guide).unwrap();
        let rows = guide.lines().filter(|line| line.contains("| from GS"));
        let mut ranges: Vec<(&str, &str)> = Vec::new();
        for row in rows {
            let cells: Vec<&str> = row.split('|').map(str::trim).collect();
            let families = cells[1].split(", ").map(|name| name.trim_matches('`'));
            let codes = cells[2].trim_start_matches("from ").split(", ");
            ranges.extend(codes.zip(families));
        }
        ranges.sort_unstable();
        for rule in RULES.iter().filter(|r| r.meta.code != "GS900") {
            let begins_after = |(start, _): &(&str, &str)| *start > rule.meta.code;
            let next = ranges.iter().position(begins_after).unwrap_or(ranges.len());
            let family = next.checked_sub(1).map(|i| ranges[i].1);
            assert_eq!(family, Some(rule.family.name()), "{}", rule.meta.code);
        }
    }
}
