"""Many rehearsed runs, side by side in processes of their own."""

from __future__ import annotations

import multiprocessing
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed

from drillrunner.errors import DrillError, LabFailed
from drillrunner.model.rehearsal import RehearsedRun
from drillrunner.orphans import end_with_the_parent
from drillrunner.rehearsal.one import Script, perform

Task = tuple[Script, int]


def perform_all(
    tasks: Sequence[Task], jobs: int, on_done: Callable[[RehearsedRun], None] = lambda run: None
) -> list[RehearsedRun]:
    """Every task's run, in the tasks' order; `on_done` hears of each as it ends. Raises the first failure.

    moto's state is a process's own, so that each job is a process; they are started afresh, since a forked
    one would share this one's threads' locks.
    """
    if jobs <= 1 or len(tasks) <= 1:
        return [_told(_run(script, seed), on_done) for script, seed in tasks]
    context = multiprocessing.get_context("spawn")
    workers = min(jobs, len(tasks))
    with ProcessPoolExecutor(workers, mp_context=context, initializer=end_with_the_parent) as pool:
        futures = {pool.submit(_run, *task): number for number, task in enumerate(tasks)}
        found: dict[int, RehearsedRun] = {}
        try:
            for future in as_completed(futures):
                found[futures[future]] = _told(future.result(), on_done)
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)
            raise
    return [found[number] for number in range(len(tasks))]


def _told(run: RehearsedRun, on_done: Callable[[RehearsedRun], None]) -> RehearsedRun:
    on_done(run)
    return run


def _run(script: Script, seed: int) -> RehearsedRun:
    """In a process of its own. Errors of ours cross as they are, others as text: they may not be picklable."""
    try:
        return perform(script, seed).run
    except DrillError as error:
        raise LabFailed(f"seed {seed}: {error.message}", where=error.where, advice=error.advice) from None


def numbered(script: Script, seeds: Iterable[int]) -> list[Task]:
    """One task for each seed."""
    return [(script, seed) for seed in seeds]
