//! Typed access to Bicep trees.
//!
//! [`File`] gives statements, statements give expressions and types, each of them a small view of one node. Views of
//! nodes with a fixed set of parts (statements, [`Expr::kind`]) are read in one pass over the children; objects, arrays
//! and calls are iterated with one cursor. So a walk that asks every node once is linear in the size of the tree.
//!
//! Any part may be absent: the grammar knows unfinished code. [`fn@survey`] finds and words everything that is missing or
//! too much; how lowering should treat an absent part is simple: as unknown.

mod kind;
mod names;
mod shallow;
mod string;
mod survey;

use text_size::{TextRange, TextSize};
use tree_sitter::{Node, TreeCursor};

use self::kind::{Child, Field, Kind, all_elements, children, elements, field_of, fields, kind_of};
pub use self::names::{Binding, Names, TypeName};
pub(crate) use self::shallow::shallow;
pub use self::string::{Piece, Segment, Str};
pub use self::survey::{Comment, Damage, Survey, brace_damage, survey, survey_except, syntax_errors};
use crate::text::Language;
use crate::tree::{SyntaxTree, range_of};

/// A `.bicep` or `.bicepparam` file.
#[derive(Clone, Copy, Debug)]
pub struct File<'t> {
    node: Node<'t>,
    source: &'t str,
}

impl<'t> File<'t> {
    /// The file of a tree, unless the tree is of another language.
    pub fn new(tree: &'t SyntaxTree) -> Option<Self> {
        (tree.language() != Language::Json).then(|| Self { node: tree.root(), source: tree.source() })
    }

    /// The top-level statements in order.
    pub fn statements(self) -> impl Iterator<Item = Statement<'t>> {
        elements(self.node).filter(|child| child.kind != Kind::Other).map(move |child| statement(child, self.source))
    }
}

/// What stands at the top of a file, one step into its tree: who asks for it twice looks for it once.
pub struct TopLevel<'t> {
    children: Vec<Child<'t>>,
    source: &'t str,
}

impl<'t> TopLevel<'t> {
    /// That of a tree, unless the tree is of another language.
    pub fn of(tree: &'t SyntaxTree) -> Option<Self> {
        let file = File::new(tree)?;
        // Of what is left over in a row the first says it all, and there may be megabytes of it.
        let mut was_stray = false;
        let is_news = |child: &Child<'_>| {
            let is_stray = matches!(child.kind, Kind::StrayBracket | Kind::StrayProperty);
            let was_stray = std::mem::replace(&mut was_stray, is_stray);
            !(is_stray && was_stray)
        };
        Some(Self { children: all_elements(file.node).filter(is_news).collect(), source: file.source })
    }

    /// The statements in order, still to be read.
    pub fn statements(&self) -> impl Iterator<Item = Unread<'t>> {
        let is_statement = |child: &&Child<'t>| !matches!(child.kind, Kind::Other | Kind::Comment | Kind::Directive);
        self.children.iter().filter(is_statement).map(|&child| Unread { child, source: self.source })
    }

    /// The same with comments and signs.
    fn children(&self) -> &[Child<'t>] {
        &self.children
    }
}

/// A top-level statement of which nothing is known but where it is and of what kind.
#[derive(Clone, Copy)]
pub struct Unread<'t> {
    child: Child<'t>,
    source: &'t str,
}

impl<'t> Unread<'t> {
    /// The statement with its decorators.
    pub fn range(self) -> TextRange {
        range_of(self.child.node)
    }

    /// The statement.
    pub fn read(self) -> Statement<'t> {
        statement(self.child, self.source)
    }

    /// What it declares.
    pub fn kind(self) -> StatementKind {
        match self.child.kind {
            Kind::Parameter => StatementKind::Parameter,
            Kind::Variable => StatementKind::Variable,
            Kind::Output => StatementKind::Output,
            Kind::Resource => StatementKind::Resource,
            Kind::Module => StatementKind::Module,
            Kind::Function => StatementKind::Function,
            Kind::TypeDeclaration => StatementKind::Type,
            Kind::TargetScope | Kind::Metadata | Kind::Import | Kind::Extension | Kind::Using | Kind::Extends => {
                StatementKind::Head
            }
            Kind::Assert | Kind::Test | Kind::ExtensionConfig => StatementKind::Other,
            _ => StatementKind::Broken,
        }
    }
}

/// What a statement declares.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "the names say it")]
pub enum StatementKind {
    Parameter,
    Variable,
    Output,
    Resource,
    Module,
    Function,
    Type,
    /// What stands at the top of a file and says something about it as a whole, or brings in names.
    Head,
    /// Any other statement.
    Other,
    /// [`Statement::Broken`].
    Broken,
}

/// A name, keyword or sign.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Token<'t> {
    /// Where it stands.
    pub range: TextRange,
    /// How it is spelled.
    pub text: &'t str,
}

impl<'t> Token<'t> {
    fn new(node: Node<'_>, source: &'t str) -> Self {
        let range = range_of(node);
        Self { range, text: &source[range] }
    }
}

/// A top-level statement.
#[derive(Clone, Debug)]
pub enum Statement<'t> {
    /// `targetScope = value`: a declaration without a name.
    TargetScope(Declaration<'t>),
    /// `metadata name = value`
    Metadata(Declaration<'t>),
    /// `param name type = value`, in a parameter file `param name = value`
    Parameter(Declaration<'t>),
    /// `var name = value`
    Variable(Declaration<'t>),
    /// `output name type = value`
    Output(Declaration<'t>),
    /// `assert name = value`
    Assert(Declaration<'t>),
    /// `type name = type`
    Type(Declaration<'t>),
    /// `resource name 'type@version' = body`
    Resource(Resource<'t>),
    /// `module name 'path' = body`
    Module(Module<'t>),
    /// `test name 'path' = body`
    Test(Module<'t>),
    /// `func name(parameters) type => body`
    Function(Function<'t>),
    /// `import {…} from 'path'`
    Import(Import<'t>),
    /// `extension name with {…} as alias`
    Extension(Extension<'t>),
    /// `extensionConfig name with {…}`
    ExtensionConfig(Extension<'t>),
    /// `using 'path'`
    Using(Using<'t>),
    /// `extends 'path'`
    Extends(Using<'t>),
    /// What cannot be read: half a keyword, something left over by a misplaced bracket, anything else.
    Broken(TextRange),
}

/// A statement that gives something a name, a type or a value.
#[derive(Clone, Debug)]
pub struct Declaration<'t> {
    /// The statement with its decorators.
    pub range: TextRange,
    /// The decorators in order.
    pub decorators: Vec<Decorator<'t>>,
    /// The name declared.
    pub name: Option<Token<'t>>,
    /// The type after the name, or what a type declaration stands for.
    pub type_: Option<Type<'t>>,
    /// The value, for a parameter its default.
    pub value: Option<Expr<'t>>,
    /// Whether anything in the statement could not be parsed.
    pub is_broken: bool,
}

/// A resource, at the top level or inside another one.
#[derive(Clone, Debug)]
pub struct Resource<'t> {
    /// The statement with its decorators.
    pub range: TextRange,
    /// The decorators in order.
    pub decorators: Vec<Decorator<'t>>,
    /// The symbolic name.
    pub name: Option<Token<'t>>,
    /// The string with type and version.
    pub type_: Option<Str<'t>>,
    /// The word `existing`.
    pub existing: Option<TextRange>,
    /// What follows `=`.
    pub body: Option<Body<'t>>,
    /// Whether anything in the statement could not be parsed.
    pub is_broken: bool,
}

/// A module or a test.
#[derive(Clone, Debug)]
pub struct Module<'t> {
    /// The statement with its decorators.
    pub range: TextRange,
    /// The decorators in order.
    pub decorators: Vec<Decorator<'t>>,
    /// The symbolic name.
    pub name: Option<Token<'t>>,
    /// The path or registry address.
    pub path: Option<Str<'t>>,
    /// What follows `=`.
    pub body: Option<Body<'t>>,
    /// Whether anything in the statement could not be parsed.
    pub is_broken: bool,
}

/// The body of a resource, a module or a loop.
#[derive(Clone, Copy, Debug)]
pub enum Body<'t> {
    /// An object, a loop, or whatever else stands there.
    Expr(Expr<'t>),
    /// `if (condition) {…}`
    If {
        /// All of it.
        range: TextRange,
        /// What is in the parentheses.
        condition: Option<Expr<'t>>,
        /// The object.
        body: Option<Object<'t>>,
    },
}

/// A function declared in the file.
#[derive(Clone, Debug)]
pub struct Function<'t> {
    /// The statement with its decorators.
    pub range: TextRange,
    /// The decorators in order.
    pub decorators: Vec<Decorator<'t>>,
    /// Its name.
    pub name: Option<Token<'t>>,
    /// Names and types of the parameters.
    pub parameters: Vec<(Token<'t>, Option<Type<'t>>)>,
    /// The type of the result.
    pub return_type: Option<Type<'t>>,
    /// What follows `=>`.
    pub body: Option<Expr<'t>>,
    /// Whether anything in the statement could not be parsed.
    pub is_broken: bool,
}

/// An import of declarations from another file.
#[derive(Clone, Debug)]
pub struct Import<'t> {
    /// The statement with its decorators.
    pub range: TextRange,
    /// The names imported, each with its alias; a name may be a string.
    pub items: Vec<(Token<'t>, Option<Token<'t>>)>,
    /// The alias of `* as alias`.
    pub wildcard: Option<Token<'t>>,
    /// The file or module.
    pub path: Option<Str<'t>>,
    /// Whether anything in the statement could not be parsed.
    pub is_broken: bool,
}

/// An extension, or its configuration.
#[derive(Clone, Debug)]
pub struct Extension<'t> {
    /// The statement with its decorators.
    pub range: TextRange,
    /// A name or a string, as written.
    pub name: Option<Token<'t>>,
    /// The object after `with`.
    pub config: Option<Object<'t>>,
    /// The name after `as`.
    pub alias: Option<Token<'t>>,
    /// Whether anything in the statement could not be parsed.
    pub is_broken: bool,
}

/// The template a parameter file is for, or the parameter file it builds on.
#[derive(Clone, Debug)]
pub struct Using<'t> {
    /// The statement with its decorators.
    pub range: TextRange,
    /// The path; absent also for `using none`.
    pub path: Option<Str<'t>>,
    /// Whether it says `using none`.
    pub is_none: bool,
    /// Whether anything in the statement could not be parsed.
    pub is_broken: bool,
}

/// `@name(arguments)`.
#[derive(Clone, Copy, Debug)]
pub struct Decorator<'t> {
    /// From the at sign on.
    pub range: TextRange,
    /// What follows the at sign.
    pub expression: Option<Expr<'t>>,
}

impl<'t> Decorator<'t> {
    /// The name without a namespace: `secure` for both `@secure()` and `@sys.secure()`.
    pub fn name(&self) -> Option<Token<'t>> {
        let function = match self.expression?.kind() {
            ExprKind::Call(call) => call.function?,
            _ => self.expression?,
        };
        match function.kind() {
            ExprKind::Identifier(name) => Some(Token { range: function.range(), text: name }),
            ExprKind::Member { property, .. } => property,
            _ => None,
        }
    }

    /// The arguments, if there are parentheses.
    pub fn arguments(&self) -> Option<Items<'t>> {
        match self.expression?.kind() {
            ExprKind::Call(call) => call.arguments(),
            _ => None,
        }
    }
}

fn statement<'t>(child: Child<'t>, source: &'t str) -> Statement<'t> {
    let node = child.node;
    match child.kind {
        Kind::TargetScope => Statement::TargetScope(declaration(node, source)),
        Kind::Metadata => Statement::Metadata(declaration(node, source)),
        Kind::Parameter => Statement::Parameter(declaration(node, source)),
        Kind::Variable => Statement::Variable(declaration(node, source)),
        Kind::Output => Statement::Output(declaration(node, source)),
        Kind::Assert => Statement::Assert(declaration(node, source)),
        Kind::TypeDeclaration => Statement::Type(declaration(node, source)),
        Kind::Resource => Statement::Resource(resource(node, source)),
        Kind::Module => Statement::Module(module(node, source)),
        Kind::Test => Statement::Test(module(node, source)),
        Kind::Function => Statement::Function(function(node, source)),
        Kind::Import => Statement::Import(import(node, source)),
        Kind::Extension => Statement::Extension(extension(node, source)),
        Kind::ExtensionConfig => Statement::ExtensionConfig(extension(node, source)),
        Kind::Using => Statement::Using(using(node, source)),
        Kind::Extends => Statement::Extends(using(node, source)),
        _ => Statement::Broken(range_of(node)),
    }
}

fn declaration<'t>(node: Node<'t>, source: &'t str) -> Declaration<'t> {
    let mut declaration = Declaration {
        range: range_of(node),
        decorators: Vec::new(),
        name: None,
        type_: None,
        value: None,
        is_broken: node.has_error(),
    };
    for child in children(node) {
        match child.field {
            Some(Field::Decorator) => declaration.decorators.push(decorator(child.node, source)),
            Some(Field::Name) => declaration.name = Some(Token::new(child.node, source)),
            Some(Field::Type) => declaration.type_ = Some(Type { node: child.node, source }),
            Some(Field::Value) => declaration.value = Some(Expr { node: child.node, source }),
            _ => {}
        }
    }
    declaration
}

fn resource<'t>(node: Node<'t>, source: &'t str) -> Resource<'t> {
    let mut resource = Resource {
        range: range_of(node),
        decorators: Vec::new(),
        name: None,
        type_: None,
        existing: None,
        body: None,
        is_broken: node.has_error(),
    };
    for child in children(node) {
        match child.field {
            Some(Field::Decorator) => resource.decorators.push(decorator(child.node, source)),
            Some(Field::Name) => resource.name = Some(Token::new(child.node, source)),
            Some(Field::Type) => resource.type_ = Some(Str { node: child.node, source }),
            Some(Field::Existing) => resource.existing = Some(range_of(child.node)),
            Some(Field::Body) => resource.body = Some(body(child.node, source)),
            _ => {}
        }
    }
    resource
}

fn module<'t>(node: Node<'t>, source: &'t str) -> Module<'t> {
    let mut module = Module {
        range: range_of(node),
        decorators: Vec::new(),
        name: None,
        path: None,
        body: None,
        is_broken: node.has_error(),
    };
    for child in children(node) {
        match child.field {
            Some(Field::Decorator) => module.decorators.push(decorator(child.node, source)),
            Some(Field::Name) => module.name = Some(Token::new(child.node, source)),
            Some(Field::Path) => module.path = Some(Str { node: child.node, source }),
            Some(Field::Body) => module.body = Some(body(child.node, source)),
            _ => {}
        }
    }
    module
}

fn body<'t>(node: Node<'t>, source: &'t str) -> Body<'t> {
    if kind_of(node) != Kind::IfBody {
        return Body::Expr(Expr { node, source });
    }
    let [condition, body] = fields(node, [Field::Condition, Field::Body]);
    let condition = condition.and_then(|parentheses| fields(parentheses, [Field::Expression])[0]);
    Body::If {
        range: range_of(node),
        condition: condition.map(|node| Expr { node, source }),
        body: body.map(|node| Object { node, source }),
    }
}

fn function<'t>(node: Node<'t>, source: &'t str) -> Function<'t> {
    let mut function = Function {
        range: range_of(node),
        decorators: Vec::new(),
        name: None,
        parameters: Vec::new(),
        return_type: None,
        body: None,
        is_broken: node.has_error(),
    };
    for child in children(node) {
        match child.field {
            Some(Field::Decorator) => function.decorators.push(decorator(child.node, source)),
            Some(Field::Name) => function.name = Some(Token::new(child.node, source)),
            Some(Field::ReturnType) => function.return_type = Some(Type { node: child.node, source }),
            Some(Field::Body) => function.body = Some(Expr { node: child.node, source }),
            Some(Field::Parameters) => {
                for parameter in children(child.node).filter(|child| child.kind == Kind::TypedParameter) {
                    if let [Some(name), type_] = fields(parameter.node, [Field::Name, Field::Type]) {
                        let type_ = type_.map(|node| Type { node, source });
                        function.parameters.push((Token::new(name, source), type_));
                    }
                }
            }
            _ => {}
        }
    }
    function
}

fn import<'t>(node: Node<'t>, source: &'t str) -> Import<'t> {
    let [symbols, alias, path] = fields(node, [Field::Symbols, Field::Alias, Field::Path]);
    let mut import = Import {
        range: range_of(node),
        items: Vec::new(),
        wildcard: alias.map(|node| Token::new(node, source)),
        path: path.map(|node| Str { node, source }),
        is_broken: node.has_error(),
    };
    match symbols.map(|node| (kind_of(node), node)) {
        Some((Kind::ImportList, list)) => {
            for item in children(list).filter(|child| child.kind == Kind::ImportItem) {
                if let [Some(name), alias] = fields(item.node, [Field::Name, Field::Alias]) {
                    import.items.push((Token::new(name, source), alias.map(|node| Token::new(node, source))));
                }
            }
        }
        Some((_, wildcard)) => {
            import.wildcard = fields(wildcard, [Field::Alias])[0].map(|node| Token::new(node, source));
        }
        None => {}
    }
    import
}

fn extension<'t>(node: Node<'t>, source: &'t str) -> Extension<'t> {
    let [name, config, alias] = fields(node, [Field::Name, Field::Config, Field::Alias]);
    Extension {
        range: range_of(node),
        name: name.map(|node| Token::new(node, source)),
        config: config.map(|node| Object { node, source }),
        alias: alias.map(|node| Token::new(node, source)),
        is_broken: node.has_error(),
    }
}

fn using<'t>(node: Node<'t>, source: &'t str) -> Using<'t> {
    let path = fields(node, [Field::Path])[0];
    let is_none = path.is_some_and(|path| kind_of(path) == Kind::NoParent);
    Using {
        range: range_of(node),
        path: path.filter(|_| !is_none).map(|node| Str { node, source }),
        is_none,
        is_broken: node.has_error(),
    }
}

fn decorator<'t>(node: Node<'t>, source: &'t str) -> Decorator<'t> {
    let expression = fields(node, [Field::Expression])[0].map(|node| Expr { node, source });
    Decorator { range: range_of(node), expression }
}

/// An expression.
#[derive(Clone, Copy, Debug)]
pub struct Expr<'t> {
    node: Node<'t>,
    source: &'t str,
}

/// What an expression is, with its parts.
#[derive(Clone, Copy, Debug)]
pub enum ExprKind<'t> {
    /// A name.
    Identifier(&'t str),
    /// A number; absent when it does not fit 64 bits.
    Integer(Option<i64>),
    /// `true` or `false`
    Boolean(bool),
    /// `null`
    Null,
    /// A string of any kind.
    String(Str<'t>),
    /// `{…}`
    Object(Object<'t>),
    /// `[…]`
    Array(Array<'t>),
    /// `[for …]`
    For(For<'t>),
    /// `(…)`
    Parenthesized(Option<Expr<'t>>),
    /// `a => b`
    Lambda(Lambda<'t>),
    /// `f(…)`, `a.f(…)`
    Call(Call<'t>),
    /// `object.property`, `object.?property`
    Member {
        /// What is on the left.
        object: Option<Expr<'t>>,
        /// The name on the right.
        property: Option<Token<'t>>,
        /// Whether the sign is `.?`.
        is_safe: bool,
    },
    /// `object[index]`, `object[?index]`, `object[^index]`
    Subscript {
        /// What is before the bracket.
        object: Option<Expr<'t>>,
        /// What is in the brackets.
        index: Option<Expr<'t>>,
        /// Whether the bracket is `[?`.
        is_safe: bool,
        /// Whether it counts from the end.
        is_from_end: bool,
    },
    /// `resource::nested`
    ResourceAccess {
        /// What is on the left.
        object: Option<Expr<'t>>,
        /// The name on the right.
        name: Option<Token<'t>>,
    },
    /// `operand!`
    NonNull(Option<Expr<'t>>),
    /// `!operand`, `-operand`
    Unary {
        /// The sign.
        operator: &'t str,
        /// What it applies to.
        operand: Option<Expr<'t>>,
    },
    /// `left operator right`
    Binary {
        /// What is on the left.
        left: Option<Expr<'t>>,
        /// The sign.
        operator: &'t str,
        /// What is on the right.
        right: Option<Expr<'t>>,
    },
    /// `condition ? consequence : alternative`
    Ternary {
        /// What decides.
        condition: Option<Expr<'t>>,
        /// The value if it holds.
        consequence: Option<Expr<'t>>,
        /// The value if it does not.
        alternative: Option<Expr<'t>>,
    },
    /// What cannot be read.
    Broken,
}

impl<'t> Expr<'t> {
    /// Where it stands.
    pub fn range(self) -> TextRange {
        range_of(self.node)
    }

    /// How it is written.
    pub fn text(self) -> &'t str {
        &self.source[self.range()]
    }

    /// Whether anything in it could not be parsed. Gaps of the grammar do not count: they are absent parts.
    pub fn has_error(self) -> bool {
        self.node.has_error()
    }

    /// The object, if it is one (in parentheses or not).
    pub fn as_object(self) -> Option<Object<'t>> {
        match self.without_parentheses().kind() {
            ExprKind::Object(object) => Some(object),
            _ => None,
        }
    }

    /// The string, if it is one (in parentheses or not).
    pub fn as_string(self) -> Option<Str<'t>> {
        match self.without_parentheses().kind() {
            ExprKind::String(string) => Some(string),
            _ => None,
        }
    }

    /// What is inside of any parentheses around it.
    #[must_use]
    pub fn without_parentheses(self) -> Self {
        let mut inner = self;
        while let ExprKind::Parenthesized(Some(expression)) = inner.kind() {
            inner = expression;
        }
        inner
    }

    /// What it is, with its parts; one pass over the children of this node.
    pub fn kind(self) -> ExprKind<'t> {
        let Self { node, source } = self;
        let expr = |node: Option<Node<'t>>| node.map(|node| Self { node, source });
        let token = |node: Option<Node<'t>>| node.map(|node| Token::new(node, source));
        let text = |node: Option<Node<'t>>| node.map_or("", |node| &source[range_of(node)]);
        match kind_of(node) {
            _ if node.is_missing() => ExprKind::Broken,
            Kind::Identifier => ExprKind::Identifier(self.text()),
            Kind::Integer => ExprKind::Integer(self.text().parse().ok()),
            Kind::Boolean => ExprKind::Boolean(self.text() == "true"),
            Kind::Null => ExprKind::Null,
            kind if is_string(kind) => ExprKind::String(Str { node, source }),
            Kind::Object => ExprKind::Object(Object { node, source }),
            Kind::Array => ExprKind::Array(Array { node, source }),
            Kind::For => ExprKind::For(For::new(node, source)),
            Kind::Parenthesized => ExprKind::Parenthesized(expr(fields(node, [Field::Expression])[0])),
            Kind::Lambda => {
                let [parameters, body] = fields(node, [Field::Parameters, Field::Body]);
                ExprKind::Lambda(Lambda { parameters, source, body: expr(body) })
            }
            Kind::Call => {
                let [function, arguments] = fields(node, [Field::Function, Field::Arguments]);
                ExprKind::Call(Call { function: expr(function), arguments, source })
            }
            Kind::Member => {
                let mut is_safe = false;
                let [mut object, mut property] = [None, None];
                for child in children(node) {
                    match child.field {
                        Some(Field::Object) => object = Some(child.node),
                        Some(Field::Property) => property = Some(child.node),
                        _ => is_safe |= child.kind == Kind::SafeDot,
                    }
                }
                ExprKind::Member { object: expr(object), property: token(property), is_safe }
            }
            Kind::Subscript => {
                let mut is_safe = false;
                let [mut object, mut index, mut from_end] = [None, None, None];
                for child in children(node) {
                    match child.field {
                        Some(Field::Object) => object = Some(child.node),
                        Some(Field::Index) => index = Some(child.node),
                        Some(Field::FromEnd) => from_end = Some(child.node),
                        _ => is_safe |= child.kind == Kind::OpenSafeBracket,
                    }
                }
                let is_from_end = from_end.is_some();
                ExprKind::Subscript { object: expr(object), index: expr(index), is_safe, is_from_end }
            }
            Kind::ResourceAccess => {
                let [object, name] = fields(node, [Field::Object, Field::Name]);
                ExprKind::ResourceAccess { object: expr(object), name: token(name) }
            }
            Kind::NonNull => ExprKind::NonNull(expr(fields(node, [Field::Operand])[0])),
            Kind::Unary => {
                let [operator, operand] = fields(node, [Field::Operator, Field::Operand]);
                ExprKind::Unary { operator: text(operator), operand: expr(operand) }
            }
            Kind::Binary => {
                let [left, operator, right] = fields(node, [Field::Left, Field::Operator, Field::Right]);
                ExprKind::Binary { left: expr(left), operator: text(operator), right: expr(right) }
            }
            Kind::Ternary => {
                let [condition, consequence, alternative] =
                    fields(node, [Field::Condition, Field::Consequence, Field::Alternative]);
                ExprKind::Ternary {
                    condition: expr(condition),
                    consequence: expr(consequence),
                    alternative: expr(alternative),
                }
            }
            _ => ExprKind::Broken,
        }
    }
}

fn is_string(kind: Kind) -> bool {
    matches!(
        kind,
        Kind::String
            | Kind::MultilineString
            | Kind::InterpolatedString
            | Kind::InterpolatedMultilineString
            | Kind::UnterminatedString
            | Kind::UnterminatedMultilineString
            | Kind::DoubleQuotedString
    )
}

/// `{…}` as a value.
#[derive(Clone, Copy, Debug)]
pub struct Object<'t> {
    node: Node<'t>,
    source: &'t str,
}

impl<'t> Object<'t> {
    /// The object with its braces.
    pub fn range(self) -> TextRange {
        range_of(self.node)
    }

    /// The members in order, with one cursor for all of them and their parts.
    pub fn members(self) -> Members<'t> {
        let mut cursor = self.node.walk();
        let more = cursor.goto_first_child();
        Members { cursor, more, source: self.source }
    }

    /// The offset of the closing brace, if it is there.
    pub fn closing_brace(self) -> Option<TextSize> {
        let mut cursor = self.node.walk();
        let is_closed = cursor.goto_last_child() && kind_of(cursor.node()) == Kind::CloseBrace;
        is_closed.then(|| range_of(cursor.node()).start())
    }
}

/// A member of an object.
#[derive(Clone, Debug)]
pub enum ObjectMember<'t> {
    /// `key: value`
    Property(Property<'t>),
    /// `...value`
    Spread {
        /// All of it.
        range: TextRange,
        /// What is spread.
        value: Option<Expr<'t>>,
    },
    /// A resource inside a resource.
    Resource(Box<Resource<'t>>),
    /// What cannot be read: the object may have members nobody knows of.
    Broken(TextRange),
}

/// A property of an object.
#[derive(Clone, Copy, Debug)]
pub struct Property<'t> {
    /// From the key to the end of the value.
    pub range: TextRange,
    /// The key.
    pub key: Key<'t>,
    /// The value.
    pub value: Option<Expr<'t>>,
}

/// The key of a property.
#[derive(Clone, Copy, Debug)]
pub enum Key<'t> {
    /// A plain name.
    Name(Token<'t>),
    /// A string, perhaps with holes.
    String(Str<'t>),
}

impl<'t> Key<'t> {
    fn new(node: Node<'t>, source: &'t str) -> Self {
        if is_string(kind_of(node)) { Self::String(Str { node, source }) } else { Self::Name(Token::new(node, source)) }
    }

    /// The key as written, quotes included.
    pub fn range(self) -> TextRange {
        match self {
            Self::Name(name) => name.range,
            Self::String(string) => string.range(),
        }
    }

    /// The decoded key, unless it has holes.
    pub fn plain(self) -> Option<std::borrow::Cow<'t, str>> {
        match self {
            Self::Name(name) => Some(name.text.into()),
            Self::String(string) => string.plain(),
        }
    }
}

/// The members of an object.
pub struct Members<'t> {
    cursor: TreeCursor<'t>,
    more: bool,
    source: &'t str,
}

impl<'t> Iterator for Members<'t> {
    type Item = ObjectMember<'t>;

    fn next(&mut self) -> Option<ObjectMember<'t>> {
        while self.more {
            let node = self.cursor.node();
            let member = match kind_of(node) {
                Kind::Property => Some(self.property(node)),
                Kind::Spread => {
                    let value = fields(node, [Field::Value])[0].map(|node| Expr { node, source: self.source });
                    Some(ObjectMember::Spread { range: range_of(node), value })
                }
                Kind::Resource => Some(ObjectMember::Resource(Box::new(resource(node, self.source)))),
                Kind::Error => Some(ObjectMember::Broken(range_of(node))),
                _ => None,
            };
            self.more = self.cursor.goto_next_sibling();
            if member.is_some() {
                return member;
            }
        }
        None
    }
}

impl<'t> Members<'t> {
    /// The property under the cursor. Properties are half of all nodes: the parts of a whole one are asked for by number,
    /// those of others are visited with the same cursor.
    fn property(&mut self, node: Node<'t>) -> ObjectMember<'t> {
        if node.child_count() == 3
            && !node.has_error()
            && let (Some(key), Some(colon), Some(value)) = (node.child(0), node.child(1), node.child(2))
            && kind_of(colon) == Kind::Colon
            && !matches!(kind_of(key), Kind::Comment | Kind::Directive)
            && !matches!(kind_of(value), Kind::Comment | Kind::Directive)
        {
            let value = Some(Expr { node: value, source: self.source });
            return ObjectMember::Property(Property { range: range_of(node), key: Key::new(key, self.source), value });
        }
        let (mut key, mut value) = (None, None);
        let mut more = self.cursor.goto_first_child();
        while more {
            match field_of(&self.cursor) {
                Some(Field::Key) => key = Some(Key::new(self.cursor.node(), self.source)),
                Some(Field::Value) => value = Some(Expr { node: self.cursor.node(), source: self.source }),
                _ => {}
            }
            more = (key.is_none() || value.is_none()) && self.cursor.goto_next_sibling();
        }
        self.cursor.goto_parent();
        match key {
            Some(key) => ObjectMember::Property(Property { range: range_of(node), key, value }),
            None => ObjectMember::Broken(range_of(node)),
        }
    }
}

/// `[…]` as a value.
#[derive(Clone, Copy, Debug)]
pub struct Array<'t> {
    node: Node<'t>,
    source: &'t str,
}

impl<'t> Array<'t> {
    /// The array with its brackets.
    pub fn range(self) -> TextRange {
        range_of(self.node)
    }

    /// The items in order.
    pub fn items(self) -> Items<'t> {
        Items { children: elements(self.node), source: self.source }
    }
}

/// An item of an array, or an argument of a call.
#[derive(Clone, Copy, Debug)]
pub enum Item<'t> {
    /// An expression.
    Expr(Expr<'t>),
    /// `...value`
    Spread {
        /// All of it.
        range: TextRange,
        /// What is spread.
        value: Option<Expr<'t>>,
    },
    /// What cannot be read: there may be items nobody knows of.
    Broken(TextRange),
}

/// The items of an array, or the arguments of a call.
pub struct Items<'t> {
    children: kind::Children<'t>,
    source: &'t str,
}

impl<'t> Iterator for Items<'t> {
    type Item = Item<'t>;

    fn next(&mut self) -> Option<Item<'t>> {
        loop {
            let child = self.children.next()?;
            let range = || range_of(child.node);
            match child.kind {
                Kind::Error | Kind::StrayProperty => return Some(Item::Broken(range())),
                Kind::Spread => {
                    let value = fields(child.node, [Field::Value])[0].map(|node| Expr { node, source: self.source });
                    return Some(Item::Spread { range: range(), value });
                }
                Kind::MissingBracket => {}
                _ if child.node.is_named() => return Some(Item::Expr(Expr { node: child.node, source: self.source })),
                _ => {}
            }
        }
    }
}

/// `[for variable in iterable: body]`.
#[derive(Clone, Copy, Debug)]
pub struct For<'t> {
    /// The name of the item.
    pub variable: Option<Token<'t>>,
    /// The name of the index.
    pub index: Option<Token<'t>>,
    /// What is looped over.
    pub iterable: Option<Expr<'t>>,
    /// What is made of each item.
    pub body: Option<Body<'t>>,
}

impl<'t> For<'t> {
    fn new(node: Node<'t>, source: &'t str) -> Self {
        let [variable, index, iterable, own_body] =
            fields(node, [Field::Variable, Field::Index, Field::Iterable, Field::Body]);
        Self {
            variable: variable.map(|node| Token::new(node, source)),
            index: index.map(|node| Token::new(node, source)),
            iterable: iterable.map(|node| Expr { node, source }),
            body: own_body.map(|node| body(node, source)),
        }
    }
}

/// `parameters => body`.
#[derive(Clone, Copy, Debug)]
pub struct Lambda<'t> {
    parameters: Option<Node<'t>>,
    source: &'t str,
    /// What follows `=>`.
    pub body: Option<Expr<'t>>,
}

impl<'t> Lambda<'t> {
    /// The names of the parameters.
    pub fn parameters(self) -> impl Iterator<Item = Token<'t>> {
        self.parameters
            .into_iter()
            .flat_map(children)
            .filter(|child| child.kind == Kind::Identifier)
            .map(move |child| Token::new(child.node, self.source))
    }
}

/// `function(arguments)`.
#[derive(Clone, Copy, Debug)]
pub struct Call<'t> {
    /// A name, or a member for `namespace.name` and methods.
    pub function: Option<Expr<'t>>,
    arguments: Option<Node<'t>>,
    source: &'t str,
}

impl<'t> Call<'t> {
    /// The arguments in order; nothing if even the parenthesis is missing.
    pub fn arguments(self) -> Option<Items<'t>> {
        self.arguments.map(|node| Items { children: elements(node), source: self.source })
    }

    /// The parentheses with everything between them.
    pub fn arguments_range(self) -> Option<TextRange> {
        self.arguments.map(range_of)
    }
}

/// A type expression.
#[derive(Clone, Copy, Debug)]
pub struct Type<'t> {
    node: Node<'t>,
    source: &'t str,
}

/// What a type expression is, with its parts.
#[derive(Clone, Debug)]
pub enum TypeKind<'t> {
    /// `string`, `int`, or the name of a declared type.
    Name(&'t str),
    /// A string literal.
    String(Str<'t>),
    /// A number; absent when it does not fit 64 bits.
    Integer(Option<i64>),
    /// `true` or `false`
    Boolean(bool),
    /// `null`
    Null,
    /// `a | b`
    Union(Vec<Type<'t>>),
    /// `type?`
    Nullable(Option<Type<'t>>),
    /// `type!`
    NonNull(Option<Type<'t>>),
    /// `(type)`
    Parenthesized(Option<Type<'t>>),
    /// `type[]`
    Array(Option<Type<'t>>),
    /// `[…]`
    Tuple(Vec<Type<'t>>),
    /// `{…}`
    Object(Vec<TypeMember<'t>>),
    /// `name<arguments>`, such as `resourceInput<'type@version'>`
    Generic {
        /// As written.
        name: &'t str,
        /// What is between the angle brackets.
        arguments: Vec<Type<'t>>,
    },
    /// `object.property`; the property is absent for `.*`.
    Qualified {
        /// What is on the left.
        object: Option<Type<'t>>,
        /// The name on the right.
        property: Option<Token<'t>>,
    },
    /// `object[0]`, `object[*]`
    Indexed(Option<Type<'t>>),
    /// `resource 'type@version'`
    Resource(Option<Str<'t>>),
    /// A literal with a sign, `-1` or `!true`; as written.
    Signed(&'t str),
    /// What cannot be read.
    Broken,
}

/// A member of an object type.
#[derive(Clone, Debug)]
pub struct TypeMember<'t> {
    /// From the first decorator to the end.
    pub range: TextRange,
    /// The decorators in order.
    pub decorators: Vec<Decorator<'t>>,
    /// The key; absent for `*`.
    pub key: Option<Key<'t>>,
    /// The type.
    pub type_: Option<Type<'t>>,
}

impl<'t> Type<'t> {
    /// Where it stands.
    pub fn range(self) -> TextRange {
        range_of(self.node)
    }

    /// How it is written.
    pub fn text(self) -> &'t str {
        &self.source[self.range()]
    }

    /// Whether anything in it could not be parsed.
    pub fn has_error(self) -> bool {
        self.node.has_error()
    }

    /// What it is, with its parts; one pass over the children of this node.
    pub fn kind(self) -> TypeKind<'t> {
        let Self { node, source } = self;
        let part = |field| fields(node, [field])[0].map(|node| Self { node, source });
        match kind_of(node) {
            _ if node.is_missing() => TypeKind::Broken,
            Kind::TypeIdentifier => TypeKind::Name(self.text()),
            Kind::Integer => TypeKind::Integer(self.text().parse().ok()),
            Kind::Boolean => TypeKind::Boolean(self.text() == "true"),
            Kind::Null => TypeKind::Null,
            kind if is_string(kind) => TypeKind::String(Str { node, source }),
            Kind::UnionType => TypeKind::Union(
                children(node)
                    .filter(|child| child.field == Some(Field::Member))
                    .map(|child| Self { node: child.node, source })
                    .collect(),
            ),
            Kind::NullableType => TypeKind::Nullable(part(Field::Type)),
            Kind::NonNullType => TypeKind::NonNull(part(Field::Type)),
            Kind::ParenthesizedType => TypeKind::Parenthesized(part(Field::Type)),
            Kind::ArrayType => TypeKind::Array(part(Field::Element)),
            Kind::TupleType => TypeKind::Tuple(
                children(node)
                    .filter(|child| child.kind == Kind::TupleItem)
                    .filter_map(|child| fields(child.node, [Field::Type])[0])
                    .map(|node| Self { node, source })
                    .collect(),
            ),
            Kind::ObjectType => TypeKind::Object(
                children(node)
                    .filter(|child| child.kind == Kind::TypeMember)
                    .map(|child| type_member(child.node, source))
                    .collect(),
            ),
            Kind::GenericType => {
                let [name, arguments] = fields(node, [Field::Name, Field::Arguments]);
                let arguments = arguments
                    .into_iter()
                    .flat_map(children)
                    .filter(|child| child.node.is_named() && child.kind != Kind::MissingBracket);
                TypeKind::Generic {
                    name: name.map_or("", |node| &source[range_of(node)]),
                    arguments: arguments.map(|child| Self { node: child.node, source }).collect(),
                }
            }
            Kind::QualifiedType => {
                let [object, property] = fields(node, [Field::Object, Field::Property]);
                TypeKind::Qualified {
                    object: object.map(|node| Self { node, source }),
                    property: property
                        .filter(|&node| kind_of(node) == Kind::PropertyIdentifier)
                        .map(|node| Token::new(node, source)),
                }
            }
            Kind::IndexedType => TypeKind::Indexed(part(Field::Object)),
            Kind::ResourceType => {
                TypeKind::Resource(fields(node, [Field::Resource])[0].map(|node| Str { node, source }))
            }
            Kind::UnaryType => TypeKind::Signed(self.text()),
            _ => TypeKind::Broken,
        }
    }
}

fn type_member<'t>(node: Node<'t>, source: &'t str) -> TypeMember<'t> {
    let mut member = TypeMember { range: range_of(node), decorators: Vec::new(), key: None, type_: None };
    for child in children(node) {
        match child.field {
            Some(Field::Decorator) => member.decorators.push(decorator(child.node, source)),
            Some(Field::Key) if child.kind != Kind::AnyKey => member.key = Some(Key::new(child.node, source)),
            Some(Field::Type) => member.type_ = Some(Type { node: child.node, source }),
            _ => {}
        }
    }
    member
}
