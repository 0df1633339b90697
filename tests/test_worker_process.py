"""A process that serves begins as soon as the database is there."""

import pytest

from tenantry.core.session import Unavailable
from tenantry.worker_process import patiently


async def test_a_process_waits_for_the_database() -> None:
    """One that ended at once would take the server along, and with it the others."""
    noted: list[BaseException] = []

    async def start() -> None:
        if len(noted) < 3:
            raise Unavailable("not yet")

    await patiently(start, noted.append, pause=0.001)
    assert len(noted) == 3


async def test_a_process_ends_where_none_comes() -> None:
    noted: list[BaseException] = []

    async def start() -> None:
        raise Unavailable("never")

    with pytest.raises(SystemExit) as ended:
        await patiently(start, noted.append, patience=0.05, pause=0.01)
    assert (ended.value.code, len(noted) > 1) == (1, True)
