//! Who is given which role on what, and whether someone has a right.
//!
//! A question has three answers: what is certain either way, and [`Truth::Unknown`] for everything that depends on what is
//! not at hand: a principal that a parameter brings, a scope in another group, a custom role, a module from a registry that
//! may give the role itself. A rule that says that a role is *missing* needs [`Truth::No`], one that says that it is *there*
//! needs [`Truth::Yes`].
//!
//! ```ignore
//! let wanted = Wanted { right: &rights::ASSIGN_IDENTITY, bearer: &Bearer::Identity(mi), on: Some(&kmi) };
//! let cases = eval.granted(&wanted, &when);     // when it is, when it is not, when that is not known
//! ```

use std::rc::Rc;

use smallvec::SmallVec;

use crate::aks::{Case, Cluster, IDENTITY, Principal, ROLE_ASSIGNMENT, Slot};
use crate::canon::CanonId;
use crate::condition::Conditions;
use crate::eval::{Evaluator, Place, ScopeId};
use crate::expr::Expr;
use crate::grant_index::GrantIndex;
use crate::value::{Piece, Read, ResourceId, ResourceRef, Str, Target, Value};

/// Beyond that many cases the answer is that it is not known.
const MAX_CASES: usize = 64;

/// An answer in three-valued logic.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Truth {
    /// Certainly not.
    No,
    /// It depends on what is not known.
    Unknown,
    /// Certainly.
    Yes,
}

impl Truth {
    /// Both.
    #[must_use]
    pub fn and(self, other: Self) -> Self {
        self.min(other)
    }

    /// One of the two, or both.
    #[must_use]
    pub fn or(self, other: Self) -> Self {
        self.max(other)
    }
}

impl From<bool> for Truth {
    fn from(known: bool) -> Self {
        if known { Self::Yes } else { Self::No }
    }
}

/// Something one may be allowed to do, and the built-in roles that allow it.
#[derive(Debug, PartialEq, Eq)]
pub struct Right {
    /// The GUID of the role that is made for it, in lower case; see [`schema::roles`].
    pub role: &'static str,
    /// GUIDs of wider roles that allow it as well, in lower case.
    pub wider: &'static [&'static str],
}

impl Right {
    /// Whether a role gives it. A role that is not built in may do anything.
    pub fn is_given_by(&self, role: Option<&str>) -> Truth {
        match role {
            Some(role) if self.role == role || self.wider.contains(&role) => Truth::Yes,
            Some(role) if schema::roles::by_guid(role).is_some() => Truth::No,
            Some(_) | None => Truth::Unknown,
        }
    }

    /// The name of its role.
    pub fn role_name(&self) -> &'static str {
        schema::roles::by_guid(self.role).map_or(self.role, |role| role.name)
    }
}

/// The rights that the identities of a cluster need.
pub mod rights {
    use super::Right;

    /// The role Owner.
    pub const OWNER: &str = "8e3af657-a8ff-443c-a75c-2fe8c4bcb635";
    /// The role Contributor.
    pub const CONTRIBUTOR: &str = "b24988ac-6180-42a0-ab88-20f7382dd24c";
    const NETWORK_CONTRIBUTOR: &str = "4d97b98b-1d4f-4787-a291-c67834d212e7";

    /// Managed Identity Operator: to assign a user-assigned identity, as the control plane does with that of the kubelet.
    pub static ASSIGN_IDENTITY: Right =
        Right { role: "f1a07417-d97a-45cb-824c-7a7467783830", wider: &[CONTRIBUTOR, OWNER] };

    /// Network Contributor: to join a subnet, and to change route tables and addresses.
    pub static USE_NETWORK: Right = Right { role: NETWORK_CONTRIBUTOR, wider: &[CONTRIBUTOR, OWNER] };

    /// Private DNS Zone Contributor: to write records of a private zone.
    pub static WRITE_PRIVATE_ZONE: Right =
        Right { role: "b12aa53e-6015-4669-85d0-8515ebb3ae7f", wider: &[NETWORK_CONTRIBUTOR, CONTRIBUTOR, OWNER] };

    /// Key Vault Crypto User: to encrypt with a key.
    pub static USE_KEY: Right = Right {
        role: "12338af0-0e69-4776-bea7-57ae8d297424",
        wider: &["14b46e9e-c2b7-41b4-b07b-48a6ebf60603", "00482a5a-887f-4fb3-b363-3b7fe8e74483"],
    };

    /// Key Vault Contributor: to reach a vault by a private endpoint.
    pub static REACH_VAULT: Right =
        Right { role: "f25e0fa2-a7c8-4377-a976-54943a77a395", wider: &[CONTRIBUTOR, OWNER] };

    /// Container Registry Repository Reader: to pull images from a registry in ABAC mode.
    pub static READ_REPOSITORIES: Right = Right { role: "b93aa761-3e63-49ed-ac28-beffa264f7ac", wider: &[] };

    /// AcrPull: to pull images. The roles of registries in ABAC mode count as well.
    pub static PULL_IMAGES: Right = Right {
        role: "7f951dda-4ed3-4680-a7ca-43fe172d538d",
        wider: &[
            "8311e382-0749-4cb8-b61a-304f252e45ec",
            "b93aa761-3e63-49ed-ac28-beffa264f7ac",
            "acdd72a7-3385-48ef-bd42-f606fba81ae7",
            CONTRIBUTOR,
            OWNER,
        ],
    };
}

/// Who has a role, other than people.
#[derive(Clone, Debug)]
pub enum Bearer {
    /// A user-assigned identity.
    Identity(Rc<ResourceId>),
    /// The system-assigned identity of a resource, such as the control plane of a cluster.
    System(Rc<ResourceId>),
    /// An identity that Azure makes for a part of a resource: the kubelet, an add-on.
    Generated {
        /// The resource.
        of: Rc<ResourceId>,
        /// Where the resource reports it, in lower case: `properties.identityprofile.kubeletidentity`.
        path: Rc<str>,
    },
}

/// What a role is given on.
#[derive(Clone, Debug)]
pub enum GrantScope {
    /// A resource and all below it.
    Resource(Rc<ResourceId>),
    /// A resource group: that of the deployment, or the one of that normal form, as in [`ResourceId::scope`].
    Group(Option<CanonId>),
    /// A subscription, a management group, the tenant.
    Wider,
    /// Not known.
    Unknown,
}

/// A role given to someone, in one case.
#[derive(Clone, Debug)]
pub struct Grant {
    /// The role assignment.
    pub assignment: ResourceRef,
    /// When it is deployed and reads like this.
    pub when: Conditions,
    /// The GUID of the role, in lower case; `None` when it is not known.
    pub role: Option<Rc<str>>,
    /// `properties.roleDefinitionId`.
    pub definition: Slot,
    /// Who gets it; `None` when that is not known.
    pub bearer: Option<Bearer>,
    /// `properties.principalId`.
    pub principal: Slot,
    /// On what.
    pub scope: GrantScope,
}

/// All roles that a deployment gives.
#[derive(Debug, Default)]
pub struct Grants {
    /// One for each case of each role assignment.
    pub all: Vec<Grant>,
    /// Whether nothing else in the deployment can give roles: no module that is not at hand, no script.
    pub complete: bool,
    index: GrantIndex,
}

impl Grants {
    fn by_number(&self, numbers: &[u32]) -> impl Iterator<Item = &Grant> {
        numbers.iter().filter_map(|&number| self.all.get(number as usize))
    }

    /// Those of a role, by its GUID in lower case, or of roles that are not known.
    pub fn with_role(&self, role: Option<&str>) -> impl Iterator<Item = &Grant> {
        self.by_number(self.index.with_role(role))
    }

    /// Those of which nobody knows who has them.
    pub fn for_unknown(&self) -> impl Iterator<Item = &Grant> {
        self.by_number(self.index.of_unknown())
    }

    /// Those that somebody certainly has, by their index.
    pub fn certainly_of(&self, bearer: &Bearer) -> impl Iterator<Item = (usize, &Grant)> {
        self.index.certainly_of(bearer).iter().map(|&number| number as usize).map(|number| (number, &self.all[number]))
    }
}

/// The question whether someone has a right.
#[derive(Clone, Copy, Debug)]
pub struct Wanted<'q> {
    /// To do what.
    pub right: &'q Right,
    /// Who.
    pub bearer: &'q Bearer,
    /// On what; `None`: on anything.
    pub on: Option<&'q ResourceId>,
}

/// Something that the control plane must be allowed to do before its cluster is created.
#[derive(Clone, Debug)]
pub struct Need {
    /// To do what.
    pub right: &'static Right,
    /// On what, in words: "the kubelet's identity".
    pub what: &'static str,
    /// The resource.
    pub on: Rc<ResourceId>,
    /// Where the cluster names it.
    pub slot: Slot,
}

impl Evaluator<'_> {
    /// The roles that the deployment gives; found once.
    pub fn grants(&self) -> Rc<Grants> {
        if let Some(known) = self.grants.borrow().as_ref() {
            return known.clone();
        }
        let mut all = Vec::new();
        for assignment in self.each_role_assignment() {
            let scope = self.grant_scope(assignment.resource);
            for Case { when, value: (definition, principal) } in self.join(&assignment.role, &assignment.principal) {
                let role = match (&definition.value, definition.place) {
                    (Value::Str(text), Some(place)) => self.role_guid(text, place),
                    _ => None,
                };
                let grant = |when, bearer| Grant {
                    assignment: ResourceRef { element: None, ..assignment.resource },
                    when,
                    role: role.clone(),
                    definition: definition.clone(),
                    bearer,
                    principal: principal.clone(),
                    scope: scope.clone(),
                };
                for bearer in self.bearers(&principal.value) {
                    all.extend(self.and(&when, &bearer.when).map(|when| grant(when, bearer.value)));
                }
            }
        }
        let complete = self.all_scopes().into_iter().all(|scope| {
            let template = self.template(scope);
            let known = |index| self.module_scope(crate::value::ModuleRef { scope, index, element: None }).is_some();
            let may_grant = |resource: &crate::model::Resource| {
                resource.resource_type.is_none() || resource.is_type("Microsoft.Resources/deploymentScripts")
            };
            (0..).zip(&template.modules).all(|(index, _)| known(index)) && !template.resources.iter().any(may_grant)
        });
        let index = GrantIndex::of(self, &all);
        let grants = Rc::new(Grants { all, complete, index });
        *self.grants.borrow_mut() = Some(grants.clone());
        grants
    }

    /// When someone has a right: cases that together make up `when`.
    pub fn granted(&self, wanted: &Wanted<'_>, when: &Conditions) -> Vec<Case<Truth>> {
        let grants = self.grants();
        let mut rest = vec![when.clone()];
        let mut cases = Vec::new();
        let gives = |role: Option<&str>| wanted.right.is_given_by(role) != Truth::No;
        let certain = grants.certainly_of(wanted.bearer).map(|(_, grant)| (grant, Truth::Yes));
        let possible = self.possibly_of(&grants, wanted.bearer, &gives).map(|grant| (grant, Truth::Unknown));
        for (grant, truth) in certain.chain(possible) {
            if rest.is_empty() {
                break;
            }
            if self.gives(grant, wanted) != truth {
                continue;
            }
            cases.extend(rest.iter().filter_map(|before| {
                let when = self.and(before, &grant.when)?;
                Some(Case { when, value: truth })
            }));
            rest = self.minus(&rest, &grant.when).into_vec();
            if rest.len() + cases.len() > MAX_CASES {
                return vec![Case { when: when.clone(), value: Truth::Unknown }];
            }
        }
        let otherwise = if grants.complete { Truth::No } else { Truth::Unknown };
        cases.extend(rest.into_iter().map(|when| Case { when, value: otherwise }));
        cases
    }

    /// Grants of some of the roles, among which are all that someone has or may have, in order.
    pub fn possibly_of<'g>(
        &self,
        grants: &'g Grants,
        bearer: &Bearer,
        is_wanted: &dyn Fn(Option<&str>) -> bool,
    ) -> impl Iterator<Item = &'g Grant> + use<'g> {
        grants.index.possibly_of(self, bearer, is_wanted).filter_map(|number| grants.all.get(number as usize))
    }

    /// Whether a grant gives someone a right, in the case that it is deployed.
    pub fn gives(&self, grant: &Grant, wanted: &Wanted<'_>) -> Truth {
        // Most grants are of another role, which is seen at once; who and what they are for is dear to compare.
        let right = wanted.right.is_given_by(grant.role.as_deref());
        if right == Truth::No {
            return Truth::No;
        }
        let bearer = match &grant.bearer {
            Some(bearer) => self.same_bearer(bearer, wanted.bearer),
            None => Truth::Unknown,
        };
        let on = wanted.on.map_or(Truth::Yes, |on| self.covers(&grant.scope, on));
        right.and(bearer).and(on)
    }

    /// Who a principal is, in every case; `None` when that is not known. No case where it is nobody.
    pub fn bearers(&self, principal: &Value) -> Vec<Case<Option<Bearer>>> {
        let always = |bearer| vec![Case { when: Conditions::TRUE, value: bearer }];
        if crate::aks::is_nobody(principal) {
            return Vec::new();
        }
        let Some(read) = principal.read() else { return always(None) };
        match self.principal_of(read) {
            Some(Principal::Identity { id, .. }) => always(Some(Bearer::Identity(id))),
            Some(Principal::ControlPlane { cluster, .. }) if read.path.len() > 2 => {
                let ids = Cluster::new(self, cluster);
                let ids = ids.control_plane_ids().iter();
                self.rest_unknown(ids.map(|case| (case.when.clone(), Bearer::Identity(case.value.clone()))).collect())
            }
            Some(Principal::ControlPlane { cluster, .. }) => always(Some(Bearer::System(self.id_of(cluster)))),
            Some(Principal::Kubelet { cluster, .. }) => self.kubelet_bearers(cluster),
            Some(Principal::Addon { cluster, .. }) => always(Some(generated(self.id_of(cluster), read))),
            None => always(self.other_bearer(read)),
        }
    }

    /// Who the kubelet of a cluster is: its own identity, or the one that AKS makes.
    pub fn kubelet_bearers(&self, cluster: ResourceRef) -> Vec<Case<Option<Bearer>>> {
        // What was deployed some other day may have been given an identity then.
        if self.resource(cluster).existing {
            return vec![Case { when: Conditions::TRUE, value: None }];
        }
        let view = Cluster::new(self, cluster);
        let path: Rc<str> = "properties.identityprofile.kubeletidentity".into();
        let mut known: Vec<(Conditions, Bearer)> = Vec::new();
        for case in view.kubelets() {
            if case.value.is_absent() {
                known.push((case.when.clone(), Bearer::Generated { of: self.id_of(cluster), path: path.clone() }));
            }
        }
        known.extend(view.kubelet_ids().iter().map(|case| (case.when.clone(), Bearer::Identity(case.value.clone()))));
        self.rest_unknown(known)
    }

    /// Who has the identities that are read from a resource that is neither a cluster nor an identity.
    fn other_bearer(&self, read: &Read) -> Option<Bearer> {
        let id = match &read.target {
            Target::Declared(resource) => self.id_of(*resource),
            Target::Id(id) => id.clone(),
            Target::Unknown(_) => return None,
        };
        // Of an identity or of a deployment only what was understood above is a principal.
        if id.is_type(IDENTITY)? || id.is_type(crate::resource::DEPLOYMENTS)? {
            return None;
        }
        match read.path.as_slice() {
            [identity, principal]
                if identity.eq_ignore_ascii_case("identity") && principal.eq_ignore_ascii_case("principalId") =>
            {
                Some(Bearer::System(id))
            }
            path if path.last()?.eq_ignore_ascii_case("objectId") => Some(generated(id, read)),
            _ => None,
        }
    }

    fn rest_unknown(&self, known: Vec<(Conditions, Bearer)>) -> Vec<Case<Option<Bearer>>> {
        let mut rest = vec![Conditions::TRUE];
        for (when, _) in &known {
            rest = self.minus(&rest, when).into_vec();
        }
        let known = known.into_iter().map(|(when, bearer)| Case { when, value: Some(bearer) });
        known.chain(rest.into_iter().map(|when| Case { when, value: None })).take(MAX_CASES).collect()
    }

    /// Whether two are the same.
    pub fn same_bearer(&self, left: &Bearer, right: &Bearer) -> Truth {
        match (left, right) {
            (Bearer::Identity(left), Bearer::Identity(right)) | (Bearer::System(left), Bearer::System(right)) => {
                self.same_resource(left, right)
            }
            (Bearer::Generated { of: left, path: a }, Bearer::Generated { of: right, path: b }) => {
                Truth::from(a == b).and(self.same_resource(left, right))
            }
            // A generated identity may be named by its ID, by those who know how AKS names it.
            (Bearer::Identity(id), Bearer::Generated { .. }) | (Bearer::Generated { .. }, Bearer::Identity(id)) => {
                if self.deployed_here(id) {
                    Truth::No
                } else {
                    Truth::Unknown
                }
            }
            _ => Truth::No,
        }
    }

    /// Whether two IDs are of one resource. Names that depend on parameters are different when they differ in one known
    /// part only: `${prefix}-a` and `${prefix}-b`.
    pub fn same_resource(&self, left: &ResourceId, right: &ResourceId) -> Truth {
        if left.canon == right.canon {
            return Truth::Yes;
        }
        if let (Some(a), Some(b)) = (&left.resource_type, &right.resource_type)
            && !a.eq_ignore_ascii_case(b)
        {
            return Truth::No;
        }
        if left.names.iter().zip(&right.names).any(|(a, b)| self.are_different(a, b)) {
            return Truth::No;
        }
        // Two declarations of one template that are both deployed are two resources.
        match (self.declared_once(left), self.declared_once(right)) {
            (Some((a, m)), Some((b, n))) if a == b && m != n => Truth::No,
            _ => Truth::Unknown,
        }
    }

    /// The declaration that certainly makes one resource, and that one: by its template and its index there.
    pub(crate) fn declared_once(&self, id: &ResourceId) -> Option<(ScopeId, u32)> {
        let declared = id.declared?;
        let resource = self.resource(declared);
        let plain = !resource.existing && resource.repeat.is_none() && resource.condition.is_none();
        plain.then_some((declared.scope, declared.index))
    }

    /// Whether two names are different whatever their unknown parts are.
    fn are_different(&self, left: &Str, right: &Str) -> bool {
        let same = |a: &Piece, b: &Piece| match (a, b) {
            (Piece::Text(a), Piece::Text(b)) => a.eq_ignore_ascii_case(b),
            (Piece::Text(_), _) | (_, Piece::Text(_)) => false,
            (a, b) => self.canon_of_text(&Str::piece(a.clone())) == self.canon_of_text(&Str::piece(b.clone())),
        };
        let (left, right) = (left.pieces(), right.pieces());
        let (short, long) = if left.len() <= right.len() { (left, right) } else { (right, left) };
        let differing: SmallVec<[(&Piece, &Piece); 2]> = short.iter().zip(long).filter(|(a, b)| !same(a, b)).collect();
        match (differing.as_slice(), &long[short.len()..]) {
            ([(Piece::Text(_), Piece::Text(_))], []) => true,
            ([], rest) => rest.iter().any(|piece| matches!(piece, Piece::Text(_))),
            _ => false,
        }
    }

    /// Whether what a role is given on includes a resource.
    pub fn covers(&self, scope: &GrantScope, on: &ResourceId) -> Truth {
        match scope {
            GrantScope::Resource(id) => {
                let parents = self.parents(on);
                let all = parents.iter().map(|parent| self.same_resource(id, parent));
                all.fold(self.same_resource(id, on), Truth::or)
            }
            GrantScope::Group(group) if *group == on.scope => Truth::Yes,
            GrantScope::Group(_) | GrantScope::Unknown => Truth::Unknown,
            GrantScope::Wider => Truth::Yes,
        }
    }

    /// The resources above a child resource: the network of a subnet.
    pub fn parents(&self, id: &ResourceId) -> Vec<Rc<ResourceId>> {
        let Some(resource_type) = &id.resource_type else { return Vec::new() };
        let kinds: SmallVec<[&str; 4]> = resource_type.split('/').collect();
        let place = Place { scope: crate::eval::ScopeId::ROOT, expr: crate::ExprId::default() };
        let one = |depth: usize| {
            let names = id.names.get(..depth)?.iter().cloned().collect();
            let kind: Rc<str> = kinds.get(..=depth)?.join("/").into();
            let from = id.declared.map_or(place.scope, |declared| declared.scope);
            Some(self.make_id(Some(kind), names, id.scope, from, place))
        };
        (1..id.names.len()).filter_map(one).collect()
    }

    /// What a role assignment is for.
    pub fn grant_scope(&self, assignment: ResourceRef) -> GrantScope {
        let declared = self.resource(assignment);
        if let Some(id) = self.scope_of(assignment) {
            return GrantScope::Resource(id);
        }
        let Some(scope) = declared.scope else {
            // The old form of a child whose parent was not understood.
            let plain = declared.is_type(ROLE_ASSIGNMENT);
            let group = || GrantScope::Group(self.scope(assignment.scope).target);
            return if plain { group() } else { GrantScope::Unknown };
        };
        match self.template(assignment.scope).expr(scope) {
            Expr::Call(call) if call.function == *"resourceGroup" => {
                GrantScope::Group(self.deployment_target(assignment.scope, scope, &None))
            }
            Expr::Call(call)
                if ["subscription", "managementGroup", "tenant"].iter().any(|name| call.function == **name) =>
            {
                GrantScope::Wider
            }
            // `"[resourceGroup().id]"` has no call at its top, but is known to be the group of the deployment.
            _ => match self.deployment_target(assignment.scope, scope, &None) {
                None => GrantScope::Group(None),
                Some(_) => GrantScope::Unknown,
            },
        }
    }

    /// Whether a resource is created by this deployment.
    pub(crate) fn deployed_here(&self, id: &ResourceId) -> bool {
        id.declared.is_some_and(|declared| !self.resource(declared).existing)
    }
}

fn generated(of: Rc<ResourceId>, read: &Read) -> Bearer {
    let path = &read.path[..read.path.len().saturating_sub(1)];
    Bearer::Generated { of, path: path.join(".").to_ascii_lowercase().into() }
}

impl Cluster<'_, '_> {
    /// What the control plane must be allowed to do before the cluster is created, as far as the cluster says which resources
    /// it uses.
    pub fn needs(&self) -> Vec<Case<Need>> {
        let mut all = Vec::new();
        let kubelet = self.slots(&["properties", "identityProfile", "kubeletidentity", "resourceId"]);
        self.need(&mut all, kubelet, &[&rights::ASSIGN_IDENTITY], "the kubelet's identity");
        for pools in self.slots(&["properties", "agentPoolProfiles"]) {
            for pool in self.eval.items(&pools) {
                for name in ["vnetSubnetID", "podSubnetID"] {
                    let subnet = self.eval.slots_in(&pool.value, &pool.when, &[name]);
                    self.need(&mut all, subnet, &[&rights::USE_NETWORK], "the subnet");
                }
            }
        }
        let server = |name| self.slots(&["properties", "apiServerAccessProfile", name]);
        self.need(&mut all, server("subnetId"), &[&rights::USE_NETWORK], "the subnet of the API server");
        self.need(&mut all, server("privateDNSZone"), &[&rights::WRITE_PRIVATE_ZONE], "the private DNS zone");
        let kms = |name| self.slots(&["properties", "securityProfile", "azureKeyVaultKms", name]);
        self.need(&mut all, kms("keyId"), &[&rights::USE_KEY], "the key of etcd encryption");
        let vault: [&Right; 2] = [&rights::USE_KEY, &rights::REACH_VAULT];
        self.need(&mut all, kms("keyVaultResourceId"), &vault, "the vault of etcd encryption");
        all
    }

    pub(crate) fn need(
        &self,
        into: &mut Vec<Case<Need>>,
        slots: Vec<Case<Slot>>,
        rights: &[&'static Right],
        what: &'static str,
    ) {
        for Case { when, value: slot } in slots {
            let Some(on) = self.resource_of(&slot) else { continue };
            for right in rights {
                let need = Need { right, what, on: on.clone(), slot: slot.clone() };
                into.push(Case { when: when.clone(), value: need });
            }
        }
    }

    /// The resource whose ID a value is, or that it is read from.
    pub(crate) fn resource_of(&self, slot: &Slot) -> Option<Rc<ResourceId>> {
        match (slot.value.read(), &slot.value) {
            (Some(read), _) => match &read.target {
                Target::Declared(resource) => Some(self.eval.id_of(*resource)),
                Target::Id(id) => Some(id.clone()),
                Target::Unknown(_) => None,
            },
            (None, Value::Str(text)) => {
                let place = slot.place?;
                self.eval.parse_id(text, place.scope, place)
            }
            _ => None,
        }
    }
}
