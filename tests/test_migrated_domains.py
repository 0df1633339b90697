"""Migration 0013: mail domains that were claimed by several names have one each."""

import pytest
from sqlalchemy import Connection, insert, text

from tenantry import migrations
from tenantry.core.security_tables import email_domains
from tests.test_migrations import on_database

_CLAIMED = (
    # Customer, domain as it may have been, when it was verified, when it lapsed, and what stays.
    ("a", "xn--mller-kva.example.com", None, None, None),
    ("a", "mu\u0308ller.example.com", 20, None, "müller.example.com"),
    ("b", "xn--mller-kva.example.com", 30, None, None),
    ("c", "müller.example.com", None, None, "müller.example.com"),
    ("d", "xn--mller-kva.example.com", None, None, "müller.example.com"),
    ("e", "xn--jrg-sna.example.com", 10, None, "jörg.example.com"),
    ("f", "jörg.example.com", 20, None, None),
    ("g", "xn--bcher-kva.example.com", None, 10, "bücher.example.com"),
    ("g", "bücher.example.com", None, None, None),
    ("h", "bu\u0308cher.example.com", None, 5, "bücher.example.com"),
)


def _undo_0013(connection: Connection) -> list[object]:
    for customer, domain, verified_at, lapsed_at, _ in _CLAIMED:
        of = {"customer_id": customer, "domain": domain, "challenge": "", "created_at": 0}
        at = {"verified_at": verified_at, "lapsed_at": lapsed_at}
        connection.execute(insert(email_domains).values(**of, **at))
    connection.execute(text("UPDATE alembic_version SET version_num = '0012'"))
    return []


def _domains(connection: Connection) -> list[object]:
    found = (
        "SELECT customer_id, domain, verified_at, lapsed_at FROM email_domains ORDER BY customer_id"
    )
    return [tuple(row) for row in connection.execute(text(found))]


async def test_a_domain_has_one_name_since_0013(
    database_url: str, caplog: pytest.LogCaptureFixture
) -> None:
    """Of several that are one, the first that was verified stays, and a claim of each customer."""
    await on_database(database_url, _undo_0013)
    assert await migrations.migrate(database_url) == ("0012", migrations.NEWEST)
    stays = [(customer, name, *when) for customer, _, *when, name in _CLAIMED if name]
    assert await on_database(database_url, _domains) == stays
    given_up = [one.split()[2] for one in caplog.messages if "is given up" in one]
    assert sorted(given_up) == ["a", "b", "f", "g"]
