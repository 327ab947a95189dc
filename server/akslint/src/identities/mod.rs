//! `akslint identities`: who is who in each cluster, what it may do, and what it lacks.

mod graph;
mod table;

use std::path::Path;

use anyhow::Context;
use rules::{Project, Root};
use serde::Serialize;
use template::aks::Cluster;
use template::identities::{Actor, Part};
use template::workspace::{Location, Workspace};

use self::graph::Graph;
use crate::args::{IdentitiesArgs, IdentitiesFormat};
use crate::check::report::{Places, plural};
use crate::check::{self, Opened};
use crate::{Exit, Streams};

/// The version of the JSON format.
const VERSION: u32 = 1;

/// Runs `akslint identities`.
pub(crate) fn run(args: &IdentitiesArgs, streams: &mut Streams<'_>) -> anyhow::Result<Exit> {
    let directory = std::env::current_dir().context("there is no working directory")?;
    let opened = check::open(&args.paths, &directory)?;
    let mut output = Vec::new();
    let clusters = check::pool()?.install(|| clusters(&opened, &directory));
    match args.format {
        IdentitiesFormat::Table => table::render(&clusters, &mut output)?,
        IdentitiesFormat::Json => {
            let Graph { nodes, edges } = Graph::of(&clusters);
            let report = Report { version: VERSION, clusters: &clusters, nodes, edges };
            serde_json::to_writer_pretty(&mut output, &report)?;
            output.push(b'\n');
        }
        IdentitiesFormat::Mermaid => Graph::of(&clusters).mermaid(&mut output)?,
        IdentitiesFormat::Dot => Graph::of(&clusters).dot(&mut output)?,
    }
    streams.print(&output)?;
    for unreadable in &opened.unreadable {
        writeln!(streams.errors, "akslint: {}: {}", unreadable.path, unreadable.reason)?;
    }
    for failure in &opened.failures {
        writeln!(streams.errors, "akslint: {failure}")?;
    }
    if clusters.is_empty() && opened.unreadable.is_empty() {
        writeln!(streams.errors, "akslint: no clusters in {}", plural(opened.files.len(), "template"))?;
    }
    let is_broken = !opened.unreadable.is_empty() || !opened.failures.is_empty();
    Ok(if is_broken { Exit::Broken } else { Exit::Clean })
}

#[derive(Serialize)]
struct Report<'a> {
    version: u32,
    clusters: &'a [ClusterRow],
    nodes: Vec<graph::Node>,
    edges: Vec<graph::Edge>,
}

/// A cluster as it is printed.
#[derive(Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
struct ClusterRow {
    name: String,
    location: Place,
    /// The file that is deployed, where the cluster is declared in another one, or the parameter file it is deployed with.
    #[serde(skip_serializing_if = "Option::is_none")]
    deployed_by: Option<String>,
    parts: Vec<PartRow>,
}

/// A part of a cluster.
#[derive(Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
struct PartRow {
    /// A word for machines.
    part: &'static str,
    label: String,
    /// The property with which one's own identity is brought; `null` when that cannot be done.
    own: Option<&'static str>,
    /// What Azure grants by itself.
    #[serde(skip_serializing_if = "Option::is_none")]
    given: Option<&'static str>,
    identities: Vec<ActorRow>,
}

/// An identity that a part can have.
#[derive(Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
struct ActorRow {
    kind: &'static str,
    name: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    when: String,
    /// Where the cluster names it.
    #[serde(skip_serializing_if = "Option::is_none")]
    named: Option<Place>,
    /// Where it is declared.
    #[serde(skip_serializing_if = "Option::is_none")]
    declared: Option<Place>,
    grants: Vec<GrantRow>,
    missing: Vec<MissingRow>,
}

#[derive(Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
struct GrantRow {
    role: String,
    scope: String,
    /// Where that is declared.
    #[serde(skip_serializing_if = "Option::is_none")]
    scope_declared: Option<Place>,
    #[serde(skip_serializing_if = "String::is_empty")]
    when: String,
    location: Place,
}

#[derive(Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
struct MissingRow {
    role: &'static str,
    scope: String,
    /// Where that is declared.
    #[serde(skip_serializing_if = "Option::is_none")]
    scope_declared: Option<Place>,
    what: &'static str,
    /// `false`: it may be granted elsewhere.
    certain: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    location: Option<Place>,
}

/// A place as it is printed; line and column count from 1.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize)]
struct Place {
    path: String,
    line: u32,
    column: u32,
}

/// What turns places of a workspace into places as they are printed.
struct Printer<'a> {
    workspace: &'a Workspace,
    places: Places,
}

impl Printer<'_> {
    fn place(&self, location: Location) -> Place {
        let place = self.places.place(self.workspace, location);
        Place { path: place.path, line: place.start.line, column: place.start.column }
    }

    /// A place that somebody can open.
    fn shown(&self, location: Option<Location>) -> Option<Place> {
        let at = location.filter(|at| !self.workspace.file(at.file).stands_in());
        at.map(|at| self.place(at))
    }

    fn part(&self, cluster: &Cluster<'_, '_>, part: Part) -> PartRow {
        PartRow {
            part: part.kind.code(),
            label: part.kind.label(),
            own: part.kind.own(),
            given: part.kind.given(),
            identities: part.actors.into_iter().map(|actor| self.actor(cluster, actor)).collect(),
        }
    }

    fn actor(&self, cluster: &Cluster<'_, '_>, actor: Actor) -> ActorRow {
        let grants = actor.grants.into_iter().map(|grant| GrantRow {
            role: grant.role,
            scope: grant.scope,
            scope_declared: self.shown(grant.scope_at),
            when: grant.when,
            location: self.place(grant.at),
        });
        let missing = actor.missing.into_iter().map(|missing| MissingRow {
            role: missing.role,
            scope: missing.scope,
            scope_declared: self.shown(missing.scope_at),
            what: missing.what,
            certain: missing.certain,
            location: self.shown(missing.at),
        });
        ActorRow {
            kind: actor.who.code(),
            name: cluster.eval.label_of_actor(&actor.who),
            when: actor.when,
            named: self.shown(actor.named_at),
            declared: self.shown(actor.declared_at),
            grants: grants.collect(),
            missing: missing.collect(),
        }
    }
}

/// The clusters of all deployments; those that two deployments have alike once.
fn clusters(opened: &Opened, directory: &Path) -> Vec<ClusterRow> {
    let workspace = &opened.workspace;
    let project = Project::new(workspace);
    let printer = Printer { workspace, places: Places::new(workspace, directory) };
    let mut rows: Vec<ClusterRow> = Vec::new();
    for root in project.roots(&opened.files) {
        for row in of_root(&project, root, &printer) {
            let known = rows.iter().any(|known| known.location == row.location && known.parts == row.parts);
            if !known {
                rows.push(row);
            }
        }
    }
    rows
}

fn of_root(project: &Project<'_>, root: Root, printer: &Printer<'_>) -> Vec<ClusterRow> {
    let Some(eval) = project.evaluator(root) else { return Vec::new() };
    let row = |resource| {
        let cluster = Cluster::new(&eval, resource);
        // What a module of a registry declares is shown where it is deployed.
        let header = match eval.call_from_outside(resource.scope) {
            Some(call) => eval.module_header(call),
            None => cluster.header(),
        };
        let caller = root.parameters().unwrap_or(root.file());
        let deployed_by = (header.file != caller).then(|| printer.places.path(caller).to_owned());
        let parts = cluster.parts().into_iter().map(|part| printer.part(&cluster, part)).collect();
        ClusterRow { name: eval.label(resource), location: printer.place(header), deployed_by, parts }
    };
    eval.clusters().into_iter().map(row).collect()
}
