# SPDX-License-Identifier: GPL-2.0
"""Lists of what is known to fail or to skip, one a line, with the reason:
"TEST | fail | why". The first part is the name as shown() makes it, where a "*" at
its end stands for any further cases. Instead of "fail":

skip         it skips
chance       by chance it fails or skips; it is run several times, and must pass once
chance-skip  by chance it skips; the same, but it must not fail
c-errs       the C implementation gives XFAIL; with Rust it must pass
"""

import re
import sys

# Those that are run again until they pass.
AGAIN = ("chance", "chance-skip")
OUTCOMES = ("fail", "skip", *AGAIN, "c-errs")


def shown(path):
    """The name of a test: SUITE:PROGRAM, then the case."""
    program = re.sub(r"^(?:selftests|again): (\S+): ", r"\1:", path[0])
    return ": ".join((program,) + path[1:])


class Known:
    """What is expected to fail or skip."""

    def __init__(self, path):
        self.entries, self.used = {}, set()
        with open(path, encoding="utf-8") as lines:
            for number, line in enumerate(lines, 1):
                if not line.strip() or line.startswith("#"):
                    continue
                parts = [part.strip() for part in line.split("|")]
                if len(parts) != 3 or parts[1] not in OUTCOMES or not parts[2]:
                    sys.exit(f"{path}:{number}: write: TEST | {' or '.join(OUTCOMES)} | why")
                self.entries[parts[0]] = parts[1]

    def find(self, name):
        """What is listed for this test."""
        for entry in (name, *(e for e in self.entries if e.endswith("*"))):
            if entry in self.entries and (entry == name or name.startswith(entry[:-1])):
                self.used.add(entry)
                return self.entries[entry]
        return None

    def unused(self):
        """What is listed for tests that nobody has asked about."""
        return [entry for entry in self.entries if entry not in self.used]
