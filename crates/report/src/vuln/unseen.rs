//! Products of which not everything was examined: what is stated of them as a whole may not be true of the rest.

use gospect_record::{ImageRef, purl};
use gospect_vuln::vex::{image_names, written_products};
use gospect_vuln::{Program, Report};
use std::collections::HashMap;

/// The names of such products, each with what was not examined.
pub(super) struct Unseen {
    by_name: HashMap<String, String>,
}

/// What is not examined in an image or in the file of a package.
struct Parts<'r> {
    of_images: HashMap<&'r ImageRef, &'r str>,
    /// By target and file.
    of_files: HashMap<(&'r str, &'r str), &'r str>,
    /// The option that leaves out parts of every image and package.
    option: Option<String>,
}

impl Unseen {
    /// Those of a run.
    pub fn of(report: &Report) -> Self {
        let mut parts = Parts {
            of_images: HashMap::new(),
            of_files: HashMap::new(),
            option: report.leaves_out.map(|option| format!("{option} is given")),
        };
        for unexamined in &report.unexamined {
            let location = &unexamined.location;
            match (&location.image, &location.file) {
                (Some(image), _) => {
                    parts.of_images.entry(image).or_insert(&unexamined.path);
                }
                (None, Some(file)) => {
                    let file = (location.target.as_str(), file.as_str());
                    parts.of_files.entry(file).or_insert(&unexamined.path);
                }
                (None, None) => {}
            }
        }
        let mut by_name = HashMap::new();
        for (image, path) in &parts.of_images {
            let why = not_examined(path);
            let names = image_names(image).into_iter();
            by_name.extend(names.map(|name| (name, why.clone())));
        }
        for program in &report.programs {
            if let Some((names, why)) = parts.around(program) {
                by_name.extend(names.into_iter().map(|name| (name, why.clone())));
            }
        }
        Self { by_name }
    }

    /// What of the product of this name was not examined.
    pub fn why(&self, name: &str) -> Option<&str> {
        self.by_name.get(name).map(String::as_str)
    }
}

impl Parts<'_> {
    /// The names that a program shares with what is around it and was not examined: all if it is in an image, and that of the package that it is in.
    fn around(&self, program: &Program) -> Option<(Vec<String>, String)> {
        let location = &program.location;
        let (names, path) = match &location.image {
            Some(image) => (written_products(program), self.of_images.get(image)),
            None => {
                let package = program.owner.as_ref().and_then(purl::of_package);
                let file = location.file.as_deref().unwrap_or_default();
                let file = (location.target.as_str(), file);
                (package.into_iter().collect(), self.of_files.get(&file))
            }
        };
        let why = path.map(|path| not_examined(path));
        Some((names, why.or_else(|| self.option.clone())?))
    }
}

fn not_examined(path: &str) -> String {
    format!("{path} was not examined")
}
