from __future__ import annotations

import pytest

from drillrunner.snapshot.places import Places, plain_name


@pytest.mark.parametrize(
    ("name", "region"),
    [
        ("d-a1b2c3.execute-api.us-east-1.amazonaws.com.", "us-east-1"),
        ("abc123.execute-api.cn-north-1.amazonaws.com.cn", "cn-north-1"),
        ("dualstack.shop-123456.eu-west-1.elb.amazonaws.com", "eu-west-1"),
        ("shop-0123456789abcdef.elb.ap-south-1.amazonaws.com", "ap-south-1"),
        ("xyz.lambda-url.eu-central-1.on.aws", "eu-central-1"),
        ("xyz.us-east-2.awsapprunner.com", "us-east-2"),
        ("shop.us-west-2.elasticbeanstalk.com", "us-west-2"),
        ("D-A1B2C3.Execute-Api.US-EAST-1.amazonaws.com", "us-east-1"),
    ],
)
def test_a_name_that_aws_made_tells_its_region(name: str, region: str) -> None:
    assert Places(("us-east-1",)).of_name(name) == region


@pytest.mark.parametrize(
    "name",
    [
        "d111111abcdef8.cloudfront.net",
        "orders.abc.us-east-1.rds.amazonaws.com",
        "bucket.s3-website-us-east-1.amazonaws.com",
        "a.execute-api.us-east-9.amazonaws.com",
        "execute-api.us-east-1.amazonaws.com.example.test",
        "notexecute-api.us-east-1.amazonaws.com",
        "us-east-1.checkout.example.test",
        "",
    ],
)
def test_a_name_at_which_no_region_answers_requests_tells_none(name: str) -> None:
    assert Places(("us-east-1",)).of_name(name) is None


def test_a_name_that_api_gateway_gave_goes_before_what_it_looks_like() -> None:
    places = Places(("us-east-1",), {"d111111abcdef8.cloudfront.net": "eu-west-1"})
    assert places.of_name("d111111abcdef8.cloudfront.net.") == "eu-west-1"


def test_a_name_is_plain_without_its_last_dot_and_without_octal_codes() -> None:
    assert plain_name("\\052.Shop.Example.test.") == "*.shop.example.test"
