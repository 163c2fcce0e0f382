"""Signing a record with a key in AWS KMS: through an environment of environments.yaml, its account checked first."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from drillrunner.errors import InvalidInput

if TYPE_CHECKING:
    from drillrunner.evidence.build import Signer
    from drillrunner.files.run_folder import RunFolder
    from drillrunner.model.environment import Environment

KMS = "kms:"


def kms_signer(arn: str, environment: Environment, now: datetime) -> Signer:
    """One that signs with that key, with the environment's credentials. Raises InvalidInput for what is no ARN."""
    from drillrunner.calls.kms import region_of_key

    region_of_key(arn)

    def signed(folder: Path) -> None:
        import anyio

        anyio.run(_sign, folder, arn, environment, now)

    return signed


async def _sign(folder: Path, arn: str, environment: Environment, now: datetime) -> None:
    """Raises CallFailed, Refused, WrongAccount, InvalidInput."""
    from drillrunner.calls.kms import find_key, sign_raw
    from drillrunner.calls.open import open_outside
    from drillrunner.clock import Clock
    from drillrunner.evidence.kms_signature import keep, statement_of

    async with open_outside(environment, Clock(), run_id="evidence", seed=0) as outside:
        key = await find_key(outside.caller, arn)
        statement = statement_of(folder, key.arn, key.algorithm, key.public_key, now)
        signature = await sign_raw(outside.caller, key, statement.decode("ascii"))
    keep(folder, statement, signature, key.public_key)


def signing_environment(name: str | None, folder: RunFolder) -> Environment:
    """The environment of that name beside the drills; without one, that of the run. Raises InvalidInput."""
    from drillrunner.files.environment_file import find_environment
    from drillrunner.files.locate import DRILLS
    from drillrunner.files.run_folder import read_plan

    environment = find_environment(name, Path(DRILLS)) if name else read_plan(folder).environment
    if environment.kind == "aws":
        return environment
    which = f'environment "{environment.name}" is a lab, which has no keys'
    raise InvalidInput(which, advice="name an AWS environment whose credentials may use it: --sign-environment NAME")


def signer_of(sign: str | None, environment: str | None, folder: RunFolder, now: datetime) -> Signer | None:
    """What `--sign` names: an SSH key's file, or `kms:` and an ARN. Raises InvalidInput."""
    from drillrunner.evidence.build import ssh_signer

    if sign is not None and sign.startswith(KMS):
        return kms_signer(sign.removeprefix(KMS), signing_environment(environment, folder), now)
    if environment is not None:
        raise InvalidInput("--sign-environment belongs to a key in a KMS", advice="write: --sign kms:KEY_ARN")
    return ssh_signer(Path(sign)) if sign else None
