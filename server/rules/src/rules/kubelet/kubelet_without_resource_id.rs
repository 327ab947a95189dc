use template::aks::{Cluster, IDENTITY, Slot};
use template::value::{Entry, ObjectValue, Str, Target, Value};

use crate::{Applicability, At, Ctx, Finding, Fix, New, Rule, declare_rule};

declare_rule! {
    /// ## What it does
    /// Finds a `kubeletidentity` that has no `resourceId`.
    ///
    /// ## Why is this a problem
    /// The resource ID is what AKS finds the identity by; it looks up client and object ID itself. Without it nothing says which
    /// identity is meant.
    ///
    /// ## Examples
    /// ### Invalid
    /// ```json,frame=properties
    /// "identityProfile": { "kubeletidentity": { "clientId": "11111111-1111-1111-1111-111111111111" } }
    /// ```
    /// ```bicep,frame=properties
    /// identityProfile: { kubeletidentity: { objectId: kmi.properties.principalId } }
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
    /// Renames the member that holds the ID, or adds the `resourceId` of the identity that the other properties are taken from.
    ///
    /// ## When not to use it
    /// Always use it.
    ///
    /// ## References
    /// The CLI sends nothing but `resourceId`; kubernetes-sigs/cluster-api-provider-azure#3425.
    pub(crate) struct KubeletWithoutResourceId {
        code: "kubelet-without-resource-id",
        family: Kubelet,
        severity: Error,
        fix: Sometimes,
        since: "0.1.0",
    }
}

impl Rule for KubeletWithoutResourceId {
    fn check_cluster(&self, ctx: &Ctx<'_>, cluster: &Cluster<'_, '_>) {
        ctx.judge(cluster.kubelets(), |case| {
            let Value::Object(object) = &case.value.value else { return None };
            // A key that is no property name is another mistake: the shape of the other map.
            let is_name = |key: &Option<Str>| key.as_ref().and_then(Str::literal).is_some_and(|key| !key.contains('/'));
            if !object.is_closed() || !object.entries.iter().all(|entry| is_name(&entry.key)) {
                return None;
            }
            let resource_id = ctx.eval.slots_in(&case.value, &case.when, &["resourceId"]);
            let is_empty = |id: &Slot| matches!(&id.value, Value::Str(text) if text.literal() == Some(""));
            if !resource_id.iter().all(|id| id.value.is_absent() || is_empty(&id.value)) {
                return None;
            }
            let at = match case.value.property.and_then(|property| ctx.eval.key_location(property)) {
                Some(at) => at,
                None => ctx.eval.written_at(&case.value)?,
            };
            let finding = Finding::at(at, "`kubeletidentity` has no `resourceId`")
                .help("Give the resource ID of the identity; it is all that AKS needs");
            let renamed = misnamed(ctx, object);
            let source =
                object.entries.iter().find_map(|entry| match ctx.eval.force(&entry.value).single()?.read()?.target {
                    Target::Declared(identity) => Some(identity),
                    _ => None,
                });
            let fix = source.and_then(|identity| {
                let place = case.value.place?;
                let rewrite = ctx.rewrite().set(place, At::First, "resourceId", New::id(identity));
                let title = format!("Add the ID of {} as `resourceId`", crate::offers::label(ctx, identity));
                rewrite.fix(title, Applicability::Safe)
            });
            Some(finding.fix(renamed).fix(fix))
        });
    }
}

/// A member that holds the ID under another name: `id`, `identityId`.
fn misnamed(ctx: &Ctx<'_>, object: &ObjectValue) -> Option<Fix> {
    let is_id = |entry: &&Entry| {
        let values = ctx.eval.force(&entry.value);
        let id = values.iter().find_map(|one| match (&one.value, one.place) {
            (Value::Str(text), Some(place)) => ctx.eval.parse_id(text, place.scope, place),
            _ => None,
        });
        id.is_some_and(|id| id.is_type(IDENTITY) == Some(true))
    };
    let entry = object.entries.iter().find(is_id)?;
    let key = entry.key.as_ref().and_then(Str::literal)?;
    // An ID as client ID is an ID in the wrong place.
    let is_other = ["clientId", "objectId"].iter().any(|name| key.eq_ignore_ascii_case(name));
    let property = template::aks::property_of(entry).filter(|_| !is_other)?;
    let rename = ctx.rewrite().rename_key(property, "resourceId");
    rename.fix(format!("Rename `{key}` to `resourceId`"), Applicability::Safe)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{check, check_fix};

    #[test]
    fn what_is_not_known_may_hold_it() {
        check(
            RULE,
            "param kubelet object
resource aks 'Microsoft.ContainerService/managedClusters@2025-05-01' = {
  name: 'aks'
  properties: { identityProfile: { kubeletidentity: union(kubelet, { clientId: 'c' }) } }
}
",
        );
    }

    #[test]
    fn an_empty_one_is_none() {
        check(
            RULE,
            "param id string = ''
resource a 'Microsoft.ContainerService/managedClusters@2025-05-01' = {
  name: 'a'
  properties: { identityProfile: { kubeletidentity: { resourceId: '' } } }
                                   ^^^^^^^^^^^^^^^ error[kubelet-without-resource-id]: has no `resourceId`
}
resource b 'Microsoft.ContainerService/managedClusters@2025-05-01' = {
  name: 'b'
  properties: { identityProfile: { kubeletidentity: { resourceId: id } } }
}
",
        );
    }

    #[test]
    fn renames_what_holds_the_id() {
        let text = |name: &str| {
            format!(
                "resource kmi 'Microsoft.ManagedIdentity/userAssignedIdentities@2023-01-31' existing = {{ name: 'kmi' }}
resource aks 'Microsoft.ContainerService/managedClusters@2025-05-01' = {{
  name: 'aks'
  properties: {{ identityProfile: {{ kubeletidentity: {{ {name}: kmi.id }} }} }}
}}
"
            )
        };
        check_fix(RULE, &text("id"), &text("resourceId"));
    }
}
