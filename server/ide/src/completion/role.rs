//! Roles by name, written as their definitions.

use schema::roles::{Grantee, ROLES, Role};
use syntax::TextRange;

use super::context::ValueAt;
use super::{Item, Kind, Request, is_path, item};

pub(super) fn offer_values(request: &Request<'_>, at: &ValueAt<'_>, items: &mut Vec<Item>) {
    let path = request.context.value_path(at);
    let is_definition =
        request.is_in("Microsoft.Authorization/roleAssignments") && is_path(&path, &["properties", "roleDefinitionId"]);
    let is_variable = request.is_json()
        && matches!(path.as_slice(), ["variables", name] if name.to_ascii_lowercase().contains("role"));
    for role in ROLES.iter().filter(|_| is_definition || is_variable) {
        let text = if is_variable { request.quoted(role.guid) } else { request.expression(&definition(role)) };
        let item = at.item(role.name, Kind::Value, &text);
        items.push(finish(item, role));
    }
}

/// The definitions in an ARM expression that has nothing else in it yet.
pub(super) fn offer_expressions(request: &Request<'_>, range: TextRange, items: &mut Vec<Item>) {
    let is_definition = request.is_in("Microsoft.Authorization/roleAssignments")
        && is_path(&request.context.path_of_string(), &["properties", "roleDefinitionId"]);
    for role in ROLES.iter().filter(|_| is_definition) {
        items.push(finish(item(role.name, Kind::Value, range, definition(role)), role));
    }
}

fn definition(role: &Role) -> String {
    format!("subscriptionResourceId('Microsoft.Authorization/roleDefinitions', '{}')", role.guid)
}

/// The GUIDs alone, for an argument or a variable.
pub(super) fn offer_guids(range: TextRange, items: &mut Vec<Item>) {
    for role in ROLES {
        items.push(finish(item(role.name, Kind::Value, range, role.guid), role));
    }
}

fn finish(item: Item, role: &Role) -> Item {
    let rank = match role.grantee {
        Grantee::Kubelet | Grantee::ControlPlane => 0,
        Grantee::Other => 1,
        Grantee::People => 2,
    };
    item.detail(role.guid).documentation(role.purpose).sort(format!("0{rank}{}", role.name))
}
