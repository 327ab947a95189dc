#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| fuzzing::templates::check_prefixes(data));
