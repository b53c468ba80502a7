// SPDX-License-Identifier: GPL-2.0

//! What /proc of the outermost namespace says.

use std::ffi::CString;

use crate::sys;

/// Part of /proc/PID/stat.
#[derive(Clone, Debug, PartialEq)]
pub struct Stat {
    pub tgid: i32,
    pub tid: i32,
    pub state: char,
    pub parent: i32,
    pub group: i32,
    pub session: i32,
    pub exiting: bool,
    pub threads: i32,
}

const PF_EXITING: u64 = 4;

/// Reads a file whole, up to a size.
pub fn read(path: &str) -> Result<Vec<u8>, i64> {
    let path = CString::new(path).expect("no NUL");
    let fd = sys::openat(libc::AT_FDCWD, &path, libc::O_RDONLY | libc::O_CLOEXEC);
    if fd < 0 {
        return Err(fd);
    }
    let mut bytes = vec![0; 4096];
    let got = sys::read(fd as i32, &mut bytes);
    sys::close(fd as i32);
    if got < 0 {
        return Err(got);
    }
    bytes.truncate(got as usize);
    Ok(bytes)
}

fn parse_stat(tgid: i32, tid: i32, text: &str) -> Option<Stat> {
    // The name is in parentheses and may hold anything.
    let mut words = text[text.rfind(')')? + 1..].split_ascii_whitespace();
    let state = words.next()?.chars().next()?;
    let mut number = |skip: usize| words.nth(skip)?.parse::<i64>().ok();
    Some(Stat {
        tgid,
        tid,
        state,
        parent: number(0)? as i32,
        group: number(0)? as i32,
        session: number(0)? as i32,
        exiting: number(2)? as u64 & PF_EXITING != 0,
        threads: number(10)? as i32,
    })
}

/// The state of a thread; nothing if there is none.
pub fn stat(tgid: i32, tid: i32) -> Option<Stat> {
    let path = match tgid == tid {
        true => format!("/proc/{tgid}/stat"),
        false => format!("/proc/{tgid}/task/{tid}/stat"),
    };
    let bytes = read(&path).ok()?;
    parse_stat(tgid, tid, &String::from_utf8_lossy(&bytes))
}

fn numbers(path: &str) -> Vec<i32> {
    let Ok(folder) = std::fs::read_dir(path) else {
        return vec![];
    };
    let names = folder.filter_map(|entry| entry.ok()?.file_name().into_string().ok());
    let mut all: Vec<i32> = names.filter_map(|name| name.parse().ok()).collect();
    all.sort_unstable();
    all
}

/// All threads but those of the controller, by number.
pub fn all() -> Vec<Stat> {
    let mut found = Vec::new();
    for tgid in numbers("/proc") {
        if tgid == 1 {
            continue;
        }
        let Some(leader) = stat(tgid, tgid) else {
            continue;
        };
        let more = leader.threads > 1;
        found.push(leader);
        if more {
            for tid in numbers(&format!("/proc/{tgid}/task")) {
                if tid != tgid {
                    found.extend(stat(tgid, tid));
                }
            }
        }
    }
    found
}

/// The value of a line of /proc/PID/status.
pub fn field<'a>(status: &'a str, name: &str) -> &'a str {
    let line = status
        .lines()
        .find_map(|line| line.strip_prefix(name)?.strip_prefix(':'));
    line.unwrap_or_default().trim()
}

/// A thread's state as one of few that do not change by themselves.
fn condition(status: &str) -> &'static str {
    // One without memory is dead, be it a zombie or not yet.
    if field(status, "VmSize").is_empty() {
        return "dead";
    }
    match field(status, "State").chars().next() {
        Some('T' | 't') => "stopped",
        _ => "live",
    }
}

/// What is to be told of /proc/PID/status, in a line.
pub fn summary(status: &str) -> String {
    let mut line = condition(status).to_string();
    for name in [
        "Tgid", "Pid", "PPid", "Threads", "NStgid", "NSpid", "NSpgid", "NSsid",
    ] {
        let value = field(status, name)
            .split_ascii_whitespace()
            .collect::<Vec<_>>();
        line += &format!(" {name}={}", value.join(","));
    }
    let uid = field(status, "Uid").split_ascii_whitespace().next();
    line += &format!(
        " Uid={} CapEff={}",
        uid.unwrap_or("?"),
        field(status, "CapEff")
    );
    line
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stat_with_an_odd_name() {
        let text = "7 (a) b) Z 1 7 6 0 -1 4228108 0 0 0 0 0 0 0 0 20 0 3 0 1 0";
        let stat = parse_stat(7, 7, text).unwrap();
        assert_eq!(
            (stat.state, stat.parent, stat.group, stat.session),
            ('Z', 1, 7, 6)
        );
        assert!(stat.exiting);
        assert_eq!(stat.threads, 3);
    }

    #[test]
    fn summary_has_the_numbers() {
        let status = "Name:\tx\nState:\tR (running)\nTgid:\t5\nPid:\t5\nPPid:\t1\n\
            Uid:\t0\t0\t0\t0\nVmSize:\t9 kB\nNStgid:\t5\t1\nNSpid:\t5\t1\nThreads:\t1\n";
        assert!(summary(status).starts_with("live Tgid=5 Pid=5 PPid=1 Threads=1 NStgid=5,1"));
    }
}
