"""Secrets within a text that has no keys of its own: SQL's literals, connection strings, fragments of JSON."""

from __future__ import annotations

import re

_KEY = r"(?:api|access|private|secret|encryption)[_-]?key"
_PASSWORD = r"passw(?:or)?d|passphrase|pwd"
# What ends a word that says that a quoted text after it is secret. `token` by itself is what parsers complain about.
_BEFORE_LITERAL = (
    rf"\w{{0,100}}(?:{_PASSWORD}|{_KEY}|_token|_secret)|credentials|identified(?:\s{{1,20}}with\s{{1,20}}\S{{1,60}})?"
    r"\s{1,20}(?:by|as)"
)
# The same with a sign between the two.
_BEFORE_SIGN = rf"[\w-]{{0,100}}(?:{_PASSWORD}|{_KEY}|secret|token|cookie|credentials?|authorization)"
_SIGN = r"\\{0,4}[\"']?\s{0,20}(?:=>|:=|=|:)\s{0,20}\\{0,4}"
# '…' with '' or \' within, "…" alike, $tag$…$tag$, and ''…'' within another literal. What is cut off is hidden to its
# end; `'s` is English.
_LITERAL = (
    r"(?:[en]|u&)?(?:''[^']{1,10000}''|'(?!s\b)(?:[^'\\]|''|\\.)*(?:'|\\?\Z)|\"(?:[^\"\\]|\"\"|\\.)*(?:\"|\\?\Z)"
    r"|\$(?P<tag>\w{0,60})\$.*?(?:\$(?P=tag)\$|\Z))"
)
# Looked for first, since few texts have any of them.
_WORDS = re.compile(rf"{_PASSWORD}|key|secret|token|cookie|credential|authorization|identified", re.IGNORECASE)
_HOW = re.IGNORECASE | re.DOTALL
# Without a space or `(` before it, a quote may as well be the end of 'password'.
_GAP = r"(?:\s{1,20}\(?\s{0,20}|\(\s{0,20}|(?!['\"]\s{0,20}[:=,;)}\]]))"
_QUOTED = re.compile(rf"(?<!\w)((?:{_BEFORE_LITERAL}){_GAP})(?:{_LITERAL})", _HOW)
_SIGNED = re.compile(rf"(?<![\w-])({_BEFORE_SIGN})({_SIGN})(?:{_LITERAL})", _HOW)
# To the next space, or the quote that ends what it stands in. Parameters of addresses are masked where these are known.
_BARE = re.compile(rf"(?<![\w?&#-])({_BEFORE_SIGN}=)(?!['\"])(?:\\.|[^\s'\"\\]|['\"](?![\s,;)}}\]]|\Z)|\\\Z)+", _HOW)


def without_literals(text: str, hidden: str) -> str:
    """The text with `hidden` for each secret: `PASSWORD '…'`, `IDENTIFIED BY "…"`, `password=…`, `'token': '…'`."""
    if _WORDS.search(text) is None:
        return text
    text = _QUOTED.sub(rf"\1'{hidden}'", text)
    text = _SIGNED.sub(rf"\1\2'{hidden}'", text)
    return _BARE.sub(rf"\1{hidden}", text)
