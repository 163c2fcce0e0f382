"""Data as YAML that a person reads: keys in their order, scripts as blocks, every text as itself."""

from __future__ import annotations

from typing import Any

import yaml


class Script(str):
    """A text of several lines, written as a block."""

    __slots__ = ()


class _Dumper(yaml.SafeDumper):
    """Knows scripts, and writes the same data twice instead of naming it."""

    def ignore_aliases(self, data: Any) -> bool:
        return True

    def increase_indent(self, flow: bool = False, indentless: bool = False) -> None:
        """Lists are indented below their key."""
        super().increase_indent(flow, False)


_Dumper.add_representer(
    Script, lambda dumper, data: dumper.represent_scalar("tag:yaml.org,2002:str", str(data), style="|")
)


def yaml_text(*documents: Any) -> str:
    """The documents, each below its own `---` where there are several."""
    dumped = [yaml.dump(one, Dumper=_Dumper, sort_keys=False, width=1000, allow_unicode=True) for one in documents]
    return "---\n".join(dumped)
