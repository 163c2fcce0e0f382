"""What somebody says of a runbook's step from the page of a run: the way that `drill step` takes too."""

from __future__ import annotations

import anyio.to_thread
from aiohttp import web

from drillrunner.files.step_requests import ask_step
from drillrunner.model.runbook_walk import NAME_CHARACTERS_MOST, WORDS, StepRequest
from drillrunner.web.answers import NotShown, quoted, run_folder
from drillrunner.web.shelf import is_under_way

ID_CHARACTERS_MOST = 12


async def say(request: web.Request) -> web.Response:
    """Hand on to the run that a step is begun or done. The request has been let in already.

    The run passes over what is so already, and a step that the runbook does not have.
    """
    folder = run_folder(request)
    form = await request.post()
    step_id, _, state = str(form.get("step", "")).partition(" ")
    word = next((one for one in WORDS if one == state), None)
    if word is None or not 0 < len(step_id) <= ID_CHARACTERS_MOST:
        raise NotShown(400, "That says nothing of a step.")
    by = str(form.get("by", "")).strip()[:NAME_CHARACTERS_MOST]
    if not await anyio.to_thread.run_sync(is_under_way, folder):
        raise NotShown(400, f"Run {folder.run_id} is not running here, so its steps are as they were recorded.")
    asked = StepRequest(id=step_id, state=word, by=by, via="page")
    await anyio.to_thread.run_sync(ask_step, folder.step_requests, asked)
    raise web.HTTPSeeOther(f"/runs/{folder.run_id}" + (f"?by={quoted(by)}" if by else ""))
