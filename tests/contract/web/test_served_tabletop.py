"""A tabletop exercise over a socket: who is let in, what a player is sent to the byte, and what is written down."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
from aiohttp import ClientResponse, ClientSession, ClientTimeout, CookieJar

from drillrunner.cli.tabletop.session import Session
from drillrunner.files.exercise.folder import ExerciseFolder
from drillrunner.web.headers import PAGE_POLICY
from drillrunner.web.tabletop.door import Door
from drillrunner.web.tabletop.door_file import keep_door
from drillrunner.web.tabletop.guesses import WRONG_CODES_MOST
from served_exercises import begun_in, events_in
from served_pages import Served, served

pytestmark = pytest.mark.anyio

FORM = re.compile(r'name="form" value="([0-9a-f]{64})"')
# what is in the exercise's file and never a player's business, and what is not yet
NEVER = (
    "What does the status page of the provider say?",
    "How long does a failover take?",
    "Do not say yet",
    "Declare an incident",
    "Post to the status page",
    "Decide to fail over",
    "Decide when to go back",
    "You are on a plane",
    "The chat tool is down",
    "no-chat",
    "on-a-plane",
    "seed",
    "hint",
    "expected",
    "The decision to fail over is made within ten minutes",
    "scribe",
)
UNPUBLISHED = (
    "The provider says: no estimate",
    "us-east-1 is healthy again",
    'option value="decision"',
    'option value="back"',
)


@dataclass
class Browser:
    """Somebody's browser: cookies of its own, and the forms of the page that it looks at."""

    session: ClientSession
    base: str
    form: str = ""

    async def get(self, path: str = "", **headers: str) -> ClientResponse:
        answer = await self.session.get(path or self.base, headers=headers, allow_redirects=False)
        found = FORM.search(await answer.text()) if answer.content_type == "text/html" else None
        self.form = found[1] if found else self.form
        return answer

    async def text(self, path: str = "") -> str:
        answer = await self.get(path)
        assert answer.status == 200, await answer.text()
        return await answer.text()

    async def post(
        self, path: str, form: str | None = None, origin: str | None = None, **fields: str
    ) -> ClientResponse:
        data = {"form": self.form if form is None else form, **fields}
        address = path if path.startswith("/") else f"{self.base}/{path}"
        ours = origin or str(self.session._base_url).rstrip("/")
        return await self.session.post(address, data=data, headers={"Origin": ours}, allow_redirects=False)

    async def do(self, doing: str, **fields: str) -> None:
        """One of the desk's doings, which must be allowed."""
        answer = await self.post(f"do/{doing}", **fields)
        assert answer.status == 303, await answer.text()

    async def stream(self) -> str:
        """What the stream sends at first."""
        async with self.session.get(f"{self.base}/events", timeout=ClientTimeout(10)) as answer:
            assert answer.content_type == "text/event-stream", await answer.text()
            found = b""
            while b"event: parts" not in found or not found.endswith(b"\n\n"):
                found += await answer.content.readany()
        return found.decode()


@dataclass
class Table:
    """The exercise, and who sits there."""

    pages: Served
    folder: ExerciseFolder
    ops: Browser
    browsers: list[Browser]

    @property
    def door(self) -> Door:
        return keep_door(self.folder.exercise_id)

    def browser(self) -> Browser:
        jar = CookieJar(unsafe=True)
        session = ClientSession(self.pages.origin, cookie_jar=jar)
        self.browsers.append(Browser(session, f"/play/{self.folder.exercise_id}"))
        return self.browsers[-1]

    async def joined(self, person: str, role: str, code: str | None = None) -> Browser:
        browser = self.browser()
        assert (await browser.post("/play", code=code or self.door.players_code)).status == 303
        await browser.text()
        answer = await browser.post("join", person=person, role=role)
        assert answer.status == 303, await answer.text()
        await browser.text()
        return browser

    def kinds(self) -> list[str]:
        return [event.kind for event in events_in(self.folder)]


@asynccontextmanager
async def table_in(tmp_path: Path, session: Session | None = None, bind: str = "127.0.0.1") -> AsyncIterator[Table]:
    """A table that is served, with the facilitator signed in."""
    played = session or begun_in(tmp_path)
    async with served(tmp_path, bind, played) as pages, resting_in(pages, played.folder) as table:
        yield table


@asynccontextmanager
async def resting_in(pages: Served, folder: ExerciseFolder) -> AsyncIterator[Table]:
    """The same before anybody has gone on with it."""
    table = Table(pages, folder, Browser(ClientSession(), ""), [])
    await table.ops.session.close()
    table.ops = table.browser()
    table.ops.base = f"/exercises/{folder.exercise_id}"
    try:
        assert (await table.ops.get(f"/?token={pages.access.token}")).status == 303
        await table.ops.text()
        yield table
    finally:
        for browser in table.browsers:
            await browser.session.close()


async def raw_status(pages: Served, path: str, cookie: str = "") -> int:
    """Ask for a path that no client would leave as it is."""
    reader, writer = await asyncio.open_connection("127.0.0.1", pages.client.port)
    writer.write(f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nCookie: {cookie}\r\nConnection: close\r\n\r\n".encode())
    answer = await reader.read()
    writer.close()
    return int(answer.split()[1])


async def test_what_is_in_an_exercise_needs_the_token_on_loopback_too(tmp_path: Path) -> None:
    async with table_in(tmp_path) as table:
        stranger = table.browser()
        for path in (
            "",
            "/log",
            "/events",
            "/artifacts/artifacts/alarm.md",
            "/files/after-action.html",
            "/files/events.jsonl",
        ):
            answer = await stranger.get(table.ops.base + path)
            assert answer.status == 401, path
            assert "alarm" not in (await answer.text()).replace("/artifacts", "")
        for doing in ("take-up", "do/start", "do/publish"):
            assert (await stranger.post(f"{table.ops.base}/{doing}", form=table.ops.form)).status == 403
        listed = await stranger.text("/exercises")
        assert "The primary region stops serving checkout" in listed
        assert f'href="{table.ops.base}"' not in listed
        assert f'href="{table.ops.base}"' in await table.ops.text("/exercises")
        assert table.kinds() == ["exercise_began", "drawn", "drawn"]


async def test_a_whole_exercise_through_plain_forms(tmp_path: Path) -> None:
    async with table_in(tmp_path) as table:
        ops, door = table.ops, table.door
        assert door.players_code in await ops.text()
        api, bo = await table.joined("Api", "incident commander"), await table.joined("Bo", "checkout on-call")
        sre = await table.joined("Sre", "scribe", door.staff_code)
        await ops.do("start")
        await ops.do("publish", inject="alarm", place="inject-1")
        await ops.do("hint", inject="alarm", hint="1")
        assert (await bo.post("say", kind="decision", text="We open an incident", about="alarm")).status == 303
        assert (await bo.post("say", kind="question", text="The whole region?")).status == 303
        question = str(next(event.seq for event in events_in(table.folder) if event.kind == "question"))
        await ops.do("answer", question=question, text="So it seems")
        assert "So it seems" in await bo.text()
        said = str(next(event.seq for event in events_in(table.folder) if event.kind == "decision"))
        await sre.do("done", expected="alarm.1", who="checkout on-call", event=said)
        await ops.do("forward", to="T+6m")
        await ops.do("publish-due")
        assert "no estimate" in await api.text()
        assert "no estimate" not in await bo.text()
        await ops.do("pause", reason="coffee")
        await ops.do("resume")
        fields = {"kind": "decision", "who": "incident commander", "about": "decision", "decides": "failover"}
        await sre.do("write", text="They fail over", **fields)
        await sre.do("write", kind="observation", text="Nobody looked at the lag")
        await sre.do("write", kind="note", text="Lunch at noon")
        await ops.do("leave-out", inject="back", reason="no time left")
        await sre.do("find", sort="improvement", text="Nobody knew the lag", action="Show it", due="2027-01-31")
        await ops.do("rate", objective="decide", rating="S", reason="It took nine minutes")
        await ops.do("end")
        assert "The exercise has ended" in await api.text()
        assert (await api.post("leave")).status == 303
        assert (await api.get()).headers["Location"] == "/play"
        log = await ops.text(f"{ops.base}/log")
        assert "lag" in log
        assert "Lunch at noon" in await sre.text(f"{sre.base}/log")
    assert table.kinds()[3:] == [
        *("joined", "joined", "joined", "clock_started", "inject_published", "hint_given", "decision", "question"),
        *("answer", "expected_done", "clock_skipped", "inject_published", "inject_published", "clock_paused"),
        *("clock_resumed", "decision", "observation", "note", "inject_skipped", "finding", "rating"),
        *("exercise_ended", "left"),
    ]


async def test_a_player_is_sent_no_byte_of_what_is_not_theirs_or_not_yet(tmp_path: Path) -> None:
    async with table_in(tmp_path) as table:
        ops = table.ops
        unseated = table.browser()
        assert (await unseated.post("/play", code=table.door.players_code)).status == 303
        bo = await table.joined("Bo", "checkout on-call")

        async def sent() -> str:
            pages = [await bo.text(), await bo.stream(), await unseated.text(), await unseated.text("/play")]
            return "".join([*pages, *(cookie.value for cookie in bo.session.cookie_jar)])

        for doing in (
            {},
            {"doing": "start"},
            {"doing": "publish", "inject": "alarm"},
            {"doing": "hint", "inject": "alarm"},
            {"doing": "done", "expected": "alarm.1"},
            {"doing": "write", "kind": "note", "text": "a hint of the scribe's"},
            {"doing": "forward", "to": "T+4m"},
            {"doing": "publish", "inject": "customers"},
            {"doing": "leave-out", "inject": "decision", "reason": "they are expected to be tired"},
        ):
            if doing:
                await ops.do(**doing)
            text = (await sent()).replace('\\"', '"')
            assert not [words for words in (*NEVER, *UNPUBLISHED) if words in text], doing
            assert table.door.players_code not in text
            assert table.door.staff_code not in text
            assert table.door.secret not in text
        assert "Orders cannot be paid" in text


async def test_a_file_is_shown_with_its_inject_and_to_those_it_is_for(tmp_path: Path) -> None:
    async with table_in(tmp_path) as table:
        api, bo = await table.joined("Api", "incident commander"), await table.joined("Bo", "checkout on-call")
        file = "artifacts/artifacts/alarm.md"
        assert (await bo.get(f"{bo.base}/{file}")).status == 404
        assert (await table.ops.get(f"{table.ops.base}/{file}")).status == 200
        await table.ops.do("start")
        await table.ops.do("publish", inject="alarm")
        answer = await bo.get(f"{bo.base}/{file}")
        assert (answer.status, answer.content_type) == (200, "text/plain")
        assert answer.headers["Content-Security-Policy"].startswith("sandbox; default-src 'none'")
        assert (await api.get(f"{api.base}/{file}")).status == 404
        for path in (
            "exercise.yaml",
            "events.jsonl",
            "../exercise.yaml",
            "%2e%2e/exercise.yaml",
            "artifacts/../exercise.yaml",
        ):
            assert (await bo.get(f"{bo.base}/artifacts/{path}")).status in (303, 404), path


async def test_a_file_that_is_a_link_to_elsewhere_is_not_shown(tmp_path: Path) -> None:
    async with table_in(tmp_path) as table:
        (tmp_path / "secret.txt").write_text("secret", encoding="utf-8")
        (table.folder.path / "artifacts" / "alarm.md").unlink()
        (table.folder.path / "artifacts" / "alarm.md").symlink_to(tmp_path / "secret.txt")
        assert (await table.ops.get(f"{table.ops.base}/artifacts/artifacts/alarm.md")).status == 404


async def test_a_player_does_what_players_do_and_a_refusal_tells_them_nothing(tmp_path: Path) -> None:
    async with table_in(tmp_path) as table:
        bo = await table.joined("Bo", "checkout on-call")
        early = await bo.post("say", kind="decision", text="We decide")
        assert (early.status, "the clock is not started" in await early.text()) == (409, True)
        await table.ops.do("start")
        before = table.kinds()
        for doing in ("publish", "publish-due", "pause", "hint", "done", "rate", "find", "write", "end", "forward"):
            answer = await bo.post(f"do/{doing}", inject="alarm", expected="alarm.1", kind="note", text="x", to="T+9m")
            assert answer.status == 404, doing
        for fields in (
            {"kind": "decision", "text": "x", "about": "alarm"},
            {"kind": "decision", "text": "x", "about": "nonsense"},
            {"kind": "note", "text": "x"},
            {"kind": "observation", "text": "x"},
            {"kind": "inject_published", "text": "x"},
            {"kind": "decision", "text": " "},
            {"kind": "decision", "text": "x" * 4001},
        ):
            answer = await bo.post("say", **fields)
            text = await answer.text()
            assert answer.status in (400, 409), fields
            assert not [name for name in ("alarm", "customers", '"decision"', "back", "T+") if name in text], fields
        assert table.kinds() == before
        await bo.post("say", kind="action", text="x", expected="alarm.1", who="incident commander", decides="failover")
        said = events_in(table.folder)[-1]
        assert (said.kind, said.data, said.actor.person) == ("action", {"text": "x"}, "Bo")


async def test_what_is_sent_twice_is_written_down_once(tmp_path: Path) -> None:
    async with table_in(tmp_path) as table:
        bo = await table.joined("Bo", "checkout on-call")
        api = await table.joined("Api", "incident commander")
        await table.ops.do("start")
        for text in ("We wait", "We wait", "We fail over", "We wait"):
            assert (await bo.post("say", kind="decision", text=text)).status == 303
        assert (await api.post("say", kind="decision", text="We wait")).status == 303
        said = [str(event.data["text"]) for event in events_in(table.folder) if event.kind == "decision"]
        assert said == ["We wait", "We fail over", "We wait", "We wait"]


async def test_scribe_and_evaluator_do_what_is_theirs_and_no_more(tmp_path: Path) -> None:
    async with table_in(tmp_path) as table:
        await table.ops.do("start")
        eve = await table.joined("Eve", "evaluator", table.door.staff_code)
        await eve.do("rate", objective="rto", rating="p", reason="In time")
        refused = await eve.post("do/publish", inject="alarm")
        assert (refused.status, "may not publish an inject" in await refused.text()) == (409, True)
        assert (await eve.post("do/rate", objective="rto", rating="S", reason=" ")).status == 409
        assert (await eve.post("do/find", sort="opinion", text="x")).status == 409
        assert (await table.ops.post("do/forward", to="soon")).status == 409
        assert (await table.ops.post("do/nonsense")).status == 404
        assert table.kinds()[-2:] == ["joined", "rating"]


@pytest.mark.parametrize("side", ["players", "staff"])
async def test_a_code_opens_its_own_seats_alone(tmp_path: Path, side: str) -> None:
    async with table_in(tmp_path) as table:
        code = table.door.players_code if side == "players" else table.door.staff_code
        wrong = ["scribe", "evaluator"] if side == "players" else ["incident commander", "auditor"]
        browser = table.browser()
        assert (await browser.post("/play", code=code)).status == 303
        text = await browser.text()
        for role in (*wrong, "facilitator", "monitoring", "nobody", ""):
            assert (await browser.post("join", person="Mallory", role=role)).status == 400, role
            assert not role or f'value="{role}"' not in text
        assert (await browser.post("join", person=" ", role="incident commander")).status == 400
        assert (await browser.post("join", person="x" * 65, role="incident commander")).status == 400
        assert (await browser.post("say", kind="decision", text="x")).headers["Location"] == browser.base
        assert "joined" not in table.kinds()


async def test_codes_cannot_be_guessed(tmp_path: Path) -> None:
    async with table_in(tmp_path) as table:
        browser = table.browser()
        assert (await browser.get()).headers["Location"] == "/play"
        for number in range(WRONG_CODES_MOST):
            answer = await browser.post("/play", code=f"AAAA-AAA{number}")
            assert answer.status == 403
            assert "Set-Cookie" not in answer.headers
        answer = await browser.post("/play", code=table.door.players_code)
        assert (answer.status, "Set-Cookie" in answer.headers) == (429, False)
        assert 0 < int(answer.headers["Retry-After"]) <= 60


async def test_a_seat_is_in_a_cookie_that_no_script_and_no_other_site_gets(tmp_path: Path) -> None:
    async with table_in(tmp_path) as table:
        browser = table.browser()
        answer = await browser.post("/play", code=table.door.players_code)
        cookie = answer.headers["Set-Cookie"]
        for flag in ("HttpOnly", "SameSite=Strict", "Path=/play"):
            assert flag in cookie
        assert table.door.secret not in cookie


async def test_a_form_from_elsewhere_says_nothing(tmp_path: Path) -> None:
    async with table_in(tmp_path) as table:
        bo, api = await table.joined("Bo", "checkout on-call"), await table.joined("Api", "incident commander")
        await table.ops.do("start")
        before = table.kinds()
        said = {"kind": "decision", "text": "We give up"}
        assert (await bo.post("say", origin="http://evil.example.test", **said)).status == 403
        assert (await bo.post("say", origin="null", **said)).status == 403
        assert (await bo.post("say", form="", **said)).status == 403
        assert (await bo.post("say", form=api.form, **said)).status == 403
        assert (await bo.post("say", form=table.ops.form, **said)).status == 403
        assert (await bo.post("/play", code=table.door.staff_code, origin="http://evil.example.test")).status == 403
        assert (await table.ops.post("do/end", form=bo.form)).status == 403
        assert (await table.ops.post("do/end", origin="http://evil.example.test")).status == 403
        assert table.kinds() == before
        assert (await bo.post("say", **said)).status == 303


async def test_beyond_loopback_players_reach_their_pages_and_nothing_else(tmp_path: Path) -> None:
    async with table_in(tmp_path, bind="0.0.0.0") as table:
        bo = await table.joined("Bo", "checkout on-call")
        assert "part-injects" in await bo.text()
        for path in ("/", "/exercises", "/drills", "/catalogue", "/metrics", table.ops.base, f"{table.ops.base}/log"):
            assert (await bo.get(path)).status == 401, path
        for path in (
            "/play/../exercises",
            "/play/%2e%2e/exercises",
            "/play/..",
            "//play",
            f"{bo.base}/../../exercises",
        ):
            assert (await raw_status(table.pages, path)) in (401, 404), path
        assert (await table.browser().post(f"{table.ops.base}/do/start", form=table.ops.form)).status == 401
        assert (await bo.get("/play", Host="evil.example.test")).status == 403
        assert table.door.players_code in await table.ops.text()


async def test_every_answer_has_the_headers(tmp_path: Path) -> None:
    async with table_in(tmp_path) as table:
        bo = await table.joined("Bo", "checkout on-call")
        for browser, path in ((table.ops, ""), (table.ops, "/exercises"), (bo, ""), (bo, "/play")):
            headers = (await browser.get(path)).headers
            assert headers["Content-Security-Policy"] == PAGE_POLICY
            assert headers["Cache-Control"] == "no-store"
            assert headers["X-Content-Type-Options"] == "nosniff"
        assert (await bo.get()).headers["Referrer-Policy"] == "same-origin"  # else forms come without an origin


async def test_a_server_that_was_killed_is_started_again_with_nothing_lost_and_every_seat_kept(tmp_path: Path) -> None:
    session = begun_in(tmp_path)
    async with table_in(tmp_path, session) as table:
        bo = await table.joined("Bo", "checkout on-call")
        await table.ops.do("start")
        await table.ops.do("publish", inject="alarm")
        assert (await bo.post("say", kind="decision", text="We open an incident", about="alarm")).status == 303
        seats, code = bo.session.cookie_jar, table.door.players_code
        cookies = {cookie.key: cookie.value for cookie in seats}
    before = table.kinds()
    async with served(tmp_path) as pages, resting_in(pages, session.folder) as again:
        back = again.browser()
        back.session.cookie_jar.update_cookies(cookies)
        back.form = bo.form
        rests = await back.get()
        assert (rests.status, "not going on at the moment" in await rests.text()) == (503, True)
        lost = await back.post("say", kind="action", text="x")
        assert (lost.status, "nothing was written down" in await lost.text()) == (503, True)
        stranger = again.browser()
        assert (await stranger.get()).headers["Location"] == "/play"
        assert "interrupted" in await again.ops.text()
        assert "We open an incident" in await again.ops.text(f"{again.ops.base}/log")
        assert (await again.ops.post("take-up")).status == 303
        assert "paused" in await again.ops.text()
        text = await back.text()
        assert "The health check of checkout" in text
        assert "We open an incident" in text
        await back.post("say", kind="decision", text="We open an incident", about="alarm")  # sent once more
        await again.ops.do("resume")
        assert (await back.post("say", kind="action", text="We look at the lag")).status == 303
        assert again.door.players_code == code
        await again.joined("Api", "incident commander", code)
    assert table.kinds() == [*before, "resumed", "clock_resumed", "action", "joined"]


async def test_an_exercise_that_another_process_plays_is_looked_at_and_left_alone(tmp_path: Path) -> None:
    session = begun_in(tmp_path)
    try:
        async with served(tmp_path) as pages, resting_in(pages, session.folder) as table:
            assert "another process runs it" in await table.ops.text()
            refused = await table.ops.post("take-up", form=pages.access.form_token)
            assert (refused.status, "another process runs this exercise" in await refused.text()) == (409, True)
            assert (await table.ops.post("do/start", form=pages.access.form_token)).status == 409
    finally:
        session.journal.close()
    assert [event.kind for event in events_in(session.folder)] == ["exercise_began", "drawn", "drawn"]


async def test_one_that_has_ended_is_opened_again_for_what_is_said_afterwards(tmp_path: Path) -> None:
    session = begun_in(tmp_path)
    async with table_in(tmp_path, session) as table:
        await table.ops.do("start")
        assert (await table.ops.post("report")).status == 409
        await table.ops.do("end")
    async with served(tmp_path) as pages, resting_in(pages, session.folder) as again:
        file = f"{again.ops.base}/files/after-action.html"
        assert (await again.ops.get(file)).status == 404
        assert (await again.ops.post("report")).headers["Location"] == file
        report = await again.ops.get(file)
        assert report.headers["Content-Security-Policy"].startswith("sandbox")
        assert "The primary region stops serving checkout" in await report.text()
        assert file in await again.ops.text()
        assert (await again.ops.get(f"{again.ops.base}/files/exercise.yaml")).status == 404
        assert (await again.ops.post("take-up")).status == 303
        await again.ops.text()
        await again.ops.do("rate", objective="rto", rating="U", reason="Nobody knew how")
        assert (await again.ops.post("do/resume")).status == 409
    assert table.kinds()[-2:] == ["exercise_ended", "rating"]
