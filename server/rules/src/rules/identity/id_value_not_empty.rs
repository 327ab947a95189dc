use template::aks::{Cluster, IdEntry};
use template::eval::Place;
use template::value::Value;

use crate::identity_id::{cases_with_entries, entries};
use crate::{Applicability, Ctx, Finding, New, Rule, Severity, declare_rule};

declare_rule! {
    /// ## What it does
    /// Finds entries of `userAssignedIdentities` whose value is not the empty object.
    ///
    /// ## Why is this a problem
    /// The key says everything; the service fills in `clientId` and `principalId` by itself and gives them back when the cluster
    /// is read. Pasted into a template they are refused with `InvalidIdentityValues` as soon as they are not exactly what is
    /// there already. `null` works in some places and fails in others, so it is a warning.
    ///
    /// ## Examples
    /// ### Invalid
    /// ```json,frame=identity
    /// "type": "UserAssigned",
    /// "userAssignedIdentities": {
    ///   "[resourceId('Microsoft.ManagedIdentity/userAssignedIdentities', 'mi')]": {
    ///     "clientId": "11111111-1111-1111-1111-111111111111",
    ///     "principalId": "22222222-2222-2222-2222-222222222222"
    ///   }
    /// }
    /// ```
    /// ```bicep,frame=identity
    /// type: 'UserAssigned'
    /// userAssignedIdentities: {
    ///   '${mi.id}': { principalId: mi.properties.principalId }
    /// }
    /// ```
    /// ```json,frame=identity
    /// "type": "UserAssigned",
    /// "userAssignedIdentities": { "[resourceId('Microsoft.ManagedIdentity/userAssignedIdentities', 'mi')]": null }
    /// ```
    /// ```bicep,frame=identity
    /// type: 'UserAssigned'
    /// userAssignedIdentities: { '${mi.id}': true }
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
    /// Writes `{}`.
    ///
    /// ## When not to use it
    /// Always use it.
    ///
    /// ## References
    /// Azure/azure-rest-api-specs#13501 and #13631, Azure/acr#441.
    pub(crate) struct IdValueNotEmpty {
        code: "id-value-not-empty",
        family: Identity,
        severity: Error,
        fix: Sometimes,
        since: "0.1.0",
    }
}

impl Rule for IdValueNotEmpty {
    fn check_cluster(&self, ctx: &Ctx<'_>, cluster: &Cluster<'_, '_>) {
        let cases = cases_with_entries(cluster, entries);
        let longest = cases.iter().map(|case| case.value.1.len()).max().unwrap_or_default();
        for number in 0..longest {
            ctx.judge(&cases, |case| wrong(ctx, case.value.1.get(number)?));
        }
    }
}

fn wrong(ctx: &Ctx<'_>, entry: &IdEntry) -> Option<Finding> {
    let (what, severity) = match entry.value.single()? {
        Value::Null => ("null", Severity::Warning),
        Value::Object(object) if !object.damaged && object.entries.iter().any(|entry| entry.key.is_some()) => {
            ("not empty", Severity::Error)
        }
        Value::Bool(_) | Value::Int(_) => ("no object", Severity::Error),
        Value::Str(text) if text.literal().is_some() => ("a text", Severity::Error),
        Value::Array(_) => ("a list", Severity::Error),
        _ => return None,
    };
    let property = entry.property?;
    let (_, written) = ctx.eval.property(property)?;
    let value = Place { scope: property.object.scope, expr: written.value };
    Some(
        Finding::at(ctx.eval.location(value), format!("the value of an identity is {what}; it must be `{{}}`"))
            .severity(severity)
            .help("The key alone names the identity; its principal and client ID are filled in by the service")
            .fix(ctx.rewrite().replace(value, New::empty_object()).fix("Replace it with `{}`", Applicability::Safe)),
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::check;

    #[test]
    fn an_unknown_value_is_no_finding() {
        check(
            RULE,
            "param details object
resource mi 'Microsoft.ManagedIdentity/userAssignedIdentities@2023-01-31' existing = { name: 'mi' }
resource aks 'Microsoft.ContainerService/managedClusters@2025-05-01' = {
  name: 'aks'
  identity: { type: 'UserAssigned', userAssignedIdentities: { '${mi.id}': details } }
  properties: {}
}
",
        );
    }
}
