// SPDX-License-Identifier: GPL-2.0

//! Who dies, who stays, and who takes care of whom.

use crate::flags::{CloneFlags as F, WaitFlags};
use crate::generator::Generator;
use crate::program::*;
use crate::uapi;

/// A14, A8c: a namespace whose init is dead.
pub(super) fn dead(g: &mut Generator, by: Task) {
    let parent = g.child(by, F::empty());
    g.unshare(parent, F::NEWPID);
    let init = g.child(parent, F::empty());
    let fd = g.pidfd_of(parent, init, 0);
    let file = g.open(parent, init, NsFile::Pid);
    let inner = g.child(init, F::empty());
    g.child(inner, F::NEWPID);
    let kill = g.one_of(&[libc::SIGKILL, libc::SIGTERM, 0]);
    match kill {
        0 => g.then(init, Op::Exit { code: 7 }),
        signal => g.signal(parent, init, signal),
    }
    g.no_child(parent, F::empty());
    g.chosen_tids(parent, F::empty(), &[1]);
    let tid = g.one_of(&[0, 2, 77]);
    g.chosen_tids(parent, F::empty(), &[tid, 2]);
    g.reap(parent, init);
    g.no_child(parent, F::empty());
    g.setns(parent, fd, F::NEWPID);
    g.setns(by, file, F::NEWPID);
    g.child(by, F::empty());
    let own = g.open(by, by, NsFile::Pid);
    g.setns(by, own, F::NEWPID);
}

/// A13: to whom orphans go.
pub(super) fn orphans(g: &mut Generator, by: Task) {
    let init = match g.chance(60) {
        true => g.child(by, F::NEWPID),
        false => by,
    };
    let reaper = g.child(init, F::empty());
    let on = g.chance(70);
    g.then(reaper, Op::Subreaper { on });
    let father = g.child(reaper, F::empty());
    let flags = g.one_of(&[F::empty(), F::NEWPID, F::A_THREAD]);
    let between = g.child(father, flags);
    let child = g.child(between, F::empty());
    let file = g.open(reaper, child, NsFile::Pid);
    let guest = g.child(reaper, F::empty());
    g.setns(guest, file, F::NEWPID);
    let placed = g.child(guest, F::empty());
    g.then(guest, Op::Exit { code: 1 });
    g.then(placed, Op::Ids);
    match g.chance(30) {
        true => g.then(father, Op::ThreadExit),
        false => g.then(father, Op::Exit { code: 2 }),
    }
    g.then(child, Op::Ids);
    g.look();
    g.then(reaper, Op::Exit { code: 3 });
    g.then(child, Op::Ids);
    g.then(placed, Op::Ids);
}

/// A13, A22: the leader ends before its threads; exec by another thread.
pub(super) fn leader(g: &mut Generator, by: Task) {
    let flags = g.one_of(&[F::NEWPID, F::empty()]);
    let leader = g.child(by, flags);
    let thread = g.child(leader, F::A_THREAD);
    let second = g.child(leader, F::A_THREAD);
    let child = g.child(thread, F::empty());
    let grandchild = g.child(child, F::empty());
    let fd = g.pidfd_of(by, leader, 0);
    let threadfd = g.pidfd_of(by, thread, uapi::PIDFD_THREAD);
    g.pidfd_of(by, thread, 0);
    if g.chance(70) {
        g.then(leader, Op::ThreadExit);
    }
    g.then(child, Op::Exit { code: 4 });
    g.then(grandchild, Op::Ids);
    g.look();
    match g.one_of(&[0, 1, 2]) {
        0 => g.then(thread, Op::Exec),
        1 => g.then(thread, Op::ThreadExit),
        _ => g.then(second, Op::Exit { code: 5 }),
    }
    for fd in [fd, threadfd].map(Fd::Is) {
        g.then(by, Op::PidfdInfo { fd });
        g.then(by, Op::PidfdPoll { fd });
    }
    g.then(thread, Op::Ids);
    g.look();
    g.then(second, Op::ThreadExit);
    g.reap(by, leader);
}

/// A14: a zombie whose father is outside holds the init.
pub(super) fn outer_zombie(g: &mut Generator, by: Task) {
    let init = g.child(by, F::NEWPID);
    let fd = g.pidfd_of(by, init, 0);
    let outside = g.child(by, F::empty());
    g.setns(outside, fd, F::NEWPID);
    let zombie = g.child(outside, F::empty());
    g.child(outside, F::NEWUTS);
    g.then(zombie, Op::Exit { code: 9 });
    g.signal(by, init, libc::SIGKILL);
    g.look();
    let fd = Fd::Is(fd);
    g.then(by, Op::PidfdPoll { fd });
    g.reap(by, init);
    g.no_child(outside, F::empty());
    let which = Which::All;
    let options = WaitFlags::NOHANG | WaitFlags::EXITED;
    g.then(outside, Op::Wait { which, options });
    g.then(by, Op::PidfdPoll { fd });
    g.reap(by, init);
    g.look();
}

/// A8b: a number is held as a group by a task outside.
pub(super) fn inner_group(g: &mut Generator, by: Task) {
    let outside = g.child(by, F::empty());
    let init = g.child(outside, F::NEWPID);
    g.then(
        outside,
        Op::Setpgid {
            who: Num::Of(init),
            group: Num::Of(init),
        },
    );
    let (who, group) = (Num::Raw(0), Num::Of(init));
    g.then(outside, Op::Setpgid { who, group });
    g.signal(by, init, libc::SIGKILL);
    g.look();
    g.reap(outside, init);
    let (who, group) = (Num::Raw(0), Num::Raw(0));
    g.then(outside, Op::Setpgid { who, group });
    g.reap(outside, init);
    g.look();
}

/// A15: reboot.
pub(super) fn restart(g: &mut Generator, by: Task) {
    let init = g.child(by, F::NEWPID);
    let task = g.child(init, F::empty());
    let command = g.one_of(&uapi::REBOOT_INVALID);
    g.then(task, Op::Reboot { command });
    let command = g.one_of(&uapi::REBOOT_ENDS);
    let who = g.one_of(&[init, task]);
    g.then(who, Op::Reboot { command });
    g.reap(by, init);
}

/// A12: signals to an init, from inside and outside.
pub(super) fn stops(g: &mut Generator, by: Task) {
    let init = g.child(by, F::NEWPID);
    let inside = g.child(init, F::empty());
    for signal in [libc::SIGKILL, libc::SIGSTOP, libc::SIGTERM] {
        g.signal(inside, init, signal);
    }
    g.signal(by, init, libc::SIGTERM);
    g.signal(by, init, libc::SIGSTOP);
    g.look();
    let which = Which::One(Num::Of(init));
    let options = WaitFlags::NOHANG | WaitFlags::STOPPED | WaitFlags::CONTINUED;
    let wait = Op::Wait { which, options };
    g.then(by, wait.clone());
    g.signal(by, init, libc::SIGCONT);
    g.then(by, wait);
    let (to, signal) = (Dest::All, libc::SIGUSR1);
    g.then(inside, Op::Kill { to, signal });
    g.then(init, Op::Ids);
}

/// A22: groups and sessions.
pub(super) fn groups(g: &mut Generator, by: Task) {
    let init = g.child(by, F::NEWPID);
    let father = g.child(init, F::empty());
    let child = g.child(father, F::empty());
    let other = g.child(father, F::empty());
    let set = |who, group| Op::Setpgid {
        who: Num::Of(who),
        group: Num::Of(group),
    };
    g.then(father, set(child, child));
    g.then(father, set(other, child));
    g.then(father, set(init, child));
    let fd = Fd::Is(g.pidfd_of(father, child, 0));
    let (signal, flags) = (0, uapi::PIDFD_SIGNAL_PROCESS_GROUP);
    g.then(father, Op::PidfdSignal { fd, signal, flags });
    g.then(other, Op::Setsid);
    g.then(father, set(other, father));
    g.then(father, set(child, other));
    g.then(child, Op::Exec);
    g.then(father, set(child, father));
    g.then(child, Op::Setsid);
    g.then(other, Op::Getsid { who: Num::Raw(0) });
    let to = Dest::Group(Num::Of(child));
    let signal = libc::SIGKILL;
    g.then(father, Op::Kill { to, signal });
    let which = Which::Group(Num::Of(child));
    let options = WaitFlags::NOHANG | WaitFlags::EXITED;
    g.then(father, Op::Wait { which, options });
    g.reap(father, child);
    g.look();
}
