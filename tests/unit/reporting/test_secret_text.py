"""Secrets within texts that have no keys: SQL's literals, connection strings, fragments of JSON."""

from __future__ import annotations

import time

import pytest

from drillrunner.reporting.outside_text import compact, masked
from drillrunner.reporting.secret_text import without_literals

SECOND_OF_CPU = 1.0


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("ALTER ROLE drill PASSWORD 'hunter2'", "ALTER ROLE drill PASSWORD '***'"),
        (
            "ALTER ROLE drill PASSWORD\n'hunter2' VALID UNTIL '2027'",
            "ALTER ROLE drill PASSWORD\n'***' VALID UNTIL '2027'",
        ),
        ("PASSWORD'hunter2'", "PASSWORD'***'"),
        ("PASSWORD 'hun''ter2' x", "PASSWORD '***' x"),
        ("PASSWORD E'hun\\'ter2' x", "PASSWORD '***' x"),
        ("PASSWORD $q$hunter2$q$ x", "PASSWORD '***' x"),
        ("PASSWORD 'hunter2 and then it was cut", "PASSWORD '***'"),
        ("SET PASSWORD FOR drill = PASSWORD('hunter2')", "SET PASSWORD FOR drill = PASSWORD('***')"),
        ("CREATE USER d IDENTIFIED BY 'hunter2'", "CREATE USER d IDENTIFIED BY '***'"),
        ('CREATE USER d IDENTIFIED WITH sha2 BY "hunter2"', "CREATE USER d IDENTIFIED WITH sha2 BY '***'"),
        ("MASTER_PASSWORD='hunter2', MASTER_PORT=1", "MASTER_PASSWORD='***', MASTER_PORT=1"),
        ("OPTIONS (user 'd', password 'hunter2')", "OPTIONS (user 'd', password '***')"),
        ("CONNECTION 'host=h password=hunter2 user=d'", "CONNECTION 'host=h password=*** user=d'"),
        ("CONNECTION 'password=''hun ter2'' user=d'", "CONNECTION 'password='***' user=d'"),
        ("COPY t CREDENTIALS 'aws_secret_access_key=hunter2'", "COPY t CREDENTIALS '***'"),
        ("no connection: host=h password=hunter2 port=5", "no connection: host=h password=*** port=5"),
        ("password=hun#t&e,r2;it's\\ hunter2 port=5", "password=*** port=5"),
        ("https://a.test/?password=hunter2#top", "https://a.test/?password=***#top"),
        ("refused: {'password': 'hunter2', 'a': 'b'}", "refused: {'password': '***', 'a': 'b'}"),
        ('refused: {"token": "hunter2"}', "refused: {\"token\": '***'}"),
    ],
)
def test_a_secret_within_a_text_is_masked_and_the_rest_of_it_is_not(text: str, shown: str) -> None:
    assert compact(text) == shown
    assert masked({"statement": text}) == {"statement": shown}
    assert compact(shown) == shown


@pytest.mark.parametrize(
    "text",
    [
        "ALTER ROLE drill PASSWORD NULL",
        "ALTER ROLE drill PASSWORD %s",
        "Unexpected token '}' in JSON at position 3",
        'password authentication failed for user "drill"',
        "the password's age is 3 'days'",
        "SELECT * FROM tokens WHERE id = 'a' AND partition_key = 'b'",
        "arn:aws:secretsmanager:us-east-1:123456789012:secret:orders is not there",
        "['password', 'user']",
    ],
)
def test_a_text_that_only_speaks_of_secrets_stays_as_it_is(text: str) -> None:
    assert compact(text) == text


@pytest.mark.parametrize(
    "part",
    ["password", "password ", "password '", "password''", 'password "', "pwd $a$", "identified with ", "_", "-key"],
)
def test_no_text_takes_long_to_look_through(part: str) -> None:
    began = time.process_time()
    without_literals(part * (200_000 // len(part)) + " secret", "***")
    assert time.process_time() - began < SECOND_OF_CPU
