//! Giving a resource another name, everywhere where its name is written.

use std::rc::Rc;

use rustc_hash::{FxHashMap, FxHashSet};
use template::eval::{Evaluator, Place, ScopeId};
use template::expr::{Item, Segment};
use template::value::{ResourceId, ResourceRef};
use template::{Expr, ExprId, Template};

use crate::{New, Rewrite};

/// Where the templates of a deployment write which names.
pub(crate) struct Names {
    /// The texts that are, or have between slashes, a name; by that name in lower case.
    texts: FxHashMap<Box<str>, Vec<Place>>,
    /// The calls that make IDs, by their last argument.
    makers: FxHashMap<Place, Place>,
    /// The resources that an ID means whose name is not written out in it.
    elsewhere: FxHashSet<(ScopeId, u32)>,
    /// What a resource is called, with the index of that resource.
    own: FxHashMap<Place, u32>,
    /// The items of `dependsOn`.
    awaited: FxHashSet<Place>,
}

impl Names {
    /// Of all templates of a deployment.
    pub(crate) fn of(eval: &Evaluator<'_>) -> Self {
        let mut names = Self {
            texts: FxHashMap::default(),
            makers: FxHashMap::default(),
            elsewhere: FxHashSet::default(),
            own: FxHashMap::default(),
            awaited: FxHashSet::default(),
        };
        for scope in eval.all_scopes() {
            names.read(eval, scope, eval.template(scope));
        }
        names
    }

    fn read(&mut self, eval: &Evaluator<'_>, scope: ScopeId, template: &Template) {
        for (expr, kind) in template.exprs.iter() {
            let place = Place { scope, expr };
            match kind {
                Expr::Str(text) => self.note(text, place),
                Expr::Interpolation(segments) => {
                    for segment in segments {
                        if let Segment::Text(text) = segment {
                            self.note(text, place);
                        }
                    }
                }
                Expr::Call(call) if call.makes_id() => {
                    let Some(&name) = call.arguments.last() else { continue };
                    if let Expr::Str(_) = template.expr(name) {
                        self.makers.insert(Place { scope, expr: name }, place);
                    } else if let Some(meant) = id_at(eval, place).and_then(|id| id.declared) {
                        self.elsewhere.insert((meant.scope, meant.index));
                    }
                }
                _ => {}
            }
        }
        for (index, resource) in (0..).zip(&template.resources) {
            let place = |expr: ExprId| Place { scope, expr };
            self.own.extend(resource.name.map(|name| (place(name), index)));
            if let Some(Expr::Array(items)) = resource.depends_on.map(|list| template.expr(list)) {
                self.awaited.extend(items.iter().filter_map(|item| match item {
                    Item::Value(item) => Some(place(*item)),
                    Item::Spread(_) => None,
                }));
            }
        }
    }

    fn note(&mut self, text: &str, place: Place) {
        for name in text.split('/').filter(|name| !name.is_empty()) {
            let places = self.texts.entry(name.to_lowercase().into()).or_default();
            if places.last() != Some(&place) {
                places.push(place);
            }
        }
    }

    /// Gives a resource that is called by a literal text another name: where it is declared, in the IDs that mean it, in
    /// references to it as an existing one, in `dependsOn`, and in the names of its children. `None` when its name stands
    /// somewhere else as well and nobody can tell whether that means it.
    pub(crate) fn rename<'a>(&self, eval: &'a Evaluator<'a>, resource: ResourceRef, new: &str) -> Option<Rewrite<'a>> {
        let scope = resource.scope;
        let template = eval.template(scope);
        let declared = eval.resource(resource);
        let resource_type = declared.resource_type.as_deref()?;
        let name = Place { scope, expr: declared.name? };
        let Expr::Str(old) = template.expr(name.expr) else { return None };
        let places = self.texts.get(old.to_lowercase().as_str())?;
        // The same template deployed a second time is the same text.
        let is_same_text = |place: &Place| place.scope != scope && std::ptr::eq(eval.template(place.scope), template);
        let places: Vec<Place> = places.iter().filter(|place| !is_same_text(place)).copied().collect();

        // First all that declare it: an ID may mean any of them.
        let mut same = vec![resource.index];
        for (_, &index) in places.iter().filter_map(|place| self.own.get_key_value(place)) {
            let other = &template.resources[index as usize];
            let is_it = other.existing && other.scope.is_none() && other.is_type(resource_type);
            if is_it && other.name.is_some_and(|name| places.contains(&Place { scope, expr: name })) {
                same.push(index);
            }
        }
        if same.iter().any(|index| self.elsewhere.contains(&(scope, *index))) {
            return None;
        }
        let mut rewrite = Rewrite::new(eval);
        for place in places {
            if place.scope != scope {
                return None;
            }
            let Expr::Str(text) = template.expr(place.expr) else { return None };
            let is_whole = text.eq_ignore_ascii_case(old);
            if let Some(&index) = self.own.get(&place) {
                let other = &template.resources[index as usize];
                if same.contains(&index) {
                    rewrite = rewrite.replace(place, New::str(new));
                } else if other.is_type(resource_type) {
                    return None;
                } else if is_below(other.resource_type.as_deref()?, resource_type) && other.parent.is_none() {
                    let rest = text.get(old.len()..).filter(|rest| rest.starts_with('/'))?;
                    rewrite = rewrite.replace(place, New::str(format!("{new}{rest}")));
                }
            } else if let Some(&call) = self.makers.get(&place).filter(|_| is_whole) {
                let id = id_at(eval, call)?;
                match id.declared {
                    Some(meant) if meant.scope == scope && same.contains(&meant.index) => {
                        rewrite = rewrite.replace(place, New::str(new));
                    }
                    _ => {
                        let other = id.resource_type.as_deref()?;
                        if other.eq_ignore_ascii_case(resource_type) || is_below(other, resource_type) {
                            return None;
                        }
                    }
                }
            } else if self.awaited.contains(&place) && is_whole && declared.symbol.is_none() {
                let is_called_so =
                    |name: &ExprId| matches!(template.expr(*name), Expr::Str(name) if name.eq_ignore_ascii_case(old));
                let called = template.resources.iter().filter_map(|other| other.name).filter(is_called_so).count();
                if called != same.len() {
                    return None;
                }
                rewrite = rewrite.replace(place, New::str(new));
            } else {
                return None;
            }
        }
        Some(rewrite)
    }
}

/// Whether resources of one type are children of those of another.
fn is_below(child: &str, parent: &str) -> bool {
    let head = child.get(..parent.len()).is_some_and(|head| head.eq_ignore_ascii_case(parent));
    head && child[parent.len()..].starts_with('/')
}

/// The ID that a call makes.
fn id_at(eval: &Evaluator<'_>, call: Place) -> Option<Rc<ResourceId>> {
    eval.value(call).iter().find_map(|case| case.value.made_id().cloned())
}
