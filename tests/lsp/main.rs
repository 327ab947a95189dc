//! The language server through the wire: messages in, messages out, nothing else.

#![expect(clippy::unwrap_used, reason = "tests")]
#![expect(clippy::needless_pass_by_value, reason = "`json!` makes values")]

mod client;
mod code_action;
mod completion;
mod configuration;
mod diagnostics;
mod encoding;
mod hover;
mod lifecycle;
mod modules;
mod navigation;
mod ordering;
mod parity;
mod refactoring;
mod robustness;
mod scripts;
mod workspace;
