//! Directories for the walk: listed through an open handle, files opened relative to it.
//!
//! On Unix every call is relative to an open directory: a name is looked up once, and moving a directory during the walk changes
//! nothing. Elsewhere calls use paths.

use crate::listing::FileKind;
use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

/// Entries of a directory in memory before `take` removes some.
pub(crate) const MANY: usize = 32 << 10;

/// The result of `stat`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stat {
    /// Kind of the file.
    pub kind: FileKind,
    /// Size in bytes.
    pub size: u64,
    /// Device and inode; zeros where the system has none.
    pub id: (u64, u64),
    /// Number of hard links.
    pub links: u64,
    /// Permission and set-id bits.
    pub mode: Option<u32>,
    /// Owner and group.
    pub owner: Option<(u64, u64)>,
}

#[cfg(unix)]
pub use unix::Dir;

#[cfg(not(unix))]
pub use portable::Dir;

/// Opens a path that the user named: follows links and does not block on a FIFO.
///
/// # Errors
/// Errors of the system.
pub fn open_named(path: &Path) -> io::Result<File> {
    #[cfg(unix)]
    {
        use std::os::unix::fs::OpenOptionsExt;
        let flags = rustix::fs::OFlags::NONBLOCK | rustix::fs::OFlags::NOCTTY;
        File::options()
            .read(true)
            .custom_flags(flags.bits() as i32)
            .open(path)
    }
    #[cfg(not(unix))]
    File::open(path)
}

/// Reads a whole regular file of at most `most` bytes. The stated size decides nothing: files of `/proc` state zero and have more.
///
/// # Errors
/// Errors of the system, and when the path is not a regular file or the file has more bytes.
pub fn read_file(path: &Path, most: u64) -> io::Result<Vec<u8>> {
    let other = || io::Error::other("is not a regular file");
    // Opening a device can do something, so its kind is asked first; and again, if another file took its place.
    if !std::fs::metadata(path)?.is_file() {
        return Err(other());
    }
    let file = open_named(path)?;
    if !file.metadata()?.is_file() {
        return Err(other());
    }
    read_bounded(file, most)
}

/// Reads to the end, at most `most` bytes.
///
/// # Errors
/// Errors of the reader, and when it has more bytes.
pub fn read_bounded(reader: impl Read, most: u64) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    reader
        .take(most.saturating_add(1))
        .read_to_end(&mut bytes)?;
    match bytes.len() as u64 > most {
        true => Err(io::Error::other(format!("has more than {most} bytes"))),
        false => Ok(bytes),
    }
}

/// The stat in metadata of the standard library.
pub fn stat_of(metadata: &std::fs::Metadata) -> Stat {
    let kind = match metadata.file_type() {
        t if t.is_file() => FileKind::File,
        t if t.is_dir() => FileKind::Dir,
        t if t.is_symlink() => FileKind::Link,
        _ => FileKind::Special,
    };
    #[cfg(unix)]
    {
        use std::os::unix::fs::MetadataExt;
        Stat {
            kind,
            size: metadata.len(),
            id: (metadata.dev(), metadata.ino()),
            links: metadata.nlink(),
            mode: Some(metadata.mode() & 0o7777),
            owner: Some((metadata.uid().into(), metadata.gid().into())),
        }
    }
    #[cfg(not(unix))]
    Stat {
        kind,
        size: metadata.len(),
        id: (0, 0),
        links: 1,
        mode: None,
        owner: None,
    }
}

#[cfg(unix)]
mod unix {
    use super::super::listing::Listing;
    use super::{FileKind, MANY, Stat};
    use rustix::fs::{AtFlags, FileType, Mode, OFlags};
    use std::ffi::OsStr;
    use std::fs::File;
    use std::io;
    use std::os::fd::OwnedFd;
    use std::os::unix::ffi::OsStrExt;
    use std::path::Path;

    /// File systems that describe the kernel and store no files: their files are not evidence and reading them may block.
    #[cfg(target_os = "linux")]
    const PSEUDO: &[(u64, &str)] = &[
        (0x9fa0, "proc"),
        (0x6265_6572, "sysfs"),
        (0x1cd1, "devpts"),
        (0x0027_e0eb, "cgroup"),
        (0x6367_7270, "cgroup2"),
        (0x6462_6720, "debugfs"),
        (0x7472_6163, "tracefs"),
        (0x7363_6673, "securityfs"),
        (0x6165_676c, "pstore"),
        (0xcafe_4a11, "bpf"),
        (0x6265_6570, "configfs"),
        (0x1980_0202, "mqueue"),
        (0xf97c_ff8c, "selinuxfs"),
        (0x6573_5543, "fusectl"),
        (0x4249_4e4d, "binfmt_misc"),
        (0x958_458f6, "hugetlbfs"),
    ];

    /// An open directory.
    pub struct Dir(OwnedFd);

    const DIRECTORY: OFlags = OFlags::RDONLY
        .union(OFlags::DIRECTORY)
        .union(OFlags::CLOEXEC);

    impl Dir {
        /// Opens a directory that the user named; follows links.
        pub fn open(path: &Path) -> io::Result<Self> {
            Ok(Self(rustix::fs::open(path, DIRECTORY, Mode::empty())?))
        }

        /// Opens a directory inside this one. The flag is true when it is certainly on the same mount, which saves a stat.
        pub fn child(&self, name: &OsStr, follow: bool) -> io::Result<(Self, bool)> {
            let flags = if follow {
                DIRECTORY
            } else {
                DIRECTORY | OFlags::NOFOLLOW
            };
            // `openat2` (Linux 5.6) refuses to cross into another mount. After any refusal, `openat` decides.
            #[cfg(target_os = "linux")]
            if let Ok(dir) = rustix::fs::openat2(
                &self.0,
                name,
                flags,
                Mode::empty(),
                rustix::fs::ResolveFlags::NO_XDEV,
            ) {
                return Ok((Self(dir), true));
            }
            let dir = rustix::fs::openat(&self.0, name, flags, Mode::empty())?;
            Ok((Self(dir), false))
        }

        /// Every entry but `.` and `..`, in no order; `take` removes entries when there are many. Entries read before an error are
        /// kept.
        #[cfg(target_os = "linux")]
        pub fn list(&self, take: &mut dyn FnMut(&mut Listing)) -> (Listing, Option<io::Error>) {
            let mut entries = Listing::default();
            let mut buffer = [const { std::mem::MaybeUninit::uninit() }; 32 << 10];
            let mut listing = rustix::fs::RawDir::new(&self.0, &mut buffer);
            while let Some(entry) = listing.next() {
                match entry {
                    Ok(entry) => listed(
                        entry.file_name().to_bytes(),
                        entry.file_type(),
                        &mut entries,
                        take,
                    ),
                    Err(e) => return (entries, Some(e.into())),
                }
            }
            (entries, None)
        }

        /// Every entry but `.` and `..`, in no order; `take` removes entries when there are many. Entries read before an error are
        /// kept.
        #[cfg(not(target_os = "linux"))]
        pub fn list(&self, take: &mut dyn FnMut(&mut Listing)) -> (Listing, Option<io::Error>) {
            let mut entries = Listing::default();
            let listing = match rustix::fs::Dir::read_from(&self.0) {
                Ok(listing) => listing,
                Err(e) => return (entries, Some(e.into())),
            };
            for entry in listing {
                match entry {
                    Ok(entry) => listed(
                        entry.file_name().to_bytes(),
                        entry.file_type(),
                        &mut entries,
                        take,
                    ),
                    Err(e) => return (entries, Some(e.into())),
                }
            }
            (entries, None)
        }

        /// The stat of an entry.
        pub fn stat(&self, name: &OsStr, follow: bool) -> io::Result<Stat> {
            let flags = if follow {
                AtFlags::empty()
            } else {
                AtFlags::SYMLINK_NOFOLLOW
            };
            Ok(stat(&rustix::fs::statat(&self.0, name, flags)?))
        }

        /// The stat of the directory itself.
        pub(crate) fn stat_self(&self) -> io::Result<Stat> {
            Ok(stat(&rustix::fs::fstat(&self.0)?))
        }

        /// Opens a file for reading. Does not block if the file has meanwhile become a FIFO.
        pub fn open_file(&self, name: &OsStr, follow: bool) -> io::Result<File> {
            let mut flags = OFlags::RDONLY | OFlags::NONBLOCK | OFlags::NOCTTY | OFlags::CLOEXEC;
            if !follow {
                flags |= OFlags::NOFOLLOW;
            }
            Ok(rustix::fs::openat(&self.0, name, flags, Mode::empty())?.into())
        }

        /// Name of the kernel's pseudo file system that this directory is on, if it is on one.
        #[cfg(target_os = "linux")]
        pub fn pseudo(&self) -> Option<&'static str> {
            let stat = rustix::fs::fstatfs(&self.0).ok()?;
            let kind = (stat.f_type as u64) & 0xffff_ffff;
            PSEUDO.iter().find(|p| p.0 == kind).map(|p| p.1)
        }

        /// Only Linux mounts such file systems under recognisable types.
        #[cfg(not(target_os = "linux"))]
        pub fn pseudo(&self) -> Option<&'static str> {
            None
        }
    }

    fn listed(
        name: &[u8],
        kind: FileType,
        entries: &mut Listing,
        take: &mut dyn FnMut(&mut Listing),
    ) {
        if name != b"." && name != b".." {
            let kind = (kind != FileType::Unknown).then(|| kind_of(kind));
            entries.push(OsStr::from_bytes(name), kind);
            if entries.len() == MANY {
                take(entries);
            }
        }
    }

    fn kind_of(kind: FileType) -> FileKind {
        match kind {
            FileType::RegularFile => FileKind::File,
            FileType::Directory => FileKind::Dir,
            FileType::Symlink => FileKind::Link,
            _ => FileKind::Special,
        }
    }

    #[allow(clippy::unnecessary_cast, clippy::useless_conversion)] // Widths differ from system to system.
    fn stat(stat: &rustix::fs::Stat) -> Stat {
        Stat {
            kind: kind_of(FileType::from_raw_mode(stat.st_mode as _)),
            size: u64::try_from(stat.st_size).unwrap_or(0),
            id: (stat.st_dev as u64, stat.st_ino as u64),
            links: stat.st_nlink as u64,
            mode: Some(stat.st_mode as u32 & 0o7777),
            owner: Some((stat.st_uid.into(), stat.st_gid.into())),
        }
    }
}

#[cfg(not(unix))]
mod portable {
    use super::super::listing::Listing;
    use super::{FileKind, MANY, Stat, stat_of};
    use std::ffi::OsStr;
    use std::fs::{self, File};
    use std::io;
    use std::path::{Path, PathBuf};

    /// A directory, by its path.
    pub struct Dir(PathBuf);

    impl Dir {
        /// Opens a directory that the user named.
        pub fn open(path: &Path) -> io::Result<Self> {
            fs::read_dir(path)?;
            Ok(Self(path.to_owned()))
        }

        /// Opens a directory inside this one; the flag is false because the file system is not known.
        pub fn child(&self, name: &OsStr, _follow: bool) -> io::Result<(Self, bool)> {
            Ok((Self::open(&self.0.join(name))?, false))
        }

        /// Every entry, in no order; `take` removes entries when there are many.
        pub fn list(&self, take: &mut dyn FnMut(&mut Listing)) -> (Listing, Option<io::Error>) {
            let mut entries = Listing::default();
            let listing = match fs::read_dir(&self.0) {
                Ok(listing) => listing,
                Err(e) => return (entries, Some(e)),
            };
            for entry in listing {
                match entry {
                    Ok(e) => {
                        let kind = e.file_type().ok().map(|t| match t {
                            t if t.is_file() => FileKind::File,
                            t if t.is_dir() => FileKind::Dir,
                            _ => FileKind::Link,
                        });
                        entries.push(&e.file_name(), kind);
                        if entries.len() == MANY {
                            take(&mut entries);
                        }
                    }
                    Err(e) => return (entries, Some(e)),
                }
            }
            (entries, None)
        }

        /// The stat of an entry.
        pub fn stat(&self, name: &OsStr, follow: bool) -> io::Result<Stat> {
            let path = self.0.join(name);
            let metadata = if follow {
                fs::metadata(path)?
            } else {
                fs::symlink_metadata(path)?
            };
            Ok(stat_of(&metadata))
        }

        /// The stat of the directory itself.
        pub(crate) fn stat_self(&self) -> io::Result<Stat> {
            Ok(stat_of(&fs::metadata(&self.0)?))
        }

        /// Opens a file for reading.
        pub fn open_file(&self, name: &OsStr, _follow: bool) -> io::Result<File> {
            File::open(self.0.join(name))
        }

        /// Other systems have none.
        pub fn pseudo(&self) -> Option<&'static str> {
            None
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_are_read_up_to_a_bound_whatever_size_they_state() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("file");
        std::fs::write(&file, b"12345678").unwrap();
        assert_eq!(read_file(&file, 8).unwrap(), b"12345678");
        let longer = read_file(&file, 7).unwrap_err();
        assert_eq!(longer.to_string(), "has more than 7 bytes");
        assert!(read_file(folder.path(), 8).is_err());
        assert!(read_file(&folder.path().join("none"), 8).is_err());
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn endless_files_pipes_and_devices_end_at_once() {
        let folder = tempfile::tempdir().unwrap();
        // States no bytes and has more.
        let maps = read_file(Path::new("/proc/self/maps"), 16).unwrap_err();
        assert_eq!(maps.to_string(), "has more than 16 bytes");
        let zeros = folder.path().join("zeros");
        std::os::unix::fs::symlink("/dev/zero", &zeros).unwrap();
        assert_eq!(
            read_file(&zeros, 16).unwrap_err().to_string(),
            "is not a regular file"
        );
        let pipe = folder.path().join("pipe");
        let made = std::process::Command::new("mkfifo").arg(&pipe).status();
        assert!(made.unwrap().success());
        assert_eq!(
            read_file(&pipe, 16).unwrap_err().to_string(),
            "is not a regular file"
        );
    }
}
