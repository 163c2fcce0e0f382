"""Conducting a run: the fixed phases, and the revert that follows whatever ended them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import anyio
import anyio.abc
from pydantic import JsonValue

from drillrunner.engine.desk import Desk, Ending
from drillrunner.engine.guard import guard, longest_phases_seconds
from drillrunner.engine.ledgers import read_ledgers
from drillrunner.engine.lookout import Lookout
from drillrunner.engine.perform import Effect, Performer
from drillrunner.engine.plan import MANUAL, capture, known_kind
from drillrunner.engine.revert import LATE_EFFECT_SECONDS, Owed, Reverted, begun, clean_up, revert_all
from drillrunner.engine.steady import not_served_from_home, not_steady
from drillrunner.engine.walk import Walkthrough
from drillrunner.errors import DrillError, ExitCode, JournalUnwritable, PlanStale, Refused, SteadyStateMissing
from drillrunner.model.call import Change
from drillrunner.model.drill import FaultSpec, StepSpec
from drillrunner.model.journal import Phase
from drillrunner.ports import WritingProbe

STOP_POLL_REAL_SECONDS = 0.2
# Who asked to stop wants to go: the revert is seen through, the wait for the steady state is not.
NOT_WAITED_FOR = frozenset({"SIGINT", "SIGTERM", "SIGHUP", "drill stop", "cancelled"})


@dataclass
class _Ended:
    """The first reason to end the phases early."""

    by: str | None = None
    why: str = ""
    exit_code: int = ExitCode.ABORTED


class Conductor:
    """Takes one run through its phases. `run` never leaves without having reverted."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._drill = desk.plan.drill
        self._clock = desk.outside.clock
        self._record = desk.record
        self._performer = Performer(desk.record, desk.outside)
        self._lookout = Lookout(desk, self._reserve, self._stop, self._fail)
        self._ended = _Ended()
        self._changes = 0
        self._effect: Effect | None = None
        self._body = anyio.CancelScope()
        self._injecting = False
        self.error: Exception | None = None

    # -- from outside ---------------------------------------------------------------------------

    def interrupt(self, by: str, why: str) -> None:
        """End the phases and revert: a signal, `drill stop`, a stop condition. The first reason counts."""
        if self._ended.by is None:
            self._ended = _Ended(by, why)
        self._body.cancel()

    async def run(self) -> Ending:
        """All phases, then the revert, then the ending. Raises nothing that the journal does not hold."""
        async with anyio.create_task_group() as siblings:
            try:
                self._lookout.start(siblings)
                siblings.start_soon(self._keep_an_eye)
                if self._desk.asked_steps is not None:  # else not even a task: virtual time knows no difference
                    siblings.start_soon(Walkthrough(self._desk, self._fail).listen)
                with self._body:
                    await self._phases()
            except BaseException:
                self._ended = _Ended("cancelled", "from outside") if self._ended.by is None else self._ended
                raise
            finally:
                ending = await self._put_everything_back()
            siblings.cancel_scope.cancel()
        return ending

    async def _put_everything_back(self) -> Ending:
        """Whatever ended the phases, even a cancellation from outside or an error of our own."""
        with anyio.CancelScope(shield=True):
            reverted = await self._revert()
            await self._restored(reverted)
            litter = await self._clean_up()
        try:
            self._desk.readings.flush()
        except Exception as error:  # noqa: BLE001  it is over, and how it ended must still be said
            self.error = self.error or error
        return self._ending(replace(reverted, left=reverted.left + litter))

    # -- what ends it early ------------------------------------------------------------------------

    def _fail(self, error: Exception) -> None:
        """End the run by an error: refused when it came in time, aborted when something was begun."""
        self.error = self.error or error
        refusal = isinstance(error, Refused | JournalUnwritable)
        if self._ended.by is None:
            in_time = refusal and not self._anything_begun()
            code = ExitCode.REFUSED if in_time else ExitCode.ABORTED
            self._ended = _Ended("refused" if in_time else "error", _text(error), code)
        self._body.cancel()

    def _anything_begun(self) -> bool:
        return any(one.role != "ledger" for one in begun(self._record.entries))

    def _stop(self, name: str, why: str) -> None:
        """A stop condition tripped. It counts while something may be injected."""
        if self._injecting and self._ended.by is None:
            self._record_quietly("stop.tripped", {"condition": name, "why": why})
            self.interrupt("stop condition", f"{name}: {why}")

    def _record_quietly(self, kind: str, data: dict[str, JsonValue]) -> None:
        """From a callback: a journal that fails here ends the run, which is what is happening anyway."""
        try:
            self._record.append(kind, data)
        except DrillError as error:
            self.error = self.error or error

    async def _keep_an_eye(self) -> None:
        """Look for `drill stop`, for a lock that somebody took from us, and at the time that the guard allowed for."""
        deadline = self._clock.monotonic() + longest_phases_seconds(self._desk.plan)
        try:
            while self._ended.by is None:
                if self._clock.monotonic() > deadline:
                    self.interrupt("deadline", "it took longer than the guard had allowed for")
                who = self._desk.stop_requested()
                if who is not None:
                    self.interrupt(who, "asked to stop")
                elif not self._desk.still_ours():
                    self.interrupt("lease", "the environment's lock is no longer in this run's name")
                await anyio.sleep(STOP_POLL_REAL_SECONDS)
        except Exception as error:  # noqa: BLE001  who cannot look must not go on
            self._fail(error)

    async def _reserve(self, probe: str, kind: str, extent: Change) -> None:
        unwritten = self._record.unwritten
        change_id = self._undo(extent, role="ledger", kind=kind, group=f"ledger-{probe}", extra={"probe": probe})
        await self._record.on_disk()
        if self._record.unwritten != unwritten:
            raise JournalUnwritable(f"probe {probe} may write no more: the undo of its records is not on disk")
        await self._performer.apply(change_id, extent)

    # -- phases ---------------------------------------------------------------------------------

    async def _phases(self) -> None:
        try:
            self._phase("preflight")
            guard(self._desk.plan, self._clock.wall())
            await self._baseline()
            self._injecting = True
            await self._inject()
            if await self._detect():
                await self._steps("failover", self._drill.failover)
                if await self._recover():
                    await self._steps("failback", self._drill.failback)
            await read_ledgers(self._record, self._desk.outside, self._lookout.watchers, "before_revert")
        except Exception as error:  # noqa: BLE001  whatever it is, the run ends here and is reverted
            self._fail(error)
        finally:
            self._injecting = False

    def _phase(self, phase: Phase) -> None:
        self._record.append("phase.began", {"phase": phase})

    async def _baseline(self) -> None:
        self._phase("baseline")
        deadline = self._clock.monotonic() + self._drill.baseline_within_seconds
        while (why := await self._look_for_steady_state()) is not None and self._clock.monotonic() < deadline:
            self._record.append("baseline.retaken", {"why": why})
            for track in self._lookout.board.tracks.values():
                track.count_anew()
        self._record.append("steady_state", {"moment": "before", "ok": why is None, "why": why})
        if why is not None:
            raise SteadyStateMissing(
                f"the steady state does not hold: {why}",
                advice="nothing was injected; mend the system or the probe first, then drill",
            )

    async def _look_for_steady_state(self) -> str | None:
        await self._clock.sleep(self._drill.baseline_seconds)
        return not_steady(self._drill, self._lookout.board.tracks, self._detector())

    async def _inject(self) -> None:
        self._phase("inject")
        for track in self._lookout.board.tracks.values():
            track.forget_failures()
        began = self._clock.monotonic()
        order = sorted(range(len(self._drill.faults)), key=lambda index: self._drill.faults[index].after_seconds)
        for index in order:
            fault = self._drill.faults[index]
            await self._clock.sleep_until(began + fault.after_seconds)
            await self._inject_fault(index, fault)

    async def _inject_fault(self, index: int, fault: FaultSpec) -> None:
        changes = await capture("fault", fault, self._desk.outside)
        if changes != self._desk.plan.faults[index].changes:
            raise PlanStale(
                f"{fault.kind}: its target is no longer as it was when the plan was made",
                advice="somebody changed it meanwhile; plan again",
            )
        effect = await self._apply(changes, role="fault", kind=fault.kind, group=f"fault-{index}")
        if self._effect is None:
            self._effect = effect

    async def _apply(
        self, changes: Sequence[Change], *, role: str, kind: str, group: str, extra: dict[str, JsonValue] | None = None
    ) -> Effect | None:
        """All undos first, on disk with the first call's intent; then the Changes side by side.

        Returns the first effect of any.
        """
        recorded = [(self._undo(change, role=role, kind=kind, group=group, extra=extra), change) for change in changes]
        effects: list[Effect] = []
        failures: list[Exception] = []

        async def one(change_id: str, change: Change) -> None:
            try:
                effect = await self._performer.apply(change_id, change)
            except DrillError as error:
                failures.append(error)
                return
            effects.append(effect)
            if role == "fault":
                span: dict[str, JsonValue] = {"low": round(effect.low, 6), "high": round(effect.high, 6)}
                self._record.write("effect.observed", {"change_id": change_id, **span})

        async with anyio.create_task_group() as group_of_calls:
            for change_id, change in recorded:
                group_of_calls.start_soon(one, change_id, change)
        if failures:
            raise failures[0]
        return min(effects, key=lambda effect: effect.low, default=None)

    def _undo(
        self, change: Change, *, role: str, kind: str, group: str, extra: dict[str, JsonValue] | None = None
    ) -> str:
        self._changes += 1
        change_id = f"c{self._changes}"
        document: JsonValue = change.model_dump(mode="json")
        self._record.write(
            "undo.recorded",
            {"change_id": change_id, "group": group, "role": role, "kind": kind, "change": document, **(extra or {})},
        )
        return change_id

    # -- detect, fail over, recover ---------------------------------------------------------------

    def _detector(self) -> str | None:
        """The probe whose failing is the detection signal: the drill's, or the first that is made for it."""
        if self._drill.detection_probe is not None:
            return self._drill.detection_probe
        return next((probe.name for probe in self._drill.probes if known_kind("probe", probe.kind).detects), None)

    async def _detect(self) -> bool:
        """Wait for the signal. False when nothing was seen at all: then there is nothing to fail over from."""
        self._phase("detect")
        name = self._detector() or self._drill.user_facing[0].name
        track = self._lookout.board.tracks[name]
        deadline = self._clock.monotonic() + self._drill.detection_within_seconds
        seen = await self._lookout.board.until(
            lambda: track.first_bad is not None or self._recovered_already(), self._desk.outside, deadline
        )
        if seen and track.first_bad is not None:
            last_good = track.good_before_first_bad or track.first_bad
            span: dict[str, JsonValue] = {
                "low": round(last_good.asked, 6),
                "high": round(track.first_bad.answered, 6),
            }
            self._record.append("detected", {"probe": name, **span})
        return seen or self._outage_seen()

    def _outage_seen(self) -> bool:
        return any(self._lookout.board.tracks[probe.name].first_bad is not None for probe in self._drill.user_facing)

    def _recovered_already(self) -> bool:
        return self._outage_seen() and self._stable()

    def _stable(self) -> bool:
        """Every user-facing probe has been good, unbroken, for `stable_for`."""
        tracks = [self._lookout.board.tracks[probe.name] for probe in self._drill.user_facing]
        return all(track.good_for_seconds() >= self._drill.stable_for_seconds for track in tracks)

    async def _recover(self) -> bool:
        self._phase("recover")
        since = self._effect.high if self._effect else self._clock.monotonic()
        deadline = since + self._drill.recovery_within_seconds
        settled = self._clock.monotonic() + self._drill.stable_for_seconds

        def recovered() -> bool:
            return self._stable() and (self._outage_seen() or self._clock.monotonic() >= settled)

        ok = await self._lookout.board.until(recovered, self._desk.outside, deadline)
        if ok and self._outage_seen():
            starts = [self._lookout.board.tracks[probe.name].good_since for probe in self._drill.user_facing]
            moments = [(start.asked, start.answered) for start in starts if start is not None]
            low, high = max(moments)
            self._record.append("recovered", {"low": round(low, 6), "high": round(high, 6)})
        await read_ledgers(self._record, self._desk.outside, self._lookout.watchers, "recovered")
        return ok

    async def _steps(self, section: Phase, steps: Sequence[StepSpec]) -> None:
        self._phase(section)
        for index, step in enumerate(steps):
            by = "person" if step.kind == MANUAL else "automation"
            about: dict[str, JsonValue] = {"section": section, "index": index, "kind": step.kind, "by": by}
            self._record.append("step.began", {**about, "text": step.text})
            try:
                await self._step(section, index, step)
            except DrillError as error:
                self._record.append("step.done", {**about, "ok": False, "error": error.message})
                raise
            self._record.append("step.done", {**about, "ok": True})

    async def _step(self, section: str, index: int, step: StepSpec) -> None:
        if step.kind == MANUAL:
            await self._desk.ask_person(step.text or "")
            return
        changes = await capture("step", step, self._desk.outside)
        extra: dict[str, JsonValue] = {"section": section, "index": index}
        await self._apply(changes, role="step", kind=step.kind, group=f"{section}-{index}", extra=extra)

    # -- the end --------------------------------------------------------------------------------

    async def _revert(self) -> Reverted:
        self._record.go_on_without_journal()
        if self._ended.by is not None:
            self._record.append("interrupted", {"by": self._ended.by, "why": self._ended.why})
        self._phase("revert")
        within = self._drill.revert_within_seconds
        return await revert_all(self._record, self._performer, self._clock, within_seconds=within)

    async def _clean_up(self) -> tuple[Owed, ...]:
        """Remove what the probes wrote, once they have stopped: a record written afterwards would stay."""
        for watcher in self._lookout.watchers.values():
            if isinstance(watcher.probe, WritingProbe):
                await watcher.stop()
                if watcher.unanswered_at is not None:
                    await self._clock.sleep_until(watcher.unanswered_at + LATE_EFFECT_SECONDS)
        within = self._drill.revert_within_seconds
        return await clean_up(self._record, self._performer, self._clock, within_seconds=within)

    async def _restored(self, reverted: Reverted) -> None:
        """See the steady state come back. Nothing is injected any more, so this part may be cancelled."""
        if self._effect is None:
            return
        if self._ended.by in NOT_WAITED_FOR:
            data: dict[str, JsonValue] = {"moment": "after", "ok": None, "why": "not waited for: asked to stop"}
            self._record.append("steady_state", data)
            return
        with anyio.CancelScope() as scope:
            self._body = scope
            self._phase("restored")
            deadline = self._clock.monotonic() + self._drill.recovery_within_seconds
            since = self._clock.monotonic()
            ok = await self._lookout.board.until(lambda: self._steady_since(since), self._desk.outside, deadline)
            why = None if ok else self._why_not_restored()
            self._record.append("steady_state", {"moment": "after", "ok": ok and not reverted.left, "why": why})
        if scope.cancelled_caught:
            data = {"moment": "after", "ok": None, "why": "the wait for it was cut short"}
            self._record.append("steady_state", data)

    def _steady_since(self, moment: float) -> bool:
        wanted = min(self._drill.stable_for_seconds, self._drill.baseline_seconds)
        if not_served_from_home(self._drill, self._lookout.board.tracks) is not None:
            return False
        tracks = [self._lookout.board.tracks[probe.name] for probe in self._drill.user_facing]
        return all(
            track.good_for_seconds() >= wanted
            and track.last_good is not None
            and track.last_good.asked >= moment + wanted
            for track in tracks
        )

    def _why_not_restored(self) -> str:
        away = not_served_from_home(self._drill, self._lookout.board.tracks)
        return away or "the user-facing probes were not good again in time"

    def _ending(self, reverted: Reverted) -> Ending:
        outcome = "completed" if self._ended.by is None else "aborted"
        if self._ended.exit_code == ExitCode.REFUSED:
            outcome = "refused"
        why = self._ended.why if outcome == "refused" else self._ended.by and f"{self._ended.by}: {self._ended.why}"
        code = None if self._ended.by is None else self._ended.exit_code
        if reverted.left:
            code = ExitCode.STILL_INJECTED
        return Ending(outcome, why, reverted, code)


def _text(error: BaseException) -> str:
    return error.message if isinstance(error, DrillError) else f"{type(error).__name__}: {error}"
