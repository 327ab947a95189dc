//! What is wrong in a module because of what one caller passes to it is said at the argument, with the place in the module
//! beside it. What is wrong with any arguments stays in the module, and so does what it lacks.

use template::eval::{Disbelief, Place, ScopeId};
use template::model::ModuleSource;
use template::workspace::Location;
use template::{Evaluator, Expr};

use super::caller::{Counts, moved, rules_of};
use super::registry::argument_at;
use super::{Placed, Project, Root, SettingsOf};
use crate::ctx::Shared;
use crate::fix::FileEdit;
use crate::{Diagnostic, Rule};

/// Arguments beyond that number are not tried out one by one.
const MAX_TRIES: usize = 16;
/// Of a deployment with many modules fewer are: a try looks at all of them. Where there are more than that, what is found in
/// modules stays there.
const MAX_SCOPES: usize = 128;

/// A finding in a module, and who may have caused it.
struct Inside {
    /// Its number among all that was found.
    index: usize,
    scope: ScopeId,
    /// What is passed to the expression it is at, as far as that is clear without trying.
    suspect: Option<Place>,
}

/// What was found, with what callers cause at their arguments. Costs nothing where nothing is found in modules.
pub(super) fn blame(
    project: &Project<'_>,
    root: Root,
    eval: &Evaluator<'_>,
    placed: Vec<Placed>,
    settings: SettingsOf<'_>,
) -> Vec<Diagnostic> {
    let mut inside: Vec<Inside> = Vec::new();
    let is_tried = eval.all_scopes().len() <= MAX_SCOPES;
    for (index, (diagnostic, scope)) in placed.iter().enumerate().filter(|_| is_tried) {
        let scope = scope.filter(|&scope| !is_lacking(diagnostic) && is_within(eval, scope, diagnostic.location));
        inside.extend(scope.map(|scope| {
            let suspect = argument_at(eval, scope, diagnostic.location);
            Inside { index, scope, suspect }
        }));
    }
    let mut diagnostics: Vec<Diagnostic> = placed.into_iter().map(|(diagnostic, _)| diagnostic).collect();
    if inside.is_empty() {
        return diagnostics;
    }
    let some = |inside: &[Inside]| inside.iter().map(|one| diagnostics[one.index].clone()).collect::<Vec<_>>();
    let without = |disbelief: Disbelief, rules: &[&'static dyn Rule]| {
        let Some(eval) = project.evaluator(root).map(|eval| eval.disbelieving(disbelief)) else {
            return Counts::default();
        };
        let shared = Shared::default();
        let (placed, _) = project.run_in(&eval, &shared, rules, settings);
        Counts::of(placed.iter().map(|(diagnostic, _)| diagnostic))
    };
    let found = Counts::of(&diagnostics);
    let is_lost =
        |rest: &Counts, index: usize| rest.as_sure_as(&diagnostics[index]) < found.as_sure_as(&diagnostics[index]);

    // Most are there whatever is passed.
    let rest = without(Disbelief::Everything, &rules_of(project, &some(&inside)));
    inside.retain(|one| is_lost(&rest, one.index));
    let rules = rules_of(project, &some(&inside));
    let mut causes: Vec<(usize, Vec<Place>)> = Vec::new();
    let suspects: Vec<Location> =
        inside.iter().filter_map(|one| one.suspect).map(|place| eval.location(place)).collect();
    if !suspects.is_empty() {
        let rest = without(Disbelief::Of(suspects), &rules);
        inside.retain(|one| match one.suspect.filter(|_| is_lost(&rest, one.index)) {
            Some(suspect) => {
                causes.push((one.index, vec![suspect]));
                false
            }
            None => true,
        });
    }
    // The others are not written where the finding is: a condition, or a value that goes a long way.
    let mut tries = MAX_TRIES.min(1 + 2 * MAX_SCOPES / eval.all_scopes().len());
    let mut calls: Vec<ScopeId> = inside.iter().map(|one| one.scope).collect();
    calls.sort_unstable();
    calls.dedup();
    for scope in calls {
        let arguments = eval.arguments_of(scope);
        if arguments.len() > tries {
            continue;
        }
        tries -= arguments.len();
        let here = inside.iter().filter(|one| one.scope == scope);
        let mut found: Vec<(usize, Vec<Place>)> = here.map(|one| (one.index, Vec::new())).collect();
        for argument in arguments {
            let rest = without(Disbelief::Of(vec![eval.location(argument)]), &rules);
            for (_, causes) in found.iter_mut().filter(|(index, _)| is_lost(&rest, *index)) {
                causes.push(argument);
            }
        }
        causes.extend(found);
    }

    let mut left = Vec::new();
    for (index, found) in causes {
        let found: Vec<Location> = found.into_iter().map(|place| eval.location(passed_on(eval, place))).collect();
        if !found.is_empty() {
            left.push((index, moved(diagnostics[index].clone(), &found, project, settings)));
        }
    }
    left.sort_by_key(|(index, _)| std::cmp::Reverse(*index));
    for (index, moved) in left {
        match moved {
            Some(moved) => diagnostics[index] = moved,
            // The rule is off in the file of the caller.
            None => drop(diagnostics.remove(index)),
        }
    }
    diagnostics
}

/// Whether something is missing in the module: what only adds to it mends it for every caller.
fn is_lacking(diagnostic: &Diagnostic) -> bool {
    let adds = |edit: &FileEdit| edit.file == diagnostic.file() && edit.edit.range.is_empty();
    diagnostic.fixes.iter().any(|fix| fix.edits.iter().all(adds))
}

/// Whether a place is in the template of a module that is given arguments, and not in those.
fn is_within(eval: &Evaluator<'_>, scope: ScopeId, location: Location) -> bool {
    let found = eval.scope(scope);
    let Some(module) = found.module else { return false };
    if found.file != location.file || eval.names_of(scope) != scope {
        return false;
    }
    let arguments = eval.arguments_of(scope);
    let declared = &eval.template(module.scope).modules[module.index as usize];
    let is_around = !matches!(declared.source, ModuleSource::Inline { .. })
        || (declared.range.contains_range(location.range)
            && !arguments.iter().any(|&argument| eval.location(argument).range.contains_range(location.range)));
    is_around && !arguments.is_empty()
}

/// Where an argument comes from that is nothing but a parameter of the caller's caller.
fn passed_on(eval: &Evaluator<'_>, argument: Place) -> Place {
    let mut at = argument;
    while let Expr::Ref(template::expr::Ref::Parameter(name)) = eval.template(at.scope).expr(at.expr)
        && let Some(outer) = eval.argument_of(eval.names_of(at.scope), name)
    {
        at = outer;
    }
    at
}

#[cfg(test)]
mod tests {
    use crate::testing::{outcome, workspace};
    use crate::{Diagnostic, Settings, all};

    /// What is found: the number of the file, the text there, and the whole.
    fn found(files: &[(&str, &str)]) -> Vec<(u32, String, Diagnostic)> {
        let workspace = workspace(files);
        let rules: Vec<_> = all().filter(|rule| rule.metadata().code == "identity-type-combined").collect();
        let found = outcome(&rules, &workspace, &Settings::default()).diagnostics.into_iter();
        let text =
            |one: &Diagnostic| workspace.file(one.file()).text.slice(one.range()).trim_matches(['\'', '"']).to_owned();
        found.map(|one| (one.file().0, text(&one), one)).collect()
    }

    fn places(files: &[(&str, &str)]) -> Vec<(u32, String)> {
        found(files).into_iter().map(|(file, text, _)| (file, text)).collect()
    }

    const MODULE: &str = "param kind string = 'SystemAssigned'
param name string = 'aks'
resource aks 'Microsoft.ContainerService/managedClusters@2025-05-01' = {
  name: name
  location: 'x'
  identity: { type: kind }
  properties: { dnsPrefix: 'a', agentPoolProfiles: [{ name: 'a', count: 1, vmSize: 'x', mode: 'System' }] }
}
";
    const WRONG: &str = "SystemAssigned, UserAssigned";

    fn call(name: &str, path: &str, arguments: &str) -> String {
        format!("module {name} '{path}' = {{\n  name: '{name}'\n  params: {{ {arguments} }}\n}}\n")
    }

    const MODULE_JSON: &str = r#"{
  "$schema": "https://schema.management.azure.com/schemas/2019-04-01/deploymentTemplate.json#",
  "contentVersion": "1.0.0.0",
  "parameters": { "kind": { "type": "string" }, "name": { "type": "string", "defaultValue": "aks" } },
  "resources": [
    { "type": "Microsoft.ContainerService/managedClusters", "apiVersion": "2025-05-01", "name": "[parameters('name')]", "location": "x",
      "identity": { "type": "[parameters('kind')]" },
      "properties": { "dnsPrefix": "a", "agentPoolProfiles": [ { "name": "a", "count": 1, "vmSize": "x", "mode": "System" } ] } }
  ]
}"#;

    /// A template that deploys others, each with the rest of its properties.
    fn deployments(calls: &[String]) -> String {
        let calls: Vec<String> = (0..)
            .zip(calls)
            .map(|(number, rest)| {
                format!(
                    r#"{{ "type": "Microsoft.Resources/deployments", "apiVersion": "2022-09-01", "name": "d{number}",
      "properties": {{ "mode": "Incremental", {rest} }} }}"#
                )
            })
            .collect();
        format!(
            r#"{{
  "$schema": "https://schema.management.azure.com/schemas/2019-04-01/deploymentTemplate.json#",
  "contentVersion": "1.0.0.0",
  "resources": [ {} ]
}}"#,
            calls.join(", ")
        )
    }

    fn linked(kind: &str) -> String {
        format!(
            r#""templateLink": {{ "relativePath": "aks.json" }}, "parameters": {{ "kind": {{ "value": "{kind}" }}, "name": {{ "value": "b" }} }}"#
        )
    }

    #[test]
    fn what_one_caller_causes_is_found_at_its_argument() {
        let bicep = call("good", "aks.bicep", "kind: 'SystemAssigned', name: 'a'")
            + &call("bad", "aks.bicep", &format!("kind: '{WRONG}', name: 'b'"));
        let json = deployments(&[linked("SystemAssigned"), linked(WRONG)]);
        for files in [
            [("main.bicep", bicep.as_str()), ("aks.bicep", MODULE)],
            [("main.json", json.as_str()), ("aks.json", MODULE_JSON)],
        ] {
            let found = found(&files);
            let [(0, text, one)] = found.as_slice() else { panic!("{found:#?}") };
            assert_eq!(text, WRONG);
            assert!(one.fixes.iter().flat_map(|fix| &fix.edits).all(|edit| edit.file == one.file()), "{one:#?}");
            let [inside, ..] = one.related.as_slice() else { panic!("{one:#?}") };
            assert_eq!((inside.location.file.0, inside.message.as_str()), (1, "with this value, here"));
        }
    }

    #[test]
    fn what_holds_for_every_caller_stays_in_the_module() {
        let always = MODULE.replace("type: kind", &format!("type: '{WRONG}'"));
        let bicep = call("one", "aks.bicep", "kind: 'SystemAssigned', name: 'a'");
        let files = [("main.bicep", bicep.as_str()), ("aks.bicep", always.as_str())];
        assert_eq!(places(&files), [(1, WRONG.to_owned())]);
        let always = MODULE_JSON.replace("[parameters('kind')]", WRONG);
        let json = deployments(&[linked("SystemAssigned")]);
        assert_eq!(places(&[("main.json", &json), ("aks.json", &always)]), [(1, WRONG.to_owned())]);
    }

    #[test]
    fn a_default_is_the_modules_own() {
        let module = MODULE.replace("= 'SystemAssigned'", &format!("= '{WRONG}'"));
        let bicep = call("one", "aks.bicep", "name: 'a'");
        let files = [("main.bicep", bicep.as_str()), ("aks.bicep", module.as_str())];
        assert_eq!(places(&files).iter().map(|(file, _)| *file).collect::<Vec<_>>(), [1]);
    }

    #[test]
    fn what_is_passed_on_is_found_where_it_is_first_given() {
        let main = call("outer", "outer.bicep", &format!("kind: '{WRONG}'"));
        let outer = "param kind string\n".to_owned() + &call("aks", "aks.bicep", "kind: kind, name: 'a'");
        let files = [("main.bicep", main.as_str()), ("outer.bicep", &outer), ("aks.bicep", MODULE)];
        assert_eq!(places(&files), [(0, WRONG.to_owned())]);
        let outer = call("aks", "aks.bicep", &format!("kind: '{WRONG}'"));
        let main = call("outer", "outer.bicep", "");
        let files = [("main.bicep", main.as_str()), ("outer.bicep", &outer), ("aks.bicep", MODULE)];
        assert_eq!(places(&files), [(1, WRONG.to_owned())], "nobody else has a say");
    }

    #[test]
    fn what_decides_from_afar_is_found_by_trying() {
        let module = MODULE
            .replace("param kind string = 'SystemAssigned'", "param both bool")
            .replace("type: kind", &format!("type: both ? '{WRONG}' : 'SystemAssigned'"));
        let bicep = call("one", "aks.bicep", "name: 'a', both: true");
        let files = [("main.bicep", bicep.as_str()), ("aks.bicep", module.as_str())];
        assert_eq!(places(&files), [(0, "true".to_owned())]);
    }

    #[test]
    fn nested_templates_with_parameters_have_callers_too() {
        let module = MODULE_JSON.replace("\"contentVersion\": \"1.0.0.0\",", "");
        let nested = |kind: &str| {
            format!(
                r#""expressionEvaluationOptions": {{ "scope": "inner" }}, "parameters": {{ "kind": {{ "value": "{kind}" }} }}, "template": {module}"#
            )
        };
        let text = deployments(&[nested("SystemAssigned"), nested(WRONG)]);
        assert_eq!(places(&[("main.json", &text)]), [(0, WRONG.to_owned())]);
        let own = deployments(&[nested("SystemAssigned").replace("[parameters('kind')]", WRONG)]);
        assert_eq!(places(&[("main.json", &own)]), [(0, WRONG.to_owned())]);
    }
}
