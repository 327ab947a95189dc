//! How the cost of checking one file grows with what is in it: `cargo bench -p rules --bench scaling`. Each row is a kind of
//! file, each column twice as much of it as the one before; the last column is how much more each doubling costs, 2.0 being
//! what the length of the file alone explains. A word behind `--` picks the rows that have it in their name.

#![expect(clippy::print_stdout, reason = "this is what a benchmark is for")]

use std::fmt::Write as _;
use std::sync::Arc;
use std::time::{Duration, Instant};

use rules::Settings;
use syntax::SourceText;
use template::workspace::{FileId, SourceFile, Workspace};

const IDENTITY: &str = "Microsoft.ManagedIdentity/userAssignedIdentities";
const COLUMNS: u32 = 5;
const ROUNDS: usize = 3;

/// A resource, in both languages.
struct Resource {
    symbol: String,
    kind: &'static str,
    version: &'static str,
    name: String,
    /// In Bicep, and in ARM JSON.
    rest: [String; 2],
}

fn cluster(number: usize, key: [String; 2], properties: [String; 2]) -> Resource {
    let [key_bicep, key_json] = key;
    let [own_bicep, own_json] = properties;
    let pool = "{ name: 'a', count: 1, vmSize: 'x', mode: 'System' }";
    let pool_json = "{ \"name\": \"a\", \"count\": 1, \"vmSize\": \"x\", \"mode\": \"System\" }";
    Resource {
        symbol: format!("aks{number}"),
        kind: "Microsoft.ContainerService/managedClusters",
        version: "2025-05-01",
        name: format!("aks{number}"),
        rest: [
            format!(
                "identity: {{ type: 'UserAssigned', userAssignedIdentities: {{ {key_bicep} }} }}
  properties: {{ dnsPrefix: 'a', agentPoolProfiles: [{pool}]{own_bicep} }}"
            ),
            format!(
                "\"identity\": {{ \"type\": \"UserAssigned\", \"userAssignedIdentities\": {{ {key_json} }} }},
  \"properties\": {{ \"dnsPrefix\": \"a\", \"agentPoolProfiles\": [{pool_json}]{own_json} }}"
            ),
        ],
    }
}

fn identity(symbol: String) -> Resource {
    let name = symbol.clone();
    Resource { symbol, kind: IDENTITY, version: "2023-01-31", name, rest: [String::new(), String::new()] }
}

/// AcrPull for an identity.
fn role(number: usize, of: &str) -> Resource {
    let role = "7f951dda-4ed3-4680-a7ca-43fe172d538d";
    let definition = format!("subscriptionResourceId('Microsoft.Authorization/roleDefinitions', '{role}')");
    Resource {
        symbol: format!("role{number}"),
        kind: "Microsoft.Authorization/roleAssignments",
        version: "2022-04-01",
        name: format!("00000000-0000-0000-0000-{number:012}"),
        rest: [
            format!(
                "properties: {{ roleDefinitionId: {definition}, principalId: {of}.properties.principalId, principalType: 'ServicePrincipal' }}"
            ),
            format!(
                "\"properties\": {{ \"roleDefinitionId\": \"[{definition}]\", \"principalId\": \"[reference(resourceId('{IDENTITY}', '{of}'), '2023-01-31').principalId]\", \"principalType\": \"ServicePrincipal\" }}"
            ),
        ],
    }
}

fn key(symbol: &str) -> [String; 2] {
    [format!("'${{{symbol}.id}}': {{}}"), format!("\"[resourceId('{IDENTITY}', '{symbol}')]\": {{}}")]
}

fn nothing() -> [String; 2] {
    [String::new(), String::new()]
}

fn kubelet(symbol: &str) -> [String; 2] {
    [
        format!(", identityProfile: {{ kubeletidentity: {{ resourceId: {symbol}.id }} }}"),
        format!(
            ", \"identityProfile\": {{ \"kubeletidentity\": {{ \"resourceId\": \"[resourceId('{IDENTITY}', '{symbol}')]\" }} }}"
        ),
    ]
}

/// A template with these resources, each behind a comment.
fn template(resources: Vec<Resource>, comment: &str) -> [String; 2] {
    let mut bicep = String::new();
    let mut json = "{
\"$schema\": \"https://schema.management.azure.com/schemas/2019-04-01/deploymentTemplate.json#\",
\"contentVersion\": \"1.0.0.0\",
\"resources\": ["
        .to_owned();
    for (number, Resource { symbol, kind, version, name, rest: [own_bicep, own_json] }) in
        resources.into_iter().enumerate()
    {
        let _ = write!(
            bicep,
            "{comment}\nresource {symbol} '{kind}@{version}' = {{\n  name: '{name}'\n  location: 'x'\n  {own_bicep}\n}}\n"
        );
        let comma = if number == 0 { "" } else { "," };
        let before = if own_json.is_empty() { "" } else { ", " };
        let _ = write!(
            json,
            "{comma}\n{comment}\n{{ \"type\": \"{kind}\", \"apiVersion\": \"{version}\", \"name\": \"{name}\", \"location\": \"x\"{before}{own_json} }}"
        );
    }
    json.push_str("\n]\n}\n");
    [bicep, json]
}

type Make = fn(usize) -> [String; 2];

/// What grows, with how much of it there is in the first column.
const ROWS: &[(&str, usize, Make)] = &[
    ("clusters with an identity each", 50, |count| {
        let one = |n| [identity(format!("mi{n}")), cluster(n, key(&format!("mi{n}")), nothing())];
        template((0..count).flat_map(one).collect(), "")
    }),
    ("clusters with kubelet identities that lack their role", 50, |count| {
        let one = |n| {
            let (mi, kmi) = (format!("mi{n}"), format!("kmi{n}"));
            [identity(mi.clone()), identity(kmi.clone()), cluster(n, key(&mi), kubelet(&kmi))]
        };
        template((0..count).flat_map(one).collect(), "")
    }),
    ("identities with a role that no cluster has", 100, |count| {
        let one = |n| [identity(format!("mi{n}")), role(n, &format!("mi{n}"))];
        let mut all: Vec<Resource> = (0..count).flat_map(one).collect();
        all.push(cluster(0, nothing(), nothing()));
        template(all, "")
    }),
    ("identities of one cluster", 100, |count| {
        let mut all: Vec<Resource> = (0..count).map(|n| identity(format!("mi{n}"))).collect();
        let keys: Vec<[String; 2]> = (0..count).map(|n| key(&format!("mi{n}"))).collect();
        let join = |language: usize| keys.iter().map(|key| key[language].as_str()).collect::<Vec<_>>().join(", ");
        all.push(cluster(0, [join(0), join(1)], nothing()));
        template(all, "")
    }),
    ("roles of one identity", 100, |count| {
        let mut all = vec![identity("mi".to_owned()), cluster(0, key("mi"), nothing())];
        all.extend((0..count).map(|n| role(n, "mi")));
        template(all, "")
    }),
    ("clusters that name no identity", 50, |count| {
        template((0..count).map(|n| cluster(n, nothing(), nothing())).collect(), "")
    }),
    ("clusters of one identity that none declares", 50, |count| {
        let keys = [format!("'${{resourceId('{IDENTITY}', 'x')}}': {{}}"), key("x")[1].clone()];
        template((0..count).map(|n| cluster(n, keys.clone(), nothing())).collect(), "")
    }),
    ("suppressions without need", 100, |count| {
        let mut all: Vec<Resource> = (0..count).map(|n| identity(format!("mi{n}"))).collect();
        all.push(cluster(0, nothing(), nothing()));
        template(all, "// akslint: ignore[identity-type-combined] x")
    }),
    ("suppressions that silence something", 50, |count| {
        let all = (0..count).map(|n| cluster(n, nothing(), nothing())).collect();
        template(all, "// akslint: ignore-file[user-assigned-without-ids] x")
    }),
];

/// The least time of a few rounds, with what is found.
fn measured(path: &str, text: &str) -> (Duration, usize) {
    let mut least = (Duration::MAX, 0);
    for _ in 0..ROUNDS {
        let start = Instant::now();
        let file = SourceFile::parse(path, SourceText::new(text));
        let workspace = Workspace::new(vec![Arc::new(file)]);
        let found = rules::check(&workspace, &[FileId(0)], &Settings::default()).diagnostics.len();
        least = least.min((start.elapsed(), found));
    }
    least
}

fn main() {
    let only: Vec<String> = std::env::args().skip(1).filter(|word| !word.starts_with('-')).collect();
    for (name, first, make) in ROWS.iter().filter(|(name, ..)| only.iter().all(|word| name.contains(word.as_str()))) {
        for (language, path) in ["main.bicep", "main.json"].into_iter().enumerate() {
            let mut row = format!("{name}, {path}:");
            let mut times: Vec<Duration> = Vec::new();
            for column in 0..COLUMNS {
                let text = &make(first << column)[language];
                let (time, found) = measured(path, text);
                let _ = write!(row, " {} KB {time:.1?} ({found})", text.len() >> 10);
                times.push(time);
            }
            // Of the last two steps, where what is the same for all files no longer shows.
            let steps = times.windows(2).map(|pair| pair[1].as_secs_f64() / pair[0].as_secs_f64());
            let steps: Vec<String> = steps.map(|factor| format!("{factor:.1}")).collect();
            println!("{row} x {}", steps.join(" "));
        }
    }
}
