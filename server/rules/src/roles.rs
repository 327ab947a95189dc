//! What the rules about roles share: how to call who gets one, who calls the module that gives it, and other roles to write.

use template::aks::{CLUSTER, RoleAssignment, Slot};
use template::eval::{Place, ScopeId};
use template::grants::Bearer;
use template::model::ModuleSource;
use template::paths::relative_to;
use template::value::ResourceRef;
use template::workspace::{FileId, Location};
use template::{Expr, Template};

use crate::kubelet_grant::role_definition;
use crate::offers::label_of_id;
use crate::{Ctx, New, Rewrite};

/// Who has a role, in words.
pub(crate) fn who(ctx: &Ctx<'_>, bearer: &Bearer) -> String {
    match bearer {
        Bearer::Identity(id) => format!("the identity `{}`", label_of_id(ctx, id)),
        Bearer::System(id) if id.is_type(CLUSTER) == Some(true) => {
            format!("the control plane of `{}`", label_of_id(ctx, id))
        }
        Bearer::System(id) => format!("the identity of `{}`", label_of_id(ctx, id)),
        Bearer::Generated { of, path } if path.ends_with("kubeletidentity") => {
            format!("the kubelet of `{}`", label_of_id(ctx, of))
        }
        Bearer::Generated { of, .. } => format!("an add-on of `{}`", label_of_id(ctx, of)),
    }
}

/// Whether who has a role comes into being with this deployment.
pub(crate) fn is_fresh(ctx: &Ctx<'_>, bearer: &Bearer) -> bool {
    let (Bearer::Identity(id) | Bearer::System(id) | Bearer::Generated { of: id, .. }) = bearer;
    ctx.eval.created(id).is_some()
}

/// The same assignment for every caller of the template that declares it; `None` when there are callers that this deployment
/// does not have.
pub(crate) fn for_all_callers(ctx: &Ctx<'_>, assignment: &RoleAssignment) -> Option<Vec<RoleAssignment>> {
    let scope = assignment.resource.scope;
    if !callers_are_here(ctx, scope) {
        return None;
    }
    let template = ctx.eval.template(scope);
    let same = ctx.eval.all_scopes().into_iter().filter(|other| std::ptr::eq(ctx.eval.template(*other), template));
    let one = |scope| ResourceRef { scope, ..assignment.resource };
    Some(same.map(|scope| ctx.eval.role_assignment(one(scope))).collect())
}

/// Whether all that deploy the template of a scope, directly or by way of others, belong to this deployment.
fn callers_are_here(ctx: &Ctx<'_>, scope: ScopeId) -> bool {
    let here = ctx.eval.scope(scope);
    let Some(module) = here.module else { return true };
    let source = &ctx.eval.template(module.scope).modules[module.index as usize].source;
    if let ModuleSource::Path(..) = source {
        let scopes = ctx.eval.all_scopes();
        let known = |caller: &Template, index: u32| {
            scopes
                .iter()
                .filter_map(|one| ctx.eval.scope(*one).module)
                .any(|module| module.index == index && std::ptr::eq(ctx.eval.template(module.scope), caller))
        };
        if !calls_of(ctx, here.file).into_iter().all(|(caller, index)| known(caller, index)) {
            return false;
        }
    }
    callers_are_here(ctx, module.scope)
}

/// All modules of the workspace that deploy a file: the template and the index in it.
fn calls_of<'a>(ctx: &Ctx<'a>, called: FileId) -> Vec<(&'a Template, u32)> {
    let mut found = Vec::new();
    for (_, file) in ctx.workspace.files() {
        let mut pending: Vec<&Template> = file.template.iter().collect();
        while let Some(template) = pending.pop() {
            for (index, module) in (0..).zip(&template.modules) {
                match &module.source {
                    ModuleSource::Inline { template, .. } => pending.push(template),
                    ModuleSource::Path(path, _) => {
                        let target = relative_to(&file.path, path).and_then(|path| ctx.workspace.file_at(&path));
                        if target == Some(called) {
                            found.push((template, index));
                        }
                    }
                    ModuleSource::Registry(..) | ModuleSource::Unknown => {}
                }
            }
        }
    }
    found
}

/// Where a value of a role assignment is to be judged: in the assignment, or where the caller of the module around it gives
/// it.
pub(crate) fn judged_at(ctx: &Ctx<'_>, assignment: ResourceRef, slot: &Slot) -> Option<Location> {
    match slot.place.filter(|place| place.scope != assignment.scope) {
        Some(place) => Some(ctx.eval.location(place)),
        None => ctx.eval.written_at(slot),
    }
}

/// Whether a value is given by the caller of the module that assigns the role.
pub(crate) fn is_by_caller(assignment: ResourceRef, slot: &Slot) -> bool {
    slot.place.is_some_and(|place| place.scope != assignment.scope)
}

/// The expression of a value as it is written at its property.
pub(crate) fn written(ctx: &Ctx<'_>, slot: &Slot) -> Option<Place> {
    let property = slot.property?;
    let (_, written) = ctx.eval.property(property)?;
    Some(Place { scope: property.object.scope, expr: written.value })
}

/// Gives another role instead, in the assignment or where the caller says which.
pub(crate) fn give_instead<'a>(ctx: &Ctx<'a>, assignment: ResourceRef, role: &Slot, guid: &str) -> Option<Rewrite<'a>> {
    let place = match role.place.filter(|_| is_by_caller(assignment, role)) {
        Some(place) => place,
        None => written(ctx, role)?,
    };
    let is_bare = matches!(ctx.eval.template(place.scope).expr(place.expr), Expr::Str(text) if !text.contains('/'));
    let new = if is_bare { New::str(guid) } else { role_definition(ctx.eval, place.scope, guid).0 };
    Some(ctx.rewrite().replace(place, new))
}

/// Whether a `principalType` is what somebody writes who means an identity.
pub(crate) fn is_word_for_identity(word: &str) -> bool {
    let word = word.to_ascii_lowercase().replace([' ', '-', '_'], "");
    ["msi", "managedidentity", "systemassigned", "userassigned", "userassignedidentity", "identity", "application"]
        .contains(&word.as_str())
}
