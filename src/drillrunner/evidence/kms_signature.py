"""Signatures of manifests by a key in AWS KMS, checked offline with the public key that lies beside them.

What KMS signs is `manifest.json.kms`: it names the manifest's SHA-256, the key and its public half. Any tool that knows
X.509 and ECDSA or RSA-PSS can check `manifest.json.kms.sig` over it with `manifest.json.kms.pem`.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import json
import textwrap
from collections.abc import Iterator, Sequence
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from pydantic import ValidationError

from drillrunner.errors import InvalidInput
from drillrunner.evidence.plain_files import read_plain, sha256_of_file, sync, write_durably
from drillrunner.evidence.record import MANIFEST
from drillrunner.evidence.signature import NAMESPACE
from drillrunner.model.noun import Noun

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.hashes import HashAlgorithm

STATEMENT, SIGNED, PUBLIC_KEY = f"{MANIFEST}.kms", f"{MANIFEST}.kms.sig", f"{MANIFEST}.kms.pem"
FILES = (STATEMENT, SIGNED, PUBLIC_KEY)
_MOST_BYTES = 16_384
_BEGIN, _END = "-----BEGIN PUBLIC KEY-----", "-----END PUBLIC KEY-----"


class KmsStatement(Noun):
    """What is signed. `key` is the ARN, `public_key_sha256` of the file beside it, `signed_wall` of our own clock."""

    schema_version: int = 1
    namespace: str = NAMESPACE
    manifest_sha256: str
    key: str
    algorithm: str
    public_key_sha256: str
    signed_wall: str


def pem_of(public_key: bytes) -> bytes:
    """A public key in DER as PEM (RFC 7468)."""
    lines = textwrap.wrap(base64.b64encode(public_key).decode("ascii"), 64)
    return ("\n".join([_BEGIN, *lines, _END]) + "\n").encode("ascii")


def statement_of(folder: Path, key: str, algorithm: str, public_key: bytes, now: datetime) -> bytes:
    """What KMS is to sign for the record in the folder. Raises InvalidInput."""
    return _as_file(
        KmsStatement(
            manifest_sha256=sha256_of_file(folder / MANIFEST)[0],
            key=key,
            algorithm=algorithm,
            public_key_sha256=hashlib.sha256(pem_of(public_key)).hexdigest(),
            signed_wall=now.isoformat(timespec="seconds"),
        )
    )


def keep(folder: Path, statement: bytes, signature: bytes, public_key: bytes) -> None:
    """Write the three files and check them. Raises InvalidInput where they do not fit, or OSError."""
    for name, content in zip(FILES, (statement, signature, pem_of(public_key)), strict=True):
        write_durably(folder / name, content)
        (folder / name).chmod(0o444)
    sync(folder)
    for name, what in damage_of(folder):
        raise InvalidInput(f"the record cannot be signed: {name} {what}", where=str(folder))


def is_there(folder: Path) -> bool:
    """Whether there is anything of such a signature."""
    return any((folder / name).exists() or (folder / name).is_symlink() for name in FILES)


def damage_of(folder: Path) -> Iterator[tuple[str, str]]:
    """What is wrong with which file, whoever signed. Raises InvalidInput where nobody can say."""
    missing = [name for name in FILES if not (folder / name).is_file()]
    if missing:
        yield from ((name, "is missing") for name in missing)
        return
    content = read_plain(folder / STATEMENT, _MOST_BYTES)
    statement = _statement(content)
    if statement is None:
        yield STATEMENT, "is no statement as drillrunner writes it"
        return
    if hashlib.sha256(read_plain(folder / PUBLIC_KEY, _MOST_BYTES)).hexdigest() != statement.public_key_sha256:
        yield PUBLIC_KEY, f"is not the key that {STATEMENT} names: one of the two was changed"
    elif not _fits(statement, content, folder):
        yield SIGNED, f"does not fit {STATEMENT}: one of the two was changed"
    elif (folder / MANIFEST).is_file() and sha256_of_file(folder / MANIFEST)[0] != statement.manifest_sha256:
        yield SIGNED, f"does not fit {MANIFEST}"


def signer_of(folder: Path, allowed: Sequence[Path]) -> str | None:
    """`KMS key ARN` where its public key is in one of the files (PEM), else None. Raises InvalidInput."""
    mine = _der(read_plain(folder / PUBLIC_KEY, _MOST_BYTES), folder / PUBLIC_KEY)
    known = [_der(read_plain(path, _MOST_BYTES), path) for path in allowed]
    return key_words(folder) if mine in known else None


def key_words(folder: Path) -> str:
    """`KMS key ARN`, as the statement says."""
    statement = _statement(read_plain(folder / STATEMENT, _MOST_BYTES))
    return f"KMS key {statement.key if statement else 'not known'}"


def _as_file(statement: KmsStatement) -> bytes:
    return (json.dumps(statement.model_dump(mode="json"), indent=1, ensure_ascii=True) + "\n").encode("ascii")


def _statement(content: bytes) -> KmsStatement | None:
    """None where it is not written as we write it, or not for us."""
    try:
        found = KmsStatement.model_validate_json(content)
    except ValidationError:
        return None
    return found if _as_file(found) == content and found.namespace == NAMESPACE else None


def _der(pem: bytes, path: Path) -> bytes:
    text = pem.decode("ascii", "replace").strip()
    try:
        if not (text.startswith(_BEGIN) and text.endswith(_END)):
            raise ValueError(text)
        return base64.b64decode("".join(text.removeprefix(_BEGIN).removesuffix(_END).split()), validate=True)
    except (ValueError, binascii.Error) as error:
        advice = "give it as PEM, as manifest.json.kms.pem is written"
        raise InvalidInput("is no public key", where=str(path), advice=advice) from error


def _fits(statement: KmsStatement, content: bytes, folder: Path) -> bool:
    """Whether the public key made the signature over the statement. Raises InvalidInput without cryptography."""
    try:
        from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
        from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
        from cryptography.hazmat.primitives.serialization import load_pem_public_key
    except ImportError as error:
        advice = "pip install 'drillrunner[kms]' brings it"
        raise InvalidInput("signatures of a KMS need the package cryptography", advice=advice) from error
    signature = read_plain(folder / SIGNED, _MOST_BYTES)
    try:
        key = load_pem_public_key(read_plain(folder / PUBLIC_KEY, _MOST_BYTES))
        kind, digest = _algorithm(statement.algorithm)
        if kind == "ECDSA" and isinstance(key, ec.EllipticCurvePublicKey):
            key.verify(signature, content, ec.ECDSA(digest))
            return True
        if kind == "RSASSA_PSS" and isinstance(key, rsa.RSAPublicKey):
            # KMS's salt is as long as the digest; a longer one is no weaker
            key.verify(signature, content, padding.PSS(padding.MGF1(digest), padding.PSS.AUTO), digest)
            return True
    except (InvalidSignature, UnsupportedAlgorithm, ValueError, KeyError):
        return False
    return False


def _algorithm(name: str) -> tuple[str, HashAlgorithm]:
    """Raises KeyError for one that is not known."""
    from cryptography.hazmat.primitives.hashes import SHA256, SHA384, SHA512

    kind, _, digest = name.rpartition("_SHA_")
    return kind, {"256": SHA256(), "384": SHA384(), "512": SHA512()}[digest]
