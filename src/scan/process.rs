//! Running programs: examined like files, with their real environment.

use super::event::WaitingEvent;
use super::place::{Opened, PackageDatabase};
use super::program::Content;
use super::{Event, Examiner, error_text};
use crate::bytes::{FileBytes, ReadAt};
use crate::record::environment;
use crate::source::dir::Stat;
use crate::source::listing::FileKind;
use crate::source::process::{OnDisk, Process};
use std::os::unix::fs::MetadataExt as _;
use std::path::Path;
use std::sync::atomic::Ordering;

impl Examiner<'_> {
    /// A running program.
    pub(crate) fn process(
        &self,
        process: &Process,
        target: &str,
        deliver: &mut dyn FnMut(WaitingEvent),
    ) {
        self.counters.tally.files.fetch_add(1, Ordering::Relaxed);
        // The path is as the process sees it; it is a path of this root only if it leads to the same file here.
        let here = std::fs::metadata(&process.path)
            .is_ok_and(|meta| (meta.dev(), meta.ino()) == process.identity);
        let opened = Opened {
            named: false,
            packages: match process.on_disk {
                OnDisk::Same if here => PackageDatabase::Nearest,
                OnDisk::Same => PackageDatabase::Of(format!("/proc/{}/root", process.pid).into()),
                _ => PackageDatabase::No,
            },
            ..Opened::file(&process.path, target, false)
        };
        let stat = Stat {
            kind: FileKind::File,
            size: process.bytes.len(),
            id: process.identity,
            links: 1,
            mode: None,
            owner: Some((process.uid, process.gid)),
        };
        let content = self.program(&process.bytes, true, self.counters);
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
        self.deliver(content, Some(&stat), &opened, &mut |event| {
            let mut event = event.open();
            if let Event::Program(program) = &mut event {
                program.place.location.pid = Some(process.pid);
                let record = &mut program.record;
                environment::assume(record, &variables, environment::EnvironmentSource::Process);
                if process.env.is_none() {
                    record.notes.push(
                        "its environment may not be read: effective settings are those without one"
                            .to_owned(),
                    );
                }
                if let Some(now) = &on_disk {
                    let runs = record.go_version.as_deref().unwrap_or("an unknown Go");
                    record.notes.push(format!("runs {runs}; {now}"));
                }
            }
            deliver(event.into());
        });
    }

    /// Describes the file on disk that replaced a running program.
    fn replaced_by(&self, path: &Path) -> String {
        let content = std::fs::File::open(path)
            .and_then(FileBytes::open)
            .map(|bytes| self.program(&bytes, true, self.counters));
        match content {
            Ok(Content::Go(found, _)) => {
                let first = found.into_iter().next();
                let record = first.and_then(|program| program.record.open().ok());
                let version = record.and_then(|record| record.go_version);
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
