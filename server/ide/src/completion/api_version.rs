//! API versions: the newest first, stable ones before previews.

use schema::{ApiVersion, Line, ResourceType, Status};
use syntax::TextRange;

use super::context::{StringAt, ValueAt};
use super::{Item, Kind, Request, is_path, item};

pub(super) fn offer_json(request: &Request<'_>, at: &ValueAt<'_>, items: &mut Vec<Item>) {
    let Some(resource) = request.context.resource() else { return };
    if !request.is_json() || !is_path(&request.context.value_path(at), &["apiVersion"]) {
        return;
    }
    let Some(ty) = resource.ty() else { return };
    for (index, version) in newest_first(ty).enumerate() {
        let text = version.to_string();
        let item = at.item(&text, Kind::ApiVersion, &request.quoted(&text));
        items.push(finish(item, ty, version, index));
    }
}

pub(super) fn offer_bicep(request: &Request<'_>, at: &StringAt<'_>, items: &mut Vec<Item>) {
    let Some((own, version)) = at.text.split_once('@') else { return };
    let parent = request.context.resource().map(|resource| resource.type_name.clone());
    let name = match parent {
        Some(parent) if !own.contains('.') => format!("{parent}/{own}"),
        _ => own.to_owned(),
    };
    let Some(ty) = schema::resource_type(&name) else { return };
    let start = at.inner.end() - syntax::TextSize::of(version);
    if request.context.scan.offset < start {
        return;
    }
    let quote = if at.closed { "" } else { "'" };
    for (index, version) in newest_first(ty).enumerate() {
        let text = version.to_string();
        let range = TextRange::new(start, at.inner.end());
        let item = item(&text, Kind::ApiVersion, range, format!("{text}{quote}"));
        items.push(finish(item, ty, version, index));
    }
}

fn newest_first(ty: ResourceType) -> impl Iterator<Item = ApiVersion> {
    let versions = ty.writable();
    let versions = if versions.is_empty() { ty.api_versions() } else { versions };
    versions.on(Line::Stable).rev().chain(versions.on(Line::Preview).rev())
}

fn finish(item: Item, ty: ResourceType, version: ApiVersion, index: usize) -> Item {
    let mut item = item.sort(format!("0{index:03}"));
    item.preselect = Some(version) == ty.newest_stable();
    if let Status::Retired { since } = ty.status(version) {
        item.deprecated = true;
        let since = since.map_or_else(String::new, |day| format!(" on {day}"));
        item.detail = Some(format!("retired{since}"));
    } else if version.line() == Line::Preview {
        item.detail = Some("preview".to_owned());
    }
    item
}
