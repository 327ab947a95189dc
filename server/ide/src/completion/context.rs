//! What the cursor is in, found out once; providers only ask.

use schema::{ApiVersion, ResourceType};
use syntax::{Language, TextRange, TextSize};

use crate::scan::{Entry, FrameKind, Head, Scan, State, Token, TokenKind};

/// The surroundings of the cursor.
#[derive(Debug)]
pub(crate) struct Context<'s> {
    pub(crate) scan: Scan<'s>,
    /// Whose properties [`Context::path`] names.
    pub(crate) owner: Owner<'s>,
    /// The keys from the owner down to the object or array that the cursor is in; `[]` for an element.
    pub(crate) path: Vec<&'s str>,
    pub(crate) place: Place<'s>,
}

/// What a path starts from.
#[derive(Clone, Debug)]
pub(crate) enum Owner<'s> {
    /// The body of a resource.
    Resource(ResourceAt<'s>),
    /// The body of a Bicep module.
    Module { path: &'s str },
    /// An ARM JSON template, or a parameter file.
    Template,
    /// The value of another Bicep declaration.
    Declaration,
}

/// A resource around the cursor.
#[derive(Clone, Debug)]
pub(crate) struct ResourceAt<'s> {
    /// With the types of its parents; empty if it is not written.
    pub(crate) type_name: String,
    /// As written.
    pub(crate) version: Option<&'s str>,
}

impl ResourceAt<'_> {
    /// The type, if facts are known of it.
    pub(crate) fn ty(&self) -> Option<ResourceType> {
        schema::resource_type(&self.type_name)
    }

    /// The version whose facts serve best.
    pub(crate) fn api_version(&self, ty: ResourceType) -> Option<ApiVersion> {
        let written = self.version.and_then(ApiVersion::parse);
        written.map_or_else(|| ty.newest(), |version| ty.closest(version))
    }
}

/// What is to be written at the cursor.
#[derive(Debug)]
pub(crate) enum Place<'s> {
    /// A key of the innermost object.
    Key(KeyAt),
    /// A value: of [`ValueAt::key`], or an element.
    Value(ValueAt<'s>),
    /// Inside an ARM expression in a JSON string.
    Arm(ArmAt),
    /// Inside the holes, calls and other places of Bicep where only an expression makes sense.
    Expression(ExpressionAt),
    /// A string in the parentheses of a Bicep call.
    Argument(ArgumentAt<'s>),
    /// The string of a Bicep resource: `'type@version'`.
    ResourceString(StringAt<'s>),
    /// The path of a Bicep module, or of `using`.
    Path(StringAt<'s>),
    /// The start of a Bicep statement.
    Statement { replace: TextRange },
    /// The type of a Bicep parameter or output.
    TypeName { replace: TextRange },
    /// Where the quoted type of a Bicep resource is to stand.
    Header { replace: TextRange },
    /// The body of a Bicep resource or module: `{ … }`, `if (…) { … }`, `[for …]`.
    Body { replace: TextRange, head: Head<'s> },
    /// The name of a parameter that a `.bicepparam` file gives a value to.
    ParameterName { replace: TextRange },
    /// The value that a `.bicepparam` file gives to the parameter of that name.
    Assigned { name: &'s str, at: ValueAt<'s> },
    /// Behind `@`.
    Decorator { replace: TextRange },
    /// The text of a script or command.
    Comment { range: TextRange },
    /// Somewhere nothing can be said.
    Nothing,
}

/// A place for a key.
#[derive(Debug)]
pub(crate) struct KeyAt {
    /// The object.
    pub(crate) frame: usize,
    /// What stands there already, quotes included.
    pub(crate) replace: TextRange,
    /// What stands there is in quotes.
    pub(crate) quoted: bool,
    /// A colon follows already: only the key is to be written.
    pub(crate) has_colon: bool,
    /// Where a comma is missing before it.
    pub(crate) comma_before: Option<TextSize>,
    /// A comma is needed behind it.
    pub(crate) comma_after: bool,
}

/// A place for a value.
#[derive(Clone, Copy, Debug)]
#[expect(clippy::struct_excessive_bools, reason = "what is missing around a place are independent facts")]
pub(crate) struct ValueAt<'s> {
    /// The key it is the value of; `None` in an array.
    pub(crate) key: Option<&'s str>,
    /// What stands there already, quotes included.
    pub(crate) replace: TextRange,
    /// The cursor is between quotes.
    pub(crate) quoted: bool,
    /// A colon has to come first.
    pub(crate) needs_colon: bool,
    /// A blank has to come first.
    pub(crate) needs_blank: bool,
    /// Where a comma is missing before it.
    pub(crate) comma_before: Option<TextSize>,
    /// A comma is needed behind it.
    pub(crate) comma_after: bool,
    /// The quote of strings in the language.
    pub(crate) quote: char,
}

/// The cursor in `"[…]"`.
#[derive(Clone, Debug)]
pub(crate) struct ArmAt {
    /// The JSON string.
    pub(crate) token: Token,
}

/// The cursor in a Bicep expression.
#[derive(Clone, Copy, Debug)]
pub(crate) struct ExpressionAt {
    /// The name being written.
    pub(crate) replace: TextRange,
    /// It is the default of a parameter, where nothing but other parameters can be referred to.
    pub(crate) is_default: bool,
}

/// The cursor in a string that is no value.
#[derive(Clone, Copy, Debug)]
pub(crate) struct StringAt<'s> {
    /// Without quotes.
    pub(crate) inner: TextRange,
    pub(crate) text: &'s str,
    /// The closing quote is there.
    pub(crate) closed: bool,
    /// What the string belongs to: `resource`, `module`, `using`.
    pub(crate) keyword: &'s str,
}

/// The cursor in a string that is an argument, or the value of a named declaration.
#[derive(Clone, Copy, Debug)]
pub(crate) struct ArgumentAt<'s> {
    /// Without quotes.
    pub(crate) inner: TextRange,
    /// The function, or the name that is declared.
    pub(crate) name: &'s str,
    /// What stands before the string in the parentheses; `None` for a declaration.
    pub(crate) before: Option<&'s str>,
}

impl<'s> Context<'s> {
    /// Looks at a document from the cursor. `trusted`: it has no syntax errors.
    pub(crate) fn new(source: &'s str, language: Language, offset: TextSize, trusted: bool) -> Self {
        let scan = Scan::new(source, language, offset, trusted);
        let (owner, path) = owner_and_path(&scan);
        let place = if language == Language::Json { json_place(&scan) } else { bicep_place(&scan) };
        Self { scan, owner, path, place }
    }

    /// The path with the key of a value place, if it is one.
    pub(crate) fn value_path(&self, at: &ValueAt<'s>) -> Vec<&'s str> {
        let mut path = self.path.clone();
        path.push(at.key.unwrap_or("[]"));
        path
    }

    /// The path with the key whose value the string at the cursor is.
    pub(crate) fn path_of_string(&self) -> Vec<&'s str> {
        let key = self.scan.member.and_then(|at| self.scan.frame().members.get(at)).map(|member| member.name);
        self.path.iter().copied().chain(key).collect()
    }

    /// The language. Asked where text is written.
    pub(crate) fn language(&self) -> Language {
        self.scan.language
    }

    pub(crate) fn is_json(&self) -> bool {
        self.scan.language == Language::Json
    }

    /// The resource around the cursor.
    pub(crate) fn resource(&self) -> Option<&ResourceAt<'s>> {
        match &self.owner {
            Owner::Resource(resource) => Some(resource),
            _ => None,
        }
    }

    /// The keys that the object of a key place has, the one at the cursor left out.
    pub(crate) fn siblings(&self, at: &KeyAt) -> Vec<&'s str> {
        let members = &self.scan.frames[at.frame].members;
        members.iter().filter(|member| member.key != at.replace).map(|member| member.name).collect()
    }
}

// ----------------------------------------------------------------------------------------------------- owner, path

fn owner_and_path<'s>(scan: &Scan<'s>) -> (Owner<'s>, Vec<&'s str>) {
    let mut owner = if scan.language == Language::Json { Owner::Template } else { Owner::Declaration };
    let mut path: Vec<&'s str> = Vec::new();
    for (depth, &index) in scan.open.iter().enumerate() {
        let frame = &scan.frames[index];
        match (frame.entry, frame.parent) {
            (Entry::Member(member), Some(parent)) => {
                path.extend(scan.frames[parent].members.get(member).map(|member| member.name));
            }
            (Entry::Element, Some(parent)) if scan.frames[parent].kind == FrameKind::Array => path.push("[]"),
            _ => {}
        }
        if let Some(head) = frame.head
            && frame.kind == FrameKind::Object
        {
            owner = match head.keyword {
                "resource" => Owner::Resource(bicep_resource(scan, index, &owner)),
                "module" => Owner::Module { path: head.text.unwrap_or_default() },
                _ => Owner::Declaration,
            };
            path.clear();
        } else if scan.language == Language::Json && frame.kind == FrameKind::Object {
            let parent_is = |name: &str, path: &[&str]| match path {
                [.., key, "[]"] => key.eq_ignore_ascii_case(name),
                _ => false,
            };
            let below_resources = parent_is("resources", &path)
                || (path.len() >= 2 && path[path.len() - 2].eq_ignore_ascii_case("resources") && depth >= 2);
            if below_resources && path.len() <= 2 {
                owner = Owner::Resource(json_resource(scan, index, &owner));
                path.clear();
            } else if path.last().is_some_and(|key| key.eq_ignore_ascii_case("template"))
                && is_deployment(&owner)
                && path.len() == 2
            {
                owner = Owner::Template;
                path.clear();
            }
        }
    }
    (owner, path)
}

fn is_deployment(owner: &Owner<'_>) -> bool {
    matches!(owner, Owner::Resource(resource) if resource.type_name.eq_ignore_ascii_case("Microsoft.Resources/deployments"))
}

fn bicep_resource<'s>(scan: &Scan<'s>, frame: usize, outer: &Owner<'s>) -> ResourceAt<'s> {
    let head = scan.frames[frame].head;
    let text = head.and_then(|head| head.text).unwrap_or_default();
    let (own, version) = text.split_once('@').map_or((text, None), |(ty, version)| (ty, Some(version)));
    let (type_name, inherited) = full_type(own, outer);
    ResourceAt { type_name, version: version.or(inherited) }
}

fn json_resource<'s>(scan: &Scan<'s>, frame: usize, outer: &Owner<'s>) -> ResourceAt<'s> {
    let (type_name, _) = full_type(scan.scalar(frame, "type").unwrap_or_default(), outer);
    ResourceAt { type_name, version: scan.scalar(frame, "apiVersion") }
}

/// The type of a resource inside another one, and the version of the outer one.
fn full_type<'s>(own: &str, outer: &Owner<'s>) -> (String, Option<&'s str>) {
    match outer {
        Owner::Resource(parent) if !own.contains('.') && !own.is_empty() => {
            (format!("{}/{own}", parent.type_name), parent.version)
        }
        _ => (own.to_owned(), None),
    }
}

// ----------------------------------------------------------------------------------------------------- JSON

fn json_place<'s>(scan: &Scan<'s>) -> Place<'s> {
    let frame = scan.frame();
    if let Some(token) = scan.token {
        if token.kind == TokenKind::Comment {
            return Place::Comment { range: token.range };
        }
        let text = scan.slice(token.inner());
        if token.is_string() && text.starts_with('[') && !text.starts_with("[[") && scan.offset > token.inner().start()
        {
            return Place::Arm(ArmAt { token });
        }
    }
    let member = scan.member.and_then(|member| frame.members.get(member));
    // Right behind a closing quote it is still that string which is chosen anew, not what comes next.
    let behind = |range: TextRange| {
        (scan.token.is_none() && range.end() == scan.offset && scan.slice(range).ends_with('"')).then_some(range)
    };
    match (frame.kind, scan.state) {
        (FrameKind::Object, State::After) => {
            match member.and_then(|member| Some((member.name, behind(member.value?)?))) {
                Some((_, value)) if scan.slice(value).starts_with("\"[") => Place::Nothing,
                Some((key, value)) => value_in(scan, Some(key), false, value, true),
                None if scan.token.is_none() && scan.before == scan.offset => Place::Nothing,
                None => json_key(scan, replaced(scan)),
            }
        }
        (FrameKind::Object, State::Key) => json_key(scan, replaced(scan)),
        (FrameKind::Object, State::Colon | State::Value) => {
            // `"a" "b|": 1`: what looks like a value is the next key.
            if scan.token.is_some_and(|token| next_is(scan, token.range.end(), b':')) {
                return json_key(scan, replaced(scan));
            }
            if let Some(key) = member.and_then(|member| behind(member.key)).filter(|_| scan.state == State::Colon) {
                return json_key(scan, key);
            }
            if scan.token.is_none() && is_followed_by_value(scan) {
                return Place::Nothing;
            }
            value_at(scan, member.map(|member| member.name), scan.state == State::Colon)
        }
        // Right behind an element.
        (FrameKind::Array, State::After) if scan.token.is_none() && scan.before == scan.offset => Place::Nothing,
        (FrameKind::Array, _) => value_at(scan, None, false),
        _ => Place::Nothing,
    }
}

/// Whether the value, or the colon before it, stands behind the cursor already. The key of the next member is none.
fn is_followed_by_value(scan: &Scan<'_>) -> bool {
    let Some((at, byte)) = next(scan, scan.offset) else { return false };
    let rest = &scan.source[usize::from(at)..];
    let end = match byte {
        // Behind a value it belongs to `? :`.
        b':' => return scan.state == State::Colon,
        b'{' | b'[' => return true,
        b'"' | b'\'' => rest[1..].find(['"', '\'', '\n']).map_or(rest.len(), |end| end + 2),
        _ if crate::scan::is_word(byte) || byte == b'-' => {
            rest.bytes().take_while(|&byte| crate::scan::is_word(byte)).count()
        }
        _ => return false,
    };
    let is_key = rest.get(end..).is_some_and(|rest| rest.trim_start().starts_with(':'));
    // In Bicep the next line begins a member, or it would be an error anyway.
    !is_key && (scan.language == Language::Json || !scan.is_new_line(scan.offset, at))
}

fn json_key<'s>(scan: &Scan<'s>, replace: TextRange) -> Place<'s> {
    let end = replace.end();
    let has_colon = next_is(scan, end, b':');
    let before = previous(scan, replace.start());
    let comma_before = before.filter(|&(_, byte)| !matches!(byte, b'{' | b',')).map(|(end, _)| end);
    Place::Key(KeyAt {
        frame: scan.open.last().copied().unwrap_or_default(),
        replace,
        quoted: scan.slice(replace).starts_with('"'),
        has_colon,
        comma_before,
        comma_after: !has_colon && matches!(next(scan, end), Some((_, b'"'))),
    })
}

fn value_at<'s>(scan: &Scan<'s>, key: Option<&'s str>, needs_colon: bool) -> Place<'s> {
    value_in(scan, key, needs_colon, replaced(scan), scan.token.is_some_and(Token::is_string))
}

/// A place for a value in place of what stands at `replace`.
fn value_in<'s>(
    scan: &Scan<'s>,
    key: Option<&'s str>,
    needs_colon: bool,
    replace: TextRange,
    quoted: bool,
) -> Place<'s> {
    let before = previous(scan, replace.start());
    let in_array = key.is_none();
    let is_json = scan.language == Language::Json;
    let comma_before = before
        .filter(|&(end, byte)| {
            in_array && !matches!(byte, b'[' | b',') && (is_json || !scan.is_new_line(end, replace.start()))
        })
        .map(|(end, _)| end);
    let next = next(scan, replace.end());
    let comma_after = match next {
        Some((_, byte)) if is_json => {
            byte == b'"' || (in_array && (matches!(byte, b'{' | b'[' | b'-') || crate::scan::is_word(byte)))
        }
        _ => false,
    };
    Place::Value(ValueAt {
        key,
        replace,
        quoted,
        quote: scan.quote(),
        needs_colon,
        needs_blank: before.is_some_and(|(end, byte)| byte == b':' && end == replace.start()),
        comma_before,
        comma_after,
    })
}

/// What is replaced by what is chosen: the token at the cursor, of an unfinished string only what is a word.
fn replaced(scan: &Scan<'_>) -> TextRange {
    match scan.token {
        None => TextRange::empty(scan.offset),
        Some(token @ Token { kind: TokenKind::String { closed: false, .. }, .. }) => {
            let rest = &scan.source[usize::from(scan.offset)..];
            let word = rest.bytes().take_while(|&byte| crate::scan::is_word(byte)).count();
            TextRange::new(token.range.start(), scan.offset + crate::scan::size(word))
        }
        Some(token) => token.range,
    }
}

/// The end of what stands before a place, and its last byte; blanks and comments left out.
fn previous(scan: &Scan<'_>, at: TextSize) -> Option<(TextSize, u8)> {
    let end = if scan.before <= at { scan.before } else { at };
    let text = scan.source[..usize::from(end)].trim_end();
    Some((TextSize::of(text), *text.as_bytes().last()?))
}

/// Where the next thing starts behind a place, and its first byte; blanks and comments left out.
fn next(scan: &Scan<'_>, at: TextSize) -> Option<(TextSize, u8)> {
    let mut at = usize::from(at);
    loop {
        let rest = &scan.source[at..];
        at += rest.len() - rest.trim_start().len();
        let rest = &scan.source[at..];
        if rest.starts_with("//") {
            at += rest.find('\n')?;
        } else if rest.starts_with("/*") {
            at += rest.find("*/")? + 2;
        } else {
            return Some((crate::scan::size(at), *rest.as_bytes().first()?));
        }
    }
}

fn next_is(scan: &Scan<'_>, at: TextSize, byte: u8) -> bool {
    next(scan, at).is_some_and(|(_, found)| found == byte)
}

// ----------------------------------------------------------------------------------------------------- Bicep

fn bicep_place<'s>(scan: &Scan<'s>) -> Place<'s> {
    let frame = scan.frame();
    if let Some(token) = scan.token {
        match token.kind {
            TokenKind::Comment => return Place::Comment { range: token.range },
            TokenKind::Multiline => return Place::Nothing,
            _ => {}
        }
    }
    if let Some(place) = bicep_string(scan) {
        return place;
    }
    if is_number(scan) {
        return Place::Nothing;
    }
    if frame.kind != FrameKind::Document
        && let Some(first) = scan.statement.first()
    {
        let has_equals = || scan.statement.iter().any(|token| scan.slice(token.range) == "=");
        match scan.slice(first.range) {
            // What a decorator is told is written out.
            "@" => return Place::Nothing,
            "func" if !has_equals() => return Place::TypeName { replace: replaced(scan) },
            _ => {}
        }
    }
    // What is called or read from has to stay a name.
    let behind = scan.token.filter(|token| token.kind == TokenKind::Word).map(|token| token.range.end());
    if frame.kind != FrameKind::Document
        && scan.state == State::Value
        && behind.is_some_and(|end| scan.source[usize::from(end)..].starts_with(['(', '.', '[']))
    {
        return expression(scan);
    }
    let in_list = matches!(frame.kind, FrameKind::Parentheses | FrameKind::Array | FrameKind::Hole);
    // In the head of a loop every word looks like a value.
    let is_complete = || scan.state == State::After && !frame.is_for && !after_dot(scan);
    if in_list && scan.token.is_none() && (is_complete() || is_followed_by_value(scan)) {
        return Place::Nothing;
    }
    // `[for |`: a name is being made up.
    if frame.kind == FrameKind::Array && frame.is_for && !is_behind_in(scan, frame.start) {
        return Place::Nothing;
    }
    match (frame.kind, scan.state) {
        (FrameKind::Document, _) => bicep_statement(scan),
        (FrameKind::Object, State::Key) => bicep_key(scan),
        // `key |`: a colon is missing, unless a nested resource is being written.
        (FrameKind::Object, State::Colon) => {
            let key = scan.member.and_then(|member| frame.members.get(member)).map(|member| member.name);
            if key == Some("resource") { Place::Nothing } else { value_at(scan, key, true) }
        }
        (FrameKind::Object, State::Value) if !after_dot(scan) => {
            let key = scan.member.and_then(|member| frame.members.get(member));
            // Behind an operator it is an expression, not the value itself.
            match key {
                Some(_) if scan.token.is_none() && is_followed_by_value(scan) => Place::Nothing,
                Some(member) if member.value.is_none_or(|value| value.start() >= replaced(scan).start()) => {
                    value_at(scan, Some(member.name), false)
                }
                // A branch of `? :` is the value itself.
                Some(member) if matches!(previous(scan, replaced(scan).start()), Some((_, b'?' | b':'))) => {
                    value_at(scan, Some(member.name), false)
                }
                _ => expression(scan),
            }
        }
        (FrameKind::Array, State::Value) if !frame.is_for && !after_dot(scan) => value_at(scan, None, false),
        (FrameKind::Object, State::After) if scan.token.is_none() && !after_dot(scan) => {
            // Two properties on one line: a comma is missing.
            let is_one_line = !scan.is_new_line(frame.start, scan.offset) && scan.before < scan.offset;
            if is_one_line || scan.is_new_line(scan.before, scan.offset) { bicep_key(scan) } else { Place::Nothing }
        }
        _ => expression(scan),
    }
}

/// A place in a string: what it is depends on what the string is for.
fn bicep_string<'s>(scan: &Scan<'s>) -> Option<Place<'s>> {
    let frame = scan.frame();
    let token = scan.token.filter(|token| token.is_string())?;
    let closed = matches!(token.kind, TokenKind::String { closed: true, .. });
    if frame.kind == FrameKind::Document || (frame.kind == FrameKind::Object && scan.state == State::Colon) {
        let words: Vec<&str> = match frame.kind {
            FrameKind::Document => scan.statement.iter().map(|token| scan.slice(token.range)).collect(),
            _ => scan.member.and_then(|at| frame.members.get(at)).map(|member| member.name).into_iter().collect(),
        };
        let inner = token.inner();
        let inner = if closed { inner } else { TextRange::new(inner.start(), scan.offset.max(inner.start())) };
        let at = StringAt { inner, text: scan.slice(inner), closed, keyword: "" };
        return Some(match words.as_slice() {
            ["resource", ..] if !words.contains(&"=") => Place::ResourceString(StringAt { keyword: "resource", ..at }),
            ["module", ..] if !words.contains(&"=") => Place::Path(StringAt { keyword: "module", ..at }),
            ["using", ..] => Place::Path(StringAt { keyword: "using", ..at }),
            ["targetScope", ..] => value_at(scan, Some("targetScope"), false),
            ["param", name, ..] if words.contains(&"=") && scan.language == Language::BicepParam => {
                assigned(scan, name)
            }
            ["import", ..] => Place::Path(StringAt { keyword: "import", ..at }),
            ["var" | "param", name, ..] if words.contains(&"=") => {
                Place::Argument(ArgumentAt { inner, name, before: None })
            }
            _ => Place::Nothing,
        });
    }
    if frame.kind == FrameKind::Parentheses {
        let inner = token.inner();
        let inner = if closed { inner } else { TextRange::new(inner.start(), scan.offset.max(inner.start())) };
        let open = usize::from(frame.start);
        let word = scan.source[..open].bytes().rev().take_while(|&byte| crate::scan::is_word(byte)).count();
        let before = &scan.source[open + 1..usize::from(token.range.start())];
        return Some(Place::Argument(ArgumentAt {
            inner,
            name: &scan.source[open - word..open],
            before: Some(before),
        }));
    }
    match (frame.kind, scan.state) {
        (FrameKind::Object, State::Key) => Some(bicep_key(scan)),
        (FrameKind::Object, State::Value) => {
            let key = scan.member.and_then(|member| frame.members.get(member)).map(|member| member.name);
            Some(value_at(scan, key, false))
        }
        (FrameKind::Array, State::Value) => Some(value_at(scan, None, false)),
        _ => Some(Place::Nothing),
    }
}

fn bicep_key<'s>(scan: &Scan<'s>) -> Place<'s> {
    let replace = replaced(scan);
    if scan.source[..usize::from(replace.start())].ends_with("...") {
        return expression(scan);
    }
    let has_colon = next_on_line(scan, replace.end()) == Some(b':');
    let before = previous(scan, replace.start());
    let comma_before = before
        .filter(|&(end, byte)| !matches!(byte, b'{' | b',') && !scan.is_new_line(end, replace.start()))
        .map(|(end, _)| end);
    let next = next_on_line(scan, replace.end());
    Place::Key(KeyAt {
        frame: scan.open.last().copied().unwrap_or_default(),
        replace,
        quoted: scan.token.is_some_and(Token::is_string),
        has_colon,
        comma_before,
        comma_after: !has_colon && next.is_some_and(|byte| crate::scan::is_word(byte) || byte == b'\''),
    })
}

fn next_on_line(scan: &Scan<'_>, at: TextSize) -> Option<u8> {
    let rest = scan.source[usize::from(at)..].trim_start_matches([' ', '\t']);
    rest.bytes().next().filter(|byte| !matches!(byte, b'\n' | b'\r'))
}

fn bicep_statement<'s>(scan: &Scan<'s>) -> Place<'s> {
    let replace = replaced(scan);
    let words: Vec<&str> = scan.statement.iter().map(|token| scan.slice(token.range)).collect();
    match words.as_slice() {
        [] => {
            let before = scan.source[..usize::from(replace.start())].bytes().next_back();
            if before == Some(b'@') { Place::Decorator { replace } } else { Place::Statement { replace } }
        }
        ["@", ..] => {
            if words.len() == 1 {
                Place::Decorator { replace }
            } else {
                Place::Nothing
            }
        }
        // The value is there already.
        [.., "="] if scan.token.is_none() && (scan.state == State::After || is_followed_by_value(scan)) => {
            if after_dot(scan) { expression(scan) } else { Place::Nothing }
        }
        ["targetScope", "="] => value_at(scan, Some("targetScope"), false),
        ["type", _, "="] => Place::TypeName { replace },
        ["resource", _] if next_on_line(scan, replace.end()) != Some(b'\'') => Place::Header { replace },
        ["resource" | "module", .., "="] => match scan.statement.iter().find(|token| token.is_string()) {
            Some(string) => {
                Place::Body { replace, head: Head { keyword: words[0], text: Some(scan.slice(string.inner())) } }
            }
            None => Place::Nothing,
        },
        ["param"] if scan.language == Language::BicepParam => Place::ParameterName { replace },
        ["param", name, "="] if scan.language == Language::BicepParam => assigned(scan, name),
        words if words.contains(&"=") => {
            if scan.state == State::After && scan.token.is_none() && !after_dot(scan) {
                return Place::Nothing;
            }
            expression(scan)
        }
        ["param" | "output", _name] => Place::TypeName { replace },
        _ => Place::Nothing,
    }
}

fn expression<'s>(scan: &Scan<'s>) -> Place<'s> {
    let is_parameter = scan.statement.first().is_some_and(|first| scan.slice(first.range) == "param");
    Place::Expression(ExpressionAt {
        replace: replaced(scan),
        is_default: is_parameter && scan.language == Language::Bicep,
    })
}

fn assigned<'s>(scan: &Scan<'s>, name: &'s str) -> Place<'s> {
    match value_at(scan, Some(name), false) {
        Place::Value(at) => Place::Assigned { name, at },
        other => other,
    }
}

/// Whether the cursor is behind the `in` of a loop that begins at `start`.
fn is_behind_in(scan: &Scan<'_>, start: TextSize) -> bool {
    let before = &scan.source[usize::from(start)..usize::from(replaced(scan).start())];
    before.split_whitespace().any(|word| word == "in")
}

fn is_number(scan: &Scan<'_>) -> bool {
    let word = scan.token.filter(|token| token.kind == TokenKind::Word);
    word.is_some_and(|token| scan.slice(token.range).starts_with(|first: char| first.is_ascii_digit()))
}

/// Whether a property of something is being written.
pub(crate) fn after_dot(scan: &Scan<'_>) -> bool {
    let start = scan.token.map_or(scan.offset, |token| token.range.start());
    let before = scan.source[..usize::from(start)].trim_end_matches([' ', '\t']);
    // A spread is no dot.
    (before.ends_with('.') && !before.ends_with("...")) || before.ends_with(".?")
}
