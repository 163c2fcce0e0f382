"""Files that are nearly right: a seed file with a few things changed, cut, doubled, nested or taken from another."""

from __future__ import annotations

import re
from collections.abc import Callable
from random import Random

MOST_BYTES = 2_000_000
_WORD = re.compile(rb"[A-Za-z0-9_.${}-]+")
# What breaks readers: other types, extremes, YAML's, JSON's and iCalendar's own signs, and characters that are no text.
ODD = (
    b"null", b"~", b"yes", b"no", b"on", b"0", b"-1", b"1e999", b"-1e-999", b".inf", b".nan", b"0x1F", b"0o7",
    b"1:30", b"9" * 400, b"1_000", b"2026-11-21", b"2026-02-30T25:61:00Z", b"''", b'""', b'"', b"'", b"{}", b"[]", b"{",
    b"[",    b"- ", b": ", b"? ", b"&a", b"*a", b"<<: *a", b"!!python/object:os.system", b"!!binary aGk=", b"!<tag:x>",
    b"%YAML 9.9", b"---", b"...", b"|", b">-", b"#", b"\t", b"\r", b"\x00", b"\xff\xfe", b"\xef\xbb\xbf", b"\xc2\x85",
    b"\xe2\x80\xa8", b"\xe2\x80\xae", b"\xed\xa0\x80", b"\xf0\x9f\x92\xa9", b"${", b"${primary}", b"${a${b}}", b"500ms",
    b"1h30m", b"-5s", b"99999999999h", b"97%", b"101%", b"true", b"NaN", b"Infinity", b"\\ud800", b"\\u0000",
    b"A" * 20_000, b"\r\n ", b"\nBEGIN:VEVENT\n", b"\nEND:VEVENT\n", b"\nRRULE:FREQ=", b"HOURLY", b"YEARLY;COUNT=99999",
    b"DAILY;BYMONTH=2;BYMONTHDAY=30", b"00010101", b"99991231T235960Z", b"20261224", b"P9999D", b"-PT1S", b"TZID=..",
)  # fmt: skip

Mutation = Callable[[bytes, Random], bytes]


def mutated(seeds: list[bytes], rng: Random) -> bytes:
    """One file: a seed after one to six changes."""
    content = rng.choice(seeds)
    for _ in range(rng.randint(1, 6)):
        content = rng.choice(_MUTATIONS)(content, rng)
        if rng.random() < 0.1:
            content = _spliced(content, rng.choice(seeds), rng)
    return content[:MOST_BYTES]


def _place(content: bytes, rng: Random) -> int:
    return rng.randint(0, len(content))


def _word_replaced(content: bytes, rng: Random) -> bytes:
    words = list(_WORD.finditer(content))
    if not words:
        return content + rng.choice(ODD)
    word = rng.choice(words)
    other = rng.choice(ODD) if rng.random() < 0.6 else rng.choice(words).group()
    return content[: word.start()] + other + content[word.end() :]


def _odd_inserted(content: bytes, rng: Random) -> bytes:
    at = _place(content, rng)
    return content[:at] + rng.choice(ODD) + content[at:]


def _byte_flipped(content: bytes, rng: Random) -> bytes:
    if not content:
        return b"\x80"
    at = rng.randrange(len(content))
    return content[:at] + bytes([content[at] ^ (1 << rng.randrange(8))]) + content[at + 1 :]


def _line_moved(content: bytes, rng: Random) -> bytes:
    """A line left out, doubled, moved, or with another indentation."""
    lines = content.split(b"\n")
    line = lines.pop(rng.randrange(len(lines)))
    changed = rng.choice([None, line, line.strip(), b"  " + line, b"- " + line])
    for _ in range(rng.choice([0, 1, 1, 2])):
        if changed is not None:
            lines.insert(rng.randint(0, len(lines)), changed)
    return b"\n".join(lines)


def _cut(content: bytes, rng: Random) -> bytes:
    start, end = sorted((_place(content, rng), _place(content, rng)))
    return content[:start] + content[end:] if rng.random() < 0.5 else content[:end]


def _repeated(content: bytes, rng: Random) -> bytes:
    start = _place(content, rng)
    piece = content[start : start + rng.randint(1, 200)]
    return content[:start] + piece * rng.choice([2, 10, 100, 1_000]) + content[start:]


def _nested(content: bytes, rng: Random) -> bytes:
    depth = rng.choice([3, 25, 200, 5_000])
    opening, closing = rng.choice([(b"[", b"]"), (b"{a: ", b"}"), (b'{"a":', b"}"), (b"- ", b""), (b"? ", b"")])
    at = _place(content, rng)
    return content[:at] + opening * depth + b"1" + closing * depth + content[at:]


def _expanding(content: bytes, rng: Random) -> bytes:
    """Aliases of aliases, of which each is ten of the one before."""
    lines = [b"a0: &a0 x"]
    lines += [b"a%d: &a%d [%s]" % (n, n, b", ".join([b"*a%d" % (n - 1)] * 10)) for n in range(1, rng.randint(2, 12))]
    return b"\n".join([*lines, content]) if rng.random() < 0.5 else content + b"\n" + b"\n".join(lines)


def _spliced(content: bytes, other: bytes, rng: Random) -> bytes:
    return content[: _place(content, rng)] + other[_place(other, rng) :]


_MUTATIONS: tuple[Mutation, ...] = (
    _word_replaced, _word_replaced, _word_replaced, _odd_inserted, _byte_flipped, _line_moved, _line_moved, _cut,
    _repeated, _nested, _expanding,
)  # fmt: skip
