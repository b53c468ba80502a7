// SPDX-License-Identifier: GPL-2.0

//! Where process identifiers come from: a slab cache for each level.

use kernel::{
    pid::{
        PidCache,
        PidCaches, //
    },
    prelude::*,
    slab::SlabFlags,
    str::CString, //
};

static CACHES: PidCaches = PidCaches::new();

fn flags() -> SlabFlags {
    SlabFlags::HWCACHE_ALIGN | SlabFlags::ACCOUNT
}

/// Creates the cache for the identifiers of the initial namespace. Panics if there is no memory.
pub(crate) fn create_initial() -> Result<PidCache> {
    PidCache::create(0, c"pid", flags() | SlabFlags::PANIC)
}

/// Returns the cache for the identifiers of a namespace at `level`, which is created when the first
/// such namespace is. Its name tells how many numbers an identifier has.
///
/// Returns `ENOMEM`, and `EINVAL` if there is no such level. May sleep.
pub(crate) fn for_level(level: u32) -> Result<PidCache> {
    let name = || {
        let numbers = level.checked_add(1).ok_or(EINVAL)?;
        Ok(CString::try_from_fmt(fmt!("pid_{numbers}"))?)
    };
    CACHES.get_or_create(level, name, flags())
}
