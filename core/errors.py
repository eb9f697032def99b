"""The one tree of errors: what can go wrong, its HTTP status and what the user is told.

    DougongError 500
    ├── Unauthorized 401
    ├── Forbidden 403
    │   ├── ReadOnly      the tenant's licence has ended: nothing may be changed
    │   └── Suspended     the platform's operator has stopped the tenant
    ├── NotFound 404      also for another tenant's record: absence and foreignness look alike
    ├── Conflict 409      somebody else was first: key taken, revision outdated
    ├── TooLarge 413
    ├── Invalid 422       carries problems, one per field at fault
    ├── TooMany 429
    └── BadForm 500       a definition that cannot work; raised at start or publish, never while serving a record

Messages are already in the user's language when they are made (see core.i18n).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass


class DougongError(Exception):
    """Anything the platform itself refuses. `message` is for the user, in the user's language."""

    status = 500
    code = "error"

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.message = message


class Unauthorized(DougongError):
    status, code = 401, "unauthorized"


class Forbidden(DougongError):
    status, code = 403, "forbidden"


class ReadOnly(Forbidden):
    code = "read_only"


class Suspended(Forbidden):
    code = "suspended"


class NotFound(DougongError):
    status, code = 404, "not_found"


class Conflict(DougongError):
    status, code = 409, "conflict"


class TooLarge(DougongError):
    status, code = 413, "too_large"


class TooMany(DougongError):
    status, code = 429, "too_many"

    def __init__(self, message: str, *, retry_after: int) -> None:
        super().__init__(message)
        self.retry_after = retry_after


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing wrong with one field.

    `field` is the path inside the record: "amount", "lines.2.price" (rows count from 0), or "" for
    the record as a whole. `code` is stable and English ("required", "type", "too_long", "choice",
    "pattern", "reference", "checksum", "taken", ...); `message` is for the user.
    """

    field: str
    code: str
    message: str


class Invalid(DougongError):
    status, code = 422, "invalid"

    def __init__(self, problems: Sequence[Problem], message: str | None = None) -> None:
        super().__init__(message or "; ".join(problem.message for problem in problems))
        self.problems = tuple(problems)


class BadForm(DougongError):
    """A form, module or overlay definition is wrong: `problems` name file, place and what to do."""

    code = "bad_form"

    def __init__(self, source: str, problems: Sequence[Problem]) -> None:
        super().__init__(f"{source}: " + "; ".join(f"{p.field}: {p.message}" for p in problems))
        self.source = source
        self.problems = tuple(problems)
