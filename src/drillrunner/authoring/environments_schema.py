"""The JSON schema of `environments.yaml`."""

from __future__ import annotations

from drillrunner.authoring.schema_pieces import (
    DEFINITIONS,
    MOMENT,
    NAME,
    Schema,
    boolean,
    described,
    document,
    items,
    mapping,
    named,
    refer,
    text,
)
from drillrunner.authoring.signals_schema import signals_schema

_PORT: Schema = {"type": "integer", "minimum": 1, "maximum": 65_535}
_ACCOUNT: Schema = {
    "type": ["string", "integer"],
    "pattern": r"^\d{12}$",
    "minimum": 100_000_000_000,
    "maximum": 999_999_999_999,
}


def environments_schema() -> Schema:
    """Of a file of environments: each by its name, or all of them below `environments`."""
    kind = described({"enum": ["lab", "aws"]}, "a lab on this machine, or accounts and regions of AWS")
    environment = {"required": ["kind"], "properties": {"kind": kind}, "anyOf": [_lab(), _aws()]}
    below = named(environment, minProperties=1, description="every environment of this file by its name")
    body: Schema = {
        "type": "object",
        "minProperties": 1,
        "properties": {"environments": below},
        "patternProperties": {f"^(?!environments$){NAME}$": environment},
        "additionalProperties": False,
        "if": {"required": ["environments"]},
        "then": {"maxProperties": 1},
    }
    return document("environments of drillrunner", body, {"region": DEFINITIONS["region"], "signals": signals_schema()})


def _lab() -> Schema:
    kind = described({"const": "lab"}, "a simulated multi-region AWS on this machine; nothing real is touched")
    scale: Schema = {"type": "number", "minimum": 0.1, "maximum": 100}
    properties = {
        "kind": kind,
        "topology": text(
            "what the lab is made of: a shipped topology's name, or a YAML file", longest=1_000, default="checkout"
        ),
        "time_scale": described(scale, "how many drill seconds pass in a real one", default=1),
        **_guards(allow_irreversible=True, confirm=False),
    }
    return mapping(properties, required=("kind",), description="a lab")


def _aws() -> Schema:
    properties = {
        "kind": described({"const": "aws"}, "accounts and regions of AWS"),
        "account": described(_ACCOUNT, 'refused when the credentials belong to another one; quoted: "123456789012"'),
        "profile": text("the profile of the AWS configuration whose credentials are used"),
        "role_arn": described(
            {"type": "string", "pattern": r"^arn:aws[a-z-]*:iam::\d{12}:role/[\w+=,.@/-]{1,512}$"},
            "the role that is assumed, in the same account",
        ),
        **_guards(allow_irreversible=False, confirm=True),
        "freeze": items(_window(), "times in which nothing may be injected"),
        **_reaching(),
    }
    return mapping(properties, required=("kind", "account", "regions"), description="a real account")


def _guards(*, allow_irreversible: bool, confirm: bool) -> dict[str, Schema]:
    targets: Schema = {"type": "integer", "minimum": 1, "maximum": 1_000}
    return {
        "regions": items(refer("region"), "nothing outside them is touched"),
        "max_targets": described(targets, "how many resources one drill may touch", default=5),
        "allow_irreversible": boolean("whether steps that cannot be undone may be taken", default=allow_irreversible),
        "confirm": boolean("ask before injecting; scripts pass --confirm NAME", default=confirm),
        "signals": refer("signals"),
    }


def _window() -> Schema:
    properties = {
        "from": described(MOMENT, "when it begins, with a time zone: 2026-12-18T00:00:00Z"),
        "to": described(MOMENT, "when it ends, with a time zone"),
        "reason": text("why, for whoever is refused"),
    }
    return mapping(properties, required=("from", "to", "reason"))


def _reaching() -> dict[str, Schema]:
    """What the clients and the probes need to reach the environment."""
    address: Schema = {"type": "string", "pattern": r"^https?://[^\s/?#@]+(?:/[^\s?#]*)?$"}
    resolver: Schema = {"type": "string", "pattern": r"^(?:\d{1,3}(?:\.\d{1,3}){3}|\[[0-9A-Fa-f:]+\]):\d{1,5}$"}
    ports: Schema = {"type": "object", "patternProperties": {r"^\d{1,5}$": _PORT}, "additionalProperties": False}
    return {
        "endpoint_url": described(address, "where AWS is asked, instead of its own endpoints"),
        "resolver": described(resolver, "address and port of the DNS server that probes ask: 10.0.0.2:53"),
        "port_map": described(ports, "the ports that URLs name, to the ports that answer"),
        "ca_file": text("a file with the CA that HTTPS probes trust besides the system's", longest=1_000),
        "databases": named(_database(), description="what postgres.* reach, by the names that drills give them"),
    }


def _database() -> Schema:
    properties = {
        "host": text("its host name"),
        "port": described(_PORT, "its port", default=5432),
        "dbname": text("the database's name", default="postgres"),
        "user": text("who connects", default="postgres"),
        "password_env": text("the environment variable that holds the password"),
    }
    return mapping(properties, required=("host",))
