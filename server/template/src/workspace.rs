//! The files that are looked at together.

use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};

use rustc_hash::{FxHashMap, FxHashSet};
use syntax::carriers::Carrier;
use syntax::json::{TemplateKind, looks_like_template};
use syntax::{Language, SourceText, SyntaxError, SyntaxTree};
use text_size::TextRange;

use crate::Template;
use crate::avm;
use crate::lower::{lower_after, lower_json_data, lower_with_errors, lower_yaml_data};
use crate::paths::relative_to;
use crate::references::{self, Reference, References, is_registry};
use crate::scripts::{self, AzScript};

/// One file, parsed and lowered. Immutable: an edit makes a new one.
#[derive(Debug)]
pub struct SourceFile {
    /// As the user named it; relative paths stay relative.
    pub path: PathBuf,
    /// The text.
    pub text: SourceText,
    /// What the parser had to guess, in the order of the text. Empty for JSON that is no template: what it should be is
    /// not known.
    pub syntax_errors: Vec<SyntaxError>,
    /// What it declares; `None` when it is no template (any other JSON file).
    pub template: Option<Template>,
    kind: Kind,
    /// Empty where it was let go of.
    tree: OnceLock<Option<SyntaxTree>>,
    scripts: OnceLock<Vec<AzScript>>,
    references: OnceLock<References>,
    cache: Option<Arc<dyn ModuleCache>>,
    stands_in: bool,
    json: OnceLock<Option<Box<Template>>>,
    yaml: OnceLock<Option<Box<Template>>>,
}

/// Knows where modules of registries are kept on this machine.
pub trait ModuleCache: std::fmt::Debug + Send + Sync {
    /// The file that a reference such as `br/public:avm/res/a/b:1.0.0` in a file means. It need not be there.
    fn path(&self, file: &Path, reference: &str) -> Option<PathBuf>;
}

/// What a file is.
#[derive(Clone, Copy, Debug)]
enum Kind {
    Template(Language),
    Carrier(Carrier),
    Content,
}

/// How to read a content.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Format {
    Json,
    Yaml,
}

impl SourceFile {
    /// Parses and lowers a text. The language is that of the path's extension; a script, a pipeline or a page of Markdown
    /// is kept as it is.
    pub fn parse(path: impl Into<PathBuf>, text: SourceText) -> Self {
        let path = path.into();
        if let Some(carrier) = carrier_of(&path) {
            return Self::carrying(path, text, carrier);
        }
        let language = language_of(&path);
        let is_other = language == Language::Json && looks_like_template(text.as_str()) == TemplateKind::Other;
        if is_other {
            return Self::without_tree(path, text, Kind::Template(language));
        }
        Self::from_tree(path, syntax::parse(language, text))
    }

    /// Lowers a text that is parsed already. The language is that of the tree, whatever the path says.
    pub fn from_tree(path: impl Into<PathBuf>, tree: SyntaxTree) -> Self {
        let lowered = lower_with_errors(&tree);
        Self::lowered(path.into(), tree, lowered)
    }

    /// The same of a text that was another one before: of what that was lowered to, as much as possible is taken over.
    pub fn from_edited_tree(before: Arc<Self>, tree: SyntaxTree) -> Self {
        let path = before.path.clone();
        let old_tree = before.tree.get().cloned().flatten();
        // What is still needed elsewhere is copied.
        let template = Arc::try_unwrap(before).map_or_else(|before| before.template.clone(), |before| before.template);
        let lowered = match (template, old_tree) {
            (Some(template), Some(old_tree)) => lower_after(template, &old_tree, &tree),
            _ => lower_with_errors(&tree),
        };
        Self::lowered(path, tree, lowered)
    }

    fn lowered(path: PathBuf, tree: SyntaxTree, lowered: (Option<Template>, Vec<SyntaxError>)) -> Self {
        let (template, errors) = lowered;
        let syntax_errors = if template.is_some() { errors } else { Vec::new() };
        let (text, language) = (tree.text().clone(), tree.language());
        let kind = Kind::Template(language);
        let tree = OnceLock::from(Some(tree));
        Self { syntax_errors, template, tree, ..Self::without_tree(path, text, kind) }
    }

    /// The same without its tree, which is many times the size of the text: parsed again should somebody ask for it. For who
    /// has thousands of files at hand, of which hardly any is asked.
    #[must_use]
    pub fn letting_go_of_tree(self) -> Self {
        Self { tree: if self.has_tree() { OnceLock::new() } else { self.tree }, ..self }
    }

    /// Its tree; `None` for JSON that is no template, which is not worth parsing, and for scripts and what carries them.
    pub fn tree(&self) -> Option<&SyntaxTree> {
        let parse = || self.language().map(|language| syntax::parse(language, self.text.clone()));
        self.tree.get_or_init(parse).as_ref()
    }

    /// Whether there is a tree, at hand or not.
    pub fn has_tree(&self) -> bool {
        self.tree.get().is_none_or(Option::is_some)
    }

    /// A file of which only the content matters, whatever it is: another one loads it.
    pub fn content(path: impl Into<PathBuf>, text: SourceText) -> Self {
        Self::without_tree(path.into(), text, Kind::Content)
    }

    /// A file that carries scripts, whatever the path says.
    pub fn carrying(path: impl Into<PathBuf>, text: SourceText, carrier: Carrier) -> Self {
        Self::without_tree(path.into(), text, Kind::Carrier(carrier))
    }

    /// The same file with another text; what it is stays, whatever its name says.
    #[must_use]
    pub fn with_text(&self, text: SourceText) -> Self {
        let file = match self.kind {
            Kind::Template(language) => Self::from_tree(self.path.clone(), syntax::parse(language, text)),
            Kind::Carrier(carrier) => Self::carrying(self.path.clone(), text, carrier),
            Kind::Content => Self::content(self.path.clone(), text),
        };
        Self { cache: self.cache.clone(), ..file }
    }

    /// The same file, its modules of registries looked for in that cache.
    #[must_use]
    pub fn with_cache(self, cache: &Arc<dyn ModuleCache>) -> Self {
        Self { cache: Some(cache.clone()), references: OnceLock::new(), ..self }
    }

    fn without_tree(path: PathBuf, text: SourceText, kind: Kind) -> Self {
        Self {
            path,
            text,
            tree: OnceLock::from(None),
            syntax_errors: Vec::new(),
            template: None,
            kind,
            scripts: OnceLock::new(),
            references: OnceLock::new(),
            cache: None,
            stands_in: false,
            json: OnceLock::new(),
            yaml: OnceLock::new(),
        }
    }

    /// Something of our own that stands for a module that is not at hand.
    pub(crate) fn standing_in(name: &str, text: &str) -> Self {
        let tree = syntax::parse(Language::Bicep, SourceText::new(text));
        Self { stands_in: true, ..Self::from_tree(name, tree) }
    }

    /// Whether it stands for a module that is not at hand: nobody can open it.
    pub fn stands_in(&self) -> bool {
        self.stands_in
    }

    /// The language of a template; `None` for anything else.
    pub fn language(&self) -> Option<Language> {
        match self.kind {
            Kind::Template(language) => Some(language),
            Kind::Carrier(_) | Kind::Content => None,
        }
    }

    /// How it carries scripts, if it is no template.
    pub fn carrier(&self) -> Option<Carrier> {
        match self.kind {
            Kind::Template(_) | Kind::Content => None,
            Kind::Carrier(carrier) => Some(carrier),
        }
    }

    /// The files it refers to. Found when first asked for.
    pub fn references(&self) -> &[Reference] {
        &self.all_references().files
    }

    /// The modules of registries it names, with their files if there is a cache that knows them.
    fn in_registries(&self) -> &FxHashMap<Box<str>, Option<PathBuf>> {
        &self.all_references().in_registries
    }

    fn all_references(&self) -> &References {
        self.references.get_or_init(|| references::of(self, self.cache.as_deref()))
    }

    /// The path of what a reference in this file means, in a registry or beside it. Nothing need be there.
    pub fn path_of(&self, reference: &str) -> Option<PathBuf> {
        if is_registry(reference) {
            self.in_registries().get(reference)?.clone()
        } else {
            relative_to(&self.path, reference)
        }
    }

    /// Its content read as JSON or YAML: a template whose only variable is the whole of it. `None` when it is neither.
    pub(crate) fn data(&self, format: Format) -> Option<&Template> {
        let (read, lower): (_, fn(&SourceText) -> Option<Template>) = match format {
            Format::Json => (&self.json, lower_json_data),
            Format::Yaml => (&self.yaml, lower_yaml_data),
        };
        read.get_or_init(|| lower(&self.text).map(Box::new)).as_deref()
    }

    /// The scripts in it that call `az`: the file itself, code blocks, steps, strings and comments. Read when first asked for;
    /// a file without such a call costs one scan of its text.
    pub fn scripts(&self) -> &[AzScript] {
        self.scripts.get_or_init(|| scripts::scripts(self))
    }
}

/// How a file of that name carries scripts, if it does.
pub fn carrier_of(path: &Path) -> Option<Carrier> {
    Carrier::of_path(path.to_str()?)
}

/// The language of a file, by its extension: Bicep and Bicep parameter files by theirs, everything else is JSON.
pub fn language_of(path: &Path) -> Language {
    let extension = path.extension().unwrap_or_default();
    if extension.eq_ignore_ascii_case("bicep") {
        Language::Bicep
    } else if extension.eq_ignore_ascii_case("bicepparam") {
        Language::BicepParam
    } else {
        Language::Json
    }
}

/// A file of a [`Workspace`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct FileId(pub u32);

/// A place in a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Location {
    /// The file.
    pub file: FileId,
    /// In bytes of that file's text.
    pub range: TextRange,
}

/// Files that may refer to each other, each a snapshot.
#[derive(Clone, Debug, Default)]
pub struct Workspace {
    files: Vec<Arc<SourceFile>>,
    /// In a folder of thousands, every reference to a module would look at every file.
    by_path: Arc<FxHashMap<PathBuf, FileId>>,
    /// What stands for the registry's module for clusters where that is not at hand.
    stand_in: Option<FileId>,
    /// Modules of registries: who deploys them cannot change them.
    foreign: Arc<FxHashSet<FileId>>,
}

impl Workspace {
    /// A workspace of these files; their ids count from 0 in this order.
    pub fn new(mut files: Vec<Arc<SourceFile>>) -> Self {
        let mut by_path = FxHashMap::default();
        for (id, file) in (0..).map(FileId).zip(&files) {
            by_path.entry(file.path.clone()).or_insert(id);
        }
        let modules = files.iter().flat_map(|file| file.in_registries().iter());
        let mut foreign: FxHashSet<FileId> =
            modules.filter_map(|(_, path)| by_path.get(path.as_ref()?).copied()).collect();
        let is_wanted = files.iter().flat_map(|file| file.in_registries().keys()).any(|name| avm::is_cluster(name));
        let stand_in = u32::try_from(files.len()).ok().filter(|_| is_wanted).map(FileId);
        if let Some(id) = stand_in {
            files.push(avm::cluster());
            foreign.insert(id);
        }
        Self { files, by_path: Arc::new(by_path), stand_in, foreign: Arc::new(foreign) }
    }

    /// The same files, the first ones in other versions.
    #[must_use]
    pub fn with_files(&self, files: &[Arc<SourceFile>]) -> Self {
        let rest = self.files.iter().skip(files.len());
        Self { files: files.iter().chain(rest).cloned().collect(), ..self.clone() }
    }

    /// A file can be reached under another path, too.
    pub fn add_path(&mut self, path: PathBuf, file: FileId) {
        Arc::make_mut(&mut self.by_path).entry(path).or_insert(file);
    }

    /// The file of that id.
    pub fn file(&self, id: FileId) -> &SourceFile {
        &self.files[id.0 as usize]
    }

    /// All files with their ids.
    pub fn files(&self) -> impl Iterator<Item = (FileId, &SourceFile)> {
        (0..).map(FileId).zip(self.files.iter().map(AsRef::as_ref))
    }

    /// The file at that path, compared as written.
    pub fn file_at(&self, path: &Path) -> Option<FileId> {
        self.by_path.get(path).copied()
    }

    /// The file that a path in another file leads to, or the module of a registry that it names, or what stands for that.
    pub fn file_from(&self, file: FileId, reference: &str) -> Option<FileId> {
        let found = self.file(file).path_of(reference).and_then(|path| self.file_at(&path));
        found.or_else(|| self.stand_in.filter(|_| avm::is_cluster(reference)))
    }

    /// Whether a file is a module of a registry.
    pub fn is_foreign(&self, file: FileId) -> bool {
        self.foreign.contains(&file)
    }
}
