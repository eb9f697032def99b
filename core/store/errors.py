"""What the store itself can refuse; turned by the rooms above into words for a user."""

from __future__ import annotations


class StoreError(Exception):
    """The store was used wrongly or cannot work with this database."""


class TransactionError(StoreError):
    """A transaction was used by another task, after a failure in it, or where there is none."""


class Unavailable(StoreError):
    """The database cannot be reached now, or went away during a statement, whose transaction is not committed."""


class Full(StoreError):
    """The database's disk is full: nothing of the statement's transaction is stored."""


class UniqueViolation(StoreError):
    """A row with the same values in `columns` of `table` is there already."""

    def __init__(self, table: str, columns: tuple[str, ...], constraint: str = "") -> None:
        super().__init__(f"{table}: {', '.join(columns)} must be unique")
        self.table = table
        self.columns = columns
        self.constraint = constraint or f"{table}({', '.join(columns)})"
