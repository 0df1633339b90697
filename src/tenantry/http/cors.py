"""Which pages of other origins a browser lets call the API: only those that the operator named."""

from tenantry.http.message import Header, Request, Response

EXPOSED = (
    "Fastly-OTP, Fastly-Password, Fastly-RateLimit-Remaining, Fastly-RateLimit-Reset, Link, "
    "Tenantry-Decision, X-Request-Id"
)
TAKEN = "Authorization, Content-Type, Fastly-Key, Fastly-OTP"
SECONDS = "600"


def cors_headers(request: Request, response: Response, origins: frozenset[str]) -> list[Header]:
    """What an answer says to a browser (Fetch Standard §3.2); nothing to a strange origin.

    Every answer varies by origin, or a cache would hand a stranger's answer to a named page.
    """
    headers = [("vary", "Origin")]
    origin = request.headers.get("origin")
    if origin not in origins or origin is None:
        return headers
    headers += [
        ("access-control-allow-origin", origin),
        ("access-control-expose-headers", EXPOSED),
    ]
    if request.method == "OPTIONS":
        allowed = next((value for name, value in response.headers if name == "allow"), "")
        headers += [
            ("access-control-allow-methods", allowed),
            ("access-control-allow-headers", TAKEN),
            ("access-control-max-age", SECONDS),
        ]
    return headers
