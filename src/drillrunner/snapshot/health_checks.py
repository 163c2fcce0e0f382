"""Route 53's health checks as those of a lab: which it can run, under which names. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from drillrunner.lab.topology import HealthCheckSpec
from drillrunner.snapshot.notes import Note, Part, assumed, left_out
from drillrunner.snapshot.places import plain_name

# "If you don't specify a value …" (botocore route53, HealthCheckConfig)
_DEFAULT_INTERVAL_SECONDS: Literal[30] = 30
_DEFAULT_THRESHOLD = 3
_PORTS = {"HTTP": 80, "HTTPS": 443}
_KINDS: Mapping[str, Literal["HTTP", "HTTPS", "TCP"]] = {
    "HTTP": "HTTP",
    "HTTPS": "HTTPS",
    "TCP": "TCP",
    "HTTP_STR_MATCH": "HTTP",
    "HTTPS_STR_MATCH": "HTTPS",
}


@dataclass(frozen=True, slots=True)
class Checks:
    """The lab's health checks, and the name of each by the id that AWS gave it."""

    part: Part[HealthCheckSpec]
    names: Mapping[str, str]


def health_checks(checks: Sequence[Mapping[str, Any]], tags: Mapping[str, str]) -> Checks:
    """HealthChecks and their Name tags (botocore route53) as the lab's, each with a name of its own."""
    names = _names(checks, tags)
    specs: dict[str, HealthCheckSpec] = {}
    notes: list[Note] = []
    for check in sorted(checks, key=lambda one: one["HealthCheckConfig"]["Type"] == "CALCULATED"):
        config, name = check["HealthCheckConfig"], names[check["Id"]]
        who = f"health check {name}"
        if config["Type"] == "CALCULATED":
            spec, said = _calculated(who, name, config, {check_id: names[check_id] for check_id in specs})
        else:
            spec, said = _endpoint(who, name, config)
        notes += said
        if spec is not None:
            specs[check["Id"]] = spec
            notes += _differences(who, config)
    known = {check_id: names[check_id] for check_id in specs}
    return Checks(Part(tuple(specs.values()), tuple(notes)), known)


def _names(checks: Sequence[Mapping[str, Any]], tags: Mapping[str, str]) -> dict[str, str]:
    """By Name tag, else by caller reference, as drills may call them; by the id where that is not theirs alone."""
    wanted = {check["Id"]: tags.get(check["Id"]) or check["CallerReference"] for check in checks}
    taken = list(wanted.values())
    return {check_id: check_id if taken.count(name) > 1 else name for check_id, name in wanted.items()}


def _endpoint(who: str, name: str, config: Mapping[str, Any]) -> tuple[HealthCheckSpec | None, list[Note]]:
    kind = _KINDS.get(config["Type"])
    fqdn = config.get("FullyQualifiedDomainName")
    if kind is None:
        why = f"it is of type {config['Type']}, which a lab's topology does not have"
        return None, [left_out(who, f"{why}; records that name it count as healthy there")]
    if not fqdn:
        why = f"it asks the address {config.get('IPAddress', '')}, and the lab's checkers go by name"
        return None, [left_out(who, f"{why}; records that name it count as healthy there")]
    spec = HealthCheckSpec(
        name=name,
        fqdn=plain_name(fqdn),
        type=kind,
        port=config.get("Port") or _PORTS.get(kind),
        path=None if kind == "TCP" else config.get("ResourcePath") or "/",
        interval_seconds=config.get("RequestInterval") or _DEFAULT_INTERVAL_SECONDS,
        failure_threshold=config.get("FailureThreshold") or _DEFAULT_THRESHOLD,
    )
    return spec, []


def _calculated(
    who: str, name: str, config: Mapping[str, Any], known: Mapping[str, str]
) -> tuple[HealthCheckSpec | None, list[Note]]:
    """It adds up those of its checks that the lab has too."""
    children = config.get("ChildHealthChecks") or []
    here = tuple(known[child] for child in children if child in known)
    if not here:
        return None, [left_out(who, "none of the checks that it adds up is in the topology")]
    notes = []
    if len(here) < len(children):
        why = f"{len(children) - len(here)} of the {len(children)} checks that it adds up are not in the topology"
        notes.append(assumed(who, f"{why}; its threshold is what it was"))
    spec = HealthCheckSpec(
        name=name, type="CALCULATED", children=here, health_threshold=config.get("HealthThreshold", 0)
    )
    return spec, notes


def _differences(who: str, config: Mapping[str, Any]) -> list[Note]:
    """What a lab's health check cannot be told."""
    different = {
        "it is inverted in AWS": config.get("Inverted"),
        "it is disabled in AWS, so counts as healthy there": config.get("Disabled"),
        "AWS looks for a text in the answer, the lab at the status alone": config.get("SearchString"),
        f"in AWS it asks the address {config.get('IPAddress')}, in the lab its name": config.get("IPAddress"),
        "in AWS it asks from chosen regions, in the lab from all": config.get("Regions"),
    }
    return [assumed(who, why) for why, holds in different.items() if holds]
