"""The Python client on customers, users and contacts."""

from datetime import datetime

from tests.clients.case import python
from tests.clients.sdk import Call
from tests.world import ADA, BEN, BILL, PASSWORD, TONI, UMA, WIDGETS


@python(1, call="CustomerApi.get_logged_in_customer()")
def reads_its_customer(run: Call) -> None:
    customer = run()
    assert (customer.id, customer.owner_id) == (WIDGETS, ADA.id)
    assert isinstance(customer.created_at, datetime)
    assert "pricing_plan" not in run(token=BEN.token)


@python(2, call="CustomerApi.get_customer(customer_id)")
def reads_a_customer(run: Call) -> None:
    customer = run(WIDGETS)
    assert (customer.name, customer.force_2fa) == ("Example Widgets", False)
    assert run(WIDGETS, token=UMA.token).name == "Example Widgets"


@python(3, call="CustomerApi.update_customer(customer_id, …)")
def updates_a_customer(run: Call) -> None:
    customer = run(WIDGETS, billing_ref="PO 1", has_openstack_logging=True, postal_address=None)
    assert (customer.billing_ref, customer.has_openstack_logging) == ("PO 1", True)
    assert customer.postal_address is None
    assert run(WIDGETS, has_openstack_logging=False).has_openstack_logging is False


@python(4, call="CustomerApi.delete_customer(customer_id)")
def closes_a_customer(run: Call) -> None:
    closing = run.stage.closing
    assert run(closing.customer_id, token=closing.token).status == "ok"
    known = run.stage.client.get("/tokens/self", headers={"Fastly-Key": closing.token})
    assert known.status_code == 401


@python(5, call="CustomerApi.list_users(customer_id)")
def lists_users(run: Call) -> None:
    user = run.stage.new_user("tls_viewer")
    users = {one.id: one for one in run(WIDGETS)}
    assert users[user["id"]].role.value == "tls_viewer"
    assert users[ADA.id].login == ADA.login
    assert ADA.id in {one.id for one in run(WIDGETS, token=UMA.token)}


@python(6, call="UserApi.get_current_user()")
def reads_the_current_user(run: Call) -> None:
    user = run(token=BILL.token)
    assert (user.id, user.name, user.role.value) == (BILL.id, "Bill", "billing")
    assert isinstance(user.created_at, datetime)


@python(7, call="UserApi.get_user(user_id)")
def reads_a_user(run: Call) -> None:
    user = run(BEN.id)
    assert (user.login, user.customer_id, user.limit_services) == (BEN.login, WIDGETS, False)
    assert run(BEN.id, token=UMA.token).name == "Ben"


@python(8, call="UserApi.create_user(login=…, name=…, role=…)")
def creates_a_user(run: Call) -> None:
    login = f"{run.stage.unique('sdk')}@example.com"
    user = run(login=login, name="Sdk Person", role="engineer", limit_services=True)
    assert (user.login, user.role.value, user.limit_services) == (login, "engineer", True)
    assert user.require_new_password is None


@python(9, call="UserApi.update_user(user_id, …)")
def updates_a_user(run: Call) -> None:
    user_id = run.stage.new_user()["id"]
    user = run(user_id, name="Renamed", role="billing", locked=True)
    assert (user.name, user.role.value, user.locked) == ("Renamed", "billing", True)
    assert run(user_id, locked=None, name="Again").name == "Again"


@python(10, call="UserApi.delete_user(user_id)")
def deletes_a_user(run: Call) -> None:
    assert run(run.stage.new_user()["id"]).status == "ok"


@python(11, call="UserApi.update_user_password(old_password=…, new_password=…)")
def changes_a_password(run: Call) -> None:
    new = "another-Horse-8-battery"
    user = run(token=None, basic=(TONI.login, PASSWORD), old_password=PASSWORD, new_password=new)
    assert user.id == TONI.id
    run(token=None, basic=(TONI.login, new), old_password=new, new_password=PASSWORD)


@python(12, call="UserApi.request_password_reset(user_login)")
def requests_a_password_reset(run: Call) -> None:
    assert run(run.stage.new_user()["login"]).status == "ok"
    assert run(UMA.login, token=UMA.token).status == "ok"


@python(13, call="ContactApi.list_contacts(customer_id)")
def lists_contacts(run: Call) -> None:
    contact = run.stage.new_contact(WIDGETS)
    found = {one.id: one for one in run(WIDGETS)}
    assert found[contact["id"]].email == "pat@example.com"
    assert found[contact["id"]].user_id is None


@python(14, call="ContactApi.create_contacts(customer_id, contact_type=…, …)")
def creates_a_contact(run: Call) -> None:
    contact = run(
        WIDGETS,
        contact_type="general compliance",
        name="Pat",
        email="pat@example.com",
        user_id=None,
        customer_id2=WIDGETS,
    )
    assert (contact.contact_type, contact.name) == ("general compliance", "Pat")
    assert (contact.customer_id, contact.user_id) == (WIDGETS, None)
    assert run(WIDGETS, contact_type="emergency", user_id=BEN.id).user_id == BEN.id


@python(15, call="ContactApi.delete_contact(customer_id, contact_id)")
def deletes_a_contact(run: Call) -> None:
    assert run(WIDGETS, run.stage.new_contact(WIDGETS)["id"]).status == "ok"
