//! Every fuzzer: the name of the program is the name of the target.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| fuzzing::run(env!("CARGO_BIN_NAME"), data));
