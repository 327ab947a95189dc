//! `akslint check`: find files, read them, run the rules, mend, report.

mod baseline;
mod fix;
mod load;
mod progress;
pub mod report;
mod since;
mod timings;
mod walk;
mod watch;

use std::collections::HashMap;
use std::fs;
use std::io::{Read, Write};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

use anyhow::{Context, bail};
use rayon::prelude::*;
use rules::apply::apply_one;
use rules::{Applicability, Confidence, Diagnostic, Fix, Related, Rule, Selector, Settings, Suppressed};
use syntax::SourceText;
use template::model::ModuleSource;
use template::workspace::{FileId, Workspace};

use self::load::{Loader, Project};
use self::progress::{Bar, Progress};
use self::report::{Format, Places, Report, Style, Summary, Unreadable, display_path, tidy_path};
use self::timings::{Phase, Timings};
use self::walk::{Candidate, Search};
use crate::args::{CheckArgs, Color};
use crate::config::{self, Choice, Configuration, FileSettings, Source};
use crate::{Exit, Streams, files};

/// A parser may recurse as deep as the syntax tree allows, which is more than the usual stack of a thread takes.
const STACK: usize = 16 << 20;

/// Runs `akslint check`.
pub fn run(args: &CheckArgs, color: Color, streams: &mut Streams<'_>) -> anyhow::Result<Exit> {
    run_with(&[], args, color, streams)
}

/// The same with more rules: tests need one that panics.
#[doc(hidden)]
pub fn run_with(
    rules: &[&'static dyn Rule],
    args: &CheckArgs,
    color: Color,
    streams: &mut Streams<'_>,
) -> anyhow::Result<Exit> {
    let color = streams.use_color(color);
    let style = Style { color, links: streams.links, quiet: args.quiet, width: streams.width };
    let job = Job {
        args,
        rules,
        style,
        directory: std::env::current_dir().context("there is no working directory")?,
        pool: pool()?,
    };
    if args.watch {
        return watch::run(&job, streams);
    }
    let stdin = read_stdin(args, &job.directory, streams)?;
    job.once(stdin.as_ref(), streams).1
}

/// What is to be done, once or again and again.
struct Job<'a> {
    args: &'a CheckArgs,
    /// Rules besides those that there are.
    rules: &'a [&'static dyn Rule],
    style: Style,
    directory: PathBuf,
    pool: rayon::ThreadPool,
}

impl Job<'_> {
    /// One run. Says which files it read besides those that were searched.
    fn once(&self, stdin: Option<&Stdin>, streams: &mut Streams<'_>) -> (Vec<PathBuf>, anyhow::Result<Exit>) {
        let configuration = match configuration(self.args, &self.directory) {
            Ok(configuration) => configuration,
            Err(error) => return (Vec::new(), Err(error)),
        };
        let run = Run {
            args: self.args,
            rules: self.rules,
            style: self.style,
            configuration,
            directory: self.directory.clone(),
            timings: Timings::default(),
            progress: Arc::default(),
            read: Mutex::default(),
        };
        let mut output = Vec::new();
        let mut errors = Vec::new();
        let show_progress = streams.progress && !self.args.quiet;
        let bar = show_progress.then(|| Bar::start(run.progress.clone(), std::io::stderr()));
        let exit = self.pool.install(|| run.run(stdin, &mut output, &mut errors));
        drop(bar);
        // What is printed is printed at once, from one thread.
        let printed = streams.print(&output);
        let _ = streams.errors.write_all(&errors);
        let exit = exit.and_then(|exit| printed.map(|()| exit));
        let mut read = run.read.into_inner().unwrap_or_else(PoisonError::into_inner);
        read.extend(run.configuration.files());
        (read, exit)
    }
}

/// What a folder has in it.
pub(crate) struct Survey {
    /// Files of any kind that were looked at.
    pub(crate) seen: usize,
    /// Templates and parameter files.
    pub(crate) templates: usize,
    /// Clusters declared in them.
    pub(crate) clusters: usize,
    /// Modules in them that come from files.
    pub(crate) modules: usize,
    /// Modules in them that come from a registry or a template spec.
    pub(crate) registry_modules: usize,
    /// Those of them that are in the cache.
    pub(crate) cached_modules: usize,
    /// Scripts, pipelines and pages that call `az`.
    pub(crate) scripts: usize,
    /// What could not be read.
    pub(crate) unreadable: Vec<Unreadable>,
}

/// Looks at what a check of a folder would read, without checking it.
pub(crate) fn survey(directory: &Path) -> anyhow::Result<Survey> {
    let found = walk::find(&[PathBuf::from(".")], Search { directory, exclude: &[], everything: false })?;
    let (timings, progress) = (Timings::default(), Progress::default());
    let loader = Loader { directory, timings: &timings, progress: &progress, parse_only: false };
    let pool = pool()?;
    let project = pool.install(|| loader.load(&found.files, None));
    let files = || project.checked.iter().map(|file| project.workspace.file(*file));
    let templates = files().filter_map(|file| file.template.as_ref());
    let sources = || templates.clone().flat_map(|template| &template.modules).map(|module| &module.source);
    let from_registries = || {
        files().flat_map(|file| {
            let modules = file.template.iter().flat_map(|template| &template.modules);
            modules.filter_map(|module| match &module.source {
                ModuleSource::Registry(reference, _) => Some(file.path_of(reference)),
                _ => None,
            })
        })
    };
    let mut unreadable = [found.unreadable, project.unreadable.clone()].concat();
    unreadable.sort();
    Ok(Survey {
        seen: found.files.len(),
        templates: templates.clone().count(),
        modules: sources().filter(|source| matches!(source, ModuleSource::Path(..))).count(),
        registry_modules: from_registries().count(),
        cached_modules: from_registries().filter(|path| path.as_ref().is_some_and(|path| path.is_file())).count(),
        clusters: templates.clone().map(load::count_clusters).sum(),
        scripts: files().filter(|file| file.carrier().is_some()).count(),
        unreadable,
    })
}

/// Threads on which templates are read and evaluated.
pub(crate) fn pool() -> anyhow::Result<rayon::ThreadPool> {
    Ok(rayon::ThreadPoolBuilder::new().stack_size(STACK).build()?)
}

/// Templates that were read for something else than a check.
pub(crate) struct Opened {
    /// With all that they refer to.
    pub(crate) workspace: Workspace,
    /// Those that were asked for.
    pub(crate) files: Vec<FileId>,
    /// What could not be read.
    pub(crate) unreadable: Vec<Unreadable>,
    /// What went wrong inside this program.
    pub(crate) failures: Vec<String>,
}

/// Reads the templates at these paths, as a check does that has nothing else to go by.
pub(crate) fn open(paths: &[PathBuf], directory: &Path) -> anyhow::Result<Opened> {
    let search = Search { directory, exclude: &[], everything: false };
    let mut found = walk::find(paths, search)?;
    let configuration = Configuration::new(Source::Nearest, directory.to_owned(), Choice::default());
    found.files.retain(|file| file.named || configuration.for_file(&file.path).is_ok_and(|own| !own.excluded));
    let (timings, progress) = (Timings::default(), Progress::default());
    let loader = Loader { directory, timings: &timings, progress: &progress, parse_only: false };
    let project = pool()?.install(|| loader.load(&found.files, None));
    let mut unreadable = project.unreadable;
    unreadable.append(&mut found.unreadable);
    unreadable.sort();
    Ok(Opened { workspace: project.workspace, files: project.checked, unreadable, failures: project.failures })
}

fn configuration(args: &CheckArgs, directory: &Path) -> anyhow::Result<Configuration> {
    let source = match &args.config {
        Some(file) => Source::File(file.clone()),
        None if args.isolated => Source::Isolated,
        None => Source::Nearest,
    };
    let command_line = Choice {
        select: (!args.select.is_empty()).then(|| config::selectors(&args.select)).transpose()?,
        extend_select: config::selectors(&args.extend_select)?,
        ignore: config::selectors(&args.ignore)?,
        unsuppressible: if args.no_suppressions { vec![Selector::All] } else { Vec::new() },
        ..Choice::default()
    };
    Ok(Configuration::new(source, directory.to_owned(), command_line))
}

/// The file that stdin stands for.
struct Stdin {
    path: PathBuf,
    text: Result<SourceText, String>,
}

fn read_stdin(args: &CheckArgs, directory: &Path, streams: &mut Streams<'_>) -> anyhow::Result<Option<Stdin>> {
    let wanted = args.paths.iter().any(|path| path.as_os_str() == "-");
    if !wanted {
        if args.stdin_filename.is_some() {
            bail!("--stdin-filename needs `-` among the paths");
        }
        return Ok(None);
    }
    let mut bytes = Vec::new();
    let limit = files::MAX_BYTES as u64 + 1;
    (&mut *streams.input).take(limit).read_to_end(&mut bytes).context("cannot read stdin")?;
    let text = files::decode(&bytes);
    let path = match &args.stdin_filename {
        Some(path) => tidy_path(path, directory),
        // Without an extension, the content decides on the language.
        None => "<stdin>".into(),
    };
    Ok(Some(Stdin { path, text }))
}

struct Run<'a> {
    args: &'a CheckArgs,
    rules: &'a [&'static dyn Rule],
    style: Style,
    directory: PathBuf,
    configuration: Configuration,
    timings: Timings,
    progress: Arc<Progress>,
    /// The files that were read as context.
    read: Mutex<Vec<PathBuf>>,
}

/// What the rules said.
struct Checked {
    diagnostics: Vec<Diagnostic>,
    suppressed: Vec<Suppressed>,
    /// What went wrong besides: rules that broke off, files that could not be written.
    failures: Vec<String>,
}

impl Run<'_> {
    fn run(&self, stdin: Option<&Stdin>, out: &mut Vec<u8>, errors: &mut Vec<u8>) -> anyhow::Result<Exit> {
        let start = Instant::now();
        if self.args.show_settings {
            let path = self.args.paths.iter().find(|path| path.as_os_str() != "-");
            let path = path.map_or(Path::new("."), PathBuf::as_path);
            write!(out, "{}", self.configuration.explain(path, self.args.fail_on)?)?;
            return Ok(Exit::Clean);
        }
        let fail_on = match self.args.fail_on {
            Some(fail_on) => fail_on,
            None => self.configuration.fail_on()?.unwrap_or_default(),
        };
        let search =
            Search { directory: &self.directory, exclude: &self.args.exclude, everything: self.args.no_ignore };
        let mut found = walk::find(&self.args.paths, search)?;
        let settings = self.settings(&mut found.files)?;
        let mut project = self.load(&found.files, stdin);
        let context = project.files[project.checked.len()..].iter().map(|file| file.path.clone());
        self.read.lock().unwrap_or_else(PoisonError::into_inner).extend(context);
        project.unreadable.append(&mut found.unreadable);
        project.unreadable.sort();
        if self.args.show_files {
            return self.show_files(&project, out, errors);
        }
        if self.args.parse_only {
            self.timings.render(start.elapsed(), errors)?;
            return Ok(if project.unreadable.is_empty() { Exit::Clean } else { Exit::Broken });
        }
        let settings = self.settings_by_file(&project, settings, stdin)?;
        let mut checked = self.check(&project.workspace, &project.checked, &settings);
        checked.failures.append(&mut project.failures);

        let mut summary = Summary { files: project.checked.len(), ..Summary::default() };
        let changed = self.fix(&mut project, &mut checked, &settings, &mut summary, stdin, out)?;
        let places = Places::new(&project.workspace, &self.directory);
        let mut diagnostics = checked.diagnostics;
        if let Some(least) = self.args.min_severity {
            diagnostics.retain(|diagnostic| diagnostic.severity >= least.severity());
        }
        if let Some(revision) = &self.args.since {
            let touched = since::touched(revision, &self.directory, &project.workspace)?;
            let all = diagnostics.len();
            diagnostics.retain(|diagnostic| {
                let points_at_change = |related: &Related| touched.changed.contains(&related.location.file);
                touched.affected.contains(&diagnostic.file()) || diagnostic.related.iter().any(points_at_change)
            });
            summary.unchanged = all - diagnostics.len();
        }
        if let Some(path) = &self.args.write_baseline {
            baseline::write(path, &project.workspace, &places, &diagnostics)?;
            writeln!(errors, "{} written to {}", report::plural(diagnostics.len(), "diagnostic"), path.display())?;
        }
        if let Some(path) = &self.args.baseline {
            let known = baseline::subtract(path, &project.workspace, &places, &mut diagnostics)?;
            summary.baselined = known.hidden;
            // Who looks for some rules or files only learns nothing about the others.
            let args = self.args;
            let looks_for_all = args.since.is_none() && args.select.is_empty() && args.ignore.is_empty();
            let gone = known.gone(&project, &self.directory);
            if looks_for_all && gone > 0 && !self.style.quiet {
                let count = report::plural(gone, "diagnostic");
                let path = path.display();
                writeln!(errors, "akslint: {count} of {path} no longer found; --write-baseline {path} forgets them")?;
            }
        }
        if let Some(reason) = &self.args.add_ignore {
            return self.add_ignores(&project, &settings, &diagnostics, reason, errors);
        }
        Self::summarize(&project, &diagnostics, &mut summary);
        let fails = fail_on
            .threshold()
            .is_some_and(|threshold| diagnostics.iter().any(|diagnostic| diagnostic.severity >= threshold));
        let (places, unreadable) = self.as_printed(&project)?;
        let report = Report {
            workspace: &project.workspace,
            diagnostics: &diagnostics,
            summary,
            suppressed: &checked.suppressed,
            unreadable: &unreadable,
            places: &places,
        };
        self.print(&report, &project, stdin, out, errors)?;

        for message in &checked.failures {
            writeln!(errors, "akslint: {message}")?;
        }
        if self.args.timings {
            self.timings.render(start.elapsed(), errors)?;
        }
        let broken = !checked.failures.is_empty() || !project.unreadable.is_empty();
        let found = fails && self.args.write_baseline.is_none() || changed && self.args.diff;
        if !self.args.watch {
            // The process ends now: to give memory back piece by piece would take longer than to leave it.
            std::mem::forget(project);
        }
        Ok(if broken {
            Exit::Broken
        } else if found && !self.args.exit_zero || changed && self.args.exit_non_zero_on_fix {
            Exit::Found
        } else {
            Exit::Clean
        })
    }

    /// The paths of all files, and what could not be read, as they are printed.
    fn as_printed(&self, project: &Project) -> anyhow::Result<(Places, Vec<Unreadable>)> {
        let unreadable = project.unreadable.clone();
        let Some(folder) = &self.args.relative_to else {
            return Ok((Places::new(&project.workspace, &self.directory), unreadable));
        };
        let folder = fs::canonicalize(self.directory.join(folder))
            .with_context(|| format!("--relative-to: cannot find {}", folder.display()))?;
        let moved = |path: &Path| display_path(&self.directory.join(path), &folder);
        let unreadable =
            unreadable.into_iter().map(|one| Unreadable { path: moved(Path::new(&one.path)), ..one }).collect();
        Ok((Places::of(project.workspace.files().map(|(_, file)| moved(&file.path)).collect()), unreadable))
    }

    /// Writes suppressions for diagnostics.
    fn add_ignores(
        &self,
        project: &Project,
        settings: &HashMap<FileId, Settings>,
        diagnostics: &[Diagnostic],
        reason: &str,
        errors: &mut Vec<u8>,
    ) -> anyhow::Result<Exit> {
        let workspace = &project.workspace;
        let may_suppress = |diagnostic: &&Diagnostic| {
            let Some(rule) = rules::by_code(diagnostic.code) else { return false };
            settings.get(&diagnostic.file()).is_none_or(|settings| settings.may_suppress(rule.metadata()))
        };
        let wanted: Vec<Diagnostic> = diagnostics.iter().filter(may_suppress).cloned().collect();
        let edits = rules::suppress::add_ignores(workspace, &wanted, reason);
        let fix = Fix { title: String::new(), applicability: Applicability::Safe, edits, copied: Vec::new() };
        let texts = apply_one(&fix, |file| workspace.file(file).text.as_str().to_owned());
        let texts = texts.context("internal error: suppressions that overlap")?;
        let mut exit = Exit::Clean;
        for (&file, text) in &texts {
            let old = workspace.file(file);
            if let Err(error) = fix::write(&old.path, &old.text, &SourceText::new(text.as_str())) {
                writeln!(errors, "akslint: cannot write {}: {error:#}", display_path(&old.path, &self.directory))?;
                exit = Exit::Broken;
            }
        }
        let files: Vec<FileId> = texts.into_keys().collect();
        let silenced = wanted.iter().filter(|diagnostic| files.contains(&diagnostic.file())).count();
        let count = report::plural(silenced, "diagnostic");
        writeln!(errors, "{count} silenced in {}", report::plural(files.len(), "file"))?;
        let left = diagnostics.len() - silenced;
        if left > 0 {
            writeln!(errors, "{} cannot be silenced in the file", report::plural(left, "diagnostic"))?;
        }
        Ok(if project.unreadable.is_empty() { exit } else { Exit::Broken })
    }

    /// Applies fixes if that is wanted: writes files, or prints what would change. Says whether anything did.
    fn fix(
        &self,
        project: &mut Project,
        checked: &mut Checked,
        settings: &HashMap<FileId, Settings>,
        summary: &mut Summary,
        stdin: Option<&Stdin>,
        out: &mut Vec<u8>,
    ) -> anyhow::Result<bool> {
        let Some(limit) = self.fix_limit() else { return Ok(false) };
        let fixed = fix::fix(&project.workspace, &project.files, &project.checked, limit, |workspace| {
            self.check(workspace, &project.checked, settings).diagnostics
        });
        checked.failures.extend(fixed.stopped.map(|reason| format!("internal error: {reason}")));
        for file in &fixed.changed {
            let (old, new) = (project.workspace.file(*file), fixed.workspace.file(*file));
            let path = display_path(&old.path, &self.directory);
            if self.args.diff {
                fix::diff(&path, &old.text, &new.text, out)?;
            } else if stdin.is_none_or(|stdin| stdin.path != old.path)
                && let Err(error) = fix::write(&old.path, &old.text, &new.text)
            {
                checked.failures.push(format!("cannot write {path}: {error:#}"));
            }
        }
        if !self.args.diff {
            summary.fixed = fixed.applied;
            project.workspace = fixed.workspace;
            let left = self.check(&project.workspace, &project.checked, settings);
            checked.diagnostics = left.diagnostics;
            checked.suppressed = left.suppressed;
        }
        Ok(!fixed.changed.is_empty())
    }

    /// The settings of each file that is not excluded; excluded ones go.
    fn settings(&self, files: &mut Vec<Candidate>) -> anyhow::Result<HashMap<PathBuf, FileSettings>> {
        let mut settings = HashMap::new();
        let mut error = None;
        files.retain(|file| match self.configuration.for_file(&file.path) {
            Ok(own) => {
                let keep = file.named || !own.excluded;
                settings.insert(file.path.clone(), own);
                keep
            }
            Err(wrong) => {
                error.get_or_insert(wrong);
                false
            }
        });
        match error {
            Some(error) => Err(error),
            None => Ok(settings),
        }
    }

    fn settings_by_file(
        &self,
        project: &Project,
        mut by_path: HashMap<PathBuf, FileSettings>,
        stdin: Option<&Stdin>,
    ) -> anyhow::Result<HashMap<FileId, Settings>> {
        if let Some(stdin) = stdin {
            by_path.insert(stdin.path.clone(), self.configuration.for_file(&stdin.path)?);
        }
        let of = |&file: &FileId| {
            let settings = by_path.get(&project.workspace.file(file).path);
            (file, settings.map(|settings| settings.rules.clone()).unwrap_or_default())
        };
        Ok(project.checked.iter().map(of).collect())
    }

    fn load(&self, candidates: &[Candidate], stdin: Option<&Stdin>) -> Project {
        let loader = Loader {
            directory: &self.directory,
            timings: &self.timings,
            progress: &self.progress,
            parse_only: self.args.parse_only,
        };
        let text = stdin.and_then(|stdin| Some((stdin.path.clone(), stdin.text.clone().ok()?)));
        let mut project = loader.load(candidates, text);
        if let Some(Stdin { path, text: Err(reason) }) = stdin {
            let path = display_path(path, &self.directory);
            project.unreadable.push(Unreadable { path, reason: reason.clone() });
        }
        project
    }

    /// Runs the rules over files, in as many steps at a time as there are cores.
    fn check(&self, workspace: &Workspace, files: &[FileId], settings: &HashMap<FileId, Settings>) -> Checked {
        let timed = |step: &dyn Fn() -> rules::Found| {
            let start = Instant::now();
            let found = step();
            self.timings.add(Phase::Check, start);
            self.progress.step();
            found
        };
        let start = Instant::now();
        let project = rules::Project::new(workspace).with_rules(self.rules);
        let unset = Settings::default();
        let settings = rules::SettingsOf { default: &unset, own: Some(settings) };
        let roots = project.roots(files);
        self.timings.add(Phase::Check, start);
        self.progress.begin("checking", files.len() + roots.len());
        let documents = files.par_iter().map(|file| timed(&|| project.document(*file, settings)));
        let deployments = roots.par_iter().map(|root| timed(&|| project.deployment(*root, settings)));
        let found: Vec<rules::Found> = documents.chain(deployments).collect();
        let start = Instant::now();
        let outcome = project.conclude(found, files, settings);
        self.timings.add(Phase::Check, start);
        let mut checked = Checked { diagnostics: Vec::new(), suppressed: Vec::new(), failures: Vec::new() };
        checked.diagnostics.extend(outcome.diagnostics.into_iter().map(without_control_characters));
        checked.suppressed.extend(outcome.suppressed);
        for panic in outcome.panics {
            let path = display_path(&workspace.file(panic.file).path, &self.directory);
            checked.failures.push(format!("internal error: rule `{}` on {path}: {}", panic.rule, panic.message));
        }
        checked
    }

    /// The least safe fixes that are wanted; `None` if none are.
    fn fix_limit(&self) -> Option<Applicability> {
        let CheckArgs { fix, unsafe_fixes, diff, .. } = self.args;
        (*fix || *unsafe_fixes || *diff).then_some(if *unsafe_fixes {
            Applicability::Unsafe
        } else {
            Applicability::Safe
        })
    }

    fn summarize(project: &Project, diagnostics: &[Diagnostic], summary: &mut Summary) {
        for diagnostic in diagnostics {
            summary.count(diagnostic.severity);
            match diagnostic.fixes.iter().map(|fix| fix.applicability).max() {
                Some(Applicability::Safe) => summary.fixable += 1,
                Some(Applicability::Unsafe) => summary.unsafe_fixable += 1,
                Some(Applicability::DisplayOnly) | None => {}
            }
        }
        // Also those in modules that were read because these files deploy them, and in what stands for one in a registry.
        let read = project.workspace.files().filter_map(|(_, file)| file.template.as_ref());
        summary.clusters = read.map(load::count_clusters).sum();
        let carries_scripts = |file: &&FileId| project.workspace.file(**file).carrier().is_some();
        summary.scripts = project.checked.iter().filter(carries_scripts).count();
        summary.no_templates = project.no_templates.len();
        summary.unreadable = project.unreadable.len();
    }

    /// Where reports go: fixed text and diffs take stdout for themselves.
    fn print(
        &self,
        report: &Report<'_>,
        project: &Project,
        stdin: Option<&Stdin>,
        out: &mut Vec<u8>,
        errors: &mut Vec<u8>,
    ) -> anyhow::Result<()> {
        let fixes = self.args.fix || self.args.unsafe_fixes;
        let fixed_stdin = stdin.filter(|_| fixes && !self.args.diff);
        if let Some(stdin) = fixed_stdin
            && let Some(file) = report.workspace.file_at(&stdin.path)
        {
            out.extend_from_slice(report.workspace.file(file).text.as_str().as_bytes());
        }
        let to_stdout = fixed_stdin.is_none() && !self.args.diff;
        let main = if to_stdout { &mut *out } else { &mut *errors };
        let reports = &self.args.reports;
        if self.args.diff {
            if !self.style.quiet {
                report.render_summary(self.style, main)?;
            }
        } else if self.args.statistics {
            report.render_statistics(reports.stdout.unwrap_or_default(), self.style, main)?;
        } else if let Some(format) = reports.stdout {
            let shown = match self.args.max_findings {
                Some(most) if format.is_list() => &report.diagnostics[..most.min(report.diagnostics.len())],
                _ => report.diagnostics,
            };
            report.with(shown).render(format, self.style, main)?;
        }
        // What a file leaves out would look mended to whoever compares it with the one before.
        for file in &reports.files {
            let mut bytes = Vec::new();
            let style = Style { color: false, ..self.style };
            report.render(file.format, style, &mut bytes)?;
            if let Some(folder) = file.path.parent().filter(|folder| !folder.as_os_str().is_empty()) {
                fs::create_dir_all(folder).with_context(|| format!("cannot make {}", folder.display()))?;
            }
            fs::write(&file.path, bytes).with_context(|| format!("cannot write {}", file.path.display()))?;
            if reports.stdout == Some(Format::Azure) && file.format == Format::Markdown {
                report::upload_summary(&self.directory.join(&file.path), main)?;
            }
        }
        if !self.style.quiet {
            for path in &project.no_templates {
                writeln!(errors, "akslint: {path} is neither an ARM nor a Bicep template")?;
            }
            if project.checked.is_empty() && project.unreadable.is_empty() {
                writeln!(errors, "akslint: no templates found: nothing was checked")?;
            }
        }
        Ok(())
    }

    fn show_files(&self, project: &Project, out: &mut Vec<u8>, errors: &mut Vec<u8>) -> anyhow::Result<Exit> {
        for &file in &project.checked {
            writeln!(out, "{}", display_path(&project.workspace.file(file).path, &self.directory))?;
        }
        for unreadable in &project.unreadable {
            writeln!(errors, "{}: {}", unreadable.path, unreadable.reason)?;
        }
        Ok(if project.unreadable.is_empty() { Exit::Clean } else { Exit::Broken })
    }
}

/// Messages quote what is written in files, and a file must not steer the terminal that shows them.
fn without_control_characters(mut diagnostic: Diagnostic) -> Diagnostic {
    let clean = |text: &mut String| {
        if text.contains(is_harmful) {
            *text = text.replace(is_harmful, "\u{fffd}");
        }
    };
    clean(&mut diagnostic.message);
    diagnostic.help.iter_mut().for_each(clean);
    if let Confidence::Conditional(condition) = &mut diagnostic.confidence {
        clean(condition);
    }
    diagnostic.related.iter_mut().for_each(|related| clean(&mut related.message));
    diagnostic.fixes.iter_mut().for_each(|fix| clean(&mut fix.title));
    diagnostic
}

fn is_harmful(c: char) -> bool {
    c.is_control() && c != '\n'
}
