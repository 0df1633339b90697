"""The only place where everything meets."""

import asyncio
import gc
import importlib
import os
from functools import partial
from typing import Any

from tenantry.areas.audit import archived_erasure  # noqa: F401 - says how its letters are delivered
from tenantry.areas.audit.retention import archive_due
from tenantry.areas.federation.domain_watch import look_again
from tenantry.areas.invoices import numbers
from tenantry.areas.invoices.alerts_watch import Watch
from tenantry.areas.invoices.closing import Wanted, close_months
from tenantry.areas.pricing import sellers
from tenantry.areas.pricing.parties import Seller
from tenantry.areas.tokens.ended import put_away_ended
from tenantry.areas.tokens.usage import Uses
from tenantry.areas.usage.parts import make_ahead
from tenantry.core.addresses import parse_networks
from tenantry.core.breaches import set_breached
from tenantry.core.clock import DAY, HOUR, MINUTE, SECOND, Clock, system_clock
from tenantry.core.database import open_database
from tenantry.core.jobs import Chore, Worker
from tenantry.core.publishing import Schedule, read_destinations
from tenantry.core.secrets import set_password_cost
from tenantry.http.health import get_metrics
from tenantry.http.log import RequestLog
from tenantry.http.operation import TABLE, Operation
from tenantry.http.pipeline import Pipeline
from tenantry.http.server import Door
from tenantry.http.well_known import security_contact
from tenantry.letters import sender_of
from tenantry.secret_key import keyring_of
from tenantry.settings import Settings, read_settings
from tenantry.worker_process import end_with_parent, heed_signals, hold_signals, patiently

ROOMS = (
    "tenantry.http.health",
    "tenantry.http.openapi",
    "tenantry.http.well_known",
    "tenantry.areas.customers.api",
    "tenantry.areas.customers.contacts_api",
    "tenantry.areas.users.api",
    "tenantry.areas.users.password_page",
    "tenantry.areas.roles.api",
    "tenantry.areas.roles.iam_api",
    "tenantry.areas.services.api",
    "tenantry.areas.services.versions_api",
    "tenantry.areas.services.stars_api",
    "tenantry.areas.services.authorizations_api",
    "tenantry.areas.groups.service_groups_api",
    "tenantry.areas.groups.user_groups_api",
    "tenantry.areas.groups.user_group_sets_api",
    "tenantry.areas.tokens.api",
    "tenantry.areas.tokens.sudo",
    "tenantry.areas.tokens.automation",
    "tenantry.areas.invitations.api",
    "tenantry.areas.invitations.accept_api",
    "tenantry.areas.invitations.accept_page",
    "tenantry.areas.realm.discovery_api",
    "tenantry.areas.realm.token_api",
    "tenantry.areas.realm.session_api",
    "tenantry.console.consent_page",
    "tenantry.console.sso_page",
    "tenantry.areas.federation.providers_api",
    "tenantry.areas.federation.domains_api",
    "tenantry.areas.federation.bypasses_api",
    "tenantry.areas.addresses.billing_address_api",
    "tenantry.areas.addresses.customer_addresses_api",
    "tenantry.areas.addresses.tax_id_api",
    "tenantry.areas.usage.ingestion_api",
    "tenantry.areas.invoices.alerts_api",
    "tenantry.areas.invoices.api",
    "tenantry.areas.invoices.older_api",
    "tenantry.areas.invoices.pdf_api",
    "tenantry.areas.invoices.proof_api",
    "tenantry.areas.usage.metrics_api",
    "tenantry.areas.usage.service_metrics_api",
    "tenantry.areas.usage.statistics_api",
    "tenantry.areas.events.api",
    "tenantry.areas.events.catalogue_api",
    "tenantry.areas.audit.api",
    "tenantry.areas.decisions.api",
    "tenantry.areas.operator.erasures_api",
    "tenantry.areas.operator.factors_api",
    "tenantry.areas.operator.hourly_writes_api",
    "tenantry.areas.operator.retentions_api",
    "tenantry.areas.operator.password_policy_api",
    "tenantry.areas.operator.plans_api",
    "tenantry.areas.operator.pricing_api",
    "tenantry.areas.operator.coupons_api",
    "tenantry.areas.operator.postings_api",
    "tenantry.areas.operator.tax_status_api",
    "tenantry.areas.operator.payments_api",
    "tenantry.areas.operator.invoices_api",
    "tenantry.console.sign_in_page",
    "tenantry.console.second_factor_page",
    "tenantry.console.passkey_page",
    "tenantry.console.authenticator_page",
    "tenantry.console.new_passkey_page",
    "tenantry.console.factors_page",
    "tenantry.console.profile_page",
    "tenantry.console.new_password_page",
    "tenantry.console.forgotten_page",
    "tenantry.console.sessions_page",
    "tenantry.console.tokens_page",
    "tenantry.console.company_page",
    "tenantry.console.company_provider_page",
    "tenantry.console.company_domain_page",
    "tenantry.areas.users.sign_in_policy_api",
)


def operations() -> list[Operation]:
    """Every operation there is."""
    for room in ROOMS:
        importlib.import_module(room)
    return TABLE


def served(settings: Settings) -> list[Operation]:
    """Every operation, as the settings have it."""
    hidden = {get_metrics} if settings.metrics_port else set()
    shown = [row for row in operations() if row.function not in hidden]
    if settings.security_contact:
        shown.append(security_contact(settings.security_contact, settings.base_url))
    return shown


ALLOCATIONS = 50_000
"""Objects that may be added before the collector looks for cycles among them (Python's: 700)."""


def _spare_collections() -> None:
    """Look for cycles rarely: what a request leaves behind is freed by its reference counts.

    Python would otherwise go through everything that requests under way hold with every few of
    them, which took a tenth of the time of a read and a third of that of a list.
    """
    gc.collect()
    # What is there by now stays: nobody need go through it again.
    gc.freeze()
    gc.set_threshold(ALLOCATIONS, 20, 20)


class Application(Door):
    """A server's worth of Tenantry: started and stopped in one event loop."""

    def __init__(
        self, settings: Settings, clock: Clock = system_clock, log: RequestLog | None = None
    ) -> None:
        """Put the parts together; nothing is opened yet."""
        self.settings = settings
        self.clock = clock
        self.keyring = keyring_of(settings)
        set_password_cost(settings.password_cost)
        set_breached(settings.breached_passwords)
        self.database = open_database(settings.database, clock)
        self.log = log or RequestLog(enabled=settings.log_requests)
        self._uses = Uses(self.database, self.log.fault)
        self._worker: Worker | None = None
        self.pipeline = Pipeline(
            served(settings),
            self.database,
            self.keyring,
            clock,
            self.log,
            self._uses,
            public_url=settings.base_url,
            bends=settings.client_compatibility,
            extended_events=settings.extended_events,
            provider_networks=settings.provider_networks,
        )
        super().__init__(
            self.pipeline.handle,
            parse_networks(settings.trusted_proxies),
            settings.cors_origins,
            secures_subdomains=settings.hsts_subdomains,
        )

    async def start(self) -> None:
        """Open the database, and begin to deliver if that is this process's business."""
        await self.database.start()
        try:
            await numbers.begin(self.database, self.settings.first_invoice)
            await sellers.begin(self.database, self.keyring, Seller(*self.settings.seller))
        except BaseException:
            # Who tries again opens it anew.
            await self.database.stop()
            raise
        if self.settings.work:
            self._worker = self.worker()
            self._worker.start()

    def worker(self) -> Worker:
        """Who delivers the outbox, posts invoices and publishes checkpoints."""
        post = sender_of(self.settings)
        origin, given = self.settings.base_url, self.settings
        worker = Worker(self.database, self.keyring, post, origin, self.log.fault)
        wanted = Wanted(given.posting_grace_hours)
        close = partial(close_months, self.database, self.keyring, wanted)
        worker.chores.append(Chore(HOUR, close))
        put_away = partial(put_away_ended, self.database, self.keyring)
        worker.chores.append(Chore(HOUR, put_away))
        watch = Watch(self.database, self.keyring)
        worker.chores.append(Chore(15 * MINUTE, watch.look))
        worker.chores.append(Chore(DAY, partial(make_ahead, self.database)))
        domains = partial(look_again, self.database, self.keyring, given.provider_networks)
        worker.chores.append(Chore(HOUR, domains))
        if given.checkpoint_interval:
            folder, mails = read_destinations(given.checkpoint_to)
            interval = given.checkpoint_interval * SECOND
            worker.publish(Schedule(interval, origin, folder, mails))
        if given.archive_folder:
            folder = os.path.abspath(given.archive_folder)  # noqa: PTH100 - as text, to be stored
            work = partial(archive_due, self.database, self.keyring, folder, origin)
            worker.chores.append(Chore(HOUR, work))
        return worker

    async def stop(self) -> None:
        """Finish what was begun, then close."""
        if self._worker is not None:
            await self._worker.stop()
        await self._uses.stop()
        await self.database.stop()

    def __rsgi_init__(self, loop: asyncio.AbstractEventLoop) -> None:
        """Start with a worker of Granian's."""
        loop.run_until_complete(patiently(self.start, self.log.fault))
        end_with_parent(loop)
        heed_signals(loop)
        _spare_collections()

    def __rsgi_del__(self, loop: asyncio.AbstractEventLoop) -> None:
        """Stop with it."""
        loop.run_until_complete(self.stop())


def make() -> Any:
    """The application of a worker process, from its environment."""
    hold_signals()
    return Application(read_settings(os.environ))
