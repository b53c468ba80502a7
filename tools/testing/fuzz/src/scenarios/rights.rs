// SPDX-License-Identifier: GPL-2.0

//! Who may do what.

use crate::flags::CloneFlags as F;
use crate::generator::Generator;
use crate::program::*;
use crate::uapi;

/// A6: a PID namespace that belongs to somebody else.
pub(super) fn foreign_user(g: &mut Generator, by: Task) {
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
pub(super) fn weak(g: &mut Generator, by: Task) {
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
pub(super) fn memfd(g: &mut Generator, by: Task) {
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

/// A3, A20: nobody reaches up.
pub(super) fn upward(g: &mut Generator, by: Task) {
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
