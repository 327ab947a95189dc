//! What can be wrong with something that should be the resource ID of a user-assigned identity.

use std::fmt;
use std::rc::Rc;

use syntax::{TextEdit, TextRange, TextSize};
use template::aks::{Case, Cluster, IDENTITY, IdEntry, Identity, IdentityBlock, Ids, Slot, is_guid};
use template::eval::Place;
use template::expr::{Item, Ref, Segment};
use template::model::{Declaration, TemplateKind};
use template::value::{Piece, ResourceRef, Str, Target, Value, Why};
use template::{Expr, ExprId, Name};

use crate::mentions::parameters_in;
use crate::offers::label;
use crate::{Applicability, Ctx, FileEdit, Finding, Fix, New, Severity};

/// The entries of `userAssignedIdentities`, whose keys should be IDs; none where it holds an ID as a value, which is
/// another mistake.
pub(crate) fn entries(block: &IdentityBlock) -> &[IdEntry] {
    match block {
        IdentityBlock::Object { ids: Ids::Map { entries, .. }, .. } if !entries.iter().any(is_id_member) => entries,
        _ => &[],
    }
}

/// The identity blocks of a cluster with the entries of their maps, see [`entries`]: found once for all the numbers that are
/// gone through.
pub(crate) fn cases_with_entries<'c>(
    cluster: &'c Cluster<'_, '_>,
    entries: impl Fn(&'c IdentityBlock) -> &'c [IdEntry],
) -> Vec<Case<(&'c Identity, &'c [IdEntry])>> {
    let one =
        |case: &'c Case<Identity>| Case { when: case.when.clone(), value: (&case.value, entries(&case.value.block)) };
    cluster.identities().iter().map(one).collect()
}

/// `resourceId: …` or `id: …`, the shape that an ID has elsewhere.
pub(crate) fn is_id_member(entry: &IdEntry) -> bool {
    let is_value = match entry.value.single() {
        Some(Value::Object(_) | Value::Null) | None => false,
        Some(_) => true,
    };
    let named = |name: &str| name.eq_ignore_ascii_case("resourceId") || name.eq_ignore_ascii_case("id");
    is_value && entry.key.literal().is_some_and(named)
}

/// Why a text is not the resource ID of a user-assigned identity. Displays as the rest of a sentence: "is a name".
#[derive(Clone, Debug)]
pub(crate) enum Mistake {
    /// A bare name, and the declared identity that has it.
    Name(Option<ResourceRef>),
    /// The symbolic name of an identity, as text.
    Symbol(ResourceRef),
    /// A GUID: a principal or client ID, most likely.
    Guid,
    /// Another property of an identity, or of something else that has a principal.
    Property {
        /// Such as `principalId`.
        property: Rc<str>,
        /// The identity that is meant.
        identity: Option<ResourceRef>,
    },
    /// The ID of another type of resource.
    OtherType(Rc<str>),
    /// An ARM expression without the brackets that make it one.
    NoBrackets,
    /// Nearly an ID.
    Malformed {
        /// What is wrong, as the rest of a sentence.
        what: &'static str,
        /// Without the mistake.
        mended: Option<String>,
    },
}

impl fmt::Display for Mistake {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Name(_) => f.write_str("is a name"),
            Self::Symbol(_) => f.write_str("is a text, not the identity it names"),
            Self::Guid => f.write_str("is a GUID"),
            Self::Property { property, .. } => write!(f, "is the `{property}` of an identity"),
            Self::OtherType(resource_type) => write!(f, "is the ID of a `{resource_type}`"),
            Self::NoBrackets => f.write_str("is the text of an expression without its brackets"),
            Self::Malformed { what, .. } => f.write_str(what),
        }
    }
}

impl Mistake {
    /// What to do about it.
    pub(crate) fn help(&self) -> &'static str {
        match self {
            Self::Name(_) | Self::Guid | Self::OtherType(_) => {
                "The ID looks like /subscriptions/…/resourceGroups/…/providers/Microsoft.ManagedIdentity/userAssignedIdentities/…"
            }
            Self::Symbol(_) | Self::Property { .. } => "Use the identity's `id`",
            Self::NoBrackets => "Put the expression in brackets: `\"[resourceId(…)]\"`",
            Self::Malformed { .. } => "Write the ID as Azure gives it",
        }
    }
}

/// What is wrong with a text that should be the ID of an identity; `None` when it is one, or may be one.
pub(crate) fn mistake_in(ctx: &Ctx<'_>, text: &Str, place: Place) -> Option<Mistake> {
    if let Some(known) = text.literal() {
        return mistake_in_literal(ctx, known, text, place);
    }
    if let [Piece::Read(read)] = text.pieces() {
        let property = read.path.last()?.clone();
        let wrong =
            ["principalId", "clientId", "objectId", "tenantId"].iter().any(|name| property.eq_ignore_ascii_case(name));
        let identity = match read.target {
            Target::Declared(resource) if ctx.eval.resource(resource).is_type(IDENTITY) => Some(resource),
            _ => None,
        };
        return wrong.then_some(Mistake::Property { property, identity });
    }
    if let Some(what) = misshapen(text) {
        return Some(Mistake::Malformed { what, mended: None });
    }
    let id = ctx.eval.parse_id(text, place.scope, place)?;
    if id.is_type(IDENTITY)? {
        return ctx.eval.is_outside_of_groups(text).then_some(OUTSIDE_OF_GROUPS);
    }
    // A path that stops behind the type, or goes on behind the name, may be mended by what is not known.
    let whole = text.pieces().last().is_some_and(|last| matches!(last, Piece::Id(_)))
        || id.resource_type.as_deref()?.split('/').count() == id.names.len() + 1;
    whole.then(|| id.resource_type.clone().map(Mistake::OtherType))?
}

const OUTSIDE_OF_GROUPS: Mistake = Mistake::Malformed { what: "is in no resource group", mended: None };
const BLANK: &str = "begins or ends with a blank";
const NO_SLASH: &str = "begins without a slash";
const TWO_GROUPS: &str = "has the segment `resourcegroups` twice";
const TWO_SLASHES: &str = "has two slashes in a row";

/// What is wrong with the known parts of an ID that is not known as a whole.
fn misshapen(text: &Str) -> Option<&'static str> {
    let pieces = text.pieces();
    let known = |piece: &Piece| match piece {
        Piece::Text(text) => text.to_ascii_lowercase(),
        _ => String::new(),
    };
    let is_id = |piece: &Piece| matches!(piece, Piece::Id(_)) || known(piece).contains("/providers/");
    if !pieces.iter().any(is_id) {
        return None;
    }
    let (first, last) = (known(pieces.first()?), known(pieces.last()?));
    if first.starts_with(char::is_whitespace) || last.ends_with(char::is_whitespace) {
        return Some(BLANK);
    }
    if first.starts_with("subscriptions/") {
        return Some(NO_SLASH);
    }
    let any_has = |wanted: &str| pieces.iter().any(|piece| known(piece).contains(wanted));
    if any_has("resourcegroups/resourcegroups/") {
        return Some(TWO_GROUPS);
    }
    any_has("//").then_some(TWO_SLASHES)
}

fn mistake_in_literal(ctx: &Ctx<'_>, known: &str, text: &Str, place: Place) -> Option<Mistake> {
    if is_guid(known) {
        return Some(Mistake::Guid);
    }
    let lower = known.to_ascii_lowercase();
    if is_call(&lower) {
        return Some(Mistake::NoBrackets);
    }
    if !known.contains('/') {
        let (name, property) = known.split_once('.').unwrap_or((known, ""));
        if let Some(identity) = ctx.identities(place.scope).by_symbol(name)
            && (property.is_empty() || property == "id")
        {
            return Some(Mistake::Symbol(identity));
        }
        return (!known.is_empty()).then(|| Mistake::Name(ctx.identities(place.scope).by_name(known)));
    }
    let malformed = |what, mended: String| Some(Mistake::Malformed { what, mended: Some(mended) });
    let trimmed = known.trim();
    if trimmed != known {
        return malformed(BLANK, trimmed.to_owned());
    }
    if known.starts_with("subscriptions/") || known.starts_with("Subscriptions/") {
        return malformed(NO_SLASH, format!("/{known}"));
    }
    if lower.contains("resourcegroups/resourcegroups/") {
        let at = lower.find("resourcegroups/").unwrap_or_default();
        let mut mended = known.to_owned();
        mended.replace_range(at..at + "resourcegroups/".len(), "");
        return malformed(TWO_GROUPS, mended);
    }
    if known.contains("//") {
        return malformed(TWO_SLASHES, known.replace("//", "/"));
    }
    match ctx.eval.parse_id(text, place.scope, place) {
        Some(id) => match id.is_type(IDENTITY) {
            Some(true) if id.names.len() == 1 && lower.starts_with("/subscriptions/") => {
                ctx.eval.is_outside_of_groups(text).then_some(OUTSIDE_OF_GROUPS)
            }
            Some(true) => Some(Mistake::Malformed { what: "is not a complete ID", mended: None }),
            _ => id.resource_type.clone().map(Mistake::OtherType),
        },
        None => Some(Mistake::Malformed { what: "is not an ID", mended: None }),
    }
}

/// Whether a text is a call of one of the functions that IDs are made with.
fn is_call(lower: &str) -> bool {
    let functions =
        ["resourceid(", "parameters(", "variables(", "concat(", "format(", "reference(", "extensionresourceid("];
    functions.iter().any(|function| lower.trim_start().starts_with(function))
        && lower.trim_end().ends_with([')', '\'', ']'])
}

/// What is wrong with the value of a property that should be the resource ID of a user-assigned identity.
pub(crate) fn wrong(ctx: &Ctx<'_>, slot: &Slot, name: &str) -> Option<Finding> {
    let at = ctx.eval.written_at(slot)?;
    let place = slot.place?;
    let written = slot_written(ctx, slot);
    if written.is_some_and(|written| argument(ctx, written).is_some()) {
        return None; // the caller of the module is told
    }
    let finding = |what: &dyn std::fmt::Display| {
        Finding::at(at, format!("`{name}` {what}; it must be the resource ID of a user-assigned identity"))
            .origin(ctx, slot)
    };
    let to_id = |identity: ResourceRef| to_id(ctx, written?, identity);
    if let Some(identity) = written.and_then(|written| name_of(ctx, written)) {
        return Some(finding(&"is the name of an identity").help("Use the identity's `id`").fix(to_id(identity)));
    }
    let text = match &slot.value {
        value if let Some(text) = as_text(value) => text,
        Value::Resource(identity) => {
            return Some(finding(&"is a resource, not its ID").help("Use its `id`").fix(to_id(*identity)));
        }
        Value::Bool(_) | Value::Int(_) | Value::Array(_) | Value::Object(_) => return Some(finding(&"is not a text")),
        _ => return None,
    };
    let (mistake, severity) = match mistake_in(ctx, &text, place) {
        Some(mistake) => (mistake, Severity::Error),
        None => (Mistake::Name(None), named_like_a_name(ctx, &text)?),
    };
    let fix = match &mistake {
        Mistake::Property { identity: Some(identity), .. }
        | Mistake::Name(Some(identity))
        | Mistake::Symbol(identity) => to_id(*identity),
        Mistake::NoBrackets => with_brackets(ctx, place),
        Mistake::Malformed { mended: Some(mended), .. } => {
            ctx.rewrite().replace(place, New::str(mended)).fix("Mend the ID", Applicability::Safe)
        }
        _ => None,
    };
    Some(finding(&mistake).help(mistake.help()).severity(severity).fix(fix))
}

/// What is wrong with a value that somebody gives to a module which takes it as the ID of an identity: at the value.
pub(crate) fn wrong_argument(ctx: &Ctx<'_>, parameter: &str, place: Place, value: &Value) -> Option<Finding> {
    let mistake = match name_of(ctx, place) {
        Some(identity) => Mistake::Name(Some(identity)),
        None => mistake_in(ctx, &as_text(value)?, place)?,
    };
    let fix = match &mistake {
        Mistake::Property { identity: Some(identity), .. }
        | Mistake::Name(Some(identity))
        | Mistake::Symbol(identity)
            if identity.scope == place.scope =>
        {
            to_id(ctx, place, *identity)
        }
        _ => None,
    };
    let message =
        format!("`{parameter}` {mistake}; the module takes it as the resource ID of a user-assigned identity");
    Some(Finding::at(ctx.eval.location(place), message).help(mistake.help()).fix(fix))
}

fn as_text(value: &Value) -> Option<Str> {
    match value {
        Value::Str(text) => Some(text.clone()),
        Value::Read(read) => Some(Str::piece(Piece::Read(read.clone()))),
        Value::Unknown(unknown) => Some(Str::piece(Piece::Unknown(*unknown))),
        _ => None,
    }
}

fn to_id(ctx: &Ctx<'_>, written: Place, identity: ResourceRef) -> Option<Fix> {
    let title = format!("Use the ID of {}", label(ctx, identity));
    ctx.rewrite().replace(written, New::id(identity)).fix(title, Applicability::Safe)
}

/// Puts the brackets of an expression around the text of a JSON string.
pub(crate) fn with_brackets(ctx: &Ctx<'_>, text: Place) -> Option<Fix> {
    let at = ctx.eval.location(text);
    let source = ctx.eval.source(text);
    if !source.starts_with('"') || source.len() < 2 {
        return None;
    }
    let one = TextSize::of('"');
    let insert =
        |offset, bracket: &str| FileEdit { file: at.file, edit: TextEdit::replace(TextRange::empty(offset), bracket) };
    let mut edits = vec![insert(at.range.start() + one, "[")];
    if !source.ends_with("]\"") {
        edits.push(insert(at.range.end() - one, "]"));
    }
    let title = "Put the expression in brackets".to_owned();
    Some(Fix { title, applicability: Applicability::Safe, edits, copied: Vec::new() })
}

/// What the caller of a module gives.
pub(crate) struct Argument {
    /// The expression, at the caller.
    pub(crate) place: Place,
    /// The parameter it is for.
    pub(crate) parameter: Name,
}

/// Callers above each other, and variables between them, beyond that number are not followed.
const MAX_HOPS: usize = 16;

/// What the caller of a module gives, where an expression is nothing but a parameter of that module; of several callers above
/// each other, the outermost. `None` when it is a parameter file that gives it: what its values cause is said there.
pub(crate) fn argument(ctx: &Ctx<'_>, place: Place) -> Option<Argument> {
    let mut found = None;
    let mut here = place;
    for _ in 0..MAX_HOPS {
        let scope = ctx.eval.names_of(here.scope);
        match ctx.eval.template(here.scope).expr(only_hole(ctx, here)) {
            Expr::Ref(Ref::Parameter(name)) => match ctx.eval.argument_of(scope, name) {
                Some(next) if ctx.eval.template(next.scope).kind == TemplateKind::Parameters => return None,
                Some(next) => {
                    here = next;
                    found = Some(Argument { place: next, parameter: name.clone() });
                }
                None => break,
            },
            Expr::Ref(Ref::Variable(name)) => {
                let template = ctx.eval.template(scope);
                let Some(&Declaration::Variable(index)) = template.names.get(name) else { break };
                here = Place { scope, expr: template.variables[index as usize].value };
            }
            _ => break,
        }
    }
    found
}

/// Whether entries are all made by one expression, for each element of a list.
pub(crate) fn are_from_list(entries: &[&IdEntry]) -> bool {
    entries.iter().all(|entry| entry.property == entries[0].property)
}

/// What is wrong with the elements of the list from which a module makes its map of identities: at the elements.
pub(crate) fn wrong_elements(ctx: &Ctx<'_>, map: &Slot) -> Vec<Finding> {
    let Some(list) = list_argument(ctx, map) else { return Vec::new() };
    let Expr::Array(items) = ctx.eval.template(list.place.scope).expr(list.place.expr) else { return Vec::new() };
    let wrong = |item: &Item| {
        let Item::Value(expr) = *item else { return None };
        let place = Place { expr, ..list.place };
        wrong_argument(ctx, list.parameter.as_str(), place, ctx.eval.value(place).single()?)
    };
    items.iter().filter_map(wrong).collect()
}

/// Where a caller writes the list from which a module makes its map of identities.
pub(crate) fn list_argument(ctx: &Ctx<'_>, map: &Slot) -> Option<Argument> {
    let map = slot_written(ctx, map)?;
    let scope = ctx.eval.names_of(map.scope);
    let template = ctx.eval.template(scope);
    parameters_in(template, map.expr).into_iter().find_map(|(expr, _)| {
        let given = argument(ctx, Place { scope, expr })?;
        Some(Argument { place: list_in(ctx, given.place)?, ..given })
    })
}

/// The list that is written in an argument.
fn list_in(ctx: &Ctx<'_>, place: Place) -> Option<Place> {
    let template = ctx.eval.template(place.scope);
    let mut waiting = vec![place.expr];
    while let Some(expr) = waiting.pop() {
        match template.expr(expr) {
            Expr::Array(items) if !items.is_empty() => return Some(Place { expr, ..place }),
            written => written.children(&mut waiting),
        }
    }
    None
}

/// The expression that is written as the value of a property.
fn slot_written(ctx: &Ctx<'_>, slot: &Slot) -> Option<Place> {
    let property = slot.property?;
    let (_, written) = ctx.eval.property(property)?;
    Some(Place { scope: property.object.scope, expr: written.value })
}

/// The expression in `'${…}'`, if that is all there is.
fn only_hole(ctx: &Ctx<'_>, place: Place) -> ExprId {
    match ctx.eval.template(place.scope).expr(place.expr) {
        Expr::Interpolation(segments) => match segments.as_ref() {
            [Segment::Hole(hole)] => *hole,
            _ => place.expr,
        },
        _ => place.expr,
    }
}

/// The identity whose name the expression reads: `'${mi.name}'`.
pub(crate) fn name_of(ctx: &Ctx<'_>, key: Place) -> Option<ResourceRef> {
    let template = ctx.eval.template(key.scope);
    let Expr::Member { base, name, .. } = template.expr(only_hole(ctx, key)) else { return None };
    match ctx.eval.value(Place { expr: *base, ..key }).single()? {
        Value::Resource(resource) if *name == *"name" && ctx.eval.resource(*resource).is_type(IDENTITY) => {
            Some(*resource)
        }
        _ => None,
    }
}

/// A parameter of which only its name is known, and that says that it is a name: no more than a warning.
pub(crate) fn named_like_a_name(ctx: &Ctx<'_>, key: &Str) -> Option<Severity> {
    let [Piece::Unknown(unknown)] = key.pieces() else { return None };
    let Why::Parameter(scope, index) = unknown.why else { return None };
    let name = ctx.eval.template(scope).parameters.get(index as usize)?.name.as_str();
    name.to_ascii_lowercase().ends_with("name").then_some(Severity::Warning)
}
