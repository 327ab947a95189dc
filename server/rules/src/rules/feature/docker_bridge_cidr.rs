use crate::conformance::{Compiler, Kind};
use crate::{Applicability, Ctx, Finding, Rule, Tag, declare_rule};

declare_rule! {
    /// ## What it does
    /// Finds `networkProfile.dockerBridgeCidr` in API versions that no longer have it.
    ///
    /// ## Why is this a problem
    /// The nodes have had no Docker since Kubernetes 1.19. The property did nothing any more, and was taken away with 2023-04-01 and
    /// 2023-04-02-preview. It lives on in samples.
    ///
    /// ## Examples
    /// ### Invalid
    /// ```json,frame=properties
    /// "networkProfile": { "networkPlugin": "azure", "dockerBridgeCidr": "172.17.0.1/16" }
    /// ```
    /// ```bicep,frame=properties
    /// networkProfile: { networkPlugin: 'azure', dockerBridgeCidr: '172.17.0.1/16' }
    /// ```
    ///
    /// ### Valid
    /// ```json,frame=properties
    /// "networkProfile": { "networkPlugin": "azure" }
    /// ```
    /// ```bicep,frame=properties
    /// networkProfile: { networkPlugin: 'azure' }
    /// ```
    ///
    /// ## Fix
    /// Deletes it, with what only it used. Safe: it has no effect.
    ///
    /// ## When not to use it
    /// Always use it. Versions that have the property are left alone.
    pub(crate) struct DockerBridgeCidr {
        code: "docker-bridge-cidr",
        family: Feature,
        severity: Warning,
        fix: Sometimes,
        since: "0.1.0",
        bicep: "BCP037",
    }
}

impl Rule for DockerBridgeCidr {
    fn check_deployment(&self, ctx: &Ctx<'_>) {
        ctx.report_mistakes(|mistake| {
            if !matches!(mistake.kind, Kind::Removed { .. })
                || mistake.path != "properties.networkProfile.dockerBridgeCidr"
                || mistake.ty.name() != template::aks::CLUSTER
            {
                return None;
            }
            let fix = mistake.spot.property.and_then(|property| {
                let (_, written) = ctx.eval.property(property)?;
                let rewrite = ctx.rewrite().remove(property.object, &[property.number as usize]);
                rewrite.drop_unused(property.object.scope, &[written.value]).fix("Delete it", Applicability::Safe)
            });
            let message =
                format!("`dockerBridgeCidr` has no effect, and API version {} does not have it", mistake.version);
            Some((Compiler::Says, Finding::at(ctx.key_of(mistake), message).tag(Tag::Unnecessary).fix(fix)))
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::check_with_bicep;

    #[test]
    fn versions_that_have_it_are_fine() {
        check_with_bicep(
            RULE,
            "resource aks 'Microsoft.ContainerService/managedClusters@2023-03-01' = {
  name: 'aks'
  properties: { networkProfile: { dockerBridgeCidr: '172.17.0.1/16' } }
}
",
        );
    }
}
