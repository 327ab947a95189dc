//! Whole resources, right as they stand: clusters with their identities, roles and dependencies.

use std::fmt::Write as _;

use syntax::{Carrier, TextRange};
use template::Name;

use super::context::{KeyAt, Owner, ValueAt};
use super::{Item, Kind, Request, escape, is_path, item};
use crate::expressions::{CLUSTER, IDENTITY};
use crate::facts::key;
use crate::scan::Head;

/// A snippet in both languages. `{name}` is a symbol or, in JSON, part of a name; see [`fill`] for the others.
struct Snippet {
    label: &'static str,
    what: &'static str,
    bicep: &'static str,
    /// Elements of `resources`.
    json: &'static str,
    /// The symbols it declares.
    symbols: &'static [&'static str],
}

static SNIPPETS: [Snippet; 6] = [
    Snippet {
        label: "aks-user-assigned",
        what: "A cluster with two identities of its own, one for the control plane and one for the kubelets, and the role that \
               lets the former assign the latter, granted before the cluster is made.",
        bicep: include_str!("snippets/user_assigned.bicep.txt"),
        json: include_str!("snippets/user_assigned.json.txt"),
        symbols: &["controlPlane", "kubelet", "operator", "aks"],
    },
    Snippet {
        label: "aks-system-assigned",
        what: "The smallest cluster: the service makes both identities.",
        bicep: include_str!("snippets/system_assigned.bicep.txt"),
        json: include_str!("snippets/system_assigned.json.txt"),
        symbols: &["aks"],
    },
    Snippet {
        label: "aks-workload-identity",
        what: "A cluster whose pods sign in to Azure: workload identity, an identity for the pods, and the federated \
               credential that trusts the cluster's issuer for one service account.",
        bicep: include_str!("snippets/workload_identity.bicep.txt"),
        json: include_str!("snippets/workload_identity.json.txt"),
        symbols: &["aks", "workload", "credential"],
    },
    Snippet {
        label: "user-assigned-identity",
        what: "An identity that outlives what uses it.",
        bicep: include_str!("snippets/identity.bicep.txt"),
        json: include_str!("snippets/identity.json.txt"),
        symbols: &["identity"],
    },
    Snippet {
        label: "acr-pull",
        what: "Lets the kubelets of a cluster pull images from a registry.",
        bicep: include_str!("snippets/acr_pull.bicep.txt"),
        json: include_str!("snippets/acr_pull.json.txt"),
        symbols: &["pull"],
    },
    Snippet {
        label: "role-assignment",
        what: "A role for a principal, with a name that stays the same.",
        bicep: include_str!("snippets/role_assignment.bicep.txt"),
        json: include_str!("snippets/role_assignment.json.txt"),
        symbols: &["assignment"],
    },
];

/// At the start of a Bicep statement.
pub(super) fn offer_statements(request: &Request<'_>, range: TextRange, items: &mut Vec<Item>) {
    if request.language() == syntax::Language::BicepParam {
        return;
    }
    for snippet in &SNIPPETS {
        let text = fill(request, snippet, snippet.bicep);
        items.push(finish(item(snippet.label, Kind::Snippet, range, text), snippet));
    }
}

/// What a Bicep resource or module can be made of, behind `=`.
pub(super) fn offer_bodies(range: TextRange, head: &Head<'_>, items: &mut Vec<Item>) {
    let ty = head.text.filter(|_| head.keyword == "resource").and_then(|text| {
        let (name, version) = text.split_once('@')?;
        let ty = schema::resource_type(name)?;
        let version = schema::ApiVersion::parse(version).map_or_else(|| ty.newest(), |version| ty.closest(version))?;
        Some((ty, version))
    });
    let mut members = String::new();
    let mut stop = 0;
    let mut line = |name: &str, value: &str| {
        stop += 1;
        let _ = writeln!(members, "\t{name}: {}", value.replace('#', &stop.to_string()));
    };
    if let Some((ty, version)) = ty
        && let Some(crate::facts::Node::Body(body)) = crate::facts::at_path(ty, version, &[])
    {
        if ty.name().matches('/').count() > 1 {
            line("parent", "${#:parent}");
        }
        line("name", "'${#:name}'");
        if body.property("location").is_some() {
            line("location", "${#:location}");
        }
        if body.property("properties").is_some() {
            line("properties", "{\n\t\t$0\n\t}");
        }
    } else if head.keyword == "module" {
        line("params", "{\n\t\t$0\n\t}");
    } else {
        line("name", "'${#:name}'");
    }
    let body = format!("{{\n{members}}}");
    for (index, (label, text, what)) in [
        ("{ }", body.clone(), "The declaration."),
        ("if", format!("if (${{9:condition}}) {body}"), "Deployed only when this holds."),
        ("for", format!("[for ${{8:item}} in ${{9:items}}: {body}]"), "Deployed once for each element."),
    ]
    .into_iter()
    .enumerate()
    {
        let mut item = item(label, Kind::Snippet, range, text);
        item.snippet = true;
        items.push(item.documentation(what).sort(format!("0{index}")));
    }
}

/// As elements of `resources` in ARM JSON.
pub(super) fn offer_resources(request: &Request<'_>, at: &ValueAt<'_>, items: &mut Vec<Item>) {
    let in_resources = matches!(request.context.owner, Owner::Template)
        && is_path(&request.context.value_path(at), &["resources", "[]"]);
    if !in_resources || at.quoted {
        return;
    }
    for snippet in &SNIPPETS {
        let text = fill(request, snippet, snippet.json);
        items.push(finish(at.item(snippet.label, Kind::Snippet, &text), snippet));
    }
}

/// The whole `identity` block, as a property of a cluster.
pub(super) fn offer_members(request: &Request<'_>, at: &KeyAt, items: &mut Vec<Item>) {
    let is_new = !request.context.siblings(at).iter().any(|own| own.eq_ignore_ascii_case("identity"));
    if !request.is_in(CLUSTER) || !request.context.path.is_empty() || !is_new || at.has_colon {
        return;
    }
    let language = request.language();
    let (ty, ids, comma) =
        (key("type", language), key("userAssignedIdentities", language), if request.is_json() { "," } else { "" });
    let name = key("identity", language);
    let mut push = |label: &str, rest: &str, what: &str| {
        let mut item = at.item(label, &name, rest);
        item.kind = Kind::Snippet;
        item.filter = Some(if at.quoted { name.clone() } else { label.to_owned() });
        if at.quoted && !request.is_json() {
            item.filter = Some(format!("'{label}"));
        }
        items.push(item.documentation(what).sort("1identity"));
    };
    if let Some(template) = request.template {
        for identity in template.resources.iter().filter(|resource| resource.is_type(IDENTITY)) {
            let Some(id) = request.view.id_expression(identity, template) else { continue };
            let id =
                if request.is_json() { format!("\"[{}]\"", Carrier::Json.encode(&id)) } else { format!("'${{{id}}}'") };
            push(
                &format!("identity with {}", request.view.short_name(identity, template)),
                &format!(
                    "{{\n\t{ty}: {}{comma}\n\t{ids}: {{\n\t\t{}: {{}}\n\t}}\n}}",
                    request.quoted("UserAssigned"),
                    escape(&id)
                ),
                "The control plane acts with this identity.",
            );
        }
    }
    push(
        "identity of its own",
        &format!("{{\n\t{ty}: {}\n}}", request.quoted("SystemAssigned")),
        "The service makes the identity of the control plane together with the cluster.",
    );
}

fn finish(mut item: Item, snippet: &Snippet) -> Item {
    item.snippet = true;
    item.documentation(snippet.what).sort("3")
}

/// Puts in versions and names: `{api:type}` the newest stable version, `{symbol}` a name nothing else has.
fn fill(request: &Request<'_>, snippet: &Snippet, text: &str) -> String {
    let mut text = text.trim_end().replace("\r\n", "\n");
    for (mark, ty) in [
        ("{api:aks}", CLUSTER),
        ("{api:mi}", IDENTITY),
        ("{api:fic}", "Microsoft.ManagedIdentity/userAssignedIdentities/federatedIdentityCredentials"),
        ("{api:ra}", "Microsoft.Authorization/roleAssignments"),
    ] {
        let version = schema::resource_type(ty).and_then(schema::ResourceType::newest);
        text = text.replace(mark, &version.map(|version| version.to_string()).unwrap_or_default());
    }
    for symbol in snippet.symbols {
        let is_taken =
            |name: &str| request.template.is_some_and(|template| template.names.contains_key(&Name::from(name)));
        let mut name = (*symbol).to_owned();
        for number in 2..100 {
            if !is_taken(&name) {
                break;
            }
            name = format!("{symbol}{number}");
        }
        text = text.replace(&format!("{{{symbol}}}"), &name);
    }
    text
}
