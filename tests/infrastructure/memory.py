"""Memory instead of a disk, for files that live as long as a test.

Each commit to SQLite waits for the disk that its file lies on, and a virtual disk can take ten
times as long to copy a database of PostgreSQL's.
"""

import os
import shutil
from pathlib import Path

_MEMORY = Path("/dev/shm")  # noqa: S108 - only private directories are made in it
_NEEDED = 2 << 30


def place_in_memory() -> Path | None:
    """Where files lie in memory, if there is plenty."""
    if not os.access(_MEMORY, os.W_OK) or os.statvfs(_MEMORY).f_flag & os.ST_NOEXEC:
        return None
    return _MEMORY if shutil.disk_usage(_MEMORY).free > _NEEDED else None
