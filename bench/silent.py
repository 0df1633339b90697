"""Tenantry with its log switched off, as nobody can run it: what the log costs is seen against it.

python -m bench.silent serve …
"""

from typing import Any

from tenantry.cli import main
from tenantry.core import audit


async def _record_nothing(*_given: Any, **_more: Any) -> None:
    """In place of `audit.record`: no event, no revision, no number, no hash."""


if __name__ == "__main__":
    audit.record = _record_nothing
    main()
