# SPDX-License-Identifier: GPL-2.0
"""The configuration and the steps of make debs, by a stand-in for the kernel's make."""

import gzip
import lzma
from collections.abc import Sequence
from pathlib import Path
from unittest import mock

from .. import cli, debs
from ..cache import Cache
from ..config import merged, read_config
from ..debs import Debs, leaves, read_given, wanted
from ..errors import Fault
from ..options import Options
from ..source import Source
from ..toolchain import Toolchain
from ..tree import Tree
from .kernel_tree import FolderTest, make_tree, write

GIVEN = 'CONFIG_A=y\nCONFIG_MODVERSIONS=y\nCONFIG_DEBUG_INFO_BTF=y\nCONFIG_LOCALVERSION="-x"\n'


class DebsTest(FolderTest):
    def setUp(self) -> None:
        super().setUp()
        self.cache = Cache(self.folder / "cache/pidns")
        make_tree(self.folder / "linux")
        source = Source(self.folder / "linux", "linux-7.3.4")
        toolchain = mock.Mock(identity="x", env={})
        toolchain.make = lambda _: ["make"]
        self.enterContext(mock.patch.object(Toolchain, "find", lambda *_: toolchain))
        self.enterContext(mock.patch.object(Source, "find", lambda *_: source))
        self.enterContext(mock.patch.object(Source, "lay_over", lambda _: None))
        self.enterContext(mock.patch.object(Cache, "need_space", lambda *_: None))
        self.enterContext(mock.patch.object(Tree, "run", self.run_step))
        self.given = self.write("config", GIVEN)
        # What was run, and what fails.
        self.steps: list[str] = []
        self.fails = ""
        # With what Rust does not go.
        self.against = "CONFIG_DEBUG_INFO_BTF=y"

    def run_step(self, _log: Path, command: Sequence[str | Path], _what: str) -> None:
        words = list(map(str, command))
        goal = next(
            word
            for word in words
            if word in ("olddefconfig", "localmodconfig", "all", "bindeb-pkg")
        )
        self.steps.append(goal)
        if goal == self.fails:
            raise Fault("it fails")
        build = next(Path(word[2:]) for word in words if word.startswith("O="))
        if goal == "olddefconfig":
            configs = [
                word.partition("=")[2] for word in words if word.startswith("KCONFIG_CONFIG")
            ]
            path = Path(configs[0]) if configs else build / ".config"
            text = path.read_text()
            if self.against in text:
                path.write_text(text.replace("CONFIG_RUST=y\n", ""))
        elif goal == "localmodconfig":
            write(build, {".config": (build / ".config").read_text() + "CONFIG_LOADED=m\n"})
        elif goal == "bindeb-pkg":
            write(build.parent, {"linux-image-7.3.4-pidns-rust_7.3.4-1_amd64.deb": ""})

    def debs(self, impl: str = "rust", given: bool = True) -> Debs:
        return Debs(Options(impl=impl), self.cache, self.given if given else None)

    def test_what_does_not_go_with_rust(self) -> None:
        made = self.debs()
        self.assertEqual([path.name[:12] for path in made.build()], ["linux-image-"])
        have = read_config((made.tree.build / ".config").read_text())
        self.assertEqual(have["CONFIG_LOCALVERSION"], '"-pidns-rust"')
        self.assertEqual((have["CONFIG_DEBUG_INFO_BTF"], have["CONFIG_PIDNS_RUST"]), ("n", "y"))
        self.assertEqual(have["CONFIG_SYSTEM_TRUSTED_KEYS"], '""')
        self.assertEqual(have["CONFIG_MODVERSIONS"], "y")
        self.assertIn("does not go with Rust: BTF is off", self.said.getvalue())
        self.assertEqual(self.steps, [*["olddefconfig"] * 3, "all", "bindeb-pkg"])

    def test_what_never_goes(self) -> None:
        self.against = "CONFIG_A=y"
        self.refused("Kconfig does not honour CONFIG_RUST=y", self.debs().build)

    def test_c_as_it_is(self) -> None:
        made = self.debs("c")
        made.build()
        have = read_config((made.tree.build / ".config").read_text())
        self.assertEqual((have["CONFIG_DEBUG_INFO_BTF"], have["CONFIG_PIDNS_C"]), ("y", "y"))
        self.assertNotEqual(made.tree.build, self.debs().tree.build)

    def test_goes_on(self) -> None:
        self.fails = "all"
        self.refused("it fails", self.debs().build)
        config = self.debs().tree.build / ".config"
        before = config.stat().st_mtime_ns
        self.fails = ""
        self.steps.clear()
        self.debs().build()
        self.assertEqual(self.steps, ["all", "bindeb-pkg"])
        self.assertEqual(config.stat().st_mtime_ns, before)
        # Another configuration of the same name.
        self.given.write_text(f"{GIVEN}CONFIG_B=y\n")
        self.debs().configure(self.debs().tree)
        self.assertIn("CONFIG_B=y", config.read_text())

    def test_a_copy_of_the_other_one(self) -> None:
        with mock.patch.object(Tree, "copy_from") as copy:
            write(self.debs("c").tree.build, {"vmlinux": ""})
            self.debs().build()
            copy.assert_called_once_with(self.debs("c").tree)
            # That goes on.
            write(self.debs().tree.build, {"vmlinux": ""})
            self.debs().build()
            copy.assert_called_once()

    def test_this_machine(self) -> None:
        with mock.patch.object(debs, "running", lambda: self.given):
            made = self.debs(given=False)
            made.build()
            self.assertEqual(self.steps[:2], ["olddefconfig", "localmodconfig"])
            config = made.tree.build / ".config"
            self.assertIn("CONFIG_LOADED=m", config.read_text())
            # The next build is of what runs then.
            self.given.write_text(f"{GIVEN}CONFIG_B=y\n")
            made.build()
        self.assertIn("CONFIG_B=y", config.read_text())

    def test_no_image(self) -> None:
        made = self.debs()
        with mock.patch.object(Path, "glob", lambda *_: []):
            self.refused("bindeb-pkg made no image", made.build)

    def test_limit(self) -> None:
        self.assertEqual(Debs(Options(minutes=9), self.cache, self.given).tree.limit, 540)

    def test_compressed_configurations(self) -> None:
        for name, data in (
            ("x", lzma.compress(GIVEN.encode())),
            ("g", gzip.compress(GIVEN.encode())),
        ):
            path = self.folder / name
            path.write_bytes(data)
            self.assertEqual(read_given(path), GIVEN)
            path.write_bytes(data[:-20])
            self.refused("cannot be read", lambda: read_given(path))  # noqa: B023
        self.refused("is no configuration", lambda: read_given(self.write("n", "text\n")))

    def test_leaves(self) -> None:
        self.assertEqual(list(leaves("CONFIG_A=y\n")), [("", "")])
        extra = [
            one for one, _ in leaves("CONFIG_RANDSTRUCT_FULL=y\n# CONFIG_MODVERSIONS is not set\n")
        ]
        self.assertEqual(extra, ["", "CONFIG_RANDSTRUCT_NONE=y\n"])
        last = list(leaves(GIVEN))[-1][0]
        self.assertIn("CONFIG_MODVERSIONS=n", merged(GIVEN, last))
        self.assertIn("CONFIG_RUST=y", wanted("rust")[1])

    def test_options(self) -> None:
        with mock.patch.dict("os.environ", CONFIG="/no/file"):
            self.assertEqual(cli.main(["debs"]), 1)
        self.assertIn("CONFIG=/no/file is not a file", self.said.getvalue())
        with mock.patch.dict("os.environ", DEBUG="1"):
            self.assertEqual(cli.main(["debs"]), 1)
        self.assertIn("DEBUG=1 is not for debs", self.said.getvalue())
