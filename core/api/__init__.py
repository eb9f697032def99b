"""The JSON API of every form, its description and its page; all work is done by ctx.records and the transfer room."""

from core.api.forms import routes as _forms
from core.api.records import routes as _records
from core.api.steps import routes as _steps
from core.api.transfers import routes as _transfers

__all__ = ["routes"]

routes = [*_forms, *_records, *_steps, *_transfers]
