// SPDX-License-Identifier: GPL-2.0

//! The state of a PID namespace.
//!
//! It is computed each time from fields that `fork()` and `exit()` access as well. There is no
//! second copy.

use crate::{
    bindings,
    pid_namespace::PidNamespace,
    sync::atomic::{
        Atomic,
        Relaxed, //
    },
};

/// The value of `pid_allocated`: the number of pids, and whether `PIDNS_ADDING` is set.
///
/// # Examples
///
/// ```
/// use kernel::{
///     ns::pid::PidAllocated,
///     pid_namespace::PidNamespace, //
/// };
///
/// let allocated = PidNamespace::initial().pid_allocated();
/// assert!(matches!(allocated, PidAllocated::Adding(1..)));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PidAllocated {
    /// `PIDNS_ADDING` is set: this many pids, and more may be allocated.
    Adding(u32),
    /// `PIDNS_ADDING` is cleared: this many pids, and no more will be allocated.
    Disabled(u32),
}

impl PidAllocated {
    /// Splits the value of the field into the count and the flag `PIDNS_ADDING`.
    #[inline]
    pub const fn from_raw(raw: u32) -> Self {
        if raw & bindings::PIDNS_ADDING != 0 {
            Self::Adding(raw & !bindings::PIDNS_ADDING)
        } else {
            Self::Disabled(raw)
        }
    }
}

/// The life of a PID namespace.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PidNsLife {
    /// No child reaper yet. The first process must get number 1.
    AwaitingInit,
    /// It has a child reaper.
    Alive,
    /// PID allocation is disabled: the child reaper is dying, or dead.
    Dying,
}

impl PidNsLife {
    /// Computes the state from the fields `pid_allocated` and `child_reaper`.
    ///
    /// # Examples
    ///
    /// ```
    /// use kernel::{
    ///     bindings,
    ///     ns::pid::PidNsLife,
    ///     pid_namespace::PidNamespace, //
    /// };
    ///
    /// let initial = PidNamespace::initial();
    /// assert!(initial.has_reaper());
    /// assert_eq!(initial.life(), PidNsLife::Alive);
    ///
    /// let adding = bindings::PIDNS_ADDING;
    /// assert_eq!(PidNsLife::from_fields(adding, false), PidNsLife::AwaitingInit);
    /// assert_eq!(PidNsLife::from_fields(adding + 1, false), PidNsLife::AwaitingInit);
    /// assert_eq!(PidNsLife::from_fields(adding + 1, true), PidNsLife::Alive);
    /// assert_eq!(PidNsLife::from_fields(1, true), PidNsLife::Dying);
    /// assert_eq!(PidNsLife::from_fields(0, false), PidNsLife::Dying);
    /// ```
    pub const fn from_fields(pid_allocated: u32, has_reaper: bool) -> Self {
        match PidAllocated::from_raw(pid_allocated) {
            PidAllocated::Disabled(_) => Self::Dying,
            PidAllocated::Adding(_) if has_reaper => Self::Alive,
            PidAllocated::Adding(_) => Self::AwaitingInit,
        }
    }
}

impl PidNamespace {
    #[inline]
    fn raw_pid_allocated(&self) -> u32 {
        // SAFETY: `self` is valid, and the field is only accessed by single loads and stores.
        unsafe { Atomic::from_ptr(&raw mut (*self.as_ptr()).pid_allocated) }.load(Relaxed)
    }

    /// Returns a snapshot of the field.
    #[inline]
    pub fn pid_allocated(&self) -> PidAllocated {
        PidAllocated::from_raw(self.raw_pid_allocated())
    }

    /// Returns whether the namespace has, or had, a child reaper.
    #[inline]
    pub fn has_reaper(&self) -> bool {
        // SAFETY: `self` is valid, and the field is only accessed by single loads and stores.
        let reaper = unsafe { Atomic::from_ptr(&raw mut (*self.as_ptr()).child_reaper) };
        !reaper.load(Relaxed).is_null()
    }

    /// Returns a snapshot of the state.
    #[inline]
    pub fn life(&self) -> PidNsLife {
        PidNsLife::from_fields(self.raw_pid_allocated(), self.has_reaper())
    }
}

#[cfg(CONFIG_PIDNS_KUNIT_TEST)]
#[crate::macros::kunit_tests(rust_pid_ns_state)]
mod tests {
    use super::*;

    const ADDING: u32 = bindings::PIDNS_ADDING;

    #[test]
    fn splits_flag_and_count() {
        assert_eq!(PidAllocated::from_raw(ADDING), PidAllocated::Adding(0));
        assert_eq!(PidAllocated::from_raw(ADDING | 2), PidAllocated::Adding(2));
        assert_eq!(
            PidAllocated::from_raw(u32::MAX),
            PidAllocated::Adding(ADDING - 1)
        );
        assert_eq!(PidAllocated::from_raw(0), PidAllocated::Disabled(0));
        assert_eq!(PidAllocated::from_raw(2), PidAllocated::Disabled(2));
        assert_eq!(
            PidAllocated::from_raw(ADDING - 1),
            PidAllocated::Disabled(ADDING - 1)
        );
    }
}
