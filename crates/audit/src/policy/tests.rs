use super::levels::rule_index;
use super::*;
use crate::finding::Level;
use crate::rules::registry::RULES;

#[test]
fn ten_mistakes_are_ten_diagnostics_with_places() {
    let text = r#"profile = "relaese"
colour = true
[rules]
dirty-tre = "erorr"
race-detector = "fatal"
below-toolchain-floor = { minimum = "latest" }
denied-module = { deni = ["x"] }
missing-port = { ports = "linux/amd64" }
missing-prot = { ports = ["linux/amd46"], progams = ["x"] }
[[waivers]]
rule = "dirty-tree"
expires = 2026-13-45x
[[custom]]
id = "x"
message = "m"
all = [{ key = "go_verison", op = "<", value = "go1.26" }]
[fleet]
group-by = ["location.imag"]
"#;
    let wrong = Policy::load(text, "gospect.toml").unwrap_err();
    let places: Vec<(usize, usize)> = wrong.iter().map(|d| (d.line, d.column)).collect();
    let lines: Vec<usize> = places.iter().map(|p| p.0).collect();
    for line in [1, 2, 4, 5, 6, 7, 8, 9, 10, 12, 16, 18] {
        assert!(lines.contains(&line), "nothing on line {line}: {places:?}");
    }
    assert!(wrong.len() >= 10);
    assert!(
        places.contains(&(1, 11)) && places.contains(&(4, 1)) && places.contains(&(16, 16)),
        "{places:?}"
    );
    let shown: Vec<String> = wrong.iter().map(|d| d.render(text, false)).collect();
    for (hint, caret) in [
        ("did you mean `release`?", true),
        ("did you mean `dirty-tree`?", true),
        ("did you mean `deny`?", true),
        ("did you mean `go_version`?", true),
        // After the mistyped name of a rule.
        ("did you mean `error`?", true),
        (
            "`linux/amd46` is not a port; did you mean `linux/amd64`?",
            true,
        ),
        ("did you mean `programs`?", true),
    ] {
        let one = shown
            .iter()
            .find(|s| s.contains(hint))
            .unwrap_or_else(|| panic!("{hint}: {shown:#?}"));
        assert_eq!(one.contains("^^^"), caret);
        assert!(one.contains("gospect.toml:"));
    }
}

#[test]
fn the_template_is_a_policy_and_so_is_each_commented_part() {
    Policy::load(TEMPLATE, "gospect.toml").unwrap();
    let all: String = TEMPLATE
        .lines()
        .map(|l| match l.strip_prefix("# ") {
            Some(rest)
                if rest.starts_with('[')
                    || rest.starts_with("  ")
                    || rest.starts_with(']')
                    || rest
                        .split_once(" = ")
                        .is_some_and(|(k, _)| !k.trim_matches('"').contains(' ')) =>
            {
                rest
            }
            _ => l,
        })
        .flat_map(|l| [l, "\n"])
        .collect();
    let policy =
        Policy::load(&all, "gospect.toml").unwrap_or_else(|e| panic!("{}\n{all}", e[0].line()));
    assert_eq!(
        (
            policy.waivers.len(),
            policy.custom.len(),
            policy.overrides.len(),
            policy.profiles.len(),
            policy.expect.len()
        ),
        (1, 2, 1, 1, 3)
    );
}

#[test]
fn the_printed_policy_reads_back_and_means_the_same() {
    let text = "profile = \"mine\"\n[profiles.mine]\nextends = \"container\"\n[profiles.mine.rules]\ndirty-tree = \"error\"\n[rules]\ncgo-enabled = { allow = [\"a\\\"b\"] }\nGS100 = \"off\"\n[expect]\nvcs.revision = \"abc\"\n[[waivers]]\nrule = \"GS131\"\nreason = \"r\"\n[[custom]]\nid = \"c\"\nmessage = \"m\"\nany = [{ key = \"go_version\", op = \"in\", value = [\"go1.26.1\", \"go1.26.2\"] }, { all = [{ key = \"fips.mode\", op = \"exists\" }] }]\n";
    let policy = Policy::load(text, "p.toml").unwrap();
    let printed = policy.print_config();
    let again =
        Policy::load(&printed, "p.toml").unwrap_or_else(|e| panic!("{}\n{printed}", e[0].line()));
    let levels = |p: &Policy| {
        p.effective(&[])
            .iter()
            .map(|r| (r.level, r.options.clone()))
            .collect::<Vec<_>>()
    };
    assert_eq!(
        levels(&policy).iter().map(|r| r.0).collect::<Vec<_>>(),
        levels(&again).iter().map(|r| r.0).collect::<Vec<_>>()
    );
    assert_eq!(policy.custom[0].when, again.custom[0].when);
    assert_eq!(policy.expect, again.expect);
    let level = |id: &str| policy.effective(&[])[rule_index(id).unwrap()].level;
    assert_eq!(level("dirty-tree"), Some(Level::Error));
    assert_eq!(level("race-detector"), None);
    assert_eq!(
        level("cgo-enabled"),
        Some(Level::Warning),
        "options switch a rule on"
    );
    assert_eq!(
        level("godebug-no-effect"),
        Some(Level::Note),
        "from container"
    );
}

#[test]
fn a_loop_of_profiles_is_an_error_and_ends() {
    let text = "[profiles.a]\nextends = \"b\"\n[profiles.b]\nextends = \"a\"\n";
    let wrong = Policy::load(text, "p").unwrap_err();
    assert!(wrong.iter().all(|d| d.message.contains("extends itself")) && wrong.len() == 2);
}

#[test]
fn broken_toml_is_reported_with_the_rest() {
    let wrong = Policy::load("[rules\ndirty-tree = \"eror\"\nx = \n", "p").unwrap_err();
    assert!(wrong.iter().any(|d| d.message == "not valid TOML"));
    for text in [
        "\u{0}",
        "[[[[",
        "a = [[[[[[[[[[[[[[[[[[[[[[",
        "=",
        "\"",
        "rules = 3",
        "waivers = {}",
        "custom = [1]",
        "é = 1",
    ] {
        assert!(Policy::load(text, "p").is_err(), "{text}");
        for d in Policy::load(text, "p").unwrap_err() {
            d.render(text, true);
        }
    }
}

#[test]
fn mutated_policies_never_panic() {
    let mut seed = 7_u64;
    let mut next = || {
        seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        (seed >> 33) as usize
    };
    for _ in 0..400 {
        let mut text: Vec<char> = TEMPLATE.replace("# ", "").chars().collect();
        for _ in 0..4 {
            let at = next() % text.len();
            text[at] = ['"', '[', '=', '\n', '{', 'é', '\u{7f}', ','][next() % 8];
        }
        let text: String = text.into_iter().collect();
        if let Err(wrong) = Policy::load(&text, "p") {
            assert!(!wrong.is_empty());
            for d in wrong {
                assert!(d.render(&text, false).contains(&d.message));
            }
        }
    }
}

#[test]
fn the_schema_is_current_and_knows_every_rule_and_option() {
    let text = schema::schema();
    test_support::current("docs/gospect.schema.json", &text);
    let v: serde_json::Value = serde_json::from_str(&text).unwrap();
    for r in RULES {
        let properties = &v["$defs"]["rules"]["properties"][r.meta.id]["oneOf"][1]["properties"];
        assert!(properties.is_object(), "{}", r.meta.id);
        for o in r.meta.options {
            assert!(
                properties[o.name]["description"].is_string(),
                "{} {}",
                r.meta.id,
                o.name
            );
        }
    }
}

#[test]
fn names_on_the_command_line_are_checked() {
    let mut p = Policy::built_in();
    assert!(p.expect("go_version=go1.27.3").is_ok());
    assert!(
        p.expect("go_verison=x")
            .unwrap_err()
            .to_string()
            .contains("go_version")
    );
    assert!(p.expect("go_version").is_err());
    assert!(
        p.select_profile("contaner")
            .unwrap_err()
            .to_string()
            .contains("`container`")
    );
    assert!(
        p.set_level("godebug", Some(Level::Error)).is_ok(),
        "a family"
    );
    assert!(p.set_level("godebug-*", None).is_ok());
    assert!(p.set_level("nothing-like-it", None).is_err());
}

#[test]
fn every_policy_in_the_guide_loads() {
    let guide = std::fs::read_to_string(test_support::root().join("docs/policy.md")).unwrap();
    let blocks: Vec<&str> = guide
        .split("```toml\n")
        .skip(1)
        .filter_map(|b| b.split("```").next())
        .collect();
    assert!(blocks.len() >= 7);
    for block in blocks {
        if let Err(wrong) = Policy::load(block, "docs/policy.md") {
            panic!("{}\n{block}", wrong[0].render(block, false));
        }
    }
}

/// Policy files may come from strangers, so the work per mistake must not grow with the file.
mod growth {
    use super::*;

    fn mistakes(text: &str) -> Vec<Diagnostic> {
        Policy::load(text, "p.toml").unwrap_err()
    }

    /// Following so long a chain from each of its profiles would take for ever.
    #[test]
    fn a_long_chain_of_profiles_is_followed_once() {
        for count in [1000, 2000, 4000, 8000, 16_000] {
            let link = |i: usize| format!("[profiles.p{i}]\nextends = \"p{}\"\n", i + 1);
            let chain: String = (0..count).map(link).collect();
            let end = format!("[profiles.p{count}]\nextends = \"release\"\n");
            let text = format!("profile = \"p0\"\n{chain}{end}");
            let policy = Policy::load(&text, "p.toml").unwrap();
            assert_eq!(policy.chain().len(), count + 2);
            assert_eq!(
                policy.effective(&[]),
                Policy {
                    profile: "release".into(),
                    ..Policy::default()
                }
                .effective(&[])
            );
            // The last one extends the first.
            let end = format!("[profiles.p{count}]\nextends = \"p0\"\n");
            let wrong = mistakes(&format!("{chain}{end}"));
            assert!(
                wrong[0].message.ends_with("extends itself"),
                "{}",
                wrong[0].message
            );
            assert!(wrong[0].label.ends_with("-> ..."), "{}", wrong[0].label);
            assert_eq!(wrong.len(), 101);
            let more = format!("{} more mistakes are not listed", count + 1 - 100);
            assert_eq!(wrong[100].message, more);
        }
    }

    #[test]
    fn thousands_of_mistakes_are_counted_and_a_hundred_shown() {
        for count in [1000, 16_000] {
            let one = |i: usize| match i % 3 {
                0 => "a = 1\n".to_owned(),
                1 => format!("k{i} = \"{}\"\n", "x".repeat(50)),
                _ => "a = 2\n".to_owned(),
            };
            let text: String = (0..count).map(one).collect();
            let wrong = mistakes(&text);
            assert_eq!(wrong.len(), 101);
            let lines: Vec<usize> = wrong.iter().map(|d| d.line).collect();
            assert!(lines.is_sorted(), "{lines:?}");
            for mistake in &wrong {
                let shown = mistake.render(&text, false);
                assert!(shown.len() < 1000, "{shown}");
                assert!(
                    shown.contains(&format!("p.toml:{}:", mistake.line)),
                    "{shown}"
                );
            }
        }
        let long = format!("a = \"{}\"\nb = 1\n", "x".repeat(1 << 20));
        assert!(
            mistakes(&long)
                .iter()
                .all(|d| d.render(&long, false).len() < 3000)
        );
        let wrong = mistakes(&"#".repeat(5 << 20));
        assert!(wrong[0].message.contains("are allowed"));
    }

    /// Unlisted mistakes are not compared with all known names.
    #[cfg(debug_assertions)] // a release build counts nothing
    #[test]
    fn nearest_names_are_sought_only_for_listed_mistakes() {
        use gospect_knowledge::nearest::COMPARED;
        type Kind = (&'static str, fn(usize) -> String);
        let kinds: [Kind; 9] = [
            ("[rules]\n", |i| format!("no-such-rule-{i} = \"off\"\n")),
            ("[rules.not-pie]\n", |i| format!("leve{i} = 1\n")),
            ("[rules]\n", |i| {
                format!("[profiles.p{i}.rules]\nnot-pie = \"err{i}\"\n")
            }),
            ("[expect]\n", |i| format!("go_versio{i} = \"x\"\n")),
            ("", |i| {
                format!("[profiles.p{i}]\nextends = \"releas{i}\"\n")
            }),
            ("", |i| format!("rule{i} = 1\n")),
            ("", |i| {
                format!("[[waivers]]\nrule = \"dirty-tre{i}\"\nreason = \"r\"\n")
            }),
            ("", |i| {
                format!("[[waivers]]\nrule = \"not-pie\"\nreason = \"r\"\npat{i} = \"x\"\n")
            }),
            ("", |i| {
                let test = format!("{{ key = \"go_versio{i}\", op = \"exists\" }}");
                format!("[[custom]]\nid = \"c{i}\"\nmessage = \"m\"\nall = [{test}]\n")
            }),
        ];
        for (head, one) in kinds {
            let work = |count: usize| {
                let text: String = (0..count).map(one).collect();
                COMPARED.set(0);
                let wrong = mistakes(&format!("{head}{text}"));
                assert_eq!(wrong.len(), 101, "{}", one(0));
                COMPARED.get()
            };
            let first = work(500);
            for count in [1000, 2000, 4000, 8000] {
                // Unknown names that differ by a digit are near to a few others. Unknown profiles are compared with all
                // profiles of the file.
                let all = match one(0).contains("extends") {
                    true => 100 * (count as u64 + 200),
                    false => first,
                };
                assert!(work(count) <= all + 200, "{}: {count}", one(0));
            }
        }
    }

    #[test]
    fn places_in_long_policies_are_right() {
        let text = "é = 1\n\nrules = 7\r\n[[waivers]]\nreason = \"r\"\n";
        let wrong = mistakes(text);
        let places: Vec<_> = wrong.iter().map(|d| (d.line, d.column)).collect();
        assert!(
            places.contains(&(3, 9)) && places.contains(&(4, 1)),
            "{places:?}"
        );
    }
}

#[test]
fn expectations_of_the_command_line_count_when_their_rule_is_off() {
    let level = |policy: &Policy| {
        let row = super::levels::rule_index("unmet-expectation").unwrap();
        policy.effective(&[])[row].level
    };
    for (text, allowed) in [
        ("", "all"),
        ("", "unmet-expectation"),
        ("", "GS262"),
        ("[rules]\nunmet-expectation = \"off\"", "dirty-tree"),
    ] {
        let mut policy = Policy::load(text, "p.toml").unwrap();
        policy.set_level(allowed, None).unwrap();
        assert_eq!(
            (level(&policy), policy.checks_expectations()),
            (None, false),
            "{text} {allowed}"
        );
        policy.expect("version=v9.9.9").unwrap();
        assert_eq!(
            (level(&policy), policy.checks_expectations()),
            (Some(Level::Error), true),
            "{text} {allowed}"
        );
    }
    // A level that the user chose stays.
    let mut policy = Policy::built_in();
    policy
        .set_level("unmet-expectation", Some(Level::Warning))
        .unwrap();
    policy.expect("version=v9.9.9").unwrap();
    assert_eq!(level(&policy), Some(Level::Warning));
}

#[test]
fn an_override_that_turns_expectations_off_leaves_programs_unchecked() {
    let text = "[expect]\nversion = \"v1\"\n[[overrides]]\npaths = [\"a\"]\n[overrides.rules]\nunmet-expectation = \"off\"";
    assert!(!Policy::load(text, "p.toml").unwrap().checks_expectations());
}

#[test]
fn go_releases_of_conditions_may_lack_the_prefix() {
    let holds = |key: &str, op: &str, value: &str| {
        let text = format!(
            "[[custom]]\nid = \"x\"\nmessage = \"m\"\nall = [{{ key = \"{key}\", op = \"{op}\", value = \"{value}\" }}]"
        );
        let policy = Policy::load(&text, "p.toml").map_err(|wrong| wrong[0].message.clone())?;
        let binary = crate::testing::binary(|b| {
            b.go_version = Some("go1.19.8".to_owned());
            b.godebug.language_version = Some("1.19".to_owned());
        });
        Ok::<bool, String>(
            policy.custom[0]
                .when
                .holds(&crate::keys::KeyedRecord::new(&binary))
                .unwrap(),
        )
    };
    for (key, op, value, expected) in [
        ("go_version", "<", "1.26", true),
        ("go_version", "<", "1.26.0", true),
        ("go_version", "<", "go1.26", true),
        ("go_version", ">=", "1.26.5", false),
        ("go_version", ">=", "1.19.8", true),
        ("go_version", "<", "1.9", false),
        ("go_version", "<", "1.26rc1", true),
        ("go_version", "=", "1.19.8", true),
        ("go_version", "glob", "1.19.*", true),
        ("godebug.language_version", "<", "go1.21", true),
        ("godebug.language_version", ">=", "1.21", false),
    ] {
        assert_eq!(holds(key, op, value), Ok(expected), "{key} {op} {value}");
    }
    for wrong in ["v1.26", "latest", "26"] {
        let message = holds("go_version", "<", wrong).unwrap_err();
        assert!(
            message.contains("is not a Go release; write it as `go1.26`"),
            "{message}"
        );
    }
}

#[test]
fn a_custom_rule_takes_a_level_and_no_option() {
    let rule =
        "[[custom]]\nid = \"ours\"\nmessage = \"m\"\nall = [{ key = \"port\", op = \"exists\" }]\n";
    for (rules, expected) in [
        ("ours = \"error\"", None),
        ("ours = { level = \"off\" }", None),
        ("our = \"error\"", Some("did you mean `ours`?")),
        ("ours = { allow = [\"x\"] }", Some("it has: level")),
        ("ours = \"worse\"", Some("one of error, warning, note, off")),
    ] {
        let text = format!("[rules]\n{rules}\n{rule}");
        let help = match Policy::load(&text, "p.toml") {
            Ok(_) => None,
            Err(mistakes) => mistakes[0].help.clone(),
        };
        assert_eq!(help.as_deref(), expected, "{rules}");
    }
    // A mistake in the rule itself is the only one.
    let text = "[rules]\nours = \"error\"\n[[custom]]\nid = \"ours\"\n";
    let mistakes = Policy::load(text, "p.toml").unwrap_err();
    let messages: Vec<&str> = mistakes.iter().map(|m| m.message.as_str()).collect();
    assert!(
        messages.iter().all(|m| !m.contains("no rule")),
        "{messages:?}"
    );
}

#[test]
fn a_comparison_in_a_glob_and_an_empty_list_of_an_override_are_mistakes() {
    for (text, message) in [
        (
            "[rules]\ndenied-module = { deny = [\"golang.org/x/text@<v0.3.8\"] }",
            "compares versions",
        ),
        (
            "[[overrides]]\npaths = []\n[overrides.rules]\nGS100 = \"off\"",
            "is empty",
        ),
    ] {
        let mistakes = Policy::load(text, "p.toml").unwrap_err();
        assert_eq!(mistakes.len(), 1, "{text}: {mistakes:?}");
        assert!(mistakes[0].message.contains(message), "{mistakes:?}");
    }
    for text in [
        "[rules]\ndenied-module = { deny = [\"golang.org/x/text@v0.3.*\", \"example.com/a\"] }",
        "[[overrides]]\npaths = [\"x\"]\n[overrides.rules]\nGS100 = \"off\"",
    ] {
        Policy::load(text, "p.toml").unwrap();
    }
}
