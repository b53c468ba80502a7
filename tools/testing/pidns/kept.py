# SPDX-License-Identifier: GPL-2.0
"""Results of long runs, kept until what they come from changes: an interrupted run goes on."""

import hashlib
import json
import threading
import time
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from .cache import replace_file
from .errors import note


def key_of(parts: Iterable[str | bytes | Path]) -> str:
    """A hash of texts and of files."""
    digest = hashlib.sha256()
    for part in parts:
        data = part.read_bytes() if isinstance(part, Path) else part
        digest.update(hashlib.sha256(data.encode() if isinstance(data, str) else data).digest())
    return digest.hexdigest()[:16]


class Kept:
    """A folder with a file for each thing that was tried."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def get(self, name: str, key: str) -> Any:
        """Its result, or None if there is none of this key."""
        try:
            kept = json.loads((self.folder / f"{name}.json").read_text(encoding="utf-8"))
            return kept["result"] if kept["key"] == key else None
        except (OSError, ValueError, TypeError, KeyError):
            return None

    def put(self, name: str, key: str, result: Any) -> None:
        """Keeps a result."""
        text = json.dumps({"key": key, "result": result}, indent=1)
        replace_file(self.folder / f"{name}.json", text.encode())

    def forget(self, name: str) -> None:
        """Forgets a result."""
        (self.folder / f"{name}.json").unlink(missing_ok=True)


class Progress:
    """Tells how far a run is, and how long the rest may take."""

    def __init__(self, count: int) -> None:
        self.count, self.done, self.begun = count, 0, time.monotonic()
        self._lock = threading.Lock()

    def tell(self, what: str) -> None:
        """Prints a line on one more that is done."""
        with self._lock:
            self.done += 1
            left, spent = self.count - self.done, time.monotonic() - self.begun
            more = f", about {spent * left / self.done / 60 + 1:.0f} min to go" if left else ""
            note(f"{self.done} of {self.count}: {what}{more}")
