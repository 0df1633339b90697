"""What can be wrong with a scenario before any database is asked."""

from collections import Counter
from typing import TYPE_CHECKING

from tenantry.areas.customers.contacts import REACHED_BY_PHONE
from tenantry.areas.operator.scenario_access import Invitation, Role, ServiceGroup, UserGroup
from tenantry.areas.operator.scenario_parts import BadScenario
from tenantry.areas.operator.scenario_shape import (
    AutomationToken,
    Contact,
    Customer,
    Scenario,
    Service,
    Token,
    User,
)
from tenantry.areas.roles.row import RESERVED
from tenantry.areas.tokens import terms
from tenantry.areas.users import model as users
from tenantry.core.addresses import parse_allowlist
from tenantry.core.clock import read
from tenantry.core.errors import Problem
from tenantry.core.mail_address import checked_address

if TYPE_CHECKING:
    from collections.abc import Sequence


class Taken:
    """What may stand in a file once only, and where it stands first."""

    def __init__(self) -> None:
        self._places: dict[tuple[object, ...], str] = {}

    def take(self, place: str, *key: object) -> None:
        """Note it. Raises BadScenario for the second of its kind, without telling what it is."""
        first = self._places.setdefault(key, place)
        if first != place:
            raise BadScenario(place, f"is the same as {first}")


def check(scenario: Scenario) -> None:
    """Raises BadScenario, naming the first place that is wrong."""
    taken = Taken()
    for at, customer in enumerate(scenario.customers):
        _check_customer(f"customers[{at}]", customer, taken)
    for at, key in enumerate(scenario.operator_keys):
        _check_name(f"operator_keys[{at}].name", key.name)
        taken.take(f"operator_keys[{at}].key", "secret", key.key)
    _check_invited(scenario)
    names = Counter(customer.name for customer in scenario.customers)
    for at, customer in enumerate(scenario.customers):
        if customer.id is None and names[customer.name] > 1:
            raise BadScenario(f"customers[{at}].id", "is needed: another has the same name")


def _check_invited(scenario: Scenario) -> None:
    """Who is a user in the file cannot be invited in it."""
    logins = {users.login_key(user.login) for one in scenario.customers for user in one.users}
    for at, customer in enumerate(scenario.customers):
        for number, invitation in enumerate(customer.invitations):
            if users.login_key(invitation.email) in logins:
                place = f"customers[{at}].invitations[{number}].email"
                raise BadScenario(place, "a user has it as login")


def _check_customer(place: str, customer: Customer, taken: Taken) -> None:
    _check_id(place, "customer", customer.id, taken)
    _check_name(f"{place}.name", customer.name)
    _check_name(f"{place}.pricing_plan", customer.pricing_plan)
    for name in ("pricing_plan", "pricing_plan_id"):
        if customer.plan is not None and name in customer.said:
            raise BadScenario(f"{place}.{name}", "leave it out: there is a plan")
    try:
        parse_allowlist(customer.ip_whitelist)
    except ValueError as problem:
        raise BadScenario(f"{place}.ip_whitelist", str(problem)) from problem
    for at, user in enumerate(customer.users):
        _check_user(f"{place}.users[{at}]", user, taken)
    owners = [at for at, user in enumerate(customer.users) if user.owner]
    if len(owners) > 1:
        raise BadScenario(f"{place}.users[{owners[1]}].owner", "a customer has one owner")
    for at, service in enumerate(customer.services):
        _check_service(f"{place}.services[{at}]", service, taken)
        taken.take(f"{place}.services[{at}].name", "service name", place, service.name)
    for at, token in enumerate(customer.tokens):
        _check_token(f"{place}.tokens[{at}]", token, taken)
    for at, automation in enumerate(customer.automation_tokens):
        _check_token(f"{place}.automation_tokens[{at}]", automation, taken)
        _check_role(f"{place}.automation_tokens[{at}]", automation)
    _check_access(place, customer, taken)
    for at, contact in enumerate(customer.contacts):
        _check_contact(f"{place}.contacts[{at}]", contact)


def _check_access(place: str, customer: Customer, taken: Taken) -> None:
    named: dict[str, Sequence[Role | ServiceGroup | UserGroup]] = {
        "role": customer.roles,
        "service_group": customer.service_groups,
        "user_group": customer.user_groups,
    }
    for kind, rows in named.items():
        for at, row in enumerate(rows):
            inside = f"{place}.{kind}s[{at}]"
            _check_id(inside, kind, row.id, taken)
            _check_name(f"{inside}.name", row.name)
            if kind == "role" and row.name.casefold() in RESERVED:
                raise BadScenario(f"{inside}.name", "is the name of a built-in role")
    for at, authorization in enumerate(customer.service_authorizations):
        inside = f"{place}.service_authorizations[{at}]"
        _check_id(inside, "service authorization", authorization.id, taken)
    for at, invitation in enumerate(customer.invitations):
        _check_invitation(f"{place}.invitations[{at}]", invitation, taken)


def _check_invitation(place: str, invitation: Invitation, taken: Taken) -> None:
    _check_id(place, "invitation", invitation.id, taken)
    _check_address(f"{place}.email", invitation.email)
    _check_role(place, invitation)
    if invitation.services and invitation.limit_services is False:
        raise BadScenario(f"{place}.services", "are for who is limited to services")


def _check_address(place: str, text: str) -> None:
    _check_name(place, text)
    try:
        checked_address(text)
    except ValueError as problem:
        raise BadScenario(place, f"is no e-mail address: {problem}") from problem


def _check_id(place: str, kind: str, row_id: str | None, taken: Taken) -> None:
    if row_id is not None:
        taken.take(f"{place}.id", f"{kind} id", row_id)


def _check_name(place: str, name: str | None) -> None:
    # Verbs cut such blanks off, and the name would not be found again.
    if name is not None and name != name.strip():
        raise BadScenario(place, "begins or ends with a blank")


def _check_user(place: str, user: User, taken: Taken) -> None:
    _check_id(place, "user", user.id, taken)
    _check_name(f"{place}.name", user.name)
    try:
        login = users.checked_login(user.login)
    except Problem as problem:
        raise BadScenario(f"{place}.login", problem.detail or problem.title) from problem
    taken.take(f"{place}.login", "login", users.login_key(login))
    _check_role(place, user)
    if user.limit_services and not user.roles and user.role not in users.LIMITABLE:
        raise BadScenario(f"{place}.limit_services", f"role {user.role!r} can't be service limited")
    if user.owner and user.role != "superuser":
        raise BadScenario(f"{place}.role", "the owner must be a superuser")
    if user.owner and user.locked:
        raise BadScenario(f"{place}.locked", "the owner can't be locked")


def _check_role(place: str, row: User | AutomationToken | Invitation) -> None:
    if row.roles and row.role != "user":
        raise BadScenario(f"{place}.role", "leave it out: there are roles")


def _check_service(place: str, service: Service, taken: Taken) -> None:
    _check_id(place, "service", service.id, taken)
    _check_name(f"{place}.name", service.name)
    active, count = service.active_version, len(service.versions)
    if active is not None and not 1 <= active <= count:
        raise BadScenario(f"{place}.active_version", f"there is no version {active}, but {count}")


def _check_token(place: str, token: Token | AutomationToken, taken: Taken) -> None:
    _check_id(place, "token", token.id, taken)
    _check_name(f"{place}.name", token.name)
    if token.access_token is not None:
        taken.take(f"{place}.access_token", "secret", token.access_token)
    try:
        terms.checked_scope(token.scope)
    except Problem as problem:
        raise BadScenario(f"{place}.scope", problem.title) from problem
    if token.expires_at is not None:
        try:
            read(token.expires_at)
        except ValueError as problem:
            raise BadScenario(f"{place}.expires_at", f"is no RFC 3339 time: {problem}") from problem


def _check_contact(place: str, contact: Contact) -> None:
    _check_name(f"{place}.name", contact.name)
    _check_name(f"{place}.phone", contact.phone)
    is_named = contact.name is not None and contact.email is not None
    if contact.user is not None and (contact.name is not None or contact.email is not None):
        raise BadScenario(place, "has a user: leave name and email out")
    if contact.user is None and not is_named:
        raise BadScenario(place, "needs a user, or a name and an email")
    if contact.phone is None and contact.contact_type in REACHED_BY_PHONE:
        raise BadScenario(f"{place}.phone", f"is required of a {contact.contact_type} contact")
    if contact.email is not None:
        _check_address(f"{place}.email", contact.email)
