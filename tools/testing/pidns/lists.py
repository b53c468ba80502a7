# SPDX-License-Identifier: GPL-2.0
"""The lists that are kept by hand, in lists/."""

import re
import tomllib
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

from .errors import Fault

LISTS = Path(__file__).parent / "lists"
T = TypeVar("T")


def load(name: str, read: Callable[[dict[str, Any]], T]) -> T:
    """What `read` makes of a list. Raises a Fault if the list is invalid."""
    path = LISTS / name
    try:
        return read(tomllib.loads(path.read_text(encoding="utf-8")))
    except KeyError as error:
        raise Fault(f"{path} is invalid: {error} is missing") from None
    except (ValueError, TypeError, AttributeError, re.error) as error:
        raise Fault(f"{path} is invalid: {error}") from None
