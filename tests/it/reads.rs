//! How little of a file is read to find what it was built from.

use crate::support::counting::Counting;
use crate::support::{derive, fixtures};
use gospect::bytes::Limits;
use gospect::go::{Level, Options, calls, inspect, programs};

/// ELF, PE and Mach-O programs whose record is where the headers say.
fn is_plain(f: &crate::support::fixtures::Fixture) -> bool {
    f.go_json.is_some() && f.goos != "aix" && f.goos != "plan9"
}

#[test]
fn build_info_of_a_plain_program_takes_five_reads_and_16_kib() {
    let mut checked = 0;
    for f in fixtures().filter(|f| is_plain(f)) {
        let blob = derive::find_blob(&f.bytes());
        let file = Counting::new(f.bytes());
        let options = Options {
            level: Level::BuildInfo,
            ..Options::default()
        };
        let found = inspect(&file, &options).unwrap().found;
        assert_eq!(found.len(), 1, "{}", f.id);
        assert!(file.reads() <= 5, "{}: {} reads", f.id, file.reads());
        let besides = file.bytes_read() as i64 - (blob.end - blob.start) as i64;
        assert!(
            besides <= 16 << 10,
            "{}: {besides} bytes besides the record",
            f.id
        );
        checked += 1;
    }
    assert!(checked > 90, "only {checked} checked");
}

#[test]
fn a_file_that_is_no_executable_costs_one_read() {
    let file = Counting::new(std::sync::Arc::new(vec![b'x'; 1 << 20]));
    let outcome = inspect(&file, &Options::default());
    assert!(outcome.map_or(true, |i| i.found.is_empty()));
    assert!(
        file.reads() <= 1 && file.bytes_read() <= 16 << 10,
        "{} reads, {} bytes",
        file.reads(),
        file.bytes_read()
    );
}

/// What is read is kept in memory, so tables are not read once more for each function.
#[test]
fn calls_and_capabilities_read_a_program_about_once() {
    let mut checked = 0;
    for f in fixtures().filter(|f| f.group == "capabilities") {
        let names = ["main.main".to_owned(), "os.Mkdir".to_owned()];
        let read = |ask: bool| {
            let file = Counting::new(f.bytes());
            programs(&file, Limits::default(), &mut |_, tables| match ask {
                true => {
                    let answers = calls::ask(tables, None, None, &names, 3).unwrap();
                    assert!(
                        answers.iter().any(|answer| !answer.chains.is_empty()),
                        "{}",
                        f.id
                    );
                }
                false => {
                    let all = calls::capabilities::read(tables, None).unwrap();
                    assert!(all.contains_key("main"), "{}", f.id);
                }
            })
            .unwrap();
            file.bytes_read()
        };
        for bytes in [read(true), read(false)] {
            assert!(bytes < 2 * f.size, "{}: {bytes} of {}", f.id, f.size);
        }
        checked += 1;
    }
    assert!(checked > 5, "only {checked} checked");
}
