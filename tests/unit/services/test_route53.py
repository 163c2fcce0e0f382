from __future__ import annotations

from typing import Any

import jmespath
import pytest

from drillrunner.clock import run_virtual
from drillrunner.errors import FaultInEffect, InvalidInput, Refused
from drillrunner.model.call import AwsCall, Call, Change
from drillrunner.model.noun import JsonValue
from drillrunner.model.reading import Answer
from drillrunner.services.route53 import (
    HealthCheckParams,
    HealthStatusProbe,
    Opinions,
    ShiftWeightsParams,
    canonical_name,
    fail_health_check,
    health_answer,
    shift_weights,
)
from fake_outside import FakeCaller, fake_outside, refusal

CHECK = "11111111-2222-3333-4444-555555555555"
OTHER = "99999999-2222-3333-4444-555555555555"


def observed(good: int, bad: int, checked: str = "12:00:00") -> JsonValue:
    reports = ["Success: HTTP Status Code 200, OK"] * good + ["Failure: connection refused"] * bad
    return {
        "HealthCheckObservations": [
            {
                "Region": "us-east-1",
                "IPAddress": f"192.0.2.{number}",
                "StatusReport": {"Status": report, "CheckedTime": checked},
            }
            for number, report in enumerate(reports)
        ]
    }


def check(**config: bool) -> JsonValue:
    return {"HealthCheck": {"Id": CHECK, "HealthCheckConfig": {"Type": "HTTPS", **config}}}


def failing(scripts: dict[str, Any], wanted: str = CHECK) -> Change:
    async def main() -> list[Change]:
        caller = FakeCaller(scripts)
        return list(await fail_health_check(HealthCheckParams(health_check=wanted), fake_outside(caller)))

    (change,) = run_virtual(main)
    assert isinstance(change, Change)
    return change


def only(calls: tuple[Call, ...]) -> AwsCall:
    (call,) = calls
    assert isinstance(call, AwsCall)
    return call


def test_a_health_check_is_failed_by_inverting_it_and_no_version_is_sent() -> None:
    change = failing({"route53:GetHealthCheck": check(), "route53:GetHealthCheckStatus": observed(16, 0)})
    assert only(change.apply).params == {"HealthCheckId": CHECK, "Inverted": True}
    assert only(change.revert).params == {"HealthCheckId": CHECK, "Inverted": False}
    assert change.prior == {"inverted": False}


def test_a_check_that_is_inverted_and_healthy_is_failed_by_setting_it_straight() -> None:
    scripts = {"route53:GetHealthCheck": check(Inverted=True), "route53:GetHealthCheckStatus": observed(0, 16)}
    change = failing(scripts)
    assert only(change.apply).params["Inverted"] is False
    assert only(change.revert).params["Inverted"] is True


def test_the_read_back_counts_a_missing_inverted_as_false() -> None:
    change = failing({"route53:GetHealthCheck": check(), "route53:GetHealthCheckStatus": observed(16, 0)})
    read_back = only(change.revert).read_back
    assert read_back is not None
    assert jmespath.search(read_back.path, check()) is False is read_back.expected
    assert jmespath.search(read_back.path, check(Inverted=True)) is True


def test_a_check_that_is_unhealthy_already_is_not_healed() -> None:
    with pytest.raises(FaultInEffect, match="unhealthy already"):
        failing({"route53:GetHealthCheck": check(), "route53:GetHealthCheckStatus": observed(2, 14)})


def test_a_disabled_check_is_refused() -> None:
    with pytest.raises(Refused, match="disabled"):
        failing({"route53:GetHealthCheck": check(Disabled=True)})


def test_a_calculated_check_is_inverted_with_a_note_that_its_status_is_not_known() -> None:
    scripts = {"route53:GetHealthCheck": check(), "route53:GetHealthCheckStatus": refusal("InvalidInput")}
    assert failing(scripts).note == "its present status could not be read"


def listing(call: Call) -> JsonValue:
    assert isinstance(call, AwsCall)
    if call.params.get("Marker") == "next":
        return {"HealthChecks": [{"Id": CHECK, "CallerReference": "made-by-hand"}], "IsTruncated": False}
    others: list[Any] = [{"Id": f"{number:08d}{OTHER[8:]}", "CallerReference": str(number)} for number in range(12)]
    return {"HealthChecks": others, "IsTruncated": True, "NextMarker": "next"}


def tags(named: dict[str, str]) -> Any:
    def answer(call: Call) -> JsonValue:
        assert isinstance(call, AwsCall)
        ids = call.params["ResourceIds"]
        assert isinstance(ids, list)
        assert len(ids) <= 10
        sets: list[Any] = [
            {"ResourceId": one, "Tags": [{"Key": "Name", "Value": named[str(one)]}]} for one in ids if one in named
        ]
        answered: dict[str, Any] = {"ResourceTagSets": sets}
        return answered

    return answer


@pytest.mark.parametrize(("wanted", "named"), [("checkout", {CHECK: "checkout"}), ("made-by-hand", {})])
def test_a_check_is_found_by_name_tag_or_caller_reference_on_any_page(wanted: str, named: dict[str, str]) -> None:
    scripts = {
        "route53:ListHealthChecks": listing,
        "route53:ListTagsForResources": tags(named),
        "route53:GetHealthCheck": check(),
        "route53:GetHealthCheckStatus": observed(16, 0),
    }
    assert failing(scripts, wanted).target == f"route53 health check {CHECK}"


def test_a_name_that_two_checks_bear_is_refused() -> None:
    twice = {CHECK: "checkout", f"00000001{OTHER[8:]}": "checkout"}
    scripts = {"route53:ListHealthChecks": listing, "route53:ListTagsForResources": tags(twice)}
    with pytest.raises(InvalidInput, match="2 health checks are named"):
        failing(scripts, "checkout")


def test_a_check_that_is_not_there_is_said() -> None:
    with pytest.raises(InvalidInput, match="no health check"):
        failing({"route53:GetHealthCheck": refusal("NoSuchHealthCheck")})


@pytest.mark.parametrize(
    ("config", "good", "bad", "ok", "why"),
    [
        ({}, 16, 0, True, None),
        ({}, 19, 81, True, None),
        ({}, 18, 82, False, "unhealthy"),
        ({"Inverted": True}, 16, 0, False, "unhealthy (inverted)"),
        ({"Inverted": True}, 0, 16, True, None),
        ({"Disabled": True}, 0, 16, True, "disabled"),
        ({"Disabled": True, "Inverted": True}, 16, 0, True, "disabled"),
    ],
)
def test_the_verdict_is_reached_as_route_53_reaches_it(
    config: dict[str, bool], good: int, bad: int, ok: bool, why: str | None
) -> None:
    answer = health_answer(config, Opinions().fraction(observed(good, bad), threshold=3))
    assert (answer.ok, answer.why, answer.value) == (ok, why, good / (good + bad))


def test_a_checker_changes_its_mind_only_after_as_many_looks_as_the_threshold() -> None:
    opinions = Opinions()
    looks = ["12:00:00", "12:00:10", "12:00:10", "12:00:20", "12:00:30"]
    assert opinions.fraction(observed(4, 0, "11:59:50"), threshold=3) == 1.0
    assert [opinions.fraction(observed(0, 4, look), threshold=3) for look in looks] == [1.0, 1.0, 1.0, 0.0, 0.0]
    assert [opinions.fraction(observed(4, 0, look), threshold=1) for look in ["12:00:40"]] == [1.0]


def test_a_success_between_failures_starts_the_count_anew() -> None:
    opinions = Opinions()
    seen = [
        opinions.fraction(observed(good, 1 - good, str(look)), threshold=2) for look, good in enumerate([1, 0, 1, 0])
    ]
    assert seen == [1.0] * 4


def polled(caller: FakeCaller, timeout: float = 2.0) -> Answer:
    async def main() -> Answer:
        return await HealthStatusProbe(HealthCheckParams(health_check=CHECK)).poll(fake_outside(caller), 1, timeout)

    answer: Answer = run_virtual(main)
    return answer


def test_no_observations_are_unknown_and_not_unhealthy() -> None:
    scripts = {"route53:GetHealthCheck": check(), "route53:GetHealthCheckStatus": observed(0, 0)}
    assert polled(FakeCaller(scripts)) == Answer(ok=None, why="no observations")


def test_a_control_plane_that_refuses_or_is_slow_detects_nothing() -> None:
    assert polled(FakeCaller({"route53:GetHealthCheck": refusal("Throttling")})) == Answer(ok=None, why="Throttling")
    slow = FakeCaller({"route53:GetHealthCheck": check()}, seconds={"route53:GetHealthCheck": 5.0})
    assert polled(slow) == Answer(ok=None, why="timeout")


def record(identifier: str, weight: int, **more: JsonValue) -> dict[str, JsonValue]:
    return {"Name": "shop.example.test.", "Type": "A", "SetIdentifier": identifier, "Weight": weight, **more}


RECORDS = [
    record("us", 100, TTL=60, ResourceRecords=[{"Value": "192.0.2.1"}], HealthCheckId=CHECK),
    record("eu", 0, AliasTarget={"HostedZoneId": "Z1", "DNSName": "x.", "EvaluateTargetHealth": True}),
]


def shifted(records: list[dict[str, JsonValue]], weights: dict[str, int], zone: str = "Z123") -> Change:
    async def main() -> list[Change]:
        def page(call: Call) -> JsonValue:
            assert isinstance(call, AwsCall)
            first = "StartRecordIdentifier" not in call.params
            listed: list[JsonValue] = [
                records[0] if first else dict(one) for one in (records[:1] if first else records[1:])
            ]
            more: dict[str, JsonValue] = {
                "IsTruncated": True,
                "NextRecordName": "shop.example.test.",
                "NextRecordType": "A",
                "NextRecordIdentifier": "next",
            }
            return {"ResourceRecordSets": listed, **(more if first else {"IsTruncated": False})}

        zones: JsonValue = {"HostedZones": [{"Id": "/hostedzone/Z123", "Name": "example.test."}]}
        caller = FakeCaller({"route53:ListResourceRecordSets": page, "route53:ListHostedZonesByName": zones})
        params = ShiftWeightsParams(zone=zone, name="Shop.example.test", type="A", weights=weights)
        return list(await shift_weights(params, fake_outside(caller)))

    (change,) = run_virtual(main)
    assert isinstance(change, Change)
    return change


def test_weights_shift_in_one_batch_and_every_other_field_stays() -> None:
    change = shifted(RECORDS, {"us": 0, "eu": 100}, zone="example.test")
    batch = jmespath.search("ChangeBatch.Changes[]", only(change.apply).params)
    assert [one["Action"] for one in batch] == ["UPSERT", "UPSERT"]
    assert [one["ResourceRecordSet"] for one in batch] == [{**RECORDS[1], "Weight": 100}, {**RECORDS[0], "Weight": 0}]
    assert only(change.apply).params["HostedZoneId"] == "Z123"


def test_shifted_weights_are_put_back_as_they_were_read() -> None:
    change = shifted(RECORDS, {"us": 0, "eu": 100})
    revert = only(change.revert)
    assert jmespath.search("ChangeBatch.Changes[].ResourceRecordSet", revert.params) == [RECORDS[1], RECORDS[0]]
    assert revert.read_back is not None
    stranger = {"Name": "shop.example.test.", "Type": "TXT", "TTL": 5}
    listed = {"ResourceRecordSets": [*RECORDS, stranger]}
    assert jmespath.search(revert.read_back.path, listed) == revert.read_back.expected == [RECORDS[1], RECORDS[0]]


def test_an_unknown_set_identifier_is_refused_and_the_known_ones_are_named() -> None:
    with pytest.raises(InvalidInput, match='set identifier "asia"') as caught:
        shifted(RECORDS, {"asia": 1})
    assert caught.value.advice == "the weighted records of that name and type: eu, us"


def test_names_are_compared_as_route_53_lists_them() -> None:
    assert canonical_name("*.Shop.example.test") == "\\052.shop.example.test."
