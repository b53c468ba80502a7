// SPDX-License-Identifier: GPL-2.0

//! The slab caches of `struct pid`, and their names.

use crate::raw::cache::{
    PidCache,
    PidCaches, //
};
use kernel::{
    pid_namespace::PidNamespace,
    prelude::*,
    slab::SlabFlags,
    str::CStr, //
};

static CACHES: PidCaches = PidCaches::new();

/// Names of the caches from level 1 on. As in C, the suffix is how many numbers a pid has.
/// Literals, since KMSAN reports strings that Rust has formatted.
static NAMES: [&CStr; PidNamespace::MAX_LEVEL as usize] = [
    c"pid_2", c"pid_3", c"pid_4", c"pid_5", c"pid_6", c"pid_7", c"pid_8", c"pid_9", c"pid_10",
    c"pid_11", c"pid_12", c"pid_13", c"pid_14", c"pid_15", c"pid_16", c"pid_17", c"pid_18",
    c"pid_19", c"pid_20", c"pid_21", c"pid_22", c"pid_23", c"pid_24", c"pid_25", c"pid_26",
    c"pid_27", c"pid_28", c"pid_29", c"pid_30", c"pid_31", c"pid_32", c"pid_33",
];

fn flags() -> SlabFlags {
    SlabFlags::HWCACHE_ALIGN | SlabFlags::ACCOUNT
}

/// Creates the cache for the pids of the initial namespace. Panics if there is no memory.
pub(crate) fn create_initial() -> Result<PidCache> {
    PidCache::create(0, c"pid", flags() | SlabFlags::PANIC)
}

/// Returns the cache for the pids of namespaces at `level`, which is created when the first such
/// namespace is.
///
/// Returns `ENOMEM`, and `EINVAL` if there is no such level. May sleep.
pub(crate) fn for_level(level: u32) -> Result<PidCache> {
    if let Some(cache) = CACHES.get(level)? {
        return Ok(cache);
    }
    // CAST: `usize` has 32 bits or more, and `get` checks the bound.
    let name = NAMES.get(level.wrapping_sub(1) as usize).ok_or(EINVAL)?;
    CACHES.create(level, name, flags())
}

#[cfg(CONFIG_PIDNS_KUNIT_TEST)]
#[kunit_tests(pidns_caches)]
mod tests {
    use super::*;

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
