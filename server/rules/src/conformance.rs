//! Resource bodies held against what their API version knows. The walk is made once for a deployment; each rule of the
//! family `schema` reports the mistakes of one kind.

use std::rc::Rc;

use schema::{ApiVersion, Match, Object, Property, ResourceType, Type, VersionSet};
use syntax::{Language, TextRange};
use template::aks::{CLUSTER, PropertyAt, ROLE_ASSIGNMENT, property_of};
use template::condition::Conditions;
use template::eval::{Place, ScopeId};
use template::expr::Ref;
use template::model::Declaration;
use template::value::{Alternative, Entry, Lazy, ObjectValue, Occurs, ResourceRef, Str, Value, Why};
use template::workspace::Location;
use template::{Evaluator, Expr, ExprId, Template};

use crate::{Ctx, Finding, New, by_code};

/// Objects, arrays and values looked at for one resource; what is beyond is not judged.
const BUDGET: u32 = 20_000;
/// Objects and arrays nested deeper than that are not judged.
const MAX_DEPTH: u32 = 32;

/// Something in a resource body that its API version does not know, or knows otherwise.
#[derive(Clone, Debug)]
pub(crate) struct Mistake {
    pub(crate) resource: ResourceRef,
    pub(crate) ty: ResourceType,
    pub(crate) version: ApiVersion,
    pub(crate) kind: Kind,
    /// Of the property that is meant, in the usual spelling: `properties.agentPoolProfiles[].count`. What no version knows
    /// ends as it is written.
    pub(crate) path: String,
    pub(crate) spot: Spot,
    /// The cases that have it.
    whens: Vec<Conditions>,
    /// All of it is written where the Bicep compiler infers types.
    typed: bool,
}

/// Where something is written.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Spot {
    /// The property; of an array element or an object made by a function, the property around it, if any.
    pub(crate) property: Option<PropertyAt>,
    /// The expression that makes the value.
    pub(crate) value: Option<Place>,
    /// The value is what is written as the property's value, and not one of its elements or entries.
    pub(crate) own: bool,
}

/// What is wrong.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Kind {
    /// No version of the type has the property.
    Unknown {
        name: Rc<str>,
        /// Properties of the same object that may have been meant, nearest first.
        similar: Vec<&'static str>,
        /// The object has a property of the first of these names already.
        taken: bool,
    },
    /// Other versions have the property, this one not yet.
    Newer { versions: VersionSet },
    /// Older versions of the same line had the property.
    Removed { versions: VersionSet },
    /// Other versions list the value, this one not yet.
    NewerValue { value: Rc<str>, open: bool, versions: VersionSet },
    /// No version lists the value.
    Value {
        value: Rc<str>,
        /// The same value in the casing that is listed.
        cased: Option<&'static str>,
        /// Values that may have been meant, nearest first.
        similar: Vec<&'static str>,
        /// Other values may be accepted.
        open: bool,
        known: Vec<&'static str>,
    },
    /// The value is of another type.
    WrongType {
        wanted: &'static str,
        found: &'static str,
        /// The same in the type wanted, when it says the same: `true` for `'true'`.
        same: Option<Scalar>,
    },
    /// The service fills the property in.
    ReadOnly,
    /// A required property is not there.
    Missing { name: &'static str },
    /// The property is spelled in another casing.
    Casing { name: &'static str },
    /// The value is a secret: no mistake by itself.
    Secret,
}

/// A value that can be written instead.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Scalar {
    Bool(bool),
    Int(i64),
    Str(String),
}

impl Scalar {
    /// To be written in a fix.
    pub(crate) fn to_new(&self) -> New {
        match self {
            Self::Bool(value) => New::Bool(*value),
            Self::Int(value) => New::Int(*value),
            Self::Str(value) => New::str(value),
        }
    }
}

/// Whether the compiler of Bicep says the same by itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Compiler {
    /// It does, where it sees the types of all that is written.
    Says,
    /// It says nothing, or less.
    Silent,
}

impl Ctx<'_> {
    /// Reports what `find` makes of the mistakes of a deployment: `None` where it is not its own. What another rule claims is
    /// left out.
    pub(crate) fn report_mistakes(&self, find: impl Fn(&Mistake) -> Option<(Compiler, Finding)>) {
        for mistake in self.mistakes() {
            let Some((compiler, finding)) = find(mistake) else { continue };
            let claimant = claimant(mistake.ty.name(), &mistake.path, &mistake.kind);
            if claimant.is_some_and(|code| code != self.code())
                || (compiler == Compiler::Says && mistake.typed && self.is_left_to_bicep(mistake.resource.scope))
            {
                continue;
            }
            self.report_when(finding, &self.eval.deployed_when(mistake.resource), &mistake.whens);
        }
    }

    /// Where the name of the property is written; where there is none, the value or the resource.
    pub(crate) fn key_of(&self, mistake: &Mistake) -> Location {
        let key = mistake.spot.property.filter(|_| mistake.spot.own).and_then(|own| self.eval.key_location(own));
        key.unwrap_or_else(|| self.value_of(mistake))
    }

    /// Where the value is written.
    pub(crate) fn value_of(&self, mistake: &Mistake) -> Location {
        let Some(place) = mistake.spot.value else { return self.eval.header(mistake.resource) };
        let location = self.eval.location(place);
        let opens = |text: &str| text.starts_with(['{', '[']);
        // Of something long the bracket says where it begins.
        if opens(self.eval.source(place)) {
            return location.with_range(TextRange::at(location.range.start(), 1.into()));
        }
        location
    }

    /// The value's place when it stands directly at the property, so that it can be replaced without touching others.
    pub(crate) fn replaceable(&self, mistake: &Mistake) -> Option<Place> {
        let place = mistake.spot.value?;
        let literal = matches!(
            self.eval.template(place.scope).expr(place.expr),
            Expr::Str(_) | Expr::Int(_) | Expr::Bool(_) | Expr::Object(_) | Expr::Array(_)
        );
        let (scope, _) = mistake.spot.property.and_then(|property| self.eval.property(property))?;
        let here = std::ptr::eq(scope.template, self.eval.template(place.scope));
        let within = self.eval.property_location(mistake.spot.property?)?.range;
        (literal && here && within.contains_range(self.eval.location(place).range)).then_some(place)
    }
}

/// What another rule says in better words.
struct Claim {
    ty: &'static str,
    path: &'static str,
    /// What is below the path as well.
    below: bool,
    kinds: fn(&Kind) -> bool,
    code: &'static str,
}

const fn claim(
    ty: &'static str,
    path: &'static str,
    below: bool,
    kinds: fn(&Kind) -> bool,
    code: &'static str,
) -> Claim {
    Claim { ty, path, below, kinds, code }
}

const SCRIPT: &str = "Microsoft.Resources/deploymentScripts";

const CLAIMS: &[Claim] = &[
    claim(CLUSTER, "identity", false, is_type, "identity-not-object"),
    claim(CLUSTER, "identity.userAssignedIdentities", false, is_type, "ids-as-array"),
    claim(CLUSTER, "identity.userAssignedIdentities.*", true, |_| true, "id-value-not-empty"),
    claim(CLUSTER, "properties.identityProfile.*", false, is_type, "kubelet-map-shape"),
    claim(CLUSTER, "properties.identityProfile.*", true, is_id_as_key, "kubelet-map-shape"),
    claim(
        CLUSTER,
        "properties.servicePrincipalProfile.keyVaultSecretRef",
        false,
        |kind| matches!(kind, Kind::Removed { .. }),
        "principal-keyvault-ref",
    ),
    claim(
        CLUSTER,
        "properties.networkProfile.dockerBridgeCidr",
        false,
        |kind| matches!(kind, Kind::Removed { .. }),
        "docker-bridge-cidr",
    ),
    claim(CLUSTER, "properties.podIdentityProfile.userAssignedIdentities", true, is_shape, "pod-identity-shape"),
    claim(
        CLUSTER,
        "properties.podIdentityProfile.userAssignedIdentityExceptions",
        true,
        is_shape,
        "pod-identity-shape",
    ),
    claim(ROLE_ASSIGNMENT, "properties.scope", false, |kind| *kind == Kind::ReadOnly, "role-scope-property"),
    claim(
        ROLE_ASSIGNMENT,
        "properties.principalType",
        false,
        |kind| matches!(kind, Kind::Newer { .. }),
        "role-principal-type-api",
    ),
    claim(ROLE_ASSIGNMENT, "properties.principalType", false, is_word_for_identity, "role-principal-type-wrong"),
    claim(SCRIPT, "identity.type", false, |kind| matches!(kind, Kind::Value { .. }), "cli-deployment-script-identity"),
];

fn is_type(kind: &Kind) -> bool {
    matches!(kind, Kind::WrongType { .. })
}

fn is_word_for_identity(kind: &Kind) -> bool {
    matches!(kind, Kind::Value { value, .. } if crate::roles::is_word_for_identity(value))
}

fn is_shape(kind: &Kind) -> bool {
    matches!(kind, Kind::WrongType { .. } | Kind::Missing { .. })
}

fn is_id_as_key(kind: &Kind) -> bool {
    matches!(kind, Kind::Unknown { name, .. } if name.starts_with('/'))
}

/// The rule that speaks about such a mistake at that path, in the stead of those of the family `schema`.
fn claimant(ty: &str, path: &str, kind: &Kind) -> Option<&'static str> {
    let is_it = |claim: &&Claim| {
        let rest = path.strip_prefix(claim.path);
        rest.is_some_and(|rest| rest.is_empty() || (claim.below && rest.starts_with(['.', '['])))
            && claim.ty == ty
            && (claim.kinds)(kind)
            && by_code(claim.code).is_some()
    };
    CLAIMS.iter().find(is_it).map(|claim| claim.code)
}

/// The mistakes of those resources that are deployed.
pub(crate) fn mistakes(eval: &Evaluator<'_>, resources: &[ResourceRef]) -> Vec<Mistake> {
    let mut all = Vec::new();
    for &resource in resources {
        if let Some((ty, version)) = known_version(eval, resource) {
            all.append(&mut mistakes_at(eval, resource, ty, version));
        }
    }
    all
}

/// The type and API version of a resource that is deployed, when facts are known of the type and the version is one
/// literal text.
pub(crate) fn known_version(eval: &Evaluator<'_>, resource: ResourceRef) -> Option<(ResourceType, ApiVersion)> {
    let declared = eval.resource(resource);
    if declared.existing {
        return None;
    }
    let ty = schema::resource_type(declared.resource_type.as_deref()?)?;
    let version = eval.of_resource(resource, declared.api_version?);
    Some((ty, ApiVersion::parse(version.literal()?)?))
}

/// The mistakes of a resource as if it were of that version. None when the version is not known.
pub(crate) fn mistakes_at(
    eval: &Evaluator<'_>,
    resource: ResourceRef,
    ty: ResourceType,
    version: ApiVersion,
) -> Vec<Mistake> {
    walk(eval, resource, ty, version, false)
}

fn walk(
    eval: &Evaluator<'_>,
    resource: ResourceRef,
    ty: ResourceType,
    version: ApiVersion,
    only_misfit: bool,
) -> Vec<Mistake> {
    let Some(root) = ty.root(version) else { return Vec::new() };
    let (path, found) = (Vec::new(), Vec::new());
    let mut walk = Walk { eval, resource, ty, version, only_misfit, path, depth: 0, budget: BUDGET, found };
    let body = eval.body(resource);
    let place = Place { scope: resource.scope, expr: eval.resource(resource).body };
    let top = Spot { property: None, value: None, own: false };
    for deployed in eval.deployed_when(resource) {
        for alternative in body.iter() {
            if let (Value::Object(object), Some(when)) = (&alternative.value, eval.and(&deployed, &alternative.when)) {
                let typed = is_typed(eval, place);
                walk.object(object, root, &Step { when, spot: top, place, typed });
            }
        }
    }
    walk.found
}

/// Whether the version has every property and lists every value that the resource uses, as far as any version does.
pub(crate) fn fits(eval: &Evaluator<'_>, resource: ResourceRef, ty: ResourceType, version: ApiVersion) -> bool {
    ty.api_versions().contains(version) && walk(eval, resource, ty, version, true).is_empty()
}

/// The newest stable version that has all a resource uses, else the newest preview that does.
pub(crate) fn newest_fitting(eval: &Evaluator<'_>, resource: ResourceRef, ty: ResourceType) -> Option<ApiVersion> {
    use schema::Line::{Preview, Stable};
    let versions = ty.api_versions().without_retired();
    let on = |line| versions.on(line).rev().find(|version| fits(eval, resource, ty, *version));
    on(Stable).or_else(|| on(Preview))
}

struct Walk<'e, 'w> {
    eval: &'e Evaluator<'w>,
    resource: ResourceRef,
    ty: ResourceType,
    version: ApiVersion,
    /// Only what other versions have matters, and the first such thing ends the walk.
    only_misfit: bool,
    path: Vec<&'static str>,
    depth: u32,
    budget: u32,
    found: Vec<Mistake>,
}

/// Where the walk is.
#[derive(Clone)]
struct Step {
    when: Conditions,
    spot: Spot,
    /// An expression to hang unknown values on.
    place: Place,
    typed: bool,
}

impl Walk<'_, '_> {
    fn object(&mut self, object: &Rc<ObjectValue>, facts: Object, at: &Step) {
        if object.damaged || self.depth >= MAX_DEPTH || self.budget == 0 {
            return;
        }
        self.depth += 1;
        let variant = self.variant(object, facts, at);
        let is_plain = |entry: &Entry| {
            !entry.merges && entry.when.is_true() && entry.key.as_ref().is_some_and(|key| key.literal().is_some())
        };
        let plain = object.entries.iter().all(is_plain);
        for (number, entry) in object.entries.iter().enumerate() {
            if self.budget == 0 {
                break;
            }
            let Some(key) = entry.key.as_ref().and_then(Str::literal) else { continue };
            if self.path.is_empty() && is_language(key) {
                continue;
            }
            let Some(when) = self.eval.and(&at.when, &entry.when) else { continue };
            let property = property_of(entry);
            let typed = at.typed && property.is_some_and(|property| self.is_here(property));
            let spot = Spot { property, value: at.spot.value, own: property.is_some() };
            let step = Step { when, spot, place: at.place, typed };
            let Some(known) = property_in(facts, variant, key) else {
                self.unknown(object, entry, facts, key, &step);
                continue;
            };
            self.path.push(known.name());
            if known.name() != key && property.is_some() {
                self.add(Kind::Casing { name: known.name() }, &step);
            }
            let again = |other: &Entry| {
                other.key.as_ref().and_then(Str::literal).is_some_and(|own| own.eq_ignore_ascii_case(key))
            };
            // Of several members with one key the last one counts; looking it up gives what they come to together.
            if !object.entries[number + 1..].iter().any(again) {
                let values =
                    if plain { self.eval.force(&entry.value) } else { self.eval.lookup(object, key, at.place) };
                for alternative in values.iter() {
                    self.member(alternative, known, &step);
                }
            }
            self.path.pop();
        }
        self.missing(object, facts, variant, at);
        self.depth -= 1;
    }

    fn member(&mut self, alternative: &Alternative, known: Property, at: &Step) {
        let Some(when) = self.eval.and(&at.when, &alternative.when) else { return };
        let written = at.spot.property.and_then(|property| {
            let (_, written) = self.eval.property(property)?;
            Some(Place { scope: property.object.scope, expr: written.value })
        });
        let typed = at.typed && written.is_some_and(|written| is_typed(self.eval, written));
        let spot = Spot { value: alternative.place.or(written), ..at.spot };
        let place = spot.value.unwrap_or(at.place);
        self.value(&alternative.value, known, &Step { when, spot, place, typed });
    }

    fn value(&mut self, value: &Value, known: Property, at: &Step) {
        self.budget = self.budget.saturating_sub(1);
        if self.budget == 0 || matches!(value, Value::Null) || is_half_typed(value) {
            return;
        }
        if known.read_only() {
            self.add(Kind::ReadOnly, at);
            return;
        }
        if known.ever_sensitive() {
            self.add(Kind::Secret, at);
        }
        match (known.ty(), value) {
            (Type::Object(facts), Value::Object(object)) => self.object(object, facts, at),
            (Type::Map(inner), Value::Object(object)) => self.map(object, inner, at),
            (Type::Array(inner), Value::Array(array)) if self.depth < MAX_DEPTH => {
                self.path.push(inner.name());
                self.depth += 1;
                for element in array.elements.iter().filter(|element| element.occurs != Occurs::Rest) {
                    if let Some(when) = self.eval.and(&at.when, &element.when) {
                        self.elements(&element.value, inner, &Step { when, ..at.clone() });
                    }
                }
                self.depth -= 1;
                self.path.pop();
            }
            (Type::Enum(values), Value::Str(text)) => {
                if let Some(text) = text.literal() {
                    self.listed(values, text, at);
                }
            }
            (Type::Any, _) | (Type::Array(_), Value::Array(_)) => {}
            (wanted, value) => self.check_type(wanted, value, at),
        }
    }

    /// The entries of a map.
    fn map(&mut self, object: &Rc<ObjectValue>, inner: Property, at: &Step) {
        if object.damaged || self.depth >= MAX_DEPTH {
            return;
        }
        self.path.push(inner.name());
        self.depth += 1;
        for entry in &object.entries {
            // A key that is not one literal text is followed by itself: several of them may be the same.
            let Some(when) = self.eval.and(&at.when, &entry.when).filter(|_| entry.key.is_some()) else { continue };
            let property = property_of(entry);
            let typed = at.typed && property.is_some_and(|property| self.is_here(property));
            let spot = Spot { property, value: at.spot.value, own: property.is_some() };
            let step = Step { when, spot, place: at.place, typed };
            for alternative in self.eval.force(&entry.value).iter() {
                self.member(alternative, inner, &step);
            }
        }
        self.depth -= 1;
        self.path.pop();
    }

    fn elements(&mut self, value: &Lazy, inner: Property, at: &Step) {
        for alternative in self.eval.force(value).iter() {
            let Some(when) = self.eval.and(&at.when, &alternative.when) else { continue };
            let spot = Spot { value: alternative.place.or(at.spot.value), own: false, ..at.spot };
            let here = alternative.place.is_some_and(|place| is_typed(self.eval, place));
            let step = Step { when, spot, place: alternative.place.unwrap_or(at.place), typed: at.typed && here };
            self.value(&alternative.value, inner, &step);
        }
    }

    /// The variant that a discriminated object is; `None` when it has none, or which is not known.
    fn variant(&self, object: &ObjectValue, facts: Object, at: &Step) -> Option<Object> {
        let value = self.eval.lookup(object, facts.discriminator()?, at.place);
        let chosen = value.literal()?;
        facts.variants().find(|(name, _)| *name == chosen).map(|(_, variant)| variant)
    }

    fn unknown(&mut self, object: &ObjectValue, entry: &Entry, facts: Object, key: &str, at: &Step) {
        let values = self.eval.force(&entry.value);
        let path = self.path_to(key);
        let versions = self.ty.versions_with(&path);
        let kind = if versions.is_empty() {
            if self.path.is_empty() && is_envelope(key) {
                return;
            }
            if self.only_misfit {
                return;
            }
            let similar = facts.similar(key);
            let taken = similar.first().is_some_and(|name| self.eval.entry(object, name, &at.when).is_some());
            Kind::Unknown { name: key.into(), similar, taken }
        } else if self.is_ahead(&versions) {
            Kind::Newer { versions }
        } else {
            Kind::Removed { versions }
        };
        for alternative in values.iter() {
            let damaged = matches!(&alternative.value, Value::Object(object) if object.damaged);
            if damaged || matches!(alternative.value, Value::Null) || is_half_typed(&alternative.value) {
                continue;
            }
            let Some(when) = self.eval.and(&at.when, &alternative.when) else { continue };
            let canonical = if self.only_misfit { None } else { self.ty.canonical_path(&path) };
            let path = canonical.unwrap_or_else(|| path.clone());
            let spot = Spot { value: alternative.place.or(at.spot.value), ..at.spot };
            self.add_at(kind.clone(), path, &Step { when, spot, ..at.clone() });
        }
    }

    /// Whether what these versions have is ahead of this one: on a later version of its line, or on the other line only.
    fn is_ahead(&self, versions: &VersionSet) -> bool {
        let mut own = versions.on(self.version.line()).peekable();
        own.peek().is_none() || own.any(|version| version > self.version)
    }

    fn listed(&mut self, values: schema::Enum, text: &str, at: &Step) {
        if text.is_empty() {
            return; // that is how expressions say that it is not given
        }
        let cased = match values.find(text) {
            Match::Exact => return,
            Match::OtherCase(usual) => Some(usual),
            Match::No => None,
        };
        let path = self.path_of();
        let versions = self.ty.versions_with_value(&path, text);
        if versions.contains(self.version) {
            return; // of another variant
        }
        let open = values.is_open();
        let value: Rc<str> = text.into();
        let kind = if cased.is_none() && !versions.is_empty() && self.is_ahead(&versions) {
            Kind::NewerValue { value, open, versions }
        } else if cased.is_none() && !versions.is_empty() {
            return; // it was listed once
        } else if self.only_once_an_enumeration(&path) {
            return;
        } else {
            Kind::Value { value, cased, similar: values.similar(text), open, known: values.values().collect() }
        };
        self.add(kind, at);
    }

    /// Whether newer versions take any text: then the list was one of examples all along.
    fn only_once_an_enumeration(&self, path: &str) -> bool {
        let Some(newest) = self.ty.versions_with(path).last_stable() else { return false };
        self.ty.property(newest, path).is_some_and(|property| matches!(property.ty(), Type::String(_)))
    }

    fn check_type(&mut self, wanted: Type, value: &Value, at: &Step) {
        if value.is_unknown() || value.read().is_some() {
            return;
        }
        let found = match value {
            Value::Bool(_) => "true or false",
            Value::Int(_) => "a number",
            Value::Str(_) => "a text",
            Value::Array(_) => "an array",
            Value::Object(object) if !object.damaged => "an object",
            _ => return,
        };
        let text = match value {
            Value::Str(text) => match text.literal() {
                Some(text) => Some(text),
                // What its unknown pieces make of it is open.
                None if matches!(wanted, Type::Int(_) | Type::Bool) => return,
                None => None,
            },
            _ => None,
        };
        let (wanted, same) = match (wanted, value) {
            (Type::String(_) | Type::Enum(_), Value::Str(_))
            | (Type::Int(_), Value::Int(_))
            | (Type::Bool, Value::Bool(_)) => {
                return;
            }
            (Type::String(_) | Type::Enum(_), Value::Int(number)) => ("a text", Some(Scalar::Str(number.to_string()))),
            (Type::String(_) | Type::Enum(_), Value::Bool(value)) => ("a text", Some(Scalar::Str(value.to_string()))),
            (Type::String(_) | Type::Enum(_), _) => ("a text", None),
            (Type::Int(_), _) => ("a number", text.and_then(|text| text.trim().parse().ok()).map(Scalar::Int)),
            (Type::Bool, _) => {
                ("true or false", text.and_then(|text| text.trim().to_ascii_lowercase().parse().ok()).map(Scalar::Bool))
            }
            (Type::Object(_) | Type::Map(_), _) => ("an object", None),
            (Type::Array(_), _) => ("an array", None),
            (Type::Any, _) => return,
        };
        self.add(Kind::WrongType { wanted, found, same }, at);
    }

    fn missing(&mut self, object: &ObjectValue, facts: Object, variant: Option<Object>, at: &Step) {
        if self.only_misfit {
            return;
        }
        let top = self.path.is_empty();
        for known in facts.required().chain(variant.iter().flat_map(|variant| variant.required())) {
            let name = known.name();
            if known.read_only() || (top && is_language(name)) {
                continue;
            }
            for alternative in self.eval.lookup(object, name, at.place).iter() {
                if let (Value::Null, Some(when)) = (&alternative.value, self.eval.and(&at.when, &alternative.when)) {
                    self.path.push(name);
                    self.add(Kind::Missing { name }, &Step { when, ..at.clone() });
                    self.path.pop();
                }
            }
        }
    }

    /// Whether a property is written in the template of the resource.
    fn is_here(&self, property: PropertyAt) -> bool {
        std::ptr::eq(self.eval.template(property.object.scope), self.eval.template(self.resource.scope))
    }

    fn path_of(&self) -> String {
        let mut path = String::new();
        for name in &self.path {
            if !path.is_empty() && *name != "[]" {
                path.push('.');
            }
            path.push_str(name);
        }
        path
    }

    fn path_to(&self, key: &str) -> String {
        let above = self.path_of();
        let dot = if above.is_empty() { "" } else { "." };
        format!("{above}{dot}{}", if key.contains(['.', '[']) { format!("['{key}']") } else { key.to_owned() })
    }

    fn add(&mut self, kind: Kind, at: &Step) {
        let path = self.path_of();
        self.add_at(kind, path, at);
    }

    /// The same thing at the same place is one mistake, whatever the number of cases or loop elements that have it.
    fn add_at(&mut self, kind: Kind, path: String, at: &Step) {
        if self.only_misfit {
            if !matches!(kind, Kind::Newer { .. } | Kind::Removed { .. } | Kind::NewerValue { .. }) {
                return;
            }
            self.budget = 0;
        }
        let same = |known: &&mut Mistake| known.spot == at.spot && known.kind == kind && known.path == path;
        match self.found.iter_mut().find(same) {
            Some(known) => {
                if !known.whens.contains(&at.when) {
                    known.whens.push(at.when.clone());
                }
                known.typed &= at.typed;
            }
            None => self.found.push(Mistake {
                resource: self.resource,
                ty: self.ty,
                version: self.version,
                kind,
                path,
                spot: at.spot,
                whens: vec![at.when.clone()],
                typed: at.typed,
            }),
        }
    }
}

/// The property of that name; of a discriminated object, when its variant is known, of that variant.
fn property_in(facts: Object, variant: Option<Object>, name: &str) -> Option<Property> {
    match variant {
        Some(variant) => {
            let own = facts.properties().find(|property| property.name().eq_ignore_ascii_case(name));
            own.or_else(|| variant.property(name))
        }
        None => facts.property(name),
    }
}

/// Whether a member of a resource belongs to the language, and not to the type.
fn is_language(key: &str) -> bool {
    const WORDS: &[&str] = &[
        "name",
        "type",
        "apiVersion",
        "parent",
        "scope",
        "dependsOn",
        "condition",
        "copy",
        "resources",
        "existing",
        "import",
        "extension",
        "comments",
        "metadata",
        "asserts",
        "subscriptionId",
        "resourceGroup",
    ];
    key.starts_with(['$', '@']) || WORDS.iter().any(|word| word.eq_ignore_ascii_case(key))
}

/// Whether Resource Manager takes a member of a resource whatever its type is.
fn is_envelope(key: &str) -> bool {
    const WORDS: &[&str] = &[
        "location",
        "tags",
        "sku",
        "kind",
        "plan",
        "zones",
        "extendedLocation",
        "managedBy",
        "managedByExtended",
        "etag",
    ];
    WORDS.iter().any(|word| word.eq_ignore_ascii_case(key))
}

fn is_half_typed(value: &Value) -> bool {
    matches!(value, Value::Unknown(unknown) if unknown.why == Why::SyntaxError)
}

/// Whether the Bicep compiler knows the type of what is written there: literals, and variables made of them. Parameters,
/// calls and `any()` hide it.
fn is_typed(eval: &Evaluator<'_>, place: Place) -> bool {
    let template = eval.template(place.scope);
    template.language == Language::Bicep && is_typed_expr(eval, place.scope, template, place.expr, 8)
}

fn is_typed_expr(eval: &Evaluator<'_>, scope: ScopeId, template: &Template, expr: ExprId, depth: u8) -> bool {
    let inner = |expr| depth > 0 && is_typed_expr(eval, scope, template, expr, depth - 1);
    let file = eval.scope(scope).file;
    let before = &eval.workspace().file(file).text.as_str()[..usize::from(template.exprs.range(expr).start())];
    if before.trim_end().ends_with("any(") {
        return false;
    }
    match template.expr(expr) {
        Expr::Null
        | Expr::Bool(_)
        | Expr::Int(_)
        | Expr::Str(_)
        | Expr::Interpolation(_)
        | Expr::Object(_)
        | Expr::Array(_)
        | Expr::Unary { .. } => true,
        Expr::Conditional { consequence, alternative, .. } => inner(*consequence) && inner(*alternative),
        Expr::Member { base, .. } | Expr::Index { base, .. } => inner(*base),
        Expr::Loop(the_loop) => inner(the_loop.body),
        Expr::Ref(Ref::Variable(name)) => match template.names.get(name) {
            Some(&Declaration::Variable(index)) => inner(template.variables[index as usize].value),
            _ => false,
        },
        _ => false,
    }
}

#[cfg(test)]
mod tests;
