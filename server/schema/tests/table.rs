//! The table as a whole: it can be read to its end, is small, and agrees with the words and the samples.

#![expect(clippy::unwrap_used, reason = "a panic is how a test fails")]

use regex::Regex;
use schema::{ApiVersion, Object, Type, resource_type, resource_types};
use serde_json::Value;

/// Reads everything that an object gives.
fn visit(object: Object, depth: usize, count: &mut usize) {
    assert!(depth < 20, "the tree is finite");
    let names: Vec<String> = object.properties().map(|property| property.name().to_ascii_lowercase()).collect();
    assert!(names.is_sorted_by(|a, b| a < b), "{names:?}");
    let of_variants: Vec<Object> = object.variants().map(|(_, variant)| variant).collect();
    for inner in &of_variants {
        visit(*inner, depth + 1, count);
    }
    assert_eq!(object.discriminator().is_some(), !of_variants.is_empty());
    for property in object.properties() {
        *count += 1;
        assert_eq!(object.property(&property.name().to_uppercase()), Some(property));
        assert!(property.versions().contains(object.api_version()));
        assert!(!property.name().is_empty());
        let _ = (property.required(), property.write_only(), property.since(), property.items());
        let mut ty = property.ty();
        loop {
            match ty {
                Type::Object(inner) => visit(inner, depth + 1, count),
                Type::Array(inner) | Type::Map(inner) => {
                    assert!(inner.versions().contains(object.api_version()), "{}", property.name());
                    ty = inner.ty();
                    continue;
                }
                Type::Enum(values) => {
                    assert!(values.values().next().is_some(), "{} has values", property.name());
                    assert!(values.values().all(|value| !value.is_empty()));
                }
                Type::String(string) => {
                    let _ = (string.length(), string.pattern().map(str::len), string.sensitive());
                }
                Type::Int(int) => assert!(int.range().0.unwrap_or(i64::MIN) <= int.range().1.unwrap_or(i64::MAX)),
                Type::Bool | Type::Any => {}
            }
            break;
        }
    }
}

#[test]
fn reads_every_record() {
    let mut count = 0;
    for ty in resource_types() {
        assert!(!ty.api_versions().is_empty(), "{ty}");
        assert_eq!(ty.api_versions().len(), ty.api_versions().iter().count());
        for version in ty.api_versions().iter() {
            visit(ty.root(version).unwrap(), 0, &mut count);
        }
        let paths = ty.paths();
        for path in &paths {
            assert_eq!(ty.canonical_path(path).as_deref(), Some(path.as_str()));
            assert!(!ty.versions_with(path).is_empty(), "{ty} {path}");
        }
        assert!(!paths.is_empty());
    }
    assert!(count > 40_000, "{count} properties");
    for command in schema::az::commands() {
        assert!(command.flags().all(|flag| flag.name().starts_with('-') && !flag.parameter().is_empty()));
        assert!(command.preview_flags().all(|flag| flag.starts_with("--")));
    }
    assert!(schema::az::global_flags().all(|flag| flag.starts_with('-')));
}

#[test]
fn text_that_is_no_path_finds_nothing() {
    for ty in resource_types() {
        for path in
            ["", ".", "[", "a['é']", "identity['é", "{AzureCLI}.kind", "identity..type", "identity.*", "[]", "*"]
        {
            assert!(ty.versions_with(path).is_empty(), "{ty} {path}");
            assert_eq!(ty.canonical_path(path), None, "{ty} {path}");
            let _ = (ty.similar_paths(path), schema::describe(ty, path, None));
        }
    }
}

#[test]
fn types_are_found_by_name_in_any_case() {
    let names: Vec<String> = resource_types().map(|ty| ty.name().to_ascii_lowercase()).collect();
    assert!(names.is_sorted_by(|a, b| a < b), "the search depends on it: {names:?}");
    for ty in resource_types() {
        assert_eq!(resource_type(ty.name()), Some(ty));
        assert_eq!(resource_type(&ty.name().to_uppercase()), Some(ty));
        assert_eq!(resource_type(&format!("{ty}x")), None);
    }
    assert_eq!(resource_type(""), None);
}

#[test]
fn is_small() {
    let size = schema::embedded_size();
    assert!(size < 400 * 1024, "{size} bytes");
}

#[test]
fn every_documented_path_exists() {
    let mut seen = std::collections::BTreeSet::new();
    for (name, path) in schema::documented_paths() {
        let ty = resource_type(name).unwrap_or_else(|| panic!("no facts about {name}"));
        assert_eq!(ty.name(), name);
        if !path.is_empty() {
            assert_eq!(ty.canonical_path(path).as_deref(), Some(path), "{name}: {path} is not a path of the facts");
        }
        assert!(schema::doc(ty, path).is_some(), "{name} {path} has no words");
        assert!(seen.insert((name, path)), "{name} {path} twice");
    }
    assert!(seen.len() > 100);
}

#[test]
fn every_path_about_identity_has_words() {
    let touches =
        ["ident", "principal", "secret", "password", "aadprofile.", "oidcissuer", "keyvaultkms", "registryid"];
    // Parts of something that has words, and in which nobody writes.
    let skipped = ["provisioninginfo", "systemdata", "delegatedresources.*.", "status"];
    let names = ["Microsoft.ContainerService/managedClusters", "Microsoft.ManagedIdentity/userAssignedIdentities"];
    for ty in names.into_iter().chain(["Microsoft.Authorization/roleAssignments"]).filter_map(resource_type) {
        for path in ty.paths() {
            let lower = path.to_ascii_lowercase();
            let leaf = lower.rsplit('.').next().unwrap_or_default();
            let relevant = touches.iter().any(|word| leaf.contains(word.trim_end_matches('.')));
            if relevant && !skipped.iter().any(|word| lower.contains(word)) && !lower.ends_with("[]") {
                assert!(schema::doc(ty, &path).is_some(), "{ty} {path}");
            }
        }
    }
}

fn check_value(property: schema::Property, value: &Value, path: &str) {
    match property.ty() {
        Type::String(string) => {
            let text = value.as_str().unwrap();
            if let Some(pattern) = string.pattern() {
                assert!(Regex::new(pattern).unwrap().is_match(text), "{path}: {text} does not match {pattern}");
            }
            let length = i64::try_from(text.chars().count()).unwrap();
            assert!(string.length().0.is_none_or(|least| least <= length), "{path}: {text}");
            assert!(string.length().1.is_none_or(|most| length <= most), "{path}: {text}");
        }
        Type::Int(int) => {
            let number = value.as_i64().unwrap();
            assert!(int.range().0.is_none_or(|least| least <= number), "{path}");
            assert!(int.range().1.is_none_or(|most| number <= most), "{path}");
        }
        Type::Enum(values) => assert_eq!(values.find(value.as_str().unwrap()), schema::Match::Exact, "{path}"),
        Type::Bool => assert!(value.is_boolean()),
        Type::Object(_) | Type::Map(_) | Type::Any => assert!(value.is_object(), "{path}"),
        Type::Array(_) => assert!(value.is_array(), "{path}"),
    }
}

#[test]
fn samples_are_of_their_types_in_every_version() {
    for ty in resource_types() {
        for version in ty.api_versions().iter() {
            let samples = schema::writable_properties(ty, version);
            for sample in &samples {
                check_value(sample.property, &sample.value, &sample.path);
                let found = ty.property(version, &sample.path).unwrap();
                assert_eq!(found.name(), sample.property.name());
                assert!(!found.read_only(), "{ty} {version} {}", sample.path);
            }
            let body = schema::sample_body(ty, version).unwrap();
            assert!(ty.writable().is_empty() || body.get("name").is_some(), "{ty} {version}");
        }
    }
}

#[test]
fn sample_of_a_cluster_names_one_identity() {
    let ty = resource_type("Microsoft.ContainerService/managedClusters").unwrap();
    let body = schema::sample_body(ty, ApiVersion::parse("2026-05-01").unwrap()).unwrap();
    assert_eq!(body["identity"]["type"], "UserAssigned");
    let identities = body["identity"]["userAssignedIdentities"].as_object().unwrap();
    assert_eq!(identities.len(), 1);
    assert!(identities.keys().all(|id| id.contains("/Microsoft.ManagedIdentity/userAssignedIdentities/")));
    assert_eq!(identities.values().next(), Some(&serde_json::json!({})));
    assert!(body["properties"]["identityProfile"]["kubeletidentity"]["resourceId"].is_string());
    assert!(body["identity"].get("principalId").is_none());
    let script = resource_type("Microsoft.Resources/deploymentScripts").unwrap();
    let body = schema::sample_body(script, ApiVersion::parse("2023-08-01").unwrap()).unwrap();
    assert_eq!(body["kind"], "AzureCLI");
    assert!(body["properties"]["azCliVersion"].is_string());
}
