// SPDX-License-Identifier: GPL-2.0

//! The end of a PID namespace: its init exits, or `reboot(2)` inside it.

use crate::{
    allocator, blockers,
    raw::{
        exiting_init::{
            exits,
            kill,
            kill_process,
            ExitingInit, //
        },
        state::{
            reaper_of,
            reboot_signal,
            set_reboot_signal,
            ExitSignal, //
        },
        trace, //
    },
    zap_warning::{
        self,
        ZapWarning, //
    },
};
use kernel::{
    ns::pid::PidAllocated,
    pid::PidType,
    pid_namespace::PidNamespace,
    prelude::*,
    reboot::RebootCommand,
    sync::rcu,
    task::CurrentTask,
    tasklist::{
        RcuOrTasklist,
        TasklistRead, //
    },
};

/// The first number after init's.
const FIRST_CHILD: i32 = 2;

/// Kills all processes in the namespace of `init` and its descendants, and waits until their pids
/// are freed. Sleeps.
pub(crate) fn zap_pid_ns_processes(init: &ExitingInit<'_>) {
    let ns = init.ns();

    allocator::disable_pid_allocation(ns);
    trace::zap_begin(ns);
    // Children that exit from now on, and zombies that are inherited, are autoreaped.
    init.ignore_sigchld();
    // Until the end of both waits.
    let warning = ZapWarning::queue(init);
    kill_all(init);
    // Earlier zombies, and children with a tracer outside.
    trace_wait(init);
    init.reap_children();

    // Processes with parents outside are not init's children. free_pid() of the last one wakes up
    // init.
    let own = PidAllocated::Disabled(init.init_pids());
    let wait = init.prepare_to_wait();
    while ns.pid_allocated() != own {
        trace_wait(init);
        wait.sleep();
    }
    drop(wait);
    drop(warning);
    trace::zap_end(ns);

    if let Some(signal) = reboot_signal(ns) {
        init.set_group_exit_code(signal);
    }
    init.acct_exit_ns();
}

/// Tells tracers what `init` waits for, if anything.
#[inline]
fn trace_wait(init: &ExitingInit<'_>) {
    if trace::zap_wait_enabled() {
        trace_first_blocker(init);
    }
}

#[cold]
fn trace_first_blocker(init: &ExitingInit<'_>) {
    let (ns, rcu) = (init.ns(), rcu::read_lock());

    if let Some(blocker) = blockers::first(ns, 0, &rcu) {
        let left = zap_warning::pids_left(ns, init.init_pids());
        let task = blocker.user.map(|(_, task)| task);
        trace::zap_wait(ns, left, blocker.nr, task);
    }
}

/// Numbers visited per hold of `tasklist_lock`, which blocks all forks and exits.
const KILL_BATCH: usize = 64;

/// Sends SIGKILL to every process of `init`'s namespace but `init`. Sleeps.
///
/// Between two batches nothing is linked to a pid of the namespace: `copy_process()` checks
/// `PIDNS_ADDING` at all levels.
fn kill_all(init: &ExitingInit<'_>) {
    let mut next = Some(FIRST_CHILD);
    while let Some(first) = next {
        next = kill_batch(init.ns(), first);
        init.cond_resched();
    }
}

/// Sends SIGKILL to the processes of the next numbers from `first` on. Returns the number to go on
/// with.
fn kill_batch(ns: &PidNamespace, first: i32) -> Option<i32> {
    let tasklist = TasklistRead::lock();
    let guard = RcuOrTasklist::from(&tasklist);

    let mut from = Some(first);
    for _ in 0..KILL_BATCH {
        let (nr, pid) = ns.find_ge(from?, guard)?;
        if let Some(task) = pid.task(PidType::Pid, guard) {
            // That a fatal signal is pending is not enough: a thread that de_thread() kills may
            // pass its number, which is not visited again, to the one that execs.
            if !exits(task, &tasklist) {
                kill_process(task, &tasklist);
            }
        }
        from = nr.checked_add(1);
    }
    from
}

/// What `reboot(2)` acts on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Reboot {
    /// The machine.
    Machine,
    /// The namespace: its init was killed, and the caller must exit.
    Namespace,
}

/// Implements `reboot(2)` with the command `cmd` for `current`, which is in `ns`.
///
/// Except in the initial namespace it kills the init. The exit status shows `SIGHUP` for a restart
/// and `SIGINT` for a halt. Returns `EINVAL` for all other commands.
pub(crate) fn reboot_pid_ns(current: &CurrentTask, ns: &PidNamespace, cmd: i32) -> Result<Reboot> {
    if ns.is_initial() {
        return Ok(Reboot::Machine);
    }
    let command = RebootCommand::from_raw(cmd).ok_or(EINVAL)?;
    set_reboot_signal(ns, signal_for(command));

    let tasklist = TasklistRead::lock();
    if let Some(init) = reaper_of(current, &tasklist) {
        kill(init, &tasklist);
    }
    Ok(Reboot::Namespace)
}

/// Returns the signal for `command`.
fn signal_for(command: RebootCommand) -> ExitSignal {
    match command {
        RebootCommand::Restart => ExitSignal::Hup,
        RebootCommand::Halt | RebootCommand::PowerOff => ExitSignal::Int,
    }
}

#[cfg(CONFIG_PIDNS_KUNIT_TEST)]
#[kunit_tests(pidns_reaper)]
mod tests {
    use super::*;
    use crate::testing::{
        nested,
        with_current, //
    };

    const HALT: i32 = 0xcdef_0123_u32 as i32;
    const CAD_ON: i32 = 0x89ab_cdef_u32 as i32;

    #[test]
    fn signal_for_command() {
        assert_eq!(signal_for(RebootCommand::Restart), ExitSignal::Hup);
        assert_eq!(signal_for(RebootCommand::Halt), ExitSignal::Int);
        assert_eq!(signal_for(RebootCommand::PowerOff), ExitSignal::Int);
    }

    #[test]
    fn last_reboot_signal_wins() -> Result {
        let ns = nested(1)?;
        assert_eq!(reboot_signal(&ns), None);

        set_reboot_signal(&ns, ExitSignal::Hup);
        assert_eq!(reboot_signal(&ns), Some(ExitSignal::Hup));
        set_reboot_signal(&ns, ExitSignal::Int);
        assert_eq!(reboot_signal(&ns), Some(ExitSignal::Int));
        Ok(())
    }

    #[test]
    fn initial_ns_reboots_machine() {
        let initial = PidNamespace::initial();

        for cmd in [HALT, CAD_ON] {
            let served = with_current(|current| reboot_pid_ns(current, initial, cmd));
            assert_eq!(served, Ok(Reboot::Machine));
        }
        assert_eq!(reboot_signal(initial), None);
    }

    #[test]
    fn other_commands_einval() -> Result {
        let ns = nested(1)?;

        for cmd in [0, CAD_ON] {
            let served = with_current(|current| reboot_pid_ns(current, &ns, cmd));
            assert_eq!(served, Err(EINVAL));
        }
        assert_eq!(reboot_signal(&ns), None);
        Ok(())
    }
}
