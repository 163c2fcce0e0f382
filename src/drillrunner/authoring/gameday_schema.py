"""The JSON schema of a game day.

It holds what a schema can see. That a drill is there, fits the environment, and comes after what it needs,
`drill validate` says.
"""

from __future__ import annotations

from drillrunner.authoring.schedule_schema import schedule_schema
from drillrunner.authoring.schema_pieces import (
    MOMENT,
    PLAIN_NAME,
    PLAIN_PERCENTAGE,
    Schema,
    described,
    document,
    items,
    mapping,
    one_or_more,
    plain_duration,
    text,
    whole,
)
from drillrunner.files.gameday.drills import MOST_DRILLS
from drillrunner.files.gameday.rules import MOST_RUNS, ONE_PERSON
from drillrunner.model.gameday import MOMENTS, ROLE_NAMES, VERSION, Moment, RoleName

_ROLES: dict[RoleName, str] = {
    "facilitator": "who leads the day",
    "owner": "who answers for it",
    "scribe": "who writes down what happens",
    "safety": "who watches that nothing is harmed",
    "evaluators": "who judge how it went",
    "participants": "who take part",
    "observers": "who look on and do nothing else",
}
_ANNOUNCED: dict[Moment, str] = {
    "before": "told before the first drill, by as much as lead says",
    "start": "told when the first drill begins",
    "end": "told when the day is over",
    "stopped": "told when it ends early",
}


def gameday_schema() -> Schema:
    """Of one game day; it has no variables."""
    required = ("gameday", "title", "environment", "roles", "drills")
    return document("a game day of drillrunner", mapping(_top(), required=required), {})


def _top() -> dict[str, Schema]:
    return {
        "gameday": described(PLAIN_NAME, "its name, as in: drill gameday run NAME"),
        "version": whole("of this format", VERSION, VERSION, default=VERSION),
        "title": text("what is practised, in a sentence"),
        "environment": described(PLAIN_NAME, "where every drill of it runs: a name in environments.yaml"),
        "schedule": schedule_schema("the game day", variables=False),
        "roles": _roles(),
        "drills": items(_drill(), "the drills, run in this order", minItems=1, maxItems=MOST_DRILLS),
        "announcements": _announcements(),
        "freeze": items(_freeze(), "times in which it may not be held"),
        "approvals": _approvals(),
        "rehearsal": _rehearsal(),
        "time_box": plain_duration("how long it may last; no drill is begun that could outlast it"),
    }


def _roles() -> Schema:
    person: Schema = {"type": ["string", "number"], "pattern": r"\S", "maxLength": 200}
    properties: dict[str, Schema] = {}
    for role in ROLE_NAMES:
        least = {"minItems": 1} if role == "facilitator" else {}
        most = {"maxItems": 1} if role in ONE_PERSON else {}
        properties[role] = one_or_more(person, _ROLES[role], uniqueItems=True, **least, **most)
    return mapping(properties, required=("facilitator",), description="who does what")


def _drill() -> Schema:
    values: Schema = {"type": "object", "additionalProperties": {"type": ["string", "number", "boolean"]}}
    properties = {
        "id": described(PLAIN_NAME, "what needs call it; else the drill's name"),
        "drill": text("its name, or its file beside the game day or in the folder above", longest=1_000),
        "vars": described(values, "values of the drill's vars"),
        "set": described(values, 'settings of the lab, which all drills of the day share: {route53.ttl: "30"}'),
        "on_miss": described({"enum": ["stop", "go_on"]}, "whether a missed objective ends the day", default="stop"),
        "needs": one_or_more(PLAIN_NAME, "ids of earlier drills that must have met all their objectives"),
        "cool_down": plain_duration("how long the steady state is waited for after it", default="0s"),
        "at_least": described(PLAIN_PERCENTAGE, "its own threshold at the rehearsal gate; 0% leaves it out"),
    }
    return mapping(properties, required=("drill",))


def _announcements() -> Schema:
    texts: dict[str, Schema] = {moment: text(_ANNOUNCED[moment], longest=1_000) for moment in MOMENTS}
    lead = plain_duration("how long before the first drill before is told", default="0s")
    words = "what the environment's signals are told beside the facts"
    return {**mapping({**texts, "lead": lead}, description=words), "dependencies": {"lead": ["before"]}}


def _freeze() -> Schema:
    window = {
        "from": described(MOMENT, "when it begins, with a time zone: 2026-12-18T00:00:00Z"),
        "to": described(MOMENT, "when it ends, with a time zone"),
        "why": text("why, for whoever is refused"),
    }
    calendar = {"ics": text("an iCalendar file, from the game day's folder: each event is a window", longest=1_000)}
    return {"anyOf": [mapping(window, required=("from", "to", "why")), mapping(calendar, required=("ics",))]}


def _approvals() -> Schema:
    signers = "a file as ssh-keygen takes it, from the game day's folder: only signed approvals count"
    properties = {
        "needed": whole("how many must approve the plan", 1, 100),
        "by": items(PLAIN_NAME, "who may approve; anybody where it is not given"),
        "allowed_signers": text(signers, longest=1_000),
    }
    return mapping(properties, required=("needed",), description="who must approve the plan before it is run")


def _rehearsal() -> Schema:
    share: Schema = {"anyOf": [PLAIN_PERCENTAGE, {"type": "number", "minimum": 0, "maximum": 1}]}
    properties = {
        "runs": whole("how often each drill is rehearsed", 1, MOST_RUNS, default=20),
        "at_least": described(share, "the share of the runs that must meet all objectives: 90%"),
        "seed": whole("the first run's seed", 0, 999_999_999, default=1),
        "max_age": plain_duration("how old a rehearsal of the same plan may be to serve again", default="0s"),
        "topology": text("the lab's topology; needed where the environment is no lab", longest=1_000),
    }
    return mapping(properties, required=("at_least",), description="every drill is rehearsed before the day begins")
