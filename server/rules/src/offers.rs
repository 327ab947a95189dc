//! What several fixes offer: identities that are in sight, and how to call them.

use template::Expr;
use template::aks::{Cluster, IDENTITY};
use template::eval::{Evaluator, Place};
use template::value::{ResourceId, ResourceRef};

use crate::write::{New, NewResource, Piece, ResourceHead, Target, unused_name};
use crate::{Ctx, Rewrite};

/// What can look at the templates: the context of a rule, or an evaluator alone, as refactorings have it.
pub(crate) trait View<'w> {
    fn view(&self) -> &Evaluator<'w>;
}

impl<'w> View<'w> for Ctx<'w> {
    fn view(&self) -> &Evaluator<'w> {
        self.eval
    }
}

impl<'w> View<'w> for Evaluator<'w> {
    fn view(&self) -> &Evaluator<'w> {
        self
    }
}

/// The API version of identities that fixes declare.
pub(crate) const IDENTITY_API: &str = "2023-01-31";

/// Of what there are many, the first so many are offered: nobody chooses from more, and a fix for each of them would cost as
/// much as all the rest.
pub(crate) const MAX_OFFERS: usize = 32;

/// An identity that a fix can give to a cluster.
#[derive(Clone)]
pub(crate) enum Offer {
    /// Declared in the same template.
    Declared(ResourceRef),
    /// To be declared by the fix.
    New(Box<NewResource>),
}

impl Offer {
    /// Its ID, as the key of a map or the value of `resourceId`.
    pub(crate) fn id(&self) -> New {
        New::Id(self.target())
    }

    pub(crate) fn target(&self) -> Target {
        match self {
            Self::Declared(identity) => Target::Declared(*identity),
            Self::New(identity) => Target::Added(Box::new(identity.head.clone())),
        }
    }

    /// In words, for the title of a fix.
    pub(crate) fn label<'w>(&self, ctx: &impl View<'w>) -> String {
        match self {
            Self::Declared(identity) => label(ctx, *identity),
            Self::New(_) => "a new identity".to_owned(),
        }
    }

    /// Declares it, where it is not yet, and makes the cluster wait for it, where that has to be said.
    pub(crate) fn declare<'a>(&self, rewrite: Rewrite<'a>, cluster: ResourceRef) -> Rewrite<'a> {
        match self {
            Self::Declared(_) => rewrite.depend_unless_implied(cluster, self.target()),
            Self::New(identity) => rewrite
                .add_resource(cluster.scope, identity)
                .depend_unless_implied(cluster, Target::Added(Box::new(identity.head.clone()))),
        }
    }
}

/// The identities that can be given to the control plane of a cluster: those declared beside it that are not its kubelet's.
/// Where there is none, a new one.
pub(crate) fn control_planes<'w>(ctx: &impl View<'w>, cluster: &Cluster<'_, '_>) -> Vec<Offer> {
    let kubelets: Vec<_> = cluster.kubelet_ids().iter().filter_map(|case| case.value.declared).collect();
    let scope = cluster.resource.scope;
    let declared = ctx.view().resources_of(IDENTITY).into_iter();
    let mut offers: Vec<Offer> = declared
        .filter(|identity| identity.scope == scope && ctx.view().resource(*identity).repeat.is_none())
        .filter(|identity| !kubelets.contains(identity) && !is_kubelet_like(&label(ctx, *identity)))
        .map(Offer::Declared)
        .take(MAX_OFFERS)
        .collect();
    if offers.is_empty() {
        offers.push(Offer::New(Box::new(new_identity(ctx, cluster, "identity"))));
    }
    offers
}

/// An identity that is not declared yet, named after the cluster.
pub(crate) fn new_identity<'w>(ctx: &impl View<'w>, cluster: &Cluster<'_, '_>, suffix: &str) -> NewResource {
    let resource = cluster.declaration();
    let scope = cluster.resource.scope;
    let place = |expr| New::Copy(Place { scope, expr });
    let base = resource.symbol.as_ref().map_or("aks", |symbol| symbol.name.as_str());
    let mut capital = suffix.to_owned();
    capital[..1].make_ascii_uppercase();
    let name = match resource.name.map(|name| (name, ctx.view().template(scope).expr(name))) {
        Some((_, Expr::Str(name))) => New::str(format!("{name}-{suffix}")),
        Some((name, _)) => New::Text(vec![Piece::Hole(place(name)), Piece::Text(format!("-{suffix}"))]),
        None => New::str(format!("{base}-{suffix}")),
    };
    let location = ctx.view().slots(cluster.resource, &["location"]).into_iter().find_map(|case| {
        let property = case.value.property.filter(|property| property.object.scope == scope)?;
        Some(place(ctx.view().property(property)?.1.value))
    });
    let location = location
        .unwrap_or_else(|| New::Member(Box::new(New::Call("resourceGroup", Vec::new())), vec!["location".to_owned()]));
    NewResource {
        head: ResourceHead {
            symbol: unused_name(ctx.view(), scope, &format!("{base}{capital}")),
            resource_type: IDENTITY.to_owned(),
            api_version: IDENTITY_API.to_owned(),
            name: vec![name],
            scope: None,
        },
        members: vec![(New::str("location"), location)],
        depends_on: Vec::new(),
    }
}

/// What to call a declared resource in a message.
pub(crate) fn label<'w>(ctx: &impl View<'w>, resource: ResourceRef) -> String {
    ctx.view().label(resource)
}

/// What to call the resource of an ID.
pub(crate) fn label_of_id<'w>(ctx: &impl View<'w>, id: &ResourceId) -> String {
    ctx.view().label_of(id)
}

/// Whether a name says that an identity is meant for the nodes.
pub(crate) fn is_kubelet_like(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    ["kubelet", "kublet", "agentpool", "nodepool", "kmi"].iter().any(|word| name.contains(word))
}
