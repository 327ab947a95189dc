use template::aks::{Case, Cluster};
use template::value::{Target, Value};

use super::federated_credential_wrong::{CREDENTIAL, Issuer, cluster_issuer};
use super::workload_identity_without_oidc::{ISSUER, WORKLOAD, has_issuer_by_itself};
use crate::feature::{is_partial, place_of};
use crate::refactor::enable_workload_identity;
use crate::{Ctx, Finding, Rule, declare_rule};

declare_rule! {
    /// ## What it does
    /// Finds federated credentials for a cluster whose workload identity is off.
    ///
    /// ## Why is this a problem
    /// Without `securityProfile.workloadIdentity` nothing gives the pods the token that the credential is about: it is never used.
    /// Where the issuer is off as well, there is no `issuerURL` to read, and the deployment fails.
    ///
    /// ## Examples
    /// ### Invalid
    /// ```json,frame=resource
    /// {
    ///   "type": "Microsoft.ManagedIdentity/userAssignedIdentities/federatedIdentityCredentials",
    ///   "apiVersion": "2023-01-31",
    ///   "name": "mi/app",
    ///   "dependsOn": ["[resourceId('Microsoft.ContainerService/managedClusters', 'aks')]"],
    ///   "properties": {
    ///     "issuer": "[reference(resourceId('Microsoft.ContainerService/managedClusters', 'aks'), '2025-05-01').oidcIssuerProfile.issuerURL]",
    ///     "subject": "system:serviceaccount:apps:shop",
    ///     "audiences": ["api://AzureADTokenExchange"]
    ///   }
    /// }
    /// ```
    /// ```bicep,frame=resource
    /// resource app 'Microsoft.ManagedIdentity/userAssignedIdentities/federatedIdentityCredentials@2023-01-31' = {
    ///   parent: mi
    ///   name: 'app'
    ///   properties: {
    ///     issuer: aks.properties.oidcIssuerProfile.issuerURL
    ///     subject: 'system:serviceaccount:apps:shop'
    ///     audiences: ['api://AzureADTokenExchange']
    ///   }
    /// }
    /// ```
    ///
    /// ### Valid
    /// ```json,frame=properties
    /// "oidcIssuerProfile": { "enabled": true },
    /// "securityProfile": { "workloadIdentity": { "enabled": true } }
    /// ```
    /// ```bicep,frame=resource
    /// resource other 'Microsoft.ContainerService/managedClusters@2025-05-01' existing = { name: 'other' }
    ///
    /// resource app 'Microsoft.ManagedIdentity/userAssignedIdentities/federatedIdentityCredentials@2023-01-31' = {
    ///   parent: mi
    ///   name: 'app'
    ///   properties: {
    ///     issuer: other.properties.oidcIssuerProfile.issuerURL
    ///     subject: 'system:serviceaccount:apps:shop'
    ///     audiences: ['api://AzureADTokenExchange']
    ///   }
    /// }
    /// ```
    ///
    /// ## Fix
    /// Switches on the issuer and workload identity.
    ///
    /// ## When not to use it
    /// Where pods fetch tokens of the service account by themselves, without the webhook of workload identity.
    ///
    /// ## References
    /// - <https://learn.microsoft.com/azure/aks/workload-identity-deploy-cluster>
    pub(crate) struct FederatedCredentialWithoutWorkloadIdentity {
        code: "federated-credential-without-workload-identity",
        family: Feature,
        severity: Warning,
        fix: Sometimes,
        since: "0.1.0",
    }
}

impl Rule for FederatedCredentialWithoutWorkloadIdentity {
    fn check_deployment(&self, ctx: &Ctx<'_>) {
        for credential in ctx.eval.resources_of(CREDENTIAL) {
            if ctx.eval.resource(credential).existing {
                continue;
            }
            for Case { when, value: slot } in ctx.eval.slots(credential, &["properties", "issuer"]) {
                let Some(Issuer::Read(read)) = cluster_issuer(&slot.value) else { continue };
                let Target::Declared(resource) = read.target else { continue };
                if ctx.eval.resource(resource).existing {
                    continue;
                }
                let cluster = Cluster::new(ctx.eval, resource);
                if is_partial(&cluster) {
                    continue;
                }
                let credential = vec![Case { when, value: slot }];
                let settings = cluster.slots(&WORKLOAD);
                let issuers = cluster.slots(&ISSUER);
                let switches = ctx.eval.join(&settings, &issuers);
                ctx.judge(&ctx.eval.join(&credential, &switches), |case| {
                    let (slot, (workload, issuer)) = case.value;
                    let is_off = workload.is_absent() || matches!(workload.value, Value::Bool(false));
                    if !is_off {
                        return None;
                    }
                    let no_issuer = matches!(issuer.value, Value::Bool(false))
                        || (issuer.is_absent() && !has_issuer_by_itself(&cluster));
                    let what =
                        if no_issuer { "the OIDC issuer and workload identity are" } else { "workload identity is" };
                    let message = format!(
                        "a federated credential for the cluster, whose {} not on",
                        what.trim_start_matches("the ")
                    );
                    Some(
                        Finding::at(place_of(ctx, slot)?, message)
                            .help("Switch on `securityProfile.workloadIdentity` and `oidcIssuerProfile` of the cluster")
                            .related(cluster.header(), "the cluster")
                            .fix(enable_workload_identity(ctx.eval, &cluster)),
                    )
                });
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::check;

    #[test]
    fn a_cluster_that_has_it_on_a_condition_is_judged_by_that() {
        check(
            RULE,
            "param pods bool
resource mi 'Microsoft.ManagedIdentity/userAssignedIdentities@2023-01-31' existing = { name: 'mi' }
resource aks 'Microsoft.ContainerService/managedClusters@2025-05-01' = {
  name: 'aks'
  properties: {
    dnsPrefix: 'aks'
    oidcIssuerProfile: { enabled: true }
    securityProfile: pods ? { workloadIdentity: { enabled: true } } : null
  }
}
resource app 'Microsoft.ManagedIdentity/userAssignedIdentities/federatedIdentityCredentials@2023-01-31' = if (pods) {
  parent: mi
  name: 'app'
  properties: {
    issuer: aks.properties.oidcIssuerProfile.issuerURL
    subject: 'system:serviceaccount:a:b'
    audiences: ['api://AzureADTokenExchange']
  }
}
",
        );
    }
}
