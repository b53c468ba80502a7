// SPDX-License-Identifier: GPL-2.0

//! System calls that rustix does not offer, or not safely: all the unsafe code.

#![allow(unsafe_code)]

use std::ffi::{c_int, c_long};
use std::io;
use std::mem::{size_of, zeroed};
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, FromRawFd, OwnedFd};
use std::os::unix::process::CommandExt;
use std::process::Command;
use std::ptr::null_mut;

use rustix::process::Pid;

/// What a system call by `syscall()` returned.
fn result(returned: c_long) -> io::Result<c_long> {
    if returned < 0 {
        Err(io::Error::last_os_error())
    } else {
        Ok(returned)
    }
}

/// Which side of a clone this is.
pub enum Side {
    Parent { child: Pid, pidfd: OwnedFd },
    Child,
}

/// Like `fork()`, into the new namespaces that `flags` asks for.
///
/// The process must have one thread only, so that the child owns all locks.
pub fn clone3(flags: c_int) -> io::Result<Side> {
    let mut pidfd: c_int = -1;
    // SAFETY: Zeroes are valid for integers.
    let mut args: libc::clone_args = unsafe { zeroed() };
    args.flags = (flags | libc::CLONE_PIDFD) as u64;
    args.pidfd = &raw mut pidfd as u64;
    args.exit_signal = libc::SIGCHLD as u64;
    // SAFETY: The structure has the size that is given. Without CLONE_VM the child has a copy of
    // the memory and goes on with the same stack.
    let returned = unsafe { libc::syscall(libc::SYS_clone3, &raw const args, size_of_val(&args)) };
    match Pid::from_raw(result(returned)? as i32) {
        None => Ok(Side::Child),
        Some(child) => {
            // SAFETY: The kernel has just opened it for us.
            let pidfd = unsafe { OwnedFd::from_raw_fd(pidfd) };
            Ok(Side::Parent { child, pidfd })
        }
    }
}

/// A signal that was waited for.
pub struct Signal {
    pub number: c_int,
    /// By a process, not by the kernel: not from a terminal's keys.
    pub by_process: bool,
}

/// The signals that are blocked, to be waited for; and what the caller had blocked.
pub struct Signals {
    awaited: libc::sigset_t,
    before: libc::sigset_t,
}

/// Faults cannot wait, and the stops by a terminal's keys are the caller's affair.
const UNBLOCKED: [c_int; 8] = [
    libc::SIGBUS,
    libc::SIGFPE,
    libc::SIGILL,
    libc::SIGSEGV,
    libc::SIGSYS,
    libc::SIGTRAP,
    libc::SIGTSTP,
    libc::SIGTTIN,
];

impl Signals {
    /// Blocks them in the calling thread, the only one.
    pub fn block() -> io::Result<Self> {
        // SAFETY: Zeroes are valid for a set, and the pointers are to sets.
        unsafe {
            let mut set: libc::sigset_t = zeroed();
            libc::sigfillset(&raw mut set);
            for number in UNBLOCKED {
                libc::sigdelset(&raw mut set, number);
            }
            let mut before: libc::sigset_t = zeroed();
            match libc::sigprocmask(libc::SIG_BLOCK, &raw const set, &raw mut before) {
                0 => Ok(Self {
                    awaited: set,
                    before,
                }),
                _ => Err(io::Error::last_os_error()),
            }
        }
    }

    /// Lets a command have those blocked that the caller had.
    pub fn restore_in(&self, command: &mut Command) {
        let before = self.before;
        before_exec(command, move || {
            // SAFETY: The pointer is to a set.
            match unsafe { libc::sigprocmask(libc::SIG_SETMASK, &raw const before, null_mut()) } {
                0 => Ok(()),
                _ => Err(io::Error::last_os_error()),
            }
        });
    }

    /// Waits for the next one.
    pub fn wait(&self) -> io::Result<Signal> {
        loop {
            // SAFETY: Zeroes are valid for a siginfo, and the pointers are valid.
            let (number, info) = unsafe {
                let mut info: libc::siginfo_t = zeroed();
                (
                    libc::sigwaitinfo(&raw const self.awaited, &raw mut info),
                    info,
                )
            };
            if number > 0 {
                let by_process = info.si_code <= 0;
                return Ok(Signal { number, by_process });
            }
            let error = io::Error::last_os_error();
            if error.kind() != io::ErrorKind::Interrupted {
                return Err(error);
            }
        }
    }
}

/// Lets a command do something before it executes its program.
pub fn before_exec(
    command: &mut Command,
    work: impl FnMut() -> io::Result<()> + Send + Sync + 'static,
) {
    // SAFETY: This program has one thread, so nothing is held that a child could wait for.
    unsafe { command.pre_exec(work) };
}

/// Sends a signal, by its number: it may be a real-time signal.
pub fn kill(pid: Pid, number: c_int) -> io::Result<()> {
    // SAFETY: It takes no pointers.
    result(unsafe { libc::kill(pid.as_raw_nonzero().get(), number) }.into()).map(drop)
}

/// The same by a pidfd.
pub fn pidfd_send_signal(pidfd: BorrowedFd<'_>, number: c_int) -> io::Result<()> {
    let info = null_mut::<libc::siginfo_t>();
    // SAFETY: No siginfo is that of kill().
    let returned = unsafe {
        libc::syscall(
            libc::SYS_pidfd_send_signal,
            pidfd.as_raw_fd(),
            number,
            info,
            0,
        )
    };
    result(returned).map(drop)
}

/// Makes a mount and all below it read-only, and leaves its other attributes alone.
pub fn mount_read_only(mount: BorrowedFd<'_>) -> io::Result<()> {
    // SAFETY: Zeroes are valid for integers.
    let mut attr: libc::mount_attr = unsafe { zeroed() };
    attr.attr_set = libc::MOUNT_ATTR_RDONLY;
    // SAFETY: The path is a string, and the structure has the size that is given.
    let returned = unsafe {
        libc::syscall(
            libc::SYS_mount_setattr,
            mount.as_raw_fd(),
            c"".as_ptr(),
            libc::AT_EMPTY_PATH | libc::AT_RECURSIVE,
            &raw const attr,
            size_of::<libc::mount_attr>(),
        )
    };
    result(returned).map(drop)
}

/// Keeps all files but standard input, output and error from the command.
pub fn close_others_on_exec() -> io::Result<()> {
    let flags = libc::CLOSE_RANGE_CLOEXEC;
    // SAFETY: It takes no pointers, and closes nothing yet.
    result(unsafe { libc::syscall(libc::SYS_close_range, 3, u32::MAX, flags) }).map(drop)
}

/// Turns the loopback device on. `socket` is any of the network namespace.
pub fn loopback_up(socket: impl AsFd) -> io::Result<()> {
    // SAFETY: Zeroes are valid for the name and the union.
    let mut request: libc::ifreq = unsafe { zeroed() };
    for (to, from) in request.ifr_name.iter_mut().zip(b"lo") {
        *to = *from as libc::c_char;
    }
    request.ifr_ifru.ifru_flags = (libc::IFF_UP | libc::IFF_RUNNING) as i16;
    let socket = socket.as_fd().as_raw_fd();
    // SAFETY: The request is what this ioctl reads.
    result(unsafe { libc::ioctl(socket, libc::SIOCSIFFLAGS, &raw const request) }.into()).map(drop)
}
