// SPDX-License-Identifier: GPL-2.0

//! A worker: makes the system calls that it is told to, and decides nothing.
//!
//! A worker may share memory, and even its thread-local storage, with the task
//! that made it. That is sound since only one of all workers acts at a time, and
//! since nothing here allocates.

use syscalls::Sysno;

use crate::sys;
use crate::wire::{self, MAX_CALLS, MAX_FDS, Reply, Request, arg, kind};

/// What a worker has of its own, even where it shares its memory.
#[repr(C)]
pub struct Buffers {
    request: Request,
    reply: Reply,
}

const STACK: usize = 128 << 10;

/// Where a new task begins.
struct Start {
    socket: i32,
    /// Its table of files is a copy: what is not its own is closed.
    own_files: bool,
    buffers: *mut Buffers,
}

/// Memory for a worker.
fn map(len: usize) -> *mut u8 {
    let protection = (libc::PROT_READ | libc::PROT_WRITE).into();
    let flags = (libc::MAP_PRIVATE | libc::MAP_ANONYMOUS).into();
    let memory = sys::plain(Sysno::mmap, [0, len as i64, protection, flags, -1, 0]);
    assert!(memory > 0, "no memory for a worker");
    memory as *mut u8
}

extern "C" fn begin(start: *const Start) -> ! {
    // SAFETY: whoever made this task put it there, for nobody else.
    let start = unsafe { start.read() };
    if start.own_files {
        let own = i64::from(start.socket);
        sys::plain(Sysno::close_range, [3, own - 1, 0]);
        sys::plain(Sysno::close_range, [own + 1, i64::from(u32::MAX), 0]);
    }
    // SAFETY: nobody else uses these buffers.
    serve(start.socket, unsafe { &mut *start.buffers })
}

/// clone3, whose child begins at `start` on its stack, if it has one.
///
/// # Safety
///
/// `args` is a valid `clone_args`; the child may begin in a copy of this memory,
/// or has a stack of its own.
unsafe fn clone3(args: *mut libc::clone_args, start: *const Start) -> i64 {
    let result: i64;
    #[cfg(target_arch = "x86_64")]
    // SAFETY: as promised by the caller. The child never comes back.
    unsafe {
        std::arch::asm!(
            "syscall",
            "test rax, rax",
            "jnz 2f",
            "xor ebp, ebp",
            "and rsp, -16",
            "mov rdi, r12",
            "call r13",
            "ud2",
            "2:",
            inlateout("rax") Sysno::clone3 as i64 => result,
            in("rdi") args,
            in("rsi") size_of::<libc::clone_args>(),
            in("r12") start,
            in("r13") begin as extern "C" fn(*const Start) -> !,
            lateout("rcx") _,
            lateout("r11") _,
        );
    }
    #[cfg(target_arch = "aarch64")]
    // SAFETY: the same.
    unsafe {
        std::arch::asm!(
            "svc #0",
            "cbnz x0, 2f",
            "mov x29, xzr",
            "mov x0, {start}",
            "blr {begin}",
            "brk #1",
            "2:",
            inlateout("x0") args => result,
            in("x1") size_of::<libc::clone_args>(),
            in("x8") Sysno::clone3 as i64,
            start = in(reg) start,
            begin = in(reg) begin as extern "C" fn(*const Start) -> !,
        );
    }
    #[cfg(target_arch = "riscv64")]
    // SAFETY: the same.
    unsafe {
        std::arch::asm!(
            "ecall",
            "bnez a0, 2f",
            "mv a0, {start}",
            "jalr {begin}",
            "ebreak",
            "2:",
            inlateout("a0") args => result,
            in("a1") size_of::<libc::clone_args>(),
            in("a7") Sysno::clone3 as i64,
            start = in(reg) start,
            begin = in(reg) begin as extern "C" fn(*const Start) -> !,
        );
    }
    result
}

/// Makes the child that `request` asks for, on socket `fds[0]`.
fn clone(request: &mut Request, reply: &mut Reply, fds: &[i32; MAX_FDS], buffers: *mut Buffers) {
    let shares_files = request.shares_files();
    // SAFETY: the controller put one there; the buffer is aligned for it.
    let args = unsafe { &mut *request.input.as_mut_ptr().cast::<libc::clone_args>() };
    let tids = size_of::<libc::clone_args>();
    if args.set_tid_size > 0 {
        args.set_tid = request.input[tids..].as_ptr() as u64;
    }
    let mut pidfd: i32 = -1;
    args.pidfd = &raw mut pidfd as u64;
    let mut start = Start {
        socket: fds[0],
        own_files: !shares_files,
        buffers,
    };
    let mut begin_at: *const Start = &raw const start;
    let size = STACK + size_of::<Buffers>() + size_of::<Start>();
    if args.flags & libc::CLONE_VM as u64 != 0 {
        let memory = map(size);
        // SAFETY: all three parts are within the new memory, and aligned.
        unsafe {
            start.buffers = memory.add(STACK).cast();
            let place = memory.add(STACK + size_of::<Buffers>()).cast::<Start>();
            place.write(start);
            begin_at = place;
        }
        args.stack = memory as u64;
        args.stack_size = STACK as u64;
    }
    // SAFETY: see above; without CLONE_VM the child has a copy of all of it.
    reply.results[0] = unsafe { clone3(args, begin_at) };
    reply.results[1] = pidfd.into();
    if reply.results[0] < 0 && args.stack != 0 {
        sys::plain(Sysno::munmap, [args.stack as i64, size as i64]);
    }
}

/// Becomes a new image that serves the same socket. Returns if that fails.
fn exec(binary: i32, socket: i32) -> i64 {
    let mut number = *b"0000\0";
    let mut left = socket;
    for digit in number[..4].iter_mut().rev() {
        *digit = b'0' + (left % 10) as u8;
        left /= 10;
    }
    let arguments = [
        c"pidns-fuzz".as_ptr(),
        c"worker".as_ptr(),
        number.as_ptr().cast(),
        std::ptr::null(),
    ];
    let environment = [std::ptr::null::<i8>()];
    let keep = |on| sys::plain(Sysno::fcntl, [socket.into(), libc::F_SETFD.into(), on]);
    keep(0);
    let args = [
        binary.into(),
        c"".as_ptr() as i64,
        arguments.as_ptr() as i64,
        environment.as_ptr() as i64,
        libc::AT_EMPTY_PATH.into(),
        0,
    ];
    // SAFETY: all that is pointed to is valid for the call.
    let result = unsafe { sys::call(Sysno::execveat as u32, args) };
    keep(libc::FD_CLOEXEC.into());
    result
}

/// Makes the calls of `request`, up to the first that fails.
pub fn execute(request: &Request, fds: &[i32; MAX_FDS], reply: &mut Reply) -> Option<i32> {
    let input = request.input.as_ptr() as i64;
    let output = reply.output.as_mut_ptr() as i64;
    let calls = &request.call[..(request.calls as usize).min(MAX_CALLS)];
    let mut send = None;
    reply.results = [wire::NOT_MADE; MAX_CALLS];
    reply.output_len = request.output_len.into();
    reply.output[..request.output_len as usize].fill(0);
    let given = request.copied as usize;
    reply.output[..given].copy_from_slice(&request.input[..given]);
    for (at, call) in calls.iter().enumerate() {
        let mut args = call.values;
        for (value, what) in args.iter_mut().zip(call.kinds) {
            *value = match what {
                arg::INPUT => input + *value,
                arg::OUTPUT => output + *value,
                arg::RESULT => reply.results[*value as usize],
                arg::FD => fds[*value as usize].into(),
                _ => *value,
            };
        }
        // SAFETY: addresses are within the two buffers; the controller sees to
        // it that the lengths are as well.
        let result = unsafe { sys::call(call.number, args) };
        reply.results[at] = result;
        if result < 0 {
            break;
        }
        if call.flags & wire::SEND_FD != 0 {
            send = Some(result as i32);
        }
    }
    for (call, result) in calls.iter().zip(reply.results) {
        if call.flags & wire::RETURNS_FD != 0 && result >= 0 && send != Some(result as i32) {
            sys::close(result as i32);
        }
    }
    send
}

/// Serves a socket until its other end is closed.
pub fn serve(socket: i32, buffers: &mut Buffers) -> ! {
    let mine: *mut Buffers = buffers;
    loop {
        let mut fds = [-1; MAX_FDS];
        let to = (&raw mut buffers.request).cast();
        // SAFETY: a Request is plain memory.
        let got = unsafe { sys::receive(socket, to, size_of::<Request>(), &mut fds) };
        if got == -i64::from(libc::EINTR) {
            continue;
        }
        if got <= 0 {
            sys::plain(Sysno::exit_group, [120]);
        }
        let Buffers { request, reply } = buffers;
        let mut send = None;
        reply.output_len = 0;
        match request.kind {
            kind::CLONE => {
                clone(request, reply, &fds, mine);
                if reply.results[0] > 0 && reply.results[1] >= 0 {
                    send = Some(reply.results[1] as i32);
                }
                if reply.results[0] > 0 && request.shares_files() {
                    fds[0] = -1; // it is the child's
                }
            }
            kind::EXEC => reply.results[0] = exec(fds[0], socket),
            kind::THREAD_EXIT => {
                sys::close(socket);
                sys::plain(Sysno::exit, [0]);
            }
            _ => send = execute(request, &fds, reply),
        }
        fds.iter()
            .filter(|fd| **fd >= 0)
            .for_each(|fd| sys::close(*fd));
        sys::send(socket, reply.bytes(), send.as_slice());
        send.into_iter().for_each(sys::close);
    }
}

/// Begins in a new image.
pub fn main(socket: i32) -> ! {
    let flags = libc::FD_CLOEXEC.into();
    sys::plain(Sysno::fcntl, [socket.into(), libc::F_SETFD.into(), flags]);
    // SAFETY: fresh memory of this size, and all zeroes is valid for both parts.
    let buffers = unsafe { &mut *map(size_of::<Buffers>()).cast::<Buffers>() };
    buffers.reply.output_len = 0;
    sys::send(socket, buffers.reply.bytes(), &[]);
    serve(socket, buffers)
}

/// Makes a worker that is a child of the caller, on this socket.
pub fn spawn(socket: i32) -> i64 {
    let start = Start {
        socket,
        own_files: true,
        buffers: map(size_of::<Buffers>()).cast(),
    };
    // SAFETY: all zeroes is valid.
    let mut args: libc::clone_args = unsafe { std::mem::zeroed() };
    args.exit_signal = libc::SIGCHLD as u64;
    // SAFETY: the child begins in a copy of this memory.
    let result = unsafe { clone3(&raw mut args, &raw const start) };
    let len = size_of::<Buffers>() as i64;
    sys::plain(Sysno::munmap, [start.buffers as i64, len]);
    result
}
