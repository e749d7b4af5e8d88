//! The promises of docs/security.md and docs/limits.md, row by row and point by point, with the tests that check them. A new
//! promise, or a removed test, fails here.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

/// Words that only this promise contains, and the tests that check it.
const PROMISES: &[(&str, &[&str])] = &[
    // security.md
    (
        "a program that tries to run while it is examined",
        &["nothing_is_run_and_nothing_written"],
    ),
    (
        "source that runs something while it is built",
        &[
            "flags_that_run_or_write_are_refused",
            "the_recipe_is_a_shell_script",
        ],
    ),
    (
        "a record that makes `gospect rebuild` run or write something",
        &["flags_that_run_or_write_are_refused"],
    ),
    (
        "a module cache whose unpacked source was changed",
        &["a_changed_module_cache_decides_nothing"],
    ),
    (
        "memory errors in a parser",
        &[
            "mutations_of_the_corpus_are_survived",
            "damaged_files_never_make_it_panic",
        ],
    ),
    (
        "wrong sizes, loops, quadratic work",
        &[
            "headers_full_of_huge_numbers_are_survived",
            "a_long_chain_of_profiles_is_followed_once",
            "long_lists_are_compared_without_a_search_for_each",
        ],
    ),
    (
        "a wrong size that hides a program",
        &[
            "no_wrong_size_hides_a_program",
            "bytes_outside_the_directory_are_reported",
        ],
    ),
    (
        "leading bytes that exhaust a search",
        &[
            "data_before_a_stream_does_not_hide_it",
            "extensions_that_cannot_be_read_hide_nothing",
        ],
    ),
    (
        "archive bombs, deep nesting, endless streams",
        &[
            "bombs_stop_at_the_ratio_and_at_the_total",
            "containers_in_containers_are_walked_to_the_limit",
            "every_limit_is_met_and_says_so",
        ],
    ),
    (
        "a parser bug that panics",
        &[
            "a_reader_that_panics_costs_one_file_only",
            "a_panic_at_a_deployment_file_costs_only_that_file",
        ],
    ),
    (
        "paths that escape",
        &[
            "loops_end_and_links_out_of_the_root_stay_inside",
            "pipes_and_devices_in_a_tree_are_passed_over",
            "nothing_is_run_and_nothing_written",
        ],
    ),
    (
        "names that attack a terminal",
        &[
            "control_characters_never_get_through",
            "names_that_control_a_terminal_are_escaped",
            "hostile_text_is_shown_not_obeyed",
            "markdown_cells_hold_no_markup_from_files",
            "github_commands_cannot_be_forged",
            "hostile_cells_neither_break_rows_nor_run",
            "the_policy_allows_this_style_and_script_and_nothing_else",
        ],
    ),
    (
        "a registry that sends something else",
        &[
            "wrong_content_is_detected",
            "stated_sizes_are_compared_with_what_comes",
            "indexes_without_end_are_cut",
            "redirects_end_and_never_leave_this_machine_without_tls",
        ],
    ),
    (
        "a registry that asks for credentials of another one",
        &["credentials_do_not_follow_redirects"],
    ),
    (
        "in a stranger's checkout",
        &[
            "thousands_of_mistakes_are_counted_and_a_hundred_shown",
            "a_hostile_name_does_not_hang",
            "thousands_of_waivers_and_findings_are_brought_together",
        ],
    ),
    (
        "secrets that leak",
        &[
            "a_token_is_reported_and_never_shown",
            "names_decide_and_values_stay_hidden",
            "values_that_may_be_secrets_are_hidden",
            "no_report_has_a_secret_of_an_image",
        ],
    ),
    (
        "a file that changes while it is read",
        &["files_that_change_during_the_scan_cost_only_themselves"],
    ),
    (
        "Credentials are looked up for the registry that the target names",
        &[
            "a_password_goes_to_its_host_only_and_into_no_message",
            "a_token_is_fetched_used_and_renewed",
        ],
    ),
    (
        "Redirects never receive credentials",
        &[
            "credentials_do_not_follow_redirects",
            "a_redirect_back_from_another_host_carries_no_credentials",
        ],
    ),
    (
        "Tokens are requested with the scope",
        &["scopes_are_pull_only"],
    ),
    (
        "No message contains a credential",
        &["no_message_and_no_record_holds_a_credential"],
    ),
    (
        "Nothing in a Go file is signed",
        &["a_version_edited_in_both_copies_is_compared_with_the_tables"],
    ),
    (
        "A list of modules is what was linked",
        &["names_are_reported_as_they_are_and_duplicates_twice"],
    ),
    (
        "the recomputed checksum shows",
        &["one_flipped_byte_in_any_region_breaks_the_checksum"],
    ),
    (
        "Not examined does not mean fine",
        &["strict_is_2_when_something_was_not_examined"],
    ),
    // limits.md: limits with a name and a message
    ("| `entry_size` |", &["every_limit_is_met_and_says_so"]),
    ("| `expanded` |", &["every_limit_is_met_and_says_so"]),
    ("| `entries` |", &["every_limit_is_met_and_says_so"]),
    ("| `ratio` |", &["every_limit_is_met_and_says_so"]),
    ("| `depth` |", &["every_limit_is_met_and_says_so"]),
    ("| `window` |", &["every_limit_is_met_and_says_so"]),
    ("| `unpacked` |", &["every_limit_is_met_and_says_so"]),
    ("| `path` |", &["every_limit_is_met_and_says_so"]),
    ("| `metadata` |", &["every_limit_is_met_and_says_so"]),
    ("| `executable` |", &["every_limit_is_met_and_says_so"]),
    ("| `build_info` |", &["every_limit_is_met_and_says_so"]),
    // limits.md: other limits
    (
        "files below this size are not opened",
        &["no_wrong_size_hides_a_program"],
    ),
    (
        "memory for the data kept of archives",
        &[
            "a_used_up_budget_sends_bodies_to_disk",
            "the_total_is_never_exceeded_and_every_thread_finishes",
        ],
    ),
    (
        "| threads |",
        &[
            "order_does_not_depend_on_threads",
            "the_result_does_not_depend_on_threads",
        ],
    ),
    (
        "layers of one image",
        &["an_image_of_very_many_layers_is_read_to_the_bound"],
    ),
    (
        "hard links to programs in one file of a layer",
        &["indexes_nested_without_end_are_cut_and_many_hard_links_are_counted"],
    ),
    (
        "hard links to programs in one archive",
        &[
            "many_links_to_an_archive_of_many_programs_take_little_time",
            "names_of_one_large_record_share_it_and_are_bounded",
        ],
    ),
    (
        "records in memory that wait",
        &["records_come_back_as_they_were_wherever_they_waited"],
    ),
    (
        "| size of that file |",
        &["the_file_is_bounded_and_its_space_is_reused"],
    ),
    (
        "name and place of waiting records",
        &["names_are_bounded_too"],
    ),
    (
        "bytes of things not examined that are listed for one archive",
        &["many_links_to_an_archive_of_many_programs_take_little_time"],
    ),
    (
        "problems listed for one layer",
        &["problems_of_one_layer_are_bounded_in_memory_and_number"],
    ),
    (
        "files with other names in the tree",
        &["links_to_other_files_use_up_no_limit"],
    ),
    (
        "entries of one directory in memory at once",
        &["a_directory_of_very_many_files_is_walked_as_any_other"],
    ),
    (
        "text of images and of things not examined",
        &["text_in_the_file_comes_before_text_in_memory"],
    ),
    (
        "names of hard links remembered for one archive",
        &["names_of_hard_links_have_a_share_of_the_memory"],
    ),
    (
        "names of the tags of one repository that are listed",
        &["hostile_lists_end_and_forge_no_line"],
    ),
    (
        "pages of one list of a registry",
        &["hostile_lists_end_and_forge_no_line"],
    ),
    (
        "results of layers and archives that `--cache` keeps",
        &[
            "the_size_of_the_cache_is_bounded",
            "entries_are_found_again_and_pruned_by_their_last_use",
        ],
    ),
    (
        "the result of one layer or archive, before compression",
        &["an_entry_beyond_the_limit_is_neither_kept_nor_read"],
    ),
    (
        "findings of one rule about one file",
        &["thousands_of_findings_about_one_file_become_one_more_finding"],
    ),
    (
        "findings of an audit; modules",
        &["memory_bounds_all_findings_and_the_level_counts_whatever_fits"],
    ),
    (
        "versions or checksums of one module",
        &["audits_and_bills_of_expensive_records_are_bounded"],
    ),
    (
        "a bill of materials, an HTML page, a comparison",
        &["a_bill_beyond_the_memory_is_refused"],
    ),
    (
        "expanded bytes of one section of debug information",
        &["damaged_debug_information_is_passed_over"],
    ),
    (
        "zeros at the end of a tar archive",
        &["endless_zeros_are_not_read_to_the_end"],
    ),
    (
        "bytes after the end of a tar or cpio archive",
        &[
            "much_data_after_the_end_is_reported",
            "archives_behind_a_cpio_archive_are_read",
        ],
    ),
    (
        "a long name or a pax record",
        &["extensions_that_cannot_be_read_hide_nothing"],
    ),
    (
        "bytes between the entries of a zip",
        &["bytes_outside_the_directory_are_reported"],
    ),
    (
        "bzip2 streams of less than 50 000 bytes",
        &["nearly_empty_streams_get_a_bounded_number_of_decoders"],
    ),
    (
        "compressed bytes in a row that hold nothing",
        &["a_stream_that_goes_on_without_holding_anything_is_given_up"],
    ),
    (
        "manifests and indexes of one source",
        &["indexes_without_end_are_cut"],
    ),
    (
        "requests for one registry target",
        &["requests_of_one_target_are_bounded"],
    ),
    (
        "a text or header of a package database",
        &["names_beyond_the_limit_are_reported"],
    ),
    (
        "names of files of all packages of a root",
        &["names_beyond_the_limit_are_reported"],
    ),
    (
        "packages of one database",
        &["packages_beyond_the_bound_are_not_known_and_that_is_said"],
    ),
    (
        "packages looked up for one name",
        &["look_ups_of_one_name_are_bounded"],
    ),
    (
        "bytes of databases read again",
        &["names_beyond_the_limit_are_reported"],
    ),
    (
        "package databases in one layer",
        &["databases_of_one_layer_are_bounded"],
    ),
    (
        "a policy file; mistakes",
        &[
            "thousands_of_mistakes_are_counted_and_a_hundred_shown",
            "a_hostile_name_does_not_hang",
        ],
    ),
    (
        "redirects of a registry",
        &["redirects_end_and_never_leave_this_machine_without_tls"],
    ),
    (
        "a module proxy that sends something else",
        &[
            "false_answers_are_refused_with_the_reason",
            "a_proxy_that_sends_another_module_is_found_out",
            "a_log_that_grows_is_followed_and_one_that_forks_is_not",
            "tiles_that_are_cut_or_wrong_are_named",
        ],
    ),
    (
        "a record whose sums were edited",
        &[
            "an_edited_sum_is_different_in_whichever_copy",
            "false_answers_of_a_database_are_reported",
        ],
    ),
    (
        "provenance that is forged, or of another file",
        &[
            "one_changed_byte_of_a_bundle_is_found",
            "provenance_is_compared_and_says_how_far_its_signature_was_looked_at",
        ],
    ),
    (
        "a checkout whose configuration names commands",
        &["a_checkout_is_compared_without_git"],
    ),
    (
        "a vulnerability database that is cut",
        &[
            "contradictory_documents_are_refused_whole",
            "damaged_databases_are_refused_or_say_so",
            "a_database_with_an_unreadable_part_is_refused",
            "cut_and_changed_zips_are_refused",
        ],
    ),
    (
        "A name and password for a module proxy",
        &["a_password_goes_to_its_proxy_alone_and_into_no_message"],
    ),
    (
        "names of the linked functions of one program",
        &[
            "more_than_the_limit_is_left_out_and_said",
            "false_counts_and_texts_are_refused_with_a_reason",
        ],
    ),
    (
        "requests to one module proxy",
        &["an_endless_answer_ends_and_so_do_redirects"],
    ),
    (
        "a vulnerability database: one document",
        &[
            "a_database_with_an_unreadable_part_is_refused",
            "changed_documents_are_refused_or_make_a_database",
        ],
    ),
    (
        "the compact form of a vulnerability database",
        &["damaged_databases_are_refused_or_say_so"],
    ),
    (
        "a VEX document, or a bill of `--bom`",
        &["a_document_about_too_many_products_is_refused"],
    ),
    (
        "a list of `--severity` or `--distribution-fixes`",
        &["a_list_expands_to_no_more_than_is_allowed"],
    ),
    (
        "IDs in all lists of `--severity`",
        &["lists_of_too_many_ids_are_refused_whole"],
    ),
    (
        "rows in all lists of `--distribution-fixes`",
        &["lists_of_too_many_fixes_are_refused_whole"],
    ),
    (
        "modules that `vuln --retracted` asks about",
        &["modules_beyond_the_bound_are_not_asked_about"],
    ),
    (
        "bytes and retractions of one go.mod file",
        &["retractions_beyond_the_bound_are_not_read"],
    ),
    (
        "steps of all chains of calls of one program",
        &["chains_end_where_they_have_too_many_steps"],
    ),
    (
        "a licence file of `sbom --licenses`",
        &[
            "licence_files_are_read_inside_the_module_and_up_to_a_bound",
            "what_breaks_the_grammar_is_no_expression",
        ],
    ),
    (
        "functions of one vulnerability to which `vuln --why`",
        &["chains_are_wanted_to_a_bounded_number_of_functions"],
    ),
    (
        "a module zip, and its files together",
        &[
            "cut_and_changed_zips_are_refused",
            "an_endless_answer_ends_and_so_do_redirects",
        ],
    ),
    (
        "a record, a tree head and a tile",
        &[
            "an_endless_answer_ends_and_so_do_redirects",
            "tree_heads_are_exact",
            "tiles_that_are_cut_or_wrong_are_named",
        ],
    ),
];

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// Names of all functions in the tests and the library.
fn functions(folder: &Path, found: &mut BTreeSet<String>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            functions(&path, found);
        } else if path.extension().is_some_and(|e| e == "rs") {
            let text = fs::read_to_string(&path).unwrap();
            let lines = text
                .lines()
                .filter_map(|l| l.trim_start().strip_prefix("fn "));
            found.extend(lines.filter_map(|l| Some(l.split_once('(')?.0.to_owned())));
        }
    }
}

/// The rows of tables and the points of lists; headings of tables are not promises.
fn promises(page: &str) -> Vec<String> {
    let text = fs::read_to_string(root().join("docs").join(page)).unwrap();
    let lines: Vec<&str> = text.lines().collect();
    let is_rule =
        |line: Option<&&str>| line.is_some_and(|l| l.starts_with("|--") || l.starts_with("|:-"));
    lines
        .iter()
        .enumerate()
        .filter(|(i, line)| {
            let row = line.starts_with("| ") && !is_rule(lines.get(i + 1));
            row || line.starts_with("* ")
        })
        .map(|(_, line)| (*line).to_owned())
        .collect()
}

#[test]
fn each_promise_names_the_tests_that_check_it() {
    let mut known = BTreeSet::new();
    functions(&root().join("src"), &mut known);
    functions(&root().join("crates"), &mut known);
    functions(&root().join("tests"), &mut known);
    let pages = ["security.md", "limits.md"].map(promises).concat();
    for promise in &pages {
        let holders = PROMISES
            .iter()
            .filter(|(words, _)| promise.contains(words))
            .count();
        assert_eq!(
            holders, 1,
            "tests/promises.rs has {holders} rows for: {promise}"
        );
    }
    for (words, tests) in PROMISES {
        assert!(
            pages.iter().any(|p| p.contains(words)),
            "no page says: {words}"
        );
        assert!(!tests.is_empty(), "no test holds: {words}");
        for test in *tests {
            assert!(
                known.contains(*test),
                "there is no test {test}, for: {words}"
            );
        }
    }
}
