"""The backups room's door: everything an installation holds in one file, and back."""

from core.backups.reading import Contents, check, restore
from core.backups.writing import Backup, back_up

__all__ = ["Backup", "Contents", "back_up", "check", "restore"]
