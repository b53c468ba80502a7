// SPDX-License-Identifier: GPL-2.0

//! What libc does not yet know of the kernel's interface.

use crate::program::{Capability, NsFile};

pub const SYS_LISTNS: u32 = 470;

const fn io(kind: u32, number: u32) -> u32 {
    (kind << 8) | number
}

/// `_IOR` of an object of this size.
const fn io_read(kind: u32, number: u32, size: u32) -> u32 {
    (2 << 30) | (size << 16) | io(kind, number)
}

pub const NS_GET_USERNS: u32 = io(0xb7, 1);
pub const NS_GET_PARENT: u32 = io(0xb7, 2);
pub const NS_GET_NSTYPE: u32 = io(0xb7, 3);
pub const NS_GET_OWNER_UID: u32 = io(0xb7, 4);
pub const NS_GET_PID_FROM_PIDNS: u32 = io_read(0xb7, 6, 4);
pub const NS_GET_TGID_FROM_PIDNS: u32 = io_read(0xb7, 7, 4);
pub const NS_GET_PID_IN_PIDNS: u32 = io_read(0xb7, 8, 4);
pub const NS_GET_TGID_IN_PIDNS: u32 = io_read(0xb7, 9, 4);
pub const NS_GET_ID: u32 = io_read(0xb7, 13, 8);

/// Of struct pidfd_info, as first published.
pub const PIDFD_INFO_SIZE: usize = 64;
/// `PIDFD_INFO_PID | PIDFD_INFO_CREDS | PIDFD_INFO_EXIT`
pub const PIDFD_INFO_WANTED: u64 = 0b1011;
pub const PIDFD_GET_INFO: u32 = (3 << 30) | ((PIDFD_INFO_SIZE as u32) << 16) | io(0xff, 11);

/// Whether an ioctl of a namespace's file or of a pidfd returns a descriptor.
pub fn ioctl_opens(request: u32) -> bool {
    request == NS_GET_USERNS
        || request == NS_GET_PARENT
        || NS_FILES.iter().any(|file| pidfd_get_ns(*file) == request)
}

pub const PIDFD_SELF_THREAD: i32 = -10000;
pub const PIDFD_SELF_THREAD_GROUP: i32 = -10001;
pub const FD_NSFS_ROOT: i32 = -10003;

pub const PIDFD_NONBLOCK: u32 = libc::O_NONBLOCK as u32;
pub const PIDFD_THREAD: u32 = libc::O_EXCL as u32;

pub const PIDFD_SIGNAL_THREAD: u32 = 1;
pub const PIDFD_SIGNAL_THREAD_GROUP: u32 = 2;
pub const PIDFD_SIGNAL_PROCESS_GROUP: u32 = 4;

pub const FSCONFIG_SET_FD: i32 = 5;
pub const FSCONFIG_CMD_CREATE: i32 = 6;

pub const REBOOT_MAGIC1: u32 = 0xfee1_dead;
pub const REBOOT_MAGIC2: u32 = 672_274_793;
/// Those that end the init of a namespace.
pub const REBOOT_ENDS: [u32; 4] = [0x0123_4567, 0xcdef_0123, 0x4321_fedc, 0xa1b2_c3d4];
pub const REBOOT_NAMES: [&str; 4] = ["RESTART", "HALT", "POWER_OFF", "RESTART2"];
/// CAD_ON, CAD_OFF, KEXEC, and one that is none.
pub const REBOOT_INVALID: [u32; 4] = [0x89ab_cdef, 0, 0x4558_4543, 7];

pub const MFD_NOEXEC_SEAL: u32 = 8;
pub const MFD_EXEC: u32 = 16;

/// The hard limit of RLIMIT_NPROC in the cage.
pub const NPROC_MAX: u64 = 60000;

/// So many ids are asked for at once.
pub const LISTNS_ROOM: usize = 128;

/// A struct ns_id_req: all of these types that the caller's user namespace owns.
pub fn ns_id_req(types: u32) -> Vec<u8> {
    let mut bytes = vec![0; 32];
    bytes[..4].copy_from_slice(&32u32.to_ne_bytes());
    bytes[16..20].copy_from_slice(&types.to_ne_bytes());
    bytes[24..].fill(0xff);
    bytes
}

/// A struct __user_cap_header_struct: version 3, the caller.
pub fn capability_header() -> Vec<u8> {
    [0x2008_0522u32, 0].map(u32::to_ne_bytes).concat()
}

pub fn capability_bit(capability: Capability) -> u64 {
    1 << match capability {
        Capability::Kill => 5,
        Capability::SysPtrace => 19,
        Capability::SysAdmin => 21,
        Capability::SysBoot => 22,
        Capability::SysResource => 24,
        Capability::CheckpointRestore => 40,
    }
}

/// All files in /proc/PID/ns.
pub const NS_FILES: [NsFile; 10] = [
    NsFile::Pid,
    NsFile::PidForChildren,
    NsFile::User,
    NsFile::Mnt,
    NsFile::Uts,
    NsFile::Ipc,
    NsFile::Net,
    NsFile::Cgroup,
    NsFile::Time,
    NsFile::TimeForChildren,
];

pub fn ns_file(file: NsFile) -> &'static str {
    match file {
        NsFile::Cgroup => "cgroup",
        NsFile::Ipc => "ipc",
        NsFile::Mnt => "mnt",
        NsFile::Net => "net",
        NsFile::Pid => "pid",
        NsFile::PidForChildren => "pid_for_children",
        NsFile::Time => "time",
        NsFile::TimeForChildren => "time_for_children",
        NsFile::User => "user",
        NsFile::Uts => "uts",
    }
}

/// PIDFD_GET_*_NAMESPACE
pub fn pidfd_get_ns(file: NsFile) -> u32 {
    io(
        0xff,
        match file {
            NsFile::Cgroup => 1,
            NsFile::Ipc => 2,
            NsFile::Mnt => 3,
            NsFile::Net => 4,
            NsFile::Pid => 5,
            NsFile::PidForChildren => 6,
            NsFile::Time => 7,
            NsFile::TimeForChildren => 8,
            NsFile::User => 9,
            NsFile::Uts => 10,
        },
    )
}

/// The type that NS_GET_NSTYPE tells, as a word.
pub fn ns_type(value: i64) -> &'static str {
    match value {
        0x80 => "time",
        0x20000 => "mnt",
        0x0200_0000 => "cgroup",
        0x0400_0000 => "uts",
        0x0800_0000 => "ipc",
        0x1000_0000 => "user",
        0x2000_0000 => "pid",
        0x4000_0000 => "net",
        _ => "unknown",
    }
}
