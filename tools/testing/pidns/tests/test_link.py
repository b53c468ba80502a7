# SPDX-License-Identifier: GPL-2.0
import unittest

from ..arch import ARM64
from ..link import traced, wanted_symbols, wrong_map, wrong_objects, wrong_symbols

GLUE, PIDNS, NSPROXY = (
    "kernel/pidns/pidns/glue.o",
    "kernel/pidns/pidns/lib.o",
    "kernel/pidns/nsproxy/lib.o",
)
RUST = [GLUE, PIDNS, NSPROXY]
C = ["kernel/nsproxy.o", "kernel/pid.o", "kernel/pid_namespace.o"]
SYMBOLS = ("alloc_pid", "switch_it", "__x64_sys_setns")


class ObjectsTest(unittest.TestCase):
    def wrong(self, impl: str, *objects: str, pid_ns: bool = True) -> list[str]:
        return list(wrong_objects(impl, ["kernel/fork.o", *objects], pid_ns=pid_ns))

    def test_rust(self) -> None:
        self.assertEqual(self.wrong("rust", *RUST), [])
        self.assertEqual(self.wrong("rust", *(f"build/{name}" for name in RUST)), [])
        self.assertEqual(
            self.wrong("c", *RUST),
            [f"{name} is not linked" for name in C]
            + [f"{name} is linked" for name in sorted(RUST)],
        )

    def test_c(self) -> None:
        self.assertEqual(self.wrong("c", *C), [])
        self.assertEqual(len(self.wrong("rust", *C)), 6)
        self.assertEqual(self.wrong("c", *C[:2]), ["kernel/pid_namespace.o is not linked"])

    def test_no_pid_ns(self) -> None:
        self.assertEqual(self.wrong("c", *C[:2], pid_ns=False), [])
        self.assertEqual(self.wrong("c", C[0], pid_ns=False), ["kernel/pid.o is not linked"])
        self.assertEqual(self.wrong("c", *C, pid_ns=False), ["kernel/pid_namespace.o is linked"])

    def test_both_and_neither(self) -> None:
        both = ["kernel/pid.o", *RUST]
        self.assertEqual(self.wrong("rust", *both), ["kernel/pid.o is linked"])
        self.assertTrue(self.wrong("c", *both))
        self.assertTrue(self.wrong("rust"))


class MapTest(unittest.TestCase):
    def wrong(self, impl: str, *objects: str) -> list[str]:
        """Each of `objects` is one, and its symbols, as lld writes them."""
        lines = [
            "             VMA              LMA     Size Align Out     In      Symbol",
            "ffffffff81000000          1000000   96f550  4096 .text",
        ]
        for words in map(str.split, objects):
            lines.append(
                f"ffffffff810a6fa0          10a6fa0       80    16         vmlinux.a({words[0]}):(.text)"
            )
            lines += [
                f"ffffffff810a6fa0          10a6fa0       40     1                 {symbol}"
                for symbol in words[1:]
            ]
        return list(wrong_map(impl, lines, SYMBOLS))

    def test_map(self) -> None:
        glue, pidns = f"{GLUE} __x64_sys_setns", f"{PIDNS} alloc_pid"
        nsproxy = f"{NSPROXY} switch_it"
        fork = "kernel/fork.o fork alloc"
        for objects, wrong in (
            ((fork, glue, pidns, nsproxy), []),
            ((glue, pidns, nsproxy, "kernel/pid.o pid"), ["kernel/pid.o is in the map"]),
            (
                (pidns, nsproxy, "kernel/sys.o __x64_sys_setns"),
                [f"{GLUE} is not in the map", "__x64_sys_setns comes from kernel/sys.o"],
            ),
            (
                (glue, pidns, nsproxy, "rust/kernel.o switch_it"),
                ["switch_it comes from rust/kernel.o"],
            ),
            ((glue, pidns, NSPROXY), ["switch_it comes from nothing"]),
        ):
            self.assertEqual(self.wrong("rust", *objects), wrong)

    def test_map_of_c(self) -> None:
        objects = ("kernel/nsproxy.o switch_it __x64_sys_setns", "kernel/pid.o alloc_pid", C[2])
        self.assertEqual(self.wrong("c", *objects), [])


class SymbolsTest(unittest.TestCase):
    def wrong(self, exported: str, names: str = "alloc_pid put_pid other") -> list[str]:
        wanted = wanted_symbols("# Wanted.\nalloc_pid\nput_pid EXPORT_SYMBOL_GPL\n")
        defined = "".join(f"ffffffff81000000 T {name}\n" for name in names.split())
        exports = (word.split(":") for word in exported.split())
        text = "".join(f"0x00000000\t{name}\tvmlinux\t{how}\t\n" for name, how in exports)
        return list(wrong_symbols(wanted, defined, text))

    def test_symbols_of_an_architecture(self) -> None:
        wanted = wanted_symbols("__x64_sys_setns\ninit_pid_ns\nfree_pid\nalloc_pid\n", ARM64)
        self.assertIn("__arm64_sys_setns", wanted)
        self.assertEqual(traced(wanted), ["alloc_pid", "free_pid"])

    def test_symbols(self) -> None:
        good = "put_pid:EXPORT_SYMBOL_GPL"
        self.assertEqual(self.wrong(f"{good} other:EXPORT_SYMBOL_GPL"), [])
        self.assertEqual(
            self.wrong("put_pid:EXPORT_SYMBOL"),
            ["put_pid is EXPORT_SYMBOL; it must be EXPORT_SYMBOL_GPL"],
        )
        self.assertEqual(
            self.wrong(f"{good} alloc_pid:EXPORT_SYMBOL_GPL"),
            ["alloc_pid is EXPORT_SYMBOL_GPL; it must be not exported"],
        )
        self.assertEqual(self.wrong(""), ["put_pid is not exported; it must be EXPORT_SYMBOL_GPL"])
        self.assertEqual(self.wrong(good, "put_pid"), ["alloc_pid is not defined"])
