//! What rules about `az` command lines are given, and how they mend them.
//!
//! Edits are made in the document around the script: escaped as its strings are escaped, with its own line continuations.

#[cfg(test)]
mod slips;

use std::path::Path;

use syntax::{TextEdit, TextRange, TextSize};
use template::Evaluator;
use template::aks::{Cluster, IdentityBlock, Kind};
use template::az_command::{AzCommand, Flag as AzFlag, Value};
use template::scripts::AzScript;
use template::workspace::{FileId, Location, SourceFile, Workspace};

use crate::{Applicability, FileEdit, Fix};

/// A call of `az` in a file.
pub struct CommandAt<'a> {
    /// All files.
    pub workspace: &'a Workspace,
    /// The file it is in.
    pub file: FileId,
    /// That file.
    pub source: &'a SourceFile,
    /// The script it is in.
    pub script: &'a AzScript,
    /// The call.
    pub command: &'a AzCommand,
}

/// The identity of a cluster that a template deploys.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ClusterKind {
    UserAssigned,
    SystemAssigned,
    /// Another one, none, or not always the same.
    Other,
}

impl<'a> CommandAt<'a> {
    /// Whether it is the command of that name, without `az`.
    pub(crate) fn is(&self, name: &str) -> bool {
        self.command.name == name
    }

    /// A range of the file.
    pub(crate) fn location(&self, range: TextRange) -> Location {
        Location { file: self.file, range }
    }

    /// The flag of that full name.
    pub(crate) fn flag(&self, name: &str) -> Option<&'a AzFlag> {
        self.command.flag(name)
    }

    /// Starts a fix.
    pub(crate) fn edit(&self) -> CommandEdit<'_, 'a> {
        CommandEdit { at: self, edits: Some(Vec::new()) }
    }

    /// The clusters that the script is likely to work on: those of the template it stands in, else those of templates in
    /// folders that belong together with its own.
    pub(crate) fn clusters(&self) -> Vec<(Location, ClusterKind)> {
        let mut found = Vec::new();
        for (id, file) in self.workspace.files() {
            let declares = file.template.as_ref().is_some_and(|template| template.cluster_count() > 0);
            let near = match self.source.template {
                Some(_) => id == self.file,
                None => belong_together(&self.source.path, &file.path),
            };
            if !declares || !near {
                continue;
            }
            let Some(eval) = Evaluator::new(self.workspace, id) else { continue };
            for resource in eval.clusters() {
                let cluster = Cluster::new(&eval, resource);
                found.push((cluster.header(), kind_of(&cluster)));
            }
        }
        found
    }

    /// The place of the cluster, when all the clusters it can be are user-assigned.
    pub(crate) fn user_assigned_cluster(&self) -> Option<Location> {
        let clusters = self.clusters();
        let all = clusters.iter().all(|(_, kind)| *kind == ClusterKind::UserAssigned);
        clusters.first().filter(|_| all).map(|(location, _)| *location)
    }
}

fn kind_of(cluster: &Cluster<'_, '_>) -> ClusterKind {
    let mut kinds = cluster.identities().iter().map(|case| match &case.value.block {
        IdentityBlock::Object { kind: Kind::UserAssigned, .. } => ClusterKind::UserAssigned,
        IdentityBlock::Object { kind: Kind::SystemAssigned, .. } => ClusterKind::SystemAssigned,
        _ => ClusterKind::Other,
    });
    let Some(first) = kinds.next() else { return ClusterKind::Other };
    if kinds.all(|kind| kind == first) { first } else { ClusterKind::Other }
}

/// Whether a script and a template belong together: one is in a folder below that of the other, or they are in folders
/// side by side of which one is for scripts or for templates.
pub fn belong_together(script: &Path, template: &Path) -> bool {
    const SCRIPTS: [&str; 9] =
        [".github", ".azuredevops", ".pipelines", "pipelines", "scripts", "script", "docs", "hack", "ci"];
    const TEMPLATES: [&str; 9] =
        ["infra", "infrastructure", "bicep", "arm", "templates", "deploy", "deployment", "iac", "modules"];
    let folders = |path: &Path| -> Vec<String> {
        let parent = path.parent().unwrap_or(Path::new(""));
        parent.components().map(|part| part.as_os_str().to_string_lossy().to_ascii_lowercase()).collect()
    };
    let (script, template) = (folders(script), folders(template));
    let common = script.iter().zip(&template).take_while(|(a, b)| a == b).count();
    let (own, other) = (&script[common..], &template[common..]);
    if own.len() > 2 || other.len() > 2 {
        return false;
    }
    match (own.first(), other.first()) {
        (Some(own), Some(other)) => SCRIPTS.contains(&own.as_str()) || TEMPLATES.contains(&other.as_str()),
        _ => true,
    }
}

/// The edits of a fix. An operation that cannot be done cleanly makes [`CommandEdit::fix`] give nothing.
#[must_use]
pub(crate) struct CommandEdit<'c, 'a> {
    at: &'c CommandAt<'a>,
    edits: Option<Vec<FileEdit>>,
}

impl CommandEdit<'_, '_> {
    /// Finishes it.
    pub(crate) fn fix(self, title: impl Into<String>, applicability: Applicability) -> Option<Fix> {
        let mut edits = self.edits?;
        edits.sort_by_key(|edit| (edit.file, edit.edit.range.start()));
        Some(Fix { title: title.into(), applicability, edits, copied: Vec::new() })
    }

    /// Another name for a flag.
    pub(crate) fn rename(self, flag: &AzFlag, name: &str) -> Self {
        self.write(flag.name_range, name)
    }

    /// Another text for a value.
    pub(crate) fn replace(self, value: &Value, text: &str) -> Self {
        self.write(value.range, text)
    }

    /// Takes a flag out, with its values and what separates it from the word in front of it.
    pub(crate) fn remove(self, flag: &AzFlag) -> Self {
        let from = self.end_before(flag.decoded.start());
        self.delete(from.map(|from| TextRange::new(from, flag.decoded.end())))
    }

    /// Takes a value out, with what separates it from the word in front of it.
    pub(crate) fn remove_value(self, value: &Value) -> Self {
        let from = self.end_before(value.decoded.start());
        self.delete(from.map(|from| TextRange::new(from, value.decoded.end())))
    }

    /// Takes out what a range of the script says.
    pub(crate) fn delete(mut self, decoded: Option<TextRange>) -> Self {
        let range = decoded.and_then(|decoded| self.at.script.fragment.to_source(decoded));
        self.push(range, Some(String::new()));
        self
    }

    /// A flag behind another one, on a line of its own where that one is.
    pub(crate) fn insert_after(mut self, flag: &AzFlag, text: &str) -> Self {
        let separator = self.separator(flag);
        let end = self.at.script.fragment.to_source(TextRange::empty(flag.decoded.end()));
        let text =
            self.at.script.fragment.encoding.encode(text).zip(separator).map(|(text, separator)| separator + &text);
        self.push(end, text);
        self
    }

    /// A flag behind everything else.
    pub(crate) fn append(self, text: &str) -> Self {
        match self.at.command.flags.last() {
            Some(last) => self.insert_after(last, text),
            None => Self { edits: None, ..self },
        }
    }

    /// Takes the whole command out with its lines, if nothing else is on them.
    pub(crate) fn delete_command(mut self) -> Self {
        let fragment = &self.at.script.fragment;
        let text = fragment.text.as_str();
        let decoded = self.at.command.decoded;
        let start = text[..usize::from(decoded.start())].rfind('\n').map_or(0, |at| at + 1);
        let end = text[usize::from(decoded.end())..].find('\n').map(|at| usize::from(decoded.end()) + at + 1);
        let range = end.filter(|_| self.at.command.alone).and_then(|end| {
            let range = TextRange::new(offset(start), offset(end));
            let range = fragment.to_source(range)?;
            // Indentation that belongs to what is around the script.
            let document = self.at.source.text.as_str();
            let before = &document[..usize::from(range.start())];
            let indent = before.len() - before.trim_end_matches([' ', '\t']).len();
            let at_line_start =
                before[..before.len() - indent].is_empty() || before[..before.len() - indent].ends_with('\n');
            let from = if at_line_start { range.start() - offset(indent) } else { range.start() };
            (at_line_start || indent == 0).then(|| TextRange::new(from, range.end()))
        });
        self.push(range, Some(String::new()));
        self
    }

    /// A change of another place: text as it is to be written.
    pub(crate) fn also(mut self, location: Location, text: String) -> Self {
        if let Some(edits) = &mut self.edits {
            edits.push(FileEdit { file: location.file, edit: TextEdit::replace(location.range, text) });
        }
        self
    }

    fn write(mut self, range: TextRange, text: &str) -> Self {
        let text = self.at.script.fragment.encoding.encode(text);
        self.push(Some(range), text);
        self
    }

    fn push(&mut self, range: Option<TextRange>, text: Option<String>) {
        match (&mut self.edits, range.zip(text)) {
            (Some(edits), Some((range, text))) => {
                edits.push(FileEdit { file: self.at.file, edit: TextEdit::replace(range, text) });
            }
            (edits, _) => *edits = None,
        }
    }

    /// The end of the word in front of an offset of the script.
    fn end_before(&self, offset: TextSize) -> Option<TextSize> {
        let words = &self.at.command.words;
        words.iter().map(|word| word.decoded.end()).take_while(|end| *end <= offset).last()
    }

    /// What separates flags, as it is written: a blank, or a continuation with the indentation of the next line.
    fn separator(&self, flag: &AzFlag) -> Option<String> {
        let fragment = &self.at.script.fragment;
        let between = TextRange::new(self.end_before(flag.decoded.start())?, flag.decoded.start());
        if !fragment.text[between].contains('\n') {
            return Some(" ".to_owned());
        }
        // Blanks and a continuation, and nothing that somebody put between.
        let plain = fragment.text[between].chars().all(|c| c.is_whitespace() || matches!(c, '\\' | '`' | '^'));
        let written = fragment.to_source(between)?;
        Some(if plain { self.at.source.text.slice(written).to_owned() } else { " ".to_owned() })
    }
}

/// The last name in a query: `clientId` of `[0].clientId`.
pub(crate) fn queried(query: &str) -> &str {
    let query = query.trim().trim_matches(['\'', '"']);
    let query = query.split('|').next().unwrap_or_default().trim();
    query.rsplit('.').next().unwrap_or_default().trim_matches(['\'', '"', '`', '[', ']'])
}

fn offset(bytes: usize) -> TextSize {
    TextSize::try_from(bytes).expect("a text is never larger than 4 GiB")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scripts_belong_to_templates_around_them() {
        let near = |script: &str, template: &str| belong_together(Path::new(script), Path::new(template));
        assert!(near("deploy.sh", "main.bicep"));
        assert!(near(".github/workflows/a.yml", "infra/aks.bicep"));
        assert!(near("app/README.md", "app/infra/modules/aks.bicep"));
        assert!(!near("one/deploy.sh", "other/main.bicep"));
        assert!(!near("a/b/c/d.sh", "main.bicep"));
    }

    #[test]
    fn queries_end_in_a_name() {
        assert_eq!(queried("[0].clientId"), "clientId");
        assert_eq!(queried("'id'"), "id");
        assert_eq!(queried("identity.principalId"), "principalId");
    }
}
