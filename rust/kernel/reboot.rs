// SPDX-License-Identifier: GPL-2.0

//! Commands of `reboot(2)`.
//!
//! C header: [`include/uapi/linux/reboot.h`](srctree/include/uapi/linux/reboot.h)

use crate::{
    bindings,
    ffi::c_int, //
};

/// A command of `reboot(2)` that stops or restarts the machine.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RebootCommand {
    /// Restart: `RESTART`, and `RESTART2` with a string for the firmware.
    Restart,
    /// Halt with the power left on: `HALT`.
    Halt,
    /// Power off: `POWER_OFF`.
    PowerOff,
}

impl RebootCommand {
    /// Returns the command with the number `cmd`, or [`None`] for any other.
    ///
    /// # Examples
    ///
    /// ```
    /// use kernel::reboot::RebootCommand;
    ///
    /// assert_eq!(RebootCommand::from_raw(0x0123_4567), Some(RebootCommand::Restart));
    /// assert_eq!(RebootCommand::from_raw(0), None);
    /// ```
    pub const fn from_raw(cmd: c_int) -> Option<Self> {
        // CAST: Some of the numbers use the sign bit.
        match cmd as u32 {
            bindings::LINUX_REBOOT_CMD_RESTART | bindings::LINUX_REBOOT_CMD_RESTART2 => {
                Some(Self::Restart)
            }
            bindings::LINUX_REBOOT_CMD_HALT => Some(Self::Halt),
            bindings::LINUX_REBOOT_CMD_POWER_OFF => Some(Self::PowerOff),
            _ => None,
        }
    }
}
