// SPDX-License-Identifier: GPL-2.0

//! What writers and readers do at once, and what must hold.

use crate::{
    bindings,
    idr::{self, LockedIdr},
    memory::{self, RcuGuard},
    ns::pid::PidIdr,
    pid_namespace::PidNamespace,
    sync::LockClassKey,
    tasklist::RcuOrTasklist,
    types::Opaque,
};
use core::{marker::PhantomData, mem::offset_of, pin::Pin, ptr::NonNull};
use loom::{
    sync::{Mutex, RwLock},
    thread,
};
use std::{collections::BTreeMap, sync::Arc};

pub const ALL: [(&str, fn()); 9] = [
    ("publish", publish),
    ("grow", grow),
    ("prune", prune),
    ("last", last),
    ("reuse", reuse),
    ("scan", scan),
    ("kept", kept),
    ("zap", zap),
    ("sequences", sequences),
];

/// Switches of threads that loom makes where no thread waits.
const PREEMPTIONS: usize = 3;

/// Numbers up to here are looked up in the sequences; 4 slots a node, so two levels of inner nodes.
const LIMIT: u32 = 24;

static CLASS: LockClassKey = LockClassKey;

impl<'a> From<&'a RcuGuard> for RcuOrTasklist<'a> {
    fn from(_: &'a RcuGuard) -> Self {
        Self(PhantomData)
    }
}

/// A namespace's table, its lock, and the pids that were published.
struct Table {
    ns: NonNull<PidNamespace>,
    lock: Mutex<()>,
}

// SAFETY: What is not atomic is protected by the lock.
unsafe impl Send for Table {}
// SAFETY: As above.
unsafe impl Sync for Table {}

/// A pid as its owner has it.
#[derive(Clone, Copy)]
struct Pid(NonNull<bindings::pid>);

// SAFETY: Only its address is used.
unsafe impl Send for Pid {}

impl Table {
    fn new() -> Arc<Self> {
        memory::reset();
        // SAFETY: All of it may be zeroes.
        let ns: bindings::pid_namespace = unsafe { core::mem::zeroed() };
        let head = offset_of!(bindings::idr, idr_rt) + offset_of!(bindings::xarray, xa_head);
        let ns = memory::alloc(ns, [(head, 0), (offset_of!(bindings::idr, idr_next), 0)]);
        // SAFETY: Nobody else knows the memory.
        unsafe { idr::init(&raw mut (*ns).idr, Pin::static_ref(&CLASS)) };
        Arc::new(Self {
            ns: NonNull::new(ns.cast()).unwrap(),
            lock: Mutex::new(()),
        })
    }

    fn ns(&self) -> &PidNamespace {
        // SAFETY: The memory stays until the end of the execution.
        unsafe { self.ns.as_ref() }
    }

    fn idr(&self) -> &PidIdr {
        self.ns().idr()
    }

    fn locked<T>(&self, call: impl FnOnce(LockedIdr<'_>) -> T) -> T {
        let guard = self.lock.lock().unwrap();
        // SAFETY: The lock is held.
        let result = call(unsafe { LockedIdr::assume(self.idr()) });
        drop(guard);
        result
    }

    /// Reserves a number and publishes a new pid.
    fn add(&self, reserve: impl FnOnce(LockedIdr<'_>) -> u32) -> (u32, Pid) {
        self.locked(|idr| {
            let nr = reserve(idr);
            let pid = bindings::pid {
                nr: memory::Constant {
                    value: nr,
                    block: 0,
                },
            };
            let pid = memory::alloc(pid, []);
            // SAFETY: Nobody else knows the pid.
            unsafe { (*pid).nr.block = pid as usize };
            let pid = NonNull::new(pid).unwrap();
            // SAFETY: The number was reserved.
            unsafe { idr.publish(nr, pid) };
            (nr, Pid(pid))
        })
    }

    fn add_exact(&self, nr: u32) -> Pid {
        self.add(|idr| {
            assert_eq!(idr.alloc(nr as i32), Ok(()));
            nr
        })
        .1
    }

    fn add_cyclic(&self) -> (u32, Pid) {
        self.add(|idr| idr.alloc_cyclic(1..LIMIT as i32).unwrap() as u32)
    }

    /// Frees the number, and the pid after a grace period.
    fn free(&self, nr: u32, pid: Pid) {
        // SAFETY: The number was reserved.
        self.locked(|idr| unsafe { idr.remove(nr) });
        memory::call_rcu(pid.0.as_ptr() as usize);
    }

    /// What a reader finds: a pid that is complete and still there.
    fn find(&self, nr: u32, guard: &RcuGuard) -> bool {
        let pid = self.ns().find(nr as i32, guard);
        if let Some(pid) = pid {
            assert_eq!(pid.nr(), nr, "another pid than that of the number");
        }
        pid.is_some()
    }

    fn find_ge(&self, nr: u32, guard: &RcuGuard) -> Option<u32> {
        let (found, pid) = self.ns().find_ge(nr as i32, guard)?;
        assert_eq!(
            pid.nr(),
            found as u32,
            "another pid than that of the number"
        );
        Some(found as u32)
    }

    /// All numbers that a scan from `nr` on finds, which must go up.
    fn scan(&self, mut nr: u32, guard: &RcuGuard) -> Vec<u32> {
        let mut found = Vec::new();
        while let Some(next) = self.find_ge(nr, guard) {
            assert!(next >= nr, "a scan that goes back");
            found.push(next);
            nr = next + 1;
        }
        found
    }
}

/// Runs a model in all interleavings.
fn explore(model: impl Fn() + Sync + Send + 'static) {
    let mut builder = loom::model::Builder::new();
    builder.preemption_bound = Some(PREEMPTIONS);
    builder.max_branches = 20_000;
    builder.check(model);
}

/// Runs `read` under RCU in one thread, and `write` in another one.
fn against(
    table: &Arc<Table>,
    write: impl FnOnce(&Table) + Send + 'static,
    read: impl FnOnce(&Table, &RcuGuard) + Send + 'static,
) {
    let reader = {
        let table = table.clone();
        thread::spawn(move || {
            let guard = memory::rcu_read_lock();
            read(&table, &guard);
        })
    };
    write(table);
    reader.join().unwrap();
}

/// The first number of a table, and of a leaf.
fn publish() {
    explore(|| {
        let table = Table::new();
        against(
            &table,
            |table| {
                table.add_exact(1);
                table.add_exact(2);
            },
            |table, guard| {
                let second = table.find(2, guard);
                assert!(
                    !second || table.find(1, guard),
                    "published later, but found before"
                );
            },
        );
        let guard = memory::rcu_read_lock();
        assert!(table.find(1, &guard) && table.find(2, &guard) && !table.find(3, &guard));
    });
}

/// Nodes are added above and beside a leaf.
fn grow() {
    explore(|| {
        let table = Table::new();
        table.add_exact(1);
        against(
            &table,
            |table| {
                table.add_exact(6);
                table.add_exact(17);
            },
            |table, guard| {
                assert!(table.find(1, guard), "lost while the table grows");
                let far = table.find(17, guard);
                assert!(
                    !far || table.find(6, guard),
                    "published later, but found before"
                );
            },
        );
    });
}

/// Leaves are removed, and with them the nodes above.
fn prune() {
    explore(|| {
        let table = Table::new();
        table.add_exact(1);
        let far = table.add_exact(17);
        let next = table.add_exact(6);
        against(
            &table,
            move |table| {
                table.free(17, far);
                table.free(6, next);
            },
            |table, guard| {
                assert!(table.find(1, guard), "lost while the table shrinks");
                table.find(6, guard);
                table.find(17, guard);
            },
        );
    });
}

/// The last number goes, and with it the kept leaf.
fn last() {
    explore(|| {
        let table = Table::new();
        let (nr, pid) = table.add_cyclic();
        against(
            &table,
            move |table| {
                table.free(nr, pid);
                table.add_cyclic();
            },
            |table, guard| {
                table.find_ge(1, guard);
                table.find(1, guard);
            },
        );
        let guard = memory::rcu_read_lock();
        assert_eq!(table.scan(1, &guard).len(), 1);
    });
}

/// A number is freed and used again: a reader finds the old pid, none, or the new one.
fn reuse() {
    explore(|| {
        let table = Table::new();
        table.add_exact(1);
        let old = table.add_exact(6);
        let writer = {
            let table = table.clone();
            thread::spawn(move || {
                table.free(6, old);
                table.add_exact(6);
            })
        };
        against(
            &table,
            |table| {
                table.add_exact(7);
            },
            |table, guard| {
                table.find(6, guard);
                assert!(table.find(1, guard));
            },
        );
        writer.join().unwrap();
        let guard = memory::rcu_read_lock();
        assert_eq!(table.scan(0, &guard), [1, 6, 7]);
    });
}

/// A scan against changes: what is there all the time is found once, in order.
fn scan() {
    explore(|| {
        let table = Table::new();
        table.add_exact(1);
        let second = table.add_exact(6);
        table.add_exact(9);
        against(
            &table,
            move |table| {
                table.free(6, second);
                table.add_exact(20);
            },
            |table, guard| {
                let found = table.scan(1, guard);
                assert!(
                    found.contains(&1) && found.contains(&9),
                    "skipped by a scan"
                );
                assert!(found.iter().all(|nr| [1, 6, 9, 20].contains(nr)));
                assert!(found.is_sorted_by(|one, next| one < next));
            },
        );
    });
}

/// The cursor moves on to another leaf: the kept one, which is empty, goes.
fn kept() {
    explore(|| {
        let table = Table::new();
        table.add_exact(1);
        table.locked(|idr| idr.set_cursor(7));
        let (nr, pid) = table.add_cyclic();
        assert_eq!(nr, 7);
        against(
            &table,
            move |table| {
                table.free(7, pid);
                assert_eq!(table.add_cyclic().0, 8);
            },
            |table, guard| {
                let found = table.scan(2, guard);
                assert!(found.iter().all(|nr| [7, 8].contains(nr)));
                assert!(table.find(1, guard));
            },
        );
        check(&table);
    });
}

/// A pid that is linked under tasklist_lock is found by a scan that takes the lock later.
fn zap() {
    explore(|| {
        let table = Table::new();
        table.add_exact(1);
        let tasklist = Arc::new(RwLock::new(false));
        let cloner = {
            let (table, tasklist) = (table.clone(), tasklist.clone());
            thread::spawn(move || {
                table.add_exact(6);
                *tasklist.write().unwrap() = true;
            })
        };
        let other = {
            let table = table.clone();
            thread::spawn(move || {
                table.add_exact(18);
            })
        };
        {
            let linked = tasklist.read().unwrap();
            let guard = memory::rcu_read_lock();
            let found = table.scan(2, &guard).contains(&6);
            assert!(found || !*linked, "a process survives the zap");
        }
        cloner.join().unwrap();
        other.join().unwrap();
    });
}

/// What one writer does to a table.
#[derive(Clone, Copy, Debug)]
enum Step {
    Cyclic(u32),
    Exact(u32),
    RemoveFirst,
    RemoveLast,
    Cursor(u32),
}

/// The end of the range of cyclic allocations.
const END: u32 = 10;
const STEPS: [Step; 8] = [
    Step::Cyclic(1),
    Step::Cyclic(3),
    Step::Exact(1),
    Step::Exact(5),
    Step::Exact(17),
    Step::RemoveFirst,
    Step::RemoveLast,
    Step::Cursor(7),
];
/// Numbers at the beginning, and the length of the sequences: an empty table, and one with a full
/// leaf.
const BEGINNINGS: [(&[u32], u32); 2] = [(&[], 5), (&[4, 5, 6, 7], 3)];

/// All short sequences, with one thread: numbers are those that `lib/idr.c` gives, and nodes are
/// as it leaves them but for the kept leaf.
fn sequences() {
    for (numbers, longest) in BEGINNINGS {
        for length in 1..=longest {
            for sequence in 0..STEPS.len().pow(length) {
                let begin = numbers.iter().copied().map(Step::Exact);
                let digit = |place| sequence / STEPS.len().pow(place) % STEPS.len();
                let steps: Vec<Step> = begin
                    .chain((0..length).map(|place| STEPS[digit(place)]))
                    .collect();
                explore(move || follow(&steps));
            }
        }
    }
}

/// Takes steps, and compares with a map.
fn follow(steps: &[Step]) {
    let table = Table::new();
    let mut there = BTreeMap::new();
    let mut cursor = 0;
    for step in steps {
        take(&table, *step, &mut there, &mut cursor);
    }
    let guard = memory::rcu_read_lock();
    assert_eq!(table.idr().cursor(), cursor, "{steps:?}");
    for nr in 0..LIMIT {
        assert_eq!(
            table.find(nr, &guard),
            there.contains_key(&nr),
            "{nr}: {steps:?}"
        );
    }
    for nr in [0, 6] {
        let scanned = table.scan(nr, &guard);
        assert!(
            scanned.iter().eq(there.range(nr..).map(|(nr, _)| nr)),
            "{scanned:?}: {steps:?}"
        );
    }
    check(&table);
}

/// Takes a step; the table must give the numbers that the map has free.
fn take(table: &Table, step: Step, there: &mut BTreeMap<u32, Pid>, cursor: &mut u32) {
    match step {
        Step::Cyclic(start) => {
            let from = start.max(*cursor);
            let free = |nr: &u32| !there.contains_key(nr);
            let Some(want) = (from..END).find(free).or_else(|| (start..END).find(free)) else {
                let none = table.locked(|idr| idr.alloc_cyclic(start as i32..END as i32));
                assert!(none.is_err());
                return;
            };
            let range = start as i32..END as i32;
            let (nr, pid) = table.add(|idr| idr.alloc_cyclic(range).unwrap() as u32);
            assert_eq!(nr, want);
            there.insert(nr, pid);
            *cursor = nr + 1;
        }
        Step::Exact(nr) if there.contains_key(&nr) => {
            assert!(table.locked(|idr| idr.alloc(nr as i32)).is_err());
        }
        Step::Exact(nr) => {
            there.insert(nr, table.add_exact(nr));
        }
        Step::RemoveFirst => {
            if let Some((nr, pid)) = there.pop_first() {
                table.free(nr, pid);
            }
        }
        Step::RemoveLast => {
            if let Some((nr, pid)) = there.pop_last() {
                table.free(nr, pid);
            }
        }
        Step::Cursor(nr) => {
            table.locked(|idr| idr.set_cursor(nr));
            *cursor = nr;
        }
    }
}

/// Checks the counts, marks and shape of all nodes.
fn check(table: &Table) {
    let nodes = bindings::nodes(table.idr().as_ptr());
    let cursor = table.idr().cursor();
    let numbers: usize = nodes
        .iter()
        .filter(|node| node.shift == 0)
        .map(|node| node.used.len())
        .sum();
    assert_eq!(
        nodes.is_empty(),
        numbers == 0,
        "a table without numbers has nodes"
    );
    for node in &nodes {
        assert_eq!(
            usize::from(node.count),
            node.used.len(),
            "the count of a node"
        );
        assert_eq!(node.free, node.expected_free, "the marks of a node");
        let kept = cursor.wrapping_sub(1) >> bindings::XA_CHUNK_SHIFT
            == (node.first >> bindings::XA_CHUNK_SHIFT);
        assert!(node.count > 0 || (node.shift == 0 && kept), "an empty node");
        assert!(
            !node.root || node.shift == 0 || node.used != [0],
            "a root that is too high"
        );
    }
}

// The namespace begins with its IDR.
const _: () = assert!(offset_of!(bindings::pid_namespace, idr) == 0);
const _: () = assert!(size_of::<Opaque<()>>() == 0);
