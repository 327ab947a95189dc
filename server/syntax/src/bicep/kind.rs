//! Node kinds and fields of the Bicep grammar as enums, resolved from their names once.

use std::sync::LazyLock;

use tree_sitter::{Language, Node, TreeCursor};

macro_rules! names {
    ($(#[$doc:meta])* $enum:ident { $($variant:ident = $name:literal $($token:ident)?),* $(,)? }) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub(super) enum $enum { $($variant,)* Other }

        impl $enum {
            /// Every variant with its name in the grammar, and whether it is a token without a name of its own.
            const NAMES: &[(Self, &'static str, bool)] =
                &[$((Self::$variant, $name, names!(@token $($token)?))),*];
        }
    };
    (@token token) => { true };
    (@token) => { false };
}

names! {
    /// What a node is. `Other` are nodes nobody asks about: keywords and signs.
    Kind {
        SourceFile = "source_file",
        TargetScope = "target_scope_statement",
        Metadata = "metadata_declaration",
        Parameter = "parameter_declaration",
        Variable = "variable_declaration",
        Resource = "resource_declaration",
        Module = "module_declaration",
        Output = "output_declaration",
        TypeDeclaration = "type_declaration",
        Function = "function_declaration",
        Import = "import_statement",
        Extension = "extension_statement",
        ExtensionConfig = "extension_config_statement",
        Using = "using_statement",
        Extends = "extends_statement",
        Assert = "assert_declaration",
        Test = "test_declaration",
        Incomplete = "incomplete_statement",
        StrayProperty = "stray_property",
        StrayBracket = "stray_bracket",
        StrayDecorators = "stray_decorators",
        StrayHole = "stray_hole",
        Decorator = "decorator",
        IfBody = "if_body",
        TypedParameters = "typed_parameters",
        TypedParameter = "typed_parameter",
        ImportList = "import_list",
        ImportItem = "import_item",
        WildcardImport = "wildcard_import",
        NoParent = "none",
        Identifier = "identifier",
        PropertyIdentifier = "property_identifier",
        TypeIdentifier = "type_identifier",
        Integer = "integer",
        Boolean = "boolean",
        Null = "null",
        String = "string",
        MultilineString = "multiline_string",
        UnterminatedString = "unterminated_string",
        UnterminatedMultilineString = "unterminated_multiline_string",
        InterpolatedString = "interpolated_string",
        InterpolatedMultilineString = "interpolated_multiline_string",
        DoubleQuotedString = "double_quoted_string",
        StringContent = "string_content",
        Interpolation = "interpolation",
        Object = "object",
        Property = "property",
        Spread = "spread",
        Array = "array",
        For = "for_expression",
        Parenthesized = "parenthesized_expression",
        Lambda = "lambda_expression",
        LambdaParameters = "lambda_parameters",
        Call = "call_expression",
        Arguments = "arguments",
        Member = "member_expression",
        Subscript = "subscript_expression",
        ResourceAccess = "resource_access_expression",
        NonNull = "non_null_expression",
        Unary = "unary_expression",
        Binary = "binary_expression",
        Ternary = "ternary_expression",
        UnionType = "union_type",
        NullableType = "nullable_type",
        NonNullType = "non_null_type",
        ParenthesizedType = "parenthesized_type",
        ArrayType = "array_type",
        TupleType = "tuple_type",
        TupleItem = "tuple_item",
        ObjectType = "object_type",
        TypeMember = "type_member",
        AnyKey = "any_key",
        GenericType = "generic_type",
        TypeArguments = "type_arguments",
        QualifiedType = "qualified_type",
        IndexedType = "indexed_type",
        ResourceType = "resource_type",
        UnaryType = "unary_type",
        Comment = "comment",
        Directive = "directive",
        MissingBracket = "missing_bracket",
        MissingOperand = "missing_operand",
        MissingEnd = "missing_end",
        Error = "ERROR",
        Colon = ":" token,
        Equals = "=" token,
        Comma = "," token,
        OpenParen = "(" token,
        CloseParen = ")" token,
        OpenBracket = "[" token,
        OpenSafeBracket = "[?" token,
        CloseBracket = "]" token,
        OpenBrace = "{" token,
        CloseBrace = "}" token,
        SafeDot = ".?" token,
        In = "in" token,
        As = "as" token,
        From = "from" token,
        With = "with" token,
        Arrow = "=>" token,
        Question = "?" token,
    }
}

names! {
    /// The part a node plays in its parent.
    Field {
        Alias = "alias",
        Alternative = "alternative",
        Arguments = "arguments",
        Body = "body",
        Condition = "condition",
        Config = "config",
        Consequence = "consequence",
        Decorator = "decorator",
        Element = "element",
        Existing = "existing",
        Expression = "expression",
        FromEnd = "from_end",
        Function = "function",
        Index = "index",
        Iterable = "iterable",
        Key = "key",
        Left = "left",
        Member = "member",
        Name = "name",
        Object = "object",
        Operand = "operand",
        Operator = "operator",
        Parameter = "parameter",
        Parameters = "parameters",
        Path = "path",
        Property = "property",
        Resource = "resource",
        ReturnType = "return_type",
        Right = "right",
        Symbols = "symbols",
        Type = "type",
        Value = "value",
        Variable = "variable",
    }
}

/// The kind of every symbol and the field of every field number.
struct Tables {
    kinds: Box<[Kind]>,
    fields: Box<[Field]>,
}

static TABLES: LazyLock<Tables> = LazyLock::new(|| {
    let language = Language::from(grammar_bicep::LANGUAGE);
    let mut kinds = vec![Kind::Other; language.node_kind_count() + 1];
    for &(kind, name, is_token) in Kind::NAMES {
        if kind != Kind::Error {
            kinds[usize::from(language.id_for_node_kind(name, !is_token))] = kind;
        }
    }
    let mut fields = vec![Field::Other; language.field_count() + 1];
    for &(field, name, _) in Field::NAMES {
        if let Some(id) = language.field_id_for_name(name) {
            fields[usize::from(id.get())] = field;
        }
    }
    Tables { kinds: kinds.into(), fields: fields.into() }
});

/// What a node is.
pub(super) fn kind_of(node: Node<'_>) -> Kind {
    // tree-sitter's number for ERROR is the greatest there is, far beyond the table
    TABLES.kinds.get(usize::from(node.kind_id())).copied().unwrap_or(Kind::Error)
}

/// The part the node under the cursor plays in its parent.
pub(super) fn field_of(cursor: &TreeCursor<'_>) -> Option<Field> {
    cursor.field_id().and_then(|id| TABLES.fields.get(usize::from(id.get())).copied())
}

/// A child with its kind and part.
#[derive(Clone, Copy)]
pub(super) struct Child<'t> {
    pub(super) node: Node<'t>,
    pub(super) kind: Kind,
    pub(super) field: Option<Field>,
}

/// All children of a node that are not comments, in order, in one pass.
pub(super) struct Children<'t> {
    cursor: TreeCursor<'t>,
    more: bool,
    with_fields: bool,
}

pub(super) fn children(node: Node<'_>) -> Children<'_> {
    let mut cursor = node.walk();
    let more = cursor.goto_first_child();
    Children { cursor, more, with_fields: true }
}

/// The children of a list, which play no part: to ask for it takes a way up the tree for each, the longer the longer the list.
pub(super) fn elements(node: Node<'_>) -> Children<'_> {
    Children { with_fields: false, ..children(node) }
}

/// The same with comments.
pub(super) fn all_elements(node: Node<'_>) -> impl Iterator<Item = Child<'_>> {
    let mut cursor = node.walk();
    let mut more = cursor.goto_first_child();
    std::iter::from_fn(move || {
        more.then(|| {
            let node = cursor.node();
            more = cursor.goto_next_sibling();
            Child { node, kind: kind_of(node), field: None }
        })
    })
}

impl<'t> Iterator for Children<'t> {
    type Item = Child<'t>;

    fn next(&mut self) -> Option<Child<'t>> {
        while self.more {
            let node = self.cursor.node();
            let field = if self.with_fields { field_of(&self.cursor) } else { None };
            let child = Child { node, kind: kind_of(node), field };
            self.more = self.cursor.goto_next_sibling();
            if !matches!(child.kind, Kind::Comment | Kind::Directive) {
                return Some(child);
            }
        }
        None
    }
}

/// The first child in each of some parts, in one pass over the children.
pub(super) fn fields<const N: usize>(node: Node<'_>, wanted: [Field; N]) -> [Option<Node<'_>>; N] {
    let mut found = [None; N];
    for child in children(node) {
        if let Some(at) = child.field.and_then(|field| wanted.iter().position(|&wanted| wanted == field)) {
            found[at].get_or_insert(child.node);
            if found.iter().all(Option::is_some) {
                break;
            }
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_name_is_one_of_the_grammar() {
        let language = Language::from(grammar_bicep::LANGUAGE);
        for &(kind, name, is_token) in Kind::NAMES {
            assert!(kind == Kind::Error || language.id_for_node_kind(name, !is_token) != 0, "{name}");
        }
        for &(_, name, _) in Field::NAMES {
            assert!(language.field_id_for_name(name).is_some(), "{name}");
        }
    }
}
