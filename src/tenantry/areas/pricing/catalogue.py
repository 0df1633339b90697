"""The catalogue: what can be metered, in which unit, and what it is called on an invoice."""

from functools import cached_property
from typing import Any

import msgspec

from tenantry.areas.pricing.reading import read, refuse_text
from tenantry.areas.pricing.regions import region_name

_POWERS = frozenset(10**zeros for zeros in range(19))


class Metric(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One thing that is metered (contract: billing §7.1)."""

    product_id: str
    metric: str
    name: str
    """What it is called, behind the region's name where it has regions."""
    is_regional: bool
    divisor: int
    """How many raw units are one billable unit; a power of ten, so that division is exact."""
    unit: str
    """`gb`, or `unit` for what has none of its own."""
    product_name: str
    product_group: str
    product_line: str
    usage_type: str
    """What an invoice's line calls the unit of measure."""
    raw_unit: str

    def __post_init__(self) -> None:
        refuse_text(self, "product_id", "metric", "unit", "usage_type", "raw_unit", longest=64)
        refuse_text(self, "name", "product_name", "product_group", "product_line")
        if self.divisor not in _POWERS:
            message = "divisor: must be a power of ten"
            raise ValueError(message)

    def label(self, region: str) -> str:
        """What it is called in a region: `Europe Requests`; `Compute Requests` where none."""
        return f"{region_name(region)} {self.name}" if region else self.name


class Catalogue(msgspec.Struct, frozen=True, dict=True, forbid_unknown_fields=True):
    """Everything that is metered."""

    listed: tuple[Metric, ...] = msgspec.field(name="metrics")

    def __post_init__(self) -> None:
        if len(self.metrics) != len(self.listed):
            message = "metrics: names a product and metric twice"
            raise ValueError(message)

    @cached_property
    def metrics(self) -> dict[tuple[str, str], Metric]:
        """Each by its product and metric."""
        return {(each.product_id, each.metric): each for each in self.listed}

    def find(self, product_id: str, metric: str) -> Metric:
        """The metric; what the catalogue lost keeps its key as its name, so nothing vanishes."""
        return self.metrics.get((product_id, metric)) or Metric(
            product_id=product_id,
            metric=metric,
            name=f"{product_id} {metric}",
            is_regional=False,
            divisor=1,
            unit="unit",
            product_name=product_id,
            product_group=product_id,
            product_line=product_id,
            usage_type=metric,
            raw_unit="unit",
        )


def parse_catalogue(given: Any) -> Catalogue:
    """Read `{"metrics": […]}`. Raises BadTerms, naming the place that is wrong."""
    return read(given, Catalogue)


_CDN = ("Full-Site Delivery", "Full-Site Delivery", "Network Services")
_COMPUTE = ("Compute", "Compute", "Compute")
_ROWS = (
    ("cdn_usage", "bandwidth", "Bandwidth", 9, _CDN),
    ("cdn_usage", "requests", "Requests", 4, _CDN),
    ("compute_usage", "requests", "Compute Requests", 6, _COMPUTE),
    (
        *("image_optimizer", "requests", "Image Optimizer Requests", 4),
        ("Image Optimizer", "Full-Site Delivery", "Network Services"),
    ),
    (
        *("ngwaf", "requests", "Next-Gen WAF Requests", 6),
        ("Next-Gen WAF", "Next-Gen WAF", "Security"),
    ),
    (
        *("object_storage", "storage", "Object Storage Capacity", 9),
        ("Object Storage", "Compute", "Compute"),
    ),
)
_UNITS = {
    "bandwidth": ("gb", "byte"),
    "requests": ("unit", "request"),
    "storage": ("gb", "byte-month"),
}

BUILT_IN = Catalogue(
    tuple(
        Metric(
            product_id=product_id,
            metric=metric,
            name=name,
            is_regional=product_id == "cdn_usage",
            divisor=10**zeros,
            unit=_UNITS[metric][0],
            product_name=product[0],
            product_group=product[1],
            product_line=product[2],
            usage_type=metric,
            raw_unit=_UNITS[metric][1],
        )
        for product_id, metric, name, zeros, product in _ROWS
    )
)
"""What is metered unless an operator says otherwise (contract: billing §7.1)."""
