// SPDX-License-Identifier: GPL-2.0

//! What can go wrong, each with an exit status of its own.

use std::fmt;
use std::io;

/// Why the program fails; clap's own errors have status 2.
#[derive(Debug, PartialEq, Eq)]
pub enum Fault {
    /// Anything else.
    Other(String),
    /// A number, a path or a namespace that is not there.
    NotThere(String),
    /// A file that is no PID namespace.
    NotPidNs(String),
    /// The caller may not see it.
    Denied(String),
    /// `/proc` is not mounted, or for another PID namespace.
    NoProc(String),
    /// `/proc` hides processes.
    Hidden(String),
    /// The kernel does not have it.
    Lacks(String),
}

impl Fault {
    /// The exit status, as the man page has it.
    pub fn status(&self) -> u8 {
        match self {
            Fault::Other(_) => 1,
            Fault::NotThere(_) => 3,
            Fault::NotPidNs(_) => 4,
            Fault::Denied(_) => 5,
            Fault::NoProc(_) => 6,
            Fault::Hidden(_) => 7,
            Fault::Lacks(_) => 8,
        }
    }

    /// The fault that an error about `what` is.
    pub fn of(what: &str, error: &io::Error) -> Fault {
        let text = format!("{what}: {}", words(error));
        match error.raw_os_error() {
            Some(libc::ENOENT | libc::ESRCH) => Fault::NotThere(text),
            Some(libc::EPERM | libc::EACCES) => Fault::Denied(text),
            _ => Fault::Other(text),
        }
    }
}

/// An error without Rust's " (os error 2)".
fn words(error: &io::Error) -> String {
    let text = error.to_string();
    match text.split_once(" (os error") {
        Some((words, _)) => words.to_owned(),
        None => text,
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Fault::Other(text)
            | Fault::NotThere(text)
            | Fault::NotPidNs(text)
            | Fault::Denied(text)
            | Fault::NoProc(text)
            | Fault::Hidden(text)
            | Fault::Lacks(text) => f.write_str(text),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn errors_have_a_status_of_their_own() {
        let of = |number| Fault::of("x", &io::Error::from_raw_os_error(number));
        assert_eq!(of(libc::ESRCH).status(), 3);
        assert_eq!(of(libc::EACCES).status(), 5);
        assert_eq!(of(libc::EIO).status(), 1);
        assert_eq!(of(libc::EPERM).to_string(), "x: Operation not permitted");
    }
}
