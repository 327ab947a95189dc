//! Reads generated type files: arrays of nodes that name each other by `#/index`.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, bail, ensure};
use schema::ApiVersion;
use schema::layout::{ELEMENT, VALUE};
use serde_json::Value;

use super::model::{Constraint, Facts, Kind, Node, TypeFacts};

/// Resource types whose facts are kept, together with their child types.
const WANTED: [&str; 4] = [
    "Microsoft.Authorization/roleAssignments",
    "Microsoft.ContainerService/managedClusters",
    "Microsoft.ManagedIdentity/userAssignedIdentities",
    "Microsoft.Resources/deploymentScripts",
];

/// What was read.
pub(crate) struct Read {
    pub(crate) files: usize,
    /// Shapes that the facts cannot express, worth a look.
    pub(crate) remarks: Vec<String>,
}

/// Reads every type file below `folder` and lays it over `facts`.
pub(crate) fn lay_over(folder: &Path, facts: &mut Facts) -> anyhow::Result<Read> {
    let mut files = Vec::new();
    find_files(folder, &mut files)?;
    files.sort();
    ensure!(!files.is_empty(), "no type files of the wanted namespaces below {}", folder.display());
    let mut remarks = Vec::new();
    for file in &files {
        let content = fs::read_to_string(file).with_context(|| format!("cannot read {}", file.display()))?;
        let nodes: Vec<Value> =
            serde_json::from_str(&content).with_context(|| format!("{} is no type file", file.display()))?;
        read_file(&nodes, facts, &mut remarks).with_context(|| format!("in {}", file.display()))?;
    }
    remarks.sort();
    remarks.dedup();
    Ok(Read { files: files.len(), remarks })
}

/// Files `types*.json` in a folder of an API version in a folder of a wanted namespace.
fn find_files(folder: &Path, found: &mut Vec<PathBuf>) -> anyhow::Result<()> {
    for entry in fs::read_dir(folder).with_context(|| format!("cannot read {}", folder.display()))? {
        let path = entry?.path();
        if path.is_dir() {
            find_files(&path, found)?;
            continue;
        }
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        let is_types = name.starts_with("types") && path.extension().is_some_and(|extension| extension == "json");
        let mut above =
            path.ancestors().skip(1).filter_map(|above| above.file_name()).map(|name| name.to_string_lossy());
        let in_version = above.next().is_some_and(|version| ApiVersion::parse(&version).is_some());
        let namespace = above.next().unwrap_or_default();
        let wanted =
            WANTED.iter().filter_map(|name| name.split('/').next()).any(|name| name.eq_ignore_ascii_case(&namespace));
        if is_types && in_version && wanted {
            found.push(path);
        }
    }
    Ok(())
}

fn read_file(nodes: &[Value], facts: &mut Facts, remarks: &mut Vec<String>) -> anyhow::Result<()> {
    for node in nodes.iter().filter(|node| node["$type"] == "ResourceType") {
        let name = node["name"].as_str().context("a resource type without a name")?;
        let (name, version) = name.split_once('@').context("a resource type without a version")?;
        let Some(name) = canonical(name) else { continue };
        let version = ApiVersion::parse(version).with_context(|| format!("{name} has the version {version}"))?.raw();
        let of_type = facts.types.entry(name.clone()).or_default();
        of_type.forget(version);
        of_type.versions.insert(version);
        let read_only = node["writableScopes"].as_u64() == Some(0);
        if !read_only {
            of_type.writable.insert(version);
        }
        let mut reader = Reader { nodes, version, of_type, remarks, name: &name, open: Vec::new() };
        let mut path = Vec::new();
        reader.read(reader.target(&node["body"])?, &mut path)?;
    }
    Ok(())
}

/// The name of a wanted type with its first part spelled as in [`WANTED`].
fn canonical(name: &str) -> Option<String> {
    WANTED.iter().find_map(|wanted| {
        let head = name.get(..wanted.len())?;
        let rest = &name[wanted.len()..];
        (head.eq_ignore_ascii_case(wanted) && (rest.is_empty() || rest.starts_with('/')))
            .then(|| format!("{wanted}{rest}"))
    })
}

struct Reader<'a> {
    nodes: &'a [Value],
    version: u32,
    of_type: &'a mut TypeFacts,
    remarks: &'a mut Vec<String>,
    name: &'a str,
    /// Nodes being read, to notice types that contain themselves.
    open: Vec<usize>,
}

impl Reader<'_> {
    fn target(&self, reference: &Value) -> anyhow::Result<usize> {
        let text = reference["$ref"].as_str().context("a type without a reference")?;
        let index = text.strip_prefix("#/").and_then(|index| index.parse().ok());
        let index: usize = index.with_context(|| format!("a reference to {text}"))?;
        ensure!(index < self.nodes.len(), "a reference to {text} in a file of {} nodes", self.nodes.len());
        Ok(index)
    }

    fn fact(&mut self, path: &[String]) -> &mut Node {
        let node = self.of_type.nodes.entry(path.to_vec()).or_default();
        node.versions.insert(self.version);
        node
    }

    fn kind(&mut self, path: &[String], kind: Kind) {
        let version = self.version;
        self.fact(path).kinds.entry(kind).or_default().insert(version);
    }

    fn constraint(&mut self, path: &[String], constraint: Constraint) {
        let version = self.version;
        self.fact(path).constraints.entry(constraint).or_default().insert(version);
    }

    /// Type name, version and path, for remarks.
    fn place(&self, path: &[String]) -> String {
        format!("{}@{}: {}", self.name, ApiVersion::from_raw(self.version), path.join("."))
    }

    fn read(&mut self, index: usize, path: &mut Vec<String>) -> anyhow::Result<()> {
        if self.open.contains(&index) {
            // A type that contains itself: from the second level on anything goes.
            self.kind(path, Kind::Any);
            return Ok(());
        }
        self.open.push(index);
        let read = self.read_node(index, path);
        self.open.pop();
        read
    }

    fn read_node(&mut self, index: usize, path: &mut Vec<String>) -> anyhow::Result<()> {
        let nodes = self.nodes;
        let node = &nodes[index];
        match node["$type"].as_str().unwrap_or_default() {
            "StringType" => self.string(node, path),
            "IntegerType" => {
                self.kind(path, Kind::Int);
                self.bounds(path, Constraint::Range, (&node["minValue"], &node["maxValue"]));
            }
            "BooleanType" => self.kind(path, Kind::Bool),
            "AnyType" => self.kind(path, Kind::Any),
            "StringLiteralType" => self.literals(&[node], false, path),
            "UnionType" => return self.union(node, path),
            "ArrayType" => {
                self.kind(path, Kind::Array);
                self.bounds(path, Constraint::Items, (&node["minLength"], &node["maxLength"]));
                let item = self.target(&node["itemType"])?;
                path.push(ELEMENT.to_owned());
                self.read(item, path)?;
                path.pop();
            }
            "ObjectType" => return self.object(node, path),
            "DiscriminatedObjectType" => return self.discriminated(node, path),
            other => {
                self.remarks.push(format!("{} has a type {other}, taken for any", self.place(path)));
                self.kind(path, Kind::Any);
            }
        }
        Ok(())
    }

    fn string(&mut self, node: &Value, path: &[String]) {
        let version = self.version;
        self.kind(path, Kind::String);
        self.bounds(path, Constraint::Length, (&node["minLength"], &node["maxLength"]));
        if let Some(pattern) = node["pattern"].as_str() {
            self.constraint(path, Constraint::Pattern(pattern.to_owned()));
        }
        if node["sensitive"] == true {
            self.fact(path).sensitive.insert(version);
        }
    }

    fn bounds(
        &mut self,
        path: &[String],
        constraint: fn((Option<i64>, Option<i64>)) -> Constraint,
        (min, max): (&Value, &Value),
    ) {
        if min.is_i64() || max.is_i64() {
            self.constraint(path, constraint((min.as_i64(), max.as_i64())));
        }
    }

    fn literals(&mut self, literals: &[&Value], open: bool, path: &[String]) {
        // The two that repeat what the resource was asked by.
        if literals.len() == 1 && matches!(path, [only] if only == "type" || only == "apiVersion") {
            self.kind(path, Kind::String);
            return;
        }
        let version = self.version;
        self.kind(path, Kind::Enum);
        let fact = self.fact(path);
        for value in literals.iter().filter_map(|literal| literal["value"].as_str()) {
            fact.values.entry(value.to_owned()).or_default().insert(version);
        }
        if open {
            fact.open.insert(version);
        }
    }

    fn union(&mut self, node: &Value, path: &[String]) -> anyhow::Result<()> {
        let nodes = self.nodes;
        let mut literals = Vec::new();
        let mut open = false;
        for element in node["elements"].as_array().context("a union without elements")? {
            let element = &nodes[self.target(element)?];
            match element["$type"].as_str().unwrap_or_default() {
                "StringLiteralType" => literals.push(element),
                "StringType" => open = true,
                other => {
                    self.remarks.push(format!("{} is a union with {other}, taken for any", self.place(path)));
                    self.kind(path, Kind::Any);
                    return Ok(());
                }
            }
        }
        self.literals(&literals, open, path);
        Ok(())
    }

    fn object(&mut self, node: &Value, path: &mut Vec<String>) -> anyhow::Result<()> {
        let empty = node["properties"].as_object().is_none_or(serde_json::Map::is_empty);
        let additional = node.get("additionalProperties").filter(|additional| !additional.is_null());
        self.kind(path, if empty && additional.is_some() { Kind::Map } else { Kind::Object });
        self.properties(&node["properties"], path)?;
        if let Some(additional) = additional {
            let values = self.target(additional)?;
            path.push(VALUE.to_owned());
            self.read(values, path)?;
            path.pop();
        }
        Ok(())
    }

    fn properties(&mut self, properties: &Value, path: &mut Vec<String>) -> anyhow::Result<()> {
        let version = self.version;
        for (name, property) in properties.as_object().into_iter().flatten() {
            if name.is_empty() || name.contains(['.', '[', '{', '*', ' ', '"']) {
                bail!("the property name {name} of {} needs a notation", self.place(path));
            }
            path.push(name.clone());
            let target = self.target(&property["type"])?;
            self.read(target, path)?;
            let flags = property["flags"].as_u64().unwrap_or(0);
            let fact = self.fact(path);
            for (bit, set) in
                [(1, &mut fact.required), (2, &mut fact.read_only), (4, &mut fact.write_only), (8, &mut fact.constant)]
            {
                if flags & bit != 0 {
                    set.insert(version);
                }
            }
            path.pop();
        }
        Ok(())
    }

    fn discriminated(&mut self, node: &Value, path: &mut Vec<String>) -> anyhow::Result<()> {
        let discriminator = node["discriminator"].as_str().context("a discriminated object without a discriminator")?;
        self.kind(path, Kind::Object);
        self.constraint(path, Constraint::Discriminator(discriminator.to_owned()));
        self.properties(&node["baseProperties"], path)?;
        for (value, element) in node["elements"].as_object().into_iter().flatten() {
            path.push(format!("{{{value}}}"));
            let target = self.target(element)?;
            self.read(target, path)?;
            path.pop();
        }
        Ok(())
    }
}
