//! Time of single look-ups, as a rule or a completion makes them.

use std::hint::black_box;

use criterion::{Criterion, criterion_group, criterion_main};
use schema::{ApiVersion, doc, resource_type};

fn look_up(c: &mut Criterion) {
    let clusters = "microsoft.containerservice/managedclusters";
    let ty = resource_type(clusters).expect("the type is in the table");
    let version = ApiVersion::parse("2024-09-01").expect("a version");
    let path = "properties.podIdentityProfile.userAssignedIdentities[].identity.resourceId";
    c.bench_function("resource type by name", |b| b.iter(|| resource_type(black_box(clusters))));
    c.bench_function("property by short path", |b| {
        b.iter(|| ty.property(black_box(version), black_box("identity.type")));
    });
    c.bench_function("property by long path", |b| b.iter(|| ty.property(black_box(version), black_box(path))));
    c.bench_function("property by object", |b| {
        let root = ty.root(version).expect("a known version");
        b.iter(|| root.property(black_box("IDENTITY")).map(schema::Property::required));
    });
    c.bench_function("versions with a path", |b| {
        b.iter(|| ty.versions_with(black_box(path)).contains(black_box(version)));
    });
    c.bench_function("words on a path", |b| b.iter(|| doc(ty, black_box("properties.windowsProfile.adminPassword"))));
    c.bench_function("abbreviated flag", |b| {
        let create = schema::az::command("aks create").expect("the command is in the table");
        b.iter(|| create.resolve(black_box("--assign-kubelet")));
    });
}

criterion_group!(benches, look_up);
criterion_main!(benches);
