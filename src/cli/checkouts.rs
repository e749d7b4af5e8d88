//! The checkout of `verify --source`: of a repository with several modules, each program is compared with the folder of its own.

use super::error::Error;
use crate::evidence::checkout;
use crate::rebuild::module_folder;
use crate::record::Binary;
use crate::report::style::clean;
use crate::verify::source::Checkout;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// Most modules of a repository that are read besides the folder that was named.
const MODULES: usize = 64;

/// A checkout, and the folders of other modules in it.
pub struct Checkouts {
    folder: PathBuf,
    /// What the folder that was named says.
    named: Checkout,
    /// By the path of the module; `None`: the folder that was named counts.
    modules: BTreeMap<String, Option<Checkout>>,
}

impl Checkouts {
    /// Reads the checkout that a folder is in.
    ///
    /// # Errors
    /// When it is in none, or cannot be read.
    pub fn open(folder: &Path) -> Result<Self, Error> {
        let named = checkout(folder).map_err(|e| Error::NotRead {
            name: clean(&folder.to_string_lossy()).into_owned(),
            why: e.to_string(),
        })?;
        Ok(Self {
            folder: folder.to_owned(),
            named,
            modules: BTreeMap::new(),
        })
    }

    /// The checkout to compare a program with: that of the folder whose go.mod has the main module of the program, else the folder that was named.
    pub fn of(&mut self, binary: &Binary) -> &Checkout {
        let module = binary.build_info.as_ref().map(|info| &info.main.path);
        let Some(module) = module.filter(|path| !path.is_empty()) else {
            return &self.named;
        };
        if !self.modules.contains_key(module) && self.modules.len() < MODULES {
            let module_checkout = self.read(module);
            self.modules.insert(module.clone(), module_checkout);
        }
        let module_checkout = self.modules.get(module).and_then(Option::as_ref);
        module_checkout.unwrap_or(&self.named)
    }

    fn read(&self, module: &str) -> Option<Checkout> {
        let (folder, ..) = module_folder(&self.folder, module)?;
        let is_named = std::path::absolute(&self.folder).is_ok_and(|named| named == folder);
        // As the folder was named, relative or absolute.
        let root = std::path::absolute(&self.folder).ok()?;
        let below = folder.strip_prefix(root).ok()?;
        match is_named {
            true => None,
            false => checkout(&self.folder.join(below)).ok(),
        }
    }
}
