use std::rc::Rc;

use template::aks::{Case, Cluster, Principal, PropertyAt, Slot};
use template::eval::Place;
use template::grants::Truth;
use template::value::{ResourceId, Value};

use crate::{Applicability, Ctx, Finding, Fix, New, Rule, declare_rule};

declare_rule! {
    /// ## What it does
    /// Finds `clientId` and `objectId` of `kubeletidentity` that are each other's, those of another identity than the one of
    /// `resourceId`, or something else: a tenant ID, a resource ID.
    ///
    /// ## Why is this a problem
    /// Both are GUIDs, so nothing objects before Azure does. The object ID is what an identity calls `principalId`; the client ID is
    /// another one.
    ///
    /// ## Examples
    /// ### Invalid
    /// ```json,frame=properties,expect=2
    /// "identityProfile": {
    ///   "kubeletidentity": {
    ///     "resourceId": "[resourceId('Microsoft.ManagedIdentity/userAssignedIdentities', 'kmi')]",
    ///     "clientId": "[reference(resourceId('Microsoft.ManagedIdentity/userAssignedIdentities', 'kmi'), '2023-01-31').principalId]",
    ///     "objectId": "[reference(resourceId('Microsoft.ManagedIdentity/userAssignedIdentities', 'kmi'), '2023-01-31').clientId]"
    ///   }
    /// }
    /// ```
    /// ```bicep,frame=properties
    /// identityProfile: {
    ///   kubeletidentity: {
    ///     resourceId: kmi.id
    ///     clientId: kmi.properties.clientId
    ///     objectId: mi.properties.principalId
    ///   }
    /// }
    /// ```
    ///
    /// ### Valid
    /// ```json,frame=properties
    /// "identityProfile": {
    ///   "kubeletidentity": {
    ///     "resourceId": "[resourceId('Microsoft.ManagedIdentity/userAssignedIdentities', 'kmi')]",
    ///     "clientId": "[reference(resourceId('Microsoft.ManagedIdentity/userAssignedIdentities', 'kmi'), '2023-01-31').clientId]",
    ///     "objectId": "[reference(resourceId('Microsoft.ManagedIdentity/userAssignedIdentities', 'kmi'), '2023-01-31').principalId]"
    ///   }
    /// }
    /// ```
    /// ```bicep,frame=properties
    /// identityProfile: {
    ///   kubeletidentity: {
    ///     resourceId: kmi.id
    ///     clientId: kmi.properties.clientId
    ///     objectId: kmi.properties.principalId
    ///   }
    /// }
    /// ```
    ///
    /// ## Fix
    /// Reads both from the identity of `resourceId`, or removes them: the resource ID is all that AKS needs.
    ///
    /// ## When not to use it
    /// Always use it.
    ///
    /// ## References
    /// kubernetes-sigs/cluster-api-provider-azure#3425.
    pub(crate) struct KubeletIdsSwapped {
        code: "kubelet-ids-swapped",
        family: Kubelet,
        severity: Error,
        fix: Sometimes,
        since: "0.1.0",
    }
}

/// The properties, and what an identity calls them.
const NAMES: [(&str, &str); 2] = [("clientId", "clientId"), ("objectId", "principalId")];

impl Rule for KubeletIdsSwapped {
    fn check_cluster(&self, ctx: &Ctx<'_>, cluster: &Cluster<'_, '_>) {
        for (name, own) in NAMES {
            ctx.judge(cluster.kubelets(), |case| {
                let kubelet = Kubelet::of(ctx, case)?;
                let slot = kubelet.slot(ctx, name)?;
                let what = wrong(ctx, &slot, own, kubelet.id.as_ref())?;
                let finding = Finding::at(ctx.eval.written_at(&slot)?, format!("`{name}` {what}"))
                    .origin(ctx, &slot)
                    .help(format!("`{name}` is the `{own}` of the identity; `resourceId` is all that AKS needs"));
                let resource_id = ctx.eval.written_at(&kubelet.resource_id)?;
                Some(finding.related(resource_id, "the identity is named here").fix(fixes(ctx, &kubelet)))
            });
        }
    }
}

/// `kubeletidentity` in one case.
struct Kubelet<'c> {
    case: &'c Case<Slot>,
    resource_id: Slot,
    id: Option<Rc<ResourceId>>,
}

impl<'c> Kubelet<'c> {
    fn of(ctx: &Ctx<'_>, case: &'c Case<Slot>) -> Option<Self> {
        let Value::Object(_) = &case.value.value else { return None };
        let mut resource_id = ctx.eval.slots_in(&case.value, &case.when, &["resourceId"]);
        let only = resource_id.pop().filter(|_| resource_id.is_empty())?;
        let id = ctx.eval.ids_of(std::slice::from_ref(&only)).pop().map(|one| one.value);
        Some(Self { case, resource_id: only.value, id })
    }

    fn slot(&self, ctx: &Ctx<'_>, name: &str) -> Option<Slot> {
        let mut slots = ctx.eval.slots_in(&self.case.value, &self.case.when, &[name]);
        slots.pop().filter(|_| slots.is_empty()).map(|one| one.value).filter(|slot| !slot.is_absent())
    }
}

/// What is wrong with a value, as the rest of a sentence.
fn wrong(ctx: &Ctx<'_>, slot: &Slot, own: &str, kubelet: Option<&Rc<ResourceId>>) -> Option<String> {
    if let (Value::Str(text), Some(place)) = (&slot.value, slot.place)
        && ctx.eval.parse_id(text, place.scope, place).is_some()
    {
        return Some("is a resource ID".to_owned());
    }
    let Principal::Identity { id, property } = ctx.eval.principal(&slot.value)? else { return None };
    if !property.eq_ignore_ascii_case(own) {
        return Some(format!("is the `{property}` of the identity"));
    }
    let is_other = kubelet.is_some_and(|kubelet| ctx.eval.same_resource(&id, kubelet) == Truth::No);
    is_other.then(|| {
        let label = crate::offers::label_of_id(ctx, &id);
        format!("is that of another identity, `{label}`, than `resourceId`")
    })
}

fn fixes(ctx: &Ctx<'_>, kubelet: &Kubelet<'_>) -> Vec<Fix> {
    let all: Vec<(Slot, &str, bool)> = NAMES
        .iter()
        .filter_map(|(name, own)| {
            let slot = kubelet.slot(ctx, name)?;
            let is_wrong = wrong(ctx, &slot, own, kubelet.id.as_ref()).is_some();
            Some((slot, *own, is_wrong))
        })
        .collect();
    let properties: Option<Vec<PropertyAt>> = all.iter().map(|(slot, ..)| slot.property).collect();
    let Some(properties) = properties else { return Vec::new() };
    let declared = kubelet.id.as_ref().and_then(|id| id.declared);
    let read = declared.and_then(|identity| {
        let mut rewrite = ctx.rewrite();
        for ((_, own, is_wrong), property) in all.iter().zip(&properties) {
            if *is_wrong {
                let (_, written) = ctx.eval.property(*property)?;
                let place = Place { scope: property.object.scope, expr: written.value };
                rewrite = rewrite.replace(place, New::read(identity, &format!("properties.{own}")));
            }
        }
        let title = format!("Read them from {}", crate::offers::label(ctx, identity));
        rewrite.fix(title, Applicability::Safe)
    });
    let object = properties.first().map(|property| property.object);
    let members: Vec<usize> = properties.iter().map(|property| property.number as usize).collect();
    let drop = object
        .filter(|object| properties.iter().all(|property| property.object == *object))
        .and_then(|object| ctx.rewrite().remove(object, &members).fix("Leave `resourceId` only", Applicability::Safe));
    read.into_iter().chain(drop).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{check, check_fix_titled};

    fn cluster(members: &str) -> String {
        format!(
            "param id string
resource mi 'Microsoft.ManagedIdentity/userAssignedIdentities@2023-01-31' existing = {{ name: 'mi' }}
resource kmi 'Microsoft.ManagedIdentity/userAssignedIdentities@2023-01-31' existing = {{ name: 'kmi' }}
resource aks 'Microsoft.ContainerService/managedClusters@2025-05-01' = {{
  name: 'aks'
  properties: {{
    identityProfile: {{
      kubeletidentity: {{
{members}
      }}
    }}
  }}
}}
"
        )
    }

    #[test]
    fn what_may_be_right_is_left_alone() {
        for members in [
            "        resourceId: id\n        clientId: kmi.properties.clientId",
            "        resourceId: kmi.id\n        clientId: id",
            "        resourceId: kmi.id\n        clientId: '11111111-1111-1111-1111-111111111111'",
            "        resourceId: resourceId('Microsoft.ManagedIdentity/userAssignedIdentities', id)\n        clientId: kmi.properties.clientId",
        ] {
            check(RULE, &cluster(members));
        }
    }

    #[test]
    fn other_ids_are_wrong() {
        check(
            RULE,
            &cluster(
                "        resourceId: kmi.id
        clientId: kmi.properties.tenantId
                  ^^^^^^^^^^^^^^^^^^^^^^^ error[kubelet-ids-swapped]: is the `tenantId` of the identity
        objectId: kmi.id
                  ^^^^^^ error[kubelet-ids-swapped]: is a resource ID",
            ),
        );
    }

    #[test]
    fn swaps_or_drops() {
        let before = cluster(
            "        resourceId: kmi.id\n        clientId: kmi.properties.principalId\n        objectId: kmi.properties.clientId",
        );
        let right = cluster(
            "        resourceId: kmi.id\n        clientId: kmi.properties.clientId\n        objectId: kmi.properties.principalId",
        );
        check_fix_titled(RULE, "Read them from kmi", &before, &right);
        check_fix_titled(RULE, "Leave `resourceId` only", &before, &cluster("        resourceId: kmi.id"));
    }
}
