//! How declared things are referred to, in both languages, as text; and what the parts of chains like `aks.identity` are.

use schema::{ApiVersion, ResourceType, Type};
use syntax::arm_expr;
use template::Name;
use template::expr::{Expr, ExprId, Member};
use template::model::{Declaration, ModuleSource, Resource, Template};

use crate::View;
use crate::facts::{Node, at_path};

/// The type of user-assigned identities.
pub(crate) const IDENTITY: &str = "Microsoft.ManagedIdentity/userAssignedIdentities";
/// The type of clusters.
pub(crate) const CLUSTER: &str = "Microsoft.ContainerService/managedClusters";

impl View<'_> {
    /// The name of a resource as an expression: `'name'`, `parameters('x')`, `name`.
    pub(crate) fn name_expression(&self, resource: &Resource, template: &Template) -> Option<String> {
        let range = template.exprs.range(resource.name?);
        let text = self.slice(range);
        if self.language() != Some(syntax::Language::Json) {
            return Some(text.to_owned());
        }
        let inner = text.strip_prefix('"')?.strip_suffix('"')?;
        if inner.contains('\\') {
            return None;
        }
        Some(match inner.strip_prefix('[').and_then(|inner| inner.strip_suffix(']')) {
            Some(expression) if !inner.starts_with("[[") => expression.to_owned(),
            _ => format!("'{}'", inner.replace('\'', "''")),
        })
    }

    /// The ID of a resource as an expression: `mi.id`, `resourceId('…', 'mi')`.
    pub(crate) fn id_expression(&self, resource: &Resource, template: &Template) -> Option<String> {
        if self.language() != Some(syntax::Language::Json) {
            return Some(format!("{}.id", resource.symbol.as_ref()?.name));
        }
        let name = self.name_expression(resource, template)?;
        let ty = resource.resource_type.as_deref()?;
        if resource.parent.is_some() || ty.matches('/').count() > 1 {
            return None;
        }
        Some(format!("resourceId('{ty}', {name})"))
    }

    /// A short name for people: the symbol, or the name as written.
    pub(crate) fn short_name(&self, resource: &Resource, template: &Template) -> String {
        match &resource.symbol {
            Some(symbol) => symbol.name.to_string(),
            None => {
                let name = self.name_expression(resource, template).unwrap_or_default();
                match name.as_str() {
                    text if text.starts_with('\'') && !text.contains('(') => text.trim_matches('\'').to_owned(),
                    text => match text.split('\'').collect::<Vec<_>>().as_slice() {
                        ["parameters(" | "variables(", name, ")"] => (*name).to_owned(),
                        _ => text.to_owned(),
                    },
                }
            }
        }
    }
}

/// A step in a chain.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Step {
    Name(String),
    /// `[…]`, with the text between the brackets.
    Index(String),
}

/// `root.step.step`: what is read from what.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Chain {
    pub(crate) root: Root,
    pub(crate) steps: Vec<Step>,
}

/// Where a chain starts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Root {
    /// A Bicep name.
    Name(String),
    /// A call, with its arguments as written.
    Call(String, Vec<String>),
}

/// What a chain leads to, as far as it has members.
#[derive(Debug)]
pub(crate) enum Members {
    /// A part of a resource.
    Resource { ty: ResourceType, version: ApiVersion, path: Vec<String>, node: Node },
    /// Fixed names with what they are.
    Fixed(&'static [(&'static str, &'static str)]),
    /// Names that are declared somewhere.
    Named(Vec<String>),
}

/// What every resource has in Bicep besides its body.
pub(crate) static RESOURCE_MEMBERS: [(&str, &str); 4] = [
    ("id", "The resource ID."),
    ("name", "The name."),
    ("type", "The resource type."),
    ("apiVersion", "The API version."),
];
/// The same for resources of which nothing else is known.
static ANY_RESOURCE: [(&str, &str); 8] = [
    ("id", "The resource ID."),
    ("name", "The name."),
    ("type", "The resource type."),
    ("apiVersion", "The API version."),
    ("identity", "The managed identity, if it has one."),
    ("location", "The region."),
    ("properties", "All else."),
    ("tags", "Names and values to find it by."),
];
static GROUP: [(&str, &str); 6] = [
    ("id", "The resource ID of the group."),
    ("name", "The name of the group."),
    ("location", "The location of the group."),
    ("tags", "The tags of the group."),
    ("managedBy", "Who manages the group."),
    ("properties", "The state of the group."),
];
static SUBSCRIPTION: [(&str, &str); 4] = [
    ("id", "The resource ID of the subscription."),
    ("subscriptionId", "The GUID of the subscription."),
    ("tenantId", "The GUID of the tenant."),
    ("displayName", "The name of the subscription."),
];
static DEPLOYMENT: [(&str, &str); 3] = [
    ("name", "The name of the deployment."),
    ("location", "Where it is kept, above resource groups."),
    ("properties", "Template, parameters and mode."),
];
static ENVIRONMENT: [(&str, &str); 5] = [
    ("name", "The name of the cloud."),
    ("authentication", "Where and for whom one signs in."),
    ("suffixes", "Ends of host names: `keyvaultDns`, `storage`, `acrLoginServer`, …"),
    ("resourceManager", "The address of Resource Manager."),
    ("portal", "The address of the portal."),
];
static TENANT: [(&str, &str); 3] = [
    ("tenantId", "The GUID of the tenant."),
    ("displayName", "The name of the tenant."),
    ("countryCode", "The country of the tenant."),
];
static MODULE: [(&str, &str); 2] = [("name", "The name of the deployment."), ("outputs", "What the module gives out.")];

impl Chain {
    /// What can follow it.
    pub(crate) fn members(&self, view: &View<'_>, template: &Template) -> Option<Members> {
        match &self.root {
            Root::Name(name) => self.members_of_name(view, template, name),
            Root::Call(name, arguments) => self.members_of_call(view, template, name, arguments),
        }
    }

    fn members_of_name(&self, view: &View<'_>, template: &Template, name: &str) -> Option<Members> {
        match template.names.get(&Name::from(name))? {
            Declaration::Resource(index) => {
                let resource = &template.resources[*index as usize];
                let ty = schema::resource_type(resource.resource_type.as_deref()?);
                let Some(ty) = ty else {
                    return self.steps.is_empty().then_some(Members::Fixed(&ANY_RESOURCE));
                };
                let written = resource.api_version.and_then(|version| match template.expr(version) {
                    Expr::Str(text) => ApiVersion::parse(text),
                    _ => None,
                });
                self.in_resource(ty, written, resource.repeat.is_some(), &[])
            }
            Declaration::Module(index) => {
                let module = &template.modules[*index as usize];
                let mut steps = self.steps.as_slice();
                if module.repeat.is_some() {
                    steps = steps.strip_prefix(&[Step::Index(String::new())]).unwrap_or(steps.get(1..)?);
                }
                match steps {
                    [] => Some(Members::Fixed(&MODULE)),
                    [Step::Name(outputs)] if outputs == "outputs" => {
                        let (ModuleSource::Path(path, _) | ModuleSource::Registry(path, _)) = &module.source else {
                            return None;
                        };
                        let file = view.file_of(view.file, path)?;
                        let inner = view.workspace.file(file).template.as_ref()?;
                        Some(Members::Named(inner.outputs.iter().map(|output| output.name.to_string()).collect()))
                    }
                    _ => None,
                }
            }
            Declaration::Variable(index) => self.keys_of(template, template.variables[*index as usize].value),
            Declaration::Parameter(index) => self.keys_of(template, template.parameters[*index as usize].default?),
        }
    }

    fn members_of_call(
        &self,
        view: &View<'_>,
        template: &Template,
        name: &str,
        arguments: &[String],
    ) -> Option<Members> {
        let fixed = |members| self.steps.is_empty().then_some(Members::Fixed(members));
        match name.to_ascii_lowercase().as_str() {
            "resourcegroup" => fixed(&GROUP),
            "subscription" => fixed(&SUBSCRIPTION),
            "deployment" => fixed(&DEPLOYMENT),
            "environment" => fixed(&ENVIRONMENT),
            "tenant" => fixed(&TENANT),
            "parameters" | "variables" => {
                let unquoted = arguments.first()?.trim().trim_matches('\'');
                Self { root: Root::Name(unquoted.to_owned()), steps: self.steps.clone() }
                    .members_of_name(view, template, unquoted)
            }
            "reference" => {
                let target = arguments.first()?.trim();
                let ty = type_in(target).or_else(|| type_by_name(view, template, target))?;
                let version = arguments.get(1).and_then(|text| ApiVersion::parse(text.trim().trim_matches('\'')));
                let full = arguments.get(2).is_some_and(|text| text.to_ascii_lowercase().contains("full"));
                self.in_resource(ty, version, false, if full { &[] } else { &["properties"] })
            }
            _ => None,
        }
    }

    fn in_resource(
        &self,
        ty: ResourceType,
        version: Option<ApiVersion>,
        repeated: bool,
        base: &[&str],
    ) -> Option<Members> {
        let version = version.and_then(|version| ty.closest(version)).or_else(|| ty.newest())?;
        let mut steps = self.steps.as_slice();
        if repeated {
            steps = steps.get(1..)?;
        }
        let mut path: Vec<String> = base.iter().map(|&step| step.to_owned()).collect();
        for step in steps {
            let so_far: Vec<&str> = path.iter().map(String::as_str).collect();
            path.push(match step {
                Step::Name(name) => name.clone(),
                // An index of an array, or the key of a map.
                Step::Index(text) => match at_path(ty, version, &so_far)?.ty() {
                    Type::Array(_) => "[]".to_owned(),
                    _ => text.trim().trim_matches('\'').to_owned(),
                },
            });
        }
        let so_far: Vec<&str> = path.iter().map(String::as_str).collect();
        let node = at_path(ty, version, &so_far)?;
        Some(Members::Resource { ty, version, path, node })
    }

    fn keys_of(&self, template: &Template, mut expr: ExprId) -> Option<Members> {
        for step in &self.steps {
            let Step::Name(name) = step else { return None };
            expr = members_of(template, expr).find(|(key, _)| key.eq_ignore_ascii_case(name))?.1;
        }
        Some(Members::Named(members_of(template, expr).map(|(key, _)| key.to_owned()).collect()))
    }
}

fn members_of(template: &Template, expr: ExprId) -> impl Iterator<Item = (&str, ExprId)> {
    let members = match template.expr(expr) {
        Expr::Object(object) => &*object.members,
        _ => &[],
    };
    members.iter().filter_map(|member| match member {
        Member::Property(property) => match template.expr(property.key) {
            Expr::Str(key) => Some((&**key, property.value)),
            _ => None,
        },
        Member::Spread { .. } => None,
    })
}

/// The resource type that an ID expression names.
fn type_in(text: &str) -> Option<ResourceType> {
    text.split('\'').skip(1).step_by(2).find_map(schema::resource_type)
}

/// The type of the resource that goes by that: its symbol, or its name as it is declared.
fn type_by_name(view: &View<'_>, template: &Template, text: &str) -> Option<ResourceType> {
    let symbol = text.strip_prefix('\'').and_then(|text| text.strip_suffix('\''));
    let index = match symbol.and_then(|symbol| template.names.get(&Name::from(symbol))) {
        Some(Declaration::Resource(index)) => *index as usize,
        _ => template
            .resources
            .iter()
            .position(|resource| view.name_expression(resource, template).as_deref() == Some(text))?,
    };
    schema::resource_type(template.resources[index].resource_type.as_deref()?)
}

/// The chain that ends right before `at`, in text (dots excluded): `aks.properties` in `aks.properties.|`.
pub(crate) fn chain_before(text: &str, at: usize) -> Option<Chain> {
    let bytes = text.as_bytes();
    let mut end = text[..at].trim_end_matches([' ', '\t']).len();
    let mut steps = Vec::new();
    loop {
        // Behind a dot, or behind nothing: find what is to the left.
        match bytes.get(end.checked_sub(1)?)? {
            b'!' => end -= 1,
            b']' => {
                let open = matching(bytes, end - 1)?;
                steps.push(Step::Index(text.get(open + 1..end - 1)?.to_owned()));
                end = open;
            }
            b')' => {
                let open = matching(bytes, end - 1)?;
                let start = word_start(bytes, open);
                let name = text.get(start..open)?;
                if name.is_empty() {
                    return None;
                }
                let arguments = split_arguments(text.get(open + 1..end - 1)?);
                steps.reverse();
                return Some(Chain { root: Root::Call(name.to_owned(), arguments), steps });
            }
            &byte if crate::scan::is_word(byte) => {
                let start = word_start(bytes, end);
                let name = text.get(start..end)?.to_owned();
                let before = text[..start].trim_end_matches([' ', '\t']);
                let rest = before.strip_suffix(".?").or_else(|| before.strip_suffix('.'));
                match rest {
                    Some(rest) => {
                        steps.push(Step::Name(name));
                        end = rest.trim_end_matches([' ', '\t']).len();
                    }
                    None => {
                        steps.reverse();
                        return Some(Chain { root: Root::Name(name), steps });
                    }
                }
            }
            _ => return None,
        }
    }
}

fn word_start(bytes: &[u8], end: usize) -> usize {
    end - bytes[..end].iter().rev().take_while(|&&byte| crate::scan::is_word(byte)).count()
}

/// The opening bracket that belongs to the closing one at `close`; quotes are taken into account.
fn matching(bytes: &[u8], close: usize) -> Option<usize> {
    let mut depth = 0_usize;
    let mut in_string = false;
    for at in (0..=close).rev() {
        match bytes[at] {
            b'\'' => in_string = !in_string,
            b'\n' if !in_string => {}
            b')' | b']' if !in_string => depth += 1,
            b'(' | b'[' if !in_string => {
                depth -= 1;
                if depth == 0 {
                    return Some(at);
                }
            }
            _ => {}
        }
    }
    None
}

/// The arguments of a call, as written.
pub(crate) fn split_arguments(text: &str) -> Vec<String> {
    let mut arguments = vec![String::new()];
    let (mut depth, mut in_string) = (0_usize, false);
    for character in text.chars() {
        match character {
            '\'' => in_string = !in_string,
            '(' | '[' | '{' if !in_string => depth += 1,
            ')' | ']' | '}' if !in_string => depth = depth.saturating_sub(1),
            ',' if !in_string && depth == 0 => {
                arguments.push(String::new());
                continue;
            }
            _ => {}
        }
        if let Some(last) = arguments.last_mut() {
            last.push(character);
        }
    }
    if arguments.len() == 1 && arguments[0].trim().is_empty() { Vec::new() } else { arguments }
}

/// The chain that an ARM expression is.
pub(crate) fn chain_of(expr: &arm_expr::Expr<'_>) -> Option<Chain> {
    match expr {
        arm_expr::Expr::Call(call) => {
            let arguments = call.args.iter().map(ToString::to_string).collect();
            Some(Chain { root: Root::Call(call.name.text.to_owned(), arguments), steps: Vec::new() })
        }
        arm_expr::Expr::Member(member) => {
            let mut chain = chain_of(&member.base)?;
            chain.steps.push(Step::Name(member.name.text.to_owned()));
            Some(chain)
        }
        arm_expr::Expr::Index(index) => {
            let mut chain = chain_of(&index.base)?;
            chain.steps.push(Step::Index(index.index.to_string()));
            Some(chain)
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn chain(text: &str) -> String {
        format!("{:?}", chain_before(text, text.len()))
    }

    #[test]
    fn reads_chains_backwards() {
        let expected = |root, steps| format!("{:?}", Some(Chain { root, steps }));
        let name = |text: &str| Step::Name(text.to_owned());
        assert_eq!(chain("x = aks"), expected(Root::Name("aks".into()), vec![]));
        assert_eq!(chain("'${aks.properties"), expected(Root::Name("aks".into()), vec![name("properties")]));
        assert_eq!(
            chain("a ? b[0].c['d)']"),
            expected(Root::Name("b".into()), vec![Step::Index("0".into()), name("c"), Step::Index("'d)'".into())])
        );
        let call = Root::Call("f".into(), vec!["1".into(), " g(2, 3)".into()]);
        assert_eq!(chain("f(1, g(2, 3))"), expected(call, vec![]));
        assert_eq!(chain("a +"), "None");
        assert_eq!(chain(""), "None");
    }
}
