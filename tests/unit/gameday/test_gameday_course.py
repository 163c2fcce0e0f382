"""The course of a game day is told from its journal and its runs' verdicts, whenever it is asked for."""

from __future__ import annotations

from drillrunner.gameday.course import course_of, states_of
from drillrunner.model.gameday import GameDayDrill
from drillrunner.model.gameday_course import Course
from fabricated_gameday import PaperCrew, conducted, gameday, planned
from made_up_verdict import verdict

DAY = gameday(GameDayDrill(id="dns", drill="dns", on_miss="go_on"), GameDayDrill(id="outage", drill="outage"))
ID = "20261120-140000-gameday-quarterly-7f3a9c"
RUN = "20261120-140010-7f3a9c"


def began(crew: PaperCrew) -> None:
    crew.write("gameday.began", {"gameday_id": ID, "gameday": "quarterly", "plan_hash": planned(DAY).hash})


def test_a_whole_day_is_told_with_each_drill_s_verdict_and_its_run_s_report() -> None:
    crew = PaperCrew(codes={"dns": 1})
    began(crew)
    crew.write("freeze.checked", {"ok": True, "begin": "2026", "end": "2027", "windows": 0, "why": None})
    conducted(DAY, crew)
    crew.scribe.write(0.0, "run.named", id="dns", run_id=RUN)
    course = course_of(ID, planned(DAY), crew.scribe.entries, {RUN: verdict(run_id=RUN)}, running=False)
    first, second = course.drills
    assert (course.outcome, course.exit_code, course.why) == ("missed", 1, None)
    assert (first.state, first.run_id, first.report) == ("missed", RUN, f"../{RUN}/report.html")
    assert first.rto is not None
    assert (second.state, second.run_id) == ("met", None)
    assert [one.moment for one in course.announcements] == ["start", "end"]
    assert Course.model_validate_json(course.model_dump_json()) == course


def test_a_day_whose_process_died_says_after_which_drill() -> None:
    crew = PaperCrew()
    began(crew)
    crew.write("drill.began", {"id": "dns", "drill": "dns"})
    course = course_of(ID, planned(DAY), crew.scribe.entries, {}, running=False)
    assert (course.outcome, course.why) == ("died", "its process died after it had begun dns")
    assert [one.state for one in course.drills] == ["died", "not begun"]


def test_a_day_under_way_is_told_as_running() -> None:
    crew = PaperCrew()
    began(crew)
    crew.write("drill.began", {"id": "dns", "drill": "dns"})
    course = course_of(ID, planned(DAY), crew.scribe.entries, {}, running=True)
    assert (course.outcome, course.drills[0].state) == ("running", "running")


def test_what_ran_when_a_process_died_stays_dead_after_another_went_on() -> None:
    crew = PaperCrew()
    crew.write("drill.began", {"id": "dns", "drill": "dns"})
    crew.write("gameday.resumed", {"pid": 7})
    crew.write("drill.began", {"id": "outage", "drill": "outage"})
    assert states_of(crew.scribe.entries, running=True) == {"dns": "died", "outage": "running"}


def test_a_drill_that_ended_with_no_exit_code_met_nothing() -> None:
    crew = PaperCrew()
    crew.write("drill.began", {"id": "dns", "drill": "dns"})
    crew.write("drill.ended", {"id": "dns", "exit_code": None})
    assert states_of(crew.scribe.entries, running=False) == {"dns": "aborted"}


def test_a_day_that_went_on_with_another_plan_names_that_one_and_what_each_run_was_held_to() -> None:
    crew = PaperCrew()
    began(crew)
    crew.write("drill.began", {"id": "dns", "drill": "dns", "plan_hash": "a" * 64})
    crew.write("run.named", {"id": "dns", "run_id": RUN})
    crew.write("drill.ended", {"id": "dns", "exit_code": 0})
    crew.write("gameday.resumed", {"pid": 7, "plan_hash": "b" * 64})
    measured = verdict(run_id=RUN)
    target = next(one.target for one in measured.objectives if one.name == "rto")
    looser = [one.model_copy(update={"target": 9_000.0}) for one in measured.objectives if one.name == "rto"]
    held_to = measured.model_copy(update={"objectives": tuple(looser)})
    course = course_of(ID, planned(DAY), crew.scribe.entries, {RUN: held_to}, running=False)
    assert (course.plan_hash, course.drills[0].plan_hash) == ("b" * 64, "a" * 64)
    assert (course.drills[0].rto_target, target) == (9_000.0, 180.0)
