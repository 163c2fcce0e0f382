"""Listings read to their last page, and never beyond a bound."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from drillrunner.errors import Refused
from drillrunner.model.call import AwsCall
from drillrunner.ports import Outside
from drillrunner.services.aws_reading import found

# The smallest page is ListFunctions' of 50: ten thousand functions. No lab could take more.
MAX_PAGES = 200


async def read_pages(outside: Outside, call: AwsCall, items: str, following: Mapping[str, str]) -> list[Any]:
    """Every item of every page that `call` lists.

    `items` is the JMESPath of a page's items; `following` gives, for each parameter that asks for the
    next page, the JMESPath of its value. Raises CallFailed, and Refused where pages do not end.
    """
    gathered: list[Any] = []
    asked = call
    for _ in range(MAX_PAGES):
        answer = await outside.read(asked)
        gathered += found(answer, items) or []
        token = {parameter: value for parameter, path in following.items() if (value := found(answer, path))}
        if not token or found(answer, "IsTruncated") is False:
            return gathered
        asked = call.model_copy(update={"params": {**call.params, **token}})
    raise Refused(
        f"it goes on after {MAX_PAGES} pages, which is more than a lab can take",
        where=call.describe(),
        advice="take the snapshot of an account, or with an environment, that holds less",
    )
