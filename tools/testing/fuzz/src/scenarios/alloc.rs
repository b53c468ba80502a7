// SPDX-License-Identifier: GPL-2.0

//! Numbers, and when there are none; what cannot be made.

use crate::flags::CloneFlags as F;
use crate::generator::Generator;
use crate::program::*;

/// A4: as deep as it goes, and one more.
pub(super) fn depth(g: &mut Generator, by: Task) {
    let top = g.child(by, F::NEWPID);
    let mut last = [top, top];
    for _ in g.model.depth(by)..31 {
        last = [last[1], g.child(last[1], F::NEWPID)];
    }
    // The first of these is the deepest, the other one does not come to be.
    for task in last {
        g.unshare(task, F::NEWPID);
    }
    g.look();
    g.signal(by, top, libc::SIGKILL);
    g.reap(by, top);
}

/// A8, A11: no number is left.
pub(super) fn pid_max(g: &mut Generator, by: Task) {
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
pub(super) fn first_pid(g: &mut Generator, by: Task) {
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
pub(super) fn pending(g: &mut Generator, by: Task) {
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

/// A5, B2: no more namespaces of a type.
pub(super) fn limits(g: &mut Generator, by: Task) {
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

/// A9's neighbour: no more processes for a user.
pub(super) fn nproc(g: &mut Generator, by: Task) {
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

/// A9: numbers of one's choice.
pub(super) fn chosen(g: &mut Generator, by: Task) {
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
