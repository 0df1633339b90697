"""How an operator says what a customer's passwords have to be like (contract: access §10.4)."""

from dataclasses import replace

from tenantry.areas.customers.password_policy import (
    PasswordPolicy,
    PasswordPolicyChange,
    change_password_policy,
    find_password_policy,
)
from tenantry.core.context import Reading, Writing
from tenantry.http.body import Body
from tenantry.http.operation import OPERATOR, operation
from tenantry.http.wire import LEGACY

PATH = "/_operator/v1/customers/{customer}/password-policy"


@operation(f"GET {PATH}", allow=OPERATOR, wire=LEGACY)
async def get_password_policy(call: Reading, customer: str) -> PasswordPolicy:
    """What holds for a customer's passwords."""
    return await find_password_policy(replace(call, customer_id=customer))


@operation(f"PUT {PATH}", allow=OPERATOR, wire=LEGACY)
async def update_password_policy(
    call: Writing, body: Body[PasswordPolicyChange], customer: str
) -> PasswordPolicy:
    """Say what holds for a customer's passwords; what is left out stays."""
    return await change_password_policy(replace(call, customer_id=customer), body())
