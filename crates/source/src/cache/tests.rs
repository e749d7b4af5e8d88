use super::*;
use std::fs::File;

fn entry_names(root: &Path) -> Vec<(usize, String)> {
    let shard = |n: usize| entry::list(&root.join(format!("{n:x}"))).unwrap();
    let all = (0..SHARDS).flat_map(|n| shard(n).into_iter().map(move |e| (n, e.name)));
    all.collect()
}

#[test]
fn entries_are_found_again_and_pruned_by_their_last_use() {
    let dir = tempfile::tempdir().unwrap();
    let cache = Cache::open(dir.path(), BOUND).unwrap();
    let content = |n: u64| format!("{n} ").repeat(1000).into_bytes();
    for n in 0..200 {
        cache.put(&format!("layer {n}"), &content(n));
    }
    assert_eq!(cache.contents().unwrap().entries, 200);
    // Those with an even number were used long ago.
    let long_ago = SystemTime::now() - Duration::from_secs(10 * 24 * 3600);
    for n in (0..200).step_by(2) {
        let (shard, name) = shard_and_file(&format!("layer {n}"));
        let file = File::options()
            .append(true)
            .open(cache.shard(shard).join(name));
        file.unwrap().set_modified(long_ago).unwrap();
    }
    // Two of them are used again, which makes them new.
    for n in [10, 20] {
        assert_eq!(cache.get(&format!("layer {n}")).unwrap(), content(n));
    }
    let removed = cache
        .prune(u64::MAX, long_ago + Duration::from_secs(60))
        .unwrap();
    assert_eq!(removed.entries, 98);
    for n in 0..200 {
        let kept = cache.get(&format!("layer {n}"));
        assert_eq!(kept.is_some(), n % 2 == 1 || n == 10 || n == 20, "{n}");
    }
    assert!(cache.get("layer 200").is_none());
    let usage = cache.finish();
    assert_eq!((usage.hits, usage.misses, usage.problem), (104, 99, None));
}

#[test]
fn only_entries_and_abandoned_files_are_removed() {
    let dir = tempfile::tempdir().unwrap();
    let cache = Cache::open(dir.path(), BOUND).unwrap();
    cache.put("one", b"1");
    let (shard, name) = entry_names(dir.path()).remove(0);
    let folder = cache.shard(shard);
    for other in ["letter.txt", "new-1-2-3", "new-1-2-4", &name.to_uppercase()] {
        fs::write(folder.join(other), "x").unwrap();
    }
    fs::create_dir(folder.join("0".repeat(64))).unwrap();
    let old = SystemTime::now() - ABANDONED_AFTER - Duration::from_secs(60);
    let left = File::options().append(true).open(folder.join("new-1-2-3"));
    left.unwrap().set_modified(old).unwrap();
    assert_eq!(cache.prune(0, SystemTime::UNIX_EPOCH).unwrap().entries, 1);
    let mut names: Vec<_> = fs::read_dir(&folder)
        .unwrap()
        .map(|item| item.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    assert_eq!(
        names,
        [
            "0".repeat(64),
            name.to_uppercase(),
            "letter.txt".to_owned(),
            "new-1-2-4".to_owned()
        ]
    );
}

#[test]
fn an_entry_beyond_the_limit_is_neither_kept_nor_read() {
    let dir = tempfile::tempdir().unwrap();
    let cache = Cache::open(dir.path(), BOUND).unwrap();
    cache.put("long", &vec![0; MAX_RESULT as usize + 1]);
    assert_eq!(cache.contents().unwrap(), Contents::default());
    // An entry that expands to more than an entry may have, with a true checksum.
    let (shard, name) = shard_and_file("bomb");
    fs::create_dir_all(cache.shard(shard)).unwrap();
    entry::write(
        &cache.shard(shard),
        &name,
        1,
        &vec![0; MAX_RESULT as usize + 1],
    )
    .unwrap();
    assert_eq!(cache.contents().unwrap().entries, 1);
    assert!(cache.get("bomb").is_none());
}

#[cfg(unix)]
#[test]
fn a_marker_that_is_no_regular_file_is_refused_unread() {
    let dir = tempfile::tempdir().unwrap();
    let mark = dir.path().join(MARKER.0);
    rustix::fs::mknodat(
        rustix::fs::CWD,
        &mark,
        rustix::fs::FileType::Fifo,
        rustix::fs::Mode::RUSR,
        0,
    )
    .unwrap();
    assert!(matches!(
        Cache::open(dir.path(), BOUND),
        Err(CacheError::Foreign)
    ));
    fs::remove_file(&mark).unwrap();
    std::os::unix::fs::symlink("/etc/passwd", &mark).unwrap();
    assert!(matches!(
        Cache::open(dir.path(), BOUND),
        Err(CacheError::Foreign)
    ));
}

#[test]
fn a_small_bound_keeps_what_fits() {
    let dir = tempfile::tempdir().unwrap();
    let cache = Cache::open(dir.path(), BOUND).unwrap();
    for n in 0..6u32 {
        let content: Vec<u8> = (0..3000u32)
            .flat_map(|i| (i * n * 7919).to_le_bytes())
            .collect();
        cache.put(&format!("layer {n}"), &content);
    }
    let all = cache.contents().unwrap();
    let removed = cache.prune(all.bytes - 1, SystemTime::UNIX_EPOCH).unwrap();
    assert_eq!((removed.entries, cache.contents().unwrap().entries), (1, 5));
}
