// SPDX-License-Identifier: GPL-2.0

//! `--why`: in plain words, why a namespace is not gone.

use serde_json::{Value, json};

use crate::blockers::{Blocker, Kind, find};
use crate::home::Key;
use crate::namespaces::{Namespace, Namespaces, State};
use crate::proc::Proc;
use crate::snapshot::{Holder, Snapshot};
use crate::status::Pid;
use crate::table;

/// The answer about one namespace.
pub struct Why<'a> {
    seen: &'a Snapshot,
    all: &'a Namespaces,
    proc: &'a Proc,
    namespace: &'a Namespace,
    blockers: Vec<Blocker>,
}

impl<'a> Why<'a> {
    pub fn of(
        seen: &'a Snapshot,
        all: &'a Namespaces,
        proc: &'a Proc,
        key: Key,
    ) -> Option<Why<'a>> {
        let namespace = all.get(key)?;
        let blockers = match namespace.state {
            State::Dying | State::Unknown => find(seen, all, proc, namespace),
            State::Waits | State::Alive | State::Empty => Vec::new(),
        };
        Some(Why {
            seen,
            all,
            proc,
            namespace,
            blockers,
        })
    }

    fn name(&self, pid: Pid) -> Option<String> {
        let status = self.seen.tasks.get(&pid).map(|task| task.status.clone());
        Some(status.or_else(|| self.proc.status(pid))?.name)
    }

    /// A process, with its command's name.
    fn who(&self, pid: Pid) -> String {
        match self.name(pid) {
            Some(name) => format!("{pid} ({name})"),
            None => pid.to_string(),
        }
    }

    fn holders(&self) -> &[Holder] {
        let holders = self
            .namespace
            .ino()
            .and_then(|ino| self.seen.holders.get(&ino));
        holders.map_or(&[], Vec::as_slice)
    }

    /// The state of it in a sentence.
    fn head(&self) -> String {
        let name = self.namespace.name();
        let init = self
            .namespace
            .init
            .map(|pid| (self.who(pid), self.seen.tasks.get(&pid)));
        match (self.namespace.state, init) {
            (State::Alive, Some((init, _))) => format!("{name} is alive: its init is {init}."),
            (State::Alive, None) => format!("{name} is alive."),
            (State::Dying, Some((init, Some(task)))) if task.status.state == 'Z' => {
                format!("{name} is dead, but its init {init} is not reaped.")
            }
            (State::Dying, Some((init, _))) => format!(
                "{name} is dying: its init {init} waits until no other number there is in use."
            ),
            (State::Dying, None) => {
                format!("{name} is dead: it stays as long as something refers to it.")
            }
            (State::Waits, _) => format!("{name} waits for its first process."),
            (State::Empty, _) => {
                format!("{name} has no process: its init is dead, or was not born yet.")
            }
            (State::Unknown, _) => format!("{name} has an init that is not seen from here."),
        }
    }

    /// What a blocker does, in words.
    fn words(&self, one: &Blocker) -> String {
        let who = self.who(one.pid);
        match &one.kind {
            Kind::Zombie {
                parent: Some(parent),
            } => format!(
                "{who} is a zombie: its parent {}, outside, does not wait for it",
                self.who(*parent)
            ),
            Kind::Zombie { parent: None } => format!(
                "{who} is a zombie: its parent, which is not seen from here, does not wait for it"
            ),
            Kind::Traced {
                tracer,
                zombie: true,
            } => format!(
                "{who} is a zombie: its tracer {}, outside, does not wait for it",
                self.who(*tracer)
            ),
            Kind::Traced {
                tracer,
                zombie: false,
            } => {
                format!(
                    "{who} is stopped by its tracer {}, outside",
                    self.who(*tracer)
                )
            }
            Kind::Group {
                session,
                number,
                inside,
            } => {
                let what = if *session { "session" } else { "process group" };
                match inside {
                    Some(inside) => {
                        format!("{who}, outside, is in {what} {number} of it ({inside} inside)")
                    }
                    None => format!(
                        "{who}, outside, is in {what} {number}, whose leader is gone: \
                         that number stays in use"
                    ),
                }
            }
            Kind::Stuck { thread } => {
                let which = if thread.tid == one.pid {
                    String::new()
                } else {
                    format!(" thread {}", thread.tid)
                };
                let place = match &thread.wchan {
                    Some(wchan) => format!(": it hangs in {wchan}"),
                    None => ": it hangs in the kernel (root may see where)".to_owned(),
                };
                format!("{who}{which} does not die{place}")
            }
            Kind::Descendant { key } => {
                let below = self.all.get(*key).map(Namespace::name).unwrap_or_default();
                format!("{who} is the init of {below} below, and waits itself")
            }
            Kind::Leaving => format!("{who} was killed and is exiting"),
        }
    }

    fn holder_words(&self, holder: &Holder) -> String {
        match holder {
            Holder::Files { pid, fds } => {
                let numbers: Vec<_> = fds.iter().map(i32::to_string).collect();
                let what = if numbers.len() == 1 { "file" } else { "files" };
                format!("{what} {} of {}", numbers.join(", "), self.who(*pid))
            }
            Holder::Mount { pid, point } => {
                format!("mount {point}, where {} is", self.who(*pid))
            }
            Holder::Children { pid } => {
                format!("{}, whose children would be there", self.who(*pid))
            }
        }
    }

    /// Which processes and namespaces are in it, and what else keeps it.
    fn held_by(&self) -> Vec<String> {
        let mut lines = Vec::new();
        match self.namespace.members.len() {
            0 => {}
            1 => lines.push("1 process".to_owned()),
            count => lines.push(format!("{count} processes")),
        }
        lines.extend(self.all.children(self.namespace.key).map(|child| {
            let init = child
                .init
                .map(|pid| format!(", whose init is {}", self.who(pid)));
            format!("{} below{}", child.name(), init.unwrap_or_default())
        }));
        lines.extend(
            self.holders()
                .iter()
                .map(|holder| self.holder_words(holder)),
        );
        lines
    }

    /// What there may be that was not seen.
    fn caveat(&self) -> Option<String> {
        let mut words = Vec::new();
        if self.seen.unseen > 0 {
            words.push(format!("open files of {} processes", self.seen.unseen));
        }
        if self.namespace.members.is_empty() {
            words.push(
                "pidfds of its processes and a /proc of it, which keep its memory".to_owned(),
            );
        }
        (!words.is_empty()).then(|| format!("Not seen from here: {}.", words.join("; ")))
    }

    pub fn text(&self) -> String {
        let mut out = self.head() + "\n";
        let (leaving, others): (Vec<_>, Vec<_>) = self
            .blockers
            .iter()
            .partition(|one| one.kind == Kind::Leaving);
        for sure in [true, false] {
            let some: Vec<_> = others.iter().filter(|one| one.sure == sure).collect();
            if !some.is_empty() {
                out += if sure {
                    "Blocked by:\n"
                } else {
                    "Perhaps blocked by:\n"
                };
            }
            for one in some {
                out += &format!("  {}\n", self.words(one));
                if let Kind::Stuck { thread } = &one.kind {
                    for line in thread.stack.iter().flatten() {
                        out += &format!("      {line}\n");
                    }
                }
            }
        }
        match leaving.len() {
            0 => {}
            1 => out += &format!("{}.\n", self.words(leaving[0])),
            count => out += &format!("{count} processes were killed and are on their way out.\n"),
        }
        let waits = self.namespace.state == State::Dying && self.namespace.init.is_some();
        if waits && self.blockers.is_empty() {
            out += "Nothing that blocks it is seen from here.\n";
        }
        let held = self.held_by();
        if !held.is_empty() {
            out += "Held by:\n";
            out.extend(held.iter().map(|line| format!("  {line}\n")));
        }
        if let Some(caveat) = self.caveat() {
            out += &caveat;
            out.push('\n');
        }
        out
    }

    fn process(&self, pid: Pid) -> Value {
        json!({ "pid": pid, "name": self.name(pid) })
    }

    fn blocker_json(&self, one: &Blocker) -> Value {
        let (kind, more) = match &one.kind {
            Kind::Zombie { parent } => (
                "zombie",
                json!({ "parent": parent.map(|pid| self.process(pid)) }),
            ),
            Kind::Traced { tracer, zombie } => (
                "traced",
                json!({ "tracer": self.process(*tracer), "zombie": zombie }),
            ),
            Kind::Group {
                session,
                number,
                inside,
            } => (
                if *session { "session" } else { "process-group" },
                json!({ "number": number, "inside": inside }),
            ),
            Kind::Stuck { thread } => (
                "stuck",
                json!({ "thread": thread.tid, "wchan": thread.wchan, "stack": thread.stack }),
            ),
            Kind::Descendant { key } => {
                let below = self.all.get(*key).and_then(Namespace::ino);
                ("descendant", json!({ "ns": below }))
            }
            Kind::Leaving => ("leaving", json!({})),
        };
        let mut all = json!({
            "kind": kind, "process": self.process(one.pid), "sure": one.sure,
            "text": self.words(one),
        });
        if let (Some(all), Value::Object(more)) = (all.as_object_mut(), more) {
            all.extend(more);
        }
        all
    }

    fn holder_json(&self, holder: &Holder) -> Value {
        match holder {
            Holder::Files { pid, fds } => {
                json!({ "kind": "files", "process": self.process(*pid), "fds": fds })
            }
            Holder::Mount { pid, point } => {
                json!({ "kind": "mount", "process": self.process(*pid), "path": point })
            }
            Holder::Children { pid } => {
                json!({ "kind": "pid_for_children", "process": self.process(*pid) })
            }
        }
    }

    pub fn json(&self) -> Value {
        json!({
            "namespace": table::json(self.namespace, self.seen, self.all, self.proc),
            "text": self.head(),
            "blockers": self.blockers.iter().map(|one| self.blocker_json(one)).collect::<Vec<_>>(),
            "holders": self.holders().iter().map(|one| self.holder_json(one)).collect::<Vec<_>>(),
            "unseen": self.seen.unseen,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixture::Fixture;

    fn text(fixture: &str, key: Key) -> String {
        let proc = Fixture::new(fixture);
        let seen = Snapshot::recorded(&proc).unwrap();
        let all = Namespaces::of(&seen, &proc);
        Why::of(&seen, &all, &proc, key).unwrap().text()
    }

    #[test]
    fn a_dying_one() {
        let said = text(
            include_str!("../fixtures/blockers.txt"),
            Key::Ino(4026532200),
        );
        let expected = "\
pid:[4026532200] is dying: its init 100 (init) waits until no other number there is in use.
Blocked by:
  70 (sh), outside, is in process group 103 of it (3 inside)
  71 (sh), outside, is in session 107 of it (7 inside)
  103 (sleep) is a zombie: its parent 50 (nsenter), outside, does not wait for it
  104 (sleep) is a zombie: its tracer 61 (gdb), outside, does not wait for it
  105 (sleep) is stopped by its tracer 61 (gdb), outside
  110 (dd) thread 111 does not die: it hangs in rpc_wait_bit_killable
  120 (init) is the init of pid:[4026532201] below, and waits itself
  121 (sleep) is a zombie: its parent 50 (nsenter), outside, does not wait for it
106 (sleep) was killed and is exiting.
Held by:
  7 processes
  pid:[4026532201] below, whose init is 120 (init)
  file 3 of 50 (nsenter)
";
        // Without files of namespaces the parent of one two levels down is known by its init.
        assert_eq!(said, expected);
    }

    #[test]
    fn a_healthy_one_and_an_empty_one() {
        let nested = include_str!("../fixtures/nested.txt");
        let said = text(nested, Key::Init(100));
        let first = "the PID namespace of 100 is alive: its init is 100 (init).";
        assert_eq!(said.lines().next(), Some(first));
        assert!(
            said.contains("the PID namespace of 110 below, whose init is 110 (init)\n"),
            "{said}"
        );
        let said = text(
            include_str!("../fixtures/blockers.txt"),
            Key::Ino(4026532333),
        );
        assert!(said.contains("file 5 of 61 (gdb)\n"), "{said}");
    }
}
