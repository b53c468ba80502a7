// SPDX-License-Identifier: GPL-2.0

//! Reads `/proc`. What goes away meanwhile is left out.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use crate::fault::Fault;
use crate::mounts::{Mount, mounts};
use crate::status::{Pid, Status, is_exiting, printable};

const PROC_SUPER_MAGIC: u64 = 0x9fa0;
const CAP_SYS_PTRACE: u32 = 19;

/// What a link to a namespace says.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Link {
    /// The namespace's inode number.
    Ino(u64),
    /// The caller may not read it.
    Denied,
    /// There is no task, or it has no such namespace any more.
    #[default]
    Gone,
}

impl Link {
    pub fn ino(self) -> Option<u64> {
        match self {
            Link::Ino(ino) => Some(ino),
            Link::Denied | Link::Gone => None,
        }
    }
}

/// A process.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Task {
    pub status: Status,
    /// That it exits: it may not be a zombie yet.
    pub exiting: bool,
    pub ns: Link,
    /// Where its children will be.
    pub children_ns: Link,
}

/// A thread, and where it sleeps.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Thread {
    pub tid: Pid,
    pub state: char,
    pub exiting: bool,
    /// Where it sleeps in the kernel, if the caller may know that.
    pub wchan: Option<String>,
    pub stack: Option<Vec<String>>,
}

/// A `/proc`.
#[derive(Debug)]
pub struct Proc {
    root: PathBuf,
}

impl Proc {
    /// That of this machine, if it shows the caller's namespace or one above.
    pub fn mounted() -> Result<Proc, Fault> {
        let root = PathBuf::from("/proc");
        let kind = rustix::fs::statfs(&root).map(|fs| fs.f_type as u64);
        if kind != Ok(PROC_SUPER_MAGIC) {
            return Err(Fault::NoProc("/proc is not mounted".into()));
        }
        if fs::read_link(root.join("self")).is_err() {
            let text = "/proc was mounted for a PID namespace that this process is not in";
            return Err(Fault::NoProc(text.into()));
        }
        Ok(Proc { root })
    }

    /// A recorded one.
    #[cfg(test)]
    pub fn at(root: &Path) -> Proc {
        Proc {
            root: root.to_owned(),
        }
    }

    pub fn path(&self, pid: Pid, file: &str) -> PathBuf {
        self.root.join(pid.to_string()).join(file)
    }

    fn text(&self, path: &Path) -> Option<String> {
        Some(String::from_utf8_lossy(&fs::read(self.root.join(path)).ok()?).into_owned())
    }

    fn numbers_in(folder: &Path) -> io::Result<Vec<Pid>> {
        let names =
            fs::read_dir(folder)?.filter_map(|entry| entry.ok()?.file_name().into_string().ok());
        let mut all: Vec<Pid> = names.filter_map(|name| name.parse().ok()).collect();
        all.sort_unstable();
        Ok(all)
    }

    /// The numbers of all processes.
    pub fn pids(&self) -> Result<Vec<Pid>, Fault> {
        Self::numbers_in(&self.root).map_err(|error| Fault::of("/proc", &error))
    }

    /// A process or a thread, by its number.
    pub fn status(&self, pid: Pid) -> Option<Status> {
        Status::parse(&self.text(&self.path(pid, "status"))?)
    }

    /// The caller itself.
    pub fn own_status(&self) -> Option<Status> {
        Status::parse(&self.text(&self.root.join("self/status"))?)
    }

    fn is_exiting(&self, folder: &Path) -> bool {
        self.text(&folder.join("stat"))
            .is_some_and(|stat| is_exiting(&stat))
    }

    pub fn task(&self, pid: Pid) -> Option<Task> {
        Some(Task {
            status: self.status(pid)?,
            exiting: self.is_exiting(&self.path(pid, "")),
            ns: self.link(pid, "ns/pid"),
            children_ns: self.link(pid, "ns/pid_for_children"),
        })
    }

    /// The command line, or the command's name if there is none.
    pub fn command(&self, status: &Status) -> String {
        let line = self
            .text(&self.path(status.pid, "cmdline"))
            .unwrap_or_default();
        let line = line.trim_end_matches('\0').replace('\0', " ");
        if line.is_empty() {
            format!("[{}]", status.name)
        } else {
            printable(&line)
        }
    }

    pub fn link(&self, pid: Pid, name: &str) -> Link {
        match fs::read_link(self.path(pid, name)) {
            Ok(text) => ns_ino(&text.to_string_lossy(), "pid").map_or(Link::Gone, Link::Ino),
            Err(error) if error.kind() == io::ErrorKind::PermissionDenied => Link::Denied,
            Err(_) => Link::Gone,
        }
    }

    /// A process's threads, each with where it sleeps.
    pub fn threads(&self, pid: Pid) -> Vec<Thread> {
        let folder = self.path(pid, "task");
        let tids = Self::numbers_in(&folder).unwrap_or_default();
        tids.into_iter()
            .filter_map(|tid| self.thread(&folder.join(tid.to_string()), tid))
            .collect()
    }

    fn thread(&self, folder: &Path, tid: Pid) -> Option<Thread> {
        let status = Status::parse(&self.text(&folder.join("status"))?)?;
        // "0" to who may not know, or if it does not sleep.
        let wchan = self
            .text(&folder.join("wchan"))
            .filter(|text| !text.is_empty() && text != "0");
        let stack = self
            .text(&folder.join("stack"))
            .filter(|text| !text.is_empty());
        Some(Thread {
            tid,
            state: status.state,
            exiting: self.is_exiting(folder),
            wchan,
            stack: stack.map(|text| text.lines().map(str::to_owned).collect()),
        })
    }

    /// The process's open files of PID namespaces, with their inode numbers; `None` if the caller
    /// may not see them.
    pub fn files(&self, pid: Pid) -> Option<Vec<(i32, u64)>> {
        let folder = self.path(pid, "fd");
        let fds = match Self::numbers_in(&folder) {
            Ok(fds) => fds,
            Err(error) if error.kind() == io::ErrorKind::PermissionDenied => return None,
            Err(_) => return Some(Vec::new()),
        };
        let file = |fd: Pid| {
            let text = fs::read_link(folder.join(fd.to_string())).ok()?;
            Some((fd, ns_ino(text.to_str()?, "pid")?))
        };
        Some(fds.into_iter().filter_map(file).collect())
    }

    /// What is mounted where a process is; its mount namespace tells whether that was asked before.
    pub fn mounts(&self, pid: Pid) -> Option<Vec<Mount>> {
        Some(mounts(&self.text(&self.path(pid, "mountinfo"))?))
    }

    pub fn mount_ns(&self, pid: Pid) -> Option<u64> {
        ns_ino(
            fs::read_link(self.path(pid, "ns/mnt")).ok()?.to_str()?,
            "mnt",
        )
    }

    /// Whether processes are hidden from the caller, as by `hidepid=invisible`: that option.
    pub fn hides(&self) -> Option<String> {
        let all = mounts(&self.text(&self.root.join("self/mountinfo"))?);
        // Of several on one another, the last one is seen.
        let mount = all
            .iter()
            .rev()
            .find(|mount| Path::new(&mount.point) == self.root)?;
        let option = |name: &str| {
            let mut words = mount.options.split(',');
            words.find_map(|word| word.strip_prefix(name)?.strip_prefix('='))
        };
        let how = option("hidepid").filter(|how| !matches!(*how, "0" | "off"))?;
        let own = self.own_status()?;
        let gid = option("gid").and_then(|gid| gid.parse().ok()).unwrap_or(0);
        let exempt = (how != "ptraceable" && how != "4" && own.gids.contains(&gid))
            || (own.caps >> CAP_SYS_PTRACE) & 1 != 0;
        (!exempt).then(|| format!("hidepid={how}"))
    }
}

/// The inode number in what a link to a namespace of this kind says: `pid:[4026531836]`.
pub fn ns_ino(text: &str, kind: &str) -> Option<u64> {
    text.strip_prefix(kind)?
        .strip_prefix(":[")?
        .strip_suffix(']')?
        .parse()
        .ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixture::Fixture;

    #[test]
    fn links_of_namespaces() {
        assert_eq!(ns_ino("pid:[4026531836]", "pid"), Some(4026531836));
        assert_eq!(ns_ino("mnt:[4026531836]", "pid"), None);
        assert_eq!(ns_ino("pid:[x]", "pid"), None);
    }

    #[test]
    fn a_process_and_its_threads() {
        let proc = Fixture::new(include_str!("../fixtures/blockers.txt"));
        let task = proc.task(110).unwrap();
        assert_eq!((task.status.name.as_str(), task.status.state), ("dd", 'S'));
        assert_eq!(task.ns, Link::Ino(4026532200));
        let threads = proc.threads(110);
        assert_eq!(
            threads.iter().map(|thread| thread.tid).collect::<Vec<_>>(),
            [110, 111]
        );
        assert_eq!(threads[1].wchan.as_deref(), Some("rpc_wait_bit_killable"));
        assert_eq!(proc.task(99999), None);
    }

    #[test]
    fn commands() {
        let proc = Fixture::new(include_str!("../fixtures/blockers.txt"));
        let command = |pid| proc.command(&proc.status(pid).unwrap());
        assert_eq!(command(1), "/sbin/init splash");
        assert_eq!(command(104), "[sleep]");
    }

    #[test]
    fn files_of_namespaces() {
        let proc = Fixture::new(include_str!("../fixtures/blockers.txt"));
        assert_eq!(proc.files(50), Some(vec![(3, 4026532200)]));
        assert_eq!(proc.files(99999), Some(vec![]));
    }

    #[test]
    fn hidden_processes() {
        let hides = |options: &str, gids: &str, caps: &str| {
            let proc = Fixture::new(&format!(
                "== self/mountinfo\n9 1 0:22 / @ rw - proc none rw,{options}\n\
                 == self/status\nPid:\t5\nGid:\t7\t7\t7\t7\nGroups:\t{gids}\nCapEff:\t{caps}\n"
            ));
            proc.hides()
        };
        let (none, ptrace) = ("0", "0000000000080000");
        assert_eq!(
            hides("hidepid=invisible", "", none).as_deref(),
            Some("hidepid=invisible")
        );
        assert_eq!(
            hides("hidepid=2,gid=30", "4 24", none).as_deref(),
            Some("hidepid=2")
        );
        assert_eq!(hides("hidepid=2,gid=24", "4 24", none), None);
        assert!(hides("hidepid=ptraceable,gid=24", "24", none).is_some());
        assert_eq!(hides("hidepid=invisible", "", ptrace), None);
        assert_eq!(hides("relatime", "", none), None);
        assert_eq!(hides("hidepid=off", "", none), None);
    }
}
