"""Journal, debt and revert as a machine that hypothesis drives: whatever happens, all is back or what is left is named.

The simulation (`test_simulation.py`) draws whole drills; here hypothesis chooses what happens next, so that orders are
met that no drill has: changes again after a refusal, reverts that die one after another, weather that turns in between.
The engine and the fake world are the simulation's own.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Coroutine
from dataclasses import dataclass, replace
from functools import partial
from typing import Any, ClassVar, TypeVar

import anyio
import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from drillrunner.engine.perform import Performer
from drillrunner.engine.plan import MANUAL, capture, make_plan
from drillrunner.engine.record import Record
from drillrunner.engine.revert import Reverted, clean_up, revert_all
from drillrunner.errors import DrillError, ExitCode, FaultInEffect
from drillrunner.model.call import Change
from drillrunner.model.drill import FaultSpec, StepSpec
from drillrunner.model.noun import JsonValue
from drillrunner.ports import Outside
from drillrunner.registry import Role
from drillrunner.simulation.dice import dice
from drillrunner.simulation.disk import RunFiles, SimulatedJournal
from drillrunner.simulation.invariants.nothing_left import check_all_is_back, check_what_is_left
from drillrunner.simulation.invariants.told import check_journals, check_what_was_told
from drillrunner.simulation.mutant import FAITHFUL, Mutant
from drillrunner.simulation.party import Party
from drillrunner.simulation.play import LAST_REVERTS, SETTLED_SECONDS
from drillrunner.simulation.running import Told, has_ended, outside_of, revert_dead_run
from drillrunner.simulation.scenario import scenario_of
from drillrunner.simulation.trouble import FOR_EVER, Death, Odds, Troubles
from drillrunner.simulation.world import World
from drillrunner.virtual_loop import VirtualLoop

T = TypeVar("T")
Sky = tuple[str, int]

ALWAYS = (0.0, FOR_EVER)
WEATHER = {
    "calm": Troubles(),
    "throttling": Troubles(odds=Odds(throttled=0.5)),
    "server errors": Troubles(odds=Odds(server_error=0.5)),
    "time-outs": Troubles(odds=Odds(timed_out=0.5)),
    "late effects": Troubles(odds=Odds(late=0.6)),
    "lost reads": Troubles(odds=Odds(read_lost=0.5)),
    "everything at once": Troubles(odds=Odds(0.1, 0.1, 0.1, 0.2, 0.2), slow_seconds=4.0),
    "stale reads": Troubles(reads_behind_seconds=2.0),
    "expired credentials": Troubles(expired=ALWAYS),
    "a full disk": Troubles(disk_full=ALWAYS),
    "power cuts": Troubles(odds=Odds(late=0.3), power_cut_share=1.0),
}
# The weather of one move, and the luck that its calls have in it.
SKIES = st.tuples(st.sampled_from(list(WEATHER)), st.integers(0, 50))
CALM: Sky = ("calm", 0)
# Which of a drill's faults and steps are made.
NUMBERS = st.lists(st.integers(0, 9), min_size=1, max_size=3)
# How a move may end its process: around its nth entry, or with its nth changing call under way.
DOOMS = st.none() | st.builds(
    Death, st.sampled_from(("before", "after", "in-call")), st.integers(1, 9), st.sampled_from((0.0, 0.5, 1.0))
)


def specs_of(seed: int) -> tuple[FaultSpec | StepSpec, ...]:
    """What the seed's drill would do, but for what people do."""
    drill = scenario_of(seed).drill
    steps = (step for step in (*drill.failover, *drill.failback) if step.kind != MANUAL)
    return (*drill.faults, *steps)


# Worlds in which much can be done, and the same record, check or cluster is changed more than once.
SEEDS = [seed for seed in range(1, 120) if len(specs_of(seed)) >= 5 and not scenario_of(seed).environment.freeze]


class Doomed(Party):
    """A process that dies, if at all, in the move that it makes next."""

    def dies(self, death: Death | None) -> None:
        """`death.nth` counts from now on; of the calls every third as well, since a move makes few."""
        if death is None:
            self._death = None
        elif death.moment == "in-call":
            self._death = replace(death, nth=self._calls + (death.nth + 2) // 3)
        else:
            self._death = replace(death, nth=self._entries + death.nth)


@dataclass
class Runner:
    """The process that conducts: what it holds in memory while it lives."""

    party: Doomed
    files: RunFiles
    record: Record
    performer: Performer
    outside: Outside
    changes: int = 0
    failed: bool = False


class PuttingBack(RuleBasedStateMachine):
    """One world, one runner at a time, reverters after it, and weather that turns between any two of their moves."""

    mutant: ClassVar[Mutant] = FAITHFUL

    def __init__(self) -> None:
        super().__init__()
        self.loop = VirtualLoop()
        self.told: list[Told] = []
        self.runner: Runner | None = None

    @initialize(seed=st.sampled_from(SEEDS))
    def a_world(self, seed: int) -> None:
        self.seed = seed
        self.world = self._on_loop(self._made(seed))

    async def _made(self, seed: int) -> World:
        scenario = replace(scenario_of(seed), troubles=Troubles(), trouble_names=())
        world = World(scenario, self.mutant)
        world.conducting = True
        return world

    # -- what may happen ------------------------------------------------------------------------------

    @precondition(lambda self: self.runner is None and not self.owing())
    @rule(numbers=NUMBERS, sky=SKIES, death=DOOMS)
    def a_run_begins_and_changes_something(self, numbers: list[int], sky: Sky, death: Death | None) -> None:
        party = Doomed(f"runner {len(self.told) + 1}", self.world)
        self._live(party, CALM, None, lambda: self._begin(party))
        self._changes(numbers, sky, death)

    @precondition(lambda self: self.runner is not None and not self.runner.failed)
    @rule(numbers=NUMBERS, sky=SKIES, death=DOOMS)
    def it_changes_more(self, numbers: list[int], sky: Sky, death: Death | None) -> None:
        self._changes(numbers, sky, death)

    @precondition(lambda self: self.runner is not None)
    @rule(sky=SKIES, death=DOOMS)
    def it_reverts(self, sky: Sky, death: Death | None) -> None:
        assert self.runner is not None
        runner, self.runner = self.runner, None
        told = Told(runner.party)
        self._live(runner.party, sky, death, lambda: _revert(runner, told))
        self._account(told)

    @precondition(lambda self: self.runner is None and self.owing())
    @rule(after=st.sampled_from((0.0, 0.5, 5.0, 20.0)), sky=SKIES, death=DOOMS)
    def another_process_reverts(self, after: float, sky: Sky, death: Death | None) -> None:
        self._on_loop(self.world.clock.sleep(after))
        party = Doomed(f"reverter {len(self.told) + 1}", self.world)
        told = Told(party)
        self._live(party, sky, death, lambda: self._take_over(told))
        self._account(told)

    # -- what must hold -------------------------------------------------------------------------------

    @invariant()
    def nothing_is_done_that_is_not_on_disk_nor_left_that_is_not_named(self) -> None:
        assert self.world.violations == []

    def teardown(self) -> None:
        """The troubles end: then everything must come back."""
        try:
            if hasattr(self, "world"):
                self._finish()
                assert self.world.violations == []
        finally:
            self.loop.close()

    def _finish(self) -> None:
        self.runner = None
        self.world.heal()
        for number in range(LAST_REVERTS):
            if self.owing():
                party = Doomed(f"last reverter {number + 1}", self.world)
                self._live(party, CALM, None, partial(self._take_over, Told(party)))
        self._on_loop(self.world.clock.sleep(SETTLED_SECONDS))
        check_all_is_back(self.world)
        check_journals(self.world)

    def owing(self) -> bool:
        return any(not has_ended(files) for files in self.world.disk.runs.values())

    def _account(self, told: Told) -> None:
        """What a process told of its revert, held against the world when whatever could land has landed.

        A process that died told nothing, nor did one that could not begin.
        """
        told.ended_at = self.world.now()
        self.told.append(told)
        if not told.party.dead and told.refused is None:
            self._on_loop(self.world.clock.sleep(SETTLED_SECONDS))
            check_what_is_left(self.world, self.told)
            check_what_was_told(self.world, [told])

    # -- the processes --------------------------------------------------------------------------------

    async def _begin(self, party: Doomed) -> None:
        """A run that can be planned and whose journal can be begun; else there is none."""
        world, party.run_id = self.world, f"run-{len(self.world.disk.runs) + 1}"
        outside = outside_of(world, party, party.run_id)
        try:
            plan = await make_plan(world.scenario.drill, outside.environment, outside)
            files = world.disk.create(party.run_id, plan)
            journal = SimulatedJournal(files, world.disk, world.clock, party)
            record = Record(journal, make_room=lambda: world.disk.free_ballast(files))
            record.append("run.began", {"run_id": files.run_id})
            record.append("steady_state", {"ok": True})
        except DrillError:
            return
        self.runner = Runner(party, files, record, Performer(record, outside), outside)

    def _changes(self, numbers: list[int], sky: Sky, death: Death | None) -> None:
        """One change after another, as long as the process lives and none of them fails."""
        runner = self.runner
        if runner is None:
            return
        possible = specs_of(self.seed)
        self._live(runner.party, sky, death, lambda: _change(runner, [possible[n % len(possible)] for n in numbers]))
        self.runner = None if runner.party.dead else runner

    async def _take_over(self, told: Told) -> None:
        """As `drill revert`, which a full disk does not stop."""
        for files in [one for one in self.world.disk.runs.values() if not has_ended(one)]:
            _tell(told, files, await revert_dead_run(self.world, told.party, files))

    def _live(self, party: Doomed, sky: Sky, death: Death | None, body: Callable[[], Awaitable[None]]) -> None:
        """One move of a process under one sky, to its end or to the process's death."""
        weather, luck = sky
        self.world.scenario = replace(self.world.scenario, troubles=WEATHER[weather])
        self.world.call_dice = dice(luck, "calls")
        party.dies(death)
        self._on_loop(party.live(body))
        if party.error is not None:
            raise party.error

    def _on_loop(self, coroutine: Coroutine[Any, Any, T]) -> T:
        return self.loop.run_until_complete(coroutine)


async def _change(runner: Runner, specs: list[FaultSpec | StepSpec]) -> None:
    """As the conductor does it: of each what is there, the undos, then its Changes side by side."""
    for spec in specs:
        role: Role = "fault" if isinstance(spec, FaultSpec) else "step"
        try:
            changes = await capture(role, spec, runner.outside)
            recorded = [(_recorded(runner, role, spec.kind, change), change) for change in changes]
        except FaultInEffect:
            continue
        except DrillError:
            runner.failed = True
            return
        async with anyio.create_task_group() as group:
            for change_id, change in recorded:
                group.start_soon(_apply, runner, change_id, change)
        if runner.failed:
            return


def _recorded(runner: Runner, role: str, kind: str, change: Change) -> str:
    runner.changes += 1
    change_id, document = f"c{runner.changes}", change.model_dump(mode="json")
    group = f"{kind}-{len(runner.record.entries)}"
    data: dict[str, JsonValue] = {
        "change_id": change_id,
        "group": group,
        "role": role,
        "kind": kind,
        "change": document,
    }
    runner.record.append("undo.recorded", data)
    return change_id


async def _apply(runner: Runner, change_id: str, change: Change) -> None:
    try:
        await runner.performer.apply(change_id, change)
    except DrillError:
        runner.failed = True


async def _revert(runner: Runner, told: Told) -> None:
    """As the conductor does it, in the process that made the changes."""
    clock, within = runner.outside.clock, runner.files.plan.drill.revert_within_seconds
    reverted = await revert_all(runner.record, runner.performer, clock, within_seconds=within)
    litter = await clean_up(runner.record, runner.performer, clock, within_seconds=within)
    reverted = replace(reverted, left=reverted.left + litter)
    runner.record.append("run.ended", {"outcome": "aborted", "exit_code": ExitCode.ABORTED, "why": "the machine"})
    _tell(told, runner.files, reverted)


def _tell(told: Told, files: RunFiles, reverted: Reverted) -> None:
    told.reverted.append((files.run_id, reverted))
    if reverted.left:
        told.exit_code = ExitCode.STILL_INJECTED


# -- the tests --------------------------------------------------------------------------------------------

# Not made smaller: that can take minutes, and a dozen moves can be read. Add Phase.shrink to have it.
FEW = settings(
    max_examples=60,
    stateful_step_count=12,
    deadline=None,
    derandomize=True,
    database=None,
    phases=(Phase.generate,),
    report_multiple_bugs=False,
    suppress_health_check=list(HealthCheck),
)


def test_whatever_happens_next_all_is_put_back_or_what_is_left_is_named() -> None:
    run_state_machine_as_test(PuttingBack, settings=FEW)


@pytest.mark.parametrize(
    ("broken", "shows_as"),
    [
        (Mutant(lost_entries=2), "nothing says so|after every revert"),
        (Mutant(unknown_is_failed=True), "its outcome says that it failed"),
        (Mutant(latest_landing_seconds=60.0), "nothing says so"),
    ],
    ids=["intents and undos are not durable", "unknown is not applied", "no late look"],
)
def test_a_broken_rule_of_safety_is_found_by_the_machine_too(broken: Mutant, shows_as: str) -> None:
    class Broken(PuttingBack):
        mutant = broken

    with pytest.raises(AssertionError, match=shows_as):
        run_state_machine_as_test(Broken, settings=settings(FEW, max_examples=300))
