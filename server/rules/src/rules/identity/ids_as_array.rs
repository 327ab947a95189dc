use template::Expr;
use template::aks::{Cluster, IdentityBlock, Ids, Slot};
use template::eval::Place;
use template::expr::{Item, Member, Ref};
use template::model::TypeKind;
use template::value::{Value, Why};

use crate::{Applicability, Ctx, Finding, Fix, New, Rule, declare_rule};

declare_rule! {
    /// ## What it does
    /// Finds `userAssignedIdentities` that are a list, or a single ID, instead of a map.
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
                (Ids::Unknown, _) if is_array_parameter(ctx, ids_slot) => "a list",
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

/// Whether the value is a parameter that is declared as a list, whatever is passed.
fn is_array_parameter(ctx: &Ctx<'_>, slot: &Slot) -> bool {
    let Value::Unknown(unknown) = &slot.value else { return false };
    let (Why::Parameter(scope, index), Some(place)) = (unknown.why, slot.place) else { return false };
    // A property of a parameter is not known for the same reason.
    let is_itself = matches!(ctx.eval.template(place.scope).expr(place.expr), Expr::Ref(Ref::Parameter(_)));
    let parameter = ctx.eval.template(scope).parameters.get(index as usize);
    is_itself && parameter.is_some_and(|parameter| parameter.ty.kind == TypeKind::Array)
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
