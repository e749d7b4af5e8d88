//! How the files of a directory are divided into tasks.

use super::*;
use crate::dir::Stat;

fn to_visit(sizes: &[u64]) -> Vec<ToVisit> {
    let stat = |size| Stat {
        kind: FileKind::File,
        size,
        id: (0, 0),
        links: 1,
        mode: None,
        owner: None,
    };
    let one = |(at, size): (usize, &u64)| ToVisit {
        at,
        found: Ok(Some(stat(*size))),
    };
    sizes.iter().enumerate().map(one).collect()
}

#[test]
fn small_files_share_a_task_and_large_ones_have_their_own() {
    let large = 100 << 20;
    for (sizes, want) in [
        (vec![1000; 40], BATCH),
        (vec![1000; 5], 5),
        (vec![large; 14], 1),
        (vec![1000, 1000, large, 1000], 2),
        (vec![1 << 20; 14], 4),
        (vec![], 1),
    ] {
        assert_eq!(batch(&to_visit(&sizes)), want, "{sizes:?}");
    }
}
