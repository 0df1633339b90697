"""The folder in which a server's processes count together, as prometheus_client wants it.

It is to live as long as they do: that of a server which was killed goes when the next one starts.
"""

import fcntl
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

_UNLOCKED = "tenantry-starting-"


@contextmanager
def metrics_folder(place: Path | None = None) -> Iterator[Path]:
    """A new folder among temporary files, or in a place; what killed servers left there is removed.

    A lock in it tells that it is in use. Workers hold it too, by fork, and may outlive who made it.
    """
    place = place or Path(tempfile.gettempdir())
    prefix = f"tenantry-metrics-{os.getuid()}-"
    for left in place.glob(f"{prefix}*"):
        _remove_unused(left)
    # It gets its name once it is locked: another start would take it for left behind.
    made = Path(tempfile.mkdtemp(prefix=_UNLOCKED, dir=place))
    with (made / "lock").open("wb") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        folder = made.rename(place / made.name.replace(_UNLOCKED, prefix))
        try:
            yield folder
        finally:
            shutil.rmtree(folder, ignore_errors=True)


def _remove_unused(folder: Path) -> None:
    # What is in use, somebody else's, or just being removed by another start stays.
    with suppress(OSError), (folder / "lock").open("r+b") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        shutil.rmtree(folder)
