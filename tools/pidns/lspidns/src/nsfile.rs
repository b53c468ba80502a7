// SPDX-License-Identifier: GPL-2.0

//! What the kernel tells about PID namespaces by a file of them.

use std::collections::BTreeMap;
use std::fs::{File, OpenOptions};
use std::io;
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

use rustix::io::Errno;

use crate::fault::Fault;
use crate::status::Pid;
use crate::uapi::{self, PidNsInfo};

const NSFS_MAGIC: u64 = 0x6e73_6673;

/// The user namespace that owns one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Owner {
    pub ino: u64,
    pub id: Option<u64>,
    /// The user who created it.
    pub uid: Option<u32>,
}

/// What is known of a namespace by a file of it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Facts {
    pub id: Option<u64>,
    /// Its parent's inode number, unless that is hidden.
    pub parent: Option<u64>,
    pub owner: Option<Owner>,
    pub info: Option<PidNsInfo>,
    /// Its init in the namespace of `/proc`.
    pub init: Option<Pid>,
    /// How far it is below the namespace of `/proc`.
    pub level: Option<usize>,
}

/// Namespaces that were opened, by inode number.
#[derive(Debug, Default)]
pub struct NsFiles {
    files: BTreeMap<u64, OwnedFd>,
    pub facts: BTreeMap<u64, Facts>,
    /// The caller's own, and how far that is below the one of `/proc`.
    own: Option<u64>,
    offset: usize,
    /// Whether the kernel was found not to know these.
    pub lacks_id: bool,
    pub lacks_info: bool,
}

impl NsFiles {
    pub fn new(own: Option<u64>, offset: usize) -> NsFiles {
        NsFiles {
            own,
            offset,
            ..NsFiles::default()
        }
    }

    pub fn knows(&self, ino: u64) -> bool {
        self.files.contains_key(&ino)
    }

    /// Opens one and asks about it and those above it; its inode number.
    pub fn open(&mut self, path: &Path) -> Result<u64, Fault> {
        let shown = path.display().to_string();
        let fd = open_ns(path, &shown)?;
        self.learn(fd).map_err(|error| Fault::of(&shown, &error))
    }

    /// Asks about one and those above it; its inode number.
    pub fn learn(&mut self, fd: OwnedFd) -> io::Result<u64> {
        let ino = rustix::fs::fstat(&fd)?.st_ino;
        if self.knows(ino) {
            return Ok(ino);
        }
        let parent = uapi::parent(&fd)
            .ok()
            .and_then(|parent| self.learn(parent).ok());
        let id = uapi::ns_id(&fd);
        self.lacks_id |= is_unknown(id.as_ref().err());
        let info = uapi::info(&fd);
        self.lacks_info |= is_unknown(info.as_ref().err());
        let level = if self.own == Some(ino) {
            Some(self.offset)
        } else {
            parent.and_then(|parent| Some(self.facts.get(&parent)?.level? + 1))
        };
        let facts = Facts {
            id: id.ok(),
            parent,
            owner: owner(&fd),
            info: info.ok(),
            init: self.number_from(&fd, 1),
            level,
        };
        self.facts.insert(ino, facts);
        self.files.insert(ino, fd);
        Ok(ino)
    }

    /// A number in `/proc`, from one in the namespace of this file. The kernel translates from and
    /// to the caller's namespace, which need not be that of `/proc`.
    fn number_from(&self, fd: impl AsFd, nr: Pid) -> Option<Pid> {
        if self.offset > 0 {
            None
        } else {
            uapi::number_from(fd, nr).ok()
        }
    }

    /// The same, by the namespace's inode number.
    pub fn translate_from(&self, ino: u64, nr: Pid) -> Option<Pid> {
        self.number_from(self.files.get(&ino)?, nr)
    }

    /// The number that a task of `/proc` has in that namespace.
    pub fn translate_in(&self, ino: u64, nr: Pid) -> Option<Pid> {
        if self.offset > 0 {
            return None;
        }
        uapi::number_in(self.files.get(&ino)?, nr).ok()
    }
}

/// Whether an ioctl failed because the kernel does not know it.
fn is_unknown(error: Option<&io::Error>) -> bool {
    error.and_then(io::Error::raw_os_error) == Some(libc::ENOTTY)
}

fn owner(fd: impl AsFd) -> Option<Owner> {
    let fd = uapi::owner(fd).ok()?;
    Some(Owner {
        ino: rustix::fs::fstat(&fd).ok()?.st_ino,
        id: uapi::ns_id(&fd).ok(),
        uid: uapi::owner_uid(&fd).ok(),
    })
}

/// Opens a file if it is one of a PID namespace. What is something else is not opened at all.
fn open_ns(path: &Path, shown: &str) -> Result<OwnedFd, Fault> {
    let fault = |error: io::Error| Fault::of(shown, &error);
    let open = |flags| OpenOptions::new().read(true).custom_flags(flags).open(path);
    let seen: File = open(libc::O_PATH).map_err(fault)?;
    let other = || Fault::NotPidNs(format!("{shown}: not a file of a PID namespace"));
    let kind = rustix::fs::fstatfs(&seen).map_err(|error: Errno| fault(error.into()))?;
    if kind.f_type as u64 != NSFS_MAGIC {
        return Err(other());
    }
    let file = open(libc::O_NONBLOCK).map_err(fault)?;
    if uapi::is_pid_ns(&file) {
        Ok(file.into())
    } else {
        Err(other())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn own_namespace_is_at_the_level_of_proc() {
        let mut files = NsFiles::new(None, 0);
        let ino = files.open(Path::new("/proc/self/ns/pid")).unwrap();
        let mut files = NsFiles::new(Some(ino), 0);
        files.open(Path::new("/proc/self/ns/pid")).unwrap();
        assert_eq!(files.facts[&ino].level, Some(0));
        let pid = std::process::id() as Pid;
        assert_eq!(files.translate_in(ino, pid), Some(pid));
    }

    #[test]
    fn other_files_are_told_from_missing_ones() {
        let status = |path: &str| {
            NsFiles::new(None, 0)
                .open(Path::new(path))
                .unwrap_err()
                .status()
        };
        assert_eq!(status("/dev/null"), 4);
        assert_eq!(status("/proc/self/ns/user"), 4);
        assert_eq!(status("/nowhere"), 3);
    }
}
