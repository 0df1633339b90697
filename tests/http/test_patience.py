"""How long something may take, with one timer for all."""

import asyncio

import pytest

from tenantry.http.patience import Patience

SHORT = 0.01


async def endless(patience: Patience) -> None:
    with patience.wait():
        await asyncio.Event().wait()


async def test_whoever_takes_too_long_is_broken_off_in_turn() -> None:
    patience = Patience(SHORT)
    first = asyncio.create_task(endless(patience))
    await asyncio.wait({first}, timeout=SHORT / 2)
    second = asyncio.create_task(endless(patience))
    done, waiting = await asyncio.wait({first, second}, return_when=asyncio.FIRST_COMPLETED)
    assert (done, waiting) == ({first}, {second})
    ended = await asyncio.gather(first, second, return_exceptions=True)
    assert [type(one) for one in ended] == [TimeoutError, TimeoutError]


async def test_whoever_is_done_is_left_alone() -> None:
    patience = Patience(SHORT)
    loop = asyncio.get_running_loop()
    began = loop.time()
    with patience.wait():
        pass
    with pytest.raises(TimeoutError):
        await endless(patience)
    # The timer of the first, who was done, neither ended him nor the second early.
    assert loop.time() - began >= SHORT


async def test_whom_somebody_else_cancels_is_cancelled() -> None:
    task = asyncio.create_task(endless(Patience(60)))
    await asyncio.wait({task}, timeout=0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task


async def test_whom_somebody_else_cancels_as_well_is_cancelled() -> None:
    async def cancelled_at_its_end(patience: Patience) -> None:
        with patience.wait():
            try:
                await asyncio.Event().wait()
            finally:
                own = asyncio.current_task()
                assert own is not None
                own.cancel()

    task = asyncio.create_task(cancelled_at_its_end(Patience(SHORT)))
    with pytest.raises(asyncio.CancelledError):
        await task


async def test_a_failure_of_its_own_is_told_as_it_is() -> None:
    with pytest.raises(KeyError), Patience(SHORT).wait():
        raise KeyError
