//! What properties mean, in our own words: `docs/*.md`, found in place.
//!
//! A page has a heading of the first level for each resource type and, below it, one of the second level for each path.

use crate::{ApiVersion, ResourceType, resource_type};

static PAGES: [&str; 4] = [
    include_str!("../docs/managedClusters.md"),
    include_str!("../docs/userAssignedIdentities.md"),
    include_str!("../docs/roleAssignments.md"),
    include_str!("../docs/deploymentScripts.md"),
];

/// What the property at `path` is for, as Markdown; the empty path asks for the resource type itself. Known for properties
/// that touch identity, credentials or permission.
pub fn doc(ty: ResourceType, path: &str) -> Option<&'static str> {
    let path = if path.is_empty() { String::new() } else { ty.canonical_path(path)? };
    if let Some(text) = section(ty.name()).and_then(|section| paragraph(section, &path)) {
        return Some(text);
    }
    // A node pool as a resource has the properties that it has as part of its cluster.
    let rest = path
        .strip_prefix("properties.")
        .filter(|_| ty.name() == "Microsoft.ContainerService/managedClusters/agentPools")?;
    paragraph(section("Microsoft.ContainerService/managedClusters")?, &format!("properties.agentPoolProfiles[].{rest}"))
}

/// Every type and path that has words; the path of a type itself is empty.
pub fn documented_paths() -> impl Iterator<Item = (&'static str, &'static str)> {
    PAGES.iter().flat_map(|page| {
        let mut ty = "";
        page.lines().filter_map(move |line| {
            if let Some(name) = line.strip_prefix("# ") {
                ty = name;
                return Some((ty, ""));
            }
            let path = line.strip_prefix("## `")?.strip_suffix('`')?;
            Some((ty, path))
        })
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

/// The part of a page below the heading of a type.
fn section(name: &str) -> Option<&'static str> {
    debug_assert!(resource_type(name).is_some(), "sections are named by known types");
    PAGES.iter().find_map(|page| below(page, "# ", name, "\n# "))
}

fn paragraph(section: &'static str, path: &str) -> Option<&'static str> {
    let text = match path {
        "" => section.split("\n## ").next()?,
        path => below(section, "## `", &format!("{path}`"), "\n## ")?,
    };
    Some(text.trim()).filter(|text| !text.is_empty())
}

/// The text from after the line `mark` + `title` to `end`.
fn below(text: &'static str, mark: &str, title: &str, end: &str) -> Option<&'static str> {
    let mut from = 0;
    while let Some(at) = text[from..].find(mark) {
        let start = from + at;
        let rest = &text[start + mark.len()..];
        let at_line_start = start == 0 || text.as_bytes()[start - 1] == b'\n';
        if let Some(body) = rest.strip_prefix(title).and_then(|body| body.strip_prefix('\n')).filter(|_| at_line_start)
        {
            return Some(body.split(end).next().unwrap_or(body));
        }
        from = start + mark.len();
    }
    None
}
