"""Where drillrunner keeps what outlives a process."""

from __future__ import annotations

from pathlib import Path

from drillrunner.state import state_folder


def test_the_state_folder_is_the_users_choice_then_xdgs_then_the_home_folders() -> None:
    assert state_folder({"DRILLRUNNER_STATE": "/a", "XDG_STATE_HOME": "/b"}) == Path("/a")
    assert state_folder({"XDG_STATE_HOME": "/b"}) == Path("/b/drillrunner")
    assert state_folder({}) == Path.home() / ".local/state/drillrunner"
