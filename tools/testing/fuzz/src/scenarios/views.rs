// SPDX-License-Identifier: GPL-2.0

//! Several namespaces at a time, and looks from one into the other.

use crate::flags::{CloneFlags as F, WaitFlags};
use crate::generator::Generator;
use crate::program::*;
use crate::uapi;

/// B6: time namespaces.
pub(super) fn time(g: &mut Generator, by: Task) {
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
pub(super) fn semaphores(g: &mut Generator, by: Task) {
    g.no_child(by, F::NEWIPC | F::SYSVSEM);
    let child = g.child(by, F::empty());
    g.unshare(child, F::NEWIPC | F::SYSVSEM);
}

/// A19, A2, A18: a procfs and numbers as seen from several places.
pub(super) fn look_in(g: &mut Generator, by: Task) {
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
pub(super) fn watched(g: &mut Generator, by: Task) {
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

/// B5, B7: what container engines do.
pub(super) fn container(g: &mut Generator, by: Task) {
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

/// B5: a namespace of any type, joined by its file and by a pidfd.
pub(super) fn join(g: &mut Generator, by: Task) {
    let all = [
        (NsFile::Cgroup, F::NEWCGROUP),
        (NsFile::Ipc, F::NEWIPC),
        (NsFile::Mnt, F::NEWNS),
        (NsFile::Net, F::NEWNET),
        (NsFile::Pid, F::NEWPID),
        (NsFile::Time, F::NEWTIME),
        (NsFile::TimeForChildren, F::NEWTIME),
        (NsFile::User, F::NEWUSER),
        (NsFile::Uts, F::NEWUTS),
    ];
    let (file, flag) = g.one_of(&all);
    let other = g.child(by, flag);
    let [one, two] = [g.child(by, F::empty()), g.child(by, F::empty())];
    let file = g.open(one, other, file);
    let flags = g.one_of(&[F::empty(), flag]);
    g.setns(one, file, flags);
    let fd = g.pidfd_of(two, other, 0);
    g.setns(two, fd, flag);
    g.look();
}

/// B4: an empty mount namespace.
pub(super) fn empty(g: &mut Generator, by: Task) {
    let child = g.child(by, F::EMPTY_MNTNS | F::NEWNS);
    g.no_child(by, F::EMPTY_MNTNS);
    let other = g.child(by, F::empty());
    g.unshare(other, F::UNSHARE_EMPTY_MNTNS);
    g.unshare(other, F::UNSHARE_EMPTY_MNTNS | F::NEWNS);
    g.then(child, Op::Exec);
    g.look();
}
