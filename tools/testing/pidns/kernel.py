# SPDX-License-Identifier: GPL-2.0
"""make kernel: the kernel for QEMU; and stage folders, which have all that a guest needs of it."""

import os
import shutil
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

from . import config, debuggers, kselftests, link, lspidns
from .arch import ARCHES, Arch
from .cache import TOP, Cache
from .errors import elapsed, note
from .guest import SCRIPTS
from .options import Options
from .setup import setup
from .source import Source
from .toolchain import Toolchain
from .tree import Tree

SAMPLE = "samples/rust/pidns_inspect.ko"
LIVEPATCH = "pidns_livepatch.ko"
DISTRIBUTION = "distribution"


def tree_of(
    options: Options, cache: Cache, source: Source, toolchain: Toolchain, variant: str
) -> Tree:
    """The build tree of an implementation, or of a variant of it."""
    key = f"{source.name}-{options.run}{f'-{variant}' if variant else ''}"
    variables: tuple[str, ...] = ()
    if variant == DISTRIBUTION:
        variables = (f"PAHOLE={debuggers.folder(cache)}/bin/pahole",)
    build = cache.build / key
    return Tree(options.arch.name, source, build, key, toolchain, cache, options.jobs, variables)


@contextmanager
def built(options: Options, cache: Cache, variant: str = "") -> Iterator[Tree]:
    """The kernel, built; until the end of this nobody else builds."""
    setup(options, cache)
    toolchain = Toolchain.find(options, cache)
    with cache.lock():
        source = Source.find(options, cache)
        source.lay_over()
        start = time.monotonic()
        tree = tree_of(options, cache, source, toolchain, variant)
        image = tree.build / options.arch.image
        space = 1000 if image.exists() else 4000
        cache.need_space(space + (2000 if options.debug else 0), "the build")
        # Most of one implementation's kernel is the other's as well.
        one = options.with_impl("c" if options.impl == "rust" else "rust")
        other = tree_of(one, cache, source, toolchain, variant)
        if not image.exists() and (other.build / options.arch.image).exists():
            tree.copy_from(other)
        tree.configure(config.for_qemu(options.impl, options.debug, variant, options.arch))
        note(f"building Linux {options.series} ({options.words}) in {tree.build}")
        tree.build_kernel(options.arch.goal, image, "modules")
        note(f"kernel: {image} ({elapsed(start)})")
        yield tree


def stage(tree: Tree, folder: Path, suites: Sequence[str] = ()) -> None:
    """Copies what a guest needs, so that the next build does not change what it reads: the
    kernel, the sample, our scripts, lspidns, and kselftests."""
    shutil.copy(tree.build / ARCHES[tree.arch].image, folder)
    settings = tree.build / ".config"
    has_sample = "CONFIG_SAMPLE_PIDNS_INSPECT=m" in settings.read_text(encoding="utf-8")
    scripts = (path for path in SCRIPTS.iterdir() if path.is_file())
    for path in (settings, *([tree.build / SAMPLE] if has_sample else []), *scripts):
        shutil.copy(path, folder)
    lspidns.stage(tree.cache, tree.toolchain, folder, ARCHES[tree.arch])
    if suites:
        start = time.monotonic()
        kselftests.build(tree, folder / "kselftest", suites)
        names = (folder / "kselftest/kselftest-list.txt").read_text(encoding="utf-8").splitlines()
        note(f"kselftests: {len(names)} programs ({elapsed(start)})")


def stage_distribution(tree: Tree, folder: Path) -> None:
    """Adds vmlinux and the livepatch."""
    # The next build replaces the file, and leaves this one as it is.
    os.link(tree.build / "vmlinux", folder / "vmlinux")
    shutil.copytree(TOP / "tools/testing/livepatch", folder / "livepatch")
    goal = [*tree.make, f"-j{tree.jobs}", f"M={folder}/livepatch", "modules"]
    tree.run(tree.log("livepatch"), goal, "the build of the livepatch")
    shutil.copy(folder / "livepatch" / LIVEPATCH, folder)


def wanted_symbols(arch: Arch) -> dict[str, str]:
    """The symbols that a kernel must have, and how they are exported."""
    text = (TOP / "tools/testing/symbols").read_text(encoding="utf-8")
    return link.wanted_symbols(text, arch)


def link_faults(tree: Tree, impl: str) -> tuple[list[str], list[str]]:
    """What is linked that should not be, or not linked; and what symbols and exports are wrong."""
    wanted = wanted_symbols(ARCHES[tree.arch])
    linked = list(link.wrong_objects(impl, link.objects(tree.build, tree.toolchain.llvm)))
    with open(tree.build / "vmlinux.map", encoding="utf-8") as lines:
        linked += link.wrong_map(impl, lines, wanted)
    defined = link.defined(tree.build, tree.toolchain.llvm)
    exported = (tree.build / "Module.symvers").read_text(encoding="utf-8")
    return linked, list(link.wrong_symbols(wanted, defined, exported))


def kernel(options: Options, cache: Cache, _env: Mapping[str, str], _: Sequence[str]) -> int:
    """The command."""
    with built(options, cache):
        return 0
