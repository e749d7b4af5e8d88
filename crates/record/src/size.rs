//! The memory that a record takes.

use super::{Binary, ImageRecord, Line, Location, Module, Owner, Unexamined};

/// Bytes of a `String` and of the allocator for it, without the text.
const TEXT: usize = 40;

fn texts<'t>(all: impl IntoIterator<Item = &'t String>) -> usize {
    all.into_iter().map(|t| t.len() + TEXT).sum()
}

impl Line {
    /// An estimate of its size in memory, in bytes.
    pub fn size_in_memory(&self) -> u64 {
        match self {
            Self::Image(image) => image.size_in_memory(),
            Self::Binary(binary) => binary.size_in_memory(),
            Self::Unexamined(thing) => thing.size_in_memory(),
            Self::Run(_) | Self::End(_) => 0,
        }
    }
}

impl Location {
    fn size_in_memory(&self) -> usize {
        texts([&self.target]) + texts(&self.file) + texts(&self.entry)
    }
}

impl Unexamined {
    /// An estimate of its size in memory, in bytes.
    pub fn size_in_memory(&self) -> u64 {
        let texts = texts([&self.path, &self.detail]);
        (size_of::<Self>() + texts + self.location.size_in_memory()) as u64
    }
}

impl ImageRecord {
    /// An estimate of its size in memory, in bytes.
    pub fn size_in_memory(&self) -> u64 {
        let mut sum = size_of::<Self>() + texts([&self.reference]);
        sum += texts(self.digest.iter().chain(&self.config_digest));
        for list in [&self.aliases, &self.env, &self.entrypoint, &self.cmd] {
            sum += texts(list);
        }
        let root = &self.rootfs;
        for list in [
            &root.loaders,
            &root.libraries,
            &root.ca_bundles,
            &root.zoneinfo,
        ] {
            sum += texts(list);
        }
        sum += texts(self.labels.iter().flat_map(|(key, value)| [key, value]));
        let layers = self.layers.iter();
        sum += layers
            .map(|l| size_of_val(l) + texts(l.digest.iter().chain(&l.created_by)))
            .sum::<usize>();
        sum as u64
    }
}

impl Owner {
    /// An estimate of its size in memory, in bytes.
    pub fn size_in_memory(&self) -> u64 {
        let sure = [&self.name, &self.version];
        let maybe = [&self.arch, &self.distribution, &self.release];
        let source = self.source.iter();
        let source = source.flat_map(|source| std::iter::once(&source.name).chain(&source.version));
        let texts = texts(
            sure.into_iter()
                .chain(maybe.into_iter().flatten())
                .chain(source),
        );
        (size_of::<Self>() + texts) as u64
    }
}

impl Binary {
    /// An estimate of its size in memory, in bytes: all texts in lists that may be long, with what the allocator needs for
    /// them.
    pub fn size_in_memory(&self) -> u64 {
        fn of_module(module: &Module) -> usize {
            let own = size_of::<Module>() + texts([&module.path, &module.version, &module.sum]);
            own + module.replace.as_ref().map_or(0, |m| of_module(m))
        }
        // Most of the size of usual records is in the fields below.
        let mut sum =
            size_of::<Binary>() + 2048 + texts([&self.path]) + self.location.size_in_memory();
        sum += texts(self.path_bytes.iter().chain(&self.main_package));
        sum += texts(self.go_version.iter().chain(&self.go_version_raw));
        sum += texts(&self.go_vendor);
        let parts = self.parts.iter().flatten();
        sum += texts(parts.map(|p| &p.sha256));
        for info in self.build_info.iter().chain(&self.second_build_info) {
            sum += texts([&info.go_version, &info.path]) + of_module(&info.main);
            sum += info.deps.iter().map(of_module).sum::<usize>();
            sum += texts(info.settings.iter().flat_map(|s| [&s.key, &s.value]));
        }
        sum += texts(&self.notes);
        sum += self
            .owner
            .as_ref()
            .map_or(0, |owner| owner.size_in_memory() as usize);
        let environment = self.environment.iter().flatten();
        sum += texts(environment.flat_map(|(name, value)| [name, value]));
        let versions = self.versions.iter().flatten();
        sum += versions
            .map(|v| texts(std::iter::once(&v.value).chain(&v.name)))
            .sum::<usize>();
        if let Some(goroot) = &self.goroot {
            sum += texts(goroot.value.iter().chain(&goroot.runtime));
            sum += texts(goroot.evidence.iter().map(|e| &e.value));
        }
        let experiments = &self.experiments;
        sum += texts(experiments.setting.iter().chain(&experiments.suffix));
        let lists = [&experiments.enabled, &experiments.unknown];
        sum += texts(lists.into_iter().flatten().flatten());
        if let Some(linked) = &self.linked {
            sum += texts(linked.not_linked.iter().chain(&linked.not_recorded));
            let others = linked.other_versions.iter();
            sum += texts(others.flat_map(|module| [&module.path, &module.version]));
        }
        let packages = self.packages.iter().flatten();
        sum += packages
            .map(|p| {
                let capabilities = p.capabilities.iter().flatten();
                let chains = capabilities.map(|c| 64 + texts(&c.chain));
                32 + texts(std::iter::once(&p.path).chain(&p.module)) + chains.sum::<usize>()
            })
            .sum::<usize>();
        sum += self
            .functions
            .as_ref()
            .map_or(0, |functions| functions.size_in_memory() as usize);
        let named = self
            .owner_changelog
            .iter()
            .flat_map(|changelog| &changelog.names);
        sum += texts(named.flat_map(|name| {
            let optional = name.version.iter().chain(&name.file);
            [&name.id, &name.line].into_iter().chain(optional)
        }));
        sum += self
            .call_chains
            .as_ref()
            .map_or(0, |chains| chains.size_in_memory() as usize);
        let strings = self.linker_strings.iter().flatten();
        sum += texts(strings.flat_map(|s| std::iter::once(&s.value).chain(&s.name)));
        let claims = self.corroboration.iter().flatten();
        sum += texts(claims.flat_map(|c| c.recorded.iter().chain(&c.observed)));
        let paths = self.paths.iter().flatten();
        sum += texts(paths.flat_map(|p| [&p.prefix, &p.example, &p.found_in]));
        let needed = self.linkage.iter().flat_map(|l| l.needed.iter().flatten());
        sum += texts(needed);
        let godebug = &self.godebug;
        sum += texts(
            [&godebug.recorded, &godebug.baked, &godebug.environment]
                .into_iter()
                .flatten(),
        );
        let effective = godebug.effective.iter().flatten();
        sum += effective
            .map(|e| texts([&e.key, &e.value].into_iter().chain(&e.note)))
            .sum::<usize>();
        let pairs = [
            &godebug.recorded_pairs,
            &godebug.baked_pairs,
            &godebug.environment_pairs,
        ];
        let pairs = pairs.into_iter().flatten().flatten();
        sum += texts(pairs.flat_map(|(key, value)| [key, value]));
        sum as u64
    }
}
