//! Hover, navigation, symbols and hints over small files of both languages.

use std::fmt::Write as _;
use std::sync::Arc;

use syntax::{SourceText, TextRange, TextSize};
use template::workspace::{FileId, Location, SourceFile, Workspace};

use crate::View;

/// The files of a fixture (`//- name` begins one), and the cursor: `|` in one of them.
fn workspace(fixture: &str) -> (Workspace, FileId, TextSize) {
    let mut cursor = (FileId(0), TextSize::from(0));
    let mut files = Vec::new();
    let fixture = if fixture.starts_with("//- ") {
        fixture.to_owned()
    } else if fixture.starts_with('{') {
        format!("//- main.json\n{fixture}")
    } else {
        format!("//- main.bicep\n{fixture}")
    };
    for (number, part) in (0..).zip(fixture.split("//- ").skip(1)) {
        let (path, text) = part.split_once('\n').unwrap();
        let text = match text.find('|') {
            Some(at) => {
                cursor = (FileId(number), TextSize::try_from(at).unwrap());
                text.replacen('|', "", 1)
            }
            None => text.to_owned(),
        };
        files.push(Arc::new(SourceFile::parse(path, SourceText::new(text.as_str()))));
    }
    (Workspace::new(files), cursor.0, cursor.1)
}

/// The line of the cursor, with the range drawn under it, and the page.
fn hover(fixture: &str) -> String {
    let (workspace, file, offset) = workspace(fixture);
    let Some(hover) = View::new(&workspace, file).hover(offset) else { return "nothing".to_owned() };
    let text = &workspace.file(file).text;
    let line = text.line_of(hover.range.start());
    let line = text.line_range(line).unwrap();
    let column = usize::from(hover.range.start() - line.start());
    let mut out = format!("{}\n", text.slice(line));
    let _ = writeln!(out, "{}{}", " ".repeat(column), "^".repeat(usize::from(hover.range.len()).max(1)));
    out + &hover.markdown
}

#[track_caller]
fn check_hover(fixture: &str, underlined: &str, parts: &[&str]) {
    let found = hover(fixture);
    let mut lines = found.lines();
    let (line, carets) = (lines.next().unwrap_or_default(), lines.next().unwrap_or_default());
    let start = carets.find('^').unwrap_or(0);
    assert_eq!(line.get(start..carets.len().max(start)), Some(underlined), "{found}");
    for part in parts {
        assert!(found.contains(part), "`{part}` is not in:\n{found}");
    }
}

const BICEP: &str = "param location string = 'westeurope'
resource mi 'Microsoft.ManagedIdentity/userAssignedIdentities@2023-01-31' = {
  name: 'mi'
  location: location
}
resource acr 'Microsoft.ContainerRegistry/registries@2023-07-01' existing = {
  name: 'acr'
}
resource aks 'Microsoft.ContainerService/managedClusters@2025-05-01' = {
  name: 'aks'
  location: location
  identity: {
    type: 'UserAssigned'
    userAssignedIdentities: {
      '${mi.id}': {}
    }
  }
  properties: {
    dnsPrefix: 'aks'
    servicePrincipalProfile: {
      clientId: 'msi'
    }
  }
}
resource pull 'Microsoft.Authorization/roleAssignments@2022-04-01' = {
  name: guid(acr.id)
  scope: acr
  properties: {
    principalId: aks.properties.identityProfile.kubeletidentity.objectId
    principalType: 'ServicePrincipal'
    roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', '7f951dda-4ed3-4680-a7ca-43fe172d538d')
  }
}
";

const JSON: &str = r#"{
  "$schema": "https://schema.management.azure.com/schemas/2019-04-01/deploymentTemplate.json#",
  "contentVersion": "1.0.0.0",
  "parameters": { "clusterName": { "type": "string", "defaultValue": "aks" } },
  "variables": { "mi": "[concat(parameters('clusterName'), '-mi')]" },
  "resources": [
    {
      "type": "Microsoft.ManagedIdentity/userAssignedIdentities",
      "apiVersion": "2023-01-31",
      "name": "[variables('mi')]",
      "location": "[resourceGroup().location]"
    },
    {
      "type": "Microsoft.ContainerService/managedClusters",
      "apiVersion": "2025-05-01",
      "name": "[parameters('clusterName')]",
      "location": "[resourceGroup().location]",
      "identity": {
        "type": "UserAssigned",
        "userAssignedIdentities": {
          "[resourceId('Microsoft.ManagedIdentity/userAssignedIdentities', variables('mi'))]": {}
        }
      },
      "properties": { "dnsPrefix": "aks", "servicePrincipalProfile": { "clientId": "msi" } }
    },
    {
      "type": "Microsoft.Authorization/roleAssignments",
      "apiVersion": "2022-04-01",
      "name": "[guid('x')]",
      "properties": {
        "principalId": "[reference(resourceId('Microsoft.ContainerService/managedClusters', parameters('clusterName')), '2025-05-01').identityProfile.kubeletidentity.objectId]",
        "roleDefinitionId": "[subscriptionResourceId('Microsoft.Authorization/roleDefinitions', '7f951dda-4ed3-4680-a7ca-43fe172d538d')]"
      }
    }
  ]
}
"#;

/// The text with the cursor right behind the first `before`.
fn at(text: &str, before: &str) -> String {
    let at = text.find(before).unwrap_or_else(|| panic!("`{before}` is not in the text")) + before.len();
    format!("{}|{}", &text[..at], &text[at..])
}

#[test]
fn hovers_over_properties_with_type_and_first_version() {
    check_hover(
        &at(BICEP, "\n  iden"),
        "identity",
        &["`identity`: object", "Since API version", "2019-04-01", "Reference"],
    );
    check_hover(&at(JSON, "\"iden"), "\"identity\"", &["`identity`: object", "Since API version"]);
    check_hover(
        &at(BICEP, "    ty"),
        "type",
        &["`identity.type`", "`SystemAssigned`", "`UserAssigned` (from 2020-06-01)"],
    );
    let old = BICEP.replace("dnsPrefix", "oidcIssuerProfile").replace("2025-05-01", "2020-06-01");
    check_hover(&at(&old, "oidcIss"), "oidcIssuerProfile", &["not in 2020-06-01", "has it"]);
}

#[test]
fn hovers_over_what_a_value_means() {
    check_hover(&at(BICEP, "'ms"), "'msi'", &["managed identity"]);
    check_hover(&at(JSON, ": \"ms"), "\"msi\"", &["managed identity"]);
    check_hover(&at(BICEP, "'User"), "'UserAssigned'", &["`identity.type`"]);
    for text in [BICEP, JSON] {
        check_hover(&at(text, "7f951dda-4"), "7f951dda-4ed3-4680-a7ca-43fe172d538d", &["**AcrPull**", "kubelet"]);
    }
}

#[test]
fn hovers_over_types_and_versions() {
    check_hover(
        &at(BICEP, "'Microsoft.ContainerSer"),
        "Microsoft.ContainerService/managedClusters",
        &["AKS cluster", "Newest"],
    );
    check_hover(&at(BICEP, "managedClusters@2025"), "2025-05-01", &["**2025-05-01**", "newest"]);
    check_hover(&at(JSON, "\"Microsoft.ContainerSer"), "Microsoft.ContainerService/managedClusters", &["AKS cluster"]);
    check_hover(&at(JSON, "\"2025"), "2025-05-01", &["**2025-05-01**"]);
}

#[test]
fn hovers_over_expressions_and_says_who_they_stand_for() {
    check_hover(&at(BICEP, "kubeletidentity.obj"), "objectId", &["kubelet of aks", "AcrPull on acr"]);
    check_hover(&at(JSON, "kubeletidentity.obj"), "objectId", &["kubelet of clusterName", "AcrPull"]);
    let key = "\"[resourceId('Microsoft.ManagedIdentity/userAssignedIdentities', variables('mi'))]\"";
    check_hover(&at(JSON, "{\n          \"[resourc"), key, &["This is the identity mi."]);
    check_hover(&at(JSON, "\"[subscr"), "subscriptionResourceId", &["subscriptionResourceId(type, name…)"]);
    check_hover(&at(BICEP, "name: gui"), "guid", &["guid(seed, more…)"]);
    check_hover(&at(BICEP, "location: loc"), "location", &["parameter `location`: string", "westeurope"]);
    check_hover(&at(JSON, "\"[concat(parameters('clus"), "'clusterName'", &["parameter `clusterName`"]);
}

#[test]
fn hovers_over_clusters_and_identities_say_who_is_who() {
    let who = ["- control plane: **mi**", "- kubelet: **generated** as `", "has AcrPull on "];
    check_hover(&at(BICEP, "'Microsoft.ContainerSer"), "Microsoft.ContainerService/managedClusters", &who);
    check_hover(&at(JSON, "\"Microsoft.ContainerSer"), "Microsoft.ContainerService/managedClusters", &who);
    check_hover(&at(BICEP, "resource ak"), "aks", &who);
    let granted = BICEP.replace("aks.properties.identityProfile.kubeletidentity.objectId", "mi.properties.principalId");
    check_hover(&at(&granted, "resource m"), "mi", &["Granted:\n- AcrPull on acr"]);
}

#[test]
fn hovers_over_rules_and_flags() {
    check_hover("// akslint: ignore[id-value-|not-empty] reason\n", "id-value-not-empty", &["**id-value-not-empty**"]);
    check_hover(
        "var s = '''\naz aks create --assign-id|entity x\n'''\n",
        "--assign-identity",
        &["az aks create".trim_start_matches("az ")],
    );
    check_hover(
        "var s = '''\naz aks create --assign-kubelet-id|entity x\n'''\n",
        "--assign-kubelet-identity",
        &["Needs `--assign-identity`", "Not together with `--service-principal`"],
    );
    assert_eq!(hover("var x = 'not|hing'\n"), "nothing");
}

#[test]
fn hovers_over_what_is_the_same_in_every_version() {
    check_hover(&at(JSON, "\"$sch"), "\"$schema\"", &["Says that it is a template."]);
    check_hover(&at(JSON, "\"resou"), "\"resources\"", &["What is deployed."]);
    check_hover(&at(JSON, "\"defaultV"), "\"defaultValue\"", &["nobody says anything else"]);
    let depends = JSON.replacen("\"location\"", "\"dependsOn\": [], \"location\"", 1);
    check_hover(&at(&depends, "\"dependsO"), "\"dependsOn\"", &["deployed first"]);
    check_hover(
        &at(&BICEP.replace("  scope: acr", "  scope: acr\n  dependsOn: []"), "dependsO"),
        "dependsOn",
        &["deployed first"],
    );
    check_hover("tar|getScope = 'tenant'\n", "targetScope", &["deployed to"]);
    check_hover("@sec|ure()\nparam x string\n", "secure", &["a secret"]);
    assert_eq!(hover("var targetScope = tar|getScope\n").lines().last(), Some("`targetScope`"));
    let addon = |key: &str| {
        at(
            &JSON.replace(
                "\"dnsPrefix\"",
                "\"addonProfiles\": { \"azurepolicy\": { \"enabled\": true } }, \"dnsPrefix\"",
            ),
            key,
        )
    };
    check_hover(&addon("\"azurepol"), "\"azurepolicy\"", &["Enforces Azure Policy"]);
}

#[test]
fn hovers_over_parameters_say_what_is_written_about_them() {
    let json = JSON.replace(
        "\"defaultValue\": \"aks\"",
        "\"defaultValue\": \"aks\", \"metadata\": { \"description\": \"Its \\\"name\\\" 🚀\" }",
    );
    check_hover(
        &at(&json, "parameters('clus"),
        "'clusterName'",
        &["parameter `clusterName`: string", "Its \"name\" 🚀"],
    );
    let bicep = BICEP.replacen("param", "@description('It\\'s where 🚀')\nparam", 1);
    check_hover(&at(&bicep, "  location: loc"), "location", &["parameter `location`: string", "It's where 🚀"]);
    let long = BICEP.replacen("param", "@description('''\nOne\nand two\n''')\nparam", 1);
    check_hover(&at(&long, "  location: loc"), "location", &["One\nand two"]);
    // Where it is given a value.
    let module = "//- main.bicep\nmodule m 'inner.bicep' = {\n  params: {\n    si|ze: 1\n  }\n}\n//- inner.bicep\n@description('How many')\nparam size int\n";
    check_hover(module, "size", &["parameter `size`: int", "How many"]);
    let values = format!(
        "//- main.parameters.json\n{}\n//- main.json\n{JSON}",
        r#"{ "$schema": "https://schema.management.azure.com/schemas/2019-04-01/deploymentParameters.json#",
  "parameters": { "cluster|Name": { "value": "x" } } }"#
    );
    check_hover(&values, "\"clusterName\"", &["parameter `clusterName`: string"]);
}

#[test]
fn hovers_over_calls_say_what_is_read_of_them() {
    check_hover(
        &at(JSON, "\"principalId\": \"[refer"),
        "reference",
        &["reference(resource", "`objectId` of the kubelet of clusterName"],
    );
}

fn locations(workspace: &Workspace, all: impl IntoIterator<Item = Location>) -> Vec<String> {
    all.into_iter()
        .map(|location| {
            let file = workspace.file(location.file);
            let line = file.text.line_of(location.range.start()) + 1;
            format!("{}:{line} {}", file.path.display(), file.text.slice(location.range))
        })
        .collect()
}

#[track_caller]
fn check_definition(fixture: &str, expected: &[&str]) {
    let (workspace, file, offset) = workspace(fixture);
    assert_eq!(locations(&workspace, View::new(&workspace, file).definition(offset)), expected);
}

#[track_caller]
fn check_references(fixture: &str, expected: &[&str]) {
    let (workspace, file, offset) = workspace(fixture);
    let found = View::new(&workspace, file).references(offset);
    assert_eq!(locations(&workspace, found.into_iter().map(|it| it.location)), expected);
}

#[test]
fn goes_to_declarations() {
    check_definition(&at(BICEP, "location: loc"), &["main.bicep:1 location"]);
    check_definition(&at(BICEP, "'${m"), &["main.bicep:2 mi"]);
    check_definition(&at(JSON, "variables('m"), &["main.json:5 mi"]);
    check_definition(&at(JSON, "\"[parameters('clus"), &["main.json:4 clusterName"]);
    check_definition(
        &at(JSON, "\"[resourceId('Micro"),
        &["main.json:8 \"Microsoft.ManagedIdentity/userAssignedIdentities\""],
    );
    check_definition("//- main.bicep\nmodule m 'a|.bicep' = {}\n//- a.bicep\nparam x string\n", &["a.bicep:1 "]);
}

#[test]
fn finds_all_uses() {
    check_references(
        &at(BICEP, "param loc"),
        &["main.bicep:1 location", "main.bicep:4 location", "main.bicep:11 location"],
    );
    check_references(
        &at(JSON, "\"clus"),
        &["main.json:4 clusterName", "main.json:5 clusterName", "main.json:16 clusterName", "main.json:31 clusterName"],
    );
}

/// Resources of JSON that have no symbol are known by their name.
#[test]
fn finds_and_renames_resources_without_a_symbol() {
    let text =
        JSON.replace("\"name\": \"[variables('mi')]\"", "\"name\": \"mi\"").replace("variables('mi'))]\"", "'mi')]\"");
    let all = ["main.json:10 mi", "main.json:21 mi"];
    check_references(&at(&text, "\"name\": \"m"), &all);
    check_references(&at(&text, "userAssignedIdentities', 'm"), &all);
    check_definition(
        &at(&text, "userAssignedIdentities', 'm"),
        &["main.json:8 \"Microsoft.ManagedIdentity/userAssignedIdentities\""],
    );
    let (workspace, file, offset) = workspace(&at(&text, "\"name\": \"m"));
    let view = View::new(&workspace, file);
    assert_eq!(view.prepare_rename(offset).unwrap().1, "mi");
    assert_eq!(locations(&workspace, view.rename(offset, "control-plane").unwrap()), all);
    for bad in ["", "a'b", "a b", "[x]"] {
        assert!(view.rename(offset, bad).is_err(), "{bad}");
    }
    // What is computed can be found, but there is no name to change.
    let (workspace, file, offset) = self::workspace(&at(JSON, "\"name\": \"[vari"));
    let view = View::new(&workspace, file);
    assert_eq!(view.references(offset).len(), 2);
    assert_eq!(view.prepare_rename(offset), None);
}

#[test]
fn follows_functions_and_imports() {
    let own = "func twice(a string) string => '${a}${a}'\nvar x = twi|ce('b')\n";
    check_definition(own, &["main.bicep:1 twice"]);
    check_references(own, &["main.bicep:1 twice", "main.bicep:2 twice"]);
    let files = "//- main.bicep\nimport { size, twice } from 'lib.bicep'\nvar a = si|ze\nvar b = twice('x')\n//- lib.bicep\n@export()\nvar size = 1\n@export()\nfunc twice(a string) string => '${a}${a}'\n";
    check_definition(files, &["lib.bicep:2 size"]);
    check_references(files, &["lib.bicep:2 size", "main.bicep:1 size", "main.bicep:2 size"]);
    let call = files.replace("si|ze", "size").replace("= twice", "= twi|ce");
    check_references(&call, &["lib.bicep:4 twice", "main.bicep:1 twice", "main.bicep:3 twice"]);
    let json = JSON.replace(
        "\"variables\"",
        r#""functions": [ { "namespace": "ns", "members": { "twice": { "parameters": [ { "name": "a", "type": "string" } ],
    "output": { "type": "string", "value": "[parameters('a')]" } } } } ], "variables""#,
    );
    let json = json.replace("'-mi')]", "ns.twice('-mi'))]");
    check_references(&at(&json, "ns.twi"), &["main.json:5 twice", "main.json:6 twice"]);
}

const FILES: &str = "//- main.bicep
param name string
module m 'inner.bicep' = {
  params: {
    size: 1
  }
}
output o string = m.outputs.id
//- inner.bicep
param si|ze int
output id string = '${size}'
//- main.bicepparam
using 'main.bicep'
param name = 'x'
//- inner.bicepparam
using 'inner.bicep'
param size = 2
";

#[test]
fn follows_names_into_other_files() {
    check_references(
        FILES,
        &["inner.bicep:1 size", "inner.bicep:2 size", "main.bicep:4 size", "inner.bicepparam:2 size"],
    );
    check_definition(&FILES.replace("si|ze", "size").replace("m.outputs.id", "m.outputs.i|d"), &["inner.bicep:2 id"]);
    check_definition(&FILES.replace("si|ze", "size").replace("param name =", "param na|me ="), &["main.bicep:1 name"]);
}

#[test]
fn renames_in_all_files_and_refuses_what_cannot_be() {
    let (workspace, file, offset) = workspace(FILES);
    let view = View::new(&workspace, file);
    assert_eq!(view.prepare_rename(offset).unwrap().1, "size");
    assert_eq!(view.rename(offset, "count").unwrap().len(), 4);
    assert!(view.rename(offset, "no name").is_err());
    assert!(view.rename(offset, "").is_err());
    assert!(view.rename(0.into(), "x").is_err(), "a keyword has no name");
    let (workspace, file, offset) = self::workspace("param a| string\nvar b = a\n");
    assert!(View::new(&workspace, file).rename(offset, "b").is_err());
}

#[test]
fn follows_names_that_are_bound_for_a_part() {
    let text = "param xs array
var a = [for (x, i) in xs: '${x}${i}']
var b = map(xs, x => filter(x, x => x == a))
func f(p string) string => '${p}'
resource mi 'Microsoft.ManagedIdentity/userAssignedIdentities@2023-01-31' = [for name in xs: {
  name: name
}]
";
    check_references(&at(text, "'${"), &["main.bicep:2 x", "main.bicep:2 x"]);
    check_references(&at(text, "(x, "), &["main.bicep:2 i", "main.bicep:2 i"]);
    // Of two with one name, one inside the other, each has its own.
    check_references(&at(text, "filter("), &["main.bicep:3 x", "main.bicep:3 x"]);
    check_definition(&at(text, "x => x"), &["main.bicep:3 x"]);
    check_references(&at(text, "func f("), &["main.bicep:4 p", "main.bicep:4 p"]);
    check_references(&at(text, "  name: "), &["main.bicep:5 name", "main.bicep:6 name"]);
    let json = JSON.replace(
        "\"variables\": {",
        r#""variables": { "ids": "[map(createArray('a'), lambda('it', concat(lambdaVariables('it'), 'b')))]","#,
    );
    check_references(&at(&json, "lambda('i"), &["main.json:5 it", "main.json:5 it"]);

    let (workspace, file, offset) = workspace(&at(text, "(x, "));
    let view = View::new(&workspace, file);
    assert_eq!(view.rename(offset, "number").unwrap().len(), 2);
    for taken in ["x", "xs", "a", "mi"] {
        assert_eq!(view.rename(offset, taken), Err(crate::RenameError::Taken(taken.to_owned())));
    }
    // A loop would catch the name.
    let (workspace, file, offset) = self::workspace(&at(text, "in x"));
    assert!(View::new(&workspace, file).rename(offset, "name").is_ok());
    let caught = text.replace("'${x}${i}'", "'${x}${xs}'");
    let (workspace, file, offset) = self::workspace(&at(&caught, "in x"));
    assert!(View::new(&workspace, file).rename(offset, "x").is_err());
}

#[test]
fn follows_types_and_what_imports_give_names_to() {
    let files = "//- main.bicep
import { pool as agents, size as width } from 'lib.bicep'
import * as lib from 'lib.bicep'
type own = agents[]
param p own
param q lib.pool?
var a = lib.twice('${width}')
var b = '${lib.size}'
//- lib.bicep
@export()
type pool = { name: string, next: pool? }
@export()
var size = 1
@export()
func twice(a string) string => '${a}${a}'
";
    check_references(&at(files, "param p o"), &["main.bicep:3 own", "main.bicep:4 own"]);
    check_references(&at(files, "type own = a"), &["main.bicep:1 agents", "main.bicep:3 agents"]);
    check_definition(&at(files, "type own = a"), &["lib.bicep:2 pool"]);
    check_definition(&at(files, "'${w"), &["lib.bicep:4 size"]);
    check_references(
        &at(files, "param q lib.p"),
        &["lib.bicep:2 pool", "lib.bicep:2 pool", "main.bicep:1 pool", "main.bicep:5 pool"],
    );
    check_references(&at(files, "${lib.s"), &["lib.bicep:4 size", "main.bicep:1 size", "main.bicep:7 size"]);
    check_references(&at(files, "lib.tw"), &["lib.bicep:6 twice", "main.bicep:6 twice"]);
    check_references(
        &at(files, "* as l"),
        &["main.bicep:2 lib", "main.bicep:5 lib", "main.bicep:6 lib", "main.bicep:7 lib"],
    );
    let (workspace, file, offset) = workspace(&at(files, "type own = a"));
    let view = View::new(&workspace, file);
    assert_eq!(view.rename(offset, "pools").unwrap().len(), 2);
    assert!(view.rename(offset, "own").is_err());
    assert!(view.rename(offset, "lib").is_err());
}

#[test]
fn outlines_declarations() {
    let names = |text: &str| {
        let (workspace, file, _) = workspace(text);
        let symbols = View::new(&workspace, file).symbols();
        symbols.into_iter().map(|symbol| format!("{:?} {}", symbol.kind, symbol.name)).collect::<Vec<_>>()
    };
    assert_eq!(names(BICEP), ["Parameter location", "Resource mi", "Resource acr", "Resource aks", "Resource pull"]);
    assert_eq!(
        names(JSON),
        ["Parameter clusterName", "Variable mi", "Resource mi", "Resource clusterName", "Resource guid('x')"]
    );
}

#[test]
fn folds_selects_and_links() {
    for text in [BICEP, JSON] {
        let (workspace, file, offset) = workspace(&at(text, "UserAss"));
        let view = View::new(&workspace, file);
        let folds = view.folds();
        assert!(
            folds.iter().any(|fold| view.slice(fold.range).starts_with('{') && view.slice(fold.range).ends_with('}'))
        );
        let ranges = view.selections(offset);
        assert!(ranges.len() > 4, "{ranges:?}");
        assert!(ranges.windows(2).all(|pair| pair[1].contains_range(pair[0]) && pair[0] != pair[1]));
        assert!(view.slice(ranges[0]).contains("UserAssigned"));
        let links = view.links();
        assert!(links.iter().any(|link| view.slice(link.range) == "Microsoft.ContainerService/managedClusters"));
    }
}

#[test]
fn ids_are_links_to_what_they_mean() {
    let bicep =
        BICEP.replace("guid(acr.id)", "guid(resourceId('Microsoft.ManagedIdentity/userAssignedIdentities', 'mi'))");
    for (text, header) in [(bicep.as_str(), "resource mi 'Micro"), (JSON, "\"Microsoft.ManagedIdentity/userAss")] {
        let (workspace, file, _) = workspace(text);
        let view = View::new(&workspace, file);
        let links = view.links();
        assert!(links.windows(2).all(|pair| pair[0].range.end() <= pair[1].range.start()), "{links:?}");
        let ids = links.iter().filter_map(|link| match &link.target {
            crate::LinkTarget::Place(place) => Some((view.slice(link.range), view.slice(place.range))),
            _ => None,
        });
        let ids: Vec<_> = ids.collect();
        let (id, target) = ids.iter().find(|(id, _)| id.contains("userAssignedIdentities")).expect("a link");
        assert!(id.starts_with("resourceId(") && id.ends_with(')') && target.starts_with(header), "{ids:?}");
    }
}

#[test]
fn shows_signatures() {
    let signature = |fixture: &str| {
        let (workspace, file, offset) = workspace(fixture);
        let signature = View::new(&workspace, file).signature(offset)?;
        let active = signature.active.map(|active| signature.parameters[active]);
        Some(active.map_or("", |(start, end)| &signature.label[start..end]).to_owned())
    };
    assert_eq!(signature("var a = resourceId(|)").as_deref(), Some("type"));
    assert_eq!(signature("var a = resourceId('x', |)").as_deref(), Some("name…"));
    assert_eq!(signature("var a = resourceId('x', 'y', '|')").as_deref(), Some("name…"));
    assert_eq!(signature("var a = replace('a, b', |").as_deref(), Some("old"));
    assert_eq!(signature("var a = |"), None);
    assert_eq!(
        signature("func f(first string, second int) string => first\nvar a = f('x', |)").as_deref(),
        Some("second")
    );
    let json = |text: &str| signature(&JSON.replace("[guid('x')]", text));
    assert_eq!(json("[guid(|)]").as_deref(), Some("seed"));
    assert_eq!(json("[replace('a', |)]").as_deref(), Some("old"));
}

#[test]
fn hints_at_roles_and_principals() {
    for (text, who) in [(BICEP, "the kubelet of aks"), (JSON, "the kubelet of clusterName")] {
        let (workspace, file, _) = workspace(text);
        let hints = View::new(&workspace, file).hints(TextRange::up_to(TextSize::of(text)));
        let labels: Vec<&str> = hints.iter().map(|hint| hint.label.as_str()).collect();
        assert_eq!(labels, [who, "AcrPull"]);
    }
}

#[test]
fn hints_at_identities_that_are_not_named() {
    let bicep = BICEP.replace("'${mi.id}'", "'${chosen}'") + "var chosen = mi.id\n";
    let json = JSON
        .replace("[resourceId('Microsoft.ManagedIdentity/userAssignedIdentities', variables('mi'))]", "[variables('chosen')]")
        .replace("\"variables\": {", "\"variables\": { \"chosen\": \"[resourceId('Microsoft.ManagedIdentity/userAssignedIdentities', variables('mi'))]\",");
    for (text, behind) in [(bicep.as_str(), "'${chosen"), (json.as_str(), "\"[variables('chosen')]\"")] {
        let (workspace, file, _) = workspace(text);
        let hints = View::new(&workspace, file).hints(TextRange::up_to(TextSize::of(text)));
        let hint = hints.iter().find(|hint| hint.label == "the identity mi");
        let hint = hint.unwrap_or_else(|| panic!("{hints:?}"));
        assert_eq!(usize::from(hint.offset), text.find(behind).unwrap() + behind.len());
    }
    // What names it needs no hint.
    let (workspace, file, _) = workspace(BICEP);
    let hints = View::new(&workspace, file).hints(TextRange::up_to(TextSize::of(BICEP)));
    assert!(hints.iter().all(|hint| !hint.label.contains("identity")), "{hints:?}");
}

#[test]
fn says_above_a_cluster_who_acts_in_it() {
    for (text, expected) in [
        (BICEP, "control plane: mi · kubelet: generated (AcrPull on acr)"),
        (JSON, "control plane: mi · kubelet: generated (AcrPull on the resource group)"),
    ] {
        let (workspace, file, _) = workspace(text);
        let lenses = View::new(&workspace, file).lenses();
        assert_eq!(lenses.iter().map(|lens| lens.title.as_str()).collect::<Vec<_>>(), [expected]);
    }
}

#[test]
fn says_above_a_cluster_what_is_not_there_yet() {
    for (identity, expected) in [
        ("{ type: 'UserAssigned' }", "user-assigned, but none is named"),
        ("{ type: 'UserAssigned', userAssignedIdentities: {} }", "user-assigned, but none is named"),
        ("{ type: 'UserAssigned', userAssignedIdentities: null }", "user-assigned, but none is named"),
        ("{ type: 'UserAssigned', userAssignedIdentities: { '${id}': {} } }", "id"),
        ("{ type: 'SystemAssigned' }", "system-assigned"),
        ("{ type: 'None' }", "nobody"),
    ] {
        let (workspace, file, _) = workspace(&format!(
            "param id string\nresource aks 'Microsoft.ContainerService/managedClusters@2025-05-01' = {{\n  name: 'aks'\n  identity: {identity}\n}}\n"
        ));
        let lenses = View::new(&workspace, file).lenses();
        let control_plane = lenses[0].title.split(" · ").next().unwrap();
        assert_eq!(control_plane, format!("control plane: {expected}"), "{identity}");
    }
}

#[test]
fn colours_expressions() {
    let tokens = |text: &str, part: &str| {
        let (workspace, file, _) = workspace(text);
        let view = View::new(&workspace, file);
        let all = view.tokens(TextRange::up_to(TextSize::of(text)));
        assert!(all.windows(2).all(|pair| pair[0].range.end() <= pair[1].range.start()));
        let at = TextSize::try_from(text.find(part).unwrap()).unwrap();
        let here = TextRange::at(at, TextSize::of(part));
        all.into_iter()
            .filter(|token| here.contains_range(token.range))
            .map(|token| format!("{:?} {}", token.kind, view.slice(token.range)))
            .collect::<Vec<_>>()
    };
    assert_eq!(
        tokens(JSON, "[concat(parameters('clusterName'), '-mi')]"),
        ["Function concat", "Function parameters", "Parameter 'clusterName'", "String '-mi'"]
    );
    assert_eq!(tokens(JSON, "[resourceGroup().location]"), ["Function resourceGroup", "Property location"]);
    assert_eq!(tokens(BICEP, "'${mi.id}'"), ["Resource mi", "Property id"]);
}

#[test]
fn answers_anything_anywhere() {
    for text in [BICEP, JSON] {
        let end = text.len();
        for at in (0..end).step_by(7).filter(|&at| text.is_char_boundary(at)) {
            let broken = format!("{}|{}", &text[..at], &text[(at + at % 5).min(end)..]);
            let (workspace, file, offset) = workspace(&broken);
            let view = View::new(&workspace, file);
            let _ = (view.hover(offset), view.definition(offset), view.references(offset), view.signature(offset));
            let _ = (view.selections(offset), view.folds(), view.symbols(), view.completions(offset, &|_| Vec::new()));
        }
    }
}
