# SPDX-License-Identifier: GPL-2.0
"""Debuggers, a dump and what is compared; QEMU and the debuggers are stand-ins."""

import json
import os
import socket
import threading
from pathlib import Path
from unittest import mock

from .. import debuggers, distro, kernel, qemu, rootfs, setup
from ..cache import Cache
from ..ktap import Outcome, Result
from ..options import Options, choose
from .kernel_tree import FolderTest, write
from .test_qemu import VNG

BEGINS = "echo pidns-ready >&4\nread -r command <&3\n"


class DistroTest(FolderTest):
    def test_checks(self) -> None:
        counts = distro.counts()
        files = "allocinfo bpf debuggers ftrace livepatch perf"
        self.assertEqual(list(counts), [*files.split(), "kselftests", "dump"])
        self.assertEqual((counts["debuggers"], counts["dump"]), (2, 3))
        self.assertTrue(all(counts.values()))
        self.refused(
            "CHECKS=nope is not known; there are: allocinfo",
            lambda: choose("CHECKS", ["perf", "nope"], counts),
        )
        self.assertEqual(choose("CHECKS", ["perf", "bpf", "perf"], counts), ["bpf", "perf"])

    def test_options(self) -> None:
        self.refused(
            "DEBUG=1 is not for distro",
            lambda: distro.command(Options(), Cache(self.folder), {"DEBUG": "1"}, []),
        )

    def test_functions(self) -> None:
        functions = distro.functions()
        self.assertIn("alloc_pid", functions)
        self.assertEqual(functions, sorted(functions))
        for name in ("init_pid_ns", "__x64_sys_setns", "pid_idr_init", "#", "pidns_operations"):
            self.assertNotIn(name, functions)

    def test_prototypes(self) -> None:
        said = "struct pid * alloc_pid(void);\nvoid my_alloc_pid(void);\nint **alloc_pid(int);\n"
        self.assertEqual(
            distro.prototypes(said), ["int **alloc_pid(int);", "struct pid * alloc_pid(void);"]
        )

    def dump(self, *answers: object) -> list[str]:
        """What QEMU is asked, which gives these answers."""
        asked = []
        with socket.socket(socket.AF_UNIX) as listener:
            (self.folder / "qmp").unlink(missing_ok=True)
            listener.bind(str(self.folder / "qmp"))
            listener.listen()

            def serve() -> None:
                connection = listener.accept()[0]
                with connection, connection.makefile("rw", encoding="utf-8") as talk:
                    talk.write('{"QMP": {}}\n')
                    for answer in answers:
                        talk.flush()
                        asked.append(json.loads(talk.readline())["execute"])
                        talk.write(f'{{"event": "STOP"}}\n{json.dumps(answer)}\n')

            server = threading.Thread(target=serve)
            server.start()
            try:
                with mock.patch("time.sleep"):
                    distro.dump(self.folder, 60)
            finally:
                server.join()
        return asked

    def test_a_dump(self) -> None:
        good: object = {"return": {}}
        bad = {"error": {"desc": "no space"}}
        self.assertEqual(self.dump(good, good), ["qmp_capabilities", "dump-guest-memory"])
        self.refused("QEMU refuses dump-guest-memory: no space", lambda: self.dump(good, bad))
        self.refused("QEMU ended within dump-guest-memory", lambda: self.dump(good, {}))

    def test_what_is_found_in_dumps(self) -> None:
        lines = [f"void {name}(void);" for name in distro.functions()]
        tools = {"drgn": "echo 9 tasks", "crash": "exit 0", "pfunct": "cat btf"}
        stage = {"table": "1 1 a\n", "vmlinux": "", "dump": "", "btf": "\n".join(lines)}
        write(self.folder, stage | {f"bin/{name}": "" for name in tools})
        for name, text in tools.items():
            self.program(name, f"#!/bin/sh\ncd {self.folder}; {text}\n")
        dumps = distro.Dump(self.folder)
        claims, said = dumps.look(self.folder)
        self.assertEqual([one.why for one in claims], ["", "the table has too few processes", ""])
        self.assertEqual(said[0], "# 9 tasks")
        write(self.folder, {"btf": "\n".join(["int free_pid(int);", *lines[1:]])})
        self.program("drgn", "#!/bin/sh\necho a\necho b\nexit 1\n")
        claims, said = dumps.look(self.folder)
        self.assertEqual({one.outcome for one in claims}, {Outcome.FAIL})
        self.assertEqual(claims[0].why, "b")
        self.assertIn("# one has only int free_pid(int);", said)

    def test_a_guest(self) -> None:
        """What it prints is shown, its memory dumped when it says so, and all of it kept."""
        lines = "KTAP version 1\n1..1\nok 1 perf: it\npidns-table 7 1 sleep\npidns-dump".split("\n")
        printed = "".join(f"echo '{line}' >&4\n" for line in lines)
        self.program(
            "vng", f"#!/bin/bash\n{VNG}{BEGINS}{printed}echo pidns-status 0 >&4\nread -r end <&3"
        )

        def look(stage: Path) -> tuple[list[Result], list[str]]:
            self.assertEqual((stage / "table").read_text(), "7 1 sleep\n")
            return [Result("dump: it", Outcome.PASS)], ["# 9 tasks"]

        dumps = mock.Mock(tools=Path("/tools"), look=look)
        tree = mock.MagicMock()
        tree.__enter__.return_value.source.path = Path(os.environ["PIDNS_SOURCE"])
        cache = Cache(self.folder / "cache")
        with (
            mock.patch.multiple(kernel, built=mock.Mock(return_value=tree), stage=mock.DEFAULT),
            mock.patch.object(kernel, "stage_distribution"),
            mock.patch.object(distro, "dump") as dump,
            mock.patch.object(qemu, "KVM", Path("/nowhere")),
        ):
            results = distro.run(Options(impl="c"), cache, ["perf", "dump"], dumps)
        self.assertTrue(dump.called)
        names = ["perf: it", "the guest came to its end", "the kernel log is silent", "dump: it"]
        self.assertEqual([one.name for one in results], names)
        self.assertEqual({one.outcome for one in results}, {Outcome.PASS})
        self.assertIn("c: ok 1 perf: it\n", self.said.getvalue())
        self.assertNotIn("pidns-", self.said.getvalue())
        self.assertIn("there is no dump of IMPL=c", self.said.getvalue())
        ktap = (cache.log / "distro-c.ktap").read_text(encoding="utf-8")
        self.assertIn("# 9 tasks\nKTAP version 1\n1..3\n", ktap)


class DebuggersTest(FolderTest):
    def test_they_are_fetched_once(self) -> None:
        cache, fetched = Cache(self.folder), []

        def fetch(_c: Cache, _g: str, release: str, _p: object, target: Path, *_o: str) -> None:
            fetched.append(release)
            write(target, {"usr/bin/perf": "", "var/lib/apt/lists/a": ""})

        with (
            mock.patch.object(rootfs, "mmdebstrap", side_effect=fetch),
            mock.patch.object(setup, "make_venv") as venv,
        ):
            path = debuggers.folder(cache)
            self.assertEqual(debuggers.folder(cache), path)
        self.assertEqual((fetched, venv.call_count), (["trixie", "forky"], 1))
        text = (path / "bin/perf").read_text(encoding="utf-8")
        self.assertIn(f"'{path}/trixie/usr/bin/perf' \"$@\"\n", text)
        self.assertTrue((path / "bin/drgn").is_symlink())
        self.assertFalse((path / "trixie/var").exists())
