"""actions.yaml: what is read is what was written, and what people wrote there stays."""

from __future__ import annotations

import os
import subprocess
import sys
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from drillrunner.errors import InvalidInput, Refused
from drillrunner.files.actions_file import (
    ACTIONS,
    actions_lock,
    add_actions,
    change_actions,
    parse_actions,
    read_actions,
    write_actions,
)
from drillrunner.files.actions_text import as_text
from drillrunner.model.action import Action, next_id, objective_of

EDITED = Path(__file__).with_name("actions.yaml").read_text(encoding="utf-8")


def action(**changes: Any) -> Action:
    fields: dict[str, Any] = {
        "id": "A-1",
        "title": "Lower the TTL",
        "owner": "api",
        "due": date(2026, 12, 24),
        "opened": date(2026, 11, 21),
        "opened_at": datetime(2026, 11, 21, 14, 30, tzinfo=UTC),
    }
    return Action.model_validate({**fields, **changes})


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "reports" / ACTIONS


def test_without_a_file_there_is_no_action(path: Path) -> None:
    assert read_actions(path) == ()


def test_what_was_added_is_read_under_the_next_ids(path: Path) -> None:
    assert [one.id for one in add_actions(path, [action(id=""), action(id="A-1", title="Raise: #limits")])] == [
        "A-1",
        "A-2",
    ]
    assert add_actions(path, [action(ticket="OPS-1")])[0].id == "A-3"
    assert [one.title for one in read_actions(path)] == ["Lower the TTL", "Raise: #limits", "Lower the TTL"]


def test_a_row_that_is_added_leaves_every_line_of_the_file_as_it_was(path: Path) -> None:
    path.parent.mkdir()
    path.write_text(EDITED, encoding="utf-8")
    added = add_actions(path, [action()])[0]
    text = path.read_text(encoding="utf-8")
    assert text.startswith(EDITED)
    assert text.removeprefix(EDITED).splitlines()[0] == "- id: A-8"
    assert read_actions(path)[-1] == added


def test_a_change_keeps_comments_and_order(path: Path) -> None:
    path.parent.mkdir()
    path.write_text(EDITED, encoding="utf-8")
    changes = {"status": "dropped", "closed": date(2026, 12, 1), "closed_by": "gone", "due": date(2027, 1, 8)}

    def dropped(there: tuple[Action, ...]) -> list[Action]:
        return [one.model_copy(update=changes) if one.id == "A-7" else one for one in there]

    change_actions(path, dropped)
    expected = EDITED.replace("due: 2026-12-24", "due: 2027-01-08").replace(
        "  opened: 2026-11-21\n", "  opened: 2026-11-21\n  status: dropped\n  closed: 2026-12-01\n  closed_by: gone\n"
    )
    assert path.read_text(encoding="utf-8") == expected


def test_a_row_in_braces_is_changed_by_writing_the_file_anew(path: Path) -> None:
    path.parent.mkdir()
    path.write_text(EDITED, encoding="utf-8")
    changes = {"status": "done", "closed": date(2026, 12, 1), "closed_by": "raised: all 4"}
    wanted = [one.model_copy(update=changes) if one.id == "A-3" else one for one in read_actions(path)]
    assert write_actions(path, wanted) is False
    assert read_actions(path) == tuple(wanted)
    assert "our actions" not in path.read_text(encoding="utf-8")


def test_rows_that_go_away_are_written_anew(path: Path) -> None:
    add_actions(path, [action(), action()])
    assert write_actions(path, read_actions(path)[1:]) is False
    assert [one.id for one in read_actions(path)] == ["A-2"]
    write_actions(path, ())
    assert read_actions(path) == ()
    assert add_actions(path, [action()])[0].id == "A-1"


@pytest.mark.parametrize("broken", ["actions: [", "actions:\n- {id: A-1}\n", "", "\x00"])
def test_a_broken_file_is_never_written_over(path: Path, broken: str) -> None:
    path.parent.mkdir()
    path.write_text(broken, encoding="utf-8")
    with pytest.raises(InvalidInput):
        add_actions(path, [action()])
    with pytest.raises(InvalidInput):
        write_actions(path, [action()])
    assert path.read_text(encoding="utf-8") == broken


def test_an_action_that_the_file_cannot_say_is_not_written(path: Path) -> None:
    for wrong in ({"owner": ""}, {"retest": "no drill"}, {"status": "done"}, {"title": "x" * 400}):
        with pytest.raises(InvalidInput, match="holds what the file cannot say"):
            add_actions(path, [action(**wrong)])
    assert not path.exists()


def test_the_file_keeps_its_mode_and_nothing_is_left_beside_it(path: Path) -> None:
    add_actions(path, [action()])
    path.chmod(0o640)
    add_actions(path, [action()])
    assert path.stat().st_mode & 0o777 == 0o640
    assert sorted(one.name for one in path.parent.iterdir()) == [f".{ACTIONS}.lock", ACTIONS]


def test_a_link_is_written_through(path: Path, tmp_path: Path) -> None:
    elsewhere = tmp_path / "elsewhere.yaml"
    elsewhere.write_text("actions: []\n", encoding="utf-8")
    path.parent.mkdir()
    path.symlink_to(elsewhere)
    add_actions(path, [action()])
    assert path.is_symlink()
    assert len(read_actions(elsewhere)) == 1


def test_several_writers_lose_no_row(path: Path) -> None:
    program = """
import sys
from datetime import date
from pathlib import Path
from drillrunner.files.actions_file import add_actions
from drillrunner.model.action import Action
for number in range(6):
    day = date(2026, 11, 21)
    add_actions(Path(sys.argv[1]), [Action(id="", title=f"{sys.argv[2]} {number}", owner="o", due=day, opened=day)])
"""
    command = [sys.executable, "-c", program, str(path)]
    writers = [subprocess.Popen([*command, name], env={**os.environ}) for name in ("first", "second", "third")]
    assert [writer.wait(timeout=60) for writer in writers] == [0, 0, 0]
    there = read_actions(path)
    assert len(there) == 18
    assert [one.id for one in there] == [f"A-{number}" for number in range(1, 19)]


def test_what_a_change_refuses_leaves_the_file_and_frees_the_lock(path: Path) -> None:
    add_actions(path, [action()])

    def refusing(_there: tuple[Action, ...]) -> tuple[Action, ...]:
        raise Refused("no")

    with pytest.raises(Refused):
        change_actions(path, refusing)
    with actions_lock(path):
        assert len(read_actions(path)) == 1


_TEXTS = st.text(min_size=1, max_size=60).filter(lambda text: bool(text.strip()))


@settings(max_examples=150, deadline=None)
@given(title=_TEXTS, owner=_TEXTS, ticket=st.none() | _TEXTS, words=_TEXTS)
def test_any_text_is_read_as_it_was_written(title: str, owner: str, ticket: str | None, words: str) -> None:
    done = {"status": "done", "closed": date(2026, 12, 1), "closed_by": words}
    wanted = (action(title=title, owner=owner, ticket=ticket), action(id="A-2", title=words, **done))
    assert parse_actions(as_text(wanted), "actions.yaml") == wanted


def test_ids_and_objectives_are_read_strictly() -> None:
    assert next_id([action(id="A-7"), action(id="A-3")]) == "A-8"
    assert objective_of("rto checkout") == ("rto", "checkout")
    assert objective_of("availability") == ("availability", None)
    for wrong in ("", "RTO", "rto  checkout", "rto checkout ", "rto a b", "checkout", "rto\ncheckout"):
        assert objective_of(wrong) is None, wrong


def test_an_action_is_overdue_from_the_day_after_its_last() -> None:
    assert [action().overdue_days(date(2026, 12, day)) for day in (23, 24, 25, 31)] == [0, 0, 1, 7]
    assert action(status="dropped").overdue_days(date(2027, 1, 1)) == 0
