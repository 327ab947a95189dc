//! What is wrong with the arguments of a module of a registry is said at the call: nobody can change the module.

use std::collections::BTreeMap;

use template::eval::{Place, ScopeId};
use template::value::ModuleRef;
use template::workspace::{FileId, Location};
use template::{Evaluator, ExprId};

use super::caller::{Counts, rules_of};
use super::{Panic, Placed, Project, Root, SettingsOf};
use crate::mentions::parameters_in;
use crate::{Diagnostic, Related};

/// What was found, outside of modules of registries. What lies in one and is its own doing is left out.
pub(super) fn blame(
    project: &Project<'_>,
    eval: &Evaluator<'_>,
    placed: Vec<Placed>,
    settings: SettingsOf<'_>,
    panics: &mut Vec<Panic>,
) -> Vec<Placed> {
    let workspace = project.workspace;
    // Looked at by itself, it is judged as anything else is.
    let is_own = workspace.is_foreign(eval.scope(ScopeId::ROOT).file);
    let is_foreign = |file| !is_own && workspace.is_foreign(file);
    let mut found: Vec<Placed> = Vec::with_capacity(placed.len());
    let mut inside: Vec<(Diagnostic, ModuleRef)> = Vec::new();
    for (mut diagnostic, scope) in placed {
        diagnostic.fixes.retain(|fix| !fix.edits.iter().any(|edit| is_foreign(edit.file)));
        if !is_foreign(diagnostic.file()) {
            found.push((diagnostic, scope));
        } else if let Some(call) = scope.and_then(|scope| eval.call_from_outside(scope)) {
            inside.push((diagnostic, call));
        }
    }
    // What each module does whatever it is given, as far as it matters here.
    let mut alone: BTreeMap<FileId, Vec<Diagnostic>> = BTreeMap::new();
    for (diagnostic, call) in &inside {
        alone.entry(called(eval, *call).unwrap_or(diagnostic.file())).or_default().push(diagnostic.clone());
    }
    let alone = alone.into_iter().map(|(file, diagnostics)| {
        let root = Root { file, with_modules: true, parameters: None };
        let own = project.run(root, None, &rules_of(project, &diagnostics), settings);
        panics.extend(own.panics);
        (file, Counts::of(&own.diagnostics))
    });
    let alone: BTreeMap<FileId, Counts> = alone.collect();
    for (diagnostic, call) in inside {
        let own = alone.get(&called(eval, call).unwrap_or(diagnostic.file()));
        if own.is_none_or(|own| own.as_sure_as(&diagnostic) == 0) {
            let moved = moved(project, eval, diagnostic, call, settings);
            found.extend(moved.map(|moved| (moved, Some(call.scope))));
        }
    }
    for (diagnostic, _) in &mut found {
        diagnostic.related.retain(|related| !workspace.file(related.location.file).stands_in());
    }
    found
}

fn called(eval: &Evaluator<'_>, call: ModuleRef) -> Option<FileId> {
    eval.module_scope(call).map(|scope| eval.scope(scope).file)
}

/// The same finding at the argument that it comes from, as far as that is known, or else at the call.
fn moved(
    project: &Project<'_>,
    eval: &Evaluator<'_>,
    diagnostic: Diagnostic,
    call: ModuleRef,
    settings: SettingsOf<'_>,
) -> Option<Diagnostic> {
    let file = eval.scope(call.scope).file;
    let module = &eval.template(call.scope).modules[call.index as usize];
    let is_given =
        |related: &&Related| related.location.file == file && module.range.contains_range(related.location.range);
    let given = diagnostic.related.iter().find(is_given).map(|related| related.location);
    let given = given.or_else(|| only_argument(eval, call, diagnostic.location));
    let location = given.unwrap_or(Location { file, range: module.header });
    let rule = project.rules.iter().find(|rule| rule.metadata().code == diagnostic.code)?;
    let severity = settings.file(file).severity(rule.metadata())?.min(diagnostic.severity);
    let inside = Related { location: diagnostic.location, message: "in the module, here".to_owned() };
    let mut related = vec![inside];
    related.extend(diagnostic.related.into_iter().filter(|other| other.location != location));
    Some(Diagnostic { severity, location, related, ..diagnostic })
}

/// The argument of a call that the expression at a place of the module is made of, if it is one: the smallest expression
/// there that is made of any decides.
fn only_argument(eval: &Evaluator<'_>, call: ModuleRef, of: Location) -> Option<Location> {
    let scope = eval.module_scope(call).filter(|&scope| eval.scope(scope).file == of.file)?;
    argument_at(eval, scope, of).map(|place| eval.location(place))
}

/// The same, of the module of a scope.
pub(super) fn argument_at(eval: &Evaluator<'_>, scope: ScopeId, of: Location) -> Option<Place> {
    let around = eval.template(scope).exprs.around(of.range);
    let given = around.into_iter().map(|expr| arguments_in(eval, scope, expr)).find(|given| !given.is_empty())?;
    match given.as_slice() {
        [one] => Some(*one),
        _ => None,
    }
}

/// The arguments that an expression of a module is made of.
fn arguments_in(eval: &Evaluator<'_>, scope: ScopeId, expr: ExprId) -> Vec<Place> {
    let mut found = Vec::new();
    for (_, name) in parameters_in(eval.template(scope), expr) {
        let given = eval.argument_of(scope, name);
        found.extend(given.filter(|given| !found.contains(given)));
    }
    found
}

#[cfg(test)]
mod tests {
    use std::path::{Path, PathBuf};
    use std::sync::Arc;

    use syntax::SourceText;
    use template::workspace::{ModuleCache, SourceFile, Workspace};

    use crate::testing::outcome;
    use crate::{Diagnostic, Settings, all};

    /// Keeps `br:own/NAME:VERSION` as `cache/NAME.json`, and the template spec likewise.
    #[derive(Debug)]
    struct Kept;

    impl ModuleCache for Kept {
        fn path(&self, _: &Path, reference: &str) -> Option<PathBuf> {
            let name = reference.strip_prefix("br:own/").map(|rest| rest.split(':').next().unwrap_or(rest));
            let name = name.or_else(|| reference.rsplit("templateSpecs/").next()?.split('/').next());
            Some(Path::new("cache").join(format!("{}.json", name?)))
        }
    }

    /// What is found in the first file, as texts and codes.
    fn found(files: &[(&str, &str)]) -> Vec<(String, Diagnostic)> {
        let cache: Arc<dyn ModuleCache> = Arc::new(Kept);
        let file = |&(path, text): &(&str, &str)| SourceFile::parse(path, SourceText::new(text)).with_cache(&cache);
        let workspace = Workspace::new(files.iter().map(|one| Arc::new(file(one))).collect());
        let rules: Vec<_> = all().collect();
        let found = outcome(&rules, &workspace, &Settings::default()).diagnostics.into_iter();
        let here = found.filter(|one| one.file().0 == 0 && one.severity >= crate::Severity::Warning);
        here.map(|one| (workspace.file(one.file()).text.slice(one.range()).to_owned(), one)).collect()
    }

    fn codes(files: &[(&str, &str)]) -> Vec<(String, &'static str)> {
        found(files).into_iter().map(|(at, one)| (at, one.code)).collect()
    }

    /// What a compiler makes of a module with a cluster; a version without answers is its own business.
    const MODULE: &str = r#"{
  "$schema": "https://schema.management.azure.com/schemas/2019-04-01/deploymentTemplate.json#",
  "contentVersion": "1.0.0.0",
  "parameters": { "kind": { "type": "string" }, "kubelet": { "type": "string", "defaultValue": "" } },
  "resources": [
    { "type": "Microsoft.ContainerService/managedClusters", "apiVersion": "2023-03-02-preview", "name": "aks", "location": "x",
      "identity": { "type": "[parameters('kind')]" },
      "properties": {
        "dnsPrefix": "aks",
        "agentPoolProfiles": [ { "name": "a", "count": 1, "vmSize": "x", "mode": "System" } ],
        "identityProfile": "[if(empty(parameters('kubelet')), null(), createObject('kubeletidentity', createObject('resourceId', parameters('kubelet'))))]"
      } }
  ],
  "outputs": { "client": { "type": "string", "value": "[reference(resourceId('Microsoft.ContainerService/managedClusters', 'aks'), '2025-05-01').identityProfile.kubeletidentity.clientId]" } }
}"#;

    const IDENTITY: &str =
        "resource kmi 'Microsoft.ManagedIdentity/userAssignedIdentities@2023-01-31' = { name: 'kmi', location: 'x' }\n";

    fn caller(arguments: &str) -> String {
        format!("{IDENTITY}module aks 'br:own/aks:1.0' = {{\n  name: 'aks'\n  params: {{ {arguments} }}\n}}\n")
    }

    #[test]
    fn what_arguments_cause_in_a_kept_module_is_said_at_the_argument() {
        let text = caller("kind: 'SystemAssigned, UserAssigned'");
        let found = found(&[("main.bicep", &text), ("cache/aks.json", MODULE)]);
        let [(at, one)] = found.as_slice() else { panic!("{found:#?}") };
        assert_eq!((at.as_str(), one.code), ("'SystemAssigned, UserAssigned'", "identity-type-combined"));
        assert!(one.related.iter().any(|other| other.message == "in the module, here"), "{one:#?}");
        let text = caller("kind: 'SystemAssigned', kubelet: kmi.id");
        assert_eq!(
            codes(&[("main.bicep", &text), ("cache/aks.json", MODULE)]),
            [("kmi.id".to_owned(), "kubelet-needs-user-assigned")]
        );
    }

    #[test]
    fn what_a_kept_module_does_by_itself_is_its_own_business() {
        let text = caller("kind: 'SystemAssigned'");
        assert_eq!(codes(&[("main.bicep", &text), ("cache/aks.json", MODULE)]), []);
    }

    #[test]
    fn a_module_that_is_not_kept_may_be_anything() {
        let text = caller("kind: 'SystemAssigned, UserAssigned', kubelet: kmi.id");
        assert_eq!(codes(&[("main.bicep", &text)]), []);
    }

    #[test]
    fn outputs_of_kept_modules_are_known() {
        let text = caller("kind: 'SystemAssigned'")
            + "resource a 'Microsoft.Authorization/roleAssignments@2022-04-01' = {
  name: guid(aks.name)
  properties: { principalId: aks.outputs.client, principalType: 'ServicePrincipal' }
}
";
        let found = codes(&[("main.bicep", &text), ("cache/aks.json", MODULE)]);
        assert!(found.iter().any(|(_, code)| *code == "client-id-as-principal"), "{found:?}");
    }

    #[test]
    fn template_specs_are_kept_too() {
        let text = r#"{
  "$schema": "https://schema.management.azure.com/schemas/2019-04-01/deploymentTemplate.json#",
  "resources": [ { "type": "Microsoft.Resources/deployments", "apiVersion": "2022-09-01", "name": "aks", "properties": {
    "mode": "Incremental",
    "templateLink": { "id": "/subscriptions/s/resourceGroups/g/providers/Microsoft.Resources/templateSpecs/aks/versions/1" },
    "parameters": { "kind": { "value": "SystemAssigned, UserAssigned" } } } } ]
}"#;
        let found = codes(&[("main.json", text), ("cache/aks.json", MODULE)]);
        assert_eq!(found, [("\"SystemAssigned, UserAssigned\"".to_owned(), "identity-type-combined")]);
    }

    fn avm(version: &str, arguments: &str) -> Vec<(String, &'static str)> {
        let text = format!(
            "resource mi 'Microsoft.ManagedIdentity/userAssignedIdentities@2023-01-31' = {{ name: 'mi', location: 'x' }}
{IDENTITY}module aks 'br/public:avm/res/container-service/managed-cluster:{version}' = {{
  name: 'aks'
  params: {{
    name: 'aks'
    primaryAgentPoolProfiles: [ {{ name: 'a', mode: 'System', count: 1, vmSize: 'x' }} ]
    {arguments}
  }}
}}
resource mio 'Microsoft.Authorization/roleAssignments@2022-04-01' = {{
  scope: kmi
  name: guid(kmi.id, mi.id, 'f1a07417-d97a-45cb-824c-7a7467783830')
  properties: {{
    roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', 'f1a07417-d97a-45cb-824c-7a7467783830')
    principalId: mi.properties.principalId
    principalType: 'ServicePrincipal'
  }}
}}
"
        );
        codes(&[("main.bicep", &text)])
    }

    #[test]
    fn the_registrys_cluster_module_is_known_without_being_kept() {
        let kubelet = "identityProfile: { kubeletidentity: { resourceId: kmi.id } }";
        for (arguments, at, code) in [
            (
                "managedIdentities: { userAssignedResourceIds: [mi.id, kmi.id] }",
                "[mi.id, kmi.id]",
                "module-id-list-too-long",
            ),
            (
                "managedIdentities: { userAssignedResourcesIds: [mi.properties.principalId] }",
                "mi.properties.principalId",
                "module-passes-wrong-id",
            ),
            (
                "managedIdentities: { systemAssigned: true, userAssignedResourceIds: [mi.id] }",
                "{ systemAssigned: true, userAssignedResourceIds: [mi.id] }",
                "ids-without-user-assigned",
            ),
            (
                "managedIdentities: { systemAssigned: true }
    apiServerAccessProfile: { privateDNSZone: resourceId('Microsoft.Network/privateDnsZones', 'z') }",
                "privateDNSZone: resourceId('Microsoft.Network/privateDnsZones', 'z')",
                "private-dns-needs-user-assigned",
            ),
            (
                &format!("managedIdentities: {{ systemAssigned: true }}\n    {kubelet}"),
                "kubeletidentity",
                "kubelet-needs-user-assigned",
            ),
        ] {
            assert_eq!(avm("0.10.0", arguments), [(at.to_owned(), code)], "{arguments}");
        }
    }

    #[test]
    fn right_arguments_and_what_is_not_known_are_fine() {
        for arguments in [
            "managedIdentities: { systemAssigned: true }",
            "managedIdentities: { userAssignedResourceIds: [mi.id] }
    dependsOnNothing: true",
            "managedIdentities: { userAssignedResourcesIds: [mi.id] }",
            "managedIdentities: loadJsonContent('ids.json')",
            "managedIdentities: { systemAssigned: false, userAssignedResourceIds: [mi.id] }
    apiServerAccessProfile: { privateDNSZone: resourceId('Microsoft.Network/privateDnsZones', 'z') }",
            "aksServicePrincipalProfile: { clientId: '5d5f7e29-1d5c-4a4e-8a3e-0d6e3a2b1c4f', secret: mi.name }",
        ] {
            assert_eq!(avm("0.5.3", arguments), [], "{arguments}");
        }
    }
}
