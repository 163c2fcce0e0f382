"""The head of a file that was written for a scheduler: who wrote it, and a hash that tells of changes by hand."""

from __future__ import annotations

import hashlib
import re
from typing import Literal

_MARK = re.compile(r"^# sha256 of what follows: ([0-9a-f]{64})\n", re.MULTILINE)
FileState = Literal["ours", "changed by hand", "another's"]


def with_head(body: str, words: str, version: str) -> str:
    """The file: its body below two lines of comment, or below its `#!` and these."""
    first, rest = _split(body)
    digest = hashlib.sha256(rest.encode("utf-8", "backslashreplace")).hexdigest()
    return f"{first}# written by drillrunner {version}: {words}\n# sha256 of what follows: {digest}\n{rest}"


def state_of(text: str) -> FileState:
    """Whether a file is as it was written. A version that wrote another body counts as ours still."""
    found = _MARK.search(text)
    if found is None:
        return "another's"
    rest = text[found.end() :]
    digest = hashlib.sha256(rest.encode("utf-8", "backslashreplace")).hexdigest()
    return "ours" if digest == found[1] else "changed by hand"


def _split(body: str) -> tuple[str, str]:
    """A first line that must stay first, and what follows."""
    if not body.startswith("#!"):
        return "", body
    first, _, rest = body.partition("\n")
    return f"{first}\n", rest
