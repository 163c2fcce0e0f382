"""Who is let to an exercise's table: join codes, seats, and the cookies that hold them. Pure.

A code is for those who sit there: one for players and observers, another for scribe and evaluator, who see more. The
facilitator has the token of `drill serve`. A cookie says whose seat it is, and is signed with a secret of the
exercise's own, so that it holds after the server was killed and started again.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import secrets
from typing import Literal

from pydantic import Field, ValidationError

from drillrunner.model.exercise import Exercise, Role, RoleKind
from drillrunner.model.noun import Noun
from drillrunner.web.access import same

Side = Literal["players", "staff"]
CODE_CHARACTERS = 8
# none that is taken for another when it is read out
CODE_LETTERS = "ABCDEFGHJKMNPQRSTUVWXYZ23456789"
COOKIE_BYTES_MOST = 2_000
SIDES: dict[Side, tuple[RoleKind, ...]] = {"players": ("player", "observer"), "staff": ("scribe", "evaluator")}


class Seat(Noun):
    """What a browser's cookie says: which exercise, which code was given, and the seat once it is taken."""

    exercise_id: str
    side: Side
    role: str | None = None
    person: str | None = None

    @property
    def is_taken(self) -> bool:
        return self.role is not None


class Door(Noun):
    """The codes of an exercise, and the secret that its cookies are signed with (hex)."""

    exercise_id: str
    secret: str = Field(repr=False)
    players_code: str = Field(repr=False)
    staff_code: str = Field(repr=False)

    def side_of(self, code: str) -> Side | None:
        """Whose code that is, however it was typed; None where it is nobody's."""
        given = typed(code)
        players, staff = same(given, typed(self.players_code)), same(given, typed(self.staff_code))
        return "players" if players else "staff" if staff else None

    def cookie_of(self, seat: Seat) -> str:
        body = base64.urlsafe_b64encode(seat.model_dump_json().encode()).decode().rstrip("=")
        return f"{body}.{self._signed('seat', body)}"

    def seat_of(self, cookie: str) -> Seat | None:
        """The seat that a cookie holds; None where we did not sign it for this exercise."""
        body, _, signature = cookie.partition(".")
        if len(cookie) > COOKIE_BYTES_MOST or not same(signature, self._signed("seat", body)):
            return None
        try:
            seat = Seat.model_validate_json(base64.urlsafe_b64decode(body + "=" * (-len(body) % 4)))
        except (ValueError, ValidationError):
            return None
        return seat if seat.exercise_id == self.exercise_id else None

    def form_token(self, cookie: str) -> str:
        """What the forms of that seat carry: it follows from the cookie, and does not tell it."""
        return self._signed("form", cookie)

    def is_form_token(self, cookie: str, token: str) -> bool:
        return same(token, self.form_token(cookie))

    def _signed(self, purpose: str, text: str) -> str:
        message = f"{purpose}\n{self.exercise_id}\n{text}".encode("utf-8", "surrogatepass")
        return hmac.new(bytes.fromhex(self.secret), message, hashlib.sha256).hexdigest()


def new_door(exercise_id: str) -> Door:
    players, staff = _new_code(), _new_code()
    return Door(exercise_id=exercise_id, secret=secrets.token_hex(32), players_code=players, staff_code=staff)


def seats_of(exercise: Exercise, side: Side) -> tuple[Role, ...]:
    """The roles that may be taken with that code."""
    return tuple(role for role in exercise.roles if role.kind in SIDES[side])


def typed(code: str) -> str:
    """A code without what people put between its letters, in capitals."""
    return "".join(character for character in code.upper() if character.isalnum())


def _new_code() -> str:
    letters = "".join(secrets.choice(CODE_LETTERS) for _ in range(CODE_CHARACTERS))
    return f"{letters[:4]}-{letters[4:]}"
