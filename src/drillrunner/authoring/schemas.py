"""The schemas by their names, and as the files that are shipped beside the drills."""

from __future__ import annotations

import json
from collections.abc import Callable

from drillrunner.authoring.drill_schema import drill_schema
from drillrunner.authoring.environments_schema import environments_schema
from drillrunner.authoring.exercise_schema import exercise_schema
from drillrunner.authoring.gameday_schema import gameday_schema
from drillrunner.authoring.params_schema import schema_of
from drillrunner.authoring.schema_pieces import DEFINITIONS, Schema, document
from drillrunner.lab.topology import Topology


def topology_schema() -> Schema:
    """Of a lab's topology, which has no variables."""
    body = schema_of(Topology, with_variables=False)
    return document("a lab's topology of drillrunner", body, {"region": DEFINITIONS["region"]})


SCHEMAS: dict[str, Callable[[], Schema]] = {
    "drill": drill_schema,
    "environments": environments_schema,
    "topology": topology_schema,
    "exercise": exercise_schema,
    "gameday": gameday_schema,
}


def schema_text(name: str) -> str:
    """The schema of that name (a key of SCHEMAS) as its file holds it."""
    return json.dumps(SCHEMAS[name](), indent=2, ensure_ascii=False) + "\n"


def file_name(name: str) -> str:
    """What its file is called, beside the files that it is for: `drill.schema.json`."""
    return f"{name}.schema.json"
