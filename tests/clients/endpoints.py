"""The endpoints that official clients call, numbered as in the contract (identity §0).

Those of access §1 are numbered from 101 on, those of billing §0 from 201 on.
"""

from typing import Literal, NamedTuple

Client = Literal["CLI", "Python"]
BOTH: frozenset[Client] = frozenset({"CLI", "Python"})
CLI: frozenset[Client] = frozenset({"CLI"})
PYTHON: frozenset[Client] = frozenset({"Python"})


class Endpoint(NamedTuple):
    """One endpoint, and which of the two clients can call it."""

    area: str
    route: str
    clients: frozenset[Client]


ENDPOINTS: dict[int, Endpoint] = {
    1: Endpoint("Customer", "GET /current_customer", PYTHON),
    2: Endpoint("Customer", "GET /customer/{customer_id}", PYTHON),
    3: Endpoint("Customer", "PUT /customer/{customer_id}", PYTHON),
    4: Endpoint("Customer", "DELETE /customer/{customer_id}", PYTHON),
    5: Endpoint("Customer", "GET /customer/{customer_id}/users", BOTH),
    6: Endpoint("User", "GET /current_user", BOTH),
    7: Endpoint("User", "GET /user/{user_id}", BOTH),
    8: Endpoint("User", "POST /user", BOTH),
    9: Endpoint("User", "PUT /user/{user_id}", BOTH),
    10: Endpoint("User", "DELETE /user/{user_id}", BOTH),
    11: Endpoint("User", "POST /current_user/password", PYTHON),
    12: Endpoint("User", "POST /user/{user_login}/password/request_reset", BOTH),
    13: Endpoint("Contact", "GET /customer/{customer_id}/contacts", PYTHON),
    14: Endpoint("Contact", "POST /customer/{customer_id}/contacts", PYTHON),
    15: Endpoint("Contact", "DELETE /customer/{customer_id}/contacts/{contact_id}", PYTHON),
    19: Endpoint("Token", "GET /tokens", BOTH),
    20: Endpoint("Token", "POST /tokens", BOTH),
    21: Endpoint("Token", "DELETE /tokens", BOTH),
    22: Endpoint("Token", "GET /tokens/self", BOTH),
    23: Endpoint("Token", "DELETE /tokens/self", BOTH),
    24: Endpoint("Token", "GET /tokens/{token_id}", PYTHON),
    25: Endpoint("Token", "DELETE /tokens/{token_id}", BOTH),
    26: Endpoint("Token", "GET /customer/{customer_id}/tokens", BOTH),
    27: Endpoint("Automation token", "GET /automation-tokens", PYTHON),
    28: Endpoint("Automation token", "POST /automation-tokens", PYTHON),
    29: Endpoint("Automation token", "GET /automation-tokens/{id}", PYTHON),
    30: Endpoint("Automation token", "GET /automation-tokens/{id}/services", PYTHON),
    31: Endpoint("Automation token", "GET /automation-tokens/{id}/workspaces", PYTHON),
    32: Endpoint("Automation token", "DELETE /automation-tokens/{id}", PYTHON),
    33: Endpoint("Sudo", "POST /sudo", BOTH),
    34: Endpoint("Sign-in", "GET /verify", CLI),
    35: Endpoint("Sign-in", "GET /realms/fastly/.well-known/openid-configuration", CLI),
    40: Endpoint("Service", "GET /service", BOTH),
    41: Endpoint("Service", "GET /service/search", BOTH),
    42: Endpoint("Service", "POST /service", BOTH),
    43: Endpoint("Service", "GET /service/{service_id}", PYTHON),
    44: Endpoint("Service", "GET /service/{service_id}/details", BOTH),
    45: Endpoint("Service", "PUT /service/{service_id}", BOTH),
    46: Endpoint("Service", "DELETE /service/{service_id}", BOTH),
    47: Endpoint("Service", "GET /service/{service_id}/domain", PYTHON),
    48: Endpoint("Star", "GET /stars", PYTHON),
    49: Endpoint("Star", "POST /stars", PYTHON),
    50: Endpoint("Star", "GET /stars/{star_id}", PYTHON),
    51: Endpoint("Star", "DELETE /stars/{star_id}", PYTHON),
    52: Endpoint("Version", "GET /service/{service_id}/version", BOTH),
    53: Endpoint("Version", "GET /service/{service_id}/version/{number}", BOTH),
    54: Endpoint("Version", "POST /service/{service_id}/version", PYTHON),
    55: Endpoint("Version", "PUT /service/{service_id}/version/{number}", BOTH),
    56: Endpoint("Version", "PUT /service/{service_id}/version/{number}/activate", BOTH),
    57: Endpoint("Version", "PUT /service/{service_id}/version/{number}/deactivate", BOTH),
    58: Endpoint("Version", "PUT /service/{service_id}/version/{number}/clone", BOTH),
    59: Endpoint("Version", "PUT /service/{service_id}/version/{number}/lock", BOTH),
    60: Endpoint("Version", "GET /service/{service_id}/version/{number}/validate", PYTHON),
    101: Endpoint("Service authorization", "GET /service-authorizations", BOTH),
    102: Endpoint("Service authorization", "POST /service-authorizations", BOTH),
    103: Endpoint("Service authorization", "GET /service-authorizations/{id}", BOTH),
    104: Endpoint("Service authorization", "PATCH /service-authorizations/{id}", BOTH),
    105: Endpoint("Service authorization", "DELETE /service-authorizations/{id}", BOTH),
    106: Endpoint("Service authorization", "PATCH /service-authorizations", PYTHON),
    107: Endpoint("Service authorization", "DELETE /service-authorizations", PYTHON),
    108: Endpoint("Invitation", "GET /invitations", PYTHON),
    109: Endpoint("Invitation", "POST /invitations", PYTHON),
    110: Endpoint("Invitation", "DELETE /invitations/{id}", PYTHON),
    112: Endpoint("Permission", "GET /permissions", PYTHON),
    113: Endpoint("Role", "GET /iam/v1/roles", PYTHON),
    114: Endpoint("Role", "GET /iam/v1/roles/{role_id}", PYTHON),
    123: Endpoint("Service group", "GET /service-groups", PYTHON),
    124: Endpoint("Service group", "POST /service-groups", PYTHON),
    125: Endpoint("Service group", "GET /service-groups/{id}", PYTHON),
    126: Endpoint("Service group", "PATCH /service-groups/{id}", PYTHON),
    127: Endpoint("Service group", "DELETE /service-groups/{id}", PYTHON),
    128: Endpoint("Service group", "GET /service-groups/{id}/services", PYTHON),
    129: Endpoint("Service group", "POST /service-groups/{id}/services", PYTHON),
    130: Endpoint("Service group", "DELETE /service-groups/{id}/services", PYTHON),
    131: Endpoint("User group", "GET /user-groups", PYTHON),
    132: Endpoint("User group", "POST /user-groups", PYTHON),
    133: Endpoint("User group", "GET /user-groups/{id}", PYTHON),
    134: Endpoint("User group", "PATCH /user-groups/{id}", PYTHON),
    135: Endpoint("User group", "DELETE /user-groups/{id}", PYTHON),
    136: Endpoint("User group", "GET /user-groups/{id}/members", PYTHON),
    137: Endpoint("User group", "POST /user-groups/{id}/members", PYTHON),
    138: Endpoint("User group", "DELETE /user-groups/{id}/members", PYTHON),
    139: Endpoint("User group", "GET /user-groups/{id}/roles", PYTHON),
    140: Endpoint("User group", "POST /user-groups/{id}/roles", PYTHON),
    141: Endpoint("User group", "DELETE /user-groups/{id}/roles", PYTHON),
    142: Endpoint("User group", "GET /user-groups/{id}/service-groups", PYTHON),
    143: Endpoint("User group", "POST /user-groups/{id}/service-groups", PYTHON),
    144: Endpoint("User group", "DELETE /user-groups/{id}/service-groups", PYTHON),
    224: Endpoint("Event", "GET /events", PYTHON),
    225: Endpoint("Event", "GET /events/{event_id}", PYTHON),
    226: Endpoint("Event type", "GET /notifications/v1/event-mappings/event-types", CLI),
    227: Endpoint("Event type", "GET /notifications/v1/event-mappings/scope-types", CLI),
}
