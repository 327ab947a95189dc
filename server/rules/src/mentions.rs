//! What a template names: identities by their names, and parameters.

use std::rc::Rc;

use rustc_hash::{FxHashMap, FxHashSet};
use smallvec::SmallVec;
use template::aks::IDENTITY;
use template::canon::CanonId;
use template::eval::ScopeId;
use template::expr::Ref;
use template::model::Declaration;
use template::value::{ResourceId, ResourceRef, Target};
use template::workspace::Location;
use template::{Evaluator, Expr, ExprId, Name, Template};

use crate::Ctx;

/// The identities that one template names: existing ones, and those that are read without being declared. Looked up by
/// name, since there may be as many as there are clusters.
pub(crate) struct Mentions {
    all: Vec<Mention>,
    by_name: FxHashMap<SmallVec<[CanonId; 2]>, Vec<u32>>,
}

/// A place that names an identity.
pub(crate) struct Mention {
    /// The identity.
    pub(crate) id: Rc<ResourceId>,
    /// Where it is named.
    pub(crate) at: Location,
    /// How, for a related place.
    pub(crate) what: &'static str,
}

impl Mentions {
    /// Those of the template of a scope, in order: declarations, then reads.
    pub(crate) fn of_scope(ctx: &Ctx<'_>, scope: ScopeId) -> Self {
        let existing = (0..).zip(&ctx.eval.template(scope).resources).filter_map(|(index, resource)| {
            let reference = ResourceRef { scope, index, element: None };
            let is_one = resource.existing && resource.is_type(IDENTITY) && resource.repeat.is_none();
            let mention = || Mention {
                id: ctx.eval.id_of(reference),
                at: ctx.eval.header(reference),
                what: "it is declared here",
            };
            is_one.then(mention)
        });
        let reads = ctx.reads().iter().filter(|read| {
            read.place.scope == scope
                && read.id.is_type(IDENTITY) == Some(true)
                && !matches!(read.read.target, Target::Declared(_))
        });
        let reads = reads.map(|read| Mention {
            id: read.id.clone(),
            at: ctx.eval.location(read.place),
            what: "it is read here",
        });
        let all: Vec<Mention> = existing.chain(reads).collect();
        let mut by_name: FxHashMap<SmallVec<[CanonId; 2]>, Vec<u32>> = FxHashMap::default();
        for (number, mention) in (0..).zip(&all) {
            by_name.entry(ctx.eval.canon_of_names(&mention.id)).or_default().push(number);
        }
        Self { all, by_name }
    }

    /// The numbers of those with that name.
    pub(crate) fn of(&self, name: &SmallVec<[CanonId; 2]>) -> impl Iterator<Item = u32> {
        self.by_name.get(name).into_iter().flatten().copied()
    }

    /// The one of that number.
    pub(crate) fn get(&self, number: u32) -> &Mention {
        &self.all[number as usize]
    }
}

/// The identities that a template declares, by what they are called; of several the first.
pub(crate) struct Identities {
    by_symbol: FxHashMap<Name, ResourceRef>,
    by_name: FxHashMap<Name, ResourceRef>,
}

impl Identities {
    /// Those of the template of a scope.
    pub(crate) fn of_scope(eval: &Evaluator<'_>, scope: ScopeId) -> Self {
        let mut all = Self { by_symbol: FxHashMap::default(), by_name: FxHashMap::default() };
        let template = eval.template(scope);
        for (index, resource) in (0..).zip(&template.resources).filter(|(_, resource)| resource.is_type(IDENTITY)) {
            let reference = ResourceRef { scope, index, element: None };
            if let Some(symbol) = &resource.symbol {
                all.by_symbol.entry(symbol.name.clone()).or_insert(reference);
            }
            if let Some(Expr::Str(name)) = resource.name.map(|name| template.expr(name)) {
                all.by_name.entry(Name::from(&**name)).or_insert(reference);
            }
        }
        all
    }

    /// The one with that symbolic name.
    pub(crate) fn by_symbol(&self, name: &str) -> Option<ResourceRef> {
        self.by_symbol.get(&Name::from(name)).copied()
    }

    /// The one that is called by that text.
    pub(crate) fn by_name(&self, name: &str) -> Option<ResourceRef> {
        self.by_name.get(&Name::from(name)).copied()
    }
}

/// The symbols of a template of which something is read that takes a request.
pub(crate) fn read_symbols(template: &Template) -> FxHashSet<Name> {
    let symbol = |expr| match template.expr(expr) {
        Expr::Ref(Ref::Resource(name)) => Some(name.clone()),
        _ => None,
    };
    let named = |expr| match template.expr(expr) {
        Expr::Str(text) => Some(Name::from(&**text)),
        _ => symbol(expr),
    };
    let mut read = FxHashSet::default();
    for (_, expr) in template.exprs.iter() {
        match expr {
            Expr::Member { base, name, .. } => {
                let is_free = ["id", "name", "type", "apiVersion"].iter().any(|free| *name == **free);
                read.extend(symbol(*base).filter(|_| !is_free));
            }
            Expr::Call(call) => {
                let function = call.function.as_str().to_ascii_lowercase();
                read.extend(call.receiver.and_then(symbol));
                let is_read = function == "reference" || function.starts_with("list");
                read.extend(call.arguments.first().filter(|_| is_read).and_then(|first| named(*first)));
            }
            _ => {}
        }
    }
    read
}

/// The parameters that an expression is made of, itself and by way of variables, and where each is named.
pub(crate) fn parameters_in(template: &Template, expr: ExprId) -> Vec<(ExprId, &Name)> {
    let mut waiting = vec![expr];
    let mut followed = FxHashSet::default();
    let mut found = Vec::new();
    while let Some(expr) = waiting.pop() {
        let written = template.expr(expr);
        match written {
            Expr::Ref(Ref::Parameter(name)) => found.push((expr, name)),
            Expr::Ref(Ref::Variable(name)) => {
                if let Some(&Declaration::Variable(index)) = template.names.get(name)
                    && followed.insert(index)
                {
                    waiting.push(template.variables[index as usize].value);
                }
            }
            _ => {}
        }
        written.children(&mut waiting);
    }
    found
}
