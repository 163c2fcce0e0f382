"""Processes that end when the one that started them does, whatever became of it."""

from __future__ import annotations

import multiprocessing
import os
import threading

# What a shell shows of a process that lost what it worked for.
EXIT_CODE = 1


def end_with_the_parent() -> None:
    """Call it in a process of `multiprocessing`: a pool whose owner was killed would work on to its last task.

    Siblings hold the ends of a pool's pipes open for each other, so that none of them sees that the owner is gone.
    """
    parent = multiprocessing.parent_process()
    if parent is None:
        return

    def watch() -> None:
        parent.join()
        os._exit(EXIT_CODE)

    threading.Thread(target=watch, name="end-with-the-parent", daemon=True).start()
