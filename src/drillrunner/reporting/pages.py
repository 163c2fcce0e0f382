"""The pages' templates: every value that comes from outside is made visible and escaped."""

from __future__ import annotations

from functools import cache
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
