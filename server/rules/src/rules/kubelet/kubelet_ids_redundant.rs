use template::aks::{Cluster, PropertyAt, Slot, is_guid};
use template::value::Value;

use crate::{Applicability, Ctx, Finding, Fix, Rule, Severity, Tag, declare_rule};

declare_rule! {
    /// ## What it does
    /// Finds `clientId` and `objectId` beside the `resourceId` of `kubeletidentity`.
    ///
    /// ## Why is this a problem
    /// AKS finds both by the resource ID. Written as GUIDs they are right for one identity only: when it is deleted and created
    /// again it has new ones, and the template contradicts itself. From a parameter they are one more thing to keep in step,
    /// which is a hint. Read from the identity itself they are harmless, and not reported.
    ///
    /// ## Examples
    /// ### Invalid
    /// ```json,frame=properties,expect=2
    /// "identityProfile": {
    ///   "kubeletidentity": {
    ///     "resourceId": "[resourceId('Microsoft.ManagedIdentity/userAssignedIdentities', 'kmi')]",
    ///     "clientId": "11111111-1111-1111-1111-111111111111",
    ///     "objectId": "22222222-2222-2222-2222-222222222222"
    ///   }
    /// }
    /// ```
    /// ```bicep,frame=properties
    /// identityProfile: {
    ///   kubeletidentity: {
    ///     resourceId: kmi.id
    ///     clientId: '11111111-1111-1111-1111-111111111111'
    ///   }
    /// }
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
    /// Removes what is redundant.
    ///
    /// ## When not to use it
    /// When a policy of your own wants all three to be written.
    ///
    /// ## References
    /// The CLI sends nothing but `resourceId`; kubernetes-sigs/cluster-api-provider-azure#3425.
    pub(crate) struct KubeletIdsRedundant {
        code: "kubelet-ids-redundant",
        family: Kubelet,
        severity: Warning,
        fix: Sometimes,
        since: "0.1.0",
    }
}

const NAMES: [&str; 2] = ["clientId", "objectId"];

impl Rule for KubeletIdsRedundant {
    fn check_cluster(&self, ctx: &Ctx<'_>, cluster: &Cluster<'_, '_>) {
        for name in NAMES {
            ctx.judge(cluster.kubelets(), |case| {
                let Value::Object(_) = &case.value.value else { return None };
                let resource_id = ctx.eval.slots_in(&case.value, &case.when, &["resourceId"]);
                if resource_id.iter().any(|id| id.value.is_absent()) {
                    return None;
                }
                let slots = |name| ctx.eval.slots_in(&case.value, &case.when, &[name]);
                let slot = slots(name).into_iter().map(|one| one.value).find(|slot| redundant(slot).is_some())?;
                let severity = redundant(&slot)?;
                let at = ctx.eval.property_location(slot.property?)?;
                let message = match severity {
                    Severity::Hint => format!("`{name}` is redundant: AKS finds it by `resourceId`"),
                    _ => format!(
                        "`{name}` is a GUID that goes stale when the identity is created again; `resourceId` is enough"
                    ),
                };
                let all = NAMES.iter().flat_map(|name| slots(name)).filter(|one| redundant(&one.value).is_some());
                let properties: Vec<PropertyAt> = all.filter_map(|one| one.value.property).collect();
                let finding = Finding::at(at, message).origin(ctx, &slot).severity(severity).tag(Tag::Unnecessary);
                Some(finding.help(format!("Remove `{name}`")).fix(removed(ctx, &properties)))
            });
        }
    }
}

/// How bad it is; `None` when it is absent, or read from some identity.
fn redundant(slot: &Slot) -> Option<Severity> {
    match &slot.value {
        Value::Str(text) if text.literal().is_some_and(is_guid) => Some(Severity::Warning),
        value if value.read().is_some() => None,
        Value::Str(_) => Some(Severity::Hint),
        Value::Unknown(unknown) if matches!(unknown.why, template::value::Why::Parameter(..)) => Some(Severity::Hint),
        _ => None,
    }
}

fn removed(ctx: &Ctx<'_>, properties: &[PropertyAt]) -> Option<Fix> {
    let object = properties.first()?.object;
    let mut members: Vec<usize> = properties.iter().map(|property| property.number as usize).collect();
    members.sort_unstable();
    members.dedup();
    let in_one_object = properties.iter().all(|property| property.object == object);
    let title = if members.len() > 1 { "Remove `clientId` and `objectId`" } else { "Remove it" };
    in_one_object.then(|| ctx.rewrite().remove(object, &members).fix(title, Applicability::Safe))?
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{check, check_fix};

    fn cluster(members: &str) -> String {
        format!(
            "param client string
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
    fn what_is_read_from_the_identity_is_harmless() {
        check(
            RULE,
            &cluster(
                "        resourceId: kmi.id\n        clientId: kmi.properties.clientId\n        objectId: kmi.properties.principalId",
            ),
        );
    }

    #[test]
    fn without_a_resource_id_it_is_another_mistake() {
        check(RULE, &cluster("        clientId: '11111111-1111-1111-1111-111111111111'"));
    }

    #[test]
    fn a_parameter_is_a_hint() {
        check(
            RULE,
            &cluster(
                "        resourceId: kmi.id
        clientId: client
        ^^^^^^^^^^^^^^^^ hint[kubelet-ids-redundant]: AKS finds it by",
            ),
        );
    }

    #[test]
    fn both_go_at_once() {
        check_fix(
            RULE,
            &cluster(
                "        clientId: '11111111-1111-1111-1111-111111111111'\n        resourceId: kmi.id\n        objectId: client",
            ),
            &cluster("        resourceId: kmi.id"),
        );
    }
}
