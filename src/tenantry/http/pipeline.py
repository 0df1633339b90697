"""What every request goes through, on one screen: `Pipeline.handle`.

Find the route, identify, rate limit, open the unit of work, permission, decode, run, render,
commit, send. Refusals come in the contract's order: unknown route, 401, 429, 403, 405/413/415,
missing row, body, conflict (contract: protocol §3).
"""

import asyncio
from http import HTTPStatus
from typing import Any, Protocol

from tenantry.access.principals import Finder, Outdated, Principals, Trust
from tenantry.access.state import placed, read_principal
from tenantry.core.clock import Clock
from tenantry.core.commit import writes_counted
from tenantry.core.context import NOBODY, Principal, Reading, Writing
from tenantry.core.database import Database
from tenantry.core.errors import Problem, unauthenticated
from tenantry.core.secrets import Keyring
from tenantry.core.session import Retryable, Unavailable
from tenantry.core.unit import Unit
from tenantry.http import compatibility, dry_run, forms, gate, pages, visitors
from tenantry.http.conditional import unless_held
from tenantry.http.exchange import Exchange
from tenantry.http.log import RequestLog
from tenantry.http.message import Header, Request, Response
from tenantry.http.operation import Answer, Operation, Refused, Then
from tenantry.http.patience import Patience
from tenantry.http.routes import allowed, indexed

LONGEST_URL = 8192
READS = frozenset({"GET", "HEAD", "OPTIONS"})
PATIENCE = 30
"""Seconds that a request may take (contract: protocol §14)."""


class Touched(Protocol):
    """Hears of every use of a token."""

    def __call__(self, principal: Principal, call: Reading) -> None:
        """Note one."""


class Pipeline:
    """The operations, and what they need to run."""

    def __init__(  # noqa: PLR0913, PLR0917 - where everything meets
        self,
        table: list[Operation],
        database: Database,
        keyring: Keyring,
        clock: Clock,
        log: RequestLog,
        touched: Touched,
        *,
        public_url: str,
        bends: bool,
        extended_events: bool = False,
        provider_networks: str = "",
    ) -> None:
        """Index the table."""
        self.database = database
        self.keyring = keyring
        self.clock = clock
        self.principals = Principals(database)
        self._log = log
        self._touched = touched
        self._public_url = public_url
        self._bends = bends
        self._extended_events = extended_events
        self._provider_networks = provider_networks
        # SQLite tells at once whether anything has changed: trust would gain nothing.
        self._is_quick = database.dialect == "sqlite"
        self._routes = indexed(tuple(table))
        self._patience = Patience(PATIENCE)

    async def handle(self, request: Request) -> Response:
        """Answer a request, whatever becomes of it."""
        exchange = Exchange(request)
        try:
            if request.method in READS:
                # The database bounds each of its questions.
                response = await self._answer(exchange)
            else:
                with self._patience.wait():
                    response = await self._answer(exchange)
        except Problem as problem:
            exchange.refusal = problem.untraced()
            response = pages.refused(exchange, problem)
        except (TimeoutError, Unavailable, Retryable) as error:
            exchange.error = error
            response = pages.refused(exchange, Problem(503, "Service unavailable"))
        except Exception as error:  # noqa: BLE001 - strangers get nothing but a bare 500
            exchange.error = error
            response = pages.refused(exchange, Problem(500, "Internal server error"))
        if exchange.count is not None:
            response.headers += gate.quota_headers(exchange.principal, exchange.count, self.clock())
        if response.status == HTTPStatus.FORBIDDEN:
            response.headers += gate.decision_headers(exchange, self.keyring, self.clock())
        response.headers += (("x-request-id", exchange.request_id),)
        self._log.finished(exchange, response)
        return response

    async def _answer(self, exchange: Exchange) -> Response:
        request = exchange.request
        if len(request.path) + len(request.query_string) > LONGEST_URL:
            raise Problem(414, "Request URI too long")
        found = self._routes.find(request.path)
        if found is None:
            raise Problem(404, "Not found")
        methods, values = found
        if request.method == "OPTIONS":
            return Response(204, headers=(("allow", allowed(methods)),))
        row = methods.get("GET" if request.method == "HEAD" else request.method)
        if row is None or (row[0].writes and request.method == "HEAD"):
            return await self._refuse_method(exchange, methods)
        operation, names = row
        exchange.operation = operation
        path = dict(zip(names, values, strict=True))
        if not operation.writes:
            return await self._read(exchange, operation, path)
        # A write looks again in its unit, so the last known will do; not for what it prepares.
        finder = self.principals.last_known if operation.prepare is None else self.principals
        call, digest = await self._call(exchange, operation, finder)
        if operation.is_form:
            forms.check_form(request, call.principal, self.keyring)
        response = await self._write(exchange, operation, call, path, digest)
        if exchange.then is None:
            return response
        return self._render(operation, await exchange.then.work(self.database), call)

    async def _read(
        self, exchange: Exchange, operation: Operation, path: dict[str, str]
    ) -> Response:
        """Answer as to who was known last; once more if it is seen that this was outdated."""
        if self._is_quick:
            return await self._look(exchange, operation, path, self.principals)
        try:
            async with Trust(self.principals) as trust:
                return await self._look(exchange, operation, path, trust)
        except Outdated:
            exchange.principal, exchange.refusal = NOBODY, None
            return await self._look(exchange, operation, path, self.principals)

    async def _look(
        self, exchange: Exchange, operation: Operation, path: dict[str, str], finder: Finder
    ) -> Response:
        call, _ = await self._call(exchange, operation, finder)
        if exchange.refusal is not None:
            raise exchange.refusal
        gate.admit(operation.allow, call, exchange.request.method, path)
        gate.check_sent(operation, exchange.request)
        result = await operation.function(call, **operation.arguments(exchange.request, path, None))
        return unless_held(exchange.request, self._render(operation, result, call))

    async def _call(
        self, exchange: Exchange, operation: Operation, finder: Finder
    ) -> tuple[Reading, bytes]:
        """The call, once it is known who asks, and the digest of his key."""
        request, now = exchange.request, self.clock()
        door = visitors if operation.wire.name == "page" else gate
        identified = door.identify_if_any if operation.allow.who == "public" else door.identify
        principal, digest = await identified(request, finder, self.keyring, now)
        exchange.principal = principal
        call = Reading(
            rows=finder.rows,
            keyring=self.keyring,
            now=now,
            principal=principal,
            customer_id=principal.customer_id,
            ip=request.client,
            via=request.via,
            user_agent=(request.headers.get("user-agent") or "")[:255],
            request_id=exchange.request_id,
            public_url=self._public_url,
            extended_events=self._extended_events,
            provider_networks=self._provider_networks,
        )
        try:
            call.customer_id = gate.acting_customer(principal, request)
            if principal.kind == "operator" and call.customer_id and not operation.writes:
                named, closed = call.customer_id, operation.allow.of_closed
                call.principal = await placed(principal, self.database, named, even_closed=closed)
        except Problem as problem:
            exchange.refusal = problem
        if principal.token_id and principal.kind != "operator":
            self._touched(principal, call)
        return call, digest

    async def _refuse_method(self, exchange: Exchange, methods: dict[str, Any]) -> Response:
        """Tell which verbs there are to who comes in: anybody, where none of them needs a key."""
        operations = [row[0] for row in methods.values()]
        guarded = [one for one in operations if one.allow.who != "public"]
        exchange.operation = operation = (guarded or operations)[0]
        if guarded:
            call, digest = await self._call(exchange, operation, self.principals)
            if exchange.request.method not in READS:
                await self.database.write(
                    lambda unit: self._begin(unit, exchange, call, digest),
                    meter=gate.meter(operation.allow, call.principal),
                )
            gate.check_way_in(operation.allow, call, exchange.refusal)
        raise Problem(405, "Method not allowed", headers=(("allow", allowed(methods)),))

    async def _write(
        self,
        exchange: Exchange,
        operation: Operation,
        call: Reading,
        path: dict[str, str],
        digest: bytes,
    ) -> Response:
        request = exchange.request
        evidence, refusal = await self._prepare(exchange, operation, call, path)

        async def work(unit: Unit) -> Response:
            writing = await self._begin(unit, exchange, call, digest)
            if refusal is not None:
                raise refusal
            gate.admit(operation.allow, writing, request.method, path)
            writing.admission = gate.admission(operation, path)
            gate.check_sent(operation, request)
            is_dry_run = dry_run.is_asked(request, operation)
            arguments = operation.arguments(request, path, evidence)
            result = await operation.function(writing, **arguments)
            if is_dry_run and not isinstance(result, Refused):
                raise dry_run.Rehearsed(writing)
            exchange.then = result if isinstance(result, Then) else None
            if exchange.then is not None:
                return Response(200)
            return self._render(operation, result, writing)

        try:
            meter = gate.meter(operation.allow, call.principal)
            done = await self.database.write(
                work, customer_id=call.customer_id or None, meter=meter
            )
        except dry_run.Rehearsed as rehearsed:
            return await dry_run.rehearsal(self.database, rehearsed)
        if done.status >= HTTPStatus.BAD_REQUEST and call.refused_at:
            await asyncio.sleep(call.refused_at - asyncio.get_running_loop().time())
        return done

    async def _prepare(
        self, exchange: Exchange, operation: Operation, call: Reading, path: dict[str, str]
    ) -> tuple[Any, Problem | None]:
        """What takes long, before the unit of work; a refusal waits until the write is counted.

        Only the throttle on guessing refuses at once: it is no matter of the hourly quota.
        """
        meter = gate.meter(operation.allow, call.principal)
        if exchange.refusal is not None or operation.prepare is None:
            return None, exchange.refusal
        if meter is not None and (
            await writes_counted(self.database, meter, call.now) >= call.principal.hourly_writes
        ):
            # Also if he may write by then: what was not made ready cannot be done.
            return None, gate.over_quota()
        try:
            gate.admit(operation.allow, call, exchange.request.method, path)
            gate.check_sent(operation, exchange.request)
            return await operation.evidence(exchange.request, call, path), None
        except Problem as problem:
            if problem.status == HTTPStatus.TOO_MANY_REQUESTS:
                raise
            return None, problem

    async def _begin(self, unit: Unit, exchange: Exchange, call: Reading, digest: bytes) -> Writing:
        """The call inside its unit of work; who asks is looked up again if he may be another."""
        principal, operation = call.principal, exchange.operation
        if operation is not None and gate.meter(operation.allow, principal) is not None:
            exchange.count = unit.count
        if principal.customer_id and not (await unit.head(principal.customer_id)).keeps(
            principal.version
        ):
            self.principals.forget(digest)
            found = await read_principal(unit, digest)
            if found is None:
                raise unauthenticated()
            principal = exchange.principal = found
        gate.check_expiry(principal, unit.now)
        gate.check_quota(principal, unit.count)
        if principal.kind == "operator" and call.customer_id:
            principal = await placed(principal, unit, call.customer_id)
        return call.inside(unit, principal)

    def _render(self, operation: Operation, result: Any, call: Reading) -> Response:
        if isinstance(result, Response):
            return result
        if isinstance(result, Refused):
            return operation.wire.problem(result.problem)
        status, headers = operation.status, tuple[Header, ...]()
        if isinstance(result, Answer):
            status, headers = result.status or status, result.headers
            result = result.body
        if self._bends and operation.compatibility is not None:
            result = compatibility.bent(operation.compatibility, result, call.user_agent)
        response = operation.wire.success(status, result)
        response.headers += headers
        return response
