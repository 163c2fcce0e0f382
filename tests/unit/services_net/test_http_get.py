"""The probe http.get on virtual time: what it resolves, when it resolves again, and what it calls good."""

from __future__ import annotations

from collections.abc import Mapping

import pytest
from pydantic import ValidationError

from drillrunner.clock import run_virtual
from drillrunner.model.noun import JsonValue
from drillrunner.model.reading import Answer
from drillrunner.ports import DnsAnswer, DnsFailed, HttpFailed, HttpRequest, HttpResponse
from drillrunner.registry import find
from drillrunner.services.http import HttpExpectation, HttpGet, HttpGetParams, disappointment
from fake_outside import FakeHttp, FakeResolver, fake_outside

HOST = "checkout.example.test"
URL = f"https://{HOST}/health"


def probe(**params: JsonValue) -> HttpGet:
    return HttpGet(HttpGetParams.model_validate({"url": URL, **params}))


def found(address: str = "192.0.2.1", ttl_seconds: float = 60.0) -> FakeResolver:
    return FakeResolver({HOST: DnsAnswer((address,), ttl_seconds)})


def poll_at(
    moments: list[float], http: FakeHttp, resolver: FakeResolver, *, timeout_seconds: float = 2.0, **params: JsonValue
) -> list[Answer]:
    """What one probe answers when it is asked at those moments of a virtual clock."""

    async def main() -> list[Answer]:
        outside, asked = fake_outside(http=http, resolver=resolver), probe(**params)
        answers = []
        for seq, moment in enumerate(moments, 1):
            await outside.clock.sleep_until(moment)
            answers.append(await asked.poll(outside, seq, timeout_seconds))
        return answers

    answers: list[Answer] = run_virtual(main)
    return answers


def test_a_resolved_address_is_used_until_its_ttl_has_passed_since_it_came() -> None:
    http, resolver = FakeHttp(), found(ttl_seconds=60.0)
    poll_at([0, 59.9, 60, 119.9], http, resolver)
    assert resolver.asked == [HOST, HOST]
    assert [request.address for request in http.requests] == ["192.0.2.1"] * 4
    assert {request.url for request in http.requests} == {URL}


@pytest.mark.parametrize(("dns_cache", "lookups"), [("none", 4), ("30s", 3), ("1h", 1)])
def test_other_clients_caches_can_be_played(dns_cache: str, lookups: int) -> None:
    resolver = found(ttl_seconds=5.0)
    poll_at([0, 20, 40, 80], FakeHttp(), resolver, dns_cache=dns_cache)
    assert len(resolver.asked) == lookups


def test_a_ttl_of_zero_is_asked_for_at_every_poll() -> None:
    resolver = found(ttl_seconds=0.0)
    poll_at([0, 0, 1], FakeHttp(), resolver)
    assert len(resolver.asked) == 3


def test_no_stale_address_is_used_when_the_name_cannot_be_resolved_again() -> None:
    http, resolver = FakeHttp(), found(ttl_seconds=10.0)

    async def main() -> Answer:
        outside, asked = fake_outside(http=http, resolver=resolver), probe()
        await asked.poll(outside, 1, 2.0)
        await outside.clock.sleep(10)
        resolver.answers[HOST] = DnsFailed("dns servfail")
        return await asked.poll(outside, 2, 2.0)

    answer: Answer = run_virtual(main)
    assert (answer.ok, answer.why) == (False, "dns servfail")
    assert len(http.requests) == 1


def test_the_new_address_is_asked_after_a_failover_changed_the_record() -> None:
    http, resolver = FakeHttp(), found("192.0.2.1", 10.0)

    async def main() -> None:
        outside, asked = fake_outside(http=http, resolver=resolver), probe()
        for _ in range(4):
            await asked.poll(outside, 1, 2.0)
            resolver.answers[HOST] = DnsAnswer(("198.51.100.1", "198.51.100.2"), 10.0)
            await outside.clock.sleep(4)

    run_virtual(main)
    assert [request.address for request in http.requests] == ["192.0.2.1"] * 3 + ["198.51.100.1"]


@pytest.mark.parametrize("url", ["http://127.0.0.1:8080/", "http://[::1]/"])
def test_a_literal_address_is_not_resolved(url: str) -> None:
    http, resolver = FakeHttp(), FakeResolver()
    (answer,) = poll_at([0], http, resolver, url=url)
    assert answer.ok is True
    assert resolver.asked == []
    assert http.requests == [HttpRequest(url)]


def test_the_value_is_the_whole_latency_in_milliseconds_and_resolving_is_one_of_its_phases() -> None:
    http = FakeHttp(
        HttpResponse(200, {"X-Served-By-Region": "eu-west-1"}, b"", {"connect": 0.1, "first_byte": 0.4}), seconds=0.5
    )
    resolver = found()
    resolver.seconds = 0.25
    first, second = poll_at([0, 10], http, resolver)
    assert first == Answer(True, 750.0, None, "eu-west-1", {"dns": 0.25, "connect": 0.1, "first_byte": 0.4})
    assert second == Answer(True, 500.0, None, "eu-west-1", {"connect": 0.1, "first_byte": 0.4})


def test_resolving_and_asking_share_one_time_out() -> None:
    resolver = found()
    resolver.seconds = 1.5
    (answer,) = poll_at([0], FakeHttp(seconds=1.0), resolver, timeout_seconds=2.0)
    assert (answer.ok, answer.why) == (False, "timeout")
    resolver.seconds = 2.0
    http = FakeHttp()
    (answer,) = poll_at([0], http, resolver, timeout_seconds=2.0)
    assert (answer.ok, answer.why, http.requests) == (False, "timeout", [])


@pytest.mark.parametrize(
    ("why", "ok"), [("timeout", False), ("connect refused", False), ("tls failed", False), ("not asked", None)]
)
def test_a_failed_request_has_the_clients_reason_and_one_that_we_could_not_make_proves_nothing(
    why: str, ok: bool | None
) -> None:
    (answer,) = poll_at([0], FakeHttp(HttpFailed(why, "detail", {"connect": 0.2})), found())
    assert (answer.ok, answer.why, answer.phases) == (ok, why, {"dns": 0.0, "connect": 0.2})


@pytest.mark.parametrize(
    ("expect", "why"),
    [
        ({}, "status 503"),
        ({"status": [200, 503]}, None),
        ({"status": 503, "body": "back soon"}, None),
        ({"status": 503, "body": "ready"}, "body"),
        ({"status": 503, "body_matches": r"back\s+soon$"}, None),
        ({"status": 503, "body_matches": "^soon"}, "body"),
        ({"status": 503, "headers": {"retry-after": "30"}}, None),
        ({"status": 503, "headers": {"Retry-After": "60"}}, "header retry-after"),
        ({"status": 503, "headers": {"X-Other": ""}}, "header x-other"),
        ({"status": 503, "latency": "500ms"}, None),
        ({"status": 503, "latency": "499ms"}, "slow"),
    ],
)
def test_everything_that_is_expected_must_hold(expect: Mapping[str, JsonValue], why: str | None) -> None:
    response = HttpResponse(503, {"Retry-After": "30"}, b"we are back soon", {})
    assert disappointment(HttpExpectation.model_validate(expect), response, 0.5) == why


@pytest.mark.parametrize(
    ("params", "says"),
    [
        ({"url": "checkout.example.test/health"}, "is not an http:// or https:// address"),
        ({"url": "ftp://checkout.example.test"}, "is not an http:// or https:// address"),
        ({"url": "https://a.test:99999/"}, "Port out of range"),
        ({"dns_cache": "forever"}, "is not a duration"),
        ({"expect": {"latency": "500"}}, "is not a duration"),
        ({"expect": {"body_matches": "("}}, "is not a regular expression"),
        ({"expect": {"status": 20}}, "greater than or equal to 100"),
        ({"expekt": {}}, "Extra inputs are not permitted"),
    ],
)
def test_parameters_that_cannot_be_meant_are_refused(params: Mapping[str, JsonValue], says: str) -> None:
    with pytest.raises(ValidationError, match=says):
        HttpGetParams.model_validate({"url": URL, **params})


def test_the_probe_is_in_the_catalogue_and_makes_no_calls() -> None:
    kind = find("probe", "http.get")
    assert kind is not None
    assert kind.build is not None
    assert kind.build(HttpGetParams(url=URL)).calls() == ()
    assert kind.summary == "Ask a URL, and compare status, headers, body and latency with what is expected."
