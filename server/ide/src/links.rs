//! Links in the text: paths of other files, resource types with a page.

use schema::ApiVersion;
use syntax::TextRange;
use template::model::ModuleSource;
use template::workspace::{FileId, Location};

use crate::View;

/// A link.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Link {
    /// What is to be clicked, in bytes.
    pub range: TextRange,
    /// Where it leads.
    pub target: LinkTarget,
    /// What is shown over it.
    pub tooltip: String,
}

/// Where a [`Link`] leads.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum LinkTarget {
    /// A file of the workspace.
    File(FileId),
    /// A page.
    Url(String),
    /// A declaration in a file of the workspace.
    Place(Location),
}

impl View<'_> {
    /// The links of the file, in the order of the text.
    pub fn links(&self) -> Vec<Link> {
        let Some(template) = self.template() else { return Vec::new() };
        let modules = template.modules.iter().filter_map(|module| match &module.source {
            ModuleSource::Path(path, range) => Some((path, *range)),
            _ => None,
        });
        let using = template.using.iter().map(|(path, range)| (path, *range));
        let imports =
            template.imports.iter().filter_map(|import| import.path.as_ref()).map(|(path, range)| (path, *range));
        let mut links: Vec<Link> = modules
            .chain(using)
            .chain(imports)
            .filter_map(|(path, range)| {
                let target = LinkTarget::File(self.file_of(self.file, path)?);
                Some(Link { range: inside_quotes(range), target, tooltip: "Open the file".to_owned() })
            })
            .collect();
        for resource in &template.resources {
            let Some(ty) = resource.resource_type.as_deref().and_then(schema::resource_type) else { continue };
            let version = resource.api_version.and_then(|version| match template.expr(version) {
                template::Expr::Str(text) => ApiVersion::parse(text),
                _ => None,
            });
            let version = version.filter(|version| ty.api_versions().contains(*version));
            let text = self.slice(resource.type_range);
            let range = if text.starts_with('"') { inside_quotes(resource.type_range) } else { resource.type_range };
            links.push(Link {
                range,
                target: LinkTarget::Url(schema::reference_url(ty, version)),
                tooltip: "Open the reference".to_owned(),
            });
        }
        links.extend(self.ids().into_iter().map(|(id, resource)| Link {
            range: id.whole,
            target: LinkTarget::Place(resource),
            tooltip: "Go to the resource".to_owned(),
        }));
        links.retain(|link| !link.range.is_empty());
        links.sort_by_key(|link| (link.range.start(), std::cmp::Reverse(link.range.end())));
        // An ID in an ID is one link.
        let mut end = syntax::TextSize::from(0);
        links.retain(|link| {
            let is_free = link.range.start() >= end;
            end = end.max(link.range.end());
            is_free
        });
        links
    }
}

fn inside_quotes(range: TextRange) -> TextRange {
    if range.len() < 2.into() {
        return range;
    }
    TextRange::new(range.start() + syntax::TextSize::from(1), range.end() - syntax::TextSize::from(1))
}
