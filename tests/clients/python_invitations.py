"""The Python client on invitations."""

import pytest
from fastly.exceptions import ApiValueError
from fastly.model.invitation import Invitation
from fastly.model.invitation_create_data import InvitationCreateData
from fastly.model.invitation_data_attributes import InvitationDataAttributes
from fastly.model.role_user import RoleUser
from fastly.model.type_invitation import TypeInvitation

from tenantry.core.permissions import ROLE_IDS
from tests.clients.case import python
from tests.clients.python_authorizations import TWICE
from tests.clients.python_services import UNREADABLE_DATA
from tests.clients.sdk import Call
from tests.clients.stage import Stage
from tests.world import ADA, WIDGETS, WWW


def _invited(stage: Stage) -> str:
    """The id of an invitation to a service."""
    service = {"service": {"data": {"type": "service", "id": WWW}}}
    attributes = {"email": f"{stage.unique('invited')}@example.com", "role": "engineer"}
    to = {"service_invitations": {"data": [{"relationships": service}]}}
    document = {"data": {"attributes": attributes, "relationships": to}}
    return str(stage.ask(ADA, "POST", "/invitations", json=document)["data"]["id"])


CREATE = "InvitationsApi.create_invitation(invitation=…)"


@python(109, call=CREATE, deviation=UNREADABLE_DATA)
def invites(run: Call) -> None:
    email = f"{run.stage.unique('sdk')}@example.com"
    attributes = InvitationDataAttributes(
        email=email, role=RoleUser("engineer"), limit_services=False
    )
    data = InvitationCreateData(type=TypeInvitation("invitation"), attributes=attributes)
    answer = run(invitation=Invitation(data=data))
    made = answer.to_dict()["data"]
    told = made["attributes"]
    assert (told["email"], told["role"]) == (email, "engineer")
    assert (told["status_code"], told["limit_services"]) == (1, False)
    assert made["relationships"]["customer"]["data"]["id"] == WIDGETS
    with pytest.raises(ApiValueError, match="differ"):
        _ = answer.data


@python(109, call=CREATE, deviation=UNREADABLE_DATA)
def invites_to_a_service(run: Call) -> None:
    service = {"type": "service", "id": WWW}
    member = {
        "type": "service_invitation",
        "attributes": {"permission": "purge_all"},
        "relationships": {"service": service},
    }
    email = f"{run.stage.unique('sdk')}@example.com"
    document = {
        "data": {
            "type": "invitation",
            "attributes": {"email": email, "role": "engineer", "limit_services": True},
            "relationships": {"service_invitations": {"data": [{"data": member}]}},
        }
    }
    made = run(invitation=document).to_dict()["data"]
    shown = run.stage.ask(ADA, "GET", f"/invitations/{made['id']}")["data"]
    assert len(shown["relationships"]["service_invitations"]["data"]) == 1
    assert made["attributes"]["limit_services"] is True


@python(108, call="InvitationsApi.list_invitations(page_number=…, page_size=…)", deviation=TWICE)
def lists_invitations(run: Call) -> None:
    made = _invited(run.stage)
    pages = run(page_size=1).meta.total_pages
    listed = run(page_number=pages, page_size=1)
    assert [one.id for one in listed.data] == [made]
    (one,) = listed.to_dict()["data"]
    assert one["attributes"]["roles"] == [ROLE_IDS["engineer"]]
    (linkage,) = one["relationships"]["service_invitations"]["data"]
    assert linkage["type"] == "service_invitation"
    with pytest.raises(ApiValueError, match="differ"):
        _ = listed.data[0].attributes


@python(110, call="InvitationsApi.delete_invitation(invitation_id)")
def withdraws_an_invitation(run: Call) -> None:
    assert run(_invited(run.stage)) is None
