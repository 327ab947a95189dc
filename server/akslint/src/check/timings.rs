//! Where the time goes.

use std::io::{self, Write};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

/// A part of the work.
#[derive(Clone, Copy, Debug)]
pub(super) enum Phase {
    Read,
    Parse,
    Lower,
    Check,
}

/// Time spent in each phase, summed over all threads.
#[derive(Debug, Default)]
pub(super) struct Timings {
    nanoseconds: [AtomicU64; 4],
    bytes: AtomicU64,
}

impl Timings {
    /// Adds the time since `start`.
    pub(super) fn add(&self, phase: Phase, start: Instant) {
        self.add_duration(phase, start.elapsed());
    }

    pub(super) fn add_duration(&self, phase: Phase, time: Duration) {
        let nanoseconds = u64::try_from(time.as_nanos()).unwrap_or(u64::MAX);
        self.nanoseconds[phase as usize].fetch_add(nanoseconds, Ordering::Relaxed);
    }

    /// Adds to the number of bytes that were read.
    pub(super) fn add_bytes(&self, bytes: usize) {
        self.bytes.fetch_add(bytes as u64, Ordering::Relaxed);
    }

    fn get(&self, phase: Phase) -> Duration {
        Duration::from_nanos(self.nanoseconds[phase as usize].load(Ordering::Relaxed))
    }

    /// Prints the times, and how many times the parsing everything together took.
    pub(super) fn render(&self, wall: Duration, out: &mut dyn Write) -> io::Result<()> {
        let phases = [("read", Phase::Read), ("parse", Phase::Parse), ("lower", Phase::Lower), ("check", Phase::Check)];
        for (name, phase) in phases {
            writeln!(out, "{name:<6} {:>10.3} ms", milliseconds(self.get(phase)))?;
        }
        let work: Duration = [Phase::Parse, Phase::Lower, Phase::Check].map(|phase| self.get(phase)).iter().sum();
        writeln!(out, "wall   {:>10.3} ms", milliseconds(wall))?;
        writeln!(out, "bytes  {:>10}", self.bytes.load(Ordering::Relaxed))?;
        let parse = milliseconds(self.get(Phase::Parse));
        if parse > 0.0 {
            writeln!(out, "(parse + lower + check) / parse = {:.2}", milliseconds(work) / parse)?;
        }
        Ok(())
    }
}

fn milliseconds(time: Duration) -> f64 {
    time.as_secs_f64() * 1e3
}
