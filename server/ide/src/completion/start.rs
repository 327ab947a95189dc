//! The beginning of a JSON file, of which nobody knows yet that it is going to be a template.

use syntax::{Language, TextRange, TextSize};

use super::context::{Context, Place};
use super::value::SCHEMAS;
use super::{Item, Kind, item};

const TEMPLATE: &str =
    "\"\\$schema\": \"https://schema.management.azure.com/schemas/2019-04-01/deploymentTemplate.json#\",
\t\"contentVersion\": \"1.0.0.0\",
\t\"parameters\": {},
\t\"resources\": [
\t\t$0
\t]";
const PARAMETERS: &str =
    "\"\\$schema\": \"https://schema.management.azure.com/schemas/2019-04-01/deploymentParameters.json#\",
\t\"contentVersion\": \"1.0.0.0\",
\t\"parameters\": {
\t\t$0
\t}";

/// What can be written at an offset of a JSON text that is no template: how one begins, if nothing else stands there.
pub fn start(text: &str, offset: TextSize) -> Vec<Item> {
    /// A text that is longer is about something.
    const LONG: usize = 200;
    if text.len() > LONG {
        return Vec::new();
    }
    let context = Context::new(text, Language::Json, offset, false);
    let mut items = Vec::new();
    let bare: String = text.chars().filter(|character| !character.is_whitespace()).collect();
    let whole = [
        ("arm-template", TEMPLATE, "An ARM template."),
        ("arm-parameters", PARAMETERS, "A parameter file of an ARM template."),
    ];
    match &context.place {
        _ if bare.bytes().all(|byte| byte.is_ascii_alphabetic()) => {
            let word = context.scan.token.map_or(TextRange::empty(offset), |token| token.range);
            for (label, body, what) in whole {
                items.push(snippet(label, word, format!("{{\n\t{body}\n}}"), what));
            }
        }
        Place::Key(at) if context.path.is_empty() && context.siblings(at).is_empty() && !at.has_colon => {
            for (label, body, what) in whole {
                let mut item = snippet(label, at.replace, body.replace("\n\t", "\n"), what);
                item.filter = at.quoted.then(|| format!("\"{label}"));
                items.push(item);
            }
            items.push(at.item("$schema", "\"$schema\"", "\"$1\"").again(true));
        }
        Place::Value(at) if context.path.is_empty() && at.key == Some("$schema") => {
            for (index, (schema, scope)) in SCHEMAS.iter().enumerate() {
                let item = at.item(schema, Kind::Value, &format!("\"{schema}\""));
                items.push(item.detail(*scope).sort(format!("0{index:02}")));
            }
        }
        _ => {}
    }
    items
}

fn snippet(label: &str, range: TextRange, text: String, what: &str) -> Item {
    let mut item = item(label, Kind::Snippet, range, text);
    item.snippet = true;
    item.documentation(what)
}
