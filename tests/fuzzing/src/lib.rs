//! What must hold for any input.
//!
//! Each target is a function from bytes that panics when something does not hold. The programs in `fuzz/` call them with
//! inputs that a fuzzer makes up; the tests of this crate call them with random ones and with every input that ever failed
//! (`fuzz/regressions`).

mod bytes;
pub mod edits;
pub mod expressions;
pub mod scripts;
pub mod strings;
pub mod templates;

/// A target.
pub type Target = fn(&[u8]);

/// All targets by name, as the folders in `fuzz/regressions` and the programs in `fuzz/fuzz_targets` are called.
pub const TARGETS: [(&str, Target); 7] = [
    ("edits", edits::check),
    ("expressions", expressions::check),
    ("mutations", templates::check_mutated),
    ("prefixes", templates::check_prefixes),
    ("scripts", scripts::check),
    ("strings", strings::check),
    ("templates", templates::check),
];
