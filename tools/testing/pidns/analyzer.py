# SPDX-License-Identifier: GPL-2.0
"""make rust-analyzer: the kernel's project file for editors, with our crates.

The kernel's generator knows its own crates, samples and drivers.
"""

import copy
import json
from pathlib import Path
from typing import Any

from .errors import Fault

NAME = "rust-project.json"
SAMPLE = "samples/rust/pidns_inspect.rs"
# Our crates, and the file that each begins with.
CRATES = {"pidns": "pidns/lib.rs", "nsproxy": "nsproxy/lib.rs"}


def project(text: str, top: Path) -> str:
    """The project with our crates, whose files are those of the checkout, as the sample's are. All
    else is that of the source that we are laid over, the kernel crate with our modules as well."""
    data: dict[str, Any] = json.loads(text)
    crates = data["crates"]
    sample = next((one for one in crates if one["root_module"].endswith(SAMPLE)), None)
    if sample is None:
        raise Fault("the kernel's rust-project.json lacks our sample")
    sample["root_module"] = str(top / "samples/pidns_inspect.rs")
    for name, file in CRATES.items():
        crate = copy.deepcopy(sample)
        crate["display_name"] = name
        crate["root_module"] = str(top / file)
        crates.append(crate)
    return json.dumps(data, indent="\t", sort_keys=True) + "\n"
