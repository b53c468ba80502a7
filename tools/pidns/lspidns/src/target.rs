// SPDX-License-Identifier: GPL-2.0

//! Which namespace the user means.

use std::path::{Path, PathBuf};

use crate::fault::Fault;
use crate::home::Key;
use crate::namespaces::Namespaces;
use crate::nsfile::NsFiles;
use crate::proc::{Proc, ns_ino};
use crate::snapshot::Snapshot;
use crate::status::Pid;

/// NS on the command line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Target {
    /// An inode number, or an id.
    Number(u64),
    /// That of a process.
    Of(Pid),
    /// A file of it.
    Path(PathBuf),
}

impl Target {
    /// For clap.
    pub fn parse(text: &str) -> Result<Target, String> {
        if let Some(pid) = text.strip_prefix("pid:") {
            if let Some(ino) = ns_ino(text, "pid") {
                return Ok(Target::Number(ino));
            }
            let pid = pid
                .parse()
                .map_err(|_| "after pid: comes a number".to_owned())?;
            return Ok(Target::Of(pid));
        }
        match text.parse() {
            Ok(number) => Ok(Target::Number(number)),
            Err(_) => Ok(Target::Path(text.into())),
        }
    }

    /// The file, if it is one.
    pub fn path(&self) -> Option<&Path> {
        match self {
            Target::Path(path) => Some(path),
            Target::Number(_) | Target::Of(_) => None,
        }
    }

    /// The namespace that it is.
    pub fn find(&self, proc: &Proc, seen: &Snapshot, all: &Namespaces) -> Result<Key, Fault> {
        match self {
            Target::Number(number) => {
                let key = Key::Ino(*number);
                let by_id = || all.0.values().find(|one| one.id == Some(*number));
                let found = all.get(key).or_else(by_id).map(|one| one.key);
                found.ok_or_else(|| {
                    let text = format!("{number}: no PID namespace that is seen from here has it");
                    hidden_or(proc, Fault::NotThere(text))
                })
            }
            Target::Of(pid) => {
                if !seen.tasks.contains_key(pid) && proc.status(*pid).is_none() {
                    return Err(no_process(proc, *pid));
                }
                // It may be a thread.
                let process = proc.status(*pid).map_or(*pid, |status| status.tgid);
                let denied = || Fault::Denied(format!("{pid}: its PID namespace may not be read"));
                seen.homes.get(&process).copied().ok_or_else(denied)
            }
            Target::Path(path) => NsFiles::new(None, 0).open(path).map(Key::Ino),
        }
    }
}

/// What is not there may be hidden.
fn hidden_or(proc: &Proc, fault: Fault) -> Fault {
    match proc.hides() {
        Some(how) => Fault::Hidden(format!("{fault}; /proc hides processes ({how})")),
        None => fault,
    }
}

pub fn no_process(proc: &Proc, pid: Pid) -> Fault {
    hidden_or(proc, Fault::NotThere(format!("{pid}: no such process")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words() {
        assert_eq!(Target::parse("4026531836"), Ok(Target::Number(4026531836)));
        assert_eq!(
            Target::parse("pid:[4026531836]"),
            Ok(Target::Number(4026531836))
        );
        assert_eq!(Target::parse("pid:12"), Ok(Target::Of(12)));
        assert_eq!(Target::parse("/run/ns"), Ok(Target::Path("/run/ns".into())));
        assert!(Target::parse("pid:x").is_err());
    }
}
