//! Who uses a resource: which declarations name it.

use rustc_hash::FxHashSet;

use crate::aks::is_role_assignment;
use crate::canon::CanonId;
use crate::eval::{Evaluator, Place, ScopeId};
use crate::expr::{Expr, ExprId, Ref};
use crate::model::Declaration;
use crate::reads::Holder;
use crate::value::{ModuleRef, Piece, Read, ResourceId, ResourceRef, Str, Target, Value};

impl Evaluator<'_> {
    /// The resources, modules and outputs that name a declared resource in whatever way: by its symbol, its ID, its name, by
    /// what is read of it, by the output of a module that gives one of these.
    ///
    /// Role assignments do not count, `dependsOn` neither, nor what the resource says of itself. Another declaration of the
    /// same resource does.
    pub fn users_of(&self, resource: ResourceRef) -> Vec<Holder> {
        let id = self.id_of(resource);
        let name = id.names.last().map(|name| self.canon_of_text(name));
        let mut found = Vec::new();
        for scope in self.all_scopes() {
            let template = self.template(scope);
            let names = Names { eval: self, resource, id: &id, name, scope };
            for (index, declared) in (0..).zip(&template.resources) {
                let other = ResourceRef { scope, index, element: None };
                if other == resource
                    || declared.module.is_some()
                    || is_role_assignment(declared.resource_type.as_deref())
                {
                    continue;
                }
                let repeat = declared.repeat.as_ref().map(|repeat| repeat.iterable);
                let roots = [declared.name, declared.scope, declared.condition, repeat, Some(declared.body)];
                let own = self.id_of(other);
                let is_below = || self.parents(&own).iter().any(|parent| parent.canon == id.canon);
                if own.canon == id.canon || is_below() || names.in_any(roots, declared.depends_on) {
                    found.push(Holder::Resource(other));
                }
            }
            for (index, declared) in (0..).zip(&template.modules) {
                let repeat = declared.repeat.as_ref().map(|repeat| repeat.iterable);
                let roots = [declared.name, declared.scope, declared.condition, repeat, declared.arguments];
                if names.in_any(roots, None) {
                    found.push(Holder::Module(ModuleRef { scope, index, element: None }));
                }
            }
            for (index, output) in (0..).zip(&template.outputs) {
                if names.in_any([Some(output.value), output.condition], None) {
                    found.push(Holder::Output(scope, index));
                }
            }
        }
        found
    }
}

/// Looks for one resource in the expressions of a scope.
struct Names<'e, 'w> {
    eval: &'e Evaluator<'w>,
    resource: ResourceRef,
    id: &'e ResourceId,
    name: Option<CanonId>,
    scope: ScopeId,
}

impl Names<'_, '_> {
    fn in_any(&self, roots: impl IntoIterator<Item = Option<ExprId>>, except: Option<ExprId>) -> bool {
        let template = self.eval.template(self.scope);
        let mut waiting: Vec<ExprId> = roots.into_iter().flatten().collect();
        let mut followed: FxHashSet<u32> = FxHashSet::default();
        while let Some(expr) = waiting.pop() {
            if Some(expr) == except {
                continue;
            }
            let written = template.expr(expr);
            if self.is_named_by(expr, written) {
                return true;
            }
            if let Expr::Ref(Ref::Variable(name)) = written
                && let Some(&Declaration::Variable(index)) = template.names.get(name)
                && followed.insert(index)
            {
                waiting.push(template.variables[index as usize].value);
            }
            written.children(&mut waiting);
        }
        false
    }

    fn is_named_by(&self, expr: ExprId, written: &Expr) -> bool {
        let place = Place { scope: self.scope, expr };
        let by_name = || self.name.is_some_and(|name| self.eval.canon(self.scope, expr, &None) == name);
        let by_value = || self.eval.value(place).iter().any(|one| self.is_in(&one.value, place));
        match written {
            Expr::Ref(Ref::Resource(_)) | Expr::Member { .. } | Expr::Index { .. } | Expr::Nested { .. } => by_value(),
            Expr::Ref(Ref::Parameter(_)) | Expr::Str(_) | Expr::Interpolation(_) | Expr::Call(_) => {
                by_name() || by_value()
            }
            _ => false,
        }
    }

    fn is_in(&self, value: &Value, place: Place) -> bool {
        match value {
            Value::Resource(resource) => *resource == self.resource,
            Value::Read(read) => self.is_read_from(read),
            Value::Str(text) => self.is_in_text(text, place),
            _ => false,
        }
    }

    fn is_in_text(&self, text: &Str, place: Place) -> bool {
        let in_piece = |piece: &Piece| match piece {
            Piece::Id(id) => self.is_it(id),
            Piece::Read(read) => self.is_read_from(read),
            Piece::Text(_) | Piece::Unknown(_) => false,
        };
        let parsed = || self.eval.parse_id(text, self.scope, place).is_some_and(|id| self.is_it(&id));
        text.pieces().iter().any(in_piece) || parsed()
    }

    fn is_it(&self, id: &ResourceId) -> bool {
        id.canon == self.id.canon || id.declared == Some(self.resource)
    }

    fn is_read_from(&self, read: &Read) -> bool {
        match &read.target {
            Target::Declared(resource) => *resource == self.resource,
            Target::Id(id) => self.is_it(id),
            Target::Unknown(_) => false,
        }
    }
}
