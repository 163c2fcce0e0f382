"""environments.yaml becomes Environments, and is found beside a drill."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from drillrunner.errors import InvalidInput
from drillrunner.files.environment_file import EMBEDDED_LAB, find_environment, read_environments
from drillrunner.model.environment import Database, FreezeWindow

DRILLS = Path(__file__).parents[3] / "drills"

STAGING = """\
staging:
  kind: aws
  account: 012345678901
  role_arn: arn:aws:iam::012345678901:role/drills/drillrunner
  regions: [us-east-1, eu-west-1]
  max_targets: 3
  freeze:
    - {from: 2026-12-18T01:00:00+01:00, to: 2027-01-04T00:00:00Z, reason: end of year}
  databases:
    orders: {host: orders.db.example.test, port: 5433, dbname: orders, user: drills, password_env: ORDERS_PASSWORD}
  port_map: {443: 8443}
  resolver: 10.0.0.2:53
"""


def test_an_aws_environment_is_guarded_unless_it_says_otherwise(tmp_path: Path) -> None:
    path = tmp_path / "environments.yaml"
    path.write_text(STAGING)
    staging = read_environments(path)["staging"]
    assert (staging.kind, staging.account, staging.regions) == ("aws", "012345678901", ("us-east-1", "eu-west-1"))
    assert (staging.max_targets, staging.allow_irreversible, staging.confirm) == (3, False, True)
    begins, ends = datetime(2026, 12, 18, tzinfo=UTC), datetime(2027, 1, 4, tzinfo=UTC)
    assert staging.freeze == (FreezeWindow(begins=begins, ends=ends, reason="end of year"),)
    assert staging.databases["orders"] == Database(
        host="orders.db.example.test", port=5433, dbname="orders", user="drills", password_env="ORDERS_PASSWORD"
    )
    assert (staging.port_map, staging.resolver, staging.topology) == ({443: 8443}, "10.0.0.2:53", None)


def test_the_shipped_environments_are_two_labs() -> None:
    environments = read_environments(DRILLS / "environments.yaml")
    assert set(environments) == {"lab", "lab-postgres"}
    assert environments["lab"] == EMBEDDED_LAB
    assert (environments["lab-postgres"].topology, environments["lab-postgres"].time_scale) == ("postgres", 1.0)


def test_the_commented_example_is_valid_once_it_is_uncommented(tmp_path: Path) -> None:
    lines = (DRILLS / "environments.yaml").read_text(encoding="utf-8").splitlines()
    example = [line.removeprefix("# ") for line in lines[lines.index("# staging:") :]]
    path = tmp_path / "environments.yaml"
    path.write_text("\n".join(example) + "\n")
    assert read_environments(path)["staging"].freeze[0].reason == "end of year"


def test_environments_may_stand_under_a_key_of_their_own(tmp_path: Path) -> None:
    path = tmp_path / "environments.yaml"
    path.write_text("environments:\n  lab: {kind: lab}\n")
    assert list(read_environments(path)) == ["lab"]


def test_an_environment_is_found_beside_the_drill() -> None:
    assert find_environment("lab-postgres", DRILLS / "replica-promotion.yaml").topology == "postgres"
    assert find_environment("lab-postgres", DRILLS.parent).topology == "postgres"


def test_without_a_file_the_lab_is_the_embedded_one(tmp_path: Path) -> None:
    assert find_environment("lab", tmp_path / "drill.yaml") == EMBEDDED_LAB


def test_an_unknown_environment_is_refused_with_the_nearest(tmp_path: Path) -> None:
    (tmp_path / "environments.yaml").write_text(STAGING)
    with pytest.raises(InvalidInput) as caught:
        find_environment("stagin", tmp_path / "drill.yaml")
    assert caught.value.message == 'there is no environment "stagin"'
    assert caught.value.advice == 'did you mean "staging"?'
