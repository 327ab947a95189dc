//! What follows a dot.

use schema::Type;
use syntax::TextRange;

use super::{Item, Kind, Request, item};
use crate::expressions::{Chain, Members, RESOURCE_MEMBERS, chain_before};
use crate::facts::{Node, detail, page};

/// Behind a dot in Bicep.
pub(super) fn offer(request: &Request<'_>, range: TextRange, items: &mut Vec<Item>) {
    let source = request.context.scan.source;
    let before = source[..usize::from(range.start())].trim_end_matches([' ', '\t']);
    let before = before.strip_suffix(".?").or_else(|| before.strip_suffix('.')).unwrap_or(before);
    if let Some(chain) = chain_before(source, before.len()) {
        offer_chain(request, &chain, range, items);
    }
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
        "principalId" | "objectId" | "identity" | "properties" | "identityProfile" | "oidcIssuerProfile" | "issuerURL"
    ))
}

fn fixed(members: &[(&'static str, &'static str)], range: TextRange, items: &mut Vec<Item>) {
    for (name, what) in members {
        items.push(item(*name, Kind::Property, range, *name).documentation(*what).sort(format!("1{name}")));
    }
}
