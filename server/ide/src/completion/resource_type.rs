//! Resource types of which facts are known.

use syntax::TextRange;

use super::context::{StringAt, ValueAt};
use super::{Item, Kind, Request, is_path, item};

pub(super) fn offer_json(request: &Request<'_>, at: &ValueAt<'_>, items: &mut Vec<Item>) {
    if !request.is_json()
        || request.context.resource().is_none()
        || !is_path(&request.context.value_path(at), &["type"])
    {
        return;
    }
    for ty in schema::resource_types().filter(|ty| !ty.writable().is_empty()) {
        let item = at.item(ty.name(), Kind::ResourceType, &request.quoted(ty.name()));
        items.push(finish(item, ty));
    }
}

pub(super) fn offer_bicep(request: &Request<'_>, at: &StringAt<'_>, items: &mut Vec<Item>) {
    // Before the `@`, the version that is there stays.
    let own = at.text.find('@').map(|own| TextRange::at(at.inner.start(), crate::scan::size(own)));
    if own.is_some_and(|own| request.context.scan.offset > own.end()) {
        return;
    }
    let parent = request.context.resource().map(|resource| resource.type_name.as_str());
    for ty in schema::resource_types().filter(|ty| !ty.writable().is_empty()) {
        let name = match parent {
            // Inside of a resource only the last part is written.
            Some(parent) => match ty.name().rsplit_once('/') {
                Some((own, child)) if own.eq_ignore_ascii_case(parent) => child,
                _ => continue,
            },
            None => ty.name(),
        };
        let version = ty.newest().map(|version| version.to_string()).unwrap_or_default();
        let quote = if at.closed { "" } else { "'" };
        let (range, text) = match own {
            Some(own) => (own, name.to_owned()),
            None => (at.inner, format!("{name}@{version}{quote}")),
        };
        items.push(finish(item(name, Kind::ResourceType, range, text), ty));
    }
}

/// The quoted type of a Bicep resource, where only its symbol stands yet.
pub(super) fn offer_header(request: &Request<'_>, range: TextRange, items: &mut Vec<Item>) {
    if request.language() != syntax::Language::Bicep {
        return;
    }
    for ty in schema::resource_types().filter(|ty| !ty.writable().is_empty()) {
        let version = ty.newest().map(|version| version.to_string()).unwrap_or_default();
        let item = item(ty.name(), Kind::ResourceType, range, format!("'{}@{version}'", ty.name()));
        items.push(finish(item, ty));
    }
}

fn finish(item: Item, ty: schema::ResourceType) -> Item {
    let rank = match ty.name() {
        "Microsoft.ContainerService/managedClusters" => "00",
        "Microsoft.ManagedIdentity/userAssignedIdentities" => "01",
        "Microsoft.Authorization/roleAssignments" => "02",
        _ => "1",
    };
    let mut item = item.sort(format!("{rank}{}", ty.name()));
    item.documentation = schema::doc(ty, "").map(str::to_owned);
    item
}
