//! Files made to be expensive: tables that share bytes, endless counts. Each must stay within a number of reads.

use crate::support::counting::Counting;
use gospect::go::{Inspection, Options, inspect};
use std::sync::Arc;

/// Inspects a file like one named on the command line; returns the result and the number of bytes read.
fn look(bytes: Vec<u8>) -> (Inspection, u64) {
    let file = Counting::new(Arc::new(bytes));
    let options = Options {
        named: true,
        ..Options::default()
    };
    let found = inspect(&file, &options).unwrap_or_default();
    (found, file.bytes_read())
}

/// A 64-bit ELF file whose segments all cover the whole file, at these addresses.
fn elf(addresses: impl ExactSizeIterator<Item = u64>, len: usize) -> Vec<u8> {
    let count = u16::try_from(addresses.len()).unwrap();
    let mut file = b"\x7fELF\x02\x01\x01".to_vec();
    file.resize(16, 0);
    file.extend([2, 0, 62, 0, 1, 0, 0, 0]);
    for word in [0x40_1000u64, 64, 0] {
        file.extend(word.to_le_bytes());
    }
    file.extend([0; 4]);
    for half in [64u16, 56, count, 64, 0, 0] {
        file.extend(half.to_le_bytes());
    }
    for address in addresses {
        // PT_LOAD, readable and writable.
        file.extend([1, 0, 0, 0, 6, 0, 0, 0]);
        for word in [0, address, address, len as u64, len as u64, 4096] {
            file.extend(word.to_le_bytes());
        }
    }
    file.resize(len, 0xff);
    file
}

#[test]
fn segments_that_all_hold_the_whole_file_are_not_read_each() {
    let len = 8 << 20;
    for step in [8, len as u64] {
        let file = elf((0..60_000u32).map(|i| 0x40_0000 + u64::from(i) * step), len);
        let (found, read) = look(file);
        assert!(found.found.is_empty());
        assert!(read <= 10 * len as u64, "step {step}: read {read} bytes");
    }
}

#[test]
fn empty_wasm_sections_without_end_are_not_followed() {
    let mut file = b"\0asm\x01\0\0\0".to_vec();
    file.resize(16 << 20, 0);
    let (found, read) = look(file);
    assert!(found.found.is_empty());
    assert!(read < 1 << 20, "read {read} bytes");
}

#[test]
fn slices_on_top_of_each_other_are_left_out_and_counted() {
    let (count, len) = (30u32, 4u32 << 20);
    let mut file = vec![0xca, 0xfe, 0xba, 0xbe];
    file.extend(count.to_be_bytes());
    for i in 0..count {
        for word in [0x0100_0007, i, 4096 + i, len - 8192, 0] {
            file.extend(word.to_be_bytes());
        }
    }
    file.resize(len as usize, 0);
    let (found, read) = look(file);
    let above = |f: &&String| f.ends_with("lies on top of another");
    assert_eq!(found.faults.iter().filter(above).count(), 29);
    assert!(read <= 2 * u64::from(len), "read {read} bytes");
}
