"""What is read of a sound runbook, what is passed over in its Markdown, and files that are no runbook."""

from __future__ import annotations

import contextlib
import time
from datetime import date
from pathlib import Path

import pytest

from drillrunner.errors import InvalidInput, Problem
from drillrunner.files.runbook.file import read_runbook
from drillrunner.model.runbook import Contact, Place, Runbook

ROOT = Path(__file__).parents[3]
HEAD = "---\ndrill: outage\nowner: team-checkout\nreviewed: 2026-11-20\n---\n"


def runbook_of(body: str, folder: Path, head: str = HEAD) -> Runbook:
    path = folder / "outage.md"
    path.write_text(head + body, encoding="utf-8")
    return read_runbook(path)


def problems_of(content: bytes, folder: Path) -> tuple[Problem, ...]:
    path = folder / "outage.md"
    path.write_bytes(content)
    with pytest.raises(InvalidInput) as refused:
        read_runbook(path)
    return refused.value.problems


def test_the_front_matter_says_what_it_is_for_who_answers_for_it_and_whom_to_call(tmp_path: Path) -> None:
    head = (
        "---\ndrill: [outage, second] # both\nowner: team-checkout\nreviewed: 2026-11-20\nreview_every: quarter\n"
        'contacts:\n  - {role: incident commander, how: "#incident"}\n  - {name: duty desk, how: "call ${DESK}"}\n---\n'
    )
    runbook = runbook_of("", tmp_path, head)
    assert runbook.drill_names() == ("outage", "second")
    assert runbook.drills[1].place == Place(line=2, column=17, length=6)
    assert (runbook.owner, runbook.reviewed, runbook.review_every_days) == ("team-checkout", date(2026, 11, 20), 92)
    assert runbook.contacts == (
        Contact(role="incident commander", how="#incident"),
        Contact(name="duty desk", how="call ${DESK}"),
    )


@pytest.mark.parametrize(
    ("written", "days"),
    [("", 180), ("review_every: 90d\n", 90), ("review_every: week\n", 7), ("review_every: year\n", 366)],
)
def test_a_review_is_wanted_twice_a_year_unless_it_says_otherwise(written: str, days: int, tmp_path: Path) -> None:
    assert runbook_of("", tmp_path, HEAD.replace("owner:", written + "owner:")).review_every_days == days


def test_a_runbook_that_nobody_reviewed_says_never(tmp_path: Path) -> None:
    assert runbook_of("", tmp_path, HEAD.replace("2026-11-20", "never")).reviewed is None


def test_a_step_is_a_numbered_item_with_what_its_comments_say(tmp_path: Path) -> None:
    body = (
        "## Fail over\n\n1. Tell support. <!-- not drilled: they know -->\n"
        "1. Move the writer. <!-- step: failover 1, second failback 2; expect: 1m30s -->\n\n"
        "   More about it. <!-- who: on-call engineer --> <!-- a remark -->\n\n   <!-- probe: checkout, orders -->\n"
        "\n## Put back\n\n3) Give it back. <!-- step: revert 1 -->\n"
    )
    tell, move, back = runbook_of(body, tmp_path).steps
    assert (tell.section, tell.number, tell.not_drilled, tell.is_drilled) == ("Fail over", 1, "they know", False)
    assert (move.number, move.text, move.expect_seconds, move.who) == (2, "Move the writer.", 90.0, "on-call engineer")
    assert [(one.drill, one.role, one.number) for one in move.drill_steps] == [
        (None, "failover", 1),
        ("second", "failback", 2),
    ]
    assert [one.probe for one in move.probes] == ["checkout", "orders"]
    assert move.probes[1].place == Place(line=13, column=26, length=6)
    assert (back.section, back.number, back.place.line) == ("Put back", 1, 17)


def test_code_within_a_step_s_words_is_kept_and_comments_are_not(tmp_path: Path) -> None:
    body = "1. See where `dig <!-- a -->` points <!-- probe: health --> now <!-- a remark -->\n"
    (step,) = runbook_of(body, tmp_path).steps
    assert step.text.split() == ["See", "where", "`dig", "<!--", "a", "-->`", "points", "now"]
    assert [mention.probe for mention in step.probes] == ["health"]


def test_code_comments_and_inner_lists_hold_no_steps_and_no_links(tmp_path: Path) -> None:
    body = (
        "1. Only this.\n   1. an inner list\n\n```sh\n2. in code [a](a.md)\n~~~\n3. still in code\n```\n\n"
        "<!-- a remark\n4. in it [b](b.md)\n--> and after it\n\n`<!-- step: x -->` is how a comment is written.\n"
    )
    runbook = runbook_of(body, tmp_path)
    assert [step.text for step in runbook.steps] == ["Only this."]
    assert runbook.links == ()


def test_relative_links_are_looked_for_and_others_passed_over(tmp_path: Path) -> None:
    (tmp_path / "a b.md").write_text("")
    body = (
        "See [one](a%20b.md#x), ![two](<a b.md>), [three](gone.md), [four](https://a.test/b), [five](#six),\n"
        "[six](/root.md), [seven](mailto:a@b.test), [eight](a\x00b.md)\n\n[nine]: ../gone-too.md\n"
    )
    found = {link.target: link.found for link in runbook_of(body, tmp_path).links}
    assert found == {"a%20b.md#x": True, "a b.md": True, "gone.md": False, "a\x00b.md": False, "../gone-too.md": False}


def test_the_shipped_runbooks_are_read_with_windows_line_ends_too(tmp_path: Path) -> None:
    for path in sorted((ROOT / "runbooks").glob("*.md")):
        copy = tmp_path / path.name
        copy.write_bytes(path.read_bytes().replace(b"\n", b"\r\n"))
        assert read_runbook(copy).steps == read_runbook(path).steps


def test_a_runbook_is_the_same_after_a_way_through_json() -> None:
    runbook = read_runbook(ROOT / "runbooks" / "regional-outage.md")
    assert len(runbook.steps) == 10
    assert Runbook.model_validate_json(runbook.model_dump_json()) == runbook


def test_what_is_no_text_file_is_told_as_of_any_file(tmp_path: Path) -> None:
    assert [one.code for one in problems_of(b"---\n\xff\n---\n", tmp_path)] == ["Y106"]
    large = problems_of(b"---\n" + b"x\n" * 600_000, tmp_path)
    assert [(one.code, one.advice) for one in large] == [
        ("Y105", "a runbook is a few kilobytes; is this the right file?")
    ]
    with pytest.raises(InvalidInput) as refused:
        read_runbook(tmp_path / "gone.md")
    assert refused.value.problems[0].advice == "check the path; runbooks are kept in runbooks/"


@pytest.mark.parametrize(
    ("body", "said"),
    [
        (b"\n" * 30_000, "the runbook has 30006 lines; at most 20000 are allowed"),
        (b"1. a\n" * 501, "the runbook has more than 500 steps"),
        (b"[a](b)\n" * 1_001, "the runbook has more than 1000 links to files"),
    ],
    ids=["lines", "steps", "links"],
)
def test_a_runbook_that_holds_too_much_is_refused(body: bytes, said: str, tmp_path: Path) -> None:
    assert [(one.code, one.message) for one in problems_of(HEAD.encode() + body, tmp_path)] == [("R112", said)]


@pytest.mark.parametrize("sign", ["[", "](", "](<", "`", "<!--", "<!--step:-->", "<!-- step: failover 1,", "# ", "1. "])
def test_no_line_keeps_the_reader_busy(sign: str, tmp_path: Path) -> None:
    line = (sign * 10_000)[:10_000]
    path = tmp_path / "outage.md"
    path.write_text(HEAD + f"{line}\n" * 90, encoding="utf-8")
    began = time.process_time()
    with contextlib.suppress(InvalidInput):
        read_runbook(path)
    assert time.process_time() - began < 2.0
