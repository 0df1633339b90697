"""What becomes of a scenario's rows in one customer: which are due, which stand, which are gone."""

from collections import Counter
from collections.abc import Hashable, Iterable, Mapping
from functools import lru_cache
from typing import Any

import msgspec

from tenantry.areas.operator.scenario_checks import Taken
from tenantry.areas.operator.scenario_shape import BadScenario, Row
from tenantry.areas.operator.standing import NOTHING, Kind, Standing
from tenantry.areas.users import model as users
from tenantry.core.ids import new_id


class Due(msgspec.Struct, frozen=True):
    """A row to be written, with what it refers to found."""

    kind: Kind
    place: str
    id: str
    given: Any
    user_id: str | None = None
    services: tuple[str, ...] = ()
    secret: str | None = None


class Target(msgspec.Struct, frozen=True):
    """A row that others may refer to."""

    id: str
    is_gone: bool = False
    is_due: bool = False


class Plan:
    """One customer: what is due, what stands, and what the file says otherwise."""

    def __init__(self, place: str, customer_id: str, standing: Standing = NOTHING) -> None:
        self.place = place
        self.customer_id = customer_id
        self.standing = standing
        self.owner_id: str | None = None
        self.due: list[Due] = []
        self.unchanged: Counter[Kind] = Counter()
        self.skipped: Counter[Kind] = Counter()
        self.notes: list[str] = []
        self.users: dict[str, Target] = {}
        self.services: dict[str, Target] = {}
        self._taken = Taken()

    def settle(
        self, kind: Kind, place: str, row_id: str | None, key: Hashable, facts: Mapping[str, Any]
    ) -> Target:
        """What becomes of a row. Raises BadScenario if it stands under another id."""
        self._taken.take(place, kind, key)
        shelf = self.standing[kind]
        stand = shelf.by_id.get(row_id or "")
        if stand is None:
            stand = shelf.by_key.get(key)
            if stand is not None and row_id is not None:
                raise BadScenario(f"{place}.id", f"it stands already, with the id {stand.id}")
        if stand is None:
            return Target(row_id or new_id(), is_due=True)
        if stand.is_gone:
            self.skip(kind, place, "was removed, and stays so")
            return Target(stand.id, is_gone=True)
        self.unchanged[kind] += 1
        self.compare(place, facts, stand.facts)
        return Target(stand.id)

    def compare(self, place: str, facts: Mapping[str, Any], stands: Mapping[str, Any]) -> None:
        """Note where the file says something else than what stands."""
        for name, value in facts.items():
            if value != stands[name]:
                shown_value = "another" if isinstance(value, bytes) else repr(stands[name])
                self.notes.append(f"{place}.{name}: {shown_value} stands, and is left")

    def skip(self, kind: Kind, place: str, why: str) -> None:
        """Leave a row out."""
        self.skipped[kind] += 1
        self.notes.append(f"{place}: {why}")

    def user(self, place: str, text: str) -> Target:
        """The user that is meant. Raises BadScenario."""
        found = self.users.get(users.login_key(text) if "@" in text else text)
        if found is None:
            raise BadScenario(place, f"{text!r} is no user of this customer")
        return found

    def service(self, place: str, text: str) -> Target:
        """The service that is meant. Raises BadScenario."""
        found = self.services.get(text)
        if found is None:
            raise BadScenario(place, f"{text!r} is no service of this customer")
        return found


@lru_cache(maxsize=16)
def _defaults(kind: type[Row]) -> dict[str, Any]:
    return {field.name: field.default for field in msgspec.structs.fields(kind)}


def given(row: Row, names: Iterable[str]) -> dict[str, Any]:
    """The values that differ from what holds when nothing is said."""
    defaults = _defaults(type(row))
    return {name: value for name in names if (value := getattr(row, name)) != defaults[name]}
