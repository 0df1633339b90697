"""Where a program redeems a code or a refresh token (RFC 6749 §3.2; contract: identity §9.3)."""

from urllib.parse import parse_qsl

import msgspec
from joserfc.jwk import RSAKey

from tenantry.areas.realm import codes, grants, issuing, keys, programs
from tenantry.areas.realm.asked import refusal
from tenantry.areas.realm.codes import Redemption
from tenantry.areas.realm.issuing import Issued
from tenantry.core.context import NOBODY, Reading, Writing
from tenantry.core.errors import Problem
from tenantry.http.body import Body
from tenantry.http.operation import PUBLIC, Credentials, Refused, operation
from tenantry.http.wire import OAUTH

PATH = "/realms/fastly/protocol/openid-connect/token"


class TokenRequest(msgspec.Struct, kw_only=True):
    """What a program sends; which of them, follows from the grant type."""

    grant_type: str | None = None
    client_id: str | None = None
    code: str | None = None
    code_verifier: str | None = None
    redirect_uri: str | None = None
    refresh_token: str | None = None


class Wanted(msgspec.Struct, frozen=True):
    """A request that is complete, and a key if none is there yet."""

    redemption: Redemption | None
    refresh_token: str
    client_id: str
    spare_key: RSAKey | None


async def find_grant(call: Reading, body: Body[TokenRequest], credentials: Credentials) -> Wanted:
    """Whose grant it is about, so that the unit of work locks his customer's log.

    Raises Problem 400, 401.
    """
    # A key that is sent along proves nothing here, and may be of another customer.
    call.principal = NOBODY
    call.customer_id = ""
    form = _form(body, credentials)
    redemption, refresh_token = None, ""
    if form.grant_type == "authorization_code":
        redemption = _redemption(form)
        await codes.find(call, redemption.code)
    else:
        refresh_token = _required(form, "refresh_token")
        await grants.find_by_secret(call, refresh_token)
    if not call.customer_id:
        raise refusal("invalid_grant", "the code or token is unknown or has expired")
    spare_key = await keys.spare(call)
    return Wanted(redemption, refresh_token, form.client_id or "", spare_key)


@operation(f"POST {PATH}", allow=PUBLIC, wire=OAUTH, prepare=find_grant)
async def create_oauth_token(
    call: Writing, body: Body[TokenRequest], evidence: Wanted
) -> Issued | Refused:
    """Redeem an authorization code (with its proof, RFC 7636) or a refresh token.

    Each is good once. One that comes twice ends all that it brought.
    """
    del body  # it was read before
    key = await keys.signing(call, evidence.spare_key)
    if evidence.redemption is not None:
        result = await issuing.redeem(call, key, evidence.redemption)
    else:
        result = await issuing.refresh(call, key, evidence.refresh_token, evidence.client_id)
    return Refused(result) if isinstance(result, Problem) else result


def _form(body: Body[TokenRequest], credentials: Credentials) -> TokenRequest:
    if not body.is_form:
        raise refusal("invalid_request", "the request must be a form")
    names = [name for name, _ in parse_qsl(body.raw.decode("latin-1"), keep_blank_values=True)]
    if len(set(names)) < len(names):
        raise refusal("invalid_request", "a parameter is given more than once")
    form = body()
    if credentials.username is not None:
        headers = (("www-authenticate", "Basic"),)
        why = "this is for programs that can keep no secret: send client_id alone"
        raise Problem(401, "invalid_client", why, code="invalid_client", headers=headers)
    if form.grant_type not in {"authorization_code", "refresh_token"}:
        _required(form, "grant_type")
        why = "grant_type must be authorization_code or refresh_token"
        raise refusal("unsupported_grant_type", why)
    if programs.find(_required(form, "client_id")) is None:
        raise Problem(401, "invalid_client", "client_id is unknown", code="invalid_client")
    return form


def _redemption(form: TokenRequest) -> Redemption:
    return Redemption(
        code=_required(form, "code"),
        client_id=form.client_id or "",
        redirect_uri=_required(form, "redirect_uri"),
        code_verifier=_required(form, "code_verifier"),
    )


def _required(form: TokenRequest, name: str) -> str:
    value: str | None = getattr(form, name)
    if not value:
        raise refusal("invalid_request", f"{name} is required")
    return value
