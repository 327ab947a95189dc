use template::aks::CLUSTER;

use crate::conformance::{Kind, Mistake};
use crate::rules::schema::unknown_value::judged;
use crate::{Ctx, Rule, Severity, declare_rule};

declare_rule! {
    /// ## What it does
    /// Finds an `identity.type` that is none of `SystemAssigned`, `UserAssigned` and `None`.
    ///
    /// ## Why is this a problem
    /// The deployment is refused. From API version 2025-10-01 on the resource type takes any text, so that no other tool
    /// notices. A value in another casing may work today; it is a warning.
    ///
    /// ## Examples
    /// ### Invalid
    /// ```json,frame=identity
    /// "type": "UserAsigned",
    /// "userAssignedIdentities": { "[resourceId('Microsoft.ManagedIdentity/userAssignedIdentities', 'mi')]": {} }
    /// ```
    /// ```bicep,frame=identity
    /// type: 'UserAsigned'
    /// userAssignedIdentities: { '${mi.id}': {} }
    /// ```
    /// ```json,frame=identity,api=2026-01-01
    /// "type": "systemassigned"
    /// ```
    /// ```bicep,frame=identity,api=2026-01-01
    /// type: 'systemassigned'
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
    /// Writes the nearest of the three.
    ///
    /// ## When not to use it
    /// Always use it.
    ///
    /// ## References
    /// The closed list of values in the resource type up to 2025-09-01.
    pub(crate) struct IdentityTypeUnknown {
        code: "identity-type-unknown",
        family: Identity,
        severity: Error,
        fix: Sometimes,
        since: "0.1.0",
        bicep: "BCP036, BCP088",
    }
}

impl Rule for IdentityTypeUnknown {
    fn check_deployment(&self, ctx: &Ctx<'_>) {
        ctx.report_mistakes(|mistake| {
            if mistake.ty.name() != CLUSTER || mistake.path != "identity.type" || is_combined(mistake) {
                return None;
            }
            let (compiler, finding) = judged(ctx, mistake)?;
            let Kind::Value { cased, .. } = &mistake.kind else { return None };
            let severity = if cased.is_some() { Severity::Warning } else { Severity::Error };
            Some((compiler, finding.severity(severity)))
        });
    }
}

/// Whether both kinds are asked for, which `identity-type-combined` reports.
fn is_combined(mistake: &Mistake) -> bool {
    let Kind::Value { value, .. } = &mistake.kind else { return false };
    let mut words: Vec<String> = value.split(',').map(|word| word.trim().to_ascii_lowercase()).collect();
    words.sort();
    words == ["systemassigned", "userassigned"]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{check, check_with_bicep};

    #[test]
    fn open_lists_are_no_excuse() {
        check(
            RULE,
            "resource a 'Microsoft.ContainerService/managedClusters@2026-01-01' = {
  name: 'a'
  location: 'westeurope'
  identity: { type: 'Managed' }
                    ^^^^^^^^^ error[identity-type-unknown]: none of the values known
}
resource b 'Microsoft.ContainerService/managedClusters@2025-05-01' = {
  name: 'b'
  location: 'westeurope'
  identity: { type: 'Managed' }
}
",
        );
    }

    #[test]
    fn both_at_once_is_another_mistake() {
        check_with_bicep(
            RULE,
            "resource a 'Microsoft.ContainerService/managedClusters@2025-05-01' = {
  name: 'a'
  location: 'westeurope'
  identity: { type: 'SystemAssigned,UserAssigned' }
}
",
        );
    }
}
