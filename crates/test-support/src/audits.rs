//! Records for tests: a program without findings, and ways to change it.

use gospect_audit::{Audit, Auditor, Baseline, Date, Finding, Policy};
use gospect_record::*;

/// A linux/amd64 program of the newest release without findings, then changed by `change`.
pub fn binary(change: impl FnOnce(&mut Binary)) -> Binary {
    let setting = |k: &str, v: &str| Setting {
        key: k.into(),
        value: v.into(),
    };
    let mut b = Binary {
        path: "dist/app".into(),
        location: Location {
            target: "dist".into(),
            file: Some("dist/app".into()),
            mode: Some(0o755),
            ..Location::default()
        },
        size: 5_000_000,
        executable: Executable {
            format: "elf".into(),
            bits: 64,
            endian: "little".into(),
            os: Some("linux".into()),
            arch: Some("amd64".into()),
            kind: "exe".into(),
            go_symbols: Some(false),
            debug_info: Some(false),
            ..Executable::default()
        },
        go_version: Some("go1.27.3".into()),
        go_version_raw: Some("go1.27.3".into()),
        main_package: Some("example.com/app/cmd/app".into()),
        build_info: Some(BuildInfo {
            go_version: "go1.27.3".into(),
            path: "example.com/app/cmd/app".into(),
            main: Module {
                path: "example.com/app".into(),
                version: "v1.2.3".into(),
                ..Module::default()
            },
            deps: vec![],
            settings: vec![
                setting("-buildmode", "exe"),
                setting("-compiler", "gc"),
                setting("-trimpath", "true"),
                setting("CGO_ENABLED", "0"),
                setting("GOARCH", "amd64"),
                setting("GOOS", "linux"),
                setting("GOAMD64", "v1"),
                setting("vcs", "git"),
                setting("vcs.revision", "0123456789abcdef0123456789abcdef01234567"),
                setting("vcs.modified", "false"),
            ],
        }),
        build_info_source: Some(BuildInfoSource::Section.into()),
        goroot: Some(Goroot {
            trimmed: Some(true),
            linked: Some(false),
            ..Goroot::default()
        }),
        linkage: Some(Linkage {
            is_static: Some(true),
            pie: Some(false),
            nx: Some(true),
            ..Linkage::default()
        }),
        linked: Some(Linked {
            functions: 5000,
            ..Linked::default()
        }),
        ..Binary::default()
    };
    dep(&mut b, "golang.org/x/sys", "v0.37.0", None);
    change(&mut b);
    b
}

/// A program built in GOPATH mode, with these packages in its function table.
pub fn gopath(packages: &[&str]) -> Binary {
    use gospect_knowledge::modules;
    binary(|b| {
        let info = b.build_info.as_mut().unwrap();
        info.main = Module::default();
        info.deps.clear();
        info.path = "example.com/app".into();
        b.main_package = Some("example.com/app".into());
        b.module_list = Some(ModuleList::Gopath.into());
        let row = |path: &&str| LinkedPackage {
            path: path.to_string(),
            module: modules::prefix(path).map(str::to_owned),
            functions: 3,
            bytes: 300,
            capabilities: None,
        };
        b.packages = Some(packages.iter().map(row).collect());
    })
}

/// Applies a change to the record.
pub fn change(mut b: Binary, change: impl FnOnce(&mut Binary)) -> Binary {
    change(&mut b);
    b
}

/// Sets a build setting.
pub fn set(b: &mut Binary, key: &str, value: &str) {
    unset(b, key);
    b.build_info.as_mut().unwrap().settings.push(Setting {
        key: key.into(),
        value: value.into(),
    });
}

/// Removes a build setting.
pub fn unset(b: &mut Binary, key: &str) {
    b.build_info
        .as_mut()
        .unwrap()
        .settings
        .retain(|s| s.key != key);
}

/// Adds a dependency with a checksum, optionally replaced.
pub fn dep(b: &mut Binary, path: &str, version: &str, replace: Option<(&str, &str)>) {
    let module = |p: &str, v: &str| Module {
        path: p.into(),
        version: v.into(),
        sum: if v.is_empty() {
            String::new()
        } else {
            format!("h1:{p}{v}=")
        },
        replace: None,
    };
    let mut m = module(path, version);
    m.replace = replace.map(|(p, v)| Box::new(module(p, v)));
    b.build_info.as_mut().unwrap().deps.push(m);
}

/// An image without findings, then changed by `change`.
pub fn image(change: impl FnOnce(&mut ImageRecord)) -> ImageRecord {
    let mut i = ImageRecord {
        reference: "localhost:5000/app:1.2.3".into(),
        platform: Some("linux/amd64".into()),
        ..ImageRecord::default()
    };
    change(&mut i);
    i
}

/// Makes the program the one that the image starts.
pub fn in_image(image: &ImageRecord, b: Binary) -> Binary {
    change(b, |b| {
        b.path = "/app".into();
        b.location = Location {
            target: image.reference.clone(),
            image: Some(ImageRef {
                reference: image.reference.clone(),
                digest: image.digest.clone(),
                platform: image.platform.clone(),
            }),
            layer: Some(LayerRef::default()),
            visible: Some(true),
            started: Some(true),
            mode: Some(0o755),
            ..Location::default()
        };
    })
}

/// How a test judges: with all rules, or with one.
#[derive(Clone)]
pub struct Setup<'s> {
    pub policy: &'s str,
    pub profile: &'s str,
    pub today: &'s str,
    pub rule: &'s str,
    pub baseline: Option<Baseline>,
}

impl Default for Setup<'_> {
    fn default() -> Self {
        Setup {
            policy: "",
            profile: "default",
            today: "2026-11-22",
            rule: "",
            baseline: None,
        }
    }
}

impl Setup<'_> {
    pub fn audit(&self, images: &[ImageRecord], binaries: &[Binary]) -> Audit {
        self.run(images, binaries, &[])
    }

    fn run(&self, images: &[ImageRecord], binaries: &[Binary], unexamined: &[Unexamined]) -> Audit {
        let mut policy =
            Policy::load(self.policy, "gospect.toml").unwrap_or_else(|e| panic!("{e:#?}"));
        policy.select_profile(self.profile).unwrap();
        let mut auditor = Auditor::new(&policy, Date::parse(self.today).unwrap());
        if let Some(baseline) = &self.baseline {
            auditor = auditor.with_baseline(baseline);
        }
        images.iter().for_each(|i| auditor.image(i));
        binaries.iter().for_each(|b| auditor.binary(b));
        unexamined.iter().for_each(|u| auditor.unexamined(u));
        auditor.finish()
    }

    fn only(&self, audit: Audit) -> Vec<Finding> {
        assert!(
            self.rule.is_empty() || gospect_audit::rules::registry::find(self.rule).is_some(),
            "no rule {}",
            self.rule
        );
        audit
            .findings
            .into_iter()
            .filter(|f| self.rule.is_empty() || f.rule == self.rule)
            .collect()
    }

    pub fn judge(&self, b: &Binary) -> Vec<Finding> {
        self.only(self.run(&[], std::slice::from_ref(b), &[]))
    }

    pub fn judge_all(&self, all: &[Binary]) -> Vec<Finding> {
        self.only(self.run(&[], all, &[]))
    }

    pub fn judge_image(&self, image: &ImageRecord, all: &[Binary]) -> Vec<Finding> {
        self.only(self.run(std::slice::from_ref(image), all, &[]))
    }

    pub fn judge_unexamined(&self, all: &[Unexamined]) -> Vec<Finding> {
        self.only(self.run(&[], &[], all))
    }
}

/// Findings of one rule in the default profile.
pub fn judge_one(rule: &str, b: &Binary) -> Vec<Finding> {
    Setup {
        rule,
        ..Setup::default()
    }
    .judge(b)
}
