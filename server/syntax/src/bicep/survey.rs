//! One walk over a tree that finds its comments, what is missing or too much, and which objects a missing or surplus
//! brace has given the wrong members.

use std::collections::hash_map::Entry;
use std::collections::{BTreeSet, HashMap, HashSet};

use text_size::{TextRange, TextSize};
use tree_sitter::{Node, TreeCursor};

use super::TopLevel;
use super::kind::{Child, Field, Kind, children, fields, kind_of};
use crate::SyntaxError;
use crate::text::Language;
use crate::tree::{MAX_DEPTH, SyntaxTree, offset, range_of};

const TOO_DEEP: &str = "nested too deeply";

/// What one walk over a file finds.
#[derive(Clone, Debug, Default)]
pub struct Survey {
    /// What is missing or too much, in order, at most one for each line.
    pub errors: Vec<SyntaxError>,
    /// Objects and arrays whose members cannot be trusted.
    pub damage: Vec<Damage>,
    /// Comments and directives in order.
    pub comments: Vec<Comment>,
    /// The statements in which something is missing or too much, or from whose brackets that comes; one may be there
    /// twice.
    pub faulty: Vec<TextRange>,
}

/// An object (or array) that has other members than its author meant, because a bracket is missing or too much.
///
/// Members that start at `from` or later belong to an outer object; and since members of the object itself may hang
/// elsewhere, nothing can be said of what it lacks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Damage {
    /// The object as it stands in the tree.
    pub object: TextRange,
    /// Where its members end by indentation; the end of the object if all of them are its own.
    pub from: TextSize,
}

/// A comment or a directive.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Comment {
    /// All of it, `//`, `/*` or `#` included.
    pub range: TextRange,
    /// Whether it is a directive such as `#disable-next-line`.
    pub is_directive: bool,
}

/// Everything [`survey`] finds but the comments and the damage.
pub fn syntax_errors(tree: &SyntaxTree) -> Vec<SyntaxError> {
    survey(tree).errors
}

/// The objects that a missing or surplus bracket damaged. Of what [`survey`] does only this part is left out for
/// files without such a bracket, where the answer is empty.
pub fn brace_damage(tree: &SyntaxTree) -> Vec<Damage> {
    survey(tree).damage
}

/// Walks the tree once. Nothing for JSON.
pub fn survey(tree: &SyntaxTree) -> Survey {
    TopLevel::of(tree).map_or_else(Survey::default, |top| survey_except(tree, &top, |_| false))
}

/// The same without looking into the statements of which somebody knows that nothing is missing there or too much. Comments
/// in these are not found.
pub fn survey_except(tree: &SyntaxTree, top: &TopLevel<'_>, is_whole: impl Fn(TextRange) -> bool) -> Survey {
    let mut surveyor = Surveyor {
        source: tree.source(),
        is_parameter_file: tree.language() == Language::BicepParam,
        has_error: tree.root().has_error(),
        is_too_deep: false,
        faults: Vec::new(),
        fault_ranges: BTreeSet::new(),
        damaged: HashMap::new(),
        unclosed: Vec::new(),
        strays: Vec::new(),
        semicolons: Vec::new(),
        seen_around: HashSet::new(),
        lines: LineFinder::new(tree.source()),
        survey: Survey::default(),
    };
    surveyor.walk(tree, top, &is_whole);
    surveyor.match_brackets();
    surveyor.explain_strays();
    surveyor.report_semicolons();
    surveyor.finish()
}

struct Surveyor<'t> {
    source: &'t str,
    is_parameter_file: bool,
    /// Whether there is an ERROR or MISSING node at all.
    has_error: bool,
    /// Whether something was found that is nested too deeply.
    is_too_deep: bool,
    faults: Vec<SyntaxError>,
    /// Start and end of each fault, to ask for those in a statement.
    fault_ranges: BTreeSet<(TextSize, TextSize)>,
    /// Nodes that lack their closing bracket, each after the top-level statement it is in.
    unclosed: Vec<(Node<'t>, Node<'t>)>,
    /// The first of each run of leftovers at the top level, with the statement before.
    strays: Vec<(Node<'t>, Option<Node<'t>>)>,
    /// Semicolons where a line should end.
    semicolons: Vec<TextRange>,
    /// Nodes around an unclosed brace, by their identity in the tree.
    seen_around: HashSet<usize>,
    lines: LineFinder<'t>,
    /// The number of the damage to an object.
    damaged: HashMap<TextRange, usize>,
    survey: Survey,
}

/// A node whose children are being walked.
#[expect(clippy::struct_excessive_bools, reason = "they are independent")]
struct Frame<'t> {
    node: Node<'t>,
    kind: Kind,
    /// Children that are not comments.
    count: usize,
    has_colon: bool,
    has_equals: bool,
    /// Whether an ERROR or MISSING node below was found and reported.
    is_reported: bool,
    /// Whether the last property had neither value nor quotes, or only strings came since one that had not.
    is_below_bare: bool,
}

impl<'t> Frame<'t> {
    fn new(node: Node<'t>, kind: Kind) -> Self {
        Self { node, kind, count: 0, has_colon: false, has_equals: false, is_reported: false, is_below_bare: false }
    }
}

impl<'t> Surveyor<'t> {
    fn walk(&mut self, tree: &'t SyntaxTree, top: &TopLevel<'t>, is_whole: &dyn Fn(TextRange) -> bool) {
        if let Some(at) = tree.too_deep() {
            self.report_too_deep(at);
        }
        let root = tree.root();
        let mut cursor = root.walk();
        let mut stack = vec![Frame::new(root, kind_of(root))];
        let mut before_stray: Option<Node<'t>> = None;
        let mut in_strays = false;
        for &Child { node, kind, .. } in top.children() {
            let found = self.found();
            let is_stray = matches!(kind, Kind::StrayBracket | Kind::StrayProperty);
            if is_stray && !in_strays {
                self.strays.push((node, before_stray));
            } else if !is_stray && !matches!(kind, Kind::Comment | Kind::Directive) {
                before_stray = Some(node);
            }
            in_strays = is_stray || (in_strays && matches!(kind, Kind::Comment | Kind::Directive | Kind::Error));
            note_child(&mut stack, node, kind);
            if self.enter(node, kind, &mut stack) && !is_whole(range_of(node)) {
                cursor.reset(node);
                self.walk_inside(&mut cursor, kind, &mut stack);
            }
            if self.found() > found {
                self.survey.faulty.push(range_of(node));
            }
        }
        if let Some(file) = stack.pop() {
            self.leave(&file, None);
        }
        // The brackets of such a file tell nothing, and following them is expensive.
        if self.is_too_deep {
            self.unclosed.clear();
            self.faults.retain(|fault| fault.message == TOO_DEEP);
        }
    }

    /// Walks what is in the node of a cursor, which was entered: depth first, without recursion. The stack is left as it was.
    fn walk_inside(&mut self, cursor: &mut TreeCursor<'t>, kind: Kind, stack: &mut Vec<Frame<'t>>) {
        let around = stack.len();
        let mut inside = Some((cursor.node(), kind));
        loop {
            if let Some((node, kind)) = inside.take()
                && self.is_followed(node, stack.len())
                && cursor.goto_first_child()
            {
                stack.push(Frame::new(node, kind));
            } else {
                loop {
                    if stack.len() == around {
                        return;
                    }
                    if cursor.goto_next_sibling() {
                        break;
                    }
                    let Some(frame) = stack.pop() else { return };
                    cursor.goto_parent();
                    let is_reported = self.leave(&frame, stack.last());
                    if let Some(parent) = stack.last_mut() {
                        parent.is_reported |= is_reported;
                        if frame.kind == Kind::Property {
                            parent.is_below_bare = stays_below_bare(&frame, parent.is_below_bare);
                        }
                    }
                }
            }
            let node = cursor.node();
            let kind = kind_of(node);
            note_child(stack, node, kind);
            inside = self.enter(node, kind, stack).then_some((node, kind));
        }
    }

    /// Whether a node in so many others is looked into.
    fn is_followed(&mut self, node: Node<'t>, depth: usize) -> bool {
        let is_too_deep = depth >= MAX_DEPTH && node.child_count() > 0;
        if is_too_deep && !self.is_too_deep {
            self.report_too_deep(range_of(node).start());
        }
        !is_too_deep
    }

    fn report_too_deep(&mut self, at: TextSize) {
        self.is_too_deep = true;
        self.report(TextRange::empty(at), TOO_DEEP.to_owned(), None);
    }

    /// How much there is to say so far.
    fn found(&self) -> usize {
        self.faults.len() + self.unclosed.len() + self.strays.len() + self.semicolons.len()
    }

    /// What can be said of a node before its children are seen. Tells whether they have to be.
    fn enter(&mut self, node: Node<'t>, kind: Kind, stack: &mut [Frame<'t>]) -> bool {
        match kind {
            Kind::Comment | Kind::Directive => {
                let is_directive = kind == Kind::Directive;
                self.survey.comments.push(Comment { range: range_of(node), is_directive });
                return false;
            }
            Kind::Error => {
                self.report_error_node(node, stack);
                mark_reported(stack);
                return false;
            }
            Kind::MissingBracket => {
                if let (Some(parent), Some(statement)) = (stack.last(), stack.get(1)) {
                    self.unclosed.push((statement.node, parent.node));
                }
                return false;
            }
            Kind::MissingOperand => {
                let parent = stack.last().map(|parent| parent.node);
                let gap = self.gap_at(range_of(node).start());
                let before = self.word_before(gap);
                let message = match parent.map(kind_of) {
                    Some(Kind::Ternary) => format!("expected a value after `{before}` of the conditional"),
                    Some(Kind::UnionType) => "expected a type after `|`".to_owned(),
                    _ => format!("expected an expression after `{before}`"),
                };
                self.report(TextRange::empty(gap), message, None);
                return false;
            }
            Kind::MissingEnd => {
                let Some(parent) = stack.last() else { return false };
                let gap = self.gap_at(range_of(node).start());
                let start = range_of(parent.node).start();
                if parent.kind == Kind::Interpolation {
                    let opened = TextRange::at(start, 2.into());
                    self.report(
                        TextRange::empty(gap),
                        "expected `}` to end the interpolation".to_owned(),
                        Some((opened, "the interpolation starts here".to_owned())),
                    );
                } else {
                    self.report_open_string(start, gap, parent.kind == Kind::InterpolatedMultilineString);
                }
                return false;
            }
            Kind::UnterminatedString | Kind::UnterminatedMultilineString => {
                let range = range_of(node);
                let gap = self.gap_at(range.end());
                self.report_open_string(range.start(), gap, kind == Kind::UnterminatedMultilineString);
                return false;
            }
            Kind::DoubleQuotedString => {
                self.report(range_of(node), "strings are written with single quotes".to_owned(), None);
                return false;
            }
            Kind::StrayDecorators => {
                let last = children(node).last().map_or(range_of(node), |child| range_of(child.node));
                let decorator = &self.source[last];
                let decorator = decorator.lines().next().unwrap_or(decorator);
                let message = format!("expected a nested `resource` after `{decorator}`");
                self.report(TextRange::empty(last.end()), message, None);
            }
            Kind::StrayHole => {
                let text = &self.source[range_of(node)];
                if let Some(start) = text.rfind("${") {
                    let hole = &text[start..];
                    let at = TextRange::new(range_of(node).end() - TextSize::of(hole), range_of(node).end());
                    let message = format!("`{hole}` works only inside of a string, such as `'a-{hole}'`");
                    self.report(at, message, None);
                }
            }
            // explained as a run, in the light of the statement before
            Kind::StrayBracket => return false,
            Kind::StrayProperty if stack.len() == 1 => return false,
            Kind::StrayProperty => {
                let key = fields(node, [Field::Key])[0].map_or(range_of(node), range_of);
                let message = format!("expected an item of the array, found the property `{}`", &self.source[key]);
                self.report(key, message, None);
            }
            _ => {}
        }
        if self.has_error && node.is_missing() {
            mark_reported(stack);
            let gap = self.gap_at(range_of(node).start());
            let what = match kind {
                Kind::Identifier | Kind::PropertyIdentifier | Kind::TypeIdentifier => "a name".to_owned(),
                Kind::Integer => "a number".to_owned(),
                Kind::String => "a string".to_owned(),
                _ if node.is_named() => "something else".to_owned(),
                _ => format!("`{}`", node.kind()),
            };
            self.report(TextRange::empty(gap), format!("expected {what}"), None);
            return false;
        }
        !is_leaf(kind)
    }

    /// What can be said of a node once its children are seen. Tells whether an ERROR or MISSING node in it is reported.
    fn leave(&mut self, frame: &Frame<'t>, parent: Option<&Frame<'t>>) -> bool {
        let node = frame.node;
        if self.has_error && node.has_error() && !frame.is_reported {
            // What is missing has no node that a cursor sees: the end of a line.
            let gap = self.gap_at(range_of(node).end());
            self.report(TextRange::empty(gap), "expected the end of the line".to_owned(), None);
            return true;
        }
        if !frame.is_reported {
            self.check_parts(frame, parent);
        }
        frame.is_reported
    }

    /// Reports absent parts of a node without ERROR or MISSING below it.
    fn check_parts(&mut self, frame: &Frame<'t>, parent: Option<&Frame<'t>>) {
        let node = frame.node;
        let count = frame.count;
        match frame.kind {
            Kind::Property if frame.has_colon && count >= 3 => {}
            Kind::Property => self.check_property(frame, parent.is_some_and(|parent| parent.is_below_bare)),
            Kind::Member | Kind::ResourceAccess | Kind::QualifiedType if count < 3 => {
                let gap = self.gap_at(range_of(node).end());
                let sign = self.word_before(gap);
                self.report_at_end(node, format!("expected a name after `{sign}`"));
            }
            Kind::Subscript if fields(node, [Field::Index])[0].is_none() => {
                let bracket = children(node)
                    .find(|child| matches!(child.kind, Kind::OpenBracket | Kind::OpenSafeBracket))
                    .map_or(range_of(node), |child| range_of(child.node));
                self.report(TextRange::empty(bracket.end()), "expected an index in the brackets".to_owned(), None);
            }
            Kind::Ternary if count < 5 => {
                let [condition] = fields(node, [Field::Condition]);
                let started = condition.map(|node| (range_of(node), "the condition is here".to_owned()));
                let gap = self.gap_at(range_of(node).end());
                let message = "expected `:` and the value for when the condition does not hold".to_owned();
                self.report(TextRange::empty(gap), message, started);
            }
            Kind::Spread if count < 2 => self.report_at_end(node, "expected an expression after `...`".to_owned()),
            Kind::Interpolation if count < 3 => {
                let inside = range_of(node).start() + TextSize::from(2);
                self.report(TextRange::empty(inside), "expected an expression in `${}`".to_owned(), None);
            }
            Kind::Parenthesized | Kind::ParenthesizedType if count < 3 => {
                let inside = range_of(node).start() + TextSize::from(1);
                self.report(TextRange::empty(inside), "expected an expression in the parentheses".to_owned(), None);
            }
            Kind::Decorator if count < 2 => {
                self.report_at_end(node, "expected the name of a decorator after `@`".to_owned());
            }
            Kind::TypedParameter if count < 2 => {
                let message = format!("expected the type of the parameter `{}`", &self.source[range_of(node)]);
                self.report_at_end(node, message);
            }
            Kind::TypeMember => self.check_type_member(node),
            Kind::ImportItem | Kind::WildcardImport => {
                if count == 1 && frame.kind == Kind::WildcardImport {
                    self.report_at_end(node, "expected `as` and a name after `*`".to_owned());
                } else if children(node).last().is_some_and(|child| child.kind == Kind::As) {
                    self.report_at_end(node, "expected a name after `as`".to_owned());
                }
            }
            Kind::IfBody => self.check_if(node),
            Kind::For => self.check_for(frame),
            Kind::Incomplete => {
                let word = children(node).last().map_or(range_of(node), |child| range_of(child.node));
                let message = format!(
                    "expected a statement such as `param`, `var` or `resource`, found `{}`",
                    &self.source[word]
                );
                self.report(word, message, None);
            }
            // A decorator belongs to what follows it, however little that is.
            Kind::SourceFile => {}
            _ if parent.is_some_and(|parent| parent.kind == Kind::SourceFile) || frame.kind == Kind::Resource => {
                self.check_statement(frame);
            }
            _ => {}
        }
    }

    fn check_property(&mut self, frame: &Frame<'t>, is_below_bare: bool) {
        let key = fields(frame.node, [Field::Key])[0].map_or(range_of(frame.node), range_of);
        let name = &self.source[key];
        if frame.has_equals && !frame.has_colon {
            let sign =
                children(frame.node).find(|child| child.kind == Kind::Equals).map_or(key, |child| range_of(child.node));
            self.report(sign, format!("expected `:` after `{name}`, found `=`"), None);
        } else if frame.has_colon {
            self.report_at_end(frame.node, format!("expected a value after `{name}:`"));
        } else if name.starts_with('\'') && is_below_bare {
            // an item of an array whose opening bracket is missing: the property above is already reported
        } else {
            self.report_at_end(frame.node, format!("expected `:` and a value after `{name}`"));
        }
    }

    fn check_type_member(&mut self, node: Node<'t>) {
        let [key, type_] = fields(node, [Field::Key, Field::Type]);
        if let (Some(key), None) = (key, type_) {
            let has_colon = children(node).any(|child| child.kind == Kind::Colon);
            let name = &self.source[range_of(key)];
            let message = if has_colon {
                format!("expected a type after `{name}:`")
            } else {
                format!("expected `:` and a type after `{name}`")
            };
            self.report_at_end(node, message);
        }
    }

    fn check_if(&mut self, node: Node<'t>) {
        let [condition, body] = fields(node, [Field::Condition, Field::Body]);
        let is_open = condition.is_some_and(|node| children(node).any(|child| child.kind == Kind::MissingBracket));
        if body.is_none() && !is_open {
            let started = Some((TextRange::at(range_of(node).start(), 2.into()), "the condition is here".to_owned()));
            let gap = self.gap_at(range_of(node).end());
            self.report(TextRange::empty(gap), "expected an object after the condition".to_owned(), started);
        }
    }

    fn check_for(&mut self, frame: &Frame<'t>) {
        let node = frame.node;
        let [variable, iterable, body] = fields(node, [Field::Variable, Field::Iterable, Field::Body]);
        let inside = || {
            let mut end = range_of(node).start();
            for child in children(node) {
                if !matches!(child.kind, Kind::CloseBracket | Kind::MissingBracket) {
                    end = range_of(child.node).end();
                }
            }
            end
        };
        let (gap, message) = if variable.is_none() {
            (inside(), "expected a name for the item after `for`")
        } else if iterable.is_none() {
            let has_in = children(node).any(|child| child.kind == Kind::In);
            (inside(), if has_in { "expected an expression after `in`" } else { "expected `in` and what to loop over" })
        } else if !frame.has_colon {
            let end = iterable.map_or(range_of(node).end(), |node| range_of(node).end());
            (end, "expected `:` before the body of the loop")
        } else if body.is_none() {
            (inside(), "expected the body of the loop after `:`")
        } else {
            return;
        };
        let started = (TextRange::at(range_of(node).start(), 1.into()), "the loop starts here".to_owned());
        self.report(TextRange::empty(gap), message.to_owned(), Some(started));
    }

    fn check_statement(&mut self, frame: &Frame<'t>) {
        let node = frame.node;
        let [name, type_, value, body, path] =
            fields(node, [Field::Name, Field::Type, Field::Value, Field::Body, Field::Path]);
        let has_equals = frame.has_equals;
        let after = |what: &str| format!("expected {what} after `=`");
        let equals = |what: &str| if has_equals { after(what) } else { format!("expected `=` and {what}") };
        let at_name = |what: &str| Some((name, format!("expected {what} after the name")));
        // where the gap is (after a node, or at the end of the statement), and what is missing there
        let missing: Option<(Option<Node<'t>>, String)> = match frame.kind {
            Kind::TargetScope => value.is_none().then(|| (None, equals("a scope"))),
            Kind::Using | Kind::Extends => path.is_none().then(|| (None, "expected the path of a file".to_owned())),
            Kind::Import => missing_in_import(node),
            Kind::Metadata
            | Kind::Parameter
            | Kind::Variable
            | Kind::Output
            | Kind::Assert
            | Kind::TypeDeclaration
            | Kind::Resource
            | Kind::Module
            | Kind::Test
            | Kind::Function
            | Kind::Extension
            | Kind::ExtensionConfig
                if name.is_none() =>
            {
                let keyword = children(node)
                    .find(|child| child.field != Some(Field::Decorator))
                    .map_or("", |child| &self.source[range_of(child.node)]);
                Some((None, format!("expected a name after `{keyword}`")))
            }
            Kind::Metadata | Kind::Variable | Kind::Assert => value.is_none().then(|| (None, equals("a value"))),
            Kind::Parameter => match (type_, value) {
                (_, None) if has_equals => Some((None, after("a value"))),
                (_, None) if self.is_parameter_file => Some((None, equals("a value"))),
                (None, _) if !self.is_parameter_file => at_name("a type"),
                _ => None,
            },
            Kind::Output => match (type_, value) {
                (None, _) => at_name("a type"),
                (_, None) => Some((None, equals("a value"))),
                _ => None,
            },
            Kind::TypeDeclaration => type_.is_none().then(|| (None, equals("a type"))),
            Kind::Resource if type_.is_none() => at_name("a type with its version in quotes"),
            Kind::Module | Kind::Test if path.is_none() => at_name("a path in quotes"),
            Kind::Resource | Kind::Module | Kind::Test => match body {
                None => Some((None, equals("a body"))),
                Some(_) if !has_equals => Some((type_.or(path), "expected `=` before the body".to_owned())),
                Some(_) => None,
            },
            Kind::Function => missing_in_function(node),
            _ => None,
        };
        if let Some((place, message)) = missing {
            self.report_at_end(place.unwrap_or(node), message);
        }
    }

    /// The offset itself, or where the blanks and comments before it begin: the end of what is missing something.
    fn gap_at(&self, at: TextSize) -> TextSize {
        let mut gap = at;
        loop {
            gap = offset(self.source[..usize::from(gap)].trim_end_matches([' ', '\t', '\r', '\n']).len());
            match self.survey.comments.binary_search_by_key(&gap, |comment| comment.range.end()) {
                Ok(comment) => gap = self.survey.comments[comment].range.start(),
                Err(_) => return gap,
            }
        }
    }

    /// The sign or word that ends at `gap`.
    fn word_before(&self, gap: TextSize) -> &'t str {
        let before = &self.source[..usize::from(gap)];
        let is_sign =
            |c: char| c.is_ascii_punctuation() && !matches!(c, '(' | ')' | '[' | ']' | '{' | '}' | '\'' | '_');
        let rest = before.trim_end_matches(is_sign);
        &before[rest.len()..]
    }

    fn report_at_end(&mut self, node: Node<'t>, message: String) {
        let gap = self.gap_at(range_of(node).end());
        self.report(TextRange::empty(gap), message, None);
    }

    fn report_open_string(&mut self, start: TextSize, gap: TextSize, is_multiline: bool) {
        let source = &self.source[usize::from(start)..];
        let dollars = source.bytes().take_while(|&byte| byte == b'$').count();
        let quotes = if is_multiline { dollars + 3 } else { 1 };
        let message = format!("expected {} to end the string", if is_multiline { "`'''`" } else { "`'`" });
        let started = (TextRange::at(start, offset(quotes)), "the string starts here".to_owned());
        self.report(TextRange::empty(gap.max(start + offset(quotes))), message, Some(started));
    }

    /// An ERROR node: its first line is what cannot be read.
    fn report_error_node(&mut self, node: Node<'t>, stack: &[Frame<'t>]) {
        let range = range_of(node);
        let text = &self.source[range];
        let text = text.trim_start();
        let start = range.end() - TextSize::of(text);
        let line = text.lines().next().unwrap_or("").trim_end();
        if line.is_empty() {
            let gap = self.gap_at(range.start());
            self.report(TextRange::empty(gap), "unexpected end of the file".to_owned(), None);
            return;
        }
        // the slash may have been taken for a division
        let slash = usize::from(line.starts_with('*') && self.source[..usize::from(start)].ends_with('/'));
        let comment = start - offset(slash);
        if self.source[usize::from(comment)..].starts_with("/*") && !text.contains("*/") {
            let opened = TextRange::at(comment, 2.into());
            self.report(opened, "expected `*/` to end the comment".to_owned(), None);
            return;
        }
        if line == ";" {
            self.semicolons.push(TextRange::at(start, TextSize::of(line)));
            return;
        }
        let shown: String =
            if line.chars().count() > 30 { line.chars().take(29).chain(['…']).collect() } else { line.to_owned() };
        let (first, indent) = self.lines.line_of(usize::from(start));
        let is_first = first + indent == usize::from(start);
        let around = stack.last().map(|parent| parent.kind);
        let message = match around {
            _ if line.contains("${") && !line.contains('\'') => {
                format!("`${{…}}` works only inside of a string, found `{shown}`")
            }
            _ if line == "if" => "expected a condition in parentheses after `if`".to_owned(),
            _ if line
                .strip_prefix("if")
                .is_some_and(|rest| rest.trim_start().starts_with('(') && rest.ends_with(')')) =>
            {
                format!("expected an object after the condition `{shown}`")
            }
            Some(Kind::For) if line.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_') => {
                format!("expected `in` and what to loop over after `{shown}`")
            }
            Some(Kind::Arguments | Kind::TypedParameters | Kind::TypeArguments) if self.lacks_comma(node) => {
                let (before, after) = (self.item_beside(node, false), self.item_beside(node, true));
                match (before, after) {
                    (_, Some(after)) => format!("expected `,` between `{shown}` and `{after}`"),
                    _ => format!("expected `,` before `{shown}`"),
                }
            }
            Some(Kind::Array | Kind::Object) if !is_first && self.lacks_comma(node) => {
                format!("expected `,` or a new line before `{shown}`")
            }
            Some(Kind::Object | Kind::SourceFile) if !is_first => {
                format!("expected the end of the line, found `{shown}`")
            }
            Some(Kind::Object) => format!("expected a property, found `{shown}`"),
            Some(Kind::Array) => format!("expected an item of the array, found `{shown}`"),
            Some(Kind::Arguments) => format!("expected an argument, found `{shown}`"),
            Some(Kind::SourceFile) => format!("expected a statement, found `{shown}`"),
            _ => format!("`{shown}` cannot stand here"),
        };
        self.report(TextRange::at(start, TextSize::of(line)), message, None);
    }

    /// Whether an ERROR node is an item of a list that nothing separates from the one beside it.
    fn lacks_comma(&self, node: Node<'t>) -> bool {
        let text = self.source[range_of(node)].trim_start();
        text.starts_with(|first: char| first.is_ascii_alphanumeric() || matches!(first, '\'' | '_' | '{' | '['))
            && (self.item_beside(node, false).is_some() || self.item_beside(node, true).is_some())
    }

    /// The item before or after a node in a list, when nothing but blanks is between them.
    fn item_beside(&self, node: Node<'t>, is_after: bool) -> Option<&'t str> {
        let beside = if is_after { node.next_sibling() } else { node.prev_sibling() }?;
        let text = &self.source[range_of(beside)];
        (beside.is_named() && !beside.is_extra() && !beside.is_error() && !text.contains('\n') && !text.is_empty())
            .then_some(text)
    }

    /// Semicolons at the ends of lines are one habit, not one mistake for each line.
    fn report_semicolons(&mut self) {
        let Some(&first) = self.semicolons.first() else { return };
        let more = match self.semicolons.len() {
            1 => String::new(),
            2 => ", and on one more line".to_owned(),
            all => format!(", and on {} more lines", all - 1),
        };
        self.report(first, format!("expected the end of the line, found `;`{more}"), None);
    }

    fn report(&mut self, range: TextRange, message: String, started: Option<(TextRange, String)>) {
        self.fault_ranges.insert((range.start(), range.end()));
        self.faults.push(SyntaxError { range, message, started });
    }

    /// Says where each missing bracket is missing.
    fn match_brackets(&mut self) {
        let unclosed = std::mem::take(&mut self.unclosed);
        for group in unclosed.chunk_by(|a, b| a.0.id() == b.0.id()) {
            let statement = group[0].0;
            let is_brace = |node| matches!(kind_of(node), Kind::Object | Kind::ObjectType | Kind::ImportList);
            let missing = group.iter().filter(|&&(_, node)| is_brace(node)).count();
            let mut open = if missing == 0 { Vec::new() } else { by_indentation(statement, self.source) };
            open.truncate(missing);
            let known: Vec<usize> = open.iter().map(|brace| brace.node.id()).collect();
            for &(_, node) in group {
                let end = self.gap_at(range_of(node).end());
                let kind = kind_of(node);
                if matches!(kind, Kind::Object | Kind::Array | Kind::For) {
                    self.damage(range_of(node), range_of(node).end());
                }
                // For a brace only if indentation did not tell; else it is where the grammar noticed.
                if !is_brace(node) || (open.len() < missing && !known.contains(&node.id())) {
                    open.push(OpenBrace { node, end });
                }
            }
            // One around another that is unclosed as well, and noticed later, is mentioned with the inner one.
            let mut mentioned = vec![false; open.len()];
            for index in 0..open.len() {
                let OpenBrace { node, end } = open[index];
                if is_brace(node) {
                    self.damage_around(node, end);
                }
                if mentioned[index] || self.is_cut_short(statement, node) {
                    continue;
                }
                let mut others = 0;
                for other in index + 1..open.len() {
                    let is_around = range_of(open[other].node).contains_range(range_of(node));
                    if !mentioned[other] && is_around && (open[other].end == end || !is_brace(open[other].node)) {
                        mentioned[other] = true;
                        others += 1;
                    }
                }
                self.report_unclosed(node, end, others);
            }
        }
    }

    /// Whether an object ends before a bracket of another sort in a statement that lacks something else already: the
    /// opening bracket, most likely.
    fn is_cut_short(&self, statement: Node<'t>, node: Node<'t>) -> bool {
        let rest = self.source[usize::from(range_of(node).end())..].trim_start();
        let statement = range_of(statement);
        kind_of(node) == Kind::Object && rest.starts_with([']', ')']) && self.has_fault_in(statement)
    }

    fn has_fault_in(&self, range: TextRange) -> bool {
        let from = (range.start(), range.start());
        self.fault_ranges.range(from..=(range.end(), range.end())).any(|&(_, end)| end <= range.end())
    }

    /// The object itself, and those around it, which may have lost members to it.
    fn damage_around(&mut self, node: Node<'t>, end: TextSize) {
        let mut current = Some(node);
        let mut from = end;
        while let Some(node) = current {
            // What is around a node that was seen from inside before was seen as well.
            if !self.seen_around.insert(node.id()) && range_of(node).end() == from {
                return;
            }
            if matches!(kind_of(node), Kind::Object | Kind::Array | Kind::For) {
                self.damage(range_of(node), from);
            }
            current = node.parent();
            from = current.map_or(from, |node| range_of(node).end());
        }
    }

    /// Adds to the damage; of two places in one object the first counts.
    fn damage(&mut self, object: TextRange, from: TextSize) {
        match self.damaged.entry(object) {
            Entry::Occupied(known) => {
                let damage = &mut self.survey.damage[*known.get()];
                damage.from = damage.from.min(from);
            }
            Entry::Vacant(new) => {
                new.insert(self.survey.damage.len());
                self.survey.damage.push(Damage { object, from });
            }
        }
    }

    /// `node` lacks its closing bracket, which belongs at `gap`, as do those of `others` around it.
    fn report_unclosed(&mut self, node: Node<'t>, gap: TextSize, others: usize) {
        let opener = children(node)
            .find(|child| {
                matches!(child.kind, Kind::OpenBrace | Kind::OpenBracket | Kind::OpenSafeBracket | Kind::OpenParen)
            })
            .map_or_else(|| TextRange::at(range_of(node).start(), 1.into()), |child| range_of(child.node));
        let (close, what) = match kind_of(node) {
            Kind::Object => ("}", "object"),
            Kind::ObjectType => ("}", "object type"),
            Kind::ImportList => ("}", "list of names"),
            Kind::Array => ("]", "array"),
            Kind::For if self.source[opener].starts_with('[') => ("]", "loop"),
            Kind::Subscript | Kind::IndexedType => ("]", "index"),
            Kind::TupleType => ("]", "tuple"),
            Kind::TypeArguments => (">", "list of type arguments"),
            Kind::Arguments => (")", "list of arguments"),
            Kind::TypedParameters => (")", "list of parameters"),
            _ => (")", "parenthesis"),
        };
        let name = node.parent().and_then(|parent| match kind_of(parent) {
            Kind::Property | Kind::TypeMember => fields(parent, [Field::Key])[0],
            Kind::Resource | Kind::Module | Kind::Variable | Kind::TypeDeclaration | Kind::Output | Kind::Parameter => {
                fields(parent, [Field::Name])[0]
            }
            Kind::Call => fields(parent, [Field::Function])[0],
            _ => None,
        });
        let name = name.map(range_of);
        let of = name.map_or(String::new(), |name| format!(" of `{}`", self.source[name].trim_matches('\'')));
        let more = match others {
            0 => String::new(),
            1 => " and one more around it".to_owned(),
            _ => format!(" and {others} more around it"),
        };
        // the name only where it is on the line of the bracket
        let started = name
            .map(|name| name.cover(opener))
            .filter(|&started| !self.source[started].contains('\n'))
            .unwrap_or(opener);
        let message = format!("expected `{close}` to end the {what}{of}{more}");
        self.report(TextRange::empty(gap), message, Some((started, format!("the {what} starts here"))));
    }

    /// Says why there are leftovers: mostly because a bracket before them closed too much.
    fn explain_strays(&mut self) {
        for (stray, before) in std::mem::take(&mut self.strays) {
            let text = &self.source[range_of(stray)];
            if let Some(statement) = before {
                let [body, value] = fields(statement, [Field::Body, Field::Value]);
                if let Some(object) = body.or(value) {
                    self.damage(range_of(object), range_of(object).end());
                }
                // Something missing there explains what is left over here.
                let statement = range_of(statement);
                self.survey.faulty.push(statement);
                if self.has_fault_in(statement) {
                    continue;
                }
            }
            if let Some(brace) = before.and_then(|statement| surplus_brace(statement, self.source)) {
                let first = range_of(stray).start();
                let line = TextRange::at(first, TextSize::of(text.lines().next().unwrap_or("")));
                let message = "this `}` closes more than its indentation says".to_owned();
                self.report(brace, message, Some((line, "so this is outside of any object".to_owned())));
            } else if kind_of(stray) == Kind::StrayBracket {
                self.report(range_of(stray), format!("this `{text}` closes nothing"), None);
            } else {
                let key = fields(stray, [Field::Key])[0].map_or(range_of(stray), range_of);
                let message = format!("the property `{}` is outside of any object", &self.source[key]);
                self.report(key, message, None);
            }
        }
    }

    /// In order; of several faults on one line, which mostly come from one mistake, the first.
    fn finish(mut self) -> Survey {
        // stable: of faults at one place the innermost, which was found first, stays
        self.faults.sort_by_key(|fault| fault.range.start());
        let mut line_end = None;
        self.faults.retain(|fault| {
            let start = usize::from(fault.range.start());
            if line_end.is_some_and(|end| start <= end) {
                return false;
            }
            let rest = &self.source.as_bytes()[start..];
            line_end = Some(start + memchr::memchr2(b'\n', b'\r', rest).unwrap_or(rest.len()));
            true
        });
        self.survey.errors = self.faults;
        self.survey
    }
}

/// Tells the node around of one more child.
fn note_child(stack: &mut [Frame<'_>], node: Node<'_>, kind: Kind) {
    let Some(parent) = stack.last_mut() else { return };
    parent.count += usize::from(!matches!(kind, Kind::Comment | Kind::Directive));
    parent.has_colon |= kind == Kind::Colon;
    parent.has_equals |= kind == Kind::Equals;
    if parent.is_below_bare && kind != Kind::Property && node.is_named() {
        parent.is_below_bare = false;
    }
}

/// Whether there is nothing below such a node that could be missing. Asking the cursor costs more.
fn is_leaf(kind: Kind) -> bool {
    matches!(
        kind,
        Kind::Other
            | Kind::Identifier
            | Kind::PropertyIdentifier
            | Kind::TypeIdentifier
            | Kind::Integer
            | Kind::Boolean
            | Kind::Null
            | Kind::String
            | Kind::MultilineString
            | Kind::StringContent
            | Kind::Colon
            | Kind::Equals
            | Kind::Comma
            | Kind::OpenParen
            | Kind::CloseParen
            | Kind::OpenBracket
            | Kind::CloseBracket
            | Kind::OpenBrace
            | Kind::CloseBrace
    )
}

fn mark_reported(stack: &mut [Frame<'_>]) {
    if let Some(parent) = stack.last_mut() {
        parent.is_reported = true;
    }
}

/// Whether what comes below this property has nothing but strings between itself and a property that has no value.
fn stays_below_bare(property: &Frame<'_>, is_below_bare: bool) -> bool {
    if property.has_colon && property.count >= 3 {
        return false;
    }
    let [key, value] = fields(property.node, [Field::Key, Field::Value]);
    value.is_none() && (is_below_bare || key.is_some_and(|key| kind_of(key) == Kind::Identifier))
}

fn missing_in_import(node: Node<'_>) -> Option<(Option<Node<'_>>, String)> {
    let [symbols, name, path] = fields(node, [Field::Symbols, Field::Name, Field::Path]);
    let last = children(node).last()?;
    match last.kind {
        Kind::From => Some((None, "expected the path of a file after `from`".to_owned())),
        Kind::As => Some((None, "expected a name after `as`".to_owned())),
        Kind::With => Some((None, "expected an object after `with`".to_owned())),
        _ if symbols.is_some() && path.is_none() => Some((None, "expected `from` and the path of a file".to_owned())),
        _ if symbols.is_none() && name.is_none() => {
            Some((None, "expected the names to import after `import`".to_owned()))
        }
        _ => None,
    }
}

fn missing_in_function(node: Node<'_>) -> Option<(Option<Node<'_>>, String)> {
    let [parameters, return_type, body] = fields(node, [Field::Parameters, Field::ReturnType, Field::Body]);
    let has_arrow = children(node).any(|child| child.kind == Kind::Arrow);
    if parameters.is_none() {
        Some((None, "expected the parameters in parentheses".to_owned()))
    } else if return_type.is_none() {
        Some((parameters, "expected the type of the result".to_owned()))
    } else if body.is_none() && !has_arrow {
        Some((None, "expected `=>` and the body of the function".to_owned()))
    } else {
        None
    }
}

/// A brace (or another bracket) whose closing one is missing.
#[derive(Clone, Copy)]
struct OpenBrace<'t> {
    node: Node<'t>,
    /// Where the closing brace belongs.
    end: TextSize,
}

/// An opening bracket that may still be closed.
struct Opener<'t> {
    node: Node<'t>,
    is_brace: bool,
    /// The start of its line, and how far that line is indented.
    line: usize,
    indent: usize,
    /// Whether indentation says something about this bracket: what follows or what is around it is not as far indented.
    is_indented: Option<bool>,
}

/// The braces of a statement that indentation says are not closed, innermost and first ones first.
///
/// The tree cannot tell, since a closing brace always closes the innermost object. So the brackets are matched once
/// more: a line that is not indented deeper than the line of an opening bracket ends it, and a closing bracket at the
/// start of a line belongs to the opening one whose line has the same indentation.
fn by_indentation<'t>(statement: Node<'t>, source: &str) -> Vec<OpenBrace<'t>> {
    let mut found = Vec::new();
    let mut openers: Vec<Opener<'t>> = Vec::new();
    let mut end = range_of(statement).start();
    let mut lines = LineFinder::new(source);
    for_each_leaf(statement, |leaf, parent| {
        if matches!(leaf.kind, Kind::Comment | Kind::Directive | Kind::MissingBracket) {
            return;
        }
        let start = leaf.node.start_byte();
        let (line, indent) = lines.line_of(start);
        let is_first = line + indent == start;
        let is_closer = matches!(leaf.kind, Kind::CloseBrace | Kind::CloseBracket | Kind::CloseParen);
        let is_continuation = matches!(leaf.kind, Kind::Colon | Kind::Question | Kind::OpenBrace | Kind::Other)
            && !source.as_bytes()[start].is_ascii_alphabetic()
            && source.as_bytes()[start] != b'\'';
        if is_first && (is_closer || !is_continuation) {
            if let Some(index) = openers.len().checked_sub(1) {
                let outer = index.checked_sub(1).map(|outer| openers[outer].indent);
                let top = &mut openers[index];
                if top.is_indented.is_none() && top.line != line {
                    let deeper_than_outer = outer.is_some_and(|outer| outer < top.indent);
                    top.is_indented = Some(indent > top.indent || deeper_than_outer);
                }
            }
            while let Some(top) = openers.last() {
                let is_outside = if is_closer { indent < top.indent } else { indent <= top.indent };
                if !is_outside || top.line == line || top.is_indented != Some(true) {
                    break;
                }
                if top.is_brace {
                    found.push(OpenBrace { node: top.node, end });
                }
                openers.pop();
                if let Some(top) = openers.last_mut() {
                    top.is_indented.get_or_insert(true);
                }
            }
        }
        match leaf.kind {
            Kind::OpenBrace | Kind::OpenBracket | Kind::OpenSafeBracket | Kind::OpenParen => openers.push(Opener {
                node: parent,
                is_brace: leaf.kind == Kind::OpenBrace,
                line,
                indent,
                is_indented: None,
            }),
            _ if is_closer => {
                // a bracket of the other sort was left open
                while openers.last().is_some_and(|top| top.is_brace != (leaf.kind == Kind::CloseBrace)) {
                    if let Some(top) = openers.pop().filter(|top| top.is_brace) {
                        found.push(OpenBrace { node: top.node, end });
                    }
                }
                openers.pop();
            }
            _ => {}
        }
        end = range_of(leaf.node).end();
    });
    let rest = openers.into_iter().rev().filter(|opener| opener.is_brace);
    found.extend(rest.map(|opener| OpenBrace { node: opener.node, end }));
    found
}

/// The closing brace at the end of a statement if it stands deeper than the line of the statement's first one.
fn surplus_brace(statement: Node<'_>, source: &str) -> Option<TextRange> {
    let mut last = None;
    let mut first_indent = None;
    let mut lines = LineFinder::new(source);
    for_each_leaf(statement, |leaf, _| {
        let (line, indent) = lines.line_of(leaf.node.start_byte());
        if leaf.kind == Kind::OpenBrace {
            first_indent.get_or_insert(indent);
        }
        let is_first = line + indent == leaf.node.start_byte();
        last = (leaf.kind == Kind::CloseBrace && is_first).then(|| (range_of(leaf.node), indent));
    });
    let (brace, indent) = last?;
    (indent > first_indent?).then_some(brace)
}

/// Visits the tokens of a node in order, each with its parent.
fn for_each_leaf<'t>(root: Node<'t>, mut visit: impl FnMut(Child<'t>, Node<'t>)) {
    let mut cursor = root.walk();
    let mut parents = vec![root];
    loop {
        let node = cursor.node();
        if cursor.goto_first_child() {
            parents.push(node);
            continue;
        }
        let parent = parents.last().copied().unwrap_or(root);
        visit(Child { node, kind: kind_of(node), field: None }, parent);
        while !cursor.goto_next_sibling() {
            parents.pop();
            if !cursor.goto_parent() {
                return;
            }
        }
    }
}

/// Finds the lines of places that are mostly asked for in order: all may be on one line, and it may be long.
struct LineFinder<'t> {
    source: &'t [u8],
    /// The place that was asked for last, and the answer.
    last: usize,
    line: (usize, usize),
}

impl<'t> LineFinder<'t> {
    fn new(source: &'t str) -> Self {
        let source = source.as_bytes();
        Self { source, last: 0, line: (0, blanks(source)) }
    }

    /// The offset at which the line of `at` starts, and how many bytes of blanks it starts with.
    fn line_of(&mut self, at: usize) -> (usize, usize) {
        if at < self.last {
            *self = Self { source: self.source, last: 0, line: (0, blanks(self.source)) };
        }
        if let Some(newline) = memchr::memrchr2(b'\n', b'\r', &self.source[self.last..at]) {
            let line = self.last + newline + 1;
            self.line = (line, blanks(&self.source[line..]));
        }
        self.last = at;
        self.line
    }
}

fn blanks(line: &[u8]) -> usize {
    line.iter().take_while(|byte| matches!(byte, b' ' | b'\t')).count()
}
