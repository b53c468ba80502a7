// SPDX-License-Identifier: GPL-2.0

//! Outside: starts the container, passes signals on, and waits for its end.

use std::io::{self, Write};
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

use rustix::process::{Pid, WaitId, WaitIdOptions, getpgrp, setpgid, waitid};
use rustix::stdio::stdin;
use rustix::termios::{tcgetpgrp, tcsetpgrp};

use crate::cli::Arguments;
use crate::error::{Context, Error, Result, exit_status, reason};
use crate::levels::{Numbers, Table};
use crate::report::{self, Outside};
use crate::sys::{self, Side, Signals};
use crate::{ids, init};

/// All that a container has of its own.
const CONTAINER: i32 = libc::CLONE_NEWUSER
    | libc::CLONE_NEWNS
    | libc::CLONE_NEWCGROUP
    | libc::CLONE_NEWPID
    | libc::CLONE_NEWIPC
    | libc::CLONE_NEWUTS
    | libc::CLONE_NEWNET;

/// Runs the container; returns the exit status. In the container, returns that of its init.
pub fn run(arguments: &Arguments) -> Result<u8> {
    let signals = Signals::block().context(|| "block signals")?;
    let (outside, inside) = report::pair()?;
    let without = if arguments.host_network {
        libc::CLONE_NEWNET
    } else {
        0
    };
    match sys::clone3(CONTAINER & !without).map_err(refused)? {
        Side::Child => {
            drop(outside);
            init::run(arguments, &signals, inside)
        }
        Side::Parent { child, pidfd } => {
            drop(inside);
            let init = Init { pid: child, pidfd };
            let _terminal = init.start(arguments.verbose, &outside)?;
            init.wait(&signals)
        }
    }
}

/// Why the kernel makes no namespaces.
fn refused(error: std::io::Error) -> Error {
    let advice = match error.raw_os_error() {
        Some(libc::EPERM) => {
            "; may users make user namespaces here? See sysctl kernel.unprivileged_userns_clone"
        }
        Some(libc::ENOSPC) => "; see sysctl user, and there are at most 32 levels",
        Some(libc::EINVAL) => "; the kernel lacks one of the kinds",
        _ => "",
    };
    Error::new(format!("new namespaces: {}{advice}", reason(error)))
}

/// The container's init, seen from outside.
struct Init {
    pid: Pid,
    pidfd: OwnedFd,
}

impl Init {
    /// Starts it, and tells its number.
    fn start(&self, verbose: bool, channel: &Outside) -> Result<Terminal> {
        ids::write_maps(self.pid)?;
        let terminal = Terminal::lend(self.pid)?;
        let mut table = Vec::new();
        if verbose {
            // As long as it waits for us.
            table.push(("runner", Numbers::read("self")?));
            table.push(("init", Numbers::read(self.pid.as_raw_nonzero())?));
        }
        channel.go();
        // Its own error is on its way to the user if it dies meanwhile.
        let command = channel.command()?;
        if verbose {
            if let Some(command) = command {
                table.push(("command", Numbers::read(command.as_raw_nonzero())?));
            }
            // In one piece, since a command that is the init writes there by now. Any other one
            // waits for us.
            let text = format!("{}\n", Table(&table));
            let _ = io::stderr().write_all(text.as_bytes());
        }
        if command.is_some() {
            channel.go();
        }
        Ok(terminal)
    }

    /// Passes signals on until it ends. Returns its exit status.
    fn wait(&self, signals: &Signals) -> Result<u8> {
        loop {
            let signal = signals.wait().context(|| "wait for signals")?;
            if signal.number == libc::SIGCHLD {
                if let Some(status) = self.status()? {
                    return Ok(status);
                }
            } else {
                // It may have ended by now.
                let _ = sys::pidfd_send_signal(self.pidfd.as_fd(), signal.number);
            }
        }
    }

    fn status(&self) -> Result<Option<u8>> {
        let options = WaitIdOptions::EXITED | WaitIdOptions::NOHANG;
        let ended = waitid(WaitId::PidFd(self.pidfd.as_fd()), options).context(|| "waitid")?;
        Ok(ended.map(|status| exit_status(status.exit_status(), status.terminating_signal())))
    }
}

/// The terminal, if there is one, is the container's as long as this lives.
struct Terminal(Option<BorrowedFd<'static>>);

impl Terminal {
    /// Gives the init a process group of its own, so that the container cannot signal ours, and
    /// that group the terminal, so that keys signal the container alone.
    fn lend(init: Pid) -> Result<Self> {
        setpgid(Some(init), Some(init)).context(|| "setpgid")?;
        let ours = tcgetpgrp(stdin()).is_ok_and(|group| group == getpgrp());
        if ours {
            tcsetpgrp(stdin(), init).context(|| "give the container the terminal")?;
        }
        Ok(Self(ours.then(stdin)))
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        if let Some(terminal) = self.0 {
            // SIGTTOU, which would stop us, is blocked. The terminal may be gone.
            let _ = tcsetpgrp(terminal, getpgrp());
        }
    }
}
