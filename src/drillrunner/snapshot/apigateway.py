"""API Gateway: custom domain names, what they are mapped to, and the functions behind it.

REST APIs are apigateway's and HTTP APIs apigatewayv2's; a mapping of the newer kind leads to either. An
API's functions are asked for only where a domain name or a DNS name leads to it.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from drillrunner.errors import CallFailed
from drillrunner.model.call import AwsCall
from drillrunner.model.noun import JsonValue
from drillrunner.ports import Outside
from drillrunner.snapshot.notes import Note, Part, left_out
from drillrunner.snapshot.pages import read_pages
from drillrunner.snapshot.places import plain_name

# The account has no right to it, or (a lab) nothing there answers: the rest of a snapshot does without.
_UNREADABLE = frozenset({"AccessDenied", "AccessDeniedException", "NotImplemented", "UnrecognizedClientException"})
_FUNCTION = re.compile(r":function:([A-Za-z0-9_-]+)")
_DEFAULT_HOST = re.compile(r"([a-z0-9]+)\.execute-api\.([a-z0-9-]+)\.amazonaws\.com(?:\.cn)?")
_PAGES_V1 = {"position": "position"}
_PAGES_V2 = {"NextToken": "NextToken"}


@dataclass(frozen=True, slots=True)
class Gateway:
    """A host name that API Gateway answers in a region: the names that lead to it, and every function behind it."""

    host: str
    region: str
    targets: tuple[str, ...]
    functions: tuple[str, ...]


def calls(regions: Sequence[str]) -> list[AwsCall]:
    """The Calls that reading makes, for the list of permissions."""
    operations = [
        ("apigateway", "GetDomainNames"),
        ("apigateway", "GetBasePathMappings"),
        ("apigateway", "GetResources"),
        ("apigatewayv2", "GetDomainNames"),
        ("apigatewayv2", "GetApiMappings"),
        ("apigatewayv2", "GetIntegrations"),
    ]
    return [_call(service, operation, region) for region in regions for service, operation in operations]


async def read_gateways(outside: Outside, regions: Sequence[str], mentioned: Sequence[str]) -> Part[Gateway]:
    """The custom domain names of the regions, and those of the `mentioned` names that are an API's own.

    A region whose API Gateway may not be read has none, and a note. Raises CallFailed, Refused.
    """
    gateways: list[Gateway] = []
    notes: list[Note] = []
    for region in regions:
        try:
            gateways += await _domains(outside, region)
            gateways += await _default_hosts(outside, region, mentioned)
        except CallFailed as failure:
            if failure.code not in _UNREADABLE:
                raise
            why = f"it could not be read ({failure.code}), so what its hosts answer with is not known"
            notes.append(left_out(f"API Gateway in {region}", why))
    return Part(tuple(gateways), tuple(notes))


async def _domains(outside: Outside, region: str) -> list[Gateway]:
    """Each custom domain name once: by the newer listing, and those that only the older one shows."""
    newer = await read_pages(outside, _call("apigatewayv2", "GetDomainNames", region), "Items", _PAGES_V2)
    older = await read_pages(outside, _call("apigateway", "GetDomainNames", region), "items", _PAGES_V1)
    targets = {each["domainName"]: _targets_v1(each) for each in older}
    targets |= {each["DomainName"]: _targets_v2(each) + targets.get(each["DomainName"], ()) for each in newer}
    in_newer = {each["DomainName"] for each in newer}
    gateways = []
    for host, names in targets.items():
        apis = await _apis_v2(outside, region, host) if host in in_newer else []
        apis = apis or await _apis_v1(outside, region, host)
        functions = [name for api in apis for name in await _functions(outside, region, api)]
        gateways.append(Gateway(plain_name(host), region, tuple(dict.fromkeys(names)), _once(functions)))
    return gateways


def _targets_v1(domain: dict[str, Any]) -> tuple[str, ...]:
    names = (domain.get("regionalDomainName"), domain.get("distributionDomainName"))
    return tuple(plain_name(name) for name in names if name)


def _targets_v2(domain: dict[str, Any]) -> tuple[str, ...]:
    names = (each.get("ApiGatewayDomainName") for each in domain.get("DomainNameConfigurations") or ())
    return tuple(plain_name(name) for name in names if name)


async def _default_hosts(outside: Outside, region: str, mentioned: Sequence[str]) -> list[Gateway]:
    """An API's own name, `{id}.execute-api.{region}.amazonaws.com`, where something leads to it."""
    gateways = []
    for name in mentioned:
        match = _DEFAULT_HOST.fullmatch(name)
        if match and match.group(2) == region:
            functions = await _functions(outside, region, match.group(1))
            gateways.append(Gateway(name, region, (), _once(functions)))
    return gateways


async def _apis_v2(outside: Outside, region: str, host: str) -> list[str]:
    asking = _call("apigatewayv2", "GetApiMappings", region, DomainName=host)
    return await _or_nothing(outside, asking, "Items[].ApiId", _PAGES_V2)


async def _apis_v1(outside: Outside, region: str, host: str) -> list[str]:
    asking = _call("apigateway", "GetBasePathMappings", region, domainName=host)
    return await _or_nothing(outside, asking, "items[].restApiId", _PAGES_V1)


async def _functions(outside: Outside, region: str, api: str) -> list[str]:
    """The functions that an API's integrations name; it is an HTTP API or, if that is not there, a REST API."""
    asking = _call("apigatewayv2", "GetIntegrations", region, ApiId=api)
    uris = await _or_nothing(outside, asking, "Items[].IntegrationUri", _PAGES_V2)
    if not uris:
        asking = _call("apigateway", "GetResources", region, restApiId=api, embed=["methods"])
        uris = [uri for each in await _or_nothing(outside, asking, "items", _PAGES_V1) for uri in _method_uris(each)]
    return [match.group(1) for uri in uris if (match := _FUNCTION.search(uri))]


def _method_uris(resource: dict[str, Any]) -> list[str]:
    """botocore apigateway: Resource.resourceMethods, Method.methodIntegration, Integration.uri."""
    methods = (resource.get("resourceMethods") or {}).values()
    return [uri for method in methods if (uri := (method.get("methodIntegration") or {}).get("uri"))]


async def _or_nothing(outside: Outside, call: AwsCall, items: str, following: dict[str, str]) -> list[Any]:
    try:
        return await read_pages(outside, call, items, following)
    except CallFailed as failure:
        if failure.code != "NotFoundException":
            raise
        return []


def _once(names: Sequence[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(names))


def _call(service: str, operation: str, region: str, **asked: JsonValue) -> AwsCall:
    return AwsCall(service=service, operation=operation, region=region, params=asked)
