// SPDX-License-Identifier: GPL-2.0

//! What the runner and the container's init say to each other while it starts.
//!
//! The command names itself by its number, and the runner gets that as its own namespace
//! knows it: the kernel translates the number in `SCM_CREDENTIALS`.

use std::io::{IoSlice, IoSliceMut};
use std::mem::MaybeUninit;
use std::os::fd::OwnedFd;

use rustix::io;
use rustix::net::sockopt::set_socket_passcred;
use rustix::net::{
    AddressFamily, RecvAncillaryBuffer, RecvAncillaryMessage, RecvFlags, SendAncillaryBuffer,
    SendAncillaryMessage, SendFlags, SocketFlags, SocketType, UCred, recv, recvmsg, send, sendmsg,
    socketpair,
};
use rustix::process::{Pid, getgid, getpid, getuid};

use crate::error::{Context, Result};

const WORD: [u8; 1] = *b"+";

/// The runner's end.
pub struct Outside(OwnedFd);

/// The init's end.
pub struct Inside(OwnedFd);

/// Both ends.
pub fn pair() -> Result<(Outside, Inside)> {
    let make = || {
        let kind = SocketType::SEQPACKET;
        let (outside, inside) = socketpair(AddressFamily::UNIX, kind, SocketFlags::CLOEXEC, None)?;
        set_socket_passcred(&outside, true)?;
        Ok::<_, io::Errno>((Outside(outside), Inside(inside)))
    };
    make().context(|| "socketpair")
}

impl Outside {
    /// Lets the init go on. That it has died is seen when it is waited for.
    pub fn go(&self) {
        let _ = send(&self.0, &WORD, SendFlags::NOSIGNAL);
    }

    /// Waits until the command is about to start. None if it has not, or if it is the init.
    pub fn command(&self) -> Result<Option<Pid>> {
        let mut word = [0];
        let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmCredentials(1))];
        let mut control = RecvAncillaryBuffer::new(&mut space);
        let mut parts = [IoSliceMut::new(&mut word)];
        let got = recvmsg(&self.0, &mut parts, &mut control, RecvFlags::empty())
            .context(|| "wait for the command")?;
        let pid = control.drain().find_map(|message| match message {
            RecvAncillaryMessage::ScmCredentials(sender) => Some(sender.pid),
            _ => None,
        });
        Ok(pid.filter(|_| got.bytes > 0))
    }
}

impl Inside {
    /// Waits for the runner. False if it has died.
    pub fn ready(&self) -> Result<bool> {
        let (_, length) =
            recv(&self.0, &mut [0][..], RecvFlags::empty()).context(|| "wait for the runner")?;
        Ok(length > 0)
    }

    /// Names the caller, which is about to be the command, and waits until the runner has looked at
    /// it.
    pub fn starting(&self) -> io::Result<()> {
        let sender = UCred {
            pid: getpid(),
            uid: getuid(),
            gid: getgid(),
        };
        let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmCredentials(1))];
        let mut control = SendAncillaryBuffer::new(&mut space);
        control.push(SendAncillaryMessage::ScmCredentials(sender));
        sendmsg(
            &self.0,
            &[IoSlice::new(&WORD)],
            &mut control,
            SendFlags::NOSIGNAL,
        )?;
        recv(&self.0, &mut [0][..], RecvFlags::empty()).map(drop)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_command_is_named() {
        let (outside, inside) = pair().unwrap();
        outside.go();
        assert!(inside.ready().unwrap());
        outside.go();
        inside.starting().unwrap();
        assert_eq!(outside.command().unwrap(), Some(getpid()));
        drop(inside);
        assert_eq!(outside.command().unwrap(), None);
    }

    #[test]
    fn the_runner_died() {
        let (outside, inside) = pair().unwrap();
        drop(outside);
        assert!(!inside.ready().unwrap());
    }
}
