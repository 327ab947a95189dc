//! Colours that an editor's own grammar cannot know: what is inside of ARM expressions, and what Bicep names stand for.

use syntax::arm_expr::{self, Expr as Arm};
use syntax::json::{self, Value};
use syntax::{Language, StringMap, TextRange};
use template::expr::{Expr, Ref};
use template::model::ModuleSource;

use crate::View;

/// A coloured range on one line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Token {
    /// In bytes.
    pub range: TextRange,
    /// What it is.
    pub kind: TokenType,
}

/// What a [`Token`] is. The number is its place in [`TokenType::ALL`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "the names say it")]
pub enum TokenType {
    Function,
    Parameter,
    Variable,
    Property,
    String,
    Number,
    Resource,
    Module,
}

impl TokenType {
    /// All of them, in the order of their numbers.
    pub const ALL: [Self; 8] = [
        Self::Function,
        Self::Parameter,
        Self::Variable,
        Self::Property,
        Self::String,
        Self::Number,
        Self::Resource,
        Self::Module,
    ];

    /// Its name among the types that editors know.
    pub fn name(self) -> &'static str {
        match self {
            Self::Function => "function",
            Self::Parameter => "parameter",
            Self::Variable => "variable",
            Self::Property => "property",
            Self::String => "string",
            Self::Number => "number",
            Self::Resource => "class",
            Self::Module => "namespace",
        }
    }
}

impl View<'_> {
    /// The tokens of the file that touch a range, in the order of the text and without overlap.
    pub fn tokens(&self, range: TextRange) -> Vec<Token> {
        let mut tokens = Vec::new();
        match self.language() {
            Some(Language::Json) => self.arm_tokens(range, &mut tokens),
            Some(Language::Bicep | Language::BicepParam) => self.bicep_tokens(range, &mut tokens),
            None => {}
        }
        tokens.retain(|token| !token.range.is_empty() && !self.slice(token.range).contains(['\n', '\r']));
        tokens.sort_by_key(|token| (token.range.start(), token.range.len()));
        tokens.dedup_by(|later, earlier| later.range.start() < earlier.range.end());
        tokens
    }

    fn arm_tokens(&self, range: TextRange, tokens: &mut Vec<Token>) {
        let Some(root) = self.source().tree().and_then(json::root) else { return };
        // Without recursion: as deep as the file likes.
        let mut open = vec![root];
        while let Some(value) = open.pop() {
            if value.range().intersect(range).is_none() {
                continue;
            }
            match value {
                Value::Object(object) => {
                    for member in object.members() {
                        string_tokens(member.key, tokens);
                        open.extend(member.value);
                    }
                }
                Value::Array(array) => open.extend(array.elements()),
                Value::String(string) => string_tokens(string, tokens),
                Value::Number(_) | Value::Bool(..) | Value::Null(_) | Value::Broken(_) => {}
            }
        }
    }

    fn bicep_tokens(&self, range: TextRange, tokens: &mut Vec<Token>) {
        let Some(template) = self.template() else { return };
        for (id, expr) in template.exprs.iter() {
            let own = template.exprs.range(id);
            if own.intersect(range).is_none() {
                continue;
            }
            let kind = match expr {
                Expr::Ref(Ref::Parameter(_)) => TokenType::Parameter,
                Expr::Ref(Ref::Variable(_) | Ref::Local(_)) => TokenType::Variable,
                Expr::Ref(Ref::Resource(_)) => TokenType::Resource,
                Expr::Ref(Ref::Module(_)) => TokenType::Module,
                Expr::Call(call) => {
                    tokens.push(Token { range: call.function_range, kind: TokenType::Function });
                    continue;
                }
                Expr::Member { name_range, .. } => {
                    tokens.push(Token { range: *name_range, kind: TokenType::Property });
                    continue;
                }
                _ => continue,
            };
            tokens.push(Token { range: own, kind });
        }
        let mut declared = |range, kind| tokens.push(Token { range, kind });
        for it in &template.parameters {
            declared(it.name_range, TokenType::Parameter);
        }
        for it in &template.assignments {
            declared(it.name.range, TokenType::Parameter);
        }
        for it in &template.variables {
            declared(it.name_range, TokenType::Variable);
        }
        for it in template.resources.iter().filter_map(|it| it.symbol.as_ref()) {
            declared(it.range, TokenType::Resource);
        }
        for it in template.modules.iter().filter(|it| !matches!(it.source, ModuleSource::Inline { .. })) {
            if let Some(symbol) = &it.symbol {
                declared(symbol.range, TokenType::Module);
            }
        }
    }
}

fn string_tokens(string: json::Str<'_>, tokens: &mut Vec<Token>) {
    if !string.raw().starts_with('[') || string.raw().starts_with("[[") {
        return;
    }
    let (text, map) = string.decode();
    let parsed = arm_expr::parse(&text);
    let mut open: Vec<&Arm<'_>> = parsed.root.iter().collect();
    while let Some(expr) = open.pop() {
        let kind = match expr {
            Arm::Str(_) => Some((expr.range(), TokenType::String)),
            Arm::Number(number) => Some((number.range, TokenType::Number)),
            Arm::Call(call) => {
                push(&map, call.name_range(), TokenType::Function, tokens);
                let kind = if call.is("parameters") {
                    TokenType::Parameter
                } else if call.is("variables") {
                    TokenType::Variable
                } else {
                    open.extend(expr.children());
                    continue;
                };
                for argument in &call.args {
                    push(&map, argument.range(), kind, tokens);
                }
                continue;
            }
            Arm::Member(member) => Some((member.name.range, TokenType::Property)),
            Arm::Name(name) => Some((name.range, TokenType::Function)),
            Arm::Index(_) | Arm::Missing(_) => None,
        };
        if let Some((range, kind)) = kind {
            push(&map, range, kind, tokens);
        }
        open.extend(expr.children());
    }
}

fn push(map: &StringMap, range: TextRange, kind: TokenType, tokens: &mut Vec<Token>) {
    tokens.extend(map.to_source(range).map(|range| Token { range, kind }));
}
