//! Running programs: examined as files are, with the environment that they really have.

use super::delivery::Delivery;
use super::place::{Outer, Packages};
use super::program::Content;
use super::{Event, Examiner, error_text};
use crate::bytes::{FileBytes, ReadAt};
use crate::record::environment;
use crate::source::dir::{Kind, Stat};
use crate::source::process::{OnDisk, Process};
use std::os::unix::fs::MetadataExt as _;
use std::path::Path;
use std::sync::atomic::Ordering;

impl Examiner<'_> {
    /// A running program.
    pub(crate) fn process(&self, process: &Process, target: &str, tell: &mut dyn FnMut(Delivery)) {
        self.counters.tally.files.fetch_add(1, Ordering::Relaxed);
        // The path is that of the process; only where it leads to the same file here it is one of this root.
        let here = std::fs::metadata(&process.path)
            .is_ok_and(|meta| (meta.dev(), meta.ino()) == process.identity);
        let outer = Outer {
            named: false,
            packages: match process.on_disk {
                OnDisk::Same if here => Packages::Nearest,
                OnDisk::Same => Packages::Of(format!("/proc/{}/root", process.pid).into()),
                _ => Packages::No,
            },
            ..Outer::file(&process.path, target, false)
        };
        let stat = Stat {
            kind: Kind::File,
            size: process.bytes.len(),
            id: process.identity,
            links: 1,
            mode: None,
            owner: Some((process.uid, process.gid)),
        };
        let content = self.program(&process.bytes, true);
        if matches!(content, Content::NotGo(_)) {
            return self.count_not_go();
        }
        let mut variables: Vec<(String, String)> = process
            .env
            .iter()
            .flatten()
            .filter_map(|e| e.split_once('=').map(|(k, v)| (k.to_owned(), v.to_owned())))
            .collect();
        variables.extend(self.options.environment.iter().cloned());
        let on_disk = match process.on_disk {
            OnDisk::Same | OnDisk::Unknown => None,
            OnDisk::Deleted => Some("the file that runs was deleted from disk".to_owned()),
            OnDisk::Replaced => Some(self.replaced_by(&process.on_disk_path)),
        };
        self.tell(
            content,
            Some(&stat),
            &outer,
            &mut |told| match told.event() {
                Event::Binary(mut binary) => {
                    binary.location.pid = Some(process.pid);
                    environment::assume(&mut binary, &variables, environment::Place::Process);
                    if process.env.is_none() {
                        binary.notes.push(
                        "its environment may not be read: effective settings are those without one"
                            .to_owned(),
                    );
                    }
                    if let Some(now) = &on_disk {
                        let runs = binary.go_version.as_deref().unwrap_or("an unknown Go");
                        binary.notes.push(format!("runs {runs}; {now}"));
                    }
                    tell(Event::Binary(binary).into());
                }
                other => tell(other.into()),
            },
        );
    }

    /// What stands on disk in the place of a running program.
    fn replaced_by(&self, path: &Path) -> String {
        let content = std::fs::File::open(path)
            .and_then(FileBytes::open)
            .map(|bytes| self.program(&bytes, true));
        match content {
            Ok(Content::Go(found, _)) => {
                let first = found.into_iter().next();
                let binary = first.and_then(|program| program.record.into_binary().ok());
                let version = binary.and_then(|binary| binary.go_version);
                format!(
                    "on disk is a newer copy, built with {}",
                    version.as_deref().unwrap_or("an unknown Go")
                )
            }
            Ok(_) => "on disk is another file that is not Go".to_owned(),
            Err(e) => format!(
                "on disk is another file, which cannot be read: {}",
                error_text(&e)
            ),
        }
    }
}
