//! Who uses a resource: which declarations name it.

use std::rc::Rc;

use rustc_hash::{FxHashMap, FxHashSet};

use crate::aks::is_role_assignment;
use crate::canon::CanonId;
use crate::eval::{Evaluator, Place, ScopeId};
use crate::expr::{Expr, ExprId, Ref};
use crate::model::Declaration;
use crate::reads::Holder;
use crate::value::{ModuleRef, Piece, Read, ResourceId, ResourceRef, Str, Target, Value};

/// What names what, in all templates: found once, whoever is asked for.
#[derive(Debug, Default)]
pub(crate) struct Uses {
    /// What may use something, in the order in which it is declared.
    holders: Vec<Holder>,
    by_mark: FxHashMap<Mark, Vec<User>>,
}

/// By what something is named.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Mark {
    /// A declaration: by its symbol, or by an ID that means it.
    Resource(ResourceRef),
    /// The normal form of an ID.
    Id(CanonId),
    /// The normal form of a name.
    Name(CanonId),
    Variable(ScopeId, u32),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum User {
    /// The number of the holder.
    Holder(u32),
    /// Those that use the variable do so by way of it.
    Variable(ScopeId, u32),
}

impl Evaluator<'_> {
    /// The resources, modules and outputs that name a declared resource in whatever way: by its symbol, its ID, its name, by
    /// what is read of it, by the output of a module that gives one of these.
    ///
    /// Role assignments do not count, `dependsOn` neither, nor what the resource says of itself. Another declaration of the
    /// same resource does.
    pub fn users_of(&self, resource: ResourceRef) -> Vec<Holder> {
        let uses = self.uses();
        let id = self.id_of(resource);
        let name = id.names.last().map(|name| Mark::Name(self.canon_of_text(name)));
        let mut waiting = vec![Mark::Resource(resource), Mark::Id(id.canon)];
        waiting.extend(name);
        let mut found: Vec<u32> = Vec::new();
        let mut followed = FxHashSet::default();
        while let Some(mark) = waiting.pop() {
            for user in uses.by_mark.get(&mark).into_iter().flatten() {
                match *user {
                    User::Holder(number) => found.push(number),
                    User::Variable(scope, index) if followed.insert((scope, index)) => {
                        waiting.push(Mark::Variable(scope, index));
                    }
                    User::Variable(..) => {}
                }
            }
        }
        found.sort_unstable();
        found.dedup();
        let holders = found.into_iter().map(|number| uses.holders[number as usize]);
        holders.filter(|holder| *holder != Holder::Resource(resource)).collect()
    }

    fn uses(&self) -> &Uses {
        self.uses.get_or_init(|| {
            let mut collector = Collector { eval: self, uses: Uses::default(), variables: FxHashSet::default() };
            for scope in self.all_scopes() {
                collector.scope(scope);
            }
            collector.uses
        })
    }
}

struct Collector<'e, 'w> {
    eval: &'e Evaluator<'w>,
    uses: Uses,
    /// Those that were looked into.
    variables: FxHashSet<(ScopeId, u32)>,
}

impl Collector<'_, '_> {
    fn scope(&mut self, scope: ScopeId) {
        let eval = self.eval;
        let template = eval.template(scope);
        for (index, declared) in (0..).zip(&template.resources) {
            if declared.module.is_some() || is_role_assignment(declared.resource_type.as_deref()) {
                continue;
            }
            let resource = ResourceRef { scope, index, element: None };
            let user = self.holder(Holder::Resource(resource));
            let own = eval.id_of(resource);
            self.mark(Mark::Id(own.canon), user);
            for parent in eval.parents(&own) {
                self.mark(Mark::Id(parent.canon), user);
            }
            let repeat = declared.repeat.as_ref().map(|repeat| repeat.iterable);
            let roots = [declared.name, declared.scope, declared.condition, repeat, Some(declared.body)];
            self.roots(scope, user, roots, declared.depends_on);
        }
        for (index, declared) in (0..).zip(&template.modules) {
            let user = self.holder(Holder::Module(ModuleRef { scope, index, element: None }));
            let repeat = declared.repeat.as_ref().map(|repeat| repeat.iterable);
            let roots = [declared.name, declared.scope, declared.condition, repeat, declared.arguments];
            self.roots(scope, user, roots, None);
        }
        for (index, output) in (0..).zip(&template.outputs) {
            let user = self.holder(Holder::Output(scope, index));
            self.roots(scope, user, [Some(output.value), output.condition], None);
        }
    }

    fn holder(&mut self, holder: Holder) -> User {
        let number = u32::try_from(self.uses.holders.len()).unwrap_or(u32::MAX);
        self.uses.holders.push(holder);
        User::Holder(number)
    }

    fn mark(&mut self, mark: Mark, user: User) {
        let users = self.uses.by_mark.entry(mark).or_default();
        if users.last() != Some(&user) {
            users.push(user);
        }
    }

    fn roots(
        &mut self,
        scope: ScopeId,
        user: User,
        roots: impl IntoIterator<Item = Option<ExprId>>,
        except: Option<ExprId>,
    ) {
        let template = self.eval.template(scope);
        let mut waiting: Vec<(ExprId, User)> = roots.into_iter().flatten().map(|root| (root, user)).collect();
        let mut children = Vec::new();
        while let Some((expr, user)) = waiting.pop() {
            if Some(expr) == except {
                continue;
            }
            let written = template.expr(expr);
            self.expr(Place { scope, expr }, written, user);
            if let Expr::Ref(Ref::Variable(name)) = written
                && let Some(&Declaration::Variable(index)) = template.names.get(name)
            {
                self.mark(Mark::Variable(scope, index), user);
                if self.variables.insert((scope, index)) {
                    waiting.push((template.variables[index as usize].value, User::Variable(scope, index)));
                }
            }
            written.children(&mut children);
            waiting.extend(children.drain(..).map(|child| (child, user)));
        }
    }

    fn expr(&mut self, place: Place, written: &Expr, user: User) {
        match written {
            Expr::Ref(Ref::Resource(_)) | Expr::Member { .. } | Expr::Index { .. } | Expr::Nested { .. } => {}
            Expr::Ref(Ref::Parameter(_)) | Expr::Str(_) | Expr::Interpolation(_) | Expr::Call(_) => {
                self.mark(Mark::Name(self.eval.canon(place.scope, place.expr, &None)), user);
            }
            _ => return,
        }
        for one in self.eval.value(place).iter() {
            match &one.value {
                Value::Resource(resource) => self.mark(Mark::Resource(*resource), user),
                Value::Read(read) => self.read(read, user),
                Value::Str(text) => self.text(text, place, user),
                _ => {}
            }
        }
    }

    fn text(&mut self, text: &Str, place: Place, user: User) {
        for piece in text.pieces() {
            match piece {
                Piece::Id(id) => self.id(id, user),
                Piece::Read(read) => self.read(read, user),
                Piece::Text(_) | Piece::Unknown(_) => {}
            }
        }
        if let Some(id) = self.eval.parse_id(text, place.scope, place) {
            self.id(&id, user);
        }
    }

    fn id(&mut self, id: &Rc<ResourceId>, user: User) {
        self.mark(Mark::Id(id.canon), user);
        if let Some(declared) = id.declared {
            self.mark(Mark::Resource(declared), user);
        }
    }

    fn read(&mut self, read: &Read, user: User) {
        match &read.target {
            Target::Declared(resource) => self.mark(Mark::Resource(*resource), user),
            Target::Id(id) => self.id(id, user),
            Target::Unknown(_) => {}
        }
    }
}
