"""`python -m core` is `dougong`."""

from core.cli import main

main()
