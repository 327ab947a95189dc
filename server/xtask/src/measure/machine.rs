//! On what was measured.

use std::path::Path;
use std::process::Command;

/// The machine and the programs, as a list in Markdown.
pub(crate) fn describe(program: &Path, others: &[(&str, String)]) -> String {
    let mut lines = vec![
        format!("- {}, {} cores, {} of memory, {}", processor(), cores(), memory(), system()),
        format!("- akslint {} (commit {})", version_of(program), commit()),
        format!("- {}", first_line(Command::new("rustc").arg("--version"))),
    ];
    lines.extend(others.iter().map(|(name, version)| format!("- {name} {version}")));
    lines.push(format!("- load of the machine before: {}", load()));
    lines.join("\n") + "\n"
}

/// How many threads run at a time.
pub(crate) fn cores() -> usize {
    std::thread::available_parallelism().map_or(1, usize::from)
}

/// What a program says first; `?` if it says nothing.
pub(crate) fn first_line(command: &mut Command) -> String {
    let output = command.output().map(|output| output.stdout).unwrap_or_default();
    let text = String::from_utf8_lossy(&output);
    text.lines().next().filter(|line| !line.is_empty()).unwrap_or("?").trim().to_owned()
}

fn version_of(program: &Path) -> String {
    let line = first_line(Command::new(program).arg("--version"));
    line.strip_prefix("akslint ").unwrap_or(&line).to_owned()
}

fn commit() -> String {
    first_line(Command::new("git").args(["describe", "--always", "--dirty"]))
}

fn read(path: &str) -> String {
    std::fs::read_to_string(path).unwrap_or_default()
}

fn field(text: &str, name: &str) -> Option<String> {
    let line = text.lines().find(|line| line.starts_with(name))?;
    Some(line.split_once(':')?.1.trim().to_owned())
}

fn processor() -> String {
    field(&read("/proc/cpuinfo"), "model name").unwrap_or_else(|| std::env::consts::ARCH.to_owned())
}

fn memory() -> String {
    let total = field(&read("/proc/meminfo"), "MemTotal");
    let kilobytes = total.and_then(|text| text.strip_suffix(" kB")?.parse::<u64>().ok());
    kilobytes.map_or_else(|| "?".to_owned(), |kilobytes| format!("{} GB", kilobytes >> 20))
}

fn system() -> String {
    first_line(Command::new("uname").args(["-s", "-r"]))
}

fn load() -> String {
    let load = read("/proc/loadavg");
    load.split(' ').next().filter(|load| !load.is_empty()).unwrap_or("?").to_owned()
}
