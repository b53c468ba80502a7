# SPDX-License-Identifier: GPL-2.0
"""The rules of pidns/ and nsproxy/ that the compiler does not check.

Outside abi.rs, raw.rs and their folders there is no unsafe code, nothing that could hide it, and
nothing of the C bindings; glue.c stays small. Comments and strings do not count.

clippy's disallowed-macros and disallowed-types refuse what they are given by name, in the whole of
a crate. Here a macro or an attribute must be known to hide nothing, and all raw pointers and
bindings are refused, except in abi and raw.
"""

import re
from collections.abc import Iterator
from pathlib import Path

from .cache import TOP
from .errors import show_faults
from .lists import load

RULES = (
    (r"\bunsafe\b", "unsafe code"),
    (r"\*\s*(?:const|mut)\b", "a raw pointer"),
    (r"\b(?:NonNull|AtomicPtr|UnsafeCell|Opaque|addr_of(?:_mut)?)\b|&\s*raw\b", "a raw pointer"),
    (r"\bptr\s*::(?!\s*eq\b)|\bptr\s+as\b", "a raw pointer"),
    (r"\b\w*_ptr(?:_range)?\b|\binto_raw\b|\bas_non_null\b", "a raw pointer"),
    (r"\bbindings\b", "the C bindings"),
    (r"\bmacro_rules\s*!", "a macro, which could hide unsafe code"),
    (r"\b(?:allow|expect|warn)\s*\([^)]*\bunsafe_code\b", "unsafe code being allowed"),
)
# "if !(x)" is none.
MACRO = re.compile(r"\b(?!(?:break|if|in|match|return|while)\b)(\w+)\s*!\s*[(\[{]")
ATTRIBUTE = re.compile(r"#\s*!?\s*\[\s*([\w\s:#]*?)\s*[\](\[{=]")
DERIVE = re.compile(r"\bderive\s*\(([^)]*)\)")
DENY = re.compile(r"^#!\[deny\(unsafe_code\)\]", re.M)
# The two places that may allow it: what C calls, and the mechanism below the policy.
UNSAFE = ("abi", "raw")
EXEMPT = re.compile(
    r"#\[(?:allow|expect)\(unsafe_code(?:,\s*reason\s*=\s*)?\)\]"
    rf"(\s*(?:pub(?:\([^)]*\))?\s+)?mod (?:{'|'.join(UNSAFE)});)"
)
GLUE_LINES = 120
DECISION = re.compile(r"\b(?:if|else|switch|case|for|while|do|goto)\b|\?|&&|\|\|")
# A comment (Rust's nest: handled below), a string, a raw string or a character.
TOKEN = re.compile(
    r"""//[^\n]*|/\*|r(?P<hash>\#*)".*?"(?P=hash)|b?c?"(?:\\.|[^"\\])*"|'(?:\\.[^']*|[^'\\])'""",
    re.S,
)


def block_end(text: str, start: int) -> int:
    """Where the comment that begins at start ends; comments nest in Rust."""
    depth = 0
    for mark in re.finditer(r"/\*|\*/", text[start:]):
        depth += 1 if mark.group() == "/*" else -1
        if depth == 0:
            return start + mark.end()
    return len(text)


def code_only(text: str) -> str:
    """The text with spaces for all of comments and literals but the line ends."""
    out, at = "", 0
    while token := TOKEN.search(text, at):
        end = block_end(text, token.start()) if token.group() == "/*" else token.end()
        out += text[at : token.start()] + re.sub(r"[^\n]", " ", text[token.start() : end])
        at = end
    return out + text[at:]


def unknown(code: str) -> Iterator[tuple[int, str, str]]:
    """Macros and the like that are not known to hide nothing: where, and what."""
    known: dict[str, list[str]] = load("policy.toml", dict)
    for found in MACRO.finditer(code):
        if found[1] not in known["macros"]:
            yield found.start(), f"{found[1]}!", "macros"
    for found in ATTRIBUTE.finditer(code):
        if found[1] not in known["attributes"]:
            yield found.start(), f"#[{found[1]}]", "attributes"
    for found in DERIVE.finditer(code):
        for name in filter(None, map(str.strip, found[1].split(","))):
            if name not in known["derives"]:
                yield found.start(), f"derive({name})", "derives"


def faults_of(code: str) -> Iterator[tuple[int, str]]:
    """Where in the code is what."""
    for rule, what in RULES:
        for found in re.finditer(rule, code):
            yield found.start(), f"{what}; it belongs in abi, raw or rust/kernel/"
    for at, name, kind in unknown(code):
        yield (
            at,
            (
                f"{name} is not among the {kind} known to hide nothing;"
                " look at what it expands to and add it to tools/testing/pidns/lists/policy.toml"
            ),
        )


def _code(path: Path) -> str:
    return code_only(path.read_text(encoding="utf-8")) if path.exists() else ""


def _line(code: str, at: int) -> int:
    return code.count("\n", 0, at) + 1


def faults(top: Path) -> Iterator[str]:
    """What breaks the rules in a checkout."""
    for crate in ("pidns", "nsproxy"):
        if not DENY.search(_code(top / crate / "lib.rs")):
            yield f"{crate}/lib.rs: #![deny(unsafe_code)] is missing; the compiler needs it"
        for path in sorted((top / crate).rglob("*.rs")):
            name = path.relative_to(top)
            if name.parts[1].removesuffix(".rs") not in UNSAFE:
                code = EXEMPT.sub(r"\1", _code(path))
                for at, fault in sorted(faults_of(code)):
                    yield f"{name}:{_line(code, at)}: {fault}"
    glue = _code(top / "pidns/glue.c")
    size = sum(1 for line in glue.split("\n") if line.strip())
    if size > GLUE_LINES:
        yield f"pidns/glue.c: {size} lines without comments; {GLUE_LINES} are the limit"
    for found in DECISION.finditer(glue):
        line = _line(glue, found.start())
        yield f"pidns/glue.c:{line}: {found[0]}: a decision, which belongs in Rust"


def main() -> int:
    """Prints what breaks them in ours; returns the exit status."""
    return show_faults(lambda: faults(TOP))
