//! A compact text of a [`Template`] that does not show which language it was written in: for tests and for debugging.
//!
//! Texts of two templates are equal when the templates mean the same, except for the names of loop variables, which are
//! numbered, and of resource symbols, which can be left out because ARM JSON need not have any.

use std::fmt::Write;

use crate::Name;
use crate::expr::{BinaryOp, Expr, ExprId, Item, Member, Opaque, Ref, Segment, UnaryOp};
use crate::model::{
    Module, ModuleSource, Parameter, ParameterType, Repeat, Resource, Template, TemplateKind, TypeKind,
};

/// The template, one declaration a line and below a resource one property a line.
pub fn print(template: &Template) -> String {
    Printer { template, out: String::new(), indent: 0, symbols: true, loops: Vec::new() }.whole()
}

/// Like [`print()`], without the symbolic names of resources.
pub fn print_without_symbols(template: &Template) -> String {
    Printer { template, out: String::new(), indent: 0, symbols: false, loops: Vec::new() }.whole()
}

/// One expression on one line.
pub fn print_expr(template: &Template, id: ExprId) -> String {
    let mut printer = Printer { template, out: String::new(), indent: 0, symbols: true, loops: Vec::new() };
    printer.expr(id);
    printer.out
}

/// Properties of a resource that have a place of their own in [`Resource`].
const HEADER_PROPERTIES: [&str; 11] = [
    "type",
    "apiVersion",
    "name",
    "parent",
    "scope",
    "resourceGroup",
    "subscriptionId",
    "dependsOn",
    "condition",
    "copy",
    "existing",
];

struct Printer<'t> {
    template: &'t Template,
    out: String,
    indent: usize,
    symbols: bool,
    /// The variables of the loops around, with what they are printed as.
    loops: Vec<(Name, String)>,
}

impl Printer<'_> {
    fn whole(mut self) -> String {
        let template = self.template;
        if template.kind == TemplateKind::Parameters {
            self.line(|p| p.push("parameter file"));
        }
        if let Some((path, _)) = &template.using {
            self.line(|p| p.push(&format!("using {path:?}")));
        }
        for import in &template.imports {
            self.line(|p| {
                p.push("import");
                for (there, here) in &import.names {
                    let there = if there.as_str().is_empty() { "*" } else { there.as_str() };
                    p.push(&format!(" {there} as {}", here.name));
                }
                let path = import.path.as_ref().map_or("?", |(path, _)| path);
                p.push(&format!(" from {path:?}"));
            });
        }
        for parameter in &template.parameters {
            self.line(|p| p.parameter(parameter));
        }
        for variable in &template.variables {
            self.line(|p| {
                p.push(&format!("var {} = ", variable.name));
                p.expr(variable.value);
            });
        }
        for function in &template.functions {
            self.line(|p| {
                p.push(&format!("func {}(", function.name));
                p.names(&function.parameters);
                p.push(") = ");
                p.expr(function.body);
            });
        }
        for assignment in &template.assignments {
            self.line(|p| {
                p.push(&format!("{} = ", assignment.name.name));
                p.push(if assignment.key_vault { "key vault: " } else { "" });
                p.expr(assignment.value);
            });
        }
        for resource in template.resources.iter().filter(|resource| resource.module.is_none()) {
            self.resource(resource);
        }
        for module in &template.modules {
            self.module(module);
        }
        for output in &template.outputs {
            self.line(|p| {
                p.push(&format!("output {} {} = ", output.name, type_text(&output.ty)));
                p.expr(output.value);
            });
        }
        self.out
    }

    fn parameter(&mut self, parameter: &Parameter) {
        self.push(&format!("param {} {}", parameter.name, type_text(&parameter.ty)));
        if let Some(default) = parameter.default {
            self.push(" = ");
            self.expr(default);
        }
        if let Some(allowed) = &parameter.allowed {
            self.push(" of ");
            self.list(allowed);
        }
    }

    fn resource(&mut self, resource: &Resource) {
        let loops = self.loops.len();
        self.line(|p| {
            p.push("resource ");
            if p.symbols
                && let Some(symbol) = &resource.symbol
            {
                p.push(&format!("{} = ", symbol.name));
            }
            p.push(resource.resource_type.as_deref().unwrap_or("?"));
            if let Some(version) = resource.api_version {
                p.push(" @ ");
                p.expr(version);
            }
            p.push(if resource.existing { " existing" } else { "" });
        });
        self.indent += 1;
        self.repeat(resource.repeat.as_ref());
        self.detail("if", resource.condition);
        if let Some(parent) = resource.parent {
            let position =
                self.template.resources[..parent as usize].iter().filter(|other| other.module.is_none()).count();
            self.line(|p| p.push(&format!("parent: #{position}")));
        }
        self.detail("name", resource.name);
        self.detail("scope", resource.scope);
        self.detail("dependsOn", resource.depends_on);
        match self.template.expr(resource.body) {
            Expr::Object(object) => {
                for member in &object.members {
                    let header = match member {
                        Member::Property(property) => match self.template.expr(property.key) {
                            Expr::Str(key) => HEADER_PROPERTIES.iter().any(|name| name.eq_ignore_ascii_case(key)),
                            _ => false,
                        },
                        Member::Spread { .. } => false,
                    };
                    if !header {
                        self.line(|p| p.member(member));
                    }
                }
                if object.damaged {
                    self.line(|p| p.push("(damaged)"));
                }
            }
            _ => self.detail("body", Some(resource.body)),
        }
        self.indent -= 1;
        self.loops.truncate(loops);
    }

    fn module(&mut self, module: &Module) {
        let loops = self.loops.len();
        self.line(|p| {
            p.push("module ");
            if p.symbols
                && let Some(symbol) = &module.symbol
            {
                p.push(&format!("{} = ", symbol.name));
            }
            p.push(&match &module.source {
                ModuleSource::Inline { outer_scope: false, .. } => "inline".into(),
                ModuleSource::Inline { outer_scope: true, .. } => "inline, outer scope".into(),
                ModuleSource::Path(path, _) => format!("path {path:?}"),
                ModuleSource::Registry(path, _) => format!("registry {path:?}"),
                ModuleSource::Unknown => "unknown".into(),
            });
        });
        self.indent += 1;
        self.repeat(module.repeat.as_ref());
        self.detail("if", module.condition);
        self.detail("name", module.name);
        self.detail("scope", module.scope);
        self.detail("dependsOn", module.depends_on);
        self.detail("arguments", module.arguments);
        if let ModuleSource::Inline { template, .. } = &module.source {
            let loops = self.loops.clone();
            let inner = Printer { template, out: String::new(), indent: self.indent, symbols: self.symbols, loops };
            self.out.push_str(&inner.whole());
        }
        self.indent -= 1;
        self.loops.truncate(loops);
    }

    fn repeat(&mut self, repeat: Option<&Repeat>) {
        if let Some(repeat) = repeat {
            self.line(|p| p.loop_head(repeat.variable.as_ref(), repeat.index.as_ref(), repeat.iterable));
        }
    }

    fn detail(&mut self, label: &str, value: Option<ExprId>) {
        if let Some(value) = value {
            self.line(|p| {
                p.push(label);
                p.push(": ");
                p.expr(value);
            });
        }
    }

    /// Names the variables from here on. Over `range(0, n)` the element is the position, whichever of the two a name is.
    fn loop_head(&mut self, variable: Option<&Name>, index: Option<&Name>, iterable: ExprId) {
        self.push("for ");
        let depth = self.loops.len();
        let from_zero = match self.template.expr(iterable) {
            Expr::Call(call) => {
                call.function == *"range"
                    && call.arguments.first().is_some_and(|&start| matches!(self.template.expr(start), Expr::Int(0)))
            }
            _ => false,
        };
        let element = if from_zero { format!("index{depth}") } else { format!("item{depth}") };
        self.push(&element);
        if index.is_some() && !from_zero {
            self.push(&format!(", index{depth}"));
        }
        self.push(" in ");
        self.expr(iterable);
        self.loops.extend(variable.map(|name| (name.clone(), element)));
        self.loops.extend(index.map(|name| (name.clone(), format!("index{depth}"))));
    }

    fn expr(&mut self, id: ExprId) {
        match self.template.expr(id) {
            Expr::Null => self.push("null"),
            Expr::Bool(value) => self.push(&value.to_string()),
            Expr::Int(value) => self.push(&value.to_string()),
            Expr::Str(text) => self.push(&quoted(text)),
            Expr::Interpolation(segments) => {
                self.push("'");
                for segment in segments {
                    match segment {
                        Segment::Text(text) => self.push(&escaped(text)),
                        Segment::Hole(hole) => {
                            self.push("${");
                            self.expr(*hole);
                            self.push("}");
                        }
                    }
                }
                self.push("'");
            }
            Expr::Array(items) => {
                self.push("[");
                for (index, item) in items.iter().enumerate() {
                    self.push(if index == 0 { "" } else { ", " });
                    match item {
                        Item::Value(value) => self.expr(*value),
                        Item::Spread(value) => {
                            self.push("...");
                            self.expr(*value);
                        }
                    }
                }
                self.push("]");
            }
            Expr::Object(object) => {
                self.push(if object.members.is_empty() { "{" } else { "{ " });
                for (index, member) in object.members.iter().enumerate() {
                    self.push(if index == 0 { "" } else { ", " });
                    self.member(member);
                }
                self.push(if object.damaged { " (damaged)" } else { "" });
                self.push(if object.members.is_empty() { "}" } else { " }" });
            }
            Expr::Loop(the_loop) => {
                let loops = self.loops.len();
                self.push("[");
                self.loop_head(the_loop.variable.as_ref(), the_loop.index.as_ref(), the_loop.iterable);
                if let Some(filter) = the_loop.filter {
                    self.push(" if ");
                    self.expr(filter);
                }
                self.push(": ");
                self.expr(the_loop.body);
                self.push("]");
                self.loops.truncate(loops);
            }
            Expr::Ref(reference) => self.reference(reference),
            Expr::Member { base, name, safe, .. } => {
                self.expr(*base);
                self.push(if *safe { ".?" } else { "." });
                self.push(&key_text(name.as_str()));
            }
            Expr::Index { base, index, safe, from_end } => {
                self.expr(*base);
                self.push(if *safe { "[?" } else { "[" });
                self.push(if *from_end { "^" } else { "" });
                self.expr(*index);
                self.push("]");
            }
            Expr::Nested { base, name } => {
                self.expr(*base);
                self.push("::");
                self.push(name.as_str());
            }
            Expr::Call(call) => {
                if let Some(receiver) = call.receiver {
                    self.expr(receiver);
                    self.push(".");
                }
                self.push(call.function.as_str());
                self.push("(");
                self.comma_separated(&call.arguments);
                self.push(")");
            }
            Expr::Conditional { condition, consequence, alternative } => {
                self.push("(");
                self.expr(*condition);
                self.push(" ? ");
                self.expr(*consequence);
                self.push(" : ");
                self.expr(*alternative);
                self.push(")");
            }
            Expr::Binary { op, left, right } => {
                self.push("(");
                self.expr(*left);
                self.push(operator(*op));
                self.expr(*right);
                self.push(")");
            }
            Expr::Unary { op, operand } => {
                self.push(match op {
                    UnaryOp::Not => "!",
                    UnaryOp::Minus => "-",
                });
                self.expr(*operand);
            }
            Expr::Lambda { parameters, body } => {
                self.push("((");
                self.names(parameters);
                self.push(") => ");
                self.expr(*body);
                self.push(")");
            }
            Expr::Opaque(Opaque::SyntaxError) => self.push("<syntax error>"),
            Expr::Opaque(Opaque::Unsupported) => self.push("<unsupported>"),
        }
    }

    fn reference(&mut self, reference: &Ref) {
        let (kind, name) = match reference {
            Ref::Parameter(name) => ("param", name),
            Ref::Variable(name) => ("var", name),
            Ref::Resource(name) => ("resource", name),
            Ref::Module(name) => ("module", name),
            Ref::Local(name) => match self.loops.iter().rfind(|(variable, _)| variable == name) {
                Some((_, printed)) => {
                    let printed = printed.clone();
                    return self.push(&printed);
                }
                None => ("local", name),
            },
            Ref::Imported(name) => ("imported", name),
            Ref::Undeclared(name) => ("undeclared", name),
        };
        self.push(&format!("{kind}.{name}"));
    }

    fn member(&mut self, member: &Member) {
        match member {
            Member::Property(property) => {
                match self.template.expr(property.key) {
                    Expr::Str(key) => self.push(&key_text(key)),
                    _ => {
                        self.push("[");
                        self.expr(property.key);
                        self.push("]");
                    }
                }
                self.push(": ");
                self.expr(property.value);
            }
            Member::Spread { value, .. } => {
                self.push("...");
                self.expr(*value);
            }
        }
    }

    fn list(&mut self, ids: &[ExprId]) {
        self.push("[");
        self.comma_separated(ids);
        self.push("]");
    }

    fn comma_separated(&mut self, ids: &[ExprId]) {
        for (index, id) in ids.iter().enumerate() {
            self.push(if index == 0 { "" } else { ", " });
            self.expr(*id);
        }
    }

    fn names(&mut self, names: &[Name]) {
        for (index, name) in names.iter().enumerate() {
            self.push(if index == 0 { "" } else { ", " });
            self.push(name.as_str());
        }
    }

    fn line(&mut self, content: impl FnOnce(&mut Self)) {
        self.out.extend(std::iter::repeat_n("  ", self.indent));
        content(self);
        self.out.push('\n');
    }

    fn push(&mut self, text: &str) {
        self.out.push_str(text);
    }
}

fn type_text(ty: &ParameterType) -> String {
    let kind = |kind| match kind {
        TypeKind::String => "string",
        TypeKind::Int => "int",
        TypeKind::Bool => "bool",
        TypeKind::Object => "object",
        TypeKind::Array => "array",
        TypeKind::Other => "other",
    };
    let mut text = String::new();
    let secure = if ty.secure { "secure " } else { "" };
    let nullable = if ty.nullable { "?" } else { "" };
    let result = match ty.element {
        Some(element) => write!(text, "{secure}{}[]{nullable}", kind(element)),
        None => write!(text, "{secure}{}{nullable}", kind(ty.kind)),
    };
    result.expect("writing to a string cannot fail");
    text
}

fn operator(op: BinaryOp) -> &'static str {
    match op {
        BinaryOp::And => " && ",
        BinaryOp::Or => " || ",
        BinaryOp::Coalesce => " ?? ",
        BinaryOp::Equal => " == ",
        BinaryOp::NotEqual => " != ",
        BinaryOp::EqualIgnoreCase => " =~ ",
        BinaryOp::NotEqualIgnoreCase => " !~ ",
        BinaryOp::Less => " < ",
        BinaryOp::LessOrEqual => " <= ",
        BinaryOp::Greater => " > ",
        BinaryOp::GreaterOrEqual => " >= ",
        BinaryOp::Add => " + ",
        BinaryOp::Subtract => " - ",
        BinaryOp::Multiply => " * ",
        BinaryOp::Divide => " / ",
        BinaryOp::Modulo => " % ",
    }
}

fn key_text(key: &str) -> String {
    let is_word = key.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
        && key.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
    if is_word { key.to_owned() } else { quoted(key) }
}

fn quoted(text: &str) -> String {
    format!("'{}'", escaped(text))
}

fn escaped(text: &str) -> String {
    text.replace('\\', "\\\\").replace('\'', "\\'").replace('\n', "\\n").replace('\r', "\\r").replace("${", "\\${")
}
