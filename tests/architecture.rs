//! Which crate may know which other one, as server/ARCHITECTURE.md has it.

#![expect(clippy::unwrap_used, reason = "a helper of tests fails like a test")]

use std::collections::{BTreeMap, BTreeSet};
use std::process::Command;

/// Each crate with the crates of ours that it may depend on. What only tests need is not limited.
const ALLOWED: &[(&str, &[&str])] = &[
    ("grammar-bicep", &[]),
    ("syntax", &["grammar-bicep"]),
    ("schema", &[]),
    ("template", &["syntax", "schema"]),
    ("rules", &["template", "schema", "syntax"]),
    ("ide", &["rules", "template", "schema", "syntax"]),
    ("akslint", &["ide", "rules", "template", "schema", "syntax"]),
    // Tools of developers; the program does not depend on them.
    ("xtask", &["akslint", "rules", "template", "schema", "syntax"]),
    ("test-support", &["rules", "template", "schema", "syntax"]),
    ("fuzzing", &["rules", "template", "schema", "syntax"]),
];

/// What must not reach a crate, directly or through another one of ours: it has no business with it.
const FORBIDDEN: &[(&str, &[&str])] = &[
    ("syntax", &["tokio", "tower-lsp-server", "lsp-types", "clap", "serde_json"]),
    ("schema", &["tokio", "tower-lsp-server", "lsp-types", "clap", "tree-sitter"]),
    ("template", &["tokio", "tower-lsp-server", "lsp-types", "clap", "tree-sitter"]),
    ("rules", &["tokio", "tower-lsp-server", "lsp-types", "clap", "tree-sitter", "ignore"]),
    ("ide", &["tokio", "tower-lsp-server", "lsp-types", "clap", "tree-sitter", "ignore"]),
];

/// What each crate of the workspace depends on, in what is built and not only tested.
fn dependencies() -> BTreeMap<String, BTreeSet<String>> {
    let output = Command::new(env!("CARGO"))
        .args(["metadata", "--no-deps", "--format-version", "1", "--offline"])
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let metadata: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    let text = |value: &serde_json::Value| value.as_str().unwrap().to_owned();
    let normal = |package: &serde_json::Value| -> BTreeSet<String> {
        let dependencies = package["dependencies"].as_array().unwrap().iter();
        dependencies.filter(|one| one["kind"].is_null()).map(|one| text(&one["name"])).collect()
    };
    let packages = metadata["packages"].as_array().unwrap().iter();
    packages.map(|package| (text(&package["name"]), normal(package))).collect()
}

#[test]
fn crates_depend_only_on_those_above_them() {
    let dependencies = dependencies();
    let ours: BTreeSet<&str> = dependencies.keys().map(String::as_str).collect();
    let listed: BTreeSet<&str> = ALLOWED.iter().map(|(name, _)| *name).collect();
    assert_eq!(ours, listed, "every crate is in the table");
    for (name, allowed) in ALLOWED {
        for dependency in &dependencies[*name] {
            let fine = !ours.contains(dependency.as_str()) || allowed.contains(&dependency.as_str());
            assert!(fine, "`{name}` must not depend on `{dependency}`");
        }
    }
}

#[test]
fn crates_do_not_know_what_is_not_their_business() {
    let dependencies = dependencies();
    for (name, forbidden) in FORBIDDEN {
        for dependency in &dependencies[*name] {
            assert!(!forbidden.contains(&dependency.as_str()), "`{name}` must not depend on `{dependency}`");
        }
    }
}

/// Every crate that is depended on directly, and where it matters: in the program, to build it, or for developers only.
fn direct() -> BTreeMap<String, &'static str> {
    let output = Command::new(env!("CARGO"))
        .args(["metadata", "--no-deps", "--format-version", "1", "--offline"])
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .output()
        .unwrap();
    let metadata: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    let packages = metadata["packages"].as_array().unwrap();
    let text = |value: &serde_json::Value| value.as_str().unwrap_or_default().to_owned();
    let ours: BTreeSet<String> = packages.iter().map(|package| text(&package["name"])).collect();
    let mut direct: BTreeMap<String, &str> = BTreeMap::new();
    for package in packages {
        let is_tool = ["xtask", "test-support", "fuzzing"].contains(&text(&package["name"]).as_str());
        for one in package["dependencies"].as_array().unwrap() {
            let place = match one["kind"].as_str() {
                None if !is_tool => "In the program",
                Some("build") if !is_tool => "To build it",
                _ => "In tests and developer commands",
            };
            let name = text(&one["name"]);
            // Where several places are possible, the one that weighs more.
            let weight = |place: &str| {
                ["In tests and developer commands", "To build it", "In the program"]
                    .iter()
                    .position(|one| *one == place)
            };
            let heavier = direct.get(&name).is_none_or(|other| weight(place) > weight(other));
            if !ours.contains(&name) && heavier {
                direct.insert(name, place);
            }
        }
    }
    direct
}

#[test]
fn every_dependency_has_a_reason() {
    let page = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/dependencies.md")).unwrap();
    let mut listed = BTreeMap::new();
    let mut heading = "";
    for line in page.lines() {
        if let Some(text) = line.strip_prefix("## ") {
            heading = text;
        } else if let Some((name, reason)) = line.strip_prefix("| `").and_then(|row| row.split_once("` | ")) {
            assert!(reason.len() > 10, "`{name}` has no reason");
            listed.insert(name.to_owned(), heading);
        }
    }
    assert_eq!(listed, direct(), "docs/dependencies.md does not list what the manifests have");
}
