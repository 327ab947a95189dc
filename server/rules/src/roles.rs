//! What the rules about roles share: how to call who gets one, who calls the module that gives it, and other roles to write.

use std::rc::Rc;

use template::aks::{CLUSTER, Case, Cluster, IdentityBlock, Kind, ROLE_ASSIGNMENT, RoleAssignment, Slot};
use template::condition::Conditions;
use template::eval::{Place, ScopeId};
use template::expr::Item;
use template::grants::{Bearer, Grant, GrantScope, Grants, Need, Truth, Wanted, rights};
use template::model::ModuleSource;
use template::value::{Piece, ResourceRef, Value};
use template::workspace::{FileId, Location};
use template::{Expr, ExprId, Template};

use crate::identity_id::argument;
use crate::kubelet_grant::role_definition;
use crate::offers::label_of_id;
use crate::write::{ResourceHead, Target};
use crate::{Applicability, Ctx, Finding, Fix, New, Rewrite};

/// Looks at the roles that somebody certainly gets, each in every case, and reports what is found as [`Ctx::judge`] does.
/// Only assignments that can give one of these roles are looked at.
pub(crate) fn judge_grants(
    ctx: &Ctx<'_>,
    holders: &[Case<Bearer>],
    roles: &[&str],
    mut find: impl FnMut(&Grant, &Case<&Bearer>) -> Option<Finding>,
) {
    if holders.is_empty() {
        return;
    }
    let grants = ctx.eval.grants();
    let is_wanted = |grant: &Grant| grant.role.as_deref().is_some_and(|role| roles.contains(&role));
    let of_holders = holders.iter().flat_map(|holder| grants.certainly_of(&holder.value));
    let mut numbers: Vec<usize> = of_holders.filter(|(_, grant)| is_wanted(grant)).map(|(number, _)| number).collect();
    numbers.sort_unstable();
    numbers.dedup();
    let mut behind = 0;
    for number in numbers {
        // Every case of the assignment, once.
        if number < behind {
            continue;
        }
        let is_own = |other: &&Grant| other.assignment == grants.all[number].assignment;
        let first = number - grants.all[..number].iter().rev().take_while(is_own).count();
        behind = number + grants.all[number..].iter().take_while(is_own).count();
        let own = &grants.all[first..behind];
        let own: Vec<Case<&Grant>> = own.iter().map(|one| Case { when: one.when.clone(), value: one }).collect();
        ctx.judge(&ctx.eval.join(&own, holders), |case| {
            let (grant, holder) = case.value;
            let bearer = grant.bearer.as_ref().filter(|_| is_wanted(grant))?;
            if ctx.eval.same_bearer(bearer, holder) != Truth::Yes {
                return None;
            }
            find(grant, &Case { when: case.when.clone(), value: holder })
        });
    }
}

/// Who the control plane of a cluster is, in the cases in which that is known.
pub(crate) fn control_planes(cluster: &Cluster<'_, '_>) -> Vec<Case<Bearer>> {
    let own = cluster.control_plane_ids().iter();
    let mut all: Vec<Case<Bearer>> =
        own.map(|case| Case { when: case.when.clone(), value: Bearer::Identity(case.value.clone()) }).collect();
    let is_system = |case: &&Case<template::aks::Identity>| {
        matches!(case.value.block, IdentityBlock::Object { kind: Kind::SystemAssigned, .. })
    };
    let system = Bearer::System(cluster.eval.id_of(cluster.resource));
    let systems = cluster.identities().iter().filter(is_system);
    all.extend(systems.map(|case| Case { when: case.when.clone(), value: system.clone() }));
    all
}

/// Who its kubelet is, in the cases in which that is known.
pub(crate) fn kubelets(cluster: &Cluster<'_, '_>) -> Vec<Case<Bearer>> {
    let all = cluster.eval.kubelet_bearers(cluster.resource).into_iter();
    all.filter_map(|case| Some(Case { when: case.when, value: case.value? })).collect()
}

/// Whether somebody is certainly among these.
pub(crate) fn is_among(ctx: &Ctx<'_>, bearer: &Bearer, holders: &[Case<Bearer>]) -> bool {
    holders.iter().any(|holder| ctx.eval.same_bearer(bearer, &holder.value) == Truth::Yes)
}

/// Whether somebody may be among these.
pub(crate) fn may_be_among(ctx: &Ctx<'_>, bearer: &Bearer, holders: &[Case<Bearer>]) -> bool {
    holders.iter().any(|holder| ctx.eval.same_bearer(bearer, &holder.value) != Truth::No)
}

/// Whether some assignment gives the kubelet of a cluster what it needs to pull images, or may give it: one for a principal
/// that is not known may be for the kubelet.
pub(crate) fn kubelet_may_pull(ctx: &Ctx<'_>, cluster: ResourceRef) -> bool {
    let kubelets = ctx.eval.kubelet_bearers(cluster);
    let grants = ctx.eval.grants();
    let pulls = |role: Option<&str>| rights::PULL_IMAGES.is_given_by(role) == Truth::Yes;
    // One for nobody knows whom is as good as one for a kubelet of which nothing is known.
    grants.for_unknown().any(|grant| pulls(grant.role.as_deref()))
        || kubelets.iter().filter_map(|case| case.value.as_ref()).any(|own| {
            ctx.eval
                .possibly_of(&grants, own, &pulls)
                .any(|grant| grant.bearer.as_ref().is_none_or(|bearer| ctx.eval.same_bearer(bearer, own) != Truth::No))
        })
}

/// Something that a control plane needs, with the answer whether the deployment gives it.
pub(crate) struct Asked {
    pub(crate) need: Need,
    pub(crate) bearer: Bearer,
    pub(crate) answer: Truth,
}

/// Whether the control plane of a cluster has what it needs on the resources that the cluster names, in every case; that it
/// may assign the kubelet's identity is asked elsewhere.
pub(crate) fn asked(
    ctx: &Ctx<'_>,
    cluster: &Cluster<'_, '_>,
    holders: &[Case<Bearer>],
    wanted: impl Fn(&Need) -> bool,
) -> Vec<Case<Asked>> {
    let mut needs = cluster.needs();
    needs.retain(|case| *case.value.right != rights::ASSIGN_IDENTITY && wanted(&case.value));
    let mut all = Vec::new();
    for Case { when, value: (need, bearer) } in ctx.eval.join(&needs, holders) {
        // `vnet.properties.subnets[0].id`: which subnet that is, is not known.
        let is_part = need.on.is_type("Microsoft.Network/virtualNetworks") == Some(true);
        let on = (!is_part).then_some(&*need.on);
        let answers = ctx.eval.granted(&Wanted { right: need.right, bearer, on }, &when);
        all.extend(answers.into_iter().map(|answer| Case {
            when: answer.when,
            value: Asked { need: need.clone(), bearer: bearer.clone(), answer: answer.value },
        }));
    }
    all
}

/// The grant by which somebody has a role that is taken for the one that gives a right: of a name alike, for something alike.
pub(crate) fn look_alike<'g>(ctx: &Ctx<'_>, grants: &'g Grants, asked: &Asked, when: &Conditions) -> Option<&'g Grant> {
    let taken = match asked.need.right.role_name() {
        "Private DNS Zone Contributor" => "DNS Zone Contributor",
        "Key Vault Crypto User" => "Key Vault Crypto Service Encryption User",
        _ => return None,
    };
    let taken = schema::roles::by_name(taken)?.guid;
    grants.certainly_of(&asked.bearer).map(|(_, grant)| grant).find(|grant| {
        grant.role.as_deref() == Some(taken)
            && ctx.eval.and(when, &grant.when).is_some()
            && ctx.eval.covers(&grant.scope, &asked.need.on) == Truth::Yes
    })
}

/// Gives another role instead, as a fix.
pub(crate) fn other_role(ctx: &Ctx<'_>, grant: &Grant, guid: &str) -> Option<Fix> {
    let name = schema::roles::by_guid(guid)?.name;
    give_instead(ctx, grant.assignment, &grant.definition, guid)?
        .fix(format!("Give {name} instead"), Applicability::Unsafe)
}

/// Somebody to give a role to instead.
pub(crate) struct Instead<'t> {
    pub(crate) principal: New,
    /// What stands for them in a name.
    pub(crate) id: New,
    /// What to call them.
    pub(crate) who: &'t str,
    /// The cluster then has to wait for the assignment.
    pub(crate) before: bool,
}

/// Gives the role of an assignment to somebody else, as a fix. The name of the assignment changes with it, where the ID of
/// who has the role now is part of it; `None` when cluster and assignment would wait for each other.
pub(crate) fn other_principal(ctx: &Ctx<'_>, cluster: &Cluster<'_, '_>, grant: &Grant, to: Instead<'_>) -> Option<Fix> {
    let scope = cluster.resource.scope;
    let place = grant.principal.place.filter(|place| place.scope == scope)?;
    if ctx.eval.depends_on(cluster.resource, grant.assignment) != Some(false) {
        return None;
    }
    let old = id_in_name(ctx, grant).filter(|old| old.scope == scope);
    let mut rewrite = ctx.rewrite().replace(place, to.principal);
    if let Some(old) = old {
        rewrite = rewrite.replace(old, to.id.clone());
    }
    if to.before {
        if grant.assignment.scope != scope || says_to_wait(ctx, grant.assignment, cluster.resource) {
            return None;
        }
        let head = head(ctx, grant, old.map(|old| (old.expr, to.id)))?;
        rewrite = rewrite.depend(cluster.resource, Target::Added(Box::new(head)));
    }
    rewrite.fix(format!("Give it to {}", to.who), Applicability::Unsafe)
}

/// What identifies an assignment once a part of its name is another one.
fn head(ctx: &Ctx<'_>, grant: &Grant, changed: Option<(ExprId, New)>) -> Option<ResourceHead> {
    let declared = ctx.eval.resource(grant.assignment);
    let scope = grant.assignment.scope;
    let copy = |expr| New::Copy(Place { scope, expr });
    let name = match (ctx.eval.template(scope).expr(declared.name?), changed) {
        (Expr::Call(call), Some((old, new))) => {
            let part = |&expr: &ExprId| if expr == old { new.clone() } else { copy(expr) };
            New::Call("guid", call.arguments.iter().map(part).collect())
        }
        _ => copy(declared.name?),
    };
    let on = match &grant.scope {
        GrantScope::Resource(id) => Some(Target::Declared(id.declared?)),
        GrantScope::Group(None) => None,
        _ => return None,
    };
    Some(ResourceHead {
        symbol: declared.symbol.as_ref().map_or_else(String::new, |symbol| symbol.name.as_str().to_owned()),
        resource_type: ROLE_ASSIGNMENT.to_owned(),
        api_version: String::new(),
        name: vec![name],
        scope: on,
    })
}

/// Whether a resource names another one in its `dependsOn`.
fn says_to_wait(ctx: &Ctx<'_>, resource: ResourceRef, other: ResourceRef) -> bool {
    let scope = resource.scope;
    let Some(depends_on) = ctx.eval.resource(resource).depends_on else { return false };
    let Expr::Array(items) = ctx.eval.template(scope).expr(depends_on) else { return true };
    let own = ctx.eval.id_of(other);
    items.iter().any(|item| {
        let (Item::Value(expr) | Item::Spread(expr)) = item;
        let values = ctx.eval.value(Place { scope, expr: *expr });
        match values.single() {
            Some(Value::Resource(named)) => *named == other,
            Some(Value::Str(text)) => match text.pieces() {
                [Piece::Id(id)] => id.canon == own.canon,
                _ => true,
            },
            _ => true,
        }
    })
}

/// Where the ID of who has a role stands in the name of its assignment, as an argument of `guid`.
fn id_in_name(ctx: &Ctx<'_>, grant: &Grant) -> Option<Place> {
    let (Bearer::Identity(own) | Bearer::System(own) | Bearer::Generated { of: own, .. }) = grant.bearer.as_ref()?;
    let scope = grant.assignment.scope;
    let Expr::Call(call) = ctx.eval.template(scope).expr(ctx.eval.resource(grant.assignment).name?) else {
        return None;
    };
    let is_own = |place: &Place| {
        let values = ctx.eval.value(*place);
        let Some(Value::Str(text)) = values.single() else { return false };
        matches!(text.pieces(), [Piece::Id(id)] if id.canon == own.canon)
    };
    let is_guid = call.function == *"guid";
    call.arguments.iter().map(|&expr| Place { scope, expr }).find(is_own).filter(|_| is_guid)
}

/// What is wrong with who a role is given to: said where the principal is, with the assignment beside it where a caller gives
/// the principal.
pub(crate) fn about_principal(ctx: &Ctx<'_>, grant: &Grant, message: impl Into<String>) -> Option<Finding> {
    let finding = Finding::at(judged_at(ctx, grant.assignment, &grant.principal)?, message);
    Some(beside(ctx, grant, &grant.principal, finding))
}

/// What is wrong with which role is given: said where the role is.
pub(crate) fn about_role(ctx: &Ctx<'_>, grant: &Grant, message: impl Into<String>) -> Option<Finding> {
    let finding = Finding::at(judged_at(ctx, grant.assignment, &grant.definition)?, message);
    Some(beside(ctx, grant, &grant.definition, finding))
}

fn beside(ctx: &Ctx<'_>, grant: &Grant, slot: &Slot, finding: Finding) -> Finding {
    let finding = if is_by_caller(ctx, grant.assignment, slot) {
        finding.related(ctx.eval.header(grant.assignment), "the role is assigned here")
    } else {
        finding
    };
    from_output(ctx, grant.assignment, slot, finding)
}

/// Says where a value comes from that is the output of another module.
pub(crate) fn from_output(ctx: &Ctx<'_>, assignment: ResourceRef, slot: &Slot, finding: Finding) -> Finding {
    match slot.place.filter(|_| own_place(ctx, assignment, slot).is_none()) {
        Some(place) => finding.related(ctx.eval.location(place), "the value comes from here"),
        None => finding,
    }
}

/// The name of a role.
pub(crate) fn role_name(role: &str) -> Rc<str> {
    match schema::roles::by_guid(role) {
        Some(known) => known.name.into(),
        None if role == rights::OWNER => "Owner".into(),
        None => role.into(),
    }
}

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
    for (id, file) in ctx.workspace.files() {
        let mut pending: Vec<&Template> = file.template.iter().collect();
        while let Some(template) = pending.pop() {
            for (index, module) in (0..).zip(&template.modules) {
                match &module.source {
                    ModuleSource::Inline { template, .. } => pending.push(template),
                    ModuleSource::Path(path, _) | ModuleSource::Registry(path, _) => {
                        if ctx.workspace.file_from(id, path) == Some(called) {
                            found.push((template, index));
                        }
                    }
                    ModuleSource::Unknown => {}
                }
            }
        }
    }
    found
}

/// Where a value of a role assignment is to be judged: in the assignment, or where the caller of the module around it gives
/// it. What the value of a module's output is made of is that module's business: it is judged where the output is read.
pub(crate) fn judged_at(ctx: &Ctx<'_>, assignment: ResourceRef, slot: &Slot) -> Option<Location> {
    match given_at(ctx, assignment, slot) {
        Some(place) => Some(ctx.eval.location(place)),
        None => ctx.eval.written_at(slot),
    }
}

/// The expression with which the caller of the module that assigns the role gives a value, if it does.
pub(crate) fn given_at(ctx: &Ctx<'_>, assignment: ResourceRef, slot: &Slot) -> Option<Place> {
    let place = slot.place.filter(|place| place.scope != assignment.scope)?;
    if ctx.eval.is_deployed_by(assignment.scope, place.scope) {
        return Some(place);
    }
    argument(ctx, written(ctx, slot)?).map(|given| given.place)
}

/// Whether a value is given by the caller of the module that assigns the role.
pub(crate) fn is_by_caller(ctx: &Ctx<'_>, assignment: ResourceRef, slot: &Slot) -> bool {
    given_at(ctx, assignment, slot).is_some()
}

/// The expression that a value of a role assignment is, where changing it changes no more than that: in the assignment or
/// with its caller, and not in another module that it comes out of.
pub(crate) fn own_place(ctx: &Ctx<'_>, assignment: ResourceRef, slot: &Slot) -> Option<Place> {
    slot.place.filter(|place| ctx.eval.is_deployed_by(assignment.scope, place.scope))
}

/// The expression of a value as it is written at its property.
pub(crate) fn written(ctx: &Ctx<'_>, slot: &Slot) -> Option<Place> {
    let property = slot.property?;
    let (_, written) = ctx.eval.property(property)?;
    Some(Place { scope: property.object.scope, expr: written.value })
}

/// Gives another role instead, in the assignment or where the caller says which.
pub(crate) fn give_instead<'a>(ctx: &Ctx<'a>, assignment: ResourceRef, role: &Slot, guid: &str) -> Option<Rewrite<'a>> {
    let place = match given_at(ctx, assignment, role) {
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
