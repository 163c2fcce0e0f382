"""How the HTTP client names what the operating system says."""

from __future__ import annotations

import errno

import pytest

from drillrunner.calls.http import why_os_error


@pytest.mark.parametrize(
    ("number", "why"),
    [
        (errno.ECONNREFUSED, "connect refused"),
        (errno.ECONNRESET, "reset"),
        (errno.EPIPE, "reset"),
        (errno.ETIMEDOUT, "timeout"),
        (errno.EHOSTUNREACH, "connect failed"),
        (errno.ENETUNREACH, "connect failed"),
        (errno.EMFILE, "not asked"),
        (errno.EADDRNOTAVAIL, "not asked"),
    ],
)
def test_every_error_of_a_socket_has_a_stable_reason(number: int, why: str) -> None:
    assert why_os_error(OSError(number, "said the system")) == why
