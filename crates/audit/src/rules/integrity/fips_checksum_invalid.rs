use crate::rules::prelude::*;
use gospect_record::{Checksum, FipsMode};

pub const META: Meta = Meta {
    code: "GS164",
    id: "fips-checksum-invalid",
    summary: "the FIPS 140 integrity checksum does not match",
    levels: levels(ERROR, ERROR, ERROR, ERROR),
    options: &[],
    since: "0.1.0",
    page: include_str!("fips_checksum_invalid.md"),
};

pub fn check(ctx: &Ctx, sink: &mut Sink) {
    let Some(fips) = ctx
        .binary
        .fips
        .as_ref()
        .filter(|f| f.checksum == Some(Checksum::Invalid.into()))
    else {
        return;
    };
    let on = fips
        .mode
        .as_ref()
        .is_some_and(|mode| *mode == FipsMode::On || *mode == FipsMode::Only);
    let message = match (&fips.checksum_fault, on) {
        (Some(fault), _) => format!("FIPS 140 checksum is not over the module: {fault}"),
        (None, true) => "FIPS 140 checksum is invalid: the program panics at start".to_owned(),
        (None, false) => {
            "FIPS 140 checksum is invalid: the program panics as soon as fips140=on is set"
                .to_owned()
        }
    };
    sink.report(
        Report::new(message)
            .see("fips.checksum", "invalid")
            .see("fips.mode", fips.mode.as_deref().unwrap_or("unknown"))
            .help("rebuild or fetch the file again and leave it as the linker wrote it; `gospect fips FILE` recomputes the checksum"),
    );
}

#[cfg(test)]
mod tests {
    use crate::testing::*;
    use gospect_record::Fips;

    #[test]
    fn only_a_mismatch_is_an_error() {
        for (checksum, n) in [
            (Some("invalid"), 1),
            (Some("valid"), 0),
            (Some("unverifiable"), 0),
            (None, 0),
        ] {
            let b = binary(|b| {
                b.fips = Some(Fips {
                    checksum: checksum.map(Into::into),
                    ..Fips::default()
                })
            });
            assert_eq!(judge_one("fips-checksum-invalid", &b).len(), n);
        }
        let b = binary(|b| {
            b.fips = Some(Fips {
                checksum: Some("invalid".into()),
                checksum_fault: Some("a range is empty".to_owned()),
                ..Fips::default()
            })
        });
        let found = judge_one("fips-checksum-invalid", &b);
        assert!(
            found[0]
                .message
                .ends_with("not over the module: a range is empty")
        );
    }
}
