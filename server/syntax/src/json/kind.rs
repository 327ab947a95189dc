//! Telling templates from other JSON files without parsing them.

use memchr::{memchr, memchr2, memmem};

/// What a JSON file is to us.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TemplateKind {
    /// An ARM template for any scope.
    Template,
    /// A parameter file for one.
    Parameters,
    /// Anything else.
    Other,
}

/// What a JSON file is, by its top-level names: the `$schema` decides if there is one, else what an ARM template cannot
/// do without. One linear pass that stops as soon as it knows; `text` may be broken or have comments.
pub fn looks_like_template(text: &str) -> TemplateKind {
    let bytes = text.as_bytes();
    // Every template and parameter file has one of these words, most other files have none, and looking is cheap.
    let words = ["eployment", "EPLOYMENT", "contentVersion", "icrosoft."];
    if !words.iter().any(|word| memmem::find(bytes, word.as_bytes()).is_some()) {
        return TemplateKind::Other;
    }
    let mut seen = Seen::default();
    match scan(bytes, &mut seen) {
        Some(kind) => kind,
        None if seen.resources && (seen.content_version || seen.azure_type) => TemplateKind::Template,
        None if seen.content_version && seen.parameters && !seen.resources => TemplateKind::Parameters,
        None => TemplateKind::Other,
    }
}

#[derive(Default)]
#[expect(clippy::struct_excessive_bools, reason = "independent facts, not states of one thing")]
struct Seen {
    resources: bool,
    parameters: bool,
    content_version: bool,
    /// A resource with a type like `Microsoft.Network/virtualNetworks`.
    azure_type: bool,
}

fn scan(bytes: &[u8], seen: &mut Seen) -> Option<TemplateKind> {
    // Only the root being an object counts.
    let mut depth = 0_usize;
    let mut at = 0;
    let mut in_resources = false;
    while let Some(&byte) = bytes.get(at) {
        at += 1;
        match byte {
            b'[' if depth == 0 => return Some(TemplateKind::Other),
            b'{' | b'[' => depth += 1,
            b'}' | b']' => {
                depth = depth.saturating_sub(1);
                in_resources &= depth > 1;
            }
            b'/' if bytes.get(at) == Some(&b'/') => at += memchr2(b'\n', b'\r', &bytes[at..])?,
            b'/' if bytes.get(at) == Some(&b'*') => at += 1 + memmem::find(&bytes[at + 1..], b"*/")? + 2,
            b'"' => {
                let end = string_end(bytes, at);
                let name = &bytes[at..end];
                at = (end + 1).min(bytes.len());
                if depth == 1 || (depth == 3 && in_resources && name.eq_ignore_ascii_case(b"type")) {
                    let Some(value) = value_after(bytes, at) else { continue };
                    if depth == 3 {
                        seen.azure_type |= string_at(bytes, value).is_some_and(is_azure_type);
                    } else if name.eq_ignore_ascii_case(b"$schema") {
                        let schema = string_at(bytes, value)?;
                        return Some(by_schema(schema));
                    } else if name.eq_ignore_ascii_case(b"resources") {
                        in_resources = matches!(bytes.get(value), Some(b'[' | b'{'));
                        seen.resources |= in_resources;
                    } else if name.eq_ignore_ascii_case(b"parameters") {
                        seen.parameters |= bytes.get(value) == Some(&b'{');
                    } else if name.eq_ignore_ascii_case(b"contentVersion") {
                        seen.content_version |= string_at(bytes, value).is_some();
                    }
                    // A value is not taken for a name.
                    at = if bytes.get(value) == Some(&b'"') {
                        (string_end(bytes, value + 1) + 1).min(bytes.len())
                    } else {
                        value
                    };
                }
            }
            _ => {}
        }
    }
    None
}

fn by_schema(schema: &[u8]) -> TemplateKind {
    let schema = schema.to_ascii_lowercase();
    if memmem::find(&schema, b"deploymenttemplate.json").is_some() {
        TemplateKind::Template
    } else if memmem::find(&schema, b"deploymentparameters.json").is_some() {
        TemplateKind::Parameters
    } else {
        TemplateKind::Other
    }
}

fn is_azure_type(value: &[u8]) -> bool {
    const PREFIX: &[u8] = b"Microsoft.";
    value.get(..PREFIX.len()).is_some_and(|start| start.eq_ignore_ascii_case(PREFIX)) && memchr(b'/', value).is_some()
}

/// The offset of the closing quote of the string whose content starts at `from`, or the end of the text.
fn string_end(bytes: &[u8], mut from: usize) -> usize {
    while let Some(found) = bytes.get(from..).and_then(|rest| memchr2(b'"', b'\\', rest)) {
        from += found;
        if bytes[from] == b'"' {
            return from;
        }
        from += 2;
    }
    bytes.len()
}

/// Where the value behind a name starts; `None` if there is no colon.
fn value_after(bytes: &[u8], at: usize) -> Option<usize> {
    let blanks = |at: usize| at + bytes[at..].iter().take_while(|byte| byte.is_ascii_whitespace()).count();
    let colon = blanks(at);
    (bytes.get(colon) == Some(&b':')).then(|| blanks(colon + 1))
}

fn string_at(bytes: &[u8], at: usize) -> Option<&[u8]> {
    (bytes.get(at) == Some(&b'"')).then(|| &bytes[at + 1..string_end(bytes, at + 1)])
}

#[cfg(test)]
mod tests {
    use super::TemplateKind::{Other, Parameters, Template};
    use super::*;

    #[test]
    fn knows_templates_of_every_scope_by_their_schema() {
        for name in ["deployment", "subscriptionDeployment", "managementGroupDeployment", "tenantDeployment"] {
            let schema = |what| format!("https://schema.management.azure.com/schemas/2019-08-01/{name}{what}.json#");
            let file =
                |what| format!("// note\n{{ \"x\": [1, {{\"$schema\": 1}}], \"$schema\": \"{}\" }}", schema(what));
            assert_eq!(looks_like_template(&file("Template")), Template);
            assert_eq!(looks_like_template(&file("Parameters")), Parameters);
        }
    }

    #[test]
    fn knows_templates_without_a_schema_by_their_resources() {
        assert_eq!(looks_like_template(r#"{"resources": [{"type": "Microsoft.Network/virtualNetworks"}]}"#), Template);
        assert_eq!(
            looks_like_template(r#"{"resources": {"a": {"Type": "microsoft.Network/x"}}} Microsoft."#),
            Template
        );
        assert_eq!(looks_like_template(r#"{"contentVersion": "1.0.0.0", /* " */ "resources": []}"#), Template);
        assert_eq!(
            looks_like_template(r#"{"parameters": {"a": {"value": 1}}, "contentVersion": "1.0.0.0"}"#),
            Parameters
        );
    }

    #[test]
    fn knows_a_template_that_is_being_typed() {
        let text =
            r#"{ "$schema": "https://schema.management.azure.com/schemas/2019-04-01/deploymentTemplate.json#", "res"#;
        assert_eq!(looks_like_template(text), Template);
    }

    #[test]
    fn leaves_other_files_alone() {
        let others = [
            "",
            "[]",
            "{",
            r#"{"name": "x", "scripts": {"deployment": "y"}, "resources": {}}"#,
            r#"{"$schema": "http://json-schema.org/draft-04/schema#", "id": "x/deploymentTemplate.json", "resources": []}"#,
            r#"{"$schema": "https://schema.management.azure.com/schemas/0.1.2-preview/CreateUIDefinition.MultiVm.json#"}"#,
            r#"{"version": 4, "resources": [{"type": "azurerm_x", "instances": [{"type": "Microsoft.Network/x"}]}]}"#,
            r#"[{"resources": [{"type": "Microsoft.Network/virtualNetworks"}], "contentVersion": "1"}]"#,
            r#"{"a": {"$schema": "https://schema.management.azure.com/schemas/2019-04-01/deploymentTemplate.json#"}}"#,
            r#"{"a": "contentVersion", "b": "resources", "c": "Microsoft.Network/x"}"#,
        ];
        for text in others {
            assert_eq!(looks_like_template(text), Other, "{text}");
        }
    }
}
