# SPDX-License-Identifier: GPL-2.0
"""Debian's archive: where it is, and a package's file of it."""

import re
import subprocess
from dataclasses import dataclass
from pathlib import Path

from .cache import Cache, check_disk
from .errors import Fault, note
from .process import limited

KEYRINGS = [
    Path(f"/usr/share/keyrings/debian-archive-keyring.{ending}") for ending in ("gpg", "pgp")
]
UNSIGNED = re.compile(r"^.*(?:is not signed|GPG error).*$", re.M)
FAULTS = re.compile(r"^[EW]:.*$", re.M)


def os_release() -> dict[str, str]:
    """What the system says of itself."""
    try:
        lines = Path("/etc/os-release").read_text(encoding="utf-8").splitlines()
    except OSError:
        return {}
    return {name: value.strip("\"'") for name, _, value in (line.partition("=") for line in lines)}


@dataclass(frozen=True)
class Archive:
    """The address that this system uses for its own release, and the archive's keys."""

    address: str
    keyring: Path

    @classmethod
    def find(cls, advice: str = "") -> "Archive":
        """Asks apt for it."""
        codename = os_release().get("VERSION_CODENAME")
        targets = subprocess.run(
            ["apt-get", "indextargets", "--format", "$(ORIGIN) $(CODENAME) $(REPO_URI)"]
            + ["Created-By: Packages"],
            stdout=subprocess.PIPE,
            text=True,
            check=False,
        ).stdout
        # By codename: a release is called as the sources call it, as in "stable".
        fields = (line.split() for line in targets.splitlines())
        address = next((line[2] for line in fields if line[:2] == ["Debian", codename]), None)
        if not address:
            raise Fault(f"no Debian archive is known to apt here; run apt-get update{advice}")
        keyring = next(filter(Path.exists, KEYRINGS), None)
        if not keyring:
            raise Fault(f"the archive's keys are not here; install debian-archive-keyring{advice}")
        return cls(address, keyring)


class Unreachable(Exception):
    """The network, in apt's words."""


class Untrusted(Exception):
    """A signature that is missing or bad, in apt's words."""


@dataclass(frozen=True)
class Apt:
    """apt with lists of its own in a folder, so that the system's configuration stays as it is."""

    archive: Archive
    folder: Path
    cache: Cache

    def run(self, minutes: float, *words: str) -> tuple[int | None, str]:
        """Runs apt-get, whatever this system may let it take unsigned. Status, and what it says."""
        options = {
            "Dir::Etc::SourceList": self.folder / "sources.list",
            "Dir::Etc::SourceParts": "/dev/null",
            "Dir::Etc::Preferences": "/dev/null",
            "Dir::Etc::PreferencesParts": "/dev/null",
            "Dir::State::Lists": self.folder / "lists",
            "Dir::Cache": self.folder / "cache",
            "Dir::State::status": self.folder / "status",
            "APT::Sandbox::User": "root",
            "APT::Architectures": "amd64",
            "Acquire::Languages": "none",
            "Acquire::Retries": "2",
            "Acquire::AllowInsecureRepositories": "false",
            "Acquire::AllowWeakRepositories": "false",
            "APT::Get::AllowUnauthenticated": "false",
        }
        log = self.folder / "log"
        given = [word for name, value in options.items() for word in ("-o", f"{name}={value}")]
        status = limited(minutes, ["apt-get", "-q", *given, *words], log=log, cwd=self.folder)
        return status, log.read_text(encoding="utf-8", errors="replace")

    def download(self, suite: str, package: str) -> Path | None:
        """The file of a package, whose signature is good, or None if the suite has none."""
        lists = self.folder / "lists"
        for folder in (lists / "partial", self.folder / "cache/archives/partial"):
            folder.mkdir(parents=True, exist_ok=True)
        for old in lists.glob("*_Packages*"):
            old.unlink()
        (self.folder / "status").touch()
        (self.folder / "sources.list").write_text(
            f"deb [signed-by={self.archive.keyring}] {self.archive.address} {suite} main\n",
            encoding="utf-8",
        )
        _, said = self.run(10, "update")
        if not any(lists.rglob("*_Packages*")):
            # Of what is not signed apt also says that it does not find a signature.
            if unsigned := UNSIGNED.search(said):
                raise Untrusted(unsigned[0][3:160])
            if re.search("404|does not have a Release", said):
                return None
            raise Unreachable(_first_fault(said))
        status, said = self.run(60, "download", package)
        found = list(self.folder.glob("*.deb"))
        if status == 0:
            return found[0] if found else None
        # It writes to the final name at once: what broke off there was never verified.
        for broken in found:
            broken.unlink()
        if "Unable to locate" in said:
            return None
        check_disk(self.folder / "log", self.cache.root)
        raise Unreachable(_first_fault(said))

    def download_from(self, suites: tuple[str, ...], package: str, advice: str) -> Path:
        """The file of a package of the first of these suites that has it."""
        untrusted = unreachable = ""
        for suite in suites:
            note(f"looking for {package} in Debian {suite}")
            try:
                if file := self.download(suite, package):
                    return file
            except Untrusted as fault:
                untrusted = str(fault)
            except Unreachable as fault:
                unreachable = str(fault)
        if untrusted:
            raise Fault(
                f"the Debian archive's signature is not good ({untrusted}); upgrade"
                f" debian-archive-keyring, or {advice}"
            )
        if unreachable:
            raise Fault(
                f"the Debian archive cannot be reached ({unreachable}); look at the network,"
                f" or {advice}"
            )
        raise Fault(f"{package} is no longer in the Debian archive; {advice}")


def _first_fault(said: str) -> str:
    found = FAULTS.search(said)
    return found[0][3:120].strip() if found else "it says nothing"
