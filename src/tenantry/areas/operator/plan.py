"""What becomes of a scenario's rows in one customer: which are due, which stand, which are gone."""

from collections import Counter
from collections.abc import Hashable, Iterable, Mapping, Sequence
from typing import Any

import msgspec

from tenantry.areas.operator.scenario_checks import Taken
from tenantry.areas.operator.scenario_parts import BadScenario, Row
from tenantry.areas.operator.shelves import NOTHING, Kind, Standing
from tenantry.areas.users import model as users
from tenantry.core.ids import new_id
from tenantry.core.permissions import ROLE_IDS, ROLE_OF_ID


class Due(msgspec.Struct, frozen=True):
    """A row to be written, with what it refers to found."""

    kind: Kind
    place: str
    id: str
    given: Any
    user_id: str | None = None
    services: tuple[str, ...] = ()
    roles: tuple[str, ...] = ()
    members: tuple[str, ...] = ()
    """Of a membership: what is put into the group that `id` names."""
    secret: str | None = None

    @property
    def count(self) -> int:
        """The rows that it stands for."""
        return len(self.members) or 1


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
        self.roles = {
            name: Target(role_id) for role, role_id in ROLE_IDS.items() for name in (role, role_id)
        }
        self.roles_of: dict[str, list[str]] = {}
        """The ids of each user's roles, by his id."""
        self.service_groups: dict[str, Target] = {}
        self.invitations: dict[str, Target] = {}
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
        return _meant(place, text, "user", self.users, _folded_address(text))

    def service(self, place: str, text: str) -> Target:
        """The service that is meant. Raises BadScenario."""
        return _meant(place, text, "service", self.services, text)

    def role(self, place: str, text: str) -> Target:
        """The role that is meant. Raises BadScenario."""
        return _meant(place, text, "role", self.roles, text.casefold())

    def several_roles(self, place: str, texts: Sequence[str]) -> tuple[str, ...]:
        """The ids of roles that are held together. Raises BadScenario."""
        named = [self.role(f"{place}.roles[{at}]", text).id for at, text in enumerate(texts)]
        if ROLE_IDS["superuser"] in named:
            raise BadScenario(f"{place}.roles", "'superuser' goes with no other role: name it role")
        return tuple(dict.fromkeys(named))

    def service_group(self, place: str, text: str) -> Target:
        """The service group that is meant. Raises BadScenario."""
        return _meant(place, text, "service group", self.service_groups, text.casefold())

    def invitation(self, place: str, text: str) -> Target:
        """The invitation that is meant. Raises BadScenario."""
        return _meant(place, text, "invitation", self.invitations, _folded_address(text))


def facts_of_roles(row: Row, role_ids: Sequence[str]) -> dict[str, Any]:
    """What the file says of the roles that are held: of several, or else of one."""
    return {"roles": sorted(role_ids)} if role_ids else given(row, ("role",))


def check_limitable(place: str, role_ids: Iterable[str]) -> None:
    """Refuse to limit to services who has a role without limits. Raises BadScenario."""
    for role in (ROLE_OF_ID[one] for one in role_ids if one in ROLE_OF_ID):
        if role not in users.LIMITABLE:
            raise BadScenario(place, f"role {role!r} can't be service limited")


def _folded_address(text: str) -> str:
    return users.login_key(text) if "@" in text else text


def _meant(place: str, text: str, noun: str, known: Mapping[str, Target], key: str) -> Target:
    """What a text means: an id, or the name that the key is made from. Raises BadScenario."""
    found = known.get(key) or known.get(text)
    if found is None:
        raise BadScenario(place, f"{text!r} is no {noun} of this customer")
    return found


def given(row: Row, names: Iterable[str]) -> dict[str, Any]:
    """What the file says of it; null says nothing."""
    values = {name: getattr(row, name) for name in names if name in row.said}
    return {name: value for name, value in values.items() if value is not None}
