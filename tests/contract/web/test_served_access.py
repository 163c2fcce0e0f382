"""Who is let in, over a socket: names, tokens, forms, paths, and the headers of every answer."""

from __future__ import annotations

from pathlib import Path

import pytest
from yarl import URL

from drillrunner.files.run_folder import RunFolder
from drillrunner.web.headers import PAGE_POLICY
from served_pages import TOKEN, Served, served
from served_runs import GOING_ON, OVER, over

pytestmark = pytest.mark.anyio

STOP = f"/runs/{GOING_ON}/stop"
ADDRESSES = [
    "/",
    "/drills",
    "/trends",
    "/trends/page",
    "/catalogue",
    "/metrics",
    "/nothing",
    "/healthz",
    "/static/web.css",
]


async def stop(pages: Served, form: str | None = None, **headers: str) -> int:
    """Press the button of the live page."""
    sent = {"Origin": pages.origin, "Sec-Fetch-Site": "same-origin", **headers}
    return (await pages.post(STOP, pages.access.form_token if form is None else form, **sent)).status


@pytest.mark.parametrize("host", ["evil.example.test", "evil.example.test:8460", "127.0.0.1.evil.example.test"])
async def test_a_name_that_is_not_ours_sees_nothing(tmp_path: Path, host: str) -> None:
    async with served(tmp_path) as pages:
        for path in ADDRESSES:
            answer = await pages.get(path, Host=host)
            assert answer.status == 403, path
            assert "not one of ours" in await answer.text()


async def test_every_answer_has_the_headers(tmp_path: Path) -> None:
    over(tmp_path / "reports")
    async with served(tmp_path) as pages:
        for path in [*ADDRESSES, f"/runs/{OVER}", f"/runs/{OVER}/files/plan.json", f"/runs/{OVER}/files/report.html"]:
            headers = (await pages.get(path)).headers
            assert headers["X-Content-Type-Options"] == "nosniff", path
            assert headers["Referrer-Policy"] == "no-referrer", path
            assert "frame-ancestors 'none'" in headers["Content-Security-Policy"], path
            assert headers["Server"] == "drillrunner", path
        assert (await pages.get("/")).headers["Content-Security-Policy"] == PAGE_POLICY
        assert PAGE_POLICY.count("unsafe") == 0


async def test_on_loopback_reading_needs_no_token_and_the_stop_button_is_not_there_without_it(
    tmp_path: Path, going: RunFolder
) -> None:
    async with served(tmp_path) as pages:
        text = await pages.text(f"/runs/{GOING_ON}")
        assert "stop-form" not in text
        assert f"drill stop {GOING_ON}" in text
        assert pages.access.form_token not in text


async def test_the_token_becomes_a_cookie_and_leaves_the_address(tmp_path: Path) -> None:
    async with served(tmp_path) as pages:
        answer = await pages.get(f"/trends?by=run&token={TOKEN}")
        assert (answer.status, answer.headers["Location"]) == (303, "/trends?by=run")
        cookie = answer.headers["Set-Cookie"]
        assert "HttpOnly" in cookie
        assert "SameSite=Strict" in cookie
        assert TOKEN not in cookie
        assert (await pages.get("/?token=wrong")).status == 403


async def test_the_button_stops_the_run_as_drill_stop_does(tmp_path: Path, going: RunFolder) -> None:
    async with served(tmp_path) as pages:
        await pages.sign_in()
        page = await pages.get(f"/runs/{GOING_ON}")
        text = await page.text()
        assert 'action="/runs/20261120-140000-000001/stop"' in text
        assert pages.access.form_token in text
        assert page.headers["Referrer-Policy"] == "same-origin"  # else a browser sends the form without an origin
        assert not going.stop_request.exists()
        assert await stop(pages) == 303
        assert going.stop_request.exists()
        assert "asked to stop" in await pages.text(f"/runs/{GOING_ON}")


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "http://evil.example.test"},
        {"Origin": "null"},
        {"Origin": "http://127.0.0.1:1"},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
    ],
)
async def test_a_form_from_elsewhere_stops_nothing(tmp_path: Path, going: RunFolder, headers: dict[str, str]) -> None:
    async with served(tmp_path) as pages:
        await pages.sign_in()
        assert await stop(pages, **headers) == 403
        assert not going.stop_request.exists()


async def test_a_form_without_cookie_or_without_its_own_token_stops_nothing(tmp_path: Path, going: RunFolder) -> None:
    async with served(tmp_path) as pages:
        assert await stop(pages) == 403
        await pages.sign_in()
        assert await stop(pages, form="") == 403
        assert await stop(pages, form=TOKEN) == 403
        assert (await pages.post(STOP, pages.access.form_token)).status == 403  # neither origin nor site
        assert (await pages.get(STOP)).status == 405
        assert (await pages.client.put(STOP, headers={"Origin": pages.origin})).status in (403, 405)
        assert not going.stop_request.exists()


async def test_a_large_body_is_refused(tmp_path: Path, going: RunFolder) -> None:
    async with served(tmp_path) as pages:
        await pages.sign_in()
        assert await stop(pages, form="x" * 100_000) == 413
        assert not going.stop_request.exists()


async def test_a_run_that_does_not_go_on_cannot_be_stopped(tmp_path: Path) -> None:
    folder = over(tmp_path / "reports")
    async with served(tmp_path) as pages:
        await pages.sign_in()
        headers = {"Origin": pages.origin}
        answer = await pages.post(f"/runs/{OVER}/stop", pages.access.form_token, **headers)
        assert answer.status == 400
        assert "not running" in await answer.text()
        assert not folder.stop_request.exists()


async def test_beyond_loopback_nothing_is_shown_without_the_token(tmp_path: Path, going: RunFolder) -> None:
    async with served(tmp_path, bind="0.0.0.0") as pages:
        for path in ("/", f"/runs/{GOING_ON}", f"/runs/{GOING_ON}/events", "/metrics", "/trends/page"):
            answer = await pages.get(path)
            assert answer.status == 401, path
            assert "regional-outage" not in await answer.text()
        assert (await pages.get("/healthz")).status == 200
        assert (await pages.get("/metrics", Authorization=f"Bearer {TOKEN}")).status == 200
        assert (await pages.get("/metrics", Authorization="Bearer wrong")).status == 401
        await pages.sign_in()
        assert (await pages.get("/")).status == 200


@pytest.mark.parametrize(
    "path",
    [
        "/runs/..%2f..%2fetc/files/passwd",
        f"/runs/{OVER}/files/..%2f..%2f..%2fetc%2fpasswd",
        f"/runs/{OVER}/files/%2e%2e%2fplan.json",
        f"/runs/{OVER}/files/.ballast",
        f"/runs/{OVER}/files/stop.request",
        f"/runs/{OVER}%2f../files/plan.json",
        f"/runs/{OVER}/files/plan.json%00.html",
        "/static/..%2f..%2fapp.py",
        "/static/%2e%2e/app.py",
        "/runs/%00",
        "/runs/last",
    ],
)
async def test_a_path_leads_nowhere_else(tmp_path: Path, path: str) -> None:
    folder = over(tmp_path / "reports")
    folder.stop_request.touch()
    async with served(tmp_path) as pages:
        answer = await pages.client.get(URL(path, encoded=True))
        assert answer.status == 404, await answer.text()


async def test_a_link_in_a_run_s_folder_is_not_followed(tmp_path: Path) -> None:
    folder = over(tmp_path / "reports")
    secret = tmp_path / "secret.txt"
    secret.write_text("hunter2", encoding="utf-8")
    (folder.path / "report.md").symlink_to(secret)
    async with served(tmp_path) as pages:
        assert (await pages.get(f"/runs/{OVER}/files/report.md")).status == 404
        assert "report.md" not in await pages.text(f"/runs/{OVER}")


async def test_an_error_is_a_page_without_a_traceback(tmp_path: Path) -> None:
    folder = over(tmp_path / "reports")
    (folder.path / "verdict.json").unlink()
    folder.plan.write_text("[" * 100_000, encoding="utf-8")
    async with served(tmp_path) as pages:
        answer = await pages.get(f"/runs/{OVER}")
        text = await answer.text()
        assert answer.status == 500
        assert "Traceback" not in text
        assert "<nav" in text
