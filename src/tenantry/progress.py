"""How far a command is, for what takes long."""

import asyncio
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import click

PATIENCE = 2
"""Seconds before anything is shown."""


@contextmanager
def bar(label: str) -> Iterator[Callable[[int, int], None]]:
    """A bar, once it takes longer than that; it is told how much is done, of how much."""
    hidden = not sys.stderr.isatty()
    with click.progressbar(length=100, label=label, file=sys.stderr, hidden=hidden) as shower:
        started = asyncio.get_running_loop().time()
        shown = 0

        def progress(done: int, total: int) -> None:
            nonlocal shown
            percent = done * 100 // max(total, 1)
            if asyncio.get_running_loop().time() - started > PATIENCE:
                shower.update(percent - shown)
                shown = percent

        yield progress
