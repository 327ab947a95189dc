//! Who is who in a cluster: its control plane, its kubelet, and whatever else acts in its name.
//!
//! [`Cluster::parts`] lists them. Each part has one or more [`Actor`]s, one for each identity that it can have, with what that
//! identity is granted and what it is not granted though the cluster needs it.

use std::rc::Rc;

use crate::aks::{Case, Cluster, IDENTITY, IdentityBlock, Ids, Kind, REGISTRY, Slot};
use crate::condition::{Conditions, common, simplified};
use crate::eval::Evaluator;
use crate::grants::{Bearer, GrantScope, Need, Right, Truth, Wanted, rights};
use crate::value::{ResourceId, ResourceRef, Target, Value};
use crate::workspace::Location;

/// The type of a federated credential.
pub const FEDERATED: &str = "Microsoft.ManagedIdentity/userAssignedIdentities/federatedIdentityCredentials";

/// DNS Zone Contributor: to write records of a public zone.
static WRITE_ZONE: Right = Right {
    role: "befefa01-2a29-4197-83a8-272ff33ce314",
    wider: &["b24988ac-6180-42a0-ab88-20f7382dd24c", "8e3af657-a8ff-443c-a75c-2fe8c4bcb635"],
};

/// Something of a cluster that acts under an identity.
#[derive(Clone, Debug)]
pub struct Part {
    /// What it is.
    pub kind: PartKind,
    /// Who it is: one for each identity that it can have.
    pub actors: Vec<Actor>,
}

/// What a [`Part`] is.
#[derive(Clone, Debug)]
pub enum PartKind {
    /// The control plane.
    ControlPlane,
    /// The kubelet on all nodes.
    Kubelet,
    /// An add-on for which Azure makes an identity.
    Addon(&'static Addon),
    /// A pod identity.
    PodIdentity,
    /// Pods that sign in as an identity by a federated credential: the service account.
    Workload {
        /// `system:serviceaccount:<namespace>:<name>`, as far as it is known.
        subject: String,
    },
}

impl PartKind {
    /// A word for machines.
    pub fn code(&self) -> &'static str {
        match self {
            Self::ControlPlane => "control-plane",
            Self::Kubelet => "kubelet",
            Self::Addon(_) => "add-on",
            Self::PodIdentity => "pod-identity",
            Self::Workload { .. } => "workload",
        }
    }

    /// Words for people.
    pub fn label(&self) -> String {
        match self {
            Self::ControlPlane => "control plane".to_owned(),
            Self::Kubelet => "kubelet".to_owned(),
            Self::Addon(addon) => addon.label.to_owned(),
            Self::PodIdentity => "pod identity".to_owned(),
            Self::Workload { subject } => format!("workload {subject}"),
        }
    }

    /// The property with which one's own identity is brought; `None` when Azure makes it and it cannot be replaced.
    pub fn own(&self) -> Option<&'static str> {
        match self {
            Self::ControlPlane => Some("identity.userAssignedIdentities"),
            Self::Kubelet => Some("properties.identityProfile.kubeletidentity.resourceId"),
            Self::Addon(_) => None,
            Self::PodIdentity => Some("properties.podIdentityProfile.userAssignedIdentities[].identity.resourceId"),
            Self::Workload { .. } => Some("the parent of the federated credential"),
        }
    }

    /// What Azure grants without being asked; `None` when it is nothing, or nothing is known of it.
    pub fn given(&self) -> Option<&'static str> {
        match self {
            Self::ControlPlane => Some("Contributor on the node resource group"),
            Self::Addon(addon) => addon.given,
            _ => None,
        }
    }
}

/// An add-on for which Azure makes an identity.
#[derive(Debug, PartialEq, Eq)]
pub struct Addon {
    /// Where it is in the cluster.
    pub path: &'static [&'static str],
    /// Words for people.
    pub label: &'static str,
    /// The beginning of the identity's name; the name of the cluster follows. Empty when the name is not of that form.
    pub prefix: &'static str,
    /// What Azure grants it.
    pub given: Option<&'static str>,
}

impl Addon {
    /// Where the cluster reports the identity, in lower case, as in [`Bearer::Generated`].
    fn reported(&self) -> Rc<str> {
        format!("{}.identity", self.path.join(".")).to_ascii_lowercase().into()
    }
}

const NODE_GROUP: Option<&str> = Some("Contributor on the node resource group");

/// Add-ons that bring an identity.
pub static ADDONS: &[Addon] = &[
    Addon {
        path: &["properties", "addonProfiles", "omsagent"],
        label: "Container Insights",
        prefix: "omsagent-",
        given: None,
    },
    Addon {
        path: &["properties", "addonProfiles", "azurepolicy"],
        label: "Azure Policy",
        prefix: "azurepolicy-",
        given: None,
    },
    Addon {
        path: &["properties", "addonProfiles", "azureKeyvaultSecretsProvider"],
        label: "Key Vault secrets provider",
        prefix: "azurekeyvaultsecretsprovider-",
        given: None,
    },
    Addon {
        path: &["properties", "addonProfiles", "ingressApplicationGateway"],
        label: "Application Gateway ingress",
        prefix: "ingressapplicationgateway-",
        given: NODE_GROUP,
    },
    Addon {
        path: &["properties", "addonProfiles", "aciConnectorLinux"],
        label: "virtual nodes",
        prefix: "aciconnectorlinux-",
        given: NODE_GROUP,
    },
    Addon {
        path: &["properties", "addonProfiles", "httpApplicationRouting"],
        label: "HTTP application routing",
        prefix: "httpapplicationrouting-",
        given: Some("Reader on the node resource group, DNS Zone Contributor on its zone"),
    },
    Addon {
        path: &["properties", "ingressProfile", "webAppRouting"],
        label: "application routing",
        prefix: "webapprouting-",
        given: None,
    },
    Addon {
        path: &["properties", "metricsProfile", "costAnalysis"],
        label: "cost analysis",
        prefix: "",
        given: Some("read access on the node resource group"),
    },
];

/// An identity that a part can have.
#[derive(Clone, Debug)]
pub struct Actor {
    /// Who.
    pub who: Who,
    /// When, in words; empty when always.
    pub when: String,
    /// Where the cluster names it, or says that Azure is to make it.
    pub named_at: Option<Location>,
    /// Where it is declared, if it is a resource in sight.
    pub declared_at: Option<Location>,
    /// What it is granted in this deployment.
    pub grants: Vec<Granted>,
    /// What the cluster needs of it and is not certain to be granted.
    pub missing: Vec<Missing>,
}

/// Who a part can be.
#[derive(Clone, Debug)]
pub enum Who {
    /// A user-assigned identity.
    Identity(Rc<ResourceId>),
    /// A user-assigned identity of which only the expression for its ID is known.
    Given(String),
    /// The system-assigned identity of the cluster.
    System,
    /// An identity that Azure makes, under that name if it is known.
    Generated(Option<String>),
    /// A service principal, by what is known of its client ID.
    ServicePrincipal(String),
    /// A user-assigned identity is wanted, and none is named.
    Unnamed,
    /// Nobody: no identity and no service principal.
    Nobody,
    /// Not known.
    Unknown,
}

impl Who {
    /// A word for machines.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Identity(_) | Self::Given(_) => "user-assigned",
            Self::System => "system-assigned",
            Self::Generated(_) => "generated",
            Self::ServicePrincipal(_) => "service-principal",
            Self::Unnamed => "unnamed",
            Self::Nobody => "none",
            Self::Unknown => "unknown",
        }
    }

    fn same(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Identity(left), Self::Identity(right)) => left.canon == right.canon,
            (Self::ServicePrincipal(left), Self::ServicePrincipal(right)) | (Self::Given(left), Self::Given(right)) => {
                left == right
            }
            (Self::Identity(_), Self::Given(_)) | (Self::Given(_), Self::Identity(_)) => false,
            (left, right) => left.code() == right.code(),
        }
    }
}

/// A role that an actor has.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Granted {
    /// The role, by name or GUID.
    pub role: String,
    /// On what, in words.
    pub scope: String,
    /// Where that is declared, if it is a resource in sight.
    pub scope_at: Option<Location>,
    /// The role assignment.
    pub at: Location,
    /// When, in words; empty when always.
    pub when: String,
}

/// A right that an actor needs and may lack.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Missing {
    /// The role that gives it.
    pub role: &'static str,
    /// On what, by name.
    pub scope: String,
    /// Where that is declared, if it is a resource in sight.
    pub scope_at: Option<Location>,
    /// What for, in words: "the kubelet's identity".
    pub what: &'static str,
    /// Where the cluster asks for it.
    pub at: Option<Location>,
    /// Whether it is known that nothing in this deployment grants it.
    pub certain: bool,
}

/// A federated credential: pods of a cluster sign in as an identity.
#[derive(Clone, Debug)]
pub struct Federated {
    /// Its declaration.
    pub credential: ResourceRef,
    /// The identity.
    pub identity: Rc<ResourceId>,
    /// `subject`, as far as it is known: `system:serviceaccount:<namespace>:<name>`.
    pub subject: Option<String>,
    /// When the cluster is its issuer: alternatives.
    pub whens: Vec<Conditions>,
}

impl Cluster<'_, '_> {
    /// All that acts in the name of this cluster. Add-ons that are off are left out.
    pub fn parts(&self) -> Vec<Part> {
        let mut parts = vec![self.control_plane_part(), self.kubelet_part()];
        parts.extend(ADDONS.iter().filter_map(|addon| self.addon_part(addon)));
        parts.extend(self.pod_identity_part());
        parts.extend(self.workload_parts());
        parts
    }

    fn control_plane_part(&self) -> Part {
        let mut found = Vec::new();
        for Case { when, value: identity } in self.identities() {
            let at = self.eval.written_at(&identity.slot).or_else(|| Some(self.header()));
            match &identity.block {
                IdentityBlock::Absent | IdentityBlock::Object { kind: Kind::None, .. } => {
                    found.extend(self.principals(when, at));
                }
                IdentityBlock::Object { kind: Kind::SystemAssigned, .. } => found.push((when.clone(), Who::System, at)),
                IdentityBlock::Object { kind: Kind::UserAssigned, ids: Ids::Absent | Ids::Null, .. } => {
                    found.push((when.clone(), Who::Unnamed, at));
                }
                IdentityBlock::Object { kind: Kind::UserAssigned, ids: Ids::Map { entries, open }, .. } => {
                    let id = |entry: &crate::aks::IdEntry| {
                        let place = entry.property.map(|property| property.object).or(identity.slot.place);
                        let id = place.and_then(|place| self.eval.parse_id(&entry.key, place.scope, place));
                        let at = entry.property.and_then(|property| self.eval.key_location(property));
                        (when.clone(), id.map_or_else(|| self.given(&entry.key), Who::Identity), at)
                    };
                    let ids: Vec<_> = entries.iter().map(id).collect();
                    if ids.is_empty() {
                        let who = if entries.is_empty() && !open { Who::Unnamed } else { Who::Unknown };
                        found.push((when.clone(), who, at));
                    }
                    found.extend(ids);
                }
                _ => found.push((when.clone(), Who::Unknown, at)),
            }
        }
        self.whole(PartKind::ControlPlane, found, &self.needs())
    }

    /// An identity by what is written for its ID.
    fn given(&self, id: &crate::value::Str) -> Who {
        let sketch = self.eval.sketch(id);
        if sketch.is_empty() { Who::Unknown } else { Who::Given(sketch) }
    }

    /// Who the cluster is without an identity.
    fn principals(&self, when: &Conditions, at: Option<Location>) -> Vec<Found> {
        let mut found = Vec::new();
        for Case { when: own, value: slot } in self.slots(&["properties", "servicePrincipalProfile", "clientId"]) {
            let Some(when) = self.eval.and(when, &own) else { continue };
            let who = match &slot.value {
                Value::Null => Who::Nobody,
                Value::Str(text) if text.literal().is_some_and(|text| text.eq_ignore_ascii_case("msi")) => Who::Nobody,
                Value::Str(text) => Who::ServicePrincipal(self.eval.sketch(text)),
                _ => Who::ServicePrincipal(String::new()),
            };
            found.push((when, who, self.eval.written_at(&slot).or(at)));
        }
        found
    }

    fn kubelet_part(&self) -> Part {
        let mut found = Vec::new();
        for Case { when, value: slot } in
            self.slots(&["properties", "identityProfile", "kubeletidentity", "resourceId"])
        {
            let at = self.eval.written_at(&slot);
            match (&slot.value, slot.place) {
                (Value::Null, _) => found.extend(self.default_kubelets(&when)),
                (Value::Str(text), Some(place)) => match self.eval.parse_id(text, place.scope, place) {
                    Some(id) => found.push((when, Who::Identity(id), at)),
                    None => found.push((when, self.given(text), at)),
                },
                _ => found.push((when, Who::Unknown, at)),
            }
        }
        self.whole(PartKind::Kubelet, found, &self.kubelet_needs())
    }

    /// Who the kubelet is when the cluster does not say: the service principal, or an identity that Azure makes.
    fn default_kubelets(&self, when: &Conditions) -> Vec<Found> {
        let mut found = Vec::new();
        for identity in self.identities() {
            let Some(when) = self.eval.and(when, &identity.when) else { continue };
            match &identity.value.block {
                IdentityBlock::Absent | IdentityBlock::Object { kind: Kind::None, .. } => {
                    found.extend(self.principals(&when, Some(self.header())));
                }
                _ => found.push((when, Who::Generated(self.generated_name("", "-agentpool")), Some(self.header()))),
            }
        }
        found
    }

    /// Registries from which the kubelet must pull: the one that nodes start from, and those made beside the cluster.
    fn kubelet_needs(&self) -> Vec<Case<Need>> {
        let mut needs = Vec::new();
        let cache = self.slots(&["properties", "bootstrapProfile", "containerRegistryId"]);
        self.need(&mut needs, cache, &[&rights::PULL_IMAGES], "the registry that nodes start from");
        let header = Slot { value: Value::Null, place: None, property: None, holder: None, depth: 0 };
        for registry in self.eval.resources_of(REGISTRY) {
            let anonymous = self.eval.slots(registry, &["properties", "anonymousPullEnabled"]);
            let is_closed = anonymous.iter().all(|case| matches!(case.value.value, Value::Null | Value::Bool(false)));
            let declared = self.eval.resource(registry);
            if declared.existing || declared.repeat.is_some() || !is_closed {
                continue;
            }
            for when in self.eval.deployed_when(registry) {
                let on = self.eval.id_of(registry);
                let need = Need { right: &rights::PULL_IMAGES, what: "a registry beside it", on, slot: header.clone() };
                needs.push(Case { when, value: need });
            }
        }
        needs
    }

    fn addon_part(&self, addon: &'static Addon) -> Option<Part> {
        let mut path: Vec<&str> = addon.path.to_vec();
        path.push("enabled");
        let mut found = Vec::new();
        let slots = self.slots(&path);
        let all: Vec<Conditions> = slots.iter().map(|case| case.when.clone()).collect();
        for Case { when, value: slot } in slots {
            let is_on = match slot.value {
                Value::Bool(true) => true,
                Value::Null | Value::Bool(false) => false,
                // Somebody thought of it at least.
                _ => slot.depth == path.len(),
            };
            if is_on {
                let name = if addon.prefix.is_empty() { None } else { self.generated_name(addon.prefix, "") };
                found.push((when, Who::Generated(name), self.eval.written_at(&slot)));
            }
        }
        let mut needs = Vec::new();
        if addon.label == "application routing" {
            for zones in self.slots(&["properties", "ingressProfile", "webAppRouting", "dnsZoneResourceIds"]) {
                let public = |zone: &Case<Slot>| {
                    self.resource_of(&zone.value)
                        .is_some_and(|id| id.is_type("Microsoft.Network/dnsZones") == Some(true))
                };
                let zones = self.eval.items(&zones).into_iter().filter(public).collect();
                self.need(&mut needs, zones, &[&WRITE_ZONE], "the DNS zone");
            }
        }
        if addon.label == "Application Gateway ingress" {
            let subnet =
                self.slots(&["properties", "addonProfiles", "ingressApplicationGateway", "config", "subnetId"]);
            self.need(&mut needs, subnet, &[&rights::USE_NETWORK], "the gateway's subnet");
        }
        (!found.is_empty()).then(|| self.part(PartKind::Addon(addon), found, &needs, &all))
    }

    fn pod_identity_part(&self) -> Option<Part> {
        let mut found = Vec::new();
        for list in self.slots(&["properties", "podIdentityProfile", "userAssignedIdentities"]) {
            for item in self.eval.items(&list) {
                for Case { when, value } in self.eval.slots_in(&item.value, &item.when, &["identity", "resourceId"]) {
                    let (Value::Str(text), Some(place)) = (&value.value, value.place) else { continue };
                    if let Some(id) = self.eval.parse_id(text, place.scope, place) {
                        found.push((when, Who::Identity(id), self.eval.written_at(&value)));
                    }
                }
            }
        }
        (!found.is_empty()).then(|| self.whole(PartKind::PodIdentity, found, &[]))
    }

    /// Federated credentials whose issuer is this cluster.
    pub fn federated(&self) -> Vec<Federated> {
        let trusts = |case: &Case<Slot>| {
            case.value.value.read().is_some_and(|read| {
                matches!(&read.target, Target::Declared(target) if *target == self.resource)
                    && read.is_path(&["properties", "oidcIssuerProfile", "issuerURL"])
            })
        };
        let one = |credential: ResourceRef| {
            let issuers = self.eval.slots(credential, &["properties", "issuer"]);
            let whens: Vec<_> = issuers.iter().filter(|case| trusts(case)).map(|case| case.when.clone()).collect();
            if self.eval.resource(credential).existing || whens.is_empty() {
                return None;
            }
            let subject = self.eval.slots(credential, &["properties", "subject"]).into_iter().find_map(|case| {
                match &case.value.value {
                    Value::Str(text) => Some(self.eval.sketch(text)),
                    _ => None,
                }
            });
            let identity = self.eval.parents(&self.eval.id_of(credential)).pop()?;
            Some(Federated { credential, identity, subject, whens })
        };
        self.eval.resources_of(FEDERATED).into_iter().filter_map(one).collect()
    }

    fn workload_parts(&self) -> Vec<Part> {
        let part = |federated: Federated| {
            let Federated { credential, identity, subject, whens } = federated;
            let who = if identity.is_type(IDENTITY) == Some(true) { Who::Identity(identity) } else { Who::Unknown };
            let subject = subject.unwrap_or_else(|| "of any service account".to_owned());
            let subject = subject.strip_prefix("system:serviceaccount:").unwrap_or(&subject).to_owned();
            let at = Some(self.eval.header(credential));
            let found: Vec<Found> = whens.into_iter().map(|when| (when, who.clone(), at)).collect();
            self.whole(PartKind::Workload { subject }, found, &[])
        };
        self.federated().into_iter().map(part).collect()
    }

    /// A part that is always somebody.
    fn whole(&self, kind: PartKind, found: Vec<Found>, needs: &[Case<Need>]) -> Part {
        let all: Vec<Conditions> = found.iter().map(|(when, ..)| when.clone()).collect();
        self.part(kind, found, needs, &all)
    }

    /// A part of these actors, out of all cases there are; the same actor in several cases is one.
    fn part(&self, kind: PartKind, found: Vec<Found>, needs: &[Case<Need>], all: &[Conditions]) -> Part {
        let mut groups: Vec<(Who, Option<Location>, Vec<Conditions>)> = Vec::new();
        for (when, who, at) in found {
            match groups.iter_mut().find(|(known, ..)| known.same(&who)) {
                Some((_, _, whens)) => whens.push(when),
                None => groups.push((who, at, vec![when])),
            }
        }
        let actor = |(who, named_at, whens): (Who, Option<Location>, Vec<Conditions>)| {
            let bearer = self.bearer(&kind, &who);
            let declared_at = match &who {
                Who::Identity(id) => self.eval.declared_at(id),
                _ => None,
            };
            let grants = bearer.as_ref().map_or_else(Vec::new, |bearer| self.eval.granted_to(bearer, &whens));
            let missing = bearer.as_ref().map_or_else(Vec::new, |bearer| self.missing(bearer, &whens, needs));
            let when = self.eval.words_of_cases(&whens, all);
            Actor { who, when, named_at, declared_at, grants, missing }
        };
        Part { actors: groups.into_iter().map(actor).collect(), kind }
    }

    fn bearer(&self, kind: &PartKind, who: &Who) -> Option<Bearer> {
        let of = || self.eval.id_of(self.resource);
        match (who, kind) {
            (Who::Identity(id), _) => Some(Bearer::Identity(id.clone())),
            (Who::System, _) => Some(Bearer::System(of())),
            (Who::Generated(_), PartKind::Addon(addon)) => Some(Bearer::Generated { of: of(), path: addon.reported() }),
            (Who::Generated(_), _) => {
                Some(Bearer::Generated { of: of(), path: "properties.identityprofile.kubeletidentity".into() })
            }
            (Who::ServicePrincipal(_) | Who::Given(_) | Who::Unnamed | Who::Nobody | Who::Unknown, _) => None,
        }
    }

    fn missing(&self, bearer: &Bearer, whens: &[Conditions], needs: &[Case<Need>]) -> Vec<Missing> {
        let mut missing: Vec<Missing> = Vec::new();
        for Case { when, value: need } in needs {
            let wanted = Wanted { right: need.right, bearer, on: Some(&need.on) };
            let cases = whens.iter().filter_map(|own| self.eval.and(own, when));
            let answers: Vec<Truth> =
                cases.flat_map(|when| self.eval.granted(&wanted, &when)).map(|answer| answer.value).collect();
            let Some(worst) = answers.iter().min().filter(|worst| **worst != Truth::Yes) else { continue };
            let one = Missing {
                role: need.right.role_name(),
                scope: self.eval.label_of(&need.on),
                scope_at: self.eval.declared_at(&need.on),
                what: need.what,
                at: self.eval.written_at(&need.slot).or_else(|| self.eval.declared_at(&need.on)),
                certain: *worst == Truth::No,
            };
            match missing.iter_mut().find(|known| (known.role, &known.scope) == (one.role, &one.scope)) {
                Some(known) => known.certain |= one.certain,
                None => missing.push(one),
            }
        }
        missing
    }

    /// The name that Azure gives to what it makes for this cluster.
    fn generated_name(&self, prefix: &str, suffix: &str) -> Option<String> {
        let id = self.eval.id_of(self.resource);
        let name = self.eval.sketch(id.names.last()?);
        Some(format!("{prefix}{name}{suffix}"))
    }
}

type Found = (Conditions, Who, Option<Location>);

impl Evaluator<'_> {
    /// The roles that somebody has in this deployment when one of these conditions holds.
    pub fn granted_to(&self, bearer: &Bearer, whens: &[Conditions]) -> Vec<Granted> {
        let mut found: Vec<(Granted, Vec<Conditions>)> = Vec::new();
        for grant in &self.grants().all {
            let own = grant.bearer.as_ref().is_some_and(|own| self.same_bearer(own, bearer) == Truth::Yes);
            let possible: Vec<Conditions> = whens.iter().filter_map(|when| self.and(when, &grant.when)).collect();
            if !own || possible.is_empty() {
                continue;
            }
            let role = match &grant.role {
                Some(guid) => {
                    schema::roles::by_guid(guid).map_or_else(|| guid.to_string(), |role| role.name.to_owned())
                }
                None => "a role".to_owned(),
            };
            let granted = Granted {
                role,
                scope: self.scope_words(&grant.scope),
                scope_at: match &grant.scope {
                    GrantScope::Resource(id) => self.declared_at(id),
                    _ => None,
                },
                at: self.header(grant.assignment),
                when: String::new(),
            };
            match found.iter_mut().find(|(known, _)| *known == granted) {
                Some((_, whens)) => whens.extend(possible),
                None => found.push((granted, possible)),
            }
        }
        let with_words = |(granted, own): (Granted, Vec<Conditions>)| {
            let own: Vec<Conditions> = own.into_iter().map(|own| own.without(&common(whens.iter()))).collect();
            Granted { when: self.words_of_cases(&own, &[]), ..granted }
        };
        found.into_iter().map(with_words).collect()
    }

    /// What to call an actor.
    pub fn label_of_actor(&self, who: &Who) -> String {
        match who {
            Who::Identity(id) => self.label_of(id),
            Who::Given(id) => id.clone(),
            Who::System => "system-assigned".to_owned(),
            Who::Generated(Some(name)) => name.clone(),
            Who::Generated(None) => "made by Azure".to_owned(),
            Who::ServicePrincipal(client) if client.is_empty() => "service principal".to_owned(),
            Who::ServicePrincipal(client) => format!("service principal {client}"),
            Who::Unnamed => "user-assigned, but none is named".to_owned(),
            Who::Nobody => "nobody".to_owned(),
            Who::Unknown => "not known".to_owned(),
        }
    }

    fn declared_at(&self, id: &ResourceId) -> Option<Location> {
        id.declared.map(|declared| self.header(declared))
    }

    fn scope_words(&self, scope: &GrantScope) -> String {
        match scope {
            GrantScope::Resource(id) => self.label_of(id),
            GrantScope::Group(None) => "the resource group".to_owned(),
            GrantScope::Group(Some(_)) => "another resource group".to_owned(),
            GrantScope::Wider => "the subscription or wider".to_owned(),
            GrantScope::Unknown => "an unknown scope".to_owned(),
        }
    }

    fn words_of_cases(&self, whens: &[Conditions], all: &[Conditions]) -> String {
        if whens.len() == all.len() {
            return String::new();
        }
        let assumed = if all.is_empty() { Conditions::TRUE } else { common(all.iter()) };
        let whens = simplified(whens.iter().map(|when| when.without(&assumed)).collect());
        if whens.iter().any(Conditions::is_true) {
            return String::new();
        }
        let words: Vec<String> = whens.iter().take(2).map(|when| self.describe(when)).collect();
        words.join(", or ")
    }
}
