# SPDX-License-Identifier: GPL-2.0
"""rustdoc for the kernel crate and our crates, with the flags that kbuild compiled them with. The
kernel's rustdoc target covers only rust/, and takes minutes for the standard library and macros.

usage: python3 -m pidns.rustdoc BUILD SRC RUSTDOC
"""

import os
import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

from .errors import Fault

# The commands that kbuild saved, and whether to document private items.
CRATES = {
    "rust/.kernel.o.cmd": False,
    "kernel/pidns/pidns/.lib.o.cmd": True,
    "kernel/pidns/nsproxy/.lib.o.cmd": True,
}
# How a link to a file that is not there begins.
BROKEN = "warning: srctree/"
OUTPUT = "Documentation/output/rust/rustdoc"
ASSIGNMENT = re.compile(r"\w+=")
# Options that rustdoc does not know or must not get.
LEFT_OUT = re.compile(r"--emit=|--remap-path-scope=")
LINK = re.compile(r'href="srctree/([^"]+)"')


def command(saved: str, rustdoc: str) -> tuple[dict[str, str], list[str]]:
    """The environment and the command line, from the command of rustc that kbuild saved."""
    first = saved.splitlines()[0].partition(":=")[2]
    words = shlex.split(first.partition(" ;")[0])
    # The kernel's Makefile exports this.
    env = {"RUSTC_BOOTSTRAP": "1"}
    while words and ASSIGNMENT.match(words[0]):
        name, _, env[name] = words.pop(0).partition("=")
    # Drop the compiler.
    if words:
        words.pop(0)
    if "--crate-type" not in words:
        raise Fault(f"kbuild has not saved a command of rustc: {first.strip()[:80]}")
    if "--out-dir" in words:
        at = words.index("--out-dir")
        del words[at : at + 2]
    kept = [word for word in words if not LEFT_OUT.match(word)]
    return env, [rustdoc, *kept, "--output", OUTPUT]


def workarounds(version: str) -> list[str]:
    """What the kernel passes to this version of rustdoc, which does not save target modifiers."""
    found = re.search(r"\b1\.(\d+)\.", version)
    return ["-Cunsafe-allow-abi-mismatch=fixed-x18"] if found and int(found[1]) >= 88 else []


def link(pages: Path, src: Path) -> Iterator[str]:
    """Makes links to headers absolute; yields a warning for each that is broken, as the kernel does."""
    for page in sorted(pages.rglob("*.html")):
        text = page.read_text(encoding="utf-8")
        for target in sorted(set(LINK.findall(text))):
            if not (src / target).exists():
                yield f"{BROKEN} link to {target} does not exist"
        if LINK.search(text):
            page.write_text(LINK.sub(rf'href="{src}/\1"', text), encoding="utf-8")


def main(build: Path, src: Path, rustdoc: str) -> int:
    """Writes the pages of all crates; returns the exit status."""
    version = subprocess.run([rustdoc, "--version"], capture_output=True, text=True, check=True)
    shutil.rmtree(build / OUTPUT, ignore_errors=True)
    for saved, private in CRATES.items():
        env, words = command((build / saved).read_text(encoding="utf-8"), rustdoc)
        words += workarounds(version.stdout)
        if private:
            words += ["--document-private-items", "-Arustdoc::private_intra_doc_links"]
        if status := subprocess.run(words, cwd=build, env=os.environ | env, check=False).returncode:
            return status
    for warning in link(build / OUTPUT, src):
        print(warning)
    return 0


if __name__ == "__main__":
    if len(sys.argv) != 4:
        sys.exit(__doc__)
    try:
        sys.exit(main(Path(sys.argv[1]), Path(sys.argv[2]), sys.argv[3]))
    except (Fault, OSError) as error:
        sys.exit(f"pidns: {error}")
