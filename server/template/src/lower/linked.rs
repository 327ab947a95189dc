//! The files that templates link to relative to themselves: `uri(deployment().properties.templateLink.uri, 'nested/a.json')`.

use crate::Name;
use crate::Template;
use crate::expr::{Expr, ExprId, Ref, Segment};

/// How many variables and calls may stand between a link and what it is made of.
const MAX_DEPTH: u32 = 16;

/// A URI that is known relative to the template.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Uri {
    /// Of the template itself.
    Own,
    /// Of something in its folder, as far as it is known.
    Beside(Text),
}

/// The beginning of a text.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Text {
    known: String,
    /// Whether nothing comes after it.
    is_whole: bool,
}

/// The path that a URI leads to, relative to the template; `None` when it leads elsewhere or nobody knows where. What comes
/// after the name of a file does not matter: it is the token of a storage account.
pub(super) fn path(template: &Template, uri: ExprId) -> Option<String> {
    let Uri::Beside(found) = uri_of(template, uri, 0)? else { return None };
    let path = found.known.split('?').next().unwrap_or_default();
    let path = path.strip_prefix("./").unwrap_or(path);
    let is_file = path.len() > ".json".len() && path.to_ascii_lowercase().ends_with(".json");
    (is_file && !path.starts_with('/') && !path.contains("://")).then(|| path.to_owned())
}

fn uri_of(template: &Template, expr: ExprId, depth: u32) -> Option<Uri> {
    if depth == MAX_DEPTH {
        return None;
    }
    let deeper = |expr| uri_of(template, expr, depth + 1);
    match template.expr(expr) {
        Expr::Member { base, name, .. } if *name == *"uri" => is_own_link(template, *base).then_some(Uri::Own),
        // Where the files of a template are copied to is what it is given; they are the same files.
        Expr::Ref(Ref::Parameter(name)) => deeper(parameter_default(template, name)?),
        Expr::Ref(Ref::Variable(name)) => deeper(variable(template, name)?),
        Expr::Call(call) if call.function == *"uri" => {
            let &[base, relative] = &*call.arguments else { return None };
            let relative = text_of(template, relative, depth + 1)?;
            let folder = match deeper(base)? {
                Uri::Own => String::new(),
                Uri::Beside(base) if base.is_whole => {
                    base.known.rfind('/').map_or_else(String::new, |slash| base.known[..=slash].to_owned())
                }
                Uri::Beside(_) => return None,
            };
            let known = if relative.known == "." { folder } else { folder + &relative.known };
            Some(Uri::Beside(Text { known, ..relative }))
        }
        Expr::Call(call) if call.function == *"replace" => {
            let &[base, from, to] = &*call.arguments else { return None };
            let is_name = matches!(template.expr(from), Expr::Str(name) if name.ends_with(".json"));
            (is_name && deeper(base)? == Uri::Own).then_some(())?;
            Some(Uri::Beside(text_of(template, to, depth + 1)?))
        }
        Expr::Call(call) if call.function == *"concat" => {
            let (&first, rest) = call.arguments.split_first()?;
            joined(deeper(first)?, rest.iter().map(|&part| text_of(template, part, depth + 1)))
        }
        Expr::Interpolation(segments) => {
            let Some((Segment::Hole(first), rest)) = segments.split_first() else { return None };
            joined(deeper(*first)?, rest.iter().map(|part| segment(template, part, depth)))
        }
        _ => None,
    }
}

/// A folder and what is written behind it. Behind the name of a file nothing leads anywhere.
fn joined(base: Uri, rest: impl Iterator<Item = Option<Text>>) -> Option<Uri> {
    let Uri::Beside(mut found) = base else { return None };
    for part in rest {
        found.add(part);
    }
    Some(Uri::Beside(found))
}

impl Text {
    fn add(&mut self, more: Option<Self>) {
        if !self.is_whole {
            return;
        }
        match more {
            Some(more) => {
                self.known += &more.known;
                self.is_whole = more.is_whole;
            }
            None => self.is_whole = false,
        }
    }
}

/// Whether that is `deployment().properties.templateLink`.
fn is_own_link(template: &Template, expr: ExprId) -> bool {
    let Expr::Member { base, name, .. } = template.expr(expr) else { return false };
    let Expr::Member { base, name: properties, .. } = template.expr(*base) else { return false };
    let is_deployment = matches!(template.expr(*base), Expr::Call(call) if call.function == *"deployment");
    *name == *"templateLink" && *properties == *"properties" && is_deployment
}

/// What a text begins with; `None` when nothing of it is known. A parameter may be anything.
fn text_of(template: &Template, expr: ExprId, depth: u32) -> Option<Text> {
    if depth == MAX_DEPTH {
        return None;
    }
    let mut found = Text { known: String::new(), is_whole: true };
    match template.expr(expr) {
        Expr::Str(text) => found.known = text.to_string(),
        Expr::Ref(Ref::Variable(name)) => return text_of(template, variable(template, name)?, depth + 1),
        Expr::Call(call) if call.function == *"concat" => {
            call.arguments.iter().for_each(|&part| found.add(text_of(template, part, depth + 1)));
        }
        Expr::Interpolation(segments) => {
            segments.iter().for_each(|part| found.add(segment(template, part, depth)));
        }
        _ => return None,
    }
    Some(found)
}

fn segment(template: &Template, part: &Segment, depth: u32) -> Option<Text> {
    match part {
        Segment::Text(text) => Some(Text { known: text.to_string(), is_whole: true }),
        Segment::Hole(expr) => text_of(template, *expr, depth + 1),
    }
}

fn parameter_default(template: &Template, name: &Name) -> Option<ExprId> {
    template.parameters.iter().find(|parameter| parameter.name == *name)?.default
}

fn variable(template: &Template, name: &Name) -> Option<ExprId> {
    template.variables.iter().find(|variable| variable.name == *name).map(|variable| variable.value)
}
