//! The database that `gospect db update` stores in the cache folder of the user.

use super::error::LoadError;
use crate::source::dir::read_file;
use crate::vuln::database::Database;
use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

/// Longest file that is read.
const MAX_BYTES: u64 = 64 << 20;

/// The cache folder of the program.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cache {
    folder: PathBuf,
}

impl Cache {
    /// A cache in this folder, which is created on the first write.
    pub fn at(folder: impl Into<PathBuf>) -> Self {
        Self {
            folder: folder.into(),
        }
    }

    /// The cache folder of the user: `gospect` in `XDG_CACHE_HOME` or `~/.cache`, in `~/Library/Caches` on macOS, in `LOCALAPPDATA` on
    /// Windows. `None`: there is none.
    pub fn of_user() -> Option<Self> {
        let variable = |name: &str| {
            let value = std::env::var_os(name).filter(|v| !v.is_empty())?;
            // The XDG specification ignores relative paths, and so does os.UserCacheDir of Go.
            Some(PathBuf::from(value)).filter(|path| path.is_absolute())
        };
        let folder = if cfg!(windows) {
            variable("LOCALAPPDATA")?
        } else if cfg!(target_vendor = "apple") {
            variable("HOME")?.join("Library/Caches")
        } else {
            variable("XDG_CACHE_HOME").or_else(|| Some(variable("HOME")?.join(".cache")))?
        };
        Some(Self::at(folder.join("gospect")))
    }

    /// The folder.
    #[cfg(feature = "registry")]
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// The file of the database.
    pub fn file(&self) -> PathBuf {
        self.folder.join("vulndb.bin")
    }

    /// Reads the database; `None`: there is none yet, or only one in the form of another version of gospect.
    ///
    /// # Errors
    /// When it cannot be read or is damaged.
    pub fn read(&self) -> Result<Option<Database>, LoadError> {
        let path = self.file();
        let place = path.to_string_lossy();
        let size = match fs::metadata(&path) {
            Ok(kind) if kind.is_file() => kind.len(),
            Ok(_) => {
                let error = io::Error::other("is not a regular file");
                return Err(LoadError::io(&place, &error));
            }
            Err(e) if e.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(e) if e.kind() == io::ErrorKind::NotADirectory => return Ok(None),
            Err(e) => return Err(LoadError::io(&place, &e)),
        };
        if size > MAX_BYTES {
            let why = format!("{size} bytes, at most {MAX_BYTES} are read");
            return Err(LoadError::too_much(&place, why));
        }
        let data = read_file(&path, MAX_BYTES).map_err(|e| LoadError::io(&place, &e))?;
        if Database::is_other_form(&data) {
            return Ok(None);
        }
        let database = Database::open(data).map_err(|why| LoadError::damaged(&place, why))?;
        Ok(Some(database))
    }

    /// Writes a database. Processes that read at the same time see either the old or the new one.
    ///
    /// # Errors
    /// When the folder or file cannot be written.
    pub fn write(&self, database: &Database) -> Result<(), LoadError> {
        self.put(Path::new("vulndb.bin"), database.as_bytes())
            .map_err(|e| LoadError::io(&self.file().to_string_lossy(), &e))
    }

    /// Replaces a file of the cache, so that it is never half written.
    pub(crate) fn put(&self, name: &Path, bytes: &[u8]) -> io::Result<()> {
        let path = self.folder.join(name);
        let folder = path.parent().unwrap_or(&self.folder);
        fs::create_dir_all(folder)?;
        let mut file = tempfile::NamedTempFile::new_in(folder)?;
        file.write_all(bytes)?;
        file.as_file().sync_all()?;
        file.persist(&path).map_err(|e| e.error)?;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_database_in_the_form_of_another_version_is_none() {
        let folder = tempfile::tempdir().unwrap();
        let cache = Cache::at(folder.path());
        assert!(cache.read().unwrap().is_none());
        let database = Database::builtin().unwrap();
        cache.write(&database).unwrap();
        let read = cache.read().unwrap().unwrap();
        assert_eq!(read.len(), database.len());
        for (front, is_error) in [("gspvuln1", false), ("gspvuln9", false), ("another1", true)] {
            let mut bytes = database.as_bytes().to_vec();
            bytes[..8].copy_from_slice(front.as_bytes());
            fs::write(cache.file(), bytes).unwrap();
            assert_eq!(cache.read().is_err(), is_error, "{front}");
        }
    }
}
