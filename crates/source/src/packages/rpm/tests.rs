use super::super::testing::Memory;
use super::super::{DatabaseLimits, Databases};
use super::read_any;
use gospect_bytes::Limits;

/// Small databases with three packages; the SQLite one has each twice.
fn seeds() -> Vec<(&'static str, &'static str, Vec<u8>, usize)> {
    [
        ("seed-sqlite", "/var/lib/rpm/rpmdb.sqlite", 6),
        ("seed-ndb", "/usr/lib/sysimage/rpm/Packages.db", 3),
        ("seed-bdb", "/var/lib/rpm/Packages", 3),
    ]
    .map(|(name, path, count)| {
        let folder = test_support::root().join("testdata/fuzz/packages");
        let file = folder.join(name);
        (name, path, std::fs::read(file).unwrap(), count)
    })
    .into()
}

#[test]
fn every_container_gives_all_its_headers() {
    for (name, path, bytes, count) in seeds() {
        assert_eq!(read_any(&bytes, 1 << 20), count, "{name}");
        let files = Memory::new(&[(path, &bytes)]);
        let bounds = DatabaseLimits::new(64 << 20, &Limits::default());
        let database = Databases::open(&files, bounds, &mut |p| panic!("{name}: {p:?}"));
        let mut claims = database.claims(&files, b"/usr/libexec/acme-tool");
        // A hash table has its own order.
        claims.sort_by(|a, b| a.owner.name.cmp(&b.owner.name));
        assert_eq!(claims.len(), count, "{name}");
        let owner = &claims[count / 2].owner;
        assert_eq!(
            (owner.name.as_str(), owner.version.as_str()),
            ("acme1", "1:2.0-3"),
            "{name}"
        );
        assert_eq!(owner.source.as_ref().unwrap().name, "acme");
        assert_eq!(claims[0].digest, None, "an empty digest is none");
        assert!(
            database.claims(&files, b"/usr/bin/acme")[0]
                .digest
                .is_some()
        );
        assert!(database.claims(&files, b"/usr/bin/acme-tool").is_empty());
    }
}

#[test]
fn a_database_cut_anywhere_is_reported_and_breaks_nothing() {
    for (name, path, bytes, count) in seeds() {
        for len in (0..bytes.len()).step_by(3) {
            let cut = &bytes[..len];
            assert!(read_any(cut, 1 << 20) <= count, "{name} {len}");
            let files = Memory::new(&[(path, cut)]);
            let bounds = DatabaseLimits::new(64 << 20, &Limits::default());
            let mut problems = Vec::new();
            Databases::open(&files, bounds, &mut |p| problems.push(p));
            assert!(problems.len() <= 1, "{name} {len}: {problems:?}");
            // The end of the last page, or after the last blob, may be missing without harm.
            if len > 0 && len < bytes.len() / 2 {
                assert_eq!(problems.len(), 1, "{name} {len}");
            }
        }
    }
}

#[test]
fn circular_pages_come_to_an_end() {
    let (_, _, bytes, _) = seeds().remove(0);
    // Every page pointer is replaced by every other page number in turn.
    let pages = (bytes.len() / 512) as u32;
    for page in 0..pages {
        for target in 1..=pages {
            let mut bytes = bytes.clone();
            let at = page as usize * 512;
            let from = if page == 0 { 100 } else { 0 };
            bytes[at + from] = 5;
            bytes[at + from + 8..at + from + 12].copy_from_slice(&target.to_be_bytes());
            read_any(&bytes, 1 << 20);
            let mut bytes = bytes.clone();
            bytes[at..at + 4].copy_from_slice(&target.to_be_bytes());
            read_any(&bytes, 1 << 20);
        }
    }
}

#[test]
fn the_write_ahead_log_takes_precedence() {
    let (_, path, bytes, _) = seeds().remove(0);
    let log = |salt: u8, frames: &[(u32, u32, &[u8])]| {
        let mut log = Vec::new();
        log.extend(0x377f_0682_u32.to_be_bytes());
        log.extend(3_007_000_u32.to_be_bytes());
        log.extend(512_u32.to_be_bytes());
        log.extend([0; 4]);
        log.extend([1; 8]);
        log.extend([0; 8]);
        for (page, size, body) in frames {
            log.extend(page.to_be_bytes());
            log.extend(size.to_be_bytes());
            log.extend([salt; 8]);
            log.extend([0; 8]);
            log.extend(*body);
        }
        log
    };
    let pages = (bytes.len() / 512) as u32;
    let all: Vec<(u32, u32, &[u8])> = (1..=pages)
        .map(|n| {
            let at = (n as usize - 1) * 512;
            (n, if n == pages { pages } else { 0 }, &bytes[at..at + 512])
        })
        .collect();
    // The database file itself has only an empty first page.
    let mut head = bytes[..512].to_vec();
    head[100..].fill(0);
    let count = |log: Vec<u8>| {
        let files = Memory::new(&[(path, &head), (&format!("{path}-wal"), &log)]);
        let bounds = DatabaseLimits::new(64 << 20, &Limits::default());
        let database = Databases::open(&files, bounds, &mut |_| {});
        database.claims(&files, b"/usr/bin/acme").len()
    };
    assert_eq!(count(log(1, &all)), 6);
    assert_eq!(count(log(2, &all)), 0, "of an older log");
    assert_eq!(count(log(1, &all[..all.len() - 1])), 0, "not ended");
    assert_eq!(count(Vec::new()), 0);
}
