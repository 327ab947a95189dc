//! How much more it costs to check modules that call each other than to check each of them alone:
//! `cargo bench -p rules --bench modules`. Fails when it is more than three times as much.

#![expect(clippy::print_stdout, reason = "this is what a benchmark is for")]

use std::fmt::Write as _;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use rules::Settings;
use syntax::SourceText;
use template::workspace::{FileId, SourceFile, Workspace};

/// How many modules.
const MODULES: usize = 500;
/// How much more it may cost together.
const LIMIT: f64 = 3.0;
const ROUNDS: usize = 5;

/// Each module declares a cluster with its identities, passes them on to a module with a role, and calls two others.
fn module(number: usize) -> String {
    let mut text = "param name string
param kubeletId string = ''
param location string = resourceGroup().location
resource mi 'Microsoft.ManagedIdentity/userAssignedIdentities@2023-01-31' = {
  name: '${name}-mi'
  location: location
}
resource aks 'Microsoft.ContainerService/managedClusters@2025-05-01' = {
  name: name
  location: location
  identity: {
    type: 'UserAssigned'
    userAssignedIdentities: { '${mi.id}': {} }
  }
  properties: {
    dnsPrefix: name
    agentPoolProfiles: [{ name: 'system', count: 1, vmSize: 'Standard_D4s_v5', mode: 'System' }]
    identityProfile: empty(kubeletId) ? null : { kubeletidentity: { resourceId: kubeletId } }
  }
}
resource acr 'Microsoft.ContainerRegistry/registries@2023-07-01' existing = { name: 'images' }
resource pull 'Microsoft.Authorization/roleAssignments@2022-04-01' = {
  scope: acr
  name: guid(acr.id, aks.id, 'pull')
  properties: {
    roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', '7f951dda-4ed3-4680-a7ca-43fe172d538d')
    principalId: aks.properties.identityProfile.kubeletidentity.objectId
    principalType: 'ServicePrincipal'
  }
}
output identityId string = mi.id
"
    .to_owned();
    for called in [2 * number + 1, 2 * number + 2] {
        if called < MODULES {
            let _ = write!(
                text,
                "module m{called} 'm{called}.bicep' = {{
  name: 'm{called}'
  params: {{ name: '${{name}}-{called}', kubeletId: mi.id, location: location }}
}}
"
            );
        }
    }
    text
}

fn check(files: Vec<Arc<SourceFile>>) -> usize {
    let targets: Vec<FileId> = (0..).map(FileId).take(files.len()).collect();
    rules::check(&Workspace::new(files), &targets, &Settings::default()).diagnostics.len()
}

fn least(mut run: impl FnMut() -> usize) -> (Duration, usize) {
    let timed = (0..ROUNDS).map(|_| {
        let start = Instant::now();
        let found = run();
        (start.elapsed(), found)
    });
    timed.min().unwrap_or_default()
}

fn main() {
    let texts: Vec<String> = (0..MODULES).map(module).collect();
    let parse = |number: usize| {
        let path = Path::new("modules").join(format!("m{number}.bicep"));
        Arc::new(SourceFile::parse(path, SourceText::new(texts[number].as_str())))
    };
    let (alone, found_alone) = least(|| (0..MODULES).map(|number| check(vec![parse(number)])).sum());
    let (together, found) = least(|| check((0..MODULES).map(parse).collect()));
    let factor = together.as_secs_f64() / alone.as_secs_f64();
    println!("{MODULES} modules, each read and checked alone: {alone:?} ({found_alone} findings)");
    println!("together: {together:?} ({found} findings), {factor:.2} times as much, allowed {LIMIT}");
    // The same without reading, which costs the same both ways.
    let files: Vec<Arc<SourceFile>> = (0..MODULES).map(parse).collect();
    let (rules_alone, _) = least(|| files.iter().map(|file| check(vec![file.clone()])).sum());
    let (rules_together, _) = least(|| check(files.clone()));
    let of_rules = rules_together.as_secs_f64() / rules_alone.as_secs_f64();
    println!("evaluation and rules only: {rules_alone:?} and {rules_together:?}, {of_rules:.2} times as much");
    assert!(factor <= LIMIT, "checking modules together costs too much");
}
