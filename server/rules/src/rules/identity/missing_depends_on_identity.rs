use rustc_hash::FxHashMap;
use syntax::Language;
use template::aks::{Case, Cluster, PropertyAt};
use template::condition::Conditions;
use template::eval::{Place, ScopeId};
use template::value::{ModuleRef, ResourceId, ResourceRef};
use template::workspace::Location;

use crate::offers::label;
use crate::write::Target;
use crate::{Applicability, Ctx, Finding, Fix, New, Rule, Severity, declare_rule};

declare_rule! {
    /// ## What it does
    /// Finds clusters that use an identity of the same deployment without waiting for it.
    ///
    /// ## Why is this a problem
    /// `resourceId(…)` makes an ID and nothing else: it does not say that the identity has to be there first. Azure deploys
    /// both at the same time, and the cluster is refused because its identity does not exist yet: on the first deployment,
    /// and not on the second, which makes it hard to see.
    ///
    /// ## Examples
    /// ### Invalid
    /// ```json,frame=template
    /// {
    ///   "$schema": "https://schema.management.azure.com/schemas/2019-04-01/deploymentTemplate.json#",
    ///   "contentVersion": "1.0.0.0",
    ///   "resources": [
    ///     { "type": "Microsoft.ManagedIdentity/userAssignedIdentities", "apiVersion": "2023-01-31", "name": "mi", "location": "westeurope" },
    ///     {
    ///       "type": "Microsoft.ContainerService/managedClusters",
    ///       "apiVersion": "2025-05-01",
    ///       "name": "aks",
    ///       "location": "westeurope",
    ///       "identity": {
    ///         "type": "UserAssigned",
    ///         "userAssignedIdentities": { "[resourceId('Microsoft.ManagedIdentity/userAssignedIdentities', 'mi')]": {} }
    ///       },
    ///       "properties": {}
    ///     }
    ///   ]
    /// }
    /// ```
    /// ```bicep,frame=template
    /// resource mi 'Microsoft.ManagedIdentity/userAssignedIdentities@2023-01-31' = {
    ///   name: 'mi'
    ///   location: 'westeurope'
    /// }
    ///
    /// resource aks 'Microsoft.ContainerService/managedClusters@2025-05-01' = {
    ///   name: 'aks'
    ///   location: 'westeurope'
    ///   identity: {
    ///     type: 'UserAssigned'
    ///     userAssignedIdentities: { '${resourceId('Microsoft.ManagedIdentity/userAssignedIdentities', 'mi')}': {} }
    ///   }
    /// }
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
    /// In ARM JSON adds the identity to the `dependsOn` of the cluster, or of the deployment that the cluster is in. In Bicep
    /// uses the identity's symbol, which says the same.
    ///
    /// ## When not to use it
    /// Always use it. Bicep files get a hint only: an identity that is known to be there already is often written like this.
    ///
    /// ## References
    /// - <https://learn.microsoft.com/azure/azure-resource-manager/templates/resource-dependency>
    pub(crate) struct MissingDependsOnIdentity {
        code: "missing-depends-on-identity",
        family: Identity,
        severity: Error,
        fix: Sometimes,
        since: "0.1.0",
    }
}

/// Where the cluster names an identity.
struct Use {
    /// What to underline.
    at: Location,
    /// The key of a map, to be replaced as such.
    key: Option<PropertyAt>,
    /// The text with the ID.
    id_at: Place,
    identity: ResourceRef,
}

impl Rule for MissingDependsOnIdentity {
    fn check_cluster(&self, ctx: &Ctx<'_>, cluster: &Cluster<'_, '_>) {
        for case in uses(ctx, cluster) {
            let found = &case.value;
            if ctx.eval.depends_on(cluster.resource, found.identity) != Some(false) {
                continue;
            }
            // It is missed only when both are deployed.
            let together: Vec<Case<bool>> = ctx
                .eval
                .deployed_when(found.identity)
                .iter()
                .filter_map(|deployed| ctx.eval.and(&case.when, deployed))
                .map(|when| Case { when, value: true })
                .collect();
            if together.is_empty() {
                continue;
            }
            let mut cases = together;
            if cases.iter().any(|case| !case.when.is_true()) {
                cases.push(Case { when: Conditions::TRUE, value: false });
            }
            ctx.judge(&cases, |case| case.value.then(|| finding(ctx, cluster, found)));
        }
    }
}

/// The identities of this deployment that the cluster names, each where it is named.
fn uses(ctx: &Ctx<'_>, cluster: &Cluster<'_, '_>) -> Vec<Case<Use>> {
    let deployed = |id: &ResourceId| ctx.eval.deployed(id, cluster.resource.scope);
    let mut uses: Vec<Case<Use>> = Vec::new();
    for case in cluster.identities() {
        for entry in entries(&case.value.block) {
            let Some(property) = entry.property else { continue };
            let Some((_, written)) = ctx.eval.property(property) else { continue };
            let id_at = Place { scope: property.object.scope, expr: written.key };
            let id = ctx.eval.parse_id(&entry.key, id_at.scope, id_at);
            let Some(identity) = id.and_then(|id| deployed(&id)) else { continue };
            let found = Use { at: ctx.eval.location(id_at), key: Some(property), id_at, identity };
            uses.push(Case { when: case.when.clone(), value: found });
        }
    }
    let kubelets = cluster.slots(&["properties", "identityProfile", "kubeletidentity", "resourceId"]);
    for case in &kubelets {
        let Some(id_at) = case.value.place else { continue };
        let Some(at) = ctx.eval.written_at(&case.value) else { continue };
        for id in ctx.eval.ids_of(std::slice::from_ref(case)) {
            let Some(identity) = deployed(&id.value) else { continue };
            uses.push(Case { when: id.when, value: Use { at, key: None, id_at, identity } });
        }
    }
    // The same place in several cases is one.
    let mut once: Vec<Case<Use>> = Vec::new();
    let mut known: FxHashMap<(Location, ResourceRef), usize> = FxHashMap::default();
    for case in uses {
        let number = *known.entry((case.value.at, case.value.identity)).or_insert(once.len());
        match once.get_mut(number) {
            Some(known) => known.when = Conditions::TRUE,
            None => once.push(case),
        }
    }
    once
}

fn entries(block: &template::aks::IdentityBlock) -> &[template::aks::IdEntry] {
    match block {
        template::aks::IdentityBlock::Object { ids: template::aks::Ids::Map { entries, .. }, .. } => entries,
        _ => &[],
    }
}

fn finding(ctx: &Ctx<'_>, cluster: &Cluster<'_, '_>, found: &Use) -> Finding {
    let name = label(ctx, found.identity);
    let is_json = ctx.eval.template(cluster.resource.scope).language == Language::Json;
    let finding = Finding::at(found.at, format!("the cluster uses the identity `{name}` but does not wait for it"))
        .related(ctx.eval.header(found.identity), format!("`{name}` is deployed here"));
    let severity = if is_json { Severity::Error } else { Severity::Hint };
    let help = if is_json {
        "`resourceId` makes no dependency; name the identity in `dependsOn`"
    } else {
        "`resourceId` makes no dependency; use the `id` of the identity's symbol"
    };
    finding.severity(severity).help(help).fix(mend(ctx, cluster, found, is_json))
}

fn mend(ctx: &Ctx<'_>, cluster: &Cluster<'_, '_>, found: &Use, is_json: bool) -> Option<Fix> {
    let name = label(ctx, found.identity);
    if !is_json {
        if found.id_at.scope != found.identity.scope {
            return None;
        }
        let rewrite = match found.key {
            Some(property) => ctx.rewrite().replace_key(property, New::id(found.identity)),
            None => ctx.rewrite().replace(found.id_at, New::id(found.identity)),
        };
        return rewrite.fix(format!("Use the ID of {name}"), Applicability::Safe);
    }
    // In nested deployments those wait that stand side by side.
    let (waiting, waited) = siblings(ctx, cluster.resource, found.identity)?;
    let what = label(ctx, waited);
    ctx.rewrite()
        .depend(waiting, Target::Declared(waited))
        .fix(format!("Wait for {what} in `dependsOn`"), Applicability::Safe)
}

/// The resources of one template, deployments maybe, that two resources are deployed by.
fn siblings(ctx: &Ctx<'_>, one: ResourceRef, other: ResourceRef) -> Option<(ResourceRef, ResourceRef)> {
    let outside =
        |resource: ResourceRef| ctx.eval.scope(resource.scope).module.and_then(|module| deployment(ctx, module));
    let mut chain = vec![one];
    while let Some(outer) = chain.last().copied().and_then(outside) {
        chain.push(outer);
    }
    let mut other = other;
    loop {
        let at = |scope: ScopeId| chain.iter().copied().find(|resource| resource.scope == scope);
        if let Some(found) = at(other.scope) {
            return (found != other).then_some((found, other));
        }
        other = outside(other)?;
    }
}

/// The resource that a nested deployment is declared as.
fn deployment(ctx: &Ctx<'_>, module: ModuleRef) -> Option<ResourceRef> {
    let resources = &ctx.eval.template(module.scope).resources;
    let index = resources.iter().position(|resource| resource.module == Some(module.index))?;
    Some(ResourceRef { scope: module.scope, index: u32::try_from(index).ok()?, element: None })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{check, check_fix};

    fn json(identity: &str, depends_on: &str) -> String {
        format!(
            r#"{{
  "$schema": "https://schema.management.azure.com/schemas/2019-04-01/deploymentTemplate.json#",
  "contentVersion": "1.0.0.0",
  "parameters": {{ "mi": {{ "type": "string" }}, "create": {{ "type": "bool" }} }},
  "resources": [
    {{
      "type": "Microsoft.ManagedIdentity/userAssignedIdentities",
      "apiVersion": "2023-01-31",
      "name": "[parameters('mi')]"{identity}
    }},
    {{
      "type": "Microsoft.Authorization/roleAssignments",
      "apiVersion": "2022-04-01",
      "name": "grant",
      "dependsOn": [ "[parameters('mi')]" ]
    }},
    {{
      "type": "Microsoft.ContainerService/managedClusters",
      "apiVersion": "2025-05-01",
      "name": "aks",
      "identity": {{
        "type": "UserAssigned",
        "userAssignedIdentities": {{
          "[resourceId('Microsoft.ManagedIdentity/userAssignedIdentities', parameters('mi'))]": {{}}
        }}
      }}{depends_on}
    }}
  ]
}}
"#
        )
    }

    #[test]
    fn waiting_in_any_form_is_enough() {
        for on in ["[resourceId('Microsoft.ManagedIdentity/userAssignedIdentities', parameters('mi'))]", "grant"] {
            check(RULE, &json("", &format!(",\n      \"dependsOn\": [ \"{on}\" ]")));
        }
        check(RULE, &json("", ",\n      \"dependsOn\": \"[variables('unknown')]\""));
    }

    #[test]
    fn waits_from_now_on() {
        let depends = ",\n      \"dependsOn\": [\n        \"[resourceId('Microsoft.ManagedIdentity/userAssignedIdentities', parameters('mi'))]\"\n      ]";
        check_fix(RULE, &json("", ""), &json("", depends));
    }

    #[test]
    fn an_identity_that_may_not_be_deployed_is_missed_only_when_it_is() {
        let text = json(",\n      \"condition\": \"[parameters('create')]\"", "");
        let key =
            "          \"[resourceId('Microsoft.ManagedIdentity/userAssignedIdentities', parameters('mi'))]\": {}\n";
        let caret = format!(
            "{key}          {} warning[missing-depends-on-identity]: does not wait\n",
            "^".repeat(key.trim().len() - 4)
        );
        check(RULE, &text.replace(key, &caret));
    }

    #[test]
    fn the_kubelet_s_identity_counts() {
        check_fix(
            RULE,
            "resource mi 'Microsoft.ManagedIdentity/userAssignedIdentities@2023-01-31' = { name: 'mi' }
resource aks 'Microsoft.ContainerService/managedClusters@2025-05-01' = {
  name: 'aks'
  properties: {
    identityProfile: { kubeletidentity: { resourceId: resourceId('Microsoft.ManagedIdentity/userAssignedIdentities', 'mi') } }
  }
}
",
            "resource mi 'Microsoft.ManagedIdentity/userAssignedIdentities@2023-01-31' = { name: 'mi' }
resource aks 'Microsoft.ContainerService/managedClusters@2025-05-01' = {
  name: 'aks'
  properties: {
    identityProfile: { kubeletidentity: { resourceId: mi.id } }
  }
}
",
        );
    }

    #[test]
    fn existing_identities_and_those_of_other_groups_need_no_waiting() {
        check(
            RULE,
            "resource mi 'Microsoft.ManagedIdentity/userAssignedIdentities@2023-01-31' existing = { name: 'mi' }
resource other 'Microsoft.ManagedIdentity/userAssignedIdentities@2023-01-31' = { name: 'other' }
resource aks 'Microsoft.ContainerService/managedClusters@2025-05-01' = {
  name: 'aks'
  identity: {
    type: 'UserAssigned'
    userAssignedIdentities: { '${resourceId('Microsoft.ManagedIdentity/userAssignedIdentities', 'mi')}': {} }
  }
  properties: {
    identityProfile: { kubeletidentity: { resourceId: resourceId('group', 'Microsoft.ManagedIdentity/userAssignedIdentities', 'other') } }
  }
}
",
        );
    }

    #[test]
    fn nested_deployments_wait_for_each_other() {
        let text = |depends: &str| {
            format!(
                r#"{{
  "$schema": "https://schema.management.azure.com/schemas/2019-04-01/deploymentTemplate.json#",
  "contentVersion": "1.0.0.0",
  "resources": [
    {{
      "type": "Microsoft.ManagedIdentity/userAssignedIdentities",
      "apiVersion": "2023-01-31",
      "name": "mi"
    }},
    {{
      "type": "Microsoft.Resources/deployments",
      "apiVersion": "2022-09-01",
      "name": "cluster",{depends}
      "properties": {{
        "mode": "Incremental",
        "template": {{
          "$schema": "https://schema.management.azure.com/schemas/2019-04-01/deploymentTemplate.json#",
          "contentVersion": "1.0.0.0",
          "resources": [
            {{
              "type": "Microsoft.ContainerService/managedClusters",
              "apiVersion": "2025-05-01",
              "name": "aks",
              "identity": {{
                "type": "UserAssigned",
                "userAssignedIdentities": {{ "[resourceId('Microsoft.ManagedIdentity/userAssignedIdentities', 'mi')]": {{}} }}
              }}
            }}
          ]
        }}
      }}
    }}
  ]
}}
"#
            )
        };
        let depends = "\n      \"dependsOn\": [\n        \"[resourceId('Microsoft.ManagedIdentity/userAssignedIdentities', 'mi')]\"\n      ],";
        check_fix(RULE, &text(""), &text(depends));
    }
}
