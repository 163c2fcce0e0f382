"""What must hold before a game day: no freeze window touches it, and the right people approved exactly this plan."""

from __future__ import annotations

import base64
from datetime import UTC, datetime, timedelta

import pytest

from drillrunner.engine.guard import LONGEST_LAST_TRY_SECONDS, longest_seconds
from drillrunner.gameday.checks import check_approvals, check_freeze, longest_day_seconds
from drillrunner.model.approval import Approval
from drillrunner.model.freeze import FreezeWindow
from drillrunner.model.gameday import ApprovalRule
from fabricated_gameday import gameday, plan_named, planned

BEGIN = datetime(2026, 12, 17, 22, 0, tzinfo=UTC)
LONGEST = longest_seconds(plan_named("dns"))


def window(starts: datetime, hours: float) -> FreezeWindow:
    return FreezeWindow(starts=starts, ends=starts + timedelta(hours=hours), summary="end of year", source="day.yaml")


def approval(name: str, plan_hash: str = "a" * 64, **changes: object) -> Approval:
    said = Approval(plan_hash=plan_hash, what="game day quarterly on lab", approver=name, at=BEGIN)
    return said.model_copy(update=changes)


@pytest.mark.parametrize(
    ("starts_in_hours", "hours", "ok"), [(-5, 1, True), (-5, 6, False), (2, 1, False), (4, 9, True)]
)
def test_a_window_that_touches_the_whole_possible_time_refuses(starts_in_hours: int, hours: int, ok: bool) -> None:
    found = check_freeze([window(BEGIN + timedelta(hours=starts_in_hours), hours)], BEGIN, 3 * 3600.0)
    assert found.ok is ok
    assert (found.why is None) is ok


def test_a_refusal_names_the_window_and_where_it_stands() -> None:
    found = check_freeze([window(datetime(2026, 12, 18, tzinfo=UTC), 48)], BEGIN, 3 * 3600.0)
    assert found.why == "frozen by end of year (day.yaml): 2026-12-18 00:00+0000 to 2026-12-20 00:00+0000"


def test_the_whole_possible_time_is_that_of_all_drills_or_of_the_time_box_and_the_last_revert() -> None:
    assert longest_day_seconds(planned(gameday())) == 3 * LONGEST
    assert longest_day_seconds(planned(gameday()), ["dns"]) == 2 * LONGEST
    boxed = longest_day_seconds(planned(gameday(time_box_seconds=600.0, lead_seconds=60.0)))
    assert boxed == 60.0 + 600.0 + plan_named("dns").drill.revert_within_seconds + LONGEST_LAST_TRY_SECONDS


def test_each_person_counts_once_and_only_for_this_plan() -> None:
    given = [approval("pilot"), approval("pilot"), approval("ops", "b" * 64)]
    found = check_approvals(ApprovalRule(needed=2), given, "a" * 64, lambda _: None)
    assert (found.ok, found.counted, found.why) == (False, ("pilot",), "1 of 2 approvals")


def test_an_approval_of_a_larger_plan_does_not_approve_a_game_day_that_it_covers() -> None:
    covering = approval("pilot", "b" * 64, covers=("a" * 64,))
    assert not check_approvals(ApprovalRule(needed=1), [covering], "a" * 64, lambda _: None).ok
    assert covering.is_for("a" * 64)


def test_who_may_not_approve_is_not_counted_and_named() -> None:
    found = check_approvals(ApprovalRule(needed=1, by=("ops",)), [approval("pilot")], "a" * 64, lambda _: None)
    assert not found.ok
    assert [(one.approver, one.why) for one in found.ignored] == [("pilot", "only ops may approve")]


def test_where_signatures_are_asked_for_an_unsigned_or_wrong_one_does_not_count() -> None:
    rule = ApprovalRule(needed=1, allowed_signers="/keys/allowed_signers")
    given = [approval("pilot"), approval("ops", signature="forged"), approval("sre", signature="sound")]
    found = check_approvals(
        rule, given, "a" * 64, lambda one: None if one.signature == "sound" else "its signature is wrong"
    )
    assert found.counted == ("sre",)
    assert [one.why for one in found.ignored] == ["it is not signed", "its signature is wrong"]


def test_a_file_that_is_no_approval_is_said_and_approves_nothing() -> None:
    found = check_approvals(ApprovalRule(needed=1), [], "a" * 64, lambda _: None, ["torn.json"])
    assert (found.ok, found.ignored[0].approver) == (False, "torn.json")


def signature_of(key: bytes, rest: bytes) -> str:
    """As OpenSSH writes one: magic, version, the key with its length, and what else there is."""
    blob = b"SSHSIG" + (1).to_bytes(4) + len(key).to_bytes(4) + key + rest
    return f"-----BEGIN SSH SIGNATURE-----\n{base64.b64encode(blob).decode()}\n-----END SSH SIGNATURE-----\n"


def test_one_key_under_two_names_is_one_approval() -> None:
    rule = ApprovalRule(needed=2, allowed_signers="/keys/allowed_signers")
    given = [
        approval("pilot", signature=signature_of(b"one key", b"first"), key_fingerprint="SHA256:a"),
        approval("ops", signature=signature_of(b"one key", b"second"), key_fingerprint="SHA256:b"),
    ]
    found = check_approvals(rule, given, "a" * 64, lambda _: None)
    assert (found.ok, found.counted) == (False, ("pilot",))
    assert [one.why for one in found.ignored] == ["its key has approved already, under another name"]
    given[1] = approval("ops", signature=signature_of(b"another key", b"second"))
    assert check_approvals(rule, given, "a" * 64, lambda _: None).ok
