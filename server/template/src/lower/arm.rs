//! Lowering of the expressions in the strings of ARM JSON.

use syntax::SyntaxError;
use syntax::arm_expr;
use text_size::{TextRange, TextSize};

use super::forms::{self, CallSite, Draft};
use super::literal;
use crate::Name;
use crate::expr::{BinaryOp, Expr, Exprs, Item, Member, Object, ObjectForm, Opaque, Property, Ref, UnaryOp};

/// What names mean where an expression stands.
#[derive(Clone, Debug, Default)]
pub(super) struct Scope {
    /// The names of the `copy` loops around it, the innermost last.
    pub(super) loops: Vec<Name>,
    /// The loop of the resource around it, which is the one that `copyIndex()` without a name means.
    pub(super) resource_loop: Option<Name>,
    /// The parameters of the user-defined function it is the body of.
    pub(super) function_parameters: Vec<Name>,
}

/// One `[…]` string.
pub(super) struct Arm<'a> {
    pub(super) exprs: &'a mut Exprs,
    pub(super) scope: &'a Scope,
    /// What the parser said of it, to be found in the text that was parsed.
    pub(super) errors: &'a [SyntaxError],
    /// From the text that was parsed to the document.
    pub(super) place: &'a dyn Fn(TextRange) -> TextRange,
}

impl Arm<'_> {
    /// Lowers the whole string; `literal` is where it is written, with its quotes.
    pub(super) fn root(&mut self, root: &arm_expr::Expr<'_>, literal: TextRange) -> Draft {
        let draft = self.expr(root);
        // Anything outside of the tree makes the whole string wrong, not a part of it.
        if self.errors.iter().any(|error| !root.range().contains_range(error.range)) {
            draft.add_to(self.exprs);
            return Draft::syntax_error(literal, false);
        }
        Draft { range: literal, embedded: false, ..draft }
    }

    /// Recurses as deep as the parser lets the tree be, [`arm_expr::MAX_DEPTH`].
    fn expr(&mut self, expr: &arm_expr::Expr<'_>) -> Draft {
        use arm_expr::Expr as Arm;
        let range = (self.place)(expr.range());
        let draft = match expr {
            Arm::Str(str) => {
                if !str.closed {
                    return Draft::syntax_error(range, true);
                }
                let inner = (self.place)(str.content_range());
                Draft { inner, ..Draft::new(Expr::Str(str.value.as_ref().into()), range, true) }
            }
            Arm::Number(number) => {
                Draft::new(number.as_int().map_or(Expr::Opaque(Opaque::Unsupported), Expr::Int), range, true)
            }
            Arm::Name(_) | Arm::Missing(_) => Draft::syntax_error(range, true),
            Arm::Call(call) => self.call(call, range),
            Arm::Member(member) => {
                let base = self.expr(&member.base).add_to(self.exprs);
                if member.name.text.is_empty() {
                    return Draft::syntax_error(range, true);
                }
                let name_range = (self.place)(member.name.range);
                Draft::new(
                    Expr::Member { base, name: Name::from(member.name.text), name_range, safe: false },
                    range,
                    true,
                )
            }
            Arm::Index(index) => {
                let base = self.expr(&index.base);
                let at = self.expr(&index.index);
                let lowered = forms::index(self.exprs, base, at, false, false);
                let draft = Draft::new(lowered, range, true);
                if index.closed {
                    draft
                } else {
                    draft.add_to(self.exprs);
                    Draft::syntax_error(range, true)
                }
            }
        };
        if self.is_broken(expr) {
            draft.add_to(self.exprs);
            return Draft::syntax_error(range, true);
        }
        draft
    }

    /// Whether something is wrong with the expression itself, not with a part of it.
    fn is_broken(&self, expr: &arm_expr::Expr<'_>) -> bool {
        self.errors.iter().any(|error| {
            !error.range.is_empty()
                && expr.range().contains_range(error.range)
                && !expr.children().any(|child| child.range().contains_range(error.range))
        })
    }

    fn call(&mut self, call: &arm_expr::Call<'_>, range: TextRange) -> Draft {
        let function_range = (self.place)(call.name_range());
        if call.is("json")
            && call.closed
            && let [arm_expr::Expr::Str(text)] = call.args.as_slice()
            && text.closed
        {
            return self.json(text, range);
        }
        let arguments: Vec<Draft> = call.args.iter().map(|argument| self.expr(argument)).collect();
        if !call.closed || call.name.text.is_empty() {
            forms::add_all(self.exprs, arguments);
            return Draft::syntax_error(range, true);
        }
        if let Some(namespace) = call.namespace {
            let function = format!("{}.{}", namespace.text, call.name.text);
            return CallSite { function: &function, function_range, range, embedded: true }
                .plain(self.exprs, arguments, None);
        }
        let site = CallSite { function: call.name.text, function_range, range, embedded: true };
        match self.special(&site, arguments) {
            Ok(draft) => draft,
            Err(arguments) => forms::call(self.exprs, &site, arguments),
        }
    }

    /// Functions that have a form of their own in ARM alone. Gives the arguments back where there is none, or where they
    /// are not what the function takes.
    fn special(&mut self, site: &CallSite<'_>, arguments: Vec<Draft>) -> Result<Draft, Vec<Draft>> {
        let mut buffer = [0; 24];
        let Some(name) = buffer.get_mut(..site.function.len()) else { return Err(arguments) };
        name.copy_from_slice(site.function.as_bytes());
        name.make_ascii_lowercase();
        let name: &[u8] = name;
        match name {
            b"and" => return forms::chain(self.exprs, BinaryOp::And, arguments, site.range),
            b"or" => return forms::chain(self.exprs, BinaryOp::Or, arguments, site.range),
            b"coalesce" => return forms::chain(self.exprs, BinaryOp::Coalesce, arguments, site.range),
            b"createobject" => return self.create_object(site, arguments),
            b"createarray" => {
                let items = forms::add_all(self.exprs, arguments).iter().map(|&id| Item::Value(id)).collect();
                return Ok(site.draft(Expr::Array(items)));
            }
            b"copyindex" => return self.copy_index(site, arguments),
            b"lambda" => return self.lambda(site, arguments),
            b"tryget" => return self.try_get(site, arguments),
            _ => {}
        }
        let expr = match (name, exactly::<0>(arguments)) {
            (b"null", Ok([])) => Expr::Null,
            (b"true", Ok([])) => Expr::Bool(true),
            (b"false", Ok([])) => Expr::Bool(false),
            (_, Ok([])) => return Err(Vec::new()),
            (_, Err(arguments)) => match (name, exactly::<1>(arguments)) {
                (b"not", Ok([operand])) => forms::unary(self.exprs, UnaryOp::Not, operand),
                (b"parameters", Ok([Draft { expr: Expr::Str(name), .. }])) => {
                    let name = Name::from(&*name);
                    let is_local = self.scope.function_parameters.contains(&name);
                    Expr::Ref(if is_local { Ref::Local(name) } else { Ref::Parameter(name) })
                }
                (b"variables", Ok([Draft { expr: Expr::Str(name), .. }])) => {
                    Expr::Ref(Ref::Variable(Name::from(&*name)))
                }
                (b"lambdavariables", Ok([Draft { expr: Expr::Str(name), .. }])) => {
                    Expr::Ref(Ref::Local(Name::from(&*name)))
                }
                (_, Ok([argument])) => return Err(vec![argument]),
                (_, Err(arguments)) => return self.special_of_more(name, site, arguments),
            },
        };
        Ok(site.draft(expr))
    }

    fn special_of_more(
        &mut self,
        name: &[u8],
        site: &CallSite<'_>,
        arguments: Vec<Draft>,
    ) -> Result<Draft, Vec<Draft>> {
        if name == b"if" && matches!(arguments.len(), 2 | 3) {
            let end = TextRange::empty(site.range.end());
            let ids = forms::add_all(self.exprs, arguments);
            let alternative = ids.get(2).copied().unwrap_or_else(|| self.exprs.add_embedded(Expr::Null, end));
            return Ok(site.draft(Expr::Conditional { condition: ids[0], consequence: ids[1], alternative }));
        }
        let [left, right] = exactly::<2>(arguments)?;
        let op = match name {
            b"equals" => BinaryOp::Equal,
            b"less" => BinaryOp::Less,
            b"lessorequals" => BinaryOp::LessOrEqual,
            b"greater" => BinaryOp::Greater,
            b"greaterorequals" => BinaryOp::GreaterOrEqual,
            b"add" => BinaryOp::Add,
            b"sub" => BinaryOp::Subtract,
            b"mul" => BinaryOp::Multiply,
            b"div" => BinaryOp::Divide,
            b"mod" => BinaryOp::Modulo,
            b"indexfromend" => return Ok(site.draft(forms::index(self.exprs, left, right, false, true))),
            b"tryindexfromend" => return Ok(site.draft(forms::index(self.exprs, left, right, true, true))),
            _ => return Err(vec![left, right]),
        };
        Ok(site.draft(forms::binary(self.exprs, op, left, right)))
    }

    fn create_object(&mut self, site: &CallSite<'_>, arguments: Vec<Draft>) -> Result<Draft, Vec<Draft>> {
        if !arguments.len().is_multiple_of(2) {
            return Err(arguments);
        }
        let mut members = Vec::with_capacity(arguments.len() / 2);
        let mut arguments = arguments.into_iter();
        while let (Some(key), Some(value)) = (arguments.next(), arguments.next()) {
            let range = key.range.cover(value.range);
            let key = key.add_to(self.exprs);
            members.push(Member::Property(Property { key, value: value.add_to(self.exprs), range }));
        }
        Ok(site.draft(Expr::Object(Object { members: members.into(), damaged: false, form: ObjectForm::Call })))
    }

    /// `copyIndex()`, `copyIndex(offset)`, `copyIndex('loop')`, `copyIndex('loop', offset)`. Outside of a loop it stays a
    /// call: which one was meant is not known.
    fn copy_index(&mut self, site: &CallSite<'_>, arguments: Vec<Draft>) -> Result<Draft, Vec<Draft>> {
        let named = arguments.first().and_then(Draft::as_str).map(Name::from);
        let index = match &named {
            Some(name) => self.scope.loops.iter().rfind(|candidate| *candidate == name),
            None => self.scope.resource_loop.as_ref().or(self.scope.loops.last()),
        };
        let Some(index) = index.filter(|_| arguments.len() <= 1 + usize::from(named.is_some())) else {
            return Err(arguments);
        };
        let index = site.draft(forms::local(index));
        match arguments.into_iter().nth(usize::from(named.is_some())) {
            None | Some(Draft { expr: Expr::Int(0), .. }) => Ok(index),
            Some(offset) => {
                Ok(site.draft(forms::binary(self.exprs, BinaryOp::Add, Draft { embedded: true, ..index }, offset)))
            }
        }
    }

    fn lambda(&mut self, site: &CallSite<'_>, mut arguments: Vec<Draft>) -> Result<Draft, Vec<Draft>> {
        let Some(body) = arguments.pop() else { return Err(arguments) };
        if arguments.iter().any(|argument| argument.as_str().is_none()) {
            arguments.push(body);
            return Err(arguments);
        }
        let parameters = arguments.iter().filter_map(Draft::as_str).map(Name::from).collect();
        Ok(site.draft(Expr::Lambda { parameters, body: body.add_to(self.exprs) }))
    }

    /// `tryGet(base, step, …)`
    fn try_get(&mut self, site: &CallSite<'_>, arguments: Vec<Draft>) -> Result<Draft, Vec<Draft>> {
        if !(2..=16).contains(&arguments.len()) {
            return Err(arguments);
        }
        let mut arguments = arguments.into_iter();
        let base = arguments.next().expect("there are at least two");
        Ok(arguments.fold(base, |base, step| {
            let range = TextRange::new(site.range.start(), step.range.end().max(site.range.start()));
            Draft::new(forms::index(self.exprs, base, step, true, false), range, true)
        }))
        .map(|draft| Draft { range: site.range, inner: site.range, ..draft })
    }

    fn json(&mut self, text: &arm_expr::Str<'_>, range: TextRange) -> Draft {
        let content = text.content_range();
        // A doubled quote makes the value shorter than what is written: then nothing more exact than the whole is known.
        let is_verbatim = TextSize::of(text.value.as_ref()) == content.len();
        let place = self.place;
        let inside = |part: TextRange| if is_verbatim { place(part + content.start()) } else { range };
        literal::lower(self.exprs, &text.value, &inside, range)
    }
}

/// The arguments as an array, if there are that many.
fn exactly<const N: usize>(arguments: Vec<Draft>) -> Result<[Draft; N], Vec<Draft>> {
    arguments.try_into()
}
