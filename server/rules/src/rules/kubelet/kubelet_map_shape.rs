use template::aks::{Cluster, IDENTITY, PropertyAt, Slot};
use template::eval::Place;
use template::expr::Item;
use template::model::TypeKind;
use template::value::{ObjectValue, ResourceId, Value, Why};
use template::{Expr, ExprId};

use crate::{Applicability, Ctx, Finding, Fix, New, Rule, declare_rule};

declare_rule! {
    /// ## What it does
    /// Finds a `kubeletidentity` that is not an object of `resourceId`, `clientId` and `objectId`: an ID by itself, an array, or
    /// an object with an ID as its key.
    ///
    /// ## Why is this a problem
    /// Three things are called alike and shaped differently: `userAssignedIdentities` of the cluster is a map whose keys are IDs,
    /// that of the pod identity profile is an array, and `kubeletidentity` is an object with the ID as `resourceId`. The wrong
    /// shape is refused, or the identity in it is not seen.
    ///
    /// ## Examples
    /// ### Invalid
    /// ```json,frame=properties
    /// "identityProfile": {
    ///   "kubeletidentity": { "[resourceId('Microsoft.ManagedIdentity/userAssignedIdentities', 'kmi')]": {} }
    /// }
    /// ```
    /// ```bicep,frame=properties
    /// identityProfile: { kubeletidentity: kmi.id }
    /// ```
    /// ```json,frame=properties
    /// "identityProfile": { "kubeletidentity": "[resourceId('Microsoft.ManagedIdentity/userAssignedIdentities', 'kmi')]" }
    /// ```
    /// ```bicep,frame=properties
    /// identityProfile: { kubeletidentity: [{ resourceId: kmi.id }] }
    /// ```
    ///
    /// ### Valid
    /// ```json,frame=properties
    /// "identityProfile": { "kubeletidentity": { "resourceId": "[resourceId('Microsoft.ManagedIdentity/userAssignedIdentities', 'kmi')]" } }
    /// ```
    /// ```bicep,frame=properties
    /// identityProfile: { kubeletidentity: { resourceId: kmi.id } }
    /// ```
    ///
    /// ## Fix
    /// Writes the ID as `resourceId` of an object.
    ///
    /// ## When not to use it
    /// Always use it.
    ///
    /// ## References
    /// `identityProfile` of managed clusters in Azure/bicep-types-az.
    pub(crate) struct KubeletMapShape {
        code: "kubelet-map-shape",
        family: Kubelet,
        severity: Error,
        fix: Sometimes,
        since: "0.1.0",
    }
}

impl Rule for KubeletMapShape {
    fn check_cluster(&self, ctx: &Ctx<'_>, cluster: &Cluster<'_, '_>) {
        ctx.judge(cluster.kubelets(), |case| {
            // A shorter path ended above it, at an `identityProfile` that is no object.
            let slot = Some(&case.value).filter(|slot| slot.depth == 3)?;
            match &slot.value {
                Value::Object(object) => id_as_key(ctx, object),
                Value::Array(_) => Some(finding(ctx, slot, "an array")?.fix(only_item(ctx, slot))),
                Value::Resource(identity) => {
                    let fix = wrap(ctx, slot, New::id(*identity));
                    Some(finding(ctx, slot, "a resource")?.fix(fix))
                }
                Value::Str(_) | Value::Read(_) => Some(finding(ctx, slot, "a text")?.fix(wrapped(ctx, slot))),
                Value::Unknown(unknown) => {
                    let Why::Parameter(scope, index) = unknown.why else { return None };
                    let parameter = ctx.eval.template(scope).parameters.get(index as usize)?;
                    let what = match parameter.ty.kind {
                        TypeKind::String => "a text",
                        TypeKind::Array => return finding(ctx, slot, "an array"),
                        _ => return None,
                    };
                    // A member of the parameter is something else than the parameter.
                    let is_whole = matches!(expr_of(ctx, written(ctx, slot)?), Expr::Ref(_));
                    is_whole.then(|| Some(finding(ctx, slot, what)?.fix(wrapped(ctx, slot))))?
                }
                Value::Bool(_) | Value::Int(_) => finding(ctx, slot, "not even a text"),
                _ => None,
            }
        });
    }
}

fn finding(ctx: &Ctx<'_>, slot: &Slot, what: &str) -> Option<Finding> {
    let message = format!("`kubeletidentity` is {what}; it must be an object with the ID as `resourceId`");
    Some(
        Finding::at(ctx.eval.written_at(slot)?, message)
            .origin(ctx, slot)
            .help("Write `kubeletidentity: { resourceId: … }`"),
    )
}

/// The expression that stands behind the key.
fn written(ctx: &Ctx<'_>, slot: &Slot) -> Option<Place> {
    let property = slot.property?;
    let (_, written) = ctx.eval.property(property)?;
    Some(Place { scope: property.object.scope, expr: written.value })
}

fn expr_of<'a>(ctx: &Ctx<'a>, place: Place) -> &'a Expr {
    ctx.eval.template(place.scope).expr(place.expr)
}

/// The text as `resourceId`, where it may be an ID.
fn wrapped(ctx: &Ctx<'_>, slot: &Slot) -> Option<Fix> {
    let place = slot.place?;
    let may_be_id = match &slot.value {
        Value::Str(text) => crate::identity_id::mistake_in(ctx, text, place).is_none(),
        Value::Unknown(_) => true,
        _ => false,
    };
    let written = written(ctx, slot)?;
    may_be_id.then(|| wrap(ctx, slot, New::Copy(written)))?
}

fn wrap(ctx: &Ctx<'_>, slot: &Slot, id: New) -> Option<Fix> {
    let rewrite = ctx.rewrite().replace(written(ctx, slot)?, New::object([("resourceId", id)]));
    rewrite.fix("Write it as `resourceId`", Applicability::Safe)
}

/// The only item of an array in the place of the array, if it has the right shape.
fn only_item(ctx: &Ctx<'_>, slot: &Slot) -> Option<Fix> {
    let array = written(ctx, slot)?;
    let Expr::Array(items) = expr_of(ctx, array) else { return None };
    let [Item::Value(item)] = items.as_ref() else { return None };
    let item = Place { expr: *item, ..array };
    let new = match ctx.eval.value(item).single()? {
        Value::Object(_) => New::Copy(item),
        Value::Str(text) if is_identity(ctx, text, item) => New::object([("resourceId", New::Copy(item))]),
        _ => return None,
    };
    ctx.rewrite().replace(array, new).fix("Write the object without the array", Applicability::Safe)
}

fn is_identity(ctx: &Ctx<'_>, text: &template::value::Str, place: Place) -> bool {
    let id = ctx.eval.parse_id(text, place.scope, place);
    id.is_some_and(|id: std::rc::Rc<ResourceId>| id.is_type(IDENTITY) == Some(true))
}

/// `{ '${kmi.id}': {} }`
fn id_as_key(ctx: &Ctx<'_>, object: &ObjectValue) -> Option<Finding> {
    let entry = object.entries.iter().find(|entry| {
        let place = entry.property.map(|(place, _)| place);
        place.zip(entry.key.as_ref()).is_some_and(|(place, key)| is_identity(ctx, key, place))
    })?;
    let property = template::aks::property_of(entry)?;
    let message = "a key of `kubeletidentity` is the ID of an identity; the ID is the value of `resourceId`";
    let fix = (object.entries.len() == 1).then(|| to_member(ctx, property)).flatten();
    Some(
        Finding::at(ctx.eval.key_location(property)?, message)
            .help("Only `userAssignedIdentities` has IDs as keys")
            .fix(fix),
    )
}

/// `resourceId: <the key>`
fn to_member(ctx: &Ctx<'_>, property: PropertyAt) -> Option<Fix> {
    let (scope, written) = ctx.eval.property(property)?;
    let place = |expr: ExprId| Place { scope: property.object.scope, expr };
    let key = match scope.template.expr(written.key) {
        Expr::Interpolation(segments) => match segments.as_ref() {
            [template::expr::Segment::Hole(hole)] => *hole,
            _ => written.key,
        },
        _ => written.key,
    };
    ctx.rewrite()
        .rename_key(property, "resourceId")
        .replace(place(written.value), New::Copy(place(key)))
        .fix("Write it as `resourceId`", Applicability::Safe)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{check, check_fix, check_no_fix};

    fn cluster(kubelet: &str) -> String {
        format!(
            "param id string
param whole object
resource kmi 'Microsoft.ManagedIdentity/userAssignedIdentities@2023-01-31' existing = {{ name: 'kmi' }}
resource aks 'Microsoft.ContainerService/managedClusters@2025-05-01' = {{
  name: 'aks'
  properties: {{
    identityProfile: {{
      kubeletidentity: {kubelet}
    }}
  }}
}}
"
        )
    }

    #[test]
    fn what_may_be_an_object_is_good() {
        for kubelet in ["whole", "whole.kubelet", "{ resourceId: id }", "null", "{}", "union(whole, {})"] {
            check(RULE, &cluster(kubelet));
        }
        check(RULE, &cluster("x").replace("kubeletidentity: x", "...whole"));
    }

    #[test]
    fn wraps_what_is_an_id() {
        let wrapped = |id: &str| cluster(&format!("{{\n        resourceId: {id}\n      }}"));
        check_fix(RULE, &cluster("kmi.id"), &wrapped("kmi.id"));
        check_fix(RULE, &cluster("kmi"), &wrapped("kmi.id"));
        check_fix(RULE, &cluster("id"), &wrapped("id"));
        check_fix(RULE, &cluster("[kmi.id]"), &wrapped("kmi.id"));
    }

    #[test]
    fn does_not_wrap_what_is_none() {
        check_no_fix(RULE, &cluster("kmi.properties.clientId"));
        check_no_fix(RULE, &cluster("'kmi'"));
        check_no_fix(RULE, &cluster("true"));
    }
}
