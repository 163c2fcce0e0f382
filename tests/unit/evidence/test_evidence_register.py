"""The auditor's page: static, offline, and harmless whatever the texts hold."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import pytest

from drillrunner.evidence.compose import Given
from drillrunner.evidence.record import Context, Control, SignOff
from drillrunner.evidence.register import chain_words, register_json, render_register, rows_of
from drillrunner.evidence.shelf import Placed, find_record
from drillrunner.evidence.verify import Verification, verify_record, verify_shelf
from evidence_shelves import RUN_ID, add_record, rewrite, sample_run

HOSTILE = '<script>alert(1)</script>\u202e"&'
GIVEN = Given(
    context=Context(
        service=HOSTILE,
        controls=(Control(framework="DORA", reference="Article 25", supports=HOSTILE),),
    ),
    sign_offs=(SignOff(name="A. Auditor", role="audit", text=HOSTILE),),
    retain_until="2033-11-21",
)


@pytest.fixture(scope="module")
def shelf(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("register")
    run = sample_run(folder)
    add_record(folder / "evidence", run)
    add_record(folder / "evidence", run, GIVEN)
    return folder / "evidence"


@pytest.fixture(scope="module")
def found(shelf: Path) -> Verification:
    return verify_shelf(shelf, None)


@pytest.fixture(scope="module")
def page(found: Verification, shelf: Path) -> str:
    return render_register(found, shelf.parent / "pages" / "register.html")


def test_it_says_what_was_tested_when_and_with_which_result(page: str) -> None:
    assert "us-east-1 stops serving; checkout must be served from eu-west-1" in page
    assert "2026-11-21 08:30Z" in page
    assert "rehearsal, simulated" in page
    assert "48.7s–50.1s / ≤ 3m ✓" in page
    assert "2 records, all sound; the chain holds" in page
    assert "A. Auditor, audit" in page
    assert "keep until 2033-11-21" in page
    assert "supports claims" in page


def test_no_script_runs_and_nothing_is_asked_of_the_network(page: str) -> None:
    assert "script-src &#39;none&#39;" in page
    assert "default-src &#39;none&#39;" in page
    assert "<script" not in page
    assert not re.search(r'(?:src|href)="(?:https?:)?//', page)


def test_texts_from_outside_are_made_harmless(page: str) -> None:
    assert page.count("&lt;script&gt;alert(1)&lt;/script&gt;") == 3
    assert "\u202e" not in page
    assert "\\u202e" in page


def test_wide_tables_can_be_scrolled_by_keyboard(page: str) -> None:
    areas = re.findall(r'<div class="scroll"([^>]*)>', page)
    assert len(areas) == 2
    assert all('tabindex="0" role="region" aria-label=' in area for area in areas)


def test_the_reports_are_linked_from_where_the_page_lies(page: str) -> None:
    assert f'<a href="../evidence/0002-{RUN_ID}/report.html">' in page


def test_a_damaged_record_is_at_the_top_of_the_page(shelf: Path, tmp_path: Path) -> None:
    run = sample_run(tmp_path)
    made = add_record(tmp_path / "evidence", run)
    rewrite(made / "report.md", b"other")
    spoiled = verify_shelf(tmp_path / "evidence", None)
    text = render_register(spoiled, tmp_path / "register.html")
    assert text.index("What is wrong") < text.index("What was tested")
    assert "1 record, 1 of them damaged or unreadable" in text
    assert rows_of(spoiled)[0].state == "DAMAGED"


def test_json_holds_the_same(found: Verification) -> None:
    told = register_json(found)
    assert (told["exit_code"], told["gaps"]) == (0, [])
    records = told["records"]
    assert isinstance(records, list)
    assert [record["record"] for record in records if isinstance(record, dict)] == [f"0001-{RUN_ID}", f"0002-{RUN_ID}"]


def test_it_says_no_more_of_the_chain_than_was_looked_at(found: Verification, shelf: Path, tmp_path: Path) -> None:
    assert chain_words(found) == "2 records, all sound; the chain holds"
    second = find_record(shelf, "2")
    assert chain_words(verify_record(second, None)) == "1 record, sound; its place in the chain holds"
    alone = Placed(shutil.copytree(second.path, tmp_path / second.name), 2)
    assert chain_words(verify_record(alone, None)) == "1 record, sound"
