# SPDX-License-Identifier: GPL-2.0
"""pidns/check-ftrace.sh finds a function without an ftrace location; and what Kbuild takes for
functions that C knows are those of tools/testing/symbols."""

import re
import subprocess

from ..cache import TOP
from .kernel_tree import FolderTest

# The second is never traced.
FUNCTIONS = """int one(int x) { return x + 1; }
__attribute__((no_instrument_function, patchable_function_entry(0)))
int two(int x) { return x + 2; }
"""
KNOWN = re.compile(r'^pub\(crate\) unsafe extern "C" fn (\w+)', re.M)
# Objects and system calls are none.
OTHERS = re.compile(r"__x64_sys_.*|init_nsproxy|init_pid_ns|init_struct_pid|pidns_.*operations")


class FtraceTest(FolderTest):
    def checked(self, options: str, *functions: str) -> str:
        """What the check says of these, compiled with these options."""
        (self.folder / "a.c").write_text(FUNCTIONS, encoding="utf-8")
        gcc = f"gcc -O1 -ffunction-sections -c {options} -o a.o a.c".split()
        subprocess.run(gcc, cwd=self.folder, check=True)
        said = subprocess.run(
            ["sh", TOP / "pidns/check-ftrace.sh", "a.o", *functions],
            cwd=self.folder,
            env={"READELF": "readelf", "PATH": "/usr/bin:/bin"},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )
        return said.stdout

    def test_calls(self) -> None:
        self.assertEqual(self.checked("-pg -mfentry", "one"), "")
        self.assertEqual(
            self.checked("-pg -mfentry", "one", "two"), "a.o: two() has no ftrace location\n"
        )

    def test_listed_addresses(self) -> None:
        options = "-pg -mfentry -mrecord-mcount -mnop-mcount -fno-pie"
        self.assertEqual(self.checked(options, "one"), "")
        self.assertEqual(self.checked(options, "two"), "a.o: two() has no ftrace location\n")

    def test_nops_at_the_entry(self) -> None:
        options = "-fpatchable-function-entry=5"
        self.assertEqual(self.checked(options, "one"), "")
        for name in ("two", "three"):
            said = self.checked(options, name)
            self.assertEqual(said, f"a.o: {name}() has no ftrace location\n")
        self.assertEqual(self.checked(options), "a.o: no function is known by name\n")

    def test_kbuild_finds_all_functions(self) -> None:
        folders = [TOP / "pidns/abi", TOP / "nsproxy/abi"]
        files = [TOP / "nsproxy/abi.rs", *(file for path in folders for file in path.rglob("*.rs"))]
        known = {name for file in files for name in KNOWN.findall(file.read_text("utf-8"))}
        lines = (TOP / "tools/testing/symbols").read_text(encoding="utf-8").splitlines()
        names = {line.split()[0] for line in lines if line and line[0] != "#"}
        self.assertEqual({name for name in names if not OTHERS.fullmatch(name)} - known, set())
