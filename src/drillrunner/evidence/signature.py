"""Signatures of manifests by OpenSSH's `ssh-keygen -Y` (its PROTOCOL.sshsig)."""

from __future__ import annotations

import base64
import binascii
import re
import subprocess
from collections.abc import Sequence
from pathlib import Path

from drillrunner.errors import InvalidInput
from drillrunner.evidence.plain_files import read_plain
from drillrunner.evidence.record import MANIFEST, MANIFEST_MOST_BYTES, SIGNATURE
from drillrunner.files.ssh_keygen import CHECK_SECONDS, SIGN_SECONDS, last_words, run_keygen

NAMESPACE = "drillrunner-evidence"
_SIGNATURE_MOST_BYTES = 65_536
_ARMOUR = re.compile(rb"-----BEGIN SSH SIGNATURE-----\n((?:[A-Za-z0-9+/=]{1,70}\n)+)-----END SSH SIGNATURE-----\n\Z")


def sign(folder: Path, key: Path) -> None:
    """Write manifest.json.sig beside manifest.json. Raises InvalidInput."""
    done = run_keygen(["-Y", "sign", "-n", NAMESPACE, "-f", str(key), str(folder / MANIFEST)], b"", SIGN_SECONDS)
    if done.returncode or not (folder / SIGNATURE).is_file():
        raise InvalidInput(f"the record cannot be signed: {last_words(done)}", where=str(key), advice="check --sign")


def damage_of(folder: Path) -> str | None:
    """What is wrong with the signature, whoever made it; None where it fits the manifest. Raises InvalidInput."""
    content = read_plain(folder / SIGNATURE, _SIGNATURE_MOST_BYTES)
    match = _ARMOUR.match(content)
    if match is None or not _is_base64(match.group(1)):
        return "is no signature as ssh-keygen writes it"
    done = _verified(folder, ["check-novalidate"])
    return None if done.returncode == 0 else "does not fit manifest.json"


def signer_of(folder: Path, allowed_signers: Path) -> str | None:
    """Which of the allowed signers signed the manifest; None where none did. Raises InvalidInput."""
    if not allowed_signers.is_file():
        raise InvalidInput("there is no such file", where=str(allowed_signers), advice="check --allowed-signers")
    sig = str(folder / SIGNATURE)
    listed = run_keygen(["-Y", "find-principals", "-s", sig, "-f", str(allowed_signers)], b"", CHECK_SECONDS)
    lines = listed.stdout.decode("utf-8", "replace").splitlines() if listed.returncode == 0 else []
    for name in (name for line in lines for name in line.split(",")):
        if _verified(folder, ["verify", "-f", str(allowed_signers), "-I", name]).returncode == 0:
            return name
    return None


def _verified(folder: Path, how: Sequence[str]) -> subprocess.CompletedProcess[bytes]:
    content = read_plain(folder / MANIFEST, MANIFEST_MOST_BYTES)
    return run_keygen(["-Y", *how, "-n", NAMESPACE, "-s", str(folder / SIGNATURE)], content, CHECK_SECONDS)


def _is_base64(lines: bytes) -> bool:
    """Whether it says the same once decoded and written again: no bit of it may be free to change."""
    joined = lines.replace(b"\n", b"")
    try:
        return base64.b64encode(base64.b64decode(joined, validate=True)) == joined
    except binascii.Error:
        return False
