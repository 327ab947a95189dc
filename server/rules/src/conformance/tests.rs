//! Every API version of clusters: what it can take is taken, and every single thing that is wrong is found.
//!
//! Breaking everything in every version takes minutes; without `AKSLINT_FULL=1` each version has its share, so that all
//! properties get their turn in some version.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use schema::{Line, sample_body, writable_properties};
use serde_json::{Map, Value as Json, json};

use super::*;
use crate::testing::{outcome, workspace};
use crate::{Family, Rule, Settings, all};

/// Without the full run, one of so many things is broken in each version.
const SHARE: usize = 61;

/// The rules under test, and those that speak in their stead at some places. Retired versions are no mistake here.
fn rules() -> Vec<&'static dyn Rule> {
    let is_own = |rule: &&dyn Rule| {
        let code = rule.metadata().code;
        (rule.metadata().family == Family::Schema && code != "api-version-retired")
            || ["identity-type-unknown", "identity-read-only-property"].contains(&code)
            || CLAIMS.iter().any(|claim| claim.code == code)
    };
    all().filter(is_own).collect()
}

fn cluster() -> ResourceType {
    schema::resource_type(CLUSTER).unwrap()
}

fn found(rules: &[&'static dyn Rule], path: &str, text: &str) -> BTreeSet<String> {
    let settings = Settings { with_bicep: true, ..Settings::default() };
    let found = outcome(rules, &workspace(&[(path, text)]), &settings).diagnostics;
    found.iter().map(|diagnostic| diagnostic.code.to_owned()).collect()
}

fn in_json(body: &Json, version: ApiVersion) -> String {
    let mut resource = json!({ "type": CLUSTER, "apiVersion": version.to_string() });
    resource.as_object_mut().unwrap().extend(body.as_object().unwrap().clone());
    let schema = "https://schema.management.azure.com/schemas/2019-04-01/deploymentTemplate.json#";
    json!({ "$schema": schema, "contentVersion": "1.0.0.0", "resources": [resource] }).to_string()
}

fn in_bicep(body: &Json, version: ApiVersion) -> String {
    let mut text = format!("resource aks '{CLUSTER}@{version}' = ");
    write_bicep(body, &mut text);
    text.push('\n');
    text
}

fn write_bicep(value: &Json, text: &mut String) {
    let quoted = |text: &str| format!("'{}'", text.replace('\\', "\\\\").replace('\'', "\\'").replace("${", "\\${"));
    match value {
        Json::String(string) => text.push_str(&quoted(string)),
        Json::Array(items) => {
            text.push_str("[\n");
            for item in items {
                write_bicep(item, text);
                text.push('\n');
            }
            text.push(']');
        }
        Json::Object(members) => {
            text.push_str("{\n");
            for (key, value) in members {
                let _ = write!(text, "{}: ", quoted(key));
                write_bicep(value, text);
                text.push('\n');
            }
            text.push('}');
        }
        other => {
            let _ = write!(text, "{other}");
        }
    }
}

/// Empties what is a secret: that is another matter.
fn without_secrets(value: &mut Json) {
    match value {
        Json::Object(members) => {
            for (key, value) in members {
                if ["secret", "serverAppSecret", "adminPassword"].contains(&key.as_str()) {
                    *value = json!("");
                }
                without_secrets(value);
            }
        }
        Json::Array(items) => items.iter_mut().for_each(without_secrets),
        _ => {}
    }
}

#[test]
fn everything_a_version_takes_is_taken() {
    let rules = rules();
    for version in cluster().api_versions().iter() {
        let mut body = sample_body(cluster(), version).unwrap();
        without_secrets(&mut body);
        assert_eq!(found(&rules, "main.json", &in_json(&body, version)), BTreeSet::new(), "{version} in ARM JSON");
        assert_eq!(found(&rules, "main.bicep", &in_bicep(&body, version)), BTreeSet::new(), "{version} in Bicep");
    }
}

/// A version with a plausible value of each of its properties.
struct Taken {
    version: ApiVersion,
    samples: BTreeMap<String, (Property, Json)>,
}

/// One thing that is wrong.
struct Broken {
    what: String,
    body: Json,
    codes: BTreeSet<String>,
}

impl Taken {
    fn new(version: ApiVersion) -> Self {
        let samples = writable_properties(cluster(), version).into_iter().map(|mut sample| {
            without_secrets(&mut sample.value);
            if sample.property.ever_sensitive() {
                sample.value = json!("");
            }
            (sample.path, (sample.property, sample.value))
        });
        Self { version, samples: samples.collect() }
    }

    /// The least that a property can hold: of an object what is required in it.
    fn least(&self, property: Property, path: &str) -> Json {
        match property.ty() {
            // Other rules ask for the type, the resource type does not.
            Type::Object(_) if path == "identity" => json!({ "type": "SystemAssigned" }),
            Type::Object(object) => {
                let required = object.properties().filter(|inner| inner.required() && !inner.read_only());
                let member = |inner: Property| {
                    let path = format!("{path}.{}", inner.name());
                    (inner.name().to_owned(), self.least(inner, &path))
                };
                Json::Object(required.map(member).collect())
            }
            Type::Map(_) => json!({}),
            Type::Array(_) => json!([]),
            _ => self.samples.get(path).map_or(json!("example"), |(_, value)| value.clone()),
        }
    }

    /// The least body in which the object around `path` exists: that object, and the last name of the path.
    fn around<'b>(&self, body: &'b mut Json, path: &str) -> Option<(&'b mut Map<String, Json>, String)> {
        let mut here: &mut Json = body;
        let mut so_far = String::new();
        let names: Vec<&str> = path.split('.').collect();
        let (last, above) = names.split_last()?;
        for name in above {
            let (plain, arrays) =
                name.split_once('[').map_or((*name, 0), |(plain, rest)| (plain, 1 + rest.matches('[').count()));
            if !so_far.is_empty() {
                so_far.push('.');
            }
            so_far.push_str(plain);
            let property = cluster().property(self.version, &so_far)?;
            let members = here.as_object_mut()?;
            let key = if plain == "*" { "key" } else { plain };
            let new = self.least(property, &so_far);
            here = members.entry(key).or_insert(new);
            for _ in 0..arrays {
                so_far.push_str("[]");
                let inner = cluster().property(self.version, &so_far)?;
                let new = self.least(inner, &so_far);
                let items = here.as_array_mut()?;
                if items.is_empty() {
                    items.push(new);
                }
                here = items.first_mut()?;
            }
        }
        Some((here.as_object_mut()?, (*last).to_owned()))
    }

    fn body(&self) -> Json {
        json!({ "name": "aks", "location": self.samples["location"].1 })
    }

    /// A body in which the object around `path` is as `change` makes it.
    fn broken(
        &self,
        what: &str,
        path: &str,
        codes: &[&str],
        change: impl FnOnce(&mut Map<String, Json>, &str),
    ) -> Broken {
        let mut body = self.body();
        let (object, last) = self.around(&mut body, path).unwrap_or_else(|| panic!("{path} in {}", self.version));
        change(object, &last);
        let codes = codes.iter().map(|code| (*code).to_owned()).collect();
        Broken { what: format!("{what}: {path} in {}", self.version), body, codes }
    }

    fn wrong_type(&self, path: &str, value: Json) -> Broken {
        let kind = Kind::WrongType { wanted: "", found: "", same: None };
        self.broken("wrong type", path, &[&spokesman(path, &kind, "wrong-type")], |object, last| {
            object.insert(last.to_owned(), value);
        })
    }

    /// Everything that can be wrong with what the version has.
    fn all_broken(&self) -> Vec<Broken> {
        let mut all = Vec::new();
        for (path, (property, value)) in &self.samples {
            let last = path.rsplit('.').next().unwrap_or_default();
            if path == "name" || last.ends_with(']') || last == "*" {
                continue; // elements and keys have no names to misspell
            }
            let required = property.required();
            let misspelt = format!("{path}x");
            if cluster().versions_with(&misspelt).is_empty() && !path.starts_with("identity.userAssignedIdentities.") {
                let missing = spokesman(path, &Kind::Missing { name: "" }, "required-property-missing");
                let mut codes = vec!["unknown-property"];
                if required {
                    codes.push(&missing);
                }
                if path == "identity.type" {
                    codes.push("identity-not-object");
                }
                all.push(self.broken("misspelt", path, &codes, |object, last| {
                    object.remove(last);
                    object.insert(format!("{last}x"), value.clone());
                }));
            }
            if required {
                let missing = spokesman(path, &Kind::Missing { name: "" }, "required-property-missing");
                all.push(self.broken("missing", path, &[&missing], |object, last| {
                    object.remove(last);
                }));
            }
            match property.ty() {
                Type::Object(_) | Type::Int(_) => all.push(self.wrong_type(path, json!("x"))),
                Type::Map(_) => all.push(self.wrong_type(path, json!(5))),
                Type::Array(_) | Type::String(_) => all.push(self.wrong_type(path, json!({}))),
                Type::Bool => all.push(self.wrong_type(path, json!("maybe"))),
                Type::Enum(values) => {
                    all.push(self.wrong_type(path, json!(["x"])));
                    let newest = cluster().versions_with(path).last_stable();
                    let newest = newest.and_then(|newest| cluster().property(newest, path));
                    if newest.is_some_and(|newest| matches!(newest.ty(), Type::String(_))) {
                        continue; // any text is taken today
                    }
                    let code = if path == "identity.type" { "identity-type-unknown" } else { "unknown-value" };
                    let near = format!("{}x", values.values().next().unwrap_or_default());
                    for wrong in [near.as_str(), "qqqqqqqqqqqqqqqqqqqq"] {
                        if cluster().versions_with_value(path, wrong).is_empty() {
                            all.push(self.broken("wrong value", path, &[code], |object, last| {
                                object.insert(last.to_owned(), json!(wrong));
                            }));
                        }
                    }
                    for (value, versions) in cluster().values_of(path) {
                        let own = versions.contains(self.version) || values.find(value) != Match::No;
                        if !own && versions.on(self.version.line()).any(|later| later > self.version) {
                            all.push(self.broken(
                                "newer value",
                                path,
                                &["property-newer-than-api-version"],
                                |object, last| {
                                    object.insert(last.to_owned(), json!(value));
                                },
                            ));
                        }
                    }
                }
                Type::Any => {}
            }
        }
        all
    }

    /// What other versions have, and what cannot be written.
    fn all_foreign(&self, paths: &[String]) -> Vec<Broken> {
        let mut all = Vec::new();
        for path in paths {
            let above = path.rsplit_once('.').map_or("", |(above, _)| above);
            let last = path.rsplit('.').next().unwrap_or_default();
            let writable_above = above.is_empty()
                || (self.samples.contains_key(above.trim_end_matches("[]").trim_end_matches(".*"))
                    && cluster()
                        .property(self.version, above)
                        .is_some_and(|property| matches!(property.ty(), Type::Object(_))));
            if last.ends_with(']')
                || last == "*"
                || !writable_above
                || ["type", "apiVersion", "name"].contains(&path.as_str())
            {
                continue;
            }
            let versions = cluster().versions_with(path);
            // One mistake and not two: of the kind that it has where it is known.
            let value = match versions.iter().find_map(|other| cluster().property(other, path)).map(Property::ty) {
                _ if path == "identity" => json!({ "type": "SystemAssigned" }),
                Some(Type::Object(_) | Type::Map(..)) if path.starts_with("identity.") => json!({}),
                _ => json!("x"),
            };
            let insert = |object: &mut Map<String, Json>, last: &str| {
                object.insert(last.to_owned(), value.clone());
            };
            if versions.contains(self.version) {
                if cluster().versions_read_only(path).contains(self.version) {
                    let of_identity =
                        path.starts_with("identity.") || path.ends_with(".identity") || path.ends_with(".issuerURL");
                    let code = if of_identity { "identity-read-only-property" } else { "read-only-property" };
                    let code = spokesman(path, &Kind::ReadOnly, code);
                    all.push(self.broken("read-only", path, &[&code], insert));
                }
                continue;
            }
            let later = versions.on(self.version.line()).any(|other| other > self.version);
            let earlier = versions.on(self.version.line()).any(|other| other < self.version);
            if !later && !earlier && self.version.line() == Line::Preview {
                continue; // it went with the old stable versions
            }
            let ahead = later || !earlier;
            let (kind, code) = if ahead {
                (Kind::Newer { versions }, "property-newer-than-api-version")
            } else {
                (Kind::Removed { versions }, "property-removed")
            };
            all.push(self.broken("of other versions", path, &[&spokesman(path, &kind, code)], insert));
        }
        all
    }
}

/// The rule that reports a mistake of that kind at that place.
fn spokesman(path: &str, kind: &Kind, code: &str) -> String {
    claimant(CLUSTER, path, kind).unwrap_or(code).to_owned()
}

#[test]
fn every_single_mistake_is_found_and_nothing_else() {
    let full = std::env::var_os("AKSLINT_FULL").is_some();
    let rules = rules();
    let paths = cluster().paths();
    let mut kinds: BTreeMap<String, (usize, usize)> = BTreeMap::new();
    let mut missed = Vec::new();
    for (number, version) in cluster().api_versions().iter().enumerate() {
        let taken = Taken::new(version);
        let mut broken = taken.all_broken();
        broken.extend(taken.all_foreign(&paths));
        for (position, broken) in broken.iter().enumerate() {
            if !full && position % SHARE != number % SHARE {
                continue;
            }
            for (path, text) in
                [("main.json", in_json(&broken.body, version)), ("main.bicep", in_bicep(&broken.body, version))]
            {
                let found = found(&rules, path, &text);
                let what = broken.what.split(':').next().unwrap_or_default();
                let (killed, all) = kinds.entry(format!("{what} ({path})")).or_default();
                *all += 1;
                if found == broken.codes {
                    *killed += 1;
                } else {
                    missed.push(format!("{} ({path}): {found:?}, not {:?}", broken.what, broken.codes));
                }
            }
        }
    }
    println!("{kinds:#?}");
    assert!(kinds.values().map(|(_, all)| all).sum::<usize>() > 1000, "{kinds:?}");
    assert!(missed.is_empty(), "{} missed: {:#?}", missed.len(), &missed[..missed.len().min(40)]);
}
