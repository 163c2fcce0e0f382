"""The JSON schema of a tabletop exercise.

It holds what a schema can see. That a role sits at the table, that injects do not wait for each other, or that an
artifact is there, `drill validate` says.
"""

from __future__ import annotations

from typing import get_args

from drillrunner.authoring.schedule_schema import schedule_schema
from drillrunner.authoring.schema_pieces import (
    PLAIN_NAME,
    PLAIN_PERCENTAGE,
    Schema,
    described,
    document,
    items,
    mapping,
    one_or_more,
    plain_duration,
    refer,
    text,
)
from drillrunner.files.exercise.file import DRILL_OBJECTIVE_TEXTS, LONGEST_OBJECTIVE
from drillrunner.files.exercise.injects import LONGEST_INJECT
from drillrunner.files.exercise.roles import LONGEST_ROLE, RESERVED
from drillrunner.files.exercise.rules import ARTIFACT_SUFFIXES
from drillrunner.model.exercise import EXERCISE_VERSION, OFFSET_PATTERN, Publish, Subject
from drillrunner.model.journal import PHASES

_OFFSET: Schema = {"anyOf": [{"type": "string", "pattern": f"^{OFFSET_PATTERN}$"}, {"const": 0}]}
_ONE_ROLE: Schema = {"type": ["string", "number"], "pattern": r"\S", "maxLength": LONGEST_ROLE}


def exercise_schema() -> Schema:
    """Of one exercise; it has no variables."""
    required = ("version", "drill", "title", "roles", "objectives", "injects")
    return document("a tabletop exercise of drillrunner", mapping(_top(), required=required), {"offset": _OFFSET})


def _top() -> dict[str, Schema]:
    version = {"enum": [EXERCISE_VERSION, str(EXERCISE_VERSION)]}
    publish = {"enum": list(get_args(Publish))}
    return {
        "version": described(version, "of this format"),
        "drill": described(PLAIN_NAME, "the drill that it is about, by its name"),
        "title": text("what players read of it: no spoilers"),
        "roles": _roles(),
        "objectives": items(_objective(), "what it is to show; each is rated P, S, M or U at its end", minItems=1),
        "injects": items(_inject(), "what players are told, and when", minItems=1),
        "randomise": items(_random_event(), "what may befall the players; drawn when it begins, by its seed"),
        "publish": described(publish, "auto: what is due is published without being asked", default="manual"),
        "time_box": plain_duration("how long it may last; no inject lies beyond it"),
        "schedule": schedule_schema("the exercise", variables=False),
    }


def _roles() -> Schema:
    name: Schema = {**_ONE_ROLE, "not": {"enum": list(RESERVED)}}
    person = text("who has it", longest=LONGEST_ROLE)
    with_person = mapping({"role": described(name, "its name"), "person": person}, required=("role",))
    seats: Schema = {"anyOf": [name, with_person]}
    properties = {
        "facilitator": text("who leads it: a person's name", longest=LONGEST_ROLE),
        "scribe": text("who writes down what is said", longest=LONGEST_ROLE),
        "evaluator": text("who rates", longest=LONGEST_ROLE),
        "players": items(seats, "who plays: a role, or {role, person}", minItems=1),
        "observers": items(seats, "who looks on"),
        "simulated": items(seats, "voices that the facilitator lends, like monitoring or customers"),
    }
    return mapping(properties, required=("players",), description="who sits at the table")


def _objective() -> Schema:
    names = list(DRILL_OBJECTIVE_TEXTS)
    words = {"type": "string", "pattern": r"\S[\s\S]* [\s\S]*\S", "maxLength": LONGEST_OBJECTIVE}
    given = {
        "id": described(PLAIN_NAME, f"what it is called: one of the drill's ({', '.join(names)}), or your own"),
        "text": text("what players read of it", longest=LONGEST_OBJECTIVE),
    }
    drills = described({"enum": names}, "one of the drill's own")
    return {"anyOf": [drills, described(words, "in words"), mapping(given, required=("id", "text"))]}


def _inject() -> Schema:
    hint: Schema = {"type": ["string", "number"], "pattern": r"\S", "maxLength": LONGEST_INJECT}
    properties = {
        "id": described(PLAIN_NAME, "what others call it in after"),
        "at": _moment("when it is due, from the start of the scenario: T+5m"),
        "from": described(_ONE_ROLE, "the role that says it", default="facilitator"),
        "to": _to(),
        "phase": described({"enum": list(PHASES)}, "the phase of the drill that it belongs to"),
        "artifact": _artifact(),
        "text": text("what players read", longest=LONGEST_INJECT),
        "after": one_or_more(PLAIN_NAME, "the ids of those that must be published before it"),
        "expected": items(_expected(), "what players should do about it, and until when; no player sees it"),
        "hints": one_or_more(hint, "what the facilitator may say where nothing happens"),
        "facilitator_only": text("what no player sees", longest=LONGEST_INJECT),
        "step": text("a step of the drill (failover 2), or of its runbook (Fail over by hand 3)"),
    }
    return mapping(properties, required=("id", "at", "text"))


def _expected() -> Schema:
    decides = described({"enum": list(get_args(Subject))}, "the decision to fail over, or back, that is made by it")
    properties = {
        "action": text("what is done", longest=1_000),
        "by": _moment("until when, from the start of the scenario: T+10m"),
        "who": described(_ONE_ROLE, "the player whose it is"),
        "decides": decides,
    }
    return mapping(properties, required=("action", "by"))


def _random_event() -> Schema:
    properties = {
        "id": described(PLAIN_NAME, "its name; what is drawn becomes an inject of that id"),
        "chance": described(PLAIN_PERCENTAGE, "how likely it is: 30%"),
        "at": _moment("when it is due, from the start of the scenario: T+5m", default="T+0"),
        "to": _to(),
        "text": text("what players read", longest=LONGEST_INJECT),
    }
    return mapping(properties, required=("id", "text", "chance"))


def _moment(description: str, **more: str) -> Schema:
    return {"description": description, **more, "allOf": [refer("offset")]}


def _to() -> Schema:
    return one_or_more(_ONE_ROLE, "which players see it: all, a role, or a list of roles", minItems=1, default="all")


def _artifact() -> Schema:
    """A file beside the exercise's, by a path without hidden parts."""
    suffixes = "|".join("".join(f"[{one}{one.upper()}]" for one in suffix[1:]) for suffix in ARTIFACT_SUFFIXES)
    pattern = rf"^(?!/)(?!(?:.*/)?\.[^/])[^\\\x00-\x1f]+\.(?:{suffixes})$"
    shown: Schema = {"type": "string", "pattern": pattern, "maxLength": 200}
    return described(shown, f"a file beside the exercise that is shown with it: {', '.join(ARTIFACT_SUFFIXES)}")
