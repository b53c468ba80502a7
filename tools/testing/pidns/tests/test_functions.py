# SPDX-License-Identifier: GPL-2.0
"""Tests of the table from C functions to Rust functions."""

from ..functions import rows, table, unlisted
from .kernel_tree import FolderTest

ABI = """
#[export]
pub(crate) unsafe extern "C" fn alloc_pid() {
    allocator::alloc()
}

#[export]
pub(crate) unsafe extern "C" fn put_pid() {
    unsafe { free::put(pid) };
}

#[export]
pub(crate) unsafe extern "C" fn find_pid_ns() {
    ns.find()
}

#[export]
pub(crate) unsafe extern "C" fn pidns_setns() {
}

#[export]
#[inline(never)]
pub(crate) unsafe extern "C" fn of_rust_alone() {
}

unsafe extern "C" fn of_no_name() {
}
"""
KERNEL = """
    #[doc(alias = "find_pid_ns")]
    #[inline]
    pub fn find<'a>(&self) {}
"""


class FunctionsTest(FolderTest):
    def setUp(self) -> None:
        super().setUp()
        self.top = self.folder
        for name, text in (
            ("pidns/abi.rs", "mod pid;"),
            ("pidns/abi/pid.rs", ABI),
            ("pidns/allocator.rs", ""),
            ("pidns/raw/free.rs", ""),
            ("rust/kernel/pid.rs", KERNEL),
        ):
            path = self.top / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")

    def test_rows(self) -> None:
        found = [(row.c, row.rust, row.file) for row in rows(self.top, "pidns")]
        self.assertEqual(
            found,
            [
                ("alloc_pid", "allocator::alloc", "pidns/allocator.rs"),
                ("put_pid", "free::put", "pidns/raw/free.rs"),
                ("find_pid_ns", "find", "rust/kernel/pid.rs"),
                ("__x64_sys_setns", "pidns_setns", "pidns/abi/pid.rs"),
            ],
        )
        self.assertIn("`sys_setns()`", table(self.top, "pidns"))
        self.assertEqual(unlisted(self.top, "pidns"), ["of_rust_alone"])
