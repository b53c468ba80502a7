// SPDX-License-Identifier: GPL-2.0

//! What `/proc/PID/status` and `stat` say of a task.

/// A task's number, as the kernel has it.
pub type Pid = i32;

const PF_EXITING: u64 = 0x4;

/// A process, or a thread.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Status {
    pub name: String,
    /// The state's letter.
    pub state: char,
    pub pid: Pid,
    pub tgid: Pid,
    /// 0 if it is not seen in the namespace of `/proc`, or if there is none.
    pub ppid: Pid,
    /// The thread that traces it, 0 if it is not seen or if there is none.
    pub tracer: Pid,
    pub uid: u32,
    pub threads: u32,
    /// Its numbers, from the namespace of `/proc` to its own.
    pub nspid: Vec<Pid>,
    pub nspgid: Vec<Pid>,
    pub nssid: Vec<Pid>,
    /// The caller's rights, as far as they are of interest in its own status.
    pub caps: u64,
    pub gids: Vec<u32>,
}

fn numbers<T: std::str::FromStr>(text: &str) -> Vec<T> {
    text.split_whitespace()
        .filter_map(|word| word.parse().ok())
        .collect()
}

impl Status {
    /// Reads the file; `None` if that is not one.
    pub fn parse(text: &str) -> Option<Status> {
        let mut status = Status {
            state: '?',
            ..Status::default()
        };
        for line in text.lines() {
            let Some((key, value)) = line.split_once(':') else {
                continue;
            };
            let value = value.trim();
            match key {
                "Name" => status.name = printable(value),
                "State" => status.state = value.chars().next()?,
                "Tgid" => status.tgid = value.parse().ok()?,
                "Pid" => status.pid = value.parse().ok()?,
                "PPid" => status.ppid = value.parse().ok()?,
                "TracerPid" => status.tracer = value.parse().ok()?,
                // Real, effective, saved, of file systems.
                "Uid" => status.uid = *numbers(value).get(1)?,
                "Gid" => status.gids.extend(numbers::<u32>(value).get(3)),
                "Groups" => status.gids.extend(numbers::<u32>(value)),
                "Threads" => status.threads = value.parse().ok()?,
                "NSpid" => status.nspid = numbers(value),
                "NSpgid" => status.nspgid = numbers(value),
                "NSsid" => status.nssid = numbers(value),
                "CapEff" => status.caps = u64::from_str_radix(value, 16).ok()?,
                _ => {}
            }
        }
        // A kernel without PID namespaces has no such line.
        if status.nspid.is_empty() {
            status.nspid = vec![status.pid];
        }
        (status.pid > 0).then_some(status)
    }

    /// How many namespaces its own is below that of `/proc`.
    pub fn depth(&self) -> usize {
        self.nspid.len() - 1
    }

    /// Its number in its own namespace.
    pub fn own_nr(&self) -> Pid {
        self.nspid.last().copied().unwrap_or(0)
    }

    /// Its number in the namespace at this depth, `None` if that is below its own.
    pub fn nr_at(&self, depth: usize) -> Option<Pid> {
        self.nspid.get(depth).copied()
    }
}

/// Whether `/proc/PID/stat` says that the task exits.
pub fn is_exiting(stat: &str) -> bool {
    // The command's name is in brackets and may contain anything.
    let Some((_, fields)) = stat.rsplit_once(')') else {
        return false;
    };
    let flags = fields
        .split_whitespace()
        .nth(6)
        .and_then(|word| word.parse::<u64>().ok());
    flags.is_some_and(|flags| flags & PF_EXITING != 0)
}

/// A text of another user's, without what a terminal would obey.
pub fn printable(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        if c.is_control() {
            out.push_str(&format!("\\x{:02x}", u32::from(c)));
        } else {
            out.push(c);
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    const ZOMBIE: &str = "Name:\tsl\\nep\nState:\tZ (zombie)\nTgid:\t4733\nPid:\t4733\n\
        PPid:\t4700\nTracerPid:\t12\nUid:\t0\t1000\t0\t0\nGid:\t0\t0\t0\t7\nGroups:\t4 24 \n\
        NStgid:\t4733\t7\nNSpid:\t4733\t7\nNSpgid:\t4733\t7\nNSsid:\t900\t0\nThreads:\t1\n\
        CapEff:\t0000000000080000\n";

    #[test]
    fn a_zombie_below() {
        let status = Status::parse(ZOMBIE).unwrap();
        assert_eq!((status.state, status.ppid, status.tracer), ('Z', 4700, 12));
        assert_eq!((status.depth(), status.own_nr()), (1, 7));
        assert_eq!((status.nr_at(0), status.nr_at(2)), (Some(4733), None));
        assert_eq!((status.nspgid, status.nssid), (vec![4733, 7], vec![900, 0]));
        assert_eq!((status.uid, status.gids), (1000, vec![7, 4, 24]));
        assert_eq!(status.caps, 1 << 19);
    }

    #[test]
    fn other_files_are_refused() {
        assert_eq!(Status::parse(""), None);
        assert_eq!(Status::parse("Pid:\tx\n"), None);
        assert_eq!(Status::parse("State:\t\nPid:\t1\n"), None);
    }

    #[test]
    fn without_pid_namespaces_a_task_has_one_number() {
        assert_eq!(Status::parse("Pid:\t5\n").unwrap().nspid, [5]);
    }

    #[test]
    fn exiting_by_flags() {
        assert!(is_exiting("7 (a) b) S 1 7 7 0 -1 4194308 0"));
        assert!(!is_exiting("7 (a) b) S 1 7 7 0 -1 4194304 0"));
        assert!(!is_exiting("7"));
    }

    #[test]
    fn names_cannot_move_the_cursor() {
        assert_eq!(printable("a\x1b[2J\u{9b}é"), "a\\x1b[2J\\x9bé");
    }
}
