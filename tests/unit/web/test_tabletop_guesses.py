"""Join codes cannot be guessed: an address has six tries a minute."""

from __future__ import annotations

from drillrunner.web.tabletop.guesses import ADDRESSES_MOST, WITHIN_SECONDS, WRONG_CODES_MOST, Guesses, network_of


def guess(guesses: Guesses, address: str, now: float, times: int) -> None:
    for _ in range(times):
        guesses.wrong(address, now)


def test_after_six_wrong_codes_an_address_waits_until_the_first_is_a_minute_old() -> None:
    guesses = Guesses()
    for number in range(WRONG_CODES_MOST):
        assert guesses.wait_seconds("192.0.2.1", float(number)) == 0.0
        guesses.wrong("192.0.2.1", float(number))
    assert guesses.wait_seconds("192.0.2.1", 10.0) == WITHIN_SECONDS - 10.0
    assert guesses.wait_seconds("192.0.2.1", WITHIN_SECONDS) == 0.0
    guesses.wrong("192.0.2.1", WITHIN_SECONDS)
    assert guesses.wait_seconds("192.0.2.1", WITHIN_SECONDS + 0.5) == 0.5


def test_one_address_does_not_make_another_wait() -> None:
    guesses = Guesses()
    guess(guesses, "192.0.2.1", 0.0, 50)
    assert guesses.wait_seconds("192.0.2.2", 0.0) == 0.0


def test_all_of_an_ipv6_network_count_as_one_and_a_mapped_address_as_itself() -> None:
    assert network_of("2001:db8::1") == network_of("2001:db8::ffff:1") != network_of("2001:db8:0:1::1")
    assert network_of("::ffff:192.0.2.1") == network_of("192.0.2.1") == "192.0.2.1"
    assert network_of("fe80::1%eth0") == "fe80::/64"
    assert network_of("") == ""


def test_a_flood_of_addresses_takes_no_more_room() -> None:
    guesses = Guesses()
    for number in range(ADDRESSES_MOST + 500):
        guesses.wrong(f"10.{number >> 16}.{number >> 8 & 255}.{number & 255}", 0.0)
    guess(guesses, "192.0.2.1", 1.0, WRONG_CODES_MOST)
    assert len(guesses._wrong) == ADDRESSES_MOST
    assert guesses.wait_seconds("192.0.2.1", 2.0) > 0
