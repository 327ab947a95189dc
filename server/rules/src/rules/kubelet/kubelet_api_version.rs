use schema::ApiVersion;
use syntax::{TextEdit, TextRange, TextSize};
use template::aks::{CLUSTER, Cluster};
use template::eval::Place;
use template::value::Value;

use crate::{Applicability, Ctx, FileEdit, Finding, Fix, Rule, declare_rule};

declare_rule! {
    /// ## What it does
    /// Finds `kubeletidentity` written with an API version before 2021-03-01.
    ///
    /// ## Why is this a problem
    /// `identityProfile` could be read long before it could be written. Clusters with a kubelet identity of their own are known to
    /// work from 2021-03-01 on; whether earlier versions ignore or refuse it is not documented.
    ///
    /// ## Examples
    /// ### Invalid
    /// ```json,frame=properties,api=2020-12-01
    /// "identityProfile": { "kubeletidentity": { "resourceId": "[resourceId('Microsoft.ManagedIdentity/userAssignedIdentities', 'kmi')]" } }
    /// ```
    /// ```bicep,frame=properties,api=2020-12-01
    /// identityProfile: { kubeletidentity: { resourceId: kmi.id } }
    /// ```
    ///
    /// ### Valid
    /// ```json,frame=properties,api=2021-03-01
    /// "identityProfile": { "kubeletidentity": { "resourceId": "[resourceId('Microsoft.ManagedIdentity/userAssignedIdentities', 'kmi')]" } }
    /// ```
    /// ```bicep,frame=properties,api=2021-03-01
    /// identityProfile: { kubeletidentity: { resourceId: kmi.id } }
    /// ```
    ///
    /// ## Fix
    /// Writes the newest stable version. Other properties may have changed in between.
    ///
    /// ## When not to use it
    /// When the version is known to work for you.
    ///
    /// ## References
    /// Azure/azure-rest-api-specs#11458, Azure/AKS#2488.
    pub(crate) struct KubeletApiVersion {
        code: "kubelet-api-version",
        family: Kubelet,
        severity: Info,
        fix: Sometimes,
        since: "0.1.0",
    }
}

const FIRST: &str = "2021-03-01";

impl Rule for KubeletApiVersion {
    fn check_cluster(&self, ctx: &Ctx<'_>, cluster: &Cluster<'_, '_>) {
        let Some(version) = cluster.declaration().api_version else { return };
        let place = Place { scope: cluster.resource.scope, expr: version };
        let written = cluster.api_version().as_deref().and_then(ApiVersion::parse);
        let is_old = written.zip(ApiVersion::parse(FIRST)).is_some_and(|(own, first)| own < first);
        if !is_old {
            return;
        }
        ctx.judge(cluster.kubelets(), |case| {
            let Value::Object(object) = &case.value.value else { return None };
            if object.entries.is_empty() {
                return None;
            }
            let message = format!("`kubeletidentity` is known to be accepted from API version {FIRST} on");
            let mut finding = Finding::at(ctx.eval.location(place), message).help("Use a newer API version");
            if let Some(used) = case.value.property.and_then(|property| ctx.eval.key_location(property)) {
                finding = finding.related(used, "it is written here");
            }
            Some(finding.fix(newest(ctx, place)))
        });
    }
}

fn newest(ctx: &Ctx<'_>, place: Place) -> Option<Fix> {
    let newest = schema::resource_type(CLUSTER)?.newest_stable()?.to_string();
    let at = ctx.eval.location(place);
    // In ARM JSON it is a string, in Bicep the end of one.
    let quote = TextSize::from(u32::from(ctx.eval.source(place).starts_with('"')));
    let range = TextRange::new(at.range.start() + quote, at.range.end() - quote);
    let is_literal = matches!(ctx.eval.template(place.scope).expr(place.expr), template::Expr::Str(_));
    is_literal.then(|| Fix {
        title: format!("Use {newest}"),
        applicability: Applicability::Unsafe,
        edits: vec![FileEdit { file: at.file, edit: TextEdit::replace(range, newest) }],
        copied: Vec::new(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::check;

    #[test]
    fn a_cluster_without_it_may_be_old() {
        for profile in ["null", "{ kubeletidentity: {} }", "someProfile"] {
            check(
                RULE,
                &format!(
                    "resource aks 'Microsoft.ContainerService/managedClusters@2020-12-01' = {{
  name: 'aks'
  properties: {{ identityProfile: {profile} }}
}}
"
                ),
            );
        }
    }
}
