//! Products of which not everything was examined: what is stated of them as a whole may not be true of the rest.

use gospect_record::{ImageRef, Location, purl};
use gospect_vuln::vex::{image_names, written_products};
use gospect_vuln::{Program, Report};
use std::collections::HashMap;

/// The names of such products, each with what was not examined.
pub(super) struct Unseen<'r> {
    by_name: HashMap<String, String>,
    parts: Parts<'r>,
}

/// What is not examined in an image or in the file of a package.
struct Parts<'r> {
    of_images: HashMap<&'r ImageRef, &'r str>,
    /// By target and file.
    of_files: HashMap<(&'r str, &'r str), &'r str>,
    /// The option that leaves out parts of every image and package.
    option: Option<String>,
}

impl<'r> Unseen<'r> {
    /// Those of a run.
    pub fn of(report: &'r Report) -> Self {
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
        let images = report.programs.iter().map(|p| &p.location.image);
        let names = images.flatten().flat_map(image_names);
        // A name without a digest is a tag.
        let tags = names.filter(|name| report.has_one_platform && !name.contains('@'));
        by_name.extend(tags.map(|tag| (tag, "--platform is given".to_owned())));
        for program in &report.programs {
            if let Some((names, why)) = parts.around(program) {
                by_name.extend(names.into_iter().map(|name| (name, why.clone())));
            }
        }
        Self { by_name, parts }
    }

    /// What of the product of this name was not examined.
    pub fn why(&self, name: &str) -> Option<&str> {
        self.by_name.get(name).map(String::as_str)
    }

    /// What of the image, archive or package that a program is in was not examined. A bill of it has the modules of the program, and may lack uses of them.
    pub fn around(&self, program: &Program) -> Option<String> {
        let location = &program.location;
        let is_part = location.image.is_some() || !location.entry.is_empty();
        is_part.then(|| self.parts.why(location)).flatten()
    }
}

impl Parts<'_> {
    /// The names that a program shares with what is around it and was not examined: all if it is in an image, and that of the package that it is in.
    fn around(&self, program: &Program) -> Option<(Vec<String>, String)> {
        let location = &program.location;
        let names = match &location.image {
            Some(_) => written_products(program),
            None => {
                let package = program.owner.as_ref().and_then(purl::of_package);
                package.into_iter().collect()
            }
        };
        Some((names, self.why(location)?))
    }

    /// What of the image or file was not examined.
    fn why(&self, location: &Location) -> Option<String> {
        let path = match &location.image {
            Some(image) => self.of_images.get(image),
            None => {
                let file = location.file.as_deref().unwrap_or_default();
                self.of_files.get(&(location.target.as_str(), file))
            }
        };
        let why = path.map(|path| not_examined(path));
        why.or_else(|| self.option.clone())
    }
}

fn not_examined(path: &str) -> String {
    format!("{path} was not examined")
}
