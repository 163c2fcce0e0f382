"""`drill plan` says exactly what would be done."""

from __future__ import annotations

from drillrunner.model.call import Change
from drillrunner.model.plan import PlannedItem
from drillrunner.reporting.plan_text import plan_lines
from fabricated_run import fabricated_plan


def test_every_call_stands_beside_its_inverse_and_what_was_there() -> None:
    text = "\n".join(plan_lines(fabricated_plan()))
    assert (
        "    lambda us-east-1 checkout\n"
        '      now      {"ReservedConcurrentExecutions": 40}\n'
        "      apply    lambda:PutFunctionConcurrency us-east-1"
        ' {"FunctionName": "checkout", "ReservedConcurrentExecutions": 0}\n'
        "                 then sees lambda:GetFunctionConcurrency us-east-1 ReservedConcurrentExecutions = 0\n"
        "      revert   lambda:PutFunctionConcurrency us-east-1"
        ' {"FunctionName": "checkout", "ReservedConcurrentExecutions": 40}\n'
    ) in text


def test_the_guards_and_the_hash_are_said() -> None:
    plan = fabricated_plan()
    lines = plan_lines(plan)
    assert "  2 of at most 5 targets" in lines
    assert "  stops if standby fails for 30s" in lines
    assert lines[-1] == f"sha256 {plan.hash}"


def test_an_irreversible_step_says_so() -> None:
    change = Change(target="rds eu-west-1 orders", irreversible=True)
    item = PlannedItem(kind="rds.promote_read_replica", summary="promote orders", changes=(change,))
    lines = plan_lines(fabricated_plan().model_copy(update={"failover": (item,)}))
    assert "      revert   IRREVERSIBLE: this cannot be put back" in lines


def test_warnings_are_listed() -> None:
    lines = plan_lines(fabricated_plan().model_copy(update={"warnings": ("no stop condition watches orders",)}))
    assert "  ! no stop condition watches orders" in lines
