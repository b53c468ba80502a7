# SPDX-License-Identifier: GPL-2.0
"""Tests of the check of lists/api.toml."""

from ..api import Item, faults, found, implemented, listed
from .kernel_tree import FolderTest

CODE = """
/// pub fn in_a_comment() {
/// }
pub struct Slot<T: Object>(NonNull<T>);

impl<T: Object + From<u8>> Slot<T>
where
    T: Sized,
{
    pub const fn new() -> Self {
        const OPEN: &str = "{";
        Self
    }

    pub unsafe fn from_raw(raw: NonNull<T>) -> Self {
        pub(crate) fn hidden() {}
        Self(raw)
    }

    fn private() {}
}

impl<T: Object> Drop for Slot<T> {
    fn drop(&mut self) {}
}

unsafe impl<T: Object> Send for Slot<T> {}

impl<'a> From<&'a rcu::Guard> for Evidence<'a> {
    fn from(_: &'a rcu::Guard) -> Self {}
}

pub unsafe trait Object {
    fn cache();
}

macro_rules! wrap {
    ($name:ident) => {
        unsafe impl $crate::sync::aref::AlwaysRefCounted for $name {
            fn inc_ref(&self) {}
        }
    };
}

pub fn register(f: impl FnOnce() -> i32) {}
"""
NAMES = {
    "Slot::new": False,
    "Slot::from_raw": True,
    "Drop for Slot": False,
    "From<&Guard> for Evidence": False,
    "trait Object": True,
    "AlwaysRefCounted for $name": False,
    "register": False,
}


class ApiTest(FolderTest):
    def test_found(self) -> None:
        path = self.folder / "rust/kernel/slab/slot.rs"
        path.parent.mkdir(parents=True)
        path.write_text(CODE, encoding="utf-8")
        items = found(self.folder)
        self.assertEqual(items, {Item("slab/slot.rs", name): NAMES[name] for name in NAMES})

    def test_implemented(self) -> None:
        self.assertEqual(implemented("impl Pid "), ("", "Pid"))
        self.assertEqual(implemented("impl<N: Namespace> Clone for NsRef<N> "), ("Clone", "NsRef"))

    def test_listed(self) -> None:
        lists = {"pid.rs": {"unsafe Pid::from_ptr": "the pointer is valid", "Pid::ns": "read"}}
        items = {Item("pid.rs", "Pid::from_ptr"): True, Item("pid.rs", "Pid::ns"): False}
        self.assertEqual(listed(lists), items)

    def test_list_is_invalid(self) -> None:
        for entries in ({"f": ""}, {"f": True}, {"f": "read", "unsafe f": "read"}):
            with self.assertRaises(ValueError):
                listed({"pid.rs": entries})

    def test_faults(self) -> None:
        here, there = Item("pid.rs", "here"), Item("pid.rs", "there")
        self.assertEqual(list(faults({here: True}, {here: True})), [])
        for code, known, fault in (
            ({here: False}, {}, "rust/kernel/pid.rs: here: safe, but not in "),
            ({here: True}, {}, "rust/kernel/pid.rs: here: unsafe, but not in "),
            ({}, {there: False}, "rust/kernel/pid.rs: there: in "),
            ({here: False}, {here: True}, "rust/kernel/pid.rs: here: safe, but unsafe in "),
            ({here: True}, {here: False}, "rust/kernel/pid.rs: here: unsafe, but safe in "),
        ):
            lines = list(faults(code, known))
            self.assertEqual(len(lines), 1)
            self.assertTrue(lines[0].startswith(fault), lines[0])
