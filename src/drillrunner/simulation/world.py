"""The fake world as a whole: time, control plane, data plane, disk, and the log of everything that was done to it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from drillrunner.clock import VIRTUAL_EPOCH, Clock
from drillrunner.model.call import AwsCall
from drillrunner.model.noun import JsonValue
from drillrunner.simulation.control_plane import ControlPlane
from drillrunner.simulation.data_plane import DataPlane
from drillrunner.simulation.dice import dice
from drillrunner.simulation.disk import SimulatedDisk
from drillrunner.simulation.mutant import FAITHFUL, Mutant
from drillrunner.simulation.scenario import Scenario

# Drill seconds in a second of the loop: the engine looks for `drill stop` every 0.2 of the loop's.
SCALE = 10.0


@dataclass
class Sent:
    """One changing call of a process: when it was sent, for which intent, and when it took effect, if it did."""

    party: str
    run_id: str
    call: AwsCall
    sent_at: float
    call_id: str | None = None
    role: str | None = None
    landed_at: float | None = None


Reverter = Callable[["World"], None]


@dataclass
class World:
    """Everything outside the processes. Make it inside the virtual loop."""

    scenario: Scenario
    mutant: Mutant = FAITHFUL
    healed: bool = False
    conducting: bool = False
    sent: list[Sent] = field(default_factory=list)
    meddled: dict[str, list[JsonValue]] = field(default_factory=dict)
    troubled_at: float = -1e9
    violations: list[str] = field(default_factory=list)
    story: list[tuple[float, str]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._origin = self._loop.time()
        self.clock = Clock(scale=SCALE, monotonic_source=self._loop.time, wall_source=self._wall)
        seed = self.scenario.seed
        self.call_dice = dice(seed, "calls")
        self.control = ControlPlane(self.scenario.topology, self.now, self.later, self._changed)
        self.data = DataPlane(
            self.scenario.topology, self.control, self.now, self.later, self.clock, dice(seed, "data plane")
        )
        self.disk = SimulatedDisk(self.disk_full, skips_fsync=self.mutant.skips_fsync)
        self.before = self.control.state()
        self.data.start()
        self._arrange()

    def now(self) -> float:
        """Drill seconds, on the clock that the engine reads."""
        return self._loop.time() * SCALE

    def later(self, seconds: float, happen: Callable[[], None]) -> asyncio.TimerHandle:
        return self._loop.call_later(max(0.0, seconds) / SCALE, happen)

    def tell(self, what: str) -> None:
        """One line of the run's story."""
        self.story.append((self.now(), what))

    def violated(self, what: str) -> None:
        if what not in self.violations:
            self.violations.append(what)
            self.tell(f"VIOLATED: {what}")

    def differences(self) -> dict[str, tuple[JsonValue, JsonValue]]:
        """What is not as it was before, by target: (before, now). What a person set it to counts as well."""
        now = self.control.state()
        return {
            target: (before, now[target])
            for target, before in self.before.items()
            if now[target] != before and now[target] not in self.meddled.get(target, [])
        }

    # -- troubles that come by themselves -------------------------------------------------------------

    def disk_full(self) -> bool:
        return self._within(self.scenario.troubles.disk_full)

    def credentials_expired(self) -> bool:
        return self._within(self.scenario.troubles.expired)

    def spares_planning(self) -> bool:
        """Most seeds let a plan be made, since a run that never begins shows little."""
        return not self.conducting and self.scenario.seed % 10 != 0

    def blacked_out(self) -> bool:
        """No call is answered, whether it takes effect or not."""
        return self._within(self.scenario.troubles.blackout)

    def seconds_behind(self) -> float:
        """How old the state is that a read shows."""
        most = self.scenario.troubles.reads_behind_seconds
        return 0.0 if self.healed or most == 0.0 else self.call_dice.choice((0.0, self.call_dice.uniform(0.0, most)))

    def heal(self) -> None:
        """No more troubles from now on."""
        self.healed = True
        self.data.hiccup = None
        self.control.alarm = "OK"
        self.data.refresh()
        self.tell("all troubles end")

    def put_back_by_somebody(self, reverter: Reverter) -> None:
        """The seam for whoever reverts by itself: a dead man's switch, another machine, a person with a console."""
        reverter(self)

    def _within(self, span: tuple[float, float] | None) -> bool:
        return span is not None and not self.healed and span[0] <= self.now() < span[1]

    def _wall(self) -> datetime:
        jump = self.scenario.troubles.wall_jump
        jumped = jump[1] if jump is not None and self.now() >= jump[0] else 0.0
        return VIRTUAL_EPOCH + timedelta(seconds=self.now() + jumped)

    def _changed(self) -> None:
        self.data.refresh()

    def _arrange(self) -> None:
        troubles = self.scenario.troubles
        for begins, ends, kind in troubles.hiccups:
            self.later(begins, lambda kind=kind: self._hiccup(kind))  # type: ignore[misc]
            self.later(ends, lambda: self._hiccup(None))
        if troubles.alarm is not None:
            self.later(troubles.alarm[0], lambda: self._alarm("ALARM"))
            self.later(troubles.alarm[1], lambda: self._alarm("OK"))
        for moment in troubles.third_party_at:
            self.later(moment, lambda: self.put_back_by_somebody(third_party))
        if troubles.meddled_at is not None:
            self.later(troubles.meddled_at, lambda: meddle(self))
        for table in self.control.databases.tables.values():
            table.stalled_seconds = self._stalled_seconds

    def _stalled_seconds(self) -> float:
        span = self.scenario.troubles.stalled
        return max(0.0, span[1] - self.now()) if span is not None and self._within(span) else 0.0

    def _hiccup(self, kind: str | None) -> None:
        self.data.hiccup = None if self.healed or kind is None else ("hang" if kind == "hang" else "status")
        self.data.refresh()

    def _alarm(self, state: str) -> None:
        self.control.alarm = "OK" if self.healed else state


def third_party(world: World) -> None:
    """Puts one target back that is not as it was, whoever changed it."""
    changed = sorted(world.differences())
    if changed and not world.healed:
        target = dice(world.scenario.seed, "third party", round(world.now())).choice(changed)
        world.tell(f"a third party puts {target} back")
        world.control.put_back(target, world.before[target])


def meddle(world: World) -> None:
    """A person sets something to what it never was."""
    luck = dice(world.scenario.seed, "meddler")
    targets = [target for target in sorted(world.before) if target.startswith(("lambda ", "route53 health check "))]
    target = luck.choice(targets)
    value: JsonValue = luck.choice((0, 3, 77)) if target.startswith("lambda") else luck.random() < 0.5
    if not world.healed:
        world.tell(f"a person sets {target} to {value}")
        world.meddled.setdefault(target, []).append(value)
        world.control.put_back(target, value)
