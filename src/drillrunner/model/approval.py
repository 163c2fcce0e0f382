"""Approvals: who said that a plan may be run, bound to the hash of exactly that plan."""

from __future__ import annotations

import base64
import binascii
from typing import Annotated

from pydantic import AwareDatetime, Field

from drillrunner.model.noun import Noun, as_bytes, canonical_json

SCHEMA_VERSION = 1
# what a file of allowed signers and a game day's `by` can hold, and a terminal can show
NAME_PATTERN = r"^[A-Za-z0-9](?:[A-Za-z0-9_-]{0,62}[A-Za-z0-9])?$"
# OpenSSH, PROTOCOL.sshsig: the magic and a version of four bytes, then the public key after its length
_KEY_AT = len(b"SSHSIG") + 4
_LENGTH_BYTES = 4
_Hash = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]


class Approval(Noun):
    """One person's yes to one plan. `at` is UTC.

    `covers` are the hashes of the plans inside of it: those of a game day's drills, of which each is approved with
    it. `signature` is OpenSSH's, in its armour, over `signed_bytes`; `key_fingerprint` names the key that made it.
    """

    schema_version: int = SCHEMA_VERSION
    plan_hash: _Hash
    what: str
    approver: Annotated[str, Field(pattern=NAME_PATTERN)]
    at: AwareDatetime
    words: str = ""
    covers: tuple[_Hash, ...] = ()
    signature: str | None = None
    key_fingerprint: str | None = None

    def signed_bytes(self) -> bytes:
        """What a signature is over: all of it but the signature and its key."""
        said = self.model_dump(mode="json", exclude={"signature", "key_fingerprint"})
        return as_bytes(canonical_json(said))

    def signing_key(self) -> bytes | None:
        """The public key that the signature itself names (the fingerprint beside it is nothing but words)."""
        if self.signature is None:
            return None
        inside = "".join(line for line in self.signature.split("\n") if line and not line.startswith("-----"))
        try:
            blob = base64.b64decode(inside, validate=True)
        except (binascii.Error, ValueError):
            return None
        begins = _KEY_AT + _LENGTH_BYTES
        return blob[begins : begins + int.from_bytes(blob[_KEY_AT:begins])] or None

    def is_for(self, plan_hash: str) -> bool:
        """Whether it approves the plan with that hash: by itself, or as a part of a game day."""
        return plan_hash == self.plan_hash or plan_hash in self.covers
