// SPDX-License-Identifier: GPL-2.0

//! Namespaces by the order in which they were first seen: their ids and inodes
//! are not the same from run to run.

use std::collections::HashMap;
use std::os::fd::AsRawFd;

use syscalls::Sysno;

use crate::{sys, uapi};

#[derive(Default)]
pub struct Labels {
    known: HashMap<u64, String>,
    count: HashMap<String, usize>,
}

impl Labels {
    /// The label of a namespace of this type and id.
    pub fn of(&mut self, kind: &str, id: u64) -> String {
        if let Some(label) = self.known.get(&id) {
            return label.clone();
        }
        let count = self.count.entry(kind.to_string()).or_default();
        *count += 1;
        let label = format!("{kind}#{count}");
        self.known.insert(id, label.clone());
        label
    }

    /// The label of what an id that stands alone is of, if it was seen before.
    pub fn of_id(&mut self, id: u64) -> String {
        self.of("ns", id)
    }

    /// The label of the namespace that a file is.
    pub fn of_file(&mut self, fd: &impl AsRawFd) -> String {
        let fd = fd.as_raw_fd();
        let kind = sys::plain(Sysno::ioctl, [fd.into(), uapi::NS_GET_NSTYPE.into()]);
        match id_of(fd) {
            Ok(id) => self.of(uapi::ns_type(kind), id),
            Err(errno) => format!("?{}", sys::errno_name(errno)),
        }
    }
}

/// The id of the namespace that a file is; never used twice, unlike its inode.
pub fn id_of(fd: i32) -> Result<u64, i64> {
    let mut id = 0u64;
    let args = [
        fd.into(),
        uapi::NS_GET_ID.into(),
        &raw mut id as i64,
        0,
        0,
        0,
    ];
    // SAFETY: there is room for the id.
    match unsafe { sys::call(Sysno::ioctl as u32, args) } {
        0 => Ok(id),
        errno => Err(errno),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn labels_follow_first_sight() {
        let mut labels = Labels::default();
        assert_eq!(labels.of("pid", 900), "pid#1");
        assert_eq!(labels.of("uts", 20), "uts#1");
        assert_eq!(labels.of("pid", 7), "pid#2");
        assert_eq!(labels.of("pid", 900), "pid#1");
        assert_eq!(labels.of_id(7), "pid#2");
        assert_eq!(labels.of_id(8), "ns#1");
    }
}
