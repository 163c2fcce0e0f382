"""Outside text in Markdown stays text."""

from __future__ import annotations

import pytest

from drillrunner.reporting.markdown import escaped


@pytest.mark.parametrize(
    ("outside", "written"),
    [
        ("a|b", r"a\|b"),
        ("*bold* _it_ `code`", r"\*bold\* \_it\_ \`code\`"),
        ("[x](y) ![z](w)", r"\[x\]\(y\) \!\[z\]\(w\)"),
        ("<b>&amp;", "&lt;b&gt;&amp;amp;"),
        ("@team-checkout", "@<!-- -->team-checkout"),
        ("fixes #12", r"fixes \#12"),
        ("https://evil.test", "https<!-- -->://evil.test"),
        ("www.evil.test", "www<!-- -->.evil.test"),
        ("- item", "<!-- -->- item"),
        ("1. item", "<!-- -->1. item"),
        ("two\nlines", "two\\\\nlines"),
        ("us-east-1", "us-east-1"),
    ],
)
def test_each_significant_character_is_harmless(outside: str, written: str) -> None:
    assert escaped(outside) == written
