//! The language server through the wire: messages in, messages out, nothing else.

mod client;
mod code_action;
mod diagnostics;
mod encoding;
mod lifecycle;
mod ordering;
mod robustness;
