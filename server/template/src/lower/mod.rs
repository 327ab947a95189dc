//! Lowering: from the syntax trees of both languages to the one [`Template`].
//!
//! One walk over the tree. Whatever is broken becomes [`Opaque::SyntaxError`](crate::expr::Opaque) where its value
//! would be, and leaves its neighbours alone; what lies deeper than a fixed limit counts as broken too. Which forms are
//! brought together is said in [`crate::expr`].

mod arm;
mod bicep;
mod forms;
mod json;
mod linked;
mod literal;
#[cfg(test)]
mod tests;
mod units;
mod yaml;

use syntax::bicep::TopLevel;
use syntax::{Language, SameEnds, SourceText, SyntaxError, SyntaxTree};
use text_size::TextRange;

use crate::expr::{Expr, ExprId, Member};
use crate::model::{Declaration, Variable};
use crate::{Name, Template};
use units::Old;
pub(crate) use units::Units;

/// How many levels of arrays, objects, calls and operators are followed. Expressions in the strings of ARM JSON count
/// from their own start.
const MAX_DEPTH: usize = 256;

/// Lowers a tree and says what is wrong with the text: as a document, and in the expressions in its strings. In the
/// order of the text. There is no template for JSON that is neither one nor a parameter file.
pub fn lower_with_errors(tree: &SyntaxTree) -> (Option<Template>, Vec<SyntaxError>) {
    lower_from(None, tree)
}

/// The same, given what another text of the same document was lowered to: what is written as it was there is taken over.
pub fn lower_after(before: Template, old: &SyntaxTree, tree: &SyntaxTree) -> (Option<Template>, Vec<SyntaxError>) {
    let lowered = lower_from(SameEnds::of(old, tree).map(|ends| Old::new(before, ends)), tree);
    debug_assert_eq!(
        format!("{lowered:#?}"),
        format!("{:#?}", lower_with_errors(tree)),
        "what is taken over is what lowering gives"
    );
    lowered
}

fn lower_from(old: Option<(Template, Old)>, tree: &SyntaxTree) -> (Option<Template>, Vec<SyntaxError>) {
    let (template, mut errors) = match tree.language() {
        Language::Json => {
            let errors = syntax::json::syntax_errors(tree);
            (json::lower(tree, &errors, old), errors)
        }
        Language::Bicep | Language::BicepParam => {
            let is_whole = |range| {
                let old = old.as_ref().map(|(_, old)| old);
                old.is_some_and(|old| old.find(range).is_some_and(|index| old.unit(index).is_whole))
            };
            let Some(top) = TopLevel::of(tree) else { return (None, Vec::new()) };
            let survey = syntax::bicep::survey_except(tree, &top, is_whole);
            (Some(bicep::lower(tree, &top, &survey, old)), survey.errors)
        }
    };
    if let Some(template) = &template {
        errors.extend(template.expression_errors.iter().cloned());
        errors.sort_by_key(|error| error.range.start());
    }
    (template, errors)
}

/// Lowers JSON of any kind: a template whose only variable is the whole of it.
pub(crate) fn lower_json_data(text: &SourceText) -> Option<Template> {
    json::lower_data(&syntax::parse(Language::Json, text.clone()))
}

/// Lowers YAML: a template whose only variable is the first document.
pub(crate) fn lower_yaml_data(text: &SourceText) -> Option<Template> {
    Some(yaml::lower(&syntax::carriers::data(text.as_str())?))
}

fn data_variable(value: ExprId, range: TextRange) -> Variable {
    Variable { name: Name::from(""), name_range: TextRange::empty(range.start()), value, range }
}

/// The value of a property of an object that is written out; of several the last one, which is the one that counts.
pub(crate) fn property(template: &Template, object: ExprId, name: &str) -> Option<ExprId> {
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
