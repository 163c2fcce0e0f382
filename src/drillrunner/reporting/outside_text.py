"""Text from outside (names, reasons, errors) made harmless to look at: no control or direction characters, bounded."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from urllib.parse import unquote_plus

from pydantic import JsonValue

from drillrunner.reporting.secret_text import without_literals

LIMIT = 600

# Cc, Cf (all but the joiners that Indic and Arabic scripts and emoji need), Cs, Zl, Zp and the noncharacters
# that XML forbids. Unicode TR 36 section 3 and CVE-2021-42574 say why direction marks must show.
_HIDDEN = re.compile(
    "[\x00-\x1f\x7f-\x9f\u00ad\u0600-\u0605\u061c\u06dd\u070f\u180e\u200b\u200e\u200f\u2028-\u202e"
    "\u2060-\u206f\ufeff\ufff9-\ufffb\ufffe\uffff\ud800-\udfff\U000e0000-\U000e007f]"
)
_SHORT = {"\n": "\\n", "\r": "\\r", "\t": "\\t"}
_HIDDEN_VALUE = "***"
# Looked for anywhere in a key without its `-`, `_` and spaces: too much masked is only hard to read.
_SECRET = re.compile(
    r"passw(?:or)?d|passphrase|pwd|secret|token|cookie|credential|authorization|privatekey|apikey|accesskey",
    re.IGNORECASE,
)
# Keys that match and hold a name: AWS's of a secret, and those in environments.yaml of a variable or a header.
_NAMES_A_SECRET = re.compile(r"secret(?:id|arn|name)\Z|\A(?:passwordenv|tokenenv|tokenheader)\Z", re.IGNORECASE)
# A number is a secret where it is a password; `tokens_left` counts.
_SECRET_NUMBER = re.compile(r"(?:passw(?:or)?d|passphrase|pwd)\Z", re.IGNORECASE)
_QUERY_PAIR = re.compile(r"(?<=[?&#])([^=&#?\s\"]{1,100})=([^&#\s\"]+)")
# AWS's lists of pairs: Name and Value, Key and Value, ParameterKey and ParameterValue, HeaderName and HeaderValue.
_PAIRS_VALUE = re.compile(r"(.*)values?\Z", re.IGNORECASE | re.DOTALL)
# Keys of a path that say of all that is below them that it is secret; others may be the names of probes.
_HOLDS_SECRETS = re.compile(r"(?:secret|credential|password|token|cookie)s?\Z", re.IGNORECASE)
_SIGNATURES = frozenset({"sig", "signature", "x-amz-signature"})
_USER_INFO = re.compile(r"(?<=://)([^/?#\s@:]{0,200}):([^/?#\s@]{1,1000})@")


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
    """The same value with `***` for what keys, pairs and parameters of addresses call a password, token or key.

    Pairs are `{"Name": "DB_PASSWORD", "Value": "…"}`. Text that is JSON (the `Payload` of a Lambda invocation) is
    masked as what it says, text that is SQL (`PASSWORD '…'`) in its literals. For showing only: what is hashed and
    judged is never masked.
    """
    if isinstance(value, dict):
        names = _names_of_pairs(value)
        return {
            key: _HIDDEN_VALUE if _is_secret(key, inner) or _is_secret(names.get(key, ""), inner) else masked(inner)
            for key, inner in value.items()
        }
    if isinstance(value, list):
        return [masked(inner) for inner in value]
    return _masked_text(value) if isinstance(value, str) else value


def masked_at(path: str, value: JsonValue) -> JsonValue:
    """What lies at a path of keys (`drill.probes.checkout.params.password`), masked as it is in the whole."""
    *above, key = path.split(".")
    if any(_HOLDS_SECRETS.match(one.partition("[")[0]) and _is_secret(one, value) for one in above):
        return _HIDDEN_VALUE
    name = above[-1] if above else ""
    hidden = masked({"name": name, key: value} if key != "name" else {key: value})
    return hidden[key] if isinstance(hidden, dict) else hidden


def _names_of_pairs(value: Mapping[str, JsonValue]) -> dict[str, str]:
    """For each key that ends in Value, what the Name or Key beside it says."""
    said = {key.lower(): one for key, one in value.items() if isinstance(one, str)}
    found: dict[str, str] = {}
    for key in value:
        if of_pair := _PAIRS_VALUE.match(key):
            begins = of_pair.group(1).lower()
            found[key] = said.get(f"{begins}name") or said.get(f"{begins}key") or ""
    return found


def _is_secret(key: str, value: JsonValue) -> bool:
    name = re.sub(r"[-_ ]", "", key)
    if isinstance(value, str | list | dict):
        return bool(_SECRET.search(name)) and not _NAMES_A_SECRET.search(name)
    return isinstance(value, int | float) and not isinstance(value, bool) and bool(_SECRET_NUMBER.search(name))


def _masked_text(text: str) -> str:
    """The text to the letter as it is where there is no secret in it."""
    if text.lstrip()[:1] in ("{", "["):
        try:
            value: JsonValue = json.loads(text)
            hidden = masked(value)
            return text if hidden == value else json.dumps(hidden, ensure_ascii=False)
        except RecursionError:
            return _HIDDEN_VALUE  # nobody can say what is in it
        except ValueError:
            pass  # it only looks like JSON: it is text like any other
    text = _USER_INFO.sub(rf"\1:{_HIDDEN_VALUE}@", _QUERY_PAIR.sub(_masked_pair, text))
    return without_literals(text, _HIDDEN_VALUE)


def _masked_pair(pair: re.Match[str]) -> str:
    name, value = pair.groups()
    said = unquote_plus(name).lower()
    return f"{name}={_HIDDEN_VALUE}" if said in _SIGNATURES or _is_secret(said, value) else pair.group()


def compact(value: JsonValue) -> str:
    """A JSON value on one line for people: a lone string bare, null as `none`, secrets masked."""
    if value is None:
        return "none"
    if isinstance(value, str):
        return _masked_text(value)
    return json.dumps(masked(value), ensure_ascii=False, sort_keys=True)
