// SPDX-License-Identifier: GPL-2.0

//! The file `namespaces` of debugfs: all PID namespaces, and for a dying one, the pids that it
//! waits for.
//!
//! Each line is looked up anew, by the ids of the line before, in an RCU read-side section of its
//! own, so that a long file does not delay grace periods.

use crate::{
    blockers,
    raw::{
        limits::INIT,
        new_ns, ns_common,
        tree::{
            self,
            After, //
        },
    },
};
use kernel::{
    fmt,
    ns::{
        pid::{
            PidAllocated,
            PidNsLife, //
        },
        Namespace, //
    },
    pid::{
        PidNr,
        PidType,
        Upid, //
    },
    pid_namespace::PidNamespace,
    prelude::*,
    seq_file::{
        seq_print,
        SeqFile, //
    },
    sync::{
        aref::ARef,
        rcu, //
    },
};

/// A namespace, or a number in a dying one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Position {
    ns_id: u64,
    nr: Option<i32>,
}

impl Position {
    /// Returns the first: the initial namespace.
    pub(crate) fn first() -> Self {
        Self::at(PidNamespace::initial())
    }

    fn at(ns: &PidNamespace) -> Self {
        Self {
            ns_id: ns_common::id(ns.common()),
            nr: None,
        }
    }

    /// Returns the next: another number that a dying namespace waits for, or another namespace.
    pub(crate) fn next(self) -> Option<Self> {
        let ns = tree::find(self.ns_id).filter(|ns| ns.life() == PidNsLife::Dying);
        let from = self.nr.map_or(0, |nr| nr.saturating_add(1));
        let nr = ns.and_then(|ns| Some(blockers::first(&ns, from, &rcu::read_lock())?.nr));

        match nr {
            Some(_) => Some(Self { nr, ..self }),
            None => self.next_namespace(),
        }
    }

    /// Returns the next namespace, whatever may have been destroyed meanwhile.
    fn next_namespace(self) -> Option<Self> {
        let mut from = None;
        loop {
            match tree::after(self.ns_id, from) {
                After::Found(ns) => return Some(Self::at(&ns)),
                After::None => return None,
                After::From(id) => from = Some(id),
            }
        }
    }

    /// Shows it, unless it has gone meanwhile.
    pub(crate) fn show(self, file: &SeqFile) {
        let Some(ns) = tree::find(self.ns_id) else {
            return;
        };
        let rcu = rcu::read_lock();
        match self.nr {
            None => show_namespace(&ns, file, &rcu),
            Some(nr) => {
                if let Some(blocker) = blockers::first(&ns, nr, &rcu).filter(|at| at.nr == nr) {
                    seq_print!(file, "  nr {nr}: {}\n", blocker.snapshot(&rcu));
                }
            }
        }
    }
}

/// The name of a state.
struct Life(PidNsLife);

impl fmt::Display for Life {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self.0 {
            PidNsLife::AwaitingInit => "waiting",
            PidNsLife::Alive => "alive",
            PidNsLife::Dying => "dying",
        })
    }
}

fn show_namespace(ns: &ARef<PidNamespace>, file: &SeqFile, rcu: &rcu::Guard) {
    let (PidAllocated::Adding(pids) | PidAllocated::Disabled(pids)) = ns.pid_allocated();
    let (references, active) = ns_common::references(ns.common());
    // Do not count `ns` itself.
    let references = references.saturating_sub(1);
    let init = ns
        .find(INIT, rcu)
        .filter(|init| init.has_task(PidType::Tgid));
    let init = init.and_then(|init| init.numbers().first().and_then(Upid::nr));

    seq_print!(
        file,
        "namespace {}\n  inum {} level {} parent {} owner {}\n",
        ns_common::id(ns.common()),
        ns.common().inum(),
        ns.level(),
        ns.parent()
            .map_or(0, |parent| ns_common::id(parent.common())),
        ns_common::id(ns.user_ns().common()),
    );
    seq_print!(
        file,
        "  state {} pids {} last_pid {} pid_max {} init {}\n",
        Life(ns.life()),
        pids,
        ns.cursor().saturating_sub(1),
        ns.pid_max(),
        init.map_or(0, PidNr::get),
    );
    seq_print!(
        file,
        "  references {references} active {active} age {}\n",
        new_ns::age(ns)
    );
}

#[cfg(CONFIG_PIDNS_KUNIT_TEST)]
#[kunit_tests(pidns_debugfs)]
mod tests {
    use super::*;
    use crate::testing::{
        child,
        nested, //
    };

    fn all() -> impl Iterator<Item = Position> {
        core::iter::successors(Some(Position::first()), |at| at.next())
    }

    #[test]
    fn each_namespace_once_in_order() -> Result {
        let outer = nested(1)?;
        let inner = child(&outer)?;
        let count = |ns: &PidNamespace| all().filter(|at| *at == Position::at(ns)).count();

        assert_eq!(count(PidNamespace::initial()), 1);
        assert_eq!(count(&outer), 1);
        assert_eq!(count(&inner), 1);
        assert!(all()
            .zip(all().skip(1))
            .all(|(before, after)| before.ns_id < after.ns_id || after.nr.is_some()));
        Ok(())
    }

    #[test]
    fn goes_on_after_what_is_gone() -> Result {
        let (one, other) = (nested(1)?, nested(1)?);
        let gone = Position {
            // Ids are of all types of namespaces, and ascend.
            ns_id: Position::at(&other).ns_id.saturating_sub(1),
            nr: Some(7),
        };

        if gone.ns_id != Position::at(&one).ns_id {
            assert_eq!(gone.next(), Some(Position::at(&other)));
        }
        let last = Position {
            ns_id: u64::MAX,
            nr: None,
        };
        assert_eq!(last.next(), None);
        Ok(())
    }
}
