//! Scripts in strings and comments of templates.

use tree_sitter::Node;

use text_size::{TextRange, TextSize};

use super::{Builder, Encoding, Fragment, Origin, calls_az, calls_of_az};
use crate::shell::Shell;
use crate::text::Language;
use crate::tree::{SyntaxTree, range_of};
use crate::{arm_expr, bicep, json};

/// The strings and comments of a template that call `az`, in the order of the text. All are taken for bash; what a template
/// says of a script's language its reader has to see to.
pub fn in_tree(tree: &SyntaxTree) -> Vec<Fragment> {
    let source = tree.source();
    let mut found: Vec<Fragment> = Vec::new();
    let mut done = 0;
    for at in calls_of_az(source) {
        if at < done {
            continue;
        }
        let Some(node) = tree.root().descendant_for_byte_range(at, at + 2) else { continue };
        if node.is_extra() {
            let (fragment, end) = comments(source, node);
            done = end;
            found.push(fragment);
            continue;
        }
        let Some(literal) = around(node, tree) else { continue };
        done = usize::from(literal.range().end());
        match literal {
            Literal::Bicep(string) => found.push(bicep_string(string, source)),
            Literal::Json(string) => json_string(string, source, &mut found),
        }
    }
    found.retain(|fragment| calls_az(&fragment.text));
    found
}

/// A string of a template.
enum Literal<'t> {
    Bicep(bicep::Str<'t>),
    Json(json::Str<'t>),
}

impl Literal<'_> {
    fn range(&self) -> TextRange {
        match self {
            Self::Bicep(string) => string.range(),
            Self::Json(string) => string.range(),
        }
    }
}

/// The innermost string that a node is in.
fn around<'t>(node: Node<'t>, tree: &'t SyntaxTree) -> Option<Literal<'t>> {
    let mut next = Some(node);
    while let Some(node) = next {
        let literal = match tree.language() {
            Language::Json => json::Value::cast(node, tree.source()).and_then(json::Value::as_str).map(Literal::Json),
            Language::Bicep | Language::BicepParam => bicep::Str::cast(node, tree.source()).map(Literal::Bicep),
        };
        if literal.is_some() {
            return literal;
        }
        next = node.parent();
    }
    None
}

fn bicep_string(string: bicep::Str<'_>, source: &str) -> Fragment {
    let mut builder = Builder::new(if string.is_multiline() { Encoding::Bare } else { Encoding::Bicep });
    string.for_each_segment(|segment| match segment {
        bicep::Segment::Verbatim { range, .. } => builder.verbatim(source, range.start().into(), range.end().into()),
        bicep::Segment::Escape { range, character } => {
            builder.decoded(character.encode_utf8(&mut [0; 4]), range.start().into(), range.end().into());
        }
        bicep::Segment::Hole { range, .. } => builder.hole(range),
    });
    builder.finish(Shell::Bash, Origin::Value)
}

fn json_string(string: json::Str<'_>, source: &str, found: &mut Vec<Fragment>) {
    let (text, map) = string.decode();
    if arm_expr::is_expression(&text) {
        if let Some(root) = arm_expr::parse(&text).root {
            let place = |range: TextRange| map.to_source(range).unwrap_or(TextRange::empty(string.range().start()));
            let arm = Arm { text: &text, source, place: &place };
            arm.scripts(&root, found);
        }
        return;
    }
    let inner = string.inner_range();
    let mut builder = Builder::new(Encoding::Json);
    // `[[` stands for `[`.
    let skip = text.len() - arm_expr::literal(&text).len();
    add_mapped(&mut builder, source, &text, skip, text.len(), &|range| map.to_source(range).unwrap_or(inner));
    found.push(builder.finish(Shell::Bash, Origin::Value));
}

/// Adds `text[from..to]` of a decoded text: runs that stand as they are, and the escapes between them.
fn add_mapped(
    builder: &mut Builder,
    source: &str,
    text: &str,
    from: usize,
    to: usize,
    place: &dyn Fn(TextRange) -> TextRange,
) {
    for (at, character) in text[from..to].char_indices() {
        let at = from + at;
        let range = TextRange::at(super::size(at), TextSize::of(character));
        let written = place(range);
        let (start, end) = (usize::from(written.start()), usize::from(written.end()));
        if source[start..end] == text[at..at + character.len_utf8()] {
            builder.verbatim(source, start, end);
        } else {
            builder.decoded(&text[at..at + character.len_utf8()], start, end);
        }
    }
}

/// An expression in a JSON string.
struct Arm<'a> {
    /// What was parsed.
    text: &'a str,
    source: &'a str,
    /// From there to the document.
    place: &'a dyn Fn(TextRange) -> TextRange,
}

impl Arm<'_> {
    /// The scripts among the texts that an expression is made of.
    fn scripts(&self, expr: &arm_expr::Expr<'_>, found: &mut Vec<Fragment>) {
        let joins = |call: &arm_expr::Call<'_>| call.is("concat") || call.is("format");
        match expr {
            arm_expr::Expr::Str(_) => {
                let mut builder = Builder::new(Encoding::ArmLiteral);
                self.text_of(expr, &mut builder);
                found.push(builder.finish(Shell::Bash, Origin::Value));
            }
            arm_expr::Expr::Call(call) if joins(call) => {
                let mut builder = Builder::new(Encoding::ArmLiteral);
                self.text_of(expr, &mut builder);
                found.push(builder.finish(Shell::Bash, Origin::Value));
            }
            arm_expr::Expr::Call(call) => call.args.iter().for_each(|argument| self.scripts(argument, found)),
            arm_expr::Expr::Member(member) => self.scripts(&member.base, found),
            arm_expr::Expr::Index(index) => self.scripts(&index.base, found),
            _ => {}
        }
    }

    fn text_of(&self, expr: &arm_expr::Expr<'_>, builder: &mut Builder) {
        match expr {
            arm_expr::Expr::Str(string) => self.literal(string, None, builder),
            arm_expr::Expr::Call(call) if call.is("concat") => {
                call.args.iter().for_each(|argument| self.text_of(argument, builder));
            }
            arm_expr::Expr::Call(call) if call.is("format") => match call.args.split_first() {
                Some((arm_expr::Expr::Str(pattern), arguments)) => self.literal(pattern, Some(arguments), builder),
                _ => builder.hole((self.place)(expr.range())),
            },
            other => builder.hole((self.place)(other.range())),
        }
    }

    /// A literal; of a pattern for `format` with its `{0}` and `{{`.
    fn literal(&self, string: &arm_expr::Str<'_>, arguments: Option<&[arm_expr::Expr<'_>]>, builder: &mut Builder) {
        let inner = string.content_range();
        let (start, end) = (usize::from(inner.start()), usize::from(inner.end()));
        let mut at = start;
        while at < end {
            let rest = &self.text[at..end];
            let range = |len: usize| (self.place)(TextRange::new(super::size(at), super::size(at + len)));
            let special = match rest.as_bytes() {
                [b'\'', b'\'', ..] => Some(("'", 2)),
                [b'{', b'{', ..] if arguments.is_some() => Some(("{", 2)),
                [b'}', b'}', ..] if arguments.is_some() => Some(("}", 2)),
                _ => None,
            };
            if let Some((decoded, len)) = special {
                let written = range(len);
                builder.decoded(decoded, written.start().into(), written.end().into());
                at += len;
                continue;
            }
            if arguments.is_some()
                && rest.starts_with('{')
                && let Some(close) = rest.find('}')
            {
                builder.hole(range(close + 1));
                at += close + 1;
                continue;
            }
            let len = rest.chars().next().map_or(1, char::len_utf8);
            add_mapped(builder, self.source, self.text, at, at + len, self.place);
            at += len;
        }
    }
}

/// The text of a comment and of the line comments right behind it, and where the last one ends.
fn comments(source: &str, node: Node<'_>) -> (Fragment, usize) {
    let mut builder = Builder::new(Encoding::Bare);
    let range = range_of(node);
    let (start, end) = (usize::from(range.start()), usize::from(range.end()));
    if source[start..].starts_with("/*") {
        let close = if source[start..end].ends_with("*/") { end - 2 } else { end };
        builder.verbatim(source, start + 2, close.max(start + 2));
        return (builder.finish(Shell::Bash, Origin::Comment), end);
    }
    let mut from = start + source[start..end].bytes().take_while(|&byte| byte == b'/').count();
    let mut to = end;
    loop {
        let full = source[to..].find('\n').map_or(source.len(), |len| to + len + 1);
        builder.verbatim(source, from, full);
        let next = source[full..].trim_start_matches([' ', '\t']);
        if !next.starts_with("//") || full >= source.len() {
            return (builder.finish(Shell::Bash, Origin::Comment), full);
        }
        let slashes = next.bytes().take_while(|&byte| byte == b'/').count();
        from = source.len() - next.len() + slashes;
        to = from;
    }
}
