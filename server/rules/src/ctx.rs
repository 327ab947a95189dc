//! What a rule is given, and what it gives back.

use std::borrow::Cow;
use std::cell::{Cell, OnceCell, RefCell};
use std::ops::Deref;
use std::rc::Rc;

use rustc_hash::{FxHashMap, FxHashSet};
use syntax::Language;
use template::canon::CanonId;
use template::condition::Conditions;
use template::eval::ScopeId;
use template::reads::ReadAt;
use template::value::ResourceRef;
use template::workspace::{FileId, Location, Workspace};
use template::{Evaluator, Name};

use crate::check::SettingsOf;
use crate::conformance::{self, Mistake};
use crate::groups::GroupOf;
use crate::mentions::{Identities, Mentions, read_symbols};
use crate::near_names::Slips;
use crate::outline::Outline;
use crate::rename::Names;
use crate::rule::{Metadata, Resources};
use crate::unattached::{Unattached, unattached};
use crate::{Confidence, Diagnostic, Family, Fix, Related, Rewrite, Severity, Tag};

/// What a rule works with while it looks at a deployment: a file that no other file of the workspace deploys, with all
/// modules it deploys. Also a [`Reporter`].
pub struct Ctx<'a> {
    /// The evaluator of that file; also the view of its clusters, identities and role assignments.
    pub eval: &'a Evaluator<'a>,
    shared: &'a Shared,
    reporter: Reporter<'a>,
}

/// What is worked out once for a deployment, when the first rule asks for it.
#[derive(Default)]
pub(crate) struct Shared {
    known: OnceCell<Vec<ResourceRef>>,
    mistakes: OnceCell<Vec<Mistake>>,
    reads: OnceCell<Vec<ReadAt>>,
    mentions: RefCell<FxHashMap<ScopeId, Rc<Mentions>>>,
    identities: RefCell<FxHashMap<ScopeId, Rc<Identities>>>,
    read_symbols: RefCell<FxHashMap<ScopeId, Rc<FxHashSet<Name>>>>,
    slips: OnceCell<Slips>,
    groups: RefCell<FxHashMap<(ScopeId, CanonId), Option<GroupOf>>>,
    unattached: OnceCell<Vec<Unattached>>,
    names: OnceCell<Names>,
    outlines: RefCell<FxHashMap<ScopeId, Rc<Outline>>>,
}

impl Shared {
    /// The resources of types of which facts are known, in order.
    fn known_resources(&self, eval: &Evaluator<'_>) -> &[ResourceRef] {
        self.known.get_or_init(|| eval.resources_where(|own| schema::resource_type(own).is_some()))
    }
}

impl<'a> Ctx<'a> {
    pub(crate) fn new(eval: &'a Evaluator<'a>, shared: &'a Shared, reporter: Reporter<'a>) -> Self {
        Self { eval, shared, reporter }
    }

    /// What the bodies of the resources say against their API versions.
    pub(crate) fn mistakes(&self) -> &'a [Mistake] {
        self.shared.mistakes.get_or_init(|| conformance::mistakes(self.eval, self.shared.known_resources(self.eval)))
    }

    /// Where clusters and identities are read.
    pub(crate) fn reads(&self) -> &'a [ReadAt] {
        self.shared.reads.get_or_init(|| self.eval.reads())
    }

    /// The identities that the template of a scope names.
    pub(crate) fn mentions(&self, scope: ScopeId) -> Rc<Mentions> {
        if let Some(known) = self.shared.mentions.borrow().get(&scope) {
            return known.clone();
        }
        let mentions = Rc::new(Mentions::of_scope(self, scope));
        self.shared.mentions.borrow_mut().insert(scope, mentions.clone());
        mentions
    }

    /// The identities that the template of a scope declares.
    pub(crate) fn identities(&self, scope: ScopeId) -> Rc<Identities> {
        let mut known = self.shared.identities.borrow_mut();
        known.entry(scope).or_insert_with(|| Rc::new(Identities::of_scope(self.eval, scope))).clone()
    }

    /// The group of that normal form, seen from the template of a scope: found once, by going through the template.
    pub(crate) fn named_group(
        &self,
        scope: ScopeId,
        form: CanonId,
        find: impl FnOnce(CanonId) -> Option<GroupOf>,
    ) -> Option<GroupOf> {
        if let Some(known) = self.shared.groups.borrow().get(&(scope, form)) {
            return known.clone();
        }
        let group = find(form);
        self.shared.groups.borrow_mut().insert((scope, form), group.clone());
        group
    }

    /// The declared identities by what is left of their names without a word.
    pub(crate) fn slips(&self) -> &'a Slips {
        self.shared.slips.get_or_init(|| Slips::of(self.eval))
    }

    /// The symbols of the template of a scope of which something is read that takes a request.
    pub(crate) fn read_symbols(&self, scope: ScopeId) -> Rc<FxHashSet<Name>> {
        let mut known = self.shared.read_symbols.borrow_mut();
        known.entry(scope).or_insert_with(|| Rc::new(read_symbols(self.eval.template(scope)))).clone()
    }

    /// What is to be looked at in the template of a scope wherever it is.
    pub(crate) fn outline(&self, scope: ScopeId) -> Rc<Outline> {
        let mut known = self.shared.outlines.borrow_mut();
        known.entry(scope).or_insert_with(|| Rc::new(Outline::of(self.eval.template(scope)))).clone()
    }

    /// The identities that are given roles and that no cluster has.
    pub(crate) fn unattached(&self) -> &'a [Unattached] {
        self.shared.unattached.get_or_init(|| unattached(self.eval))
    }

    /// Where which names are written.
    pub(crate) fn names(&self) -> &'a Names {
        self.shared.names.get_or_init(|| Names::of(self.eval))
    }

    /// The resources that a rule wants to see, in order.
    pub(crate) fn wanted(&self, resources: Resources) -> Cow<'a, [ResourceRef]> {
        match resources {
            Resources::None => Cow::Borrowed(&[]),
            Resources::Of(types) => {
                let is_wanted = |own: &str| types.iter().any(|one| own.eq_ignore_ascii_case(one));
                Cow::Owned(self.eval.resources_where(is_wanted))
            }
            Resources::Known => Cow::Borrowed(self.shared.known_resources(self.eval)),
        }
    }

    pub(crate) fn into_reporter(self) -> Reporter<'a> {
        self.reporter
    }

    /// Starts a fix.
    pub fn rewrite(&self) -> Rewrite<'a> {
        Rewrite::new(self.eval)
    }

    /// A finding that holds under these conditions: always when there are none.
    pub fn finding(&self, location: Location, message: impl Into<String>, when: &Conditions) -> Finding {
        let finding = Finding::at(location, message);
        if when.is_true() { finding } else { finding.when(self.eval.describe(when)) }
    }

    /// Whether the Bicep compiler reports by itself what it sees in a template, and the settings leave that to it.
    pub(crate) fn is_left_to_bicep(&self, scope: ScopeId) -> bool {
        self.eval.template(scope).language == Language::Bicep && !self.with_bicep(self.eval.scope(scope).file)
    }
}

impl<'a> Deref for Ctx<'a> {
    type Target = Reporter<'a>;

    fn deref(&self) -> &Reporter<'a> {
        &self.reporter
    }
}

/// Takes what a rule reports.
pub struct Reporter<'a> {
    /// All files, for rules that look at callers or other declarations.
    pub workspace: &'a Workspace,
    rule: &'static Metadata,
    settings: SettingsOf<'a>,
    /// The template that is looked at.
    scope: Cell<Option<ScopeId>>,
    diagnostics: RefCell<Vec<(Diagnostic, Option<ScopeId>)>>,
}

impl<'a> Reporter<'a> {
    /// A reporter for one rule.
    pub(crate) fn new(workspace: &'a Workspace, rule: &'static Metadata, settings: SettingsOf<'a>) -> Self {
        Self { workspace, rule, settings, scope: Cell::default(), diagnostics: RefCell::default() }
    }

    /// The code of the rule that reports.
    pub(crate) fn code(&self) -> &'static str {
        self.rule.code
    }

    /// The family of that rule.
    pub(crate) fn family(&self) -> Family {
        self.rule.family
    }

    /// Whether what the Bicep compiler reports by itself is reported in that file as well.
    pub fn with_bicep(&self, file: FileId) -> bool {
        self.settings.file(file).with_bicep
    }

    /// Reports something. Code, family and severity come from the rule and the settings of the file it is found in.
    pub fn report(&self, finding: Finding) {
        let settings = self.settings.file(finding.location.file);
        let Some(wanted) = settings.severity(self.rule) else { return };
        let mut severity = finding.severity.map_or(wanted, |own| own.min(wanted));
        // What holds for some values only must not fail a build: the values may never be used.
        if matches!(finding.confidence, Confidence::Conditional(_)) && !settings.conditional_errors {
            severity = severity.min(Severity::Warning);
        }
        let diagnostic = Diagnostic {
            code: self.rule.code,
            family: self.rule.family,
            severity,
            confidence: finding.confidence,
            message: finding.message,
            help: finding.help,
            location: finding.location,
            related: finding.related,
            fixes: finding.fixes,
            tag: finding.tag,
        };
        self.diagnostics.borrow_mut().push((diagnostic, self.scope.get()));
    }

    /// Says which template is looked at from now on.
    pub(crate) fn enter(&self, scope: Option<ScopeId>) {
        self.scope.set(scope);
    }

    pub(crate) fn into_diagnostics(self) -> Vec<Diagnostic> {
        self.diagnostics.into_inner().into_iter().map(|(diagnostic, _)| diagnostic).collect()
    }

    /// What was reported, each with the template that was looked at.
    pub(crate) fn into_placed(self) -> Vec<(Diagnostic, Option<ScopeId>)> {
        self.diagnostics.into_inner()
    }
}

/// Something a rule reports. Made with [`Finding::at`], completed with the other methods.
#[derive(Debug)]
pub struct Finding {
    location: Location,
    message: String,
    help: Option<String>,
    related: Vec<Related>,
    fixes: Vec<Fix>,
    confidence: Confidence,
    severity: Option<Severity>,
    tag: Option<Tag>,
}

impl Finding {
    /// What is wrong where: one sentence without a full stop that names the property.
    #[must_use]
    pub fn at(location: Location, message: impl Into<String>) -> Self {
        Self {
            location,
            message: message.into(),
            help: None,
            related: Vec::new(),
            fixes: Vec::new(),
            confidence: Confidence::Always,
            severity: None,
            tag: None,
        }
    }

    pub(crate) fn location(&self) -> Location {
        self.location
    }

    pub(crate) fn message(&self) -> &str {
        &self.message
    }

    /// What to do.
    #[must_use]
    pub fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }

    /// Another place that belongs to it.
    #[must_use]
    pub fn related(mut self, location: Location, message: impl Into<String>) -> Self {
        self.related.push(Related { location, message: message.into() });
        self
    }

    /// Ways to mend it, the preferred one first. Takes an `Option<Fix>` as well: a fix that cannot be made cleanly is
    /// not offered. Calls add up.
    #[must_use]
    pub fn fix(mut self, fixes: impl IntoIterator<Item = Fix>) -> Self {
        self.fixes.extend(fixes);
        self
    }

    /// Takes the ways to mend it back, to put others before them.
    pub(crate) fn take_fixes(&mut self) -> Vec<Fix> {
        std::mem::take(&mut self.fixes)
    }

    /// It holds only when this holds, in words: "`useUserAssigned` is false". An error becomes a warning by that.
    #[must_use]
    pub fn when(mut self, condition: impl Into<String>) -> Self {
        self.confidence = Confidence::Conditional(condition.into());
        self
    }

    /// How sure it is, where the evaluator says it.
    #[must_use]
    pub fn confidence(mut self, confidence: Confidence) -> Self {
        self.confidence = confidence;
        self
    }

    /// It is less bad than the rule's findings usually are. Cannot make it worse.
    #[must_use]
    pub fn severity(mut self, severity: Severity) -> Self {
        self.severity = Some(severity);
        self
    }

    /// How an editor may render it.
    #[must_use]
    pub fn tag(mut self, tag: Tag) -> Self {
        self.tag = Some(tag);
        self
    }
}
