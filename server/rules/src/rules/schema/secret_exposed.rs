use crate::conformance::Kind;
use crate::rules::service_principal::principal_secret_exposed::is_of_principal;
use crate::secrets::leaks;
use crate::{Ctx, Rule, declare_rule};

declare_rule! {
    /// ## What it does
    /// Finds secrets, such as the password of Windows nodes, that are written in the template, and parameters for them that
    /// are not secure. Secrets of service principals are reported by `principal-secret-exposed`.
    ///
    /// ## Why is this a problem
    /// A template is kept in repositories. The values of parameters that are not secure are kept in the history of
    /// deployments, where all who can read the resource group can read them.
    ///
    /// ## Examples
    /// ### Invalid
    /// ```json,frame=properties
    /// "windowsProfile": { "adminUsername": "azure", "adminPassword": "P@ssw0rd!Example" }
    /// ```
    /// ```bicep,frame=properties
    /// windowsProfile: { adminUsername: 'azure', adminPassword: 'P@ssw0rd!Example' }
    /// ```
    ///
    /// ### Valid
    /// ```json,frame=properties
    /// "windowsProfile": { "adminUsername": "azure" }
    /// ```
    /// ```bicep
    /// @secure()
    /// param password string
    ///
    /// resource aks 'Microsoft.ContainerService/managedClusters@2025-05-01' = {
    ///   name: 'aks'
    ///   location: 'westeurope'
    ///   identity: { type: 'SystemAssigned' }
    ///   properties: {
    ///     dnsPrefix: 'aks'
    ///     windowsProfile: { adminUsername: 'azure', adminPassword: password }
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
    pub(crate) struct SecretExposed {
        code: "secret-exposed",
        family: Schema,
        severity: Error,
        fix: Sometimes,
        since: "0.1.0",
    }
}

impl Rule for SecretExposed {
    fn check_deployment(&self, ctx: &Ctx<'_>) {
        for mistake in ctx.mistakes() {
            if mistake.kind == Kind::Secret && !is_of_principal(mistake) {
                for finding in leaks(ctx, mistake) {
                    ctx.report(finding);
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{check, check_fix};

    #[test]
    fn follows_parameters_through_modules() {
        check(
            RULE,
            "//- main.bicep
param pw string
      ^^ warning[secret-exposed]: `pw` carries the secret
module m 'aks.bicep' = {
  name: 'm'
  params: { password: pw }
}
//- aks.bicep
@secure()
param password string
resource aks 'Microsoft.ContainerService/managedClusters@2025-05-01' = {
  name: 'aks'
  location: 'westeurope'
  properties: {
    windowsProfile: { adminUsername: 'azure', adminPassword: password }
  }
}
",
        );
    }

    #[test]
    fn makes_a_parameter_secure() {
        let bicep = |parameter: &str| {
            format!(
                "param name string = 'aks'
{parameter}
resource aks 'Microsoft.ContainerService/managedClusters@2025-05-01' = {{
  name: name
  location: 'westeurope'
  properties: {{
    windowsProfile: {{ adminUsername: 'azure', adminPassword: password }}
  }}
}}
"
            )
        };
        check_fix(RULE, &bicep("param password string"), &bicep("@secure()\nparam password string"));
        check_fix(
            RULE,
            &bicep("@secure()\nparam password string = 'Abc-123'"),
            &bicep("@secure()\nparam password string = ''"),
        );
        check_fix(
            RULE,
            &bicep("@description('x')\nparam password string"),
            &bicep("@secure()\n@description('x')\nparam password string"),
        );
    }
}
