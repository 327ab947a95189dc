//! Reading files, and finding out whether they are templates.

use std::collections::{HashMap, HashSet};
use std::fs;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Instant;

use rayon::prelude::*;
use syntax::carriers::calls_az;
use syntax::json::{TemplateKind, looks_like_template};
use syntax::{Language, SourceText};
use template::Template;
use template::model::ModuleSource;
use template::workspace::{FileId, SourceFile, Workspace, carrier_of};

use super::progress::Progress;
use super::report::{Unreadable, display_path};
use super::timings::{Phase, Timings};
use super::walk::{Candidate, io_reason};
use crate::{files, registry};

/// The files that are looked at together.
#[derive(Debug, Default)]
pub(super) struct Project {
    pub(super) workspace: Workspace,
    /// The files of the workspace, by id.
    pub(super) files: Vec<Arc<SourceFile>>,
    /// Those that are checked; the others are only there because these refer to them.
    pub(super) checked: Vec<FileId>,
    pub(super) unreadable: Vec<Unreadable>,
    /// Files that were named and are no templates.
    pub(super) no_templates: Vec<String>,
    /// What went wrong inside this program.
    pub(super) failures: Vec<String>,
}

/// What became of a candidate.
enum Loaded {
    Template(Arc<SourceFile>),
    /// Named on the command line, though it is no template.
    NoTemplate(PathBuf),
    /// Found in a folder, and none of our business.
    Skipped,
    /// Nothing more was wanted.
    Parsed,
    Unreadable(Unreadable),
    Internal(String),
}

/// How files are loaded.
#[derive(Clone, Copy, Debug)]
pub(super) struct Loader<'a> {
    pub(super) directory: &'a Path,
    pub(super) timings: &'a Timings,
    pub(super) progress: &'a Progress,
    pub(super) parse_only: bool,
}

impl Loader<'_> {
    /// Reads, parses and lowers candidates, and then what they refer to.
    pub(super) fn load(self, candidates: &[Candidate], stdin: Option<(PathBuf, SourceText)>) -> Project {
        self.progress.begin("reading", candidates.len());
        let mut loaded: Vec<Loaded> = candidates.par_iter().map(|candidate| self.load_file(candidate)).collect();
        if let Some((path, text)) = stdin {
            // The file of that name is what stdin stands for.
            loaded.retain(|loaded| !matches!(loaded, Loaded::Template(file) if file.path == path));
            loaded.push(self.guarded(&path, || self.lower(path.clone(), text, true)));
        }
        let mut project = Project::default();
        let mut files = Vec::new();
        for loaded in loaded {
            match loaded {
                Loaded::Template(file) => files.push(file),
                Loaded::NoTemplate(path) => project.no_templates.push(display_path(&path, self.directory)),
                Loaded::Skipped | Loaded::Parsed => {}
                Loaded::Unreadable(unreadable) => project.unreadable.push(unreadable),
                Loaded::Internal(message) => project.failures.push(message),
            }
        }
        files.sort_by(|a, b| a.path.cmp(&b.path));
        project.checked = (0..).map(FileId).take(files.len()).collect();
        let aliases = if self.parse_only { Vec::new() } else { self.load_referenced(&mut files) };
        project.workspace = Workspace::new(files.clone());
        for (path, file) in aliases {
            project.workspace.add_path(path, file);
        }
        project.files = files;
        project
    }

    /// Reads what the files refer to and was not asked for: rules need to see what it says. What cannot be read is not worth
    /// a word, for it is unknown then like a module in a registry. Returns other paths that lead to files read already:
    /// links can make a path of any length out of a few folders.
    fn load_referenced(self, files: &mut Vec<Arc<SourceFile>>) -> Vec<(PathBuf, FileId)> {
        let mut known: HashSet<PathBuf> = files.iter().map(|file| file.path.clone()).collect();
        let mut real: HashMap<PathBuf, FileId> = HashMap::new();
        let mut aliases = Vec::new();
        let mut new = 0;
        while new < files.len() {
            let references = files[new..].iter().flat_map(|file| file.references());
            let references: Vec<&Path> = references.map(|one| one.path.as_path()).collect();
            let unknown: Vec<&Path> = references.into_iter().filter(|path| known.insert(path.to_path_buf())).collect();
            // The system takes its time for each.
            let found: Vec<(PathBuf, PathBuf)> =
                unknown.into_par_iter().filter_map(|path| Some((path.to_owned(), self.real(path)?))).collect();
            if !found.is_empty() {
                let rest = files[real.len()..].par_iter();
                let paths: Vec<PathBuf> =
                    rest.map(|file| self.real(&file.path).unwrap_or_else(|| file.path.clone())).collect();
                let ids = (0..).map(FileId).skip(real.len());
                real.extend(paths.into_iter().zip(ids));
            }
            new = files.len();
            let mut wanted: Vec<(PathBuf, PathBuf)> = Vec::new();
            for (path, target) in &found {
                if !real.contains_key(target) && !wanted.iter().any(|(_, other)| other == target) {
                    wanted.push((path.clone(), target.clone()));
                }
            }
            let more: Vec<_> = wanted.par_iter().map(|(path, _)| self.load_referred_to(path)).collect();
            for ((_, target), file) in wanted.into_iter().zip(more) {
                if let (Some(file), Ok(id)) = (file, u32::try_from(files.len())) {
                    real.insert(target, FileId(id));
                    files.push(file);
                }
            }
            aliases.extend(found.into_iter().filter_map(|(path, target)| Some((path, *real.get(&target)?))));
        }
        aliases
    }

    /// The file that a path leads to, if it is one: not a folder, nor a pipe on which one could wait for ever.
    fn real(self, path: &Path) -> Option<PathBuf> {
        let real = fs::canonicalize(self.directory.join(path)).ok()?;
        real.is_file().then_some(real)
    }

    /// A file that another one refers to. What is no template may still be of use for its content.
    fn load_referred_to(self, path: &Path) -> Option<Arc<SourceFile>> {
        if let Loaded::Template(file) = self.load_file(&Candidate { path: path.to_owned(), named: false }) {
            return Some(file);
        }
        files::load_content(path).map(Arc::new)
    }

    fn load_file(self, candidate: &Candidate) -> Loaded {
        self.progress.step();
        self.guarded(&candidate.path, || {
            let start = Instant::now();
            let bytes = match files::read(&candidate.path, candidate.named) {
                Ok(Some(bytes)) => bytes,
                Ok(None) => return Loaded::Skipped,
                Err(error) => return self.unreadable(&candidate.path, io_reason(&error)),
            };
            let text = match files::decode(&bytes) {
                Ok(text) => text,
                Err(reason) => return self.unreadable(&candidate.path, reason),
            };
            self.timings.add(Phase::Read, start);
            self.timings.add_bytes(bytes.len());
            drop(bytes);
            self.lower(candidate.path.clone(), text, candidate.named)
        })
    }

    fn lower(self, path: PathBuf, text: SourceText, named: bool) -> Loaded {
        let not_ours = |path| if named { Loaded::NoTemplate(path) } else { Loaded::Skipped };
        if carrier_of(&path).is_some() {
            // A script that calls nothing of ours is as good as not there, unless somebody asks about it.
            if !named && !calls_az(text.as_str()) {
                return Loaded::Skipped;
            }
            let start = Instant::now();
            let file = SourceFile::parse(path, text);
            self.timings.add(Phase::Lower, start);
            return if self.parse_only { Loaded::Parsed } else { Loaded::Template(Arc::new(file)) };
        }
        let Some(language) = files::language(&path, text.as_str()) else { return not_ours(path) };
        let is_other = language == Language::Json && looks_like_template(text.as_str()) == TemplateKind::Other;
        if is_other && !named {
            return not_ours(path);
        }
        let start = Instant::now();
        let tree = syntax::parse(language, text);
        self.timings.add(Phase::Parse, start);
        if self.parse_only {
            return Loaded::Parsed;
        }
        let start = Instant::now();
        let file = SourceFile::from_tree(&path, tree.clone()).with_cache(registry::cache());
        if file.template.is_some() {
            // Trees are most of what a folder of templates takes in memory.
            let file = Arc::new(file.letting_go_of_tree());
            // Wanted soon, for all files one after the other; here there are as many threads as there are cores.
            file.references();
            self.timings.add(Phase::Lower, start);
            return Loaded::Template(file);
        }
        self.timings.add(Phase::Lower, start);
        // Somebody named it, or it looks like a template and is too broken to be one: that must not end in "nothing
        // found".
        match syntax::json::syntax_errors(&tree).first() {
            Some(error) if language == Language::Json => {
                let line = tree.text().line_column(error.range.start()).line;
                self.unreadable(&path, format!("not a template, nor valid JSON: line {line}: {}", error.message))
            }
            _ => not_ours(path),
        }
    }

    fn unreadable(self, path: &Path, reason: String) -> Loaded {
        Loaded::Unreadable(Unreadable { path: display_path(path, self.directory), reason })
    }

    /// A panic over one file must not hide the diagnostics of all others.
    fn guarded(self, path: &Path, f: impl FnOnce() -> Loaded) -> Loaded {
        catch_unwind(AssertUnwindSafe(f)).unwrap_or_else(|panic| {
            Loaded::Internal(format!(
                "internal error: {}: {}",
                display_path(path, self.directory),
                panic_message(&*panic)
            ))
        })
    }
}

/// How many clusters a template declares, its nested deployments included. A loop is one.
pub(super) fn count_clusters(template: &Template) -> usize {
    let own = template.resources.iter().filter(|resource| {
        let is_cluster = |ty: &str| ty.eq_ignore_ascii_case("Microsoft.ContainerService/managedClusters");
        !resource.existing && resource.resource_type.as_deref().is_some_and(is_cluster)
    });
    let nested = template.modules.iter().map(|module| match &module.source {
        ModuleSource::Inline { template, .. } => count_clusters(template),
        _ => 0,
    });
    own.count() + nested.sum::<usize>()
}

/// What a panic said.
pub(super) fn panic_message(panic: &(dyn std::any::Any + Send)) -> String {
    let text = panic.downcast_ref::<&str>().copied().or_else(|| panic.downcast_ref::<String>().map(String::as_str));
    text.unwrap_or("a panic without a message").to_owned()
}
