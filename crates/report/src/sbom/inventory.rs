//! What a bill keeps of the records: each component once, in bounded memory.

use super::component::{ComponentKey, ModuleComponent, Toolchain};
use super::{evidence_of_modules, id, name, program_purl, properties};
use gospect_bytes::{Budget, Full, Use};
use gospect_record::main_version::is_version_of_module;
use gospect_record::{
    Binary, End, ImageRecord, Level, Line, Linked, Location, Module, ModuleList, Owner, Run,
    Unexamined,
};
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

/// The components of a bill, each once. Of the records it keeps only what the bill needs.
pub struct Inventory {
    pub(super) run: Run,
    pub(super) end: End,
    pub(super) images: Vec<ImageRecord>,
    pub(super) unexamined: Vec<Unexamined>,
    pub(super) programs: Vec<BillProgram>,
    pub(super) modules: Vec<ModuleComponent>,
    pub(super) numbers: HashMap<Arc<ComponentKey>, u32>,
    pub(super) toolchains: BTreeMap<Toolchain, Vec<u32>>,
    /// Packages of distributions, with their programs.
    pub(super) packages: BTreeMap<Owner, Vec<u32>>,
    pub(super) budget: Budget,
}

/// A program with its dependencies.
pub(super) struct BillProgram {
    pub(super) path: String,
    pub(super) location: Location,
    pub(super) name: String,
    pub(super) version: Option<String>,
    pub(super) purl: Option<String>,
    pub(super) sha256: Option<String>,
    /// How the modules are known, with a confidence. The confidence only orders the ways; it is not a probability.
    pub(super) evidence: (f64, &'static str),
    pub(super) aggregate: Aggregate,
    pub(super) modules: Vec<u32>,
    pub(super) toolchain: Option<Toolchain>,
    pub(super) properties: Vec<(String, String)>,
}

/// Whether the bill has all dependencies of a program.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Aggregate {
    /// The build info lists every linked module.
    Complete,
    /// The build info lists modules, but other code is linked in too.
    Incomplete,
    /// Unknown: only dependencies that left a function are listed.
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

    /// The word of CycloneDX.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Complete => "complete",
            Self::Incomplete => "incomplete",
            Self::Unknown => "unknown",
        }
    }
}

impl Inventory {
    /// An empty inventory with a limit of about `memory` bytes.
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

    /// Whether the records have all facts, which rules need.
    pub fn has_all_facts(&self) -> bool {
        self.run.facts == Level::Full
    }

    /// Path and version of each module that build info names, as it was built.
    pub fn modules(&self) -> impl Iterator<Item = (&str, &str)> {
        let recorded = self
            .modules
            .iter()
            .filter(|part| part.key.by_functions.is_none());
        recorded.map(|part| (&*part.key.path, &*part.key.version))
    }

    /// Path and location of each program, in the order in which they came.
    pub fn programs(&self) -> impl Iterator<Item = (&str, &Location)> {
        self.programs.iter().map(|p| (p.path.as_str(), &p.location))
    }

    /// Adds one line of a scan.
    ///
    /// # Errors
    /// When it does not fit in memory. The inventory is then incomplete.
    pub fn push(&mut self, line: &Line) -> Result<(), Full> {
        match line {
            Line::Run(run) => self.run = run.clone(),
            Line::Image(image) => {
                self.spend(image.size_in_memory())?;
                self.images.push((**image).clone());
            }
            Line::Binary(binary) => self.binary(binary)?,
            Line::Unexamined(thing) => {
                self.spend(thing.size_in_memory())?;
                self.unexamined.push(thing.clone());
            }
            Line::End(end) => {
                self.end = end.clone();
                self.sort();
            }
        }
        Ok(())
    }

    pub(super) fn spend(&mut self, bytes: u64) -> Result<(), Full> {
        self.budget.spend(bytes)
    }

    pub(super) fn binary(&mut self, binary: &Binary) -> Result<(), Full> {
        let number = u32::try_from(self.programs.len()).map_err(|_| self.budget.full())?;
        let mut modules = Vec::new();
        for module in binary.build_info.iter().flat_map(|info| &info.deps) {
            modules.push(self.module(module)?);
        }
        let mut own_packages = Vec::new();
        for package in binary.stand_ins() {
            self.spend(package.package.len() as u64 + 80)?;
            if package.is_own {
                own_packages.push(("gospect:package".to_owned(), package.package.to_owned()));
                continue;
            }
            let module = self.component(ComponentKey::of_functions(&package))?;
            modules.push(module);
            if let Some(part) = self.modules.get_mut(module as usize) {
                part.packages.insert(package.package.into());
            }
        }
        // Build info that names a module twice uses it once.
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
            self.spend(owner.size_in_memory() + 4)?;
            // How a file was compared is not a fact about its package.
            let owner = Owner {
                compared: None,
                ..owner.clone()
            };
            self.packages.entry(owner).or_default().push(number);
        }
        let mut properties = properties(binary);
        properties.extend(own_packages);
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
        let size = size_of::<BillProgram>() + 5 * binary.path.len() + facts + 1024;
        self.spend((size + texts.sum::<usize>() + 12 * modules.len()) as u64)?;
        self.programs.push(BillProgram {
            path: binary.path.clone(),
            location: binary.location.clone(),
            name,
            version,
            purl,
            sha256: binary.sha256.clone(),
            evidence: evidence_of_modules(binary),
            aggregate: Aggregate::of(binary),
            modules,
            toolchain,
            properties,
        });
        Ok(())
    }

    /// The number of a module.
    pub(super) fn module(&mut self, module: &Module) -> Result<u32, Full> {
        self.component(ComponentKey::new(module))
    }

    fn component(&mut self, key: ComponentKey) -> Result<u32, Full> {
        if let Some(number) = self.numbers.get(&key) {
            return Ok(*number);
        }
        self.spend(key.size_in_memory() as u64)?;
        let number = u32::try_from(self.modules.len()).map_err(|_| self.budget.full())?;
        let key = Arc::new(key);
        self.modules.push(ModuleComponent {
            digest: key.digest(),
            key: Arc::clone(&key),
            packages: BTreeSet::new(),
            users: Vec::new(),
        });
        self.numbers.insert(key, number);
        Ok(number)
    }

    /// Sorts the modules and renumbers them.
    pub(super) fn sort(&mut self) {
        self.numbers.clear();
        let mut order: Vec<u32> = (0..self.modules.len() as u32).collect();
        let key = |n: &u32| self.modules.get(*n as usize).map(|part| &part.key);
        order.sort_unstable_by(|a, b| key(a).cmp(&key(b)));
        let mut new_numbers = vec![0_u32; order.len()];
        for (new, old) in order.iter().enumerate() {
            if let Some(number) = new_numbers.get_mut(*old as usize) {
                *number = new as u32;
            }
        }
        self.modules.sort_unstable_by(|a, b| a.key.cmp(&b.key));
        for program in &mut self.programs {
            for number in &mut program.modules {
                *number = new_numbers
                    .get(*number as usize)
                    .copied()
                    .unwrap_or(*number);
            }
        }
    }

    /// The targets of the scan. Of a path that begins at the root only the last name: where it was on the build host is nobody's
    /// business, and differs from build to build.
    pub(super) fn subject(&self) -> String {
        let short = |target: &String| {
            let (scheme, path) = match target.split_once(':') {
                Some((scheme, path)) if path.starts_with('/') => (format!("{scheme}:"), path),
                _ => (String::new(), target.as_str()),
            };
            let name = path.trim_end_matches('/').rsplit('/').next();
            match name.filter(|name| path.starts_with('/') && !name.is_empty()) {
                Some(name) => format!("{scheme}{name}"),
                None => target.clone(),
            }
        };
        let targets: Vec<String> = self.run.targets.iter().map(short).collect();
        targets.join(" ")
    }

    /// The version of the program, if the bill is about one.
    pub(super) fn version_of_subject(&self) -> Option<&str> {
        match self.programs.as_slice() {
            [program] if program.location.image.is_none() => program
                .version
                .as_deref()
                .filter(|version| is_version_of_module(version)),
            _ => None,
        }
    }

    /// The numbers of programs outside images.
    pub(super) fn outside_images(&self) -> impl Iterator<Item = usize> {
        let programs = self.programs.iter().enumerate();
        programs
            .filter(|(_, program)| program.location.image.is_none())
            .map(|(number, _)| number)
    }

    /// The id of a program in the bill.
    pub(crate) fn id_of(&self, number: usize) -> String {
        self.programs.get(number).map_or_else(String::new, |p| {
            id("binary", &format!("{number} {:?} {}", p.location, p.path))
        })
    }

    /// The id of a package in the bill.
    pub(super) fn id_of_package(&self, owner: &Owner) -> String {
        id("package", &format!("{owner:?}"))
    }

    /// Ids of modules and toolchains by their purls.
    #[cfg(feature = "audit")]
    pub(crate) fn ids_by_purl(&self) -> HashMap<String, String> {
        let modules = self.modules.iter();
        let modules = modules.filter_map(|m| Some((m.key.purl()?, m.id())));
        let toolchains = self.toolchains.keys().map(|t| (t.purl(), t.id()));
        modules.chain(toolchains).collect()
    }

    /// The ids of the dependencies of a program.
    pub(super) fn dependency_ids(&self, program: &BillProgram) -> Vec<String> {
        let modules = program.modules.iter();
        let modules = modules.filter_map(|n| Some(self.modules.get(*n as usize)?.id()));
        let toolchain = program.toolchain.iter().map(Toolchain::id);
        let mut all: Vec<String> = modules.chain(toolchain).collect();
        all.sort_unstable();
        all
    }
}

/// Facts about a package for which neither format has a field.
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
