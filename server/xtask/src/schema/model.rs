//! The facts in memory, each with the set of API versions in which it holds.

use std::collections::{BTreeMap, BTreeSet};

use schema::layout;
use schema::{ApiVersion, Date};

/// API versions by [`ApiVersion::raw`]: all stable ones, then all previews, each by date.
pub(crate) type Set = BTreeSet<u32>;

/// Everything under `server/schema/data`.
#[derive(Default, PartialEq)]
pub(crate) struct Facts {
    /// Resource types by name.
    pub(crate) types: BTreeMap<String, TypeFacts>,
    /// Retired versions of `Microsoft.ContainerService`, by [`ApiVersion::raw`].
    pub(crate) retired: BTreeMap<u32, Option<Date>>,
    pub(crate) az: Az,
}

/// One resource type.
#[derive(Default, PartialEq)]
pub(crate) struct TypeFacts {
    pub(crate) versions: Set,
    /// Versions at which it can be deployed, not only read.
    pub(crate) writable: Set,
    /// Nodes by path. The root has the empty path; parents come before their children.
    pub(crate) nodes: BTreeMap<Vec<String>, Node>,
}

/// One path.
#[derive(Default, PartialEq)]
pub(crate) struct Node {
    pub(crate) versions: Set,
    pub(crate) required: Set,
    pub(crate) read_only: Set,
    pub(crate) write_only: Set,
    pub(crate) constant: Set,
    pub(crate) sensitive: Set,
    /// Versions in which an enumeration accepts other values.
    pub(crate) open: Set,
    pub(crate) kinds: BTreeMap<Kind, Set>,
    pub(crate) values: BTreeMap<String, Set>,
    pub(crate) constraints: BTreeMap<Constraint, Set>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Kind {
    Object,
    Map,
    Array,
    String,
    Int,
    Bool,
    Enum,
    Any,
}

impl Kind {
    pub(crate) const ALL: [(Kind, &'static str, u16); 8] = [
        (Kind::Object, "object", layout::kind::OBJECT),
        (Kind::Map, "map", layout::kind::MAP),
        (Kind::Array, "array", layout::kind::ARRAY),
        (Kind::String, "string", layout::kind::STRING),
        (Kind::Int, "int", layout::kind::INT),
        (Kind::Bool, "bool", layout::kind::BOOL),
        (Kind::Enum, "enum", layout::kind::ENUM),
        (Kind::Any, "any", layout::kind::ANY),
    ];

    pub(crate) fn word(self) -> &'static str {
        Kind::ALL[self as usize].1
    }

    pub(crate) fn number(self) -> u16 {
        Kind::ALL[self as usize].2
    }
}

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Constraint {
    Discriminator(String),
    Items(Bounds),
    Length(Bounds),
    Pattern(String),
    Range(Bounds),
}

/// Least and greatest, both included.
pub(crate) type Bounds = (Option<i64>, Option<i64>);

/// Flags of `az aks` commands.
#[derive(Default, PartialEq)]
pub(crate) struct Az {
    pub(crate) globals: BTreeSet<String>,
    pub(crate) commands: BTreeMap<String, BTreeMap<String, Flag>>,
    /// Flags that only the preview extension has, by command.
    pub(crate) preview_only: BTreeMap<String, BTreeSet<String>>,
}

#[derive(Clone, Default, PartialEq)]
pub(crate) struct Flag {
    pub(crate) parameter: String,
    pub(crate) first_seen: Option<String>,
    pub(crate) absent_in: Option<String>,
    pub(crate) deprecated: bool,
    pub(crate) identity: bool,
    pub(crate) takes: schema::az::Takes,
}

impl TypeFacts {
    /// Forgets everything about a version, before it is read anew.
    pub(crate) fn forget(&mut self, version: u32) {
        self.versions.remove(&version);
        self.writable.remove(&version);
        for node in self.nodes.values_mut() {
            node.sets_mut().into_iter().for_each(|set| _ = set.remove(&version));
        }
        self.drop_empty();
    }

    /// Drops nodes and facts that hold in no version.
    fn drop_empty(&mut self) {
        self.nodes.retain(|_, node| {
            node.kinds.retain(|_, set| !set.is_empty());
            node.values.retain(|_, set| !set.is_empty());
            node.constraints.retain(|_, set| !set.is_empty());
            !node.versions.is_empty()
        });
    }
}

impl Node {
    fn sets_mut(&mut self) -> Vec<&mut Set> {
        let Node { versions, required, read_only, write_only, constant, sensitive, open, kinds, values, constraints } =
            self;
        let mut sets = vec![versions, required, read_only, write_only, constant, sensitive, open];
        sets.extend(kinds.values_mut());
        sets.extend(values.values_mut());
        sets.extend(constraints.values_mut());
        sets
    }
}

impl Facts {
    /// Numbers for the developer who ran the command.
    pub(crate) fn summary(&self) -> String {
        let paths: usize = self.types.values().map(|facts| facts.nodes.len()).sum();
        let newest =
            self.types.get("Microsoft.ContainerService/managedClusters").map_or_else(String::new, |clusters| {
                let newest = clusters
                    .versions
                    .iter()
                    .map(|raw| ApiVersion::from_raw(*raw))
                    .filter(|v| !v.is_preview())
                    .max_by_key(|v| v.raw());
                newest.map_or_else(String::new, |newest| format!("; newest stable version of clusters {newest}"))
            });
        let flags: usize = self.az.commands.values().map(BTreeMap::len).sum();
        format!("{} resource types, {paths} paths, {flags} flags{newest}", self.types.len())
    }
}
