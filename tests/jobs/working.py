"""A process that runs jobs and nothing else, until it is killed: `python tests/jobs/working.py <database> <folder>`."""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path

from core.testing import platform_at


async def work(url: str, folder: Path) -> None:
    async with platform_at(url, folder) as platform:
        await platform.worker.start()
        print("working", flush=True)
        await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(work(sys.argv[1], Path(sys.argv[2])))
