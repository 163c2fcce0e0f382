"""Text from outside (names, reasons, errors) made harmless to look at: no control or direction characters, bounded."""

from __future__ import annotations

import json
import re

from pydantic import JsonValue

LIMIT = 600

# Cc, Cf (all but the joiners that Indic and Arabic scripts and emoji need), Cs, Zl, Zp and the noncharacters
# that XML forbids. Unicode TR 36 section 3 and CVE-2021-42574 say why direction marks must show.
_HIDDEN = re.compile(
    "[\x00-\x1f\x7f-\x9f\u00ad\u0600-\u0605\u061c\u06dd\u070f\u180e\u200b\u200e\u200f\u2028-\u202e"
    "\u2060-\u206f\ufeff\ufff9-\ufffb\ufffe\uffff\ud800-\udfff\U000e0000-\U000e007f]"
)
_SHORT = {"\n": "\\n", "\r": "\\r", "\t": "\\t"}
_SECRET = re.compile(
    r"(?:password|passphrase|secretstring|secretbinary|authtoken|authorization|privatekey|apikey)\Z", re.IGNORECASE
)


def _escape(match: re.Match[str]) -> str:
    character = match.group()
    point = ord(character)
    return _SHORT.get(character) or (f"\\u{point:04x}" if point <= 0xFFFF else f"\\U{point:08x}")


def visible(text: str, limit: int = LIMIT) -> str:
    """One line in which every control, direction and invisible character shows as an escape (`\\u202e`)."""
    if len(text) > limit:
        text = f"{text[:limit]}… ({len(text):,} characters)"
    return _HIDDEN.sub(_escape, text)


def whole(value: JsonValue) -> JsonValue:
    r"""The same JSON with half surrogate pairs written out (`\ud800`), which strict readers refuse."""
    if isinstance(value, str):
        return value.encode("utf-8", "backslashreplace").decode("utf-8")
    if isinstance(value, list):
        return [whole(one) for one in value]
    if isinstance(value, dict):
        return {str(whole(key)): whole(one) for key, one in value.items()}
    return value


def masked(value: JsonValue) -> JsonValue:
    """The same value with what its keys call a password, token or key replaced by `***`."""
    if isinstance(value, dict):
        return {key: "***" if _is_secret(key) and inner is not None else masked(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [masked(inner) for inner in value]
    return value


def _is_secret(key: str) -> bool:
    return bool(_SECRET.search(re.sub(r"[-_ ]", "", key)))


def compact(value: JsonValue) -> str:
    """A JSON value on one line for people: a lone string bare, null as `none`, secrets masked."""
    if value is None:
        return "none"
    if isinstance(value, str):
        return value
    return json.dumps(masked(value), ensure_ascii=False, sort_keys=True)
