"""The pages' templates, styles and scripts: every value from outside is made visible and escaped."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any

import jinja2
from markupsafe import Markup

from drillrunner.reporting import wording
from drillrunner.reporting.outside_text import visible
from drillrunner.reporting.svg import COLOURS


def _finalize(value: Any) -> Any:
    """Every value that a template writes: markup of our own as it is, all else made visible (and then escaped)."""
    if isinstance(value, Markup | jinja2.Undefined):
        return value
    return visible(str(value))


@cache
def page_template(name: str) -> jinja2.Template:
    """A template beside the style sheet; `words` and `colours` are known in all of them."""
    environment = jinja2.Environment(
        loader=jinja2.PackageLoader("drillrunner.reporting", "templates"),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        finalize=_finalize,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.globals.update(words=wording, colours=COLOURS)
    return environment.get_template(name)


@dataclass(frozen=True, slots=True)
class Inlined:
    """A style sheet or script of our own, as it stands in the page, and the source expression that allows it."""

    text: Markup
    source: str


@cache
def inlined(*names: str) -> Inlined:
    """Files of this folder, one after the other."""
    folder = files("drillrunner.reporting")
    text = "\n".join(folder.joinpath(name).read_text(encoding="utf-8").strip() for name in names)
    digest = base64.b64encode(hashlib.sha256(text.encode()).digest()).decode("ascii")
    return Inlined(Markup(text), f"'sha256-{digest}'")


def content_policy(styles: Sequence[Inlined], scripts: Sequence[Inlined]) -> str:
    """The Content-Security-Policy of a page that runs these and no others, and asks nothing of the network."""
    allowed = {
        "default-src": "'none'",
        "style-src": " ".join(one.source for one in styles),
        "script-src": " ".join(one.source for one in scripts) or "'none'",
        "img-src": "data:",
        "base-uri": "'none'",
        "form-action": "'none'",
    }
    return "; ".join(f"{name} {sources}" for name, sources in allowed.items())
