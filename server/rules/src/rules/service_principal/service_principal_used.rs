use template::aks::{Cluster, IdentityBlock, Kind};
use template::value::Value;

use crate::refactor::{principal_to_system_assigned, principal_to_user_assigned};
use crate::{Ctx, Finding, Rule, declare_rule};

declare_rule! {
    /// ## What it does
    /// Finds clusters that act as a service principal instead of a managed identity.
    ///
    /// ## Why is this a problem
    /// A service principal has a secret that somebody has to store, pass to the deployment and renew; when it expires, the
    /// cluster stops working. The credential of a managed identity is made and renewed by Azure, and nobody ever sees it.
    ///
    /// ## Examples
    /// ### Invalid
    /// ```json,frame=cluster
    /// "properties": {
    ///   "servicePrincipalProfile": { "clientId": "[parameters('clientId')]", "secret": "[parameters('clientSecret')]" }
    /// }
    /// ```
    /// ```bicep,frame=cluster
    /// properties: {
    ///   servicePrincipalProfile: { clientId: clientId, secret: clientSecret }
    /// }
    /// ```
    ///
    /// ### Valid
    /// ```json,frame=cluster
    /// "identity": { "type": "SystemAssigned" },
    /// "properties": {}
    /// ```
    /// ```bicep,frame=cluster
    /// identity: { type: 'SystemAssigned' }
    /// properties: {}
    /// ```
    ///
    /// ## Fix
    /// Adds a system-assigned identity, or a user-assigned one, and drops the profile, with the parameters and variables that only
    /// it uses and the values that parameter files give them. Roles that the principal has must be given to the identity. A
    /// cluster that is running takes the change, but its nodes keep the principal until their image is upgraded
    /// (`az aks nodepool upgrade --node-image-only`), and there is no way back.
    ///
    /// ## When not to use it
    /// Where the cluster has to be a service principal, for instance because it works in another tenant.
    ///
    /// ## References
    /// - <https://learn.microsoft.com/azure/aks/kubernetes-service-principal>
    /// - <https://learn.microsoft.com/azure/aks/use-managed-identity>
    pub(crate) struct ServicePrincipalUsed {
        code: "service-principal-used",
        family: ServicePrincipal,
        severity: Info,
        fix: Sometimes,
        since: "0.1.0",
    }
}

impl Rule for ServicePrincipalUsed {
    fn check_cluster(&self, ctx: &Ctx<'_>, cluster: &Cluster<'_, '_>) {
        let profiles = cluster.slots(&["properties", "servicePrincipalProfile"]);
        let cases = ctx.eval.join(cluster.identities(), &profiles);
        ctx.judge(&cases, |case| {
            let (identity, profile) = case.value;
            let has_none = match &identity.block {
                IdentityBlock::Absent => true,
                IdentityBlock::Object { kind, .. } => *kind == Kind::None,
                _ => false,
            };
            if !has_none || !matches!(profile.value, Value::Object(_)) {
                return None;
            }
            // `msi` is none, and has a rule of its own; neither is an empty one.
            let clients = ctx.eval.slots_in(profile, &case.when, &["clientId"]);
            let may_be_none = |client: &Value| match client {
                Value::Null => true,
                Value::Str(text) => text.literal().is_some_and(|id| id.is_empty() || id.eq_ignore_ascii_case("msi")),
                _ => false,
            };
            if clients.is_empty() || clients.iter().any(|client| may_be_none(&client.value.value)) {
                return None;
            }
            let property = profile.property?;
            let message = "the cluster acts as a service principal, whose secret has to be kept and renewed";
            Some(
                Finding::at(ctx.eval.key_location(property)?, message)
                    .help("Use a managed identity; it has no secret that anybody has to know")
                    .fix(principal_to_system_assigned(ctx.eval, cluster))
                    .fix(principal_to_user_assigned(ctx.eval, cluster)),
            )
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{check, check_fix, check_fix_titled};

    fn cluster(parameters: &str, identity: &str, profile: &str, more: &str) -> String {
        format!(
            "{parameters}resource aks 'Microsoft.ContainerService/managedClusters@2025-05-01' = {{
  name: 'aks'
  location: 'westeurope'
{identity}  properties: {{
    dnsPrefix: 'aks'
{profile}  }}
}}
{more}"
        )
    }

    const PARAMETERS: &str = "param id string\n\n@secure()\nparam secret string\n\n";
    const PROFILE: &str = "    servicePrincipalProfile: {\n      clientId: id\n      secret: secret\n    }\n";

    #[test]
    fn what_is_or_may_be_a_managed_identity_is_fine() {
        check(RULE, &cluster("", "", "    servicePrincipalProfile: { clientId: 'msi' }\n", ""));
        check(RULE, &cluster("param id string = 'msi'\n", "", "    servicePrincipalProfile: { clientId: id }\n", ""));
        check(
            RULE,
            &cluster(
                "param id string\nparam own object\n",
                "  identity: own\n",
                "    servicePrincipalProfile: { clientId: id }\n",
                "",
            ),
        );
        check(RULE, &cluster("param p object?\n", "", "    servicePrincipalProfile: p\n", ""));
    }

    #[test]
    fn the_whole_template_moves_to_a_system_assigned_identity() {
        check_fix(
            RULE,
            &cluster(PARAMETERS, "", PROFILE, ""),
            &cluster("", "  identity: {\n    type: 'SystemAssigned'\n  }\n", "", ""),
        );
    }

    #[test]
    fn the_whole_template_moves_to_a_new_user_assigned_identity() {
        check_fix_titled(
            RULE,
            "Replace the service principal with a new user-assigned identity",
            &cluster(PARAMETERS, "", PROFILE, ""),
            &cluster(
                "",
                "  identity: {\n    type: 'UserAssigned'\n    userAssignedIdentities: {\n      '${aksIdentity.id}': {}\n    }\n  }\n",
                "",
                "
resource aksIdentity 'Microsoft.ManagedIdentity/userAssignedIdentities@2023-01-31' = {
  name: 'aks-identity'
  location: 'westeurope'
}
",
            ),
        );
    }

    fn json(head: &str, identity: &str, profile: &str) -> String {
        format!(
            r#"{{
  "$schema": "https://schema.management.azure.com/schemas/2019-04-01/deploymentTemplate.json#",
  "contentVersion": "1.0.0.0",
  "parameters": {{
    "name": {{
      "type": "string"
    }}{head}
  }},
  "resources": [
    {{
      "type": "Microsoft.ContainerService/managedClusters",
      "apiVersion": "2025-05-01",
      "name": "[parameters('name')]",
{identity}      "properties": {{
        "dnsPrefix": "aks"{profile}
      }}
    }}
  ]
}}
"#
        )
    }

    fn parameter_file(more: &str) -> String {
        format!(
            r#"{{
  "$schema": "https://schema.management.azure.com/schemas/2019-04-01/deploymentParameters.json#",
  "contentVersion": "1.0.0.0",
  "parameters": {{
    "name": {{
      "value": "aks"
    }}{more}
  }}
}}
"#
        )
    }

    #[test]
    fn values_in_parameter_files_go_as_well() {
        let head = ",\n    \"id\": {\n      \"type\": \"string\"\n    },\n    \"secret\": {\n      \"type\": \"securestring\"\n    }";
        let profile = ",\n        \"servicePrincipalProfile\": {\n          \"clientId\": \"[parameters('id')]\",\n          \"secret\": \"[parameters('secret')]\"\n        }";
        let identity = "      \"identity\": {\n        \"type\": \"SystemAssigned\"\n      },\n";
        let values = ",\n    \"id\": {\n      \"value\": \"x\"\n    },\n    \"secret\": {\n      \"reference\": {\n        \"keyVault\": {\n          \"id\": \"v\"\n        },\n        \"secretName\": \"s\"\n      }\n    }";
        let files = |template: &str, values: &str| {
            format!("//- azuredeploy.json\n{template}//- azuredeploy.parameters.json\n{values}")
        };
        check_fix(
            RULE,
            &files(&json(head, "", profile), &parameter_file(values)),
            &files(&json("", identity, ""), &parameter_file("")),
        );
    }

    #[test]
    fn a_parameter_stays_that_a_file_may_set_of_which_it_is_not_certain() {
        let head = ",\n    \"id\": {\n      \"type\": \"string\"\n    }";
        let profile =
            ",\n        \"servicePrincipalProfile\": {\n          \"clientId\": \"[parameters('id')]\"\n        }";
        let identity = "      \"identity\": {\n        \"type\": \"SystemAssigned\"\n      },\n";
        let values = parameter_file(",\n    \"id\": {\n      \"value\": \"x\"\n    }");
        let files = |template: &str| format!("//- azuredeploy.json\n{template}//- values/prod.json\n{values}");
        check_fix(RULE, &files(&json(head, "", profile)), &files(&json(head, identity, "")));
        // One that sets what the template does not have belongs to another.
        let other = values.replace("\"name\"", "\"somethingElse\"");
        let files = |template: &str| format!("//- azuredeploy.json\n{template}//- values/prod.json\n{other}");
        check_fix(RULE, &files(&json(head, "", profile)), &files(&json("", identity, "")));
    }

    #[test]
    fn arguments_and_parameters_of_callers_go_as_well() {
        let caller = |parameters: &str, arguments: &str, values: &str| {
            format!(
                "//- main.bicep
{parameters}param location string

module aks 'aks.bicep' = {{
  name: 'aks'
  params: {{
    location: location
{arguments}  }}
}}
//- main.bicepparam
using 'main.bicep'

param location = 'x'
{values}"
            )
        };
        let module = |parameters: &str, identity: &str, profile: &str| {
            format!(
                "//- aks.bicep\nparam location string\n{}",
                cluster(parameters, identity, profile, "output l string = location\n")
            )
        };
        let before = caller(
            "@secure()\nparam clientSecret string\nparam clientId string\n",
            "    id: clientId\n    secret: clientSecret\n",
            "param clientId = 'a'\nparam clientSecret = 'b'\n",
        ) + &module("param id string\n@secure()\nparam secret string\n", "", PROFILE);
        let after = caller("", "", "") + &module("", "  identity: {\n    type: 'SystemAssigned'\n  }\n", "");
        check_fix(RULE, &before, &after);
    }

    #[test]
    fn a_variable_in_between_goes_with_it() {
        let head = "param id string\nvar profile = {\n  clientId: id\n}\n";
        check_fix(
            RULE,
            &cluster(head, "", "    servicePrincipalProfile: profile\n", ""),
            &cluster("", "  identity: {\n    type: 'SystemAssigned'\n  }\n", "", ""),
        );
    }
}
