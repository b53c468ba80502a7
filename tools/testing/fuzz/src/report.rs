// SPDX-License-Identifier: GPL-2.0

//! What came of an operation, as lines of the transcript.

use crate::labels::Labels;
use crate::lower::{Call, Returns};
use crate::program::{File, Op};
use crate::wire::{NOT_MADE, Reply};
use crate::{observe, sys};

/// The name under which an operation keeps a descriptor.
pub fn new_file(op: &Op) -> Option<File> {
    match op {
        Op::Clone { pidfd, .. } => Some(*pidfd),
        Op::NsOpen { new, .. }
        | Op::NsParent { new, .. }
        | Op::NsUser { new, .. }
        | Op::NsHandle { new, .. }
        | Op::PidfdOpen { new, .. }
        | Op::PidfdNs { new, .. }
        | Op::MountProc { new, .. } => Some(*new),
        _ => None,
    }
}

/// Each call that was made, with its result.
pub fn calls(calls: &[Call], reply: &Reply) -> Vec<String> {
    let made = calls
        .iter()
        .zip(reply.results)
        .take_while(|(_, r)| *r != NOT_MADE);
    made.map(|(call, result)| {
        let fd = call.returns != Returns::Nothing && result >= 0;
        // How long texts of /proc are is not to matter.
        let length = matches!(call.name, "read" | "getdents64") && result > 0;
        match fd || length {
            true => format!("{} ok", call.name),
            false => format!("{} {}", call.name, sys::outcome(result)),
        }
    })
    .collect()
}

fn number(bytes: &[u8], at: usize) -> i32 {
    i32::from_ne_bytes(bytes[at..at + 4].try_into().expect("four bytes"))
}

fn long(bytes: &[u8], at: usize) -> u64 {
    u64::from_ne_bytes(bytes[at..at + 8].try_into().expect("eight bytes"))
}

/// Whom waitid(2) has found, from its siginfo.
pub fn waited(reply: &Reply) -> Option<String> {
    let info = &reply.output;
    let pid = number(info, 16);
    let (code, status) = (number(info, 8), number(info, 24));
    (pid != 0).then(|| format!("pid={pid} code={code} status={status}"))
}

/// The names in a folder that are numbers.
fn listed(bytes: &[u8], len: i64) -> Vec<i32> {
    let mut found = Vec::new();
    let mut at = 0;
    while at < len.max(0) as usize {
        let size = u16::from_ne_bytes([bytes[at + 16], bytes[at + 17]]) as usize;
        let name = bytes[at + 19..at + size].split(|b| *b == 0).next();
        let name = String::from_utf8_lossy(name.unwrap_or_default()).into_owned();
        found.extend(name.parse::<i32>().ok());
        at += size;
    }
    found
}

/// What the calls have written.
pub fn details(op: &Op, calls: &[Call], reply: &Reply, labels: &mut Labels) -> Option<String> {
    let last = reply.results[calls.len() - 1];
    let out = &reply.output;
    if last < 0 {
        return None;
    }
    let text = || {
        let len = (last as usize).min(out.len());
        String::from_utf8_lossy(&out[..len]).into_owned()
    };
    match op {
        Op::Wait { .. } => waited(reply),
        Op::NsOwner { .. } => Some(format!("uid={}", number(out, 0))),
        Op::NsId { .. } => Some(labels.of_id(long(out, 0))),
        Op::ListNs { .. } => {
            let ids = (0..last as usize).map(|i| labels.of_id(long(out, 8 * i)));
            Some(ids.collect::<Vec<_>>().join(" "))
        }
        Op::PidfdInfo { .. } => {
            let mask = long(out, 0);
            let exit = match mask & 8 {
                0 => String::new(),
                _ => format!(" exit={:#x}", number(out, 60)),
            };
            let [pid, tgid, ppid] = [16, 20, 24].map(|at| number(out, at));
            Some(format!("pid={pid} tgid={tgid} ppid={ppid}{exit}"))
        }
        Op::ReadSysctl { .. } => Some(text().trim().to_string()),
        Op::Loadavg => text().split_ascii_whitespace().last().map(str::to_string),
        Op::Status { .. } | Op::ProcStatus { .. } => Some(observe::summary(&text())),
        Op::ProcList { .. } => {
            let mut all = listed(out, reply.results[1]);
            all.extend(listed(&out[8000..], reply.results[2]));
            all.sort_unstable();
            let all = all.iter().map(i32::to_string).collect::<Vec<_>>();
            Some(format!("numbers={}", all.join(",")))
        }
        _ => None,
    }
}
