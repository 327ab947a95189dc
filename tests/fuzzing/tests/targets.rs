//! The targets on every input that ever failed, and on random ones: the part of fuzzing that needs no fuzzer.

use std::fs;
use std::path::Path;

use fuzzing::TARGETS;
use proptest::prelude::*;

#[test]
fn what_failed_once_does_not_fail_again() {
    let regressions = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fuzz/regressions");
    for folder in fs::read_dir(&regressions).unwrap().map(|entry| entry.unwrap().path()) {
        let name = folder.file_name().unwrap().to_str().unwrap().to_owned();
        let target = TARGETS.iter().find(|(target, _)| *target == name);
        let (_, check) = target.unwrap_or_else(|| panic!("there is no target {name}"));
        for input in fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().path()) {
            // Shown when it fails.
            println!("{}", input.display());
            check(&fs::read(input).unwrap());
        }
    }
}

#[test]
fn every_target_has_a_program() {
    let programs = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fuzz/fuzz_targets");
    for (name, _) in TARGETS {
        let program = fs::read_to_string(programs.join(format!("{name}.rs"))).unwrap();
        assert!(program.contains("fuzz_target!"), "{name}");
    }
}

/// Bytes as a fuzzer would make them: any, or the marks and words that matter.
fn input() -> impl Strategy<Value = Vec<u8>> {
    let marks = "([{}\\[\\](),:;=?.'\"`$@#&|<>!%^*/\\\\ \t\r\n]|[a-z]{1,6}|[0-9]|é|𝒳){0,60}";
    prop_oneof![
        proptest::collection::vec(any::<u8>(), 0..200),
        (proptest::collection::vec(any::<u8>(), 0..6), marks).prop_map(|(mut head, text)| {
            head.extend(text.into_bytes());
            head
        }),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_input_is_fine(input in input()) {
        for (_, check) in TARGETS {
            check(&input);
        }
        fuzzing::templates::check_prefix(&input);
    }
}
