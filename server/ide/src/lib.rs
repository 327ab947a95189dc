//! Answers in editor terms: completion, hover, navigation, symbols, hints. Byte ranges and no protocol types.
//!
//! [`View`] is a file of a workspace as an editor sees it; it has one method for each question. Completion finds out once
//! what the cursor is in and then asks small providers. All answers are pure functions of the workspace.

mod completion;
mod expressions;
mod facts;
mod folding;
mod functions;
mod grants;
mod hints;
mod hover;
mod lens;
mod links;
mod navigation;
mod scan;
mod selection;
mod signature;
mod symbols;
#[cfg(test)]
mod tests;
mod tokens;

use std::path::Path;

use syntax::{Language, SourceText, TextRange, TextSize};
use template::model::ModuleSource;
use template::workspace::{FileId, SourceFile, Workspace};
use template::{Evaluator, Template};

pub use completion::{Item, Kind, TRIGGERS, start};
pub use folding::Fold;
pub use hints::Hint;
pub use hover::Hover;
pub use lens::Lens;
pub use links::{Link, LinkTarget};
pub use navigation::{Occurrence, OccurrenceKind, RenameError};
pub use signature::{Signature, TRIGGERS as SIGNATURE_TRIGGERS};
pub use symbols::{Symbol, SymbolKind};
pub use tokens::{Token, TokenType};

/// A file of a workspace, to be asked about.
#[derive(Clone, Copy, Debug)]
pub struct View<'w> {
    workspace: &'w Workspace,
    file: FileId,
}

/// Says what is in a folder, for paths that are being written.
pub type Folder<'f> = dyn Fn(&Path) -> Vec<Entry> + 'f;

/// Something in a folder.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// Its name.
    pub name: String,
    /// It is a folder itself.
    pub is_folder: bool,
}

impl<'w> View<'w> {
    /// The view of that file.
    pub fn new(workspace: &'w Workspace, file: FileId) -> Self {
        Self { workspace, file }
    }

    /// What can be written at an offset, the best first. `folder` is asked for paths.
    pub fn completions(&self, offset: TextSize, folder: &Folder<'_>) -> Vec<Item> {
        completion::complete(self, offset, folder)
    }

    /// What there is to say about what stands at an offset.
    pub fn hover(&self, offset: TextSize) -> Option<Hover> {
        hover::hover(self, offset)
    }

    fn source(&self) -> &'w SourceFile {
        self.workspace.file(self.file)
    }

    fn text(&self) -> &'w SourceText {
        &self.source().text
    }

    fn language(&self) -> Option<Language> {
        self.source().language()
    }

    fn template(&self) -> Option<&'w Template> {
        self.source().template.as_ref()
    }

    /// The template whose names are seen at an offset: the file's, or one written inside it.
    fn template_at(&self, offset: TextSize) -> Option<&'w Template> {
        let mut template = self.template()?;
        loop {
            let inner = template.modules.iter().find_map(|module| match &module.source {
                ModuleSource::Inline { template, outer_scope: false } if module.range.contains(offset) => {
                    Some(template)
                }
                _ => None,
            });
            match inner {
                Some(inner) => template = inner,
                None => return Some(template),
            }
        }
    }

    /// Evaluates with this file as what is deployed.
    fn eval(&self) -> Option<Evaluator<'w>> {
        Evaluator::new(self.workspace, self.file)
    }

    fn slice(&self, range: TextRange) -> &'w str {
        self.source().text.slice(range)
    }
}
