//! Where secrets come from.

use template::aks::PropertyAt;
use template::eval::{Place, ScopeId};
use template::expr::{BinaryOp, Ref};
use template::model::{Declaration, Parameter, TemplateKind, TypeKind};
use template::{Evaluator, Expr, Name};

use crate::conformance::Mistake;
use crate::write::unused_name;
use crate::{Applicability, Ctx, Finding, Fix, New, Severity};

/// How a secret is exposed.
enum Leak<'w> {
    /// It is written in the template.
    Literal(Place),
    /// It is the default of a parameter.
    Default(ScopeId, &'w Parameter, Place),
    /// It goes through a parameter that is not secure.
    /// `member`: as part of an object.
    Parameter { scope: ScopeId, parameter: &'w Parameter, member: bool },
}

/// Steps from a property to where its value comes from.
const MAX_STEPS: u32 = 64;

/// What there is to report about the value of a secret property.
pub(crate) fn leaks(ctx: &Ctx<'_>, mistake: &Mistake) -> Vec<Finding> {
    let Some(property) = mistake.spot.property.filter(|_| mistake.spot.own) else { return Vec::new() };
    let Some((_, written)) = ctx.eval.property(property) else { return Vec::new() };
    let mut found = Vec::new();
    let start = Place { scope: property.object.scope, expr: written.value };
    trace(ctx.eval, start, &mut MAX_STEPS.clone(), &mut found);
    found.iter().map(|leak| finding(ctx, mistake, property, leak)).collect()
}

fn trace<'w>(eval: &Evaluator<'w>, at: Place, steps: &mut u32, found: &mut Vec<Leak<'w>>) {
    let Some(left) = steps.checked_sub(1) else { return };
    *steps = left;
    let template = eval.template(at.scope);
    let place = |expr| Place { expr, ..at };
    match template.expr(at.expr) {
        Expr::Str(text) if !is_placeholder(text) => found.push(Leak::Literal(at)),
        Expr::Conditional { consequence, alternative, .. } => {
            trace(eval, place(*consequence), steps, found);
            trace(eval, place(*alternative), steps, found);
        }
        Expr::Binary { op: BinaryOp::Coalesce, left, right } => {
            trace(eval, place(*left), steps, found);
            trace(eval, place(*right), steps, found);
        }
        Expr::Member { base, .. } => {
            // Of an object only the parameter as a whole can be secure.
            if let Expr::Ref(Ref::Parameter(name)) = template.expr(*base) {
                parameter(eval, at.scope, name, steps, found, true);
            }
        }
        Expr::Ref(Ref::Parameter(name)) => parameter(eval, at.scope, name, steps, found, false),
        Expr::Ref(Ref::Variable(name)) => {
            let names = eval.names_of(at.scope);
            let template = eval.template(names);
            if let Some(&Declaration::Variable(index)) = template.names.get(name) {
                trace(eval, Place { scope: names, expr: template.variables[index as usize].value }, steps, found);
            }
        }
        _ => {}
    }
}

fn parameter<'w>(
    eval: &Evaluator<'w>,
    scope: ScopeId,
    name: &Name,
    steps: &mut u32,
    found: &mut Vec<Leak<'w>>,
    member: bool,
) {
    let names = eval.names_of(scope);
    let Some(parameter) = eval.template(names).parameter(name) else { return };
    let given = eval.argument_of(names, name);
    let default = parameter.default.filter(|_| given.is_none() && !member);
    let literal =
        default.filter(|expr| matches!(eval.template(names).expr(*expr), Expr::Str(text) if !is_placeholder(text)));
    match literal {
        Some(expr) => found.push(Leak::Default(names, parameter, Place { scope: names, expr })),
        None if !parameter.ty.secure
            && matches!(parameter.ty.kind, TypeKind::String | TypeKind::Object)
            && !is_broken(eval, names, parameter) =>
        {
            found.push(Leak::Parameter { scope: names, parameter, member });
        }
        None => {}
    }
    if let (Some(given), false) = (given, member) {
        trace(eval, given, steps, found);
    }
}

/// Whether there is more to a parameter than could be understood: it may say that it is secure.
fn is_broken(eval: &Evaluator<'_>, scope: ScopeId, parameter: &Parameter) -> bool {
    let file = eval.workspace().file(eval.scope(scope).file);
    let lines = file.text.line_of(parameter.range.start())..=file.text.line_of(parameter.range.end());
    file.syntax_errors.iter().any(|error| lines.contains(&file.text.line_of(error.range.start())))
}

fn finding(ctx: &Ctx<'_>, mistake: &Mistake, property: PropertyAt, leak: &Leak<'_>) -> Finding {
    let path = &mistake.path;
    let used = ctx.eval.key_location(property);
    let finding = match leak {
        Leak::Literal(place) => {
            let kind = match ctx.eval.template(place.scope).kind {
                TemplateKind::Deployment => "the template",
                TemplateKind::Parameters => "a parameter file",
            };
            let message = format!("`{path}` is a secret, and is written in {kind}");
            Finding::at(ctx.eval.location(*place), message)
                .help("Take it from a secure parameter; change the secret, it is known to all who can read this file")
                .fix(to_parameter(ctx, mistake, *place))
        }
        Leak::Default(scope, parameter, place) => {
            let name = parameter.name.as_str();
            let message = format!("`{name}` is a secret, and its default is written in the template");
            let fix = ctx.rewrite().replace(*place, New::str("")).secure_parameter(*scope, &parameter.name);
            Finding::at(ctx.eval.location(*place), message)
                .help("Take the default away; change the secret, it is known to all who can read this file")
                .fix(fix.fix(format!("Make `{name}` secure, with an empty default"), Applicability::Unsafe))
        }
        Leak::Parameter { scope, parameter, member } => {
            let name = parameter.name.as_str();
            let message = format!("`{name}` carries the secret `{path}` and is not secure");
            let fix = ctx.rewrite().secure_parameter(*scope, &parameter.name);
            Finding::at(ctx.eval.in_file(*scope, parameter.name_range), message)
                // Whether an object has the secret in it is for callers to say.
                .severity(if *member { Severity::Info } else { Severity::Warning })
                .help("Values of other parameters are kept in the history of deployments, for all who can read it")
                .fix(fix.fix(format!("Make `{name}` secure"), Applicability::Safe))
        }
    };
    match used {
        Some(used) => finding.related(used, "it is used here"),
        None => finding,
    }
}

/// A secure parameter instead of what is written.
fn to_parameter(ctx: &Ctx<'_>, mistake: &Mistake, place: Place) -> Option<Fix> {
    ctx.replaceable(mistake)?;
    let last = mistake.path.rsplit('.').next()?;
    let base = if last.eq_ignore_ascii_case("secret") { "servicePrincipalSecret" } else { last };
    let name = unused_name(ctx.eval, place.scope, base);
    ctx.rewrite()
        .add_secure_parameter(place.scope, &name)
        .replace(place, New::Parameter(name.clone()))
        .fix(format!("Take it from a secure parameter `{name}`"), Applicability::Unsafe)
}

/// Whether a text only fills a place where a secret may go.
fn is_placeholder(text: &str) -> bool {
    const WORDS: &[&str] = &[
        "na",
        "none",
        "null",
        "nil",
        "msi",
        "unused",
        "notused",
        "notrequired",
        "notapplicable",
        "dummy",
        "placeholder",
        "changeme",
        "redacted",
        "empty",
        "fake",
    ];
    let letters: String = text.chars().filter(char::is_ascii_alphanumeric).collect::<String>().to_ascii_lowercase();
    letters.chars().all(|letter| matches!(letter, 'x' | '0'))
        || WORDS.contains(&letters.as_str())
        || (text.starts_with('<') && text.ends_with('>'))
        || text.starts_with("GEN-")
        || ["replace", "your", "insert", "changeme"].iter().any(|word| letters.starts_with(word))
}
