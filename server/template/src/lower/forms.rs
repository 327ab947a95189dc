//! The canonical forms that both languages share: texts with holes, operators, functions that have a form of their own.

use text_size::{TextRange, TextSize};

use crate::Name;
use crate::expr::{BinaryOp, Call, Expr, ExprId, Exprs, Opaque, Ref, Segment, UnaryOp};

/// More operands than this of one `and()`, `or()` or `coalesce()` are left a call: each one would nest a level deeper.
const MAX_OPERANDS: usize = 64;

/// A lowered expression that is not part of the template yet, so that the one around it can still take it apart.
#[derive(Debug)]
pub(super) struct Draft {
    pub(super) expr: Expr,
    pub(super) range: TextRange,
    /// Of a text without its quotes, of everything else the same as `range`.
    pub(super) inner: TextRange,
    /// See [`Exprs::add_embedded`].
    pub(super) embedded: bool,
}

impl Draft {
    pub(super) fn new(expr: Expr, range: TextRange, embedded: bool) -> Self {
        Self { expr, range, inner: range, embedded }
    }

    pub(super) fn syntax_error(range: TextRange, embedded: bool) -> Self {
        Self::new(Expr::Opaque(Opaque::SyntaxError), range, embedded)
    }

    pub(super) fn as_str(&self) -> Option<&str> {
        match &self.expr {
            Expr::Str(text) => Some(text),
            _ => None,
        }
    }

    /// Makes it part of the template.
    pub(super) fn add_to(self, exprs: &mut Exprs) -> ExprId {
        if self.embedded { exprs.add_embedded(self.expr, self.range) } else { exprs.add(self.expr, self.range) }
    }
}

/// Makes drafts part of the template, in order.
pub(super) fn add_all(exprs: &mut Exprs, drafts: Vec<Draft>) -> Box<[ExprId]> {
    drafts.into_iter().map(|draft| draft.add_to(exprs)).collect()
}

/// Puts a text with holes together: texts that meet are one, a text with holes inside a hole becomes part of the whole.
#[derive(Default)]
pub(super) struct Text {
    segments: Vec<Segment>,
}

impl Text {
    pub(super) fn push_str(&mut self, text: &str) {
        if text.is_empty() {
            return;
        }
        if let Some(Segment::Text(before)) = self.segments.last_mut() {
            *before = [before, text].concat().into();
        } else {
            self.segments.push(Segment::Text(text.into()));
        }
    }

    pub(super) fn push(&mut self, exprs: &mut Exprs, draft: Draft) {
        match draft.expr {
            Expr::Str(text) => self.push_str(&text),
            Expr::Interpolation(segments) => self.extend(&segments),
            _ => self.segments.push(Segment::Hole(draft.add_to(exprs))),
        }
    }

    fn extend(&mut self, segments: &[Segment]) {
        for segment in segments {
            match segment {
                Segment::Text(text) => self.push_str(text),
                Segment::Hole(id) => self.segments.push(Segment::Hole(*id)),
            }
        }
    }

    pub(super) fn finish(mut self) -> Expr {
        match self.segments.as_mut_slice() {
            [] => Expr::Str("".into()),
            [Segment::Text(text)] => Expr::Str(std::mem::take(text)),
            _ => Expr::Interpolation(self.segments.into()),
        }
    }
}

/// `base.name` where the index is a literal name, else `base[index]`.
pub(super) fn index(exprs: &mut Exprs, base: Draft, index: Draft, safe: bool, from_end: bool) -> Expr {
    let base = base.add_to(exprs);
    match index.expr {
        Expr::Str(name) if !from_end => Expr::Member { base, name: Name::from(&*name), name_range: index.inner, safe },
        _ => Expr::Index { base, index: index.add_to(exprs), safe, from_end },
    }
}

/// An operator with two operands. `toLower(a) == toLower(b)` is what `a =~ b` is compiled to.
pub(super) fn binary(exprs: &mut Exprs, op: BinaryOp, left: Draft, right: Draft) -> Expr {
    let both_lowered = |draft: &Draft| match &draft.expr {
        Expr::Call(call) if call.receiver.is_none() && call.arguments.len() == 1 && call.function == *"toLower" => {
            Some(call.arguments[0])
        }
        _ => None,
    };
    if op == BinaryOp::Equal
        && let (Some(left), Some(right)) = (both_lowered(&left), both_lowered(&right))
    {
        return Expr::Binary { op: BinaryOp::EqualIgnoreCase, left, right };
    }
    let left = left.add_to(exprs);
    Expr::Binary { op, left, right: right.add_to(exprs) }
}

/// An operator with one operand. A negated comparison is the opposite one, because ARM has no other way to say it.
pub(super) fn unary(exprs: &mut Exprs, op: UnaryOp, operand: Draft) -> Expr {
    match (op, operand.expr) {
        (UnaryOp::Not, Expr::Binary { op: BinaryOp::Equal, left, right }) => {
            Expr::Binary { op: BinaryOp::NotEqual, left, right }
        }
        (UnaryOp::Not, Expr::Binary { op: BinaryOp::EqualIgnoreCase, left, right }) => {
            Expr::Binary { op: BinaryOp::NotEqualIgnoreCase, left, right }
        }
        (UnaryOp::Minus, Expr::Int(value)) => Expr::Int(value.wrapping_neg()),
        (_, expr) => Expr::Unary { op, operand: Draft { expr, ..operand }.add_to(exprs) },
    }
}

/// `op(a, b, c, …)` as `a op b op c …`. Gives the operands back when there are none or too many.
pub(super) fn chain(
    exprs: &mut Exprs,
    op: BinaryOp,
    operands: Vec<Draft>,
    range: TextRange,
) -> Result<Draft, Vec<Draft>> {
    if operands.is_empty() || operands.len() > MAX_OPERANDS {
        return Err(operands);
    }
    let mut operands = operands.into_iter();
    let first = operands.next().expect("the list is not empty");
    Ok(operands.fold(first, |left, right| Draft::new(binary(exprs, op, left, right), range, true)))
}

/// How and where a function is called.
pub(super) struct CallSite<'a> {
    pub(super) function: &'a str,
    pub(super) function_range: TextRange,
    pub(super) range: TextRange,
    pub(super) embedded: bool,
}

impl CallSite<'_> {
    pub(super) fn draft(&self, expr: Expr) -> Draft {
        Draft::new(expr, self.range, self.embedded)
    }

    /// The call as it stands.
    pub(super) fn plain(&self, exprs: &mut Exprs, arguments: Vec<Draft>, receiver: Option<ExprId>) -> Draft {
        self.draft(Expr::Call(Box::new(Call {
            function: Name::from(self.function),
            function_range: self.function_range,
            arguments: add_all(exprs, arguments),
            receiver,
        })))
    }
}

/// A call of a function that both languages have.
pub(super) fn call(exprs: &mut Exprs, site: &CallSite<'_>, mut arguments: Vec<Draft>) -> Draft {
    let is = |name: &str| site.function.eq_ignore_ascii_case(name);
    if is("any") && arguments.len() == 1 {
        let argument = arguments.swap_remove(0);
        return Draft { embedded: site.embedded, ..argument };
    }
    if is("concat") && arguments.iter().any(|argument| is_text(exprs, &argument.expr)) {
        let mut text = Text::default();
        for argument in arguments {
            text.push(exprs, argument);
        }
        return site.draft(text.finish());
    }
    if is("format")
        && let Some(parts) = arguments.first().and_then(Draft::as_str).and_then(parse_format)
        && (0..arguments.len() - 1).all(|index| parts.contains(&FormatPart::Argument(index)))
        && parts.iter().all(|part| !matches!(part, FormatPart::Argument(index) if index + 1 >= arguments.len()))
    {
        let values: Vec<Text> = arguments
            .into_iter()
            .skip(1)
            .map(|argument| {
                let mut text = Text::default();
                text.push(exprs, argument);
                text
            })
            .collect();
        let mut text = Text::default();
        for part in &parts {
            match part {
                FormatPart::Text(literal) => text.push_str(literal),
                FormatPart::Argument(index) => text.extend(&values[*index].segments),
            }
        }
        return site.draft(text.finish());
    }
    site.plain(exprs, arguments, None)
}

#[derive(PartialEq, Eq)]
enum FormatPart {
    Text(String),
    Argument(usize),
}

/// The parts of a format string, unless it says how a value is to look (`{0:N2}`) or is broken.
fn parse_format(pattern: &str) -> Option<Vec<FormatPart>> {
    let mut parts = Vec::new();
    let mut text = String::new();
    let mut rest = pattern;
    while let Some(brace) = rest.find(['{', '}']) {
        text.push_str(&rest[..brace]);
        let doubled = &rest[brace..=brace];
        rest = &rest[brace + 1..];
        if let Some(after) = rest.strip_prefix(doubled) {
            text.push_str(doubled);
            rest = after;
            continue;
        }
        let (number, after) = rest.split_once('}').filter(|_| doubled == "{")?;
        let is_number = !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit());
        let index = number.parse().ok().filter(|_| is_number)?;
        parts.push(FormatPart::Text(std::mem::take(&mut text)));
        parts.push(FormatPart::Argument(index));
        rest = after;
    }
    text.push_str(rest);
    parts.push(FormatPart::Text(text));
    Some(parts)
}

/// Whether the value can only be a text, so that `concat` of it joins texts and not arrays.
fn is_text(exprs: &Exprs, expr: &Expr) -> bool {
    const TEXT_FUNCTIONS: [&str; 20] = [
        "base64",
        "extensionResourceId",
        "format",
        "guid",
        "join",
        "managementGroupResourceId",
        "newGuid",
        "padLeft",
        "replace",
        "resourceId",
        "string",
        "subscriptionResourceId",
        "substring",
        "tenantResourceId",
        "toLower",
        "toUpper",
        "trim",
        "uniqueString",
        "uri",
        "utcNow",
    ];
    match expr {
        Expr::Str(_) | Expr::Interpolation(_) => true,
        Expr::Call(call) => call.receiver.is_none() && TEXT_FUNCTIONS.iter().any(|name| call.function == **name),
        Expr::Conditional { consequence, alternative, .. } => {
            [consequence, alternative].iter().any(|&&id| matches!(exprs.get(id), Expr::Str(_) | Expr::Interpolation(_)))
        }
        _ => false,
    }
}

/// `range(0, count)`: what a `copy` with that count runs over.
pub(super) fn counted(exprs: &mut Exprs, count: Draft) -> ExprId {
    let range = count.range;
    let zero = exprs.add_embedded(Expr::Int(0), TextRange::empty(range.start()));
    let count = count.add_to(exprs);
    let call =
        Call { function: Name::from("range"), function_range: range, arguments: [zero, count].into(), receiver: None };
    exprs.add(Expr::Call(Box::new(call)), range)
}

/// A reference to a local name.
pub(super) fn local(name: &Name) -> Expr {
    Expr::Ref(Ref::Local(name.clone()))
}

/// A range without a quote at each end.
pub(super) fn without_quotes(range: TextRange) -> TextRange {
    let quote = TextSize::of('"');
    if range.len() < quote + quote { range } else { TextRange::new(range.start() + quote, range.end() - quote) }
}
