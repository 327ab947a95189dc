//! Which resource group an ID is in, as far as a template tells.

use template::canon::CanonId;
use template::eval::{Place, ScopeId};
use template::expr::{Expr, Ref};
use template::value::{Piece, ResourceId, Str};

use crate::Ctx;

/// The resource group of an ID.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum GroupOf {
    /// That of the deployment.
    Deployment,
    /// One that is named, in words. It may turn out to be that of the deployment.
    Other(String),
    /// Not known, or not a group.
    Unknown,
}

/// The resource group of an ID, seen from a template. A parameter that is the group of the deployment by default is that one.
pub(crate) fn group_of(ctx: &Ctx<'_>, scope: ScopeId, id: &ResourceId) -> GroupOf {
    let own = ctx.eval.target_group(scope);
    if id.scope == ctx.eval.id_scope(scope) {
        return GroupOf::Deployment;
    }
    let Some(group) = ctx.eval.group_of(id) else { return GroupOf::Unknown };
    // A name in another subscription is another group; that is not told apart here.
    if own.is_some_and(|own| ctx.eval.canon_of_text(&own) == ctx.eval.canon_of_text(&group)) {
        return GroupOf::Deployment;
    }
    match group.literal() {
        Some(name) => GroupOf::Other(name.to_owned()),
        None => by_parameter(ctx, scope, &group),
    }
}

/// A group that is named by one parameter, or made of several parts.
fn by_parameter(ctx: &Ctx<'_>, scope: ScopeId, group: &Str) -> GroupOf {
    ctx.named_group(scope, ctx.eval.canon_of_text(group), |wanted| of_parameter(ctx, scope, wanted)).unwrap_or_else(
        || {
            let is_known = group.pieces().iter().any(|piece| matches!(piece, Piece::Text(_)));
            if is_known { GroupOf::Other(group.sketch()) } else { GroupOf::Unknown }
        },
    )
}

/// The group that one parameter or variable of a template is; `None` when none is that.
fn of_parameter(ctx: &Ctx<'_>, scope: ScopeId, wanted: CanonId) -> Option<GroupOf> {
    let template = ctx.eval.template(scope);
    let (_, written) = template.exprs.iter().find(|(expr, written)| {
        matches!(written, Expr::Ref(Ref::Parameter(_) | Ref::Variable(_)))
            && ctx.eval.canon(scope, *expr, &None) == wanted
    })?;
    let Expr::Ref(Ref::Parameter(name) | Ref::Variable(name)) = written else { return None };
    let default = template.parameter(name).and_then(|parameter| parameter.default);
    let is_own = |expr| ctx.eval.source(Place { scope, expr }).to_ascii_lowercase().contains("resourcegroup()");
    Some(if default.is_some_and(is_own) { GroupOf::Deployment } else { GroupOf::Other(name.as_str().to_owned()) })
}
