// SPDX-License-Identifier: GPL-2.0

//! System calls as they are: negative is an error. Nothing of libc runs here, as
//! a worker may be a thread that libc does not know of.

use std::ffi::CStr;

use syscalls::{Errno, Sysno};

use crate::wire::MAX_FDS;

/// Makes a system call.
///
/// # Safety
///
/// What the kernel does to this process must be sound: the addresses given are
/// valid for the call.
pub unsafe fn call(number: u32, args: [i64; 6]) -> i64 {
    let result: i64;
    #[cfg(target_arch = "x86_64")]
    // SAFETY: as promised by the caller.
    unsafe {
        std::arch::asm!(
            "syscall",
            inlateout("rax") i64::from(number) => result,
            in("rdi") args[0],
            in("rsi") args[1],
            in("rdx") args[2],
            in("r10") args[3],
            in("r8") args[4],
            in("r9") args[5],
            lateout("rcx") _,
            lateout("r11") _,
        );
    }
    #[cfg(target_arch = "aarch64")]
    // SAFETY: the same.
    unsafe {
        std::arch::asm!(
            "svc #0",
            inlateout("x0") args[0] => result,
            in("x1") args[1],
            in("x2") args[2],
            in("x3") args[3],
            in("x4") args[4],
            in("x5") args[5],
            in("x8") i64::from(number),
        );
    }
    #[cfg(target_arch = "riscv64")]
    // SAFETY: the same.
    unsafe {
        std::arch::asm!(
            "ecall",
            inlateout("a0") args[0] => result,
            in("a1") args[1],
            in("a2") args[2],
            in("a3") args[3],
            in("a4") args[4],
            in("a5") args[5],
            in("a7") i64::from(number),
        );
    }
    result
}

/// Makes a system call that takes no address.
pub fn plain<const N: usize>(number: Sysno, args: [i64; N]) -> i64 {
    let mut all = [0; 6];
    all[..N].copy_from_slice(&args);
    // SAFETY: no address is given.
    unsafe { call(number as u32, all) }
}

/// The name of an error, such as `EINVAL`.
pub fn errno_name(value: i64) -> String {
    let number = -value as i32;
    match Errno::new(number).name() {
        Some(name) => name.to_string(),
        None => format!("E{number}"),
    }
}

/// A result as text.
pub fn outcome(value: i64) -> String {
    if value < 0 {
        errno_name(value)
    } else {
        value.to_string()
    }
}

pub fn close(fd: i32) {
    plain(Sysno::close, [fd.into()]);
}

pub fn openat(dir: i32, path: &CStr, flags: i32) -> i64 {
    let args = [dir.into(), path.as_ptr() as i64, flags.into(), 0, 0, 0];
    // SAFETY: the path is valid for the call.
    unsafe { call(Sysno::openat as u32, args) }
}

pub fn read(fd: i32, to: &mut [u8]) -> i64 {
    let args = [fd.into(), to.as_mut_ptr() as i64, to.len() as i64, 0, 0, 0];
    // SAFETY: the buffer is valid for the call.
    unsafe { call(Sysno::read as u32, args) }
}

#[repr(C)]
struct Rights {
    header: libc::cmsghdr,
    fds: [i32; MAX_FDS],
}

const HEADER: usize = size_of::<libc::cmsghdr>();

/// Sends a message with descriptors.
pub fn send(socket: i32, bytes: &[u8], fds: &[i32]) -> i64 {
    let mut rights = Rights {
        header: libc::cmsghdr {
            cmsg_len: HEADER + size_of_val(fds),
            cmsg_level: libc::SOL_SOCKET,
            cmsg_type: libc::SCM_RIGHTS,
        },
        fds: [-1; MAX_FDS],
    };
    rights.fds[..fds.len()].copy_from_slice(fds);
    let mut part = libc::iovec {
        iov_base: bytes.as_ptr() as *mut _,
        iov_len: bytes.len(),
    };
    // SAFETY: all zeroes is a valid msghdr.
    let mut message: libc::msghdr = unsafe { std::mem::zeroed() };
    message.msg_iov = &raw mut part;
    message.msg_iovlen = 1;
    if !fds.is_empty() {
        message.msg_control = (&raw mut rights).cast();
        message.msg_controllen = (HEADER + size_of_val(fds)).next_multiple_of(8);
    }
    let flags = libc::MSG_NOSIGNAL.into();
    let args = [socket.into(), &raw const message as i64, flags, 0, 0, 0];
    // SAFETY: the message and what it points to are valid for the call.
    unsafe { call(Sysno::sendmsg as u32, args) }
}

/// Receives a message; what descriptors came are in `fds`, else -1.
///
/// # Safety
///
/// Any bytes must be valid at `to`, which is valid for writes of `len`.
pub unsafe fn receive(socket: i32, to: *mut u8, len: usize, fds: &mut [i32; MAX_FDS]) -> i64 {
    // SAFETY: all zeroes is valid for these.
    let (mut rights, mut message): (Rights, libc::msghdr) = unsafe { std::mem::zeroed() };
    let mut part = libc::iovec {
        iov_base: to.cast(),
        iov_len: len,
    };
    message.msg_iov = &raw mut part;
    message.msg_iovlen = 1;
    message.msg_control = (&raw mut rights).cast();
    message.msg_controllen = size_of::<Rights>();
    let flags = libc::MSG_CMSG_CLOEXEC.into();
    let args = [socket.into(), &raw mut message as i64, flags, 0, 0, 0];
    // SAFETY: as promised by the caller; the rest is ours.
    let got = unsafe { call(Sysno::recvmsg as u32, args) };
    *fds = [-1; MAX_FDS];
    if got > 0 && message.msg_controllen >= HEADER {
        let count = (rights.header.cmsg_len - HEADER) / size_of::<i32>();
        fds[..count].copy_from_slice(&rights.fds[..count]);
    }
    got
}
