"""Strings that a hostile or unlucky outside may send: names, regions, reasons, errors, the words of a step.

A page that shows them must hold no element, attribute or script of theirs, and show what they hide.
"""

from __future__ import annotations

MARKUP = (
    "<script>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    "<svg/onload=alert(1)>",
    '<a href="javascript:alert(1)">x</a>',
    "javascript:alert(1)",
    "</script><script>alert(1)</script>",
    "</title></style></textarea></svg><script>alert(1)</script>",
    "<!--",
    "--><script>alert(1)</script>",
    "<!--<script>",
    "]]><script>alert(1)</script>",
    '" onmouseover="alert(1)',
    "' onfocus='alert(1)' autofocus='",
    "`onload=alert(1)",
    "<iframe srcdoc='<script>alert(1)</script>'>",
    "<math><mi//xlink:href='data:x,<script>alert(1)</script>'>",
    "<base href=https://evil.example.test/>",
    "<meta http-equiv=refresh content=0;url=https://evil.example.test/>",
    "<form action=https://evil.example.test/><button>x</button></form>",
    "url(https://evil.example.test/)",
    "</style><style>*{background:url(https://evil.example.test/)}",
)
TEMPLATES = ("{{ 7*7 }}", "{% raw %}", "{# #}", "${7*7}", "<%= 7*7 %>", "#{7*7}", "%(x)s", "{0}")
ENTITIES = ("&lt;script&gt;", "&#60;script&#62;", "%3Cscript%3E", "\\u003cscript\\u003e", "&amp;lt;")
HIDDEN = (
    "\u202eevil\u202c",
    "\u2066evil\u2069",
    "\u200eleft\u200fright",
    "zero\u200bwidth\ufeff",
    "line\u2028para\u2029graph",
    "\x1b[31mred\x1b[0m",
    "nul\x00bell\x07",
    "a\tb\r\nc",
    "\U000e0041tag",
)
HALVES = ("\ud800", "x\udfffy", "\udc00\ud800")
NAMES = ("__proto__", "constructor", "toString", "NaN", "null", "")
LONG = ("A" * 5000, "界" * 700)

EVERY: tuple[str, ...] = (*MARKUP, *TEMPLATES, *ENTITIES, *HIDDEN, *HALVES, *NAMES, *LONG)
# what must never stand in a page, a table or an attribute as it is
FORBIDDEN_CHARACTERS = frozenset("\u202e\u202c\u2066\u2069\u200e\u200f\u2028\u2029\ufeff\x1b\x00\x07\ud800\udfff\udc00")


def batches(characters: int = 450) -> list[str]:
    """All of them but the long ones, put together in texts of about so many characters."""
    texts = [""]
    for one in EVERY:
        if one in LONG:
            continue
        if len(texts[-1]) + len(one) > characters:
            texts.append("")
        texts[-1] += f" {one}"
    return texts
