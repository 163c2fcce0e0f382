"""Guide and handout: the one tells the facilitator everything, the other tells players nothing of what is to come."""

from __future__ import annotations

import re

import pytest

from drillrunner.model.exercise import Exercise
from drillrunner.reporting.exercise.guide import (
    render_guide_html,
    render_guide_markdown,
    render_handout_html,
    render_handout_markdown,
)
from drillrunner.reporting.exercise.wording import UNNAMED
from outside_strings import HIDDEN
from played_exercise import EXERCISE

PICTURE = b'<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>'
ARTIFACTS = {"artifacts/alarm.md": b"# The alarm\n<b>of</b> last night", "artifacts/t6.svg": PICTURE}
HOSTILE = "<img src=x onerror=alert(1)> | [x](http://evil.test) @everybody `code`" + "".join(HIDDEN)
COMMAND = "drill tabletop run outage.yaml"


def hostile() -> Exercise:
    injects = tuple(
        inject.model_copy(update={"text": HOSTILE, "hints": (HOSTILE,), "facilitator_only": HOSTILE, "sender": HOSTILE})
        for inject in EXERCISE.injects
    )
    objectives = tuple(one.model_copy(update={"text": HOSTILE}) for one in EXERCISE.objectives)
    return EXERCISE.model_copy(update={"title": HOSTILE, "injects": injects, "objectives": objectives})


@pytest.mark.parametrize(
    "guide", [render_guide_html(EXERCISE, ARTIFACTS, COMMAND), render_guide_markdown(EXERCISE, COMMAND)]
)
def test_the_guide_tells_everything(guide: str) -> None:
    for inject in EXERCISE.injects:
        assert inject.id in guide
        assert inject.text in guide
        for words in (*inject.hints, *(one.action for one in inject.expected), inject.facilitator_only):
            assert words is None or words in guide
    assert "by T+10m" in guide or ">T+10m<" in guide
    assert "SECRET-DRAW" in guide
    assert "performed with major challenges" in guide
    assert COMMAND in guide


@pytest.mark.parametrize("handout", [render_handout_html(EXERCISE), render_handout_markdown(EXERCISE)])
def test_the_handout_tells_nothing_of_what_is_to_come(handout: str) -> None:
    handout = re.sub(r"<style>.*?</style>", "", handout, flags=re.DOTALL)
    for inject in EXERCISE.injects:
        for words in (inject.text, inject.artifact, *inject.hints, *(one.action for one in inject.expected)):
            assert words is None or words not in handout
    assert "SECRET" not in handout
    assert "alarm" not in handout
    assert EXERCISE.drill not in handout
    for told in ("Customers are told in time", "incident commander", "Api", "REAL INCIDENT", "Ops", "1h"):
        assert told in handout


def test_a_page_shows_pictures_as_data_and_text_as_text() -> None:
    guide = render_guide_html(EXERCISE, ARTIFACTS, COMMAND)
    assert "data:image/svg+xml;base64," in guide
    assert "&lt;b&gt;of&lt;/b&gt; last night" in guide
    assert "<script" not in guide  # that of the picture is never run: an image's scripts are not


def test_a_long_text_is_shown_whole() -> None:
    text = "word " * 700 + "END"
    long = EXERCISE.model_copy(update={"injects": (EXERCISE.injects[0].model_copy(update={"text": text}),)})
    assert "word END" in render_guide_html(long, ARTIFACTS, COMMAND)
    assert "word END" in render_guide_markdown(long, COMMAND)


def test_texts_from_outside_are_escaped() -> None:
    exercise = hostile()
    for page in (render_guide_html(exercise, {}, COMMAND), render_handout_html(exercise)):
        assert "<img src=x" not in page
        assert not any(hidden in page for hidden in HIDDEN)
    for text in (render_guide_markdown(exercise, COMMAND), render_handout_markdown(exercise)):
        assert "<img" not in text
        assert "](http" not in text
        assert not any(hidden in text for hidden in HIDDEN)


def test_a_command_cannot_leave_its_code_span() -> None:
    assert "`drill tabletop run ab**x**.yaml`" in render_guide_markdown(EXERCISE, "drill tabletop run a`b**x**.yaml")


def test_who_is_not_named_yet_has_a_line_to_be_written_on() -> None:
    roles = tuple(role.model_copy(update={"person": UNNAMED}) for role in EXERCISE.roles)
    handout = render_handout_html(EXERCISE.model_copy(update={"roles": roles}))
    assert UNNAMED not in handout
    assert "questions before it begins: the facilitator" in handout
    assert handout.count('class="blank"') == len(roles) - 1  # nobody sits where monitoring speaks
