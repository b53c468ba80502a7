# SPDX-License-Identifier: GPL-2.0
"""make configs: builds a matrix of configurations to a link, boots them, and prints a table.

A good result is kept until something that it comes from changes, so that an interrupted
run goes on where it was. What they have in common is configs/lean.config. It is built in a
tree of its own, and each other configuration in a copy of that: only what sees the change
is compiled again. One configuration alone has another tree, which stays as it is for the
next time; what they have in common is not built for it if it is not there yet, since two
kernels take longer than one. With ARCH= it is the few configurations of that architecture,
each over what its kernels have in common.
"""

import contextlib
import functools
import re
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from . import cargo, config, initramfs, kernel, ktap, link, process, qemu, splats
from .arch import ARCHES, X86_64, Arch
from .cache import Cache
from .errors import Fault, note
from .guest import SCRIPTS, End
from .kept import Kept, Progress, key_of
from .ktap import Outcome
from .lists import load
from .options import Options, choose, refuse
from .setup import setup
from .source import Source
from .toolchain import Toolchain
from .tree import Tree, Unhonoured

# What the guest with the host's files asks of a kernel, then what the demonstration in it does.
GUEST_NEEDS = "PROC_FS NET_9P SYSFS VIRTIO_CONSOLE TMPFS MULTIUSER"
DEMO_NEEDS = "PIDNS_RUST UTS_NS IPC_NS NET_NS USER_NS CGROUPS CHECKPOINT_RESTORE"
# What results come from, besides the kernel.
MODULES = "arch config configs guest initramfs kernel ktap link qemu splats tree"
FILES = "demo.sh implementation.sh inspect.sh qemu-init.sh smoke.c worker.sh"
SMOKE_LIMIT, BOOT_LIMIT, DEMO_LIMIT = 300, 300, 600
SMOKE_ARGUMENTS = "kunit.enable=1 slab_nomerge oops=panic panic=-1"
GOOD = re.compile(r"^smoke: \d+ passed, 0 failed", re.M)


@dataclass(frozen=True)
class Entry:
    """A configuration, as lists/matrix.toml has it."""

    name: str
    set: str
    cannot: str = ""
    warns: str = ""
    why: str = ""
    goal: str = ""
    boot: str = ""
    arch: str = X86_64.name
    machine: str = ""
    says: str = ""

    @property
    def config(self) -> config.Config:
        """What it asks for."""
        wanted = "".join(f"CONFIG_{symbol}\n" for symbol in self.set.split())
        return config.for_matrix(self.goal, wanted, ARCHES[self.arch])

    def on(self, machine: qemu.Machine) -> qemu.Machine:
        """The machine that it is booted on."""
        emulated = self.machine or machine.arch.emulated
        return replace(machine, arch=replace(machine.arch, emulated=emulated))


def matrix() -> list[Entry]:
    """All of them."""
    return load(
        "matrix.toml", lambda data: [Entry(name, **row) for name, row in data["configs"].items()]
    )


def chosen(asked: Sequence[str], arch: Arch = X86_64) -> list[Entry]:
    """Those of an architecture that were asked for, or all."""
    every = {entry.name: entry for entry in matrix() if entry.arch == arch.name}
    return [every[name] for name in choose("CONFIGS", asked, every)]


def unexpected(log: str, warns: str) -> list[str]:
    """Complaints in a log, but for the warning that is known; that must be there."""
    known = rf"^.*WARNING: .* at {warns}\+.*\n(?:.*\n)*?.*---\[ end trace.*\n"
    rest, found = re.subn(known, "", log, flags=re.M) if warns else (log, 0)
    if warns and not found:
        return [f"there is no warning at {warns}: take it off lists/matrix.toml"]
    return list(splats.find(rest.splitlines()))


def fault_of(entry: Entry, log: str) -> str:
    """What is wrong with the log of smoke.c, if anything is."""
    if not GOOD.search(log):
        return "smoke.c does not pass"
    if not re.search(entry.says, log):
        return f"the kernel does not say {entry.says}"
    complaints = unexpected(log, entry.warns)
    if complaints:
        print("\n".join(complaints), file=sys.stderr)
    return "the kernel complains" if complaints else ""


def changed_symbols(one: str, other: str) -> list[str]:
    """The symbols that two configurations set differently."""
    differ = config.read_config(one).items() ^ config.read_config(other).items()
    return sorted({name.removeprefix("CONFIG_") for name, _ in differ})


class Configs:
    """One run of the command."""

    def __init__(self, options: Options, cache: Cache, entries: list[Entry]) -> None:
        self.options, self.cache, self.entries = options, cache, entries
        self.kept = Kept(cache.root / "configs")
        # Of the table.
        self.rows: dict[str, dict[str, str]] = {}
        self.toolchain = Toolchain.find(options, cache)
        self.source = Source.find(options, cache)
        cpus = options.cpus or qemu.DEFAULT_CPUS
        kvm = not options.arch.foreign and qemu.kvm_works(cache)
        # It needs no root: what is foreign has smoke.c alone.
        self.machine = qemu.Machine(kvm, cpus, options.memory, options.arch)

    def tree(self, name: str) -> Tree:
        """A build tree."""
        arch = self.machine.arch.name
        key = f"{self.source.name}-{self.machine.arch.prefix}{name}"
        build = self.cache.build / key
        return Tree(arch, self.source, build, key, self.toolchain, self.cache, self.options.jobs)

    @functools.cached_property
    def common_key(self) -> str:
        """Changes when anything does that all results come from."""
        parts = [Path(__file__).parent / f"{name}.py" for name in MODULES.split()]
        parts += [SCRIPTS / name for name in FILES.split()]
        parts += sorted((cargo.LSPIDNS.folder / "src").rglob("*.rs"))
        version, identity = self.source.kernel_version(True), self.toolchain.identity
        return key_of([*parts, version, identity, str(self.machine)])

    def key(self, entry: Entry) -> str:
        """Changes when anything does that its result comes from."""
        return key_of([self.common_key, str(entry), entry.config.wanted])

    def started(self, entry: Entry, usual: Tree) -> Tree:
        """The tree to build an entry in: as a run before has left it, or a copy of the usual one."""
        alone = len(self.entries) == 1
        tree = self.tree("matrix-alone" if alone else "matrix")
        stamp = tree.build / ".pidns-entry"
        if stamp.exists() and _text(stamp) == entry.name:
            return tree
        image = usual.build / self.machine.arch.image
        if not alone or image.exists():
            usual.build_kernel(self.machine.arch.goal, image, "modules")
            tree.copy_from(usual)
        stamp.parent.mkdir(parents=True, exist_ok=True)
        stamp.write_text(entry.name, encoding="utf-8")
        return tree

    def attempt(self, entry: Entry, row: dict[str, str]) -> bool:
        """Builds and boots one; fills its row, and says whether all is good."""
        row["builds"] = "NO: the usual configuration does not build"
        usual = self.tree("matrix-usual")
        # The first of each architecture.
        first = chosen([], self.machine.arch)[0]
        usual.configure(first.config)
        tree = self.started(entry, usual) if entry != first else usual
        row["builds"] = "NO: it cannot be configured so"
        try:
            tree.configure(entry.config)
        except Unhonoured:
            if not entry.cannot:
                raise
            row["builds"] = f"cannot be: {entry.cannot}"
            return True
        settings = config.read_config(_text(tree.build / ".config"))
        changed = changed_symbols(_text(usual.build / ".config"), _text(tree.build / ".config"))
        row["symbols"] = str(len(changed))
        (self.kept.folder / f"{entry.name}.changed").write_text("\n".join(changed) + "\n")
        row["builds"] = f"NO: see {tree.log('build')}"
        modules = ["modules"] if "CONFIG_MODULES" in settings else []
        tree.build_kernel(self.machine.arch.goal, tree.build / self.machine.arch.image, *modules)
        impl = "rust" if "CONFIG_PID_NS" in settings else "c"
        row["builds"] = f"yes ({impl})"
        linked = link.objects(tree.build, self.toolchain.llvm)
        if faults := list(link.wrong_objects(impl, linked, pid_ns=impl == "rust")):
            print("\n".join(faults), file=sys.stderr)
            row["builds"] = f"NO: not linked from IMPL={impl}"
            return False
        with self.cache.temporary() as folder:
            good = self.smoke(entry, tree, folder, row)
        with self.cache.temporary() as folder:
            return self.demo(entry, tree, folder, row) and good

    def smoke(self, entry: Entry, tree: Tree, folder: Path, row: dict[str, str]) -> bool:
        """Boots with nothing but smoke.c as the first program: no file system, no network."""
        machine, arch = entry.on(self.machine), self.machine.arch
        include = f"-I{tree.build}/include -include {self.source.path}/include/linux/kconfig.h"
        flags = f"-O1 -static {include}"
        image = initramfs.make(tree.build, folder, SCRIPTS / "smoke.c", flags, arch)
        log = self.cache.log / f"smoke-{tree.key}-{entry.name}.log"
        words = f"{SMOKE_ARGUMENTS} {entry.boot}".strip()
        command = [
            *(*machine.command, "-kernel", str(tree.build / arch.image)),
            *("-initrd", str(image), "-append", f"console={arch.console} {words}"),
        ]
        process.run(command, limit=SMOKE_LIMIT, log=log)
        text = _text(log)
        results = ktap.Parser(self.source.path).run(text.splitlines())
        passed = sum(result.outcome is Outcome.PASS for result in results)
        failed = any(result.outcome is Outcome.FAIL for result in results)
        fault = f"{passed} passed" if failed else fault_of(entry, text)
        row["smoke"] = f"NO: {fault}, see {log}" if fault else f"{passed} passed"
        return not fault

    def demo(self, entry: Entry, tree: Tree, folder: Path, row: dict[str, str]) -> bool:
        """Boots on this machine's files, with the demonstration if that can be."""
        settings = config.read_config(_text(tree.build / ".config"))
        if self.machine.arch.foreign:
            row["demo"] = "- (the guest's root is this machine's)"
            return True

        def lacking(needs: str) -> str:
            return " ".join(one for one in needs.split() if settings.get(f"CONFIG_{one}") != "y")

        if missing := lacking(GUEST_NEEDS):
            row["demo"] = f"- (the guest's root needs {missing})"
            return True
        kernel.stage(tree, folder)
        missing = lacking(DEMO_NEEDS)
        log = self.cache.log / f"demo-{tree.key}-{entry.name}.log"
        limit = BOOT_LIMIT if missing else DEMO_LIMIT
        guest = qemu.Qemu(self.cache, self.machine, folder, log, limit, entry.boot)
        with contextlib.redirect_stdout(sys.stderr):
            answer = guest.run(f"script {'implementation' if missing else 'demo'}.sh")
        claims = re.search(r"^(\d+ claims) checked", "\n".join(answer.lines), re.M)
        row["demo"] = f"boots (the demonstration needs {missing})" if missing else ""
        row["demo"] = row["demo"] or (claims[1] if claims else "")
        if answer.end is not End.DONE or answer.status:
            row["demo"] = f"NO: see {log}"
        elif complaints := unexpected(guest.log_text(), entry.warns):
            print("\n".join(complaints), file=sys.stderr)
            row["demo"] = f"NO: the kernel complains, see {log}"
        return not row["demo"].startswith("NO")

    def __call__(self) -> int:
        """Tries all, prints the table, and returns the exit status."""
        keys = {entry.name: self.key(entry) for entry in self.entries}
        # A tree of the user's may change at any time.
        if not self.source.own:
            kept = {name: self.kept.get(name, key) for name, key in keys.items()}
            self.rows |= {name: row for name, row in kept.items() if row}
        missing = [entry for entry in self.entries if entry.name not in self.rows]
        if self.rows:
            note(f"{len(missing)} to try, {len(self.rows)} kept from before")
        failed, progress = 0, Progress(len(missing))
        for entry in missing:
            note(f"{entry.name}: {entry.set}")
            start = time.monotonic()
            row = self.rows[entry.name] = {}
            good = False
            try:
                good = self.attempt(entry, row)
            except Fault as fault:
                note(f"error: {fault}")
            row["seconds"] = f"{time.monotonic() - start:.0f}"
            failed += not good
            if good and not self.source.own:
                self.kept.put(entry.name, keys[entry.name], row)
            progress.tell(f"{entry.name}: {'good' if good else 'bad'}")
        print("\n".join(self.table()))
        print(f"{len(self.entries) - failed} passed, {failed} failed")
        return 1 if failed else 0

    def table(self) -> Iterator[str]:
        """The lines of the table."""
        yield f"\n{'configuration':24} {'symbols':>7}  {'builds':10} {'smoke':12} {'seconds':>8}  demonstration"
        for entry in self.entries:
            names = ("symbols", "builds", "smoke", "seconds", "demo")
            symbols, builds, smoke, seconds, demo = (
                self.rows[entry.name].get(name, "") for name in names
            )
            yield f"{entry.name:24} {symbols:>7}  {builds:10} {smoke:12} {seconds:>8}  {demo}".rstrip()
        where = f"{self.kept.folder}/*.changed"
        yield f"(symbols: how many differ from the usual configuration; which, is in {where})"


def _text(path: Path) -> str:
    return path.read_text(encoding="utf-8", errors="replace")


def command(options: Options, cache: Cache, env: Mapping[str, str], _: Sequence[str]) -> int:
    """The command; returns the exit status."""
    refuse(env, "configs", "IMPL", "DEBUG")
    entries = chosen(env.get("CONFIGS", "").split(), options.arch)
    setup(options, cache)
    with cache.lock():
        run = Configs(options, cache, entries)
        run.source.lay_over()
        run.kept.folder.mkdir(parents=True, exist_ok=True)
        cache.need_space(6000, "the matrix")
        return run()
