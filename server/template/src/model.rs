//! What a document declares: parameters, variables, resources, modules, outputs. One model for both languages.

use rustc_hash::FxHashMap;
use syntax::{Language, SyntaxError};
use text_size::{TextRange, TextSize};

use crate::Name;
use crate::expr::{Expr, ExprId, Exprs};
use crate::lower::Units;
use crate::shift::{Shift, Shifted, shifted};

/// A template or a parameter file.
#[derive(Clone, Debug)]
pub struct Template {
    /// The language it is written in: what is inserted into it must be of this language. Nothing else asks.
    pub language: Language,
    /// What kind of document it is.
    pub kind: TemplateKind,
    /// All expressions; every [`ExprId`] below is one of these.
    pub exprs: Exprs,
    /// Declared parameters.
    pub parameters: Vec<Parameter>,
    /// Declared variables.
    pub variables: Vec<Variable>,
    /// User-defined functions.
    pub functions: Vec<Function>,
    /// Resources in the order written, nested ones right behind the one around them; nested deployments as well.
    pub resources: Vec<Resource>,
    /// Bicep modules and ARM nested or linked deployments.
    pub modules: Vec<Module>,
    /// Outputs.
    pub outputs: Vec<Output>,
    /// Types that other files may import.
    pub types: Vec<TypeDeclaration>,
    /// `import … from`; the `extends` of a parameter file is one without names.
    pub imports: Vec<Import>,
    /// The values a parameter file assigns.
    pub assignments: Vec<Assignment>,
    /// The `using` of a `.bicepparam` file: path and its range with quotes.
    pub using: Option<(Box<str>, TextRange)>,
    /// Where the sections `parameters`, `variables`, `resources` can take one more declaration.
    pub insertion: Insertion,
    /// Names of parameters, variables, resources (symbols) and modules to what they declare; the first one wins. A symbol
    /// of a nested resource stands for it unless something at the top has the name.
    pub names: FxHashMap<Name, Declaration>,
    /// What is wrong with the expressions in the strings of an ARM JSON file, those of nested templates included; to be
    /// shown with the other syntax errors of the file.
    pub expression_errors: Vec<SyntaxError>,
    /// What of it can be kept when the text is edited.
    pub(crate) units: Units,
}

impl Template {
    /// A template that declares nothing yet.
    pub fn new(language: Language, kind: TemplateKind) -> Self {
        Self {
            language,
            kind,
            exprs: Exprs::default(),
            parameters: Vec::new(),
            variables: Vec::new(),
            functions: Vec::new(),
            resources: Vec::new(),
            modules: Vec::new(),
            outputs: Vec::new(),
            types: Vec::new(),
            imports: Vec::new(),
            assignments: Vec::new(),
            using: None,
            insertion: Insertion::default(),
            names: FxHashMap::default(),
            expression_errors: Vec::new(),
            units: Units::default(),
        }
    }

    /// The expression of that id.
    pub fn expr(&self, id: ExprId) -> &Expr {
        self.exprs.get(id)
    }

    /// The parameter of that name.
    pub fn parameter(&self, name: &Name) -> Option<&Parameter> {
        match self.names.get(name)? {
            Declaration::Parameter(index) => self.parameters.get(*index as usize),
            // In ARM JSON a variable may have the name as well.
            _ => self.parameters.iter().find(|parameter| parameter.name == *name),
        }
    }
}

/// The kind of a document.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TemplateKind {
    /// Declares resources.
    Deployment,
    /// Assigns parameters of a deployment.
    Parameters,
}

/// What a name stands for; the number is the index in the list of its kind.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "the names say it")]
pub enum Declaration {
    Parameter(u32),
    Variable(u32),
    Resource(u32),
    Module(u32),
}

/// Places where declarations can be added. Offsets in bytes.
#[derive(Clone, Copy, Debug, Default)]
pub struct Insertion {
    /// JSON: the whole `resources` array or object, brackets included. Bicep: empty, at the end of the file.
    pub resources: Option<TextRange>,
    /// JSON: the whole `parameters` object. Bicep: where a new `param` line may start.
    pub parameters: Option<TextRange>,
    /// JSON: the whole `variables` object. Bicep: where a new `var` line may start.
    pub variables: Option<TextRange>,
    /// JSON: behind the opening brace of the template, for a section that does not exist yet.
    pub sections: Option<TextSize>,
}

/// A name and where it is written, without quotes.
#[derive(Clone, Debug)]
pub struct Identifier {
    /// The name.
    pub name: Name,
    /// Without quotes.
    pub range: TextRange,
}

/// A declared parameter.
#[derive(Clone, Debug)]
pub struct Parameter {
    /// Its name.
    pub name: Name,
    /// Where the name is written, without quotes.
    pub name_range: TextRange,
    /// Its type.
    pub ty: ParameterType,
    /// Where the type is written: JSON with quotes, Bicep the type expression. Empty where it is missing.
    pub type_range: TextRange,
    /// *A* value, not *the* value: a caller may give another.
    pub default: Option<ExprId>,
    /// All values there can be, where that is said (`allowedValues`, `@allowed`, a union of literals).
    pub allowed: Option<Vec<ExprId>>,
    /// What is written about it, with the quotes.
    pub description: Option<TextRange>,
    /// The whole declaration with its decorators; JSON from the key to the end of the value.
    pub range: TextRange,
}

/// The type of a parameter, as far as it matters here.
#[derive(Clone, Debug, Default)]
pub struct ParameterType {
    /// The kind of value.
    pub kind: TypeKind,
    /// `securestring`, `secureObject`, `@secure()`.
    pub secure: bool,
    /// May be null or left out (`string?`, `"nullable": true`).
    pub nullable: bool,
    /// Of an array, what is known of its elements.
    pub element: Option<TypeKind>,
    /// The type of another file that it is, as written here: `t` or `namespace.t`. What is said above is not known then, but
    /// for what is added to it: `t?` is nullable whatever `t` is.
    pub imported: Option<Name>,
}

/// A kind of value.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[expect(missing_docs, reason = "the names say it")]
pub enum TypeKind {
    String,
    Int,
    Bool,
    Object,
    Array,
    /// A user-defined type, or none at all.
    #[default]
    Other,
}

/// A type that other files may import.
#[derive(Clone, Debug)]
pub struct TypeDeclaration {
    /// Its name.
    pub name: Name,
    /// What it stands for.
    pub ty: ParameterType,
    /// All values there can be, where it lists them.
    pub allowed: Option<Vec<ExprId>>,
}

/// A declared variable.
#[derive(Clone, Debug)]
pub struct Variable {
    /// Its name.
    pub name: Name,
    /// Where the name is written, without quotes.
    pub name_range: TextRange,
    /// Its value.
    pub value: ExprId,
    /// The whole declaration.
    pub range: TextRange,
}

/// A user-defined function.
#[derive(Clone, Debug)]
pub struct Function {
    /// `f` in Bicep, `namespace.f` in ARM JSON.
    pub name: Name,
    /// Where the name is written, without quotes.
    pub name_range: TextRange,
    /// Its parameters, as [`crate::expr::Ref::Local`] in the body.
    pub parameters: Vec<Name>,
    /// What it computes.
    pub body: ExprId,
}

/// A resource declaration, or a reference to an existing resource.
#[derive(Clone, Debug)]
pub struct Resource {
    /// Its symbolic name: always in Bicep, in ARM JSON with `languageVersion` 2.0.
    pub symbol: Option<Identifier>,
    /// The full type with the types of its parents (`Microsoft.X/a/b`), where it is written literally. Spelling as written.
    pub resource_type: Option<Box<str>>,
    /// Where the type is written: JSON with quotes; Bicep the part of the string before the `@`.
    pub type_range: TextRange,
    /// The API version: mostly an [`Expr::Str`], whose range in Bicep is the part of the string behind the `@`.
    pub api_version: Option<ExprId>,
    /// Its own name without those of its parents where `parent` is set, else all segments in one text.
    pub name: Option<ExprId>,
    /// The resource around it, or named as `parent:`; an index in [`Template::resources`].
    pub parent: Option<u32>,
    /// `existing`: read, not deployed.
    pub existing: bool,
    /// Deployed only when this holds.
    pub condition: Option<ExprId>,
    /// Deployed once for each element.
    pub repeat: Option<Repeat>,
    /// The resources of its loop are not deployed all at once: `@batchSize`, `"mode": "serial"`.
    pub in_batches: bool,
    /// `scope`: the resource or group it belongs to when not the deployment's own.
    pub scope: Option<ExprId>,
    /// `dependsOn`, an array as a rule.
    pub depends_on: Option<ExprId>,
    /// The object with its properties: `identity`, `properties`, `location`, … In ARM JSON also `type`, `name` and so on.
    pub body: ExprId,
    /// From the first decorator (JSON: brace) to the end.
    pub range: TextRange,
    /// What to underline when the resource as a whole is meant: Bicep from `resource` to the type; JSON the value of `type`.
    pub header: TextRange,
    /// The deployment it is, an index in [`Template::modules`].
    pub module: Option<u32>,
}

/// The loop of a resource or module.
#[derive(Clone, Debug)]
pub struct Repeat {
    /// Bound to the element.
    pub variable: Option<Name>,
    /// Bound to the position; see [`crate::expr::Loop::index`].
    pub index: Option<Name>,
    /// What is looped over.
    pub iterable: ExprId,
}

/// A Bicep module, or an ARM deployment inside a template.
#[derive(Clone, Debug)]
pub struct Module {
    /// Its symbolic name.
    pub symbol: Option<Identifier>,
    /// The name of the deployment.
    pub name: Option<ExprId>,
    /// What is deployed.
    pub source: ModuleSource,
    /// The arguments: an object from parameter name to value. The `{ "value": … }` around values in ARM JSON is gone.
    pub arguments: Option<ExprId>,
    /// `scope` (ARM JSON: `resourceGroup`, `subscriptionId`).
    pub scope: Option<ExprId>,
    /// Deployed only when this holds.
    pub condition: Option<ExprId>,
    /// Deployed once for each element.
    pub repeat: Option<Repeat>,
    /// `dependsOn`, an array as a rule.
    pub depends_on: Option<ExprId>,
    /// The object with all of this.
    pub body: ExprId,
    /// The whole declaration.
    pub range: TextRange,
    /// What to underline when the module as a whole is meant.
    pub header: TextRange,
}

/// Where the template of a [`Module`] comes from.
#[derive(Clone, Debug)]
pub enum ModuleSource {
    /// Written inside the template around it.
    Inline {
        /// The inner template. Its ranges are of the same file.
        template: Box<Template>,
        /// Expressions are evaluated with the names of the *outer* template (the default of ARM JSON).
        outer_scope: bool,
    },
    /// A file, relative to this one. The range includes the quotes.
    Path(Box<str>, TextRange),
    /// A registry or template spec: `br/public:…`, `br:…`, `ts:…`. The range includes the quotes.
    Registry(Box<str>, TextRange),
    /// Not known.
    Unknown,
}

/// An output.
#[derive(Clone, Debug)]
pub struct Output {
    /// Its name.
    pub name: Name,
    /// Where the name is written, without quotes.
    pub name_range: TextRange,
    /// Its type.
    pub ty: ParameterType,
    /// Its value.
    pub value: ExprId,
    /// Computed only when this holds; Bicep has no such thing.
    pub condition: Option<ExprId>,
    /// The whole declaration.
    pub range: TextRange,
}

/// `import { a as b } from 'path'` or `import * as b from 'path'`.
#[derive(Clone, Debug)]
pub struct Import {
    /// (name over there, name here); for `*` one pair with an empty first name.
    pub names: Vec<(Name, Identifier)>,
    /// The path and its range with quotes.
    pub path: Option<(Box<str>, TextRange)>,
}

/// A value given to a parameter in a parameter file.
#[derive(Clone, Debug)]
pub struct Assignment {
    /// The parameter.
    pub name: Identifier,
    /// The value; of a Key Vault reference [`crate::expr::Opaque::Unsupported`].
    pub value: ExprId,
    /// Taken from a Key Vault by reference.
    pub key_vault: bool,
    /// The whole assignment.
    pub range: TextRange,
}

shifted! {
    Template {
        exprs, parameters, variables, functions, resources, modules, outputs, types, imports, assignments, using, insertion,
        expression_errors,
    }
    Insertion { resources, parameters, variables, sections }
    Identifier { range }
    Parameter { name_range, type_range, default, allowed, description, range }
    TypeDeclaration { allowed }
    Variable { name_range, value, range }
    Function { name_range, body }
    Repeat { iterable }
    Module { symbol, name, source, arguments, scope, condition, repeat, depends_on, body, range, header }
    Output { name_range, value, condition, range }
    Import { names, path }
    Assignment { name, value, range }
}

impl Shifted for Resource {
    fn shift(&mut self, by: Shift) {
        self.symbol.shift(by);
        self.type_range.shift(by);
        self.api_version.shift(by);
        self.name.shift(by);
        self.parent = self.parent.map(|parent| parent.wrapping_add(by.resources));
        self.condition.shift(by);
        self.repeat.shift(by);
        self.scope.shift(by);
        self.depends_on.shift(by);
        self.body.shift(by);
        self.range.shift(by);
        self.header.shift(by);
        self.module = self.module.map(|module| module.wrapping_add(by.modules));
    }
}

impl Shifted for ModuleSource {
    fn shift(&mut self, by: Shift) {
        match self {
            Self::Inline { template, .. } => template.shift(by.inside()),
            Self::Path(_, range) | Self::Registry(_, range) => range.shift(by),
            Self::Unknown => {}
        }
    }
}
