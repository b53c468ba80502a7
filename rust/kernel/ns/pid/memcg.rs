// SPDX-License-Identifier: GPL-2.0

//! Which control group memory is charged to.
//!
//! C header: [`include/linux/memcontrol.h`](srctree/include/linux/memcontrol.h)

use crate::prelude::*;
#[cfg(CONFIG_MEMCG)]
use crate::{
    bindings,
    current,
    sync::rcu, //
};

/// Tells whether an object is charged to the control group that the current task charges memory to.
///
/// # Safety
///
/// `object` must be in a slab cache whose objects are charged.
pub(crate) unsafe fn is_charged_to_current(object: *mut c_void) -> bool {
    #[cfg(CONFIG_MEMCG)]
    {
        let task = current!().as_ptr();
        let _rcu = rcu::read_lock();
        // SAFETY: The caller promises a valid object. Groups stay in memory for a grace period, and
        // are only compared.
        let (group, own) = unsafe {
            (
                bindings::mem_cgroup_from_virt(object),
                bindings::mem_cgroup_from_task(task),
            )
        };
        // SAFETY: The root does not change after boot.
        let root = unsafe { bindings::root_mem_cgroup };
        // In the root nothing is charged.
        group == own || (group.is_null() && own == root)
    }
    #[cfg(not(CONFIG_MEMCG))]
    {
        let _ = object;
        true
    }
}
