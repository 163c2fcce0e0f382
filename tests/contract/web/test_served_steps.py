"""The runbook's steps on the page of a run, and their buttons, over a socket."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from drillrunner.files.run_folder import RunFolder
from drillrunner.files.step_requests import StepRequests
from drillrunner.model.runbook_walk import StepRequest
from served_pages import Served, held, served
from served_runs import GOING_ON, OVER, going_on, over, write_journal
from walked_runbook import walked_run

pytestmark = pytest.mark.anyio

RUN, STEP = f"/runs/{GOING_ON}", f"/runs/{GOING_ON}/step"


@pytest.fixture
def walking(tmp_path: Path) -> Iterator[RunFolder]:
    """A run that a living process makes, 50 s after it began; its step 1.2 has been begun."""
    folder = going_on(tmp_path / "reports", 50.0)
    write_journal(folder, walked_run(tmp_path, (40.0, "1.2", "begun"), until=50.0))
    with held(folder):
        yield folder


async def say(pages: Served, form: str | None = None, path: str = STEP, **fields: str) -> tuple[int, str]:
    """Press a button; the status, and where the answer leads."""
    data = {"form": pages.access.form_token if form is None else form, **fields}
    headers = {"Origin": pages.origin, "Sec-Fetch-Site": "same-origin"}
    answer = await pages.client.post(path, data=data, headers=headers, allow_redirects=False)
    return answer.status, answer.headers.get("Location", "")


async def test_the_page_has_the_steps_and_where_people_are(tmp_path: Path, walking: RunFolder) -> None:
    async with served(tmp_path) as pages:
        text = await pages.text(RUN)
        assert '<strong>1.2</strong> begun <span class="num">' in text
        assert "the drill does it" in text
        assert f"drill step {GOING_ON} 1 begun" in text
        assert 'id="steps-form"' not in text  # nobody has signed in
        await pages.sign_in()
        text = await pages.text(RUN)
        assert 'id="steps-form" method="post" action="/runs/20261120-140000-000001/step"' in text
        assert 'value="1.2 done" aria-label="Step 1.2: Done"' in text
        assert 'value="1.1 begun" aria-label="Step 1.1: Begin"' in text
        assert 'value="1.3' not in text  # the drill's own


async def test_a_button_asks_the_run_as_drill_step_does_and_the_name_stays(tmp_path: Path, walking: RunFolder) -> None:
    async with served(tmp_path) as pages:
        await pages.sign_in()
        assert await say(pages, step="1.2 done", by="ana <b>") == (303, f"{RUN}?by=ana%20%3Cb%3E")
        assert StepRequests(walking.step_requests).news() == (
            StepRequest(id="1.2", state="done", by="ana <b>", via="page"),
        )
        assert 'name="by" value="ana &lt;b&gt;"' in await pages.text(f"{RUN}?by=ana%20%3Cb%3E")
        assert await say(pages, step="1.1 begun") == (303, RUN)


async def test_nothing_is_asked_without_cookie_form_and_origin(tmp_path: Path, walking: RunFolder) -> None:
    async with served(tmp_path) as pages:
        assert (await say(pages, step="1.2 done"))[0] == 403
        await pages.sign_in()
        assert (await say(pages, form="x", step="1.2 done"))[0] == 403
        assert (await pages.post(STEP, pages.access.form_token)).status == 403  # neither origin nor site
        assert (await pages.get(STEP)).status == 405
        assert not walking.step_requests.exists()


@pytest.mark.parametrize("step", ["", "1.2", "1.2 gone", " done", "1" * 13 + " done"])
async def test_what_says_nothing_of_a_step_is_refused(tmp_path: Path, walking: RunFolder, step: str) -> None:
    async with served(tmp_path) as pages:
        await pages.sign_in()
        assert (await say(pages, step=step))[0] == 400
        assert not walking.step_requests.exists()


async def test_a_run_that_is_over_takes_no_more(tmp_path: Path) -> None:
    folder = over(tmp_path / "reports")
    async with served(tmp_path) as pages:
        await pages.sign_in()
        assert (await say(pages, path=f"/runs/{OVER}/step", step="1.2 done"))[0] == 400
        assert not folder.step_requests.exists()
