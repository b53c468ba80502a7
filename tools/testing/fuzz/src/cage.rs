// SPDX-License-Identifier: GPL-2.0

//! Where a program runs: namespaces of all kinds, made for it alone. In them
//! nobody has a right over anything of the machine, and numbers begin at 1. With
//! the end of their init, which is the controller, all in them ends.

use std::ffi::CString;
use std::fs::File;
use std::io::{Read, Write};
use std::os::fd::{AsRawFd, FromRawFd};

use anyhow::{Context, Result, ensure};

use crate::controller::Controller;
use crate::program::Program;
use crate::uapi;

/// Which users and groups there are. Number 0 is the machine's, as sysctls that
/// belong to a PID namespace are files of it, but has no rights outside; the
/// others are none of the machine's.
const IDS: &str = "0 0 1\n1 100001 65535";

fn check(result: i32, what: &str) -> Result<()> {
    match result {
        0.. => Ok(()),
        _ => Err(std::io::Error::last_os_error()).with_context(|| what.to_string()),
    }
}

fn limit(resource: libc::__rlimit_resource_t, value: u64) -> Result<()> {
    let limit = libc::rlimit {
        rlim_cur: value,
        rlim_max: value,
    };
    // SAFETY: the struct is valid for the call.
    check(
        unsafe { libc::setrlimit(resource, &raw const limit) },
        "setrlimit",
    )
}

/// One processor: then answers come without the other having to be woken.
fn pin(cpu: usize) -> Result<()> {
    // SAFETY: all zeroes is the empty set; it is valid for the calls.
    unsafe {
        let mut all: libc::cpu_set_t = std::mem::zeroed();
        let size = size_of_val(&all);
        check(
            libc::sched_getaffinity(0, size, &raw mut all),
            "sched_getaffinity",
        )?;
        let usable: Vec<usize> = (0..libc::CPU_SETSIZE as usize)
            .filter(|cpu| libc::CPU_ISSET(*cpu, &all))
            .collect();
        let mut one: libc::cpu_set_t = std::mem::zeroed();
        libc::CPU_SET(usable[cpu % usable.len()], &mut one);
        check(
            libc::sched_setaffinity(0, size, &raw const one),
            "sched_setaffinity",
        )
    }
}

/// The kernel gives each PID namespace a `pid_max` of its own; before 6.14 it
/// was the machine's.
fn check_kernel() -> Result<()> {
    let release = std::fs::read_to_string("/proc/sys/kernel/osrelease")?;
    let mut parts = release
        .split('.')
        .map(|part| part.parse::<u32>().unwrap_or(0));
    let version = (parts.next().unwrap_or(0), parts.next().unwrap_or(0));
    ensure!(
        version >= (6, 18),
        "this is Linux {}; 6.18 or later is needed, where sysctls are each namespace's own \
         and namespaces have ids",
        release.trim()
    );
    Ok(())
}

fn pipe() -> Result<(File, File)> {
    let mut ends = [-1; 2];
    // SAFETY: there is room for two descriptors.
    check(
        unsafe { libc::pipe2(ends.as_mut_ptr(), libc::O_CLOEXEC) },
        "pipe2",
    )?;
    // SAFETY: they were made just now, for us.
    let [out, into] = ends.map(|fd| unsafe { File::from_raw_fd(fd) });
    Ok((out, into))
}

fn mount(kind: &str, at: &str, flags: libc::c_ulong) -> Result<()> {
    let [kind, at] = [kind, at].map(|s| CString::new(s).expect("no NUL"));
    let data = std::ptr::null();
    // SAFETY: all strings are valid for the call.
    let result = unsafe { libc::mount(kind.as_ptr(), at.as_ptr(), kind.as_ptr(), flags, data) };
    check(result, "mounting in the cage")
}

/// No file of the machine can be changed through what is mounted here.
fn read_only() -> Result<()> {
    // SAFETY: all zeroes is valid.
    let mut attributes: libc::mount_attr = unsafe { std::mem::zeroed() };
    attributes.attr_set = libc::MOUNT_ATTR_RDONLY;
    // SAFETY: all that is pointed to is valid for the call.
    let result = unsafe {
        libc::syscall(
            libc::SYS_mount_setattr,
            libc::AT_FDCWD,
            c"/".as_ptr(),
            libc::AT_RECURSIVE,
            &raw const attributes,
            size_of_val(&attributes),
        )
    };
    check(result as i32, "making the cage's mounts read-only")
}

/// The child's part: becomes root of its namespaces and the controller.
fn enter() -> Result<()> {
    // SAFETY: these take no addresses.
    unsafe {
        check(libc::setresgid(0, 0, 0), "setresgid")?;
        check(libc::setresuid(0, 0, 0), "setresuid")?;
        check(libc::prctl(libc::PR_SET_PDEATHSIG, libc::SIGKILL), "prctl")?;
    }
    let binary = File::open("/proc/self/exe").context("opening this program")?;
    mount("none", "/", libc::MS_REC | libc::MS_PRIVATE)?;
    read_only()?;
    mount("proc", "/proc", 0).context("a procfs that nothing hides part of is needed")?;
    let arguments = [
        c"pidns-fuzz".as_ptr(),
        c"controller".as_ptr(),
        std::ptr::null(),
    ];
    let environment = [std::ptr::null_mut()];
    // Anew, so that its memory belongs to the user namespace of the cage.
    // SAFETY: all that is pointed to is valid for the call.
    let result = unsafe {
        libc::execveat(
            binary.as_raw_fd(),
            c"".as_ptr(),
            arguments.as_ptr().cast(),
            environment.as_ptr(),
            libc::AT_EMPTY_PATH,
        )
    };
    check(result, "executing the controller")
}

/// Makes the cage, has the controller run the program of standard input in it,
/// and waits for the end.
pub fn cage(cpu: usize) -> Result<()> {
    check_kernel()?;
    // SAFETY: this takes no address.
    let result = unsafe { libc::prctl(libc::PR_SET_PDEATHSIG, libc::SIGKILL) };
    check(result, "prctl")?;
    pin(cpu)?;
    // While there still is the right to: a small machine's limit is lower.
    limit(libc::RLIMIT_NPROC, uapi::NPROC_MAX)?;
    limit(libc::RLIMIT_CORE, 0)?;
    let (ready, go) = pipe()?;
    // SAFETY: all zeroes is valid.
    let mut args: libc::clone_args = unsafe { std::mem::zeroed() };
    args.flags = crate::flags::CloneFlags::NAMESPACES.bits();
    args.exit_signal = libc::SIGCHLD as u64;
    // SAFETY: this process has one thread, so its copy is whole.
    let child = unsafe { libc::syscall(libc::SYS_clone3, &raw mut args, size_of_val(&args)) };
    if child == 0 {
        drop(go);
        let told = (&ready).read(&mut [0]).is_ok_and(|n| n == 1);
        let entered = told.then(enter).unwrap_or(Ok(()));
        if let Err(error) = entered {
            eprintln!("pidns-fuzz: error: {error:#}");
        }
        std::process::exit(1);
    }
    let child = i32::try_from(child)?;
    check(child, "making the cage's namespaces (are you root?)")?;
    for map in ["gid_map", "uid_map"] {
        std::fs::write(format!("/proc/{child}/{map}"), IDS)
            .with_context(|| format!("writing {map}"))?;
    }
    (&go).write_all(b"!")?;
    let mut status = 0;
    // SAFETY: there is room for the status.
    let waited = unsafe { libc::waitpid(child, &raw mut status, 0) };
    ensure!(waited == child, "the controller is lost");
    ensure!(status == 0, "the controller ended with status {status:#x}");
    Ok(())
}

/// The controller's part, in the cage.
pub fn controller() -> Result<()> {
    // SAFETY: these take no addresses.
    unsafe {
        // The signal at our parent's death was forgotten by exec.
        libc::prctl(libc::PR_SET_PDEATHSIG, libc::SIGKILL);
        // A group and session of its own: nobody outside is in that of a worker.
        libc::setsid();
    }
    let mut controller = Controller::new()?;
    let program: Program = std::io::read_to_string(std::io::stdin())?.parse()?;
    controller.run(&program, &mut std::io::stdout().lock())
}
