// SPDX-License-Identifier: GPL-2.0

//! By which names the results of a step are counted: its operation, and what kind
//! of it this one is. A step may be of several kinds, as one with many flags.

use std::collections::BTreeMap;
use std::fmt::Debug;

use crate::flags::CloneFlags;
use crate::model::{Kind, made};
use crate::program::{Fd, File, Op, Step, Sysctl, Task};
use crate::uapi;

/// A process in the last PID namespace that there can be has so many numbers, as
/// seen from the cage, if the machine is in none but the first.
const DEEPEST: usize = 32;

/// The variant of an enum, without its fields.
fn variant(value: &impl Debug) -> String {
    let text = format!("{value:?}");
    let mut words = text.split(|c: char| !c.is_alphanumeric());
    words.next().unwrap_or_default().to_string()
}

fn names(flags: CloneFlags) -> Vec<String> {
    flags.iter_names().map(|(name, _)| name.into()).collect()
}

fn one(name: &str) -> Vec<String> {
    vec![name.to_string()]
}

impl Op {
    /// The variant's name.
    pub fn name(&self) -> String {
        variant(self)
    }

    /// What kinds of the operation this is, given what the files are.
    fn kinds(&self, files: &BTreeMap<File, Kind>) -> Vec<String> {
        match self {
            Op::Clone { flags, tids, .. } => {
                let mut kinds = names(*flags);
                if !tids.is_empty() {
                    kinds.push("tids".to_string());
                }
                match kinds.is_empty() {
                    true => one("plain"),
                    false => kinds,
                }
            }
            Op::Unshare { flags } => names(*flags),
            Op::Setns { fd, flags } => {
                let kind = match fd {
                    Fd::Is(file) => files.get(file).copied(),
                    Fd::MyThread | Fd::MyProcess => return one("self"),
                    Fd::Bad | Fd::Plain => None,
                };
                match kind {
                    Some(Kind::Namespace(file)) => vec!["file".to_string(), variant(&file)],
                    Some(Kind::Pidfd(_)) => {
                        let flags = names(flags.intersection(CloneFlags::NAMESPACES));
                        one("pidfd").into_iter().chain(flags).collect()
                    }
                    Some(Kind::Procfs) | None => vec![],
                }
            }
            Op::Reboot { command } => {
                let known = uapi::REBOOT_ENDS.iter().position(|c| c == command);
                one(known.map_or("odd", |at| uapi::REBOOT_NAMES[at]))
            }
            Op::Wait { which, .. } => one(&variant(which)),
            Op::Kill { to, .. } => one(&variant(to)),
            Op::PidfdSignal { fd, flags, .. } => {
                let own = matches!(fd, Fd::MyThread | Fd::MyProcess);
                let to = match *flags {
                    0 => "plain",
                    uapi::PIDFD_SIGNAL_THREAD => "thread",
                    uapi::PIDFD_SIGNAL_THREAD_GROUP => "process",
                    uapi::PIDFD_SIGNAL_PROCESS_GROUP => "group",
                    _ => "odd",
                };
                one(to)
                    .into_iter()
                    .chain(own.then(|| "self".to_string()))
                    .collect()
            }
            Op::PidfdOpen { flags, .. } => match *flags {
                0 => one("plain"),
                uapi::PIDFD_NONBLOCK => one("nonblock"),
                uapi::PIDFD_THREAD => one("thread"),
                _ => one("odd"),
            },
            Op::NsOpen { file, .. } | Op::PidfdNs { file, .. } => one(&variant(file)),
            Op::NsTranslate { how, .. } => one(&variant(how)),
            Op::ReadSysctl { file } | Op::WriteSysctl { file, .. } => one(&variant(file)),
            Op::Memfd { flags } => match *flags {
                0 => one("neither"),
                uapi::MFD_EXEC => one("exec"),
                uapi::MFD_NOEXEC_SEAL => one("seal"),
                _ => one("odd"),
            },
            Op::MountProc { of, .. } => one(if of.is_some() { "other" } else { "own" }),
            Op::Raw { call, .. } => one(&variant(call)),
            Op::RawRead { file, .. } | Op::RawWrite { file, .. } => one(&variant(file)),
            Op::Subreaper { on } => one(if *on { "on" } else { "off" }),
            _ => vec![],
        }
    }
}

/// How many numbers a newborn task has, from what its clone said.
fn depth(lines: &[String]) -> usize {
    let mut words = lines.iter().flat_map(|line| line.split(' '));
    let numbers = words.find_map(|word| word.strip_prefix("NSpid="));
    numbers.map_or(0, |numbers| numbers.split(',').count())
}

/// What the steps so far mean for those that follow.
#[derive(Default)]
pub struct Steps {
    files: BTreeMap<File, Kind>,
    depth: BTreeMap<Task, usize>,
    /// A number of namespaces was limited.
    limited: bool,
}

impl Steps {
    /// Whether nothing but how deep the caller is keeps a new PID namespace from it.
    fn is_deepest(&self, step: &Step) -> bool {
        let (Op::Clone { flags, .. } | Op::Unshare { flags }) = &step.op else {
            return false;
        };
        let depth = self.depth.get(&step.by).copied();
        *flags == CloneFlags::NEWPID && depth == Some(DEEPEST) && !self.limited
    }

    /// By which names a step counts, the operation's first. Follows it, given what
    /// came of it.
    pub fn names(&mut self, step: &Step, lines: &[String]) -> Vec<String> {
        let mut kinds = step.op.kinds(&self.files);
        if self.is_deepest(step) {
            kinds.push("deepest".to_string());
        }
        self.files.extend(made(&step.op));
        match &step.op {
            Op::Clone { child, .. } => {
                self.depth.insert(*child, depth(lines));
            }
            Op::WriteSysctl { file, .. } => {
                use Sysctl::{LastPid, MemfdNoexec, PidMax};
                self.limited |= !matches!(file, LastPid | PidMax | MemfdNoexec);
            }
            _ => {}
        }
        let name = step.op.name();
        let kinds = kinds.iter().map(|kind| format!("{name}/{kind}"));
        std::iter::once(name.clone()).chain(kinds).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(steps: &mut Steps, step: &str, said: &str) -> Vec<String> {
        steps.names(&step.parse().unwrap(), &[said.to_string()])
    }

    #[test]
    fn a_step_may_be_of_many_kinds() {
        let step = "(id:0,by:1,op:Clone(child:2,flags:\"NEWUTS | NEWPID\",\
            signal:17,tids:[Raw(1)],pidfd:0))";
        assert_eq!(
            names(&mut Steps::default(), step, "clone3 2"),
            ["Clone", "Clone/NEWUTS", "Clone/NEWPID", "Clone/tids"]
        );
        let step = "(id:0,by:1,op:WriteSysctl(file:PidMax,value:0))";
        assert_eq!(
            names(&mut Steps::default(), step, ""),
            ["WriteSysctl", "WriteSysctl/PidMax"]
        );
    }

    #[test]
    fn what_a_file_is_counts() {
        let mut steps = Steps::default();
        let open = "(id:0,by:1,op:PidfdOpen(new:3,who:Of(1),flags:0))";
        names(&mut steps, open, "pidfd_open ok");
        let open = "(id:1,by:1,op:NsOpen(new:4,of:1,file:Uts))";
        names(&mut steps, open, "openat ok");
        let join = |file| format!(r#"(id:2,by:1,op:Setns(fd:Is({file}),flags:"NEWUTS"))"#);
        assert_eq!(
            names(&mut steps, &join(3), "setns 0"),
            ["Setns", "Setns/pidfd", "Setns/NEWUTS"]
        );
        assert_eq!(
            names(&mut steps, &join(4), "setns 0"),
            ["Setns", "Setns/file", "Setns/Uts"]
        );
    }

    #[test]
    fn the_deepest_is_told_from_the_limited() {
        let said = format!("live Tgid=9 NSpid=9{} Uid=0", ",1".repeat(DEEPEST - 1));
        let clone = |by, child| {
            format!(
                r#"(id:0,by:{by},op:Clone(child:{child},flags:"NEWPID",signal:17,tids:[],pidfd:0))"#
            )
        };
        let mut steps = Steps::default();
        let is_deepest = |names: Vec<String>| names.contains(&"Clone/deepest".to_string());
        assert!(!is_deepest(names(&mut steps, &clone(1, 2), &said)));
        assert!(is_deepest(names(&mut steps, &clone(2, 3), "clone3 ENOSPC")));
        let limit = "(id:1,by:1,op:WriteSysctl(file:MaxPid,value:0))";
        names(&mut steps, limit, "write 1");
        assert!(!is_deepest(names(
            &mut steps,
            &clone(2, 4),
            "clone3 ENOSPC"
        )));
    }
}
