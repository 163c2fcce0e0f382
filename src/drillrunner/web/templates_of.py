"""The templates of the pages: every value from outside is made visible and escaped."""

from __future__ import annotations

from functools import cache
from typing import Any

import jinja2
from markupsafe import Markup

from drillrunner.reporting import wording
from drillrunner.reporting.outside_text import visible


def _shown(value: Any) -> Any:
    return value if isinstance(value, Markup | jinja2.Undefined) else visible(str(value))


@cache
def _environment() -> jinja2.Environment:
    environment = jinja2.Environment(
        loader=jinja2.PackageLoader("drillrunner.web", "templates"),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        finalize=_shown,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.globals.update(words=wording)
    return environment


@cache
def template(name: str) -> jinja2.Template:
    """A template of this room; `words` are the reports' words."""
    return _environment().get_template(name)
