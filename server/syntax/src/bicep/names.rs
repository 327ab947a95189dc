//! Names that only a part of a file knows, and names of types: what an editor needs to find and rename them.

use text_size::TextRange;
use tree_sitter::Node;

use super::kind::{Field, Kind, children, fields, kind_of};
use crate::tree::{SyntaxTree, range_of};

/// Names of a Bicep file that the model of it does not place.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Names {
    /// Variables of loops and lambdas, parameters of functions. One inside another comes behind it.
    pub bindings: Vec<Binding>,
    /// Where types are declared and used by their name, in the order of the text.
    pub types: Vec<TypeName>,
}

/// A name that is bound for a part of the file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Binding {
    /// Where the name is written.
    pub name: TextRange,
    /// Where it can be used. What binds the same name in there hides it.
    pub scope: TextRange,
}

/// A place that names a type.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TypeName {
    /// The name.
    pub name: TextRange,
    /// What it is a member of: `shared` in `shared.pool`.
    pub of: Option<TextRange>,
    /// Whether the type is declared here.
    pub is_declaration: bool,
}

impl Names {
    /// Those of a file.
    pub fn of(tree: &SyntaxTree) -> Self {
        let mut names = Self::default();
        let mut cursor = tree.root().walk();
        loop {
            names.see(cursor.node());
            if cursor.goto_first_child() {
                continue;
            }
            while !cursor.goto_next_sibling() {
                if !cursor.goto_parent() {
                    return names;
                }
            }
        }
    }

    fn see(&mut self, node: Node<'_>) {
        match kind_of(node) {
            Kind::For => {
                if let [variable, index, Some(body)] = fields(node, [Field::Variable, Field::Index, Field::Body]) {
                    self.bind(variable.into_iter().chain(index), body);
                }
            }
            Kind::Lambda => {
                if let [Some(parameters), Some(body)] = fields(node, [Field::Parameters, Field::Body]) {
                    let parameters = children(parameters).filter(|child| child.field == Some(Field::Parameter));
                    self.bind(parameters.map(|child| child.node), body);
                }
            }
            Kind::Function => {
                if let [Some(parameters), Some(body)] = fields(node, [Field::Parameters, Field::Body]) {
                    let parameters = children(parameters).filter(|child| child.kind == Kind::TypedParameter);
                    self.bind(parameters.filter_map(|child| fields(child.node, [Field::Name])[0]), body);
                }
            }
            Kind::TypeDeclaration => {
                if let [Some(name)] = fields(node, [Field::Name]) {
                    self.types.push(TypeName { name: range_of(name), of: None, is_declaration: true });
                }
            }
            Kind::TypeIdentifier => {
                self.types.push(TypeName { name: range_of(node), of: None, is_declaration: false });
            }
            Kind::QualifiedType => {
                if let [Some(object), Some(property)] = fields(node, [Field::Object, Field::Property])
                    && kind_of(object) == Kind::TypeIdentifier
                {
                    let of = Some(range_of(object));
                    self.types.push(TypeName { name: range_of(property), of, is_declaration: false });
                }
            }
            _ => {}
        }
    }

    fn bind<'t>(&mut self, names: impl Iterator<Item = Node<'t>>, body: Node<'t>) {
        let scope = range_of(body);
        self.bindings.extend(names.map(|name| Binding { name: range_of(name), scope }));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Language, SourceText, parse};

    fn names(text: &str) -> (Vec<String>, Vec<String>) {
        let names = Names::of(&parse(Language::Bicep, SourceText::new(text)));
        let bindings = names.bindings.iter().map(|it| format!("{} in {}", &text[it.name], &text[it.scope]));
        let types = names.types.iter().map(|it| {
            let of = it.of.map(|of| format!("{}.", &text[of])).unwrap_or_default();
            format!("{}{of}{}", if it.is_declaration { "type " } else { "" }, &text[it.name])
        });
        (bindings.collect(), types.collect())
    }

    #[test]
    fn loops_lambdas_and_functions_bind_names() {
        let text = "
            var a = [for (x, i) in xs: x + i]
            var b = map(xs, x => filter(x, (y, z) => y == x))
            func f(p string, q int) string => '${p}${q}'
            resource r 'a/b@2020-01-01' = [for n in ns: if (n == 1) { name: n }]
            var half = [for
            var c = map(xs, x =>
        ";
        assert_eq!(
            names(text).0,
            [
                "x in x + i",
                "i in x + i",
                "x in filter(x, (y, z) => y == x)",
                "y in y == x",
                "z in y == x",
                "p in '${p}${q}'",
                "q in '${p}${q}'",
                "n in if (n == 1) { name: n }",
            ]
        );
    }

    #[test]
    fn types_are_named() {
        let text = "type pool = { name: string, more: pool? }\nparam p pool[]\nparam q shared.size | 'x'\nfunc f(a pool) other => a\n";
        assert_eq!(names(text).1, ["type pool", "string", "pool", "pool", "shared.size", "shared", "pool", "other"]);
    }
}
