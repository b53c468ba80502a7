// SPDX-License-Identifier: GPL-2.0

//! Calls with arguments that make no sense: any bits, addresses where nothing is,
//! sizes that are too large, files that are not what is wanted.
//!
//! None of them makes a task, ends one, or leaves a file open, so that the model of
//! both stays right. Some succeed: a valid bit may unshare or join a namespace.

use rand::Rng;

use super::Generator;
use super::compound::SYSCTLS;
use crate::program::*;
use crate::uapi;

/// In the first page, at the end of user space, not canonical, and in the kernel's half.
const ADDRESSES: [i64; 6] = [8, 4095, 0x7fff_ffff_f000, i64::MIN, -4096, -1];

const SIZES: [i64; 8] = [0, 1, 4, 4096, 1 << 20, 1 << 31, i64::MAX, -1];

/// Texts that are no number, only begin as one, or are written in an odd way.
const TEXTS: [&[u8]; 16] = [
    b"",
    b" ",
    b"-",
    b"+5",
    b"0x12c",
    b"077",
    b"5 6",
    b"5,6",
    b"5abc",
    b"\t 301 \n",
    b"-0",
    b"4294967597",
    b"-4294967295",
    b"99999999999999999999999",
    b"\0\0\0\0",
    b"\xff\xfe",
];

/// In a struct clone_args, of this size.
const CLONE_ARGS: usize = 88;
const PIDFD_AT: usize = 8;
const SET_TID_AT: usize = 64;
const CLONE_PIDFD: u64 = 0x1000;

impl Generator {
    fn address(&mut self) -> i64 {
        self.one_of(&ADDRESSES)
    }

    /// All bits, one, two, or any.
    fn bits(&mut self) -> u64 {
        match self.rng.random_range(0..4) {
            0 => self.one_of(&[u64::MAX, u64::from(u32::MAX), 1 << 31, 1 << 32, 1 << 63]),
            1 => 1 << self.rng.random_range(0..64),
            2 => (1 << self.rng.random_range(0..40)) | (1 << self.rng.random_range(0..40)),
            _ => self.rng.random(),
        }
    }

    fn any_fd(&mut self) -> RawArg {
        match self.rng.random_range(0..8) {
            0 => RawArg::Value(self.one_of(&[-1, 999, 1 << 20, -10_000, -10_003, -100]) as i64),
            1 => RawArg::Value(self.bits() as i64),
            _ => RawArg::Fd(self.fd(|_| true)),
        }
    }

    fn any_num(&mut self) -> RawArg {
        match self.chance(50) {
            true => RawArg::Num(self.num()),
            false => RawArg::Value(self.bits() as i64),
        }
    }

    /// A clone that must fail: its arguments cannot be read, its numbers cannot,
    /// or its pidfd cannot be written.
    fn garbage_clone(&mut self) -> Vec<RawArg> {
        let size = RawArg::Value(CLONE_ARGS as i64);
        let mut words = [0u64; CLONE_ARGS / 8];
        words[0] = self.bits();
        words[4] = self.one_of(&[0, 17, 17, 65, u64::MAX]);
        match self.rng.random_range(0..4) {
            0 => return vec![RawArg::Value(self.address()), size],
            1 => {
                let size = self.one_of(&[0, 8, 63, 4097, 1 << 32, -1]);
                return vec![RawArg::Bytes(vec![0; CLONE_ARGS]), RawArg::Value(size)];
            }
            2 => {
                words[SET_TID_AT / 8] = self.address() as u64;
                words[SET_TID_AT / 8 + 1] = self.one_of(&[1, 2, 32, 33, u64::MAX]);
            }
            _ => {
                words[0] = CLONE_PIDFD | if self.chance(50) { self.bits() } else { 0 };
                words[PIDFD_AT / 8] = self.address() as u64;
            }
        }
        let bytes = words.iter().flat_map(|word| word.to_ne_bytes()).collect();
        vec![RawArg::Bytes(bytes), size]
    }

    fn garbage_ioctl(&mut self) -> Vec<RawArg> {
        let file = self.one_of(&uapi::NS_FILES);
        let known = [
            uapi::NS_GET_USERNS,
            uapi::NS_GET_PARENT,
            uapi::NS_GET_NSTYPE,
            uapi::NS_GET_OWNER_UID,
            uapi::NS_GET_PID_FROM_PIDNS,
            uapi::NS_GET_TGID_FROM_PIDNS,
            uapi::NS_GET_PID_IN_PIDNS,
            uapi::NS_GET_TGID_IN_PIDNS,
            uapi::NS_GET_ID,
            uapi::PIDFD_GET_INFO,
            uapi::pidfd_get_ns(file),
        ];
        let mut request = self.one_of(&known);
        if self.chance(25) {
            // Another size, direction or both.
            request ^= self.one_of(&[4 << 16, 63 << 16, 0x3fff << 16, 1 << 30, 1 << 31]);
        }
        let argument = match self.chance(60) {
            true => RawArg::Value(self.address()),
            false => self.any_num(),
        };
        let fd = self.any_fd();
        vec![fd, RawArg::Value(request.into()), argument]
    }

    fn garbage_sysctl(&mut self) -> Op {
        let file = match self.chance(80) {
            true => self.one_of(&SYSCTLS[..3]),
            false => self.one_of(&SYSCTLS),
        };
        let at = self.one_of(&[0, 0, 0, 1, 4, 1 << 40, -1]);
        if self.chance(60) {
            let text = self.one_of(&TEXTS);
            let len = text.len() as i64;
            let from = RawArg::Bytes(text.to_vec());
            return Op::RawWrite {
                file,
                from,
                len,
                at,
            };
        }
        let place = RawArg::Value(self.address());
        let len = self.one_of(&SIZES);
        match self.chance(50) {
            true => Op::RawRead {
                file,
                to: place,
                len,
                at,
            },
            false => Op::RawWrite {
                file,
                from: place,
                len,
                at,
            },
        }
    }

    pub(super) fn garbage(&mut self) -> Op {
        let (call, args) = match self.rng.random_range(0..10) {
            0 => {
                let who = self.any_num();
                let flags = RawArg::Value(self.bits() as i64);
                (RawCall::PidfdOpen, vec![who, flags])
            }
            1 => {
                let fd = self.any_fd();
                let remote = self.one_of(&[0, 3, -1, i64::MAX, 1 << 31]);
                let flags = match self.chance(70) {
                    true => 0,
                    false => self.bits() as i64,
                };
                let args = vec![fd, RawArg::Value(remote), RawArg::Value(flags)];
                (RawCall::PidfdGetfd, args)
            }
            2 => {
                let fd = self.any_fd();
                let signal = self.one_of(&[0, 9, 64, 65, -1, i64::MIN]);
                let info = self.address();
                let flags = match self.chance(70) {
                    true => 0,
                    false => self.bits() as i64,
                };
                let rest = [signal, info, flags].map(RawArg::Value);
                (RawCall::PidfdSignal, [vec![fd], rest.to_vec()].concat())
            }
            3 => {
                let fd = self.any_fd();
                let flags = RawArg::Value(self.bits() as i64);
                (RawCall::Setns, vec![fd, flags])
            }
            4 => {
                let flags = RawArg::Value(self.bits() as i64);
                (RawCall::Unshare, vec![flags])
            }
            5 => {
                // Without the right magic it does nothing.
                let magic = self.one_of(&[0, -1, uapi::REBOOT_MAGIC2.into()]);
                let command = self.one_of(&uapi::REBOOT_ENDS).into();
                let rest = [uapi::REBOOT_MAGIC2.into(), command, self.address()];
                let args = [magic].into_iter().chain(rest);
                (RawCall::Reboot, args.map(RawArg::Value).collect())
            }
            6 => (RawCall::Clone, self.garbage_clone()),
            7 => (RawCall::Ioctl, self.garbage_ioctl()),
            _ => return self.garbage_sysctl(),
        };
        Op::Raw { call, args }
    }
}
