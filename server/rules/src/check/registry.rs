//! What is wrong with the arguments of a module of a registry is said at the call: nobody can change the module.

use rustc_hash::FxHashMap;
use template::eval::ScopeId;
use template::expr::Ref;
use template::model::Declaration;
use template::value::ModuleRef;
use template::workspace::{FileId, Location};
use template::{Evaluator, Expr, ExprId};

use super::caller::{is_same, rules_of};
use super::{Found, Project, Root, SettingsOf};
use crate::{Confidence, Diagnostic, Related};

/// Adds what was found to `found`. What lies in a module of a registry and is its own doing is left out.
pub(super) fn blame(
    project: &Project<'_>,
    eval: &Evaluator<'_>,
    placed: Vec<(Diagnostic, Option<ScopeId>)>,
    settings: SettingsOf<'_>,
    found: &mut Found,
) {
    let workspace = project.workspace;
    // Looked at by itself, it is judged as anything else is.
    let is_own = workspace.is_foreign(eval.scope(ScopeId::ROOT).file);
    let is_foreign = |file| !is_own && workspace.is_foreign(file);
    let mut inside: Vec<(Diagnostic, ModuleRef)> = Vec::new();
    for (mut diagnostic, scope) in placed {
        diagnostic.fixes.retain(|fix| !fix.edits.iter().any(|edit| is_foreign(edit.file)));
        if !is_foreign(diagnostic.file()) {
            found.diagnostics.push(diagnostic);
        } else if let Some(call) = scope.and_then(|scope| eval.call_from_outside(scope)) {
            inside.push((diagnostic, call));
        }
    }
    // What each module does whatever it is given, as far as it matters here.
    let mut alone: FxHashMap<FileId, Vec<Diagnostic>> = FxHashMap::default();
    for (diagnostic, call) in &inside {
        alone.entry(called(eval, *call).unwrap_or(diagnostic.file())).or_default().push(diagnostic.clone());
    }
    for (file, diagnostics) in &mut alone {
        let root = Root { file: *file, with_modules: true, parameters: None };
        let own = project.run(root, None, &rules_of(project, diagnostics), settings);
        found.panics.extend(own.panics);
        *diagnostics = own.diagnostics;
    }
    for (diagnostic, call) in inside {
        let own = alone.get(&called(eval, call).unwrap_or(diagnostic.file()));
        let is_its_own = own.into_iter().flatten().any(|own| {
            is_same(own, &diagnostic)
                && (own.confidence == Confidence::Always || diagnostic.confidence != Confidence::Always)
        });
        if !is_its_own {
            found.diagnostics.extend(moved(project, eval, diagnostic, call, settings));
        }
    }
    for diagnostic in &mut found.diagnostics {
        diagnostic.related.retain(|related| !workspace.file(related.location.file).stands_in());
    }
}

fn called(eval: &Evaluator<'_>, call: ModuleRef) -> Option<FileId> {
    eval.module_scope(call).map(|scope| eval.scope(scope).file)
}

/// The same finding at the argument that it comes from, as far as that is known, or else at the call.
fn moved(
    project: &Project<'_>,
    eval: &Evaluator<'_>,
    diagnostic: Diagnostic,
    call: ModuleRef,
    settings: SettingsOf<'_>,
) -> Option<Diagnostic> {
    let file = eval.scope(call.scope).file;
    let module = &eval.template(call.scope).modules[call.index as usize];
    let is_given =
        |related: &&Related| related.location.file == file && module.range.contains_range(related.location.range);
    let given = diagnostic.related.iter().find(is_given).map(|related| related.location);
    let given = given.or_else(|| only_argument(eval, call, diagnostic.location));
    let location = given.unwrap_or(Location { file, range: module.header });
    let rule = project.rules.iter().find(|rule| rule.metadata().code == diagnostic.code)?;
    let severity = settings.file(file).severity(rule.metadata())?.min(diagnostic.severity);
    let inside = Related { location: diagnostic.location, message: "in the module, here".to_owned() };
    let mut related = vec![inside];
    related.extend(diagnostic.related.into_iter().filter(|other| other.location != location));
    Some(Diagnostic { severity, location, related, ..diagnostic })
}

/// The argument of a call that an expression of the module is made of, if it is one.
fn only_argument(eval: &Evaluator<'_>, call: ModuleRef, of: Location) -> Option<Location> {
    let scope = eval.module_scope(call).filter(|&scope| eval.scope(scope).file == of.file)?;
    let template = eval.template(scope);
    let mut waiting: Vec<ExprId> =
        template.exprs.iter().map(|(expr, _)| expr).filter(|&expr| template.exprs.range(expr) == of.range).collect();
    let mut found = None;
    let mut followed = Vec::new();
    while let Some(expr) = waiting.pop() {
        let written = template.expr(expr);
        match written {
            Expr::Ref(Ref::Parameter(name)) => {
                let given = eval.argument_of(scope, name).map(|place| eval.location(place));
                if given.is_some() && found.is_some() && given != found {
                    return None;
                }
                found = given.or(found);
            }
            Expr::Ref(Ref::Variable(name)) => {
                if let Some(&Declaration::Variable(index)) = template.names.get(name)
                    && !followed.contains(&index)
                {
                    followed.push(index);
                    waiting.push(template.variables[index as usize].value);
                }
            }
            _ => {}
        }
        written.children(&mut waiting);
    }
    found
}
