"""Small pieces of static SVG. Colours are presentation attributes, so that a drawing reads with styles blocked."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from markupsafe import Markup, escape

from drillrunner.model.duration import format_duration
from drillrunner.reporting.outside_text import visible

Number = int | float

# Okabe and Ito's palette, which the common kinds of colour blindness tell apart; names are classes in the style sheet.
COLOURS = {
    "blue": "#0072b2",
    "orange": "#e69f00",
    "green": "#009e73",
    "sky": "#56b4e9",
    "purple": "#cc79a7",
    "red": "#d55e00",
    "yellow": "#c9b700",
    "grey": "#9aa0a6",
    "ink": "#1f2328",
    "soft": "#59636e",
    "line": "#d1d9e0",
    "panel": "#f3f5f7",
    "white": "#ffffff",
}
CHARACTER_WIDTH = 6.4  # of the 11.5 px label face, a little generous


def figure(value: Number) -> str:
    """A coordinate with at most one decimal."""
    return f"{value:.1f}".removesuffix(".0")


def element(name: str, content: Markup | str = "", /, **attributes: str | Number | None) -> Markup:
    """One element; every attribute and text is escaped. `_` in a name stands for `-`, a trailing one is dropped."""
    parts = [
        Markup(' {}="{}"').format(key.rstrip("_").replace("_", "-"), _value(value))
        for key, value in attributes.items()
        if value is not None
    ]
    inside = content if isinstance(content, Markup) else escape(visible(content))
    return Markup("<{0}{1}>{2}</{0}>").format(Markup(name), Markup("").join(parts), inside)


def _value(value: str | Number) -> str:
    return visible(value, 100_000) if isinstance(value, str) else figure(value)


def group(parts: Sequence[Markup], **attributes: str | Number | None) -> Markup:
    """Elements together."""
    return element("g", Markup("\n").join(parts), **attributes)


def rect(x: Number, y: Number, width: Number, height: Number, colour: str, title: str = "", **more: str) -> Markup:
    """A filled rectangle of a named colour, with a title for pointers and screen readers."""
    inside = element("title", title) if title else Markup("")
    return element(
        "rect",
        inside,
        x=x,
        y=y,
        width=max(0.0, width),
        height=max(0.0, height),
        fill=COLOURS[colour],
        class_=f"f-{colour}",
        **more,
    )


def text(
    x: Number, y: Number, words: str, *, colour: str = "soft", size: Number = 11.5, anchor: str = "start"
) -> Markup:
    """A label."""
    return element(
        "text", words, x=x, y=y, fill=COLOURS[colour], class_=f"f-{colour}", font_size=size, text_anchor=anchor
    )


def line(
    x1: Number, y1: Number, x2: Number, y2: Number, colour: str = "line", width: Number = 1, **more: str | None
) -> Markup:
    """A straight line."""
    return element(
        "line",
        x1=x1,
        y1=y1,
        x2=x2,
        y2=y2,
        stroke=COLOURS[colour],
        class_=f"k-{colour}",
        stroke_width=width,
        **more,
    )


def path(points: str, colour: str, *, width: Number = 1.8, dash: str | None = None) -> Markup:
    """A stroked path."""
    return element(
        "path",
        d=points,
        fill="none",
        stroke=COLOURS[colour],
        class_=f"k-{colour}",
        stroke_width=width,
        stroke_dasharray=dash,
        stroke_linejoin="round",
    )


def area(points: str, colour: str, *, opacity: str = "1", title: str = "", pattern: str | None = None) -> Markup:
    """A filled path; `pattern` names a pattern of this page to fill it with instead."""
    inside = element("title", title) if title else Markup("")
    if pattern is not None:
        return element("path", inside, d=points, fill=f"url(#{pattern})")
    return element("path", inside, d=points, fill=COLOURS[colour], class_=f"f-{colour}", fill_opacity=opacity)


def hatching(name: str) -> Markup:
    """A pattern of faint white diagonals, laid over what must show without its colour."""
    stripe = element(
        "path", d="M-2 2L2 -2M0 8L8 0M6 10L10 6", stroke="#ffffff", stroke_width=1.6, stroke_opacity="0.55"
    )
    tile = element("pattern", stripe, id=name, width=8, height=8, patternUnits="userSpaceOnUse")
    return element("defs", tile)


def haloed(x: Number, y: Number, words: str) -> Markup:
    """A dark label with a white rim, which reads on every colour."""
    return element(
        "text",
        words,
        x=x,
        y=y,
        fill="#111111",
        stroke="#ffffff",
        stroke_width=3,
        stroke_linejoin="round",
        paint_order="stroke",
        font_size=11.5,
        text_anchor="middle",
    )


def square_key(colour: str, *, hatched: bool = False) -> Markup:
    """The sign of a filled colour beside its name."""
    parts = [rect(0, 0, 12, 12, colour, rx="2")]
    if hatched:
        parts.append(element("path", d="M0 7L7 0M5 12L12 5", stroke="#ffffff", stroke_width=1.8))
    return _key(parts, 12)


def line_key(colour: str, width: Number, dash: str | None = None) -> Markup:
    """The sign of a line beside its name."""
    return _key([line(0, 6, 24, 6, colour, width, stroke_dasharray=dash)], 24)


def _key(parts: Sequence[Markup], width: Number) -> Markup:
    inside = Markup("").join(parts)
    return element(
        "svg", inside, viewBox=f"0 0 {figure(width)} 12", width=width, height=12, class_="key", aria_hidden="true"
    )


def drawing(
    parts: Sequence[Markup], width: Number, height: Number, label: str, class_: str = "chart", role: str = "img"
) -> Markup:
    """A whole drawing with its description for screen readers. `role` is `group` where it holds links."""
    inside = Markup("\n").join((element("title", label), *parts))
    return element(
        "svg",
        inside,
        viewBox=f"0 0 {figure(width)} {figure(height)}",
        width=width,
        height=height,
        role=role,
        class_=class_,
        font_family="system-ui, -apple-system, 'Segoe UI', Roboto, 'Helvetica Neue', Arial, sans-serif",
    )


def fits(words: str, width: Number) -> bool:
    """Whether a label has room in so many pixels."""
    return len(words) * CHARACTER_WIDTH + 8 <= width


def clipped(words: str, width: Number) -> str:
    """The label, shortened to so many pixels."""
    most = max(1, int(width / CHARACTER_WIDTH))
    return words if len(words) <= most else words[: most - 1] + "…"


@dataclass(frozen=True, slots=True)
class TimeAxis:
    """Seconds after the run began, laid on pixels `left` to `right`."""

    seconds: float
    left: float
    right: float

    def x(self, moment: float) -> float:
        """The pixel of a moment, kept within the axis."""
        share = min(1.0, max(0.0, moment / self.seconds))
        return self.left + share * (self.right - self.left)

    def ticks(self) -> list[float]:
        """Six to twelve round moments."""
        return ticks(self.seconds, (1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 14_400, 43_200), 10)

    def _anchor(self, x: float) -> str:
        return "end" if x > self.right - 10 else "middle"

    def drawn(self, top: float, bottom: float) -> Markup:
        """Faint uprights with their moments under them."""
        parts = []
        for moment in self.ticks():
            x = self.x(moment)
            parts += [
                line(x, top, x, bottom),
                text(x, bottom + 15, f"+{format_duration(moment)}" if moment else "0", anchor=self._anchor(x), size=11),
            ]
        return group(parts)


def ticks(most: float, steps: Sequence[Number], count: int) -> list[float]:
    """Multiples, from 0 to `most`, of the smallest step that needs at most `count` of them."""
    step = float(next((step for step in steps if most / step <= count), most / count))
    return [number * step for number in range(int(most / step + 1e-9) + 1)]


def value_steps() -> list[float]:
    """1, 2, 5 in every decade from a thousandth to a million."""
    return [digit * 10.0**power for power in range(-3, 7) for digit in (1, 2, 5)]
