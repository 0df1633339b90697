"""What statistics of usage look like (contract: billing §6).

Counts are whole: of what was metered in fractions, the part that is whole. In billable units they
are exact decimals.
"""

from collections.abc import Callable
from typing import Annotated, Generic, Literal, TypeVar

import msgspec

from tenantry.areas.pricing.money import number, units_of
from tenantry.areas.pricing.regions import REGIONS
from tenantry.areas.usage.statistics import Traffic, Traffics, in_regions
from tenantry.core.clock import Instant, shown

_RAW_UNIT, _GIGABYTE, _REQUESTS = 10**6, 10**9, 10**4

Number = Annotated[msgspec.Raw, msgspec.Meta(extra_json_schema={"type": "number"})]


T = TypeVar("T")


class Counts(msgspec.Struct):
    """Traffic: in bytes and requests, or in billable units."""

    bandwidth: Number
    requests: Number
    compute_requests: Number


class Meta(msgspec.Struct):
    """What was asked for; times as `2026-03-01 10:00:00 UTC`."""

    to: str
    since: str = msgspec.field(name="from")
    by: str
    region: str


class Statistics(msgspec.Struct, Generic[T]):
    """Statistics, and what is told with all of them."""

    data: T
    meta: Meta
    status: Literal["success"] = "success"
    msg: None = None


class MonthData(msgspec.Struct):
    """A month's traffic."""

    customer_id: str
    services: dict[str, dict[str, str | Counts]]
    """Of each service its `name`, and the traffic of each region in which it had any."""
    total: dict[str, Counts]


Shape = Callable[[Traffic], Counts]


def counted(traffic: Traffic) -> Counts:
    """In bytes and requests."""
    return Counts(
        _whole(traffic.bandwidth), _whole(traffic.requests), _whole(traffic.compute_requests)
    )


def billed(traffic: Traffic) -> Counts:
    """In gigabytes and tens of thousands of requests, whatever the catalogue bills by."""
    return Counts(
        number(units_of(traffic.bandwidth, _GIGABYTE)),
        number(units_of(traffic.requests, _REQUESTS)),
        number(units_of(traffic.compute_requests, _REQUESTS)),
    )


def _whole(micros: int) -> msgspec.Raw:
    return msgspec.Raw(b"%d" % (micros // _RAW_UNIT))


def of_regions(totals: dict[str, Traffic], shape: Shape) -> dict[str, Counts]:
    """The traffic of every region, also where there was none, and of what has no region."""
    keys = [*REGIONS, *(region for region in sorted(totals) if region not in REGIONS)]
    return {region: shape(totals.get(region, Traffic())) for region in sorted(keys)}


def of_services(traffics: Traffics) -> dict[str, dict[str, Counts]]:
    """The traffic of each service, below every region."""
    regions: dict[str, dict[str, Counts]] = {region: {} for region in sorted(REGIONS)}
    for region, service_id in sorted(traffics):
        if service_id:
            services = regions.setdefault(region, {})
            services[service_id] = counted(traffics[region, service_id])
    return regions


def of_month(
    customer_id: str, traffics: Traffics, names: dict[str, str], shape: Shape
) -> MonthData:
    """A month's traffic of each service by region, and of all."""
    services: dict[str, dict[str, str | Counts]] = {}
    for region, service_id in sorted(traffics):
        if service_id:
            name = names.get(service_id, "")
            service = services.setdefault(service_id, {"name": name})
            service[region] = shape(traffics[region, service_id])
    return MonthData(customer_id, services, of_regions(in_regions(traffics), shape))


def meta(since: Instant, until: Instant, by: str = "day", region: str = "all") -> Meta:
    """What is told of a span of time."""
    return Meta(to=_utc(until), since=_utc(since), by=by, region=region)


def _utc(instant: Instant) -> str:
    return shown(instant).replace("T", " ").replace("Z", " UTC")
