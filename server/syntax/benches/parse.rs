//! Parsing, looking for syntax errors, and re-parsing after one key.
//!
//! Files come from the folder named by `AKSLINT_CORPUS`; without it, from the grammar's own tests and a template made
//! here. `cargo bench -p syntax`

#![expect(clippy::print_stdout, reason = "percentiles are not a criterion measurement")]

use std::fmt::Write as _;
use std::hint::black_box;
use std::path::Path;
use std::time::{Duration, Instant};

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use syntax::bicep::{self, Body, Expr, ExprKind, File, Item, Object, ObjectMember, Piece, Statement};
use syntax::{InputEdit, Language, SourceText, SyntaxTree, parse, reparse};
use tree_sitter::Point;

/// The allocator of the program.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// The texts of a language, the largest first.
fn texts(language: Language, extension: &str) -> Vec<SourceText> {
    let mut texts = Vec::new();
    match std::env::var_os("AKSLINT_CORPUS") {
        Some(folder) => collect(Path::new(&folder), extension, &mut texts),
        None => texts.push(if language == Language::Json { json_template() } else { bicep_template() }),
    }
    texts.sort_by_key(|text| std::cmp::Reverse(text.len()));
    texts.into_iter().map(SourceText::new).collect()
}

fn collect(folder: &Path, extension: &str, texts: &mut Vec<String>) {
    for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
        let path = entry.path();
        if entry.file_type().is_ok_and(|kind| kind.is_dir()) {
            collect(&path, extension, texts);
        } else if path.extension().is_some_and(|found| found == extension) {
            texts.extend(std::fs::read_to_string(path));
        }
    }
}

fn bicep_template() -> String {
    let mut text = String::new();
    for n in 0..400 {
        let _ = write!(
            text,
            "@description('The location of cluster {n}')\nparam location{n} string = resourceGroup().location\n\n\
             resource aks{n} 'Microsoft.ContainerService/managedClusters@2024-09-01' = {{\n  name: 'aks-${{location{n}}}'\n  \
             location: location{n}\n  identity: {{\n    type: 'UserAssigned'\n    userAssignedIdentities: {{\n      \
             '${{identity.id}}': {{}}\n    }}\n  }}\n  properties: {{\n    agentPoolProfiles: [\n      {{\n        \
             name: 'system'\n        count: 3\n      }}\n    ]\n  }}\n}}\n\n"
        );
    }
    text
}

fn json_template() -> String {
    let mut text = "{\n  \"resources\": [".to_owned();
    for n in 0..400 {
        let _ = write!(
            text,
            "{}\n    {{\n      \"type\": \"Microsoft.ContainerService/managedClusters\",\n      \"apiVersion\": \"2024-09-01\",\n      \
             \"name\": \"[concat('aks-', {n})]\",\n      \"location\": \"[resourceGroup().location]\",\n      \
             \"identity\": {{ \"type\": \"SystemAssigned\" }},\n      \"properties\": {{\n        \"agentPoolProfiles\": [\n          \
             {{ \"name\": \"system\", \"count\": 3, \"mode\": \"System\" }}\n        ]\n      }}\n    }}",
            if n == 0 { "" } else { "," }
        );
    }
    text + "\n  ]\n}\n"
}

fn whole_files(criterion: &mut Criterion) {
    for (name, language, extension) in [("bicep", Language::Bicep, "bicep"), ("json", Language::Json, "json")] {
        let texts = texts(language, extension);
        let bytes: u64 = texts.iter().map(|text| u64::from(u32::from(text.len()))).sum();
        let mut group = criterion.benchmark_group(name);
        group.throughput(Throughput::Bytes(bytes)).sample_size(10);
        group.bench_function("parse", |bencher| {
            bencher.iter(|| texts.iter().map(|text| parse(language, text.clone()).root().end_byte()).sum::<usize>());
        });
        if language == Language::Bicep {
            let trees: Vec<_> = texts.iter().map(|text| parse(language, text.clone())).collect();
            group.bench_function("survey", |bencher| {
                bencher.iter(|| trees.iter().map(|tree| bicep::survey(tree).errors.len()).sum::<usize>());
            });
            group.bench_function("walk of all views", |bencher| {
                bencher.iter(|| trees.iter().map(views).sum::<usize>());
            });
        }
        group.finish();
        if let Some(largest) = texts.first() {
            one_key(name, language, largest);
        }
    }
}

/// Asks every node of the bodies once, as lowering does, and counts them.
fn views(tree: &SyntaxTree) -> usize {
    let statements = File::new(tree).into_iter().flat_map(File::statements);
    let count = |statement| match statement {
        Statement::Parameter(declaration) | Statement::Variable(declaration) | Statement::Output(declaration) => {
            declaration.value.map_or(1, expression)
        }
        Statement::Resource(resource) => resource.body.map_or(1, body),
        Statement::Module(module) => module.body.map_or(1, body),
        _ => 1,
    };
    statements.map(count).sum()
}

fn body(body: Body<'_>) -> usize {
    match body {
        Body::Expr(value) => expression(value),
        Body::If { condition, body, .. } => condition.map_or(0, expression) + body.map_or(0, object),
    }
}

fn object(object: Object<'_>) -> usize {
    let count = |member| match member {
        ObjectMember::Property(property) => 1 + property.value.map_or(0, expression),
        ObjectMember::Resource(resource) => resource.body.map_or(1, body),
        ObjectMember::Spread { value, .. } => value.map_or(1, expression),
        ObjectMember::Broken(_) => 1,
    };
    object.members().map(count).sum()
}

fn item(item: Item<'_>) -> usize {
    match item {
        Item::Expr(value) => expression(value),
        Item::Spread { value, .. } => value.map_or(1, expression),
        Item::Broken(_) => 1,
    }
}

fn expression(value: Expr<'_>) -> usize {
    let parts = |parts: &[Option<Expr<'_>>]| parts.iter().flatten().map(|&part| expression(part)).sum::<usize>();
    1 + match value.kind() {
        ExprKind::String(string) => {
            let count = |piece: &Piece<'_>| match piece {
                Piece::Text { text, .. } => usize::from(!text.is_empty()),
                Piece::Hole { expression: hole, .. } => hole.map_or(0, expression),
            };
            string.pieces().iter().map(count).sum()
        }
        ExprKind::Object(value) => object(value),
        ExprKind::Array(array) => array.items().map(item).sum(),
        ExprKind::For(value) => parts(&[value.iterable]) + value.body.map_or(0, body),
        ExprKind::Lambda(lambda) => parts(&[lambda.body]),
        ExprKind::Call(call) => {
            parts(&[call.function]) + call.arguments().into_iter().flatten().map(item).sum::<usize>()
        }
        ExprKind::Member { object, .. } | ExprKind::ResourceAccess { object, .. } => parts(&[object]),
        ExprKind::Subscript { object, index, .. } => parts(&[object, index]),
        ExprKind::Parenthesized(operand) | ExprKind::NonNull(operand) | ExprKind::Unary { operand, .. } => {
            parts(&[operand])
        }
        ExprKind::Binary { left, right, .. } => parts(&[left, right]),
        ExprKind::Ternary { condition, consequence, alternative } => parts(&[condition, consequence, alternative]),
        ExprKind::Identifier(_) | ExprKind::Integer(_) | ExprKind::Boolean(_) | ExprKind::Null | ExprKind::Broken => 0,
    }
}

/// Types one letter at many places of a text and prints how long the new tree took.
fn one_key(name: &str, language: Language, text: &SourceText) {
    let source = text.as_str();
    let tree = parse(language, text.clone());
    let mut times: Vec<Duration> = Vec::new();
    let step = (source.len() / 1000).max(1);
    // inside of words, where people type
    let places = (0..source.len()).step_by(step).filter_map(|from| {
        let found = source.as_bytes()[from..].windows(2).position(|pair| pair.iter().all(u8::is_ascii_alphabetic))?;
        Some(from + found + 1)
    });
    for at in places {
        let column = at - source[..at].rfind('\n').map_or(0, |newline| newline + 1);
        let row = source[..at].matches('\n').count();
        let edit = InputEdit {
            start_byte: at,
            old_end_byte: at,
            new_end_byte: at + 1,
            start_position: Point::new(row, column),
            old_end_position: Point::new(row, column),
            new_end_position: Point::new(row, column + 1),
        };
        let edited = SourceText::new(format!("{}x{}", &source[..at], &source[at..]));
        let start = Instant::now();
        black_box(reparse(&tree, edited, &[edit]));
        times.push(start.elapsed());
    }
    times.sort_unstable();
    let percentile = |percent: usize| times.get((times.len() * percent / 100).min(times.len().saturating_sub(1)));
    println!(
        "{name}: one letter in {} bytes, {} places: p50 {:?}, p99 {:?}, max {:?}",
        source.len(),
        times.len(),
        percentile(50).copied().unwrap_or_default(),
        percentile(99).copied().unwrap_or_default(),
        times.last().copied().unwrap_or_default(),
    );
}

criterion_group!(benches, whole_files);
criterion_main!(benches);
