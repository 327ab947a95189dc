use template::aks::CLUSTER;

use crate::conformance::{Kind, Mistake};
use crate::secrets::leaks;
use crate::{Ctx, Rule, declare_rule};

declare_rule! {
    /// ## What it does
    /// Finds secrets of service principals (`servicePrincipalProfile.secret`, `aadProfile.serverAppSecret`) that are written
    /// in the template, and parameters for them that are not secure.
    ///
    /// ## Why is this a problem
    /// A template is kept in repositories. The values of parameters that are not secure are kept in the history of
    /// deployments, where all who can read the resource group can read them. A managed identity needs no secret at all.
    ///
    /// ## Examples
    /// ### Invalid
    /// ```json,frame=cluster
    /// "properties": {
    ///   "servicePrincipalProfile": { "clientId": "11111111-1111-1111-1111-111111111111", "secret": "s3cr3t~example" }
    /// }
    /// ```
    /// ```bicep
    /// param spSecret string
    ///
    /// resource aks 'Microsoft.ContainerService/managedClusters@2025-05-01' = {
    ///   name: 'aks'
    ///   location: 'westeurope'
    ///   properties: {
    ///     dnsPrefix: 'aks'
    ///     servicePrincipalProfile: { clientId: '11111111-1111-1111-1111-111111111111', secret: spSecret }
    ///   }
    /// }
    /// ```
    ///
    /// ### Valid
    /// ```json,frame=cluster
    /// "identity": { "type": "SystemAssigned" }
    /// ```
    /// ```bicep
    /// @secure()
    /// param spSecret string
    ///
    /// resource aks 'Microsoft.ContainerService/managedClusters@2025-05-01' = {
    ///   name: 'aks'
    ///   location: 'westeurope'
    ///   properties: {
    ///     dnsPrefix: 'aks'
    ///     servicePrincipalProfile: { clientId: '11111111-1111-1111-1111-111111111111', secret: spSecret }
    ///   }
    /// }
    /// ```
    ///
    /// ## Fix
    /// Makes the parameter secure. For what is written in the template it declares one, which then has to be given: that is
    /// unsafe. The secret itself has to be changed.
    ///
    /// ## When not to use it
    /// Always use it.
    pub(crate) struct PrincipalSecretExposed {
        code: "principal-secret-exposed",
        family: ServicePrincipal,
        severity: Error,
        fix: Sometimes,
        since: "0.1.0",
    }
}

impl Rule for PrincipalSecretExposed {
    fn check_deployment(&self, ctx: &Ctx<'_>) {
        for mistake in ctx.mistakes() {
            if mistake.kind == Kind::Secret && is_of_principal(mistake) {
                for finding in leaks(ctx, mistake) {
                    ctx.report(finding);
                }
            }
        }
    }
}

/// Whether a secret is that of a service principal.
pub(crate) fn is_of_principal(mistake: &Mistake) -> bool {
    const PATHS: [&str; 2] = ["properties.servicePrincipalProfile.secret", "properties.aadProfile.serverAppSecret"];
    mistake.ty.name() == CLUSTER && PATHS.contains(&mistake.path.as_str())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{check, check_fix};

    fn json(parameter: &str) -> String {
        format!(
            r#"{{
  "$schema": "https://schema.management.azure.com/schemas/2019-04-01/deploymentTemplate.json#",
  "contentVersion": "1.0.0.0",
  "parameters": {{
    "secret": {parameter}
  }},
  "resources": [
    {{
      "type": "Microsoft.ContainerService/managedClusters",
      "apiVersion": "2025-05-01",
      "name": "aks",
      "location": "westeurope",
      "properties": {{
        "servicePrincipalProfile": {{ "clientId": "x", "secret": "[parameters('secret')]" }}
      }}
    }}
  ]
}}
"#
        )
    }

    #[test]
    fn makes_a_parameter_secure() {
        check_fix(RULE, &json(r#"{ "type": "string" }"#), &json(r#"{ "type": "securestring" }"#));
        check_fix(
            RULE,
            &json(r#"{ "type": "string", "defaultValue": "abc-1" }"#),
            &json(r#"{ "type": "securestring", "defaultValue": "" }"#),
        );
    }

    #[test]
    fn of_a_parameter_that_is_not_understood_nothing_is_said() {
        let text = "param secret string {
  secure: true
}
resource aks 'Microsoft.ContainerService/managedClusters@2020-03-01' = {
  name: 'aks'
  properties: { dnsPrefix: 'a', servicePrincipalProfile: { clientId: 'a', secret: secret } }
}
";
        let workspace = crate::testing::workspace(&[("main.bicep", text)]);
        let outcome = crate::testing::outcome(&[RULE], &workspace, &crate::Settings::default());
        assert!(outcome.diagnostics.iter().all(|one| one.code != RULE.metadata().code), "{:#?}", outcome.diagnostics);
    }

    #[test]
    fn placeholders_and_secure_parameters_are_fine() {
        check(RULE, &json(r#"{ "type": "securestring" }"#));
        check(RULE, &json(r#"{ "type": "secureString", "defaultValue": "n/a" }"#));
        check(
            RULE,
            "param name string
resource kv 'Microsoft.KeyVault/vaults@2023-07-01' existing = { name: name }
resource aks 'Microsoft.ContainerService/managedClusters@2025-05-01' = {
  name: 'aks'
  location: 'westeurope'
  properties: {
    servicePrincipalProfile: { clientId: 'msi', secret: '' }
    aadProfile: { serverAppSecret: null }
  }
}
",
        );
    }

    #[test]
    fn puts_a_parameter_in_the_place_of_a_literal() {
        check_fix(
            RULE,
            "param name string
resource aks 'Microsoft.ContainerService/managedClusters@2025-05-01' = {
  name: name
  location: 'westeurope'
  properties: {
    servicePrincipalProfile: { clientId: 'x', secret: 's3cr3t' }
  }
}
",
            "param name string
@secure()
param servicePrincipalSecret string
resource aks 'Microsoft.ContainerService/managedClusters@2025-05-01' = {
  name: name
  location: 'westeurope'
  properties: {
    servicePrincipalProfile: { clientId: 'x', secret: servicePrincipalSecret }
  }
}
",
        );
    }
}
