// SPDX-License-Identifier: GPL-2.0

//! The end of a namespace: its init dies, and with it all that lives there.

use crate::allocator;
use kernel::{
    ns::pid::{
        ExitSignal,
        ExitingInit, //
    },
    pid::{
        PidAllocated,
        PidType, //
    },
    pid_namespace::PidNamespace,
    prelude::*,
    reboot::RebootCommand,
    task::CurrentTask,
    tasklist::{
        Protected,
        TasklistRead, //
    }, //
};

/// The lowest number of a process that is not the namespace's init.
const FIRST_CHILD: i32 = 2;

/// Ends everything that lives in the namespace of `init`, and waits until it is gone.
///
/// After this no process of the namespace exists but `init`, descendants in other namespaces and
/// those that came in from outside included.
///
/// C counterpart: `zap_pid_ns_processes()`.
pub(crate) fn zap(init: &ExitingInit<'_>) {
    let ns = init.ns();

    allocator::disable(ns);
    // What dies from now on, or is inherited dead, is not waited for.
    init.ignore_children();
    kill_all(ns);
    // That leaves the zombies from before, and those that a tracer outside holds.
    init.reap_children();

    // Children of processes outside are not children of init unless their parents die. Whoever
    // frees the last of their numbers wakes it up.
    let own = PidAllocated::Disabled(init.own_numbers());
    init.sleep_until(|| ns.pid_allocated() == own);

    if let Some(signal) = ns.reboot_signal() {
        init.set_exit_signal(signal);
    }
    init.end_accounting();
}

/// Kills every process of the namespace but its init. Each thread is told, in whatever process.
fn kill_all(ns: &PidNamespace) {
    let tasklist = TasklistRead::lock();
    let protected = Protected::from(&tasklist);

    let mut from = Some(FIRST_CHILD);
    while let Some((nr, pid)) = from.and_then(|nr| ns.find_ge(nr, protected)) {
        if let Some(task) = pid.task(PidType::Pid, protected) {
            if !task.is_being_killed(&tasklist) {
                task.kill_process(&tasklist);
            }
        }
        from = nr.checked_add(1);
    }
}

/// What `reboot(2)` leads to in a namespace.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Reboot {
    /// The machine is meant.
    OfTheMachine,
    /// The namespace's init has been killed, and so shall the caller be.
    OfTheNamespace,
}

/// Serves `reboot(2)` with the command `cmd` for `current`, which lives in `ns`.
///
/// In any namespace but the initial one it kills the init. Its parent is told which command it was
/// by the signal that ended it. Returns `EINVAL` for commands that stop or start nothing.
///
/// C counterpart: `reboot_pid_ns()`.
pub(crate) fn reboot(current: &CurrentTask, ns: &PidNamespace, cmd: i32) -> Result<Reboot> {
    if ns.is_initial() {
        return Ok(Reboot::OfTheMachine);
    }
    let command = RebootCommand::from_raw(cmd).ok_or(EINVAL)?;
    ns.set_reboot_signal(signal_for(command));

    let tasklist = TasklistRead::lock();
    if let Some(init) = current.reaper(&tasklist) {
        init.kill(&tasklist);
    }
    Ok(Reboot::OfTheNamespace)
}

/// Returns the signal that stands for `command`.
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
    use crate::testing::nested;
    use kernel::pid::with_current;

    const HALT: i32 = 0xcdef_0123_u32 as i32;
    const CAD_ON: i32 = 0x89ab_cdef_u32 as i32;

    #[test]
    fn the_signal_tells_starting_from_stopping() {
        assert_eq!(signal_for(RebootCommand::Restart), ExitSignal::Hup);
        assert_eq!(signal_for(RebootCommand::Halt), ExitSignal::Int);
        assert_eq!(signal_for(RebootCommand::PowerOff), ExitSignal::Int);
    }

    #[test]
    fn the_signal_is_kept_and_the_last_one_counts() -> Result {
        let ns = nested(1)?;
        assert_eq!(ns.reboot_signal(), None);

        ns.set_reboot_signal(ExitSignal::Hup);
        assert_eq!(ns.reboot_signal(), Some(ExitSignal::Hup));
        ns.set_reboot_signal(ExitSignal::Int);
        assert_eq!(ns.reboot_signal(), Some(ExitSignal::Int));
        Ok(())
    }

    #[test]
    fn in_the_initial_namespace_the_machine_is_meant() {
        let initial = PidNamespace::initial();

        for cmd in [HALT, CAD_ON] {
            let served = with_current(|current| reboot(current, initial, cmd));
            assert_eq!(served, Ok(Reboot::OfTheMachine));
        }
        assert_eq!(initial.reboot_signal(), None);
    }

    #[test]
    fn what_stops_nothing_is_refused() -> Result {
        let ns = nested(1)?;

        for cmd in [0, CAD_ON] {
            let served = with_current(|current| reboot(current, &ns, cmd));
            assert_eq!(served, Err(EINVAL));
        }
        assert_eq!(ns.reboot_signal(), None);
        Ok(())
    }
}
