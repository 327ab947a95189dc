//! What a file refers to: modules, imports, the template of a parameter file, content that is loaded.

use std::path::PathBuf;

use memchr::memmem;
use rustc_hash::{FxHashMap, FxHashSet};

use crate::expr::Expr;
use crate::model::ModuleSource;
use crate::parameters;
use crate::paths::relative_to;
use crate::workspace::{ModuleCache, SourceFile};
use crate::{Name, Template};

/// A file that another one refers to. It need not be there.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Reference {
    /// Its path, as far as the path of the file that refers to it is known: without `.` and `..`.
    pub path: PathBuf,
    /// What it is wanted for.
    pub kind: ReferenceKind,
}

/// What a file is wanted for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ReferenceKind {
    /// For what it declares.
    Template,
    /// For its content, whatever it is.
    Content,
}

/// All that a file refers to.
#[derive(Debug, Default)]
pub(crate) struct References {
    /// Each file once for each thing it is wanted for.
    pub(crate) files: Vec<Reference>,
    /// The modules of registries by what is written, with where they are on this machine if there is a cache.
    pub(crate) in_registries: FxHashMap<Box<str>, Option<PathBuf>>,
}

/// Whether a reference names something in a registry, or a template spec, and no path.
pub fn is_registry(reference: &str) -> bool {
    ["br:", "br/", "ts:", "ts/", "/subscriptions/"].iter().any(|start| reference.starts_with(start))
}

/// The functions that give the content of a file, in lower case.
const LOADING: [&str; 3] = ["loadtextcontent", "loadjsoncontent", "loadyamlcontent"];

/// What that file refers to. Modules of registries are where the cache says.
pub(crate) fn of(file: &SourceFile, cache: Option<&dyn ModuleCache>) -> References {
    let Some(template) = &file.template else { return References::default() };
    let mut templates = Vec::new();
    templates.extend(template.using.iter().map(|(path, _)| &**path));
    templates.extend(template.imports.iter().filter_map(|import| import.path.as_ref()).map(|(path, _)| &**path));
    modules(template, &mut templates);
    let (in_registries, beside): (Vec<&str>, Vec<&str>) = templates.into_iter().partition(|path| is_registry(path));
    let in_registries: FxHashMap<Box<str>, Option<PathBuf>> = in_registries
        .into_iter()
        .map(|reference| (reference.into(), cache.and_then(|cache| cache.path(&file.path, reference))))
        .collect();
    let templates = beside.into_iter().filter_map(|path| relative_to(&file.path, path));
    let mut modules: Vec<PathBuf> = in_registries.values().flatten().cloned().collect();
    modules.sort_unstable();
    let templates = templates.chain(parameters::candidates(file)).chain(modules);
    let contents = loaded(file, template).filter_map(|path| relative_to(&file.path, path));
    let mut seen: FxHashSet<Reference> = FxHashSet::default();
    let all = templates
        .map(|path| Reference { path, kind: ReferenceKind::Template })
        .chain(contents.map(|path| Reference { path, kind: ReferenceKind::Content }));
    let files = all.filter(|reference| reference.path != file.path && seen.insert(reference.clone()));
    References { files: files.collect(), in_registries }
}

/// The paths and names of modules, those of nested templates too.
fn modules<'t>(template: &'t Template, into: &mut Vec<&'t str>) {
    for module in &template.modules {
        match &module.source {
            ModuleSource::Path(path, _) | ModuleSource::Registry(path, _) => into.push(path),
            ModuleSource::Inline { template, .. } => modules(template, into),
            ModuleSource::Unknown => {}
        }
    }
}

/// The paths of files whose content is loaded.
fn loaded<'t>(file: &SourceFile, template: &'t Template) -> impl Iterator<Item = &'t str> {
    // Every expression would have to be looked at, and next to no file has one of these calls.
    let any = memmem::find(file.text.as_str().as_bytes(), b"Content(").is_some();
    let exprs = any.then(|| template.exprs.iter()).into_iter().flatten();
    exprs.filter_map(|(_, expr)| match expr {
        Expr::Call(call) if is_loading(&call.function) => match template.expr(*call.arguments.first()?) {
            Expr::Str(path) => Some(&**path),
            _ => None,
        },
        _ => None,
    })
}

fn is_loading(function: &Name) -> bool {
    LOADING.iter().any(|name| *function == **name)
}

#[cfg(test)]
mod tests {
    use syntax::SourceText;

    use super::*;

    #[test]
    fn every_way_of_naming_a_file_counts() {
        let references = |path: &str, text: &str| {
            let file = SourceFile::parse(path, SourceText::new(text));
            let shown = file.references().iter().map(|one| format!("{} {:?}", one.path.display(), one.kind));
            shown.collect::<Vec<_>>()
        };
        let bicep = "import { a } from '../shared.bicep'
import * as types from './types.bicep'
module one 'm/one.bicep' = { name: 'one' }
module again './m/one.bicep' = { name: 'again' }
module self 'main.bicep' = { name: 'self' }
module registry 'br/public:avm/res/a:1' = { name: 'registry' }
var text = loadTextContent('run.sh')
var data = { deep: [loadJsonContent('data.json', '$.a')] }
var more = loadYamlContent('data.yaml')
";
        assert_eq!(
            references("a/main.bicep", bicep),
            [
                "shared.bicep Template",
                "a/types.bicep Template",
                "a/m/one.bicep Template",
                "a/run.sh Content",
                "a/data.json Content",
                "a/data.yaml Content",
            ]
        );
        let parameters = "using 'main.bicep'\nextends '../base.bicepparam'\nparam a = loadJsonContent('a.json')\n";
        assert_eq!(
            references("p/dev.bicepparam", parameters),
            ["p/main.bicep Template", "base.bicepparam Template", "p/a.json Content"]
        );
        let json = r#"{ "$schema": "https://schema.management.azure.com/schemas/2019-04-01/deploymentTemplate.json#",
  "resources": [ { "type": "Microsoft.Resources/deployments", "name": "a", "apiVersion": "2022-09-01",
    "properties": { "template": { "resources": [
      { "type": "Microsoft.Resources/deployments", "name": "b", "apiVersion": "2022-09-01",
        "properties": { "templateLink": { "relativePath": "nested/b.json" } } } ] } } } ] }"#;
        assert_eq!(references("a/main.json", json), ["a/nested/b.json Template"]);
    }
}
