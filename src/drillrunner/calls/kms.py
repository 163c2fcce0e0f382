"""Signatures by an asymmetric key in AWS KMS. The key never leaves it; the public half is fetched to check with.

The message is small and sent as it is (`RAW`): KMS hashes it as the algorithm says, which signs the same as a digest.
"""

from __future__ import annotations

import base64
import binascii
import re
from dataclasses import dataclass

from drillrunner.errors import CallFailed, InvalidInput
from drillrunner.model.call import AwsCall
from drillrunner.model.noun import JsonValue
from drillrunner.ports import Caller

ANSWER_SECONDS = 20.0
# KMS takes at most so much of a message that it is to hash itself (API reference, Sign, Message).
RAW_MOST_BYTES = 4096
# The first of these that a key has.
ALGORITHMS = ("ECDSA_SHA_256", "ECDSA_SHA_384", "ECDSA_SHA_512", "RSASSA_PSS_SHA_256")
_ARN = re.compile(r"arn:aws[a-z-]{0,20}:kms:([a-z0-9-]{1,40}):\d{12}:(?:key|alias)/[A-Za-z0-9/_-]{1,256}\Z")


@dataclass(frozen=True, slots=True)
class KmsKey:
    """A key that can sign. `arn` is the key's own, also where an alias was named; `public_key` is DER (RFC 5280)."""

    arn: str
    algorithm: str
    public_key: bytes


def region_of_key(arn: str) -> str:
    """The region of a key's or an alias's ARN. Raises InvalidInput."""
    match = _ARN.match(arn)
    if match is None:
        advice = "write it like kms:arn:aws:kms:eu-west-1:123456789012:key/1234abcd-…, or alias/NAME"
        raise InvalidInput(f'"{arn[:200]}" is no ARN of a KMS key', advice=advice)
    return match.group(1)


async def find_key(caller: Caller, arn: str) -> KmsKey:
    """Ask for the key's public half. Raises CallFailed, and InvalidInput where it cannot sign."""
    call = AwsCall(service="kms", operation="GetPublicKey", region=region_of_key(arn), params={"KeyId": arn})
    answer = await _ask(caller, call, "let the environment's credentials use kms:GetPublicKey and kms:Sign on the key")
    offered = answer.get("SigningAlgorithms")
    algorithms = offered if isinstance(offered, list) else []
    algorithm = next((one for one in ALGORITHMS if one in algorithms), None)
    if answer.get("KeyUsage") != "SIGN_VERIFY" or algorithm is None:
        advice = f"use an asymmetric key of usage SIGN_VERIFY with one of {', '.join(ALGORITHMS)}"
        raise InvalidInput("this key cannot sign", where=arn, advice=advice)
    own = str(answer.get("KeyId"))  # AWS answers the key's ARN; what stands in for it may answer a bare id
    return KmsKey(own if _ARN.match(own) else arn, algorithm, _blob(answer, "PublicKey", arn))


async def sign_raw(caller: Caller, key: KmsKey, message: str) -> bytes:
    """The signature over an ASCII message. Raises CallFailed, and InvalidInput where it is too long."""
    if len(message.encode("ascii")) > RAW_MOST_BYTES:
        raise InvalidInput(f"KMS signs at most {RAW_MOST_BYTES} bytes", where=key.arn)
    params: dict[str, JsonValue] = {
        "KeyId": key.arn,
        "Message": message,
        "MessageType": "RAW",
        "SigningAlgorithm": key.algorithm,
    }
    call = AwsCall(service="kms", operation="Sign", region=region_of_key(key.arn), params=params)
    answer = await _ask(caller, call, "let the environment's credentials use kms:Sign on the key")
    return _blob(answer, "Signature", key.arn)


async def _ask(caller: Caller, call: AwsCall, advice: str) -> dict[str, JsonValue]:
    try:
        answer = await caller.call(call, timeout_seconds=ANSWER_SECONDS)
    except CallFailed as error:
        error.advice = error.advice or advice
        raise
    return answer if isinstance(answer, dict) else {}


def _blob(answer: dict[str, JsonValue], name: str, arn: str) -> bytes:
    try:
        return base64.b64decode(str(answer[name]), validate=True)
    except (KeyError, binascii.Error) as error:
        raise InvalidInput(f"KMS answered no {name}", where=arn) from error
