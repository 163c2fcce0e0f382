"""Change ids: each change has its own, PENDING until the DNS servers have it, then INSYNC."""

from __future__ import annotations

import random
import string
from datetime import datetime
from typing import Any

from moto.core.responses import ActionResult
from moto.route53.exceptions import Route53ClientError
from moto.route53.responses import Route53

from drillrunner.lab.control import moto_patch
from drillrunner.lab.control.hooks import Hooks
from drillrunner.lab.world import World

_LETTERS = string.ascii_uppercase + string.digits
_CHANGING = (
    "create_hosted_zone",
    "delete_hosted_zone",
    "associate_vpc_with_hosted_zone",
    "disassociate_vpc_from_hosted_zone",
)


class Propagation:
    """The changes of one world, and when each was submitted."""

    def __init__(self, world: World, hooks: Hooks) -> None:
        self._clock = world.clock
        self._hooks = hooks
        self._random = random.Random(f"{world.seed}:route53 changes")
        self._submitted: dict[str, tuple[float, datetime]] = {}

    def submit(self, comment: str | None = None) -> dict[str, Any]:
        """A new ChangeInfo (botocore shape), PENDING."""
        change_id = "C" + "".join(self._random.choices(_LETTERS, k=20))
        self._submitted[change_id] = (self._clock.monotonic(), self._clock.wall())
        info = self._info(change_id)
        return {**info, "Comment": comment} if comment else info

    def get(self, change_id: str) -> dict[str, Any]:
        """Its ChangeInfo now. Raises NoSuchChange."""
        bare = change_id.removeprefix("/change/")
        if bare not in self._submitted:
            raise Route53ClientError("NoSuchChange", f"Could not find resource with ID: {bare}")
        return self._info(bare)

    def _info(self, change_id: str) -> dict[str, Any]:
        at, wall = self._submitted[change_id]
        insync = self._clock.monotonic() - at >= self._hooks.insync_seconds
        return {"Id": f"/change/{change_id}", "Status": "INSYNC" if insync else "PENDING", "SubmittedAt": wall}


def _with_own_change(original: Any, propagation: Propagation) -> Any:
    def operation(self: Any) -> Any:
        answer = original(self)
        answer.result["ChangeInfo"] = propagation.submit()
        return answer

    return operation


def install(propagation: Propagation) -> None:
    """Patch every Route 53 operation that answers a ChangeInfo, but for the record sets'."""

    def get_change(self: Any) -> Any:
        return ActionResult({"ChangeInfo": propagation.get(self._get_param("Id"))})

    moto_patch.replace(Route53, "get_change", lambda _: get_change)
    for name in _CHANGING:
        moto_patch.replace(Route53, name, lambda original: _with_own_change(original, propagation))
