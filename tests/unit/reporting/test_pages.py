"""What a page is made of besides its values: styles, scripts, and the policy that allows them."""

from __future__ import annotations

import base64
import hashlib
import re
from importlib.resources import files

from drillrunner.reporting.pages import content_policy, inlined

VENDOR = files("drillrunner.reporting").joinpath("vendor")


def test_what_is_vendored_is_what_its_list_says() -> None:
    rows = re.findall(
        r"^\| (\S+) \| ([\d.]+) \|.*\| ([0-9a-f]{64}) \|$", VENDOR.joinpath("README.md").read_text(), re.M
    )
    assert [name for name, _, _ in rows] == ["uPlot.iife.min.js", "uPlot.min.css"]
    for name, _, digest in rows:
        assert hashlib.sha256(VENDOR.joinpath(name).read_bytes()).hexdigest() == digest
    assert f"v{rows[0][1]}" in VENDOR.joinpath(rows[0][0]).read_text()[:100]
    assert "MIT License" in VENDOR.joinpath("uPlot.LICENSE").read_text()


def test_the_policy_names_the_hash_of_exactly_what_is_inlined() -> None:
    style, script = inlined("templates/report.css"), inlined("scripts/report.js")
    digest = base64.b64encode(hashlib.sha256(str(script.text).encode()).digest()).decode()
    policy = content_policy([style], [script])
    assert f"script-src 'sha256-{digest}';" in policy
    assert "unsafe" not in policy
    assert policy.startswith("default-src 'none'")


def test_a_page_without_scripts_allows_none() -> None:
    assert "script-src 'none'" in content_policy([inlined("templates/report.css")], [])


def test_no_script_writes_markup_or_makes_code_of_text() -> None:
    text = str(inlined("scripts/report.js").text)
    assert not re.search(r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|eval\(|new Function|fetch\(", text)
