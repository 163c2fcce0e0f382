"""The live view: what a run does and what users see, redrawn on a terminal a few times a second."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Mapping, Sequence
from types import MappingProxyType

from rich.console import Console, Group, RenderableType
from rich.control import Control
from rich.live import Live
from rich.text import Text

from drillrunner.clock import Clock
from drillrunner.model.journal import Entry
from drillrunner.model.plan import Plan
from drillrunner.model.reading import Reading
from drillrunner.model.runbook_walk import StepWord
from drillrunner.reporting.lines import clock_time
from drillrunner.reporting.outside_text import visible
from drillrunner.reporting.picture import (
    Onlooker,
    PhaseMark,
    Picture,
    Row,
    about_words,
    clock_words,
    freeze_words,
    guards_words,
)
from drillrunner.reporting.step_words import is_late, step_keys, step_line
from drillrunner.reporting.wording import length

FRAMES_PER_SECOND = 4
EVENTS_SHOWN = 6
NARROW = 64
_PHASE_MARKS = {"done": ("✓", "green"), "now": ("▶", "bold"), "ahead": ("·", "dim")}
_RTO_STYLES = {"running": "yellow", "met": "green", "over": "red"}


class LiveView:
    """The screen of a run. Use it as a context manager; hand it every entry and reading.

    `durations` is what calls took in earlier runs. Bounded in memory whatever the run's length; safe against the
    thread that redraws it.
    """

    def __init__(
        self, plan: Plan, clock: Clock, console: Console, durations: Mapping[str, float] = MappingProxyType({})
    ) -> None:
        self._plan = plan
        self._clock = clock
        self._console = console
        self._lock = threading.Lock()
        self._onlooker = Onlooker(plan, durations)
        self._step_id = ""  # of the runbook's step that somebody has chosen; empty for the one that is at hand
        self.has_keys = False  # whether somebody reads keys for it
        self._events: deque[str] = deque(maxlen=EVENTS_SHOWN)
        self._size = console.size
        self._live = Live(
            get_renderable=self.render,
            console=console,
            refresh_per_second=FRAMES_PER_SECOND,
            transient=True,
            redirect_stdout=False,
            redirect_stderr=False,
        )

    def __enter__(self) -> LiveView:
        self._live.start(refresh=True)
        return self

    def __exit__(self, *exception: object) -> None:
        self._live.stop()

    def entry(self, entry: Entry) -> None:
        """Show what the entry tells."""
        with self._lock:
            words = self._onlooker.entry(entry)
            if words is not None:
                self._events.append(visible(f"{clock_time(entry.wall)} {words[0]:<7} {words[1]}"))

    def reading(self, reading: Reading) -> None:
        """Count the reading in."""
        with self._lock:
            self._onlooker.reading(reading)

    def key(self, key: str) -> tuple[str, StepWord] | None:
        """A key that was pressed: n and p choose a step of the runbook, b and d say that it is begun or done.

        Gives what is said of which step, to be recorded. What was not begun cannot be done here: a key that is
        pressed twice would end the next step too.
        """
        with self._lock:
            state = self._onlooker.walk.state(self._step_id) or self._onlooker.walk.current()
            ids = [one.step.id for one in self._onlooker.walk.states]
            if key in ("n", "p") and ids:
                at = ids.index(state.step.id) if state is not None else len(ids)
                self._step_id = ids[max(0, min(len(ids) - 1, at + (1 if key == "n" else -1)))]
            elif key in step_keys(state) and state is not None:
                self._step_id = ""
                return state.step.id, "begun" if key == "b" else "done"
        return None

    def render(self) -> RenderableType:
        """One frame, from what is known now, that fits the terminal's width and height."""
        with self._lock:
            picture = self._onlooker.picture(self._clock.monotonic(), step_id=self._step_id)
            events = list(self._events)
        self._wipe_after_resize()
        width, height = self._size
        head = [_header(picture, self._clock.scale, width), _phase_line(picture.phases, width)]
        foot = [_injected_line(picture), self._guards_line(picture), *self._step_line(picture, width)]
        waiting = _waiting_line(picture)
        last = _interrupt_line(picture, self._clock.scale, width)
        room = height - len(head) - len(foot) - 2 * len(waiting) - 2
        rows = [_row(row, width) for row in (*picture.regions, *picture.probes)][: max(1, room)]
        told = events[len(events) - max(0, min(len(events), room - len(rows))) :]
        lines = [*head, *rows, *foot, *(Text(f" {event}", style="dim") for event in told), last]
        for line in lines:
            line.no_wrap, line.overflow = True, "ellipsis"
        return Group(*lines[:-1], *waiting, last)

    def _wipe_after_resize(self) -> None:
        """A terminal folds the last frame's lines anew when it is resized: what is left of them would stay."""
        size = self._console.size
        if size != self._size:
            self._size = size
            self._console.control(Control.clear(), Control.home())

    def _guards_line(self, picture: Picture) -> Text:
        words = guards_words(picture, freeze_words(self._plan, self._clock.wall()))
        return Text(f" GUARDS  {visible(words)}", style="bold red" if picture.stopped else "none")

    def _step_line(self, picture: Picture, width: int) -> list[Text]:
        words = step_line(picture, width, keys=self.has_keys)
        late = picture.step is not None and is_late(picture.step, picture.step_seconds)
        return [Text(visible(words), style="bold yellow" if late else "bold")] if words else []


def _first_that_fits(width: int, variants: Sequence[Text]) -> Text:
    return next((text for text in variants if text.cell_len <= width), variants[-1])


def _header(picture: Picture, scale: float, width: int) -> Text:
    """The clocks are the last thing to go: on a narrow terminal the run, the place and the bar go before them."""
    fast = f" {scale:g}×" if scale != 1 else ""
    name, place = visible(picture.drill), f"  {visible(picture.environment)}{fast}"
    run = f"  run {visible(picture.run_id)}"
    clocks, bar = _clocks(picture), _rto_bar(picture)
    beginnings = [
        (name, place + run),
        (name, place + f"  run {visible(picture.run_id)[-6:]}"),
        (name, place),
        (name, ""),
    ]
    variants = [Text.assemble((first, "bold"), rest, clocks, bar) for first, rest in beginnings]
    variants += [Text.assemble((name[:most], "bold"), clocks) for most in (80, 14, 8)]
    return _first_that_fits(width, variants)


def _clocks(picture: Picture) -> Text:
    text = Text()
    if picture.elapsed_seconds is not None:
        text.append(f"  T+{clock_words(picture.elapsed_seconds)}", style="cyan")
    if picture.rto is not None:
        words = f"  RTO {clock_words(picture.rto.seconds)}/{clock_words(picture.rto.target_seconds)}"
        text.append(words, style=_RTO_STYLES[picture.rto.state])
    return text


def _rto_bar(picture: Picture) -> Text:
    rto = picture.rto
    if rto is None:
        return Text()
    filled = min(8, int(8 * rto.seconds / rto.target_seconds)) if rto.target_seconds else 8
    return Text(f" {'▓' * filled}{'░' * (8 - filled)}", style=_RTO_STYLES[rto.state])


def _phase_line(phases: Sequence[PhaseMark], width: int) -> Text:
    """All of them, or on a narrow terminal the present one and how many are before and after it."""
    whole = Text.assemble(*(_phase(phase) for phase in phases))
    done = sum(phase.state == "done" for phase in phases)
    ahead = sum(phase.state == "ahead" for phase in phases)
    present = [_phase(phase) for phase in phases if phase.state == "now"]
    short = Text.assemble((f" ✓{done}", "green"), *present, (f" ·{ahead}", "dim"))
    return _first_that_fits(width, [whole, short])


def _phase(phase: PhaseMark) -> Text:
    mark, style = _PHASE_MARKS[phase.state]
    return Text(f" {mark}{visible(phase.name)}{f' {phase.steps}' if phase.steps else ''}", style=style)


def _row(row: Row, width: int) -> Text:
    style = "red" if row.failing > 0.5 else "yellow" if row.failing > 0 else "none"
    failing = f"err {100 * row.failing:>3.0f} %"
    if width < NARROW:
        return Text.assemble(f" {visible(row.name)[:12]:<12} ", (row.sparks[-8:], "cyan"), " ", (failing, style))
    text = Text(f" {visible(row.name)[:14]:<14} ")
    text.append(row.sparks, style="cyan")
    text.append(f" {row.per_second:>6.1f} rps  ")
    text.append(failing, style=style)
    text.append(f"  {row.figure:<9}")
    if row.why:
        text.append(f"  {visible(row.why, 40)}", style="red" if row.failing else "dim")
    return text


def _injected_line(picture: Picture) -> Text:
    if not picture.in_effect:
        return Text(" INJECTED nothing", style="dim")
    words = visible(" · ".join(str(one) for one in picture.in_effect))
    return Text(f" INJECTED ({len(picture.in_effect)})  {words}", style="bold red")


def _waiting_line(picture: Picture) -> list[Text]:
    if picture.waiting is None:
        return []
    since = f"since {picture.waiting.wall}, {length(int(picture.waited_seconds))}"
    return [Text(f' waiting: "{visible(picture.waiting.words)}" [enter when done] ({since})', style="bold yellow")]


def _stay_words(changes: int) -> str:
    return "1 change stays" if changes == 1 else f"{changes} changes stay"


def _interrupt_line(picture: Picture, scale: float, width: int) -> Text:
    stay, about = _stay_words(picture.changes_left), about_words(picture, scale)
    if picture.reverting:
        variants = [
            f" putting back · Ctrl-C: leave now, {stay}",
            f" Ctrl-C: leave now, {stay}",
        ]
    else:
        first = f" Ctrl-C: stop and put back{about}"
        variants = [f"{first} · again: leave now, {stay}", first, f" Ctrl-C: put back{about}"]
    return _first_that_fits(width, [Text(words, style="dim") for words in variants])
