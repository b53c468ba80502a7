// SPDX-License-Identifier: GPL-2.0

//! Errors, with the exit statuses that docker's users know.

use std::fmt::{self, Display};
use std::io;

/// The container could not be made, or the arguments are wrong.
pub const FAILED: u8 = 125;
/// The command is there but cannot be executed.
pub const CANNOT_EXECUTE: u8 = 126;
/// There is no such command.
pub const NOT_FOUND: u8 = 127;
/// The command was killed: this plus the number of the signal.
const KILLED: u8 = 128;

/// One line for the user, and what to exit with.
#[derive(Debug, PartialEq, Eq)]
pub struct Error {
    pub status: u8,
    text: String,
}

pub type Result<T> = std::result::Result<T, Error>;

impl Error {
    pub fn new(text: impl Into<String>) -> Self {
        Self {
            status: FAILED,
            text: text.into(),
        }
    }

    /// The error of an exec.
    pub fn exec(command: impl Display, error: io::Error) -> Self {
        let (status, text) = match error.raw_os_error() {
            Some(libc::ENOENT) => (NOT_FOUND, format!("{command}: command not found")),
            _ => (CANNOT_EXECUTE, format!("{command}: {}", reason(error))),
        };
        Self { status, text }
    }
}

impl Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

/// Says what failed.
pub trait Context<T> {
    /// Prefixes the reason with `what`.
    fn context<D: Display>(self, what: impl FnOnce() -> D) -> Result<T>;
}

impl<T, E: Into<io::Error>> Context<T> for std::result::Result<T, E> {
    fn context<D: Display>(self, what: impl FnOnce() -> D) -> Result<T> {
        self.map_err(|error| Error::new(format!("{}: {}", what(), reason(error.into()))))
    }
}

/// The words of an error, without its number.
pub fn reason(error: io::Error) -> String {
    let text = error.to_string();
    match text.find(" (os error") {
        Some(end) => text[..end].to_owned(),
        None => text,
    }
}

/// What to exit with for a process that has exited or was killed by a signal, as a shell does.
pub fn exit_status(exited: Option<i32>, signal: Option<i32>) -> u8 {
    let killed = || signal.map(|number| number + i32::from(KILLED));
    let status = exited.or_else(killed).map(u8::try_from);
    status.and_then(std::result::Result::ok).unwrap_or(FAILED)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn statuses_are_dockers() {
        let error = |number| Error::exec("x", io::Error::from_raw_os_error(number));
        assert_eq!(error(libc::ENOENT).status, 127);
        assert_eq!(error(libc::EACCES).status, 126);
        assert_eq!(error(libc::ENOEXEC).status, 126);
        assert_eq!(Error::new("x").status, 125);
    }

    #[test]
    fn exit_statuses_are_a_shells() {
        assert_eq!(exit_status(Some(255), None), 255);
        assert_eq!(exit_status(None, Some(libc::SIGTERM)), 143);
        assert_eq!(exit_status(None, Some(libc::SIGKILL)), 137);
    }

    #[test]
    fn text_has_no_number() {
        let denied = io::Error::from_raw_os_error(libc::EACCES);
        let failed: Result<()> = Err(denied).context(|| "mount /proc");
        assert_eq!(
            failed.unwrap_err().to_string(),
            "mount /proc: Permission denied"
        );
    }
}
