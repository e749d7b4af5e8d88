//! What a bill keeps of the records: every component once, in bounded memory.

use super::super::terms;
use super::{ID, digest, found, hex, id, name, program_purl, properties};
use crate::bytes::{Budget, Full, Use};
use crate::knowledge::GoVersion;
use crate::record::StandIn;
use crate::record::main_version::is_version_of_module;
use crate::record::purl;
use crate::record::{
    Binary, End, ImageRecord, LayerRecord, Level, Line, Linked, Location, Module, ModuleList,
    Owner, Run, Unexamined,
};
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

/// What is said where there is no version.
const NO_VERSION: &str = "unknown: the function table names packages, and no versions";
/// What is said where the module is not certain.
const NO_MODULE: &str =
    "unknown: the path of a package does not tell where that of its module ends";

/// The components of a bill, each once: of the records only what the bill says of them.
pub struct Inventory {
    pub(super) run: Run,
    pub(super) end: End,
    pub(super) images: Vec<ImageRecord>,
    pub(super) unexamined: Vec<Unexamined>,
    pub(super) programs: Vec<Program>,
    pub(super) modules: Vec<Part<Key>>,
    pub(super) numbers: HashMap<Arc<Key>, u32>,
    pub(super) toolchains: BTreeMap<Toolchain, Vec<u32>>,
    /// Packages of distributions with the programs that they hold.
    pub(super) packages: BTreeMap<Owner, Vec<u32>>,
    pub(super) budget: Budget,
}

/// A module, and the numbers of the programs whose records name it.
pub(super) struct Part<K> {
    pub(super) key: Arc<K>,
    /// Its packages in the function tables of the programs that use it, where these stand in for a record.
    pub(super) packages: BTreeSet<Box<str>>,
    /// What its name ends with.
    pub(super) digest: [u8; ID],
    pub(super) users: Vec<u32>,
}

impl Part<Key> {
    /// Facts that neither format has a field for.
    pub(super) fn properties(&self) -> Vec<(&'static str, String)> {
        let mut all = self.key.properties();
        let packages = self.packages.iter();
        all.extend(packages.map(|path| ("gospect:package", path.to_string())));
        all
    }
}

impl<K> Part<K> {
    /// Its name in the bill.
    pub(super) fn id(&self) -> String {
        format!("module-{}", hex(&self.digest))
    }
}

/// One binary with what it depends on.
pub(super) struct Program {
    pub(super) path: String,
    pub(super) location: Location,
    pub(super) name: String,
    pub(super) version: Option<String>,
    pub(super) purl: Option<String>,
    pub(super) sha256: Option<String>,
    /// How the record was found. The confidence orders the ways; it is no probability.
    pub(super) found: (f64, &'static str),
    pub(super) aggregate: Aggregate,
    pub(super) modules: Vec<u32>,
    pub(super) toolchain: Option<Toolchain>,
    pub(super) properties: Vec<(String, String)>,
}

/// Whether a program depends on more than the bill says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Aggregate {
    /// The record lists every module that is linked in.
    Complete,
    /// The record lists modules, and there is code of others.
    Incomplete,
    /// Nobody knows: what is listed is what has left a function.
    Unknown,
}

impl Aggregate {
    pub(super) const ALL: [Self; 3] = [Self::Complete, Self::Incomplete, Self::Unknown];

    fn of(binary: &Binary) -> Self {
        let has_gaps = |linked: &Linked| !linked.not_recorded.is_empty();
        match binary.module_list() {
            ModuleList::Cut => Self::Incomplete,
            ModuleList::Recorded if binary.linked.as_ref().is_some_and(has_gaps) => {
                Self::Incomplete
            }
            ModuleList::Recorded | ModuleList::Empty => Self::Complete,
            _ => Self::Unknown,
        }
    }

    /// CycloneDX's word.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Complete => "complete",
            Self::Incomplete => "incomplete",
            Self::Unknown => "unknown",
        }
    }
}

/// A toolchain, whose standard library is a component.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Toolchain {
    /// Without what vendors and experiments add: `go1.27.3`. Of a development tree all that is recorded: `devel go1.28-8a1b2c3`, for no
    /// release is what it was built from.
    pub(super) version: String,
    /// Built from a development tree.
    pub(super) devel: bool,
}

impl Toolchain {
    fn of(binary: &Binary) -> Option<Self> {
        let recorded = binary.go_version_raw.as_deref();
        let devel = recorded.filter(|raw| GoVersion::parse(raw).is_some_and(|raw| raw.devel));
        let release = binary.go_version.as_deref()?;
        Some(Self {
            version: devel.unwrap_or(release).to_owned(),
            devel: devel.is_some(),
        })
    }

    /// Its name in the bill.
    pub(super) fn id(&self) -> String {
        id("stdlib", &self.version)
    }

    pub(super) fn purl(&self) -> String {
        purl::of_stdlib(if self.devel { "devel" } else { &self.version })
    }

    pub(super) fn cpe(&self) -> Option<String> {
        purl::cpe(&self.version).filter(|_| !self.devel)
    }

    /// Facts that neither format has a field for.
    pub(super) fn properties(&self) -> Vec<(&'static str, String)> {
        let release = GoVersion::parse(&self.version).and_then(|v| v.release);
        if self.devel {
            let why = "unknown: built from a development tree of Go, and which fixes that has is not known";
            return vec![("gospect:version", why.to_owned())];
        }
        let prerelease = release.and_then(|r| Some((r.prerelease?.0, r.major, r.minor)));
        let text = prerelease.map(|(kind, major, minor)| {
            let kind = if kind == "rc" { "candidate" } else { &kind };
            format!("a {kind} of Go {major}.{minor}, no release")
        });
        text.into_iter()
            .map(|text| ("gospect:prerelease", text))
            .collect()
    }
}

/// One image with the programs of each layer, by number.
pub(super) struct Image<'a> {
    pub(super) id: String,
    pub(super) reference: &'a str,
    pub(super) digest: Option<&'a str>,
    pub(super) platform: Option<&'a str>,
    pub(super) layers: Vec<Layer<'a>>,
}

pub(super) struct Layer<'a> {
    pub(super) id: String,
    pub(super) index: Option<u32>,
    pub(super) digest: Option<&'a str>,
    pub(super) record: Option<&'a LayerRecord>,
    pub(super) programs: Vec<usize>,
}

/// What makes two modules the same component: what was built, and what it stands for when replaced.
#[derive(PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct Key {
    pub(super) path: Box<str>,
    pub(super) version: Box<str>,
    pub(super) sum: Box<str>,
    pub(super) replaces: Option<(Box<str>, Box<str>)>,
    pub(super) directory: Option<Box<str>>,
    /// No record names it: it is what packages of the function table show.
    pub(super) by_functions: Option<Shown>,
}

/// What the path of a component that no record names is.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub(super) enum Shown {
    /// The beginning of the path of a module.
    Module,
    /// A package, of whose module nothing is certain.
    Package,
}

impl Key {
    pub(super) fn new(module: &Module) -> Self {
        let original = Some((module.path.as_str().into(), module.version.as_str().into()));
        match module.replace.as_deref() {
            None => Self::plain(module, None),
            // A directory: the go command gives it no version, or `(devel)`.
            Some(by) if by.version.is_empty() || by.version == "(devel)" => Self {
                path: module.path.as_str().into(),
                version: "".into(),
                sum: "".into(),
                replaces: original,
                directory: Some(by.path.as_str().into()),
                by_functions: None,
            },
            Some(by) => Self::plain(by, original),
        }
    }

    pub(super) fn plain(module: &Module, replaces: Option<(Box<str>, Box<str>)>) -> Self {
        Self {
            path: module.path.as_str().into(),
            version: module.version.as_str().into(),
            sum: module.sum.as_str().into(),
            replaces,
            directory: None,
            by_functions: None,
        }
    }

    /// A component that only the function table shows.
    fn of_functions(package: &StandIn<'_>) -> Self {
        let shown = match package.module {
            Some(_) => Shown::Module,
            None => Shown::Package,
        };
        Self {
            by_functions: Some(shown),
            ..Self::plain(
                &Module {
                    path: package.group().to_owned(),
                    ..Module::default()
                },
                None,
            )
        }
    }

    /// Its package URL; none for what may be no module.
    pub(super) fn purl(&self) -> Option<String> {
        match self.by_functions {
            Some(Shown::Package) => None,
            _ => purl::of_module(&self.path, &self.version),
        }
    }

    pub(super) fn digest(&self) -> [u8; ID] {
        let replaces = self
            .replaces
            .as_ref()
            .map(|(path, version)| (path, version));
        let parts = (
            &self.path,
            &self.version,
            &self.sum,
            replaces,
            &self.directory,
        );
        match self.by_functions {
            None => digest(&format!("{parts:?}")),
            Some(shown) => digest(&format!("{parts:?} {shown:?}")),
        }
    }

    /// Bytes of memory with all that is kept beside it.
    pub(super) fn weight(&self) -> usize {
        let replaces = self
            .replaces
            .iter()
            .map(|(path, version)| path.len() + version.len() + 32);
        let directory = self.directory.iter().map(|d| d.len() + 16);
        let texts = self.path.len() + self.version.len() + self.sum.len();
        texts + replaces.chain(directory).sum::<usize>() + 320
    }

    /// Why there is no version to look up.
    fn why_no_version(&self) -> Option<&'static str> {
        match &*self.version {
            // Said above.
            _ if self.by_functions.is_some() => None,
            version if is_version_of_module(version) => None,
            _ if self.directory.is_some() => {
                Some("built from a directory, whose code nobody can name")
            }
            "" => Some("recorded without a version"),
            _ => Some("built from a workspace or a working tree: recorded as (devel)"),
        }
    }

    /// Facts that neither format has a field for.
    pub(super) fn properties(&self) -> Vec<(&'static str, String)> {
        let mut all = Vec::new();
        match self.by_functions {
            None => {}
            Some(Shown::Module) => {
                all.push(("gospect:evidence", super::FUNCTION_TABLE.to_owned()));
                all.push(("gospect:version", NO_VERSION.to_owned()));
            }
            Some(Shown::Package) => {
                all.push(("gospect:evidence", super::FUNCTION_TABLE.to_owned()));
                all.push(("gospect:version", NO_VERSION.to_owned()));
                all.push(("gospect:module", NO_MODULE.to_owned()));
            }
        }
        if !self.sum.is_empty() {
            all.push(("gospect:h1", self.sum.to_string()));
        }
        if let Some((path, version)) = &self.replaces {
            all.push(("gospect:replaces", terms::at_version(path, version)));
        }
        if let Some(directory) = &self.directory {
            all.push(("gospect:replaced_by_directory", directory.to_string()));
        }
        if let Some(why) = self.why_no_version() {
            all.push(("gospect:version", format!("unknown: {why}")));
        }
        all
    }
}

impl Inventory {
    /// An empty one that takes about `memory` bytes.
    pub fn new(run: Run, memory: u64) -> Self {
        Self {
            run,
            end: End::default(),
            images: Vec::new(),
            unexamined: Vec::new(),
            programs: Vec::new(),
            modules: Vec::new(),
            numbers: HashMap::new(),
            toolchains: BTreeMap::new(),
            packages: BTreeMap::new(),
            budget: Budget::of(memory, Use::Bill),
        }
    }

    /// Whether the records have all facts, by which rules can judge.
    pub fn has_all_facts(&self) -> bool {
        self.run.facts == Level::Full
    }

    /// Path and place of each binary, in the order in which they came.
    pub fn programs(&self) -> impl Iterator<Item = (&str, &Location)> {
        self.programs.iter().map(|p| (p.path.as_str(), &p.location))
    }

    /// Takes in one line of a scan.
    ///
    /// # Errors
    /// When it does not fit into the memory any more; what is there is no whole bill then.
    pub fn push(&mut self, line: &Line) -> Result<(), Full> {
        match line {
            Line::Run(run) => self.run = run.clone(),
            Line::Image(image) => {
                self.take(image.size_in_memory())?;
                self.images.push((**image).clone());
            }
            Line::Binary(binary) => self.binary(binary)?,
            Line::Unexamined(thing) => {
                self.take(thing.size_in_memory())?;
                self.unexamined.push(thing.clone());
            }
            Line::End(end) => {
                self.end = end.clone();
                self.sort();
            }
        }
        Ok(())
    }

    pub(super) fn take(&mut self, bytes: u64) -> Result<(), Full> {
        self.budget.spend(bytes)
    }

    pub(super) fn binary(&mut self, binary: &Binary) -> Result<(), Full> {
        let number = u32::try_from(self.programs.len()).map_err(|_| self.budget.full())?;
        let mut modules = Vec::new();
        for module in binary.build_info.iter().flat_map(|info| &info.deps) {
            modules.push(self.module(module)?);
        }
        let mut own = Vec::new();
        for package in binary.stand_ins() {
            self.take(package.package.len() as u64 + 80)?;
            if package.is_own {
                own.push(("gospect:package".to_owned(), package.package.to_owned()));
                continue;
            }
            let module = self.component(Key::of_functions(&package))?;
            modules.push(module);
            if let Some(part) = self.modules.get_mut(module as usize) {
                part.packages.insert(package.package.into());
            }
        }
        // A record that names a module twice is one use of it.
        modules.sort_unstable();
        modules.dedup();
        for module in &modules {
            if let Some(part) = self.modules.get_mut(*module as usize) {
                part.users.push(number);
            }
        }
        let toolchain = Toolchain::of(binary);
        if let Some(toolchain) = &toolchain {
            let users = self.toolchains.entry(toolchain.clone()).or_default();
            users.push(number);
        }
        if let Some(owner) = &binary.owner {
            self.take(owner.size_in_memory() + 4)?;
            // How one of its files was compared is no fact of the package.
            let owner = Owner {
                compared: None,
                ..owner.clone()
            };
            self.packages.entry(owner).or_default().push(number);
        }
        let mut properties = properties(binary);
        properties.extend(own);
        let texts = properties
            .iter()
            .map(|(name, value)| name.len() + value.len() + 80);
        let name = name(binary).to_owned();
        let version = binary.shown_version().map(str::to_owned);
        let purl = program_purl(binary);
        let facts = name.len()
            + [&version, &purl]
                .into_iter()
                .flatten()
                .map(String::len)
                .sum::<usize>();
        let own = size_of::<Program>() + 5 * binary.path.len() + facts + 1024;
        self.take((own + texts.sum::<usize>() + 12 * modules.len()) as u64)?;
        self.programs.push(Program {
            path: binary.path.clone(),
            location: binary.location.clone(),
            name,
            version,
            purl,
            sha256: binary.sha256.clone(),
            found: found(binary),
            aggregate: Aggregate::of(binary),
            modules,
            toolchain,
            properties,
        });
        Ok(())
    }

    /// The number of a module.
    pub(super) fn module(&mut self, module: &Module) -> Result<u32, Full> {
        self.component(Key::new(module))
    }

    fn component(&mut self, key: Key) -> Result<u32, Full> {
        if let Some(number) = self.numbers.get(&key) {
            return Ok(*number);
        }
        self.take(key.weight() as u64)?;
        let number = u32::try_from(self.modules.len()).map_err(|_| self.budget.full())?;
        let key = Arc::new(key);
        self.modules.push(Part {
            digest: key.digest(),
            key: Arc::clone(&key),
            packages: BTreeSet::new(),
            users: Vec::new(),
        });
        self.numbers.insert(key, number);
        Ok(number)
    }

    /// Puts the modules into their order and gives them the numbers of it.
    pub(super) fn sort(&mut self) {
        self.numbers.clear();
        let mut order: Vec<u32> = (0..self.modules.len() as u32).collect();
        let key = |n: &u32| self.modules.get(*n as usize).map(|part| &part.key);
        order.sort_unstable_by(|a, b| key(a).cmp(&key(b)));
        let mut places = vec![0_u32; order.len()];
        for (new, old) in order.iter().enumerate() {
            if let Some(place) = places.get_mut(*old as usize) {
                *place = new as u32;
            }
        }
        self.modules.sort_unstable_by(|a, b| a.key.cmp(&b.key));
        for program in &mut self.programs {
            for number in &mut program.modules {
                *number = places.get(*number as usize).copied().unwrap_or(*number);
            }
        }
    }

    /// What the scan was pointed at.
    pub(super) fn subject(&self) -> String {
        self.run.targets.join(" ")
    }

    /// Programs outside images, with their numbers.
    pub(super) fn loose(&self) -> impl Iterator<Item = usize> {
        let programs = self.programs.iter().enumerate();
        programs
            .filter(|(_, program)| program.location.image.is_none())
            .map(|(number, _)| number)
    }

    /// The name of a program in the bill.
    pub(super) fn id_of(&self, number: usize) -> String {
        self.programs.get(number).map_or_else(String::new, |p| {
            id("binary", &format!("{number} {:?} {}", p.location, p.path))
        })
    }

    /// The name of a package in the bill.
    pub(super) fn id_of_package(&self, owner: &Owner) -> String {
        id("package", &format!("{owner:?}"))
    }

    /// The names of what a program depends on.
    pub(super) fn depends(&self, program: &Program) -> Vec<String> {
        let modules = program.modules.iter();
        let modules = modules.filter_map(|n| Some(self.modules.get(*n as usize)?.id()));
        let toolchain = program.toolchain.iter().map(Toolchain::id);
        let mut all: Vec<String> = modules.chain(toolchain).collect();
        all.sort_unstable();
        all
    }
}

/// What neither format has a field for.
pub(super) fn of_package(owner: &Owner) -> Vec<(String, String)> {
    let source = owner.source.as_ref();
    let source = source.map(|source| match &source.version {
        Some(version) => format!("{} {version}", source.name),
        None => source.name.clone(),
    });
    let all = [
        ("arch", owner.arch.clone()),
        ("distribution", owner.distribution.clone()),
        ("release", owner.release.clone()),
        ("source", source),
        ("found_in", Some(owner.how.to_string())),
    ];
    all.into_iter()
        .filter_map(|(name, value)| Some((format!("gospect:package:{name}"), value?)))
        .collect()
}

/// Every image, also those without a Go binary, with the layers that brought one.
pub(super) fn images(inventory: &Inventory) -> Vec<Image<'_>> {
    let mut images: Vec<Image> = Vec::new();
    let mut known = BTreeMap::new();
    let records = inventory
        .images
        .iter()
        .map(|r| ((&r.reference, &r.digest, &r.platform), Some(r), None));
    let programs = inventory.programs.iter().enumerate();
    let programs = programs.filter_map(|(number, program)| {
        let image = program.location.image.as_ref()?;
        Some((
            (&image.reference, &image.digest, &image.platform),
            None,
            Some((number, program)),
        ))
    });
    for (name, record, found) in records.chain(programs) {
        let (position, layers, record) = &mut *known.entry(name).or_insert_with(|| {
            images.push(Image {
                id: id("image", &format!("{name:?}")),
                reference: name.0,
                digest: name.1.as_deref(),
                platform: name.2.as_deref(),
                layers: Vec::new(),
            });
            (images.len() - 1, BTreeMap::new(), record)
        });
        let (Some((number, program)), Some(image)) = (found, images.get_mut(*position)) else {
            continue;
        };
        let layer = program.location.layer.as_ref();
        let index = layer.map(|layer| layer.index);
        let position = *layers.entry(index).or_insert_with(|| {
            image.layers.push(Layer {
                id: id("layer", &format!("{} {index:?}", image.id)),
                index,
                digest: layer.and_then(|layer| layer.digest.as_deref()),
                record: record
                    .zip(index)
                    .and_then(|(record, index)| record.layers.get(index as usize)),
                programs: Vec::new(),
            });
            image.layers.len() - 1
        });
        if let Some(layer) = image.layers.get_mut(position) {
            layer.programs.push(number);
        }
    }
    for image in &mut images {
        image.layers.sort_by_key(|layer| layer.index);
    }
    images
}

impl Layer<'_> {
    pub(super) fn number(&self) -> String {
        self.index
            .map_or_else(|| "unknown".to_owned(), |index| index.to_string())
    }

    pub(super) fn name(&self) -> String {
        self.digest
            .map_or_else(|| format!("layer {}", self.number()), str::to_owned)
    }

    /// As names and values.
    pub(super) fn properties(&self) -> Vec<(String, String)> {
        let by = self.record.and_then(|record| record.created_by.clone());
        let by = by.map(|by| ("gospect:created_by".to_owned(), by));
        let number = ("gospect:layer".to_owned(), self.number());
        std::iter::once(number).chain(by).collect()
    }
}
