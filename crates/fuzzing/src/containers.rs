//! Archives, compressed streams and images.

use gospect_bytes::{Budget, Limits, ReadAt};
use gospect_source::archive::{
    ArchiveError, Candidate, Feed, Input, Place, Receiver, Scope, Walker, Want,
    cpio as cpio_format, deb as deb_format, decompress, rpm as rpm_format, tar as tar_format,
    zip as zip_format,
};
use gospect_source::image::{self, Examine, Payload};
use sha2::{Digest, Sha256};
use std::io::{self, Read};
use tar_format::{Ending, Flow};

/// Small enough that an input that expands as far as it may takes no time.
pub(super) const LIMITS: Limits = Limits {
    build_info: 1 << 20,
    executable: 16 << 20,
    unpacked: 1 << 20,
    entries: 10_000,
    entry_size: 1 << 20,
    expanded: 4 << 20,
    ratio: 1000,
    depth: 4,
    path: 4096,
    window: 8 << 20,
    metadata: 1 << 20,
};

fn scope() -> Scope {
    Scope::new(LIMITS, Budget::new(64 << 20))
}

fn drain(reader: &mut dyn Read) -> io::Result<()> {
    let read = io::copy(reader, &mut io::sink())?;
    assert!(read <= LIMITS.expanded.max(64 << 20), "{read} bytes");
    Ok(())
}

fn check_message(error: &ArchiveError) {
    assert!(!error.detail.is_empty());
}

/// Reads a tar archive whose headers have been given their right checksums: without that no mutation gets far.
pub fn tar(data: &[u8]) {
    let mut sealed = data.to_vec();
    for block in sealed.as_chunks_mut::<512>().0 {
        if block.get(257..262) == Some(b"ustar") {
            seal(block);
        }
    }
    for bytes in [data, &sealed] {
        for ending in [Ending::Stream, Ending::Marker] {
            let scope = scope();
            let result = tar_format::read(&mut Feed::at(&bytes), &scope, ending, &mut |_, body| {
                drain(body)?;
                Ok(Flow::Continue)
            });
            result.err().iter().for_each(check_message);
        }
    }
    walk(&sealed);
}

fn seal(block: &mut [u8; 512]) {
    if let Some(field) = block.get_mut(148..156) {
        field.fill(b' ');
    }
    let sum: u32 = block.iter().map(|&b| u32::from(b)).sum();
    if let Some(field) = block.get_mut(148..155) {
        field.copy_from_slice(format!("{sum:06o}\0").as_bytes());
    }
}

/// Reads a zip archive.
pub fn zip(data: &[u8]) {
    let scope = scope();
    let result = zip_format::read(&data, &scope, &mut |_, content| {
        if let Ok(content) = content {
            let _ = drain(content);
        }
        Ok(Flow::Continue)
    });
    result.err().iter().for_each(check_message);
    if result_is_zip(data) {
        walk(data);
    }
}

fn result_is_zip(data: &[u8]) -> bool {
    data.starts_with(b"PK")
}

/// Reads a cpio archive.
pub fn cpio(data: &[u8]) {
    let scope = scope();
    let result = cpio_format::read(&mut Feed::at(&data), &scope, &|_| None, &mut |_, body| {
        drain(body)?;
        Ok(Flow::Continue)
    });
    result.err().iter().for_each(check_message);
    walk(data);
}

/// Reads a Debian package.
pub fn deb(data: &[u8]) {
    let scope = scope();
    let result = deb_format::read(
        &mut Feed::at(&data),
        &scope,
        &mut |member, body| match member {
            deb_format::Member::Control => {
                let _ = deb_format::control(&mut Feed::new(body), &scope);
                Ok(())
            }
            deb_format::Member::Data => drain(body),
        },
    );
    result.err().iter().for_each(check_message);
    walk(data);
}

/// Reads an RPM package.
pub fn rpm(data: &[u8]) {
    match rpm_format::read_header(&mut Feed::at(&data), &LIMITS) {
        Ok(header) => {
            let _ = (header.codec(), header.payload());
            for index in [0, 1, u32::MAX] {
                let _ = header.file(index);
            }
        }
        Err(error) => check_message(&error),
    }
    walk(data);
}

/// Undoes every compression.
pub fn codec(data: &[u8]) {
    let scope = scope();
    match decompress(Box::new(data), &scope) {
        Ok(mut stream) => {
            let _ = io::copy(&mut stream, &mut io::sink());
        }
        Err(error) => check_message(&error),
    }
    assert!(scope.expanded() <= LIMITS.expanded + (1 << 20));
}

/// Whatever it is, with everything nested in it.
pub fn archive(data: &[u8]) {
    walk(data);
}

/// Wants all that looks like a program, and reads it.
pub(super) struct Taker;

fn read_all(bytes: &dyn ReadAt) {
    let mut buf = [0; 4096];
    let mut at = 0;
    while let Ok(n) = bytes.read_at(&mut buf, at)
        && n > 0
    {
        at += n as u64;
    }
    assert!(at <= bytes.len());
}

fn want(head: &[u8]) -> Want {
    match head.first() {
        Some(0x7f) => Want::Whole,
        Some(0xcf) => Want::KeptRanges(vec![100..200, 9000..10_000]),
        _ => Want::Skip,
    }
}

impl Receiver for Taker {
    fn entry_seen(&self, _: &Place, _: u64) {}

    fn wants(&self, _: &Place, head: &[u8], _: Option<u64>) -> Want {
        want(head)
    }

    fn candidate(&self, candidate: &Candidate<'_>) {
        read_all(candidate.bytes);
    }

    fn alias(&self, _: &Place, _: &Place) {}

    fn unexamined(&self, _: &Place, problem: &ArchiveError) {
        check_message(problem);
    }
}

/// What is carried of a program.
#[derive(Clone)]
pub(super) struct Nothing;

impl Payload for Nothing {}

impl Examine<Nothing> for Taker {
    fn wants(&self, _: &Place, head: &[u8], _: Option<u64>) -> Want {
        want(head)
    }

    fn examine(&self, candidate: &Candidate<'_>) -> Vec<Result<Nothing, ArchiveError>> {
        read_all(candidate.bytes);
        vec![Ok(Nothing)]
    }
}

/// As a file, and as a stream.
fn walk(data: &[u8]) {
    let scope_of_file = scope();
    let walker = Walker {
        receiver: &Taker,
        scope: &scope_of_file,
    };
    walker.walk(Input::Random(&data), &Place::default());
    let scope_of_stream = scope();
    let walker = Walker {
        receiver: &Taker,
        scope: &scope_of_stream,
    };
    walker.walk(Input::Stream(&mut { data }), &Place::default());
}

/// Reads an image from a tar archive that is made here, with right checksums and digests, out of a short form: for
/// each member the lengths of its name and of its body (two bytes), its type, name and body. `$N` stands for the digits
/// of the digest of member N, in names for those of the member itself.
pub fn image(data: &[u8]) {
    let archive = image_archive(data);
    let mut options = image::ImageOptions::new("fuzz");
    options.limits = LIMITS;
    options.budget = Budget::new(64 << 20);
    options.verify_diffid = data.len() & 1 == 1;
    for scan in [
        image::scan_stream(&mut Feed::at(&archive), &options, &Taker),
        image::scan_archive(&archive, &options, &Taker),
    ] {
        for problem in scan
            .problems
            .iter()
            .chain(scan.images.iter().flat_map(|i| &i.problems))
        {
            assert!(!problem.error.detail.is_empty());
        }
    }
}

fn image_archive(mut data: &[u8]) -> Vec<u8> {
    let mut archive = Vec::new();
    let mut digests: Vec<String> = Vec::new();
    while let Some((&[name_len, low, high, flag], rest)) = data.split_first_chunk::<4>() {
        let (name, rest) = rest.split_at(usize::from(name_len % 100).min(rest.len()));
        let size = usize::from(u16::from_le_bytes([low, high]));
        let (body, rest) = rest.split_at(size.min(rest.len()));
        data = rest;
        let body = fill(body, &digests);
        let own = digest(&body);
        let name = fill(name, &vec![own.clone(); 10]);
        digests.push(own);
        let mut block = [0; 512];
        let mut put = |at: usize, field: &[u8]| {
            if let Some(target) = block.get_mut(at..at + field.len()) {
                target.copy_from_slice(field);
            }
        };
        put(0, name.get(..name.len().min(100)).unwrap_or_default());
        put(100, b"0000644\0");
        put(124, format!("{:011o}\0", body.len()).as_bytes());
        put(
            156,
            &[if flag.is_ascii_alphanumeric() {
                flag
            } else {
                b'0'
            }],
        );
        put(257, b"ustar\0");
        put(263, b"00");
        if matches!(flag, b'1' | b'2') {
            put(157, body.get(..body.len().min(100)).unwrap_or_default());
            put(124, b"00000000000\0");
        }
        seal(&mut block);
        archive.extend(block);
        if !matches!(flag, b'1' | b'2') {
            archive.extend(&body);
            archive.resize(archive.len().next_multiple_of(512), 0);
        }
    }
    archive.resize(archive.len() + 1024, 0);
    archive
}

/// The digits of a digest.
pub(super) fn digest(bytes: &[u8]) -> String {
    let digest = Sha256::digest(bytes);
    digest.iter().map(|b| format!("{b:02x}")).collect()
}

/// Puts the digits in for `$N`.
pub(super) fn fill(text: &[u8], digests: &[String]) -> Vec<u8> {
    let mut out = Vec::new();
    let mut rest = text.iter();
    while let Some(&byte) = rest.next() {
        let mut ahead = rest.clone();
        let digest = ahead
            .next()
            .filter(|_| byte == b'$')
            .and_then(|n| digests.get(usize::from(n.wrapping_sub(b'0'))));
        match digest {
            Some(digest) => {
                out.extend(digest.as_bytes());
                rest = ahead;
            }
            None => out.push(byte),
        }
    }
    out
}
