"""The probe that asks the environment's resolver for a name and looks at what it says."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from pydantic import Field

from drillrunner.model.call import Call
from drillrunner.model.reading import Answer
from drillrunner.ports import DnsFailed, Outside
from drillrunner.registry import Params, probe


class DnsAnswerParams(Params):
    """Parameters of `dns.answer`."""

    name: str = Field(min_length=1, max_length=253, description="The name to ask for.")
    type: Literal["A", "AAAA", "CNAME", "TXT"] = Field(default="A", description="The record type to ask for.")
    expect: str | list[str] = Field(
        default="any",
        description='The values that are good; "any" takes whatever is answered. Good when every answered value '
        "is one of them, so that a rotated or partial answer of a multivalue record is good too.",
    )


class DnsAnswerProbe:
    """Ask for a name's record once per poll, without any cache.

    The value is the TTL in seconds. A failure's reason is `unexpected answer`, or the resolver's
    (`dns timeout`, `dns nxdomain`, `dns servfail`, `dns no answer`).
    """

    def __init__(self, params: DnsAnswerParams) -> None:
        self._params = params
        expected = [params.expect] if isinstance(params.expect, str) else params.expect
        self._expected = None if params.expect == "any" else {self._comparable(value) for value in expected}

    def calls(self) -> Sequence[Call]:
        return ()

    async def poll(self, outside: Outside, seq: int, timeout_seconds: float) -> Answer:
        began = outside.clock.monotonic()
        try:
            answer = await outside.resolver.resolve(
                self._params.name, self._params.type, timeout_seconds=timeout_seconds
            )
        except DnsFailed as failure:
            return Answer(ok=False, why=failure.why, phases={"dns": outside.clock.monotonic() - began})
        phases = {"dns": outside.clock.monotonic() - began}
        answered = {self._comparable(value) for value in answer.values}
        if self._expected is not None and not answered <= self._expected:
            return Answer(ok=False, value=answer.ttl_seconds, why="unexpected answer", phases=phases)
        return Answer(ok=True, value=answer.ttl_seconds, phases=phases)

    def _comparable(self, value: str) -> str:
        """Names compare without case and without their last dot (RFC 4343); texts as they are."""
        return value if self._params.type == "TXT" else value.lower().rstrip(".")


@probe("dns.answer", params=DnsAnswerParams)
def dns_answer(params: DnsAnswerParams) -> DnsAnswerProbe:
    """Ask for a name, and compare the values that are answered with those expected.

    Follows CNAMEs as the server answers them. Value: the TTL in seconds, the least along the chain.
    """
    return DnsAnswerProbe(params)
