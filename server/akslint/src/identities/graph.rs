//! The identities as nodes and edges: for editors, Mermaid and Graphviz.

use std::collections::HashMap;
use std::io::{self, Write};

use serde::Serialize;

use super::{ActorRow, ClusterRow, PartRow, Place};

/// A graph.
#[derive(Debug, Default)]
pub(super) struct Graph {
    pub(super) nodes: Vec<Node>,
    pub(super) edges: Vec<Edge>,
}

/// A cluster, an identity, or what an identity is for.
#[derive(Debug, Serialize)]
pub(super) struct Node {
    id: String,
    kind: &'static str,
    label: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    detail: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    location: Option<Place>,
}

/// One node has to do with another.
#[derive(Debug, PartialEq, Eq, Serialize)]
pub(super) struct Edge {
    from: String,
    to: String,
    label: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    location: Option<Place>,
    /// It should be there and is not.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    missing: bool,
}

/// Builds a graph; what is the same is one node.
#[derive(Default)]
struct Builder {
    graph: Graph,
    known: HashMap<Key, String>,
}

/// What makes nodes the same.
#[derive(PartialEq, Eq, Hash)]
enum Key {
    /// One declaration.
    Declared(Place),
    /// What has none, of the cluster with that ID, by its kind and name.
    Of(String, &'static str, String),
}

impl Graph {
    /// The graph of these clusters.
    pub(super) fn of(clusters: &[ClusterRow]) -> Self {
        let mut builder = Builder::default();
        for cluster in clusters {
            let detail = match &cluster.deployed_by {
                Some(file) => format!("deployed by {file}"),
                None => String::new(),
            };
            let location = Some(cluster.location.clone());
            // One declaration may be deployed from several places, as several clusters.
            let declared = Key::Declared(cluster.location.clone());
            let key = match &cluster.deployed_by {
                Some(file) if builder.known.contains_key(&declared) => {
                    Key::Of(file.clone(), "cluster", format!("{:?}", cluster.location))
                }
                _ => declared,
            };
            let id = builder.node(key, "cluster", cluster.name.clone(), detail, location);
            for part in &cluster.parts {
                for actor in &part.identities {
                    builder.actor(&id, part, actor);
                }
            }
        }
        builder.graph
    }

    /// A flowchart of Mermaid.
    pub(super) fn mermaid(&self, out: &mut Vec<u8>) -> io::Result<()> {
        writeln!(out, "flowchart LR")?;
        for node in &self.nodes {
            let label = mermaid_text(&node.label);
            let (open, close) = match node.kind {
                "cluster" => ("[[", "]]"),
                "scope" => ("[(", ")]"),
                "subject" => (">", "]"),
                _ => ("([", "])"),
            };
            writeln!(out, "  {}{open}\"{label}\"{close}", node.id)?;
        }
        for edge in &self.edges {
            let label = mermaid_text(&edge.label);
            let arrow = if edge.missing { "-.->" } else { "-->" };
            writeln!(out, "  {} {arrow}|\"{label}\"| {}", edge.from, edge.to)?;
        }
        Ok(())
    }

    /// A graph in the language of Graphviz.
    pub(super) fn dot(&self, out: &mut Vec<u8>) -> io::Result<()> {
        writeln!(out, "digraph identities {{")?;
        writeln!(out, "  rankdir=LR;")?;
        for node in &self.nodes {
            let shape = match node.kind {
                "cluster" => "box3d",
                "scope" => "cylinder",
                "subject" => "note",
                _ => "ellipse",
            };
            writeln!(out, "  {} [label=\"{}\", shape={shape}];", node.id, dot_text(&node.label))?;
        }
        for edge in &self.edges {
            let style = if edge.missing { ", style=dashed, color=red" } else { "" };
            writeln!(out, "  {} -> {} [label=\"{}\"{style}];", edge.from, edge.to, dot_text(&edge.label))?;
        }
        writeln!(out, "}}")
    }
}

impl Builder {
    fn actor(&mut self, cluster: &str, part: &PartRow, actor: &ActorRow) {
        let kind = match (actor.kind, part.part) {
            ("user-assigned", _) => "user-assigned-identity",
            ("system-assigned", _) => "system-assigned-identity",
            ("generated", "kubelet") => "kubelet-identity",
            ("generated", _) => "addon-identity",
            ("service-principal", _) => "service-principal",
            _ => "unknown-identity",
        };
        let detail = match (part.own, part.given) {
            (None, _) => "made by Azure, cannot be replaced".to_owned(),
            (Some(_), Some(given)) if actor.kind == "system-assigned" => given.to_owned(),
            _ => String::new(),
        };
        let key = match &actor.declared {
            Some(place) => Key::Declared(place.clone()),
            // Two that are not known need not be the same.
            None if kind == "unknown-identity" => Key::Of(cluster.to_owned(), kind, part.label.clone()),
            None => Key::Of(cluster.to_owned(), kind, actor.name.clone()),
        };
        let place = actor.declared.clone().or_else(|| actor.named.clone());
        let identity = self.node(key, kind, actor.name.clone(), detail, place);
        let named = actor.named.clone();
        if part.part == "workload" {
            let key = Key::Of(cluster.to_owned(), "subject", part.label.clone());
            let subject = self.node(key, "subject", part.label.clone(), String::new(), named.clone());
            self.edge(cluster, &subject, "issues tokens for".to_owned(), named.clone(), false);
            self.edge(&subject, &identity, "signs in as".to_owned(), named, false);
        } else {
            self.edge(cluster, &identity, with_condition(&part.label, &actor.when), named, false);
        }
        for grant in &actor.grants {
            let scope = self.scope(cluster, &grant.scope, grant.scope_declared.as_ref());
            let role = with_condition(&grant.role, &grant.when);
            self.edge(&identity, &scope, role, Some(grant.location.clone()), false);
        }
        for missing in &actor.missing {
            let scope = self.scope(cluster, &missing.scope, missing.scope_declared.as_ref());
            let word = if missing.certain { "missing" } else { "perhaps missing" };
            self.edge(&identity, &scope, format!("{word}: {}", missing.role), missing.location.clone(), true);
        }
    }

    /// What a role is given on.
    fn scope(&mut self, cluster: &str, name: &str, declared: Option<&Place>) -> String {
        let key = match declared {
            Some(place) => Key::Declared(place.clone()),
            None => Key::Of(cluster.to_owned(), "scope", name.to_owned()),
        };
        self.node(key, "scope", name.to_owned(), String::new(), declared.cloned())
    }

    fn node(&mut self, key: Key, kind: &'static str, label: String, detail: String, location: Option<Place>) -> String {
        if let Some(id) = self.known.get(&key) {
            // A scope that turns out to be an identity is one.
            if let Some(known) = self.graph.nodes.iter_mut().find(|node| node.id == *id && node.kind == "scope") {
                (known.kind, known.detail) = (kind, detail);
            }
            return id.clone();
        }
        let id = format!("n{}", self.graph.nodes.len() + 1);
        self.graph.nodes.push(Node { id: id.clone(), kind, label, detail, location });
        self.known.insert(key, id.clone());
        id
    }

    fn edge(&mut self, from: &str, to: &str, label: String, location: Option<Place>, missing: bool) {
        let edge = Edge { from: from.to_owned(), to: to.to_owned(), label, location, missing };
        if !self.graph.edges.contains(&edge) {
            self.graph.edges.push(edge);
        }
    }
}

fn with_condition(text: &str, when: &str) -> String {
    if when.is_empty() { text.to_owned() } else { format!("{text}, when {when}") }
}

fn mermaid_text(text: &str) -> String {
    text.replace('"', "#quot;").replace(['\n', '\r'], " ")
}

fn dot_text(text: &str) -> String {
    text.replace('\\', "\\\\").replace('"', "\\\"").replace(['\n', '\r'], " ")
}
