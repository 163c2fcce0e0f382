"""Reading what AWS answers: JMESPath over JSON, and failed questions as Answers. Every AWS service file uses it."""

from __future__ import annotations

import json
from collections.abc import Awaitable
from typing import Any

import anyio

from drillrunner.errors import CallFailed
from drillrunner.model.noun import JsonValue
from drillrunner.model.reading import Answer
from drillrunner.ports import Outside

# Our own trouble, not the system's: such a question was never put, so it proves nothing.
OUR_OWN_CODES = frozenset(
    {
        "AccessDenied",
        "AccessDeniedException",
        "AuthFailure",
        "ExpiredCredentials",
        "ExpiredToken",
        "ExpiredTokenException",
        "InvalidAccessKeyId",
        "InvalidClientTokenId",
        "NoCredentials",
        "NotImplemented",
        "RequestExpired",
        "SignatureDoesNotMatch",
        "UnrecognizedClientException",
        "Unsupported",
    }
)

# A watcher calls a poll that reaches its time-out a failure; a question about a control plane gives up a little
# earlier, and says that it does not know.
SHARE_OF_TIMEOUT = 0.95


def found(answer: JsonValue, path: str) -> Any:
    """What a JMESPath finds in an answer; None where it finds nothing."""
    import jmespath  # only what asks AWS needs it

    return jmespath.search(path, answer)


def literal(value: JsonValue) -> str:
    """A JSON value as a JMESPath literal, whatever characters it holds."""
    return "`" + json.dumps(value).replace("`", "\\`") + "`"


def quoted(name: str) -> str:
    """A name as a JMESPath identifier, whatever characters it holds."""
    return json.dumps(name)


def failed(failure: CallFailed, asked: str = "") -> Answer:
    """The Answer to a question that users could have asked too: a refusal is a failure, unless it is our own."""
    return Answer(ok=None if failure.code in OUR_OWN_CODES else False, why=f"{asked}{failure.code}")


def unknown(failure: CallFailed, asked: str = "") -> Answer:
    """The Answer to a question about a control plane: what it did not say is not known."""
    return Answer(ok=None, why=f"{asked}{failure.code}")


async def bounded(outside: Outside, timeout_seconds: float, asking: Awaitable[Answer]) -> Answer:
    """What `asking` answers, or "unknown" where it fails or takes too long."""
    try:
        with anyio.fail_after(outside.clock.real(timeout_seconds * SHARE_OF_TIMEOUT)):
            return await asking
    except TimeoutError:
        return Answer(ok=None, why="timeout")
    except CallFailed as failure:
        return unknown(failure)
