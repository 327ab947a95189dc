//! `cargo xtask docs`: writes `server/rules/RULES.md` from the documentation of the rules.

use std::fs;
use std::path::Path;

use anyhow::Context as _;

/// Arguments of `docs`.
#[derive(clap::Args)]
pub(crate) struct Arguments {}

/// Writes the page.
pub(crate) fn run(_: &Arguments) -> anyhow::Result<()> {
    let page = Path::new(env!("CARGO_MANIFEST_DIR")).join("../rules/RULES.md");
    fs::write(&page, rules::docs::rules_md()).with_context(|| format!("cannot write {}", page.display()))
}
