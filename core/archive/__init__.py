"""The archive room's door: a tenant whole, out of this installation and into another."""

from core.archive.inward import Imported, Joined, import_tenant
from core.archive.manifest import BadArchive, Manifest, read_manifest
from core.archive.outward import export_tenant
from core.archive.shelf import Shelf, Shelved

__all__ = [
    "BadArchive", "Imported", "Joined", "Manifest", "Shelf", "Shelved", "export_tenant", "import_tenant",
    "read_manifest",
]  # fmt: skip
