use crate::rules::prelude::*;
use gospect_record::{BuildInfoSource, ExecutableKind, Format, Word};

pub const META: Meta = Meta {
    code: "GS162",
    id: "hidden-build-info",
    summary: "Go's own reader does not find the build info",
    levels: levels(NOTE, WARN, NOTE, WARN),
    options: &[],
    since: "0.1.0",
    page: include_str!("hidden_build_info.md"),
};

pub fn check(ctx: &Ctx, sink: &mut Sink) {
    let binary = ctx.binary;
    let place = match binary.build_info_source.as_ref().and_then(Word::known) {
        None | Some(BuildInfoSource::Section) => return,
        Some(BuildInfoSource::Segment) => "a data segment",
        Some(BuildInfoSource::LinkerStrings) => "the linker's strings",
        Some(BuildInfoSource::Scan) => "the bytes of the file",
    };
    // Releases before 1.13 had no such section.
    let never = binary.executable.format == Format::Wasm
        || binary.executable.kind == ExecutableKind::Object
        || ctx.release.is_some_and(|r| r.minor < 13);
    if never {
        return;
    }
    sink.report(
        Report::new(format!("module data was found in {place} only; `go version -m` and most scanners do not see it"))
            .see("build_info_source", place)
            .help("publish the file as the linker wrote it: no packing, no `sstrip`, no `objcopy --remove-section`"),
    );
}

#[cfg(test)]
mod tests {
    use crate::testing::*;
    use gospect_record::BuildInfoSource::{self, *};

    #[test]
    fn formats_that_never_have_the_section_are_fine() {
        let with = |source: Option<BuildInfoSource>, format: &str| {
            judge_one(
                "hidden-build-info",
                &binary(|b| {
                    (b.build_info_source, b.executable.format) =
                        (source.map(Into::into), format.into())
                }),
            )
            .len()
        };
        assert_eq!(with(Some(Segment), "elf"), 1);
        assert_eq!(with(Some(LinkerStrings), "elf"), 1);
        assert_eq!(with(Some(Section), "elf"), 0);
        assert_eq!(with(Some(LinkerStrings), "wasm"), 0);
        assert_eq!(with(None, "elf"), 0);
        let old = binary(|b| {
            (b.build_info_source, b.go_version) = (Some(Scan.into()), Some("go1.12.6".into()))
        });
        assert!(judge_one("hidden-build-info", &old).is_empty());
    }
}
