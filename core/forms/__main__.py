"""`python -m core.forms` writes schemas/form.schema.json from the registry of field types."""

from core.forms.law import write

print(write())
