use template::Expr;
use template::aks::{Cluster, IdentityBlock, Ids, Slot};
use template::eval::Place;
use template::expr::{Item, Member, Ref};
use template::model::{Parameter, TypeKind};
use template::value::{Piece, Value, Why};

use crate::identity_id::is_id_member;
use crate::{Applicability, Ctx, Finding, Fix, New, Rule, declare_rule};

declare_rule! {
    /// ## What it does
    /// Finds `userAssignedIdentities` that are a list, a single ID, or an object that holds the ID as a value, instead of a map with
    /// the ID as its key.
    ///
    /// ## Why is this a problem
    /// `identity.userAssignedIdentities` is a map: the key is the resource ID of the identity, the value is `{}`. Anything else
    /// cannot be read as an identity block, and the request is refused. The list belongs to
    /// `properties.podIdentityProfile.userAssignedIdentities`, which has the same name and another shape.
    ///
    /// ## Examples
    /// ### Invalid
    /// ```json,frame=identity
    /// "type": "UserAssigned",
    /// "userAssignedIdentities": [ "[resourceId('Microsoft.ManagedIdentity/userAssignedIdentities', 'mi')]" ]
    /// ```
    /// ```bicep,frame=identity
    /// type: 'UserAssigned'
    /// userAssignedIdentities: [mi.id]
    /// ```
    /// ```json,frame=identity
    /// "type": "UserAssigned",
    /// "userAssignedIdentities": [ { "resourceId": "[resourceId('Microsoft.ManagedIdentity/userAssignedIdentities', 'mi')]" } ]
    /// ```
    /// ```bicep,frame=identity
    /// type: 'UserAssigned'
    /// userAssignedIdentities: mi.id
    /// ```
    /// ```json,frame=identity
    /// "type": "UserAssigned",
    /// "userAssignedIdentities": { "resourceId": "[resourceId('Microsoft.ManagedIdentity/userAssignedIdentities', 'mi')]" }
    /// ```
    /// ```bicep,frame=identity
    /// type: 'UserAssigned'
    /// userAssignedIdentities: { resourceId: mi.id }
    /// ```
    ///
    /// ### Valid
    /// ```json,frame=identity
    /// "type": "UserAssigned",
    /// "userAssignedIdentities": { "[resourceId('Microsoft.ManagedIdentity/userAssignedIdentities', 'mi')]": {} }
    /// ```
    /// ```bicep,frame=identity
    /// type: 'UserAssigned'
    /// userAssignedIdentities: { '${mi.id}': {} }
    /// ```
    ///
    /// ## Fix
    /// Makes a key of each ID. A list that a loop or a parameter makes has to be changed by hand: `toObject(ids, id => id, id => {})`
    /// makes a map of it.
    ///
    /// ## When not to use it
    /// Always use it.
    ///
    /// ## References
    /// - <https://learn.microsoft.com/azure/templates/microsoft.containerservice/managedclusters#managedclusteridentity>
    pub(crate) struct IdsAsArray {
        code: "ids-as-array",
        family: Identity,
        severity: Error,
        fix: Sometimes,
        since: "0.1.0",
    }
}

impl Rule for IdsAsArray {
    fn check_cluster(&self, ctx: &Ctx<'_>, cluster: &Cluster<'_, '_>) {
        ctx.judge(cluster.identities(), |case| {
            let IdentityBlock::Object { ids, ids_slot, .. } = &case.value.block else { return None };
            let what = match (ids, &ids_slot.value) {
                (Ids::NotMap, Value::Array(_)) => "a list",
                (Ids::NotMap, Value::Str(_)) => "a text",
                (Ids::NotMap, Value::Bool(_) | Value::Int(_)) => "no object",
                (Ids::Map { entries, .. }, _) if entries.iter().any(is_id_member) => "an object that holds the ID",
                (Ids::Unknown, _) if declared_type(ctx, ids_slot) == Some(TypeKind::Array) => "a list",
                (Ids::Unknown, _) if declared_type(ctx, ids_slot) == Some(TypeKind::String) => "a text",
                // `userAssignedIdentities: mi.id`: an ID is a text, whatever its parts are.
                (Ids::Unknown, Value::Str(text))
                    if ctx.eval.parse_id(text, ids_slot.place?.scope, ids_slot.place?).is_some() =>
                {
                    "a text"
                }
                _ => return None,
            };
            let message = format!("`userAssignedIdentities` is {what}; it must be a map from resource ID to `{{}}`");
            Some(
                Finding::at(ctx.eval.written_at(ids_slot)?, message)
                    .help("Write the ID as the key and `{}` as the value")
                    .origin(ctx, ids_slot)
                    .fix(mend(ctx, ids_slot.place?)),
            )
        });
    }
}

/// As what the value is declared, if it is a parameter, whatever is passed.
fn declared_type(ctx: &Ctx<'_>, slot: &Slot) -> Option<TypeKind> {
    let why = match &slot.value {
        Value::Unknown(unknown) => &unknown.why,
        Value::Str(text) => match text.pieces() {
            [Piece::Unknown(unknown)] => &unknown.why,
            _ => return None,
        },
        _ => return None,
    };
    let (Why::Parameter(scope, index), place) = (*why, slot.place?) else { return None };
    // A property of a parameter is not known for the same reason.
    parameter_at(ctx, place)?;
    ctx.eval.template(scope).parameters.get(index as usize).map(|parameter| parameter.ty.kind)
}

/// The declaration of the parameter that is read at a place.
fn parameter_at<'a>(ctx: &'a Ctx<'_>, place: Place) -> Option<&'a Parameter> {
    let template = ctx.eval.template(place.scope);
    match template.expr(place.expr) {
        Expr::Ref(Ref::Parameter(name)) => template.parameter(name),
        _ => None,
    }
}

fn mend(ctx: &Ctx<'_>, list: Place) -> Option<Fix> {
    let template = ctx.eval.template(list.scope);
    let ids: Vec<Place> = match template.expr(list.expr) {
        Expr::Array(items) => items
            .iter()
            .map(|item| match item {
                Item::Value(id) => Some(Place { expr: id_in(ctx, Place { expr: *id, ..list })?, ..list }),
                Item::Spread(_) => None,
            })
            .collect::<Option<_>>()?,
        Expr::Object(_) => vec![Place { expr: id_in(ctx, list)?, ..list }],
        _ if parameter_at(ctx, list).is_some_and(|parameter| parameter.ty.kind == TypeKind::String) => vec![list],
        // What a parameter or variable is stays a list where it is declared.
        Expr::Ref(_) | Expr::Loop(_) | Expr::Bool(_) | Expr::Int(_) => return None,
        _ => vec![list],
    };
    let map = ids.into_iter().map(|id| (New::Copy(id), New::empty_object())).collect();
    ctx.rewrite().replace(list, New::Object(map)).fix("Make a map of it", Applicability::Safe)
}

/// The ID in an element: itself, or its `resourceId` or `id`.
fn id_in(ctx: &Ctx<'_>, element: Place) -> Option<template::ExprId> {
    let template = ctx.eval.template(element.scope);
    let Expr::Object(object) = template.expr(element.expr) else { return Some(element.expr) };
    object.members.iter().find_map(|member| match member {
        Member::Property(property) => match template.expr(property.key) {
            Expr::Str(key) if key.eq_ignore_ascii_case("resourceId") || key.eq_ignore_ascii_case("id") => {
                Some(property.value)
            }
            _ => None,
        },
        Member::Spread { .. } => None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{check, check_fix, check_no_fix};

    fn cluster(ids: &str) -> String {
        format!(
            "param list array
param text string
param map object
param any object
resource mi 'Microsoft.ManagedIdentity/userAssignedIdentities@2023-01-31' existing = {{ name: 'mi' }}
resource aks 'Microsoft.ContainerService/managedClusters@2025-05-01' = {{
  name: 'aks'
  identity: {{
    type: 'UserAssigned'
    userAssignedIdentities: {ids}
  }}
  properties: {{}}
}}
"
        )
    }

    #[test]
    fn every_element_becomes_a_key() {
        check_fix(
            RULE,
            &cluster("[\n      mi.id\n      { resourceId: '/x/${mi.name}' }\n    ]"),
            &cluster("{\n      '${mi.id}': {}\n      '/x/${mi.name}': {}\n    }"),
        );
        check_fix(RULE, &cluster("mi.id"), &cluster("{\n      '${mi.id}': {}\n    }"));
        check_fix(RULE, &cluster("[]"), &cluster("{}"));
    }

    #[test]
    fn a_value_that_is_the_id_becomes_the_key() {
        check_fix(RULE, &cluster("{ id: mi.id }"), &cluster("{\n      '${mi.id}': {}\n    }"));
        check_fix(RULE, &cluster("text"), &cluster("{\n      '${text}': {}\n    }"));
    }

    #[test]
    fn a_parameter_that_is_a_list_is_one_whatever_is_in_it() {
        check(RULE, &cluster("list\n                            ^^^^ error[ids-as-array]: is a list"));
    }

    #[test]
    fn what_may_be_a_map_is_fine() {
        for ids in ["map", "any.identities", "toObject(list, id => id, id => {})", "!empty(list) ? map : null"] {
            check(RULE, &cluster(ids));
        }
    }

    #[test]
    fn a_loop_is_left_to_its_author() {
        check_no_fix(RULE, &cluster("[for id in list: id]"));
    }

    #[test]
    fn the_list_of_pod_identities_is_right() {
        check(
            RULE,
            "resource aks 'Microsoft.ContainerService/managedClusters@2022-01-01' = {
  name: 'aks'
  identity: { type: 'SystemAssigned' }
  properties: { podIdentityProfile: { userAssignedIdentities: [{ name: 'a', namespace: 'b', identity: {} }] } }
}
",
        );
    }
}
