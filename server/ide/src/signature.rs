//! The parameters of the function that is being called.

use syntax::TextSize;
use syntax::arm_expr;

use crate::View;
use crate::completion::context::Context;
use crate::functions::{Function, function};
use crate::scan::{FrameKind, is_word};

/// Characters that ask for a signature.
pub const TRIGGERS: [&str; 2] = ["(", ","];

/// A call that is being written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Signature {
    /// As it is called: `resourceId(type, name…)`.
    pub label: String,
    /// Markdown.
    pub documentation: String,
    /// Each parameter's place in [`Signature::label`], in bytes.
    pub parameters: Vec<(usize, usize)>,
    /// The parameter that is being written.
    pub active: Option<usize>,
}

impl View<'_> {
    /// The call around an offset.
    pub fn signature(&self, offset: TextSize) -> Option<Signature> {
        let source = self.source();
        let context = Context::new(source.text.as_str(), source.language()?, offset, source.syntax_errors.is_empty());
        let scan = &context.scan;
        if context.is_json() {
            let token = scan.token.filter(|token| token.is_string())?;
            let (text, map) = scan.decode(token);
            let parsed = arm_expr::parse(&text);
            let argument = parsed.at_offset(map.to_decoded(offset)).argument?;
            let name = &text[argument.call.name_range()];
            return match function(name, true) {
                Some(function) => Some(signature(function, argument.index)),
                None => self.own(name, argument.index),
            };
        }
        // Strings of arguments have no frames of their own; objects and arrays in them do.
        let frame = scan
            .open
            .iter()
            .rev()
            .map(|&index| &scan.frames[index])
            .find(|frame| frame.kind == FrameKind::Parentheses)?;
        let open = usize::from(frame.start);
        let word = scan.source[..open].bytes().rev().take_while(|&byte| is_word(byte)).count();
        let name = &scan.source[open - word..open];
        let before = &scan.source[open + 1..usize::from(scan.offset)];
        let arguments = crate::expressions::split_arguments(&format!("{before} "));
        let active = arguments.len().saturating_sub(1);
        match function(name, false) {
            Some(function) => Some(signature(function, active)),
            None => self.own(name, active),
        }
    }

    /// The signature of a function that the file declares.
    fn own(&self, name: &str, active: usize) -> Option<Signature> {
        let function = self.template()?.functions.iter().find(|function| function.name == *name)?;
        let names: Vec<&str> = function.parameters.iter().map(template::Name::as_str).collect();
        let mut at = name.len() + 1;
        let mut parameters = Vec::new();
        for parameter in &names {
            parameters.push((at, at + parameter.len()));
            at += parameter.len() + 2;
        }
        Some(Signature {
            label: format!("{name}({})", names.join(", ")),
            documentation: "A function of this file.".to_owned(),
            active: Some(active).filter(|active| *active < parameters.len()),
            parameters,
        })
    }
}

fn signature(function: &Function, active: usize) -> Signature {
    let mut at = function.name.len() + 1;
    let mut parameters = Vec::new();
    for parameter in function.parameters {
        parameters.push((at, at + parameter.len()));
        at += parameter.len() + 2;
    }
    let last = parameters.len().checked_sub(1);
    let repeats = function.parameters.last().is_some_and(|parameter| parameter.ends_with('…'));
    let active = match last {
        Some(last) if active > last => repeats.then_some(last),
        Some(_) => Some(active),
        None => None,
    };
    Signature { label: function.call(), documentation: function.doc.to_owned(), parameters, active }
}
