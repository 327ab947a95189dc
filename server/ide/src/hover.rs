//! What there is to say about what stands at the cursor.

use schema::{ApiVersion, ResourceType, Status, Type, roles};
use syntax::arm_expr;
use syntax::{TextRange, TextSize};
use template::Evaluator;
use template::aks::{IDENTITY, is_guid};
use template::eval::{Place as Spot, ScopeId};
use template::grants::Bearer;
use template::identities::Granted;
use template::model::TemplateKind;
use template::value::ResourceRef;
use template::workspace::SourceFile;

use crate::View;
use crate::completion::context::{Context, Owner, ResourceAt};
use crate::completion::{ADDONS, command, decorator_doc, fixed_doc, keyword_doc};
use crate::expressions::{Chain, Members, chain_before, chain_of};
use crate::facts::{Node, at_path, page};
use crate::functions::function;
use crate::grants::{Grants, granted_words};
use crate::scan::{State, Token, TokenKind};

/// A page about a range.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hover {
    /// What the page is about, in bytes.
    pub range: TextRange,
    /// Markdown.
    pub markdown: String,
}

pub(crate) fn hover(view: &View<'_>, offset: TextSize) -> Option<Hover> {
    let source = view.source();
    let Some(language) = source.language() else {
        return flag(source, offset);
    };
    let context = Context::new(source.text.as_str(), language, offset, source.syntax_errors.is_empty());
    let hover = Hovering { view: *view, context, offset };
    let mut hover = hover
        .rule()
        .or_else(|| flag(source, offset))
        .or_else(|| hover.guid())
        .or_else(|| hover.key())
        .or_else(|| hover.fixed())
        .or_else(|| hover.type_or_version())
        .or_else(|| hover.special_value())
        .or_else(|| hover.expression())?;
    hover.markdown.truncate(hover.markdown.trim_end().len());
    Some(hover)
}

/// A flag of an `az aks` command.
fn flag(file: &SourceFile, offset: TextSize) -> Option<Hover> {
    let (range, flag) = command::flag_at(file, offset)?;
    Some(Hover { range, markdown: command::page(flag) })
}

struct Hovering<'w> {
    view: View<'w>,
    context: Context<'w>,
    offset: TextSize,
}

impl<'w> Hovering<'w> {
    fn text(&self) -> &'w str {
        self.context.scan.source
    }

    /// The characters around the cursor for which `is` holds.
    fn word(&self, is: impl Fn(u8) -> bool) -> TextRange {
        let bytes = self.text().as_bytes();
        let at = usize::from(self.context.scan.offset);
        let start = at - bytes[..at].iter().rev().take_while(|&&byte| is(byte)).count();
        let end = at + bytes[at..].iter().take_while(|&&byte| is(byte)).count();
        TextRange::new(crate::scan::size(start), crate::scan::size(end))
    }

    fn slice(&self, range: TextRange) -> &'w str {
        &self.text()[range]
    }

    /// A rule's code, in a comment that silences it or anywhere else it is written out.
    fn rule(&self) -> Option<Hover> {
        let range = self.word(|byte| byte.is_ascii_alphanumeric() || byte == b'-');
        let code = self.slice(range);
        let rule = rules::by_code(code).filter(|_| code.contains('-'))?;
        let metadata = rule.metadata();
        let docs = rules::docs::Docs::of(rule);
        let mut markdown = format!("**{code}** ({}, {})\n\n", metadata.severity.as_str(), metadata.family.as_str());
        for title in ["What it does", "Why is this a problem", "Fix"] {
            if let Some(section) = docs.section(title) {
                markdown.push_str(section.trim());
                markdown.push_str("\n\n");
            }
        }
        Some(Hover { range, markdown })
    }

    /// The GUID of a role.
    fn guid(&self) -> Option<Hover> {
        let range = self.word(|byte| byte.is_ascii_hexdigit() || byte == b'-');
        let text = self.slice(range);
        let role = roles::by_guid(text).filter(|_| is_guid(text))?;
        let markdown = format!("**{}** (built-in role)\n\n{}\n\n`{}`", role.name, role.purpose, role.guid);
        Some(Hover { range, markdown })
    }

    /// The name of a property.
    fn key(&self) -> Option<Hover> {
        let scan = &self.context.scan;
        let token = scan.token.filter(|token| matches!(token.kind, TokenKind::Word | TokenKind::String { .. }))?;
        let frame = scan.frame();
        let is_key = matches!(scan.state, State::Key) && frame.members.iter().any(|member| member.key == token.range);
        if !is_key {
            return None;
        }
        let Owner::Resource(resource) = &self.context.owner else { return None };
        let (ty, version) = facts_of(resource)?;
        let mut path = self.context.path.clone();
        path.push(self.slice(token.inner()));
        let node = at_path(ty, version, &path);
        if let Some(Node::Property(property)) = node
            && property.name() != "*"
        {
            return Some(Hover { range: token.range, markdown: page(ty, version, &path, property) });
        }
        if node.is_some() {
            return self.entry(token, ty, &path);
        }
        // Not in this version: say which ones have it.
        let text = crate::facts::path_text(&path);
        let versions = ty.versions_with(&text);
        if versions.is_empty() {
            return None;
        }
        let doc = schema::doc(ty, &text).unwrap_or_default();
        let with = versions.next_with(version).map_or_else(String::new, |with| format!("; {with} has it"));
        Some(Hover { range: token.range, markdown: format!("`{text}`: not in {version}{with}\n\n{doc}") })
    }

    /// A key that is the same in every API version, a parameter of another file, a keyword or a decorator of Bicep.
    fn fixed(&self) -> Option<Hover> {
        let scan = &self.context.scan;
        let token = scan.token.filter(|token| matches!(token.kind, TokenKind::Word | TokenKind::String { .. }))?;
        let name = self.slice(token.inner());
        let path = self.context.path.as_slice();
        if scan.frame().members.iter().any(|member| member.key == token.range) {
            if let Some(doc) = fixed_doc(&self.context.owner, path, name, self.context.is_json()) {
                return Some(Hover { range: token.range, markdown: format!("`{name}`\n\n{doc}") });
            }
            let file = match (&self.context.owner, path) {
                (Owner::Module { path }, ["params"]) => self.view.file_of(self.view.file, path)?,
                (Owner::Template, ["parameters"]) if self.is_in_parameter_file() => {
                    template::parameters::templates(self.view.workspace, self.view.file).first().copied()?
                }
                _ => return None,
            };
            let other = View::new(self.view.workspace, file);
            let markdown = crate::symbols::describe(&other, other.template()?, name)?;
            return Some(Hover { range: token.range, markdown });
        }
        if self.context.is_json() || token.kind != TokenKind::Word || !scan.open.is_empty() && scan.open.len() > 1 {
            return None;
        }
        let line = self.text()[..usize::from(token.range.start())].rsplit(['\n', '\r']).next()?.trim_start();
        let doc = match line {
            "" => keyword_doc(name)?,
            "@" | "@sys." => decorator_doc(name)?,
            _ => return None,
        };
        Some(Hover { range: token.range, markdown: format!("`{}{name}`\n\n{doc}", line.get(..1).unwrap_or_default()) })
    }

    fn is_in_parameter_file(&self) -> bool {
        self.view.template().is_some_and(|template| template.kind == TemplateKind::Parameters)
    }

    /// An entry of a map: its key is an identity, an add-on or a name.
    fn entry(&self, token: Token, ty: ResourceType, path: &[&str]) -> Option<Hover> {
        let about = self.expression_at(token.range);
        let (parents, key) = (&path[..path.len() - 1], path.last()?);
        let doc = schema::doc(ty, &crate::facts::path_text(&[parents, &["*"]].concat()))
            .or_else(|| schema::doc(ty, &format!("{}.{key}", crate::facts::path_text(parents))))
            .unwrap_or_default();
        let addon =
            ADDONS.iter().find(|(own, _)| own.eq_ignore_ascii_case(key) && parents.last() == Some(&"addonProfiles"));
        let doc = addon.map_or(doc, |(_, what)| what);
        let markdown = match about {
            Some(about) => format!("{}\n\n{doc}", about.markdown),
            None => doc.to_owned(),
        };
        (!markdown.is_empty()).then_some(Hover { range: token.range, markdown })
    }

    /// A resource type or API version.
    fn type_or_version(&self) -> Option<Hover> {
        let token = self.context.scan.token.filter(|token| token.is_string())?;
        let inner = token.inner();
        let text = self.slice(inner);
        let with_actors = |mut page: Hover, ty: ResourceType| {
            let around = |eval: &Evaluator<'_>, resource: ResourceRef| {
                let resource = eval.resource(resource);
                resource.range.contains_inclusive(self.offset) && resource.is_type(ty.name())
            };
            if let Some(actors) = self.actors(around) {
                page.markdown = format!("{actors}\n\n{}", page.markdown);
            }
            page
        };
        if let Some((own, version)) = text.split_once('@') {
            let parent = self.context.resource().map(|resource| resource.type_name.as_str());
            let name = match parent {
                Some(parent) if !own.contains('.') => format!("{parent}/{own}"),
                _ => own.to_owned(),
            };
            let ty = schema::resource_type(&name)?;
            let split = inner.start() + TextSize::of(own);
            return if self.offset <= split {
                Some(with_actors(type_page(ty, TextRange::new(inner.start(), split)), ty))
            } else {
                let range = TextRange::new(inner.end() - TextSize::of(version), inner.end());
                version_page(ty, ApiVersion::parse(version)?, range)
            };
        }
        if let Some(ty) = schema::resource_type(text) {
            return Some(with_actors(type_page(ty, inner), ty));
        }
        let key = self.context.scan.member.and_then(|at| self.context.scan.frame().members.get(at))?;
        if key.name.eq_ignore_ascii_case("apiVersion") && self.context.path.is_empty() {
            let ty = self.context.resource()?.ty()?;
            return version_page(ty, ApiVersion::parse(text)?, inner);
        }
        if key.name.eq_ignore_ascii_case("type") && self.context.path.is_empty() {
            return self.context.resource()?.ty().map(|ty| type_page(ty, inner));
        }
        None
    }

    /// Values that mean more than they say.
    fn special_value(&self) -> Option<Hover> {
        let token = self.context.scan.token.filter(|token| token.is_string())?;
        let text = self.slice(token.inner());
        let key = self.context.scan.member.and_then(|at| self.context.scan.frame().members.get(at))?;
        let markdown = if text.eq_ignore_ascii_case("msi") && key.name.eq_ignore_ascii_case("clientId") {
            "`msi` is no application: it says that the cluster has a managed identity and no service principal. Only meaningful \
             together with `identity`; without `servicePrincipalProfile` the service fills it in by itself."
                .to_owned()
        } else {
            let Owner::Resource(resource) = &self.context.owner else { return None };
            let (ty, version) = facts_of(resource)?;
            let mut path = self.context.path.clone();
            path.push(key.name);
            let property = match at_path(ty, version, &path)? {
                Node::Property(property) if matches!(property.ty(), Type::Enum(_)) => property,
                _ => return None,
            };
            if text.starts_with('[') || text.contains("${") {
                return None;
            }
            page(ty, version, &path, property)
        };
        Some(Hover { range: token.range, markdown })
    }

    // ------------------------------------------------------------------------------------------------- expressions

    fn expression(&self) -> Option<Hover> {
        self.arm_function().or_else(|| self.bicep_word()).or_else(|| self.around())
    }

    /// A name inside an ARM expression.
    fn arm_function(&self) -> Option<Hover> {
        if !self.context.is_json() {
            return None;
        }
        let token = self.context.scan.token.filter(|token| token.is_string())?;
        let (text, map) = self.context.scan.decode(token);
        let parsed = arm_expr::parse(&text);
        let at = parsed.at_offset(map.to_decoded(self.offset));
        let node = at.nodes.last()?;
        match node {
            arm_expr::Expr::Call(call) if call.name_range().contains_inclusive(map.to_decoded(self.offset)) => {
                if call.is("parameters") || call.is("variables") {
                    let whole = map.to_source(call.range)?;
                    return self
                        .expression_at(whole)
                        .or_else(|| self.function(call.name.text, map.to_source(call.name.range)?));
                }
                let page = self.function(call.name.text, map.to_source(call.name.range)?)?;
                let own = map.to_source(call.range).and_then(|range| self.expression_at(range));
                // `reference(…)` alone is nobody, but what is read of it may be.
                let value = own.or_else(|| self.expression_at(map.to_source(parsed.root.as_ref()?.range())?));
                Some(match value {
                    Some(value) => Hover { markdown: format!("{}\n\n{}", page.markdown, value.markdown), ..page },
                    None => page,
                })
            }
            arm_expr::Expr::Member(member) => {
                let range = map.to_source(member.name.range)?;
                self.member(&chain_of(&member.base)?, member.name.text, range)
            }
            arm_expr::Expr::Str(_) => {
                let call = at.argument?.call;
                if call.is("parameters") || call.is("variables") {
                    return self.declared(node.as_str()?, map.to_source(node.range())?);
                }
                let ty = schema::resource_type(node.as_str()?)?;
                Some(type_page(ty, map.to_source(node.range())?))
            }
            _ => None,
        }
    }

    /// A name in Bicep: a function, a member, something declared.
    fn bicep_word(&self) -> Option<Hover> {
        if self.context.is_json() {
            return None;
        }
        let range = self.word(crate::scan::is_word);
        let word = self.slice(range);
        if word.is_empty() || self.context.scan.token.is_some_and(|token| token.kind == TokenKind::Comment) {
            return None;
        }
        let in_string = self.context.scan.token.is_some_and(Token::is_string);
        if in_string {
            return None;
        }
        let before = self.text()[..usize::from(range.start())].trim_end();
        if let Some(base) = before.strip_suffix(".?").or_else(|| before.strip_suffix('.')) {
            return self.member(&chain_before(self.text(), base.len())?, word, range);
        }
        if self.text()[usize::from(range.end())..].starts_with('(')
            && let Some(page) = self.function(word, range)
        {
            return Some(page);
        }
        self.declared(word, range)
    }

    fn function(&self, name: &str, range: TextRange) -> Option<Hover> {
        let function = function(name, self.context.is_json())?;
        Some(Hover { range, markdown: format!("```\n{}\n```\n{}", function.call(), function.doc) })
    }

    fn member(&self, chain: &Chain, name: &str, range: TextRange) -> Option<Hover> {
        let template = self.view.template_at(self.offset)?;
        let about = self.around();
        let page = match chain.members(&self.view, template)? {
            Members::Resource { ty, version, path, node } => {
                let mut path: Vec<&str> = path.iter().map(String::as_str).collect();
                path.push(name);
                match (node.ty(), at_path(ty, version, &path)) {
                    (Type::Object(_), Some(Node::Property(property))) => {
                        Some(crate::facts::page(ty, version, &path, property))
                    }
                    (Type::Map(_), _) => {
                        schema::doc(ty, &crate::facts::path_text(&path)).map(|doc| format!("`{name}`\n\n{doc}"))
                    }
                    _ => crate::expressions::RESOURCE_MEMBERS
                        .iter()
                        .find(|(own, _)| *own == name)
                        .map(|(own, what)| format!("`{own}`: {what}")),
                }
            }
            Members::Fixed(members) => members
                .iter()
                .find(|(own, _)| own.eq_ignore_ascii_case(name))
                .map(|(own, what)| format!("`{own}`: {what}")),
            Members::Named(_) => None,
        };
        let markdown = match (about, page) {
            (Some(about), Some(page)) => format!("{}\n\n{page}", about.markdown),
            (Some(about), None) => about.markdown,
            (None, page) => page?,
        };
        Some(Hover { range, markdown })
    }

    /// Something declared: what it is, and what is known of it.
    fn declared(&self, name: &str, range: TextRange) -> Option<Hover> {
        let markdown = crate::symbols::describe(&self.view, self.view.template_at(self.offset)?, name)?;
        let named = |eval: &Evaluator<'_>, resource: ResourceRef| {
            eval.resource(resource).symbol.as_ref().is_some_and(|symbol| symbol.name == *name)
        };
        let about = self.around().map(|about| about.markdown).or_else(|| self.actors(named));
        let more = about.map(|about| format!("\n\n{about}")).unwrap_or_default();
        Some(Hover { range, markdown: format!("{markdown}{more}") })
    }

    /// Who the smallest expression around the cursor stands for, when that is an identity.
    fn around(&self) -> Option<Hover> {
        self.about(|range| range.contains_inclusive(self.offset))
    }

    /// Who the expression at exactly that range stands for.
    fn expression_at(&self, range: TextRange) -> Option<Hover> {
        self.about(|own| own == range || (own.contains_range(range) && own.len() <= range.len() + TextSize::from(8)))
    }

    /// Who acts in the cluster or as the identity that is declared here, and what they may do.
    fn actors(&self, is: impl Fn(&Evaluator<'_>, ResourceRef) -> bool) -> Option<String> {
        let eval = self.view.eval()?;
        let grants = Grants { view: self.view, eval: &eval };
        let is_meant =
            |resource: &ResourceRef| eval.scope(resource.scope).file == self.view.file && is(&eval, *resource);
        let nearest = |all: Vec<ResourceRef>| {
            all.into_iter().filter(is_meant).min_by_key(|resource| eval.resource(*resource).range.len())
        };
        if let Some(cluster) = nearest(eval.clusters()) {
            return Some(grants.page_of_cluster(cluster));
        }
        let identity = nearest(eval.resources_of(IDENTITY))?;
        let granted = grants.granted_to(&Bearer::Identity(eval.id_of(identity)));
        (!granted.is_empty()).then(|| list(&granted).trim_start().to_owned())
    }

    fn about(&self, is: impl Fn(TextRange) -> bool) -> Option<Hover> {
        let template = self.view.template()?;
        let mut found: Vec<_> = template
            .exprs
            .iter()
            .map(|(id, _)| (id, template.exprs.range(id)))
            .filter(|(_, range)| is(*range))
            .collect();
        found.sort_by_key(|(_, range)| range.len());
        let eval = self.view.eval()?;
        let grants = Grants { view: self.view, eval: &eval };
        for (expr, range) in found.into_iter().take(3) {
            let values = eval.value(Spot { scope: ScopeId::ROOT, expr });
            let Some((words, value)) =
                values.iter().find_map(|case| grants.words_for(&case.value).map(|words| (words, &case.value)))
            else {
                continue;
            };
            let markdown = format!("This is {words}.{}", list(&grants.grants_of(value)));
            return Some(Hover { range, markdown });
        }
        None
    }
}

/// What is granted, a line for each; nothing when that is nothing.
fn list(granted: &[Granted]) -> String {
    if granted.is_empty() {
        return String::new();
    }
    let lines: Vec<String> = granted.iter().map(|one| format!("- {}", granted_words(one))).collect();
    format!("\n\nGranted:\n{}", lines.join("\n"))
}

fn facts_of(resource: &ResourceAt<'_>) -> Option<(ResourceType, ApiVersion)> {
    let ty = resource.ty()?;
    Some((ty, resource.api_version(ty)?))
}

fn type_page(ty: ResourceType, range: TextRange) -> Hover {
    let doc = schema::doc(ty, "").unwrap_or_default();
    let versions = match (ty.newest_stable(), ty.newest_preview()) {
        (Some(stable), Some(preview)) => format!("Newest API version: {stable} (preview: {preview})"),
        (one, other) => format!("Newest API version: {}", one.or(other).map(|it| it.to_string()).unwrap_or_default()),
    };
    let url = schema::reference_url(ty, None);
    Hover { range, markdown: format!("**{}**\n\n{doc}\n\n{versions}\n\n[Reference]({url})", ty.name()) }
}

fn version_page(ty: ResourceType, version: ApiVersion, range: TextRange) -> Option<Hover> {
    let state = match ty.status(version) {
        Status::Known => "a known version".to_owned(),
        Status::Retired { since: Some(day) } => format!("retired on {day}"),
        Status::Retired { since: None } => "retired".to_owned(),
        Status::Unknown { newer: true } => "newer than the facts this program has".to_owned(),
        Status::Unknown { newer: false } => "not known".to_owned(),
    };
    let newest = ty.newest()?;
    let advice = if newest == version { "the newest one".to_owned() } else { format!("the newest one is {newest}") };
    Some(Hover { range, markdown: format!("**{version}** of {}: {state}; {advice}", ty.name()) })
}
