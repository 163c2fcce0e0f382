"""Outside text shows what it holds and can do nothing else."""

from __future__ import annotations

import json
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from drillrunner.model.noun import JsonValue
from drillrunner.reporting.outside_text import compact, masked, masked_at, visible


def test_direction_marks_show_as_escapes() -> None:
    assert visible("checkout\u202etxt.exe\u2069") == "checkout\\u202etxt.exe\\u2069"


def test_control_characters_and_terminal_escapes_show() -> None:
    assert visible("a\x1b[31mred\x07\r\n\tb") == "a\\u001b[31mred\\u0007\\r\\n\\tb"


def test_lone_surrogates_and_tag_characters_show() -> None:
    assert visible("\ud800 \U000e0041 \ufeff") == "\\ud800 \\U000e0041 \\ufeff"


def test_ordinary_text_in_any_script_stays_as_it_is() -> None:
    for text in ("überweisung", "注文", "سفارش\u200cها", "👩\u200d💻 → ✓", "17m40s–17m44s"):
        assert visible(text) == text


def test_long_text_is_cut_and_says_how_long_it_was() -> None:
    assert visible("x" * 5000, 10) == "xxxxxxxxxx… (5,000 characters)"


@given(st.text())
def test_nothing_that_a_screen_obeys_is_left(text: str) -> None:
    joiners = {"\u200c", "\u200d"}
    allowed = {"Cc", "Cs", "Zl", "Zp"}
    shown = visible(text, 10_000)
    assert not [one for one in shown if unicodedata.category(one) in allowed and one not in joiners]
    assert not {*"\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069\u200e\u200f\u061c"} & set(shown)


def test_secrets_are_masked_at_any_depth() -> None:
    value = masked({"MasterUserPassword": "hunter2", "list": [{"SecretString": "s"}], "SecretId": "orders/db"})
    assert value == {"MasterUserPassword": "***", "list": [{"SecretString": "***"}], "SecretId": "orders/db"}


@pytest.mark.parametrize(
    "key",
    [
        *("token", "AccessToken", "session_token", "X-Token", "secret", "client_secret", "DB_PASSWORD_PROD", "passwd"),
        *("SecretAccessKey", "private_key", "X-Api-Key", "Cookie", "credentials", "Proxy-Authorization"),
    ],
)
def test_whatever_a_secret_is_called_it_is_masked(key: str) -> None:
    assert masked({key: "hunter2"}) == {key: "***"}
    assert masked({key: ["hunter2"]}) == {key: "***"}


def test_counts_flags_and_names_of_variables_stay_readable() -> None:
    value: JsonValue = {
        "tokens_left": 3,
        "ManageMasterUserPassword": True,
        "token": None,
        "password_env": "DB_PASSWORD",
        "SecretArn": "arn:aws:secretsmanager:us-east-1:123456789012:secret:orders",
        "FunctionName": "issue-tokens",
    }
    assert masked(value) == value
    assert masked({"password": 123456}) == {"password": "***"}


def test_the_value_of_a_pair_is_masked_where_its_name_is_a_secrets() -> None:
    value = masked(
        [
            {"Name": "DB_PASSWORD", "Value": "hunter2"},
            {"name": "api-token", "value": "hunter2"},
            {"ParameterKey": "MasterPassword", "ParameterValue": "hunter2"},
            {"HeaderName": "Authorization", "HeaderValue": "hunter2"},
            {"Key": "client_secret", "Values": ["hunter2"]},
        ]
    )
    assert "hunter2" not in json.dumps(value)
    assert json.dumps(value).count("***") == 5


def test_the_value_of_a_pair_stays_where_its_name_is_no_secrets() -> None:
    value: JsonValue = [
        {"Name": "TableName", "Value": "orders"},
        {"name": "DB_PASSWORD", "valueFrom": "arn:aws:ssm:us-east-1:123456789012:parameter/db"},
        {"Key": "SecretArn", "Value": "arn:aws:secretsmanager:us-east-1:123456789012:secret:orders"},
        {"Name": "tokens_left", "Value": 3},
        {"Value": "alone"},
    ]
    assert masked(value) == value


def test_what_lies_at_a_path_is_masked_as_in_the_whole() -> None:
    for path in ("params.password", "params.credentials.user", "secrets[0].orders", "variables.DB_PASSWORD.value"):
        assert masked_at(path, "hunter2") == "***"
    assert masked_at("drill.probes.issue-tokens.params.url", "https://a.test/") == "https://a.test/"
    assert masked_at("drill.probes.token.every_seconds", 1.0) == 1.0
    assert masked_at("drill.name", "orders") == "orders"


def test_secrets_in_addresses_are_masked_and_the_rest_of_them_is_not() -> None:
    address = "https://drill:hunter2@shop.example.test/health?page=2&api_key=hunter2&api%5Fkey=hunter2#top"
    shown = "https://drill:***@shop.example.test/health?page=2&api_key=***&api%5Fkey=***#top"
    assert masked({"url": address}) == {"url": shown}
    assert compact(address) == shown
    assert compact("https://shop.example.test/health?page=2") == "https://shop.example.test/health?page=2"


def test_a_payload_that_is_json_text_is_masked_as_what_it_says() -> None:
    payload = json.dumps({"order": 7, "inner": json.dumps({"password": "hunter2"})})
    hidden = masked({"Payload": payload})
    assert hidden == {"Payload": '{"order": 7, "inner": "{\\"password\\": \\"***\\"}"}'}
    assert masked(hidden) == hidden


@pytest.mark.parametrize("text", ['{ "order" : 7 }', "[not JSON]", "{", "why? because a=b"])
def test_text_without_a_secret_stays_to_the_letter(text: str) -> None:
    assert masked({"Payload": text}) == {"Payload": text}


def test_text_that_is_nested_too_deep_to_be_looked_into_is_not_shown() -> None:
    assert masked({"Payload": "[" * 100_000}) == {"Payload": "***"}


def test_values_are_written_on_one_line() -> None:
    assert compact(None) == "none"
    assert compact("bare") == "bare"
    assert compact({"b": 1, "a": [True, None]}) == '{"a": [true, null], "b": 1}'
