"""What people say of the runbook's steps while the engine conducts a run."""

from __future__ import annotations

from drillrunner.clock import run_virtual
from drillrunner.engine.conduct import Conductor
from drillrunner.engine.desk import Desk
from drillrunner.engine.plan import make_plan
from drillrunner.engine.record import Record
from drillrunner.errors import JournalUnwritable
from drillrunner.model.journal import Entry
from drillrunner.model.noun import JsonValue
from drillrunner.model.runbook_walk import READ, ListedStep, StepRequest, StepWord, read_data, walked
from small_system import HERE, MemoryJournal, MemoryReadings, Ran, SmallSystem, outside_of, small_drill

STEPS = (
    ListedStep(id="1", section="", text="Look"),
    ListedStep(id="2", section="", text="Undo", moves=(("revert", 0),)),
)


def request(step: str, state: StepWord) -> StepRequest:
    return StepRequest(id=step, state=state, by="ana", via="page")


async def walk_along(
    requests: list[tuple[float, StepRequest]] | None, unwritable: str = "", broken: bool = False
) -> Ran:
    """Conduct the small drill; each request is made so many seconds after the run began. None: nobody listens."""
    outside = outside_of(SmallSystem())
    plan = await make_plan(small_drill(), HERE, outside)
    journal = MemoryJournal(outside.clock.monotonic)
    record = Record(_Refusing(journal, unwritable))
    began = outside.clock.monotonic()
    left = list(requests or ())

    def asked() -> list[StepRequest]:
        if broken:
            raise RuntimeError("a keyboard on fire")
        due = [one for at, one in left if outside.clock.monotonic() >= began + at]
        left[:] = [(at, one) for at, one in left if outside.clock.monotonic() < began + at]
        return due

    readings = MemoryReadings()
    listening = asked if requests is not None else None
    desk = Desk(plan, outside, record, readings, ask_person=_nobody, asked_steps=listening)
    if requests is not None:
        record.append(READ, read_data("runbook.md", STEPS))
    conductor = Conductor(desk)
    ending = await conductor.run()
    return Ran(ending, journal.entries, readings.readings, plan, conductor.error)


class _Refusing:
    """A journal that cannot write one kind of entry."""

    def __init__(self, journal: MemoryJournal, kind: str) -> None:
        self._journal, self._kind = journal, kind

    def append(self, kind: str, data: dict[str, JsonValue]) -> Entry:
        if kind == self._kind:
            raise JournalUnwritable("the disk is full")
        return self._journal.append(kind, data)

    def sync(self) -> None:
        self._journal.sync()


async def _nobody(text: str) -> None:
    return None


def steps_of(ran: Ran) -> list[tuple[object, object]]:
    return [(one.data["step"], one.data["state"]) for one in ran.entries if one.kind == "runbook.step"]


def test_what_people_say_is_in_the_journal_once_and_in_order() -> None:
    told = [(3.0, request("1", "begun")), (4.0, request("1", "begun")), (9.0, request("1", "done"))]
    ran = run_virtual(walk_along, told)
    assert steps_of(ran) == [("1", "begun"), ("1", "done")]
    look = walked(ran.entries).state("1")
    assert look is not None
    assert look.took_seconds is not None
    assert 5.0 <= look.took_seconds < 6.5
    assert ran.ending.outcome == "completed"


def test_a_step_of_the_drill_s_own_and_one_that_is_not_there_are_passed_over() -> None:
    ran = run_virtual(walk_along, [(3.0, request("2", "done")), (3.0, request("7", "begun"))])
    assert steps_of(ran) == []
    undo = walked(ran.entries).state("2")
    assert undo is not None
    assert undo.done is not None
    assert undo.by == "the drill"


def test_people_are_listened_to_during_the_revert_too() -> None:
    quiet = run_virtual(walk_along, [])
    revert_began = next(one.at for one in quiet.entries if one.kind == "revert.began")
    ran = run_virtual(walk_along, [(revert_began - quiet.entries[0].at + 0.5, request("1", "begun"))])
    kinds = ran.kinds()
    assert kinds.index("runbook.step") > kinds.index("revert.began")


def test_where_nobody_is_listened_to_the_run_is_as_it_was_without_a_runbook() -> None:
    with_nobody, again = run_virtual(walk_along, None), run_virtual(walk_along, None)
    assert [one.hash for one in with_nobody.entries] == [one.hash for one in again.entries]
    assert not [kind for kind in with_nobody.kinds() if kind.startswith("runbook")]


def test_asking_that_fails_stops_nothing() -> None:
    ran = run_virtual(walk_along, [], "", True)
    assert ran.ending.outcome == "completed"
    assert ran.error is None


def test_a_journal_that_cannot_be_written_ends_the_run_as_with_any_other_entry() -> None:
    ran = run_virtual(walk_along, [(3.0, request("1", "begun"))], "runbook.step")
    assert ran.ending.outcome == "refused"  # before anything was injected
    assert isinstance(ran.error, JournalUnwritable)
    assert "effect.observed" not in ran.kinds()
