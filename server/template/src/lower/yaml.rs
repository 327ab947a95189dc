//! Lowering of YAML that a template loads.

use syntax::Language;
use syntax::carriers::{Data, DataKind};

use super::data_variable;
use crate::Template;
use crate::expr::{Expr, ExprId, Exprs, Item, Member, Object, ObjectForm, Opaque, Property};
use crate::model::TemplateKind;

/// Lowers a document. It is read as far as it goes: what an object seems to lack may be there all the same.
pub(super) fn lower(document: &Data<'_>) -> Template {
    let mut template = Template::new(Language::Json, TemplateKind::Parameters);
    let value = add(&mut template.exprs, document);
    template.variables.push(data_variable(value, document.range));
    template
}

fn add(exprs: &mut Exprs, data: &Data<'_>) -> ExprId {
    let expr = match &data.kind {
        DataKind::Map(pairs) => {
            let mut members = Vec::with_capacity(pairs.len());
            for (key, value) in pairs {
                let range = value.range;
                let value = add(exprs, value);
                members.push(if *key == "<<" {
                    Member::Spread { value, range }
                } else {
                    let key = exprs.add(Expr::Str((*key).into()), range);
                    Member::Property(Property { key, value, range })
                });
            }
            Expr::Object(Object { members: members.into(), damaged: true, form: ObjectForm::Braces })
        }
        DataKind::Seq(items) => Expr::Array(items.iter().map(|item| Item::Value(add(exprs, item))).collect()),
        DataKind::Text(text) => Expr::Str(text.as_str().into()),
        DataKind::Plain(text) => plain(text),
        DataKind::Empty => Expr::Null,
    };
    exprs.add(expr, data.range)
}

/// A word without quotes. What readers of YAML do not agree about is not known.
fn plain(text: &str) -> Expr {
    match text.trim() {
        "" | "~" | "null" | "Null" | "NULL" => Expr::Null,
        "true" | "True" | "TRUE" => Expr::Bool(true),
        "false" | "False" | "FALSE" => Expr::Bool(false),
        word if ["yes", "no", "on", "off", "y", "n"].iter().any(|other| word.eq_ignore_ascii_case(other)) => {
            Expr::Opaque(Opaque::Unsupported)
        }
        word if word.starts_with(['*', '&', '!', '[', '{']) => Expr::Opaque(Opaque::Unsupported),
        word => match word.parse() {
            Ok(number) => Expr::Int(number),
            Err(_) if word.parse::<f64>().is_ok() || word.starts_with("0x") || word.starts_with("0o") => {
                Expr::Opaque(Opaque::Unsupported)
            }
            Err(_) => Expr::Str(word.into()),
        },
    }
}
