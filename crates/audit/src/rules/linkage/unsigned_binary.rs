use crate::rules::prelude::*;

pub const META: Meta = Meta {
    code: "GS204",
    id: "unsigned-binary",
    summary: "a macOS or Windows program without a signature",
    levels: levels(OFF, OFF, OFF, OFF),
    options: &[OptionSpec {
        name: "formats",
        kind: ValueKind::Choices(&["macho", "pe"]),
        default: D::List(&["macho", "pe"]),
        doc: "Formats that must be signed.",
    }],
    since: "0.1.0",
    page: include_str!("unsigned_binary.md"),
};

pub fn check(ctx: &Ctx, sink: &mut Sink) {
    let format = ctx.binary.executable.format.as_str();
    if !ctx.options.list("formats").contains(&format)
        || ctx.binary.linkage.as_ref().and_then(|l| l.signed) != Some(false)
    {
        return;
    }
    let help = if format == "pe" {
        "`signtool sign /fd SHA256 FILE`, or on Linux `osslsigncode sign`"
    } else {
        "`codesign --sign IDENTITY --options runtime FILE`"
    };
    sink.report(
        Report::new("not signed")
            .see("linkage.signed", "false")
            .help(help),
    );
}

#[cfg(test)]
mod tests {
    use crate::testing::*;

    #[test]
    fn only_the_formats_of_the_option_are_reported() {
        let with = |format: &str, signed, options: &str| {
            let b = binary(|b| {
                b.executable.format = format.into();
                b.linkage.as_mut().unwrap().signed = signed;
            });
            Setup {
                policy: &format!("[rules]\nunsigned-binary = {{ level = \"error\"{options} }}"),
                rule: "unsigned-binary",
                ..Setup::default()
            }
            .judge(&b)
            .len()
        };
        assert_eq!(with("pe", Some(false), ""), 1);
        assert_eq!(with("pe", Some(false), ", formats = [\"macho\"]"), 0);
        assert_eq!(with("macho", Some(true), ""), 0);
        assert_eq!(with("elf", None, ""), 0);
    }
}
