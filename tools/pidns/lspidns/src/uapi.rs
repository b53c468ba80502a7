// SPDX-License-Identifier: GPL-2.0

//! The kernel's calls that rustix does not have: ioctls of namespace files, listns(2), file
//! handles of namespaces. The only unsafe code.
#![allow(unsafe_code)]

use std::ffi::c_void;
use std::fs::File;
use std::io;
use std::mem;
use std::os::fd::{AsFd, AsRawFd, FromRawFd, OwnedFd};

use rustix::ioctl::{self, Ioctl, IoctlOutput, Opcode, opcode};

use crate::status::Pid;

const NSIO: u8 = 0xb7;
const NS_GET_USERNS: Opcode = opcode::none(NSIO, 1);
const NS_GET_PARENT: Opcode = opcode::none(NSIO, 2);
const NS_GET_NSTYPE: Opcode = opcode::none(NSIO, 3);
const NS_GET_OWNER_UID: Opcode = opcode::none(NSIO, 4);
const NS_GET_PID_FROM_PIDNS: Opcode = opcode::read::<i32>(NSIO, 6);
const NS_GET_PID_IN_PIDNS: Opcode = opcode::read::<i32>(NSIO, 8);
const NS_GET_ID: Opcode = opcode::read::<u64>(NSIO, 13);
const NS_PID_GET_INFO: Opcode = opcode::read::<PidNsInfo>(NSIO, 14);

/// `PID_NS`, which is `CLONE_NEWPID`.
const PID_NS: u32 = 0x2000_0000;
/// The same number on all architectures.
const NR_LISTNS: libc::c_long = 470;
const FILEID_NSFS: i32 = 0xf1;

/// `struct pid_ns_info`.
#[repr(C)]
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct PidNsInfo {
    pub size: u32,
    pub state: u32,
    pub ns_id: u64,
    pub parent_id: u64,
    pub owner_id: u64,
    pub level: u32,
    pub nr_pids: u32,
    pub last_pid: i32,
    pub pid_max: i32,
    pub init_pid: i32,
    pub spare: u32,
}

/// An ioctl that takes a number and returns one.
struct Number(Opcode, usize);

// SAFETY: the kernel takes the argument of these ioctls as a number and writes to no memory.
unsafe impl Ioctl for Number {
    type Output = i32;
    const IS_MUTATING: bool = false;

    fn opcode(&self) -> Opcode {
        self.0
    }

    fn as_ptr(&mut self) -> *mut c_void {
        self.1 as *mut c_void
    }

    unsafe fn output_from_ptr(out: IoctlOutput, _: *mut c_void) -> rustix::io::Result<i32> {
        Ok(out)
    }
}

fn number(fd: impl AsFd, code: Opcode, argument: usize) -> io::Result<i32> {
    // SAFETY: as above; an fd of another kind refuses these with ENOTTY.
    Ok(unsafe { ioctl::ioctl(fd, Number(code, argument)) }?)
}

/// An ioctl that returns a new file descriptor.
fn related(fd: impl AsFd, code: Opcode) -> io::Result<OwnedFd> {
    let fd = number(fd, code, 0)?;
    // SAFETY: the kernel has just made it for us.
    Ok(unsafe { OwnedFd::from_raw_fd(fd) })
}

/// The parent of a PID namespace; `EPERM` for the caller's own.
pub fn parent(fd: impl AsFd) -> io::Result<OwnedFd> {
    related(fd, NS_GET_PARENT)
}

/// The user namespace that owns it; `EPERM` unless it is the caller's or below that.
pub fn owner(fd: impl AsFd) -> io::Result<OwnedFd> {
    related(fd, NS_GET_USERNS)
}

/// Whether a file is one of a PID namespace.
pub fn is_pid_ns(fd: impl AsFd) -> bool {
    number(fd, NS_GET_NSTYPE, 0).is_ok_and(|kind| kind as u32 == PID_NS)
}

/// A number in the caller's namespace, from one in that of the file.
pub fn number_from(fd: impl AsFd, nr: Pid) -> io::Result<Pid> {
    number(fd, NS_GET_PID_FROM_PIDNS, nr as usize)
}

/// A number in the file's namespace, from one in the caller's.
pub fn number_in(fd: impl AsFd, nr: Pid) -> io::Result<Pid> {
    number(fd, NS_GET_PID_IN_PIDNS, nr as usize)
}

/// The user that owns a user namespace.
pub fn owner_uid(fd: impl AsFd) -> io::Result<u32> {
    // SAFETY: the kernel writes a uid_t.
    Ok(unsafe { ioctl::ioctl(fd, ioctl::Getter::<NS_GET_OWNER_UID, u32>::new()) }?)
}

/// The id of a namespace, which no other will have until the next boot.
pub fn ns_id(fd: impl AsFd) -> io::Result<u64> {
    // SAFETY: the kernel writes a __u64.
    Ok(unsafe { ioctl::ioctl(fd, ioctl::Getter::<NS_GET_ID, u64>::new()) }?)
}

/// What the kernel tells of a PID namespace; `ENOTTY` where it does not know that.
pub fn info(fd: impl AsFd) -> io::Result<PidNsInfo> {
    // SAFETY: the kernel writes a structure of the size that the request carries.
    Ok(unsafe { ioctl::ioctl(fd, ioctl::Getter::<NS_PID_GET_INFO, PidNsInfo>::new()) }?)
}

/// `struct ns_id_req`.
#[repr(C)]
struct NsIdReq {
    size: u32,
    spare: u32,
    ns_id: u64,
    ns_type: u32,
    spare2: u32,
    user_ns_id: u64,
}

/// The ids of all PID namespaces that the caller may list; `ENOSYS` where there is no listns(2).
pub fn list() -> io::Result<Vec<u64>> {
    let mut all: Vec<u64> = Vec::new();
    let mut some = [0u64; 256];
    loop {
        let request = NsIdReq {
            size: mem::size_of::<NsIdReq>() as u32,
            spare: 0,
            ns_id: all.last().copied().unwrap_or(0),
            ns_type: PID_NS,
            spare2: 0,
            user_ns_id: 0,
        };
        // SAFETY: request and array are as the call wants them, and the array is of that length.
        let count =
            unsafe { libc::syscall(NR_LISTNS, &request, some.as_mut_ptr(), some.len(), 0u32) };
        match usize::try_from(count) {
            Ok(0) => return Ok(all),
            Ok(count) => all.extend(some.iter().take(count)),
            Err(_) => {
                let error = io::Error::last_os_error();
                // The last one was the last.
                let end = !all.is_empty() && error.raw_os_error() == Some(libc::ENOENT);
                return if end { Ok(all) } else { Err(error) };
            }
        }
    }
}

/// `struct file_handle` with a `struct nsfs_file_handle`.
#[repr(C)]
struct NsHandle {
    handle_bytes: u32,
    handle_type: i32,
    ns_id: u64,
    ns_type: u32,
    ns_inum: u32,
}

/// Opens a namespace by its id. `any` is a file of any namespace.
pub fn open_id(any: &File, id: u64) -> io::Result<OwnedFd> {
    let mut handle = NsHandle {
        handle_bytes: 16,
        handle_type: FILEID_NSFS,
        ns_id: id,
        // Both or none.
        ns_type: 0,
        ns_inum: 0,
    };
    // SAFETY: the handle has as many bytes as it says.
    let fd = unsafe {
        libc::open_by_handle_at(
            any.as_raw_fd(),
            (&raw mut handle).cast(),
            libc::O_RDONLY | libc::O_CLOEXEC,
        )
    };
    if fd < 0 {
        return Err(io::Error::last_os_error());
    }
    // SAFETY: the kernel has just made it for us.
    Ok(unsafe { OwnedFd::from_raw_fd(fd) })
}

/// A file descriptor that is readable once the program is to end; it does not end by itself then.
pub fn end_requested() -> io::Result<OwnedFd> {
    // SAFETY: the set is ours, and initialised by sigemptyset() before anything reads it.
    let fd = unsafe {
        let mut set = mem::zeroed();
        libc::sigemptyset(&mut set);
        for signal in [libc::SIGINT, libc::SIGTERM, libc::SIGHUP, libc::SIGPIPE] {
            libc::sigaddset(&mut set, signal);
        }
        libc::sigprocmask(libc::SIG_BLOCK, &set, std::ptr::null_mut());
        libc::signalfd(-1, &set, libc::SFD_CLOEXEC)
    };
    if fd < 0 {
        return Err(io::Error::last_os_error());
    }
    // SAFETY: the kernel has just made it for us.
    Ok(unsafe { OwnedFd::from_raw_fd(fd) })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn layouts_are_the_kernels() {
        assert_eq!(mem::size_of::<PidNsInfo>(), 56);
        assert_eq!(mem::offset_of!(PidNsInfo, init_pid), 48);
        assert_eq!(mem::size_of::<NsIdReq>(), 32);
        assert_eq!(mem::size_of::<NsHandle>(), 24);
        assert_eq!(NS_PID_GET_INFO, 0x8038_b70e);
        assert_eq!(NS_GET_ID, 0x8008_b70d);
    }

    #[test]
    fn own_namespace() {
        let file = File::open("/proc/self/ns/pid").unwrap();
        assert!(is_pid_ns(&file));
        let pid = std::process::id() as Pid;
        assert_eq!(number_in(&file, pid).unwrap(), pid);
        assert_eq!(number_from(&file, pid).unwrap(), pid);
        assert!(!is_pid_ns(File::open("/proc/self/ns/user").unwrap()));
        assert!(!is_pid_ns(File::open("/dev/null").unwrap()));
    }
}
