//! What one file takes from others while it is compiled: variables, functions and types it imports, content it loads.

use std::rc::Rc;

use crate::Name;
use crate::canon::{Canon, CanonId};
use crate::eval::{Evaluator, Locals, Place, ScopeId};
use crate::expr::{Call, Expr, ExprId};
use crate::model::{Function, Parameter, Template, TypeKind};
use crate::value::{Entry, Lazy, ObjectValue, Str, Value, Values};
use crate::workspace::{FileId, Format, Location};

/// A file whose values do not depend on who asks: what it declares, or its content.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Constants {
    file: FileId,
    content: Option<Format>,
}

/// The type of a parameter, wherever it is declared.
pub(crate) struct TypeOf<'w> {
    pub(crate) kind: TypeKind,
    pub(crate) nullable: bool,
    /// All values there can be, where that is said, and whose expressions they are.
    pub(crate) allowed: Option<(ScopeId, &'w [ExprId])>,
}

impl<'w> Evaluator<'w> {
    /// Where the content of that file is loaded, if it is.
    pub fn loaded_at(&self, file: FileId) -> Option<Location> {
        let place = self.loaded.borrow().get(&file).copied()?;
        Some(self.location(place))
    }

    /// The value of something imported: a variable, or all there is to import under the name of the file.
    pub(crate) fn imported_value(&self, scope: ScopeId, name: &Name, at: Place) -> Option<Values> {
        let (scope, there) = self.import_of(scope, name)?;
        let template = self.template(scope);
        if let Some(there) = there {
            let value = variable(template, &there)?;
            return Some(Values::clone(&self.eval(scope, value, &None)));
        }
        let entry = |name: &Name, expr| Entry {
            key: Some(Str::text(name.as_str())),
            ..ObjectValue::rest(Lazy::Expr { scope, expr, locals: Locals::None })
        };
        let entries = template.variables.iter().map(|variable| entry(&variable.name, variable.value)).collect();
        // There may be more than meets the eye: what is generated, for example.
        let object = ObjectValue::new(entries, None, true);
        Some(Values::always(Value::Object(Rc::new(object)), Some(at)))
    }

    /// The normal form of something imported.
    pub(crate) fn imported_form(&self, scope: ScopeId, name: &Name) -> Option<CanonId> {
        let (scope, there) = self.import_of(scope, name)?;
        match there {
            Some(there) => Some(self.canon(scope, variable(self.template(scope), &there)?, &None)),
            None => Some(self.canons.borrow_mut().id(Canon::Module(scope, u32::MAX))),
        }
    }

    /// A function that somebody wrote, here or in a file that is imported, and the scope of its body.
    pub(crate) fn function_of(&self, scope: ScopeId, name: &Name) -> Option<(ScopeId, &'w Function)> {
        let find =
            |scope: ScopeId, name: &str| self.template(scope).functions.iter().find(|function| function.name == *name);
        if let Some(own) = find(scope, name.as_str()) {
            return Some((scope, own));
        }
        let (scope, name) = self.imported(scope, name)?;
        // The compiler of Bicep writes all of them into one namespace.
        let function = find(scope, name.as_str()).or_else(|| find(scope, &format!("__bicep.{name}")))?;
        Some((scope, function))
    }

    /// The type of a parameter, which may be declared in another file.
    pub(crate) fn type_of(&self, scope: ScopeId, parameter: &'w Parameter) -> TypeOf<'w> {
        let own = &parameter.ty;
        let allowed = parameter.allowed.as_deref().map(|allowed| (scope, allowed));
        let mut found = TypeOf { kind: own.kind, nullable: own.nullable, allowed };
        let (mut scope, mut imported) = (scope, own.imported.as_ref());
        // A file may import what it exports; files may do so in circles.
        for _ in 0..8 {
            let Some((there, name)) = imported.and_then(|imported| self.imported(scope, imported)) else { break };
            let types = &self.template(there).types;
            let Some(declared) = types.iter().find(|declared| declared.name == name) else { break };
            found.kind = declared.ty.kind;
            found.nullable |= declared.ty.nullable;
            found.allowed = found.allowed.or(declared.allowed.as_deref().map(|allowed| (there, allowed)));
            (scope, imported) = (there, declared.ty.imported.as_ref());
        }
        found
    }

    /// The content of a file that is loaded. `None` when the file is not at hand or the call is none that we understand.
    pub(crate) fn load(&self, place: Place, call: &Call, function: &str) -> Option<Values> {
        let template = self.template(place.scope);
        let literal = |number: usize| match call.arguments.get(number).map(|&argument| template.expr(argument)) {
            Some(Expr::Str(text)) => Some(&**text),
            _ => None,
        };
        let file = self.workspace().file_from(self.scope(place.scope).file, literal(0)?)?;
        self.loaded.borrow_mut().entry(file).or_insert(place);
        if function == "loadtextcontent" {
            let is_read = call.arguments.len() == 1 || literal(1).is_some_and(|encoding| encoding.starts_with("utf-8"));
            let text = self.workspace().file(file).text.as_str();
            return is_read.then(|| Values::always(Value::Str(Str::text(text)), Some(place)));
        }
        let format = if function == "loadjsoncontent" { Format::Json } else { Format::Yaml };
        let scope = self.constants(Constants { file, content: Some(format) })?;
        let mut values = self.eval(scope, variable(self.template(scope), &Name::from(""))?, &None);
        if call.arguments.len() == 2 {
            for name in plain_path(literal(1)?)? {
                let name = Name::from(name);
                values = Rc::new(self.flat_map(&values, |value| self.member(value, &name, false, place, &None)));
            }
        }
        Some(Values::clone(&values))
    }

    /// Where a name, with or without the one of a namespace before it, is declared, and as what.
    fn imported(&self, scope: ScopeId, name: &Name) -> Option<(ScopeId, Name)> {
        let (first, rest) = match name.as_str().split_once('.') {
            Some((first, rest)) => (Name::from(first), Some(Name::from(rest))),
            None => (name.clone(), None),
        };
        let (scope, there) = self.import_of(scope, &first)?;
        Some((scope, there.or(rest)?))
    }

    /// The file that a name is imported from and what it is called there; `None` for all of the file.
    fn import_of(&self, scope: ScopeId, name: &Name) -> Option<(ScopeId, Option<Name>)> {
        let scope = self.scope(scope);
        let (path, there) = scope.template.imports.iter().find_map(|import| {
            let (there, _) = import.names.iter().find(|(_, here)| here.name == *name)?;
            Some((&import.path.as_ref()?.0, there))
        })?;
        let file = self.workspace().file_from(scope.file, path)?;
        let found = self.constants(Constants { file, content: None })?;
        Some((found, (!there.as_str().is_empty()).then(|| there.clone())))
    }

    fn constants(&self, wanted: Constants) -> Option<ScopeId> {
        if let Some(&known) = self.constants.borrow().get(&wanted) {
            return known;
        }
        let file = self.workspace().file(wanted.file);
        let template = match wanted.content {
            Some(format) => file.data(format),
            None => file.template.as_ref(),
        };
        let found = template.and_then(|template| self.uncalled_scope(template, wanted.file));
        self.constants.borrow_mut().insert(wanted, found);
        found
    }
}

fn variable(template: &Template, name: &Name) -> Option<ExprId> {
    template.variables.iter().find(|variable| variable.name == *name).map(|variable| variable.value)
}

/// The names in a path like `$.a.b`; `None` for one that selects in other ways.
fn plain_path(path: &str) -> Option<Vec<&str>> {
    let path = path.strip_prefix('$').unwrap_or(path);
    let path = path.strip_prefix('.').unwrap_or(path);
    let is_name =
        |name: &&str| !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
    if path.is_empty() {
        return Some(Vec::new());
    }
    path.split('.').all(|name| is_name(&name)).then(|| path.split('.').collect())
}
