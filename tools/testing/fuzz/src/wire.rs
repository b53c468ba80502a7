// SPDX-License-Identifier: GPL-2.0

//! What goes over the socket between the controller and a worker: a few system
//! calls to make, and what came of them. All of it is plain memory of fixed
//! size, since a worker may share its heap with others.

use bytemuck::{Pod, Zeroable};

pub const MAX_CALLS: usize = 8;
pub const MAX_FDS: usize = 4;
pub const IN_SIZE: usize = 2048;
pub const OUT_SIZE: usize = 16384;

/// What a request is.
pub mod kind {
    /// Make the calls, answer.
    pub const CALLS: u32 = 0;
    /// clone3; `input` is a `clone_args` and the numbers of `set_tid`.
    pub const CLONE: u32 = 1;
    /// Execute file 0 as a worker on the same socket; the new image answers.
    pub const EXEC: u32 = 2;
    /// End this thread alone.
    pub const THREAD_EXIT: u32 = 3;
}

/// What an argument is.
pub mod arg {
    pub const VALUE: u8 = 0;
    /// Address of `input` at this offset.
    pub const INPUT: u8 = 1;
    /// Address of `output` at this offset.
    pub const OUTPUT: u8 = 2;
    /// What call number so and so returned.
    pub const RESULT: u8 = 3;
    /// The descriptor that came with the request at this place.
    pub const FD: u8 = 4;
}

/// The call returns a descriptor, which is closed in the end.
pub const RETURNS_FD: u8 = 1;
/// The descriptor is sent back.
pub const SEND_FD: u8 = 2;
/// A call that failed, or was not made since an earlier one did.
pub const NOT_MADE: i64 = i64::MIN;

#[repr(C)]
#[derive(Clone, Copy, Pod, Zeroable)]
pub struct CallWire {
    pub number: u32,
    pub kinds: [u8; 6],
    pub flags: u8,
    pub pad: u8,
    pub pad2: u32,
    pub values: [i64; 6],
}

#[repr(C)]
#[derive(Clone, Copy, Pod, Zeroable)]
pub struct Request {
    pub kind: u32,
    pub calls: u32,
    pub call: [CallWire; MAX_CALLS],
    pub output_len: u32,
    /// So much of `input` is copied to the beginning of `output` at first.
    pub copied: u32,
    pub input_len: u32,
    pub pad: u32,
    pub input: [u8; IN_SIZE],
}

#[repr(C)]
#[derive(Clone, Copy, Pod, Zeroable)]
pub struct Reply {
    pub results: [i64; MAX_CALLS],
    pub output_len: u64,
    pub output: [u8; OUT_SIZE],
}

// What is put at the beginning of the input may hold words of eight bytes.
const _: () = assert!(std::mem::offset_of!(Request, input) % 8 == 0);

impl Request {
    /// Of a clone: the child has the caller's table of files.
    pub fn shares_files(&self) -> bool {
        // The flags come first in clone_args.
        let flags: [u8; 8] = std::array::from_fn(|i| self.input[i]);
        u64::from_ne_bytes(flags) & libc::CLONE_FILES as u64 != 0
    }

    /// The part that has to be sent.
    pub fn bytes(&self) -> &[u8] {
        let len = size_of::<Self>() - IN_SIZE + self.input_len as usize;
        &bytemuck::bytes_of(self)[..len]
    }
}

impl Reply {
    pub fn bytes(&self) -> &[u8] {
        let len = size_of::<Self>() - OUT_SIZE + self.output_len as usize;
        &bytemuck::bytes_of(self)[..len]
    }
}
