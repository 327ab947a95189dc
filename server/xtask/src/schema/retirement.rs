//! Retired API versions of `Microsoft.ContainerService`.

use std::collections::BTreeMap;

use anyhow::{Context as _, bail};
use schema::{ApiVersion, Date};
use serde_json::Value;

/// Name of the text file.
pub(crate) const FILE: &str = "retired-versions.facts";

const HEADER: &str = "\
# Written by `cargo xtask schema`. Provenance: SOURCES.md.
# Versions of Microsoft.ContainerService that no longer answer, and since when. `lapsed`: a preview older than the first
# announced round, past its year of life without a date of its own.
";

/// Reads the JSON table: versions with a `deprecation`, and every preview before the oldest of these.
pub(crate) fn from_json(table: &Value) -> anyhow::Result<BTreeMap<u32, Option<Date>>> {
    let mut retired = BTreeMap::new();
    let mut previews = Vec::new();
    for entry in table["versions"].as_array().context("the table has no `versions`")? {
        let name = entry["version"].as_str().context("a version without a name")?;
        let version = ApiVersion::parse(name).with_context(|| format!("{name} is no API version"))?;
        if version.is_preview() {
            previews.push(version.raw());
        }
        if let Some(day) = entry["deprecation"]["deprecated"].as_str() {
            retired.insert(version.raw(), Some(Date::parse(day).with_context(|| format!("{day} is no day"))?));
        }
    }
    if let Some(oldest) = retired.keys().copied().find(|raw| ApiVersion::from_raw(*raw).is_preview()) {
        retired.extend(previews.into_iter().filter(|preview| *preview < oldest).map(|preview| (preview, None)));
    }
    Ok(retired)
}

pub(crate) fn render(retired: &BTreeMap<u32, Option<Date>>) -> String {
    let line = |(version, since): (&u32, &Option<Date>)| {
        let version = ApiVersion::from_raw(*version);
        since.map_or_else(|| format!("{version} lapsed\n"), |since| format!("{version} retired {since}\n"))
    };
    HEADER.to_owned() + &retired.iter().map(line).collect::<String>()
}

pub(crate) fn parse(content: &str) -> anyhow::Result<BTreeMap<u32, Option<Date>>> {
    let mut retired = BTreeMap::new();
    for line in content.lines().filter(|line| !line.is_empty() && !line.starts_with('#')) {
        let words: Vec<&str> = line.split(' ').collect();
        let since = match words[..] {
            [_, "lapsed"] => None,
            [_, "retired", day] => Some(Date::parse(day).with_context(|| format!("{day} is no day"))?),
            _ => bail!("a version and `retired` with a day, or `lapsed`: {line}"),
        };
        retired.insert(ApiVersion::parse(words[0]).with_context(|| format!("no API version: {line}"))?.raw(), since);
    }
    Ok(retired)
}
