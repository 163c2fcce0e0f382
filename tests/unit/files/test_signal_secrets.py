"""However an address or a token stands in `signals`, no problem of the file shows it."""

from __future__ import annotations

from pathlib import Path

import pytest

from drillrunner.errors import InvalidInput
from drillrunner.files.environment_file import find_signals

BEGINNING = "lab:\n  kind: lab\n  signals:\n"
LONG = "https://hooks.example.test/services/" + "T0123456789/" * 4 + "S3CRET"


@pytest.mark.parametrize(
    "signals",
    [
        "- webhook: https://hooks.example.test/S3CRET",
        "- https://hooks.example.test/S3CRET",
        f"- {LONG}",
        f"- webhook: {LONG}",
        "- webhook: {webhook_url: https://hooks.example.test/S3CRET}",
        "- webhook: {url: [https://hooks.example.test/S3CRET]}",
        "- webhook: {url_env: HOOK, headers: {Authorization: Bearer S3CRET}}",
        "- webhook: {url_env: HOOK, secret: S3CRET}",
        '- webhook: {"https://hooks.example.test/S3CRET"}',
        "- webhook: {url_env: HOOK, body: https://hooks.example.test/S3CRET}",
        "- otlp: {endpoint_env: HOOK, token_header: S3CRET in a header}",
        '- webhook: {bodi: x, url: "https://hooks.example.test/S3\\x43RET"}',
        '- webhook: {url: "https://hooks.example.test/T0\n          S3CRET", bodi: slack}',
        "- webhook: {url: https://hooks.example.test, uri: https://hooks.example.test/S3CRET}",
        "- [https://hooks.example.test/S3CRET]",
    ],
)
def test_no_problem_shows_a_secret(signals: str, tmp_path: Path) -> None:
    shown = problems_of(tmp_path, f"{BEGINNING}    {signals}\n")
    assert "S3" not in shown
    assert "***" in shown


@pytest.mark.parametrize(
    "text",
    [
        "lab: {kind: lab, signals: 'https://hooks.example.test/S3CRET'}\n",
        "lab: {kind: labb, signals: [{webhook: {url: 'https://hooks.example.test/S3CRET'}}]}\n",
        f"{BEGINNING}    - webhook: {{url: https://hooks.example.test/S3CRET}} }}\n",
        f"{BEGINNING}    - webhook: {{token: S3CRET}} }}\n",
        f"{BEGINNING}    - {{https://a.test/S3CRET: 1, https://a.test/S3CRET: 2}}\n",
    ],
)
def test_neither_does_one_that_is_found_before_the_receivers_are_read(text: str, tmp_path: Path) -> None:
    assert "S3CRET" not in problems_of(tmp_path, text)


def test_what_is_no_secret_is_shown(tmp_path: Path) -> None:
    shown = problems_of(tmp_path, f"{BEGINNING}    - grafana: {{url_env: AT, dashboard_uid: overview, tag: 7}}\n")
    assert "{url_env: AT, dashboard_uid: overview, tag: 7}" in shown


def test_a_line_of_bad_yaml_that_holds_no_address_is_shown(tmp_path: Path) -> None:
    assert "regions: us-east-1]" in problems_of(tmp_path, "lab: {kind: lab,\n  regions: us-east-1]}\n")


def problems_of(folder: Path, text: str) -> str:
    (folder / "environments.yaml").write_text(text)
    with pytest.raises(InvalidInput) as caught:
        find_signals("lab", folder)
    assert caught.value.problems
    return repr(caught.value.problems) + caught.value.message
