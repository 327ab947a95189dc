//! Parameter files: which template each is for, and which of their values are worth believing.

use std::path::{Path, PathBuf};

use crate::model::{Assignment, TemplateKind};
use crate::paths::relative_to;
use crate::workspace::{FileId, SourceFile, Workspace};
use crate::{Expr, Template};

/// Names that parameter files of any name go with.
const USUAL: [&str; 5] = ["azuredeploy", "main", "mainTemplate", "template", "deploy"];
/// Words in the names of parameter files.
const WORDS: [&str; 4] = ["parameters", "parameter", "params", "param"];

/// Where the template of a parameter file may be, the likeliest first: what `using` says, or templates beside it that are
/// named like it. Empty for everything but parameter files.
pub fn candidates(file: &SourceFile) -> Vec<PathBuf> {
    let Some(template) = file.template.as_ref().filter(|template| template.kind == TemplateKind::Parameters) else {
        return Vec::new();
    };
    if let Some((path, _)) = &template.using {
        return relative_to(&file.path, path).into_iter().collect();
    }
    // Without `using` a `.bicepparam` file is for no template.
    if file.language() != Some(syntax::Language::Json) {
        return Vec::new();
    }
    let (Some(name), folder) = (file.path.file_stem(), file.path.parent().unwrap_or(Path::new(""))) else {
        return Vec::new();
    };
    let stems = stems(&name.to_string_lossy());
    let is_word = |name: &std::ffi::OsStr| WORDS.iter().any(|word| name.eq_ignore_ascii_case(word));
    let above = folder.file_name().filter(|name| is_word(name)).and_then(|_| folder.parent());
    let folders = [Some(folder), above].into_iter().flatten();
    let named = folders.flat_map(|folder| {
        stems.iter().flat_map(move |stem| ["json", "bicep"].map(|kind| folder.join(format!("{stem}.{kind}"))))
    });
    named.filter(|path| *path != file.path).collect()
}

/// What the template of a parameter file of that name is called: `main` for `main.dev.parameters`.
fn stems(name: &str) -> Vec<String> {
    let is_word = |part: &&str| WORDS.iter().any(|word| part.eq_ignore_ascii_case(word));
    let parts: Vec<&str> = name.split(['.', '-', '_']).collect();
    if !parts.iter().any(is_word) {
        return Vec::new();
    }
    let rest: Vec<&str> = name.split('.').filter(|part| !is_word(part)).collect();
    let mut stems = Vec::new();
    for length in (1..=rest.len()).rev() {
        let stem = rest[..length].join(".");
        let short = WORDS.iter().find_map(|word| stem.strip_suffix(word)?.strip_suffix(['-', '_']));
        stems.push(short.unwrap_or(&stem).to_owned());
    }
    let is_usual = rest.first().is_none_or(|first| USUAL.contains(first)) || is_word(&parts[0]);
    if is_usual {
        stems.extend(USUAL.map(str::to_owned).into_iter().filter(|usual| !rest.contains(&usual.as_str())));
    }
    stems
}

/// The templates that a parameter file is for, among those at hand: each declares all parameters that are assigned.
pub fn templates(workspace: &Workspace, file: FileId) -> Vec<FileId> {
    let source = workspace.file(file);
    let Some(values) = &source.template else { return Vec::new() };
    let fits = |template: &Template| {
        template.kind == TemplateKind::Deployment
            && values.assignments.iter().all(|assignment| template.parameter(&assignment.name.name).is_some())
    };
    let found = candidates(source).into_iter().filter_map(|path| workspace.file_at(&path));
    found.filter(|&file| workspace.file(file).template.as_ref().is_some_and(fits)).collect()
}

/// Whether a value says what will be deployed: not null, empty or a placeholder, which as a rule wait for somebody to fill
/// them in or to give another value on the command line.
pub(crate) fn is_given(values: &Template, assignment: &Assignment) -> bool {
    match values.expr(assignment.value) {
        Expr::Null => false,
        Expr::Str(text) => !text.trim().is_empty() && !is_placeholder(text),
        _ => !assignment.key_vault,
    }
}

/// Whether a text stands for something that the reader, or a pipeline, is to fill in.
pub fn is_placeholder(text: &str) -> bool {
    let lower = text.to_ascii_lowercase();
    text.contains(['<', '>', '[', ']', '{', '}', '\u{2026}', '*', '%', '$', '#', '@', '\u{fffc}'])
        || text.contains("...")
        || text.contains("__")
        || ["xxx", "your-", "your_", "changeme", "change-me", "replace", "todo", "placeholder", "example"]
            .iter()
            .any(|word| lower.contains(word))
        || (text.chars().any(|c| c.is_ascii_uppercase())
            && !text.chars().any(|c| c.is_ascii_lowercase())
            && !text.contains('/'))
        || lower == "00000000-0000-0000-0000-000000000000"
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use syntax::SourceText;

    use super::*;

    fn templates_of(files: &[(&str, &str)]) -> Vec<String> {
        let file = |&(path, text): &(&str, &str)| Arc::new(SourceFile::parse(path, SourceText::new(text)));
        let workspace = Workspace::new(files.iter().map(file).collect());
        let found = templates(&workspace, FileId(0));
        found.iter().map(|&file| workspace.file(file).path.to_string_lossy().into_owned()).collect()
    }

    const VALUES: &str = r#"{
  "$schema": "https://schema.management.azure.com/schemas/2019-04-01/deploymentParameters.json#",
  "parameters": { "name": { "value": "shop" } }
}"#;
    const TEMPLATE: &str =
        "param name string\nresource a 'Microsoft.Authorization/locks@2020-05-01' = { name: name }\n";

    #[test]
    fn parameter_files_are_named_like_their_templates() {
        let found = |values, template| templates_of(&[(values, VALUES), (template, TEMPLATE)]).len();
        for (values, template) in [
            ("a/main.parameters.json", "a/main.bicep"),
            ("a/aks.dev.parameters.json", "a/aks.bicep"),
            ("a/aks.parameters.dev.json", "a/aks.bicep"),
            ("a/aks-parameters.json", "a/aks.bicep"),
            ("a/parameters.json", "a/template.bicep"),
            ("a/parameters.prod.json", "a/main.bicep"),
            ("azuredeploy.parameters.json", "main.bicep"),
            ("a/parameters/aks.parameters.json", "a/aks.bicep"),
        ] {
            assert_eq!(found(values, template), 1, "{values} is for {template}");
        }
        for (values, template) in [
            ("a/main.parameters.json", "b/main.bicep"),
            ("a/aks.parameters.json", "a/main.bicep"),
            ("a/settings.json", "a/main.bicep"),
            ("a/dev/main.parameters.json", "a/main.bicep"),
        ] {
            assert_eq!(found(values, template), 0, "{values} is not known to be for {template}");
        }
    }

    #[test]
    fn using_names_the_template() {
        let using = |line: &str| templates_of(&[("env/dev.bicepparam", line), ("main.bicep", TEMPLATE)]).len();
        assert_eq!(using("using '../main.bicep'\nparam name = 'shop'\n"), 1);
        assert_eq!(using("using none\nparam name = 'shop'\n"), 0);
        assert_eq!(using("using '../other.bicep'\nparam name = 'shop'\n"), 0);
    }

    #[test]
    fn a_file_that_assigns_something_else_is_for_something_else() {
        let other = VALUES.replace("name", "names");
        assert!(templates_of(&[("main.parameters.json", &other), ("main.bicep", TEMPLATE)]).is_empty());
    }

    #[test]
    fn placeholders_are_no_values() {
        for text in ["<id>", "GEN-UNIQUE", "#{id}#", "your-identity", "__id__", "xxxx-xxxx", "$(id)", "changeme"] {
            assert!(is_placeholder(text), "{text}");
        }
        for text in ["shop", "msi", "/subscriptions/1/resourceGroups/RG/providers/A.B/c/D", "UserAssigned"] {
            assert!(!is_placeholder(text), "{text}");
        }
    }
}
