// SPDX-License-Identifier: GPL-2.0

//! What perf is told about tasks.
//!
//! C header: [`include/linux/perf_event.h`](srctree/include/linux/perf_event.h)

use crate::{
    bindings,
    task::CurrentTask, //
};

impl CurrentTask {
    /// Records the namespaces of the current task (`PERF_RECORD_NAMESPACES`) for whoever asked.
    ///
    /// # Examples
    ///
    /// ```
    /// // Nobody may have asked.
    /// current!().record_namespaces();
    /// ```
    #[doc(alias = "perf_event_namespaces")]
    pub fn record_namespaces(&self) {
        // SAFETY: The current task is valid.
        unsafe { bindings::perf_event_namespaces(self.as_ptr()) };
    }
}
