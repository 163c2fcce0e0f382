"""The AWS regions that a drill may name, so that a mistyped one is refused before anything is asked."""

from __future__ import annotations

from typing import Annotated

from pydantic import AfterValidator

# botocore 1.44 data/endpoints.json: the partitions aws, aws-cn, aws-us-gov and aws-eusc
_NAMES = """
    af-south-1 ap-east-1 ap-east-2 ap-northeast-1 ap-northeast-2 ap-northeast-3 ap-south-1 ap-south-2
    ap-southeast-1 ap-southeast-2 ap-southeast-3 ap-southeast-4 ap-southeast-5 ap-southeast-6 ap-southeast-7
    ca-central-1 ca-west-1 cn-north-1 cn-northwest-1 eu-central-1 eu-central-2 eu-north-1 eu-south-1 eu-south-2
    eu-west-1 eu-west-2 eu-west-3 eusc-de-east-1 il-central-1 me-central-1 me-south-1 mx-central-1 sa-east-1
    us-east-1 us-east-2 us-gov-east-1 us-gov-west-1 us-west-1 us-west-2
"""
REGIONS = frozenset(_NAMES.split())


def nearest_region(text: str) -> str | None:
    """The region that `text` was probably meant to be, or None where nothing is near."""
    import difflib  # only a region that is wrong needs it

    near = difflib.get_close_matches(text.lower(), sorted(REGIONS), n=1)
    return near[0] if near else None


def known_region(text: str) -> str:
    """`text` itself where it is a region. Raises ValueError with the nearest one otherwise."""
    if text in REGIONS:
        return text
    near = nearest_region(text)
    hint = f'; did you mean "{near}"?' if near else ""
    raise ValueError(f'"{text}" is not an AWS region{hint}')


def partition_of(region: str) -> str:
    """The ARN partition that a region belongs to: `aws`, `aws-cn`, `aws-us-gov`, `aws-eusc`."""
    prefixes = {"cn-": "aws-cn", "us-gov-": "aws-us-gov", "eusc-": "aws-eusc"}
    return next((partition for prefix, partition in prefixes.items() if region.startswith(prefix)), "aws")


Region = Annotated[str, AfterValidator(known_region)]
