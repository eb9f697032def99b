"""Records: the one write path, and everything that is read of it under the same rights."""

from core.records.files import Files, StoredFile
from core.records.model import (
    LOCKED,
    SYSTEM_FIELDS,
    Aggregate,
    BulkResult,
    BulkRow,
    Change,
    Condition,
    Count,
    Operator,
    Option,
    Outdated,
    Page,
    Query,
    Record,
    Referred,
    Related,
)
from core.records.params import parse_query, query_params
from core.records.queries import operators_of, sortable, title_of
from core.records.records import Records
from core.records.reindexing import reindex, reindex_all
from core.records.sealing import Sealer, seal
from core.records.trying import Trial
from core.records.verifying import Finding, verify
from core.records.views import View, Views

__all__ = [
    "LOCKED",
    "SYSTEM_FIELDS",
    "Aggregate",
    "BulkResult",
    "BulkRow",
    "Change",
    "Condition",
    "Count",
    "Files",
    "Finding",
    "Operator",
    "Option",
    "Outdated",
    "Page",
    "Query",
    "Record",
    "Records",
    "Referred",
    "Related",
    "Sealer",
    "StoredFile",
    "Trial",
    "View",
    "Views",
    "operators_of",
    "parse_query",
    "query_params",
    "reindex",
    "reindex_all",
    "seal",
    "sortable",
    "title_of",
    "verify",
]
