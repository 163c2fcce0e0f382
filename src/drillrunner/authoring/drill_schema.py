"""The JSON schema of a drill file: its own keys, and every fault, step, probe and condition of the registry.

It holds what a schema can see. That a probe is one of the drill's, or that a target is longer than the time
waited for it, `drill validate` says.
"""

from __future__ import annotations

from drillrunner import registry
from drillrunner.authoring.params_schema import schema_of
from drillrunner.authoring.schedule_schema import schedule_schema
from drillrunner.authoring.schema_pieces import (
    DEFINITIONS,
    DURATION,
    NAME_TEXT,
    PERCENTAGE,
    Schema,
    boolean,
    described,
    document,
    duration,
    items,
    mapping,
    named,
    one_of_keys,
    refer,
    text,
)
from drillrunner.registry import Kind, Role

_TARGETS = {
    "rto": "the longest that users may be without the service",
    "rpo": "the most that may be lost, as a time",
    "detection": "how soon the detection signal must show the outage",
    "latency": "the longest that an answer may take, at the percentile",
    "availability": "the least share of good answers over the whole drill",
}


def drill_schema() -> Schema:
    """Of one drill, with the kinds that are registered here."""
    properties = {**_head(), **_measured(), **_course(), "schedule": schedule_schema()}
    required = ("drill", "title", "owner", "objectives", "probes", "faults")
    return document("a drill of drillrunner", mapping(properties, required=required), {**DEFINITIONS, "step": _step()})


def _head() -> dict[str, Schema]:
    variable = {"type": ["string", "number", "boolean"]}
    variables = {
        "type": "object",
        "description": "texts to use as ${name} in any value; --var name=value overrides one",
        "patternProperties": {"^[A-Za-z_][A-Za-z0-9_-]{0,63}$": variable},
        "additionalProperties": False,
    }
    return {
        "drill": described(NAME_TEXT, "its name, as in: drill run NAME"),
        "title": text("what is practised, in a sentence"),
        "owner": text("who answers for the drill"),
        "environment": described(NAME_TEXT, "where it runs: a name in environments.yaml", default="lab"),
        "runbook": text("the page for people, relative to this file", longest=1_000),
        "vars": variables,
    }


def _measured() -> dict[str, Schema]:
    return {
        "objectives": mapping(
            {name: _objective(name, meaning) for name, meaning in _TARGETS.items()},
            minProperties=1,
            description="the targets that the drill is judged by",
        ),
        "probes": named(
            _probe(), minProperties=1, description="what is asked over and over: a name for each, with one kind"
        ),
        "baseline": mapping(
            {
                "for": duration("how long the steady state must have held before anything is injected", default="30s"),
                "within": duration("for how long it may be waited for: the baseline is taken again until it holds"),
                "served_from": text("the region that serves users in the steady state, before and afterwards"),
            },
            description="the steady state, looked for before anything is injected",
        ),
        "detection": mapping(
            {
                "probe": text("the probe whose failing is the signal"),
                "within": duration("how long the signal is waited for", default="5m"),
            },
            description="what tells that the outage was detected",
        ),
    }


def _course() -> dict[str, Schema]:
    steps = "steps in their order, or manual: a text for a person"
    return {
        "faults": items(_entry("fault", _after()), "what is broken: a list of kinds", minItems=1),
        "failover": items(refer("step"), f"what moves to the standby: {steps}"),
        "recovery": mapping(
            {
                "within": duration("how long recovery is waited for", default="10m"),
                "stable_for": duration("how long users must be served unbroken until it counts", default="30s"),
            },
            description="when the service counts as recovered",
        ),
        "failback": items(refer("step"), f"what moves back: {steps}"),
        "revert": mapping(
            {"within": duration("how long putting everything back is tried", default="10m")},
            description="how everything is put back",
        ),
        "stop_if": items(_stop_condition(), "when the drill ends at once, and everything is put back"),
    }


def _objective(name: str, meaning: str) -> Schema:
    unit = PERCENTAGE if name == "availability" else DURATION
    keys = {
        "target": described(unit, meaning),
        "probe": text("the probe that it is measured on"),
        "percentile": described(PERCENTAGE, "which share of the answers must be as fast", default="95%"),
    }
    if name != "latency":
        del keys["percentile"]
    return {"description": meaning, "anyOf": [unit, mapping(keys, required=("target",))]}


def _after() -> dict[str, Schema]:
    return {"after": duration("how long after the others it is injected", default="0s")}


def _probe() -> Schema:
    return _entry(
        "probe",
        {
            "every": duration("how often it asks", default="1s"),
            "timeout": duration("an answer later than this is a failure", default="2s"),
            "user_facing": boolean("it asks what users ask: recovery is when it is good again", default=False),
            "vantage": described(NAME_TEXT, "a label of where it asks from", default="here"),
        },
    )


def _step() -> Schema:
    takes = mapping(
        {
            "from": duration("the least", default="0s"),
            "to": duration("the most", default="10m"),
        },
        description="how long people are expected to need; rehearsals draw from it",
    )
    manual = text("what a person is to do; the drill waits until it is done", longest=2_000)
    schema = _entry("step", {"manual": manual, "takes": takes}, ("manual",))
    return {**schema, "dependencies": {"takes": ["manual"]}}


def _stop_condition() -> Schema:
    own = {
        "probe": text("a probe of what must not break"),
        "fails_for": duration("how long it must have failed without a break"),
    }
    schema = _entry("condition", own, ("probe", "fails_for"))
    return {**schema, "dependencies": {"probe": ["fails_for"], "fails_for": ["probe"]}}


def _entry(role: Role, own: dict[str, Schema], *alternatives: tuple[str, ...]) -> Schema:
    """One kind of the role with its parameters (or another of the alternatives), and the entry's own keys."""
    kinds = {kind.name: _kind(kind) for kind in registry.kinds(role)}
    return {**mapping({**kinds, **own}), **one_of_keys(*((name,) for name in kinds), *alternatives)}


def _kind(kind: Kind) -> Schema:
    params = schema_of(kind.params, with_variables=True)
    optional = {} if params.get("required") else {"type": ["object", "null"]}
    paragraphs = [" ".join(paragraph.split()) for paragraph in kind.description.split("\n\n")]
    if kind.irreversible:
        paragraphs.append("It cannot be undone.")
    return {**params, **optional, "description": "\n\n".join(paragraphs)}
