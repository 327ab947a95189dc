//! The way to stdout. `tokio` has one that goes through the standard library, which writes what it is given line by line: the
//! header of a message is a line of its own, and to write it a thread is woken and waited for, which takes longer than to look
//! at a small template. As a file, a message is written at once.

use std::io;

use tokio::io::AsyncWrite;

/// stdout, which nobody else may write to.
///
/// # Errors
/// When the program may not open more files.
#[cfg(unix)]
pub(super) fn stdout() -> io::Result<impl AsyncWrite + Send + Unpin> {
    use std::os::fd::AsFd;
    let file: std::fs::File = io::stdout().as_fd().try_clone_to_owned()?.into();
    Ok(tokio::fs::File::from_std(file))
}

/// stdout, which nobody else may write to.
///
/// # Errors
/// Never here.
#[cfg(not(unix))]
pub(super) fn stdout() -> io::Result<impl AsyncWrite + Send + Unpin> {
    Ok(tokio::io::stdout())
}
