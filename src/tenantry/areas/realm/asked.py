"""What a program asks for when it has somebody sign in (RFC 6749 §4.1.1, OpenID Connect §3.1.2.1).

Every refusal here may be told to the program; see `programs.checked` for those that may not.
"""

from collections.abc import Container, Mapping

import msgspec

from tenantry.areas.realm import pkce
from tenantry.core.clock import SECOND, Instant
from tenantry.core.errors import Problem

SCOPE = "openid"
PROMPTS = frozenset({"consent", "login", "none", "select_account"})
_PASSED_ON = ("nonce", "state")
_LONGEST_PASSED_ON = 512
_LONGEST_HINT = 255
_NOT_SUPPORTED = {
    "registration": "registration_not_supported",
    "request": "request_not_supported",
    "request_uri": "request_uri_not_supported",
}


class Asked(msgspec.Struct, frozen=True, kw_only=True):
    """A request to sign somebody in, checked."""

    client_id: str
    redirect_uri: str
    audience: str
    code_challenge: str
    nonce: str | None = None
    state: str | None = None
    prompts: frozenset[str] = frozenset()
    login_hint: str | None = None
    account_hint: str | None = None
    max_age: int | None = None
    """Seconds that may have passed since the person last proved who he is."""

    @property
    def is_anew(self) -> bool:
        """Whether the person is to prove who he is however lately he did."""
        return not self.prompts.isdisjoint({"login", "select_account"})

    def is_fresh_enough(self, signed_in_at: Instant, asked_at: Instant, now: Instant) -> bool:
        """Whether a sign-in is as recent as the program wants it.

        One that it brought about is, however short `max_age`: else nobody would ever come back.
        """
        if signed_in_at >= asked_at:
            return True
        if self.is_anew:
            return False
        return self.max_age is None or now - signed_in_at <= self.max_age * SECOND


def refusal(error: str, why: str) -> Problem:
    """What a program is told (RFC 6749 §4.1.2.1): a word for it, and a sentence for people."""
    return Problem(400, error, why, code=error)


def checked(given: Mapping[str, str], repeated: Container[str], public_url: str) -> Asked:
    """The request. Raises Problem 400 with the program's word for it as `code`."""
    values = {name: value for name, value in given.items() if value}
    _check_once(values, repeated)
    _check_kind(values)
    _check_proof(values)
    for name in _PASSED_ON:
        if len(values.get(name, "")) > _LONGEST_PASSED_ON:
            raise refusal("invalid_request", f"{name} is longer than 512 characters")
    return Asked(
        client_id=values["client_id"],
        redirect_uri=values["redirect_uri"],
        audience=_audience(values, public_url),
        code_challenge=values["code_challenge"],
        nonce=values.get("nonce"),
        state=values.get("state"),
        prompts=_prompts(values),
        login_hint=values.get("login_hint", "")[:_LONGEST_HINT] or None,
        account_hint=values.get("account_hint", "")[:_LONGEST_HINT] or None,
        max_age=_max_age(values),
    )


def _check_once(values: Mapping[str, str], repeated: Container[str]) -> None:
    for name in values:
        if name in repeated:
            raise refusal("invalid_request", "a parameter is given more than once")


def _check_kind(values: Mapping[str, str]) -> None:
    for name, error in _NOT_SUPPORTED.items():
        if name in values:
            raise refusal(error, f"{name} is not supported")
    if "response_type" not in values:
        raise refusal("invalid_request", "response_type is required")
    if values["response_type"] != "code":
        raise refusal("unsupported_response_type", "response_type must be code")
    if values.get("response_mode", "query") != "query":
        raise refusal("invalid_request", "response_mode must be query")
    if SCOPE not in values.get("scope", "").split(" "):
        raise refusal("invalid_scope", "scope must contain openid")


def _check_proof(values: Mapping[str, str]) -> None:
    # No method means "plain" (RFC 7636 §4.3): that is no proof to whoever can read the address.
    if values.get("code_challenge_method") != pkce.METHOD:
        raise refusal("invalid_request", "code_challenge_method must be S256")
    if not pkce.is_challenge(values.get("code_challenge", "")):
        raise refusal("invalid_request", "code_challenge must be a SHA-256 in base64url")


def _audience(values: Mapping[str, str], public_url: str) -> str:
    """As it was asked for: the program compares it with what it calls (contract: identity §9.3)."""
    audience = values.get("audience", "")
    if audience.removesuffix("/") != public_url:
        raise refusal("invalid_target", f"audience must be {public_url}")
    return audience


def _prompts(values: Mapping[str, str]) -> frozenset[str]:
    prompts = frozenset(values.get("prompt", "").split())
    if not prompts <= PROMPTS:
        raise refusal("invalid_request", "prompt must be none, login, consent or select_account")
    if "none" in prompts and len(prompts) > 1:
        raise refusal("invalid_request", "prompt none stands alone")
    return prompts


def _max_age(values: Mapping[str, str]) -> int | None:
    text = values.get("max_age")
    if text is None:
        return None
    if not (text.isascii() and text.isdigit()) or len(text) > len("2147483647"):
        raise refusal("invalid_request", "max_age must be a number of seconds")
    return int(text)
