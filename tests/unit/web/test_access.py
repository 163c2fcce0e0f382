"""Who is let in: names, tokens, and where a form comes from."""

from __future__ import annotations

import pytest

from drillrunner.errors import InvalidInput
from drillrunner.web.access import access_for, comes_from_here, host_name, is_loopback

TOKEN = "a-token-that-is-long"


@pytest.mark.parametrize("host", ["127.0.0.1:8460", "localhost:8460", "LOCALHOST", "[::1]:8460", "127.0.0.1"])
def test_loopback_names_are_ours(host: str) -> None:
    assert access_for("127.0.0.1", TOKEN).knows_host(host)


@pytest.mark.parametrize(
    "host",
    [
        "evil.example.test",
        "127.0.0.1.evil.example.test:8460",
        "localhost.evil.example.test",
        "192.0.2.1",
        "evil@127.0.0.1:8460",
        "127.0.0.1/evil",
        "127.0.0.1\\@evil",
        "[::1",
        "",
    ],
)
def test_other_names_are_not(host: str) -> None:
    assert not access_for("127.0.0.1", TOKEN).knows_host(host)


def test_a_name_that_was_given_is_ours() -> None:
    access = access_for("192.0.2.7", TOKEN, frozenset({"Drills.example.test"}))
    assert access.knows_host("192.0.2.7:8460")
    assert access.knows_host("drills.example.test")
    assert not access.knows_host("192.0.2.8:8460")


def test_listening_everywhere_any_address_is_ours_and_no_foreign_name_is() -> None:
    access = access_for("0.0.0.0", TOKEN)
    assert access.knows_host("192.0.2.8:8460")
    assert not access.knows_host("rebound.example.test")


def test_beyond_loopback_everything_needs_the_token() -> None:
    assert not access_for("127.0.0.1", None).everything_needs_token
    assert not access_for("localhost", None).everything_needs_token
    assert not access_for("127.0.0.5", None).everything_needs_token
    assert not access_for("::1", None).everything_needs_token
    for bind in ("0.0.0.0", "::", "192.0.2.7", "drills.example.test"):
        assert access_for(bind, None).everything_needs_token, bind
        assert not is_loopback(bind)


def test_a_token_is_made_where_none_is_given_and_is_never_the_same() -> None:
    first, second = access_for("127.0.0.1", None), access_for("127.0.0.1", None)
    assert len(first.token) >= 32
    assert first.token != second.token


def test_a_token_that_can_be_guessed_is_refused() -> None:
    with pytest.raises(InvalidInput, match="can be guessed"):
        access_for("127.0.0.1", "short")


def test_cookie_form_and_token_do_not_tell_each_other_and_do_not_stand_for_each_other() -> None:
    access = access_for("127.0.0.1", TOKEN)
    assert len({access.token, access.cookie, access.form_token}) == 3
    assert access.is_token(TOKEN)
    assert not access.is_token("")
    assert not access.is_cookie(TOKEN)
    assert not access.is_cookie(access.form_token)
    assert not access.is_form_token(access.cookie)
    assert not access.is_cookie("\udcff")
    assert TOKEN not in repr(access)


@pytest.mark.parametrize(
    ("headers", "ours"),
    [
        ({"Origin": "http://127.0.0.1:8460"}, True),
        ({"Origin": "https://127.0.0.1:8460"}, True),
        ({"Origin": "http://127.0.0.1:8460", "Sec-Fetch-Site": "same-origin"}, True),
        ({"Sec-Fetch-Site": "same-origin"}, True),
        ({"Origin": "http://127.0.0.1:9999"}, False),
        ({"Origin": "http://evil.example.test"}, False),
        ({"Origin": "null"}, False),
        ({"Origin": "null", "Sec-Fetch-Site": "same-origin"}, False),
        ({"Origin": "http://127.0.0.1:8460", "Sec-Fetch-Site": "cross-site"}, False),
        ({"Sec-Fetch-Site": "same-site"}, False),
        ({"Sec-Fetch-Site": "none"}, False),
        ({}, False),
    ],
)
def test_a_form_must_come_from_a_page_of_ours(headers: dict[str, str], ours: bool) -> None:
    assert comes_from_here({"Host": "127.0.0.1:8460", **headers}) is ours


def test_a_host_s_name_is_without_port_and_brackets() -> None:
    assert host_name("Example.test:80") == "example.test"
    assert host_name("[::1]:80") == "::1"
