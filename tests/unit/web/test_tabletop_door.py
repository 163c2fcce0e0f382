"""Join codes, seats and their cookies: who is let to a table, and who is not."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest

from drillrunner.errors import InvalidInput
from drillrunner.web.tabletop.door import CODE_CHARACTERS, Seat, new_door, seats_of, typed
from drillrunner.web.tabletop.door_file import door_path, keep_door, read_door
from played_exercise import EXERCISE

ONE = "20261121-090000-tabletop-outage-00000a"
OTHER = "20261121-090000-tabletop-outage-00000b"


@pytest.fixture(autouse=True)
def _state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DRILLRUNNER_STATE", str(tmp_path / "state"))


def test_a_code_is_known_however_it_is_typed() -> None:
    door = new_door(ONE)
    assert len(typed(door.players_code)) == CODE_CHARACTERS
    for way in (door.players_code, door.players_code.lower(), f" {door.players_code.replace('-', ' ')} "):
        assert door.side_of(way) == "players"
    assert door.side_of(door.staff_code) == "staff"
    assert door.side_of("") is None
    assert door.side_of(door.players_code[:-1]) is None
    assert door.side_of(new_door(ONE).players_code) is None


def test_a_seat_comes_back_from_its_cookie_whatever_the_name() -> None:
    door = new_door(ONE)
    for person in ("Api", "界" * 64, 'a"; drop="1', "<script>"):
        seat = Seat(exercise_id=ONE, side="players", role="incident commander", person=person)
        cookie = door.cookie_of(seat)
        assert cookie.isascii()
        assert not set(cookie) & set(' ";,\\=')
        assert door.seat_of(cookie) == seat


def test_a_cookie_that_we_did_not_sign_for_this_exercise_is_no_seat() -> None:
    door, other = new_door(ONE), new_door(OTHER)
    player = door.cookie_of(Seat(exercise_id=ONE, side="players", role="on-call engineer"))
    staff = other.cookie_of(Seat(exercise_id=ONE, side="staff", role="scribe"))
    body, _, signature = player.partition(".")
    forged = staff.partition(".")[0] + "." + signature
    elsewhere = door.cookie_of(Seat(exercise_id=OTHER, side="players"))
    for cookie in ("", ".", body, f"{body}.", forged, staff, elsewhere, player + "0", "x" * 5000, "\udcff.\udcff"):
        assert door.seat_of(cookie) is None, cookie


def test_a_form_s_token_is_the_seat_s_own_and_tells_no_cookie() -> None:
    door = new_door(ONE)
    one, two = (door.cookie_of(Seat(exercise_id=ONE, side="players", person=name)) for name in ("Api", "Bo"))
    assert door.is_form_token(one, door.form_token(one))
    assert not door.is_form_token(one, door.form_token(two))
    assert not door.is_form_token(one, "")
    assert not door.is_form_token(one, one.partition(".")[2])


def test_codes_and_secret_are_not_in_what_is_printed_of_a_door() -> None:
    door = new_door(ONE)
    assert not [one for one in (door.secret, door.players_code, door.staff_code) if one in repr(door)]


def test_the_players_code_opens_no_seat_of_scribe_evaluator_or_facilitator() -> None:
    assert [role.name for role in seats_of(EXERCISE, "players")] == [
        "incident commander",
        "on-call engineer",
        "auditor",
    ]
    assert [role.name for role in seats_of(EXERCISE, "staff")] == ["scribe", "evaluator"]


def test_a_door_is_kept_for_this_user_alone_and_is_the_same_next_time() -> None:
    assert read_door(ONE) is None
    door = keep_door(ONE)
    assert keep_door(ONE) == door
    assert read_door(ONE) == door
    assert stat.S_IMODE(door_path(ONE).stat().st_mode) == 0o600
    assert keep_door(OTHER).secret != door.secret


def test_a_door_that_cannot_be_read_says_what_to_do() -> None:
    keep_door(ONE)
    door_path(ONE).write_text("{", encoding="utf-8")
    with pytest.raises(InvalidInput, match="codes cannot be read") as refused:
        keep_door(ONE)
    assert "everybody joins again" in str(refused.value)
