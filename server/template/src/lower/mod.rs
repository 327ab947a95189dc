//! Lowering: from the syntax trees of both languages to the one [`Template`].
//!
//! One walk over the tree. Whatever is broken becomes [`Opaque::SyntaxError`](crate::expr::Opaque) where its value
//! would be, and leaves its neighbours alone; what lies deeper than a fixed limit counts as broken too. Which forms are
//! brought together is said in [`crate::expr`].

mod arm;
mod bicep;
mod forms;
mod json;
mod literal;
#[cfg(test)]
mod tests;

use syntax::{Language, SyntaxTree};

use crate::Template;
use crate::expr::{Expr, ExprId, Member};
use crate::model::Declaration;

/// How many levels of arrays, objects, calls and operators are followed. Expressions in the strings of ARM JSON count
/// from their own start.
const MAX_DEPTH: usize = 256;

/// Which objects of a tree have members that belong elsewhere, because a brace is missing or too much.
#[derive(Clone, Debug)]
pub enum Damage {
    /// Of a JSON tree.
    Json(Vec<syntax::json::Damage>),
    /// Of a Bicep tree.
    Bicep(Vec<syntax::bicep::Damage>),
}

impl Damage {
    /// Looks for it.
    pub fn of(tree: &SyntaxTree) -> Self {
        match tree.language() {
            Language::Json => Self::Json(syntax::json::brace_damage(tree)),
            Language::Bicep | Language::BicepParam => Self::Bicep(syntax::bicep::brace_damage(tree)),
        }
    }
}

/// Lowers a tree. `None` for JSON that is neither a template nor a parameter file.
pub fn lower(tree: &SyntaxTree) -> Option<Template> {
    lower_damaged(tree, &Damage::of(tree))
}

/// Like [`lower`], where the damage is known already.
pub fn lower_damaged(tree: &SyntaxTree, damage: &Damage) -> Option<Template> {
    match damage {
        Damage::Json(damage) => json::lower(tree, damage),
        Damage::Bicep(damage) => bicep::lower(tree, damage),
    }
}

/// The value of a property of an object that is written out; of several the last one, which is the one that counts.
fn property(template: &Template, object: ExprId, name: &str) -> Option<ExprId> {
    let Expr::Object(object) = template.expr(object) else { return None };
    object.members.iter().rev().find_map(|member| match member {
        Member::Property(property) => match template.expr(property.key) {
            Expr::Str(key) if key.eq_ignore_ascii_case(name) => Some(property.value),
            _ => None,
        },
        Member::Spread { .. } => None,
    })
}

/// The full type of a child of a resource, which may be written in full or without the types of its parents.
fn full_type(parent: &str, own: &str) -> Box<str> {
    let is_full = own.split('/').next().is_some_and(|provider| provider.contains('.'));
    if is_full { own.into() } else { format!("{parent}/{own}").into() }
}

/// Fills [`Template::names`].
fn index_names(template: &mut Template) {
    let mut add = |name: &crate::Name, declaration| {
        template.names.entry(name.clone()).or_insert(declaration);
    };
    for (index, parameter) in (0..).zip(&template.parameters) {
        add(&parameter.name, Declaration::Parameter(index));
    }
    for (index, variable) in (0..).zip(&template.variables) {
        add(&variable.name, Declaration::Variable(index));
    }
    // Symbols of nested resources are not known outside of the resource around them.
    for nested in [false, true] {
        for (index, resource) in (0..).zip(&template.resources) {
            if let Some(symbol) = &resource.symbol
                && resource.module.is_none()
                && resource.parent.is_some() == nested
            {
                add(&symbol.name, Declaration::Resource(index));
            }
        }
    }
    for (index, module) in (0..).zip(&template.modules) {
        if let Some(symbol) = &module.symbol {
            add(&symbol.name, Declaration::Module(index));
        }
    }
}
