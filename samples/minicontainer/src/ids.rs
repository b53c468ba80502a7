// SPDX-License-Identifier: GPL-2.0

//! Users and groups of the new user namespace.
//!
//! Anybody may map one user and one group: his own. They are 0 in the container. Root keeps all
//! that he has, each under its number.

use std::fs;

use rustix::process::{Pid, getegid, geteuid};

use crate::error::{Context, Result};

/// Writes the maps of a process that was cloned into a new user namespace.
pub fn write_maps(pid: Pid) -> Result<()> {
    let (uid, gid) = (geteuid(), getegid());
    let write = |name: &str, text: &str| {
        let path = format!("/proc/{}/{name}", pid.as_raw_nonzero());
        fs::write(&path, text).context(|| format!("write {path}"))
    };
    let own = |name: &str| {
        let path = format!("/proc/self/{name}");
        fs::read_to_string(&path).context(|| format!("read {path}"))
    };
    if uid.is_root() {
        write("gid_map", &identity(&own("gid_map")?))?;
        write("uid_map", &identity(&own("uid_map")?))
    } else {
        // The kernel demands it: dropping a group could grant access that the group is denied.
        write("setgroups", "deny")?;
        write("gid_map", &format!("0 {} 1\n", gid.as_raw()))?;
        write("uid_map", &format!("0 {} 1\n", uid.as_raw()))
    }
}

/// A map of all that is mapped here, unchanged.
fn identity(own: &str) -> String {
    own.lines()
        .filter_map(|line| {
            let mut words = line.split_whitespace();
            let (first, _, count) = (words.next()?, words.next()?, words.next()?);
            Some(format!("{first} {first} {count}\n"))
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::identity;

    #[test]
    fn root_maps_what_he_has() {
        let initial = "         0          0 4294967295\n";
        assert_eq!(identity(initial), "0 0 4294967295\n");
        let nested = "         0       1000          1\n         1     100000      65536\n";
        assert_eq!(identity(nested), "0 0 1\n1 1 65536\n");
    }
}
