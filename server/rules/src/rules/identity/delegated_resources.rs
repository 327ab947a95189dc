use template::aks::Cluster;
use template::value::Value;

use crate::{Applicability, Ctx, Finding, Rule, Severity, Tag, declare_rule};

declare_rule! {
    /// ## What it does
    /// Finds `identity.delegatedResources`.
    ///
    /// ## Why is this a problem
    /// It is filled in by other Azure services that act on behalf of their customers, and means nothing in a template of
    /// somebody else. Mostly it got there with the rest of a cluster that was read and pasted; written as `null` it is only
    /// noise.
    ///
    /// ## Examples
    /// ### Invalid
    /// ```json,frame=identity
    /// "type": "SystemAssigned",
    /// "delegatedResources": { "x": { "location": "westeurope" } }
    /// ```
    /// ```bicep,frame=identity
    /// type: 'SystemAssigned'
    /// delegatedResources: null
    /// ```
    ///
    /// ### Valid
    /// ```json,frame=identity
    /// "type": "SystemAssigned"
    /// ```
    /// ```bicep,frame=identity
    /// type: 'SystemAssigned'
    /// ```
    ///
    /// ## Fix
    /// Removes it.
    ///
    /// ## When not to use it
    /// In templates of a resource provider that AKS knows as such.
    ///
    /// ## References
    /// - <https://learn.microsoft.com/azure/templates/microsoft.containerservice/managedclusters#managedclusteridentity>
    pub(crate) struct DelegatedResources {
        code: "delegated-resources",
        family: Identity,
        severity: Warning,
        fix: Sometimes,
        since: "0.1.0",
    }
}

impl Rule for DelegatedResources {
    fn check_cluster(&self, ctx: &Ctx<'_>, cluster: &Cluster<'_, '_>) {
        ctx.judge(&cluster.slots(&["identity", "delegatedResources"]), |case| {
            let slot = &case.value;
            let property = slot.property.filter(|_| slot.depth == 2)?;
            let remove = ctx.rewrite().remove(property.object, &[property.number as usize]);
            let (severity, applicability) = match &slot.value {
                Value::Null => (Severity::Hint, Applicability::Safe),
                Value::Object(object) if object.entries.is_empty() && !object.damaged => {
                    (Severity::Hint, Applicability::Safe)
                }
                Value::Object(_) => (Severity::Warning, Applicability::Unsafe),
                _ => return None,
            };
            let message =
                "`identity.delegatedResources` is for resource providers; a template of a cluster has no use for it";
            Some(
                Finding::at(ctx.eval.key_location(property)?, message)
                    .severity(severity)
                    .tag(Tag::Unnecessary)
                    .help("Leave it out")
                    .fix(remove.fix("Remove `delegatedResources`", applicability)),
            )
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{check, check_fix};

    #[test]
    fn null_is_only_noise() {
        let cluster = |more: &str| {
            format!(
                "resource aks 'Microsoft.ContainerService/managedClusters@2025-05-01' = {{
  name: 'aks'
  identity: {{
    type: 'SystemAssigned'
{more}  }}
}}
"
            )
        };
        let caret = "    ^^^^^^^^^^^^^^^^^^ hint[delegated-resources]: for resource providers\n";
        check(RULE, &cluster(&format!("    delegatedResources: null\n{caret}")));
        check_fix(RULE, &cluster("    delegatedResources: null\n"), &cluster(""));
    }

    #[test]
    fn one_that_is_passed_in_is_not_judged() {
        check(
            RULE,
            "param delegated object
resource aks 'Microsoft.ContainerService/managedClusters@2025-05-01' = {
  name: 'aks'
  identity: { type: 'SystemAssigned', delegatedResources: delegated }
}
",
        );
    }
}
