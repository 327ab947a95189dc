use std::sync::Arc;

use syntax::{SourceText, TextSize};
use template::workspace::{FileId, SourceFile, Workspace};

use super::{Item, plain};
use crate::View;

/// What is offered at `|` in the text.
fn completions(path: &str, fixture: &str) -> (String, Vec<Item>) {
    let at = fixture.find('|').expect("the fixture has a cursor");
    let text = format!("{}{}", &fixture[..at], &fixture[at + 1..]);
    let offset = TextSize::try_from(at).unwrap();
    let file = SourceFile::parse(path, SourceText::new(text.as_str()));
    let workspace = Workspace::new(vec![Arc::new(file)]);
    let items = View::new(&workspace, FileId(0)).completions(offset, &|_| Vec::new());
    (text, items)
}

/// What is offered at `|` in the first of several files.
fn completions_beside(path: &str, fixture: &str, others: &[(&str, &str)]) -> (String, Vec<Item>) {
    let at = fixture.find('|').expect("the fixture has a cursor");
    let text = format!("{}{}", &fixture[..at], &fixture[at + 1..]);
    let parse = |path: &str, text: &str| Arc::new(SourceFile::parse(path, SourceText::new(text)));
    let files = std::iter::once(parse(path, &text)).chain(others.iter().map(|(path, text)| parse(path, text)));
    let workspace = Workspace::new(files.collect());
    let items = View::new(&workspace, FileId(0)).completions(TextSize::try_from(at).unwrap(), &|_| Vec::new());
    (text, items)
}

/// Checks what the text is after an item was chosen, beside other files.
#[track_caller]
fn check_edit_beside(path: &str, fixture: &str, others: &[(&str, &str)], label: &str, expected: &str) {
    let (text, items) = completions_beside(path, fixture, others);
    let labels: Vec<&str> = items.iter().map(|item| item.label.as_str()).collect();
    let item = items.iter().find(|item| item.label == label);
    let item = item.unwrap_or_else(|| panic!("`{label}` is not offered but {labels:?}\n{fixture}"));
    assert_eq!(applied(&text, item), expected, "{fixture}");
}

fn main_of(fixture: &str) -> &'static str {
    if fixture.trim_start().starts_with('{') { "main.json" } else { "main.bicep" }
}

/// Checks that the first items are these, by label, in order.
#[track_caller]
fn check_first(fixture: &str, expected: &[&str]) {
    let (_, items) = completions(main_of(fixture), fixture);
    let labels: Vec<&str> = items.iter().map(|item| item.label.as_str()).take(expected.len()).collect();
    assert_eq!(labels, expected, "{fixture}");
}

/// Checks which of these labels are offered.
#[track_caller]
fn check_has(fixture: &str, present: &[&str], absent: &[&str]) {
    let (_, items) = completions(main_of(fixture), fixture);
    let labels: Vec<&str> = items.iter().map(|item| item.label.as_str()).collect();
    for label in present {
        assert!(labels.contains(label), "`{label}` is missing among {labels:?}\n{fixture}");
    }
    for label in absent {
        assert!(!labels.contains(label), "`{label}` is offered\n{fixture}");
    }
}

/// Checks what the text is after an item was chosen.
#[track_caller]
fn check_edit(fixture: &str, label: &str, expected: &str) {
    let (text, items) = completions(main_of(fixture), fixture);
    let item = items.iter().find(|item| item.label == label);
    let Some(item) = item else {
        let labels: Vec<&str> = items.iter().map(|item| item.label.as_str()).collect();
        panic!("`{label}` is not offered but {labels:?}\n{fixture}");
    };
    assert_eq!(applied(&text, item), expected, "{fixture}");
}

fn applied(text: &str, item: &Item) -> String {
    let mut edits = item.additional.clone();
    edits.push(item.edit.clone());
    edits.sort_by_key(|edit| std::cmp::Reverse(edit.range.start()));
    let mut text = text.to_owned();
    for edit in edits {
        let new_text = if item.snippet && edit == item.edit { plain(&edit.new_text) } else { edit.new_text };
        text.replace_range(std::ops::Range::<usize>::from(edit.range), &new_text);
    }
    text
}

/// A JSON template whose only resource is a cluster; `body` stands behind its name.
fn cluster(body: &str) -> String {
    format!(
        r#"{{
  "$schema": "https://schema.management.azure.com/schemas/2019-04-01/deploymentTemplate.json#",
  "contentVersion": "1.0.0.0",
  "parameters": {{ "clusterName": {{ "type": "string" }} }},
  "variables": {{ "miName": "mi" }},
  "resources": [
    {{
      "type": "Microsoft.ManagedIdentity/userAssignedIdentities",
      "apiVersion": "2023-01-31",
      "name": "[variables('miName')]",
      "location": "westeurope"
    }},
    {{
      "type": "Microsoft.ContainerService/managedClusters",
      "apiVersion": "2025-05-01",
      "name": "c",
      {body}
    }}
  ]
}}"#
    )
}

fn bicep(body: &str) -> String {
    format!(
        "param location string\nparam kubeletIdentityId string\n\nresource mi 'Microsoft.ManagedIdentity/userAssignedIdentities@2023-01-31' = {{\n  name: 'mi'\n  location: location\n}}\n\nresource aks 'Microsoft.ContainerService/managedClusters@2025-05-01' = {{\n  name: 'c'\n  {body}\n}}\n"
    )
}

#[track_caller]
fn check_cluster(body: &str, label: &str, expected: &str) {
    check_edit(&cluster(body), label, &cluster(expected));
}

#[track_caller]
fn check_bicep(body: &str, label: &str, expected: &str) {
    check_edit(&bicep(body), label, &bicep(expected));
}

// ----------------------------------------------------------------------------------------------------- properties

#[test]
fn offers_required_properties_first_and_leaves_out_what_is_there() {
    check_first(&cluster(r#""identity": { | }"#), &["type"]);
    check_first(&bicep("identity: {\n    |\n  }"), &["type"]);
    check_has(&cluster(r#""identity": { "type": "None", | }"#), &["userAssignedIdentities"], &["type", "principalId"]);
    check_has(
        &bicep("identity: {\n    type: 'None'\n    |\n  }"),
        &["userAssignedIdentities"],
        &["type", "principalId"],
    );
    check_has(&cluster("|"), &["identity", "properties", "sku", "dependsOn"], &["name", "type", "id"]);
    check_has(&bicep("|"), &["identity", "properties", "sku", "dependsOn"], &["name", "apiVersion", "id"]);
}

#[test]
fn offers_what_is_usual_before_what_is_possible() {
    let before = |fixture: &str, first: &str, second: &str| {
        let (_, items) = completions(main_of(fixture), fixture);
        let place = |label: &str| items.iter().position(|item| item.label == label);
        assert!(place(first).is_some_and(|first| place(second).is_some_and(|second| first < second)), "{fixture}");
    };
    for fixture in [
        cluster(r#""identity": { "type": "UserAssigned", | }"#),
        bicep("identity: {\n    type: 'UserAssigned'\n    |\n  }"),
    ] {
        before(&fixture, "userAssignedIdentities", "delegatedResources");
    }
    for fixture in [cluster("|"), bicep("|")] {
        before(&fixture, "identity", "extendedLocation");
        before(&fixture, "properties", "scope");
    }
    for fixture in [cluster(r#""properties": { | }"#), bicep("properties: {\n    |\n  }")] {
        before(&fixture, "dnsPrefix", "apiServerAccessProfile");
        before(&fixture, "identityProfile", "httpProxyConfig");
        before(&fixture, "agentPoolProfiles", "windowsProfile");
    }
}

#[test]
fn offers_properties_of_the_api_version() {
    let old = cluster(r#""properties": { | }"#).replace("2025-05-01", "2019-04-01");
    check_has(&old, &["dnsPrefix"], &["oidcIssuerProfile", "identityProfile"]);
    check_has(&cluster(r#""properties": { | }"#), &["oidcIssuerProfile", "identityProfile"], &[]);
    let old = bicep("properties: {\n    |\n  }").replace("2025-05-01", "2019-04-01");
    check_has(&old, &["dnsPrefix"], &["oidcIssuerProfile", "identityProfile"]);
}

#[test]
fn offers_properties_of_array_elements() {
    check_has(
        &cluster(r#""properties": { "agentPoolProfiles": [ { | } ] }"#),
        &["name", "vmSize", "mode"],
        &["dnsPrefix"],
    );
    check_has(
        &bicep("properties: {\n    agentPoolProfiles: [\n      {\n        |\n      }\n    ]\n  }"),
        &["name", "vmSize"],
        &["dnsPrefix"],
    );
    check_has(
        &bicep("properties: {\n    agentPoolProfiles: [for pool in pools: {\n      |\n    }]\n  }"),
        &["name", "vmSize"],
        &["dnsPrefix"],
    );
}

#[test]
fn writes_keys_with_a_value_to_fill_in() {
    check_cluster(r#""identity": { | }"#, "type", r#""identity": { "type": "" }"#);
    check_cluster(r#""identity": { "|" }"#, "type", r#""identity": { "type": "" }"#);
    check_bicep("identity: {\n    |\n  }", "type", "identity: {\n    type: ''\n  }");
    check_bicep("properties: {\n    enab|\n  }", "enableRBAC", "properties: {\n    enableRBAC: true\n  }");
}

// ----------------------------------------------------------------------------------------------------- broken text

/// What is typed halfway, in JSON: body of a cluster, label, body afterwards.
#[test]
fn mends_half_typed_json() {
    let table = [
        // a key without, with one, with both quotes
        (r#""identity": { ty| }"#, "type", r#""identity": { "type": "" }"#),
        (r#""identity": { "ty|"#, "type", r#""identity": { "type": """#),
        (r#""identity": { "ty|" }"#, "type", r#""identity": { "type": "" }"#),
        // a colon and a value are there already
        (r#""identity": { "ty|": "None" }"#, "type", r#""identity": { "type": "None" }"#),
        (r#""identity": { "|": "None" }"#, "type", r#""identity": { "type": "None" }"#),
        // a comma is missing before
        (
            "\"identity\": {\n  \"type\": \"UserAssigned\"\n  |\n}",
            "userAssignedIdentities",
            "\"identity\": {\n  \"type\": \"UserAssigned\",\n  \"userAssignedIdentities\": {\n\t\n}\n}",
        ),
        (
            "\"identity\": {\n  \"type\": \"UserAssigned\"\n  \"user|\"\n}",
            "userAssignedIdentities",
            "\"identity\": {\n  \"type\": \"UserAssigned\",\n  \"userAssignedIdentities\": {\n\t\n}\n}",
        ),
        // … and behind
        (
            "\"identity\": {\n  |\n  \"type\": \"None\"\n}",
            "userAssignedIdentities",
            "\"identity\": {\n  \"userAssignedIdentities\": {\n\t\n},\n  \"type\": \"None\"\n}",
        ),
        // a value is missing, with and without a blank, with the next line behind it
        (r#""identity": { "type": | }"#, "UserAssigned", r#""identity": { "type": "UserAssigned" }"#),
        (r#""identity": { "type":| }"#, "UserAssigned", r#""identity": { "type": "UserAssigned" }"#),
        (
            "\"identity\": {\n  \"type\": |\n  \"userAssignedIdentities\": {}\n}",
            "UserAssigned",
            "\"identity\": {\n  \"type\": \"UserAssigned\",\n  \"userAssignedIdentities\": {}\n}",
        ),
        // a value in quotes, open and closed
        (r#""identity": { "type": "|" }"#, "None", r#""identity": { "type": "None" }"#),
        (r#""identity": { "type": "User|" }"#, "UserAssigned", r#""identity": { "type": "UserAssigned" }"#),
        (r#""identity": { "type": "Us|er" }"#, "UserAssigned", r#""identity": { "type": "UserAssigned" }"#),
        ("\"identity\": { \"type\": \"User|\n }", "UserAssigned", "\"identity\": { \"type\": \"UserAssigned\"\n }"),
        // a bare word
        (r#""identity": { "type": User| }"#, "UserAssigned", r#""identity": { "type": "UserAssigned" }"#),
        (r#""properties": { "enableRBAC": tr| }"#, "true", r#""properties": { "enableRBAC": true }"#),
        // a colon is missing
        (r#""identity": { "type" | }"#, "UserAssigned", r#""identity": { "type" : "UserAssigned" }"#),
        // a comment between
        (r#""identity": { "type": /* x */ | }"#, "None", r#""identity": { "type": /* x */ "None" }"#),
        ("\"identity\": { // x\n | }", "type", "\"identity\": { // x\n \"type\": \"\" }"),
        // elements
        (
            r#""dependsOn": [ | ]"#,
            "miName",
            r#""dependsOn": [ "[resourceId('Microsoft.ManagedIdentity/userAssignedIdentities', variables('miName'))]" ]"#,
        ),
        (
            r#""dependsOn": [ "a" | ]"#,
            "miName",
            r#""dependsOn": [ "a", "[resourceId('Microsoft.ManagedIdentity/userAssignedIdentities', variables('miName'))]" ]"#,
        ),
        // braces are missing to the end of the text
        (
            r#""properties": { "oidcIssuerProfile": { |"#,
            "enabled",
            r#""properties": { "oidcIssuerProfile": { "enabled": true"#,
        ),
    ];
    for (body, label, expected) in table {
        check_cluster(body, label, expected);
    }
}

/// The same in Bicep.
#[test]
fn mends_half_typed_bicep() {
    let table = [
        ("identity: { ty| }", "type", "identity: { type: '' }"),
        ("identity: {\n    ty|\n  }", "type", "identity: {\n    type: ''\n  }"),
        ("identity: {\n    ty|: 'None'\n  }", "type", "identity: {\n    type: 'None'\n  }"),
        ("identity: {\n    |: 'None'\n  }", "type", "identity: {\n    type: 'None'\n  }"),
        (
            "identity: { type: 'UserAssigned' | }",
            "userAssignedIdentities",
            "identity: { type: 'UserAssigned', userAssignedIdentities: {\n\t\n} }",
        ),
        (
            "identity: {\n    type: 'UserAssigned'\n    user|\n  }",
            "userAssignedIdentities",
            "identity: {\n    type: 'UserAssigned'\n    userAssignedIdentities: {\n\t\n}\n  }",
        ),
        ("identity: {\n    type: |\n  }", "UserAssigned", "identity: {\n    type: 'UserAssigned'\n  }"),
        ("identity: {\n    type:|\n  }", "UserAssigned", "identity: {\n    type: 'UserAssigned'\n  }"),
        ("identity: {\n    type: '|'\n  }", "None", "identity: {\n    type: 'None'\n  }"),
        ("identity: {\n    type: 'User|'\n  }", "UserAssigned", "identity: {\n    type: 'UserAssigned'\n  }"),
        ("identity: {\n    type: 'User|\n  }", "UserAssigned", "identity: {\n    type: 'UserAssigned'\n  }"),
        ("identity: {\n    type: User|\n  }", "UserAssigned", "identity: {\n    type: 'UserAssigned'\n  }"),
        ("identity: {\n    type |\n  }", "UserAssigned", "identity: {\n    type : 'UserAssigned'\n  }"),
        ("identity: {\n    type: /* x */ |\n  }", "None", "identity: {\n    type: /* x */ 'None'\n  }"),
        ("properties: {\n    enableRBAC: tr|\n  }", "true", "properties: {\n    enableRBAC: true\n  }"),
        ("dependsOn: [\n    |\n  ]", "mi", "dependsOn: [\n    mi\n  ]"),
        ("dependsOn: [ mi, | ]", "mi", "dependsOn: [ mi, mi ]"),
        (
            "properties: {\n    oidcIssuerProfile: {\n      |",
            "enabled",
            "properties: {\n    oidcIssuerProfile: {\n      enabled: true",
        ),
        ("properties: union({\n    |\n  }, {})", "dnsPrefix", "properties: union({\n    dnsPrefix: ''\n  }, {})"),
    ];
    for (body, label, expected) in table {
        check_bicep(body, label, expected);
    }
}

/// Where something complete stands already, nothing is put beside it.
#[test]
fn what_stands_there_is_replaced_or_left_alone() {
    // Right behind a closing quote it is the string before it that is chosen.
    check_cluster(r#""identity": { "type": "None"| }"#, "UserAssigned", r#""identity": { "type": "UserAssigned" }"#);
    check_cluster(r#""identity": { "type"|: "None" }"#, "type", r#""identity": { "type": "None" }"#);
    for body in
        [r#""identity": { "type": "None"| }"#, "\"identity\": { \"type\": \"None\"|\n \"userAssignedIdentities\": {} }"]
    {
        check_has(&cluster(body), &["None"], &["userAssignedIdentities", "delegatedResources"]);
    }
    for body in [
        r#""identity" |: {}"#,
        r#""identity":| {}"#,
        r#""identity": |{}"#,
        r#""identity": {}|"#,
        r#""identity": | /* x */ "x""#,
        r#""properties": { "enableRBAC": | true }"#,
        r#""properties": { "agentPoolProfiles": [ {}|, {} ] }"#,
        r#""dependsOn": [ "a"| ]"#,
        r#""tags": { "a": "[concat('a')]"| }"#,
    ] {
        let (_, items) = completions("main.json", &cluster(body));
        assert_eq!(items, [], "{body}");
    }
    for body in ["identity:| {}", "identity: |{}", "identity: { type: 'None'| }", "tags: { a: | 'x' }"] {
        let (_, items) = completions("main.bicep", &bicep(body));
        assert_eq!(items, [], "{body}");
    }
    // What looks like a value may be the next key.
    check_has(&cluster("\"identity\": { \"type\": |\n \"userAssignedIdentities\": {} }"), &["None"], &[]);
    check_has(&bicep("identity: { type: | userAssignedIdentities: {} }"), &["None"], &[]);
    check_has(&bicep("identity: {\n    type: |\n    userAssignedIdentities: {}\n  }"), &["None"], &[]);
}

#[test]
fn truth_values_take_the_quotes_away() {
    check_cluster(r#""properties": { "enableRBAC": "|" }"#, "true", r#""properties": { "enableRBAC": true }"#);
    check_cluster(r#""properties": { "enableRBAC": "fa|" }"#, "false", r#""properties": { "enableRBAC": false }"#);
    check_bicep("properties: {\n    enableRBAC: '|'\n  }", "true", "properties: {\n    enableRBAC: true\n  }");
}

/// An editor compares what is between the start of the edit and the cursor with the filter. Where that is a quote alone,
/// everything that is offered has to begin with it, or nobody ever sees it.
#[test]
fn nothing_is_lost_behind_a_quote() {
    for body in [
        r#""|""#,
        r#""identity": { "|" }"#,
        r#""identity": { "type": "|" }"#,
        r#""identity": { "userAssignedIdentities": { "|" } }"#,
        r#""properties": { "identityProfile": { "kubeletidentity": { "resourceId": "|" } } }"#,
        r#""properties": { "addonProfiles": { "|" } }"#,
        r#""properties": { "enableRBAC": "|" }"#,
        r#""dependsOn": [ "|" ]"#,
        r#""location": "|""#,
    ] {
        let (_, items) = completions("main.json", &cluster(body));
        assert!(!items.is_empty(), "{body}");
        for item in items {
            assert!(item.filter.as_deref().unwrap_or(&item.label).starts_with('"'), "{body}: {item:?}");
        }
    }
    let profile =
        "properties: {\n    identityProfile: {\n      kubeletidentity: {\n        resourceId: '|'\n      }\n    }\n  }";
    for body in [
        "'|'",
        "identity: {\n    type: '|'\n  }",
        "identity: {\n    userAssignedIdentities: {\n      '|'\n    }\n  }",
        profile,
        "properties: {\n    enableRBAC: '|'\n  }",
    ] {
        let (_, items) = completions("main.bicep", &bicep(body));
        assert!(!items.is_empty(), "{body}");
        for item in items {
            assert!(item.filter.as_deref().unwrap_or(&item.label).starts_with('\''), "{body}: {item:?}");
        }
    }
    // And what follows the quote is compared with what is shown.
    let (_, items) = completions("main.json", &cluster(r#""dependsOn": [ "mi|" ]"#));
    assert!(items.iter().any(|item| item.filter.as_deref() == Some("\"miName")));
}

#[test]
fn only_symbols_are_accepted_by_a_dot() {
    let commits = |fixture: &str, label: &str| {
        let (_, items) = completions(main_of(fixture), fixture);
        items.iter().find(|item| item.label == label).expect(label).commit_characters().to_vec()
    };
    assert_eq!(commits(&format!("{}output x string = |", bicep("")), "mi"), ["."]);
    // A character behind what has its parentheses or quotes already would be one too many.
    assert_eq!(commits("var x = |", "concat"), [""; 0]);
    assert_eq!(commits(&bicep("identity: {\n    userAssignedIdentities: {\n      |\n    }\n  }"), "mi"), [""; 0]);
    assert_eq!(commits(&cluster(r#""dependsOn": [ | ]"#), "miName"), [""; 0]);
    assert_eq!(commits(&cluster(r#""location": "[|]""#), "concat"), [""; 0]);
}

#[test]
fn nothing_is_offered_twice() {
    for fixture in [
        bicep("dependsOn: [\n    |\n  ]"),
        bicep(
            "properties: {\n    identityProfile: {\n      kubeletidentity: {\n        resourceId: |\n      }\n    }\n  }",
        ),
        cluster(r#""dependsOn": [ | ]"#),
        cluster(r#""properties": { "identityProfile": { "kubeletidentity": { "resourceId": "[|]" } } }"#),
    ] {
        let (_, items) = completions(main_of(&fixture), &fixture);
        let mut labels: Vec<_> = items.iter().map(|item| (&item.label, item.kind)).collect();
        let all = labels.len();
        labels.sort_by_key(|(label, kind)| (*label, format!("{kind:?}")));
        labels.dedup();
        assert_eq!(labels.len(), all, "{fixture}");
    }
    // Only resources and modules are depended on.
    check_has(&bicep("dependsOn: [\n    |\n  ]"), &["mi"], &["location", "concat", "aks"]);
}

/// Whatever is chosen wherever in a template that is right, it stays one; as far as nothing has to be filled in.
#[test]
fn no_choice_tears_a_template_apart() {
    let json = cluster(
        r#""identity": { "type": "UserAssigned", "userAssignedIdentities": {
        "[resourceId('Microsoft.ManagedIdentity/userAssignedIdentities', variables('miName'))]": {} } },
      "dependsOn": [ "[concat('a', parameters('clusterName'))]" ],
      "properties": { "enableRBAC": true, "agentPoolProfiles": [ { "name": "a", "count": 1 }, { "mode": "User" } ] }"#,
    );
    let bicep = assignment("roleDefinitionId: subscriptionResourceId('a', 'b')\n    principalId: mi.properties.principalId").replace(
        "name: 'c'\n",
        "name: toLower('C')\n  identity: { type: 'UserAssigned', userAssignedIdentities: { '${mi.id}': {} } }\n  dependsOn: [ mi ]\n  properties: {\n    enableRBAC: empty(location) ? true : false\n    agentPoolProfiles: [for pool in [1]: { name: 'p${pool}' }]\n  }\n",
    );
    let errors = |path: &str, text: &str| SourceFile::parse(path, SourceText::new(text)).syntax_errors;
    for text in [json, bicep] {
        let path = main_of(&text);
        assert_eq!(errors(path, &text), [], "{text}");
        let workspace = Workspace::new(vec![Arc::new(SourceFile::parse(path, SourceText::new(text.as_str())))]);
        for at in (0..text.len()).step_by(3) {
            let offset = TextSize::try_from(at).unwrap();
            let mut items = View::new(&workspace, FileId(0)).completions(offset, &|_| Vec::new());
            // Another keyword begins another statement.
            items.retain(|item| !item.snippet && item.kind != super::Kind::Keyword);
            let count = items.len();
            for (number, item) in items.iter().enumerate().filter(|(number, _)| *number < 4 || *number + 3 > count) {
                let after = applied(&text, item);
                let found = errors(path, &after);
                assert_eq!(found, [], "{number}: `{}` at {}|{}", item.label, &text[..at], &text[at..]);
            }
        }
    }
}

#[test]
fn survives_every_prefix() {
    for text in [
        cluster(r#""identity": { "type": "UserAssigned", "x": "[concat('a', 'b')]" }"#),
        bicep("identity: {\n    type: '${mi.id}'\n  }"),
    ] {
        let path = main_of(&text);
        for end in (0..=text.len()).filter(|&end| text.is_char_boundary(end)) {
            let prefix = format!("{}|", &text[..end]);
            completions(path, &prefix);
        }
    }
}

#[test]
fn goes_on_behind_a_forgotten_brace() {
    let text = "resource a 'Microsoft.ContainerService/managedClusters@2025-05-01' = {\n  properties: {\n\nresource b 'Microsoft.ManagedIdentity/userAssignedIdentities@2024-11-30' = {\n  |\n}\n";
    check_has(text, &["location", "name"], &["identity", "sku"]);
}

// ----------------------------------------------------------------------------------------------------- values

#[test]
fn offers_values_by_api_version() {
    check_first(&cluster(r#""identity": { "type": "|" }"#), &["UserAssigned", "SystemAssigned", "None"]);
    let old = cluster(r#""identity": { "type": "|" }"#).replace("2025-05-01", "2019-08-01");
    check_has(&old, &["SystemAssigned"], &["UserAssigned"]);
    let old = bicep("identity: {\n    type: '|'\n  }").replace("2025-05-01", "2019-08-01");
    check_has(&old, &["SystemAssigned"], &["UserAssigned"]);
}

#[test]
fn offers_api_versions_the_newest_first() {
    let text = cluster("").replace("\"2025-05-01\"", "\"|\"");
    let (_, items) = completions("main.json", &text);
    let newest = schema::resource_type("Microsoft.ContainerService/managedClusters").unwrap().newest_stable().unwrap();
    assert_eq!(items[0].label, newest.to_string());
    assert!(items[0].preselect);
    assert!(items.iter().any(|item| item.deprecated));
    let (_, items) = completions("main.bicep", &bicep("").replace("managedClusters@2025-05-01", "managedClusters@|"));
    assert_eq!(items[0].label, newest.to_string());
    check_edit(
        "resource a 'Microsoft.ManagedIdentity/userAssignedIdentities@|' = {}",
        "2023-01-31",
        "resource a 'Microsoft.ManagedIdentity/userAssignedIdentities@2023-01-31' = {}",
    );
    check_edit(
        "resource a 'Microsoft.ManagedIdentity/userAssignedIdentities@2023|",
        "2023-01-31",
        "resource a 'Microsoft.ManagedIdentity/userAssignedIdentities@2023-01-31'",
    );
}

#[test]
fn offers_resource_types() {
    check_first("resource a '|'", &["Microsoft.ContainerService/managedClusters"]);
    check_has(&bicep("resource pool '|' = {\n  }"), &["agentPools"], &["Microsoft.ContainerService/managedClusters"]);
    let text = cluster("").replace("\"Microsoft.ContainerService/managedClusters\"", "\"|\"");
    check_first(&text, &["Microsoft.ContainerService/managedClusters"]);
}

#[test]
fn offers_words_that_mean_something() {
    let zone = r#""properties": { "apiServerAccessProfile": { "privateDNSZone": "|" } }"#;
    check_first(&cluster(zone), &["system", "none"]);
    check_first(
        &bicep("properties: {\n    apiServerAccessProfile: {\n      privateDNSZone: |\n    }\n  }"),
        &["system", "none"],
    );
    check_first(&cluster(r#""properties": { "servicePrincipalProfile": { "clientId": "|" } }"#), &["msi"]);
    check_first(
        &bicep("properties: {\n    agentPoolProfiles: [\n      {\n        mode: '|'\n      }\n    ]\n  }"),
        &["System", "User"],
    );
    check_first("targetScope = |", &["resourceGroup", "subscription", "managementGroup", "tenant"]);
    check_edit("targetScope = '|'", "subscription", "targetScope = 'subscription'");
}

#[test]
fn offers_what_add_ons_are_told() {
    let json = r#""properties": { "addonProfiles": { "omsagent": { "enabled": true, "config": { | } } } }"#;
    check_has(&cluster(json), &["logAnalyticsWorkspaceResourceID", "useAADAuth"], &["enableSecretRotation"]);
    check_bicep(
        "properties: {\n    addonProfiles: {\n      azureKeyvaultSecretsProvider: {\n        config: {\n          |\n        }\n      }\n    }\n  }",
        "enableSecretRotation",
        "properties: {\n    addonProfiles: {\n      azureKeyvaultSecretsProvider: {\n        config: {\n          enableSecretRotation: 'true'\n        }\n      }\n    }\n  }",
    );
}

#[test]
fn what_is_called_like_the_property_comes_first() {
    check_first(&bicep("location: |"), &["location"]);
    let json = cluster(r#""location": "|""#)
        .replace("\"clusterName\": {", "\"location\": { \"type\": \"string\" }, \"clusterName\": {");
    check_first(&json, &["resourceGroup().location", "[parameters('location')]"]);
}

// ----------------------------------------------------------------------------------------------------- parameter files

const PARAMETERS: &str = r#"{
  "$schema": "https://schema.management.azure.com/schemas/2019-04-01/deploymentParameters.json#",
  "contentVersion": "1.0.0.0",
  "parameters": {
    {body}
  }
}"#;
const JSON_TEMPLATE: (&str, &str) = (
    "main.json",
    r#"{
  "$schema": "https://schema.management.azure.com/schemas/2019-04-01/deploymentTemplate.json#",
  "contentVersion": "1.0.0.0",
  "parameters": {
    "tier": { "type": "string", "allowedValues": ["free", "paid"], "metadata": { "description": "What it \"costs\"" } },
    "private": { "type": "bool", "defaultValue": false },
    "tags": { "type": "object" }
  },
  "resources": []
}"#,
);
const BICEP_TEMPLATE: (&str, &str) = (
    "main.bicep",
    "@description('What it \\'costs\\'')\n@allowed(['free', 'paid'])\nparam tier string\nparam private bool = false\nparam tags object\n",
);

#[test]
fn completes_json_parameter_files() {
    for template in [JSON_TEMPLATE, BICEP_TEMPLATE] {
        let check = |body: &str, label: &str, expected: &str| {
            let (before, after) = (PARAMETERS.replace("{body}", body), PARAMETERS.replace("{body}", expected));
            check_edit_beside("main.parameters.json", &before, &[template], label, &after);
        };
        check("|", "tier", "\"tier\": {\n\t\"value\": \"\"\n}");
        check("\"|\"", "tags", "\"tags\": {\n\t\"value\": {\n\t\t\n\t}\n}");
        check("\"pri|", "private", "\"private\": {\n\t\"value\": true\n}");
        check("\"tier\": { | }", "value", "\"tier\": { \"value\":  }");
        check("\"tier\": { \"value\": | }", "paid", "\"tier\": { \"value\": \"paid\" }");
        check("\"tier\": { \"value\": \"|\" }", "paid", "\"tier\": { \"value\": \"paid\" }");
        check("\"private\": { \"value\": | }", "true", "\"private\": { \"value\": true }");
        let body = "\"tier\": { \"value\": \"free\" }\n    |";
        let (_, items) = completions_beside("main.parameters.json", &PARAMETERS.replace("{body}", body), &[template]);
        let labels: Vec<&str> = items.iter().map(|item| item.label.as_str()).collect();
        assert_eq!(labels, ["tags", "private"], "what is required comes first, what is there not again");
        assert_eq!(items[0].additional.len(), 1, "a comma was missing");
        let body = "\"tier\": { | }";
        let (_, items) = completions_beside("main.parameters.json", &PARAMETERS.replace("{body}", body), &[template]);
        assert!(items.iter().all(|item| item.label != "defaultValue" && item.label != "type"));
        let root = PARAMETERS.replace("\"contentVersion\": \"1.0.0.0\",", "|");
        let (_, items) = completions_beside("main.parameters.json", &root.replace("{body}", ""), &[template]);
        let labels: Vec<&str> = items.iter().map(|item| item.label.as_str()).collect();
        assert_eq!(labels, ["contentVersion", "metadata"]);
    }
}

#[test]
fn completes_bicep_parameter_files() {
    let check = |body: &str, label: &str, expected: &str| {
        let (before, after) = (format!("using 'main.bicep'\n{body}"), format!("using 'main.bicep'\n{expected}"));
        check_edit_beside("main.bicepparam", &before, &[BICEP_TEMPLATE], label, &after);
    };
    check("|", "param tier", "param tier = ''");
    check("param |", "private", "param private = true");
    check("param ti|", "tier", "param tier = ''");
    check("param tier = |", "paid", "param tier = 'paid'");
    check("param tier = '|'", "paid", "param tier = 'paid'");
    check("param private = |", "true", "param private = true");
    check("param tags = |", "readEnvironmentVariable", "param tags = readEnvironmentVariable()");
}

#[test]
fn parameters_of_modules_come_with_their_type() {
    let (_, items) =
        completions_beside("a.bicep", "module m 'main.bicep' = {\n  params: {\n    |\n  }\n}\n", &[BICEP_TEMPLATE]);
    let labels: Vec<_> = items.iter().map(|item| (item.label.as_str(), item.detail.as_deref().unwrap())).collect();
    assert_eq!(labels, [("tags", "object (required)"), ("tier", "string (required)"), ("private", "bool (optional)")]);
    assert!(items[1].documentation.as_deref().unwrap().contains("What it 'costs'"), "{:?}", items[1]);
    assert_eq!(plain(&items[1].edit.new_text), "tier: ''");
}

#[test]
fn paths_are_those_of_the_disk() {
    let listed = |fixture: &str| {
        let at = fixture.find('|').unwrap();
        let text = fixture.replacen('|', "", 1);
        let workspace =
            Workspace::new(vec![Arc::new(SourceFile::parse("/w/app/main.bicep", SourceText::new(text.as_str())))]);
        let folder = |path: &std::path::Path| {
            let entry = |name: &str, is_folder| crate::Entry { name: name.to_owned(), is_folder };
            match path.to_str() {
                Some("/w/app") => {
                    vec![entry("main.bicep", false), entry("net.bicep", false), entry("lib", true), entry(".git", true)]
                }
                Some("/w/app/lib") => {
                    vec![entry("aks.bicep", false), entry("aks.json", false), entry("a.bicepparam", false)]
                }
                Some("/w") => vec![entry("shared.bicep", false), entry("app", true)],
                _ => Vec::new(),
            }
        };
        let items = View::new(&workspace, FileId(0)).completions(TextSize::try_from(at).unwrap(), &folder);
        items.iter().map(|item| applied(&text, item)).collect::<Vec<_>>()
    };
    assert_eq!(listed("module m '|'"), ["module m 'net.bicep'", "module m 'lib/'", "module m '../'"]);
    assert_eq!(listed("module m 'lib/|"), ["module m 'lib/aks.bicep'", "module m 'lib/aks.json'"]);
    assert_eq!(
        listed("module m 'lib/ak|s.bicep' = {"),
        ["module m 'lib/aks.bicep' = {", "module m 'lib/aks.json' = {"]
    );
    assert_eq!(listed("using '../|'"), ["using '../shared.bicep'", "using '../app/'", "using '../../'"]);
    assert_eq!(listed("import { x } from 'lib/|'"), ["import { x } from 'lib/aks.bicep'"]);
    assert_eq!(listed("module m 'br/public:|'"), [""; 0]);
}

// ----------------------------------------------------------------------------------------------------- identities

#[test]
fn offers_identities_in_scope_as_keys() {
    check_cluster(
        r#""identity": { "type": "UserAssigned", "userAssignedIdentities": { | } }"#,
        "miName",
        r#""identity": { "type": "UserAssigned", "userAssignedIdentities": { "[resourceId('Microsoft.ManagedIdentity/userAssignedIdentities', variables('miName'))]": {} } }"#,
    );
    check_bicep(
        "identity: {\n    type: 'UserAssigned'\n    userAssignedIdentities: {\n      |\n    }\n  }",
        "mi",
        "identity: {\n    type: 'UserAssigned'\n    userAssignedIdentities: {\n      '${mi.id}': {}\n    }\n  }",
    );
    check_bicep(
        "identity: {\n    userAssignedIdentities: {\n      '|'\n    }\n  }",
        "mi",
        "identity: {\n    userAssignedIdentities: {\n      '${mi.id}': {}\n    }\n  }",
    );
    check_bicep(
        "identity: {\n    userAssignedIdentities: {\n      |\n    }\n  }",
        "kubeletIdentityId",
        "identity: {\n    userAssignedIdentities: {\n      '${kubeletIdentityId}': {}\n    }\n  }",
    );
}

#[test]
fn offers_whole_identity_blocks() {
    check_cluster(
        "|",
        "identity with miName",
        "\"identity\": {\n\t\"type\": \"UserAssigned\",\n\t\"userAssignedIdentities\": {\n\t\t\"[resourceId('Microsoft.ManagedIdentity/userAssignedIdentities', variables('miName'))]\": {}\n\t}\n}",
    );
    check_bicep(
        "|",
        "identity with mi",
        "identity: {\n\ttype: 'UserAssigned'\n\tuserAssignedIdentities: {\n\t\t'${mi.id}': {}\n\t}\n}",
    );
    check_has(&bicep("identity: {}\n  |"), &[], &["identity with mi"]);
}

#[test]
fn offers_the_one_key_of_the_identity_profile() {
    check_first(&cluster(r#""properties": { "identityProfile": { | } }"#), &["kubeletidentity"]);
    check_bicep(
        "properties: {\n    identityProfile: {\n      |\n    }\n  }",
        "kubeletidentity",
        "properties: {\n    identityProfile: {\n      kubeletidentity: {\n\tresourceId: kubeletIdentityId\n}\n    }\n  }",
    );
    check_has(
        &bicep(
            "properties: {\n    identityProfile: {\n      kubeletidentity: {\n        resourceId: |\n      }\n    }\n  }",
        ),
        &["mi.id", "kubeletIdentityId"],
        &[],
    );
    check_has(
        &bicep("identity: {\n    userAssignedIdentities: {\n      '${|}': {}\n    }\n  }"),
        &["mi.id", "mi"],
        &[],
    );
    check_first(&cluster(r#""properties": { "identityProfile": { "kubeletidentity": { | } } }"#), &["resourceId"]);
    check_has(
        &cluster(r#""properties": { "identityProfile": { "kubeletidentity": { "resourceId": "|" } } }"#),
        &["miName"],
        &[],
    );
    check_has(
        &cluster(r#""properties": { "addonProfiles": { | } }"#),
        &["azureKeyvaultSecretsProvider", "omsagent"],
        &[],
    );
}

fn assignment(body: &str) -> String {
    format!(
        "{}\nresource ra 'Microsoft.Authorization/roleAssignments@2022-04-01' = {{\n  name: guid('x')\n  properties: {{\n    {body}\n  }}\n}}\n",
        bicep("")
    )
}

#[test]
fn offers_roles_by_name_and_principals() {
    check_edit(
        &assignment("roleDefinitionId: |"),
        "AcrPull",
        &assignment(
            "roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', '7f951dda-4ed3-4680-a7ca-43fe172d538d')",
        ),
    );
    check_edit(
        &assignment("roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', '|')"),
        "AcrPull",
        &assignment(
            "roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', '7f951dda-4ed3-4680-a7ca-43fe172d538d')",
        ),
    );
    check_edit(&assignment("principalId: |"), "mi: principalId", &assignment("principalId: mi.properties.principalId"));
    check_edit(
        &assignment("principalId: |"),
        "aks: kubelet",
        &assignment("principalId: aks.properties.identityProfile.kubeletidentity.objectId"),
    );
    check_first(&assignment("principalType: '|'"), &["ServicePrincipal"]);
    let json = cluster("")
        .replace(
            "\"Microsoft.ContainerService/managedClusters\",\n      \"apiVersion\": \"2025-05-01\"",
            "\"Microsoft.Authorization/roleAssignments\",\n      \"apiVersion\": \"2022-04-01\"",
        )
        .replace("\"name\": \"c\",", "\"properties\": { \"roleDefinitionId\": | }");
    check_edit(&json, "AcrPull", &json.replace('|', "\"[subscriptionResourceId('Microsoft.Authorization/roleDefinitions', '7f951dda-4ed3-4680-a7ca-43fe172d538d')]\""));
    let json = json.replace("\"roleDefinitionId\": |", "\"principalId\": |");
    check_edit(
        &json,
        "miName: principalId",
        &json.replace('|', "\"[reference(resourceId('Microsoft.ManagedIdentity/userAssignedIdentities', variables('miName')), '2023-01-31').principalId]\""),
    );
}

// ----------------------------------------------------------------------------------------------------- expressions

#[test]
fn completes_inside_arm_expressions() {
    let key = |text: &str| format!("\"location\": \"{text}\"");
    check_cluster(&key("[|]"), "parameters('clusterName')", &key("[parameters('clusterName')]"));
    check_cluster(&key("[param|]"), "parameters('clusterName')", &key("[parameters('clusterName')]"));
    check_cluster(&key("[concat(|)]"), "variables('miName')", &key("[concat(variables('miName'))]"));
    check_cluster(&key("[concat('a', |)]"), "variables('miName')", &key("[concat('a', variables('miName'))]"));
    check_cluster(&key("[parameters('|')]"), "clusterName", &key("[parameters('clusterName')]"));
    check_cluster(&key("[variables('m|')]"), "miName", &key("[variables('miName')]"));
    check_cluster(&key("[resourceGroup().|]"), "location", &key("[resourceGroup().location]"));
    check_cluster(&key("[res|]"), "resourceGroup", &key("[resourceGroup()]"));
    check_cluster(&key("[res|(x)]"), "resourceId", &key("[resourceId(x)]"));
    let reference = "reference(resourceId('Microsoft.ContainerService/managedClusters', 'c'), '2025-05-01')";
    check_cluster(
        &key(&format!("[{reference}.identityProfile.|]")),
        "kubeletidentity",
        &key(&format!("[{reference}.identityProfile.kubeletidentity]")),
    );
    check_cluster(
        &key(&format!("[{reference}.identityProfile.kubeletidentity.|]")),
        "objectId",
        &key(&format!("[{reference}.identityProfile.kubeletidentity.objectId]")),
    );
    check_cluster(
        &key("[reference(resourceId('Microsoft.ManagedIdentity/userAssignedIdentities', 'x'), '|')]"),
        "2023-01-31",
        &key("[reference(resourceId('Microsoft.ManagedIdentity/userAssignedIdentities', 'x'), '2023-01-31')]"),
    );
    check_cluster(
        &key("[subscriptionResourceId('Microsoft.Authorization/roleDefinitions', '|')]"),
        "AcrPull",
        &key(
            "[subscriptionResourceId('Microsoft.Authorization/roleDefinitions', '7f951dda-4ed3-4680-a7ca-43fe172d538d')]",
        ),
    );
    // Half of it is missing.
    check_cluster(
        "\"location\": \"[param|\n",
        "parameters('clusterName')",
        "\"location\": \"[parameters('clusterName')\n",
    );
}

#[test]
fn completes_names_of_resources() {
    let text = |text: &str| format!("\"location\": \"{text}\"");
    let id = "resourceId('Microsoft.ManagedIdentity/userAssignedIdentities'";
    check_first(&cluster(&text(&format!("[{id}, |)]"))), &["miName"]);
    check_cluster(&text(&format!("[{id}, |)]")), "miName", &text(&format!("[{id}, variables('miName'))]")));
    let literal = |body: &str| cluster(body).replace("[variables('miName')]", "mi");
    check_edit(&literal(&text(&format!("[{id}, '|')]"))), "mi", &literal(&text(&format!("[{id}, 'mi')]"))));
    check_edit(&literal(&text(&format!("[{id}, |)]"))), "'mi'", &literal(&text(&format!("[{id}, 'mi')]"))));
    // The name of a parent, where a child is meant.
    let child = "resourceId('Microsoft.ManagedIdentity/userAssignedIdentities/federatedIdentityCredentials'";
    check_first(&literal(&text(&format!("[{child}, |)]"))), &["'mi'"]);
    check_cluster(&text("[parameters(|)]"), "'clusterName'", &text("[parameters('clusterName')]"));
    check_first(&cluster(&text("[variables(mi|)]")), &["'miName'"]);
    // Read by its name, without an ID.
    check_edit(&literal(&text("[reference('mi').|]")), "principalId", &literal(&text("[reference('mi').principalId]")));
    check_edit(&literal(&text("[reference('|')]")), "mi", &literal(&text("[reference('mi')]")));
    let ids = cluster(r#""identity": { "userAssignedIdentities": { "[|]": {} } }"#);
    check_first(&ids, &["resourceId of miName"]);
    check_first(
        &ids.replace("[|]", "[resourceId('Microsoft.ManagedIdentity/userAssignedIdentities', |)]"),
        &["miName"],
    );
    check_has(&cluster(r#""dependsOn": [ "[|]" ]"#), &["resourceId of miName"], &[]);
    check_edit(
        &bicep("tags: {\n    a: resourceId('Microsoft.ManagedIdentity/userAssignedIdentities', '|')\n  }"),
        "mi",
        &bicep("tags: {\n    a: resourceId('Microsoft.ManagedIdentity/userAssignedIdentities', 'mi')\n  }"),
    );
}

#[test]
fn branches_and_brackets_take_the_same_values() {
    for body in ["type: a ? | : 'None'", "type: a ? 'None' : |", "type: a ? '|' : 'None'", "type: a ? 'None' : '|'"] {
        check_first(&bicep(&format!("identity: {{\n    {body}\n  }}")), &["UserAssigned", "SystemAssigned", "None"]);
    }
    check_bicep(
        "identity: {\n    type: a ? | : 'None'\n  }",
        "UserAssigned",
        "identity: {\n    type: a ? 'UserAssigned' : 'None'\n  }",
    );
    check_first(&bicep("tags: {\n    a: resourceId(|)\n  }"), &["'Microsoft.Authorization/roleAssignments'"]);
    let roles = "'Microsoft.Authorization/roleDefinitions'";
    check_first(&bicep("tags: {\n    a: subscriptionResourceId(|)\n  }"), &[roles]);
    check_first(&cluster(r#""tags": { "a": "[subscriptionResourceId(|)]" }"#), &[roles]);
    check_bicep(
        "tags: {\n    a: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', |)\n  }",
        "'AcrPull'",
        "tags: {\n    a: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', '7f951dda-4ed3-4680-a7ca-43fe172d538d')\n  }",
    );
    let json = |body: &str| {
        cluster("")
            .replace(
                "\"Microsoft.ContainerService/managedClusters\",\n      \"apiVersion\": \"2025-05-01\"",
                "\"Microsoft.Authorization/roleAssignments\",\n      \"apiVersion\": \"2022-04-01\"",
            )
            .replace("\"name\": \"c\",", body)
    };
    let role = json(r#""properties": { "roleDefinitionId": "[|]" }"#);
    check_edit(
        &role,
        "AcrPull",
        &role.replace(
            '|',
            "subscriptionResourceId('Microsoft.Authorization/roleDefinitions', '7f951dda-4ed3-4680-a7ca-43fe172d538d')",
        ),
    );
    let principal = json(r#""properties": { "principalId": "[|]" }"#);
    check_first(&principal, &["miName: principalId"]);
    let scope = json(r#""scope": "|""#);
    let id = "\"[resourceId('Microsoft.ManagedIdentity/userAssignedIdentities', variables('miName'))]\"";
    check_edit(&scope, "miName", &scope.replace("\"|\"", id));
}

#[test]
fn completes_bicep_where_less_is_possible() {
    check_has("param a string\nvar b = 1\nparam c string = |", &["a", "concat"], &["b", "c"]);
    check_has("var a = 1\nvar b = |", &["a"], &["b"]);
    check_first("@allowed(['x', 'y'])\nparam a string = |", &["x", "y"]);
    check_first("@allowed(['x', 'y'])\nparam a string = '|'", &["x", "y"]);
    check_has("type t = |", &["string", "object"], &["concat"]);
    check_has("func f(a |) string => a", &["string"], &["concat"]);
    check_has(&bicep("tags: {\n    ...|\n  }"), &["location", "union"], &[]);
    for text in ["var a = [for |]", "@allowed([|])\nparam a string", "@description(|)\nparam a string"] {
        assert_eq!(completions("main.bicep", text).1, [], "{text}");
    }
    check_has("var a = [for x in |]", &["range"], &[]);
    check_has("var a = az.|", &["resourceGroup", "resourceId"], &["concat"]);
    check_has("var a = sys.|", &["concat"], &["resourceId"]);
    let acr = "resource acr 'Microsoft.ContainerRegistry/registries@2023-07-01' existing = {\n  name: 'acr'\n}\n";
    check_has(&format!("{acr}output x string = acr.|"), &["id", "name", "properties"], &[]);
    check_first(&format!("{}output x string = mi.|", bicep("")), &["id"]);
    check_first(
        &format!("{acr}resource pull 'Microsoft.Authorization/roleAssignments@2022-04-01' = {{\n  scope: |\n}}"),
        &["acr", "managementGroup"],
    );
    let child = "resource fic 'Microsoft.ManagedIdentity/userAssignedIdentities/federatedIdentityCredentials@2023-01-31' = {\n  parent: |\n}";
    let (_, items) = completions("main.bicep", &format!("{}{child}", bicep("")));
    assert_eq!(items.iter().map(|item| item.label.as_str()).collect::<Vec<_>>(), ["mi"]);
}

#[test]
fn offers_bodies_of_resources() {
    check_edit(
        "resource x |",
        "Microsoft.ContainerService/managedClusters",
        &format!(
            "resource x 'Microsoft.ContainerService/managedClusters@{}'",
            schema::resource_type("Microsoft.ContainerService/managedClusters").unwrap().newest().unwrap()
        ),
    );
    let head = "resource x 'Microsoft.ContainerService/managedClusters@2025-05-01' =";
    check_edit(
        &format!("{head} |"),
        "{ }",
        &format!("{head} {{\n\tname: 'name'\n\tlocation: location\n\tproperties: {{\n\t\t\n\t}}\n}}"),
    );
    check_has(&format!("{head} |"), &["if", "for"], &["concat", "x"]);
    check_has("module m 'x.bicep' = |", &["{ }", "if", "for"], &["concat"]);
}

#[test]
fn offers_what_a_federated_credential_says() {
    let credential = |body: &str| {
        format!(
            "{}resource fic 'Microsoft.ManagedIdentity/userAssignedIdentities/federatedIdentityCredentials@2023-01-31' = {{\n  parent: mi\n  properties: {{\n    {body}\n  }}\n}}\n",
            bicep("")
        )
    };
    check_edit(
        &credential("issuer: |"),
        "aks: issuer",
        &credential("issuer: aks.properties.oidcIssuerProfile.issuerURL"),
    );
    check_edit(
        &credential("audiences: [\n      |\n    ]"),
        "api://AzureADTokenExchange",
        &credential("audiences: [\n      'api://AzureADTokenExchange'\n    ]"),
    );
    check_edit(
        &credential("subject: |"),
        "system:serviceaccount",
        &credential("subject: 'system:serviceaccount:namespace:name'"),
    );
    let json = cluster("").replace(
        "\"resources\": [",
        r#""resources": [ { "type": "Microsoft.ManagedIdentity/userAssignedIdentities/federatedIdentityCredentials",
      "apiVersion": "2023-01-31", "name": "mi/f", "properties": { "issuer": | } },"#,
    );
    check_edit(&json, "c: issuer", &json.replace('|', "\"[reference(resourceId('Microsoft.ContainerService/managedClusters', 'c'), '2025-05-01').oidcIssuerProfile.issuerURL]\""));
}

#[test]
fn a_json_file_can_become_a_template() {
    let begin = |fixture: &str| {
        let at = fixture.find('|').unwrap();
        let text = fixture.replacen('|', "", 1);
        let items = super::start(&text, TextSize::try_from(at).unwrap());
        items.iter().map(|item| (item.label.clone(), applied(&text, item))).collect::<Vec<_>>()
    };
    for fixture in ["|", "\n|\n", "ar|", "{|}", "{\n  |\n}\n", "{ \"|\" }", "{|"] {
        let all = begin(fixture);
        for (label, kind) in [("arm-template", "\"resources\": ["), ("arm-parameters", "deploymentParameters.json#")] {
            let (_, text) = all.iter().find(|(own, _)| own == label).unwrap_or_else(|| panic!("{fixture}: {all:?}"));
            assert!(text.contains(kind) && text.matches('{').count() < 4, "{fixture}: {text}");
        }
    }
    let (_, text) = &begin("{|}")[0];
    let file = SourceFile::parse("main.json", SourceText::new(text.as_str()));
    assert!(file.syntax_errors.is_empty() && file.template.is_some(), "{text}");
    let all = begin("{ \"$schema\": \"|\" }");
    assert!(all[0].1.contains("deploymentTemplate.json#\" }"), "{all:?}");
    for other in ["{ \"name\": \"x\", | }", "{ \"name\": | }", "[|]", "{ \"a\": { | } }"] {
        assert_eq!(begin(other), [], "{other}");
    }
}

#[test]
fn completes_bicep_expressions() {
    check_has(&bicep("location: |"), &["location", "mi", "resourceGroup", "kubeletIdentityId"], &["aks", "reference"]);
    check_bicep("location: loc|", "location", "location: location");
    check_bicep("tags: {\n    a: '${mi.|}'\n  }", "id", "tags: {\n    a: '${mi.id}'\n  }");
    check_bicep(
        "tags: {\n    a: '${mi.properties.pr|}-x'\n  }",
        "principalId",
        "tags: {\n    a: '${mi.properties.principalId}-x'\n  }",
    );
    check_bicep("tags: {\n    a: '${|}'\n  }", "location", "tags: {\n    a: '${location}'\n  }");
    check_bicep("tags: {\n    a: empty(|)\n  }", "location", "tags: {\n    a: empty(location)\n  }");
    check_bicep("tags: {\n    a: true ? |\n  }", "location", "tags: {\n    a: true ? location\n  }");
    check_bicep("location: resourceGroup().|", "location", "location: resourceGroup().location");
    let output = |text: &str| format!("{}output x string = {text}\n", bicep(""));
    check_edit(&output("aks.|"), "identity", &output("aks.identity"));
    check_edit(&output("aks.identity.|"), "principalId", &output("aks.identity.principalId"));
    check_edit(
        &output("aks.properties.identityProfile.|"),
        "kubeletidentity",
        &output("aks.properties.identityProfile.kubeletidentity"),
    );
    check_edit(&output("|"), "aks", &output("aks"));
    check_edit(
        "var a = {\n  b: {\n    c: 1\n  }\n}\nvar d = a.b.|\n",
        "c",
        "var a = {\n  b: {\n    c: 1\n  }\n}\nvar d = a.b.c\n",
    );
    check_has("var a = [for (item, index) in [1, 2]: |]\n", &["item", "index"], &[]);
}

#[test]
fn offers_nothing_where_a_name_or_number_is_made_up() {
    for text in ["param |", "var x|", "resource |", "param count int = 1|", "// note |", "var x = 'te|xt'"] {
        let (_, items) = completions("main.bicep", text);
        assert_eq!(items, [], "{text}");
    }
}

#[test]
fn offers_statements_types_and_decorators() {
    check_has("|", &["param", "resource", "aks-user-assigned"], &["location"]);
    check_has("param x |", &["string", "bool"], &["param"]);
    check_edit("@sec|\nparam x string", "secure", "@secure()\nparam x string");
    check_has("// akslint: ignore[|]", &["user-assigned-without-ids"], &[]);
    check_edit("#disable-next-line id-k|", "id-key-not-resource-id", "#disable-next-line id-key-not-resource-id");
}

#[test]
fn keywords_leave_the_rest_of_a_statement_alone() {
    check_edit("par|am x string\n", "var", "var x string\n");
    check_edit("target| = 'tenant'\n", "targetScope", "targetScope = 'tenant'\n");
    check_has("par|am x string\n", &["param"], &["aks-user-assigned"]);
    check_edit("var a = 1\nout|\nvar b = 2\n", "output", "var a = 1\noutput name string = \nvar b = 2\n");
    check_edit("@des|(x)\nparam x string", "description", "@description(x)\nparam x string");
    check_edit("resource x |", "Microsoft.ManagedIdentity/userAssignedIdentities", &{
        let ty = schema::resource_type("Microsoft.ManagedIdentity/userAssignedIdentities").unwrap();
        format!("resource x '{}@{}'", ty.name(), ty.newest().unwrap())
    });
    // A function keeps its arguments, and what is read of keeps what is read.
    let call = bicep("properties: un|ion({}, {})");
    check_has(&call, &["union", "concat"], &["{ }", "location", "true", "mi"]);
    check_edit(&call, "concat", &bicep("properties: concat({}, {})"));
    check_has(
        &assignment("roleDefinitionId: sub|scriptionResourceId('a', 'b')"),
        &["subscriptionResourceId"],
        &["AcrPull"],
    );
    check_has(&assignment("principalId: m|i.properties.principalId"), &["mi", "aks"], &["mi: principalId"]);
    for text in [
        "param x string = | 'a'",
        "var x =| {}",
        "var x = | [1]",
        "resource x | 'Microsoft.X/y@2020-01-01' = {}",
        "var x = concat(| 'a')",
        "var x = concat('a', |'b')",
        "var x = [for a in| b: a]",
        "var x = concat('a'|)",
        "var x = [ 'a' |]",
        "var x = [for a in b: |{}]",
        "resource x 'Microsoft.X/y@2020-01-01' = {\n}|\n",
        "var x = {}|\n",
    ] {
        assert_eq!(completions("main.bicep", text).1, [], "{text}");
    }
}

#[test]
fn offers_sections_and_declarations_of_json_templates() {
    check_has(
        "{ \"resources\": [], \"$schema\": \"https://schema.management.azure.com/schemas/2019-04-01/deploymentTemplate.json#\", | }",
        &["parameters", "outputs"],
        &["resources"],
    );
    let text = cluster("").replace("{ \"type\": \"string\" }", "{ \"type\": \"|\" }");
    check_first(&text, &["string", "securestring"]);
    let text = cluster("").replace("{ \"type\": \"string\" }", "{ \"type\": \"string\", | }");
    check_has(&text, &["defaultValue", "allowedValues"], &["type"]);
}

#[test]
fn offers_flags_of_az_commands() {
    let text = "var script = '''\naz aks create --name x --ass|\n'''\n";
    check_edit(text, "--assign-identity", "var script = '''\naz aks create --name x --assign-identity\n'''\n");
    check_has(text, &[], &["--name"]);
    let json = cluster("\"properties\": { \"scriptContent\": \"az aks create --|\" }");
    check_has(&json, &["--enable-managed-identity"], &[]);
    check_has(
        &cluster("\"properties\": { \"scriptContent\": \"az aks create; foo --|\" }"),
        &[],
        &["--enable-managed-identity"],
    );
    // Behind a substitution and on the next line it is still the same command.
    let text = "var script = '''\naz aks update -g $(az group list --query \"[0]\") \\\n  --enable-man|\n'''\n";
    check_has(text, &["--enable-managed-identity"], &[]);
    check_has(&text.replace(" \\\n ", "\n"), &[], &["--enable-managed-identity"]);
    for (path, script) in [
        ("a.sh", "az aks create --name x \\\n  --ass|\n"),
        ("a.azcli", "az aks create -g \"$(az group list --query x)\" --|\n"),
        ("a.ps1", "az aks create `\n  --name x `\n  --ass|\n"),
        ("README.md", "# Text\n\n```azurecli\naz aks create --name x |\n```\n"),
        (".github/workflows/a.yml", "jobs:\n  a:\n    steps:\n      - run: |\n          az aks create --a|\n"),
    ] {
        let script = script.replace("run: |", "run: >");
        let (_, items) = completions(path, &script);
        let labels: Vec<&str> = items.iter().map(|item| item.label.as_str()).collect();
        assert!(labels.contains(&"--assign-identity"), "{path}: {labels:?}");
    }
    // What concerns identity comes first, what is out of use last.
    let (_, items) = completions("a.sh", "az aks create |\n");
    let place = |items: &[Item], label: &str| items.iter().position(|item| item.label == label).expect(label);
    assert!(place(&items, "--attach-acr") < place(&items, "--node-count"));
    let (_, items) = completions("a.sh", "az aks update-credentials |\n");
    let legacy = place(&items, "--aad-client-app-id");
    assert!(place(&items, "--service-principal") < legacy && items[legacy].deprecated);
    for script in [
        "az aks create --network-plugin=|\n",
        "az aks create --name |\n",
        "az group create --na|\n",
        "# az aks\necho --|\n",
    ] {
        assert_eq!(completions("a.sh", script).1, [], "{script}");
    }
}

// ----------------------------------------------------------------------------------------------------- whole resources

#[test]
fn whole_resources_are_right() {
    let empty = "{\n  \"$schema\": \"https://schema.management.azure.com/schemas/2019-04-01/deploymentTemplate.json#\",\n  \"contentVersion\": \"1.0.0.0\",\n  \"resources\": [\n    |\n  ]\n}\n";
    for (path, fixture) in [("main.bicep", "|"), ("main.json", empty)] {
        let (text, items) = completions(path, fixture);
        let snippets: Vec<&Item> = items.iter().filter(|item| item.kind == super::Kind::Snippet).collect();
        assert_eq!(snippets.len(), 6, "{path}");
        for item in snippets {
            let text = applied(&text, item);
            let file = SourceFile::parse(path, SourceText::new(text.as_str()));
            assert_eq!(file.syntax_errors, [], "{}\n{text}", item.label);
            let workspace = Workspace::new(vec![Arc::new(file)]);
            let outcome = rules::check(&workspace, &[FileId(0)], &rules::Settings::default());
            let bad: Vec<_> = outcome
                .diagnostics
                .iter()
                .filter(|it| it.severity >= rules::Severity::Warning)
                .map(|it| (it.code, it.message.as_str()))
                .collect();
            assert_eq!(bad, [], "{}\n{text}", item.label);
        }
    }
}

#[test]
fn a_type_is_replaced_without_its_version() {
    let text = "resource x 'Microsoft.ContainerS|@2024-10-01' = {\n}\n";
    let after = "resource x 'Microsoft.ContainerService/managedClusters@2024-10-01' = {\n}\n";
    check_edit(text, "Microsoft.ContainerService/managedClusters", after);
    check_has(
        &after.replace("Clusters@", "Clus|ters@"),
        &["Microsoft.ContainerService/managedClusters"],
        &["2025-05-01"],
    );
    check_has(&after.replace("@2024", "@|2024"), &["2025-05-01"], &["Microsoft.ContainerService/managedClusters"]);
}
