"""A tabletop exercise in real browsers: a facilitator, two players, a server that is killed, and the report."""

from __future__ import annotations

import json
import shutil
import socket
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from drillrunner.files.exercise.folder import ExerciseFolder, exercise_folders
from drillrunner.files.exercise.journal import read_events
from drillrunner.model.exercise_event import ExerciseEvent
from hostile import ARMED, without_halves
from sheets import DARK, LIGHT, NO_SCRIPTS, PHONE, Look, Sheet, faults, opened
from stages import ROOT, Stage, stage_in

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

pytestmark = [pytest.mark.browser, pytest.mark.timeout(240)]

SMALL = ROOT / "tests" / "data" / "exercises"
PRINTED = 5
OF_A_DEAD_SERVER = ("ERR_CONNECTION", "ERR_INCOMPLETE_CHUNKED", "ERR_EMPTY_RESPONSE", "status of 503", "status of 401")


@dataclass
class Host:
    """`drill serve --exercise` on one port, that can be killed and started again."""

    stage: Stage
    exercise: str
    port: int
    lines: list[str] = field(default_factory=list)
    process: Any = None

    def start(self, *words: str) -> None:
        command = ("serve", "--port", str(self.port), "--reports", str(self.stage.reports), "--exercise", self.exercise)
        self.process = self.stage.start(*command, *words)
        self.lines = [self.process.stdout.readline().strip() for _ in range(PRINTED)]
        assert self.lines[-1], self.process.stderr.read()

    def kill(self) -> None:
        self.process.kill()
        self.process.communicate()

    @property
    def origin(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def desk(self) -> str:
        return self.lines[2].split()[-1]

    @property
    def players_code(self) -> str:
        return self.lines[3].split()[-1]

    @property
    def staff_code(self) -> str:
        return self.lines[4].split()[-1]

    @property
    def folder(self) -> ExerciseFolder:
        return next(exercise_folders(self.stage.reports))

    def events(self) -> tuple[ExerciseEvent, ...]:
        return read_events(self.folder).events


@contextmanager
def hosting(stage: Stage, exercise: str, *words: str) -> Iterator[Host]:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    host = Host(stage, exercise, port)
    host.start(*words)
    try:
        yield host
    finally:
        host.kill()


def small_stage(folder: Path) -> Stage:
    """With the shipped drill and the tests' exercise of it."""
    stage = stage_in(folder)
    shutil.copy(ROOT / "drills" / "regional-outage.yaml", stage.folder / "drills")
    shutil.copytree(SMALL, stage.folder / "drills" / "exercises")
    return stage


def sit_down(page: Page, host: Host, person: str, role: str, code: str | None = None) -> None:
    page.goto(f"{host.origin}/play")
    page.get_by_label("The code that the facilitator gave you").fill((code or host.players_code).lower())
    page.get_by_role("button", name="Join").click()
    page.get_by_label("Your name").fill(person)
    page.get_by_label("Your role").select_option(role)
    page.get_by_role("button", name="Sit down").click()
    page.locator("#say-form, #write-form").wait_for()


def say(page: Page, kind: str, text: str, about: str | None = None) -> None:
    if about:
        page.locator("#say-about").select_option(about)
    page.locator("#say-text").fill(text)
    page.locator(f"#say-{kind}").click()
    page.locator("#part-said, #part-questions").get_by_text(text).first.wait_for()
    assert page.locator("#say-text").input_value() == ""


def put_forward(desk: Page, to: str) -> None:
    desk.locator("#forward-to").fill(to)
    desk.locator("#forward").click()
    desk.locator("#part-state", has_text=f"T+{to[2:].zfill(3)[:-1]}:").wait_for()


def inject(desk: Page, name: str) -> Any:
    return desk.locator("article.inject", has=desk.locator("h3", has_text=name)).first


def tick(desk: Page, name: str, action: str, said: str | None = None) -> None:
    """An expected action of an inject was done, perhaps as somebody said."""
    row = inject(desk, name).locator(".expected li", has_text=action)
    if said:
        option = row.locator("option", has_text=said)
        option.wait_for(state="attached")
        row.get_by_label("as said in").select_option(option.get_attribute("value"))
    row.get_by_role("button").click()
    row.get_by_text("done at").wait_for()


def publish(desk: Page, name: str) -> None:
    inject(desk, name).get_by_role("button", name="Publish").click()
    inject(desk, name).get_by_text("published at").wait_for()


def publish_what_is_due(desk: Page) -> None:
    desk.locator("#publish-due.main").click()
    desk.locator("#publish-due", has_text="(0)").wait_for()


def forgive_the_dead_server(*sheets: Sheet) -> None:
    """What a browser complains of while nobody answers."""
    for sheet in sheets:
        sheet.complaints[:] = [one for one in sheet.complaints if not any(why in one for why in OF_A_DEAD_SERVER)]


def test_a_whole_exercise_from_plan_to_report_with_a_kill_in_the_middle(
    browser: Browser, tmp_path: Path, kept: Path
) -> None:
    stage = small_stage(tmp_path / "work")
    shutil.rmtree(stage.folder / "drills" / "exercises")
    planned = stage.drill("tabletop", "plan", "regional-outage", "--runs", "1")
    assert planned.returncode == 0, planned.stderr
    with ExitStack() as stack:
        host = stack.enter_context(hosting(stage, "regional-outage", "--seed", "3"))
        sheets = [stack.enter_context(opened(browser, host.origin + "/play", within=host.origin)) for _ in range(3)]
        desk, api, bo = (sheet.page for sheet in sheets)
        desk.goto(host.desk)
        assert "token" not in desk.url
        sit_down(api, host, "Api", "incident commander")
        sit_down(bo, host, "Bo", "on-call engineer of checkout")
        desk.locator(".present", has_text="Bo (on-call engineer of checkout)").wait_for()

        desk.get_by_role("button", name="Start the clock").click()
        put_forward(desk, "T+1m")
        publish_what_is_due(desk)
        bo.locator("#part-injects", has_text="health is unhealthy").wait_for()
        bo.locator("#part-injects img").wait_for()
        assert api.locator("#part-injects img").evaluate("image => image.naturalWidth") > 300
        say(bo, "decision", "This is an incident. I lead until Api is there.", "alarm")
        say(bo, "question", "Is it the whole region?")
        desk.locator("#part-questions textarea").fill("The provider's page says nothing")
        desk.get_by_role("button", name="Answer question").click()
        bo.locator("#part-questions", has_text="The provider's page says nothing").wait_for()
        tick(desk, "alarm", "Acknowledge the alarm", "This is an incident")
        desk.screenshot(path=str(kept / "tabletop-desk.png"), full_page=True)
        bo.screenshot(path=str(kept / "tabletop-player.png"), full_page=True)
        assert [fault for sheet in sheets for fault in faults(sheet)] == []

        api.locator("#say-text").fill("We fail over as soon as")
        before, code = host.events(), host.players_code
        host.kill()
        api.locator("#connection", has_text="The connection is lost").wait_for()
        api.locator("#say-text").press_sequentially(" we know the lag")
        api.locator("#say-decision").click()
        api.locator("#refused", has_text="It was not sent").wait_for()
        api.screenshot(path=str(kept / "tabletop-player-lost.png"), full_page=True)
        host.start()
        assert "interrupted once" in host.lines[1]
        assert host.players_code == code
        desk.goto(host.desk)
        desk.locator("#part-state", has_text="paused").wait_for()
        desk.locator("#part-state", has_text="interrupted once").wait_for()
        assert "This is an incident" in desk.locator("#part-said").inner_text()
        bo.locator("#part-state", has_text="paused").wait_for()
        assert "I lead until Api is there" in bo.locator("#part-said").inner_text()
        desk.get_by_role("button", name="Resume").click()
        api.locator("#part-state", has_text="the clock runs").wait_for()
        assert api.locator("#say-text").input_value() == "We fail over as soon as we know the lag"
        api.locator("#say-decision").click()
        api.locator("#part-said", has_text="as soon as we know the lag").wait_for()
        assert api.locator("#refused").inner_text() == ""
        forgive_the_dead_server(*sheets)
        assert host.events()[: len(before)] == before

        put_forward(desk, "T+2m")
        publish_what_is_due(desk)
        api.locator("#part-injects", has_text="Do you fail over?").wait_for()
        say(api, "decision", "Fail over now. Bo moves the writer.", "decision")
        tick(desk, "decision", "Decide to fail over", "Fail over now")
        put_forward(desk, "T+31m")
        publish_what_is_due(desk)
        desk.locator("#rating-1").select_option("S")
        desk.locator("#reason-1").fill("Decided in time, but nobody knew the lag")
        desk.locator("#rate-1").click()
        desk.locator("#objective-1", has_text="performed with some challenges").wait_for()
        desk.get_by_text("Write a finding…").click()
        desk.get_by_label("What was found").fill("The lag is on no dashboard")
        desk.get_by_label("What is to be done").fill("Put the lag onto the dashboard")
        desk.locator("#find-send").click()
        desk.locator("#part-findings", has_text="to do: Put the lag onto the dashboard").wait_for()
        desk.get_by_text("End the exercise…").click()
        desk.get_by_role("button", name="Yes, end it for everybody").click()
        api.locator("#part-state", has_text="The exercise has ended").wait_for()
        desk.get_by_role("button", name="Write the after-action report").click()
        desk.wait_for_url("**/files/after-action.html")
        desk.screenshot(path=str(kept / "tabletop-report.png"), full_page=True)
        told = desk.locator("body").inner_text()
        assert "Nobody decided to fail over" not in told
        for words in (
            "The lag is on no dashboard",
            "nobody knew the lag",
            "Api",
            "Fail over now. Bo moves the writer.",
        ):
            assert words in told, words
        events = host.events()
    kinds = [event.kind for event in events]
    assert [event.seq for event in events] == list(range(1, len(events) + 1))
    assert (kinds.count("resumed"), kinds.count("joined"), kinds[-1]) == (1, 2, "exercise_ended")
    assert [str(event.data["text"]) for event in events if event.kind == "decision"] == [
        "This is an incident. I lead until Api is there.",
        "We fail over as soon as we know the lag",
        "Fail over now. Bo moves the writer.",
    ]


@pytest.fixture(scope="module")
def host(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Host]:
    """A small exercise that is under way, with one inject published."""
    stage = small_stage(tmp_path_factory.mktemp("tabletop") / "work")
    with hosting(stage, "regional-outage", "--seed", "2") as host:
        yield host


@pytest.mark.parametrize("look", [LIGHT, DARK, PHONE], ids=["light", "dark", "phone"])
def test_no_serious_fault_is_found_and_a_phone_scrolls_up_and_down_alone(
    browser: Browser, host: Host, kept: Path, look: Look
) -> None:
    name = "phone" if look == PHONE else "dark" if look.dark else "light"
    with opened(browser, host.desk, look, within=host.origin) as sheet:
        page = sheet.page
        if page.locator("#start").count():
            page.locator("#start").click()
            publish(page, "alarm")
        for path in ("", "/log"):
            page.goto(host.desk.partition("?")[0] + path)
            page.screenshot(path=str(kept / f"tabletop-desk{path.replace('/', '-')}-{name}.png"), full_page=True)
            assert faults(sheet) == []
            assert page.evaluate("document.documentElement.scrollWidth") <= look.width
        for address in ("/exercises", "/play"):
            page.goto(host.origin + address)
            assert faults(sheet) == []
        sit_down(page, host, "Bo", "checkout on-call")
        page.screenshot(path=str(kept / f"tabletop-play-{name}.png"), full_page=True)
        assert faults(sheet) == []
        assert page.evaluate("document.documentElement.scrollWidth") <= look.width
        sit_down(page, host, "Sre", "scribe", host.staff_code)
        assert faults(sheet) == []


def test_what_somebody_is_typing_stays_while_the_page_is_drawn_anew(browser: Browser, host: Host) -> None:
    with opened(browser, host.desk, within=host.origin) as desk, opened(browser, host.origin, within=host.origin) as bo:
        if desk.page.locator("#start").count():
            desk.page.locator("#start").click()
        sit_down(bo.page, host, "Bo", "checkout on-call")
        say(bo.page, "question", "May I reboot it?")
        bo.page.evaluate("document.querySelector('#part-questions .item').here = true")
        answer = desk.page.locator("#part-questions textarea").first
        answer.press_sequentially("Yes, but")
        say(bo.page, "question", "Or should I wait?")
        desk.page.locator("#part-questions", has_text="Or should I wait?").wait_for()
        desk.page.keyboard.type(" wait")
        focused = desk.page.locator(":focus")
        assert (focused.get_attribute("name"), focused.input_value()) == ("text", "Yes, but wait")
        read_already = bo.page.evaluate(
            "[...document.querySelectorAll('#part-questions .item')].map((one) => one.here)"
        )
        assert read_already == [None, True], "what was read out already is drawn, and read out, again"
        reason = desk.page.locator("#reason-1")
        reason.fill("not yet sent")
        desk.page.locator("#rating-2").select_option("P")
        desk.page.locator("#reason-2").fill("in time")
        desk.page.locator("#rate-2").click()
        desk.page.locator("#objective-2", has_text="performed without challenges").wait_for()
        desk.page.wait_for_timeout(300)
        assert (reason.input_value(), desk.page.locator("#reason-2").input_value()) == ("not yet sent", "")


def test_the_keyboard_alone_pauses_and_goes_on(browser: Browser, host: Host) -> None:
    with opened(browser, host.desk, within=host.origin) as sheet:
        page = sheet.page
        if page.locator("#start").count():
            page.locator("#start").press("Enter")
        page.locator("#pause").press("Enter")
        page.locator("#resume").wait_for()
        page.locator("#resume").press("Space")
        page.locator("#pause").wait_for()
        page.get_by_text("Leave it out…").last.press("Enter")
        page.get_by_label("Why", exact=True).last.fill("no time")
        page.get_by_label("Why", exact=True).last.press("Enter")
        page.locator("#part-log", has_text="no time").wait_for()


def test_without_scripts_everything_works_through_plain_forms(browser: Browser, tmp_path: Path) -> None:
    stage = small_stage(tmp_path / "work")
    with (
        hosting(stage, "regional-outage", "--seed", "2") as host,
        opened(browser, host.desk, NO_SCRIPTS, within=host.origin) as desk,
        opened(browser, host.origin, NO_SCRIPTS, within=host.origin) as bo,
    ):
        sit_down(bo.page, host, "Bo", "checkout on-call")
        desk.page.get_by_role("button", name="Start the clock").click()
        publish(desk.page, "alarm")
        bo.page.get_by_role("link", name="Show what is new").click()
        assert "The health check of checkout" in bo.page.locator("#part-injects").inner_text()
        say(bo.page, "decision", "We open an incident", "alarm")
        desk.page.get_by_role("link", name="Load it again").click()
        tick(desk.page, "alarm", "Declare an incident", "We open an incident")
        bo.page.get_by_role("button", name="Leave the table").click()
        assert bo.page.url == f"{host.origin}/play"


def test_hostile_words_run_and_load_nothing(browser: Browser, tmp_path: Path) -> None:
    stage = small_stage(tmp_path / "work")
    file = stage.folder / "drills" / "exercises" / "regional-outage.yaml"
    evil = " ".join(without_halves(text) for text in ARMED[:2])
    words = file.read_text(encoding="utf-8").replace(
        "The primary region stops serving checkout", json.dumps(evil[:150], ensure_ascii=False)
    )
    for text in (
        '"The health check of checkout in us-east-1 is failing."',
        "Do not say yet that the whole region is gone.",
    ):
        assert text in words
        words = words.replace(text, json.dumps(evil, ensure_ascii=False))
    file.write_text(words, encoding="utf-8")
    with (
        hosting(stage, "regional-outage", "--seed", "2") as host,
        opened(browser, host.desk, within=host.origin) as desk,
        opened(browser, host.origin, within=host.origin) as bo,
    ):
        sit_down(bo.page, host, ARMED[0].strip()[:64], "checkout on-call")
        desk.page.locator("#start").click()
        publish(desk.page, "alarm")
        bo.page.locator("#part-injects article").wait_for()
        for text in ARMED[:2]:
            bo.page.locator("#say-text").fill(text.strip())
            bo.page.locator("#say-decision").click()
            bo.page.locator("#connection", has_text="Written down.").wait_for()
        desk.page.locator("#part-said .item").nth(1).wait_for()
        for sheet in (desk, bo):
            assert (
                sheet.page.locator("main script, main iframe, main svg, base, main [onerror], main [onload]").count()
                == 0
            )
            assert "<script>" in sheet.text("#part-said")
        desk.page.goto(desk.page.url.partition("#")[0] + "/log")
        desk.page.goto(f"{host.origin}/exercises")
