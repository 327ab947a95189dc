//! The AKS view: clusters, their identities, role assignments and the principals they name.
//!
//! Rules read this view. It knows where things are in a cluster (`properties.identityProfile.kubeletidentity`), not what is
//! right or wrong about them.

use std::cell::OnceCell;
use std::rc::Rc;

use rustc_hash::FxHashMap;
use smallvec::{SmallVec, smallvec};
use text_size::TextRange;

use crate::canon::CanonId;
use crate::condition::Conditions;
use crate::eval::{Evaluator, Place, Plain, ScopeId};
use crate::expr::{Expr, Member, ObjectForm, Property};
use crate::value::{Entry, ObjectValue, Occurs, Piece, Read, ResourceId, ResourceRef, Str, Target, Value, Values};
use crate::workspace::Location;
use crate::{ExprId, Name, Template};

/// The type of a cluster.
pub const CLUSTER: &str = "Microsoft.ContainerService/managedClusters";
/// The type of a node pool that is deployed by itself.
pub const AGENT_POOL: &str = "Microsoft.ContainerService/managedClusters/agentPools";
/// The type of a user-assigned identity.
pub const IDENTITY: &str = "Microsoft.ManagedIdentity/userAssignedIdentities";
/// The type of a role assignment.
pub const ROLE_ASSIGNMENT: &str = "Microsoft.Authorization/roleAssignments";
/// The type of a role definition.
pub const ROLE_DEFINITION: &str = "Microsoft.Authorization/roleDefinitions";
/// The type of a container registry.
pub const REGISTRY: &str = "Microsoft.ContainerRegistry/registries";
/// Combinations of alternatives beyond that are not looked at.
const MAX_CASES: usize = 64;

impl Template {
    /// How many clusters it deploys, those of nested templates included.
    pub fn cluster_count(&self) -> usize {
        let own = self.resources.iter().filter(|resource| !resource.existing && resource.is_type(CLUSTER)).count();
        let inner = self.modules.iter().map(|module| match &module.source {
            crate::model::ModuleSource::Inline { template, .. } => template.cluster_count(),
            _ => 0,
        });
        own + inner.sum::<usize>()
    }
}

impl crate::model::Resource {
    /// Whether it is of that type, ignoring case. A type that is not written literally is of none.
    pub fn is_type(&self, resource_type: &str) -> bool {
        self.resource_type.as_deref().is_some_and(|own| own.eq_ignore_ascii_case(resource_type))
    }
}

/// One of the cases that a part of a template can be in.
#[derive(Clone, Debug)]
pub struct Case<T> {
    /// When it is this one.
    pub when: Conditions,
    /// What it is then.
    pub value: T,
}

/// A property of an object as it is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PropertyAt {
    /// The object.
    pub object: Place,
    /// Its member.
    pub number: u32,
}

/// A property that was asked for by its path.
#[derive(Clone, Debug)]
pub struct Slot {
    /// Its value; null when it is absent.
    pub value: Value,
    /// The expression that makes the value; `None` when it is absent.
    pub place: Option<Place>,
    /// Where it is written, if it is.
    pub property: Option<PropertyAt>,
    /// The innermost object on the way to it, as far as there is a single one: where it would be inserted.
    pub holder: Option<Place>,
    /// How many segments of the path are there.
    pub depth: usize,
}

impl Slot {
    /// Whether it is certainly not there, or null.
    pub fn is_absent(&self) -> bool {
        matches!(self.value, Value::Null)
    }
}

/// The identity block in one case.
#[derive(Clone, Debug)]
pub struct Identity {
    /// The property `identity`.
    pub slot: Slot,
    /// What it says.
    pub block: IdentityBlock,
}

/// What an identity block says.
#[derive(Clone, Debug)]
#[expect(clippy::large_enum_variant, reason = "there are a handful of them at a time, nearly all of the large kind")]
pub enum IdentityBlock {
    /// There is none.
    Absent,
    /// Not known.
    Unknown,
    /// Something that is not an object.
    NotObject,
    /// An object.
    Object {
        /// `type`.
        kind: Kind,
        /// The property `type`.
        kind_slot: Slot,
        /// `userAssignedIdentities`.
        ids: Ids,
        /// The property `userAssignedIdentities`.
        ids_slot: Slot,
    },
}

/// The type of an identity.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Kind {
    /// `SystemAssigned`.
    SystemAssigned,
    /// `UserAssigned`.
    UserAssigned,
    /// `None`.
    None,
    /// `SystemAssigned, UserAssigned`, in any order and spacing.
    Combined,
    /// A known text that is none of these.
    Other(Rc<str>),
    /// Absent or null.
    Missing,
    /// Not known, or not a text.
    Unknown,
}

impl Kind {
    fn of(value: &Value) -> Self {
        let text = match value {
            Value::Null => return Self::Missing,
            Value::Str(text) => text,
            _ => return Self::Unknown,
        };
        let Some(text) = text.literal() else { return Self::Unknown };
        let words: SmallVec<[&str; 2]> = text.split(',').map(str::trim).collect();
        match words.as_slice() {
            [one] if one.eq_ignore_ascii_case("SystemAssigned") => Self::SystemAssigned,
            [one] if one.eq_ignore_ascii_case("UserAssigned") => Self::UserAssigned,
            [one] if one.eq_ignore_ascii_case("None") => Self::None,
            [_, _]
                if ["SystemAssigned", "UserAssigned"]
                    .iter()
                    .all(|wanted| words.iter().any(|word| word.eq_ignore_ascii_case(wanted))) =>
            {
                Self::Combined
            }
            _ => Self::Other(text.into()),
        }
    }
}

/// The map of user-assigned identities in one case.
#[derive(Clone, Debug)]
pub enum Ids {
    /// Not there.
    Absent,
    /// Written as null.
    Null,
    /// Not known.
    Unknown,
    /// Not an object: an array, a text.
    NotMap,
    /// A map.
    Map {
        /// Its entries.
        entries: Vec<IdEntry>,
        /// Whether it may have more.
        open: bool,
    },
}

/// An entry of `userAssignedIdentities`.
#[derive(Clone, Debug)]
pub struct IdEntry {
    /// The key: the ID of an identity, if all is well.
    pub key: Str,
    /// Its value: `{}`, if all is well.
    pub value: Rc<Values>,
    /// Where it is written; `None` when a function makes it.
    pub property: Option<PropertyAt>,
}

/// A role assignment.
#[derive(Clone, Debug)]
pub struct RoleAssignment {
    /// The declaration.
    pub resource: ResourceRef,
    /// The GUIDs of the roles it can give, in lower case.
    pub roles: Vec<Case<Rc<str>>>,
    /// `properties.roleDefinitionId`.
    pub role: Vec<Case<Slot>>,
    /// `properties.principalId`.
    pub principal: Vec<Case<Slot>>,
    /// What it is for: the resource named by `scope` or, for the old child form, the parent.
    pub scope: Option<Rc<ResourceId>>,
}

/// Whose principal a value is, and which of its properties was taken.
#[derive(Clone, Debug)]
pub enum Principal {
    /// `identity` of a cluster: its control plane.
    ControlPlane {
        /// The cluster.
        cluster: ResourceRef,
        /// The last segment of the path, `principalId` when all is well.
        property: Rc<str>,
    },
    /// `properties.identityProfile.kubeletidentity` of a cluster.
    Kubelet {
        /// The cluster.
        cluster: ResourceRef,
        /// The last segment of the path, `objectId` when all is well.
        property: Rc<str>,
    },
    /// `properties.addonProfiles.<key>.identity` of a cluster.
    Addon {
        /// The cluster.
        cluster: ResourceRef,
        /// The add-on.
        key: Rc<str>,
        /// The last segment of the path, `objectId` when all is well.
        property: Rc<str>,
    },
    /// A user-assigned identity.
    Identity {
        /// The identity.
        id: Rc<ResourceId>,
        /// The last segment of the path, `principalId` when all is well.
        property: Rc<str>,
    },
}

/// A cluster, with what several rules ask for kept at hand.
pub struct Cluster<'e, 'w> {
    /// What evaluates it.
    pub eval: &'e Evaluator<'w>,
    /// The declaration.
    pub resource: ResourceRef,
    properties: OnceCell<Vec<Case<Slot>>>,
    identities: OnceCell<Vec<Case<Identity>>>,
    control_plane: OnceCell<Vec<Case<Rc<ResourceId>>>>,
    kubelets: OnceCell<Vec<Case<Slot>>>,
    kubelet_ids: OnceCell<Vec<Case<Rc<ResourceId>>>>,
    pools: OnceCell<Vec<Case<Slot>>>,
}

impl<'e, 'w> Cluster<'e, 'w> {
    /// The view of that declaration.
    pub fn new(eval: &'e Evaluator<'w>, resource: ResourceRef) -> Self {
        Self {
            eval,
            resource,
            properties: OnceCell::new(),
            identities: OnceCell::new(),
            control_plane: OnceCell::new(),
            kubelets: OnceCell::new(),
            kubelet_ids: OnceCell::new(),
            pools: OnceCell::new(),
        }
    }

    /// The declaration.
    pub fn declaration(&self) -> &'w crate::model::Resource {
        self.eval.resource(self.resource)
    }

    /// The property at that path, in all cases in which the cluster is deployed.
    pub fn slots(&self, path: &[&str]) -> Vec<Case<Slot>> {
        let Some(below) = path.strip_prefix(&["properties"]) else {
            return self.eval.slots(self.resource, path);
        };
        // Nearly every question begins with this step.
        let properties = self.properties.get_or_init(|| self.eval.slots(self.resource, &["properties"]));
        let mut cases = Vec::new();
        for case in properties {
            self.eval.descend(&case.when, &case.value, below, &mut cases);
        }
        cases
    }

    /// The identity block in every case.
    pub fn identities(&self) -> &[Case<Identity>] {
        self.identities.get_or_init(|| self.eval.identities(self.resource))
    }

    /// The user-assigned identities that the control plane can have.
    pub fn control_plane_ids(&self) -> &[Case<Rc<ResourceId>>] {
        self.control_plane.get_or_init(|| self.eval.control_plane_ids(self.identities()))
    }

    /// `properties.identityProfile.kubeletidentity` in every case; the key in any casing.
    pub fn kubelets(&self) -> &[Case<Slot>] {
        self.kubelets.get_or_init(|| self.slots(&["properties", "identityProfile", "kubeletidentity"]))
    }

    /// The identities that the kubelet is given.
    pub fn kubelet_ids(&self) -> &[Case<Rc<ResourceId>>] {
        self.kubelet_ids.get_or_init(|| {
            self.eval.ids_of(&self.slots(&["properties", "identityProfile", "kubeletidentity", "resourceId"]))
        })
    }

    /// The node pools in every case in which they are there: the elements of `agentPoolProfiles`, and the `properties` of
    /// child resources.
    pub fn pools(&self) -> &[Case<Slot>] {
        self.pools.get_or_init(|| {
            let inline = self.slots(&["properties", "agentPoolProfiles"]);
            let mut pools: Vec<Case<Slot>> = inline.iter().flat_map(|array| self.eval.items(array)).collect();
            let declared = self.eval.declared_pools().get(&self.eval.owner_key(self.resource));
            for &child in declared.map_or(&[][..], Vec::as_slice) {
                pools.extend(self.eval.slots(child, &["properties"]));
            }
            pools
        })
    }

    /// The API version, when it is known.
    pub fn api_version(&self) -> Option<Rc<str>> {
        let values = self.eval.of_resource(self.resource, self.declaration().api_version?);
        values.literal().map(Into::into)
    }

    /// Where to underline the cluster as a whole.
    pub fn header(&self) -> Location {
        self.eval.header(self.resource)
    }
}

/// The resources in all scopes.
#[derive(Debug, Default)]
pub(crate) struct ByType {
    /// All whose type is known, in order.
    all: Vec<ResourceRef>,
    /// The types, each with the numbers of its resources.
    types: Vec<(Box<str>, Vec<u32>)>,
    /// Where each type is among them.
    positions: FxHashMap<Name, usize>,
}

impl ByType {
    fn add(&mut self, resource_type: &str, resource: ResourceRef) {
        let position = *self.positions.entry(Name::from(resource_type)).or_insert_with(|| {
            self.types.push((resource_type.into(), Vec::new()));
            self.types.len() - 1
        });
        self.types[position].1.push(u32::try_from(self.all.len()).unwrap_or(u32::MAX));
        self.all.push(resource);
    }

    fn numbers(&self, resource_type: &str) -> &[u32] {
        self.positions.get(&Name::from(resource_type)).map_or(&[], |&position| &self.types[position].1)
    }
}

/// See [`Evaluator::owner_key`].
pub(crate) type OwnerKey = (ScopeId, Option<CanonId>, Option<CanonId>);

impl Evaluator<'_> {
    /// The node pools that are deployed as resources of their own, by the cluster whose names they have; found once, so that
    /// many clusters do not each look at the pools of all.
    fn declared_pools(&self) -> &FxHashMap<OwnerKey, Vec<ResourceRef>> {
        self.pools.get_or_init(|| {
            let mut by_owner: FxHashMap<OwnerKey, Vec<ResourceRef>> = FxHashMap::default();
            for child in self.of_type(AGENT_POOL) {
                if self.id_of(child).names.len() == 2 && !self.resource(child).existing {
                    by_owner.entry(self.owner_key(child)).or_default().push(child);
                }
            }
            by_owner
        })
    }

    /// What a cluster and its pools have in common: where they are, and the name of the cluster.
    fn owner_key(&self, resource: ResourceRef) -> OwnerKey {
        let id = self.id_of(resource);
        (resource.scope, id.scope, id.names.first().map(|name| self.canon_of_text(name)))
    }

    /// The resources of a type in all scopes, in order; those only referenced as `existing` included.
    pub fn resources_of(&self, resource_type: &str) -> Vec<ResourceRef> {
        self.of_type(resource_type).collect()
    }

    /// The resources in all scopes that are of certain types, in order; those only referenced as `existing` included.
    pub fn resources_where(&self, is_wanted: impl Fn(&str) -> bool) -> Vec<ResourceRef> {
        let by_type = self.by_type();
        let wanted = by_type.types.iter().filter(|(one, _)| is_wanted(one));
        let mut numbers: Vec<u32> = wanted.flat_map(|(_, numbers)| numbers).copied().collect();
        numbers.sort_unstable();
        numbers.into_iter().map(|number| by_type.all[number as usize]).collect()
    }

    pub(crate) fn of_type(&self, resource_type: &str) -> impl Iterator<Item = ResourceRef> {
        let by_type = self.by_type();
        by_type.numbers(resource_type).iter().map(|&number| by_type.all[number as usize])
    }

    fn by_type(&self) -> &ByType {
        self.by_type.get_or_init(|| {
            let mut by_type = ByType::default();
            for scope in self.all_scopes() {
                for (index, resource) in (0..).zip(&self.template(scope).resources) {
                    if let Some(own) = resource.resource_type.as_deref() {
                        by_type.add(own, ResourceRef { scope, index, element: None });
                    }
                }
            }
            by_type
        })
    }

    /// The clusters that are deployed.
    pub fn clusters(&self) -> Vec<ResourceRef> {
        self.of_type(CLUSTER).filter(|&cluster| !self.resource(cluster).existing).collect()
    }

    /// The clusters whose control plane or kubelet has that identity.
    pub(crate) fn clusters_with(&self, identity: CanonId) -> &[ResourceRef] {
        let table = self.by_identity.get_or_init(|| {
            let mut table: FxHashMap<CanonId, Vec<ResourceRef>> = FxHashMap::default();
            for resource in self.clusters() {
                let view = Cluster::new(self, resource);
                for case in view.kubelet_ids().iter().chain(view.control_plane_ids()) {
                    let users = table.entry(case.value.canon).or_default();
                    if users.last() != Some(&resource) {
                        users.push(resource);
                    }
                }
            }
            table
        });
        table.get(&identity).map_or(&[], Vec::as_slice)
    }

    fn select(&self, wanted: impl Fn(&crate::model::Resource) -> bool) -> Vec<ResourceRef> {
        let mut found = Vec::new();
        for scope in self.all_scopes() {
            for (index, resource) in (0..).zip(&self.template(scope).resources) {
                if wanted(resource) {
                    found.push(ResourceRef { scope, index, element: None });
                }
            }
        }
        found
    }

    /// When a resource is deployed: alternatives of conditions. A repeated one counts as deployed at least once.
    pub fn deployed_when(&self, resource: ResourceRef) -> Vec<Conditions> {
        match self.resource(resource).condition {
            Some(condition) => self.when(Place { scope: resource.scope, expr: condition }).0,
            None => vec![Conditions::TRUE],
        }
    }

    // ------------------------------------------------------------------------------------------------- properties

    /// The property of a resource at that path, in all cases in which the resource is deployed.
    pub fn slots(&self, resource: ResourceRef, path: &[&str]) -> Vec<Case<Slot>> {
        let body = self.body(resource);
        let mut cases = Vec::new();
        for deployed in self.deployed_when(resource) {
            for alternative in body.iter() {
                if let Some(when) = self.and(&deployed, &alternative.when) {
                    let root = Slot {
                        value: alternative.value.clone(),
                        place: alternative.place,
                        property: None,
                        holder: None,
                        depth: 0,
                    };
                    self.descend(&when, &root, path, &mut cases);
                }
            }
        }
        cases
    }

    /// The property of an object at that path.
    pub fn slots_in(&self, slot: &Slot, when: &Conditions, path: &[&str]) -> Vec<Case<Slot>> {
        let mut cases = Vec::new();
        let root = Slot { depth: 0, ..slot.clone() };
        self.descend(when, &root, path, &mut cases);
        cases
    }

    fn descend(&self, when: &Conditions, slot: &Slot, path: &[&str], into: &mut Vec<Case<Slot>>) {
        let as_it_is = || Case { when: when.clone(), value: slot.clone() };
        let Some((name, rest)) = path.split_first() else {
            into.push(as_it_is());
            return;
        };
        if into.len() >= MAX_CASES {
            return;
        }
        match &slot.value {
            Value::Object(object) => {
                let plain = Self::plain_entry(object, name);
                if let Plain::Absent = plain {
                    let holder = object.source.or(slot.holder.filter(|_| slot.depth == 0));
                    let value = Slot { value: Value::Null, place: None, property: None, holder, depth: slot.depth };
                    into.push(Case { when: when.clone(), value });
                    return;
                }
                let at = slot.place.unwrap_or(Place { scope: ScopeId::ROOT, expr: ExprId::default() });
                let values = match plain {
                    Plain::Entry(entry) => self.force(&entry.value),
                    Plain::Absent | Plain::Depends => self.lookup(object, name, at),
                };
                for alternative in values.iter() {
                    let Some(when) = self.and(when, &alternative.when) else { continue };
                    let absent = matches!(alternative.value, Value::Null) && alternative.place.is_none();
                    let entry = match plain {
                        _ if absent => None,
                        Plain::Entry(entry) => Some(entry),
                        Plain::Absent | Plain::Depends => self.entry(object, name, &when),
                    };
                    let next = Slot {
                        value: alternative.value.clone(),
                        place: alternative.place,
                        property: entry.and_then(property_of),
                        holder: object.source.or(slot.holder.filter(|_| absent && slot.depth == 0)),
                        depth: slot.depth + usize::from(!absent),
                    };
                    if rest.is_empty() || matches!(next.value, Value::Null) {
                        into.push(Case { when, value: next });
                    } else {
                        self.descend(&when, &next, rest, into);
                    }
                }
            }
            // What is below null is absent, what is below something unknown is unknown, and below anything else as well:
            // what is wrong there is wrong with the value above.
            _ => into.push(as_it_is()),
        }
    }

    /// Whether a resource certainly has nothing at a path, as far as that is seen without evaluating anything: what most
    /// resources of a type do not have need not be looked for.
    pub fn plainly_lacks(&self, resource: ResourceRef, path: &[&str]) -> bool {
        let template = self.template(resource.scope);
        let mut here = self.resource(resource).body;
        for name in path {
            let Expr::Object(object) = template.expr(here) else { return false };
            let mut found = None;
            for member in &object.members {
                let Member::Property(property) = member else { return false };
                let Expr::Str(key) = template.expr(property.key) else { return false };
                if key.eq_ignore_ascii_case(name) {
                    found = Some(property.value);
                }
            }
            here = match found {
                Some(value) => value,
                None => return !object.damaged,
            };
        }
        false
    }

    /// The elements of an array, each in every case in which it is there. Those of which nothing is known are left out.
    pub fn items(&self, array: &Case<Slot>) -> Vec<Case<Slot>> {
        let Value::Array(items) = &array.value.value else { return Vec::new() };
        let mut cases = Vec::new();
        for item in items.elements.iter().filter(|item| item.occurs != Occurs::Rest) {
            let Some(when) = self.and(&array.when, &item.when) else { continue };
            for alternative in self.force(&item.value).iter() {
                if let Some(when) = self.and(&when, &alternative.when) {
                    let (value, place) = (alternative.value.clone(), alternative.place);
                    cases.push(Case { when, value: Slot { value, place, property: None, holder: None, depth: 0 } });
                }
            }
        }
        cases.truncate(MAX_CASES);
        cases
    }

    /// Every combination of cases that can hold together.
    pub fn join<'c, A, B>(&self, left: &'c [Case<A>], right: &'c [Case<B>]) -> Vec<Case<(&'c A, &'c B)>> {
        let mut all = Vec::new();
        for a in left {
            for b in right {
                if all.len() < MAX_CASES
                    && let Some(when) = self.and(&a.when, &b.when)
                {
                    all.push(Case { when, value: (&a.value, &b.value) });
                }
            }
        }
        all
    }

    /// Where a property's value stands in its object, or, when a function makes the object, where the value comes from.
    pub fn written_at(&self, slot: &Slot) -> Option<Location> {
        let written = slot.property.and_then(|property| {
            let (scope, written) = self.property(property)?;
            Some(Location { file: scope.file, range: scope.template.exprs.range(written.value) })
        });
        written.or_else(|| slot.place.map(|place| self.location(place)))
    }

    /// Where the key of a property is written.
    pub fn key_location(&self, property: PropertyAt) -> Option<Location> {
        let (scope, written) = self.property(property)?;
        Some(Location { file: scope.file, range: scope.template.exprs.range(written.key) })
    }

    /// Where a property is written, from its key to the end of its value.
    pub fn property_location(&self, property: PropertyAt) -> Option<Location> {
        let (scope, written) = self.property(property)?;
        Some(Location { file: scope.file, range: written.range })
    }

    /// The property as the model has it.
    pub fn property(&self, property: PropertyAt) -> Option<(Rc<crate::eval::Scope<'_>>, Property)> {
        let scope = self.scope(property.object.scope);
        match scope.template.exprs.get(property.object.expr) {
            Expr::Object(object) => match object.members.get(property.number as usize)? {
                &Member::Property(written) => Some((scope, written)),
                Member::Spread { .. } => None,
            },
            _ => None,
        }
    }

    /// Whether an object is written with braces, so that it can be edited like any other text.
    pub fn is_braces(&self, place: Place) -> bool {
        matches!(self.template(place.scope).exprs.get(place.expr), Expr::Object(object) if object.form == ObjectForm::Braces)
    }

    /// Where to underline a resource as a whole.
    pub fn header(&self, resource: ResourceRef) -> Location {
        let scope = self.scope(resource.scope);
        Location { file: scope.file, range: self.resource(resource).header }
    }

    /// A range of the file that a scope's template is written in.
    pub fn in_file(&self, scope: ScopeId, range: TextRange) -> Location {
        Location { file: self.scope(scope).file, range }
    }

    // ------------------------------------------------------------------------------------------------- identity

    /// The identity block of a resource in every case.
    pub fn identities(&self, resource: ResourceRef) -> Vec<Case<Identity>> {
        let mut cases = Vec::new();
        for Case { when, value: slot } in self.slots(resource, &["identity"]) {
            let block = match &slot.value {
                Value::Null => IdentityBlock::Absent,
                Value::Object(_) => {
                    self.identity_blocks(&when, &slot, &mut cases);
                    continue;
                }
                Value::Unknown(_) | Value::Read(_) => IdentityBlock::Unknown,
                Value::Str(text) if text.literal().is_none() => IdentityBlock::Unknown,
                _ => IdentityBlock::NotObject,
            };
            cases.push(Case { when, value: Identity { slot, block } });
        }
        cases.truncate(MAX_CASES);
        cases
    }

    fn identity_blocks(&self, when: &Conditions, slot: &Slot, into: &mut Vec<Case<Identity>>) {
        for kind in self.slots_in(slot, when, &["type"]) {
            for map in self.slots_in(slot, &kind.when, &["userAssignedIdentities"]) {
                for Case { when, value: ids } in self.ids(&map) {
                    let block = IdentityBlock::Object {
                        kind: Kind::of(&kind.value.value),
                        kind_slot: kind.value.clone(),
                        ids,
                        ids_slot: map.value.clone(),
                    };
                    into.push(Case { when, value: Identity { slot: slot.clone(), block } });
                    if into.len() >= MAX_CASES {
                        return;
                    }
                }
            }
        }
    }

    /// The map of identities in every case: which of its conditional entries are there.
    fn ids(&self, map: &Case<Slot>) -> Vec<Case<Ids>> {
        let one = |ids| vec![Case { when: map.when.clone(), value: ids }];
        let object = match &map.value.value {
            Value::Null if map.value.place.is_none() => return one(Ids::Absent),
            Value::Null => return one(Ids::Null),
            Value::Object(object) => object,
            Value::Unknown(_) | Value::Read(_) => return one(Ids::Unknown),
            Value::Str(text) if text.literal().is_none() => return one(Ids::Unknown),
            _ => return one(Ids::NotMap),
        };
        let Some(chosen) = self.present(object, &map.when) else { return one(Ids::Unknown) };
        let ids = |entries: Vec<&Entry>| {
            let mut open = object.damaged;
            let mut known = Vec::new();
            for entry in entries {
                match &entry.key {
                    Some(key) => known.push(IdEntry {
                        key: key.clone(),
                        value: self.force(&entry.value),
                        property: property_of(entry),
                    }),
                    None => open = true,
                }
            }
            Ids::Map { entries: known, open }
        };
        chosen.into_iter().map(|Case { when, value }| Case { when, value: ids(value) }).collect()
    }

    /// Which entries of an object are there, in every case; `None` when there are too many cases.
    pub fn present<'o>(&self, object: &'o ObjectValue, when: &Conditions) -> Option<Vec<Case<Vec<&'o Entry>>>> {
        let mut cases = vec![Case { when: when.clone(), value: Vec::new() }];
        for entry in &object.entries {
            let mut next = Vec::new();
            for case in cases {
                for when in self.minus(std::slice::from_ref(&case.when), &entry.when) {
                    next.push(Case { when, value: case.value.clone() });
                }
                if let Some(when) = self.and(&case.when, &entry.when) {
                    let mut with = case.value;
                    with.push(entry);
                    next.push(Case { when, value: with });
                }
            }
            if next.len() > MAX_CASES {
                return None;
            }
            cases = next;
        }
        Some(cases)
    }

    /// The user-assigned identities that identity blocks name.
    fn control_plane_ids(&self, identities: &[Case<Identity>]) -> Vec<Case<Rc<ResourceId>>> {
        let mut found: Vec<Case<Rc<ResourceId>>> = Vec::new();
        for case in identities {
            if let IdentityBlock::Object { ids: Ids::Map { entries, .. }, .. } = &case.value.block {
                for entry in entries {
                    let place = entry.property.map(|property| property.object).or(case.value.slot.place);
                    if let Some(id) = place.and_then(|place| self.parse_id(&entry.key, place.scope, place)) {
                        found.push(Case { when: case.when.clone(), value: id });
                    }
                }
            }
        }
        found
    }

    /// The normal forms of the names in an ID.
    pub fn canon_of_names(&self, id: &ResourceId) -> SmallVec<[CanonId; 2]> {
        id.names.iter().map(|name| self.canon_of_text(name)).collect()
    }

    /// The normal form of a key: that of the ID it is, or of the text.
    pub fn canon_of_key(&self, key: &Str, place: Option<Place>) -> CanonId {
        let id = place.and_then(|place| self.parse_id(key, place.scope, place));
        id.map_or_else(|| self.canon_of_text(key), |id| id.canon)
    }

    /// The resource IDs among values.
    pub fn ids_of(&self, slots: &[Case<Slot>]) -> Vec<Case<Rc<ResourceId>>> {
        let one = |case: &Case<Slot>| {
            let place = case.value.place?;
            match &case.value.value {
                Value::Str(text) => {
                    let id = self.parse_id(text, place.scope, place)?;
                    Some(Case { when: case.when.clone(), value: id })
                }
                _ => None,
            }
        };
        slots.iter().filter_map(one).collect()
    }

    // ------------------------------------------------------------------------------------------------- roles

    /// All role assignments that are deployed; found once.
    pub fn role_assignments(&self) -> &[RoleAssignment] {
        self.assignments.get_or_init(|| {
            let all =
                self.select(|resource| !resource.existing && is_role_assignment(resource.resource_type.as_deref()));
            all.into_iter().map(|resource| self.role_assignment(resource)).collect()
        })
    }

    /// The same, one for each element of those that are declared in a loop over known elements.
    pub fn each_role_assignment(&self) -> &[RoleAssignment] {
        self.each_assignment.get_or_init(|| {
            let each = |one: &RoleAssignment| -> SmallVec<[RoleAssignment; 1]> {
                if self.resource(one.resource).repeat.is_none() {
                    return smallvec![one.clone()];
                }
                self.each(one.resource).into_iter().map(|element| self.role_assignment(element)).collect()
            };
            self.role_assignments().iter().flat_map(each).collect()
        })
    }

    /// That role assignment.
    pub fn role_assignment(&self, resource: ResourceRef) -> RoleAssignment {
        let role = self.slots(resource, &["properties", "roleDefinitionId"]);
        let mut roles = Vec::new();
        for case in &role {
            if let (Value::Str(text), Some(place)) = (&case.value.value, case.value.place)
                && let Some(guid) = self.role_guid(text, place)
            {
                roles.push(Case { when: case.when.clone(), value: guid });
            }
        }
        let mut principal = self.slots(resource, &["properties", "principalId"]);
        // `read ?? ''`: what stands in for a principal that turns out not to be there is nobody.
        if principal.iter().any(|case| !is_nobody(&case.value.value)) {
            principal.retain(|case| !is_nobody(&case.value.value) || !self.known_late(&case.when));
        }
        RoleAssignment { resource, roles, role, principal, scope: self.scope_of(resource) }
    }

    /// The GUID of a role definition, in every form that it is written in.
    pub fn role_guid(&self, text: &Str, place: Place) -> Option<Rc<str>> {
        if let Some(text) = text.literal() {
            let last = text.rsplit('/').next()?;
            return is_guid(last).then(|| last.to_ascii_lowercase().into());
        }
        let id = self.parse_id(text, place.scope, place);
        let name = match &id {
            Some(id) => id.names.last()?.literal(),
            None => match text.pieces().last()? {
                Piece::Text(known) => Some(known.rsplit('/').next()?),
                _ => None,
            },
        }?;
        is_guid(name).then(|| name.to_ascii_lowercase().into())
    }

    /// The resource that an extension resource is for; `None` when that is a group or not known.
    pub fn scope_of(&self, resource: ResourceRef) -> Option<Rc<ResourceId>> {
        let declared = self.resource(resource);
        if let Some(scope) = declared.scope {
            let place = Place { scope: resource.scope, expr: scope };
            return match self.of_resource(resource, scope).single()? {
                Value::Resource(target) => Some(self.id_of(*target)),
                Value::Str(text) => self.scope_resource(text, resource.scope, place),
                _ => None,
            };
        }
        // The old form: type `A/b/providers/roleAssignments`, name `b/Microsoft.Authorization/guid`.
        let own = declared.resource_type.as_deref()?;
        let end = own.to_ascii_lowercase().find("/providers/")?;
        let own_id = self.id_of(resource);
        let names: Vec<Str> = own_id.names.iter().flat_map(crate::resource::split_segments).collect();
        let parents = own[..end].split('/').count().checked_sub(1).filter(|parents| *parents < names.len())?;
        let mut path = Str::text("/providers/");
        let mut kinds = own[..end].split('/');
        path.extend(&Str::text(kinds.next()?));
        for (kind, name) in kinds.zip(names.iter().take(parents)) {
            path.extend(&Str::text(&format!("/{kind}/")));
            path.extend(name);
        }
        self.parse_id(&path, resource.scope, Place { scope: resource.scope, expr: declared.body })
    }

    /// Whose principal a value is; `None` when it is not the principal of anything known here.
    pub fn principal(&self, value: &Value) -> Option<Principal> {
        self.principal_of(value.read()?)
    }

    /// Whose principal a read gives.
    pub fn principal_of(&self, read: &Read) -> Option<Principal> {
        let (id, declared) = match &read.target {
            Target::Declared(resource) => (self.id_of(*resource), Some(*resource)),
            Target::Id(id) => (id.clone(), None),
            Target::Unknown(_) => return None,
        };
        let lower: SmallVec<[String; 6]> = read.path.iter().map(|name| name.to_ascii_lowercase()).collect();
        let path: SmallVec<[&str; 6]> = lower.iter().map(String::as_str).collect();
        let property = read.path.last()?.clone();
        if id.is_type(IDENTITY) == Some(true) {
            return match path.as_slice() {
                ["properties", _] => Some(Principal::Identity { id, property }),
                _ => None,
            };
        }
        if id.is_type(CLUSTER) != Some(true) {
            return None;
        }
        let cluster = declared?;
        match path.as_slice() {
            ["identity", _] | ["identity", "userassignedidentities", _, _] => {
                Some(Principal::ControlPlane { cluster, property })
            }
            ["properties", "identityprofile", "kubeletidentity", _] => Some(Principal::Kubelet { cluster, property }),
            ["properties", "addonprofiles", _, "identity", _] => {
                Some(Principal::Addon { cluster, key: read.path[2].clone(), property })
            }
            _ => None,
        }
    }
}

/// Whether a value names no principal: `null` and the empty text.
pub(crate) fn is_nobody(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::Str(text) => text.literal() == Some(""),
        _ => false,
    }
}

/// Where an entry is written.
pub fn property_of(entry: &Entry) -> Option<PropertyAt> {
    entry.property.map(|(object, number)| PropertyAt { object, number })
}

pub(crate) fn is_role_assignment(resource_type: Option<&str>) -> bool {
    const EXTENSION: &str = "/providers/roleAssignments";
    let Some(own) = resource_type else { return false };
    let tail = own.len().checked_sub(EXTENSION.len()).and_then(|start| own.get(start..));
    own.eq_ignore_ascii_case(ROLE_ASSIGNMENT) || tail.is_some_and(|tail| tail.eq_ignore_ascii_case(EXTENSION))
}

/// Whether a text is a GUID.
pub fn is_guid(text: &str) -> bool {
    text.len() == 36
        && text.bytes().enumerate().all(|(position, byte)| match position {
            8 | 13 | 18 | 23 => byte == b'-',
            _ => byte.is_ascii_hexdigit(),
        })
}

impl Location {
    /// The same place, narrowed to part of its file.
    #[must_use]
    pub fn with_range(self, range: TextRange) -> Self {
        Self { range, ..self }
    }
}
