// SPDX-License-Identifier: GPL-2.0

//! Namespaces and pids for tests.
//!
//! Tests run in a kernel thread, in the initial namespace. A test that fails ends without dropping
//! what it has created.

use crate::{
    allocator, namespace,
    raw::{
        free::UnusedPid,
        testing::TestReaper, //
    },
};
use core::ops::Deref;
use kernel::{
    cred::NewCred,
    ns::pid::PidAllocated,
    pid::{
        Pid,
        PidNr,
        Upid, //
    },
    pid_namespace::PidNamespace,
    prelude::*,
    sync::aref::ARef,
    task::Kuid,
    time::{
        delay::fsleep,
        Delta,
        Instant,
        Monotonic, //
    },
};

pub(crate) use crate::raw::testing::{
    rcu_barrier,
    with_current, //
};

/// A pid whose numbers are freed when this is dropped.
pub(crate) struct TestPid {
    pid: ARef<Pid>,
    unused: Option<UnusedPid>,
}

impl TestPid {
    /// Allocates a pid, see [`allocator::alloc_pid()`].
    pub(crate) fn new(ns: &PidNamespace, set_tid: &[i32]) -> Result<Self> {
        let unused = allocator::alloc_pid(ns, set_tid)?;

        Ok(Self {
            pid: ARef::from(&*unused),
            unused: Some(unused),
        })
    }

    /// Returns the number in its own namespace.
    pub(crate) fn own_nr(&self) -> Option<i32> {
        self.numbers().last().and_then(Upid::nr).map(PidNr::get)
    }
}

impl Deref for TestPid {
    type Target = Pid;

    fn deref(&self) -> &Pid {
        &self.pid
    }
}

impl Drop for TestPid {
    fn drop(&mut self) {
        if let Some(pid) = self.unused.take() {
            allocator::free_pid(pid);
        }
    }
}

/// Returns the error of an allocation, or [`None`] if it succeeds.
pub(crate) fn alloc_error(ns: &PidNamespace, set_tid: &[i32]) -> Option<Error> {
    TestPid::new(ns, set_tid).err()
}

/// Returns the number of each pid in its own namespace.
pub(crate) fn own_numbers(pids: &[TestPid]) -> Result<KVec<i32>> {
    let mut numbers = KVec::new();
    for pid in pids {
        numbers.push(pid.own_nr().ok_or(ENOENT)?, GFP_KERNEL)?;
    }
    Ok(numbers)
}

/// Allocates `count` pids.
pub(crate) fn alloc_many(ns: &PidNamespace, count: usize) -> Result<KVec<TestPid>> {
    let mut pids = KVec::new();
    for _ in 0..count {
        pids.push(TestPid::new(ns, &[])?, GFP_KERNEL)?;
    }
    Ok(pids)
}

/// Creates a namespace below `parent` with the same owner.
pub(crate) fn child(parent: &PidNamespace) -> Result<ARef<PidNamespace>> {
    namespace::create_pid_namespace(parent.user_ns(), parent)
}

/// Creates a chain of `depth` namespaces, and returns the innermost.
pub(crate) fn nested(depth: u32) -> Result<ARef<PidNamespace>> {
    let mut ns = ARef::from(PidNamespace::initial());
    for _ in 0..depth {
        ns = child(&ns)?;
    }
    Ok(ns)
}

/// A chain of namespaces, each with a pid 1 and a child reaper, so that other pids can be
/// allocated.
pub(crate) struct NsChain {
    // Dropped in this order: the child reaper before its pid.
    _reapers: KVec<TestReaper>,
    _init: TestPid,
    innermost: ARef<PidNamespace>,
}

impl NsChain {
    /// Creates a chain of `depth` namespaces.
    pub(crate) fn new(depth: u32) -> Result<Self> {
        let innermost = nested(depth)?;
        let init = TestPid::new(&innermost, &[])?;
        let mut reapers = KVec::new();
        for ns in below_initial(&innermost) {
            reapers.push(TestReaper::new(ns)?, GFP_KERNEL)?;
        }

        Ok(Self {
            _reapers: reapers,
            _init: init,
            innermost,
        })
    }

    /// Returns the namespace at `level`; [`Deref`] returns the innermost.
    pub(crate) fn at(&self, level: u32) -> Result<&PidNamespace> {
        self.self_and_ancestors()
            .find(|ns| ns.level() == level)
            .ok_or(ENOENT)
    }
}

impl Deref for NsChain {
    type Target = PidNamespace;

    fn deref(&self) -> &PidNamespace {
        &self.innermost
    }
}

/// Returns `ns` and its ancestors except the initial namespace, where other tasks are active.
pub(crate) fn below_initial(ns: &PidNamespace) -> impl Iterator<Item = &PidNamespace> {
    ns.self_and_ancestors().filter(|ns| !ns.is_initial())
}

/// Returns `pid_allocated` of each namespace of [`below_initial()`].
pub(crate) fn allocated(ns: &PidNamespace) -> Result<KVec<PidAllocated>> {
    let mut counts = KVec::new();
    for ns in below_initial(ns) {
        counts.push(ns.pid_allocated(), GFP_KERNEL)?;
    }
    Ok(counts)
}

/// The UID and GID of the test user.
const TEST_ID: u32 = 3_999_999_999;

/// Returns a user that owns nothing but what tests create.
pub(crate) fn test_user() -> Result<Kuid> {
    let user = PidNamespace::initial().user_ns().kuid(TEST_ID);

    user.ok_or(EINVAL)
}

/// Calls `f` as the test user, with all capabilities or none.
pub(crate) fn as_test_user<R>(capable: bool, f: impl FnOnce() -> R) -> Result<R> {
    let group = PidNamespace::initial().user_ns().kgid(TEST_ID);
    let mut cred = NewCred::prepare()?;
    cred.set_effective_ids(test_user()?, group.ok_or(EINVAL)?);
    if !capable {
        cred.drop_capabilities();
    }
    Ok(cred.with_creds(f))
}

/// Waits up to a minute until `done` holds, and returns whether it does.
pub(crate) fn wait_until(done: impl Fn() -> bool) -> bool {
    let start = Instant::<Monotonic>::now();
    while !done() {
        if start.elapsed() > Delta::from_secs(60) {
            return false;
        }
        rcu_barrier();
        fsleep(Delta::from_millis(10));
    }
    true
}
