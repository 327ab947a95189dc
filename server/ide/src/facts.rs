//! What is known of properties, walked by paths and worded for people.

use std::fmt::Write as _;

use schema::{ApiVersion, Line, Object, Property, ResourceType, Type};
use syntax::Language;

/// A property, or the body of a resource.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Node {
    Body(Object),
    Property(Property),
}

impl Node {
    /// Its type.
    pub(crate) fn ty(self) -> Type {
        match self {
            Self::Body(object) => Type::Object(object),
            Self::Property(property) => property.ty(),
        }
    }
}

/// What is at a path below the body of a resource; `[]` is an element.
pub(crate) fn at_path(ty: ResourceType, version: ApiVersion, path: &[&str]) -> Option<Node> {
    let mut node = Node::Body(ty.root(version)?);
    for &segment in path {
        let next = match node.ty() {
            Type::Object(object) if segment != "[]" => object.property(segment).or_else(|| object.additional())?,
            Type::Map(value) if segment != "[]" => value,
            Type::Array(element) if segment == "[]" => element,
            _ => return None,
        };
        node = Node::Property(next);
    }
    Some(node)
}

/// A path as the facts spell it: `properties.agentPoolProfiles[].name`.
pub(crate) fn path_text(path: &[&str]) -> String {
    let mut text = String::new();
    for &segment in path {
        if segment != "[]" && !text.is_empty() {
            text.push('.');
        }
        text.push_str(segment);
    }
    text
}

/// What kind of value it takes, in a few words.
pub(crate) fn type_words(property: Property) -> String {
    let mut words = match property.ty() {
        Type::Array(element) => format!("array of {}", element.ty().word()),
        Type::Map(value) => format!("map of {}", value.ty().word()),
        Type::Enum(values) if values.is_open() => "string".to_owned(),
        Type::Enum(_) => "one of the values below".to_owned(),
        other => other.word().to_owned(),
    };
    for (holds, word) in [
        (property.required(), "required"),
        (property.read_only(), "read-only"),
        (property.write_only(), "write-only"),
        (property.sensitive(), "secret"),
    ] {
        if holds {
            words.push_str(", ");
            words.push_str(word);
        }
    }
    words
}

/// The detail line of a property: its type, without what the page below says.
pub(crate) fn detail(property: Property) -> String {
    let ty = match property.ty() {
        Type::Enum(values) => {
            let values: Vec<_> = values.values().take(4).collect();
            values.join(" | ")
        }
        Type::Array(element) => format!("{}[]", element.ty().word()),
        other => other.word().to_owned(),
    };
    if property.required() { format!("{ty} (required)") } else { ty }
}

/// A page about a property, in Markdown.
pub(crate) fn page(ty: ResourceType, version: ApiVersion, path: &[&str], property: Property) -> String {
    let text = path_text(path);
    let mut page = format!("`{text}`: {}\n", type_words(property));
    if let Some(doc) = schema::doc(ty, &text) {
        let _ = write!(page, "\n{}\n", doc.trim());
    }
    if let Type::Enum(values) = property.ty() {
        page.push_str("\nValues: ");
        let all: Vec<String> = values
            .values()
            .map(|value| {
                let since = ty.versions_with_value(&text, value);
                match since.first_stable() {
                    Some(first) if ty.versions_with(&text).first_stable() != Some(first) => {
                        format!("`{value}` (from {first})")
                    }
                    _ => format!("`{value}`"),
                }
            })
            .collect();
        page.push_str(&all.join(", "));
        page.push('\n');
    }
    let since = property.since();
    let first = match (since.stable, since.preview) {
        (Some(stable), Some(preview)) => Some(format!("{stable}, {preview}")),
        (one, other) => one.or(other).map(|version| version.to_string()),
    };
    if let Some(first) = first {
        let _ = write!(page, "\nSince API version {first}");
        if let Some(removed) = property.removed(Line::Stable) {
            let _ = write!(page, ", gone in {removed}");
        }
        page.push('\n');
    }
    let known = ty.api_versions().contains(version).then_some(version);
    let _ = write!(page, "\n[Reference]({})", schema::reference_url(ty, known));
    page
}

/// Whether a property still works but should not be used any more: it is gone in the newest version.
pub(crate) fn is_deprecated(property: Property) -> bool {
    property.removed(Line::Stable).is_some()
}

/// A value to start from, as a snippet: `$1`, `$2`, … are to be filled in. The second part: whether it is worth asking
/// again for what can be written there.
pub(crate) fn skeleton(property: Property, language: Language) -> (String, bool) {
    let mut stop = 0;
    skeleton_of(property, language, 0, &mut stop)
}

fn skeleton_of(property: Property, language: Language, depth: usize, stop: &mut usize) -> (String, bool) {
    let quote = if language == Language::Json { '"' } else { '\'' };
    let mut next = || {
        *stop += 1;
        *stop
    };
    let tabs = "\t".repeat(depth);
    match property.ty() {
        Type::Object(object) => {
            let required: Vec<Property> =
                object.properties().filter(|inner| inner.required() && !inner.read_only()).collect();
            if required.is_empty() || depth >= 3 {
                return (format!("{{\n{tabs}\t${}\n{tabs}}}", next()), true);
            }
            let comma = if language == Language::Json { "," } else { "" };
            let members: Vec<String> = required
                .into_iter()
                .map(|inner| {
                    let value = skeleton_of(inner, language, depth + 1, stop).0;
                    format!("{tabs}\t{}: {value}", key(inner.name(), language))
                })
                .collect();
            (format!("{{\n{}\n{tabs}}}", members.join(&format!("{comma}\n"))), false)
        }
        Type::Map(_) => (format!("{{\n{tabs}\t${}\n{tabs}}}", next()), true),
        Type::Array(element) if matches!(element.ty(), Type::Object(_)) => {
            let inner = skeleton_of(element, language, depth + 1, stop).0;
            (format!("[\n{tabs}\t{inner}\n{tabs}]"), false)
        }
        Type::Array(_) => (format!("[\n{tabs}\t${}\n{tabs}]", next()), true),
        Type::Enum(values) => {
            let all: Vec<&str> = values.values().collect();
            match all.as_slice() {
                [only] if !values.is_open() => (format!("{quote}{only}{quote}"), false),
                _ => (format!("{quote}${}{quote}", next()), true),
            }
        }
        Type::String(_) => (format!("{quote}${}{quote}", next()), false),
        Type::Bool => (format!("${{{}:true}}", next()), false),
        Type::Int(_) | Type::Any => (format!("${}", next()), false),
    }
}

/// A key as it is written.
pub(crate) fn key(name: &str, language: Language) -> String {
    let plain = name
        .bytes()
        .enumerate()
        .all(|(at, byte)| byte.is_ascii_alphabetic() || byte == b'_' || (at > 0 && byte.is_ascii_digit()));
    match language {
        Language::Json => format!("\"{name}\""),
        _ if plain && !name.is_empty() => name.to_owned(),
        _ => format!("'{name}'"),
    }
}
