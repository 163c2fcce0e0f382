"""One process's way to the fake control plane: every call meets a fate, and may land long after nobody waits for it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from pydantic import JsonValue

from drillrunner.errors import CallFailed
from drillrunner.model.call import AwsCall, Call
from drillrunner.simulation.control_plane import changes_something
from drillrunner.simulation.world import Sent, World

# How long a client waits for one answer (`calls/aws.py`).
TRY_SECONDS = 10.0


@dataclass(frozen=True, slots=True)
class Fate:
    """When a call takes effect (None: never), when it is answered, and with which error."""

    effect_after: float | None
    answer_after: float
    code: str | None = None
    unknown: bool = False


@dataclass(slots=True)
class UnderWay:
    """A changing call whose effect has not landed yet."""

    sent: Sent
    due: float
    timer: asyncio.TimerHandle


class Caller(Protocol):
    """The process that calls."""

    name: str
    run_id: str

    def about_to_call(self) -> None: ...

    def is_calling(self, operation: str) -> None: ...


def fate_of(world: World, call: AwsCall, timeout_seconds: float) -> Fate:
    """What becomes of a call sent now."""
    luck = world.call_dice
    spared = world.healed or world.spares_planning()
    seconds = luck.uniform(0.05, 0.5 if spared else world.scenario.troubles.slow_seconds)
    if world.credentials_expired():
        return Fate(None, seconds, "ExpiredTokenException")
    effect = seconds * luck.choice((0.0, luck.random(), 1.0))
    if spared:
        return Fate(effect, seconds)
    if luck.random() < world.scenario.troubles.odds.throttled:
        return Fate(None, seconds, "ThrottlingException")
    waits = min(timeout_seconds, TRY_SECONDS)
    if world.blacked_out():
        return Fate(luck.choice((None, effect)), waits, "Timeout", unknown=True)
    if changes_something(call):
        return _unlucky_change(world, seconds, waits, effect) or Fate(effect, seconds)
    return _unlucky_read(world, seconds, waits) or Fate(effect, seconds)


def _unlucky_change(world: World, seconds: float, waits: float, effect: float) -> Fate | None:
    """An error whose call took effect or not, a time-out likewise, or one that lands when nobody waits any more."""
    luck, odds = world.call_dice, world.scenario.troubles.odds
    if luck.random() < odds.server_error:
        return Fate(luck.choice((None, effect)), seconds, "InternalFailure", unknown=True)
    if luck.random() < odds.timed_out:
        return Fate(luck.choice((None, effect)), waits, "Timeout", unknown=True)
    if luck.random() < odds.late:
        late = luck.uniform(0.0, world.mutant.latest_landing_seconds)
        return Fate(waits + late, waits, "Timeout", unknown=True)
    return None


def _unlucky_read(world: World, seconds: float, waits: float) -> Fate | None:
    luck = world.call_dice
    if luck.random() < world.scenario.troubles.odds.read_lost:
        return Fate(None, luck.choice((seconds, waits)), luck.choice(("Timeout", "InternalFailure")), unknown=True)
    return None


class SimulatedCaller:
    """ports.Caller of one process."""

    def __init__(self, world: World, process: Caller, check: Callable[[World, Sent], None]) -> None:
        self._world = world
        self._process = process
        self._check = check
        self.under_way: list[UnderWay] = []
        # in the order in which they began to wait, so that a death is the same every time
        self.waiting: dict[asyncio.Task[object], None] = {}

    async def call(self, call: Call, *, timeout_seconds: float, retry: bool = True) -> JsonValue:
        assert isinstance(call, AwsCall)
        self._process.about_to_call()
        task = asyncio.current_task()
        assert task is not None
        self.waiting[task] = None
        try:
            if changes_something(call):
                return await self._change(call, timeout_seconds)
            return await self._read(call, timeout_seconds)
        finally:
            self.waiting.pop(task, None)

    async def _read(self, call: AwsCall, timeout_seconds: float) -> JsonValue:
        fate = fate_of(self._world, call, timeout_seconds)
        early = self._answer(call) if fate.effect_after == 0.0 and fate.code is None else None
        await self._world.clock.sleep(fate.answer_after)
        self._raise(call, fate)
        return self._answer(call) if early is None else early

    def _answer(self, call: AwsCall) -> JsonValue:
        return self._world.control.perform(call, seconds_ago=self._world.seconds_behind())

    async def _change(self, call: AwsCall, timeout_seconds: float) -> JsonValue:
        world = self._world
        sent = Sent(self._process.name, self._process.run_id, call, world.now())
        world.sent.append(sent)
        self._check(world, sent)
        fate = fate_of(world, call, timeout_seconds)
        answers: list[JsonValue | CallFailed] = []
        if fate.effect_after is not None:
            self._land(sent, fate.effect_after, answers)
        self._process.is_calling(call.operation)
        await world.clock.sleep(fate.answer_after)
        self._raise(call, fate)
        [answer] = answers
        if isinstance(answer, CallFailed):
            raise answer
        return answer

    def _land(self, sent: Sent, after: float, answers: list[JsonValue | CallFailed]) -> None:
        world = self._world

        def land() -> None:
            self.under_way = [one for one in self.under_way if one is not entry]
            try:
                answers.append(world.control.perform(sent.call))
                sent.landed_at = world.now()
            except CallFailed as refusal:
                answers.append(refusal)

        entry = UnderWay(sent, world.now() + after, world.later(after, land))
        self.under_way.append(entry)

    def abandon(self, late_share: float) -> None:
        """The process is dead: what it had under way lands within the longest that anything can take."""
        world = self._world
        for one in list(self.under_way):
            latest = world.now() + world.mutant.latest_landing_seconds
            callback = one.timer._callback  # type: ignore[attr-defined]
            due = min(latest, max(one.due, world.now() + late_share * world.mutant.latest_landing_seconds))
            one.timer.cancel()
            one.timer = world.later(due - world.now(), callback)
            operation = f"{one.sent.call.operation} of the dead {one.sent.party}"
            world.tell(f"{operation} will land in {due - world.now():.1f}s")

    def _raise(self, call: AwsCall, fate: Fate) -> None:
        if fate.code is None:
            return
        world = self._world
        world.troubled_at = world.now()
        unknown = fate.unknown and not world.mutant.unknown_is_failed
        raise CallFailed(fate.code, code=fate.code, unknown=unknown, where=call.describe())
