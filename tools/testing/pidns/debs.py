# SPDX-License-Identifier: GPL-2.0
"""make debs: Debian packages of a kernel, by the kernel's bindeb-pkg, with a configuration that is given
or that of this machine, reduced to the modules that are loaded here.

A build that was interrupted, or that MINUTES= stopped, goes on where it was.
"""

import gzip
import hashlib
import lzma
import os
import re
import shutil
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from . import debuggers, releases
from .cache import Cache
from .config import merged, read_config, unhonoured
from .errors import Fault, note
from .kept import key_of
from .lists import load
from .options import Options, refuse_all_but
from .setup import RUST, Setup, has, setup
from .source import Source
from .toolchain import Toolchain
from .tree import Tree

SPACE = 20000
# What a distribution's configuration names and only its maintainers have.
KEYS = """CONFIG_SYSTEM_TRUSTED_KEYS=""
CONFIG_SYSTEM_REVOCATION_KEYS=""
CONFIG_MODULE_SIG_KEY="certs/signing_key.pem"
"""
# In a build tree: what a build that goes on has as its configuration.
STAMP = ".pidns-debs"
# Not the package with debugging information, and no look for what apt installed it needs.
DPKG_FLAGS = "-d -Ppkg.linux-upstream.nokerneldbg"


@dataclass(frozen=True)
class Leave:
    """What a configuration may have that Rust does not go with, and what to do then."""

    symbol: str
    instead: str
    why: str


LEAVES = (
    Leave("CONFIG_MODVERSIONS", "CONFIG_GENDWARFKSYMS=y\n", "versions of symbols are by DWARF"),
    Leave("CONFIG_DEBUG_INFO_BTF", "CONFIG_DEBUG_INFO_BTF=n\n", "BTF is off: pahole is too old"),
    Leave("CONFIG_MODVERSIONS", "CONFIG_MODVERSIONS=n\n", "versions of symbols are off"),
    Leave("CONFIG_RANDSTRUCT", "CONFIG_RANDSTRUCT_NONE=y\n", "structures are not randomized"),
)


def read_given(path: Path) -> str:
    """A configuration, which may be compressed."""
    data = path.read_bytes()
    try:
        if data.startswith(b"\x1f\x8b"):
            data = gzip.decompress(data)
        elif data.startswith(b"\xfd7zXZ"):
            data = lzma.decompress(data)
    except (OSError, EOFError, lzma.LZMAError) as error:
        raise Fault(f"{path} cannot be read ({error}); give another configuration") from None
    text = data.decode(errors="replace")
    if not read_config(text):
        raise Fault(f"{path} is no configuration of a kernel; give one by CONFIG=")
    return text


def running() -> Path:
    """The configuration of the running kernel."""
    places = [Path(f"/boot/config-{os.uname().release}"), Path("/proc/config.gz")]
    for path in places:
        if path.is_file() and os.access(path, os.R_OK):
            return path
    raise Fault(f"the running kernel's configuration is not in {places[0]}; give one by CONFIG=")


def wanted(impl: str) -> tuple[str, str]:
    """What is set, and what of it must not be dropped."""
    must = "CONFIG_RUST=y\nCONFIG_PIDNS_RUST=y\n" if impl == "rust" else "CONFIG_PIDNS_C=y\n"
    return f'{KEYS}CONFIG_LOCALVERSION="-pidns-{impl}"\n{must}', must


def leaves(base: str) -> Iterator[tuple[str, str]]:
    """What to set beside that, and why: nothing at first, then more and more."""
    have = read_config(base)
    extra = ""
    yield extra, ""
    for leave in LEAVES:
        if any(re.fullmatch(rf"{leave.symbol}(?:_FULL|_PERFORMANCE)?", name) for name in have):
            extra += leave.instead
            yield extra, leave.why


class Debs:
    """One package, and what it is built from."""

    def __init__(
        self, options: Options, cache: Cache, given: Path | None, pahole: Path | None = None
    ) -> None:
        self.options, self.cache, self.given = options, cache, given
        # For BTF; a distribution's may be too old to leave out Rust.
        self.pahole = pahole
        self.toolchain = Toolchain.find(options, cache)
        self.source = Source.find(options, cache)

    @property
    def tree(self) -> Tree:
        """The build tree, one for each configuration. bindeb-pkg writes beside it."""
        return self.tree_of(self.options.impl)

    def tree_of(self, impl: str) -> Tree:
        """That of an implementation."""
        name = hashlib.sha256(str(self.given).encode()).hexdigest()[:8] if self.given else "local"
        key = f"{self.source.name}-{impl}-debs-{name}"
        return Tree(
            *(self.options.arch.name, self.source, self.cache.build / key / "linux", key),
            *(self.toolchain, self.cache, self.options.jobs),
            variables=(f"PAHOLE={self.pahole}",) if self.pahole else (),
            limit=self.options.minutes and self.options.minutes * 60,
        )

    def base(self, tree: Tree) -> str:
        """The configuration to begin with."""
        if self.given:
            return read_given(self.given)
        start = tree.build / ".config"
        keep = start.read_text(encoding="utf-8") if start.exists() else None
        start.write_text(read_given(running()), encoding="utf-8")
        log = tree.log("config")
        tree.run(log, [*tree.make, "olddefconfig"], "the configuration")
        # It asks about what became visible; each default is taken.
        answers = ["sh", "-c", 'yes "" | "$@"', "sh"]
        tree.run(log, [*answers, *tree.make, "localmodconfig"], "the configuration")
        text = start.read_text(encoding="utf-8")
        if keep is None:
            start.unlink()
        else:
            start.write_text(keep, encoding="utf-8")
        return text

    def configure(self, tree: Tree) -> None:
        """Makes .config, unless it is there: a build that goes on has the one that it began with."""
        lines, must = wanted(self.options.impl)
        given = read_given(self.given) if self.given else ""
        stamp = key_of([given, lines, self.toolchain.identity, *tree.variables])
        path, mark = tree.build / ".config", tree.build / STAMP
        if path.exists() and mark.exists() and mark.read_text(encoding="utf-8") == stamp:
            return
        tree.build.mkdir(parents=True, exist_ok=True)
        mark.unlink(missing_ok=True)
        base, fresh = self.base(tree), tree.build / ".config.new"
        missing: list[str] = []
        for extra, why in leaves(base):
            fresh.write_text(merged(base, lines + extra), encoding="utf-8")
            goal = [f"KCONFIG_CONFIG={fresh}", "olddefconfig"]
            tree.run(tree.log("config"), [*tree.make, *goal], "the configuration")
            missing = unhonoured(fresh.read_text(encoding="utf-8"), must)
            if why:
                note(f"{self.given or 'the running configuration'} does not go with Rust: {why}")
            if not missing:
                break
        if missing:
            raise Fault(
                f"Kconfig does not honour {' '.join(missing)} with this configuration;"
                " look at what those symbols depend on"
            )
        if not path.exists() or path.read_bytes() != fresh.read_bytes():
            fresh.replace(path)
        mark.write_text(stamp, encoding="utf-8")

    def build(self) -> list[Path]:
        """Builds the kernel, then the packages; returns their files."""
        tree = self.tree
        self.cache.need_space(SPACE if not tree.build.exists() else 3000, "the kernel's packages")
        self.source.lay_over()
        # Most of one implementation's kernel is the other's as well.
        other = self.tree_of("c" if self.options.impl == "rust" else "rust")
        if not (tree.build / "vmlinux").exists() and (other.build / "vmlinux").exists():
            tree.copy_from(other)
        self.configure(tree)
        version = f"{releases.version_of(self.source.path)}-1"
        note(f"building {self.options.words} in {tree.build}; interrupted, it goes on from there")
        make = [*tree.make, f"-j{tree.jobs}"]
        # The same version as in the packages, or all would be linked again.
        tree.run(tree.log("build"), [*make, "all"], "the build")
        for old in tree.build.parent.glob("*.deb"):
            old.unlink()
        package = [
            *("bindeb-pkg", f"KDEB_PKGVERSION={version}", "KDEB_CHANGELOG_DIST=unstable"),
            f"DPKG_FLAGS={DPKG_FLAGS}",
        ]
        tree.run(tree.log("debs"), [*make, *package], "the packages")
        made = sorted(tree.build.parent.glob("*.deb"))
        if not any(path.name.startswith("linux-image-") for path in made):
            raise Fault(f"bindeb-pkg made no image; its output is in {tree.log('debs')}")
        # The next build looks at the configuration again.
        (tree.build / STAMP).unlink()
        return made


def install_tools(options: Options, cache: Cache) -> None:
    """Installs what bindeb-pkg needs."""
    needed: dict[str, str] = load("packages.toml", lambda data: data["debs"])
    missing = [package for package, check in needed.items() if not has(check)]
    if not missing:
        return
    made = Setup(options, cache)
    if made.distribution not in RUST:
        made.stop_elsewhere(*missing)
    with cache.temporary() as made.work:
        made.apt(*missing)


def command(options: Options, cache: Cache, env: Mapping[str, str], _: Sequence[str]) -> int:
    """The command."""
    refuse_all_but(env, "debs", "CONFIG IMPL KDIR MINUTES")
    given = Path(env["CONFIG"]).resolve() if env.get("CONFIG") else None
    if given and not given.is_file():
        raise Fault(f"CONFIG={given} is not a file; give a configuration, or leave it out")
    setup(options, cache)
    install_tools(options, cache)
    pahole = debuggers.folder(cache) / "bin/pahole"
    with cache.lock():
        made = Debs(replace(options, debug=False), cache, given, pahole).build()
        folder = cache.root / "debs"
        folder.mkdir(exist_ok=True)
        files = [shutil.copy(path, folder) for path in made]
    images = " ".join(str(file) for file in files if "/linux-image-" in str(file))
    note(f"{len(files)} packages in {folder}; on the machine: apt install {images}")
    note("the kernel that it has stays; the boot loader's menu has both")
    return 0
