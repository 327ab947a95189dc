//! A line on the terminal that says how far a long run is.

use std::io::{self, Write};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{RecvTimeoutError, Sender, channel};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::Duration;

/// A run that ends sooner shows nothing.
const DELAY: Duration = Duration::from_secs(1);
/// Between two pictures.
const INTERVAL: Duration = Duration::from_millis(100);
/// Of the bar, in columns.
const WIDTH: usize = 24;

/// How far a run is. Threads count up, the line is drawn by one of its own.
#[derive(Debug, Default)]
pub(super) struct Progress {
    done: AtomicUsize,
    total: AtomicUsize,
    what: Mutex<&'static str>,
}

impl Progress {
    /// A part of the work begins: so many steps of something.
    pub(super) fn begin(&self, what: &'static str, total: usize) {
        *self.what.lock().unwrap_or_else(std::sync::PoisonError::into_inner) = what;
        self.done.store(0, Ordering::Relaxed);
        self.total.store(total, Ordering::Relaxed);
    }

    /// A step is done.
    pub(super) fn step(&self) {
        self.done.fetch_add(1, Ordering::Relaxed);
    }

    fn line(&self) -> String {
        let what = *self.what.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        let total = self.total.load(Ordering::Relaxed);
        let done = self.done.load(Ordering::Relaxed).min(total);
        let full = (done * WIDTH).checked_div(total).unwrap_or(0);
        format!("{what} [{}{}] {done}/{total}", "=".repeat(full), " ".repeat(WIDTH - full))
    }
}

/// The line, as long as this lives.
pub(super) struct Bar {
    stop: Sender<()>,
    thread: Option<JoinHandle<()>>,
}

impl Bar {
    /// Draws on a terminal, once the run takes long.
    pub(super) fn start(progress: Arc<Progress>, terminal: impl Write + Send + 'static) -> Self {
        Self::start_after(DELAY, progress, terminal)
    }

    fn start_after(delay: Duration, progress: Arc<Progress>, mut terminal: impl Write + Send + 'static) -> Self {
        let (stop, stopped) = channel();
        let thread = std::thread::spawn(move || {
            let mut wait = delay;
            let mut drawn = false;
            while stopped.recv_timeout(wait) == Err(RecvTimeoutError::Timeout) {
                drawn |= draw(&progress, &mut terminal).is_ok();
                wait = INTERVAL;
            }
            if drawn {
                let _ = write!(terminal, "\r\u{1b}[K").and_then(|()| terminal.flush());
            }
        });
        Self { stop, thread: Some(thread) }
    }
}

impl Drop for Bar {
    fn drop(&mut self) {
        let _ = self.stop.send(());
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

fn draw(progress: &Progress, terminal: &mut impl Write) -> io::Result<()> {
    write!(terminal, "\r\u{1b}[K{}", progress.line())?;
    terminal.flush()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What a terminal would get.
    #[derive(Clone, Default)]
    struct Terminal(Arc<Mutex<Vec<u8>>>);

    impl Write for Terminal {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.lock().unwrap().write(bytes)
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    impl Terminal {
        fn text(&self) -> String {
            String::from_utf8(self.0.lock().unwrap().clone()).unwrap()
        }
    }

    #[test]
    fn a_short_run_shows_nothing() {
        let terminal = Terminal::default();
        let progress = Arc::new(Progress::default());
        drop(Bar::start(progress, terminal.clone()));
        assert_eq!(terminal.text(), "");
    }

    #[test]
    fn a_long_run_shows_how_far_it_is_and_cleans_up() {
        let terminal = Terminal::default();
        let progress = Arc::new(Progress::default());
        progress.begin("reading", 4);
        progress.step();
        let bar = Bar::start_after(Duration::ZERO, progress, terminal.clone());
        while terminal.text().is_empty() {
            std::thread::yield_now();
        }
        drop(bar);
        let text = terminal.text();
        assert!(text.starts_with("\r\u{1b}[Kreading [======                  ] 1/4"), "{text:?}");
        assert!(text.ends_with("\r\u{1b}[K"), "{text:?}");
    }
}
