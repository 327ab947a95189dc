//! The command line, as whoever types it sees it.

#![expect(clippy::unwrap_used, reason = "a helper of tests fails like a test")]

mod common;
mod configuration;
mod exit_codes;
mod faults;
mod files;
mod fix;
mod formats;
mod golden;
mod identities;
mod output;
mod robustness;
mod sandbox;
mod selection;
mod watch;
