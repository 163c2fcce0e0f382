"""Who may ask for what: the names that count as ours, the token, and where a form may come from. Pure.

A page elsewhere may send a browser here (DNS rebinding, cross-site forms), and other users of a machine reach its
loopback too. So reading is for names of ours alone, and what acts needs the token as well.
"""

from __future__ import annotations

import hashlib
import hmac
import ipaddress
import secrets
import socket
from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from drillrunner.errors import InvalidInput

TOKEN_CHARACTERS_LEAST = 16
LOOPBACK_NAMES = frozenset({"127.0.0.1", "localhost", "::1"})
EVERYWHERE = frozenset({"0.0.0.0", "::", ""})


@dataclass(frozen=True, slots=True)
class Access:
    """What `drill serve` was told: where it listens, and the token.

    `names` are further names that it is reached by. Listening anywhere but on loopback, every page needs the token;
    on loopback only what acts does.
    """

    bind: str
    token: str = field(repr=False)
    names: frozenset[str] = frozenset()

    @property
    def is_loopback(self) -> bool:
        return is_loopback(self.bind)

    @property
    def everything_needs_token(self) -> bool:
        return not self.is_loopback

    @property
    def form_token(self) -> str:
        """What forms carry: it follows from the token, and does not tell it."""
        return hmac.new(self.token.encode(), b"form", hashlib.sha256).hexdigest()

    @property
    def cookie(self) -> str:
        """What the cookie holds: a token for this purpose alone."""
        return hmac.new(self.token.encode(), b"cookie", hashlib.sha256).hexdigest()

    def knows_host(self, host: str) -> bool:
        """Whether a Host header names us. Listening everywhere, addresses do: a rebound name never is one."""
        name = host_name(host)
        if name in LOOPBACK_NAMES or name in self.names or (name == self.bind.lower() and name not in EVERYWHERE):
            return True
        return self.bind in EVERYWHERE and (_is_address(name) or name == socket.gethostname().lower())

    def is_token(self, token: str) -> bool:
        return same(token, self.token)

    def is_cookie(self, cookie: str) -> bool:
        return same(cookie, self.cookie)

    def is_form_token(self, token: str) -> bool:
        return same(token, self.form_token)


def access_for(bind: str, token: str | None, names: frozenset[str] = frozenset()) -> Access:
    """The access for an address; without a token one is made. Raises InvalidInput for a token that can be guessed."""
    if token is not None and len(token) < TOKEN_CHARACTERS_LEAST:
        raise InvalidInput(
            f"a token of {len(token)} characters can be guessed",
            where="--token",
            advice=f"give one of {TOKEN_CHARACTERS_LEAST} or more, or none: one is made then",
        )
    return Access(bind, secrets.token_urlsafe(24) if token is None else token, frozenset(map(str.lower, names)))


def same(first: str, second: str) -> bool:
    """Compared in a time that tells nothing."""
    return hmac.compare_digest(first.encode("utf-8", "surrogatepass"), second.encode("utf-8", "surrogatepass"))


def is_loopback(bind: str) -> bool:
    """Whether an address is reached from this machine alone."""
    return bind.lower() == "localhost" or (_is_address(bind) and ipaddress.ip_address(bind).is_loopback)


def _is_address(name: str) -> bool:
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return False
    return True


def host_name(host: str) -> str:
    """The name in a Host header, without its port and brackets, in small letters; empty where it is none."""
    if set(host) & set("@/?#\\"):
        return ""
    try:
        return (urlsplit(f"//{host}").hostname or "").lower()
    except ValueError:
        return ""


def comes_from_here(headers: Mapping[str, str]) -> bool:
    """Whether a browser says that a form came from a page of ours: its Origin, its Sec-Fetch-Site, or both.

    What says neither is refused: no browser that is in use leaves both out of a POST. Where something in front of us
    speaks TLS, the Origin is https.
    """
    site, origin = headers.get("Sec-Fetch-Site"), headers.get("Origin")
    if site is None and origin is None:
        return False
    ours = {f"{scheme}://{headers.get('Host', '')}" for scheme in ("http", "https")}
    return site in (None, "same-origin") and (origin is None or origin in ours)
