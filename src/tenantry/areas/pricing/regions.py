"""The regions that traffic is counted in (contract: billing §6.2)."""

REGIONS = {
    "usa": "North America",
    "europe": "Europe",
    "asia": "Asia",
    "asia_india": "India",
    "asia_southkorea": "South Korea",
    "anzac": "Australia and New Zealand",
    "latam": "Latin America",
    "southamerica_std": "South America",
    "africa_std": "Africa",
    "mexico": "Mexico",
}
"""Each one's name by its key, in the order of an invoice's lines."""

_PLACES = {key: place for place, key in enumerate(REGIONS)}


def region_order(key: str) -> int:
    """Where a region's lines stand; what has no region stands before all."""
    return _PLACES.get(key, len(_PLACES)) if key else -1


def region_name(key: str) -> str:
    """What a region is called; nothing for what has none."""
    return REGIONS.get(key, key)
