"""Reads `signals` of an environment: who is told of its runs. What may be a secret is shown in no message."""

from __future__ import annotations

import importlib.util
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import get_args

from drillrunner.files.nearest import choices
from drillrunner.files.section import Section, check_name, kind_of, shorten
from drillrunner.files.signal_secrets import VARIABLE, without_secrets
from drillrunner.model.signal import (
    BODY_NAMES,
    EVENT_NAMES,
    TOLD_TO_PEOPLE,
    BodyName,
    EventName,
    GrafanaSpec,
    OtlpSpec,
    SignalSpec,
    WebhookSpec,
)
from drillrunner.yaml_source import ListNode, MapNode, Node, Problems, ScalarNode

PAGERDUTY = "https://events.pagerduty.com/v2/change/enqueue"
_ADDRESS = re.compile(r"https?://[^\s/?#@]+(?:[/?][^\s#]*)?\Z")
_LITERAL_TOKENS = ("token", "routing_key", "password", "api_key")
_OTEL = ("opentelemetry.sdk", "opentelemetry.exporter.otlp.proto.common")


def is_installed(module: str) -> bool:
    try:
        return importlib.util.find_spec(module) is not None
    except ModuleNotFoundError:
        return False


@dataclass(frozen=True)
class SignalReader:
    """Reads the lists of one file. `secrets` is what no message may show; `hide` takes it out of them."""

    installed: Callable[[str], bool] = is_installed
    secrets: tuple[ScalarNode, ...] = ()

    def read(self, section: Section) -> tuple[SignalSpec, ...]:
        """The receivers of an environment, in the file's order; what is wrong with them is noted."""
        specs = [self._entry(section, number, node) for number, node in enumerate(section.items("signals"), start=1)]
        return tuple(spec for spec in specs if spec is not None)

    def hide(self, problems: Problems) -> None:
        """Let no problem show a secret, neither in its message nor in its line."""
        problems.found[:] = [without_secrets(problem, self.secrets) for problem in problems.found]

    def _entry(self, section: Section, number: int, node: Node) -> SignalSpec | None:
        reading = section.reading
        if not isinstance(node, MapNode):
            reading.add("103", f"signal {number} must be a mapping, not {kind_of(node)}", node.span)
            return None
        if len(node.entries) != 1:
            message = f"signal {number} must name one receiver, not {len(node.entries)}"
            reading.problems.add("E118", message, node.span, "begin each with a hyphen, like - webhook: {url: …}")
            return None
        name, (key, body) = next(iter(node.entries.items()))
        reader = self._readers().get(name)
        if reader is None:
            advice = choices(name, self._readers())
            reading.problems.add("E118", f'there is no receiver "{shorten(name)}"', key.span, advice)
            return None
        if not isinstance(body, MapNode):
            reading.add("103", f'"{name}" must be a mapping of keys to values, not {kind_of(body)}', body.span)
            return None
        below = Section(reading, body, f"signal {number} ({name})", key.span)
        _refuse_tokens(below)
        spec = reader(below)
        below.finish()
        return spec

    def _readers(self) -> dict[str, Callable[[Section], SignalSpec]]:
        return {
            WebhookSpec.sink: self._webhook,
            GrafanaSpec.sink: self._grafana,
            OtlpSpec.sink: self._otlp,
        }

    def _webhook(self, section: Section) -> WebhookSpec:
        body: BodyName = "cloudevents"
        taken = section.scalar("body")
        if taken is not None:
            found = next((name for name in BODY_NAMES if name == taken[1]), None)
            body = found or body
            if found is None:
                message, advice = f'there is no body "{shorten(taken[1])}"', choices(taken[1], BODY_NAMES)
                section.reading.problems.add("E121", message, taken[0].span, advice)
        told = EVENT_NAMES if body == "cloudevents" else TOLD_TO_PEOPLE
        on = _events(section) if "on" in section else told
        url, url_env = self._address(section, "url", default=PAGERDUTY if body == "pagerduty" else None)
        token_env = self._variable(section, "token_env", required=body == "pagerduty")
        return WebhookSpec(url=url, url_env=url_env, token_env=token_env, body=body, on=on)

    def _grafana(self, section: Section) -> GrafanaSpec:
        url, url_env = self._address(section, "url")
        return GrafanaSpec(
            url=url,
            url_env=url_env,
            token_env=self._variable(section, "token_env"),
            dashboard_uid=section.text("dashboard_uid"),
            tags=_tags(section),
        )

    def _otlp(self, section: Section) -> OtlpSpec:
        missing = [module for module in _OTEL if not self.installed(module)]
        if missing:
            advice = "pip install 'drillrunner[otel]'"
            section.reading.problems.add("E122", f"otlp needs {missing[0]}", section.span, advice)
        url, url_env = self._address(section, "endpoint")
        token_env = self._variable(section, "token_env")
        taken = section.scalar("token_header")
        if taken is not None:
            check_name(section.reading, taken[1], "a header's name", taken[0].span)
        return OtlpSpec(url=url, url_env=url_env, token_env=token_env, token_header=taken[1] if taken else None)

    def _address(self, section: Section, key: str, default: str | None = None) -> tuple[str | None, str | None]:
        """The address, or the variable that holds it: one of the two."""
        by_name = f"{key}_env"
        here = [each for each in (key, by_name) if each in section]
        span = section.span_of(by_name)
        taken, url_env = section.scalar(key), self._variable(section, by_name)
        if taken is not None and not _ADDRESS.match(taken[1]):
            advice = "write it like https://hooks.example.test/drills"
            section.reading.problems.add("E116", f'"{key}" is no http or https address', taken[0].span, advice)
        if len(here) == 2:
            message = f'{section.name} has both "{key}" and "{by_name}"'
            section.reading.problems.add("E119", message, span, "leave one of them out")
        elif not here and default is None:
            advice = f"an address that is a secret belongs in a variable that {by_name} names"
            section.reading.problems.add("E119", f'{section.name} needs "{key}" or "{by_name}"', section.span, advice)
        return (taken[1] if taken else default if not here else None), url_env

    def _variable(self, section: Section, key: str, *, required: bool = False) -> str | None:
        taken = section.scalar(key, required=required)
        if taken is None:
            return None
        if not VARIABLE.match(taken[1]):
            advice = "name the variable; what it holds does not belong in a file"
            message = f'"{key}" is not the name of an environment variable'
            section.reading.problems.add("E120", message, taken[0].span, advice)
        return taken[1]


def _refuse_tokens(section: Section) -> None:
    for key in _LITERAL_TOKENS:
        if key in section:
            span = section.span_of(key)
            section.drop(key)
            advice = 'did you mean "token_env"? name the environment variable that holds it'
            section.reading.add("102", f'"{key}" does not belong in a file', span, advice)


def _events(section: Section) -> tuple[EventName, ...]:
    (key, written), found = section.left()["on"], []
    nodes = section.items("on")
    for node in nodes:
        text = node.text if isinstance(node, ScalarNode) else kind_of(node)
        names = [name for name in get_args(EventName) if name == text]
        found += names
        if not names:
            message, advice = f'there is no event "{shorten(text)}"', choices(text, EVENT_NAMES)
            section.reading.problems.add("E121", message, node.span, advice)
    if isinstance(written, ListNode) and not nodes:
        section.reading.problems.add("E121", '"on" names no event', key.span, f"one of {', '.join(EVENT_NAMES)}")
    return tuple(found)


def _tags(section: Section) -> tuple[str, ...]:
    tags = []
    for node in section.items("tags"):
        if isinstance(node, ScalarNode) and node.text.strip():
            tags.append(section.reading.variables.fill(node))
        else:
            section.reading.add("103", f"a tag must be a text, not {kind_of(node)}", node.span)
    return tuple(tags)
