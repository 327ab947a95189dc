//! What follows a dot.

use schema::Type;
use syntax::TextRange;
use template::Name;

use super::{Item, Kind, Request, item};
use crate::expressions::{Chain, Members, RESOURCE_MEMBERS, Root, chain_before};
use crate::facts::{Node, detail, page};
use crate::functions::functions;

/// Behind a dot in Bicep.
pub(super) fn offer(request: &Request<'_>, range: TextRange, items: &mut Vec<Item>) {
    let source = request.context.scan.source;
    let before = source[..usize::from(range.start())].trim_end_matches([' ', '\t']);
    let before = before.strip_suffix(".?").or_else(|| before.strip_suffix('.')).unwrap_or(before);
    if let Some(chain) = chain_before(source, before.len()) {
        if let Some(space) = namespace(request, &chain) {
            for function in functions(false).filter(|function| is_of(function.name) == space) {
                items.push(super::argument::function_item(function, range, false));
            }
            return;
        }
        offer_chain(request, &chain, range, items);
    }
}

/// `az` or `sys`, if the chain is nothing else.
fn namespace(request: &Request<'_>, chain: &Chain) -> Option<&'static str> {
    let Root::Name(name) = &chain.root else { return None };
    let is_declared = request.template.is_some_and(|template| template.names.contains_key(&Name::from(name.as_str())));
    ["az", "sys"].into_iter().find(|space| name == space && chain.steps.is_empty() && !is_declared)
}

/// The namespace of a Bicep function.
fn is_of(name: &str) -> &'static str {
    const AZ: [&str; 16] = [
        "deployer",
        "deployment",
        "environment",
        "extensionResourceId",
        "getSecret",
        "managementGroup",
        "managementGroupResourceId",
        "pickZones",
        "resourceGroup",
        "resourceId",
        "subscription",
        "subscriptionResourceId",
        "tenant",
        "tenantResourceId",
        "toLogicalZone",
        "toPhysicalZone",
    ];
    if AZ.contains(&name) { "az" } else { "sys" }
}

/// What a chain has.
pub(super) fn offer_chain(request: &Request<'_>, chain: &Chain, range: TextRange, items: &mut Vec<Item>) {
    let Some(template) = request.template else { return };
    match chain.members(request.view, template) {
        Some(Members::Fixed(members)) => fixed(members, range, items),
        Some(Members::Named(names)) => {
            for name in names {
                items.push(item(&name, Kind::Property, range, name.clone()));
            }
        }
        Some(Members::Resource { ty, version, path, node }) => {
            match node.ty() {
                Type::Object(object) => {
                    let variants: Vec<_> = object.variants().flat_map(|(_, variant)| variant.properties()).collect();
                    for property in object.properties().chain(variants) {
                        let mut path: Vec<&str> = path.iter().map(String::as_str).collect();
                        path.push(property.name());
                        let item = item(property.name(), Kind::Property, range, property.name());
                        let item = item.detail(detail(property)).documentation(page(ty, version, &path, property));
                        items.push(item.sort(format!("{}{}", rank(property.name()), property.name())));
                    }
                }
                // The one key of this map that there is.
                Type::Map(_) if path.last().is_some_and(|key| key.eq_ignore_ascii_case("identityProfile")) => {
                    items.push(item("kubeletidentity", Kind::Property, range, "kubeletidentity").sort("0"));
                }
                _ => {}
            }
            if matches!(node, Node::Body(_)) {
                fixed(&RESOURCE_MEMBERS, range, items);
            }
        }
        None => {}
    }
}

/// What identities are read by comes first.
fn rank(name: &str) -> u8 {
    u8::from(!matches!(
        name,
        "id" | "principalId"
            | "objectId"
            | "identity"
            | "properties"
            | "identityProfile"
            | "oidcIssuerProfile"
            | "issuerURL"
    ))
}

fn fixed(members: &[(&'static str, &'static str)], range: TextRange, items: &mut Vec<Item>) {
    for (name, what) in members {
        let item = item(*name, Kind::Property, range, *name).documentation(*what);
        items.push(item.sort(format!("{}{name}", rank(name))));
    }
}
