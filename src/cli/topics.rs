//! `gospect help TOPIC`: help that concerns several commands.

use crate::report::{findings, format};
use std::fmt::Write;

/// The topics.
pub const NAMES: [&str; 4] = ["targets", "formats", "exit-codes", "policy"];

/// The text of a topic; `None` if there is no such topic.
pub fn text(name: &str) -> Option<String> {
    match name {
        "targets" => Some(TARGETS.to_owned()),
        "exit-codes" => Some(EXIT_CODES.to_owned()),
        "policy" | "policies" | "profile" | "profiles" | "rule" | "rules" | "waiver"
        | "waivers" | "custom" | "expect" | "override" | "overrides" | "gospect.toml" => {
            Some(POLICY.to_owned())
        }
        "formats" => Some(formats()),
        _ => None,
    }
}

const TARGETS: &str = "\
Targets: what `scan`, `audit`, `diff`, `sbom`, `vuln`, `verify`, `packages` and
`fips` look at. `why` and `rebuild` take one program file: unpack an archive or
image first.

  PATH                        a file, a directory (walked), an archive or an
                              image, told apart by content
  -                           standard input
  file:PATH                   one file, never taken apart
  dir:PATH                    a directory
  archive:PATH                tar, zip, deb, rpm, apk, npm, wheel, jar; gzip,
                              zstd, xz, bzip2; nested
  docker-archive:PATH[:REF]   what `docker save` writes
  oci-archive:PATH[:TAG]      a tar of an OCI layout
  oci-dir:PATH[:TAG]          an OCI layout
  registry:HOST/NAME[:TAG]    an image of a registry; also NAME@DIGEST
  registry:HOST               all images of a registry
  pid:N                       a process (Linux)
  ps:                         all processes (Linux), like `gospect ps`
  records:FILE                what `gospect scan --format ndjson` wrote;
                              records:- is standard input

Without a reference or tag: all. A path that looks like a scheme: ./x:y
One program inside, by the name that `scan` prints: app.tar.gz!bin/app,
image.tar!/usr/bin/app

Examples:
  docker save app:1.2 | gospect scan -
  gospect audit oci-archive:image.tar:latest
  gospect scan 'image.tar!/usr/bin/app'
  gospect diff records:old.ndjson dist/

`lint` takes deployment files instead: gospect help lint
";

const EXIT_CODES: &str = "\
Exit codes. 2 beats 1 beats 3.

  0   fine
  1   findings at or above --fail-on (audit, lint; default error) or --level
      (vuln); a change that `diff --fail-on` names; a sum, digest, commit or
      signature that does not match (verify); other code or data (rebuild); a
      FIPS checksum that does not match
  2   usage; something named that could not be read or ends too early; a wrong
      digest; a database or source that could not be asked (vuln, verify, db,
      catalog); a program that could not be built (rebuild); with --strict,
      anything not examined or not judged
  3   no Go program where one was required (audit, vuln, verify, packages,
      why, rebuild, sbom, fips, scan --require, and each side of
      diff --fail-on)

A closed pipe is no error. `gospect version` has the exit codes of `go version`.

Examples:
  gospect audit --fail-on warning dist/
  gospect scan --require --strict dist/ > list.txt || exit
";

const POLICY: &str = "\
Policy: which rules of `audit` and `lint` matter how much.

  gospect init                  writes a commented gospect.toml, which both
                                commands take from the current directory
  --policy FILE                 another one
  --profile NAME                default, release, container, fips, or one of the
                                file
  -D RULE, -W RULE, -A RULE     error, warning, off; the last one wins
                                RULE is a name, a code, a family, a glob, `all`
                                a list has commas: -D dirty-tree,not-pie
  --expect KEY=VALUE            what every program must say; KEY>=VALUE too
  --print-config                every rule with its level and options in force
  --write-baseline FILE         accept today's findings; --baseline FILE then
                                counts only new ones

The file has [rules] (levels and options), [expect], [[waivers]] (a finding
that may pass, with a reason and a last day), [[custom]] (rules of your own),
[[overrides]] (other settings and expectations for some programs) and
[profiles.NAME]:

  [rules]
  dirty-tree = \"error\"
  below-toolchain-floor = { minimum = \"go1.26\" }

  [[waivers]]
  rule = \"not-pie\"
  path = \"**/server\"
  reason = \"until the new builder is there (OPS-123)\"
  expires = 2027-03-31

  [[custom]]
  id = \"no-cgo\"
  level = \"error\"
  message = \"built with cgo, or nothing says without\"
  all = [{ key = \"CGO_ENABLED\", op = \"!=\", value = \"0\" }]

  [[custom]]
  id = \"no-pprof\"
  message = \"links net/http/pprof\"
  all = [{ key = \"packages.path\", value = \"net/http/pprof\" }]

Paths are those of the report, from where gospect runs and not from the file;
`**/NAME` matches wherever that is. A key with several values, such as
packages.path, holds if one of them does.
`gospect scan --format json FILE` shows the keys of a program.

Examples:
  gospect explain                        all rules
  gospect audit --profile release -D dirty-tree dist/
  gospect lint -A build-without-trimpath Dockerfile
";

fn formats() -> String {
    let mut out = String::from("Formats, chosen by --format; -o FILE writes to a file.\n");
    let scan = format::SCAN.iter().map(|f| (f.name, f.doc));
    let page = ("html", "one page that needs no network");
    let audit = findings::FORMATS.iter().map(|f| (f.name, f.doc));
    let tables: [(&str, Vec<(&str, &str)>); 2] = [
        ("scan, ps", scan.collect()),
        ("audit, lint", audit.chain([page]).collect()),
    ];
    for (commands, rows) in tables {
        let _ = writeln!(out, "\n{commands}:");
        for (name, doc) in rows {
            let _ = writeln!(out, "  {name:<10} {doc}");
        }
    }
    out.push_str(
        "\nOther commands: gospect help COMMAND\n\nExamples:\n  gospect scan --format ndjson dist/ | jq .\n  gospect audit --format sarif -o gospect.sarif dist/\n",
    );
    out
}

#[cfg(test)]
mod tests {
    use super::POLICY;
    use crate::audit::Policy;

    #[test]
    fn the_policy_in_the_help_is_one() {
        let from = POLICY.find("  [rules]\n").unwrap();
        let to = POLICY.find("\nPaths are").unwrap();
        let policy = Policy::load(&POLICY[from..to], "gospect.toml").unwrap();
        let own: Vec<&str> = policy.custom.iter().map(|c| c.id.as_str()).collect();
        assert_eq!(own, ["no-cgo", "no-pprof"]);
        assert!(policy.waivers[0].is_at("../dist/server") && policy.waivers[0].is_at("server"));
    }
}
