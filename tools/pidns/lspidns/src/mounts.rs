// SPDX-License-Identifier: GPL-2.0

//! `/proc/PID/mountinfo`.

use crate::proc::ns_ino;

/// One line of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mount {
    /// The mount's number, the same for all who are in the mount namespace.
    pub id: u64,
    /// What of the file system is mounted.
    pub root: String,
    pub point: String,
    pub kind: String,
    /// Those of the file system.
    pub options: String,
}

impl Mount {
    /// The inode number of the PID namespace whose file is mounted.
    pub fn pid_ns(&self) -> Option<u64> {
        if self.kind == "nsfs" {
            ns_ino(&self.root, "pid")
        } else {
            None
        }
    }
}

/// All lines of the file that are complete.
pub fn mounts(text: &str) -> Vec<Mount> {
    text.lines().filter_map(mount).collect()
}

fn mount(line: &str) -> Option<Mount> {
    // Optional fields stand before the dash.
    let (left, right) = line.split_once(" - ")?;
    let mut left = left.split(' ');
    let mut right = right.split(' ');
    Some(Mount {
        id: left.next()?.parse().ok()?,
        root: unescape(left.nth(2)?),
        point: unescape(left.next()?),
        kind: right.next()?.to_owned(),
        options: right.nth(1)?.to_owned(),
    })
}

/// Spaces and the like are written as `\040`.
fn unescape(text: &str) -> String {
    let mut parts = text.split('\\');
    let mut out = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let code = part
            .get(..3)
            .and_then(|digits| u8::from_str_radix(digits, 8).ok());
        match code {
            Some(code) if code.is_ascii() => {
                out.push(char::from(code));
                out.push_str(&part[3..]);
            }
            _ => {
                out.push('\\');
                out.push_str(part);
            }
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mounted_namespace() {
        let text = "68 29 0:4 pid:[4026532180] /run/ns\\040a rw shared:3 master:1 - nsfs none rw\n\
            69 29 0:4 net:[4026532181] /run/n rw - nsfs none rw\n\
            24 29 0:22 / /proc rw - proc none rw,hidepid=invisible\n\
            short\n";
        let all = mounts(text);
        let inos: Vec<_> = all.iter().map(Mount::pid_ns).collect();
        assert_eq!(inos, [Some(4026532180), None, None]);
        assert_eq!((all[0].id, all[0].point.as_str()), (68, "/run/ns a"));
        assert_eq!(all[2].options, "rw,hidepid=invisible");
    }

    #[test]
    fn escapes() {
        assert_eq!(unescape("a\\040b\\134"), "a b\\");
        assert_eq!(unescape("a\\9"), "a\\9");
    }
}
