"""Checks records one by one and the chain that they make. Offline; reads only."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from drillrunner.errors import RunNotFound
from drillrunner.evidence.check import UNSIGNED, Checked, Problem, check_record
from drillrunner.evidence.record import GENESIS, MANIFEST, SIGNATURE
from drillrunner.evidence.shelf import Placed, records_in

SOUND, DAMAGED, UNREADABLE = 0, 1, 2


@dataclass(frozen=True, slots=True)
class Verification:
    """What was found. `gaps` are in the chain and belong to no record; `notes` are what could not be looked at.

    `whole` says that every record of the folder was looked at, and with it the whole chain.
    """

    records: tuple[Checked, ...]
    gaps: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    whole: bool = False

    @property
    def exit_code(self) -> int:
        """0 sound, 1 damaged, 2 unreadable: damage that is certain counts before what nobody can read."""
        problems = [problem for checked in self.records for problem in checked.problems]
        if self.gaps or any(not problem.unreadable for problem in problems):
            return DAMAGED
        return UNREADABLE if problems else SOUND


def verify_shelf(shelf: Path, allowed_signers: Path | None, kms_keys: Sequence[Path] = ()) -> Verification:
    """Every record and the whole chain. Raises RunNotFound where there is none, InvalidInput."""
    every = records_in(shelf)
    if not every:
        raise RunNotFound("no record is there", where=str(shelf), advice="build one with: drill evidence build RUN")
    checked = [check_record(one, allowed_signers, kms_keys) for one in every]
    gaps = tuple(_gaps(every))
    for earlier, later in zip([None, *checked[:-1]], checked, strict=True):
        later.problems += _link(earlier, later)
    if allowed_signers is not None or kms_keys:
        _ask_for_signatures(checked)
    return Verification(tuple(checked), gaps, whole=True)


def verify_record(placed: Placed, allowed_signers: Path | None, kms_keys: Sequence[Path] = ()) -> Verification:
    """One record, and its link to the one before it where that lies beside it. Raises InvalidInput."""
    checked = check_record(placed, allowed_signers, kms_keys)
    if allowed_signers is not None or kms_keys:
        _ask_for_signatures([checked])
    beside = records_in(placed.path.parent)
    earlier = [one for one in beside if one.number == placed.number - 1]
    if earlier:
        checked.problems += _link(check_record(earlier[0], None), checked)
    elif placed.number == 1:
        checked.problems += _link(None, checked)
    elif len(beside) > 1:
        return Verification((checked,), (_missing(placed.number - 1, placed.name),))
    else:
        note = f"record {placed.number - 1:04d} is not beside it: the chain was not checked"
        return Verification((checked,), notes=(note,))
    return Verification((checked,))


def _ask_for_signatures(every: Sequence[Checked]) -> None:
    """A signature stands for its record and, by the chain, for all before it; the newest ones need their own."""
    vouching: str | None = None
    for one in reversed(every):
        if one.signer is not None:
            vouching = one.placed.name
        elif one.signed == UNSIGNED and vouching is not None:
            one.signed = f"not signed; the signature of {vouching} stands for it by the chain"
        elif one.signed == UNSIGNED:
            what = "is missing: neither this record nor a later one is signed, and a signature is asked for"
            one.problems.append(Problem(SIGNATURE, what))


def _gaps(every: Sequence[Placed]) -> Iterator[str]:
    """Numbers that no record has, and numbers that several have."""
    expected = 1
    for one in every:
        for number in range(expected, one.number):
            yield _missing(number, one.name)
        if one.number < expected:
            yield f"number {one.number:04d} is taken by several records"
        expected = max(expected, one.number + 1)


def _missing(number: int, before: str) -> str:
    return f"record {number:04d} is missing before {before}"


def _link(earlier: Checked | None, later: Checked) -> Iterator[Problem]:
    """Whether `previous` is what the record before it has. Where one is missing between them, that is told apart."""
    if later.manifest is None:
        return
    if earlier is None:
        if later.placed.number == 1 and later.manifest.previous != GENESIS:
            yield Problem(MANIFEST, "names a previous record, and it is the first")
        return
    if earlier.placed.number != later.placed.number - 1:
        return
    if later.manifest.previous != earlier.manifest_sha256:
        what = f"the chain breaks here: its previous is not the {MANIFEST} of {earlier.placed.name}"
        yield Problem(MANIFEST, f"{what}; one of the two was changed or replaced")
