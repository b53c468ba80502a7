// SPDX-License-Identifier: GPL-2.0

//! pidfds: file descriptors of processes and threads.

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

/// Opens a pidfd, with `O_CLOEXEC`, for the process with number `nr` in the caller's namespace, or
/// with `PIDFD_THREAD` for the thread.
///
/// Returns
///
/// * `EINVAL` for flags other than `PIDFD_NONBLOCK` and `PIDFD_THREAD`, and if `nr` is not
///   positive;
/// * `ESRCH` if there is no such pid, or its task has been reaped;
/// * `ENOENT` without `PIDFD_THREAD` if the task is not a thread group leader;
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

    let pid = lookup::find_get_pid(caller, nr).ok_or(ESRCH)?;
    Ok(PreparedPidfd::new(caller, &pid, flags)?.install())
}

/// Duplicates the descriptor `fd` of the task of `pidfd` into the caller's table, with `O_CLOEXEC`.
///
/// Returns
///
/// * `EINVAL` for any flag;
/// * `EBADF` if `pidfd` is not an open pidfd;
/// * `ESRCH` if the task has been reaped;
/// * `EINTR` if the caller gets a fatal signal while the task is in `execve(2)`;
/// * `EPERM` unless the caller may ptrace-attach to the task;
/// * `ESRCH` if the task is exiting;
/// * `EBADF` if it has no `fd` open;
/// * `EMFILE` if the caller's table is full, `ENOMEM`, and the errors of security modules.
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
    let task = lookup::get_pid_task(pid, PidType::Pid).ok_or(ESRCH)?;
    let file = file_of(&task, fd)?;
    drop(task);
    file.receive(caller, O_CLOEXEC)
}

/// Returns the file of the descriptor `fd` of `task`, if the current task may attach to it.
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

    // The task may have started to exit since the check above, and dropped its files.
    file.ok_or_else(|| if task.is_exiting() { ESRCH } else { EBADF })
}

/// Returns the pid of the pidfd `fd` of the current task, and the flags of its file.
///
/// Returns `EBADF` if it is not an open pidfd.
///
/// C counterpart: `pidfd_get_pid()`.
pub(crate) fn get_pid(fd: u32) -> Result<(ARef<Pid>, u32)> {
    let file = LocalFile::fget(fd)?;
    let pid = Pid::from_pidfd(&file).ok_or(EBADF)?;

    Ok((pid.into(), file.flags()))
}

/// Returns the task of `pidfd` and the flags of its file.
///
/// `pidfd` may also be `PIDFD_SELF_THREAD` or `PIDFD_SELF_THREAD_GROUP`. The flags are 0 then.
///
/// Returns `EBADF` as [`get_pid`] does, and `ESRCH` if the task has been reaped or is not a thread
/// group leader.
///
/// C counterpart: `pidfd_get_task()`.
pub(crate) fn get_task(current: &CurrentTask, pidfd: i32) -> Result<(ARef<Task>, u32)> {
    let own = |kind| lookup::get_task_pid(current, kind).ok_or(ESRCH);
    let (pid, kind, flags) = match pidfd {
        SELF_THREAD => (own(PidType::Pid)?, PidType::Pid, 0),
        SELF_THREAD_GROUP => (own(PidType::Tgid)?, PidType::Tgid, 0),
        _ => {
            // CAST: Other negative numbers become ones that no descriptor has.
            let (pid, flags) = get_pid(pidfd as u32)?;
            (pid, PidType::Tgid, flags)
        }
    };

    let task = lookup::get_pid_task(&pid, kind).ok_or(ESRCH)?;
    Ok((task, flags))
}

#[cfg(CONFIG_PIDNS_KUNIT_TEST)]
#[kunit_tests(pidns_pidfd)]
mod tests {
    use super::*;
    use kernel::pid::with_current;

    #[test]
    fn pidfd_self() -> Result {
        for own in [SELF_THREAD, SELF_THREAD_GROUP] {
            let (task, flags) = with_current(|current| get_task(current, own))?;

            assert!(with_current(|current| *task == **current));
            assert_eq!(flags, 0);
        }
        Ok(())
    }

    #[test]
    fn closed_fd_ebadf() {
        assert_eq!(get_pid(u32::MAX).err(), Some(EBADF));
        assert_eq!(get_pid(i32::MAX as u32).err(), Some(EBADF));
        let task = with_current(|current| get_task(current, -1));
        assert_eq!(task.err(), Some(EBADF));
    }
}
