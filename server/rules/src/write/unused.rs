//! Dropping parameters and variables that a fix leaves without use, with the values that other files give them.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use syntax::{TextEdit, TextRange, TextSize};
use template::eval::{Place, ScopeId};
use template::expr::Member;
use template::model::{Declaration, ModuleSource, TemplateKind};
use template::paths::leads_to;
use template::value::ModuleRef;
use template::workspace::{FileId, SourceFile};
use template::{Expr, ExprId, Name, Template};

use super::{Rewrite, Unit, behind_line_end, declared, line_start};

/// A value that somebody gives a parameter.
enum Giver {
    /// The assignment of that number in a parameter file.
    File(FileId, usize),
    /// The argument of that number of the module that deploys the scope, with its value.
    Argument(Place, usize, ExprId),
}

impl Rewrite<'_> {
    /// Drops the declarations of the parameters and variables that these expressions use, when with what this fix takes away
    /// nothing uses them any more; together with a parameter the values that its parameter files and the module around give
    /// it. Leaves a parameter that a file may give a value of which that is not certain. Never spoils the fix.
    #[must_use]
    pub fn drop_unused(mut self, scope: ScopeId, exprs: &[ExprId]) -> Self {
        self.enter(scope);
        let names = exprs.iter().flat_map(|&expr| names_in(self.unit, self.unit.range(expr))).collect();
        self.drop_names(scope, names)
    }

    /// Drops the declaration of a parameter like [`Rewrite::drop_unused`].
    #[must_use]
    pub fn drop_parameter_if_unused(self, scope: ScopeId, name: &Name) -> Self {
        self.drop_names(scope, vec![name.clone()])
    }

    fn drop_names(mut self, scope: ScopeId, names: Vec<Name>) -> Self {
        if self.spoilt {
            return self;
        }
        self.enter(scope);
        let before = self.edits.clone();
        match self.try_drop(scope, names) {
            Some(given) => given.into_iter().fold(self, |this, value| this.drop_unused(value.scope, &[value.expr])),
            None => {
                self.edits = before;
                self
            }
        }
    }

    /// Does it, and gives back the arguments that went with it. `None` when it cannot be done, with the edits half made.
    fn try_drop(&mut self, scope: ScopeId, names: Vec<Name>) -> Option<Vec<Place>> {
        let mut givers = Vec::new();
        let mut dead = Vec::new();
        for (declaration, range) in self.dead(names) {
            if let Declaration::Parameter(index) = declaration {
                let Some(found) = self.givers(scope, &self.unit.template.parameters[index as usize].name) else {
                    continue;
                };
                givers.extend(found);
            }
            dead.push((declaration, range));
        }
        let template = self.unit.template;
        let of_kind = |parameters: bool| -> Vec<TextRange> {
            let is_kind = |declaration: &Declaration| matches!(declaration, Declaration::Parameter(_)) == parameters;
            dead.iter().filter(|(declaration, _)| is_kind(declaration)).map(|(_, range)| *range).collect()
        };
        let all: Vec<TextRange> = template.parameters.iter().map(|one| one.range).collect();
        self.remove_declarations(&of_kind(true), &all, template.insertion.parameters)?;
        let all: Vec<TextRange> = template.variables.iter().map(|one| one.range).collect();
        self.remove_declarations(&of_kind(false), &all, template.insertion.variables)?;
        self.remove_values(&givers)
    }

    fn remove_values(&mut self, givers: &[Giver]) -> Option<Vec<Place>> {
        let mut files: BTreeMap<FileId, Vec<usize>> = BTreeMap::new();
        let (mut members, mut values, mut caller) = (Vec::new(), Vec::new(), None);
        for giver in givers {
            match *giver {
                Giver::File(file, index) => files.entry(file).or_default().push(index),
                Giver::Argument(arguments, member, value) => {
                    members.push(member);
                    values.push(Place { expr: value, ..arguments });
                    caller = Some(arguments);
                }
            }
        }
        for (file, indices) in files {
            let source = self.eval.workspace().file(file);
            let template = source.template.as_ref()?;
            self.unit = Unit { file, source, template };
            let all: Vec<TextRange> = template.assignments.iter().map(|one| one.range).collect();
            let gone: Vec<TextRange> = indices.into_iter().map(|index| all[index]).collect();
            self.remove_declarations(&gone, &all, template.insertion.parameters)?;
        }
        let Some(arguments) = caller else { return Some(values) };
        self.enter(arguments.scope);
        let (_, list) = self.object(arguments.expr)?;
        let edits = list.remove(&self.unit.source.text, &members)?;
        self.add(edits, &[])?;
        Some(values)
    }

    /// Takes some of the declarations of one kind out of the current file.
    fn remove_declarations(&mut self, gone: &[TextRange], all: &[TextRange], section: Option<TextRange>) -> Option<()> {
        if gone.is_empty() {
            return Some(());
        }
        let text = &self.unit.source.text;
        if self.is_json() {
            let list = self.section(section?, all.iter().copied())?;
            let index = |range: &TextRange| list.entries.iter().position(|entry| entry == range);
            let indices: Option<Vec<usize>> = gone.iter().map(index).collect();
            let edits = list.remove(text, &indices?)?;
            return self.add(edits, &[]);
        }
        for range in gone {
            let start = line_start(text, range.start())?;
            let rest = &text.as_str()[usize::from(range.end())..];
            let line = &rest[..rest.find(['\n', '\r']).unwrap_or(rest.len())];
            if !line.trim().is_empty() {
                return None;
            }
            let mut end = behind_line_end(text, range.end() + TextSize::of(line));
            // What stood between two blank lines, or at the top, leaves none behind.
            let before = text.as_str()[..usize::from(start)].lines().next_back();
            if before.is_none_or(|line| line.trim().is_empty()) {
                let rest = &text.as_str()[usize::from(end)..];
                let line = &rest[..rest.find(['\n', '\r']).unwrap_or(rest.len())];
                if line.trim().is_empty() {
                    end = behind_line_end(text, end + TextSize::of(line));
                }
            }
            self.add(vec![TextEdit::delete(TextRange::new(start, end))], &[])?;
        }
        Some(())
    }

    /// Those of the declarations, and of what only they use, that nothing uses any more.
    fn dead(&self, names: Vec<Name>) -> Vec<(Declaration, TextRange)> {
        let unit = self.unit;
        let mut candidates: Vec<(Name, Declaration, TextRange)> = Vec::new();
        let mut waiting = names;
        while let Some(name) = waiting.pop() {
            if candidates.iter().any(|(known, ..)| *known == name) {
                continue;
            }
            let (declaration, range) = match unit.template.names.get(&name) {
                Some(&Declaration::Parameter(index)) => {
                    (Declaration::Parameter(index), unit.template.parameters[index as usize].range)
                }
                Some(&Declaration::Variable(index)) => {
                    (Declaration::Variable(index), unit.template.variables[index as usize].range)
                }
                _ => continue,
            };
            waiting.extend(names_in(unit, range));
            candidates.push((name, declaration, range));
        }
        let mut dead: Vec<(Declaration, TextRange)> = Vec::new();
        loop {
            let is_new = |declaration: Declaration| !dead.iter().any(|(known, _)| *known == declaration);
            let next =
                candidates.iter().find(|(name, declaration, _)| is_new(*declaration) && !self.is_used(name, &dead));
            match next {
                Some((_, declaration, range)) => dead.push((*declaration, *range)),
                None => return dead,
            }
        }
    }

    /// Whether anything that stays uses the parameter or variable.
    fn is_used(&self, name: &Name, dead: &[(Declaration, TextRange)]) -> bool {
        let edits = self.edits.get(&self.unit.file);
        let goes = |range: TextRange| {
            let edited = |edits: &syntax::TextEdits| {
                edits.iter().any(|edit| !edit.range.is_empty() && edit.range.contains_range(range))
            };
            edits.is_some_and(edited) || dead.iter().any(|(_, gone)| gone.contains_range(range))
        };
        self.used.contains(name) || uses(self.unit.template, name, &goes)
    }

    /// Who gives the parameter a value; `None` when somebody may whom this fix cannot change.
    fn givers(&self, scope: ScopeId, name: &Name) -> Option<Vec<Giver>> {
        let own = self.eval.scope(scope);
        let mut givers = Vec::new();
        if let Some(module) = own.module {
            givers = self.arguments(module, name)?;
        }
        if own.module.is_some_and(|module| self.eval.scope(module.scope).file == own.file) {
            return Some(givers); // a nested template: no other file can mean it
        }
        let path = &self.eval.workspace().file(own.file).path;
        for (file, source) in self.eval.workspace().files() {
            let Some(template) = &source.template else { continue };
            match template.kind {
                TemplateKind::Parameters => {
                    let assigned = template.assignments.iter().position(|assignment| assignment.name.name == *name);
                    if let Some(index) = assigned
                        && belongs(source, template, path, self.unit.template)?
                    {
                        givers.push(Giver::File(file, index));
                    }
                }
                TemplateKind::Deployment => {
                    let caller = own.module.filter(|module| self.eval.scope(module.scope).file == file);
                    if deploys_with(source, template, path, name, caller.map(|module| module.index)) {
                        return None;
                    }
                }
            }
        }
        Some(givers)
    }

    /// The argument that a module is given under that name, if it is: one or none; `None` when that is not known.
    fn arguments(&self, module: ModuleRef, name: &Name) -> Option<Vec<Giver>> {
        let template = self.eval.template(module.scope);
        let Some(arguments) = template.modules[module.index as usize].arguments else { return Some(Vec::new()) };
        let Expr::Object(object) = template.expr(arguments) else { return None };
        for (index, member) in object.members.iter().enumerate() {
            let Member::Property(property) = member else { return None };
            if matches!(template.expr(property.key), Expr::Str(key) if *name == **key) {
                let arguments = Place { scope: module.scope, expr: arguments };
                return Some(vec![Giver::Argument(arguments, index, property.value)]);
            }
        }
        Some(Vec::new())
    }
}

/// Whether a parameter file belongs to the template at that path; `None` when it may.
fn belongs(source: &SourceFile, assigns: &Template, path: &Path, declares: &Template) -> Option<bool> {
    if let Some((using, _)) = &assigns.using {
        return Some(leads_to(&source.path, using, path));
    }
    let stem = path.file_stem().unwrap_or_default().to_string_lossy().to_lowercase();
    let own = source.path.file_stem().unwrap_or_default().to_string_lossy().to_lowercase();
    if source.path.parent() == path.parent() && own.strip_prefix(&stem).is_some_and(|rest| rest.starts_with('.')) {
        return Some(true);
    }
    // A file that assigns what the template does not have cannot be deployed with it.
    let fits = assigns.assignments.iter().all(|assignment| declares.parameter(&assignment.name.name).is_some());
    if fits { None } else { Some(false) }
}

/// Whether a module of the template, other than that one, deploys the file at that path and may give it that parameter.
fn deploys_with(source: &SourceFile, template: &Template, path: &Path, name: &Name, except: Option<u32>) -> bool {
    (0..).zip(&template.modules).any(|(index, module)| match &module.source {
        ModuleSource::Inline { template, .. } => deploys_with(source, template, path, name, None),
        ModuleSource::Path(reference, _) => {
            if Some(index) == except || !leads_to(&source.path, reference, path) {
                return false;
            }
            match module.arguments.map(|arguments| template.expr(arguments)) {
                None => false,
                Some(Expr::Object(object)) => object.members.iter().any(|member| match member {
                    Member::Property(property) => {
                        matches!(template.expr(property.key), Expr::Str(key) if *name == **key)
                    }
                    Member::Spread { .. } => true,
                }),
                Some(_) => true,
            }
        }
        ModuleSource::Registry(..) | ModuleSource::Unknown => false,
    })
}

/// The parameters and variables used within a range, each once.
fn names_in(unit: Unit<'_>, range: TextRange) -> Vec<Name> {
    let all = unit.template.exprs.within(range).into_iter();
    let names: BTreeSet<&str> = all.filter_map(|id| declared(unit.expr(id))).map(Name::as_str).collect();
    names.into_iter().map(Name::from).collect()
}

/// Whether a template uses the parameter or variable in an expression that stays.
fn uses(template: &Template, name: &Name, goes: &impl Fn(TextRange) -> bool) -> bool {
    template.exprs.naming(name).iter().any(|&id| !goes(template.exprs.range(id)))
        || template.modules.iter().any(|module| match &module.source {
            ModuleSource::Inline { template, outer_scope: true } => uses(template, name, goes),
            _ => false,
        })
}
