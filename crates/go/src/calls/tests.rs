//! Graphs of programs that no compiler makes.

use super::{Graph, NoGraph, ask, capabilities};
use crate::tables::Tables;
use crate::testing::File;
use gospect_bytes::{Limits, Window};

/// Where the parts of the program are, in the file and in memory.
const BASE: u64 = 0x40_0000;
/// Bytes of code of a function.
const CODE_SIZE: usize = 16;

/// A program for linux/amd64 with a function table as Go 1.20 and newer write it (src/cmd/link/internal/ld/pcln.go). Each function calls those
/// that `calls` gives, which have to fit into three calls.
fn program(functions: usize, calls: impl Fn(usize) -> Vec<usize>) -> Vec<u8> {
    let mut names = Vec::new();
    let mut structures: Vec<u8> = Vec::new();
    let mut rows: Vec<u8> = Vec::new();
    let mut code: Vec<u8> = Vec::with_capacity(functions * CODE_SIZE);
    let rows_size = functions * 8 + 4;
    for number in 0..functions {
        let entry = (number * CODE_SIZE) as u32;
        rows.extend(entry.to_le_bytes());
        rows.extend(((rows_size + structures.len()) as u32).to_le_bytes());
        structures.extend(entry.to_le_bytes());
        structures.extend((names.len() as u32).to_le_bytes());
        structures.extend([0; 36]);
        match number {
            0 => names.extend(b"main.main\0"),
            _ => names.extend(format!("main.f{number}\0").bytes()),
        }
        let start = code.len();
        for callee in calls(number) {
            let next = code.len() as i64 + 5;
            code.push(0xe8);
            code.extend(((callee * CODE_SIZE) as i64 - next).to_le_bytes()[..4].iter());
        }
        code.resize(start + CODE_SIZE, 0xc3);
    }
    rows.extend(((functions * CODE_SIZE) as u32).to_le_bytes());
    const HEADER: usize = 120 + 64;
    let text = (HEADER + 0xfff) & !0xfff;
    let table = text + code.len();
    let names_at = 72u64;
    let units_at = names_at + names.len() as u64;
    let rows_at = (units_at + 8).next_multiple_of(8);
    let mut pclntab: Vec<u8> = Vec::new();
    pclntab.extend(0xffff_fff1u32.to_le_bytes());
    pclntab.extend([0, 0, 1, 8]);
    for word in [
        functions as u64,
        0,
        BASE + text as u64,
        names_at,
        units_at,
        units_at,
        units_at,
        rows_at,
    ] {
        pclntab.extend(word.to_le_bytes());
    }
    pclntab.extend(&names);
    pclntab.resize(rows_at as usize, 0);
    pclntab.extend(&rows);
    pclntab.extend(&structures);

    let size = (table + pclntab.len()) as u64;
    let mut file: Vec<u8> = Vec::with_capacity(size as usize);
    file.extend(b"\x7fELF\x02\x01\x01\0\0\0\0\0\0\0\0\0");
    file.extend([2, 0, 62, 0, 1, 0, 0, 0]);
    for word in [BASE + text as u64, 64, 0] {
        file.extend(word.to_le_bytes());
    }
    file.extend([0, 0, 0, 0, 64, 0, 56, 0, 1, 0, 64, 0, 0, 0, 0, 0]);
    file.extend([1, 0, 0, 0, 5, 0, 0, 0]);
    for word in [0, BASE, BASE, size, size, 0x1000] {
        file.extend(u64::to_le_bytes(word));
    }
    file.resize(text, 0);
    file.extend(code);
    file.extend(pclntab);
    file
}

fn with_tables(bytes: &[u8], check: impl FnOnce(&Tables<'_>)) {
    let window = Window::new(&bytes, u64::MAX);
    let image = gospect_exe::open(&window).unwrap();
    check(&Tables::new(&image, Limits::default()));
}

/// A chain through all functions, and back to the first. A search that is not linear would not end.
#[test]
fn a_million_functions_that_call_each_other_in_a_ring() {
    const FUNCTIONS: usize = 1_000_000;
    let bytes = program(FUNCTIONS, |number| vec![(number + 1) % FUNCTIONS, number]);
    with_tables(&bytes, |tables| {
        let names = [
            "main.f999999".to_owned(),
            "main".to_owned(),
            "main.x".to_owned(),
            "main/nothing.like_it".to_owned(),
        ];
        let answers = ask(tables, None, Some(27), &names, 3).unwrap();
        assert_eq!(answers[0].chains[0].len(), FUNCTIONS);
        assert_eq!(answers[1].functions, FUNCTIONS as u64);
        assert!(!answers[2].found && !answers[2].nearest.is_empty());
        assert_eq!(answers[3].nearest, ["main"]);
        let capabilities = capabilities::read(tables, Some(27)).unwrap();
        assert!(capabilities.is_empty());
    });
}

/// A row of the table for each byte of code, of which most begin in the middle of others: no function is read twice.
#[test]
fn functions_that_overlap_are_read_once() {
    let mut bytes = program(1000, |number| vec![(number + 1) % 1000]);
    let honest = bytes.clone();
    // The first function says that it has all code.
    let table = bytes
        .windows(4)
        .position(|w| w == [0xf1, 0xff, 0xff, 0xff])
        .unwrap();
    let at = table + 64;
    let rows = u64::from_le_bytes(honest[at..at + 8].try_into().unwrap()) as usize + table;
    bytes[rows + 8..rows + 12].copy_from_slice(&16_000u32.to_le_bytes());
    with_tables(&bytes, |tables| {
        let graph = Graph::read(tables).unwrap();
        assert!(graph.functions() < 1000, "{}", graph.functions());
    });
    with_tables(&honest, |tables| {
        assert_eq!(Graph::read(tables).unwrap().functions(), 1000);
    });
}

/// A graph lacks no calls because of a limit: there is the whole graph, or the limit as the reason why there is none.
#[test]
fn a_graph_is_whole_or_there_is_none() {
    let file = File(program(1000, |number| vec![(number + 1) % 1000]));
    let (mut whole, mut refused) = (0, 0);
    for most_reads in (1u64 << 12..1 << 20).step_by(1 << 14) {
        let window = Window::new(&file, most_reads);
        let Ok(image) = gospect_exe::open(&window) else {
            continue;
        };
        let tables = Tables::new(&image, Limits::default());
        let names = ["main.f999".to_owned()];
        match ask(&tables, None, Some(27), &names, 1) {
            Ok(answers) => {
                assert_eq!(answers[0].chains[0].len(), 1000, "{most_reads}");
                whole += 1;
            }
            Err(why) => {
                assert!(matches!(why, NoGraph::ReadInPart(_)), "{most_reads}: {why}");
                refused += 1;
            }
        }
    }
    assert!(whole > 0 && refused > 0, "{whole} {refused}");
}
