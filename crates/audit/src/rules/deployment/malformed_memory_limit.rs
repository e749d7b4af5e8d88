use super::{about, clip, read_by_somebody};
use crate::known;
use crate::rules::prelude::*;
use gospect_deploy::placeholder;

pub const META: Meta = Meta {
    code: "GS419",
    id: "malformed-memory-limit",
    summary: "a deployment file sets a GOMEMLIMIT that stops every Go program at start",
    levels: levels(ERROR, ERROR, ERROR, ERROR),
    options: &[],
    since: "0.2.0",
    page: include_str!("malformed_memory_limit.md"),
};

pub fn check(ctx: &FileCtx, sink: &mut Sink) {
    for v in read_by_somebody(ctx, "GOMEMLIMIT") {
        let value = v.value.as_str();
        if placeholder::is_unresolved(value) {
            continue;
        }
        let Some(limit) = known::malformed_memory_limit(value) else {
            continue;
        };
        let message = format!(
            "{}={} stops every Go program at start: {}",
            v.label,
            clip(value),
            limit.why
        );
        sink.report(about(v, message, &[]).help(limit.help()));
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::*;

    #[test]
    fn a_malformed_limit_is_an_error_in_every_kind_of_file() {
        let id = "malformed-memory-limit";
        for (value, meant) in [
            ("512MB", "512MiB"),
            ("512mib", "512MiB"),
            ("512M", "512MiB"),
            ("2G", "2GiB"),
            ("1.5GiB", "1536MiB"),
            ("\"512MiB\"", "512MiB"),
            ("512 MiB", "512MiB"),
            ("OFF", "off"),
        ] {
            let found = lint(
                id,
                "Dockerfile",
                &format!(
                    "FROM scratch\nENV GOMEMLIMIT={}\n",
                    value.replace('"', "\\\"").replace(' ', "\\ ")
                ),
            );
            assert_eq!(found.len(), 1, "{value}");
            assert!(
                found[0].help.contains(&format!("`GOMEMLIMIT={meant}`")),
                "{value}: {}",
                found[0].help
            );
        }
        for value in ["512MiB", "0", "536870912", "off", "", "80%", "-1"] {
            let n = usize::from(matches!(value, "80%" | "-1"));
            assert_eq!(
                lint(id, "x.env", &format!("GOMEMLIMIT={value}\n")).len(),
                n,
                "{value}"
            );
        }
        for fine in [
            "#!/bin/sh\nGOMEMLIMIT=512MB\nmake\n",
            "#!/bin/sh\nexport GOMEMLIMIT=${X}MB\n./app\n",
        ] {
            assert!(lint(id, "x.sh", fine).is_empty(), "{fine}");
        }
        assert_eq!(
            lint(id, "x.sh", "#!/bin/sh\nexport GOMEMLIMIT=512MB\nmake\n").len(),
            1
        );
    }

    #[test]
    #[cfg(feature = "lint")]
    fn quotes_of_a_compose_list_are_part_of_it() {
        let text = "services:\n  a:\n    image: a\n    environment:\n      - GOMEMLIMIT=\"512MiB\"\n      - \"GOGC=50\"\n";
        let found = lint("malformed-memory-limit", "compose.yaml", text);
        assert_eq!(places(&found), ["5:9-28"]);
        assert!(found[0].message.contains("quotes"), "{}", found[0].message);
    }
}
