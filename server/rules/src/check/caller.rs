//! What is wrong because of the values in a parameter file is said there, with the place in the template beside it.

use rustc_hash::{FxHashMap, FxHashSet};
use template::model::Assignment;
use template::workspace::{FileId, Location};

use super::{Found, Project, Root, SettingsOf};
use crate::{Confidence, Diagnostic, Related, Rule};

/// Values beyond that number are not tried out one by one.
const MAX_VALUES: usize = 64;

/// What is wrong with a deployment because of the values in a parameter file. What is wrong whatever the values are is left
/// out: it is found without them.
pub(super) fn blame(project: &Project<'_>, root: Root, file: FileId, settings: SettingsOf<'_>) -> Found {
    let workspace = project.workspace;
    let (Some(template), Some(values)) = (&workspace.file(root.file).template, &workspace.file(file).template) else {
        return Found::default();
    };
    let declared = |assignment: &Assignment| {
        let location = Location { file: root.file, range: template.parameter(&assignment.name.name)?.name_range };
        Some(Related { location, message: "the parameter is declared here".to_owned() })
    };
    let given = project.run(root, None, &project.rules, settings);
    let mut found = Found { panics: given.panics, ..Found::default() };
    let mut elsewhere: Vec<Diagnostic> = Vec::new();
    let mut known: FxHashSet<(&str, Location)> = FxHashSet::default();
    for mut diagnostic in given.diagnostics {
        if diagnostic.file() == file {
            let range = diagnostic.range();
            let assignment = values.assignments.iter().find(|assignment| assignment.range.contains_range(range));
            // A fix would speak of what only the template knows.
            diagnostic.fixes.clear();
            diagnostic.related.extend(assignment.and_then(declared));
            found.diagnostics.push(diagnostic);
        } else if diagnostic.confidence == Confidence::Always && known.insert((diagnostic.code, diagnostic.location)) {
            elsewhere.push(diagnostic);
        }
    }
    let alone = Root { parameters: None, ..root };
    let alone = project.run(alone, None, &rules_of(project, &elsewhere), settings).diagnostics;
    let alone = Counts::of(&alone);
    elsewhere.retain(|diagnostic| !alone.has_certain(diagnostic));
    if elsewhere.is_empty() {
        return found;
    }
    // Whose value it is: without it, it is not certain any more.
    let rules = rules_of(project, &elsewhere);
    let mut causes: Vec<Vec<&Assignment>> = vec![Vec::new(); elsewhere.len()];
    for assignment in values.assignments.iter().take(MAX_VALUES) {
        let rest = project.run(root, Some(&assignment.name.name), &rules, settings).diagnostics;
        let rest = Counts::of(&rest);
        for (diagnostic, causes) in elsewhere.iter().zip(&mut causes) {
            if !rest.has_certain(diagnostic) {
                causes.push(assignment);
            }
        }
    }
    for (diagnostic, causes) in elsewhere.into_iter().zip(causes) {
        let places: Vec<Location> =
            causes.iter().map(|cause| Location { file, range: values.exprs.range(cause.value) }).collect();
        let moved = moved(diagnostic, &places, project, settings).map(|mut moved| {
            moved.fixes.clear();
            moved.related.extend(causes.first().and_then(|cause| declared(cause)));
            moved
        });
        found.diagnostics.extend(moved);
    }
    found
}

/// The same finding at the value that causes it, with the fixes that change the file of that value and no other.
pub(super) fn moved(
    diagnostic: Diagnostic,
    causes: &[Location],
    project: &Project<'_>,
    settings: SettingsOf<'_>,
) -> Option<Diagnostic> {
    let (&first, more) = causes.split_first()?;
    let rule = project.rules.iter().find(|rule| rule.metadata().code == diagnostic.code)?;
    let severity = settings.file(first.file).severity(rule.metadata())?.min(diagnostic.severity);
    let mut related = vec![Related { location: diagnostic.location, message: "with this value, here".to_owned() }];
    related.extend(more.iter().map(|&location| Related { location, message: "and with this value".to_owned() }));
    related.extend(diagnostic.related);
    // A change of the template would be one for all who deploy it.
    let mut fixes = diagnostic.fixes;
    fixes.retain(|fix| fix.edits.iter().all(|edit| edit.file == first.file));
    Some(Diagnostic { severity, location: first, related, fixes, ..diagnostic })
}

pub(super) fn rules_of(project: &Project<'_>, diagnostics: &[Diagnostic]) -> Vec<&'static dyn Rule> {
    let wanted = |rule: &&&'static dyn Rule| diagnostics.iter().any(|one| one.code == rule.metadata().code);
    project.rules.iter().filter(wanted).copied().collect()
}

/// How often each rule finds something where.
#[derive(Default)]
pub(super) struct Counts(FxHashMap<(&'static str, Location), Count>);

#[derive(Default)]
struct Count {
    all: usize,
    certain: usize,
}

impl Counts {
    pub(super) fn of<'d>(diagnostics: impl IntoIterator<Item = &'d Diagnostic>) -> Self {
        let mut counts = Self::default();
        for one in diagnostics {
            let count = counts.0.entry((one.code, one.location)).or_default();
            count.all += 1;
            count.certain += usize::from(one.confidence == Confidence::Always);
        }
        counts
    }

    /// How often something is found, at least as surely.
    pub(super) fn as_sure_as(&self, diagnostic: &Diagnostic) -> usize {
        let count = self.0.get(&(diagnostic.code, diagnostic.location));
        let is_certain = diagnostic.confidence == Confidence::Always;
        count.map_or(0, |count| if is_certain { count.certain } else { count.all })
    }

    /// Whether it is found for certain.
    fn has_certain(&self, diagnostic: &Diagnostic) -> bool {
        self.0.get(&(diagnostic.code, diagnostic.location)).is_some_and(|count| count.certain > 0)
    }
}

#[cfg(test)]
mod tests {
    use crate::rules::all;
    use crate::testing::{outcome, workspace};
    use crate::{Diagnostic, Settings};

    const TEMPLATE: &str = "param kind string = 'SystemAssigned'
param key string
resource aks 'Microsoft.ContainerService/managedClusters@2025-05-01' = {
  name: 'aks'
  location: 'x'
  identity: { type: kind, userAssignedIdentities: { '${key}': {} } }
  properties: { dnsPrefix: 'a', agentPoolProfiles: [{ name: 'a', count: 1, vmSize: 'x', mode: 'System' }] }
}
";

    fn json(values: &str) -> String {
        format!(
            r#"{{
  "$schema": "https://schema.management.azure.com/schemas/2019-04-01/deploymentParameters.json#",
  "contentVersion": "1.0.0.0",
  "parameters": {{ {values} }}
}}"#
        )
    }

    /// What is found in the parameter file, with the text it is found at.
    fn found(name: &str, values: &str) -> Vec<(String, Diagnostic)> {
        let workspace = workspace(&[("main.bicep", TEMPLATE), (name, values)]);
        let rules: Vec<_> = all().collect();
        let outcome = outcome(&rules, &workspace, &Settings::default());
        let here = outcome.diagnostics.into_iter().filter(|one| one.file().0 == 1);
        here.map(|one| (workspace.file(one.file()).text.slice(one.range()).to_owned(), one)).collect()
    }

    #[test]
    fn a_wrong_value_is_found_where_it_is_given() {
        for (name, text) in [
            ("main.parameters.json", json(r#""kind": { "value": "UserAssigned" }, "key": { "value": "mi" }"#)),
            ("dev.bicepparam", "using 'main.bicep'\nparam kind = 'UserAssigned'\nparam key = 'mi'\n".to_owned()),
        ] {
            let found = found(name, &text);
            let [(at, one)] = found.as_slice() else { panic!("{found:#?}") };
            assert_eq!((at.trim_matches(['"', '\'']), one.code), ("mi", "id-key-not-resource-id"));
            assert!(one.related.iter().any(|other| other.message == "the parameter is declared here"), "{one:#?}");
        }
    }

    #[test]
    fn what_a_value_causes_in_the_template_is_found_at_the_value() {
        let found = found("main.parameters.json", &json(r#""kind": { "value": "SystemAssigned, UserAssigned" }"#));
        let [(at, one)] = found.as_slice() else { panic!("{found:#?}") };
        assert_eq!((at.as_str(), one.code), ("\"SystemAssigned, UserAssigned\"", "identity-type-combined"));
        assert!(one.fixes.is_empty(), "a fix would be one for every caller");
    }

    #[test]
    fn what_is_not_known_is_not_found() {
        for values in [
            r#""kind": { "value": "UserAssigned" }, "key": { "value": "<the ID>" }"#,
            r#""kind": { "value": "UserAssigned" }, "key": { "value": "" }"#,
            r#""kind": { "value": "UserAssigned" }, "key": { "value": null }"#,
            r#""kind": { "value": "UserAssigned" }"#,
            r#""kind": { "value": "UserAssigned" }, "key": { "reference": { "keyVault": { "id": "x" }, "secretName": "mi" } }"#,
        ] {
            assert!(found("main.parameters.json", &json(values)).is_empty(), "{values}");
        }
        for call in
            ["readEnvironmentVariable('KEY')", "externalInput('sys.cli', 'key')", "az.getSecret('a', 'b', 'c', 'd')"]
        {
            let text = format!("using 'main.bicep'\nparam kind = 'UserAssigned'\nparam key = {call}\n");
            assert!(found("dev.bicepparam", &text).is_empty(), "{call}");
        }
        let extended = "using 'main.bicep'\nextends 'shared.bicepparam'\nparam kind = 'UserAssigned'\n";
        assert!(found("dev.bicepparam", extended).is_empty(), "the key may be in the other file");
    }

    #[test]
    fn what_the_template_does_alone_is_not_repeated() {
        let wrong = TEMPLATE.replace("type: kind", "type: 'SystemAssigned, UserAssigned'");
        let values = json(r#""key": { "value": "/subscriptions/1" }"#);
        let workspace = workspace(&[("main.bicep", &wrong), ("main.parameters.json", &values)]);
        let rules: Vec<_> = all().filter(|rule| rule.metadata().code == "identity-type-combined").collect();
        let outcome = outcome(&rules, &workspace, &Settings::default());
        let files: Vec<u32> = outcome.diagnostics.iter().map(|one| one.file().0).collect();
        assert_eq!(files, [0]);
    }
}
