//! What properties mean, in our own words: `docs/*.md`, found in place.
//!
//! A page has a heading of the first level for each resource type and, below it, one of the second level for each path.

use std::collections::HashMap;
use std::sync::LazyLock;

use crate::{ApiVersion, ResourceType};

static PAGES: [&str; 4] = [
    include_str!("../docs/managedClusters.md"),
    include_str!("../docs/userAssignedIdentities.md"),
    include_str!("../docs/roleAssignments.md"),
    include_str!("../docs/deploymentScripts.md"),
];

/// What the property at `path` is for, as Markdown; the empty path asks for the resource type itself. Known for properties
/// that touch identity, credentials or permission.
pub fn doc(ty: ResourceType, path: &str) -> Option<&'static str> {
    // A list of completions asks for the page of each.
    static DOCS: LazyLock<HashMap<(&str, &str), &str>> =
        LazyLock::new(|| parts().filter(|(_, text)| !text.is_empty()).collect());
    let path = if path.is_empty() { String::new() } else { ty.canonical_path(path)? };
    if let Some(text) = DOCS.get(&(ty.name(), &path)) {
        return Some(text);
    }
    // A node pool as a resource has the properties that it has as part of its cluster.
    let rest = path
        .strip_prefix("properties.")
        .filter(|_| ty.name() == "Microsoft.ContainerService/managedClusters/agentPools")?;
    let path = format!("properties.agentPoolProfiles[].{rest}");
    DOCS.get(&("Microsoft.ContainerService/managedClusters", &path)).copied()
}

/// Every type and path that has words; the path of a type itself is empty.
pub fn documented_paths() -> impl Iterator<Item = (&'static str, &'static str)> {
    parts().map(|(of, _)| of)
}

/// Every type and path with what is written below its heading.
fn parts() -> impl Iterator<Item = ((&'static str, &'static str), &'static str)> {
    PAGES.iter().flat_map(|page| {
        let mut ty = "";
        headings(page).filter_map(move |(heading, text)| {
            if let Some(name) = heading.strip_prefix("# ") {
                ty = name;
                return Some(((ty, ""), text));
            }
            let path = heading.strip_prefix("## `")?.strip_suffix('`')?;
            Some(((ty, path), text))
        })
    })
}

/// The lines of a page that begin with `#`, each with what stands between it and the next.
fn headings(page: &'static str) -> impl Iterator<Item = (&'static str, &'static str)> {
    let mut rest = page.strip_prefix('#').or_else(|| page.split_once("\n#").map(|(_, rest)| rest));
    std::iter::from_fn(move || {
        let here = rest?;
        let (part, next) = here.split_once("\n#").map_or((here, None), |(part, next)| (part, Some(next)));
        rest = next;
        // The first sign is before it.
        let start = page.len() - here.len() - 1;
        let whole = &page[start..=start + part.len()];
        let (heading, text) = whole.split_once('\n').unwrap_or((whole, ""));
        Some((heading, text.trim()))
    })
}

/// The public reference page of a resource type; that of the newest version without `version`.
pub fn reference_url(ty: ResourceType, version: Option<ApiVersion>) -> String {
    let name = ty.name().to_ascii_lowercase();
    let (namespace, rest) = name.split_once('/').unwrap_or((&name, ""));
    let version = version.map_or_else(String::new, |version| format!("{version}/"));
    format!("https://learn.microsoft.com/azure/templates/{namespace}/{version}{rest}")
}

pub(crate) fn size() -> usize {
    PAGES.iter().map(|page| page.len()).sum()
}
