"""The pieces of an exercise's pages: what they show, to whom, and that no text from outside becomes markup."""

from __future__ import annotations

from collections import Counter
from html.parser import HTMLParser

import pytest

from drillrunner.model.exercise import Exercise
from drillrunner.model.exercise_event import Actor
from drillrunner.tabletop import commands, talk
from drillrunner.tabletop.desk import Desk
from drillrunner.tabletop.players_view import players_view
from drillrunner.web.tabletop.log import log_lines
from drillrunner.web.tabletop.parts import (
    DESK_PARTS,
    PLAYERS_PARTS,
    Codes,
    DeskPage,
    artifact,
    desk_parts,
    players_parts,
)
from drillrunner.web.tabletop.rows import allowed, figures, inject_rows, rating_rows
from outside_strings import FORBIDDEN_CHARACTERS, LONG, batches
from played_exercise import COMMANDER, EXERCISE, FACILITATOR, ON_CALL, MemoryLog, begun, started

HOSTILE = [text.strip() for text in (*batches(), LONG[1])]
SCRIBE, EVALUATOR = Actor(role="scribe", person="Sre"), Actor(role="evaluator", person="Eve")


def seen_from(desk: Desk, by: Actor, now: float) -> dict[str, str]:
    codes = Codes("http://127.0.0.1:1/play", "AAAA-BBBB", "CCCC-DDDD") if by.role == "facilitator" else None
    return desk_parts(desk.state, now, DeskPage("x", "/exercises/x", by, "token", allowed(desk.state, by), codes))


def seen_by_players(desk: Desk, role: str, now: float) -> str:
    return "".join(players_parts(players_view(desk.state, role, now), "/play/x").values())


def played(exercise: Exercise = EXERCISE, text: str = "text", person: str = "Api") -> tuple[Desk, MemoryLog]:
    """Everything that can happen once, with the same words everywhere."""
    desk, log = started(exercise)
    commander, scribe = Actor(role="incident commander", person=person), Actor(role="scribe", person=person)
    desk.do(talk.join, commander)
    desk.do(commands.publish, FACILITATOR, inject_id="alarm")
    desk.do(commands.give_hint, FACILITATOR, inject_id="alarm")
    desk.do(commands.pause_clock, FACILITATOR, reason=text)
    desk.do(commands.resume_clock, FACILITATOR)
    desk.do(commands.skip_clock, FACILITATOR, to_seconds=400.0)
    desk.do(commands.publish, FACILITATOR, inject_id="decision")
    desk.do(commands.skip_inject, FACILITATOR, inject_id="no-chat", reason=text)
    desk.do(talk.decide, commander, text=text, inject_id="decision")
    desk.do(talk.act, scribe, text=text, who=ON_CALL, inject_id="alarm")
    (asked,) = desk.do(talk.ask, commander, text=text)
    desk.do(talk.answer, FACILITATOR, question=asked.seq, text=text)
    desk.do(talk.ask, commander, text=text)
    desk.do(talk.observe, scribe, text=text)
    desk.do(talk.note, scribe, text=text)
    desk.do(talk.mark_done, scribe, expected_id="decision.1", who="incident commander")
    desk.do(talk.find, scribe, sort="improvement", text=text, action=text, owner=text, ticket=text, retest=text)
    desk.do(talk.rate, EVALUATOR, objective_id="rto", rating="M", reason=text)
    desk.do(talk.leave, commander)
    desk.do(commands.end, FACILITATOR, reason=text)
    desk.take_up(log.now)
    return desk, log


class Markup(HTMLParser):
    """Which elements and attributes a page has, and how often."""

    def __init__(self) -> None:
        super().__init__()
        self.found: Counter[str] = Counter()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.update([tag, *(f"{tag} {name}" for name, _ in attrs)])

    def handle_comment(self, data: str) -> None:
        self.found["comment"] += 1


def markup(text: str) -> Counter[str]:
    parser = Markup()
    parser.feed(text)
    parser.close()
    return Counter({name: count for name, count in parser.found.items() if name != "br"})


def with_texts(text: str) -> Exercise:
    """The exercise with every free text replaced."""
    objectives = tuple(one.model_copy(update={"text": text}) for one in EXERCISE.objectives)
    injects = tuple(
        one.model_copy(
            update={
                "text": text,
                "step": text,
                "facilitator_only": text,
                "hints": (text, text),
                "expected": tuple(each.model_copy(update={"action": text}) for each in one.expected),
            }
        )
        for one in EXERCISE.injects
    )
    return EXERCISE.model_copy(update={"title": text, "objectives": objectives, "injects": injects})


@pytest.mark.parametrize("number", range(len(HOSTILE)))
def test_no_text_from_outside_becomes_markup_or_stays_hidden(number: int) -> None:
    evil = HOSTILE[number]

    def drawn(text: str) -> str:
        desk, log = played(with_texts(text), text, text)
        players = seen_by_players(desk, "incident commander", log.now)
        return players + "".join("".join(seen_from(desk, by, log.now).values()) for by in (FACILITATOR, SCRIBE))

    text = drawn(evil)
    assert markup(text) == markup(drawn("harmless"))
    assert not FORBIDDEN_CHARACTERS & set(text)


def test_a_player_is_sent_nothing_of_what_is_to_come_and_nothing_that_is_the_facilitator_s() -> None:
    desk, log = started()
    assert "SECRET" in "".join(seen_from(desk, FACILITATOR, log.now).values())
    for inject_id in ("alarm", "no-chat"):
        desk.do(commands.publish, FACILITATOR, inject_id=inject_id)
    desk.do(commands.give_hint, FACILITATOR, inject_id="alarm")
    desk.do(talk.note, SCRIBE, text="SECRET-LOG")
    text = seen_by_players(desk, "on-call engineer", log.now)
    assert "The health check fails." in text
    for hidden in ("SECRET", "What do you do?", "It is healthy again.", "decision", "back", "t6.svg", "T+06:00", "rto"):
        assert hidden not in text, hidden
    assert "The health check fails." not in seen_by_players(desk, "incident commander", log.now)


def test_scribe_and_evaluator_see_what_is_expected_but_no_hint_no_note_and_no_code() -> None:
    desk, log = played()
    for by in (SCRIBE, EVALUATOR):
        parts = seen_from(desk, by, log.now)
        injects = "".join(text for name, text in parts.items() if name.startswith("inject-"))
        assert "SECRET-EXPECTATION" in injects
        assert "SECRET-HINT" not in injects
        assert "SECRET-NOTE" not in injects
        assert "AAAA-BBBB" not in "".join(parts.values())
        assert "CCCC-DDDD" not in "".join(parts.values())


def test_each_sees_the_forms_that_are_their_business() -> None:
    desk, log = started()
    desk.do(commands.publish, FACILITATOR, inject_id="alarm")
    (asked,) = desk.do(talk.ask, ON_CALL, text="Only one region?")

    def forms(by: Actor) -> set[str]:
        text = "".join(seen_from(desk, by, log.now).values())
        return {piece.partition('"')[0] for piece in text.split("/exercises/x/do/")[1:]}

    scribe = {"done", "write", "find"}
    assert forms(SCRIBE) == scribe
    assert forms(EVALUATOR) == scribe | {"rate"}
    assert forms(FACILITATOR) == scribe | {
        "rate",
        "pause",
        "forward",
        "publish",
        "publish-due",
        "leave-out",
        "hint",
        "answer",
        "end",
    }
    assert f'name="question" value="{asked.seq}"' in seen_from(desk, FACILITATOR, log.now)["questions"]
    assert "<option>decision</option>" not in seen_from(desk, EVALUATOR, log.now)["writing"]


def test_every_piece_is_there_and_every_inject_is_one() -> None:
    desk, log = begun()
    parts = seen_from(desk, FACILITATOR, log.now)
    assert set(parts) == {*DESK_PARTS, "inject-1", "inject-2", "inject-3", "inject-4"}
    assert set(players_parts(players_view(desk.state, "auditor", 0.0), "/play/x")) == set(PLAYERS_PARTS)


def test_injects_say_how_they_stand() -> None:
    desk, log = started()
    log.now += 130.0
    desk.do(commands.publish, FACILITATOR, inject_id="alarm")
    rows = inject_rows(desk.state, log.now)
    assert [(row.id, row.stand, row.words) for row in rows] == [
        ("alarm", "published", "published at T+02:10"),
        ("no-chat", "due", "due since T+02:00"),
        ("decision", "pending", "due at T+06:00"),
        ("back", "waits", "comes after decision"),
    ]
    assert [row.is_drawn for row in rows] == [False, True, False, False]


def test_an_expected_action_is_late_from_its_deadline_on_and_says_when_it_was_done() -> None:
    desk, log = started()
    desk.do(commands.publish, FACILITATOR, inject_id="alarm")
    assert not inject_rows(desk.state, log.now + 299.0)[0].expected[0].is_late
    assert inject_rows(desk.state, log.now + 301.0)[0].expected[0].is_late
    log.now += 330.0
    desk.do(talk.mark_done, FACILITATOR, expected_id="alarm.1")
    done = inject_rows(desk.state, log.now + 500.0)[0].expected[0]
    assert (done.done, done.is_late) == ("done at T+05:30 by on-call engineer", True)


def test_the_clocks_show_scenario_people_and_real_time() -> None:
    desk, log = started()
    log.now = 70.0
    desk.do(commands.skip_clock, FACILITATOR, to_seconds=600.0)
    desk.do(commands.pause_clock, FACILITATOR)
    shown = figures(desk.state, 130.0)
    assert (shown.scenario, shown.people_seconds, shown.real_seconds) == ("T+10:00", 60.0, 130.0)
    assert (shown.words, shown.is_over) == ("paused", False)
    desk.do(commands.resume_clock, FACILITATOR)
    assert figures(desk.state, 4000.0).is_over


def test_a_rating_shows_with_its_reason_and_who_gave_it() -> None:
    rows = list(rating_rows(played()[0].state))
    assert [(row.id, row.rating, row.reason, row.by) for row in rows] == [
        ("rto", "M", "text", "Eve (evaluator)"),
        ("tell", None, "", ""),
    ]


def test_the_log_has_words_for_everything_that_happens() -> None:
    desk, _ = played()
    lines = log_lines(desk.state.events)
    assert [line.seq for line in lines] == list(range(1, len(lines) + 1))
    told = {(line.what, line.words) for line in lines}
    for expected in [
        ("began", "The primary region stops serving checkout (seed 7)"),
        ("drawn", "no-chat happens (chance 100%)"),
        ("drawn", "on-a-plane does not happen (chance 0%)"),
        ("clock put forward", "from T+00:00 to T+06:40"),
        ("published", "decision (due at T+06:00)"),
        ("left out", "no-chat: text"),
        ("decision", "text (about decision)"),
        ("action", "text (about alarm, written down by scribe)"),
        ("hint", "1 of alarm: SECRET-HINT-1"),
        ("expected action done", "decision.1 by incident commander"),
        ("finding", "improvement: text (action text; owner text; ticket text)"),
        ("rating", "rto M: text"),
        ("taken up again", "after 00:00 without a process, which count as a pause"),
    ]:
        assert expected in told, expected


def test_pictures_are_shown_and_other_files_linked_with_addresses_that_hold() -> None:
    picture, text = artifact("/play/x", 'a b/"t5.svg', "mon<b>"), artifact("/play/x", "notes.md", "Ops")
    assert 'src="/play/x/artifacts/a%20b/%22t5.svg"' in picture
    assert 'alt="a b/&#34;t5.svg, from mon&lt;b&gt;"' in picture
    assert "<img" not in text
    assert ">notes.md</a>" in text


def test_a_player_reads_their_own_words_and_the_answer() -> None:
    desk, log = started()
    desk.do(talk.decide, COMMANDER, text="We fail over\nnow")
    (asked,) = desk.do(talk.ask, COMMANDER, text="Who tells the customers?")
    desk.do(talk.answer, FACILITATOR, question=asked.seq, text="You do")
    text = seen_by_players(desk, "incident commander", log.now)
    assert "We fail over<br>now" in text
    assert "You do" in text
    assert "You do" not in seen_by_players(desk, "on-call engineer", log.now)
