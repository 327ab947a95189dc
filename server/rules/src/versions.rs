//! Fixes that give a resource another API version.

use schema::{Line, VersionSet};

use crate::conformance::{Mistake, fits, newest_fitting};
use crate::{Applicability, Ctx, Fix};

/// Ways to get to an API version that has what a mistake misses: the first on the same line that has all the resource uses,
/// then the newest one. Behaviour may change with the version, so neither is safe.
pub(crate) fn raise(ctx: &Ctx<'_>, mistake: &Mistake, having: &VersionSet) -> Vec<Fix> {
    let Mistake { resource, ty, version, .. } = *mistake;
    let having = having.without_retired();
    let first = having
        .on(version.line())
        .filter(|candidate| *candidate > version)
        .find(|candidate| fits(ctx.eval, resource, ty, *candidate))
        .or_else(|| having.next_with(version));
    let newest =
        newest_fitting(ctx.eval, resource, ty).filter(|newest| having.contains(*newest) && Some(*newest) != first);
    [first, newest]
        .into_iter()
        .flatten()
        .filter(|target| *target != version)
        .filter_map(|target| {
            let title = match (version.line(), target.line()) {
                (Line::Stable, Line::Preview) => format!("Use the preview API version {target}"),
                _ if target < version => format!("Use API version {target}"),
                _ => format!("Raise the API version to {target}"),
            };
            ctx.rewrite().set_api_version(resource, &target.to_string()).fix(title, Applicability::Unsafe)
        })
        .collect()
}

/// Where the versions that have something begin, in words: "2022-09-01 and 2021-11-01-preview".
pub(crate) fn since(versions: &VersionSet) -> String {
    match (versions.first_stable(), versions.first_preview()) {
        (Some(stable), Some(preview)) => format!("{stable} and {preview}"),
        (Some(only), None) => only.to_string(),
        (None, Some(only)) => format!("{only}, in previews only"),
        (None, None) => "no version".to_owned(),
    }
}
