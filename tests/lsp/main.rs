//! The language server through the wire: messages in, messages out, nothing else.

#![expect(clippy::unwrap_used, reason = "tests")]
#![expect(clippy::needless_pass_by_value, reason = "`json!` makes values")]

mod client;
mod code_action;
mod configuration;
mod diagnostics;
mod encoding;
mod lifecycle;
mod modules;
mod ordering;
mod robustness;
