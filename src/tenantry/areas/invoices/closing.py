"""Closing months: whose are due, and posting them, some customers in each commit.

A month closes at its end and is due when a grace has passed, in which usage may still come late
(contract: billing R17). Months that were missed are posted too, the oldest first. Any number of
processes may do it at once: who comes second in a customer's month finds it posted.
"""

from collections.abc import Callable, Iterator
from functools import partial

import msgspec
from sqlalchemy import ColumnElement, bindparam, exists, func, or_, select

from tenantry.areas.invoices.adjusting import MONTHS_BACK
from tenantry.areas.invoices.numbers import NoneLeft
from tenantry.areas.invoices.posting import Posted, post
from tenantry.areas.pricing.months import Month
from tenantry.core import schema
from tenantry.core.billing_tables import invoices, plan_assignments, postings, usage_changes
from tenantry.core.clock import HOUR, Instant
from tenantry.core.context import Writing, system_call
from tenantry.core.database import Database
from tenantry.core.errors import Problem, not_found
from tenantry.core.secrets import Keyring
from tenantry.core.session import Reads, Unavailable
from tenantry.core.statements import Statement
from tenantry.core.unit import Unit

TOGETHER = 50
"""Customers of one commit: a tenth of a second, for which others that write wait."""

_C, _A, _P, _I = schema.customers.c, plan_assignments.c, postings.c, invoices.c
_IN_MONTH = _I.month == bindparam("in_month")
_HAS_PLAN = exists().where(_A.customer_id == _C.id)
_OLDEST = Statement(select(func.min(_C.created_at)).where(_HAS_PLAN))
_CUSTOMER = Statement(select(_C.id, _C.created_at).where(_C.id == bindparam("customer")))
_X, _EARLIER = usage_changes.c, postings.alias("earlier")
_IS_LATE = exists().where(
    _X.customer_id == _C.id,
    _X.month >= bindparam("back_to"),
    _X.month < bindparam("in_month"),
    _X.changes != _X.invoiced,
    _EARLIER.c.customer_id == _X.customer_id,
    _EARLIER.c.month == _X.month,
)
_IS_DUE = (
    _C.created_at < bindparam("until"),
    # Who left is still billed for what came late.
    or_(_C.deleted_at.is_(None), _C.deleted_at >= bindparam("since"), _IS_LATE),
    _HAS_PLAN,
    ~exists().where(_P.customer_id == _C.id, _P.month == bindparam("in_month")),
)
_COUNT = Statement(select(func.count()).select_from(schema.customers).where(*_IS_DUE), int)


def _due(which: ColumnElement[bool]) -> Statement[str]:
    return Statement(
        select(_C.id).where(which, *_IS_DUE).order_by(_C.id).limit(bindparam("most")), str
    )


_DUE = _due(_C.id > bindparam("after"))
_DUE_ONE = _due(_C.id == bindparam("customer"))
_NUMBERS = Statement(select(_I.id).where(_IN_MONTH).order_by(_I.id), int)
_NUMBER_OF_ONE = Statement(
    select(_I.id).where(_IN_MONTH, _I.customer_id == bindparam("customer")), int
)

Progress = Callable[[int, int], None]
"""Hears how many months of customers are done, of how many."""


class NotPosted(RuntimeError):
    """Some customers' months could not be posted; all others were."""


class Wanted(msgspec.Struct, frozen=True):
    """What to post: by default what is due, of every customer."""

    grace_hours: int = 72
    month: Month | None = None
    """This one, and now that it is closed, whatever the grace."""
    customer_id: str | None = None


class Outcome(msgspec.Struct):
    """What was posted."""

    months: int = 0
    """Of customers, with an invoice or without."""
    invoices: int = 0

    def __str__(self) -> str:
        """What is told: "posted 2 invoices; 1 month closed without one"."""
        told = f"posted {self.invoices} invoice{'' if self.invoices == 1 else 's'}"
        without = self.months - self.invoices
        if without:
            told += f"; {without} month{'' if without == 1 else 's'} closed without one"
        return told

    def add(self, posted: list[Posted]) -> None:
        """Count those that are new."""
        new = [one for one in posted if one.is_new]
        self.months += len(new)
        self.invoices += sum(one.invoice_id is not None for one in new)


def refuse_open(month: Month, now: Instant) -> None:
    """Only what is over can be billed. Raises Problem 409 (contract: billing §9, O5)."""
    if now < month.end:
        raise Problem(409, "Period is still open", f"{month.text} is not over yet")


async def check_customer(rows: Reads, customer_id: str) -> None:
    """Whether there is, or was, such a customer. Raises Problem 404."""
    if await rows.one(_CUSTOMER, customer=customer_id) is None:
        raise not_found("customer", customer_id)


def _span(month: Month) -> dict[str, int]:
    return {
        "since": month.first,
        "until": month.end,
        "in_month": month.number,
        "back_to": month.plus(-MONTHS_BACK).number,
    }


async def due(
    rows: Reads, month: Month, most: int, *, after: str = "", customer_id: str | None = None
) -> list[str]:
    """The next customers whose month is not posted, by id: that one, or those after that id."""
    span = {**_span(month), "most": most}
    if customer_id is not None:
        return await rows.all(_DUE_ONE, customer=customer_id, **span)
    return await rows.all(_DUE, after=after, **span)


async def numbers_of(rows: Reads, month: Month, customer_id: str | None = None) -> list[int]:
    """The numbers of a month's invoices, in their order; or of one customer's."""
    if customer_id is not None:
        return await rows.all(_NUMBER_OF_ONE, customer=customer_id, in_month=month.number)
    return await rows.all(_NUMBERS, in_month=month.number)


async def close_months(
    database: Database,
    keyring: Keyring,
    wanted: Wanted,
    progress: Progress | None = None,
    calls: Callable[[Unit], Writing] | None = None,
) -> Outcome:
    """Post what is due, by the `calls` of whoever asks for it; else as the installation itself.

    Raises Problem 404, 409, and NotPosted when all else is done.
    """
    if wanted.customer_id is not None:
        await check_customer(database, wanted.customer_id)
    months = await _months(database, wanted)
    run = _Run(database, calls or partial(system_call, keyring=keyring), wanted.customer_id)
    if progress is not None:
        run.hear(progress, await _total(database, months))
    for month in months:
        await run.close(month)
    if run.failed:
        customer_id, (month, problem) = next(iter(run.failed.items()))
        message = f"{len(run.failed)} customers could not be posted, first {customer_id} in "
        raise NotPosted(f"{message}{month.text}: {problem!r}") from problem
    return run.outcome


async def _months(database: Database, wanted: Wanted) -> list[Month]:
    """Which months may have to be posted, the oldest first."""
    now = database.clock()
    if wanted.month is not None:
        refuse_open(wanted.month, now)
        return [wanted.month]
    oldest = await database.one(_OLDEST)
    if oldest is None or oldest[0] is None:
        return []
    newest = Month.of(now - wanted.grace_hours * HOUR).plus(-1)
    return list(_from(Month.of(oldest[0]), newest))


def _from(month: Month, newest: Month) -> Iterator[Month]:
    while month <= newest:
        yield month
        month = month.plus(1)


async def _total(database: Database, months: list[Month]) -> int:
    total = 0
    for one in months:
        (count,) = await database.all(_COUNT, **_span(one))
        total += count
    return total


class _Run:
    """One run through what is due."""

    def __init__(
        self, database: Database, calls: Callable[[Unit], Writing], customer_id: str | None
    ) -> None:
        self.outcome = Outcome()
        self.failed: dict[str, tuple[Month, Exception]] = {}
        """Whose month could not be posted, and why: his later ones wait for it."""
        self._database = database
        self._calls = calls
        self._customer_id = customer_id
        self._progress: Progress | None = None
        self._total = 0

    def hear(self, progress: Progress, total: int) -> None:
        """Have somebody hear how far it is."""
        self._progress, self._total = progress, total

    async def close(self, month: Month) -> None:
        """Post a month of everybody."""
        after = ""
        while found := await due(
            self._database, month, TOGETHER, after=after, customer_id=self._customer_id
        ):
            after = found[-1]
            await self._post([one for one in found if one not in self.failed], month)
            if self._progress is not None:
                self._progress(self.outcome.months, self._total)
            if self._customer_id is not None:
                return

    async def _post(self, customer_ids: list[str], month: Month) -> None:
        """Post some in one commit, or each alone if one of them can't be: no other is to suffer."""
        try:
            work = partial(_post, self._calls, customer_ids, month)
            self.outcome.add(await self._database.write(work))
        except (Unavailable, NoneLeft):
            raise
        except Exception as problem:  # noqa: BLE001 - whatever it is, it is told at the end
            if len(customer_ids) == 1:
                self.failed[customer_ids[0]] = month, problem
                return
            for one in customer_ids:
                await self._post([one], month)


async def _post(
    calls: Callable[[Unit], Writing], customer_ids: list[str], month: Month, unit: Unit
) -> list[Posted]:
    return await post(calls(unit), customer_ids, month)
