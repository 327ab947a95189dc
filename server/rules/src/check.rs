//! Running the rules.

mod caller;
mod modules;
mod registry;
#[cfg(test)]
mod scale;

use std::cell::{Cell, OnceCell, RefCell};
use std::collections::{BTreeMap, HashMap};
use std::panic::{AssertUnwindSafe, catch_unwind};

use memchr::memmem;
use rustc_hash::{FxHashMap, FxHashSet};
use template::aks::Cluster;
use template::eval::ScopeId;
use template::model::ModuleSource;
use template::parameters;
use template::references::ReferenceKind;
use template::workspace::{FileId, Location, SourceFile, Workspace};
use template::{Evaluator, Name, Template};

use crate::ctx::Shared;
use crate::rule::Described;
use crate::rules::unused_suppression;
use crate::suppress::{self, Suppressions};
use crate::{
    CommandAt, Confidence, Ctx, Diagnostic, Family, Related, Reporter, Rule, Settings, Severity, Suppressed, all,
};

/// The code of syntax errors, which are no rule: they cannot be switched off or suppressed.
pub const SYNTAX_ERROR: &str = "syntax-error";

/// What a check gave.
#[derive(Debug, Default)]
pub struct Outcome {
    /// Sorted by file, start and code; none twice.
    pub diagnostics: Vec<Diagnostic>,
    /// What suppressions kept out of `diagnostics`, in the same order.
    pub suppressed: Vec<Suppressed>,
    /// Rules that broke off. What they reported before that is in `diagnostics`.
    pub panics: Vec<Panic>,
}

/// A rule that broke off: a mistake in this program.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Panic {
    /// The code of the rule.
    pub rule: &'static str,
    /// The file it was looking at.
    pub file: FileId,
    /// What it said.
    pub message: String,
}

/// The settings that apply to each file.
#[derive(Clone, Copy, Debug)]
pub struct SettingsOf<'s> {
    /// Those of a file that has none of its own.
    pub default: &'s Settings,
    /// Those of files that have their own.
    pub own: Option<&'s HashMap<FileId, Settings>>,
}

impl<'s> SettingsOf<'s> {
    /// The same for all.
    pub fn all(settings: &'s Settings) -> Self {
        Self { default: settings, own: None }
    }

    /// Those of that file.
    pub fn file(&self, file: FileId) -> &'s Settings {
        self.own.and_then(|own| own.get(&file)).unwrap_or(self.default)
    }
}

/// Says whether nobody waits for a check any more.
pub type Cancelled<'c> = dyn Fn() -> bool + Sync + 'c;

/// Checks some files of a workspace. What is found in a file does not depend on which others are checked with it.
pub fn check(workspace: &Workspace, targets: &[FileId], settings: &Settings) -> Outcome {
    Project::new(workspace).check(targets, SettingsOf::all(settings))
}

/// A workspace about to be checked: who deploys whom is known. [`Project::check`] does all there is to do; who has several
/// cores calls [`Project::document`] for every file and [`Project::deployment`] for every root, in any order, and hands what
/// they give to [`Project::conclude`].
pub struct Project<'w> {
    workspace: &'w Workspace,
    rules: Vec<&'static dyn Rule>,
    callers: FxHashMap<FileId, Vec<FileId>>,
    /// Who imports from each file, or loads it.
    importers: FxHashMap<FileId, Vec<FileId>>,
    /// Files that have to do with clusters, and those that deploy them, directly or not.
    near_clusters: FxHashSet<FileId>,
    cancelled: Option<&'w Cancelled<'w>>,
}

/// What to evaluate.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Root {
    file: FileId,
    /// Together with the modules it deploys.
    with_modules: bool,
    /// With the values of that parameter file.
    parameters: Option<FileId>,
}

impl Root {
    /// The file that is deployed.
    pub fn file(self) -> FileId {
        self.file
    }

    /// The parameter file whose values it is deployed with.
    pub fn parameters(self) -> Option<FileId> {
        self.parameters
    }
}

/// What was found, and the template that was looked at.
type Placed = (Diagnostic, Option<ScopeId>);

/// What one step of a check gave.
#[derive(Debug, Default)]
pub struct Found {
    diagnostics: Vec<Diagnostic>,
    panics: Vec<Panic>,
}

impl<'w> Project<'w> {
    /// Looks at who deploys whom.
    pub fn new(workspace: &'w Workspace) -> Self {
        Self::with(all().collect(), workspace)
    }

    pub(crate) fn with(rules: Vec<&'static dyn Rule>, workspace: &'w Workspace) -> Self {
        let callers = callers(workspace);
        let importers = importers(workspace);
        let mut near_clusters = FxHashSet::default();
        let mut waiting: Vec<FileId> =
            workspace.files().filter(|(_, file)| mentions(file, &CLUSTER_WORDS)).map(|(id, _)| id).collect();
        while let Some(file) = waiting.pop() {
            if near_clusters.insert(file) {
                let users = [callers.get(&file), importers.get(&file)];
                waiting.extend(users.into_iter().flatten().flatten());
            }
        }
        Self { workspace, rules, callers, importers, near_clusters, cancelled: None }
    }

    /// The same with more rules, for tests that need one which does what no rule should.
    #[must_use]
    pub fn with_rules(mut self, more: &[&'static dyn Rule]) -> Self {
        self.rules.extend(more);
        self
    }

    /// The same, but it breaks off between two rules when `cancelled` says so. What it gives then is not worth anything.
    #[must_use]
    pub fn until(self, cancelled: &'w Cancelled<'w>) -> Self {
        Self { cancelled: Some(cancelled), ..self }
    }

    fn is_cancelled(&self) -> bool {
        self.cancelled.is_some_and(|cancelled| cancelled())
    }

    /// Checks some files.
    pub fn check(&self, targets: &[FileId], settings: SettingsOf<'_>) -> Outcome {
        let documents = targets.iter().map(|file| self.document(*file, settings));
        let mut found: Vec<Found> = documents.collect();
        found.extend(self.roots(targets).into_iter().map(|root| self.deployment(root, settings)));
        self.conclude(found, targets, settings)
    }

    /// What to evaluate for the targets, in order: the files that deploy them and are themselves deployed by none; of files
    /// that deploy each other in a circle, the targets. A target that nobody deploys together with a cluster is looked at by
    /// itself, and only if it has identities or roles in it at all: whole estates have a few clusters among thousands of
    /// modules.
    pub fn roots(&self, targets: &[FileId]) -> Vec<Root> {
        let mut found = Vec::new();
        for &target in targets {
            let mut tops = self.tops(target);
            if tops.is_empty() {
                tops.push(target);
            }
            let templates = parameters::templates(self.workspace, target).into_iter();
            found.extend(templates.filter(|template| self.near_clusters.contains(template)).map(|file| Root {
                file,
                with_modules: true,
                parameters: Some(target),
            }));
            tops.retain(|top| self.near_clusters.contains(top));
            if tops.is_empty() && mentions(self.workspace.file(target), &IDENTITY_WORDS) {
                found.push(Root { file: target, with_modules: false, parameters: None });
            }
            // What is imported is judged where it is used, too.
            for importer in reachable(target, &self.importers).into_iter().skip(1) {
                tops.extend(self.tops(importer).into_iter().filter(|top| self.near_clusters.contains(top)));
            }
            found.extend(tops.into_iter().map(|file| Root { file, with_modules: true, parameters: None }));
        }
        found.sort_unstable();
        found.dedup();
        found
    }

    /// The files that deploy that one, directly or not, and are deployed by none.
    fn tops(&self, target: FileId) -> Vec<FileId> {
        let mut tops = reachable(target, &self.callers);
        tops.retain(|file| !self.callers.contains_key(file));
        tops
    }

    /// What there is to say about a file by itself: its syntax and its text.
    pub fn document(&self, file: FileId, settings: SettingsOf<'_>) -> Found {
        let mut found = Found { diagnostics: syntax_errors(self.workspace, file).collect(), panics: Vec::new() };
        for rule in &self.rules {
            if self.is_cancelled() {
                break;
            }
            if settings.file(file).severity(rule.metadata()).is_none() {
                continue;
            }
            let reporter = Reporter::new(self.workspace, rule.metadata(), settings);
            found.guard(*rule, |at| {
                at.set(file);
                rule.check_document(&reporter, file);
                let source = self.workspace.file(file);
                for script in source.scripts() {
                    for command in &script.commands {
                        let at = CommandAt { workspace: self.workspace, file, source, script, command };
                        rule.check_command(&reporter, &at);
                    }
                }
            });
            found.diagnostics.append(&mut reporter.into_diagnostics());
        }
        found
    }

    /// What evaluates a root.
    pub fn evaluator(&self, root: Root) -> Option<Evaluator<'w>> {
        self.evaluator_without(root, None)
    }

    fn evaluator_without(&self, root: Root, except: Option<&Name>) -> Option<Evaluator<'w>> {
        let eval = Evaluator::new(self.workspace, root.file)?;
        let eval = if root.with_modules { eval } else { eval.without_modules() };
        Some(match root.parameters {
            Some(file) => eval.with_parameters(file, except.cloned()),
            None => eval,
        })
    }

    /// What there is to say about a root and the modules it deploys. Some of it may lie in other files.
    pub fn deployment(&self, root: Root, settings: SettingsOf<'_>) -> Found {
        if let Some(file) = root.parameters {
            return caller::blame(self, root, file, settings);
        }
        let Some(eval) = self.evaluator(root) else { return Found::default() };
        let shared = Shared::default();
        let (placed, panics) = self.run_in(&eval, &shared, &self.rules, settings);
        Found { diagnostics: modules::blame(self, root, &eval, placed, settings), panics }
    }

    /// Runs rules over a root, without believing the parameter file about one parameter.
    fn run(&self, root: Root, except: Option<&Name>, rules: &[&'static dyn Rule], settings: SettingsOf<'_>) -> Found {
        let Some(eval) = self.evaluator_without(root, except) else { return Found::default() };
        let shared = Shared::default();
        let (placed, panics) = self.run_in(&eval, &shared, rules, settings);
        Found { diagnostics: placed.into_iter().map(|(diagnostic, _)| diagnostic).collect(), panics }
    }

    /// Runs rules over what an evaluator knows. Gives what they find, each with the template they looked at.
    fn run_in<'e>(
        &'e self,
        eval: &'e Evaluator<'e>,
        shared: &'e Shared,
        rules: &[&'static dyn Rule],
        settings: SettingsOf<'e>,
    ) -> (Vec<Placed>, Vec<Panic>) {
        let mut found = Found::default();
        if self.is_cancelled() {
            return (Vec::new(), Vec::new());
        }
        let root = eval.scope(ScopeId::ROOT).file;
        let scopes = eval.all_scopes();
        let files: FxHashSet<FileId> = scopes.iter().map(|&scope| eval.scope(scope).file).collect();
        let clusters: Vec<Cluster<'_, '_>> = eval.clusters().into_iter().map(|one| Cluster::new(eval, one)).collect();
        let assignments = eval.each_role_assignment();
        let mut placed = Vec::new();
        for rule in rules {
            if self.is_cancelled() {
                break;
            }
            if files.iter().all(|&file| settings.file(file).severity(rule.metadata()).is_none()) {
                continue;
            }
            let ctx = Ctx::new(eval, shared, Reporter::new(self.workspace, rule.metadata(), settings));
            found.guard(*rule, |at| {
                at.set(root);
                let enter = |scope| {
                    at.set(eval.scope(scope).file);
                    ctx.enter(Some(scope));
                };
                rule.check_deployment(&ctx);
                let wanted = ctx.wanted(rule.resources());
                let mut wanted = wanted.iter().copied().peekable();
                for &scope in &scopes {
                    enter(scope);
                    rule.check_template(&ctx, scope);
                    while let Some(resource) = wanted.next_if(|resource| resource.scope == scope) {
                        rule.check_resource(&ctx, resource);
                    }
                }
                for cluster in &clusters {
                    enter(cluster.resource.scope);
                    rule.check_cluster(&ctx, cluster);
                }
                for assignment in assignments {
                    enter(assignment.resource.scope);
                    rule.check_role_assignment(&ctx, assignment);
                }
            });
            placed.append(&mut ctx.into_reporter().into_placed());
        }
        let mut placed = registry::blame(self, eval, placed, settings, &mut found.panics);
        for (diagnostic, _) in &mut placed {
            self.say_where_it_is_loaded(eval, diagnostic);
        }
        (placed, found.panics)
    }

    /// What is wrong in a file that is no template is said where its content is loaded.
    fn say_where_it_is_loaded(&self, eval: &Evaluator<'_>, diagnostic: &mut Diagnostic) {
        let is_content = |file: FileId| self.workspace.file(file).template.is_none();
        diagnostic.fixes.retain(|fix| !fix.edits.iter().any(|edit| is_content(edit.file)));
        let content = diagnostic.location;
        if is_content(content.file)
            && let Some(location) = eval.loaded_at(content.file)
        {
            diagnostic.location = location;
            let message = "it is written in the file that is loaded".to_owned();
            diagnostic.related.insert(0, Related { location: content, message });
        }
    }

    /// Brings together what was found in the targets, and takes out what is suppressed.
    pub fn conclude(
        &self,
        found: impl IntoIterator<Item = Found>,
        targets: &[FileId],
        settings: SettingsOf<'_>,
    ) -> Outcome {
        let wanted: FxHashSet<FileId> = targets.iter().copied().collect();
        let mut outcome = Outcome::default();
        for mut found in found {
            found.diagnostics.retain(|one| wanted.contains(&one.file()));
            // Mostly there is one part that has anything, and it may have very much.
            if outcome.diagnostics.is_empty() {
                outcome.diagnostics = found.diagnostics;
            } else {
                outcome.diagnostics.append(&mut found.diagnostics);
            }
            outcome.panics.extend(found.panics);
        }
        sort(&mut outcome.diagnostics);
        outcome.diagnostics.dedup_by(|a, b| same_finding(a, b));
        self.suppress(targets, settings, &mut outcome);
        outcome
    }

    /// Moves what is suppressed aside, then reports suppressions that were not needed.
    fn suppress(&self, targets: &[FileId], settings: SettingsOf<'_>, outcome: &mut Outcome) {
        let workspace = self.workspace;
        let found = targets.iter().map(|file| (*file, Suppressions::of(workspace.file(*file))));
        let found: BTreeMap<FileId, Suppressions> = found.filter(|(_, found)| !found.all.is_empty()).collect();
        if found.is_empty() {
            return;
        }
        let used = RefCell::new(FxHashSet::default());
        let mut keep = Vec::with_capacity(outcome.diagnostics.len());
        let mut sift = |mut diagnostic: Diagnostic, keep: &mut Vec<Diagnostic>| {
            let covering = found.get(&diagnostic.file()).and_then(|found| found.covering(&diagnostic));
            match covering {
                Some((index, named)) => {
                    used.borrow_mut().insert((diagnostic.file(), index, named));
                    let suppression = &found[&diagnostic.file()].all[index];
                    let rule = crate::by_code(diagnostic.code).map(Described::metadata);
                    if rule.is_none_or(|rule| settings.file(diagnostic.file()).may_suppress(rule)) {
                        outcome.suppressed.push(Suppressed { diagnostic, reason: suppression.reason.clone() });
                    } else {
                        let location = Location { file: diagnostic.file(), range: suppression.named[named].range };
                        let message = "nothing may silence this rule, nor does this".to_owned();
                        diagnostic.related.push(Related { location, message });
                        keep.push(diagnostic);
                    }
                }
                None => keep.push(diagnostic),
            }
        };
        for diagnostic in outcome.diagnostics.drain(..) {
            sift(diagnostic, &mut keep);
        }
        let rule = suppress::UNUSED;
        let listed = self.rules.iter().any(|other| other.metadata().code == rule.metadata().code);
        if listed {
            let reporter = Reporter::new(workspace, rule.metadata(), settings);
            for (file, suppressions) in &found {
                let source = workspace.file(*file);
                let lists = OnceCell::new();
                for (index, suppression) in suppressions.all.iter().enumerate() {
                    let unused: Vec<usize> = (0..suppression.named.len())
                        .filter(|named| {
                            let code = suppression.named[*named].code;
                            let ran = code.and_then(crate::by_code).is_some_and(|other| {
                                let metadata = other.metadata();
                                settings.file(*file).severity(metadata).is_some()
                                    && metadata.code != rule.metadata().code
                            });
                            ran && !used.borrow().contains(&(*file, index, *named))
                        })
                        .collect();
                    for named in &unused {
                        let fix = suppress::removal(source, *file, suppression, *named, &unused, &lists);
                        unused_suppression::report(&reporter, *file, &suppression.named[*named], fix);
                    }
                }
            }
            for diagnostic in reporter.into_diagnostics() {
                sift(diagnostic, &mut keep);
            }
        }
        sort(&mut keep);
        outcome.diagnostics = keep;
        outcome.suppressed.sort_by(|a, b| order(&a.diagnostic, &b.diagnostic));
    }
}

/// Checks with some rules only.
#[cfg(test)]
pub(crate) fn check_with(
    rules: &[&'static dyn Rule],
    workspace: &Workspace,
    targets: &[FileId],
    settings: &Settings,
) -> Outcome {
    Project::with(rules.to_vec(), workspace).check(targets, SettingsOf::all(settings))
}

impl Found {
    /// Runs a rule; one that panics is noted, with the file it was looking at.
    fn guard(&mut self, rule: &dyn Rule, run: impl FnOnce(&Cell<FileId>)) {
        let at = Cell::new(FileId(0));
        if let Err(payload) = catch_unwind(AssertUnwindSafe(|| run(&at))) {
            let message = panic_message(&*payload);
            self.panics.push(Panic { rule: rule.metadata().code, file: at.get(), message });
        }
    }
}

/// Words of which a file that has to do with clusters has one.
const CLUSTER_WORDS: [&str; 2] = ["ContainerService/", "containerservice/"];
/// Words of which a file that has to do with identities and roles has one.
const IDENTITY_WORDS: [&str; 4] = [
    "Microsoft.Authorization/",
    "microsoft.authorization/",
    "Microsoft.ManagedIdentity/",
    "microsoft.managedidentity/",
];

fn mentions(file: &SourceFile, words: &[&str]) -> bool {
    file.template.is_some()
        && words.iter().any(|word| memmem::find(file.text.as_str().as_bytes(), word.as_bytes()).is_some())
}

/// The files that deploy each file.
fn callers(workspace: &Workspace) -> FxHashMap<FileId, Vec<FileId>> {
    let mut callers: FxHashMap<FileId, Vec<FileId>> = FxHashMap::default();
    for (caller, file) in workspace.files() {
        let mut pending: Vec<&Template> = file.template.iter().collect();
        while let Some(template) = pending.pop() {
            for module in &template.modules {
                match &module.source {
                    ModuleSource::Inline { template, .. } => pending.push(template),
                    ModuleSource::Path(path, _) | ModuleSource::Registry(path, _) => {
                        let called = workspace.file_from(caller, path);
                        let called = called.filter(|&called| workspace.file(called).template.is_some());
                        if let Some(called) = called {
                            callers.entry(called).or_default().push(caller);
                        }
                    }
                    ModuleSource::Unknown => {}
                }
            }
        }
    }
    callers
}

/// The files that import from each file, or load it.
fn importers(workspace: &Workspace) -> FxHashMap<FileId, Vec<FileId>> {
    let mut importers: FxHashMap<FileId, Vec<FileId>> = FxHashMap::default();
    for (importer, file) in workspace.files() {
        let imports = file.template.iter().flat_map(|template| &template.imports);
        let imports = imports.filter_map(|import| workspace.file_from(importer, &import.path.as_ref()?.0));
        let contents = file.references().iter().filter(|reference| reference.kind == ReferenceKind::Content);
        let contents = contents.filter_map(|reference| workspace.file_at(&reference.path));
        for imported in imports.chain(contents) {
            importers.entry(imported).or_default().push(importer);
        }
    }
    importers
}

/// What leads to a file, that file first.
fn reachable(file: FileId, from: &FxHashMap<FileId, Vec<FileId>>) -> Vec<FileId> {
    let mut found = vec![file];
    let mut seen: FxHashSet<FileId> = found.iter().copied().collect();
    let mut next = 0;
    while let Some(file) = found.get(next) {
        next += 1;
        let new = from.get(file).into_iter().flatten().copied().filter(|&file| seen.insert(file));
        found.extend(new.collect::<Vec<_>>());
    }
    found
}

fn syntax_errors(workspace: &Workspace, file: FileId) -> impl Iterator<Item = Diagnostic> {
    workspace.file(file).syntax_errors.iter().map(move |error| Diagnostic {
        code: SYNTAX_ERROR,
        family: Family::Document,
        severity: Severity::Error,
        confidence: Confidence::Always,
        message: error.message.clone(),
        help: None,
        location: Location { file, range: error.range },
        related: error
            .started
            .iter()
            .map(|(range, label)| Related { location: Location { file, range: *range }, message: label.clone() })
            .collect(),
        fixes: Vec::new(),
        tag: None,
    })
}

fn sort(diagnostics: &mut [Diagnostic]) {
    diagnostics.sort_by(order);
}

fn order(a: &Diagnostic, b: &Diagnostic) -> std::cmp::Ordering {
    let key = |diagnostic: &Diagnostic| {
        let range = diagnostic.range();
        (diagnostic.file(), range.start(), diagnostic.code, range.end())
    };
    key(a).cmp(&key(b)).then_with(|| a.message.cmp(&b.message))
}

fn same_finding(a: &Diagnostic, b: &Diagnostic) -> bool {
    a.code == b.code && a.location == b.location && a.message == b.message
}

fn panic_message(payload: &(dyn std::any::Any + Send)) -> String {
    if let Some(text) = payload.downcast_ref::<&str>() {
        return (*text).to_owned();
    }
    payload.downcast_ref::<String>().cloned().unwrap_or_else(|| "no message".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{self, workspace};
    use crate::{Finding, Resources, declare_rule};
    use template::value::ResourceRef;

    declare_rule! {
        /// ## What it does
        /// Reports every resource, and breaks off at one called `boom`.
        pub(crate) struct Panics {
            code: "panics",
            family: Document,
            severity: Error,
            fix: None,
            since: "0.1.0",
        }
    }

    impl Rule for Panics {
        fn resources(&self) -> Resources {
            Resources::Of(&["Microsoft.Authorization/locks"])
        }

        fn check_resource(&self, ctx: &Ctx<'_>, resource: ResourceRef) {
            let symbol = ctx.eval.resource(resource).symbol.as_ref().unwrap();
            assert_ne!(symbol.name.as_str(), "boom", "met a resource called boom");
            let location = ctx.eval.in_file(resource.scope, symbol.range);
            ctx.report(Finding::at(location, "a resource").when("it rains"));
            ctx.report(Finding::at(location, "a resource").when("it rains"));
        }
    }

    #[test]
    fn a_rule_that_must_not_be_silenced_stays_and_says_so() {
        let text = "// akslint: ignore-file[api-version-unknown] later\nresource a 'Microsoft.ContainerService/managedClusters@2020-02-31' = {\n  name: 'a'\n  identity: {\n    type: 'SystemAssigned'\n  }\n}\n";
        let workspace = workspace(&[("main.bicep", text)]);
        let rules = [crate::by_code("api-version-unknown").unwrap(), suppress::UNUSED];
        let found = |unsuppressible| {
            let settings = Settings { unsuppressible, with_bicep: true, ..Settings::default() };
            check_with(&rules, &workspace, &[FileId(0)], &settings)
        };
        let usual = found(Vec::new());
        assert_eq!((usual.diagnostics.len(), usual.suppressed.len()), (0, 1));
        let strict = found(vec![crate::Selector::Family(Family::Schema)]);
        assert_eq!(strict.suppressed.len(), 0);
        let [diagnostic] = &strict.diagnostics[..] else { panic!("{:?}", strict.diagnostics) };
        let related = diagnostic.related.last().unwrap();
        assert_eq!(&text[related.location.range], "api-version-unknown");
    }

    const TEXT: &str = "// akslint: ignore[nothing]\nresource a 'Microsoft.Authorization/locks@2020-05-01' = {\n}\nresource boom 'Microsoft.Authorization/locks@2020-05-01' = {\n}\nvar x = \n";

    #[test]
    fn a_rule_that_panics_silences_no_other() {
        let workspace = workspace(&[("main.bicep", TEXT)]);
        let rules: Vec<&'static dyn Rule> = std::iter::once(RULE).chain(all()).collect();
        let outcome = check_with(&rules, &workspace, &[FileId(0)], &Settings::default());
        let codes: Vec<_> = outcome.diagnostics.iter().map(|diagnostic| diagnostic.code).collect();
        assert_eq!(codes, ["unknown-rule-in-suppression", "panics", SYNTAX_ERROR], "sorted, and each once");
        let [panic] = &outcome.panics[..] else { panic!("one rule panicked") };
        assert_eq!((panic.rule, panic.file), ("panics", FileId(0)));
        assert!(panic.message.contains("met a resource called boom"), "{}", panic.message);
    }

    #[test]
    fn a_check_that_nobody_waits_for_breaks_off_at_the_next_rule() {
        let workspace = workspace(&[("main.bicep", "resource a 'Microsoft.Authorization/locks@2020-05-01' = {\n}\n")]);
        let asked = std::sync::atomic::AtomicUsize::new(0);
        let cancelled = |after: usize| {
            let asked = &asked;
            move || asked.fetch_add(1, std::sync::atomic::Ordering::Relaxed) >= after
        };
        let found = |cancelled: &Cancelled<'_>| {
            let project = Project::with(vec![RULE], &workspace).until(cancelled);
            project.check(&[FileId(0)], SettingsOf::all(&Settings::default())).diagnostics.len()
        };
        assert_eq!(found(&cancelled(usize::MAX)), 1);
        let steps = asked.swap(0, std::sync::atomic::Ordering::Relaxed);
        assert_eq!(found(&cancelled(steps - 1)), 0, "the last step is the rule that finds something");
    }

    #[test]
    fn what_holds_for_some_values_only_is_no_error() {
        let workspace = workspace(&[("main.bicep", "resource a 'Microsoft.Authorization/locks@2020-05-01' = {\n}\n")]);
        let severity =
            |settings: &Settings| check_with(&[RULE], &workspace, &[FileId(0)], settings).diagnostics[0].severity;
        assert_eq!(severity(&Settings::default()), Severity::Warning);
        assert_eq!(severity(&Settings { conditional_errors: true, ..Settings::default() }), Severity::Error);
    }

    const CLUSTER: &str = "resource aks 'Microsoft.ContainerService/managedClusters@2025-05-01' = {
  name: 'aks'
  location: 'x'
  identity: identity
  properties: { dnsPrefix: 'a', agentPoolProfiles: [{ name: 'a', count: 1, vmSize: 'x', mode: 'System' }] }
}
";
    const WRONG: &str = "{ type: 'SystemAssigned, UserAssigned' }";

    /// What `identity-type-combined` finds: the file, the text there, and the files of related places.
    fn combined(files: &[(&str, &str)], targets: &[u32]) -> Vec<(u32, String, Vec<u32>)> {
        let workspace = workspace(files);
        let rule = crate::by_code("identity-type-combined").unwrap();
        let targets: Vec<FileId> = targets.iter().copied().map(FileId).collect();
        let outcome = check_with(&[rule], &workspace, &targets, &Settings::default());
        let shown = outcome.diagnostics.into_iter().map(|one| {
            let related = one.related.iter().map(|related| related.location.file.0).collect();
            assert!(one.fixes.iter().all(|fix| fix.edits.iter().all(|edit| edit.file == one.file())));
            (one.file().0, workspace.file(one.file()).text.slice(one.range()).to_owned(), related)
        });
        shown.collect()
    }

    #[test]
    fn what_is_imported_is_judged_where_it_is_used() {
        let main = format!("import {{ identity }} from 'shared.bicep'\n{CLUSTER}");
        let shared = format!("@export()\nvar identity = {WRONG}\n");
        let files = [("main.bicep", main.as_str()), ("shared.bicep", &shared)];
        let expected = [(1, "'SystemAssigned, UserAssigned'".to_owned(), Vec::<u32>::new())];
        for targets in [&[0, 1][..], &[1]] {
            assert_eq!(combined(&files, targets), expected, "{targets:?}");
        }
        assert!(combined(&files, &[0]).is_empty(), "it is not written there");
    }

    #[test]
    fn what_is_loaded_is_judged_where_it_is_loaded() {
        let main = format!("var identity = loadJsonContent('identity.json')\n{CLUSTER}");
        let files = [("main.bicep", main.as_str()), ("identity.json", r#"{ "type": "SystemAssigned, UserAssigned" }"#)];
        assert_eq!(combined(&files, &[0]), [(0, "loadJsonContent('identity.json')".to_owned(), vec![1])]);
    }

    #[test]
    fn syntax_errors_cannot_be_suppressed() {
        testing::check_all(
            "
            // akslint: ignore-file[syntax-error] please
                                    ^^^^^^^^^^^^ warning[unknown-rule-in-suppression]: no rule `syntax-error`
            var x =
                   ^ error[syntax-error]: expected
            ",
        );
    }
}
