// SPDX-License-Identifier: GPL-2.0

//! Descriptors that refer to processes and threads.

use crate::lookup;
use kernel::{
    fs::{
        fd::{
            Fd,
            ForeignFile, //
        },
        file::flags::O_CLOEXEC,
        LocalFile, //
    },
    pid::{
        Pid,
        PidType, //
    },
    pidfd::{
        flags,
        PreparedPidfd,
        SELF_THREAD,
        SELF_THREAD_GROUP, //
    },
    prelude::*,
    ptrace::AccessMode,
    sync::aref::ARef,
    syscall::Caller,
    task::{
        CurrentTask,
        Task, //
    },
};

/// Opens a pidfd, closed on exec, for the process or with `PIDFD_THREAD` the thread that has the
/// number `nr` in the caller's namespace.
///
/// Returns
///
/// * `EINVAL` for other flags than `PIDFD_NONBLOCK` and `PIDFD_THREAD`, and if `nr` is below 1;
/// * `ESRCH` if nothing has that number, or the task has been reaped;
/// * `ENOENT` if a process is asked for and the number is that of a thread which does not lead one;
/// * `EMFILE` if the descriptor table is full, and `ENOMEM`.
///
/// May sleep.
///
/// C counterpart: `pidfd_open(2)`.
pub(crate) fn open(caller: &Caller<'_>, nr: i32, flags: u32) -> Result<u32> {
    if flags & !(flags::NONBLOCK | flags::THREAD) != 0 {
        return Err(EINVAL);
    }
    if nr <= 0 {
        return Err(EINVAL);
    }

    let pid = lookup::find_get(caller, nr).ok_or(ESRCH)?;
    Ok(PreparedPidfd::new(caller, &pid, flags)?.install())
}

/// Gives the caller a descriptor, closed on exec, of the file that the task behind `pidfd` has open
/// as `fd`.
///
/// Returns
///
/// * `EINVAL` for any flag;
/// * `EBADF` if `pidfd` is not open or is no pidfd;
/// * `ESRCH` if the task has been reaped;
/// * `EINTR` if the caller is killed while the task executes a program;
/// * `EPERM` unless the caller might trace the task;
/// * `ESRCH` if the task is exiting;
/// * `EBADF` if it has no `fd` open;
/// * `EMFILE` if the caller's table is full, `ENOMEM`, and what security modules say.
///
/// They are checked in this order. May sleep.
///
/// C counterpart: `pidfd_getfd(2)`.
pub(crate) fn getfd(caller: &Caller<'_>, pidfd: u32, fd: u32, flags: u32) -> Result<u32> {
    if flags != 0 {
        return Err(EINVAL);
    }

    let pidfd = Fd::get(caller, pidfd)?;
    let pid = Pid::from_pidfd(&pidfd).ok_or(EBADF)?;
    let task = lookup::get_task(pid, PidType::Pid).ok_or(ESRCH)?;
    let file = file_of(&task, fd)?;
    drop(task);
    file.receive(caller, O_CLOEXEC)
}

/// Returns what `task` has open as `fd`, if the current task might trace it.
fn file_of(task: &Task, fd: u32) -> Result<ForeignFile> {
    let guard = task.exec_update_read_killable()?;
    if !task.may_access(AccessMode::AttachRealCreds) {
        return Err(EPERM);
    }
    if task.is_exiting() {
        return Err(ESRCH);
    }
    let file = task.fget_task(fd);
    drop(guard);

    // A task that began to exit after it was asked may have given up its table since.
    file.ok_or_else(|| if task.is_exiting() { ESRCH } else { EBADF })
}

/// Returns what the pidfd `fd` of the current task refers to, and the flags of its file.
///
/// Returns `EBADF` if it is not open or is no pidfd.
///
/// C counterpart: `pidfd_get_pid()`.
pub(crate) fn get_pid(fd: u32) -> Result<(ARef<Pid>, u32)> {
    let file = LocalFile::fget(fd)?;
    let pid = Pid::from_pidfd(&file).ok_or(EBADF)?;

    Ok((pid.into(), file.flags()))
}

/// Returns the task behind `pidfd` and the flags of its file.
///
/// Besides the number of a descriptor `pidfd` may be one of those that stand for the current thread
/// or its process. There is no file then, and the flags are 0.
///
/// Returns `EBADF` as [`get_pid`] does, and `ESRCH` if the task has been reaped, or if the
/// descriptor refers to a thread that does not lead a process.
///
/// C counterpart: `pidfd_get_task()`.
pub(crate) fn get_task(current: &CurrentTask, pidfd: i32) -> Result<(ARef<Task>, u32)> {
    let own = |kind| lookup::get_pid(current, kind).ok_or(ESRCH);
    let (pid, kind, flags) = match pidfd {
        SELF_THREAD => (own(PidType::Pid)?, PidType::Pid, 0),
        SELF_THREAD_GROUP => (own(PidType::Tgid)?, PidType::Tgid, 0),
        _ => {
            // CAST: Other negative numbers become ones that no descriptor has.
            let (pid, flags) = get_pid(pidfd as u32)?;
            (pid, PidType::Tgid, flags)
        }
    };

    let task = lookup::get_task(&pid, kind).ok_or(ESRCH)?;
    Ok((task, flags))
}

#[cfg(CONFIG_PIDNS_KUNIT_TEST)]
#[kunit_tests(pidns_pidfd)]
mod tests {
    use super::*;
    use kernel::pid::with_current;

    #[test]
    fn some_numbers_stand_for_the_caller() -> Result {
        for own in [SELF_THREAD, SELF_THREAD_GROUP] {
            let (task, flags) = with_current(|current| get_task(current, own))?;

            assert!(with_current(|current| *task == **current));
            assert_eq!(flags, 0);
        }
        Ok(())
    }

    #[test]
    fn what_is_not_open_is_no_pidfd() {
        assert_eq!(get_pid(u32::MAX).err(), Some(EBADF));
        assert_eq!(get_pid(i32::MAX as u32).err(), Some(EBADF));
        let task = with_current(|current| get_task(current, -1));
        assert_eq!(task.err(), Some(EBADF));
    }
}
