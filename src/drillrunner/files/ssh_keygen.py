"""OpenSSH's `ssh-keygen -Y`: signatures over bytes, made and verified by the tool itself (its PROTOCOL.sshsig)."""

from __future__ import annotations

import re
import subprocess
import tempfile
from collections.abc import Sequence
from pathlib import Path

from drillrunner.errors import InvalidInput

SIGN_SECONDS = 60.0
CHECK_SECONDS = 20.0
_FINGERPRINT = re.compile(r"\b(SHA256:[A-Za-z0-9+/]{20,60})")


def run_keygen(words: Sequence[str], given: bytes, within_seconds: float) -> subprocess.CompletedProcess[bytes]:
    """One call of ssh-keygen. Raises InvalidInput where it is not there, or does not end."""
    try:
        return subprocess.run(
            ["ssh-keygen", *words], input=given, capture_output=True, check=False, timeout=within_seconds
        )
    except FileNotFoundError as error:
        raise InvalidInput("ssh-keygen is not installed", advice="signatures need OpenSSH 8.2 or newer") from error
    except OSError as error:
        raise InvalidInput(f"ssh-keygen cannot be run: {error.strerror or error}") from error
    except subprocess.TimeoutExpired as error:
        raise InvalidInput(
            f"ssh-keygen did not end within {within_seconds:g}s",
            advice="a key with a passphrase needs an agent that holds it (ssh-add)",
        ) from error


def last_words(done: subprocess.CompletedProcess[bytes]) -> str:
    """What it said at its end."""
    lines = done.stderr.decode("utf-8", "replace").strip().splitlines()
    return lines[-1] if lines else f"ssh-keygen ended with {done.returncode}"


def signature_over(content: bytes, key: Path, namespace: str) -> str:
    """The signature of the key in that file, in its armour. Raises InvalidInput."""
    done = run_keygen(["-Y", "sign", "-n", namespace, "-f", str(key)], content, SIGN_SECONDS)
    if done.returncode or not done.stdout.startswith(b"-----BEGIN SSH SIGNATURE-----"):
        raise InvalidInput(f"the key cannot sign: {last_words(done)}", where=str(key), advice="check --key")
    return done.stdout.decode("ascii", "replace")


def fingerprint_of(key: Path) -> str | None:
    """`SHA256:…` of the key in a file; None where it cannot be told."""
    done = run_keygen(["-l", "-f", str(key)], b"", CHECK_SECONDS)
    found = _FINGERPRINT.search(done.stdout.decode("utf-8", "replace")) if done.returncode == 0 else None
    return found.group(1) if found else None


def is_signed_by(name: str, content: bytes, signature: str, namespace: str, allowed_signers: Path) -> bool:
    """Whether the signature is good and by a key that the file gives to that name. Raises InvalidInput."""
    with tempfile.TemporaryDirectory() as folder:
        kept = Path(folder) / "signature"
        kept.write_text(signature, encoding="utf-8")
        words = ["-Y", "verify", "-n", namespace, "-f", str(allowed_signers), "-I", name, "-s", str(kept)]
        return run_keygen(words, content, CHECK_SECONDS).returncode == 0
