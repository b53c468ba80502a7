// SPDX-License-Identifier: GPL-2.0

//! Flags of system calls, by their names.

use bitflags::bitflags;
use serde::{Deserialize, Serialize};

bitflags! {
    /// Of clone3(2), unshare(2) and setns(2).
    #[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
    #[serde(transparent)]
    pub struct CloneFlags: u64 {
        const NEWTIME = 0x80;
        const VM = 0x100;
        const FS = 0x200;
        const FILES = 0x400;
        const SIGHAND = 0x800;
        const PIDFD = 0x1000;
        const PARENT = 0x8000;
        const THREAD = 0x10000;
        const NEWNS = 0x20000;
        const SYSVSEM = 0x40000;
        /// Of unshare(2); a flag of another meaning for clone3(2).
        const UNSHARE_EMPTY_MNTNS = 0x100000;
        const NEWCGROUP = 0x2000000;
        const NEWUTS = 0x4000000;
        const NEWIPC = 0x8000000;
        const NEWUSER = 0x10000000;
        const NEWPID = 0x20000000;
        const NEWNET = 0x40000000;
        const CLEAR_SIGHAND = 1 << 32;
        const EMPTY_MNTNS = 1 << 37;
    }
}

impl CloneFlags {
    /// What makes a thread.
    pub const A_THREAD: Self = Self::VM
        .union(Self::FS)
        .union(Self::FILES)
        .union(Self::SIGHAND)
        .union(Self::THREAD)
        .union(Self::SYSVSEM);

    /// All namespaces.
    pub const NAMESPACES: Self = Self::NEWTIME
        .union(Self::NEWNS)
        .union(Self::NEWCGROUP)
        .union(Self::NEWUTS)
        .union(Self::NEWIPC)
        .union(Self::NEWUSER)
        .union(Self::NEWPID)
        .union(Self::NEWNET);
}

bitflags! {
    /// Of waitid(2).
    #[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
    #[serde(transparent)]
    pub struct WaitFlags: u32 {
        const NOHANG = 1;
        const STOPPED = 2;
        const EXITED = 4;
        const CONTINUED = 8;
        const NOWAIT = 0x0100_0000;
        const NOTHREAD = 0x2000_0000;
        const ALL = 0x4000_0000;
        const CLONE = 0x8000_0000;
    }
}
