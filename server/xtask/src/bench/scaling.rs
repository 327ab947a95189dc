//! How cost grows: with the size of a file, the number of files, the number of threads.

use std::fmt::Write as _;
use std::fs;
use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use super::files::{Files, LIMIT};
use super::{Bench, ratio};
use crate::measure::generate::{Language, template};
use crate::measure::{self, Run, machine, median, size, time};

/// The runs of a command, and their median times of processor and on the clock.
fn runs(
    bench: &Bench<'_>,
    folder: &Path,
    arguments: &[&str],
    threads: Option<usize>,
) -> anyhow::Result<(Run, Duration, Duration)> {
    let (mut cpu, mut wall) = (Vec::new(), Vec::new());
    let mut last = None;
    for _ in 0..bench.rounds {
        let mut command = measure::check(bench.program, folder, arguments);
        if let Some(threads) = threads {
            command.env("RAYON_NUM_THREADS", threads.to_string());
        }
        let run = measure::run(&mut command, LIMIT)?;
        cpu.push(run.cpu);
        wall.push(run.wall);
        last = Some(run);
    }
    let last = last.ok_or_else(|| anyhow::anyhow!("no rounds"))?;
    Ok((last, median(&cpu), median(&wall)))
}

/// What is done before anything is looked at.
pub(super) fn start_up(bench: &Bench<'_>) -> anyhow::Result<String> {
    let mut page = String::from("## Start-up\n\n| | wall | memory |\n| --- | ---: | ---: |\n");
    let folder = bench.scratch.join("start");
    fs::create_dir_all(&folder)?;
    fs::write(folder.join("main.bicep"), "param name string\n")?;
    let version: Vec<&str> = vec!["--version"];
    for (name, arguments) in [
        ("`akslint --version`", version),
        ("`akslint check`, one line of Bicep", vec!["check", "--isolated", "main.bicep"]),
        ("`akslint explain identity-type-unknown`", vec!["explain", "identity-type-unknown"]),
    ] {
        let mut wall = Vec::new();
        let mut peak = 0;
        for _ in 0..bench.rounds * 4 {
            let run = measure::run(Command::new(bench.program).args(&arguments).current_dir(&folder), LIMIT)?;
            wall.push(run.wall);
            peak = run.peak.max(peak);
        }
        let _ = writeln!(page, "| {name} | {} | {} |", time(median(&wall)), size(peak));
    }
    Ok(page)
}

/// One file of each size. Larger ones than 16 MiB are refused, which must be quick.
pub(super) fn sizes(bench: &Bench<'_>) -> anyhow::Result<String> {
    let mut page = String::from(
        "## Size of a file

Generated templates: clusters, identities and role assignments. Ten times the size should take at most eleven times the time, and memory should stay
below three times the file plus 30 MB. Azure takes templates of up to 4 MB; beyond 16 MiB akslint refuses a file and says so.

| language | size | cpu | times the row above | memory | aim | |
| --- | ---: | ---: | ---: | ---: | ---: | --- |
",
    );
    let folder = bench.scratch.join("sizes");
    fs::create_dir_all(&folder)?;
    for language in Language::ALL {
        let name = format!("main.{}", language.extension());
        let mut before = None;
        for bytes in [1 << 10, 10 << 10, 100 << 10, 1 << 20, 10 << 20, 100 << 20] {
            let text = if bytes > 16 << 20 { " ".repeat(bytes) } else { template(language, bytes) };
            fs::write(folder.join(&name), &text)?;
            let length = text.len() as u64;
            drop(text);
            let (run, cpu, _) = runs(bench, &folder, &["--quiet", &name], None)?;
            let times = before.map_or_else(String::new, |before| format!("{:.1}", ratio(cpu, before)));
            let note = if run.code == Some(2) { "refused" } else { "" };
            let _ = writeln!(
                page,
                "| {} | {} | {} | {times} | {} | {} | {note} |",
                language.name(),
                size(length),
                time(cpu),
                size(run.peak),
                size(3 * length + (30 << 20)),
            );
            before = Some(cpu);
        }
    }
    Ok(page)
}

/// Files of a few kilobytes each.
pub(super) fn counts(bench: &Bench<'_>) -> anyhow::Result<String> {
    let mut page = String::from(
        "## Number of files

Half of them ARM JSON, half Bicep, 4 KB each.

| files | cpu | wall | times the row above | memory |
| ---: | ---: | ---: | ---: | ---: |
",
    );
    let texts = Language::ALL.map(|language| template(language, 4 << 10));
    let folder = bench.scratch.join("counts");
    fs::create_dir_all(&folder)?;
    let mut made = 0;
    let mut before = None;
    for count in [1, 10, 100, 1000, 10_000] {
        while made < count {
            let language = Language::ALL[made % 2];
            fs::write(folder.join(format!("{made}.{}", language.extension())), &texts[made % 2])?;
            made += 1;
        }
        let (run, cpu, wall) = runs(bench, &folder, &["--quiet"], None)?;
        let times = before.map_or_else(String::new, |before| format!("{:.1}", ratio(cpu, before)));
        let _ = writeln!(page, "| {count} | {} | {} | {times} | {} |", time(cpu), time(wall), size(run.peak));
        before = Some(cpu);
    }
    Ok(page)
}

/// The same files on one thread and on more.
pub(super) fn threads(bench: &Bench<'_>, files: &Files) -> anyhow::Result<String> {
    let cores = machine::cores();
    let mut page = String::from(
        "## Threads

All files, wall time. On a machine that does other things at the same time, more threads get less than a core each. The last column
is what the machine has to give: as many programs as there are threads, started together with one thread each, so that they share
nothing but the processor and its memory.

| threads | wall | cpu | times as fast as one | aim | separate programs, times the work of one |
| ---: | ---: | ---: | ---: | ---: | ---: |
",
    );
    let folder = bench.scratch.join("both");
    fs::create_dir_all(&folder)?;
    if fs::read_dir(&folder)?.next().is_none() {
        for language in Language::ALL {
            files.sample(language, usize::MAX, &folder)?;
        }
    }
    let counts: Vec<usize> = (0..usize::BITS).map(|power| 1 << power).take_while(|threads| *threads <= cores).collect();
    let mut times = vec![(Vec::new(), Vec::new(), Vec::new()); counts.len()];
    for _ in 0..bench.rounds {
        for (&threads, (wall, cpu, apart)) in counts.iter().zip(&mut times) {
            let run = run_on(bench, &folder, threads)?;
            wall.push(run.wall);
            cpu.push(run.cpu);
            apart.push(side_by_side(bench, &folder, threads)?);
        }
    }
    let one = median(&times[0].0);
    for (&threads, (wall, cpu, apart)) in counts.iter().zip(&times) {
        let aim = if threads == 2 { "≥ 1.8" } else { "" };
        let programs = u32::try_from(threads).unwrap_or(u32::MAX);
        let _ = writeln!(
            page,
            "| {threads} | {} | {} | {:.2} | {aim} | {:.2} |",
            time(median(wall)),
            time(median(cpu)),
            ratio(one, median(wall)),
            ratio(one * programs, median(apart)),
        );
    }
    Ok(page)
}

fn run_on(bench: &Bench<'_>, folder: &Path, threads: usize) -> anyhow::Result<measure::Run> {
    let mut command = measure::check(bench.program, folder, &["--quiet"]);
    measure::run(command.env("RAYON_NUM_THREADS", threads.to_string()), LIMIT)
}

/// How long it takes until the last of some programs has ended that were started together.
fn side_by_side(bench: &Bench<'_>, folder: &Path, programs: usize) -> anyhow::Result<Duration> {
    let start = Instant::now();
    std::thread::scope(|scope| {
        let running: Vec<_> = (0..programs).map(|_| scope.spawn(|| run_on(bench, folder, 1))).collect();
        running.into_iter().try_for_each(|program| match program.join() {
            Ok(run) => run.map(|_| ()),
            Err(panic) => std::panic::resume_unwind(panic),
        })
    })?;
    Ok(start.elapsed())
}
