"""Calls: one outside effect each, as frozen data, with how to see that it took effect.

Nothing but a Call changes the world. A Call is serialised whole into the journal, so that a revert
needs neither the drill file nor the code of the fault that made it.
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, JsonValue

from drillrunner.model.noun import Noun


class ReadBack(Noun):
    """How to see that a Call took effect: read, look at `path` (JMESPath), compare with `expected`.

    `error_means` names an AWS error code that counts as the answer null, for reads that answer
    "not there" with an error.
    """

    read: AwsCall | SqlCall = Field(discriminator="transport")
    path: str
    expected: JsonValue
    within_seconds: float = 30.0
    error_means: str | None = None


class AwsCall(Noun):
    """One AWS API operation: botocore's service name and operation (`lambda`, `PutFunctionConcurrency`).

    `params` are the operation's input as botocore takes it, JSON values only. `region` is the one
    that is asked; for Route 53 it is `us-east-1`. `skip_if_held` means: read back first, and leave
    the call out when the expected state is there already (for operations that refuse to repeat).
    """

    transport: Literal["aws"] = "aws"
    service: str
    operation: str
    region: str
    params: dict[str, JsonValue] = Field(default_factory=dict)
    read_back: ReadBack | None = None
    skip_if_held: bool = False

    def describe(self) -> str:
        return f"{self.service}:{self.operation} {self.region}"


class SqlCall(Noun):
    """One SQL statement on a database that the environment names. `params` are bound, never pasted.

    Its answer is `{"rows": [[...], ...]}`.
    """

    transport: Literal["sql"] = "sql"
    database: str
    statement: str
    params: tuple[JsonValue, ...] = ()
    read_back: ReadBack | None = None
    skip_if_held: bool = False

    def describe(self) -> str:
        return f"sql:{self.database} {self.statement.split(maxsplit=1)[0].lower()}"


Call = Annotated[AwsCall | SqlCall, Field(discriminator="transport")]


class Change(Noun):
    """What one fault or step does to one target: what was there, the Calls, and their inverses.

    `target` is a name for people and for finding collisions (`lambda us-east-1 checkout`). `apply`
    runs in order; `revert` runs in order when the Change is put back (Changes themselves are put
    back in reverse). An irreversible Change has no revert and says so.
    """

    target: str
    prior: JsonValue = None
    apply: tuple[Call, ...] = ()
    revert: tuple[Call, ...] = ()
    irreversible: bool = False
    note: str | None = None
