"""The command `dougong`: what an operator does from a shell; pages and the API are elsewhere."""

from core.cli.parsing import main

__all__ = ["main"]
