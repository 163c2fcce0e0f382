"""Calls that may block for ever, each in a thread that nobody waits for: not the loop when it closes, nor the exit."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from concurrent.futures import Future
from typing import TypeVar

_Result = TypeVar("_Result")


async def apart(call: Callable[[], _Result]) -> _Result:
    """What the call returns or raises. Who is cancelled meanwhile leaves it behind, and the process ends without it.

    The loop's own threads are joined when it closes, so one name that is looked up for half a minute would hold the
    lock of an environment for as long.
    """
    answer: Future[_Result] = Future()
    answer.set_running_or_notify_cancel()  # from here on it cannot be cancelled, so it can always be set

    def work() -> None:
        try:
            answer.set_result(call())
        except Exception as error:  # noqa: BLE001  it is raised where the call is awaited
            answer.set_exception(error)

    threading.Thread(target=work, name="apart", daemon=True).start()
    return await asyncio.wrap_future(answer)
