use super::*;

fn list(text: &str) -> Vec<String> {
    commands(&Text::line(text, 1, 1))
        .iter()
        .map(|c| {
            let set = c
                .assignments
                .iter()
                .map(|a| format!("{}={}", a.name, a.value.as_str()));
            let words = c.words.iter().map(|w| w.as_str().to_owned());
            set.chain(words).collect::<Vec<_>>().join("|")
        })
        .collect()
}

#[test]
fn a_word_in_quotes_is_no_assignment_but_for_env() {
    let all = commands(&Text::line("\"A=1\" > f; env 'A=1' x; A='1' y", 1, 1));
    let summaries = |c: &Command| (c.assignments.len(), c.name().to_owned());
    let summaries: Vec<_> = all.iter().map(summaries).collect();
    assert_eq!(
        summaries,
        [(0, "A=1".into()), (1, "x".into()), (1, "y".to_owned())]
    );
}

#[test]
fn commands_wherever_they_stand() {
    for (text, want) in [
        (
            "go build -o /app . && ./app",
            &["go|build|-o|/app|.", "./app"][..],
        ),
        (
            "CGO_ENABLED=0 GOFLAGS='-a -b' go build",
            &["CGO_ENABLED=0|GOFLAGS=-a -b|go|build"],
        ),
        (
            "export A=1 B=\"x y\"; go env -w C=2",
            &["A=1|B=x y", "go|env|-w|C=2"],
        ),
        (
            "env -u X A=1 /usr/bin/app --flag",
            &["A=1|/usr/bin/app|--flag"],
        ),
        (
            "sh -ec 'GODEBUG=a=1 exec ./app'",
            &["sh|-ec|GODEBUG=a=1 exec ./app", "GODEBUG=a=1|./app"],
        ),
        (
            "x=$(go env GOROOT_FINAL) # go nothing",
            &["go|env|GOROOT_FINAL", "x=$(go env GOROOT_FINAL)"],
        ),
        (
            "if [ -n \"`go env X`\" ]; then go run .; fi",
            &["go|env|X", "[|-n|`go env X`|]", "go|run|."],
        ),
        ("cat <<EOF > f\ngo build\nEOF\ngo vet", &["cat", "go|vet"]),
        (
            "go build 2>&1 >/dev/null | tee log",
            &["go|build", "tee|log"],
        ),
        (
            "bash -c \"go build -ldflags=\\\"-X a.b=c\\\"\"",
            &[
                "bash|-c|go build -ldflags=\"-X a.b=c\"",
                "go|build|-ldflags=-X a.b=c",
            ],
        ),
        ("a \\\n b", &["a|b"]),
        ("'open", &["open"]),
        ("$(", &["$("]),
        ("${", &["${"]),
        ("exec", &[]),
    ] {
        assert_eq!(list(text), want, "{text}");
    }
}
