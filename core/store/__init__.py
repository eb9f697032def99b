"""The door of the store, the only room that knows SQL; what the rows mean is not known here."""

from core.store.engine import Database, Row, open_database
from core.store.errors import Full, StoreError, TransactionError, Unavailable, UniqueViolation

__all__ = [
    "Database", "Full", "Row", "StoreError", "TransactionError", "Unavailable", "UniqueViolation", "open_database",
]  # fmt: skip
