use template::aks::{Cluster, Slot};
use template::eval::Place;
use template::value::{Piece, ResourceRef, Str, Value};

use crate::identity_id::{Mistake, mistake_in, name_of, named_like_a_name, with_brackets};
use crate::{Applicability, Ctx, Finding, Fix, New, Rule, Severity, declare_rule};

declare_rule! {
    /// ## What it does
    /// Finds a `resourceId` of `kubeletidentity` that is not the resource ID of a user-assigned identity: a name, a GUID, a client
    /// or principal ID, the ID of another kind of resource, the text of an expression without its brackets.
    ///
    /// ## Why is this a problem
    /// The resource ID is what AKS finds the identity by. Anything else is refused, at the latest while the cluster is created.
    ///
    /// ## Examples
    /// ### Invalid
    /// ```json,frame=properties
    /// "identityProfile": {
    ///   "kubeletidentity": { "resourceId": "[reference(resourceId('Microsoft.ManagedIdentity/userAssignedIdentities', 'kmi'), '2023-01-31').clientId]" }
    /// }
    /// ```
    /// ```bicep,frame=properties
    /// identityProfile: { kubeletidentity: { resourceId: kmi.name } }
    /// ```
    /// ```json,frame=properties
    /// "identityProfile": { "kubeletidentity": { "resourceId": "kmi" } }
    /// ```
    /// ```bicep,frame=properties
    /// identityProfile: { kubeletidentity: { resourceId: kmi } }
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
    /// Writes the ID of the identity where it is clear which one is meant.
    ///
    /// ## When not to use it
    /// Always use it. A value that comes from a parameter without a default is not judged, unless the parameter's name says that
    /// it is a name.
    ///
    /// ## References
    /// articles/aks/pre-created-kubelet-managed-identity.md of the AKS documentation.
    pub(crate) struct KubeletResourceIdWrong {
        code: "kubelet-resource-id-wrong",
        family: Kubelet,
        severity: Error,
        fix: Sometimes,
        since: "0.1.0",
    }
}

const PATH: [&str; 4] = ["properties", "identityProfile", "kubeletidentity", "resourceId"];

impl Rule for KubeletResourceIdWrong {
    fn check_cluster(&self, ctx: &Ctx<'_>, cluster: &Cluster<'_, '_>) {
        // A shorter path ended at something that is no object: another mistake.
        let slots: Vec<_> = cluster.slots(&PATH);
        ctx.judge(&slots, |case| wrong(ctx, &case.value).filter(|_| case.value.depth == PATH.len()));
    }
}

fn wrong(ctx: &Ctx<'_>, slot: &Slot) -> Option<Finding> {
    let at = ctx.eval.written_at(slot)?;
    let place = slot.place?;
    let written = slot.property.and_then(|property| {
        let (_, written) = ctx.eval.property(property)?;
        Some(Place { scope: property.object.scope, expr: written.value })
    });
    let finding = |what: &dyn std::fmt::Display| {
        Finding::at(at, format!("`resourceId` {what}; it must be the resource ID of a user-assigned identity"))
            .origin(ctx, slot)
    };
    let to_id = |identity: ResourceRef| to_id(ctx, written?, identity);
    if let Some(identity) = written.and_then(|written| name_of(ctx, written)) {
        return Some(finding(&"is the name of an identity").help("Use the identity's `id`").fix(to_id(identity)));
    }
    let text = match &slot.value {
        Value::Str(text) => text.clone(),
        Value::Read(read) => Str::piece(Piece::Read(read.clone())),
        Value::Unknown(unknown) => Str::piece(Piece::Unknown(*unknown)),
        Value::Resource(identity) => {
            return Some(finding(&"is a resource, not its ID").help("Use its `id`").fix(to_id(*identity)));
        }
        Value::Bool(_) | Value::Int(_) | Value::Array(_) | Value::Object(_) => return Some(finding(&"is not a text")),
        _ => return None,
    };
    let (mistake, severity) = match mistake_in(ctx, &text, place) {
        Some(mistake) => (mistake, Severity::Error),
        None => (Mistake::Name(None), named_like_a_name(ctx, &text)?),
    };
    let fix = match &mistake {
        Mistake::Property { identity: Some(identity), .. }
        | Mistake::Name(Some(identity))
        | Mistake::Symbol(identity) => to_id(*identity),
        Mistake::NoBrackets => with_brackets(ctx, place),
        Mistake::Malformed { mended: Some(mended), .. } => {
            ctx.rewrite().replace(place, New::str(mended)).fix("Mend the ID", Applicability::Safe)
        }
        _ => None,
    };
    Some(finding(&mistake).help(mistake.help()).severity(severity).fix(fix))
}

fn to_id(ctx: &Ctx<'_>, written: Place, identity: ResourceRef) -> Option<Fix> {
    let title = format!("Use the ID of {}", crate::offers::label(ctx, identity));
    ctx.rewrite().replace(written, New::id(identity)).fix(title, Applicability::Safe)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{check, check_fix};

    fn cluster(id: &str) -> String {
        format!(
            "param id string
param identityName string
resource kmi 'Microsoft.ManagedIdentity/userAssignedIdentities@2023-01-31' = {{ name: 'nodes', location: 'x' }}
resource vault 'Microsoft.KeyVault/vaults@2023-07-01' existing = {{ name: 'v' }}
resource aks 'Microsoft.ContainerService/managedClusters@2025-05-01' = {{
  name: 'aks'
  properties: {{
    identityProfile: {{
      kubeletidentity: {{
        resourceId: {id}
      }}
    }}
  }}
}}
"
        )
    }

    fn bad(id: &str, message: &str) {
        let line = format!("        resourceId: {id}\n");
        let carets = format!("{line}                    {} {message}\n", "^".repeat(id.len()));
        check(RULE, &cluster(id).replace(&line, &carets));
    }

    #[test]
    fn ids_of_identities_and_what_may_be_one_are_good() {
        for id in [
            "kmi.id",
            "id",
            "'${id}'",
            "resourceId('Microsoft.ManagedIdentity/userAssignedIdentities', identityName)",
            "resourceId('other-group', 'Microsoft.ManagedIdentity/userAssignedIdentities', 'x')",
            "'/subscriptions/s/resourcegroups/g/providers/Microsoft.ManagedIdentity/userAssignedIdentities/m'",
            "null",
            "elsewhere.outputs.id",
        ] {
            check(RULE, &cluster(id));
        }
    }

    #[test]
    fn other_things_are_not() {
        bad("'nodes'", "error[kubelet-resource-id-wrong]: `resourceId` is a name");
        bad("'kmi.id'", "error[kubelet-resource-id-wrong]: is a text, not the identity it names");
        bad("kmi.name", "error[kubelet-resource-id-wrong]: is the name of an identity");
        bad("kmi.properties.principalId", "error[kubelet-resource-id-wrong]: is the `principalId` of an identity");
        bad("'11111111-2222-3333-4444-555555555555'", "error[kubelet-resource-id-wrong]: is a GUID");
        bad("vault.id", "error[kubelet-resource-id-wrong]: is the ID of a `Microsoft.KeyVault/vaults`");
    }

    #[test]
    fn what_a_parameter_called_name_brings_is_a_warning() {
        bad("identityName", "warning[kubelet-resource-id-wrong]: is a name");
    }

    #[test]
    fn points_at_the_variable() {
        check_fix(
            RULE,
            &format!("var name = kmi.name\n{}", cluster("name")),
            &format!("var name = kmi.name\n{}", cluster("kmi.id")),
        );
    }
}
