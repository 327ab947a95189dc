//! The one expression language that ARM JSON and Bicep are lowered to.
//!
//! Lowering maps what the two languages say differently to one form, so that nothing after it asks which it reads:
//!
//! | ARM JSON | Bicep | here |
//! | --- | --- | --- |
//! | `parameters('p')`, `variables('v')` | `p`, `v` | [`Expr::Ref`] |
//! | `if(c, a, b)` | `c ? a : b` | [`Expr::Conditional`] |
//! | `format('{0}/x', a)`, `concat` with a text among its arguments | `'${a}/x'` | [`Expr::Interpolation`] |
//! | `createObject('k', v)`, `json('{…}')` | `{ k: v }` | [`Expr::Object`] |
//! | `createArray(a)` | `[ a ]` | [`Expr::Array`] |
//! | `not(a)`, `and(a, b)`, `equals(a, b)`, `add(a, b)`, … | `!a`, `a && b`, `a == b`, `a + b`, … | [`Expr::Unary`], [`Expr::Binary`] |
//! | `coalesce(a, b)` | `a ?? b` | [`BinaryOp::Coalesce`] |
//! | `tryGet(a, 'b')`, `a.b`, `a['b']` | `a.?b`, `a.b`, `a['b']` | [`Expr::Member`] |
//! | `lambda('x', e)`, `lambdaVariables('x')` | `x => e`, `x` | [`Expr::Lambda`], [`Ref::Local`] |
//! | `null()`, `json('null')`, `true()` | `null`, `true` | literals |
//! | `copy`, `copyIndex()` | `[for …]`, the index | [`Expr::Loop`], [`Ref::Local`] |
//!
//! Every other function stays an [`Expr::Call`] with its name as written, among them `resourceId`, `reference`, `union`,
//! `empty`. `any(x)`, `x!` and parentheses vanish.

use std::fmt;
use std::sync::OnceLock;

use rustc_hash::{FxHashMap, FxHashSet};
use text_size::TextRange;

use crate::Name;
use crate::ranges::Ranges;
use crate::shift::{Shift, Shifted, shifted};

/// All expressions of one template, in an arena: children come before their parents.
#[derive(Clone, Default)]
pub struct Exprs {
    nodes: Vec<Node>,
    index: OnceLock<Box<Index>>,
}

impl fmt::Debug for Exprs {
    /// What they are, not what was asked of them.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(&self.nodes).finish()
    }
}

/// What is asked of all expressions for every fix that is made: found once, or a template with as many fixes as resources
/// would be gone through as often.
#[derive(Clone, Debug)]
struct Index {
    /// Where all of them are.
    ranges: Ranges<ExprId>,
    /// Those that name a parameter or a variable, by that name.
    declared: FxHashMap<Name, Vec<ExprId>>,
    /// All other names: of lambdas and loops, of what is imported, of nothing.
    others: FxHashSet<Name>,
}

/// A text of more bytes is a large one.
const LARGE: usize = 1 << 20;

/// An expression with its place.
#[derive(Clone, Debug)]
pub(crate) struct Node {
    expr: Expr,
    range: TextRange,
    embedded: bool,
}

/// An expression of the template whose [`Exprs`] made the id.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ExprId(u32);

impl Exprs {
    /// None yet, with room for those of a text of so many bytes if that is large: while they are read the tree is there as well,
    /// and no half-filled copies should be.
    pub(crate) fn for_text(bytes: usize) -> Self {
        // People and generators write one in 13 to 16 bytes.
        let expected = if bytes > LARGE { bytes / 12 } else { 0 };
        Self { nodes: Vec::with_capacity(expected), index: OnceLock::new() }
    }

    /// Adds an expression that is a whole value of the document: `range` is all of it, quotes included.
    pub fn add(&mut self, expr: Expr, range: TextRange) -> ExprId {
        self.push(Node { expr, range, embedded: false })
    }

    /// Adds an expression that is written inside the text of another, as all but the outermost are in an ARM `[…]` string
    /// and in a Bicep `${…}`. What replaces it must be an expression too, never a bare JSON value.
    pub fn add_embedded(&mut self, expr: Expr, range: TextRange) -> ExprId {
        self.push(Node { expr, range, embedded: true })
    }

    fn push(&mut self, node: Node) -> ExprId {
        let id = u32::try_from(self.nodes.len()).expect("a text of at most 4 GiB has fewer expressions than that");
        self.index.take();
        self.nodes.push(node);
        ExprId(id)
    }

    /// The expression.
    pub fn get(&self, id: ExprId) -> &Expr {
        &self.nodes[id.0 as usize].expr
    }

    /// Where it is written, in bytes. For a value of a JSON document the whole value, quotes included.
    pub fn range(&self, id: ExprId) -> TextRange {
        self.nodes[id.0 as usize].range
    }

    /// Whether it is part of the text of another expression, see [`Exprs::add_embedded`].
    pub fn is_embedded(&self, id: ExprId) -> bool {
        self.nodes[id.0 as usize].embedded
    }

    /// Every expression of the template with its id, children before parents.
    pub fn iter(&self) -> impl Iterator<Item = (ExprId, &Expr)> {
        (0..).zip(&self.nodes).map(|(index, node)| (ExprId(index), &node.expr))
    }

    /// Those that are written within a range, children before parents.
    pub fn within(&self, range: TextRange) -> Vec<ExprId> {
        let mut found: Vec<ExprId> = self.index().ranges.within(range).map(|(_, id)| *id).collect();
        found.sort_unstable();
        found
    }

    /// Those that are written around a range, the smallest first; of the same size, children before parents.
    pub fn around(&self, range: TextRange) -> Vec<ExprId> {
        let mut found: Vec<ExprId> = self.index().ranges.around(range).map(|(_, id)| *id).collect();
        found.sort_unstable_by_key(|&id| (self.range(id).len(), id));
        found
    }

    /// Those that name the parameter or variable of that name, children before parents.
    pub fn naming(&self, name: &Name) -> &[ExprId] {
        self.index().declared.get(name).map_or(&[], Vec::as_slice)
    }

    /// Whether one of them names something that is neither a parameter nor a variable, a resource or a module: a variable of
    /// a loop or a lambda, something imported.
    pub fn has_other_name(&self, name: &Name) -> bool {
        self.index().others.contains(name)
    }

    fn index(&self) -> &Index {
        self.index.get_or_init(|| {
            let ranges = Ranges::new(self.iter().map(|(id, _)| (self.range(id), id)).collect());
            let mut declared: FxHashMap<Name, Vec<ExprId>> = FxHashMap::default();
            let mut others = FxHashSet::default();
            for (id, expr) in self.iter() {
                match expr {
                    Expr::Ref(Ref::Parameter(name) | Ref::Variable(name)) => match declared.get_mut(name) {
                        Some(known) => known.push(id),
                        None => drop(declared.insert(name.clone(), vec![id])),
                    },
                    Expr::Ref(Ref::Local(name) | Ref::Imported(name) | Ref::Undeclared(name))
                        if !others.contains(name) =>
                    {
                        others.insert(name.clone());
                    }
                    Expr::Lambda { parameters, .. } => others.extend(parameters.iter().cloned()),
                    _ => {}
                }
            }
            Box::new(Index { ranges, declared, others })
        })
    }

    /// Those between two numbers.
    pub(crate) fn nodes(&self, numbers: std::ops::Range<usize>) -> &[Node] {
        &self.nodes[numbers]
    }

    /// Takes away those from a number on, in order. What is left must not mention them.
    pub(crate) fn split_off(&mut self, from: usize) -> Vec<Node> {
        self.index.take();
        self.nodes.split_off(from)
    }

    /// Adds what was taken from elsewhere. The ids in it must be right already.
    pub(crate) fn extend(&mut self, nodes: impl Iterator<Item = Node>) {
        self.index.take();
        self.nodes.extend(nodes);
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.nodes.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.nodes.is_empty()
    }
}

impl Node {
    pub(crate) fn expr(&self) -> &Expr {
        &self.expr
    }

    pub(crate) fn range(&self) -> TextRange {
        self.range
    }
}

impl Shifted for Exprs {
    fn shift(&mut self, by: Shift) {
        self.index.take();
        self.nodes.shift(by);
    }
}

shifted! {
    Node { range, expr }
    Loop { iterable, filter, body }
    Call { function_range, arguments, receiver }
    Property { key, value, range }
}

impl Shifted for ExprId {
    fn shift(&mut self, by: Shift) {
        self.0 = self.0.wrapping_add(by.exprs);
    }
}

/// One expression.
#[derive(Clone, Debug)]
pub enum Expr {
    /// `null`: for a property, the same as being absent.
    Null,
    /// `true` or `false`.
    Bool(bool),
    /// A whole number.
    Int(i64),
    /// Text without holes, decoded.
    Str(Box<str>),
    /// Text with holes.
    Interpolation(Box<[Segment]>),
    /// A list.
    Array(Box<[Item]>),
    /// A map whose keys are expressions themselves.
    Object(Object),
    /// An array made by a loop.
    Loop(Box<Loop>),
    /// The name of something declared.
    Ref(Ref),
    /// `base.name`, `base['name']` with a literal name, `base.?name`.
    Member {
        /// What is read.
        base: ExprId,
        /// The property.
        name: Name,
        /// Where the name is written, without a dot or quotes.
        name_range: TextRange,
        /// Whether a missing property gives null.
        safe: bool,
    },
    /// `base[index]`.
    Index {
        /// What is read.
        base: ExprId,
        /// A number, or a text that is not a literal.
        index: ExprId,
        /// Whether a missing element gives null.
        safe: bool,
        /// `base[^index]`: counted from the end, 1 is the last.
        from_end: bool,
    },
    /// `parent::child`: a nested resource of a Bicep resource.
    Nested {
        /// The resource around it.
        base: ExprId,
        /// Its name inside.
        name: Name,
    },
    /// A function that has no form of its own here.
    Call(Box<Call>),
    /// `condition ? consequence : alternative`.
    Conditional {
        /// The condition.
        condition: ExprId,
        /// Its value when the condition holds.
        consequence: ExprId,
        /// Its value when not; ARM's `if` with two arguments gives null.
        alternative: ExprId,
    },
    /// An operator with two operands.
    Binary {
        /// The operator.
        op: BinaryOp,
        /// Left of it.
        left: ExprId,
        /// Right of it.
        right: ExprId,
    },
    /// An operator with one operand.
    Unary {
        /// The operator.
        op: UnaryOp,
        /// Behind it.
        operand: ExprId,
    },
    /// `x => body`.
    Lambda {
        /// Its parameters.
        parameters: Box<[Name]>,
        /// What it computes.
        body: ExprId,
    },
    /// Something whose value cannot be known.
    Opaque(Opaque),
}

impl Expr {
    /// Adds the expressions it is made of.
    pub fn children(&self, into: &mut Vec<ExprId>) {
        match self {
            Self::Null | Self::Bool(_) | Self::Int(_) | Self::Str(_) | Self::Ref(_) | Self::Opaque(_) => {}
            Self::Interpolation(segments) => into.extend(segments.iter().filter_map(|segment| match segment {
                Segment::Hole(hole) => Some(*hole),
                Segment::Text(_) => None,
            })),
            Self::Array(items) => into.extend(items.iter().map(|item| match item {
                Item::Value(value) | Item::Spread(value) => *value,
            })),
            Self::Object(object) => {
                for member in &object.members {
                    match member {
                        Member::Property(property) => into.extend([property.key, property.value]),
                        Member::Spread { value, .. } => into.push(*value),
                    }
                }
            }
            Self::Loop(one) => {
                into.extend([one.iterable, one.body]);
                into.extend(one.filter);
            }
            Self::Member { base, .. } | Self::Nested { base, .. } => into.push(*base),
            Self::Index { base, index, .. } => into.extend([*base, *index]),
            Self::Call(call) => {
                into.extend(call.arguments.iter().copied());
                into.extend(call.receiver);
            }
            Self::Conditional { condition, consequence, alternative } => {
                into.extend([*condition, *consequence, *alternative]);
            }
            Self::Binary { left, right, .. } => into.extend([*left, *right]),
            Self::Unary { operand, .. } => into.push(*operand),
            Self::Lambda { body, .. } => into.push(*body),
        }
    }
}

impl Shifted for Expr {
    fn shift(&mut self, by: Shift) {
        match self {
            Self::Null | Self::Bool(_) | Self::Int(_) | Self::Str(_) | Self::Ref(_) | Self::Opaque(_) => {}
            Self::Interpolation(segments) => segments.iter_mut().for_each(|segment| match segment {
                Segment::Hole(hole) => hole.shift(by),
                Segment::Text(_) => {}
            }),
            Self::Array(items) => items.iter_mut().for_each(|item| match item {
                Item::Value(value) | Item::Spread(value) => value.shift(by),
            }),
            Self::Object(object) => object.members.iter_mut().for_each(|member| match member {
                Member::Property(property) => property.shift(by),
                Member::Spread { value, range } => {
                    value.shift(by);
                    range.shift(by);
                }
            }),
            Self::Loop(one) => one.shift(by),
            Self::Member { base, name_range, .. } => {
                base.shift(by);
                name_range.shift(by);
            }
            Self::Index { base, index, .. } => {
                base.shift(by);
                index.shift(by);
            }
            Self::Nested { base, .. } => base.shift(by),
            Self::Call(call) => call.shift(by),
            Self::Conditional { condition, consequence, alternative } => {
                condition.shift(by);
                consequence.shift(by);
                alternative.shift(by);
            }
            Self::Binary { left, right, .. } => {
                left.shift(by);
                right.shift(by);
            }
            Self::Unary { operand, .. } => operand.shift(by),
            Self::Lambda { body, .. } => body.shift(by),
        }
    }
}

/// Why an expression has no value for us.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Opaque {
    /// Half-typed or broken: never the ground for a finding.
    SyntaxError,
    /// A construct that has no value of its own, such as a number with a fraction.
    Unsupported,
}

/// A part of an [`Expr::Interpolation`].
#[derive(Clone, Debug)]
pub enum Segment {
    /// Decoded text.
    Text(Box<str>),
    /// `${…}`, or a hole of a format string.
    Hole(ExprId),
}

/// An element of an [`Expr::Array`].
#[derive(Clone, Copy, Debug)]
pub enum Item {
    /// One element.
    Value(ExprId),
    /// `...expr`: the elements of another array.
    Spread(ExprId),
}

/// A map as it is written.
#[derive(Clone, Debug)]
pub struct Object {
    /// In the order written; a key may come twice.
    pub members: Box<[Member]>,
    /// Parts of it are missing or belong elsewhere (a brace was forgotten): what it lacks is unknown, not absent.
    pub damaged: bool,
    /// How it is written, which decides how it can be edited.
    pub form: ObjectForm,
}

/// How an [`Object`] is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ObjectForm {
    /// With braces, in JSON or Bicep.
    Braces,
    /// By `createObject(…)` or `json('…')` inside an ARM expression.
    Call,
    /// Not written at all: put together by lowering, for example the arguments of a nested deployment.
    Implied,
}

/// A part of an [`Object`].
#[derive(Clone, Copy, Debug)]
pub enum Member {
    /// `key: value`.
    Property(Property),
    /// `...expr`: the members of another object.
    Spread {
        /// The object.
        value: ExprId,
        /// With the dots.
        range: TextRange,
    },
}

/// `key: value` in an [`Object`].
#[derive(Clone, Copy, Debug)]
pub struct Property {
    /// An expression: `'${mi.id}'`, `"[variables('id')]"`, or most often a plain name as [`Expr::Str`].
    pub key: ExprId,
    /// [`Opaque::SyntaxError`] where the value is not there yet.
    pub value: ExprId,
    /// From the start of the key to the end of the value, without a comma.
    pub range: TextRange,
}

/// `[for variable in iterable: body]`, or a `copy` of a property, variable or output.
#[derive(Clone, Debug)]
pub struct Loop {
    /// Bound to the element.
    pub variable: Option<Name>,
    /// Bound to the position from 0. For a `copy` the name of the loop, which is what `copyIndex('name')` refers to.
    pub index: Option<Name>,
    /// What is looped over; for a `copy` with `count` a call of `range(0, count)`.
    pub iterable: ExprId,
    /// `if (…)` between the colon and the body.
    pub filter: Option<ExprId>,
    /// One element of the result.
    pub body: ExprId,
}

/// A reference to something declared.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Ref {
    /// A parameter.
    Parameter(Name),
    /// A variable.
    Variable(Name),
    /// A resource, by its symbolic name.
    Resource(Name),
    /// A module or nested deployment, by its symbolic name.
    Module(Name),
    /// A variable of a lambda, a loop or a user-defined function.
    Local(Name),
    /// A name brought in by `import`.
    Imported(Name),
    /// A name that is declared nowhere in the template.
    Undeclared(Name),
}

/// A call of a function that has no form of its own in [`Expr`].
#[derive(Clone, Debug)]
pub struct Call {
    /// As written, without a namespace `az.` or `sys.`; user-defined functions keep theirs (`contoso.f`).
    pub function: Name,
    /// Where the name is written.
    pub function_range: TextRange,
    /// What is passed.
    pub arguments: Box<[ExprId]>,
    /// Called as a method of this (`kv.getSecret('x')`, `listKeys` of a symbol).
    pub receiver: Option<ExprId>,
}

impl Call {
    /// Whether it makes the ID of a resource, whose name is the last argument.
    pub fn makes_id(&self) -> bool {
        makes_id(self.function.as_str())
    }
}

/// Whether a function of that name makes the ID of a resource of type and names.
pub fn makes_id(function: &str) -> bool {
    const MAKERS: [&str; 4] = ["resourceId", "subscriptionResourceId", "tenantResourceId", "extensionResourceId"];
    MAKERS.iter().any(|maker| maker.eq_ignore_ascii_case(function))
}

/// Operators with two operands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[expect(missing_docs, reason = "the names say it")]
pub enum BinaryOp {
    And,
    Or,
    Coalesce,
    Equal,
    NotEqual,
    /// `=~`: equal ignoring case.
    EqualIgnoreCase,
    NotEqualIgnoreCase,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
    Add,
    Subtract,
    Multiply,
    Divide,
    Modulo,
}

/// Operators with one operand.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[expect(missing_docs, reason = "the names say it")]
pub enum UnaryOp {
    Not,
    Minus,
}
