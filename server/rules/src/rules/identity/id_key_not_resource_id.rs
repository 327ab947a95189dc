use template::aks::{Case, Cluster, IDENTITY, IdEntry, IdentityBlock, PropertyAt};
use template::eval::Place;
use template::value::ResourceRef;

use crate::identity_id::{
    Mistake, argument, cases_with_entries, entries, mistake_in, name_of, named_like_a_name, wrong_elements,
};
use crate::{Applicability, Ctx, Finding, Fix, New, Rule, Severity, declare_rule};

declare_rule! {
    /// ## What it does
    /// Finds keys of `userAssignedIdentities` that are not the resource ID of a user-assigned identity: a name, a GUID, a
    /// principal or client ID, the ID of another kind of resource, the text of an expression without its brackets.
    ///
    /// ## Why is this a problem
    /// The key is how AKS finds the identity, and only a full resource ID will do. Anything else is refused, at the latest while
    /// the cluster is created.
    ///
    /// ## Examples
    /// ### Invalid
    /// ```json,frame=identity
    /// "type": "UserAssigned",
    /// "userAssignedIdentities": { "mi": {} }
    /// ```
    /// ```bicep,frame=identity
    /// type: 'UserAssigned'
    /// userAssignedIdentities: { '${mi.properties.clientId}': {} }
    /// ```
    /// ```json,frame=identity
    /// "type": "UserAssigned",
    /// "userAssignedIdentities": { "resourceId('Microsoft.ManagedIdentity/userAssignedIdentities', 'mi')": {} }
    /// ```
    /// ```bicep,frame=identity
    /// type: 'UserAssigned'
    /// userAssignedIdentities: { '${mi.name}': {} }
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
    /// Writes the ID of the identity where it is clear which one is meant.
    ///
    /// ## When not to use it
    /// Always use it. A key that comes from a parameter without a default is not judged, unless the parameter's name says that
    /// it is a name.
    ///
    /// ## References
    /// The description of the property since 2020-06-01.
    pub(crate) struct IdKeyNotResourceId {
        code: "id-key-not-resource-id",
        family: Identity,
        severity: Error,
        fix: Sometimes,
        since: "0.1.0",
    }
}

impl Rule for IdKeyNotResourceId {
    fn check_cluster(&self, ctx: &Ctx<'_>, cluster: &Cluster<'_, '_>) {
        let mut cases = cases_with_entries(cluster, entries);
        for Case { value: (identity, entries), .. } in &mut cases {
            if let IdentityBlock::Object { ids_slot, .. } = &identity.block
                && !entries.is_empty()
                && !wrong_elements(ctx, ids_slot).is_empty()
            {
                *entries = &[]; // the caller of the module is told
            }
        }
        let longest = cases.iter().map(|case| case.value.1.len()).max().unwrap_or_default();
        for number in 0..longest {
            ctx.judge(&cases, |case| {
                let (identity, entries) = case.value;
                let entry = entries.get(number)?;
                match entry.property {
                    Some(property) => written(ctx, entry, property),
                    None => made(ctx, entry, identity.slot.place?),
                }
            });
        }
    }
}

/// A key that stands in the template.
fn written(ctx: &Ctx<'_>, entry: &IdEntry, property: PropertyAt) -> Option<Finding> {
    let scope = property.object.scope;
    let (_, written) = ctx.eval.property(property)?;
    let key = Place { scope, expr: written.key };
    if argument(ctx, key).is_some() {
        return None; // the caller of the module is told
    }
    let at = ctx.eval.location(key);
    if let Some(identity) = name_of(ctx, key) {
        return Some(
            Finding::at(at, "the key is the name of an identity; it must be its resource ID")
                .help("Use the identity's `id`")
                .fix(to_id(ctx, property, identity, Applicability::Safe)),
        );
    }
    let (mistake, severity) = match mistake_in(ctx, &entry.key, key) {
        Some(mistake) => (mistake, Severity::Error),
        None => (Mistake::Name(None), named_like_a_name(ctx, &entry.key)?),
    };
    let finding = Finding::at(at, format!("the key {mistake}; it must be the resource ID of a user-assigned identity"))
        .help(mistake.help())
        .severity(severity);
    let fix = match &mistake {
        Mistake::Property { identity: Some(identity), .. }
        | Mistake::Name(Some(identity))
        | Mistake::Symbol(identity)
            if identity.scope == scope =>
        {
            to_id(ctx, property, *identity, Applicability::Safe)
        }
        Mistake::Name(None) => entry.key.literal().and_then(|name| {
            let id = New::Call("resourceId", vec![New::str(IDENTITY), New::str(name)]);
            let fix = ctx.rewrite().replace_key(property, New::Text(vec![crate::write::Piece::Hole(id)]));
            fix.fix("Write the ID of an identity of that name", Applicability::Unsafe)
        }),
        Mistake::NoBrackets => crate::identity_id::with_brackets(ctx, key),
        Mistake::Malformed { mended: Some(mended), .. } => {
            ctx.rewrite().replace_key(property, New::str(mended)).fix("Mend the ID", Applicability::Safe)
        }
        _ => None,
    };
    Some(finding.fix(fix))
}

/// A key that a function makes: reported where the map is written.
fn made(ctx: &Ctx<'_>, entry: &IdEntry, block: Place) -> Option<Finding> {
    let mistake = mistake_in(ctx, &entry.key, block)?;
    let at = ctx.eval.location(block);
    let message =
        format!("a key of `userAssignedIdentities` {mistake}; it must be the resource ID of a user-assigned identity");
    Some(Finding::at(at, message).help(mistake.help()))
}

fn to_id(ctx: &Ctx<'_>, property: PropertyAt, identity: ResourceRef, applicability: Applicability) -> Option<Fix> {
    let fix = ctx.rewrite().replace_key(property, New::id(identity));
    fix.fix(format!("Use the ID of {}", crate::offers::label(ctx, identity)), applicability)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{check, check_fix};

    fn cluster(key: &str) -> String {
        format!(
            "param id string
param identityName string
resource mi 'Microsoft.ManagedIdentity/userAssignedIdentities@2023-01-31' = {{ name: 'control', location: 'x' }}
resource vault 'Microsoft.KeyVault/vaults@2023-07-01' existing = {{ name: 'v' }}
resource aks 'Microsoft.ContainerService/managedClusters@2025-05-01' = {{
  name: 'aks'
  identity: {{
    type: 'UserAssigned'
    userAssignedIdentities: {{
      {key}: {{}}
    }}
  }}
  properties: {{}}
}}
"
        )
    }

    fn bad(key: &str, message: &str) {
        let text = cluster(key).replace(
            &format!("      {key}: {{}}\n"),
            &format!("      {key}: {{}}\n      {} {message}\n", "^".repeat(key.len())),
        );
        check(RULE, &text);
    }

    #[test]
    fn ids_of_identities_are_good() {
        for key in [
            "'${mi.id}'",
            "'${id}'",
            "'${resourceId('Microsoft.ManagedIdentity/userAssignedIdentities', identityName)}'",
            "'/subscriptions/s/resourcegroups/g/providers/Microsoft.ManagedIdentity/userAssignedIdentities/m'",
            "'${resourceGroup().id}/providers/Microsoft.ManagedIdentity/userAssignedIdentities/${identityName}'",
        ] {
            check(RULE, &cluster(key));
        }
    }

    #[test]
    fn other_things_are_not() {
        bad("'control'", "error[id-key-not-resource-id]: the key is a name");
        bad("mi", "error[id-key-not-resource-id]: the key is a text, not the identity it names");
        bad("'mi.id'", "error[id-key-not-resource-id]: the key is a text, not the identity it names");
        bad(
            "'${mi.properties.principalId}'",
            "error[id-key-not-resource-id]: the key is the `principalId` of an identity",
        );
        bad("'11111111-2222-3333-4444-555555555555'", "error[id-key-not-resource-id]: the key is a GUID");
        bad("'${vault.id}'", "error[id-key-not-resource-id]: the key is the ID of a `Microsoft.KeyVault/vaults`");
        bad("'${identityName}'", "warning[id-key-not-resource-id]: the key is a name");
        bad(
            "'subscriptions/s/resourceGroups/g/providers/Microsoft.ManagedIdentity/userAssignedIdentities/m'",
            "error[id-key-not-resource-id]: begins without a slash",
        );
        bad(
            "'/subscriptions/s/resourcegroups/resourcegroups/g/providers/Microsoft.ManagedIdentity/userAssignedIdentities/m'",
            "error[id-key-not-resource-id]: twice",
        );
    }

    #[test]
    fn an_id_of_which_only_parts_are_known_may_be_misshapen() {
        bad("' ${mi.id}'", "error[id-key-not-resource-id]: begins or ends with a blank");
        bad("'${mi.id} '", "error[id-key-not-resource-id]: begins or ends with a blank");
        let path = "providers/Microsoft.ManagedIdentity/userAssignedIdentities";
        bad(
            &format!("'subscriptions/${{id}}/resourceGroups/g/{path}/m'"),
            "error[id-key-not-resource-id]: begins without a slash",
        );
        bad(
            &format!("'/subscriptions/s/resourcegroups/resourceGroups/${{id}}/{path}/m'"),
            "error[id-key-not-resource-id]: twice",
        );
        bad(&format!("'/subscriptions/${{id}}//resourceGroups/g/{path}/m'"), "error[id-key-not-resource-id]: two slashes");
    }

    #[test]
    fn an_identity_is_in_a_group() {
        let path = "providers/Microsoft.ManagedIdentity/userAssignedIdentities/m";
        for key in [
            format!("'/subscriptions/s/{path}'"),
            format!("'/subscriptions/${{subscription().subscriptionId}}/{path}'"),
            format!("'${{subscription().id}}/{path}'"),
            "'${subscriptionResourceId('Microsoft.ManagedIdentity/userAssignedIdentities', 'm')}'".to_owned(),
        ] {
            bad(&key, "error[id-key-not-resource-id]: is in no resource group");
        }
        // Either may be a group.
        check(RULE, &cluster(&format!("'${{id}}/{path}'")));
        check(RULE, &cluster(&format!("'/subscriptions/${{id}}/{path}'")));
    }

    #[test]
    fn the_id_takes_the_place_of_the_name() {
        check_fix(RULE, &cluster("'${mi.name}'"), &cluster("'${mi.id}'"));
        check_fix(RULE, &cluster("'control'"), &cluster("'${mi.id}'"));
    }
}
