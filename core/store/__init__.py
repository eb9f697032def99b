"""The door of the store, the only room that knows SQL; what the rows mean is not known here."""

from core.store.engine import Database, Row, open_database
from core.store.errors import StoreError, TransactionError, UniqueViolation

__all__ = ["Database", "Row", "StoreError", "TransactionError", "UniqueViolation", "open_database"]
