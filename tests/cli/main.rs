//! The command line, as whoever types it sees it.

mod common;
mod configuration;
mod exit_codes;
mod files;
mod fix;
mod formats;
mod output;
mod robustness;
mod selection;
