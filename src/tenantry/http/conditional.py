"""Conditional requests (RFC 9110 §13): who holds an answer already is told that it still holds.

Only answers that bear an entity tag take part; events alone do (contract: protocol §14).
"""

import hashlib

from tenantry.http.message import Request, Response


def tagged(response: Response) -> Response:
    """The response with a weak entity tag made from its body: the same bytes bear the same."""
    digest = hashlib.blake2b(response.body, digest_size=16).hexdigest()
    response.headers += (("etag", f'W/"{digest}"'),)
    return response


def unless_held(request: Request, response: Response) -> Response:
    """The response, or 304 without a body for who named its tag in `If-None-Match`."""
    if not response.headers:
        return response
    held = request.headers.get("if-none-match")
    tag = next((value for name, value in response.headers if name == "etag"), None)
    if held is None or tag is None or not _names(held, tag):
        return response
    return Response(304, headers=response.headers)


def _names(held: str, tag: str) -> bool:
    """Weak comparison: whether a list of tags has this one, or is `*`."""
    tags = {one.strip().removeprefix("W/") for one in held.split(",")}
    return "*" in tags or tag.removeprefix("W/") in tags
