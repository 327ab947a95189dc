//! Programs as they are run by people, and what a run costs.

pub(crate) mod generate;
pub(crate) mod machine;
pub(crate) mod protocol;

use std::ffi::{OsStr, OsString};
use std::fs::File;
use std::io::Read as _;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode, Stdio};
use std::sync::mpsc;
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use anyhow::{Context as _, bail, ensure};
use wait4::Wait4 as _;

/// How far a program may go before it is stopped.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Limit {
    /// On the clock, from its start.
    pub(crate) time: Duration,
    /// The memory that it holds, in bytes.
    pub(crate) memory: u64,
}

impl From<Duration> for Limit {
    fn from(time: Duration) -> Self {
        Self { time, memory: u64::MAX }
    }
}

/// Why a program was stopped.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Stopped {
    /// It took too long.
    Late,
    /// It held too much memory.
    Large,
}

/// What a run cost and said.
#[derive(Debug)]
pub(crate) struct Run {
    /// `None` if it was killed.
    pub(crate) code: Option<i32>,
    /// Why it was killed by us.
    pub(crate) stopped: Option<Stopped>,
    pub(crate) wall: Duration,
    /// Of all its threads, in the program and in the system.
    pub(crate) cpu: Duration,
    /// The most memory it held at a time, in bytes.
    pub(crate) peak: u64,
    /// Whether it was seen to hold that. If it ended before anybody looked, the peak may be that of this process.
    pub(crate) is_seen: bool,
    pub(crate) output: Vec<u8>,
    pub(crate) errors: Vec<u8>,
}

/// Runs a command to its end, or kills it at its limit. What it prints goes to files, so that a slow reader costs nothing.
pub(crate) fn run(command: &mut Command, limit: impl Into<Limit>) -> anyhow::Result<Run> {
    let (mut output, mut errors) = (tempfile::tempfile()?, tempfile::tempfile()?);
    command.stdin(Stdio::null()).stdout(output.try_clone()?).stderr(errors.try_clone()?);
    let start = Instant::now();
    let mut child = command.spawn().with_context(|| format!("cannot run {}", command.get_program().display()))?;
    let watch = Watch::over(child.id(), limit.into());
    let used = child.wait4();
    let wall = start.elapsed();
    let seen = watch.end();
    let used = used?;
    let usage = used.rusage;
    Ok(Run {
        code: used.status.code(),
        stopped: seen.stopped,
        wall,
        cpu: usage.utime + usage.stime,
        peak: if seen.peak > 0 { seen.peak } else { usage.maxrss },
        is_seen: seen.peak > 0,
        output: content(&mut output)?,
        errors: content(&mut errors)?,
    })
}

/// A thread that looks at a program until told to end, and kills the program at its limit.
pub(crate) struct Watch {
    end: mpsc::Sender<()>,
    thread: JoinHandle<Seen>,
}

/// What was seen of a program.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Seen {
    /// The most memory it held: what the system says at the end counts what this process held when it started the other one.
    pub(crate) peak: u64,
    pub(crate) stopped: Option<Stopped>,
}

impl Watch {
    /// The program must not have been waited for before the watch ends: until then its number is its own.
    pub(crate) fn over(id: u32, limit: Limit) -> Self {
        let (end, ended) = mpsc::channel();
        let deadline = Instant::now() + limit.time;
        let thread = std::thread::spawn(move || {
            let start = Instant::now();
            let mut seen = Seen::default();
            // Many programs are at their end after some milliseconds.
            let pause = || if start.elapsed().as_millis() < 50 { 500 } else { 2_000 };
            while ended.recv_timeout(Duration::from_micros(pause())) == Err(mpsc::RecvTimeoutError::Timeout) {
                // Before it becomes another program it is this one, with all that this one holds.
                if !is_us(id) {
                    seen.peak = memory(id).map_or(seen.peak, |(_, peak)| peak);
                }
                let stopped = if seen.peak > limit.memory {
                    Stopped::Large
                } else if Instant::now() > deadline {
                    Stopped::Late
                } else {
                    continue;
                };
                seen.stopped.get_or_insert(stopped);
                kill(id);
            }
            seen
        });
        Self { end, thread }
    }

    pub(crate) fn end(self) -> Seen {
        drop(self.end);
        self.thread.join().unwrap_or_default()
    }
}

/// The command as one that ends with this process, however that ends.
pub(crate) fn bound_to_us(command: &Command) -> anyhow::Result<Command> {
    // Linux knows which program this is even after it was built anew.
    let us = if cfg!(target_os = "linux") { PathBuf::from("/proc/self/exe") } else { std::env::current_exe()? };
    let mut bound = Command::new(us);
    bound.arg("bound").arg(command.get_program()).args(command.get_args());
    if let Some(folder) = command.get_current_dir() {
        bound.current_dir(folder);
    }
    Ok(bound)
}

/// What `cargo xtask bound` takes.
#[derive(clap::Args)]
pub(crate) struct Bound {
    /// The program and what it takes
    #[arg(trailing_var_arg = true, allow_hyphen_values = true, required = true)]
    command: Vec<OsString>,
}

/// Becomes another program, which is killed when the process ends that started this one. Elsewhere than on Linux it is not: there
/// it ends at the latest by itself.
#[cfg(unix)]
pub(crate) fn become_bound(arguments: &Bound) -> anyhow::Result<ExitCode> {
    use std::os::unix::process::CommandExt as _;
    #[cfg(target_os = "linux")]
    rustix::process::set_parent_process_death_signal(Some(rustix::process::Signal::KILL))?;
    let [program, rest @ ..] = &*arguments.command else { bail!("no program") };
    Err(Command::new(program).args(rest).exec()).with_context(|| format!("cannot run {}", program.display()))
}

#[cfg(not(unix))]
pub(crate) fn become_bound(arguments: &Bound) -> anyhow::Result<ExitCode> {
    let [program, rest @ ..] = &*arguments.command else { bail!("no program") };
    let status = Command::new(program).args(rest).status()?;
    Ok(if status.success() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// The memory that a process holds, in bytes: now, and at its most. Nothing where nobody knows.
fn memory(id: u32) -> Option<(u64, u64)> {
    let status = std::fs::read_to_string(format!("/proc/{id}/status")).ok()?;
    let of = |name: &str| {
        let line = status.lines().find_map(|line| line.strip_prefix(name))?;
        Some(line.trim().strip_suffix(" kB")?.parse::<u64>().ok()? * 1024)
    };
    Some((of("VmRSS:")?, of("VmHWM:")?))
}

/// Whether a process that was started still is the program that started it.
fn is_us(id: u32) -> bool {
    let program = |id: &str| std::fs::read_link(format!("/proc/{id}/exe")).ok();
    program("self").is_some_and(|us| program(&id.to_string()) == Some(us))
}

/// The time of the processor that a process has used, of all its threads. Nothing where nobody knows.
#[cfg(target_os = "linux")]
fn cpu(id: u32) -> Option<Duration> {
    let stat = std::fs::read_to_string(format!("/proc/{id}/stat")).ok()?;
    // The name of the program is in parentheses and may have anything in it.
    let mut fields = stat.rsplit_once(')')?.1.split_ascii_whitespace().skip(11);
    let ticks = fields.next()?.parse::<u64>().ok()? + fields.next()?.parse::<u64>().ok()?;
    Some(Duration::from_millis(ticks * 1000 / rustix::param::clock_ticks_per_second()))
}

#[cfg(not(target_os = "linux"))]
fn cpu(_: u32) -> Option<Duration> {
    None
}

#[cfg(unix)]
fn kill(id: u32) {
    let id = i32::try_from(id).ok().and_then(rustix::process::Pid::from_raw);
    let _ = id.map(|id| rustix::process::kill_process(id, rustix::process::Signal::KILL));
}

/// There a run that hangs is waited for.
#[cfg(not(unix))]
fn kill(_: u32) {}

fn content(file: &mut File) -> anyhow::Result<Vec<u8>> {
    use std::io::Seek as _;
    file.rewind()?;
    let mut bytes = Vec::new();
    file.read_to_end(&mut bytes)?;
    Ok(bytes)
}

/// Builds the program as it is released. Returns where it is.
pub(crate) fn build() -> anyhow::Result<PathBuf> {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let output = Command::new(cargo)
        .args(["build", "--release", "--package", "akslint", "--message-format", "json-render-diagnostics"])
        .stderr(Stdio::inherit())
        .output()?;
    ensure!(output.status.success(), "the build failed");
    for line in output.stdout.split(|&byte| byte == b'\n').filter(|line| !line.is_empty()) {
        let message: serde_json::Value = serde_json::from_slice(line)?;
        if message["target"]["name"] == "akslint"
            && let Some(path) = message["executable"].as_str()
        {
            return Ok(path.into());
        }
    }
    bail!("cargo named no executable")
}

/// The program named on the command line, or the one that is built.
pub(crate) fn program(named: Option<&Path>) -> anyhow::Result<PathBuf> {
    match named {
        Some(path) => Ok(std::path::absolute(path)?),
        None => build(),
    }
}

/// `akslint check` in a folder, as in CI: nothing of the environment, no configuration.
pub(crate) fn check<S: AsRef<OsStr>>(program: &Path, folder: &Path, arguments: &[S]) -> Command {
    let mut command = Command::new(program);
    command.arg("check").args(["--isolated", "--no-ignore", "--exit-zero"]).args(arguments).current_dir(folder);
    command
}

/// The middle one of some times; of none, none.
pub(crate) fn median(times: &[Duration]) -> Duration {
    let mut times = times.to_vec();
    times.sort_unstable();
    times.get(times.len() / 2).copied().unwrap_or_default()
}

/// The time that so many percent do not exceed.
pub(crate) fn percentile(times: &[Duration], percent: usize) -> Duration {
    let mut times = times.to_vec();
    times.sort_unstable();
    times.get((times.len() * percent / 100).min(times.len().saturating_sub(1))).copied().unwrap_or_default()
}

/// A time for people, with three digits.
pub(crate) fn time(time: Duration) -> String {
    let seconds = time.as_secs_f64();
    match seconds {
        ..0.01 => format!("{:.2} ms", seconds * 1e3),
        ..0.1 => format!("{:.1} ms", seconds * 1e3),
        ..1.0 => format!("{:.0} ms", seconds * 1e3),
        ..10.0 => format!("{seconds:.2} s"),
        _ => format!("{seconds:.1} s"),
    }
}

/// A number of bytes for people.
#[expect(clippy::cast_precision_loss, reason = "for people")]
pub(crate) fn size(bytes: u64) -> String {
    let bytes = bytes as f64;
    match bytes {
        ..1024.0 => format!("{bytes} B"),
        ..1_048_576.0 => format!("{:.0} KB", bytes / 1024.0),
        ..10_485_760.0 => format!("{:.1} MB", bytes / 1_048_576.0),
        _ => format!("{:.0} MB", bytes / 1_048_576.0),
    }
}

/// Puts `text` in the place of what is between `<!-- NAME -->` and `<!-- /NAME -->` in a page.
pub(crate) fn write_between(page: &Path, name: &str, text: &str) -> anyhow::Result<()> {
    let old = std::fs::read_to_string(page).with_context(|| format!("cannot read {}", page.display()))?;
    let (open, close) = (format!("<!-- {name} -->\n"), format!("<!-- /{name} -->"));
    let (head, rest) = old.split_once(&open).with_context(|| format!("{} has no {}", page.display(), open.trim()))?;
    let (_, tail) = rest.split_once(&close).with_context(|| format!("{} has no {close}", page.display()))?;
    std::fs::write(page, format!("{head}{open}{text}{close}{tail}"))?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_for_people() {
        assert_eq!(time(Duration::from_micros(4_567)), "4.57 ms");
        assert_eq!(time(Duration::from_millis(45)), "45.0 ms");
        assert_eq!(time(Duration::from_millis(4_567)), "4.57 s");
        assert_eq!(size(1_500_000), "1.4 MB");
        assert_eq!(size(15_000_000), "14 MB");
    }

    #[test]
    fn the_middle_is_in_the_middle() {
        let times: Vec<Duration> = [5, 1, 9, 3, 7].map(Duration::from_millis).into();
        assert_eq!(median(&times), Duration::from_millis(5));
        assert_eq!(percentile(&times, 99), Duration::from_millis(9));
        assert_eq!(median(&[]), Duration::ZERO);
    }

    #[test]
    fn a_part_of_a_page_is_written_anew() {
        let page = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(page.path(), "a\n<!-- x -->\nold\n<!-- /x -->\nb\n").unwrap();
        write_between(page.path(), "x", "new\n").unwrap();
        assert_eq!(std::fs::read_to_string(page.path()).unwrap(), "a\n<!-- x -->\nnew\n<!-- /x -->\nb\n");
        assert!(write_between(page.path(), "y", "").is_err());
    }

    #[cfg(unix)]
    #[test]
    fn what_hangs_is_killed() {
        let run = run(Command::new("sleep").arg("60"), Duration::from_millis(50)).unwrap();
        assert_eq!((run.code, run.stopped), (None, Some(Stopped::Late)));
        assert!(run.wall < Duration::from_secs(30));
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn what_holds_too_much_is_killed() {
        let limit = Limit { time: Duration::from_secs(60), memory: 64 << 20 };
        // Reads a line that does not end.
        let run = run(Command::new("sh").args(["-c", "exec tail -n 1 /dev/zero"]), limit).unwrap();
        assert_eq!((run.code, run.stopped), (None, Some(Stopped::Large)));
        assert!(run.peak > 64 << 20, "{}", run.peak);
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn what_this_process_holds_does_not_count() {
        let ours = vec![1_u8; 256 << 20];
        for _ in 0..20 {
            let run = run(&mut Command::new("true"), Duration::from_secs(60)).unwrap();
            assert!(!run.is_seen || run.peak < 64 << 20, "{}", run.peak);
        }
        drop(ours);
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn the_time_of_a_process_grows() {
        let id = std::process::id();
        let before = cpu(id).unwrap();
        let start = Instant::now();
        while cpu(id).unwrap() < before + Duration::from_millis(30) {
            assert!(start.elapsed() < Duration::from_secs(60));
        }
    }
}
