"""The Python client on addresses, in both of its classes."""

import json
from typing import Any

from fastly import Configuration
from fastly.exceptions import ApiException, ForbiddenException, NotFoundException
from fastly.model.billing_address_attributes import BillingAddressAttributes
from fastly.model.billing_address_request import BillingAddressRequest
from fastly.model.billing_address_request_data import BillingAddressRequestData
from fastly.model.billing_address_verification_error_response import (
    BillingAddressVerificationErrorResponse,
)
from fastly.model.customer_address import CustomerAddress
from fastly.model.type_billing_address import TypeBillingAddress
from fastly.model.update_billing_address_request import UpdateBillingAddressRequest
from fastly.model.update_billing_address_request_data import UpdateBillingAddressRequestData
from fastly.model_utils import validate_and_convert_types

from tests.address_writes import ATTRIBUTES, TAX, document
from tests.clients.case import python
from tests.clients.sdk import Call
from tests.clients.stage import Stage
from tests.world import ADA, BEN, BILL, WIDGETS

PATH = f"/customer/{WIDGETS}/billing_address"
V3 = "/billing/v3/customer-addresses"


def _without(stage: Stage) -> None:
    """Have the customer without a billing address."""
    stage.client.delete(PATH, headers={"Fastly-Key": ADA.token})


def _with(stage: Stage) -> str:
    """Have the customer with the example's billing address; its id."""
    _without(stage)
    made: str = stage.ask(ADA, "POST", PATH, json=document(ATTRIBUTES))["data"]["id"]
    return made


def _new(*, skipped: bool | None = None, **changed: Any) -> BillingAddressRequest:
    attributes = BillingAddressAttributes(**(ATTRIBUTES | changed))
    kind = TypeBillingAddress("billing_address")
    data = BillingAddressRequestData(type=kind, attributes=attributes)
    more = {} if skipped is None else {"skip_verification": skipped}
    return BillingAddressRequest(data=data, **more)


@python(202, call="BillingAddressApi.add_billing_addr(customer_id, billing_address_request=…)")
def adds_a_billing_address(run: Call) -> None:
    _without(run.stage)
    data = run(WIDGETS, billing_address_request=_new()).data
    assert (data.type.value, len(data.id)) == ("billing_address", 22)
    told = data.attributes
    assert {name: getattr(told, name) for name in ATTRIBUTES} == ATTRIBUTES
    assert told.customer_id == WIDGETS
    assert data.relationships.customer.data.id == WIDGETS
    _without(run.stage)
    wild = _new(skipped=True, state="Nowhere", postal_code="?")
    assert run(WIDGETS, billing_address_request=wild).data.attributes.state == "Nowhere"


@python(201, call="BillingAddressApi.get_billing_addr(customer_id)")
def reads_a_billing_address(run: Call) -> None:
    address_id = _with(run.stage)
    data = run(WIDGETS, token=BILL.token).data
    assert (data.id, data.attributes.city) == (address_id, "Exampleville")
    assert data.attributes.address_2 is None


@python(
    203,
    call="BillingAddressApi.update_billing_addr(customer_id, update_billing_address_request=…)",
)
def changes_a_billing_address(run: Call) -> None:
    address_id = _with(run.stage)
    attributes = BillingAddressAttributes(city="Sampletown", address_2="Unit 3")
    # Whoever sends the id, which is read-only to the constructor, makes it as the client does.
    data = UpdateBillingAddressRequestData._from_openapi_data(  # noqa: SLF001 - the client names it so
        type=TypeBillingAddress("billing_address"), id=address_id, attributes=attributes
    )
    changed = run(WIDGETS, update_billing_address_request=UpdateBillingAddressRequest(data=data))
    assert changed.data.attributes.city == "Sampletown"
    assert changed.data.attributes.address_1 == "1 Example Way"
    cleared = UpdateBillingAddressRequest(
        data=UpdateBillingAddressRequestData(attributes=BillingAddressAttributes(address_2=None)),
        skip_verification=True,
    )
    changed = run(WIDGETS, update_billing_address_request=cleared)
    assert changed.data.attributes.address_2 is None


@python(204, call="BillingAddressApi.delete_billing_addr(customer_id)")
def removes_a_billing_address(run: Call) -> None:
    _with(run.stage)
    assert run(WIDGETS) is None
    run.refused(WIDGETS, by=NotFoundException)


@python(205, call="CustomerAddressesApi.list_customer_addresses()")
def lists_addresses(run: Call) -> None:
    _with(run.stage)
    billing = run().data[0]
    assert (billing.type, billing.locality, billing.region) == ("billing", "Exampleville", "DE")
    assert (billing.address_2, billing.postal_code) == ("", "00000")
    _without(run.stage)
    assert "billing" not in {one.type for one in run(token=BILL.token).data}


@python(206, call="CustomerAddressesApi.create_customer_address(customer_address)")
def adds_an_address(run: Call) -> None:
    _without(run.stage)
    made = run(CustomerAddress(**(TAX | {"type": "billing"})))
    assert made.id == run.stage.ask(ADA, "GET", PATH)["data"]["id"]
    _without(run.stage)
    required = {"type": "billing", "address_1": "1", "locality": "Town", "country": "DE"}
    assert len(run(CustomerAddress(**required)).id) == 22


@python(207, call="CustomerAddressesApi.update_customer_address(type, customer_address)")
def changes_an_address(run: Call) -> None:
    _with(run.stage)
    assert run("billing", CustomerAddress(locality="Sampletown")) is None
    whole = CustomerAddress(**(TAX | {"type": "billing", "address_2": ""}))
    assert run("billing", whole) is None
    (billing,) = (one for one in run.stage.ask(ADA, "GET", V3)["data"] if one["type"] == "billing")
    assert billing == TAX | {"type": "billing", "address_2": ""}


@python(
    202,
    call="BillingAddressApi.add_billing_addr(customer_id, billing_address_request=…)",
    shows="ApiException (400)",
)
def an_address_that_can_not_be_right(run: Call) -> None:
    """The client has a model of what it is told, and that takes it."""
    _without(run.stage)
    wrong = _new(postal_code="000001234", state="de")
    refusal = run.refused(WIDGETS, billing_address_request=wrong, by=ApiException)
    told = validate_and_convert_types(
        json.loads(refusal.body),
        (BillingAddressVerificationErrorResponse,),
        ["body"],
        spec_property_naming=True,
        _check_type=True,
        configuration=Configuration(),
    )
    (error,) = told.errors
    assert (error.title, error.status) == ("Could not validate address", 400)
    assert [one.postal_code for one in error.candidates] == ["00000-1234", "00000"]
    assert run(WIDGETS, billing_address_request=_new(**error.candidates[0].to_dict()))
    second = run.refused(WIDGETS, billing_address_request=_new(), by=ApiException)
    assert (second.status, run.said) == (409, "ApiException (409)")
    absent = run.refused(WIDGETS, by=ApiException)
    assert json.loads(absent.body)["errors"][0]["title"] == "Bad request"


@python(
    206,
    call="CustomerAddressesApi.create_customer_address(customer_address)",
    shows="ApiException (400)",
)
def an_address_where_there_is_one(run: Call) -> None:
    _with(run.stage)
    second = CustomerAddress(**(TAX | {"type": "billing"}))
    refusal = run.refused(second, by=ApiException)
    assert json.loads(refusal.body)["code"] == "address_exists"


@python(
    205, call="CustomerAddressesApi.list_customer_addresses()", shows="ForbiddenException (403)"
)
def addresses_that_are_not_an_engineers_business(run: Call) -> None:
    refusal = run.refused(token=BEN.token, by=ForbiddenException)
    assert json.loads(refusal.body)["code"] == "forbidden"
