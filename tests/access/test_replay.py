"""Whatever is done to access, in whatever order: it is told before, and can be told afterwards.

A customer is changed at random through the front door. Each change is tried first; after it, what
everybody holds is read from the tables that enforce. At the end the log is replayed to each of its
events, and must say what was seen then.
"""

import random
from typing import Any

import msgspec
import pytest

from tenantry.access import history
from tenantry.access.comparison import Subject, compare, everybody
from tenantry.access.decide import Rights, rights
from tenantry.access.state import read_principal
from tenantry.core.context import Grants
from tenantry.core.permissions import CATALOGUE, ROLE_IDS
from tests.world import ADA, API, BEN, BILL, BOT, EVERYBODY, LIM, UMA, WIDGETS, WWW, World

CHANGES = 60
PEOPLE = (BEN, LIM, BILL, UMA)
GROUPABLE = [ROLE_IDS[one] for one in ("user", "billing", "engineer", "tls_admin")]


class Customer:
    """Ada's customer, changed by chance; what there is to name is kept by kind."""

    def __init__(self, world: World, dice: random.Random) -> None:
        self.world = world
        self.dice = dice
        self.roles: list[str] = []
        self.user_groups: list[str] = []
        self.service_groups: list[str] = []
        self.authorizations: list[str] = []
        self.services = [WWW, API]

    async def change(self) -> None:
        """Do one thing, whatever becomes of it, after trying it."""
        changes = [
            self.turn_user,
            self.turn_user,
            self.turn_role,
            self.turn_group,
            self.turn_group,
            self.turn_pairs,
            self.turn_pairs,
            self.turn_pairs,
            self.turn_authorization,
            self.turn_service,
        ]
        await self.dice.choice(changes)()

    async def ask(self, method: str, path: str, **more: Any) -> Any:
        """Try a change, do it, and see that what was foretold has come."""
        before = await _state(self.world)
        tried = await self.world.ask(ADA, method, f"{path}?dry_run=true", **more)
        assert await _sequence(self.world) == before.sequence
        done = await self.world.ask(ADA, method, path, **more)
        if tried.status_code >= 400:
            assert (done.status_code, done.content) == (tried.status_code, tried.content)
            return None
        assert done.status_code < 300, done.text
        after = await _state(self.world)
        foretold = [one for one in tried.json()["changes"] if self._is_old(one, before)]
        seen = [one for one in _told(compare(before, after)) if self._is_old(one, before)]
        assert foretold == seen, (method, path, more)
        events = await self.world.events()
        actions = [event[0] for event in events if event[5] > before.sequence]
        assert [event["action"] for event in tried.json()["events"]] == actions
        return done.json() if done.content else None

    @staticmethod
    def _is_old(difference: dict[str, Any], before: history.State) -> bool:
        """What is made anew has another id the second time."""
        return before.row("user", difference["id"]) is not None or difference["id"] == BOT.id

    async def turn_user(self) -> None:
        """Change somebody's roles or limit."""
        who = self.dice.choice(PEOPLE)
        change = self.dice.choice(
            [
                {"limit_services": self.dice.choice(["true", "false"])},
                {"role": self.dice.choice(["user", "billing", "engineer"])},
                {"roles": ",".join(self._some([*self.roles, *GROUPABLE], 2))},
                {"locked": self.dice.choice(["true", "false"])},
            ]
        )
        await self.ask("PUT", f"/user/{who.id}", data=change)

    async def turn_role(self) -> None:
        """Make a role, change what it permits, or delete it."""
        permissions = [{"id": one.id} for one in self.dice.sample(CATALOGUE, 5)]
        if not self.roles or self.dice.random() < 0.4:
            name = f"Role {self.dice.random()}"
            made = await self.ask("POST", "/roles", json={"name": name, "permissions": permissions})
            self.roles.append(made["id"])
            return
        role = self.dice.choice(self.roles)
        if self.dice.random() < 0.2:
            self.roles.remove(role)
            await self.ask("DELETE", f"/roles/{role}")
            return
        method = self.dice.choice(["POST", "DELETE"])
        await self.ask(method, f"/roles/{role}/permissions", json={"permissions": permissions})

    async def turn_group(self) -> None:
        """Make or delete a group."""
        path, known = self.dice.choice(
            [("/user-groups", self.user_groups), ("/service-groups", self.service_groups)]
        )
        if not known or self.dice.random() < 0.7:
            made = await self.ask("POST", path, json={"name": f"Group {self.dice.random()}"})
            known.append(made["id"])
            return
        group = known.pop(self.dice.randrange(len(known)))
        await self.ask("DELETE", f"{path}/{group}")

    async def turn_pairs(self) -> None:
        """Put something into a group, or take it out."""
        method = self.dice.choice(["POST", "POST", "DELETE"])
        sets: list[tuple[str, list[str], str, list[str]]] = [
            ("/service-groups", self.service_groups, "services", self.services),
            ("/user-groups", self.user_groups, "members", [one.id for one in PEOPLE]),
            ("/user-groups", self.user_groups, "roles", [*self.roles, *GROUPABLE]),
            ("/user-groups", self.user_groups, "service_groups", self.service_groups),
        ]
        path, groups, kind, members = self.dice.choice(sets)
        chosen = [{"id": one} for one in self._some(members, 2)]
        if groups and chosen:
            group = self.dice.choice(groups)
            where = f"{path}/{group}/{kind.replace('_', '-')}"
            await self.ask(method, where, json={kind: chosen})

    async def turn_authorization(self) -> None:
        """Grant, change or withdraw a service authorization."""
        permission = self.dice.choice(["full", "read_only", "purge_select", "purge_all"])
        if self.authorizations and self.dice.random() < 0.5:
            path = f"/service-authorizations/{self.dice.choice(self.authorizations)}"
            if self.dice.random() < 0.5:
                await self.ask("DELETE", path)
            else:
                await self.ask(
                    "PATCH", path, json={"data": {"attributes": {"permission": permission}}}
                )
            return
        user, service = self.dice.choice(PEOPLE), self.dice.choice(self.services)
        linked = {
            "user": {"data": {"type": "user", "id": user.id}},
            "service": {"data": {"type": "service", "id": service}},
        }
        body = {"data": {"attributes": {"permission": permission}, "relationships": linked}}
        made = await self.ask("POST", "/service-authorizations", json=body)
        if made is not None:
            self.authorizations.append(made["data"]["id"])

    async def turn_service(self) -> None:
        """Create a service, or delete one."""
        if len(self.services) < 4:
            made = await self.ask("POST", "/service", data={"name": f"s{self.dice.random()}"})
            self.services.append(made["id"])
        elif self.dice.random() < 0.3:
            service = self.services.pop(self.dice.randrange(2, len(self.services)))
            await self.ask("DELETE", f"/service/{service}")

    def _some(self, of: list[str], most: int) -> list[str]:
        return self.dice.sample(of, min(len(of), self.dice.randint(1, most)))


async def _sequence(world: World) -> int:
    sequence: int = (await world.events())[-1][5]
    return sequence


async def _state(world: World) -> history.State:
    return await history.load(world.app.database, WIDGETS, await _sequence(world), world.clock.now)


def _told(differences: list[Any]) -> Any:
    return msgspec.to_builtins(differences)


async def _enforced(world: World) -> dict[str, Rights]:
    """What everybody holds by the tables that requests are decided from."""
    held: dict[str, Rights] = {}
    for person in EVERYBODY:
        if person.customer_id != WIDGETS:
            continue
        digest = world.app.keyring.digest(person.token)
        principal = await read_principal(world.app.database, digest)
        held[person.token_id] = rights(Grants() if principal is None else principal.grants)
    return held


def _replayed(state: history.State, seen: dict[str, Rights]) -> dict[str, Rights]:
    """The same, by the log."""
    return {one: rights(state.grants_of_token(one)) for one in seen}


@pytest.mark.parametrize("seed", range(4))
async def test_what_is_done_was_foretold_and_can_be_replayed(world: World, seed: int) -> None:
    customer = Customer(world, random.Random(seed))  # noqa: S311 - chance, not secrecy
    observed: dict[int, dict[str, Rights]] = {}
    for _ in range(CHANGES):
        await customer.change()
        observed[await _sequence(world)] = await _enforced(world)
    assert len(observed) > CHANGES // 3
    for sequence, seen in observed.items():
        state = await history.load(world.app.database, WIDGETS, sequence, world.clock.now)
        assert _replayed(state, seen) == seen, sequence
    assert everybody(await _state(world)) >= _people()


def _people() -> set[Subject]:
    return {("user", one.id) for one in PEOPLE} | {("automation", BOT.token_id)}
