// SPDX-License-Identifier: GPL-2.0

//! Inside: process 1 of the container.
//!
//! It mounts the files, starts the command, passes signals on to it, and waits for all that is
//! orphaned. When the command ends, so does it, and the kernel kills what is left.

use std::env;
use std::ffi::OsStr;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::Command;

use rustix::net::{AddressFamily, SocketType, socket};
use rustix::process::{
    Pid, Signal, WaitOptions, WaitStatus, set_parent_process_death_signal, wait,
};
use rustix::system::sethostname;

use crate::cli::Arguments;
use crate::error::{Context, Error, FAILED, Result, exit_status};
use crate::mounts;
use crate::report::Inside;
use crate::sys::{self, Signals};

/// As docker sets it.
const PATH: &str = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

/// Runs the container; returns the exit status.
pub fn run(arguments: &Arguments, signals: &Signals, runner: Inside) -> Result<u8> {
    // Before the runner is waited for: one that has died by then says nothing.
    set_parent_process_death_signal(Some(Signal::KILL)).context(|| "prctl")?;
    if !runner.ready()? {
        return Ok(FAILED);
    }
    mounts::enter(arguments)?;
    sethostname(arguments.hostname.as_bytes()).context(|| "set the host name")?;
    if !arguments.host_network {
        // Any socket of the new network namespace will do.
        socket(AddressFamily::UNIX, SocketType::DGRAM, None)
            .map_err(Into::into)
            .and_then(sys::loopback_up)
            .context(|| "turn on the loopback device")?;
    }
    sys::close_others_on_exec().context(|| "close_range")?;

    let mut command = command(arguments);
    signals.restore_in(&mut command);
    let name = || Path::new(&arguments.command[0]).display();
    if arguments.no_init {
        return Err(Error::exec(name(), command.exec()));
    }
    // It may be a runner itself, whose table is to come after ours.
    sys::before_exec(&mut command, move || Ok(runner.starting()?));
    // Waited for below, with all others.
    let child = command
        .spawn()
        .map_err(|error| Error::exec(name(), error))?;
    let child = Pid::from_child(&child);
    loop {
        let signal = signals.wait().context(|| "wait for signals")?;
        if signal.number == libc::SIGCHLD {
            if let Some(status) = reap(child)? {
                return Ok(exit_status(
                    status.exit_status(),
                    status.terminating_signal(),
                ));
            }
        } else if signal.by_process {
            // It may have ended by now.
            let _ = sys::kill(child, signal.number);
        }
        // Else it is from the terminal, which has told the command as well.
    }
}

/// Reaps all children that have ended. Returns the status of the command if it is one of them.
fn reap(command: Pid) -> Result<Option<WaitStatus>> {
    loop {
        match wait(WaitOptions::NOHANG) {
            Ok(Some((pid, status))) if pid == command => return Ok(Some(status)),
            Ok(Some(_)) => {}
            Ok(None) => return Ok(None),
            Err(error) => return Err(error).context(|| "wait"),
        }
    }
}

fn command(arguments: &Arguments) -> Command {
    let mut command = Command::new(&arguments.command[0]);
    command.args(&arguments.command[1..]).env_clear();
    let given = |name: &str| env::var_os(name);
    command
        .env("PATH", PATH)
        .env("HOME", "/")
        .env("HOSTNAME", &arguments.hostname);
    if let Some(terminal) = given("TERM") {
        command.env("TERM", terminal);
    }
    for (name, value) in &arguments.env {
        match value
            .as_deref()
            .map(OsStr::new)
            .map(Into::into)
            .or_else(|| given(name))
        {
            Some(value) => command.env(name, value),
            None => command.env_remove(name),
        };
    }
    command
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn environment() {
        let mut arguments = crate::cli::tests::parse("-e A=1 -e NOBODY_SETS_THIS true").unwrap();
        arguments.hostname = "box".into();
        let command = command(&arguments);
        let get = |name: &str| {
            let mut found = command.get_envs().filter(|(key, _)| *key == name);
            found.next().and_then(|(_, value)| value?.to_str())
        };
        assert_eq!(get("A"), Some("1"));
        assert_eq!(get("HOSTNAME"), Some("box"));
        assert_eq!(get("NOBODY_SETS_THIS"), None);
        assert_eq!(get("CARGO"), None);
    }
}
