"""A game day goes through its drills in order, and begins none that it must not."""

from __future__ import annotations

import pytest

from drillrunner.engine.guard import longest_seconds
from drillrunner.model.gameday import GameDayDrill
from drillrunner.model.gameday_course import DrillState
from fabricated_gameday import PaperCrew, conducted, gameday, plan_named

LONGEST = longest_seconds(plan_named("dns"))


def test_a_day_on_which_all_is_met_runs_every_drill_and_tells_of_its_start_and_end() -> None:
    crew = PaperCrew()
    ended = conducted(gameday(), crew)
    assert (ended.outcome, ended.exit_code, ended.why) == ("met", 0, None)
    assert crew.ran == ["dns", "throttle", "outage"]
    assert crew.moments() == ["start", "end"]
    assert crew.kinds()[-1] == "gameday.ended"


def test_a_miss_ends_the_day_where_the_drill_does_not_say_otherwise() -> None:
    crew = PaperCrew(codes={"throttle": 1})
    ended = conducted(gameday(), crew)
    assert (ended.outcome, ended.exit_code) == ("missed", 1)
    assert ended.why == "throttle: an objective was missed"
    assert crew.ran == ["dns", "throttle"]
    assert crew.moments() == ["start", "stopped", "end"]


def test_a_drill_that_may_miss_lets_the_day_go_on_and_the_miss_counts() -> None:
    drills = (
        GameDayDrill(id="dns", drill="dns", on_miss="go_on"),
        GameDayDrill(id="throttle", drill="throttle"),
    )
    crew = PaperCrew(codes={"dns": 1})
    ended = conducted(gameday(*drills), crew)
    assert (ended.outcome, ended.exit_code, ended.why) == ("missed", 1, None)
    assert crew.ran == ["dns", "throttle"]


def test_what_decides_nothing_counts_as_a_miss_for_going_on() -> None:
    crew = PaperCrew(codes={"dns": 3})
    ended = conducted(gameday(), crew)
    assert (ended.outcome, ended.exit_code, ended.why) == ("inconclusive", 3, "dns: it decided nothing")
    assert crew.ran == ["dns"]


@pytest.mark.parametrize(
    ("code", "outcome", "exit_code"), [(4, "refused", 4), (2, "refused", 4), (5, "aborted", 5), (6, "left", 6)]
)
def test_what_is_refused_aborted_or_left_always_ends_the_day(code: int, outcome: str, exit_code: int) -> None:
    drills = (
        GameDayDrill(id="dns", drill="dns", on_miss="go_on"),
        GameDayDrill(id="throttle", drill="throttle"),
    )
    crew = PaperCrew(codes={"dns": code})
    ended = conducted(gameday(*drills), crew)
    assert (ended.outcome, ended.exit_code) == (outcome, exit_code)
    assert crew.ran == ["dns"]


def test_a_drill_whose_needs_were_not_met_is_left_out_with_the_reason() -> None:
    drills = (
        GameDayDrill(id="dns", drill="dns", on_miss="go_on"),
        GameDayDrill(id="throttle", drill="throttle", needs=("dns",)),
        GameDayDrill(id="outage", drill="outage", needs=("throttle",)),
    )
    crew = PaperCrew(codes={"dns": 1})
    conducted(gameday(*drills), crew)
    skipped = [entry.data for entry in crew.scribe.entries if entry.kind == "drill.skipped"]
    assert crew.ran == ["dns"]
    assert skipped == [
        {"id": "throttle", "why": "it needs dns (missed)"},
        {"id": "outage", "why": "it needs throttle (not begun)"},
    ]


def test_no_drill_is_begun_that_could_outlast_the_time_box() -> None:
    crew = PaperCrew(lasts=100.0)
    ended = conducted(gameday(time_box_seconds=LONGEST + 150.0), crew)
    assert crew.ran == ["dns", "throttle"]
    assert (ended.outcome, ended.exit_code) == ("inconclusive", 3)
    assert ended.why is not None
    assert ended.why.startswith("the time box leaves")


def test_a_drill_is_handed_the_end_of_the_time_box_as_its_deadline() -> None:
    crew = PaperCrew()
    conducted(gameday(time_box_seconds=4 * LONGEST), crew)
    assert crew.deadlines == [5000.0 + 4 * LONGEST] * 3


def test_between_drills_it_cools_down_and_after_the_last_it_does_not() -> None:
    drills = tuple(GameDayDrill(id=one, drill=one, cool_down_seconds=60.0) for one in ("dns", "throttle"))
    crew = PaperCrew()
    conducted(gameday(*drills), crew)
    assert crew.kinds().count("cool_down.began") == crew.kinds().count("cool_down.ended") == 1


def test_a_steady_state_that_does_not_come_back_ends_the_day() -> None:
    drills = tuple(GameDayDrill(id=one, drill=one, cool_down_seconds=60.0) for one in ("dns", "throttle"))
    crew = PaperCrew(steady=False)
    ended = conducted(gameday(*drills), crew)
    assert crew.ran == ["dns"]
    assert (ended.outcome, ended.exit_code) == ("inconclusive", 3)
    assert ended.why == "the steady state was not back 1m after dns: checkout is failing"


def test_a_ctrl_c_between_two_drills_ends_the_day_and_is_told() -> None:
    drills = tuple(GameDayDrill(id=one, drill=one, cool_down_seconds=60.0) for one in ("dns", "throttle"))
    crew = PaperCrew(interrupted_in="cool_down")
    ended = conducted(gameday(*drills), crew)
    assert (ended.outcome, ended.exit_code) == ("aborted", 5)
    assert crew.moments() == ["start", "stopped", "end"]


def test_what_a_dead_process_had_begun_is_not_begun_again() -> None:
    crew = PaperCrew()
    ended = conducted(gameday(), crew, over={"dns": "met", "throttle": "died"})
    assert crew.ran == ["outage"]
    assert (ended.outcome, ended.exit_code) == ("aborted", 5)
    assert crew.told[0][1] == "game day quarterly on lab goes on after dns, throttle"


def test_an_announcement_before_comes_so_long_before_the_first_drill() -> None:
    crew = PaperCrew()
    conducted(gameday(lead_seconds=600.0, announcements={"before": "Save your work."}), crew)
    assert crew.told[0] == (
        "before",
        "Save your work. (game day quarterly on lab begins in 10m: dns, throttle, outage)",
    )
    assert crew.clock == 5000.0 + 600.0 + 300.0


@pytest.mark.parametrize(("state", "exit_code"), [("missed", 1), ("aborted", 5), ("refused", 4), ("left", 6)])
def test_a_day_that_had_to_end_before_its_process_died_begins_nothing_when_it_goes_on(
    state: DrillState, exit_code: int
) -> None:
    crew = PaperCrew()
    ended = conducted(gameday(lead_seconds=600.0), crew, over={"dns": state})
    assert crew.ran == []
    assert ended.exit_code == exit_code
    assert crew.moments() == ["stopped", "end"]


def test_a_miss_that_lets_the_day_go_on_does_so_after_its_process_died_too() -> None:
    drills = (GameDayDrill(id="dns", drill="dns", on_miss="go_on"), GameDayDrill(id="throttle", drill="throttle"))
    crew = PaperCrew()
    conducted(gameday(*drills), crew, over={"dns": "missed"})
    assert crew.ran == ["throttle"]


@pytest.mark.parametrize(("code", "exit_code"), [(6, 6), (5, 5), (0, 4)])
def test_a_disk_that_fills_up_during_a_drill_hides_nothing_of_how_it_ended(code: int, exit_code: int) -> None:
    crew = PaperCrew(codes={"dns": code}, unwritable_at="drill.ended")
    ended = conducted(gameday(), crew)
    assert crew.ran == ["dns"]
    assert ended.exit_code == exit_code
    assert crew.moments() == ["start", "stopped", "end"]


def test_a_drill_that_cannot_be_written_down_is_not_begun() -> None:
    crew = PaperCrew(unwritable_at="drill.began")
    ended = conducted(gameday(), crew)
    assert (crew.ran, ended.outcome, ended.exit_code) == ([], "refused", 4)
    assert ended.why == "the journal cannot be written: No space left on device"


@pytest.mark.parametrize("moment", ["stopped", "end"])
def test_a_ctrl_c_while_the_end_is_told_ends_the_telling_alone(moment: str) -> None:
    crew = PaperCrew(codes={"dns": 6}, interrupted_in=moment)
    ended = conducted(gameday(), crew)
    assert (ended.outcome, ended.exit_code) == ("left", 6)
    assert crew.scribe.entries[-1].data["exit_code"] == 6


def test_a_ctrl_c_while_the_start_is_told_begins_no_drill() -> None:
    crew = PaperCrew(interrupted_in="start")
    ended = conducted(gameday(), crew)
    assert (crew.ran, ended.exit_code) == ([], 5)
