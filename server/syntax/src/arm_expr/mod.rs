//! The template expression language: what stands between `[` and `]` in a string of an ARM template.
//!
//! `"[concat('a', parameters('x'))[0].id]"` is a call with two arguments, an index and a member. The language has
//! strings, numbers, calls, `.name` and `[index]`, and nothing else: no operators, no literals for `true`, `null`,
//! arrays or objects (those are functions), and no safe access (Bicep's `.?` compiles to `tryGet()`).
//!
//! Ranges are byte ranges into the text handed to [`parse`], which is the *decoded* JSON string with its brackets; a
//! string map leads from there to the document. Names borrow from that text. Names compare without regard to case.
//!
//! The language as documented: <https://learn.microsoft.com/azure/azure-resource-manager/templates/template-expressions>.

mod lexer;
mod parser;
#[cfg(test)]
mod tests;

use std::borrow::Cow;
use std::fmt;

use smallvec::SmallVec;
use text_size::{TextRange, TextSize};

use crate::SyntaxError;

/// How deep calls, indices and member chains may nest. What is deeper is left out of the tree, with an error.
pub const MAX_DEPTH: usize = 256;

/// Whether Resource Manager evaluates this decoded string: it starts with `[` but not `[[`, and ends with `]`. White space
/// before or after makes it a plain string.
pub fn is_expression(text: &str) -> bool {
    text.len() >= 2 && text.starts_with('[') && !text.starts_with("[[") && text.ends_with(']')
}

/// The value of a decoded string that is not an expression: `[[text]` stands for `[text]`, everything else for itself.
pub fn literal(text: &str) -> Cow<'_, str> {
    Cow::Borrowed(if text.starts_with("[[") && text.ends_with(']') { &text[1..] } else { text })
}

/// Parses a decoded string with its brackets. Never fails: half-typed text gives a tree with gaps, and errors.
///
/// A text that does not begin with a single `[` has no root and no errors. One that does, but does not end with `]`, is
/// parsed all the same, for editors; to Resource Manager it is a plain string ([`is_expression`]).
pub fn parse(text: &str) -> Parsed<'_> {
    parser::parse(text)
}

/// What is at a byte offset of the parsed text: see [`Parsed::at_offset`].
#[must_use]
pub fn at_offset<'p, 'a>(parsed: &'p Parsed<'a>, offset: TextSize) -> AtOffset<'p, 'a> {
    let mut at = AtOffset { nodes: Vec::new(), argument: None };
    let mut next = parsed.root.as_ref();
    while let Some(expr) = next {
        if !expr.range().contains_inclusive(offset) {
            break;
        }
        at.nodes.push(expr);
        if let Expr::Call(call) = expr
            && let Some(index) = call.argument_at(offset)
        {
            at.argument = Some(Argument { call, index });
        }
        next = expr.child_at(offset);
    }
    at
}

/// The result of [`parse`].
#[derive(Clone, Debug, Default)]
pub struct Parsed<'a> {
    /// The expression between the brackets, or `None` where there is none (`[]`).
    pub root: Option<Expr<'a>>,
    /// In the order of the text, at most one at an offset.
    pub errors: Vec<SyntaxError>,
}

impl<'a> Parsed<'a> {
    /// The nodes around a byte offset and the argument it stands in. Both ends of a range count, so that a cursor behind a
    /// name is still at that name.
    #[must_use]
    pub fn at_offset(&self, offset: TextSize) -> AtOffset<'_, 'a> {
        at_offset(self, offset)
    }
}

/// A node of the expression tree.
#[derive(Clone, Debug, PartialEq)]
pub enum Expr<'a> {
    /// `'text'`
    Str(Str<'a>),
    /// `42`, `-1`, `1.5`
    Number(Number<'a>),
    /// A word that is not called. Not valid where a value is expected, but common while typing.
    Name(Name<'a>),
    /// `name(arguments)` or `namespace.name(arguments)`
    Call(Box<Call<'a>>),
    /// `base.name`
    Member(Box<Member<'a>>),
    /// `base[index]`
    Index(Box<Index<'a>>),
    /// A gap: the place, possibly empty, where an expression should be.
    Missing(TextRange),
}

/// A string in single quotes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Str<'a> {
    /// The text without quotes, `''` undone.
    pub value: Cow<'a, str>,
    /// With the quotes.
    pub range: TextRange,
    /// Whether the closing quote is there.
    pub closed: bool,
}

impl Str<'_> {
    /// The range between the quotes.
    pub fn content_range(&self) -> TextRange {
        let end = if self.closed { self.range.end() - TextSize::of('\'') } else { self.range.end() };
        TextRange::new(self.range.start() + TextSize::of('\''), end)
    }
}

/// A number as written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Number<'a> {
    /// With the sign, if there is one.
    pub text: &'a str,
    /// Where.
    pub range: TextRange,
}

impl Number<'_> {
    /// The value, if it is an integer of 64 bits.
    pub fn as_int(&self) -> Option<i64> {
        self.text.parse().ok()
    }

    /// The value, rounded.
    pub fn as_float(&self) -> Option<f64> {
        self.text.parse().ok()
    }
}

/// A name as written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Name<'a> {
    /// Empty if it is still to be typed.
    pub text: &'a str,
    /// Where it is, or should be.
    pub range: TextRange,
}

impl Name<'_> {
    /// Whether it is this name; the language ignores case.
    pub fn is(&self, name: &str) -> bool {
        self.text.eq_ignore_ascii_case(name)
    }
}

/// A call.
#[derive(Clone, Debug, PartialEq)]
pub struct Call<'a> {
    /// The namespace of a user-defined function: `ns` in `ns.name()`.
    pub namespace: Option<Name<'a>>,
    /// The function.
    pub name: Name<'a>,
    /// One for each argument, gaps included. None for `f()`.
    pub args: Vec<Expr<'a>>,
    /// Offsets of the commas between (or, half-typed, behind) the arguments.
    pub commas: SmallVec<[TextSize; 4]>,
    /// Offset of the `(`.
    pub open: TextSize,
    /// Whether the `)` is there. If not, the range goes up to the token that ended the call.
    pub closed: bool,
    /// From the name, or its namespace, through the `)`.
    pub range: TextRange,
}

impl Call<'_> {
    /// The range of the name, with the namespace.
    pub fn name_range(&self) -> TextRange {
        self.namespace.map_or(self.name.range, |namespace| namespace.range.cover(self.name.range))
    }

    /// Whether this calls the function `name` and no namespace is involved.
    pub fn is(&self, name: &str) -> bool {
        self.namespace.is_none() && self.name.is(name)
    }

    /// Which argument an offset between the parentheses is in, counted from 0.
    pub fn argument_at(&self, offset: TextSize) -> Option<usize> {
        let end = if self.closed { self.range.end() - TextSize::of(')') } else { self.range.end() };
        (self.open < offset && offset <= end).then(|| self.commas.iter().filter(|&&comma| comma < offset).count())
    }
}

/// Access to a property.
#[derive(Clone, Debug, PartialEq)]
pub struct Member<'a> {
    /// What is left of the dot.
    pub base: Expr<'a>,
    /// Offset of the dot.
    pub dot: TextSize,
    /// Empty if it is still to be typed.
    pub name: Name<'a>,
    /// From the base through the name.
    pub range: TextRange,
}

/// Access to an element or, with a string, to a property.
#[derive(Clone, Debug, PartialEq)]
pub struct Index<'a> {
    /// What is left of the `[`.
    pub base: Expr<'a>,
    /// What is between the brackets.
    pub index: Expr<'a>,
    /// Whether the `]` is there.
    pub closed: bool,
    /// From the base through the `]`.
    pub range: TextRange,
}

/// What [`at_offset`] found.
#[derive(Clone, Debug, PartialEq)]
pub struct AtOffset<'p, 'a> {
    /// From the root to the innermost node whose range holds the offset. Empty outside of the expression.
    pub nodes: Vec<&'p Expr<'a>>,
    /// The innermost call that has the offset between its parentheses.
    pub argument: Option<Argument<'p, 'a>>,
}

/// A place in the argument list of a call.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Argument<'p, 'a> {
    /// The call.
    pub call: &'p Call<'a>,
    /// Which argument, counted from 0.
    pub index: usize,
}

impl<'a> Expr<'a> {
    /// Where the expression is. A child lies within its parent.
    pub fn range(&self) -> TextRange {
        match self {
            Self::Str(str) => str.range,
            Self::Number(number) => number.range,
            Self::Name(name) => name.range,
            Self::Call(call) => call.range,
            Self::Member(member) => member.range,
            Self::Index(index) => index.range,
            Self::Missing(range) => *range,
        }
    }

    /// The direct children, in the order of the text.
    pub fn children(&self) -> impl DoubleEndedIterator<Item = &Self> {
        let (first, rest): ([Option<&Self>; 2], &[Self]) = match self {
            Self::Call(call) => ([None, None], &call.args),
            Self::Member(member) => ([Some(&member.base), None], &[]),
            Self::Index(index) => ([Some(&index.base), Some(&index.index)], &[]),
            Self::Str(_) | Self::Number(_) | Self::Name(_) | Self::Missing(_) => ([None, None], &[]),
        };
        first.into_iter().flatten().chain(rest)
    }

    /// The value, if this is a string.
    pub fn as_str(&self) -> Option<&str> {
        match self {
            Self::Str(str) => Some(&str.value),
            _ => None,
        }
    }

    /// The call, if this is one.
    pub fn as_call(&self) -> Option<&Call<'a>> {
        match self {
            Self::Call(call) => Some(call),
            _ => None,
        }
    }

    /// The child at an offset: the last one, so that between two that touch the one just begun is meant, unless it is a gap.
    fn child_at(&self, offset: TextSize) -> Option<&Self> {
        let touches = |child: &&Self| child.range().contains_inclusive(offset);
        self.children()
            .rfind(|child| touches(child) && !matches!(child, Self::Missing(_)))
            .or_else(|| self.children().find(touches))
    }
}

/// Writes the expression without the outer brackets, with one space behind each comma; gaps are left out.
impl fmt::Display for Expr<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Str(str) => write!(f, "'{}'", str.value.replace('\'', "''")),
            Self::Number(number) => f.write_str(number.text),
            Self::Name(name) => f.write_str(name.text),
            Self::Call(call) => {
                if let Some(namespace) = call.namespace {
                    write!(f, "{}.", namespace.text)?;
                }
                write!(f, "{}(", call.name.text)?;
                for (index, argument) in call.args.iter().enumerate() {
                    if index > 0 {
                        f.write_str(", ")?;
                    }
                    write!(f, "{argument}")?;
                }
                f.write_str(")")
            }
            Self::Member(member) => write!(f, "{}.{}", member.base, member.name.text),
            Self::Index(index) => write!(f, "{}[{}]", index.base, index.index),
            Self::Missing(_) => Ok(()),
        }
    }
}
