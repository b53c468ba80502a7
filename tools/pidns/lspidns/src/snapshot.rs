// SPDX-License-Identifier: GPL-2.0

//! All that is seen at one moment: processes, and what holds namespaces besides them.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::File;
use std::path::{Path, PathBuf};
use std::process;

use crate::fault::Fault;
use crate::home::{Key, homes};
use crate::nsfile::NsFiles;
use crate::proc::{Link, Proc, Task};
use crate::status::Pid;
use crate::uapi;

/// Something besides processes and children that keeps a namespace.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Holder {
    /// Open files of a process.
    Files { pid: Pid, fds: Vec<i32> },
    /// A mounted file, in the mount namespace of that process.
    Mount { pid: Pid, point: String },
    /// A process whose children will be there.
    Children { pid: Pid },
}

impl Holder {
    /// A way to the namespace.
    fn path(&self, proc: &Proc) -> PathBuf {
        match self {
            Holder::Files { pid, fds } => {
                proc.path(*pid, &format!("fd/{}", fds.first().copied().unwrap_or(0)))
            }
            Holder::Children { pid } => proc.path(*pid, "ns/pid_for_children"),
            Holder::Mount { pid, point } => proc.path(*pid, &format!("root{point}")),
        }
    }
}

/// What was seen.
#[derive(Debug, Default)]
pub struct Snapshot {
    pub tasks: BTreeMap<Pid, Task>,
    pub homes: BTreeMap<Pid, Key>,
    pub files: NsFiles,
    /// By inode number.
    pub holders: BTreeMap<u64, Vec<Holder>>,
    /// Processes whose open files the caller may not see.
    pub unseen: usize,
    pub lacks_list: bool,
}

impl Snapshot {
    /// Looks at everything, and at files that the user has named.
    pub fn take(proc: &Proc, named: &[&Path]) -> Result<Snapshot, Fault> {
        let own = proc
            .own_status()
            .ok_or_else(|| Fault::NoProc("/proc/self/status cannot be read".to_owned()))?;
        let own_ns = proc.link(own.pid, "ns/pid").ino();
        let mut seen = Snapshot {
            files: NsFiles::new(own_ns, own.depth()),
            ..Snapshot::recorded(proc)?
        };
        for path in named {
            seen.files.open(path)?;
        }
        seen.open_all(proc);
        seen.settle();
        Ok(seen)
    }

    /// What the files of `/proc` say, without asking the kernel about namespaces.
    pub fn recorded(proc: &Proc) -> Result<Snapshot, Fault> {
        let tasks = proc
            .pids()?
            .into_iter()
            .filter_map(|pid| Some((pid, proc.task(pid)?)));
        let mut seen = Snapshot {
            tasks: tasks.collect(),
            ..Snapshot::default()
        };
        seen.find_holders(proc);
        seen.settle();
        Ok(seen)
    }

    fn hold(&mut self, ino: u64, holder: Holder) {
        self.holders.entry(ino).or_default().push(holder);
    }

    fn find_holders(&mut self, proc: &Proc) {
        let mut mount_namespaces = BTreeSet::new();
        let own = process::id() as Pid;
        for pid in self.tasks.keys().copied().collect::<Vec<_>>() {
            // What this program has inherited goes with it.
            if pid == own {
                continue;
            }
            let task = &self.tasks[&pid];
            let children = task
                .children_ns
                .ino()
                .filter(|_| task.children_ns != task.ns);
            if let Some(ino) = children {
                self.hold(ino, Holder::Children { pid });
            }
            match proc.files(pid) {
                Some(files) => {
                    let mut by_ino: BTreeMap<u64, Vec<i32>> = BTreeMap::new();
                    for (fd, ino) in files {
                        by_ino.entry(ino).or_default().push(fd);
                    }
                    for (ino, fds) in by_ino {
                        self.hold(ino, Holder::Files { pid, fds });
                    }
                }
                None => self.unseen += 1,
            }
            let mount_ns = proc.mount_ns(pid);
            if mount_ns.is_some_and(|ino| mount_namespaces.insert(ino)) {
                for mount in proc.mounts(pid).unwrap_or_default() {
                    if let Some(ino) = mount.pid_ns() {
                        self.hold(
                            ino,
                            Holder::Mount {
                                pid,
                                point: mount.point,
                            },
                        );
                    }
                }
            }
        }
    }

    /// Opens each namespace once, by the first of its files that opens.
    fn open_all(&mut self, proc: &Proc) {
        let mut paths = Vec::new();
        for (pid, task) in &self.tasks {
            paths.extend(task.ns.ino().map(|ino| (ino, proc.path(*pid, "ns/pid"))));
        }
        for (ino, holders) in &self.holders {
            paths.extend(holders.iter().map(|holder| (*ino, holder.path(proc))));
        }
        for (ino, path) in paths {
            if !self.files.knows(ino) {
                // It may be gone by now, or nothing that the caller may open.
                let _ = self.files.open(&path);
            }
        }
        let listed = uapi::list();
        self.lacks_list = listed
            .as_ref()
            .is_err_and(|error| error.raw_os_error() == Some(libc::ENOSYS));
        let Ok(any) = File::open("/proc/self/ns/pid") else {
            return;
        };
        let known: BTreeSet<u64> = self
            .files
            .facts
            .values()
            .filter_map(|facts| facts.id)
            .collect();
        for id in listed.unwrap_or_default() {
            if !known.contains(&id) {
                let _ = uapi::open_id(&any, id).and_then(|fd| self.files.learn(fd));
            }
        }
    }

    /// Finds out in which namespace each process is.
    fn settle(&mut self) {
        self.homes = homes(&self.tasks, &self.files.facts);
        // The kernel knows better where it is asked: a task at a namespace's level that has its
        // own number there is in it.
        let mut found = Vec::new();
        for (pid, task) in self
            .tasks
            .iter()
            .filter(|(pid, _)| !self.homes.contains_key(pid))
        {
            let depth = task.status.depth();
            let here = self.files.facts.iter().find(|(ino, facts)| {
                facts.level == Some(depth)
                    && self.files.translate_in(**ino, *pid) == Some(task.status.own_nr())
            });
            found.extend(here.map(|(ino, _)| (*pid, *ino)));
        }
        if found.is_empty() {
            return;
        }
        for (pid, ino) in found {
            if let Some(task) = self.tasks.get_mut(&pid) {
                task.ns = Link::Ino(ino);
            }
        }
        self.homes = homes(&self.tasks, &self.files.facts);
    }
}
