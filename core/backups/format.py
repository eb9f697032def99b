"""What a backup file looks like, for those who write and those who read it."""

from __future__ import annotations

import re

VERSION = 1
MANIFEST = "manifest.json"  # the last entry: it holds the hashes of all before it
TABLE = re.compile(r"tables/([a-z][a-z0-9_]*)\.jsonl")  # a line for each row, a JSON list in the order of the columns
FILE = re.compile(r"files/([0-9]{1,18})/([0-9a-f]{64})")  # tenant and hash, as in the folder of uploads
PIECE = 1 << 20
