use schema::{ApiVersion, Status};
use template::eval::Place;
use template::value::ResourceRef;

use crate::conformance::newest_fitting;
use crate::{Applicability, Ctx, Finding, Resources, Rule, Severity, declare_rule};

declare_rule! {
    /// ## What it does
    /// Finds API versions that a resource type does not have.
    ///
    /// ## Why is this a problem
    /// The deployment is refused with `NoRegisteredProviderFound`. Versions of one type of a provider are not versions of its
    /// others: those of fleets are none of clusters. A version later than all that are known here may exist, and other
    /// providers answer to versions that they never published: these are hints only. Of role assignments it is known to which
    /// versions the provider answers, up to 2021-04-01-preview.
    ///
    /// ## Examples
    /// ### Invalid
    /// ```json,frame=properties,api=2025-06-01
    /// "enableRBAC": true
    /// ```
    /// ```bicep,frame=properties,api=2025-06-01
    /// enableRBAC: true
    /// ```
    /// ```json,frame=resource
    /// {
    ///   "type": "Microsoft.Authorization/roleAssignments",
    ///   "apiVersion": "2020-04-01",
    ///   "name": "[guid(resourceId('Microsoft.ContainerService/managedClusters', 'aks'))]",
    ///   "properties": {
    ///     "roleDefinitionId": "[subscriptionResourceId('Microsoft.Authorization/roleDefinitions', '7f951dda-4ed3-4680-a7ca-43fe172d538d')]",
    ///     "principalId": "[reference(resourceId('Microsoft.ContainerService/managedClusters', 'aks'), '2025-05-01').identityProfile.kubeletidentity.objectId]",
    ///     "principalType": "ServicePrincipal"
    ///   }
    /// }
    /// ```
    /// ```bicep,frame=resource
    /// resource pull 'Microsoft.Authorization/roleAssignments@2020-04-01' = {
    ///   name: guid(aks.id, 'pull')
    ///   properties: {
    ///     roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', '7f951dda-4ed3-4680-a7ca-43fe172d538d')
    ///     principalId: aks.properties.identityProfile.kubeletidentity.objectId
    ///     principalType: 'ServicePrincipal'
    ///   }
    /// }
    /// ```
    ///
    /// ### Valid
    /// ```json,frame=properties,api=2025-05-01
    /// "enableRBAC": true
    /// ```
    /// ```bicep,frame=properties,api=2025-05-01
    /// enableRBAC: true
    /// ```
    /// ```json,frame=resource
    /// {
    ///   "type": "Microsoft.Authorization/roleAssignments",
    ///   "apiVersion": "2020-04-01-preview",
    ///   "name": "[guid(resourceId('Microsoft.ContainerService/managedClusters', 'aks'))]",
    ///   "properties": {
    ///     "roleDefinitionId": "[subscriptionResourceId('Microsoft.Authorization/roleDefinitions', '7f951dda-4ed3-4680-a7ca-43fe172d538d')]",
    ///     "principalId": "[reference(resourceId('Microsoft.ContainerService/managedClusters', 'aks'), '2025-05-01').identityProfile.kubeletidentity.objectId]",
    ///     "principalType": "ServicePrincipal"
    ///   }
    /// }
    /// ```
    /// ```bicep,frame=resource
    /// resource pull 'Microsoft.Authorization/roleAssignments@2020-04-01-preview' = {
    ///   name: guid(aks.id, 'pull')
    ///   properties: {
    ///     roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', '7f951dda-4ed3-4680-a7ca-43fe172d538d')
    ///     principalId: aks.properties.identityProfile.kubeletidentity.objectId
    ///     principalType: 'ServicePrincipal'
    ///   }
    /// }
    /// ```
    ///
    /// ## Fix
    /// Writes the next version that exists, or the newest stable one that has every property in use. Unsafe, because
    /// defaults change between versions.
    ///
    /// ## When not to use it
    /// In clouds with versions of their own.
    pub(crate) struct ApiVersionUnknown {
        code: "api-version-unknown",
        family: Schema,
        severity: Warning,
        fix: Sometimes,
        since: "0.1.0",
        bicep: "BCP081",
    }
}

impl Rule for ApiVersionUnknown {
    fn resources(&self) -> Resources {
        Resources::Known
    }

    fn check_resource(&self, ctx: &Ctx<'_>, resource: ResourceRef) {
        let declared = ctx.eval.resource(resource);
        let ty = declared.resource_type.as_deref().and_then(schema::resource_type);
        let (Some(ty), Some(written)) = (ty, declared.api_version) else { return };
        let scope = resource.scope;
        if ctx.is_left_to_bicep(scope) {
            return;
        }
        // A nested resource of Bicep has the version of the one around it, where it is reported.
        let parent = declared.parent.map(|parent| ctx.eval.resource(ResourceRef { index: parent, ..resource }));
        if parent
            .is_some_and(|parent| parent.api_version == Some(written) && parent.resource_type != declared.resource_type)
        {
            return;
        }
        let values = ctx.eval.of_resource(resource, written);
        let Some(text) = values.literal() else { return };
        let at = ctx.eval.location(Place { scope, expr: written });
        let Some(version) = ApiVersion::parse(text) else {
            if !text.is_empty() {
                ctx.report(Finding::at(at, format!("`{text}` is no API version of `{ty}`")));
            }
            return;
        };
        let Status::Unknown { newer } = ty.status(version) else { return };
        let answers = schema::answers(ty, version);
        if answers == Some(true) {
            return;
        }
        let finding = if newer {
            Finding::at(at, format!("API version {version} of `{ty}` is later than all that are known here"))
                .severity(Severity::Hint)
        } else {
            // Other providers answer to versions that were never published.
            let published = ty.name().starts_with("Microsoft.ContainerService/") || answers == Some(false);
            let finding = Finding::at(at, format!("`{ty}` has no API version {version}"));
            if published { finding } else { finding.severity(Severity::Hint) }
        };
        let next = ty.api_versions().without_retired().next_with(version).filter(|_| !newer);
        let newest = newest_fitting(ctx.eval, resource, ty).filter(|newest| Some(*newest) != next);
        let fixes = next.into_iter().chain(newest).filter_map(|target| {
            let fix = ctx.rewrite().set_api_version(resource, &target.to_string());
            fix.fix(format!("Change it to {target}"), Applicability::Unsafe)
        });
        ctx.report(finding.fix(fixes));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{check, check_with_bicep};

    #[test]
    fn tells_what_never_was_from_what_may_be_new() {
        check_with_bicep(
            RULE,
            "param version string
resource a 'Microsoft.ContainerService/managedClusters@2025-06-01' = {
                                                       ^^^^^^^^^^ warning[api-version-unknown]: has no API version 2025-06-01
  name: 'a'
}
resource b 'Microsoft.ContainerService/managedClusters@2199-01-01' = {
                                                       ^^^^^^^^^^ hint[api-version-unknown]: later than all
  name: 'b'
}
resource d 'Microsoft.Authorization/roleAssignments@2020-04-01' = {
                                                    ^^^^^^^^^^ warning[api-version-unknown]: has no API version
  name: 'd'
}
resource e 'Microsoft.Authorization/roleAssignments@2022-01-01-preview' = {
                                                    ^^^^^^^^^^^^^^^^^^ hint[api-version-unknown]: later than all
  name: 'e'
}
resource f 'Microsoft.Authorization/roleAssignments@2021-04-01-preview' = {
  name: 'f'
}
resource g 'Microsoft.Authorization/roleAssignments@2018-07-01' = {
  name: 'g'
}
resource c 'Microsoft.ContainerService/fleets@2001-01-01' = {
  name: 'c'
}
",
        );
    }

    #[test]
    fn leaves_it_to_the_compiler_of_bicep() {
        check(RULE, "resource a 'Microsoft.ContainerService/managedClusters@2025-06-01' = {\n  name: 'a'\n}\n");
    }
}
