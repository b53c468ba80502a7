// SPDX-License-Identifier: GPL-2.0

//! Rows of steps that lead to what chance alone would seldom reach. Each names
//! the row of the contract that it is after.

use crate::flags::{CloneFlags as F, WaitFlags};
use crate::generator::{Generator, fork};
use crate::program::*;
use crate::uapi;

type Scenario = fn(&mut Generator, Task);

/// A row, and how often it comes.
const ALL: &[(Scenario, u32)] = &[
    (depth, 1),
    (pid_max, 4),
    (first_pid, 3),
    (pending, 4),
    (dead, 5),
    (limits, 5),
    (foreign_user, 4),
    (weak, 6),
    (memfd, 4),
    (groups, 4),
    (orphans, 5),
    (leader, 4),
    (outer_zombie, 4),
    (inner_group, 3),
    (time, 3),
    (semaphores, 2),
    (restart, 4),
    (chosen, 5),
    (look_in, 5),
    (watched, 6),
    (nproc, 3),
    (stops, 3),
    (upward, 4),
    (container, 4),
    (empty, 2),
];

/// Queues one of them.
pub fn begin(g: &mut Generator) {
    let mut ticket = {
        let total = ALL.iter().map(|(_, weight)| weight).sum();
        rand::Rng::random_range(&mut g.rng, 0..total)
    };
    for (scenario, weight) in ALL {
        if ticket < *weight {
            let by = g.actor();
            return scenario(g, by);
        }
        ticket -= weight;
    }
}

impl Generator {
    fn child(&mut self, by: Task, flags: F) -> Task {
        let child = self.model.new_task();
        self.then(by, fork(child, flags));
        child
    }

    /// A clone that is to fail.
    fn no_child(&mut self, by: Task, flags: F) {
        let child = self.model.doomed_task();
        self.then(by, fork(child, flags));
    }

    fn open(&mut self, by: Task, of: Task, file: NsFile) -> File {
        let new = self.model.new_file();
        self.then(by, Op::NsOpen { new, of, file });
        new
    }

    fn pidfd_of(&mut self, by: Task, who: Task, flags: u32) -> File {
        let new = self.model.new_file();
        let who = Num::Of(who);
        self.then(by, Op::PidfdOpen { new, who, flags });
        new
    }

    fn unshare(&mut self, by: Task, flags: F) {
        self.then(by, Op::Unshare { flags });
    }

    fn setns(&mut self, by: Task, file: File, flags: F) {
        let fd = Fd::Is(file);
        self.then(by, Op::Setns { fd, flags });
    }

    fn signal(&mut self, by: Task, to: Task, signal: i32) {
        let to = Dest::One(Num::Of(to));
        self.then(by, Op::Kill { to, signal });
    }

    fn reap(&mut self, by: Task, who: Task) {
        let which = Which::One(Num::Of(who));
        let options = WaitFlags::NOHANG | WaitFlags::EXITED;
        self.then(by, Op::Wait { which, options });
    }

    fn write(&mut self, by: Task, file: Sysctl, value: i64) {
        self.then(by, Op::WriteSysctl { file, value });
    }

    fn look(&mut self) {
        self.then(CONTROLLER, Op::Look);
    }

    /// As often as not it is to fail, and the child plays no further part.
    fn chosen_tids(&mut self, by: Task, flags: F, tids: &[i32]) {
        let child = self.model.doomed_task();
        let op = Op::Clone {
            child,
            flags,
            signal: libc::SIGCHLD,
            tids: tids.iter().map(|n| Num::Raw(*n)).collect(),
            pidfd: 0,
        };
        self.then(by, op);
    }
}

/// A4: as deep as it goes, and one more.
fn depth(g: &mut Generator, by: Task) {
    let top = g.child(by, F::NEWPID);
    let mut last = top;
    for _ in g.model.depth(by)..31 {
        last = g.child(last, F::NEWPID);
    }
    g.unshare(last, F::NEWPID);
    g.look();
    g.signal(by, top, libc::SIGKILL);
    g.reap(by, top);
}

/// A8, A11: no number is left.
fn pid_max(g: &mut Generator, by: Task) {
    let init = g.child(by, F::NEWPID);
    g.write(init, Sysctl::PidMax, 301);
    let cursor = g.one_of(&[298, 299, 300]);
    g.write(init, Sysctl::LastPid, cursor);
    g.no_child(init, F::empty());
    g.no_child(init, F::NEWPID);
    g.no_child(init, F::A_THREAD);
    g.then(init, Op::Loadavg);
    g.chosen_tids(init, F::empty(), &[301]);
    g.write(init, Sysctl::PidMax, 300);
    g.write(init, Sysctl::PidMax, 400);
    g.write(init, Sysctl::PidMax, 301);
    g.write(init, Sysctl::LastPid, 2);
    g.child(init, F::empty());
}

/// A8: the first must be 1, and a failed first leaves no trace.
fn first_pid(g: &mut Generator, by: Task) {
    let parent = g.child(by, F::empty());
    g.unshare(parent, F::NEWPID);
    g.chosen_tids(parent, F::empty(), &[5]);
    g.chosen_tids(parent, F::empty(), &[1, 1]);
    g.child(parent, F::empty());
    g.child(parent, F::empty());
    g.chosen_tids(by, F::NEWPID, &[2]);
    g.look();
}

/// A7: what excludes each other.
fn pending(g: &mut Generator, by: Task) {
    let parent = g.child(by, F::empty());
    g.unshare(parent, F::NEWPID);
    let odd = g.one_of(&[F::NEWPID, F::A_THREAD, F::A_THREAD | F::NEWPID, F::NEWUSER]);
    g.no_child(parent, odd);
    g.unshare(parent, F::NEWPID);
    let own = g.open(parent, parent, NsFile::Pid);
    g.open(parent, parent, NsFile::PidForChildren);
    let init = g.child(parent, F::empty());
    g.no_child(init, F::PARENT);
    g.open(parent, parent, NsFile::PidForChildren);
    g.child(parent, F::empty());
    g.setns(parent, own, F::NEWPID);
    g.child(parent, F::A_THREAD);
    g.child(parent, F::NEWPID);
}

/// A14, A8c: a namespace whose init is dead.
fn dead(g: &mut Generator, by: Task) {
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

/// A5, B2: no more namespaces of a type.
fn limits(g: &mut Generator, by: Task) {
    let all = [
        (Sysctl::MaxCgroup, F::NEWCGROUP),
        (Sysctl::MaxIpc, F::NEWIPC),
        (Sysctl::MaxMnt, F::NEWNS),
        (Sysctl::MaxNet, F::NEWNET),
        (Sysctl::MaxPid, F::NEWPID),
        (Sysctl::MaxPid, F::NEWPID),
        (Sysctl::MaxTime, F::NEWTIME),
        (Sysctl::MaxUser, F::NEWUSER),
        (Sysctl::MaxUts, F::NEWUTS),
    ];
    let (file, flag) = g.one_of(&all);
    let child = g.child(by, F::NEWUSER);
    g.then(by, Op::IdMap { of: child });
    g.write(child, file, 0);
    g.then(child, Op::ReadSysctl { file });
    let more = g.one_of(&[F::NEWUTS, F::NEWIPC, F::NEWPID, F::NEWNS]);
    g.no_child(child, flag | more);
    g.unshare(child, flag | more);
    g.no_child(child, F::NEWUSER | flag);
    g.write(child, file, 50000);
    g.child(child, flag);
}

/// A6: a PID namespace that belongs to somebody else.
fn foreign_user(g: &mut Generator, by: Task) {
    let owner = g.child(by, F::NEWUSER | F::NEWPID);
    let guest = g.child(by, F::empty());
    let file = g.open(guest, owner, NsFile::Pid);
    let fd = g.pidfd_of(guest, owner, 0);
    match g.chance(50) {
        true => g.setns(guest, file, F::NEWPID),
        false => g.setns(guest, fd, F::NEWPID),
    }
    let inside = g.child(guest, F::empty());
    g.no_child(inside, F::NEWPID);
    g.unshare(inside, F::NEWPID);
    g.unshare(inside, F::NEWPID | F::NEWUSER);
    let up = g.model.new_file();
    let parent = Op::NsParent {
        new: up,
        fd: Fd::Is(file),
    };
    g.then(owner, parent);
    let new = g.model.new_file();
    let fd = Fd::Is(up);
    g.then(owner, Op::NsUser { new, fd });
    g.setns(owner, up, F::empty());
}

/// All that is refused to who lacks a right.
fn weak(g: &mut Generator, by: Task) {
    let init = g.child(by, F::NEWPID);
    let task = g.child(init, F::empty());
    let target = g.child(init, F::empty());
    let file = g.open(task, target, NsFile::Pid);
    let uts = g.open(task, target, NsFile::Uts);
    let fd = g.pidfd_of(task, target, 0);
    let all = [
        Op::Setuid { uid: 1000 },
        Op::Setuid { uid: 1000 },
        Op::Drop {
            capability: Capability::SysAdmin,
        },
        Op::Drop {
            capability: Capability::CheckpointRestore,
        },
        Op::Drop {
            capability: Capability::SysBoot,
        },
        Op::Drop {
            capability: Capability::SysPtrace,
        },
    ];
    for _ in 0..2 {
        let less = g.one_of(&all);
        g.then(task, less);
    }
    g.chosen_tids(task, F::empty(), &[70]);
    g.chosen_tids(task, F::NEWUSER | F::NEWPID, &[1, 71]);
    for flags in [F::NEWPID, F::NEWUTS, F::NEWIPC | F::SYSVSEM] {
        g.no_child(task, flags);
    }
    let one = g.one_of(&[F::NEWPID, F::NEWNS, F::NEWCGROUP, F::UNSHARE_EMPTY_MNTNS]);
    g.unshare(task, one);
    g.setns(task, file, F::NEWPID);
    g.setns(task, uts, F::empty());
    g.setns(task, fd, F::NEWUTS | F::NEWPID);
    g.write(task, Sysctl::LastPid, 40);
    g.write(task, Sysctl::PidMax, 4_000_000);
    g.write(task, Sysctl::MemfdNoexec, 1);
    g.write(task, Sysctl::MaxPid, 0);
    let command = g.one_of(&uapi::REBOOT_ENDS);
    g.then(task, Op::Reboot { command });
    g.signal(task, target, 0);
    let (fd, flags) = (Fd::Is(fd), 0);
    let op = Op::PidfdSignal {
        fd,
        signal: libc::SIGUSR1,
        flags,
    };
    g.then(task, op);
    let remote = 3;
    g.then(task, Op::PidfdGetfd { fd, remote, flags });
    for file in [NsFile::Pid, NsFile::User] {
        let new = g.model.new_file();
        g.then(task, Op::PidfdNs { new, fd, file });
    }
    g.unshare(task, F::NEWUSER);
    g.unshare(task, F::NEWPID);
}

/// A17: who may execute a memfd.
fn memfd(g: &mut Generator, by: Task) {
    let init = g.child(by, F::NEWPID);
    let high = g.one_of(&[1, 2, 2]);
    g.write(init, Sysctl::MemfdNoexec, high);
    let inner = g.child(init, F::NEWPID);
    for task in [init, inner] {
        g.then(task, Op::Memfd { flags: 0 });
        let flags = uapi::MFD_EXEC;
        g.then(task, Op::Memfd { flags });
    }
    g.write(inner, Sysctl::MemfdNoexec, 0);
    g.write(init, Sysctl::MemfdNoexec, 0);
    let file = Sysctl::MemfdNoexec;
    g.then(inner, Op::ReadSysctl { file });
    g.then(inner, Op::Memfd { flags: 0 });
}

/// A22: groups and sessions.
fn groups(g: &mut Generator, by: Task) {
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

/// A13: to whom orphans go.
fn orphans(g: &mut Generator, by: Task) {
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
fn leader(g: &mut Generator, by: Task) {
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
fn outer_zombie(g: &mut Generator, by: Task) {
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
fn inner_group(g: &mut Generator, by: Task) {
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

/// B6: time namespaces.
fn time(g: &mut Generator, by: Task) {
    let other = g.child(by, F::NEWTIME);
    let task = g.child(by, F::empty());
    let file = g.open(task, other, NsFile::Time);
    let fd = g.pidfd_of(task, other, 0);
    let thread = g.child(task, F::A_THREAD);
    g.setns(task, file, F::NEWTIME);
    g.setns(task, fd, F::NEWTIME | F::NEWUTS);
    g.then(thread, Op::ThreadExit);
    g.setns(task, file, F::empty());
    g.unshare(task, F::NEWTIME);
    g.child(task, F::empty());
    g.child(task, F::VM);
    g.then(task, Op::Exec);
    g.look();
}

/// B3: a new IPC namespace and shared semaphores.
fn semaphores(g: &mut Generator, by: Task) {
    g.no_child(by, F::NEWIPC | F::SYSVSEM);
    let child = g.child(by, F::empty());
    g.unshare(child, F::NEWIPC | F::SYSVSEM);
}

/// A15: reboot.
fn restart(g: &mut Generator, by: Task) {
    let init = g.child(by, F::NEWPID);
    let task = g.child(init, F::empty());
    let command = g.one_of(&uapi::REBOOT_INVALID);
    g.then(task, Op::Reboot { command });
    let command = g.one_of(&uapi::REBOOT_ENDS);
    let who = g.one_of(&[init, task]);
    g.then(who, Op::Reboot { command });
    g.reap(by, init);
}

/// A9: numbers of one's choice.
fn chosen(g: &mut Generator, by: Task) {
    let init = g.child(by, F::NEWPID);
    let number = rand::Rng::random_range(&mut g.rng, 30..3000);
    g.chosen_tids(init, F::empty(), &[number]);
    g.chosen_tids(init, F::empty(), &[number]);
    g.chosen_tids(init, F::empty(), &[number + 1, number + 1]);
    g.chosen_tids(init, F::empty(), &[number + 2, number + 1]);
    g.chosen_tids(init, F::NEWPID, &[1, number + 3, number + 3]);
    let wrong = g.one_of(&[0, -1, 4_194_304, i32::MAX]);
    g.chosen_tids(init, F::empty(), &[wrong]);
    g.chosen_tids(init, F::empty(), &[number + 9, wrong, number]);
    // Beyond the cage: its own rights do not reach there.
    let levels = g.model.depth(by) + 2;
    g.chosen_tids(init, F::empty(), &vec![number + 20; levels + 1]);
    g.chosen_tids(init, F::empty(), &vec![number + 30; levels + 2]);
    g.chosen_tids(init, F::empty(), &[7; 33]);
    g.child(init, F::empty());
    let file = Sysctl::LastPid;
    g.then(init, Op::ReadSysctl { file });
}

/// A19, A2, A18: a procfs and numbers as seen from several places.
fn look_in(g: &mut Generator, by: Task) {
    let init = g.child(by, F::NEWPID | F::NEWNS);
    let task = g.child(init, F::empty());
    let proc = g.model.new_file();
    let of = None;
    g.then(task, Op::MountProc { new: proc, of });
    let fd = Fd::Is(proc);
    let who = Num::Of(task);
    g.then(by, Op::ProcList { fd });
    g.then(task, Op::ProcStatus { fd, who });
    let file = g.open(by, task, NsFile::Pid);
    let other = g.model.new_file();
    let of = Some(file);
    g.then(by, Op::MountProc { new: other, of });
    let fd = Fd::Is(other);
    g.then(by, Op::ProcList { fd });
    let own = g.open(by, by, NsFile::Pid);
    let of = Some(own);
    let new = g.model.new_file();
    g.then(task, Op::MountProc { new, of });
    let all = [
        (Translation::PidFrom, by),
        (Translation::TgidFrom, by),
        (Translation::PidIn, by),
        (Translation::TgidIn, by),
        (Translation::PidFrom, task),
        (Translation::PidIn, task),
    ];
    for (how, caller) in all {
        let fd = Fd::Is(g.one_of(&[file, own]));
        let who = match g.chance(50) {
            true => Num::Of(task),
            false => Num::Raw(g.one_of(&[1, 2, 2, 500, 0])),
        };
        g.then(caller, Op::NsTranslate { fd, how, who });
    }
    for caller in [task, by] {
        let new = g.model.new_file();
        let fd = Fd::Is(g.one_of(&[file, own]));
        g.then(caller, Op::NsParent { new, fd });
    }
    g.signal(by, init, libc::SIGKILL);
    g.then(by, Op::ProcList { fd });
}

/// A21: a pidfd from birth to after the end.
fn watched(g: &mut Generator, by: Task) {
    let flags = g.one_of(&[F::empty(), F::NEWPID, F::NEWUSER | F::NEWPID]);
    let child = g.child(by, flags);
    let file = g.pidfd_of(by, child, uapi::PIDFD_NONBLOCK);
    let fd = Fd::Is(file);
    let which = Which::Pidfd(fd);
    let wait = |options| Op::Wait {
        which: which.clone(),
        options,
    };
    g.then(by, wait(WaitFlags::EXITED));
    g.then(by, Op::PidfdInfo { fd });
    let (remote, flags) = (g.one_of(&[3, 999]), 0);
    g.then(by, Op::PidfdGetfd { fd, remote, flags });
    g.then(child, Op::PidfdInfo { fd });
    let other = g.child(by, F::empty());
    g.then(other, wait(WaitFlags::EXITED | WaitFlags::NOHANG));
    match g.chance(50) {
        true => g.then(child, Op::Exit { code: 44 }),
        false => g.signal(by, child, libc::SIGKILL),
    }
    for round in 0..2 {
        g.then(by, Op::PidfdPoll { fd });
        g.then(by, Op::PidfdInfo { fd });
        g.then(other, Op::PidfdInfo { fd });
        g.then(by, Op::PidfdGetfd { fd, remote, flags });
        let (signal, flags) = (0, 0);
        g.then(by, Op::PidfdSignal { fd, signal, flags });
        let (new, kind) = (g.model.new_file(), g.one_of(&uapi::NS_FILES));
        let file_op = Op::PidfdNs {
            new,
            fd,
            file: kind,
        };
        g.then(by, file_op);
        g.setns(by, file, F::NEWUTS | F::NEWPID);
        if round == 0 {
            g.then(by, wait(WaitFlags::EXITED | WaitFlags::NOWAIT));
            g.then(by, wait(WaitFlags::EXITED));
        }
    }
    g.then(by, wait(WaitFlags::EXITED));
    g.pidfd_of(by, child, 0);
}

/// A9's neighbour: no more processes for a user.
fn nproc(g: &mut Generator, by: Task) {
    let task = g.child(by, F::empty());
    g.then(task, Op::Setuid { uid: 1000 });
    let limit = g.one_of(&[0, 1, 2]);
    g.then(task, Op::Nproc { limit });
    g.no_child(task, F::empty());
    g.no_child(task, F::A_THREAD);
    g.no_child(task, F::NEWUSER);
    g.unshare(task, F::NEWUSER);
    g.then(task, Op::Exec);
    let limit = 60000;
    g.then(task, Op::Nproc { limit });
    g.child(task, F::empty());
}

/// A12: signals to an init, from inside and outside.
fn stops(g: &mut Generator, by: Task) {
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

/// A3, A20: nobody reaches up.
fn upward(g: &mut Generator, by: Task) {
    let init = g.child(by, F::NEWPID);
    let inner = g.child(init, F::NEWPID);
    let above = g.open(by, by, NsFile::Pid);
    let fd = g.pidfd_of(by, by, 0);
    g.setns(init, above, F::NEWPID);
    g.setns(inner, above, F::empty());
    g.setns(init, fd, F::NEWPID | F::NEWUTS);
    let fd = Fd::Is(fd);
    g.then(inner, Op::PidfdInfo { fd });
    let (signal, flags) = (0, 0);
    g.then(inner, Op::PidfdSignal { fd, signal, flags });
    let new = g.model.new_file();
    let file = NsFile::Pid;
    g.then(inner, Op::PidfdNs { new, fd, file });
    let fd = Fd::Is(above);
    let new = g.model.new_file();
    g.then(inner, Op::NsParent { new, fd });
    let below = g.open(by, inner, NsFile::Pid);
    let guest = g.child(by, F::empty());
    g.setns(guest, below, F::NEWPID);
    let placed = g.child(guest, F::empty());
    g.then(placed, Op::Ids);
    g.signal(placed, init, 0);
    g.signal(guest, placed, 0);
    g.then(inner, Op::Ids);
}

/// B5, B7: what container engines do.
fn container(g: &mut Generator, by: Task) {
    let mut flags = F::NEWNS | F::NEWCGROUP | F::NEWPID | F::NEWIPC | F::NEWUTS;
    flags.set(F::NEWUSER, g.chance(40));
    flags.set(F::NEWNET, g.chance(20));
    let init = g.child(by, flags);
    if flags.contains(F::NEWUSER) {
        g.then(by, Op::IdMap { of: init });
    }
    let fd = g.pidfd_of(by, init, 0);
    let joiner = g.child(by, F::empty());
    g.setns(joiner, fd, flags | F::VM);
    g.setns(joiner, fd, F::empty());
    g.setns(joiner, fd, flags);
    g.child(joiner, F::empty());
    g.look();
    g.then(joiner, Op::Exec);
    g.signal(by, init, libc::SIGKILL);
    g.no_child(joiner, F::empty());
    g.reap(by, init);
    g.setns(joiner, fd, flags);
    g.look();
}

/// B4: an empty mount namespace.
fn empty(g: &mut Generator, by: Task) {
    let child = g.child(by, F::EMPTY_MNTNS | F::NEWNS);
    g.no_child(by, F::EMPTY_MNTNS);
    let other = g.child(by, F::empty());
    g.unshare(other, F::UNSHARE_EMPTY_MNTNS);
    g.unshare(other, F::UNSHARE_EMPTY_MNTNS | F::NEWNS);
    g.then(child, Op::Exec);
    g.look();
}
