//! What a template takes from other files, in both languages: imports, loaded content, linked and nested templates.

use std::path::Path;
use std::sync::Arc;

use syntax::SourceText;
use template::Evaluator;
use template::eval::{Place, ScopeId};
use template::value::{Occurs, Piece, Str, Value, Values};
use template::workspace::{FileId, SourceFile, Workspace};

/// The outputs of the first file, one a line.
fn outputs(files: &[(&str, &str)]) -> String {
    let file = |&(path, text): &(&str, &str)| {
        let (path, text) = (Path::new(path), SourceText::new(text));
        let parsed = SourceFile::parse(path, text.clone());
        Arc::new(if parsed.template.is_some() { parsed } else { SourceFile::content(path, text) })
    };
    let workspace = Workspace::new(files.iter().map(file).collect());
    let eval = Evaluator::new(&workspace, FileId(0)).expect("the fixture is a template");
    let line = |output: &template::model::Output| {
        let values = eval.value(Place { scope: ScopeId::ROOT, expr: output.value });
        format!("{}: {}", output.name, show(&eval, &values))
    };
    eval.template(ScopeId::ROOT).outputs.iter().map(line).collect::<Vec<_>>().join("\n")
}

fn show(eval: &Evaluator<'_>, values: &Values) -> String {
    let one = |one: &template::value::Alternative| {
        let when = eval.describe(&one.when);
        let value = value(eval, &one.value);
        if when.is_empty() { value } else { format!("{value} if {when}") }
    };
    values.iter().map(one).collect::<Vec<_>>().join(" | ")
}

fn value(eval: &Evaluator<'_>, value: &Value) -> String {
    match value {
        Value::Null => "null".to_owned(),
        Value::Bool(known) => known.to_string(),
        Value::Int(known) => known.to_string(),
        Value::Str(known) => text(known),
        Value::Array(array) => {
            let element = |element: &template::value::Element| {
                let many = if element.occurs == Occurs::Once { "" } else { "*" };
                format!("{}{many}", show(eval, &eval.force(&element.value)))
            };
            format!("[{}]", array.elements.iter().map(element).collect::<Vec<_>>().join(", "))
        }
        Value::Object(object) => {
            let entry = |entry: &template::value::Entry| {
                let key = entry.key.as_ref().map_or("*".to_owned(), text);
                format!("{key}: {}", show(eval, &eval.force(&entry.value)))
            };
            format!("{{{}}}", object.entries.iter().map(entry).collect::<Vec<_>>().join(", "))
        }
        Value::Read(read) => format!("<read {}>", read.path.join(".")),
        _ => "?".to_owned(),
    }
}

fn text(text: &Str) -> String {
    let piece = |piece: &Piece| match piece {
        Piece::Text(known) => known.to_string(),
        Piece::Id(id) => format!("<{}>", id.names.iter().map(self::text).collect::<Vec<_>>().join("/")),
        Piece::Read(read) => format!("<read {}>", read.path.join(".")),
        Piece::Unknown(_) => "?".to_owned(),
    };
    text.pieces().iter().map(piece).collect()
}

const SHARED: &str = "import { prefix } from 'deep/names.bicep'
@export()
var kind = 'UserAssigned'
@export()
var ids = ['${prefix}-a', '${prefix}-b']
@export()
var role = { reader: 'r', owner: 'o' }
@export()
func named(name string) string => '${prefix}-${name}'
@export()
type kindOf = 'SystemAssigned' | 'UserAssigned'
@export()
type flag = bool
@export()
type again = deep.deepKind?
import * as deep from './deep/names.bicep'
";
const NAMES: &str = "@export()
var prefix = 'shop'
@export()
type deepKind = 'a' | 'b'
";

fn importing(text: &str) -> String {
    outputs(&[("infra/main.bicep", text), ("shared.bicep", SHARED), ("deep/names.bicep", NAMES)])
}

#[test]
fn imported_variables_and_functions_have_their_values() {
    let text = "import { kind, ids as list, named } from '../shared.bicep'
output kind string = kind
output list array = list
output second string = list[1]
output name string = named('x')
output mixed string = '${kind}/${named(kind)}'
";
    assert_eq!(
        importing(text),
        "kind: UserAssigned\nlist: [shop-a, shop-b]\nsecond: shop-b\nname: shop-x\nmixed: UserAssigned/shop-UserAssigned"
    );
}

#[test]
fn a_whole_file_is_imported_under_one_name() {
    let text = "import * as shared from '../shared.bicep'
output kind string = shared.kind
output reader string = shared.role.reader
output name string = shared.named('x')
output missing string = shared.generated
output some string = shared.?generated ?? 'none'
";
    assert_eq!(
        importing(text),
        "kind: UserAssigned\nreader: r\nname: shop-x\nmissing: ?\nsome: none if `a value` is not given | ? if `a value` is given"
    );
}

#[test]
fn imported_types_say_which_values_there_are() {
    let text = "import { kindOf, flag as switch, again } from '../shared.bicep'
import * as shared from '../shared.bicep'
param one kindOf
param two shared.kindOf?
param three switch
param four again
output one string = one
output two string = two
output three bool = three
output four string = four
";
    let expected = "one: SystemAssigned if `one` is 'SystemAssigned' | UserAssigned if `one` is 'UserAssigned'
two: SystemAssigned if `two` is 'SystemAssigned' | UserAssigned if `two` is 'UserAssigned' | null if `two` is not given
three: true if `three` is true | false if `three` is false
four: a if `four` is 'a' | b if `four` is 'b' | null if `four` is not given";
    assert_eq!(importing(text), expected);
}

#[test]
fn what_cannot_be_imported_is_unknown() {
    let text = "import { kind } from '../gone.bicep'
import { nothing } from '../shared.bicep'
import { other } from 'br/public:avm/utl/types/avm-common-types:0.5.1'
import * as whole from '/etc/shared.bicep'
param typed other
output all array = [kind, nothing, other, whole.x, typed]
";
    assert_eq!(importing(text), "all: [?, ?, ?, ?, ?]");
}

#[test]
fn imports_in_a_circle_end() {
    let text = "import { a } from 'other.bicep'
import { t } from 'other.bicep'
@export()
var b = a
@export()
type u = t
param p t
output all array = [a, p]
";
    let other =
        "import { b } from 'main.bicep'\nimport { u } from 'main.bicep'\n@export()\nvar a = b\n@export()\ntype t = u\n";
    assert_eq!(outputs(&[("main.bicep", text), ("other.bicep", other)]), "all: [?, ?]");
}

#[test]
fn what_the_compiler_made_of_a_file_can_be_imported() {
    let compiled = r#"{ "$schema": "https://schema.management.azure.com/schemas/2019-04-01/deploymentTemplate.json#",
      "languageVersion": "2.0", "contentVersion": "1.0.0.0",
      "metadata": { "__bicep_exported_variables!": [ { "name": "kind" } ] },
      "functions": [ { "namespace": "__bicep", "members": { "named": {
        "parameters": [ { "type": "string", "name": "name" } ],
        "output": { "type": "string", "value": "[format('shop-{0}', parameters('name'))]" } } } } ],
      "variables": { "kind": "UserAssigned" }, "resources": {} }"#;
    let text =
        "import { kind, named } from 'shared.json'\noutput kind string = kind\noutput name string = named('x')\n";
    assert_eq!(outputs(&[("main.bicep", text), ("shared.json", compiled)]), "kind: UserAssigned\nname: shop-x");
}

#[test]
fn loaded_content_is_known() {
    let text = "var settings = loadJsonContent('./data/settings.json')
output kind string = settings.identity.type
output ids array = settings.identity.ids
output part string = loadJsonContent('data/settings.json', '$.identity.type')
output literal string = settings.literal
output text string = loadTextContent('data/note.txt')
output encoded string = loadTextContent('data/note.txt', 'utf-8')
output other string = loadTextContent('data/note.txt', 'us-ascii')
output yaml string = loadYamlContent('data/settings.yaml').identity.type
output list array = loadYamlContent('data/settings.yaml').identity.ids
output switch bool = loadYamlContent('data/settings.yaml').on
";
    let json = r#"{ "identity": { "type": "UserAssigned", "ids": ["a", 2, true, null] }, "literal": "[concat('a')]" }"#;
    let yaml = "# about clusters\nidentity:\n  type: 'UserAssigned'\n  ids:\n  - a\n  - 2\n  - *other\non: true\n";
    let found = outputs(&[
        ("infra/main.bicep", text),
        ("infra/data/settings.json", json),
        ("infra/data/settings.yaml", yaml),
        ("infra/data/note.txt", "a note"),
    ]);
    assert_eq!(
        found,
        "kind: UserAssigned
ids: [a, 2, true, null]
part: UserAssigned
literal: [concat('a')]
text: a note
encoded: a note
other: ?
yaml: UserAssigned
list: [a, 2, ?]
switch: true"
    );
}

#[test]
fn what_cannot_be_loaded_is_unknown() {
    let text = "param name string
output missing string = loadTextContent('gone.txt')
output computed string = loadTextContent('${name}.txt')
output broken object = loadJsonContent('broken.json')
output selected array = loadJsonContent('data.json', '$..type')
output nothing string = loadJsonContent('data.json').nothing
output line string = loadYamlContent('data.yaml').maybe
output base64 string = loadFileAsBase64('data.json')
";
    let found = outputs(&[
        ("main.bicep", text),
        ("broken.json", "{ \"a\": "),
        ("data.json", r#"{ "type": "a" }"#),
        ("data.yaml", "a: b\n"),
    ]);
    assert_eq!(found, "missing: ?\ncomputed: ?\nbroken: ?\nselected: ?\nnothing: ?\nline: ?\nbase64: ?");
}

fn arm(sections: &str) -> String {
    format!(
        r#"{{ "$schema": "https://schema.management.azure.com/schemas/2019-04-01/deploymentTemplate.json#", "contentVersion": "1.0.0.0",
        {sections} }}"#
    )
}

/// A deployment in ARM JSON that passes `name` on, and what it gives out.
fn deployment(properties: &str) -> String {
    arm(&format!(
        r#""parameters": {{ "name": {{ "type": "string" }} }}, "variables": {{ "where": "outside" }},
        "resources": [ {{ "type": "Microsoft.Resources/deployments", "apiVersion": "2022-09-01", "name": "identity",
          "properties": {{ "mode": "Incremental", {properties} }} }} ],
        "outputs": {{ "out": {{ "type": "string", "value": "[reference('identity').outputs.out.value]" }},
          "id": {{ "type": "string", "value": "[reference(resourceId('Microsoft.Resources/deployments', 'identity')).outputs.id.value]" }} }}"#
    ))
}

const GIVEN: &str = r#""parameters": { "name": { "value": "[format('mi-{0}', variables('where'))]" } }"#;

fn inner() -> String {
    arm(r#""parameters": { "name": { "type": "string" } }, "variables": { "where": "inside" }, "resources": [],
        "outputs": { "out": { "type": "string", "value": "[format('{0} {1}', parameters('name'), variables('where'))]" },
          "id": { "type": "string", "value": "[resourceId('Microsoft.ManagedIdentity/userAssignedIdentities', parameters('name'))]" } }"#)
}

#[test]
fn nested_templates_of_inner_scope_have_their_own_names() {
    let options = r#""expressionEvaluationOptions": { "scope": "Inner" }"#;
    let text = deployment(&format!(r#"{options}, {GIVEN}, "template": {}"#, inner()));
    assert_eq!(outputs(&[("main.json", &text)]), "out: mi-outside inside\nid: <mi-outside>");
}

#[test]
fn nested_templates_of_outer_scope_have_the_names_around_them() {
    for options in ["", r#""expressionEvaluationOptions": { "scope": "outer" },"#] {
        let template = arm(r#""variables": { "where": "inside" }, "resources": [],
            "outputs": { "out": { "type": "string", "value": "[variables('where')]" },
              "id": { "type": "string", "value": "[parameters('name')]" } }"#);
        let text = deployment(&format!(r#"{options} "template": {template}"#));
        assert_eq!(outputs(&[("main.json", &text)]), "out: outside\nid: ?");
    }
}

#[test]
fn linked_templates_are_found_by_their_relative_path() {
    let text = deployment(&format!(r#"{GIVEN}, "templateLink": {{ "relativePath": "./linked/identity.json" }}"#));
    let linked = inner();
    assert_eq!(
        outputs(&[("infra/main.json", &text), ("infra/linked/identity.json", &linked)]),
        "out: mi-outside inside\nid: <mi-outside>"
    );
    assert_eq!(outputs(&[("infra/main.json", &text)]), "out: ?\nid: ?", "it is not there");
    let elsewhere =
        deployment(&format!(r#"{GIVEN}, "templateLink": {{ "uri": "https://example.com/linked/identity.json" }}"#));
    assert_eq!(outputs(&[("infra/main.json", &elsewhere), ("infra/linked/identity.json", &linked)]), "out: ?\nid: ?");
}

#[test]
fn bicep_deploys_arm_json_and_what_that_links_to() {
    let text = "module m 'arm/main.json' = { name: 'm', params: { name: 'mi' } }\noutput out string = m.outputs.out\noutput id string = m.outputs.id\n";
    let json = deployment(&format!(r#"{GIVEN}, "templateLink": {{ "relativePath": "../linked/identity.json" }}"#));
    assert_eq!(
        outputs(&[("main.bicep", text), ("arm/main.json", &json), ("linked/identity.json", &inner())]),
        "out: mi-outside inside\nid: <mi-outside>"
    );
}
