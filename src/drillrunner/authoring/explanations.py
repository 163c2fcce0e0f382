"""What each code means, from the Markdown files in `explanations/`: one section for each code.

```
## D102 a key is not known here

What it means, in two or three sentences.

~~~yaml wrong
recovery: {witin: 5m}
~~~

~~~yaml mended
recovery: {within: 5m}
~~~
```

An example is a part of a file that is otherwise right (of a runbook `yaml` is a part of its front matter, `markdown`
all that follows it; of a calendar `ics` is what an event holds beside its UID); one that is marked `whole` is all of
it. A code that no file can show has a paragraph that begins with "No example:" instead, and so may a whole file of
sections.
"""

from __future__ import annotations

import functools
import re
from importlib import resources

from drillrunner.model.noun import Noun

_FOLDER = "explanations"
_SECTION = re.compile(r"^## (\w\d{3}) (.+)$", re.MULTILINE)
_EXAMPLE = re.compile(r"^~~~(?:yaml|markdown|ics) (wrong|mended)( whole)?\n(.*?)^~~~$\n?", re.MULTILINE | re.DOTALL)
NO_EXAMPLE = "No example: "


class Explanation(Noun):
    """One code: its title, what it means, and an example that is wrong beside the same mended.

    `whole` says that the examples are whole files. Where there is none, `no_example` says why.
    """

    code: str
    title: str
    meaning: str
    wrong: str | None = None
    mended: str | None = None
    whole: bool = False
    no_example: str | None = None


@functools.cache
def explanations() -> dict[str, Explanation]:
    """Every explanation, by its code, in the order of the codes."""
    folder = resources.files("drillrunner.authoring").joinpath(_FOLDER)
    texts = [file.read_text("utf-8") for file in folder.iterdir() if file.name.endswith(".md")]
    found = [explanation for text in texts for explanation in _sections(text)]
    return {explanation.code: explanation for explanation in sorted(found, key=lambda each: each.code)}


def _sections(text: str) -> list[Explanation]:
    """The sections of one file. What stands before the first holds for those that have no example."""
    preamble, *parts = _SECTION.split(text)
    _, shared = _prose(preamble)
    return [_explanation(code, title, body, shared) for code, title, body in zip(*[iter(parts)] * 3, strict=True)]


def _explanation(code: str, title: str, body: str, shared: str | None) -> Explanation:
    examples = {which: (example, bool(whole)) for which, whole, example in _EXAMPLE.findall(body)}
    meaning, own = _prose(_EXAMPLE.sub("", body))
    wrong, whole = examples.get("wrong", (None, False))
    mended, _ = examples.get("mended", (None, False))
    reason = None if wrong else own or shared
    return Explanation(
        code=code, title=title, meaning=meaning, wrong=wrong, mended=mended, whole=whole, no_example=reason
    )


def _prose(text: str) -> tuple[str, str | None]:
    """The paragraphs, and apart from them the one that says why there is no example."""
    paragraphs = [" ".join(paragraph.split()) for paragraph in text.strip().split("\n\n")]
    reasons = [paragraph.removeprefix(NO_EXAMPLE) for paragraph in paragraphs if paragraph.startswith(NO_EXAMPLE)]
    meaning = [paragraph for paragraph in paragraphs if not paragraph.startswith(NO_EXAMPLE)]
    return "\n\n".join(meaning).strip(), reasons[0] if reasons else None
