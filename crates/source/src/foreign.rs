//! Formats that may hold programs but are only recognised, not read: files in them are reported as not examined.
//!
//! Must never: read more than the bytes that the caller passes, name a format that holds no programs, or decide by file name where the bytes
//! can decide.

use std::io;

use gospect_bytes::ReadAt;

/// First bytes in which every mark is found, except those of data after a program.
pub const DEEP: usize = 64 << 10;

/// The magic bytes of one format.
struct Mark {
    /// Offset of `bytes`.
    at: usize,
    bytes: &'static [u8],
    /// A further test, for short marks and for marks that a text may begin with.
    also: fn(&[u8]) -> bool,
    /// File name endings; empty allows all. Needed where other files in the same container hold no programs.
    only: &'static [&'static str],
    /// Name of the format with its article.
    name: &'static str,
}

const fn mark(at: usize, bytes: &'static [u8], name: &'static str) -> Mark {
    Mark {
        at,
        bytes,
        also: |_| true,
        only: &[],
        name,
    }
}

const fn checked(bytes: &'static [u8], name: &'static str, also: fn(&[u8]) -> bool) -> Mark {
    Mark {
        at: 0,
        bytes,
        also,
        only: &[],
        name,
    }
}

/// Marks in the first bytes. Sources: the specifications of the formats; for file systems `include/uapi/linux/magic.h` and the
/// superblock of each.
const MARKS: &[Mark] = &[
    mark(0, b"7z\xbc\xaf\x27\x1c", "a 7z archive"),
    mark(0, b"Rar!\x1a\x07", "a RAR archive"),
    // Frame descriptor: version 01, a reserved bit of 0 (LZ4 frame format 1.6.4).
    checked(b"\x04\x22\x4d\x18", "LZ4 data", |head| {
        head.get(4).is_some_and(|flags| flags & 0xc2 == 0x40)
    }),
    mark(0, b"\x02\x21\x4c\x18", "LZ4 data of the older form"),
    // Version 1 and a dictionary of 4 KiB to 512 MiB: a power of two less some sixteenths of it.
    checked(
        b"LZIP",
        "lzip data",
        |head| matches!(head.get(4..6), Some([0 | 1, size]) if (12..=29).contains(&(size & 0x1f))),
    ),
    mark(0, b"\x89LZO\0\r\n\x1a\n", "lzop data"),
    mark(0, b"LRZI\0", "lrzip data"),
    mark(0, b"\xff\x06\0\0sNaPpY", "Snappy data"),
    // Codes have 9 to 16 bits.
    checked(b"\x1f\x9d", "data of `compress`", |head| {
        head.get(2)
            .is_some_and(|flags| (9..=16).contains(&(flags & 0x1f)) && flags & 0x60 == 0)
    }),
    mark(
        0,
        b"PK\x07\x08PK\x03\x04",
        "the first part of a split zip archive",
    ),
    mark(0, b"MSCF\0\0\0\0", "a cabinet file"),
    mark(0, b"MSWIM\0\0\0", "a Windows image (WIM)"),
    // Length of the header, then version 1.
    checked(b"xar!", "a xar archive (such as a macOS package)", |head| {
        head.get(6..8) == Some(&[0, 1])
    }),
    mark(2, b"-lh5-", "an LHA archive"),
    mark(0, b"\x60\xea", "").only(&[".arj"], "an ARJ archive"),
    // An OLE compound file: installers, but also all documents of Microsoft Office before 2007.
    mark(0, b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "")
        .only(&[".msi", ".msm", ".msp"], "a Windows Installer package"),
    // Version 4.0 at offset 28.
    checked(b"hsqs", "a squashfs file system", |head| {
        head.get(28..32) == Some(&[4, 0, 0, 0])
    }),
    mark(0, b"sqsh", "").only(
        &[".squashfs", ".sqfs", ".img", ".snap"],
        "a squashfs file system",
    ),
    checked(b"\x45\x3d\xcd\x28", "a cramfs file system", |head| {
        head.get(16..32) == Some(b"Compressed ROMFS")
    }),
    mark(0, b"-rom1fs-", "a romfs file system"),
    mark(0, b"XFSB", "").only(&[".img", ".raw", ".xfs"], "an XFS file system"),
    mark(0, b"UBI#\x01\0\0\0", "a UBI image"),
    mark(0, b"\x31\x18\x10\x06", "a UBIFS file system"),
    mark(0, b"QFI\xfb\0\0\0", "a qcow2 disk image"),
    mark(0, b"KDMV", "").only(&[".vmdk"], "a VMDK disk image"),
    mark(0, b"COWD", "").only(&[".vmdk"], "a VMDK disk image"),
    mark(0, b"vhdxfile", "a VHDX disk image"),
    mark(0, b"conectix", "a VHD disk image"),
    mark(0, b"<<< ", "").only(&[".vdi"], "a VDI disk image"),
    mark(0, b"\x3a\xff\x26\xed\x01\0", "an Android sparse image"),
    mark(0, b"ANDROID!", "an Android boot image"),
    mark(0, b"LUKS\xba\xbe", "an encrypted LUKS volume"),
    mark(0, b"age-encryption.org/v1\n", "data encrypted with age"),
    mark(3, b"NTFS    ", "an NTFS file system"),
    mark(3, b"EXFAT   ", "an exFAT file system"),
    // An archive of Electron: the length of a number, then two lengths of the header, its text and that text (Chromium's pickle format).
    checked(b"\x04\0\0\0", "an Electron archive (asar)", |head| {
        head.get(16..25) == Some(b"{\"files\":")
    }),
    checked(b"#!", "a Singularity image", |head| {
        head.get(32..41) == Some(b"SIF_MAGIC")
    }),
    checked(b"#!", "a self-extracting archive (makeself)", |head| {
        let start = head.get(..head.len().min(512)).unwrap_or_default();
        memchr::memmem::find(start, b"Makeself").is_some()
    }),
    // A script has no zero bytes, and nearly every other data has one in its first hundreds of bytes.
    checked(b"#!", "a script with data behind it", |head| {
        memchr::memchr(0, head).is_some()
    }),
];

/// Marks further in, of disks and file systems; `may_be_disk` recognises their first bytes.
const DISKS: &[Mark] = &[
    mark(32769, b"CD001", "an ISO 9660 image"),
    mark(34817, b"CD001", "an ISO 9660 image"),
    mark(34817, b"NSR0", "a UDF image"),
    mark(36865, b"NSR0", "a UDF image"),
    mark(32769, b"BEA01", "a UDF image"),
    mark(512, b"EFI PART", "a disk image with a GUID partition table"),
    mark(
        4096,
        b"EFI PART",
        "a disk image with a GUID partition table",
    ),
    mark(1024, b"\xe2\xe1\xf5\xe0", "an EROFS file system"),
    mark(1024, b"\x10\x20\xf5\xf2", "an F2FS file system"),
    mark(512, b"LABELONE", "an LVM volume"),
    mark(1024, b"H+\0\x04", "an HFS+ file system"),
    mark(54, b"FAT1", "a FAT file system"),
    mark(82, b"FAT32", "a FAT file system"),
];

impl Mark {
    const fn only(mut self, only: &'static [&'static str], name: &'static str) -> Self {
        self.only = only;
        self.name = name;
        self
    }

    fn is_in(&self, head: &[u8], file_name: &[u8]) -> bool {
        let begins = head
            .get(self.at..)
            .is_some_and(|rest| rest.starts_with(self.bytes));
        begins
            && (self.only.is_empty() || self.only.iter().any(|end| ends_with(file_name, end)))
            && (self.also)(head)
    }
}

/// The first bytes of all marks: most files are rejected by this table alone.
const FIRST: [bool; 256] = {
    let mut first = [false; 256];
    let mut i = 0;
    while i < MARKS.len() {
        if MARKS[i].at == 0 {
            first[MARKS[i].bytes[0] as usize] = true;
        }
        i += 1;
    }
    first
};

/// Whether a name has this ending, ignoring case.
fn ends_with(name: &[u8], end: &str) -> bool {
    let start = name.len().checked_sub(end.len());
    let tail = start.and_then(|start| name.get(start..));
    tail.is_some_and(|tail| tail.eq_ignore_ascii_case(end.as_bytes()))
}

/// Whether the format of a file with these first bytes (512, or all of a shorter file) may show only further in, up to [`DEEP`]: a disk, a file
/// system, or a script with data behind it.
pub fn needs_more(head: &[u8]) -> bool {
    may_be_disk(head) || head.starts_with(b"#!")
}

/// Whether a file with these first bytes may be a disk or a file system. Those begin with zeros or a boot sector, and their marks are further in.
fn may_be_disk(head: &[u8]) -> bool {
    let boots = match head.get(510..512) {
        Some(end) => end == b"\x55\xaa",
        // A shorter head: the first byte of code in a boot sector.
        None => matches!(head.first(), Some(0xeb | 0xe9 | 0x33 | 0xfa | 0xfc | 0x45)),
    };
    boots || (head.first() == Some(&0) && head.iter().take(512).all(|&byte| byte == 0))
}

/// Names the format from the first bytes, up to [`DEEP`] of them if [`needs_more`]. `file_name` decides only between uses of a
/// container that nothing else tells apart.
pub fn name(head: &[u8], file_name: &[u8]) -> Option<&'static str> {
    let find = |marks: &[Mark]| {
        let found = marks.iter().find(|mark| mark.is_in(head, file_name));
        found.map(|mark| mark.name)
    };
    let may_start = head.first().is_some_and(|&byte| FIRST[usize::from(byte)]);
    // The three marks that do not start at offset 0.
    let has_inner = matches!(head.get(2), Some(b'-')) || matches!(head.get(3), Some(b'N' | b'E'));
    let found = if may_start || has_inner {
        find(MARKS)
    } else {
        None
    };
    found.or_else(|| {
        if may_be_disk(head) {
            find(DISKS)
                .or_else(|| ext(head))
                .or_else(|| partitions(head))
        } else if ends_with(file_name, ".dmg") {
            Some("an Apple disk image, by its name")
        } else {
            None
        }
    })
}

/// An ext2, ext3 or ext4 superblock: its magic number and an existing block size (`struct ext2_super_block`).
fn ext(head: &[u8]) -> Option<&'static str> {
    let block = head.get(1024..1024 + 64)?;
    let log_block = block.get(24..28)?;
    (block.get(56..58)? == b"\x53\xef" && matches!(log_block, [0..=6, 0, 0, 0]))
        .then_some("an ext file system")
}

/// A partition table in a boot sector: at least one entry is used, and every used one is plausible.
fn partitions(head: &[u8]) -> Option<&'static str> {
    let table = head.get(446..510)?;
    // A Linux kernel image also has a boot sector.
    if head.get(514..518) == Some(b"HdrS") || head.get(510..512) != Some(b"\x55\xaa") {
        return None;
    }
    let mut used = false;
    for entry in table.chunks_exact(16) {
        let number = |at: usize| {
            let bytes = entry.get(at..).and_then(|b| b.first_chunk::<4>());
            bytes.map_or(0, |b| u32::from_le_bytes(*b))
        };
        let (kind, start, size) = (entry.get(4)?, number(8), number(12));
        if !matches!(entry.first(), Some(0 | 0x80)) {
            return None;
        }
        used |= *kind != 0 && start > 0 && size > 0;
    }
    used.then_some("a disk image with partitions")
}

/// Names the format of a file with random access whose first bytes are `head`. Reads further bytes only if it [`needs_more`].
pub fn name_of(
    bytes: &dyn ReadAt,
    head: &[u8],
    file_name: &[u8],
) -> io::Result<Option<&'static str>> {
    if ends_with(file_name, ".dmg") {
        // The trailer of an Apple disk image (`UDIFResourceFile`).
        let mut trailer = [0; 4];
        let at = bytes.len().saturating_sub(512);
        if bytes.read_at(&mut trailer, at)? == 4 && &trailer == b"koly" {
            return Ok(Some("an Apple disk image"));
        }
    }
    if !needs_more(head) {
        return Ok(name(head, file_name));
    }
    let mut deep = vec![0; DEEP];
    let count = bytes.read_at(&mut deep, 0)?;
    let found = name(deep.get(..count).unwrap_or_default(), file_name);
    if found.is_some() {
        return Ok(found);
    }
    let mut mark = [0; 8];
    let read = bytes.read_at(&mut mark, 0x1_0040)?;
    Ok((read == mark.len() && &mark == b"_BHRfS_M").then_some("a Btrfs file system"))
}

/// Marks of data after a program, each found within so many bytes.
const BEHIND: &[(usize, &[u8], &str)] = &[
    (
        0,
        b"hsqs",
        "an AppImage or another program with a squashfs file system",
    ),
    (0, b"7z\xbc\xaf\x27\x1c", "a self-extracting 7z archive"),
    (0, b"Rar!\x1a\x07", "a self-extracting RAR archive"),
    (0, b"PK\x03\x04", "a self-extracting zip archive"),
    (0, b"MSCF\0\0\0\0", "a self-extracting cabinet file"),
    (4, b"\xef\xbe\xad\xdeNullsoftInst", "an NSIS installer"),
    (0, b"zlb\x1a", "an Inno Setup installer"),
    (0, b"idska32\x1a", "an Inno Setup installer"),
];

/// Names the data after a program that ends at `end`, or up to a page later.
pub fn behind(bytes: &dyn ReadAt, end: u64) -> Option<&'static str> {
    let mut head = [0; 16];
    bytes.read_at(&mut head, 0).ok()?;
    if head.starts_with(b"\x7fELF") {
        // AppImage specification, "type 1" and "type 2".
        match head.get(8..11) {
            Some(b"AI\x01") => return Some("an AppImage (type 1)"),
            Some(b"AI\x02") => return Some("an AppImage (type 2)"),
            _ => {}
        }
    }
    if end >= bytes.len() {
        return None;
    }
    let mut tail = [0; 4096 + 32];
    let count = bytes.read_at(&mut tail, end).ok()?;
    let tail = tail.get(..count)?;
    let starts = [0].into_iter().chain(
        [4, 8, 16, 512, 4096]
            .map(|align: u64| usize::try_from(end.next_multiple_of(align) - end).unwrap_or(0)),
    );
    for start in starts {
        let found = BEHIND.iter().find(|(at, magic, _)| {
            tail.get(start + at..)
                .is_some_and(|rest| rest.starts_with(magic))
        });
        if let Some((_, _, name)) = found {
            return Some(name);
        }
    }
    // A zip archive is recognised by the record at its end.
    let mut end_of_zip = [0; 4];
    let at = bytes.len().saturating_sub(22);
    let is_zip =
        at > end && bytes.read_at(&mut end_of_zip, at).ok()? == 4 && &end_of_zip == b"PK\x05\x06";
    is_zip.then_some("a self-extracting zip archive")
}

/// The message for a format that is recognised but not read.
pub fn detail(name: &str) -> String {
    format!("{name}: this format is not looked into")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(offset: usize, bytes: &[u8]) -> Vec<u8> {
        let mut head = vec![0; offset];
        head.extend_from_slice(bytes);
        head.resize(head.len().max(512) + 64, 0);
        head
    }

    #[test]
    fn every_mark_is_found_and_named() {
        for mark in MARKS {
            assert!(!mark.name.is_empty());
            let end = mark.only.first().copied().unwrap_or(".bin");
            let file_name = format!("name{end}");
            let mut head = at(mark.at, mark.bytes);
            // Bytes that make the further test succeed.
            match mark.bytes {
                b"\x04\x22\x4d\x18" => head[4] = 0x64,
                b"LZIP" => head[4..6].copy_from_slice(&[1, 0x15]),
                b"\x1f\x9d" => head[2] = 0x90,
                b"xar!" => head[4..8].copy_from_slice(&[0, 28, 0, 1]),
                b"hsqs" => head[28] = 4,
                b"\x45\x3d\xcd\x28" => head[16..32].copy_from_slice(b"Compressed ROMFS"),
                b"\x04\0\0\0" => head[16..25].copy_from_slice(b"{\"files\":"),
                b"#!" => continue,
                _ => {}
            }
            assert_eq!(
                name(&head, file_name.as_bytes()),
                Some(mark.name),
                "{}",
                mark.name
            );
            if !mark.only.is_empty() {
                assert_eq!(name(&head, b"name.doc"), None, "{}", mark.name);
            }
        }
    }

    #[test]
    fn data_behind_a_script_is_recognised_and_a_long_script_is_not() {
        let script = b"#!/bin/sh\ntail -n +3 $0 | tar xz\nexit\n".to_vec();
        let long = [script.clone(), b"# text\n".repeat(1000)].concat();
        assert_eq!(name_of(&long, &long[..512], b"x").unwrap(), None);
        let packed = [&long[..], b"\x1f\x8b\x08\0\0\0\0\0"].concat();
        assert!(needs_more(&packed[..512]));
        assert_eq!(
            name_of(&packed, &packed[..512], b"x.run").unwrap(),
            Some("a script with data behind it")
        );
    }

    #[test]
    fn disks_are_recognised_by_marks_further_in() {
        for mark in DISKS {
            let mut disk = at(mark.at, mark.bytes);
            disk[510..512].copy_from_slice(if mark.at == 54 || mark.at == 82 {
                b"\x55\xaa"
            } else {
                b"\0\0"
            });
            assert!(may_be_disk(&disk[..512]), "{}", mark.name);
            assert_eq!(name_of(&disk, &disk[..512], b"a").unwrap(), Some(mark.name));
        }
        let mut ext4 = at(1024 + 56, b"\x53\xef");
        ext4.resize(4096, 0);
        assert_eq!(name(&ext4, b""), Some("an ext file system"));
        let btrfs = at(0x1_0040, b"_BHRfS_M");
        assert_eq!(
            name_of(&btrfs, &btrfs[..512], b"").unwrap(),
            Some("a Btrfs file system")
        );
    }

    #[test]
    fn text_zeros_kernels_and_documents_are_not_recognised() {
        let ole = at(0, b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1");
        let mut kernel = at(510, b"\x55\xaa\0\0HdrS");
        kernel[446] = 0x80;
        kernel[450] = 0x83;
        for bytes in [
            b"LZIP is a compressor".to_vec(),
            b"#!/bin/sh\nexit 0\n".to_vec(),
            b"Rar! said the lion".to_vec(),
            vec![0; 70_000],
            kernel,
        ] {
            assert_eq!(
                name_of(&bytes, &bytes[..bytes.len().min(512)], b"x").unwrap(),
                None
            );
        }
        assert_eq!(name(&ole, b"letter.doc"), None);
        assert_eq!(
            name(&ole, b"Setup.MSI"),
            Some("a Windows Installer package")
        );
    }

    #[test]
    fn a_partitioned_disk_is_recognised_by_its_table() {
        let mut disk = at(510, b"\x55\xaa");
        disk[446] = 0x80;
        disk[450] = 0x83;
        disk[454..458].copy_from_slice(&2048u32.to_le_bytes());
        disk[458..462].copy_from_slice(&9999u32.to_le_bytes());
        assert_eq!(name(&disk, b""), Some("a disk image with partitions"));
        disk[462] = 7;
        assert_eq!(name(&disk, b""), None, "a state that no entry has");
    }

    #[test]
    fn data_behind_a_program_is_named() {
        let mut program = vec![0; 1000];
        program.extend_from_slice(b"PK\x03\x04");
        program.resize(3000, 1);
        assert_eq!(
            behind(&program, 1000),
            Some("a self-extracting zip archive")
        );
        assert_eq!(behind(&program, 3000), None);
        assert_eq!(behind(&program, u64::MAX), None);
        let mut aligned = vec![0; 1024];
        aligned.extend_from_slice(b"7z\xbc\xaf\x27\x1c");
        assert_eq!(behind(&aligned, 1000), Some("a self-extracting 7z archive"));
        let mut appimage = b"\x7fELF\x02\x01\x01\0AI\x02".to_vec();
        appimage.resize(64, 0);
        assert_eq!(behind(&appimage, 64), Some("an AppImage (type 2)"));
    }
}
