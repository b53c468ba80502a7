// SPDX-License-Identifier: GPL-2.0

//! What a program is: steps, each an operation by one task.
//!
//! Tasks and files have names that the program itself gives, so that a step can
//! be left out without changing what the others mean. A step whose task or file
//! does not exist when its turn comes is skipped.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::flags::{CloneFlags, WaitFlags};

/// The name of a task; [`CONTROLLER`] is there from the start.
pub type Task = u16;
/// The name of an open file.
pub type File = u16;

/// The init of the outermost namespace, which drives all others.
pub const CONTROLLER: Task = 0;

/// A number that names a process to a system call.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Num {
    /// That of a task, as seen at the caller's depth.
    Of(Task),
    Raw(i32),
}

/// A file descriptor.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub enum Fd {
    Is(File),
    /// `PIDFD_SELF_THREAD`
    MyThread,
    /// `PIDFD_SELF_THREAD_GROUP`
    MyProcess,
    /// Not open.
    Bad,
    /// Open, but nothing that has to do with processes.
    Plain,
}

/// Whom kill(2) is to reach.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Dest {
    One(Num),
    Group(Num),
    OwnGroup,
    All,
}

/// Whom waitid(2) is to find.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Which {
    One(Num),
    Pidfd(Fd),
    Group(Num),
    All,
}

/// A file in /proc/PID/ns.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub enum NsFile {
    Cgroup,
    Ipc,
    Mnt,
    Net,
    Pid,
    PidForChildren,
    Time,
    TimeForChildren,
    User,
    Uts,
}

/// A file under /proc/sys.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Sysctl {
    LastPid,
    PidMax,
    MemfdNoexec,
    MaxCgroup,
    MaxIpc,
    MaxMnt,
    MaxNet,
    MaxPid,
    MaxTime,
    MaxUser,
    MaxUts,
}

/// NS_GET_PID_FROM_PIDNS and its siblings.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub enum Translation {
    PidFrom,
    TgidFrom,
    PidIn,
    TgidIn,
}

#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub enum Capability {
    Kill,
    SysPtrace,
    SysAdmin,
    SysBoot,
    SysResource,
    CheckpointRestore,
}

/// What [`Op::Raw`] calls.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub enum RawCall {
    Clone,
    Ioctl,
    PidfdGetfd,
    PidfdOpen,
    PidfdSignal,
    Reboot,
    Setns,
    Unshare,
}

/// An argument that need not make sense.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum RawArg {
    Num(Num),
    Fd(Fd),
    /// Also an address, where nothing is.
    Value(i64),
    /// The address of these.
    Bytes(Vec<u8>),
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Op {
    // Tasks come and go.
    Clone {
        child: Task,
        flags: CloneFlags,
        signal: i32,
        tids: Vec<Num>,
        pidfd: File,
    },
    Exit {
        code: i32,
    },
    ThreadExit,
    Exec,
    Wait {
        which: Which,
        options: WaitFlags,
    },
    Reboot {
        command: u32,
    },
    // Signals.
    Kill {
        to: Dest,
        signal: i32,
    },
    Tgkill {
        process: Num,
        thread: Num,
        signal: i32,
    },
    PidfdSignal {
        fd: Fd,
        signal: i32,
        flags: u32,
    },
    // Namespaces.
    Unshare {
        flags: CloneFlags,
    },
    Setns {
        fd: Fd,
        flags: CloneFlags,
    },
    NsOpen {
        new: File,
        of: Task,
        file: NsFile,
    },
    NsParent {
        new: File,
        fd: Fd,
    },
    NsUser {
        new: File,
        fd: Fd,
    },
    NsType {
        fd: Fd,
    },
    NsOwner {
        fd: Fd,
    },
    NsId {
        fd: Fd,
    },
    NsTranslate {
        fd: Fd,
        how: Translation,
        who: Num,
    },
    NsHandle {
        new: File,
        fd: Fd,
    },
    ListNs {
        types: CloneFlags,
    },
    // Pidfds.
    PidfdOpen {
        new: File,
        who: Num,
        flags: u32,
    },
    PidfdGetfd {
        fd: Fd,
        remote: i32,
        flags: u32,
    },
    PidfdInfo {
        fd: Fd,
    },
    PidfdNs {
        new: File,
        fd: Fd,
        file: NsFile,
    },
    PidfdPoll {
        fd: Fd,
    },
    // Groups, sessions, family.
    Setsid,
    Setpgid {
        who: Num,
        group: Num,
    },
    Getpgid {
        who: Num,
    },
    Getsid {
        who: Num,
    },
    Ids,
    Subreaper {
        on: bool,
    },
    // What is set and read by files.
    ReadSysctl {
        file: Sysctl,
    },
    WriteSysctl {
        file: Sysctl,
        value: i64,
    },
    Loadavg,
    Memfd {
        flags: u32,
    },
    Status {
        of: Task,
    },
    MountProc {
        new: File,
        of: Option<File>,
    },
    ProcList {
        fd: Fd,
    },
    ProcStatus {
        fd: Fd,
        who: Num,
    },
    // Rights and limits.
    IdMap {
        of: Task,
    },
    Setuid {
        uid: u32,
    },
    Drop {
        capability: Capability,
    },
    Nproc {
        limit: u64,
    },
    // Garbage: a call that fails, or does no harm.
    Raw {
        call: RawCall,
        args: Vec<RawArg>,
    },
    RawRead {
        file: Sysctl,
        to: RawArg,
        len: i64,
        at: i64,
    },
    RawWrite {
        file: Sysctl,
        from: RawArg,
        len: i64,
        at: i64,
    },
    // Done by the controller, whoever is named.
    Close {
        file: File,
    },
    Look,
}

/// One operation by one task.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Step {
    /// Where it stood in the program as generated.
    pub id: u32,
    pub by: Task,
    pub op: Op,
}

impl fmt::Display for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&ron::to_string(self).map_err(|_| fmt::Error)?)
    }
}

impl FromStr for Step {
    type Err = ron::error::SpannedError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        ron::from_str(text)
    }
}

/// Steps in their order. As text: one a line; `#` begins a comment.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Program {
    pub steps: Vec<Step>,
}

impl fmt::Display for Program {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for step in &self.steps {
            writeln!(f, "{step}")?;
        }
        Ok(())
    }
}

impl FromStr for Program {
    type Err = anyhow::Error;

    fn from_str(text: &str) -> anyhow::Result<Self> {
        let mut steps = Vec::new();
        for (at, line) in text.lines().enumerate() {
            let line = line.trim();
            if line.is_empty() || line.starts_with('#') {
                continue;
            }
            let step = line
                .parse()
                .map_err(|e| anyhow::anyhow!("line {} is not a step: {e}", at + 1))?;
            steps.push(step);
        }
        Ok(Self { steps })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::generator::generate;

    #[test]
    fn text_and_back() {
        for seed in 0..20 {
            let program = generate(seed, 300);
            let text = program.to_string();
            assert_eq!(text.lines().count(), program.steps.len());
            assert_eq!(text.parse::<Program>().unwrap(), program);
        }
    }

    #[test]
    fn a_bad_line_is_named() {
        let error = "# a comment\n(id:1,by:0,op:Look)\n(id:2,by:0,op:Fly)\n"
            .parse::<Program>()
            .unwrap_err();
        assert!(error.to_string().contains("line 3"), "{error}");
    }
}
