"""One served lab with databases for each module of tests."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from database_lab import Lab, make_global_cluster, served_lab


@pytest.fixture(scope="module")
def lab() -> Iterator[Lab]:
    with served_lab() as served:
        yield served


@pytest.fixture(scope="module")
def global_cluster(lab: Lab) -> tuple[str, str]:
    """Global cluster `ledger` without data: the ARNs of its writer in us-east-1 and its secondary in eu-west-1."""
    return make_global_cluster(lab, "ledger")
