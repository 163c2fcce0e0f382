"""The probe dns.answer on virtual time."""

from __future__ import annotations

import pytest

from drillrunner.clock import run_virtual
from drillrunner.model.noun import JsonValue
from drillrunner.model.reading import Answer
from drillrunner.ports import DnsAnswer, DnsFailed
from drillrunner.services.dns import DnsAnswerParams, DnsAnswerProbe
from fake_outside import FakeResolver, fake_outside

NAME = "checkout.example.test"


def answer(said: DnsAnswer | DnsFailed, **params: JsonValue) -> Answer:
    async def main() -> Answer:
        resolver = FakeResolver({NAME: said}, seconds=0.25)
        probe = DnsAnswerProbe(DnsAnswerParams.model_validate({"name": NAME, **params}))
        return await probe.poll(fake_outside(resolver=resolver), 1, 2.0)

    polled: Answer = run_virtual(main)
    return polled


def test_any_answer_is_good_unless_values_are_expected_and_its_value_is_the_ttl() -> None:
    assert answer(DnsAnswer(("192.0.2.1",), 60.0)) == Answer(True, 60.0, phases={"dns": 0.25})


@pytest.mark.parametrize(
    ("values", "expect", "ok"),
    [
        (("192.0.2.1",), "192.0.2.1", True),
        (("192.0.2.1",), ["192.0.2.1", "192.0.2.2"], True),
        (("192.0.2.2", "192.0.2.1"), ["192.0.2.1", "192.0.2.2"], True),
        (("192.0.2.1", "192.0.2.9"), ["192.0.2.1", "192.0.2.2"], False),
        (("198.51.100.1",), ["192.0.2.1"], False),
    ],
)
def test_an_answer_is_good_when_every_value_is_an_expected_one(
    values: tuple[str, ...], expect: JsonValue, ok: bool
) -> None:
    polled = answer(DnsAnswer(values, 5.0), expect=expect)
    assert (polled.ok, polled.why) == (ok, None if ok else "unexpected answer")


def test_names_compare_without_case_and_last_dot_but_texts_as_they_are() -> None:
    assert answer(DnsAnswer(("West.example.test",), 5.0), type="CNAME", expect="west.EXAMPLE.test.").ok is True
    assert answer(DnsAnswer(("West",), 5.0), type="TXT", expect="west").ok is False


def test_the_resolvers_reason_is_the_answers() -> None:
    polled = answer(DnsFailed("dns nxdomain"))
    assert (polled.ok, polled.why) == (False, "dns nxdomain")
