//! Programs with false call information: code that is noise, pointers and tables that lead anywhere.

use crate::calls::replaced;
use crate::support::fixtures::fixture;
use gospect::bytes::Limits;
use gospect::go::programs;
use gospect::go::tables::Tables;
use gospect::record::why::{By, Step};

/// Programs whose code is noise, and whose pointers lead anywhere: answers take time and memory in proportion to the file.
#[test]
fn noise_as_code_and_false_pointers_come_to_an_end() {
    for id in [
        "1.27-linux-amd64-starting",
        "1.27-linux-arm64-starting",
        "1.23-linux-riscv64-strip",
        "1.27-wasip1-wasm-strip",
    ] {
        let whole = fixture(id);
        let size = whole.as_slice().len();
        let mut state = 0x2545_f491_4f6c_dd1du64;
        let mut next = move || {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            state
        };
        // Where the code is, and the words that hold addresses of the program.
        let mut code = 0..0;
        let _ = programs(&whole.as_slice(), Limits::default(), &mut |_, tables| {
            let image = tables.image();
            if let Some(segment) = image.segments.iter().find(|s| s.executable) {
                let start = usize::try_from(segment.offset).unwrap();
                code = start..(start + usize::try_from(segment.size).unwrap()).min(size);
            }
        });
        let mut noise = whole.as_slice().to_vec();
        for byte in &mut noise[code.start + 0x1000.min(code.len())..code.end] {
            *byte = next() as u8;
        }
        let mut lying = whole.as_slice().to_vec();
        let words: Vec<[u8; 8]> = lying
            .chunks_exact(8)
            .map(|w| w.try_into().unwrap())
            .collect();
        for (i, word) in words.iter().enumerate() {
            let value = u64::from_le_bytes(*word);
            if (0x40_0000..0x100_0000).contains(&value) && next() % 4 == 0 {
                let other = words[usize::try_from(next() >> 8).unwrap() % words.len()];
                let is_address = (0x40_0000..0x100_0000).contains(&u64::from_le_bytes(other));
                // Half of them point at themselves or at each other.
                let lie = if is_address { other } else { *word };
                lying[8 * i..8 * i + 8].copy_from_slice(&lie);
            }
        }
        for bytes in [noise, lying] {
            let _ = programs(&bytes.as_slice(), Limits::default(), &mut |_, tables| {
                let names = ["main.main".to_owned(), "os".to_owned(), "std".to_owned()];
                if let Ok(answers) = gospect::go::calls::ask(tables, None, Some(27), &names, 3) {
                    assert_eq!(answers.len(), 3, "{id}");
                }
                let _ = gospect::go::calls::capabilities::read(tables, Some(27));
            });
        }
    }
}

/// Offsets in a file, and the bytes to put there.
type Edits<'e> = &'e [(usize, &'e [u8])];

/// Puts bytes into a copy of a program.
fn with_bytes(program: &[u8], places: Edits<'_>) -> Vec<u8> {
    let mut copy = program.to_vec();
    for (at, bytes) in places {
        copy[*at..*at + bytes.len()].copy_from_slice(bytes);
    }
    copy
}

/// Where an address is in the file.
fn offset_of(tables: &Tables<'_>, address: u64) -> usize {
    let segment = tables.image().segment_at(address).unwrap();
    usize::try_from(segment.offset + (address - segment.address)).unwrap()
}

/// The chain to a function; `None`: nothing leads to it.
fn chain_to(bytes: &[u8], function: &str) -> Option<Vec<Step>> {
    let mut chain = None;
    programs(&bytes, Limits::default(), &mut |_, tables| {
        let names = ["main.main".to_owned(), function.to_owned()];
        let answers = gospect::go::calls::ask(tables, None, Some(27), &names, 1).unwrap();
        assert!(answers[0].found && !answers[0].chains.is_empty());
        chain = answers[1].chains.first().cloned();
    })
    .unwrap();
    chain
}

/// Whether the runtime calls a function before `main.main`, as far as the list of initialisers says.
fn is_listed(bytes: &[u8], function: &str) -> bool {
    let chain = chain_to(bytes, function);
    chain.is_some_and(|chain| chain.len() == 1 && chain[0].by == By::Init)
}

/// A list of initialisers with a false address, length or task is ignored, and the program is read without it.
#[test]
fn a_false_list_of_initialisers_is_ignored() {
    /// Word number of `moduledata.inittasks` in Go 1.27.
    const LIST: u64 = 56;
    const FUNCTION: &str = "example.com/starting/starts.zKq9.b";
    let whole = fixture("1.27-linux-amd64-starting");
    // The name does not say that it is an initialiser.
    let honest = replaced(
        whole.as_slice(),
        b"starting/starts.init.0\0",
        b"starting/starts.zKq9.b\0",
    );
    let (mut field, mut start, mut entry, mut task) = (0, 0, 0, 0);
    programs(&honest.as_slice(), Limits::default(), &mut |_, tables| {
        let address = tables.moduledata().unwrap().address + LIST * 8;
        start = tables.image().pointer(address).unwrap();
        field = offset_of(tables, address);
        entry = offset_of(tables, start);
        task = offset_of(tables, tables.image().pointer(start).unwrap());
    })
    .unwrap();
    assert!(is_listed(&honest, FUNCTION));
    let word = u64::to_le_bytes;
    let false_lists: [(&str, Edits<'_>); 8] = [
        (
            "a length beyond the end of the data",
            &[(field + 8, &word(1 << 17)), (field + 16, &word(1 << 17))],
        ),
        (
            "a length of more bytes than there are numbers",
            &[(field + 8, &word(u64::MAX)), (field + 16, &word(u64::MAX))],
        ),
        (
            "a list that is nowhere",
            &[(field, &word(0xdead_beef_0000))],
        ),
        (
            "a list at the end of all addresses",
            &[(field, &word(u64::MAX - 7))],
        ),
        ("a task that is nowhere", &[(entry, &word(u64::MAX - 3))]),
        ("a task that is the list", &[(entry, &word(start))]),
        (
            "a task with four billion functions",
            &[(task + 4, &[0xff; 4])],
        ),
        (
            "a task with a function that is none",
            &[(task + 8, &word(1))],
        ),
    ];
    for (what, places) in false_lists {
        let lying = with_bytes(&honest, places);
        assert!(!is_listed(&lying, FUNCTION), "{what}");
    }
}

/// Type descriptors that name themselves and each other as the pointers to them.
#[test]
fn type_descriptors_in_a_circle_come_to_an_end() {
    /// Word numbers of `moduledata.types` and `etypes` in Go 1.27.
    const RANGE: (u64, u64) = (37, 39);
    /// Offset of `abi.Type.PtrToThis`.
    const POINTER: usize = 44;
    let whole = fixture("1.27-linux-amd64-starting");
    let mut range = (0, 0);
    programs(&whole.as_slice(), Limits::default(), &mut |_, tables| {
        let word = |number: u64| {
            let address = tables.moduledata().unwrap().address + number * 8;
            tables.image().pointer(address).unwrap()
        };
        let start = word(RANGE.0);
        let first = offset_of(tables, start);
        range = (
            first,
            first + usize::try_from(word(RANGE.1) - start).unwrap(),
        );
    })
    .unwrap();
    assert!(range.1 - range.0 > 0x1000, "{range:?}");
    // Each names itself; each names the one in front of it, and the first the last.
    for distance in [0, 64] {
        let mut bytes = whole.as_slice().to_vec();
        let size = range.1 - range.0;
        for at in (0..size - POINTER - 4).step_by(64) {
            let named = (at + size - distance) % size;
            let place = range.0 + at + POINTER;
            bytes[place..place + 4].copy_from_slice(&(named as u32).to_le_bytes());
        }
        assert!(chain_to(&bytes, "runtime").is_some());
        programs(&bytes.as_slice(), Limits::default(), &mut |_, tables| {
            assert!(gospect::go::calls::capabilities::read(tables, Some(27)).is_ok());
        })
        .unwrap();
    }
}

#[test]
fn damaged_code_and_tables_come_to_an_end() {
    for id in [
        "1.19-linux-amd64-strip",
        "1.22-linux-mips64le-strip",
        "1.23-linux-riscv64-strip",
        "1.27-wasip1-wasm-strip",
    ] {
        let whole = fixture(id);
        let mut state = 0x9e37_79b9_7f4a_7c15u64;
        for _ in 0..24 {
            let mut bytes = whole.as_slice().to_vec();
            for _ in 0..64 {
                state ^= state << 13;
                state ^= state >> 7;
                state ^= state << 17;
                let at = usize::try_from(state >> 8).unwrap_or(0) % bytes.len();
                bytes[at] = state as u8;
            }
            let _ = programs(&bytes.as_slice(), Limits::default(), &mut |_, tables| {
                let names = ["main.main".to_owned(), "fmt".to_owned(), "x.y".to_owned()];
                let _ = gospect::go::calls::ask(tables, None, Some(19), &names, 3);
                let _ = gospect::go::calls::capabilities::read(tables, Some(19));
            });
        }
    }
}
