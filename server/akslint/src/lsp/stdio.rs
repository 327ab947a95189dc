//! The way to stdout. `tokio` writes each line of it by waking a thread and waiting for it, and the header of a message is a
//! line of its own: that takes longer than to look at a small template.

use std::io::{self, Write};
use std::pin::Pin;
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::task::{Context, Poll, Waker};
use std::thread;

use tokio::io::AsyncWrite;

use super::analyse::lock;

/// Writes on a thread of its own. What is written is handed over at once; [`AsyncWrite::poll_flush`] waits until it is out.
pub(super) struct Writer {
    shared: Arc<Shared>,
}

struct Shared {
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Default)]
struct State {
    /// What is still to be written.
    waiting: Vec<u8>,
    /// Something is being written.
    busy: bool,
    /// Nothing will come any more.
    closed: bool,
    failed: Option<io::ErrorKind>,
    flushing: Option<Waker>,
}

impl Writer {
    /// Starts the thread, which ends with the writer.
    ///
    /// # Errors
    /// When there can be no more threads.
    pub(super) fn new(to: impl Write + Send + 'static) -> io::Result<Self> {
        let shared = Arc::new(Shared { state: Mutex::default(), changed: Condvar::new() });
        let theirs = shared.clone();
        thread::Builder::new().name("stdout".to_owned()).spawn(move || theirs.write_to(to))?;
        Ok(Self { shared })
    }
}

impl Drop for Writer {
    fn drop(&mut self) {
        lock(&self.shared.state).closed = true;
        self.shared.changed.notify_one();
    }
}

impl Shared {
    fn write_to(&self, mut to: impl Write) {
        let mut bytes = Vec::new();
        loop {
            let mut state = lock(&self.state);
            while state.waiting.is_empty() {
                if state.closed {
                    return;
                }
                state = self.changed.wait(state).unwrap_or_else(PoisonError::into_inner);
            }
            bytes.clear();
            std::mem::swap(&mut bytes, &mut state.waiting);
            state.busy = true;
            drop(state);
            let written = to.write_all(&bytes).and_then(|()| to.flush());
            let mut state = lock(&self.state);
            state.busy = false;
            state.failed = state.failed.or(written.err().map(|error| error.kind()));
            let flushing = state.flushing.take();
            drop(state);
            if let Some(waker) = flushing {
                waker.wake();
            }
        }
    }
}

impl AsyncWrite for Writer {
    fn poll_write(self: Pin<&mut Self>, _: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let mut state = lock(&self.shared.state);
        if let Some(failed) = state.failed {
            return Poll::Ready(Err(failed.into()));
        }
        state.waiting.extend_from_slice(bytes);
        drop(state);
        self.shared.changed.notify_one();
        Poll::Ready(Ok(bytes.len()))
    }

    fn poll_flush(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        let mut state = lock(&self.shared.state);
        match state.failed {
            Some(failed) => Poll::Ready(Err(failed.into())),
            None if state.waiting.is_empty() && !state.busy => Poll::Ready(Ok(())),
            None => {
                state.flushing = Some(context.waker().clone());
                Poll::Pending
            }
        }
    }

    fn poll_shutdown(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.poll_flush(context)
    }
}

/// stdout without the buffer that keeps back what comes behind the last line.
///
/// # Errors
/// When the program may not open more files.
#[cfg(unix)]
pub(super) fn unbuffered() -> io::Result<std::fs::File> {
    use std::os::fd::AsFd;
    Ok(io::stdout().as_fd().try_clone_to_owned()?.into())
}

/// stdout, which keeps back what comes behind the last line until it is flushed.
///
/// # Errors
/// Never here.
#[cfg(not(unix))]
pub(super) fn unbuffered() -> io::Result<io::Stdout> {
    Ok(io::stdout())
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc;

    use tokio::io::AsyncWriteExt;

    use super::*;

    /// Takes what is written when somebody asks for it, and fails when nobody can.
    struct Slow(mpsc::SyncSender<Vec<u8>>);

    impl Write for Slow {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.send(bytes.to_vec()).map_err(|_| io::ErrorKind::BrokenPipe)?;
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[tokio::test]
    async fn what_is_written_arrives_in_order_and_flushing_waits_for_it() {
        let (sender, receiver) = mpsc::sync_channel(0);
        let mut writer = Writer::new(Slow(sender)).unwrap();
        let reader = thread::spawn(move || {
            let mut all = Vec::new();
            while all.len() < 2000 {
                all.extend(receiver.recv().unwrap());
            }
            all
        });
        let mut expected = Vec::new();
        for number in 0..500 {
            let text = format!("{number:04}");
            writer.write_all(text.as_bytes()).await.unwrap();
            if number % 7 == 0 {
                writer.flush().await.unwrap();
            }
            expected.extend(text.into_bytes());
        }
        writer.flush().await.unwrap();
        let state = lock(&writer.shared.state);
        assert!(state.waiting.is_empty() && !state.busy);
        drop(state);
        assert_eq!(reader.join().unwrap(), expected);
    }

    #[tokio::test]
    async fn a_reader_that_is_gone_is_an_error() {
        let (sender, receiver) = mpsc::sync_channel(0);
        drop(receiver);
        let mut writer = Writer::new(Slow(sender)).unwrap();
        writer.write_all(b"a").await.unwrap();
        assert_eq!(writer.flush().await.unwrap_err().kind(), io::ErrorKind::BrokenPipe);
        assert_eq!(writer.write_all(b"b").await.unwrap_err().kind(), io::ErrorKind::BrokenPipe);
    }
}
