// SPDX-License-Identifier: GPL-2.0

//! The slab caches of `struct pid`, and their names.

use crate::raw::cache::{
    PidCache,
    PidCaches, //
};
use kernel::{
    prelude::*,
    slab::SlabFlags,
    str::CString, //
};

static CACHES: PidCaches = PidCaches::new();

fn flags() -> SlabFlags {
    SlabFlags::HWCACHE_ALIGN | SlabFlags::ACCOUNT
}

/// Creates the cache for the pids of the initial namespace. Panics if there is no memory.
pub(crate) fn create_initial() -> Result<PidCache> {
    PidCache::create(0, c"pid", flags() | SlabFlags::PANIC)
}

/// Returns the cache for the pids of namespaces at `level`, which is created when the first such
/// namespace is. It is named after the number of levels that a pid has.
///
/// Returns `ENOMEM`, and `EINVAL` if there is no such level. May sleep.
pub(crate) fn for_level(level: u32) -> Result<PidCache> {
    if let Some(cache) = CACHES.get(level)? {
        return Ok(cache);
    }
    let name = CString::try_from_fmt(fmt!("pid_{}", level.saturating_add(1)))?;
    CACHES.create(level, &name, flags())
}

#[cfg(CONFIG_PIDNS_KUNIT_TEST)]
#[kunit_tests(pidns_caches)]
mod tests {
    use super::*;
    use kernel::pid_namespace::PidNamespace;

    #[test]
    fn one_cache_per_level() -> Result {
        for level in 1..=PidNamespace::MAX_LEVEL {
            assert!(for_level(level)? == for_level(level)?);
        }
        assert!(for_level(1)? != for_level(2)?);
        Ok(())
    }

    #[test]
    fn no_other_caches() {
        assert_eq!(for_level(0).err(), Some(EINVAL));
        assert_eq!(for_level(PidNamespace::MAX_LEVEL + 1).err(), Some(EINVAL));
        assert_eq!(for_level(u32::MAX).err(), Some(EINVAL));
    }
}
