"""From API Gateway and DNS to the function that answers each host name."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from drillrunner.clock import run_virtual
from drillrunner.errors import CallFailed
from drillrunner.lab.topology import EndpointSpec, FunctionSpec, RecordSpec, ZoneSpec
from drillrunner.model.call import AwsCall, Call
from drillrunner.model.noun import JsonValue
from drillrunner.snapshot.apigateway import Gateway, read_gateways
from drillrunner.snapshot.endpoints import endpoints
from drillrunner.snapshot.notes import Part
from fake_outside import FakeCaller, Script, fake_outside, refusal

EAST, WEST = "us-east-1", "eu-west-1"
TARGET = "d-abc.execute-api.us-east-1.amazonaws.com"
INVOKING = (
    "arn:aws:apigateway:us-east-1:lambda:path/2015-03-31/functions/"
    "arn:aws:lambda:us-east-1:123456789012:function:{}/invocations"
)


def gateways(scripts: dict[str, Script], *mentioned: str) -> Part[Gateway]:
    """What is read of us-east-1; operations without a script answer an empty page."""
    operations = ("GetDomainNames", "GetApiMappings", "GetIntegrations", "GetBasePathMappings", "GetResources")
    empty: dict[str, Script] = {
        f"{service}:{operation}": {} for service in ("apigateway", "apigatewayv2") for operation in operations
    }
    caller = FakeCaller({**empty, **scripts})
    part: Part[Gateway] = run_virtual(lambda: read_gateways(fake_outside(caller), (EAST,), mentioned))
    return part


def param(call: Call, name: str) -> JsonValue:
    assert isinstance(call, AwsCall)
    return call.params[name]


def resources(*functions: str) -> JsonValue:
    methods: dict[str, JsonValue] = {
        f"M{number}": {"methodIntegration": {"uri": INVOKING.format(name)}} for number, name in enumerate(functions)
    }
    return {"items": [{"id": "root"}, {"id": "any", "resourceMethods": methods}]}


def test_an_http_api_is_followed_from_its_domain_name_to_its_functions() -> None:
    domain: JsonValue = {
        "DomainName": "Shop.example.test",
        "DomainNameConfigurations": [{"ApiGatewayDomainName": TARGET}],
    }
    arn = "arn:aws:lambda:us-east-1:123456789012:function:checkout:live"
    scripts: dict[str, Script] = {
        "apigatewayv2:GetDomainNames": {"Items": [domain]},
        "apigatewayv2:GetApiMappings": {"Items": [{"ApiId": "api1"}]},
        "apigatewayv2:GetIntegrations": {"Items": [{"IntegrationUri": arn}, {"IntegrationUri": "https://a.test"}]},
    }
    assert gateways(scripts).specs == (Gateway("shop.example.test", EAST, (TARGET,), ("checkout",)),)


def test_a_rest_api_is_followed_through_its_resources() -> None:
    domain: JsonValue = {
        "domainName": "shop.example.test",
        "regionalDomainName": TARGET,
        "distributionDomainName": None,
    }
    scripts: dict[str, Script] = {
        "apigateway:GetDomainNames": {"items": [domain]},
        "apigateway:GetBasePathMappings": {"items": [{"restApiId": "rest1", "basePath": "(none)"}]},
        "apigatewayv2:GetIntegrations": refusal("NotFoundException"),
        "apigateway:GetResources": resources("checkout", "search", "checkout"),
    }
    assert gateways(scripts).specs == (Gateway("shop.example.test", EAST, (TARGET,), ("checkout", "search")),)


def test_an_api_s_own_name_is_followed_where_something_leads_to_it() -> None:
    own = "a1b2.execute-api.us-east-1.amazonaws.com"
    scripts: dict[str, Script] = {
        "apigatewayv2:GetIntegrations": refusal("NotFoundException"),
        "apigateway:GetResources": lambda call: resources(f"of-{param(call, 'restApiId')}"),
    }
    found = gateways(scripts, own, TARGET, "a1b2.execute-api.eu-west-1.amazonaws.com", "www.example.test")
    assert found.specs == (Gateway(own, EAST, (), ("of-a1b2",)),)


def test_an_api_gateway_that_may_not_be_read_is_a_note_and_any_other_trouble_ends_the_snapshot() -> None:
    denied = gateways({"apigatewayv2:GetDomainNames": refusal("AccessDeniedException")})
    assert denied.specs == ()
    assert [(note.kind, note.subject) for note in denied.notes] == [("left out", "API Gateway in us-east-1")]
    with pytest.raises(CallFailed, match="ExpiredToken"):
        gateways({"apigatewayv2:GetDomainNames": refusal("ExpiredToken")})


def functions(**names: Sequence[str]) -> list[FunctionSpec]:
    regions = {"east": EAST, "west": WEST}
    return [FunctionSpec(name=name, region=regions[side]) for side, there in names.items() for name in there]


def zone(*records: RecordSpec) -> ZoneSpec:
    return ZoneSpec(name="example.test", records=records)


def leading(host: str, region: str) -> RecordSpec:
    return RecordSpec(name=host, address_of=region)


def said(part: Part[EndpointSpec]) -> list[str]:
    return [f"{note.kind}: {note.subject}: {note.why}" for note in part.notes]


def test_a_host_that_leads_to_a_region_with_one_function_is_answered_by_it() -> None:
    there = zone(
        leading("shop.example.test", EAST),
        leading("shop.example.test", WEST),
        RecordSpec(name="www.example.test", type="CNAME", values=("shop.example.test.",)),
        RecordSpec(name="text.example.test", type="TXT", values=("x",)),
    )
    part = endpoints([there], [], functions(east=["checkout"], west=["checkout-eu"]))
    assert part.specs == (
        EndpointSpec(host="shop.example.test", region=EAST, function="checkout"),
        EndpointSpec(host="shop.example.test", region=WEST, function="checkout-eu"),
        EndpointSpec(host="www.example.test", region=EAST, function="checkout"),
        EndpointSpec(host="www.example.test", region=WEST, function="checkout-eu"),
    )
    assert {note.kind for note in part.notes} == {"inferred"}


def test_of_several_functions_the_one_that_is_named_like_the_host_answers_and_else_none() -> None:
    there = zone(leading("checkout.example.test", EAST), leading("www.example.test", EAST))
    part = endpoints([there], [], functions(east=["checkout", "search"]))
    assert part.specs == (EndpointSpec(host="checkout.example.test", region=EAST, function="checkout"),)
    assert said(part) == [
        "inferred: endpoint checkout.example.test in us-east-1: function checkout, the only one that is named like the"
        " host",
        "left out: endpoint www.example.test in us-east-1: us-east-1 has 2 functions, and nothing says which one"
        " answers: the lab answers 404",
    ]


def test_what_api_gateway_says_goes_before_what_could_be_inferred() -> None:
    there = zone(leading("checkout.example.test", EAST), leading("proxy.example.test", EAST))
    stated = [
        Gateway("checkout.example.test", EAST, (TARGET,), ("search",)),
        Gateway("proxy.example.test", EAST, (), ()),
        Gateway("gone.example.test", EAST, (), ("deleted",)),
        Gateway("both.example.test", EAST, (), ("search", "checkout")),
    ]
    part = endpoints([there], stated, functions(east=["checkout", "search"]))
    assert [(spec.host, spec.function) for spec in part.specs] == [
        ("checkout.example.test", "search"),
        ("both.example.test", "search"),
    ]
    assert said(part) == [
        "left out: endpoint proxy.example.test in us-east-1: API Gateway leads to no function: the lab answers 404",
        "left out: endpoint gone.example.test in us-east-1: API Gateway leads to function deleted, which is not there:"
        " the lab answers 404",
        "assumed: endpoint both.example.test in us-east-1: API Gateway leads to search, checkout by path; search"
        " answers every path in the lab",
    ]


def test_names_that_lead_in_circles_lead_to_no_region() -> None:
    circle = zone(
        RecordSpec(name="a.example.test", type="CNAME", values=("b.example.test",)),
        RecordSpec(name="b.example.test", type="CNAME", values=("a.example.test",)),
    )
    assert endpoints([circle], [], functions(east=["checkout"])) == Part()
