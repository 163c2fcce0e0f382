"""The content lines of an iCalendar file (RFC 5545, section 3.1): unfolded, each knowing where its characters stand.

Lines are unfolded as octets, as a fold may tear a character of UTF-8 apart. They end in CRLF, LF or CR; blank ones are
passed over. Only the properties that are asked for are kept; of the others the name alone is read.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

from drillrunner.yaml_source import Problems, Span

MOST_LINES = 60_000
MOST_PROBLEMS = 100
_BREAK = re.compile(rb"\r\n|\n|\r")
_BOM = b"\xef\xbb\xbf"
_NAME = re.compile(r"([A-Za-z0-9_-]+)(?=[;:])")
_PARAM_VALUE = '(?:"[^"]*"|[^";:,]*)'
_PARAM = re.compile(rf";([A-Za-z0-9-]+)=({_PARAM_VALUE}(?:,{_PARAM_VALUE})*)")


class Piece(NamedTuple):
    """What a physical line holds of a content line. `indent` is how many characters stand before it."""

    line: int
    indent: int
    octets: bytes


class ContentLine(NamedTuple):
    """`NAME;PARAMETER=value:value`. `name` is in capitals, `name_length` says where it ends in `text`."""

    name: str
    name_length: int
    text: str
    pieces: tuple[Piece, ...]

    @property
    def number(self) -> int:
        """The physical line that it begins on."""
        return self.pieces[0].line

    def span(self, at: int = 0, length: int | None = None) -> Span:
        """Where so many characters of the text from `at` on stand; those on the first line of them, if it is folded."""
        offset = len(self.text[:at].encode())
        piece = self.pieces[0]
        for piece in self.pieces:
            if offset < len(piece.octets):
                break
            offset -= len(piece.octets)
        before = piece.octets[:offset].decode("utf-8", "replace")
        there = len(piece.octets[offset:].decode("utf-8", "replace"))
        wanted = len(self.text) - at if length is None else length
        return Span(piece.line, piece.indent + len(before) + 1, max(1, min(wanted, there)))


class Property(NamedTuple):
    """A content line taken apart. `params` are by their name in capitals; `at` is where the value begins."""

    line: ContentLine
    params: dict[str, str]
    value: str
    at: int

    def span(self, at: int = 0, length: int | None = None) -> Span:
        """Where so many characters of the value from `at` on stand."""
        return self.line.span(self.at + at, len(self.value) - at if length is None else length)


def content_lines(data: bytes, problems: Problems, wanted: frozenset[str]) -> Iterator[ContentLine]:
    """The lines whose names are wanted. The others are noted where they are no content lines. Raises InvalidInput."""
    physical = _BREAK.split(data.removeprefix(_BOM))
    if len(physical) > MOST_LINES:
        problems.stop("I116", f"the calendar has {len(physical)} lines; at most {MOST_LINES} are allowed")
    problems.lines = tuple(line.decode("utf-8", "replace") for line in physical)
    if b"\0" in data:
        number = next(number for number, line in enumerate(physical, 1) if b"\0" in line)
        column = len(physical[number - 1].partition(b"\0")[0].decode("utf-8", "replace")) + 1
        message = "holds the control character U+0000: this is not a text file"
        problems.stop("Y106", message, Span(number, column), "save the file as UTF-8 text")
    if not data.removeprefix(_BOM).strip():
        problems.stop("Y104", "the file is empty", advice="export the calendar again")
    for number, pieces in enumerate(_unfolded(physical)):
        if not number and pieces[0].octets.strip().upper() != b"BEGIN:VCALENDAR":
            span = Span(pieces[0].line, 1, len(problems.lines[pieces[0].line - 1]))
            problems.stop("I101", "this is not a calendar", span, "an iCalendar file begins with BEGIN:VCALENDAR")
        line = _content_line(pieces, problems)
        if line and line.name in wanted:
            yield line


def parsed(line: ContentLine, problems: Problems) -> Property | None:
    """The line's parameters and value; None, noted, where they cannot be told apart."""
    params, at = {}, line.name_length
    while match := _PARAM.match(line.text, at):
        params[match.group(1).upper()] = match.group(2).strip('"')
        at = match.end()
    if line.text[at : at + 1] == ":":
        return Property(line, params, line.text[at + 1 :], at + 1)
    advice = f"write {line.name};PARAMETER=value:value; quote a parameter's value that holds ; : or ,"
    problems.add("I102", f"the parameters of {line.name} cannot be read", line.span(at), advice)
    return None


def _unfolded(physical: list[bytes]) -> Iterator[tuple[Piece, ...]]:
    pieces: list[Piece] = []
    for number, line in enumerate(physical, 1):
        if pieces and line[:1] in {b" ", b"\t"}:
            pieces.append(Piece(number, 1, line[1:]))
        elif line.strip():
            if pieces:
                yield tuple(pieces)
            pieces = [Piece(number, 0, line)]
    if pieces:
        yield tuple(pieces)


def _content_line(pieces: tuple[Piece, ...], problems: Problems) -> ContentLine | None:
    octets = b"".join(piece.octets for piece in pieces)
    try:
        text = octets.decode()
    except UnicodeDecodeError as error:
        good = octets[: error.start].decode()
        span = ContentLine("", 0, good + "\ufffd", pieces).span(len(good), 1)
        message = f"byte 0x{octets[error.start]:02X} is not UTF-8"
        problems.stop("Y106", message, span, "save the file as UTF-8 text")
    match = _NAME.match(text)
    if match:
        return ContentLine(match.group(1).upper(), match.end(), text, pieces)
    advice = "every line is NAME:value; what goes on from the line before begins with a space"
    problems.add("I102", "this line cannot be read", ContentLine("", 0, text, pieces).span(), advice)
    stop_at_many(problems)
    return None


def stop_at_many(problems: Problems) -> None:
    """Stop where so much is wrong that the rest would not be read by anybody. Raises InvalidInput."""
    if len(problems.found) >= MOST_PROBLEMS:
        place = problems.found[-1]
        span = Span(place.line, place.column, place.length)
        problems.stop("I116", f"{MOST_PROBLEMS} problems were found; the rest was not read", span)
