// SPDX-License-Identifier: GPL-2.0

//! Sysctls.
//!
//! C header: [`include/linux/sysctl.h`](srctree/include/linux/sysctl.h)

use crate::{
    bindings,
    current,
    error::{
        from_result,
        to_result, //
    },
    prelude::*,
    str::as_char_ptr_in_const_context,
    task::CurrentTask, //
};
use core::{
    marker::PhantomData,
    mem::size_of,
    ops::RangeInclusive,
    ptr, //
};

/// An integer sysctl whose value depends on the task that accesses it, for example one per
/// namespace.
///
/// # Examples
///
/// ```
/// use core::ops::RangeInclusive;
/// use kernel::{
///     prelude::*,
///     sync::atomic::{
///         Atomic,
///         Relaxed, //
///     },
///     sysctl::{
///         self,
///         IntSysctl, //
///     },
///     task::CurrentTask,
/// };
///
/// static PERCENT: Atomic<i32> = Atomic::new(50);
///
/// struct Percent;
///
/// impl IntSysctl for Percent {
///     type Owner = Atomic<i32>;
///
///     const NAME: &'static CStr = c"percent";
///     const MODE: u16 = 0o644;
///
///     fn owner(_current: &CurrentTask) -> Result<&Atomic<i32>> {
///         Ok(&PERCENT)
///     }
///
///     fn bounds(_owner: &Atomic<i32>) -> RangeInclusive<i32> {
///         0..=100
///     }
///
///     fn get(owner: &Atomic<i32>) -> i32 {
///         owner.load(Relaxed)
///     }
///
///     fn set(owner: &Atomic<i32>, value: i32) {
///         owner.store(value, Relaxed);
///     }
/// }
///
/// // The file is `/proc/sys/rust_doctest/percent`.
/// sysctl::register::<Percent>(c"rust_doctest")?;
/// # Ok::<(), Error>(())
/// ```
pub trait IntSysctl: 'static {
    /// The object that the value belongs to.
    type Owner: ?Sized;

    /// The name of the file.
    const NAME: &'static CStr;

    /// The mode of the file.
    const MODE: u16;

    /// Returns the owner of the value for the current task.
    fn owner(current: &CurrentTask) -> Result<&Self::Owner>;

    /// Returns whether the current task may write. If not, `write(2)` returns `EPERM`.
    fn may_write(_owner: &Self::Owner) -> bool {
        true
    }

    /// Returns the range of valid values. `write(2)` returns `EINVAL` for others.
    fn bounds(owner: &Self::Owner) -> RangeInclusive<i32>;

    /// Returns the value.
    fn get(owner: &Self::Owner) -> i32;

    /// Changes the value to one within the bounds.
    fn set(owner: &Self::Owner, value: i32);
}

/// Registers `T` in the directory `path` below `/proc/sys`, permanently.
///
/// Returns `ENOMEM`, also if the file exists already, which is logged. Returns `EINVAL` if `T` is
/// part of a module, which could be unloaded. May sleep.
#[doc(alias = "register_sysctl")]
pub fn register<T: IntSysctl>(path: &CStr) -> Result {
    let table: &'static bindings::ctl_table = const { &Entry::<T>::TABLE };
    if !is_built_in(Entry::<T>::handle as *const ()) {
        return Err(EINVAL);
    }

    // SAFETY: `path` is a valid string, which is needed during the call only, and `table` is one
    // entry that is never freed. The handler suits the entry.
    let header = unsafe { bindings::register_sysctl_sz(path.as_char_ptr(), table, 1) };
    if header.is_null() {
        Err(ENOMEM)
    } else {
        Ok(())
    }
}

/// Returns whether `function` is built in, not in a module.
fn is_built_in(function: *const ()) -> bool {
    // SAFETY: Any address may be passed.
    unsafe { bindings::core_kernel_text(function as usize) != 0 }
}

/// The `struct ctl_table` of `T`.
struct Entry<T>(PhantomData<T>);

impl<T: IntSysctl> Entry<T> {
    const TABLE: bindings::ctl_table = bindings::ctl_table {
        procname: as_char_ptr_in_const_context(T::NAME),
        data: ptr::null_mut(),
        maxlen: size_of::<c_int>() as c_int,
        mode: T::MODE,
        proc_handler: Some(Self::handle),
        poll: ptr::null_mut(),
        extra1: ptr::null_mut(),
        extra2: ptr::null_mut(),
    };

    /// Reads or writes a copy of the value.
    ///
    /// # Safety
    ///
    /// * `table` is [`Self::TABLE`].
    /// * `buffer`, `lenp` and `ppos` are as for any `proc_handler`.
    unsafe extern "C" fn handle(
        table: *const bindings::ctl_table,
        write: c_int,
        buffer: *mut c_void,
        lenp: *mut usize,
        ppos: *mut bindings::loff_t,
    ) -> c_int {
        from_result(|| {
            let current = current!();
            let owner = T::owner(current)?;
            if write != 0 && !T::may_write(owner) {
                return Err(EPERM);
            }
            let mut value: c_int = T::get(owner);
            let (mut min, mut max) = T::bounds(owner).into_inner();
            let table = bindings::ctl_table {
                data: (&raw mut value).cast(),
                extra1: (&raw mut min).cast(),
                extra2: (&raw mut max).cast(),
                // SAFETY: The caller promises a valid table.
                ..unsafe { *table }
            };
            // SAFETY: `table` holds one integer and two bounds, which are valid for the call; the
            // caller promises the rest.
            to_result(unsafe {
                bindings::proc_dointvec_minmax(&raw const table, write, buffer, lenp, ppos)
            })?;
            if write != 0 {
                T::set(owner, value);
            }
            Ok(0)
        })
    }
}
