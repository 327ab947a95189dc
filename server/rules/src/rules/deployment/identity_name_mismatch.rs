use template::aks::{Case, IDENTITY};
use template::eval::Place;
use template::parameters::is_placeholder;
use template::value::{Piece, ResourceRef, Str, Value};

use crate::{Applicability, Ctx, Finding, Resources, Rule, declare_rule};

declare_rule! {
    /// ## What it does
    /// Finds user-assigned identities with a name that Azure does not take.
    ///
    /// ## Why is this a problem
    /// A name has at most 128 letters, digits, hyphens and underscores, of which the first is a letter or a digit.
    ///
    /// ## Examples
    /// ### Invalid
    /// ```json,frame=resource
    /// {
    ///   "type": "Microsoft.ManagedIdentity/userAssignedIdentities",
    ///   "apiVersion": "2023-01-31",
    ///   "name": "my identity",
    ///   "location": "westeurope"
    /// }
    /// ```
    /// ```bicep,frame=resource
    /// resource other 'Microsoft.ManagedIdentity/userAssignedIdentities@2023-01-31' = {
    ///   name: 'my.identity'
    ///   location: 'westeurope'
    /// }
    /// ```
    ///
    /// ### Valid
    /// ```json,frame=resource
    /// {
    ///   "type": "Microsoft.ManagedIdentity/userAssignedIdentities",
    ///   "apiVersion": "2023-01-31",
    ///   "name": "my-identity",
    ///   "location": "westeurope"
    /// }
    /// ```
    /// ```bicep,frame=resource
    /// resource other 'Microsoft.ManagedIdentity/userAssignedIdentities@2023-01-31' = {
    ///   name: 'my-identity'
    ///   location: 'westeurope'
    /// }
    /// ```
    ///
    /// ## Fix
    /// Puts hyphens in the place of what cannot be there, where the identity is declared and everywhere where the deployment
    /// refers to it by its name. It is not offered where the name is also written in a way that may mean something else.
    ///
    /// ## When not to use it
    /// Always use it.
    ///
    /// ## References
    /// - <https://learn.microsoft.com/azure/azure-resource-manager/management/resource-name-rules>
    pub(crate) struct IdentityNameMismatch {
        code: "identity-name-mismatch",
        family: Deployment,
        severity: Warning,
        fix: Sometimes,
        since: "0.1.0",
    }
}

impl Rule for IdentityNameMismatch {
    fn resources(&self) -> Resources {
        Resources::Of(&[IDENTITY])
    }

    fn check_resource(&self, ctx: &Ctx<'_>, resource: ResourceRef) {
        let declared = ctx.eval.resource(resource);
        let Some(name) = declared.name.filter(|_| !declared.existing) else { return };
        let values = ctx.eval.of_resource(resource, name);
        let cases: Vec<Case<_>> = values.iter().map(|one| Case { when: one.when.clone(), value: one }).collect();
        ctx.judge(&cases, |case| {
            let (Value::Str(text), Some(place)) = (&case.value.value, case.value.place) else { return None };
            if text.pieces().iter().any(|piece| matches!(piece, Piece::Text(text) if is_placeholder(text))) {
                return None;
            }
            let why = complaint(text)?;
            let message = format!("`{}` is no name for an identity: {why}", text.sketch());
            let fix = text.literal().and_then(|text| {
                let mended = mended(text)?;
                // What is written as an expression, or in a parameter, may be the name of something else as well.
                is_name(ctx, resource, place).then_some(())?;
                let title = format!("Call it `{mended}`");
                ctx.names().rename(ctx.eval, resource, &mended)?.fix(title, Applicability::Unsafe)
            });
            let help = "Use letters, digits, hyphens and underscores, 128 at most, beginning with a letter or a digit";
            Some(Finding::at(ctx.eval.location(place), message).help(help).fix(fix))
        });
    }
}

/// What is wrong with a name, as far as it is known.
fn complaint(name: &Str) -> Option<String> {
    let texts = name.pieces().iter().filter_map(|piece| match piece {
        Piece::Text(text) => Some(text),
        _ => None,
    });
    if let Some(wrong) = texts.flat_map(|text| text.chars()).find(|c| !is_allowed(*c)) {
        return Some(match wrong {
            ' ' => "it has a blank in it".to_owned(),
            wrong => format!("it has a `{wrong}` in it"),
        });
    }
    if let Some(Piece::Text(first)) = name.pieces().first()
        && first.starts_with(['-', '_'])
    {
        return Some("it begins with neither a letter nor a digit".to_owned());
    }
    match name.literal()?.chars().count() {
        ..=128 => None,
        length => Some(format!("it has {length} characters")),
    }
}

fn is_allowed(c: char) -> bool {
    c.is_ascii_alphanumeric() || matches!(c, '-' | '_')
}

fn mended(name: &str) -> Option<String> {
    let mended: String = name.chars().map(|c| if is_allowed(c) { c } else { '-' }).collect();
    let mended = mended.trim_start_matches(['-', '_']).to_owned();
    (1..=128).contains(&mended.len()).then_some(mended)
}

fn is_name(ctx: &Ctx<'_>, resource: ResourceRef, place: Place) -> bool {
    place.scope == resource.scope && ctx.eval.resource(resource).name == Some(place.expr)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{check, check_fix, check_no_fix};

    fn identity(name: &str) -> String {
        format!(
            "param part string\nresource mi 'Microsoft.ManagedIdentity/userAssignedIdentities@2023-01-31' = {{\n  name: {name}\n  location: 'x'\n}}\n"
        )
    }

    #[test]
    fn known_parts_of_a_name_are_enough() {
        check(
            RULE,
            &identity("'mi.${part}'\n        ^^^^^^^^^^^^ warning[identity-name-mismatch]: it has a `.` in it"),
        );
        check(
            RULE,
            &identity("'_${part}'\n        ^^^^^^^^^^ warning[identity-name-mismatch]: neither a letter nor a digit"),
        );
        let long = "a".repeat(129);
        let found =
            format!("'{long}'\n        {} warning[identity-name-mismatch]: it has 129 characters", "^".repeat(131));
        check(RULE, &identity(&found));
    }

    #[test]
    fn names_that_are_not_known_may_be_right() {
        for name in ["part", "'${part}_1'", "'${part}'", "toLower('MI-1')", "''", "uniqueString(part)"] {
            check(RULE, &identity(name));
        }
    }

    /// A template with the identity `{name}`, an existing one, a child, something else of that name, and a cluster, which
    /// refers to the identity by name.
    fn arm(name: &str, other: &str) -> String {
        format!(
            r#"{{
  "$schema": "https://schema.management.azure.com/schemas/2019-04-01/deploymentTemplate.json#",
  "contentVersion": "1.0.0.0",
  "resources": [
    {{
      "type": "Microsoft.ManagedIdentity/userAssignedIdentities",
      "apiVersion": "2023-01-31",
      "name": "{name}",
      "location": "westeurope"
    }},
    {{
      "type": "Microsoft.ManagedIdentity/userAssignedIdentities/federatedIdentityCredentials",
      "apiVersion": "2023-01-31",
      "name": "{name}/fed",
      "dependsOn": ["{name}"]
    }},
    {{
      "type": "Microsoft.ContainerService/managedClusters",
      "apiVersion": "2025-05-01",
      "name": "aks",
      "dependsOn": ["[resourceId('Microsoft.ManagedIdentity/userAssignedIdentities', '{name}')]"],
      "identity": {{
        "type": "UserAssigned",
        "userAssignedIdentities": {{ "[resourceId('Microsoft.ManagedIdentity/userAssignedIdentities', '{name}')]": {{}} }}
      }},
      "tags": {{ "other": "{other}" }}
    }}
  ],
  "outputs": {{
    "id": {{ "type": "string", "value": "[reference(resourceId('Microsoft.ManagedIdentity/userAssignedIdentities', '{name}')).clientId]" }},
    "group": {{ "type": "string", "value": "[resourceId('Microsoft.Network/virtualNetworks', 'my.mi')]" }}
  }}
}}
"#
        )
    }

    #[test]
    fn all_that_means_it_by_name_gets_the_new_name() {
        check_fix(RULE, &json("my.mi", "x"), &json("my-mi", "x"));
        check_fix(RULE, &bicep("my.mi", ""), &bicep("my-mi", ""));
    }

    #[test]
    fn a_name_that_also_means_something_unknown_is_left() {
        let id = "/subscriptions/x/resourceGroups/y/providers/Microsoft.ManagedIdentity/userAssignedIdentities/My.mi";
        for other in [id, "my.mi", "[format('{0}/my.mi', resourceGroup().id)]"] {
            check_no_fix(RULE, &json("my.mi", other));
        }
        let made = "var tail = '.mi'\noutput b string = resourceId('Microsoft.ManagedIdentity/userAssignedIdentities', 'my${tail}')\n";
        let elsewhere = "resource b 'Microsoft.ManagedIdentity/userAssignedIdentities@2023-01-31' existing = {\n  name: 'my.mi'\n  scope: resourceGroup('x')\n}\n";
        for other in [made, elsewhere, "output b string = '/x/my.mi'\n", "var b = 'MY.MI'\n"] {
            check_no_fix(RULE, &bicep("my.mi", other));
        }
    }

    fn json(name: &str, other: &str) -> String {
        format!("//- a.json\n{}", arm(name, other))
    }

    fn bicep(name: &str, other: &str) -> String {
        identity(&format!("'{name}'"))
            + &format!(
                "resource same 'Microsoft.ManagedIdentity/userAssignedIdentities@2023-01-31' existing = {{
  name: '{name}'
}}
output symbol string = mi.id
output net string = resourceId('Microsoft.Network/virtualNetworks', 'my.mi')
output id string = resourceId('Microsoft.ManagedIdentity/userAssignedIdentities', '{name}')
{other}"
            )
    }
}
