"""Which function answers which host name in which region: as API Gateway says it, else inferred from DNS. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from drillrunner.lab.topology import EndpointSpec, FunctionSpec, RecordSpec, ZoneSpec
from drillrunner.snapshot.apigateway import Gateway
from drillrunner.snapshot.notes import Note, Part, assumed, inferred, left_out
from drillrunner.snapshot.places import plain_name
from drillrunner.snapshot.records import MAX_CHASE

_Place = tuple[str, str]


def endpoints(
    zones: Sequence[ZoneSpec], gateways: Sequence[Gateway], functions: Sequence[FunctionSpec]
) -> Part[EndpointSpec]:
    """An endpoint for every host name that leads to a region, where the function behind it is known or clear."""
    there: dict[str, list[str]] = {}
    for function in functions:
        there.setdefault(function.region, []).append(function.name)
    behind = {(gateway.host, gateway.region): gateway.functions for gateway in gateways}
    specs: list[EndpointSpec] = []
    notes: list[Note] = []
    for place in dict.fromkeys((*_served(zones), *behind)):
        names = there.get(place[1], [])
        spec, note = _stated(place, behind[place], names) if place in behind else _guessed(place, names)
        specs += [spec] if spec else []
        notes += [note] if note else []
    return Part(tuple(specs), tuple(notes))


def _stated(place: _Place, stated: Sequence[str], names: Sequence[str]) -> tuple[EndpointSpec | None, Note | None]:
    """What API Gateway says. A host has one function in the lab, whatever its paths."""
    host, region = place
    who = f"endpoint {host} in {region}"
    mapped = [name for name in stated if name in names]
    if not mapped:
        what = f"function {stated[0]}, which is not there" if stated else "no function"
        return None, left_out(who, f"API Gateway leads to {what}: the lab answers 404")
    chosen = _clear(host, mapped) or mapped[0]
    why = f"API Gateway leads to {', '.join(mapped)} by path; {chosen} answers every path in the lab"
    return EndpointSpec(host=host, region=region, function=chosen), assumed(who, why) if len(mapped) > 1 else None


def _guessed(place: _Place, names: Sequence[str]) -> tuple[EndpointSpec | None, Note]:
    host, region = place
    who = f"endpoint {host} in {region}"
    guess = _clear(host, names)
    if guess is None:
        what = f"{len(names)} functions" if names else "no function"
        return None, left_out(who, f"{region} has {what}, and nothing says which one answers: the lab answers 404")
    why = "the only function there" if len(names) == 1 else "the only one that is named like the host"
    return EndpointSpec(host=host, region=region, function=guess), inferred(who, f"function {guess}, {why}")


def _clear(host: str, names: Sequence[str]) -> str | None:
    """The only function there is, or the only one whose name is a label of the host name."""
    labels = host.split(".")
    alike = [name for name in names if name.lower() in labels]
    chosen = names if len(names) == 1 else alike
    return chosen[0] if len(chosen) == 1 else None


def _served(zones: Sequence[ZoneSpec]) -> list[_Place]:
    """Every host name with each region that it leads to, in the order of the records."""
    by_name: dict[str, list[RecordSpec]] = {}
    for zone in zones:
        for record in zone.records:
            by_name.setdefault(record.name, []).append(record)
    return [(name, region) for name in by_name for region in _regions_of(name, by_name, MAX_CHASE)]


def _regions_of(name: str, by_name: Mapping[str, Sequence[RecordSpec]], hops: int) -> list[str]:
    regions: list[str] = []
    for record in by_name.get(name, ()) if hops else ():
        if record.address_of:
            regions.append(record.address_of)
        elif record.type == "CNAME":
            for value in record.values:
                regions += _regions_of(plain_name(value), by_name, hops - 1)
    return list(dict.fromkeys(regions))
