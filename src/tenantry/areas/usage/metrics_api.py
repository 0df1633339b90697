"""How usage of whole months is reached (contract: billing §4.1, §4.3)."""

from typing import Annotated

import msgspec

from tenantry.areas.pricing.money import number
from tenantry.areas.pricing.regions import region_name
from tenantry.areas.usage import metrics
from tenantry.areas.usage.asked import MONTHS, months
from tenantry.core.clock import shown
from tenantry.core.context import Reading
from tenantry.core.errors import bad_request
from tenantry.http.message import Query
from tenantry.http.operation import operation, permission
from tenantry.http.wire import BILLING, BILLING_OF_CUSTOMER

_SEE = permission("usage.read")

Number = Annotated[msgspec.Raw, msgspec.Meta(extra_json_schema={"type": "number"})]


class UsageMetric(msgspec.Struct):
    """What was used of one thing in a month."""

    month: str
    """`2024-05`."""
    usage_type: str
    name: str
    region: str
    """Its name; empty for what has none."""
    unit: str
    quantity: Number
    """In billable units, before what a plan includes."""
    raw_quantity: Number
    product_id: str
    last_updated_at: str


class UsageMetrics(msgspec.Struct):
    """What was used of anything."""

    data: list[UsageMetric]


class ServiceUsageType(msgspec.Struct):
    """Something that was used."""

    product_id: str
    name: str


class ServiceUsageTypes(msgspec.Struct):
    """Everything that was ever used."""

    data: list[ServiceUsageType]


@operation("GET /billing/v3/usage-metrics", allow=_SEE, wire=BILLING, query=MONTHS)
async def get_usage_metrics(call: Reading, query: Query) -> UsageMetrics:
    """What the customer used of anything in up to three months."""
    first, last = months(query)
    if first is None or last is None:
        raise bad_request("start_month and end_month are required")
    found = await metrics.in_months(call.rows, call.customer_id, first, last)
    return UsageMetrics([_shown(used) for used in found])


def _shown(used: metrics.Used) -> UsageMetric:
    return UsageMetric(
        month=used.month.text,
        usage_type=used.name,
        name=used.name,
        region=region_name(used.region),
        unit=used.metric.unit,
        quantity=number(used.units),
        raw_quantity=number(used.raw),
        product_id=used.metric.product_id,
        last_updated_at=shown(used.updated_at),
    )


@operation("GET /billing/v3/service-usage-types", allow=_SEE, wire=BILLING)
async def get_service_level_usage_types(call: Reading) -> ServiceUsageTypes:
    """Everything that the customer ever used, by product and name."""
    return await _types(call)


async def _types(call: Reading) -> ServiceUsageTypes:
    found = await metrics.types(call.rows, call.customer_id)
    return ServiceUsageTypes([ServiceUsageType(one.product_id, one.name) for one in found])


@operation(
    "GET /billing/v2/account_customers/{customer_id}/service-usage-types",
    allow=_SEE,
    wire=BILLING_OF_CUSTOMER,
)
async def get_customer_service_level_usage_types(call: Reading) -> ServiceUsageTypes:
    """The same, as older clients ask for it."""
    return await _types(call)
