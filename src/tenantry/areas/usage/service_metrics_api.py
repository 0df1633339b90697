"""How the use of single services is reached (contract: billing §4.2, §4.3).

A cursor names what it was made for, so that it is taken for nothing else.
"""

import hashlib
from typing import Annotated

import msgspec
from msgspec import UNSET, UnsetType

from tenantry.areas.pricing.money import number
from tenantry.areas.usage import service_metrics
from tenantry.areas.usage.asked import DAYS, MONTHS, span_of_days, span_of_months
from tenantry.areas.usage.metrics import UsageType
from tenantry.areas.usage.service_metrics import Page, Place, ServiceUse, Wanted
from tenantry.core.clock import SECOND, Instant, shown
from tenantry.core.context import Reading
from tenantry.core.errors import bad_request
from tenantry.http.message import Query
from tenantry.http.operation import QueryParameter, operation, permission
from tenantry.http.paging import cursor, limited, position
from tenantry.http.wire import BILLING, BILLING_OF_CUSTOMER

_SEE = permission("usage.read")
_SORT = "usage_units"
_FILTERED = (
    QueryParameter("product_id", description="One product; together with usage_type_name"),
    QueryParameter(
        "usage_type_name", description="One of its usage types, such as Europe Requests"
    ),
    QueryParameter("service", description="One service's id"),
)
_CURSOR = QueryParameter("cursor", description="Where the answer before ended")

Number = Annotated[msgspec.Raw, msgspec.Meta(extra_json_schema={"type": "number"})]


class ServiceUsageMetric(msgspec.Struct):
    """What a service used."""

    customer_id: str
    service_id: str
    """Empty for what was used without naming a service."""
    service_name: str
    usage_units: Number
    product_id: str | UnsetType = UNSET
    """This and the next two are there where no single usage type was asked for."""
    usage_type: str | UnsetType = UNSET
    unit: str | UnsetType = UNSET


class ServiceUsageMeta(msgspec.Struct):
    """What a list of services' use says of itself."""

    next_cursor: str
    """Where the next page begins; empty on the last."""
    limit: int
    sort: str
    total: int
    """Rows on all pages."""


class ServiceUsageData(msgspec.Struct):
    """What services used in a span of time."""

    customer_id: str
    start_time: str
    end_time: str
    usage_type: str | UnsetType
    unit: str | UnsetType
    details: list[ServiceUsageMetric]
    meta: ServiceUsageMeta


class ServiceUsageMetrics(msgspec.Struct):
    """What services used, the largest use first."""

    data: ServiceUsageData


@operation(
    "GET /billing/v3/service-usage-metrics",
    allow=_SEE,
    wire=BILLING,
    query=(*_FILTERED, *MONTHS, QueryParameter("limit", description="At most 10000"), _CURSOR),
)
async def get_service_level_usage(call: Reading, query: Query) -> ServiceUsageMetrics:
    """What each service used in up to three months; this one if none is named."""
    size = limited(query, default=1000, most=10_000)
    return await _answered(call, query, span_of_months(query, call.now), size)


@operation(
    "GET /billing/v2/account_customers/{customer_id}/service-usage-metrics",
    allow=_SEE,
    wire=BILLING_OF_CUSTOMER,
    query=(*_FILTERED, *MONTHS, *DAYS, QueryParameter("limit", description="At most 100"), _CURSOR),
)
async def get_customer_service_level_usage(call: Reading, query: Query) -> ServiceUsageMetrics:
    """The same, as older clients ask for it; also in a span of days, summed."""
    size = limited(query, default=5, most=100)
    return await _answered(call, query, span_of_days(query, call.now), size)


async def _answered(
    call: Reading, query: Query, span: tuple[Instant, Instant], size: int
) -> ServiceUsageMetrics:
    wanted = Wanted(*span, _type(query), query.get("service") or "")
    asked = _digest(call, wanted)
    after = _after(query, asked)
    page = await service_metrics.page_of(call.rows, call.customer_id, wanted, size, after)
    following = "" if page.last is None else _cursor(asked, page.last)
    return ServiceUsageMetrics(
        ServiceUsageData(
            customer_id=call.customer_id,
            start_time=shown(wanted.begin),
            end_time=shown(wanted.end - SECOND),
            usage_type=UNSET if wanted.type is None else wanted.type.name,
            unit=UNSET if wanted.type is None else page.unit,
            details=[_shown(call, wanted, page, use) for use in page.uses],
            meta=ServiceUsageMeta(following, size, _SORT, page.total),
        )
    )


def _type(query: Query) -> UsageType | None:
    """The usage type that is asked for. Raises Problem 400 for half of one."""
    product_id, name = query.get("product_id") or "", query.get("usage_type_name") or ""
    if bool(product_id) != bool(name):
        raise bad_request("product_id and usage_type_name are used together")
    return UsageType(product_id, name) if name else None


def _shown(call: Reading, wanted: Wanted, page: Page, use: ServiceUse) -> ServiceUsageMetric:
    told = ServiceUsageMetric(
        call.customer_id,
        use.service_id,
        page.names.get(use.service_id, ""),
        number(use.units),
    )
    if wanted.type is None:
        told.product_id, told.usage_type, told.unit = (
            *(use.metric.product_id, use.name),
            use.metric.unit,
        )
    return told


def _digest(call: Reading, wanted: Wanted) -> str:
    """Of whose use, and which, is listed."""
    text = msgspec.json.encode((call.customer_id, wanted))
    return hashlib.sha256(text).hexdigest()[:16]


def _cursor(asked: str, place: Place) -> str:
    # The number can be too large for JSON readers.
    units, *names = place
    return cursor(asked, str(-units), *names)


def _after(query: Query, asked: str) -> Place | None:
    """The place after which the page begins. Raises Problem 400."""
    text = query.get("cursor")
    if not text:
        return None
    match position(text):
        case [made_for, str(units), str(service_id), str(product_id), str(metric), str(region)] if (
            made_for == asked and units.isascii() and units.isdigit()
        ):
            return -int(units[:60]), service_id, product_id, metric, region
        case _:
            raise bad_request("The cursor is not valid")
