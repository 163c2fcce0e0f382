"""Requests about a runbook's steps, in a file between two processes."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from drillrunner.files.step_requests import StepRequests, ask_step
from drillrunner.model.runbook_walk import StepRequest, StepWord


def request(step: str, state: StepWord = "begun") -> StepRequest:
    return StepRequest(id=step, state=state, by="ana ☎", via="shell")


def test_each_request_is_given_once_in_order(tmp_path: Path) -> None:
    requests = StepRequests(tmp_path / "steps.request")
    assert requests.news() == ()
    ask_step(requests.path, request("1.1"))
    ask_step(requests.path, request("1.1", "done"))
    assert requests.news() == (request("1.1"), request("1.1", "done"))
    assert requests.news() == ()
    ask_step(requests.path, request("2.1"))
    assert requests.news() == (request("2.1"),)


def test_half_a_line_is_waited_for(tmp_path: Path) -> None:
    requests = StepRequests(tmp_path / "steps.request")
    ask_step(requests.path, request("1.1"))
    whole = requests.path.read_bytes()
    requests.path.write_bytes(whole[:-5])
    assert requests.news() == ()
    requests.path.write_bytes(whole)
    assert requests.news() == (request("1.1"),)


@pytest.mark.parametrize(
    "rubbish",
    [
        b"\n",
        b"{}\n",
        b'{"id": "1", "state": "gone", "via": "page"}\n',
        b"\xff\xfe\n",
        b"[" * 70_000,
        b"x" * 200_000 + b"\n",
    ],
    ids=["empty", "nothing in it", "no such state", "no text", "deep", "long"],
)
def test_what_is_no_request_hides_none(tmp_path: Path, rubbish: bytes) -> None:
    requests = StepRequests(tmp_path / "steps.request")
    requests.path.write_bytes(rubbish + (b"" if rubbish.endswith(b"\n") else b"\n"))
    ask_step(requests.path, request("1.1"))
    found = [one for _ in range(6) for one in requests.news()]
    assert found == [request("1.1")]


def test_a_link_to_somewhere_else_is_not_written_through(tmp_path: Path) -> None:
    elsewhere = tmp_path / "elsewhere"
    elsewhere.touch()
    (tmp_path / "steps.request").symlink_to(elsewhere)
    with pytest.raises(OSError, match="symbolic links"):
        ask_step(tmp_path / "steps.request", request("1.1"))
    assert elsewhere.read_bytes() == b""


def test_what_is_no_plain_file_is_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "steps.request")
    assert StepRequests(tmp_path / "steps.request").news() == ()
    (tmp_path / "elsewhere").write_bytes(request("1.1").model_dump_json().encode() + b"\n")
    (tmp_path / "linked.request").symlink_to(tmp_path / "elsewhere")
    assert StepRequests(tmp_path / "linked.request").news() == ()
